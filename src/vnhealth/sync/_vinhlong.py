"""The gateway of Vĩnh Long as its client sees it: encounters, health checks, personal records."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pybase64

from vnhealth.findings import Findings, Severity
from vnhealth.localtime import ICT
from vnhealth.protocol import Endpoint, emrhub
from vnhealth.protocol._json import compact
from vnhealth.protocol.health_check import day_of, facility_number
from vnhealth.protocol.health_inspect import inspect
from vnhealth.protocol.vinhlong import (
    TRACKING_HEADER,
    MinistryStatus,
    Validation,
    read_personal_record,
)
from vnhealth.sync import _read
from vnhealth.sync._bearer import read_as
from vnhealth.sync._body import Body, checked_body, plain
from vnhealth.sync._capabilities import Capabilities, Found
from vnhealth.sync._codes import known_code
from vnhealth.sync._errors import NotSent
from vnhealth.sync._gate import Gate
from vnhealth.sync._health_check import message_number
from vnhealth.sync._mask import raw_answer
from vnhealth.sync._outcome import Outcome, RecordOutcome, Status, gateway_finding
from vnhealth.sync._repository import JSON, RepositoryGate
from vnhealth.sync._retry import Resend
from vnhealth.sync._session import Account
from vnhealth.sync._wire import HttpAnswer, Plan

__all__ = ["VinhlongGate"]

HEALTH, PERSONAL = "health_check", "personal"
CALLS = {"claim": "submit", HEALTH: "health_push", PERSONAL: "personal"}


class VinhlongGate(RepositoryGate):
    """The calls of a repository, and two more kinds of file.

    The sender of a health check has to be ``gln`` of the account; without one, the invented number
    of the sandbox, which no real file can have.
    """

    capabilities = Capabilities(
        kinds=tuple(CALLS), status=True, results=True, lookups=("forwarded",), repeatable=True
    )

    reconciliation = Gate.reconciliation

    def __init__(self, key: str, account: Account, **how: Any) -> None:
        super().__init__(key, account, **how)
        self._sender = getattr(account, "gln", "") or facility_number(account.facility)

    def _code(self, answer: HttpAnswer) -> str | None:
        """Of the envelope, or of the ministry's form that comes back for a health check."""
        reply = read_as(emrhub.Reply, answer)
        return super()._code(answer) if reply is None else reply.code

    # files

    def endpoint_for(self, kind: str, edition: str) -> Endpoint:
        """One call per kind."""
        return self.gateway.endpoint(CALLS[kind])

    def body(self, data: bytes, kind: str) -> Body:
        """Whose file it is, by the code that its kind uses."""
        data = plain(data)
        if kind == HEALTH:
            found = inspect(data)
            if not found.readable:
                raise NotSent("ERR-SYNC-14", call=kind, kind="xml")
            if found.sender != self._sender:
                raise NotSent("ERR-SYNC-13")
            keys = [record.key or "" for record in found.records]
            return checked_body(data, kind, [self.scope], keys, scope=self.scope)
        if kind == PERSONAL:
            record = read_personal_record(data)
            if record is None:
                raise NotSent("ERR-SYNC-14", call=kind, kind="xml")
            return checked_body(data, kind, [record.sender], [record.request_id], scope=self.scope)
        return super().body(data, kind)

    def send(self, endpoint: Endpoint, body: Body) -> Plan[Outcome]:
        """A health check in its envelope, everything else as it is."""
        if body.kind != HEALTH:
            return (yield from super().send(endpoint, body))
        return (
            yield from self.deliver(
                endpoint, body, headers=JSON, content=self._message(body), resend=Resend.SAFE
            )
        )

    def _message(self, body: Body) -> bytes:
        """The envelope with an empty signature: the gateway signs for the department.

        The same file on the same day gives the same message, its time included, so that a repeated
        one is recognised.
        """
        day = self._today()
        header = emrhub.push_header(
            self._sender,
            dt.datetime.combine(day, dt.time(), ICT),
            message_number(body.digest, day),
            day,
        )
        data = pybase64.b64encode(body.data).decode("ascii")
        return compact({"header": header, "data": data, "signature": ""})

    def _today(self) -> dt.date:
        return day_of(self.session.clock())

    def _receipt(self, answer: HttpAnswer, body: Body) -> Outcome:
        if body.kind != HEALTH:
            return super()._receipt(answer, body)
        reply = read_as(emrhub.Reply, answer)
        if reply is None:
            return super()._receipt(answer, body)
        text = _read.text(dict(reply.header), "res_msg")
        status = self._health_status(reply.code, answer.status)
        said = gateway_finding(self.key, reply.code, Severity.ERROR, text=text)
        return Outcome(
            gateway=self.key,
            status=status,
            code=reply.code,
            message=text,
            transaction=answer.headers.get(TRACKING_HEADER.lower()) or None,
            findings=Findings([said] if status is Status.REFUSED else []),
            raw=raw_answer(answer),
        )

    def _health_status(self, code: str, http: int) -> Status:
        """By the code; one that nobody knows is a refusal only where the HTTP status says so."""
        known = known_code(self.key, code)
        if known is not None and known.outcome == "accepted":
            return Status.PENDING
        refused = known is not None or 400 <= http < 500
        return Status.REFUSED if refused else Status.UNKNOWN

    # questions

    def look_up(self, outcome: Outcome) -> Plan[Outcome]:
        """Encounters and health checks; there is no call for a personal record."""
        if outcome.kind == PERSONAL:
            raise self.lacks("status")
        if outcome.kind != HEALTH:
            return (yield from super().look_up(outcome))
        return (yield from self._status({"ma_lk": outcome.keys[0]}, "health_status", _health))

    def ask_about(self, question: str, fields: Mapping[str, str]) -> Plan[Found]:
        """What became of a health check on its way to the ministry, by its ``message``."""
        query = {"sender_id": self._sender, "msg_id": fields["message"]}
        envelope, data = yield from self._asked("health_forwarded", query=query)
        rows = tuple(_read.rows(data, "requests"))
        return Found(gateway=self.key, question=question, code=envelope.code, rows=rows)


def _health(row: dict[str, Any], found: Findings) -> RecordOutcome:
    """A health check in a list or a status: refused when its form is wrong, else on its way."""
    validation, ministry = _read.text(row, "validation_status"), _read.text(row, "byt_status")
    status = Status.PENDING
    if validation == Validation.INVALID:
        status = Status.REFUSED
    elif ministry == MinistryStatus.BYT_ACCEPTED:
        status = Status.ACCEPTED
    return RecordOutcome(
        ma_lk=_read.text(row, "ma_lk") or None,
        status=status,
        facility=_read.facility(_read.text(row, "ma_cskcb")),
        transaction=_read.text(row, "tracking_id") or None,
        received_at=_read.moment(_read.text(row, "received_at")),
        findings=found,
    )
