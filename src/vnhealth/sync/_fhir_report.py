"""The FHIR/XML report gateway as its client sees it: XML files, and the log that tells the verdict.

FHIR resources are not sent by this client: they are messages of other systems, see the how-to.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pybase64

from vnhealth.protocol import Endpoint, fhir_report
from vnhealth.protocol.fhir_report import State, XmlReply
from vnhealth.protocol.health_check import day_of
from vnhealth.protocol.vss import FORM_CONTENT_TYPE, encode_form, parse_expiry, password_hash
from vnhealth.sync import _read
from vnhealth.sync._bearer import BearerGate, read_as
from vnhealth.sync._body import Body
from vnhealth.sync._capabilities import Capabilities
from vnhealth.sync._mask import raw_answer
from vnhealth.sync._outcome import Outcome, RecordOutcome, Status
from vnhealth.sync._session import Account, Token
from vnhealth.sync._wire import HttpAnswer, Plan

__all__ = ["FhirReportGate"]

STATES = {
    State.PENDING: Status.PENDING,
    State.SUCCESS: Status.ACCEPTED,
    State.ERROR: Status.REFUSED,
}
STRETCH = dt.timedelta(days=fhir_report.LOG_DAYS)


class FhirReportGate(BearerGate):
    """A file whose answer was lost has no number in the log, so it stays unknown."""

    capabilities = Capabilities(kinds=("claim", "checkin"), status=True, results=True)
    calls = MappingProxyType({"claim": "submit", "checkin": "checkin"})
    life = dt.timedelta(hours=1)

    def _secret(self, account: Account) -> str:
        """The gateway only ever sees the hash."""
        return password_hash(account.password)

    def _open(self, answer: HttpAnswer) -> Token | None:
        document = answer.document() or {}
        server = self.session.clock() + self.session.offset
        ends = parse_expiry(_read.text(document, "expires_in"), server)
        return self._opened(document.get("access_token"), ends)

    def _code(self, answer: HttpAnswer) -> str | None:
        """The HTTP status, when the answer is one of the contract."""
        document = answer.document() or {}
        told = read_as(XmlReply, answer) is not None
        known = told or "access_token" in document or "items" in document
        refused = {"status", "error", "message"} <= set(document)
        return str(answer.status) if known or refused else None

    def send(self, endpoint: Endpoint, body: Body) -> Plan[Outcome]:
        """The file in Base64, the one field of a form."""
        coded = pybase64.b64encode(body.data).decode("ascii")
        return (
            yield from self.deliver(
                endpoint,
                body,
                headers={"Content-Type": FORM_CONTENT_TYPE},
                content=encode_form({"fileHSBase64": coded}),
                resend=self._again,
            )
        )

    def _receipt(self, answer: HttpAnswer, body: Body) -> Outcome:
        reply = read_as(XmlReply, answer)
        message = _read.text(answer.document() or {}, "message")
        if reply is None and answer.status < 400:
            return Outcome(gateway=self.key, status=Status.UNKNOWN, raw=raw_answer(answer))
        if reply is None:
            return self._verdict(answer, str(answer.status), message=message)
        return self._told(answer, reply)

    def _told(self, answer: HttpAnswer, reply: XmlReply) -> Outcome:
        code = "422" if reply.state is State.ERROR else "200"
        return self._verdict(
            answer,
            code,
            transaction=reply.log_id or None,
            message=reply.message,
            accepted=STATES[reply.state],
        )

    # the log

    def look_up(self, outcome: Outcome) -> Plan[Outcome]:
        """By its number in the log, among the last 60 days."""
        if not outcome.transaction:
            return outcome
        today = day_of(self.session.clock() + self.session.offset)
        asked = {"id": outcome.transaction, **_stretch(today - STRETCH, today)}
        answer = yield from self.ask(self.gateway.endpoint("logs"), query=asked)
        for row in _read.rows(answer.document() or {}, "items"):
            reply = _reply(row)
            if reply is not None:
                return self._told(answer, reply)
        return Outcome(gateway=self.key, status=Status.MISSING, raw=raw_answer(answer))

    def results(self, since: dt.date, until: dt.date) -> Plan[tuple[RecordOutcome, ...]]:
        """Files (not records: the log knows no MA_LK) received between two days, latest first."""
        found: list[RecordOutcome] = []
        last = until
        while last >= since:
            first = max(since, last - STRETCH)
            found += yield from self._logged(first, last)
            last = first - dt.timedelta(days=1)
        return tuple(found)

    def _logged(self, since: dt.date, until: dt.date) -> Plan[list[RecordOutcome]]:
        found: list[RecordOutcome] = []
        page, total = 1, 1
        while len(found) < total:
            asked = {
                **_stretch(since, until),
                "resourceType": "xml",
                "page": str(page),
                "pageSize": str(fhir_report.MAX_PAGE),
            }
            answer = yield from self.ask(self.gateway.endpoint("logs"), query=asked)
            document = answer.document() or {}
            rows = _read.rows(document, "items")
            total = _read.number(document, "total") if rows else 0
            found += [_record(row, self.scope) for row in rows]
            page += 1
        return found


def _stretch(since: dt.date, until: dt.date) -> dict[str, str]:
    return {"fromDate": f"{since:%Y%m%d}", "toDate": f"{until:%Y%m%d}"}


def _reply(row: Mapping[str, Any]) -> XmlReply | None:
    """A row of the log, whose metadata is JSON inside a text, as the answer to a file."""
    try:
        metadata = json.loads(str(row.get("metadata")))
        return XmlReply.from_json({"logId": row.get("id"), "metadata": metadata})
    except ValueError:
        return None


def _record(row: dict[str, Any], facility: str) -> RecordOutcome:
    reply = _reply(row)
    return RecordOutcome(
        ma_lk=None,
        status=Status.UNKNOWN if reply is None else STATES[reply.state],
        facility=facility,
        transaction=_read.text(row, "id") or None,
        received_at=_read.moment(_read.text(row, "timestamp")),
    )
