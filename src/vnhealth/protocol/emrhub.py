"""The wire of the ministry's data axis (EMRHub): login, push, signed answers.

Sources: 2062/QĐ-BYT (2026) annex 2 as a text extract; client code of several vendors. The envelope
and the file stand in `vnhealth.protocol.health_check`. The call that gives out keys is
**vnhealth-defined**: really they come with the registration. Evidence per behaviour:
`vnhealth.protocol.behaviours`.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vnhealth.localtime import ICT
from vnhealth.protocol._json import compact
from vnhealth.protocol.health_check import Sign, checksum_text, message_id, milliseconds

__all__ = [
    "DATA_TYPES",
    "GATEWAY",
    "RECEIVERS",
    "SAVED",
    "SERVICE_TYPE",
    "TOKEN_SECONDS",
    "TXN_TYPE",
    "VERSION",
    "Push",
    "Reply",
    "push_header",
    "reply_header",
]

GATEWAY = "emrhub"
VERSION = "1.0.6"
"""What clients send; the text says the version in force."""
SERVICE_TYPE = "100"
"""Value of the header ``service-type``."""
TXN_TYPE = "sync_checkup"
RECEIVERS = ("TDLBYT", "TTYTQG", "emrhub")
"""The first is that of the text, the others are of clients."""
DATA_TYPES = ("xml/base64",)
SAVED = ("PS_DS_SAVE_SUCCESS", "PS_SYNC_SUCCESS")
"""Codes that say a file is stored: that of the text, and one that clients saw."""
TOKEN_SECONDS = 360_000


def push_header(sender: str, now: dt.datetime, unique: str, day: dt.date) -> dict[str, Any]:
    """The header of a push, keys in the order of the text. ``unique``: 32 hex digits.

    >>> now = dt.datetime(2026, 8, 3, tzinfo=dt.UTC)
    >>> push_header("9520000010010", now, "a" * 32, now.date())["receiver_id"]
    'TDLBYT'
    """
    return {
        "version": VERSION,
        "sender_id": sender,
        "receiver_id": RECEIVERS[0],
        "txn_type": TXN_TYPE,
        "msg_id": message_id(sender, day, unique),
        "msg_type": "101",
        "data_type": DATA_TYPES[0],
        "send_datetime": milliseconds(now),
    }


def reply_header(
    asked: Mapping[str, Any], *, unique: str, code: str, text: str, now: dt.datetime
) -> dict[str, Any]:
    """The header of the answer to a push, keys in the order of the text. ``unique``: 32 hex digits.

    >>> asked = push_header("9520000010010", dt.datetime(2026, 8, 3, tzinfo=dt.UTC), "a" * 32,
    ...                     dt.date(2026, 8, 3))
    >>> reply_header(asked, unique="b" * 32, code="PS_DS_SAVE_SUCCESS", text="",
    ...              now=dt.datetime(2026, 8, 3, tzinfo=dt.UTC))["msg_type"]
    '102'
    """
    facility = str(asked["sender_id"])
    return {
        "version": VERSION,
        "sender_id": asked["receiver_id"],
        "receiver_id": facility,
        "txn_id": f"DS-{facility}-{unique}",
        "txn_type": TXN_TYPE,
        "res_code": code,
        "res_msg": text,
        "msg_type": "102",
        "msg_id": message_id(facility, now.astimezone(ICT).date(), unique),
        "send_datetime": asked["send_datetime"],
        "ref_msg_id": asked["msg_id"],
        "res_datetime": milliseconds(now),
    }


def _written(header: Mapping[str, Any]) -> bool:
    """True when the header can be written again, as its checksum needs it."""
    try:
        compact(header)
    except (ValueError, RecursionError):
        return False
    return True


@dataclass(frozen=True, slots=True, repr=False)
class Push:
    """A push as it was received. ``text`` is the Base64 of the file.

    ``data`` travels as a text (most clients) or as an object with ``file_content`` (one client).
    """

    header: Mapping[str, Any]
    text: str
    signature: str
    as_object: bool = False

    @classmethod
    def from_json(cls, value: Any) -> Push:
        """From parsed JSON. Raises `ValueError` when it is no such message."""
        header = value.get("header") if isinstance(value, dict) else None
        if not isinstance(header, dict) or not _written(header):
            raise ValueError("header")
        data, signature = value.get("data"), value.get("signature") or ""
        as_object = isinstance(data, dict)
        text = data.get("file_content") if isinstance(data, dict) else data
        if not isinstance(text, str) or not text.isascii() or not isinstance(signature, str):
            raise ValueError("data")
        return cls(header, text, signature, as_object)

    @property
    def sender(self) -> str:
        """The 13-digit number of the sender."""
        return str(self.header.get("sender_id"))

    @property
    def raw_signature(self) -> bytes:
        """The signature without its Base64; empty when it is none."""
        try:
            return base64.b64decode(self.signature, validate=True)
        except (binascii.Error, ValueError):
            return b""

    def signed_texts(self) -> tuple[bytes, ...]:
        """What the signature may be made over; for the object form both readings count."""
        texts = [checksum_text(self.header, self.text)]
        if self.as_object:
            whole = compact({"file_content": self.text})
            texts.append(checksum_text(self.header, whole))
        return tuple(texts)

    def __repr__(self) -> str:
        return f"<Push {len(self.text)} characters>"


@dataclass(frozen=True, slots=True, repr=False)
class Reply:
    """Any answer of the axis: a header with res_code, then data. ``signature`` only on a push."""

    header: Mapping[str, Any]
    data: Mapping[str, Any] | None = field(default=None)
    signature: str | None = None

    @property
    def code(self) -> str:
        """res_code: the verdict, whatever the HTTP status."""
        return str(self.header.get("res_code") or "")

    def signed(self, sign: Sign) -> Reply:
        """The same with the signature of the axis."""
        over = checksum_text(self.header, compact(self.data))
        return Reply(self.header, self.data, base64.b64encode(sign(over)).decode())

    def to_bytes(self) -> bytes:
        """Compact JSON, keys in the order of the text.

        >>> Reply({"res_code": "CM_SUCCESS"}).to_bytes()
        b'{"header":{"res_code":"CM_SUCCESS"},"data":null}'
        """
        body: dict[str, Any] = {"header": self.header, "data": self.data}
        if self.signature is not None:
            body["signature"] = self.signature
        return compact(body)

    @classmethod
    def from_json(cls, value: Any) -> Reply:
        """From parsed JSON. Raises `ValueError` when the value is no such answer."""
        header = value.get("header") if isinstance(value, dict) else None
        if not isinstance(header, dict) or not isinstance(header.get("res_code"), str):
            raise ValueError("not an answer of this gateway")
        data, signature = value.get("data"), value.get("signature")
        return cls(
            header,
            data if isinstance(data, dict) else None,
            signature if isinstance(signature, str) else None,
        )

    def __repr__(self) -> str:
        return f"<Reply {self.code[:40]}>"
