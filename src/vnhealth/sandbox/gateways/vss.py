"""The insurance gateway, 130 family: login, check-in, claim files, and results by this project."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

import pybase64

from vnhealth.protocol import Endpoint, result_code, vss
from vnhealth.protocol.vss import LoginReply, Receipt
from vnhealth.sandbox._core import Answer, Call, Core, Front, Handler
from vnhealth.sandbox._http import BadBody, Response
from vnhealth.sandbox._ids import same
from vnhealth.sandbox._ledger import Intake
from vnhealth.sandbox._model import Account, Record, Submission
from vnhealth.sandbox._peek import peek
from vnhealth.sandbox._results import file_result

__all__ = ["front"]

KINDS = {vss.HO_SO_CHECKIN: "checkin", vss.HO_SO_CLAIM: "claim"}
HO_SO = {kind: number for number, kind in KINDS.items()}


class _Refused(Exception):
    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


def front(core: Core, key: str) -> Front:
    """The insurance gateway. Paths are taken in any case: the portal is ASP.NET (assumption)."""
    return Front(Vss(core).handlers(), _refused, exact_case=False)


def _refused(endpoint: Endpoint, code: str, status: int | None) -> Answer:
    """A refusal as the fault plan asks for it."""
    login = endpoint.name == "login"
    body = LoginReply(code).to_bytes() if login else _refusal(code, "").response.body
    return Answer(Response(status or _status(code), body), code)


class Vss:
    """Handlers by endpoint name."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def handlers(self) -> Mapping[str, Handler]:
        """The handler of every endpoint of the gateway."""
        files = {f"{what}_{e}" for what in ("checkin", "claim") for e in ("130", "4750", "3176")}
        return {
            "login": self.login,
            "result": self._guarded(self.result),
            "result_by_record": self._guarded(self.result_by_record),
            "reconciliation": self._guarded(self.reconciliation),
            **dict.fromkeys(files, self._guarded(self.submit)),
        }

    def _guarded(self, handler: Handler) -> Handler:
        def run(call: Call) -> Answer:
            try:
                return handler(call)
            except BadBody:
                return _refusal("205", "")
            except _Refused as refused:
                return _refusal(refused.code, refused.detail)

        return run

    def login(self, call: Call) -> Answer:
        """Form or JSON; the password is an MD5 in upper case (lower case is taken too)."""
        try:
            fields = _texts(call.request.fields())
        except BadBody:
            fields = {}
        account = self._core.account(
            vss.GATEWAY, fields.get("username", ""), fields.get("password", ""), hashed=True
        )
        if account is None or account.locked:
            code = "401" if account is None else "403"
            return Answer(Response(_status(code), LoginReply(code).to_bytes()), code)
        session = self._core.new_session(account, self._core.settings.vss_token)
        reply = LoginReply(
            code="200",
            access_token=self._core.ids.token(session),
            id_token=self._core.ids.token(session, "id"),
            username=account.username,
            expires_in=vss.format_expiry(session.expires),
        )
        return Answer(Response(200, reply.to_bytes()), "200", account.scope)

    def _account(self, call: Call) -> Account:
        header = call.request.header
        found = self._core.session_account(vss.GATEWAY, header(vss.HEADER_ACCESS_TOKEN))
        if found is None:
            raise _Refused("401")
        session, account = found
        hashed = header(vss.HEADER_PASSWORD_HASH)
        right_id = same(self._core.ids.token(session, "id"), header(vss.HEADER_TOKEN_ID))
        right_password = self._core.account(vss.GATEWAY, account.username, hashed, hashed=True)
        if not right_id or right_password is None:
            raise _Refused("401")
        return account

    def submit(self, call: Call) -> Answer:
        """A check-in or claim file: kept now, judged later."""
        account = self._account(call)
        raw = call.request.fields()
        coded = raw.pop("fileHSBase64", b"")
        fields = _texts(raw)
        facility = fields.get("maCSKCB", "").strip()
        if fields.get("username", "") != account.username or not account.may_send(facility):
            raise _Refused("403")
        if fields.get("loaiHoSo") != call.endpoint.record:
            raise _Refused("205", "loaiHoSo")
        if fields.get("maTinh") != facility[:2]:
            raise _Refused("205", "maTinh")
        body = _decoded(coded)
        if len(body) > self._core.settings.max_file:
            raise _Refused("1001")
        seen = peek(body)
        if seen.facility is not None and seen.facility != facility:
            raise _Refused("403")
        intake = Intake(
            gateway=vss.GATEWAY,
            kind=KINDS[call.endpoint.record],
            edition=call.endpoint.edition,
            facility=facility,
            username=account.username,
            body=body,
            keys=seen.keys,
        )
        kept = self._core.ledger.accept(intake, self._core.settings.delay(vss.GATEWAY))
        receipt = Receipt("200", kept.transaction, vss.format_received(kept.received))
        return Answer(Response(200, receipt.to_bytes()), "200", facility, kept.transaction)

    def result(self, call: Call) -> Answer:
        """vnhealth-defined: the verdict on a file by its maGiaoDich."""
        account = self._account(call)
        found = self._core.ledger.store.submission(vss.GATEWAY, call.args["maGiaoDich"])
        if found is None or not account.may_send(found.facility):
            raise _Refused("404")
        found = self._core.ledger.settled(found)
        return self._result(found, self._core.ledger.store.records(found.number))

    def result_by_record(self, call: Call) -> Answer:
        """vnhealth-defined: the verdict on the latest record with this MA_LK."""
        account = self._account(call)
        params = call.request.params()
        kind = KINDS.get(params.get("loaiHoSo", vss.HO_SO_CLAIM))
        facility = params.get("maCSKCB", account.scope)
        if kind is None or not params.get("maLk") or not account.may_send(facility):
            raise _Refused("205")
        store = self._core.ledger.store
        record = self._core.ledger.current(vss.GATEWAY, facility, kind, params["maLk"])
        if record is None:
            raise _Refused("404")
        found = self._core.ledger.settled(store.numbered(record.submission))
        kept = [r for r in store.records(found.number) if r.key == record.key]
        return self._result(found, tuple(kept))

    def _result(self, submission: Submission, records: tuple[Record, ...]) -> Answer:
        body = file_result(submission, records)
        return _json(body, submission.facility, submission.transaction)

    def reconciliation(self, call: Call) -> Answer:
        """vnhealth-defined, after nhanKQTiepNhanHS4210: counts per day of receipt."""
        account = self._account(call)
        params = call.request.params()
        since, until = _day(params.get("tuNgay", "")), _day(params.get("denNgay", ""))
        rows = self._core.ledger.reconcile(vss.GATEWAY, account.scope, since, until)
        days = [
            {
                "ngayGui": f"{row.day:%d/%m/%Y}",
                "maCSKCB": row.facility,
                "loaiHoSo": HO_SO[row.kind],
                "tongSo": row.sent,
                "soHSThanhCong": row.accepted,
                "soHSCanhBao": row.warned,
                "soHSLoi": row.refused,
                "soHSCho": row.pending,
                "soHSThayThe": row.replaced,
                "soHSHuy": row.cancelled,
                "soHSNhan": row.received,
            }
            for row in rows
        ]
        return _json({"maKetQua": "200", "dsKQGuiHosoNgay": days}, account.scope)


def _texts(fields: Mapping[str, str | bytes]) -> dict[str, str]:
    return {
        name: value if isinstance(value, str) else value.decode("utf-8", "replace")
        for name, value in fields.items()
    }


def _decoded(coded: str | bytes) -> bytes:
    """Base64, in lines or not. A blank (a ``+`` that was not percent-encoded) is refused."""
    try:
        packed = coded if isinstance(coded, bytes) else coded.encode("ascii")
        body = pybase64.b64decode(packed.replace(b"\r", b"").replace(b"\n", b""), validate=True)
    except ValueError:
        raise _Refused("205", "fileHSBase64") from None
    if not body:
        raise _Refused("205", "fileHSBase64")
    return body


def _day(text: str) -> dt.date:
    try:
        return dt.datetime.strptime(text, "%d/%m/%Y").date()
    except ValueError:
        raise _Refused("205", "tuNgay, denNgay") from None


def _status(code: str) -> int:
    known = result_code(vss.GATEWAY, code)
    return known.http if known else 400


def _refusal(code: str, detail: str) -> Answer:
    known = result_code(vss.GATEWAY, code)
    text = known.meaning_vi if known else ""
    receipt = Receipt(code, message=f"{text}: {detail}" if detail else text)
    return Answer(Response(_status(code), receipt.to_bytes()), code)


def _json(body: Mapping[str, Any], facility: str, transaction: str = "") -> Answer:
    data = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return Answer(Response(200, data), "200", facility, transaction)
