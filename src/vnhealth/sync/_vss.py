"""The insurance gateway as its client sees it: requests built, answers interpreted."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from itertools import count
from typing import Any
from urllib.parse import quote

import pybase64

from vnhealth.findings import Findings, Severity
from vnhealth.protocol import Endpoint, vss, vss_4210
from vnhealth.protocol.vss import LoginReply, Receipt
from vnhealth.spec import Edition
from vnhealth.sync import _read
from vnhealth.sync._body import Body, body_of, minutes_body
from vnhealth.sync._capabilities import Capabilities
from vnhealth.sync._codes import known_code
from vnhealth.sync._errors import NotSent
from vnhealth.sync._mask import raw_answer
from vnhealth.sync._outcome import (
    DayCount,
    Outcome,
    RecordOutcome,
    Status,
    gateway_finding,
)
from vnhealth.sync._retry import Resend
from vnhealth.sync._session import Account, Token
from vnhealth.sync._verdict import file_outcome, listed_record
from vnhealth.sync._vss_cards import CardRegister
from vnhealth.sync._vss_notices import VssNotices
from vnhealth.sync._wire import HttpAnswer, HttpRequest, Plan

__all__ = ["VssGate"]

LIFE = dt.timedelta(minutes=50)
"""Life of a token that does not say when it ends; clients in the field assume 50 to 60 minutes."""
LEGACY = "claim_4210"


class VssGate(CardRegister, VssNotices):
    """Keeps only the MD5 of the password: the gateway never wants the clear text."""

    capabilities = Capabilities(
        kinds=("claim", "checkin", "gdyk"),
        status=True,
        results=True,
        counts=True,
        notices=True,
        lookups=("card",),
    )

    def _secret(self, account: Account) -> str:
        return vss.password_hash(account.password)

    # login

    def _login_request(self) -> HttpRequest:
        secret = self.session.secret.reveal()
        fields = {"username": self.session.username, "password": secret}
        return self._request(
            self.gateway.endpoint("login"),
            headers={"Content-Type": vss.FORM_CONTENT_TYPE},
            body=vss.encode_form(fields),
        )

    def _login_code(self, answer: HttpAnswer) -> str | None:
        reply = _login_reply(answer)
        return None if reply is None else reply.code

    def _open(self, answer: HttpAnswer) -> Token | None:
        reply = _login_reply(answer)
        access = self._usable_token(reply.access_token) if reply else None
        if reply is None or access is None or reply.code != "200":
            return None
        if reply.username and reply.username.casefold() != self.session.username.casefold():
            self._foreign_session(answer)
        server = self.session.clock() + self.session.offset
        ends = vss.parse_expiry(reply.expires_in, server)
        return self.session.opened(access, self._usable_token(reply.id_token) or "", ends, LIFE)

    def _session_headers(self, token: Token) -> dict[str, str]:
        return {
            vss.HEADER_ACCESS_TOKEN: token.access,
            vss.HEADER_TOKEN_ID: token.id,
            vss.HEADER_PASSWORD_HASH: self.session.secret.reveal(),
        }

    def proven(self, endpoint: Endpoint, token: Token, **request: Any) -> HttpRequest:
        """The older functions want the session in the query, the others in three headers."""
        if endpoint.auth != "query":
            return super().proven(endpoint, token, **request)
        query = {
            **(request.pop("query", None) or {}),
            "token": token.access,
            "id_token": token.id,
            "username": self.session.username,
            "password": self.session.secret.reveal(),
        }
        return self._request(endpoint, query=query, **request)

    def _code(self, answer: HttpAnswer) -> str | None:
        receipt = _receipt(answer)
        return None if receipt is None else receipt.code

    # files

    def body(self, data: bytes, kind: str) -> Body:
        """Minutes name no facility: they are the account's. A 4210 file is of a kind of its own."""
        if kind == "gdyk":
            return minutes_body(data, scope=self.scope)
        body = body_of(data, kind="claim" if kind == LEGACY else kind, scope=self.scope)
        return replace(body, kind=LEGACY) if kind in ("claim", LEGACY) and _is_4210(body) else body

    def endpoint_for(self, kind: str, edition: str) -> Endpoint:
        """A call per kind and edition; without one, that of decision 3176."""
        if kind == "gdyk":
            return self.gateway.endpoint("gdyk")
        found = Edition.parse(edition) if edition else Edition.QD3176
        if found is Edition.QD4210 and kind in ("claim", LEGACY):
            return self.gateway.endpoint("send_4210")
        if found is Edition.QD1931:
            found = Edition.QD3176
        return self.gateway.endpoint(f"{kind}_{found.value}")

    def send(self, endpoint: Endpoint, body: Body) -> Plan[Outcome]:
        """By the form of the call; a lost file is asked about, as a second one may count as new."""
        legacy = body.kind == LEGACY
        if legacy != (endpoint.name == "send_4210"):
            raise NotSent("ERR-SYNC-14", call=endpoint.name, kind=body.edition or body.kind)
        fields = {
            "loaiHoSo": endpoint.record,
            "maTinh": body.facility[:2],
            "maCSKCB": body.facility,
        }
        sent = _as_numbers(body, fields) if legacy else self._as_form(body, fields)
        resend = Resend.SAFE if self.policy.resend_replaces else Resend.ASK_FIRST
        return (yield from self.deliver(endpoint, body, resend=resend, **sent))

    def _as_form(self, body: Body, fields: dict[str, str]) -> dict[str, Any]:
        coded = pybase64.b64encode(body.data).decode("ascii")
        whole = {"username": self.session.username, **fields, "fileHSBase64": coded}
        headers = {"Content-Type": vss.FORM_CONTENT_TYPE}
        return {"headers": headers, "content": vss.encode_form(whole)}

    def _receipt(self, answer: HttpAnswer, body: Body) -> Outcome:
        receipt = _receipt(answer)
        assert receipt is not None
        outcome = Outcome(
            gateway=self.key,
            status=_status(receipt, answer.status),
            code=receipt.code,
            message=receipt.message,
            transaction=receipt.transaction or None,
            received_at=_read.moment(receipt.received or ""),
            raw=raw_answer(answer),
        )
        if outcome.status is Status.REFUSED:
            said = gateway_finding(self.key, receipt.code, Severity.ERROR, text=receipt.message)
            outcome = replace(outcome, findings=Findings([said]))
        return outcome

    # questions (the calls are vnhealth-defined: the circulars publish none)

    def by_transaction(self, transaction: str) -> Plan[Outcome]:
        """The verdict on a file by its maGiaoDich."""
        endpoint = self.gateway.endpoint("result")
        path = endpoint.path.replace("{maGiaoDich}", quote(transaction, safe=""))
        answer = yield from self.ask(endpoint, path=path)
        return self._result(endpoint, answer)

    def by_record(self, ma_lk: str, *, facility: str | None, kind: str) -> Plan[Outcome]:
        """The verdict on the latest record with this MA_LK."""
        endpoint = self.gateway.endpoint("result_by_record")
        query = {
            "maLk": ma_lk,
            "loaiHoSo": vss.HO_SO[kind],
            "maCSKCB": self.check_scope(facility or self.scope),
        }
        answer = yield from self.ask(endpoint, query=query)
        return self._result(endpoint, answer)

    def look_up(self, outcome: Outcome) -> Plan[Outcome]:
        """By maGiaoDich, else by the first MA_LK."""
        if outcome.transaction:
            return (yield from self.by_transaction(outcome.transaction))
        facility = outcome.facility or None
        return (yield from self.by_record(outcome.keys[0], facility=facility, kind=outcome.kind))

    def results(self, since: dt.date, until: dt.date) -> Plan[tuple[RecordOutcome, ...]]:
        """The claims of some days with their states, without findings."""
        found: list[RecordOutcome] = []
        for page in count(1):
            query = {
                "tuNgay": f"{since:%d/%m/%Y}",
                "denNgay": f"{until:%d/%m/%Y}",
                "trang": str(page),
            }
            answer = yield from self.ask(self.gateway.endpoint("result_by_day"), query=query)
            document = self.good("result_by_day", answer)
            rows = _read.rows(document, "dsHoSo")
            found += [listed_record(row) for row in rows]
            if not rows or len(found) >= _read.number(document, "tongSo"):
                break
        return tuple(found)

    def reconciliation(self, since: dt.date, until: dt.date) -> Plan[tuple[DayCount, ...]]:
        """Counts per day of receipt and kind of file."""
        endpoint = self.gateway.endpoint("reconciliation")
        query = {"tuNgay": f"{since:%d/%m/%Y}", "denNgay": f"{until:%d/%m/%Y}"}
        answer = yield from self.ask(endpoint, query=query)
        document = self.good(endpoint.name, answer)
        found = (_day_count(row) for row in _read.rows(document, "dsKQGuiHosoNgay"))
        return tuple(row for row in found if row is not None)

    def _result(self, endpoint: Endpoint, answer: HttpAnswer) -> Outcome:
        if self._code(answer) == "404":
            return Outcome(
                gateway=self.key,
                status=Status.MISSING,
                code="404",
                call=endpoint.name,
                raw=raw_answer(answer),
            )
        document = self.good(endpoint.name, answer)
        return file_outcome(self.key, endpoint.name, answer, document)


def _as_numbers(body: Body, fields: dict[str, str]) -> dict[str, Any]:
    headers = {"Content-Type": vss.JSON_CONTENT_TYPE}
    return {"headers": headers, "query": fields, "content": vss_4210.as_numbers(body.data)}


def _is_4210(body: Body) -> bool:
    return body.edition == Edition.QD4210.value


def _login_reply(answer: HttpAnswer) -> LoginReply | None:
    """The answer of a login; without maKetQua a token is enough."""
    document = answer.document()
    if document is None:
        return None
    try:
        return LoginReply.from_json(document)
    except ValueError:
        pass
    if isinstance(document.get("APIKey"), dict):
        return LoginReply.from_json({**document, "maKetQua": "200"})
    return None


def _receipt(answer: HttpAnswer) -> Receipt | None:
    """An answer that carries maKetQua; without it a maGiaoDich is enough."""
    document = answer.document()
    if document is None:
        return None
    code = _read.text(document, "maKetQua")
    transaction = _read.text(document, "maGiaoDich")
    if not code and not transaction:
        return None
    return Receipt(
        code=code,
        transaction=transaction or None,
        received=_read.text(document, "thoiGianTiepNhan") or None,
        message=_read.text(document, "thongDiep"),
    )


def _status(receipt: Receipt, http: int) -> Status:
    """Queued, refused, or not to be told: a code that nobody knows is no verdict by itself."""
    known = known_code(vss.GATEWAY, receipt.code)
    outcome = known.outcome if known else "unknown"
    if outcome == "accepted" or (not receipt.code and receipt.transaction):
        return Status.PENDING
    if outcome == "refused":
        return Status.REFUSED
    if known is None and receipt.transaction is None and 400 <= http < 500:
        return Status.REFUSED
    return Status.UNKNOWN


def _day_count(row: dict[str, Any]) -> DayCount | None:
    day = _read.day(_read.text(row, "ngayGui"))
    if day is None:
        return None
    kind = _read.text(row, "loaiHoSo")
    return DayCount(
        day=day,
        facility=_read.facility(_read.text(row, "maCSKCB")),
        kind=vss.KINDS.get(kind, ""),
        received=_read.number(row, "soHSNhan"),
        sent=_read.number(row, "tongSo"),
        accepted=_read.number(row, "soHSThanhCong"),
        warned=_read.number(row, "soHSCanhBao"),
        refused=_read.number(row, "soHSLoi"),
        pending=_read.number(row, "soHSCho"),
        replaced=_read.number(row, "soHSThayThe"),
        cancelled=_read.number(row, "soHSHuy"),
    )
