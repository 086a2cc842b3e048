"""A correct client of the ministry's data axis that shares no code with `vnhealth.sync`."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from typing import Any
from xml.sax.saxutils import escape

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from vnhealth.conformance.clients._place import Answer, Task, Workplace
from vnhealth.conformance.clients._plain import Refused
from vnhealth.conformance.clients._plain_json import PlainJsonClient
from vnhealth.localtime import ICT
from vnhealth.protocol import Endpoint, emrhub
from vnhealth.protocol.health_check import Sign, sign_file, signed_message

__all__ = ["PlainAxisClient", "health_check_file", "signer_of"]


def signer_of(pem: str) -> Sign:
    """RSA-SHA256 with a key as the axis gives it out."""
    key = load_pem_private_key(pem.encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return lambda data: key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def health_check_file(sender: str, person: dict[str, str], day: dt.date) -> bytes:
    """The KHAMSUCKHOE of one person, its two signatures empty."""
    cells = "".join(f"<{tag}>{escape(text)}</{tag}>" for tag, text in person.items())
    return (
        f"<KHAMSUCKHOE><THONGTINDONVI><MACSKCB>{sender}</MACSKCB></THONGTINDONVI><THONGTINHOSO>"
        f"<NGAYLAP>{day:%Y%m%d}</NGAYLAP><SOLUONGHOSO>1</SOLUONGHOSO><DANHSACHHOSO><HOSO><FILEHOSO>"
        f"<LOAIHOSO>XML1</LOAIHOSO><NOIDUNGFILE><TONG_HOP>{cells}</TONG_HOP></NOIDUNGFILE>"
        "</FILEHOSO></HOSO></DANHSACHHOSO></THONGTINHOSO><CHUKYDONVI>"
        "<CKS_NGUOI_KET_LUAN/><CKS_BENH_VIEN/></CHUKYDONVI></KHAMSUCKHOE>"
    ).encode()


class PlainAxisClient(PlainJsonClient):
    """Signs each health check twice, packs it into a signed message, and sends it once."""

    gateway = emrhub.GATEWAY

    def __init__(self, place: Workplace) -> None:
        super().__init__(place)
        self.signers: dict[str, Sign] = {}

    def opened(self, answer: Answer) -> dict[str, Any] | None:
        """Token and how long it lasts, in seconds."""
        data = self.value(self.receipt(answer), "data")
        token = data.get("token") if isinstance(data, dict) else None
        if not token:
            return None
        life = dt.timedelta(seconds=int(data.get("duration") or 3000))
        return {"token": token, "until": self.place.clock() + life - dt.timedelta(seconds=60)}

    def said(self, answer: Answer) -> str:
        """res_code, whatever the HTTP status."""
        header = self.value(self.receipt(answer), "header")
        return str(header.get("res_code") or "") if isinstance(header, dict) else ""

    def signer(self, sender: str, purpose: str) -> Sign:
        """The key that was given out for a purpose: message, doctor, facility."""
        if not self.signers:
            answer = self.patient(sender, "keys")
            if answer is None:
                raise Refused
            held = self.receipt(answer)
            for name in ("message", "doctor", "facility"):
                self.signers[name] = signer_of(held[f"{name}_key"])
        return self.signers[purpose]

    def is_transient(self, answer: Answer, said: str) -> bool:
        """The keys come without a code."""
        keys = answer.status == 200 and "message_key" in self.receipt(answer)
        return not keys and super().is_transient(answer, said)

    # sending

    def do_push(self, task: Task) -> None:
        """Send a health check."""
        self.deliver(task, "push")

    def person(self, task: Task) -> dict[str, str]:
        """The cells of the person."""
        return dict(task["person"])

    def document(self, task: Task) -> bytes:
        """The file, signed by the doctor and then by the facility."""
        sender = task["facility"]
        day = self.place.clock().astimezone(ICT).date()
        xml = health_check_file(sender, self.person(task), day)
        return sign_file(xml, self.signer(sender, "doctor"), self.signer(sender, "facility"))

    def unique(self, task: Task) -> str:
        """The last part of msg_id: a UUID without hyphens that stays with the task."""
        mixed = hashlib.sha256(f"{self.order['now']} {task['id']}".encode()).hexdigest()
        return f"{mixed[:12]}4{mixed[13:16]}8{mixed[17:32]}"

    def header(self, task: Task) -> dict[str, Any]:
        """The header of the message."""
        now = self.place.clock()
        day = now.astimezone(ICT).date()
        return emrhub.push_header(task["facility"], now, self.unique(task), day)

    def file(self, task: Task, kind: str) -> bytes:
        """The whole message; written down, so that a restart sends the very same."""
        known = self.notes.get(task["id"], {}).get("message")
        if known:
            return str(known).encode()
        data = base64.b64encode(self.document(task)).decode("ascii")
        made = signed_message(self.header(task), data, self.signer(task["facility"], "message"))
        self.keep(task, message=made.decode())
        return made

    def request(
        self, endpoint: Endpoint, path: str, headers: dict[str, str], body: bytes
    ) -> Answer:
        """A request with the header of the axis."""
        return super().request(endpoint, path, {**headers, **self.service()}, body)

    def service(self) -> dict[str, str]:
        """The header that every call to the axis has."""
        return {"service-type": emrhub.SERVICE_TYPE}

    def post(self, task: Task, kind: str, file: bytes) -> Answer:
        """Send it under the session of the facility."""
        return self.under_session(task["facility"], self.endpoint(kind), body=file)

    def arrived(self, task: Task, kind: str) -> bool:
        """The axis cannot be asked: the same message goes out again."""
        return False

    def is_receipt(self, answer: Answer, code: str) -> bool:
        """The code says that it is stored."""
        return code in emrhub.SAVED

    def note_receipt(self, task: Task, kind: str, answer: Answer) -> None:
        """Stored is final; txn_id is kept."""
        header = self.value(self.receipt(answer), "header") or {}
        self.keep(task, state="accepted", transaction=str(header.get("txn_id", "")))

    def sent_files(self) -> list[Task]:
        """Every task is one health check."""
        return list(self.order["tasks"])
