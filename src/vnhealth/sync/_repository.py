"""A repository (provincial, national, national de-identified) as its client sees it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import count
from typing import Any

from vnhealth.findings import Finding, Findings, Severity
from vnhealth.protocol import Endpoint, repository
from vnhealth.protocol.repository import Envelope, RecordStatus
from vnhealth.sync import _read
from vnhealth.sync._body import Body
from vnhealth.sync._capabilities import Capabilities, Found
from vnhealth.sync._codes import known_code
from vnhealth.sync._errors import Rejected, RemoteError
from vnhealth.sync._gate import Gate
from vnhealth.sync._mask import raw_answer
from vnhealth.sync._outcome import (
    DayCount,
    Outcome,
    PersonHit,
    RecordOutcome,
    RecordPage,
    Status,
    gateway_finding,
    worst,
)
from vnhealth.sync._retry import Resend
from vnhealth.sync._session import Token
from vnhealth.sync._wire import HttpAnswer, HttpRequest, Plan

__all__ = ["DeidGate", "NationalGate", "RepositoryGate", "repository_class"]

PAGE = 100
"""Records asked for at once."""
LIFE = dt.timedelta(seconds=repository.TOKEN_SECONDS)

STATES = {
    RecordStatus.QUEUED: Status.PENDING,
    RecordStatus.ACCEPTED: Status.ACCEPTED,
    RecordStatus.ACCEPTED_WITH_WARNING: Status.ACCEPTED_WITH_WARNINGS,
    RecordStatus.REJECTED: Status.REFUSED,
    RecordStatus.REPLACED: Status.REPLACED,
    RecordStatus.CANCELLED: Status.CANCELLED,
}
RECEIPTS = {
    repository.ACCEPTED: Status.ACCEPTED,
    repository.ACCEPTED_WITH_WARNING: Status.ACCEPTED_WITH_WARNINGS,
    repository.ACCEPTED_DUPLICATE: Status.DUPLICATE,
}
JSON = {"Content-Type": "application/json; charset=utf-8"}
XML = {"Content-Type": repository.XML_CONTENT_TYPES[0]}


ReadRecord = Callable[[dict[str, Any], Findings], RecordOutcome]


class RepositoryGate(Gate):
    """The very same file again is recognised by a repository, so a resend is safe."""

    capabilities = Capabilities(
        kinds=("claim", "checkin"),
        status=True,
        results=True,
        counts=True,
        lookups=("who_is",),
        repeatable=True,
    )

    @property
    def own_kind(self) -> str:
        """The kind of file that this store is for."""
        return self.capabilities.kinds[0]

    # login

    def _login_request(self) -> HttpRequest:
        fields = {"username": self.session.username, "password": self.session.secret.reveal()}
        body = json.dumps(fields, ensure_ascii=False).encode()
        return self._request(self.gateway.endpoint("login"), headers=JSON, body=body)

    def _login_code(self, answer: HttpAnswer) -> str | None:
        return self._code(answer)

    def _open(self, answer: HttpAnswer) -> Token | None:
        envelope = self._envelope(answer)
        data = envelope.data if envelope and isinstance(envelope.data, dict) else {}
        access = self._usable_token(data.get("access_token"))
        if envelope is None or not envelope.success or access is None:
            return None
        unit = _read.text(data, "ma_don_vi")
        if unit and unit != self.scope:
            self._foreign_session(answer)
        return self.session.opened(access, "", self._ends(data), LIFE)

    def _ends(self, data: dict[str, Any]) -> dt.datetime | None:
        """By ``expires_at``, else by ``expires_in`` (seconds, epoch or a time), else not known."""
        at = _read.moment(_read.text(data, "expires_at"))
        if at is not None:
            return at
        from vnhealth.protocol.vss import parse_expiry

        server = self.session.clock() + self.session.offset
        return parse_expiry(_read.text(data, "expires_in"), server)

    def _session_headers(self, token: Token) -> dict[str, str]:
        return {"Authorization": f"Bearer {token.access}"}

    def _envelope(self, answer: HttpAnswer) -> Envelope | None:
        """The envelope, if it is one: a code that we know, or a code beside ``success``."""
        document = answer.document()
        if document is None:
            return None
        code, success = _read.text(document, "code"), _read.pick(document, "success")
        if not known_code(self.key, code) and not isinstance(success, bool):
            return None
        known = known_code(self.key, code)
        if not isinstance(success, bool):
            success = known is not None and known.outcome in ("accepted", "duplicate")
        return Envelope(
            success=success,
            code=code,
            message=_read.text(document, "message"),
            data=_read.pick(document, "data"),
            warnings=tuple(_items(_read.pick(document, "warnings"))),
            errors=tuple(_items(_read.pick(document, "errors"))),
        )

    def _code(self, answer: HttpAnswer) -> str | None:
        envelope = self._envelope(answer)
        return None if envelope is None else envelope.code

    # files

    def endpoint_for(self, kind: str, edition: str) -> Endpoint:
        """One call for all editions of a kind."""
        return self.gateway.endpoint("checkin" if kind == "checkin" else "submit")

    def send(self, endpoint: Endpoint, body: Body) -> Plan[Outcome]:
        """The file as it is."""
        return (
            yield from self.deliver(
                endpoint, body, headers=XML, content=body.data, resend=Resend.SAFE
            )
        )

    def _receipt(self, answer: HttpAnswer, body: Body) -> Outcome:
        envelope = self._envelope(answer)
        assert envelope is not None
        data = envelope.data if isinstance(envelope.data, dict) else {}
        outcome = Outcome(
            gateway=self.key,
            status=self._verdict(envelope, data),
            code=envelope.code,
            message=envelope.message,
            transaction=_read.text(data, "tracking_id") or None,
            received_at=_read.moment(_read.text(data, "received_at")),
            signature=_read.text(data, "signature_status"),
            findings=Findings(self._findings(envelope)),
            raw=raw_answer(answer),
        )
        if outcome.status is Status.REFUSED and outcome.findings.ok:
            said = gateway_finding(self.key, envelope.code, Severity.ERROR, text=envelope.message)
            outcome = replace(outcome, findings=Findings([*outcome.findings, said]))
        return outcome

    def _verdict(self, envelope: Envelope, data: dict[str, Any]) -> Status:
        """A duplicate is one whatever its state; else the state given, else the code."""
        known = known_code(self.key, envelope.code)
        if envelope.code == repository.ACCEPTED_DUPLICATE:
            return Status.DUPLICATE
        if known is not None and known.outcome == "refused":
            return Status.REFUSED
        if envelope.success:
            state = _state(_read.text(data, "status"))
            return state if state is not None else RECEIPTS.get(envelope.code, Status.PENDING)
        return Status.UNKNOWN if known is not None else Status.REFUSED

    def _findings(self, envelope: Envelope) -> list[Finding]:
        return [
            self._finding(item, severity)
            for severity, items in (
                (Severity.ERROR, envelope.errors),
                (Severity.WARNING, envelope.warnings),
            )
            for item in items
        ]

    def _finding(self, item: dict[str, Any], severity: Severity) -> Finding:
        return gateway_finding(
            self.key,
            _read.text(item, "code"),
            _read.severity(_read.text(item, "severity"), severity),
            table=_read.table(_read.text(item, "table")),
            row=_read.index(item, "row"),
            tag=_read.tag(_read.text(item, "field", "tag")),
            text=_read.text(item, "message"),
            hint=_read.text(item, "hint"),
            basis=_read.text(item, "basis"),
        )

    # questions

    def whoami(self) -> Plan[str]:
        """Code of the unit that the session belongs to."""
        _, data = yield from self._asked("whoami")
        return _read.facility(_read.text(data, "ma_don_vi"))

    def by_record(self, ma_lk: str, *, facility: str | None, kind: str) -> Plan[Outcome]:
        """The latest record with this MA_LK (the token of the episode at the de-identified store).

        ``kind`` is claim or checkin.
        """
        query = {"ma_lk": ma_lk, "ma_cskcb": self.check_scope(facility or self.scope)}
        if kind == "checkin":
            query["loai"] = kind
        return (yield from self._status(query))

    def by_tracking(self, tracking_id: str) -> Plan[Outcome]:
        """All records of a file (the parameter is vnhealth-defined)."""
        return (yield from self._status({"tracking_id": tracking_id}))

    def look_up(self, outcome: Outcome) -> Plan[Outcome]:
        """By tracking_id, else by the first MA_LK."""
        if outcome.transaction:
            return (yield from self.by_tracking(outcome.transaction))
        facility = outcome.facility or None
        return (yield from self.by_record(outcome.keys[0], facility=facility, kind=outcome.kind))

    def _status(
        self, query: dict[str, str], call: str = "status", read: ReadRecord | None = None
    ) -> Plan[Outcome]:
        """By a call that shows records; ``read`` for one whose rows are not those of claims."""
        endpoint = self.gateway.endpoint(call)
        answer = yield from self.ask(endpoint, query=query)
        if self._code(answer) == "NOT_FOUND":
            return Outcome(
                gateway=self.key,
                status=Status.MISSING,
                code="NOT_FOUND",
                call=endpoint.name,
                raw=raw_answer(answer),
            )
        envelope = self._good(endpoint, answer)
        data = envelope.data if isinstance(envelope.data, dict) else {}
        found = Findings(self._findings(envelope))
        rows = _read.rows(data, "items") if _read.pick(data, "items") is not None else [data]
        alone = found if len(rows) == 1 else Findings()
        records = tuple((read or _record)(row, alone) for row in rows)
        first = records[0] if records else None
        return Outcome(
            gateway=self.key,
            status=worst(r.status for r in records) or Status.UNKNOWN,
            code=envelope.code,
            call=endpoint.name,
            message=envelope.message,
            transaction=_read.text(data, "tracking_id") or (first and first.transaction) or None,
            received_at=first.received_at if first else None,
            judged_at=first.judged_at if first else None,
            signature=first.signature if first else "",
            facility=first.facility if first else "",
            findings=found,
            records=records,
            raw=raw_answer(answer),
        )

    def list_records(
        self,
        since: dt.date,
        until: dt.date,
        *,
        page: int,
        page_size: int,
        error_status: str,
        include_cancelled: bool,
    ) -> Plan[RecordPage]:
        """One page of the records received between two days, latest versions only."""
        query = {
            "from_date": since.isoformat(),
            "to_date": until.isoformat(),
            "page": str(page),
            "page_size": str(page_size),
            "error_status": error_status,
            "include_cancelled": "true" if include_cancelled else "false",
        }
        _, data = yield from self._asked("list", query=query)
        total = _read.pick(data, "total")
        return RecordPage(
            items=tuple(_record(row, Findings()) for row in _read.rows(data, "items")),
            page=page,
            page_size=page_size,
            total=total if isinstance(total, int) and not isinstance(total, bool) else None,
        )

    def results(self, since: dt.date, until: dt.date) -> Plan[tuple[RecordOutcome, ...]]:
        """All pages of the list."""
        records: list[RecordOutcome] = []
        for number in count(1):
            page = yield from self.list_records(
                since,
                until,
                page=number,
                page_size=PAGE,
                error_status="all",
                include_cancelled=True,
            )
            records += page.items
            if page.last or not page.items:
                break
        return tuple(records)

    def reconciliation(self, since: dt.date, until: dt.date) -> Plan[tuple[DayCount, ...]]:
        """Counts per day of receipt, facility and kind."""
        query = {"from_date": since.isoformat(), "to_date": until.isoformat()}
        _, data = yield from self._asked("reconciliation", query=query)
        found = (_day_count(row) for row in _read.rows(data, "days"))
        return tuple(row for row in found if row is not None)

    def who_is(self, fields: Mapping[str, str]) -> Plan[tuple[PersonHit, ...]]:
        """The persons whom the fields of XML1 may belong to (vnhealth-defined)."""
        _, data = yield from self._who_is(fields)
        return tuple(
            PersonHit(
                code=_read.text(row, "ma_nguoi"),
                outcome=_read.text(row, "ket_qua"),
                rule=_read.text(row, "quy_tac"),
                records=_read.number(row, "so_ho_so"),
            )
            for row in _read.rows(data, "items")
        )

    def _who_is(self, fields: Mapping[str, str]) -> Plan[tuple[Envelope, dict[str, Any]]]:
        body = json.dumps(dict(fields), ensure_ascii=False).encode()
        return (yield from self._asked("who_is", headers=JSON, body=body))

    def ask_about(self, question: str, fields: Mapping[str, str]) -> Plan[Found]:
        """``who_is``: the persons whom the fields of XML1 may belong to."""
        envelope, data = yield from self._who_is(fields)
        rows = tuple(_read.rows(data, "items"))
        return Found(gateway=self.key, question=question, code=envelope.code, rows=rows)

    # commands

    def cancel(
        self, ma_lk: str, *, reason: str, request_id: str, facility: str | None
    ) -> Plan[Outcome]:
        """Withdraw a record; ``request_id`` makes a repetition harmless."""
        of = self.check_scope(facility or self.scope)
        body = repository.cancel_body(ma_lk, of, reason, request_id)
        return (yield from self._command("cancel", body, ma_lk, of))

    def restore(
        self, ma_lk: str, *, reason: str, request_id: str, facility: str | None
    ) -> Plan[Outcome]:
        """Take a cancellation back."""
        of = self.check_scope(facility or self.scope)
        body = repository.restore_body(ma_lk, of, reason, request_id)
        return (yield from self._command("restore", body, ma_lk, of))

    def _command(self, name: str, content: bytes, ma_lk: str, facility: str) -> Plan[Outcome]:
        endpoint = self.gateway.endpoint(name)
        answer = yield from self.ask(endpoint, headers=JSON, body=content)
        envelope = self._envelope(answer)
        assert envelope is not None
        status = Status.ACCEPTED if envelope.success else Status.REFUSED
        if envelope.code == "NOT_FOUND":
            status = Status.MISSING
        if envelope.success and name == "cancel":
            status = Status.CANCELLED
        found = Findings(self._findings(envelope))
        if status is Status.REFUSED and found.ok:
            said = gateway_finding(self.key, envelope.code, Severity.ERROR, text=envelope.message)
            found = Findings([said])
        return Outcome(
            gateway=self.key,
            status=status,
            call=name,
            code=envelope.code,
            message=envelope.message,
            facility=facility,
            keys=(ma_lk,),
            findings=found,
            raw=raw_answer(answer),
        )

    def _asked(self, name: str, **request: Any) -> Plan[tuple[Envelope, dict[str, Any]]]:
        endpoint = self.gateway.endpoint(name)
        answer = yield from self.ask(endpoint, **request)
        envelope = self._good(endpoint, answer)
        return envelope, envelope.data if isinstance(envelope.data, dict) else {}

    def _good(self, endpoint: Endpoint, answer: HttpAnswer) -> Envelope:
        envelope = self._envelope(answer)
        assert envelope is not None
        if envelope.success:
            return envelope
        params = self._params(endpoint.name, answer, envelope.code)
        raise Rejected(**params) if known_code(self.key, envelope.code) else RemoteError(**params)


class NationalGate(RepositoryGate):
    """The identified national store: it takes no check-in files."""

    capabilities = replace(RepositoryGate.capabilities, kinds=("claim",))


class DeidGate(RepositoryGate):
    """The de-identified national store: it takes its own files only and knows no persons."""

    capabilities = replace(RepositoryGate.capabilities, kinds=("deid",), lookups=())


def repository_class(key: str) -> type[RepositoryGate]:
    """The class for one of the repositories."""
    return {"national": NationalGate, "national_deid": DeidGate}.get(key, RepositoryGate)


def _items(value: Any) -> list[dict[str, Any]]:
    """Items of warnings or errors; a bare text counts as a message."""
    if isinstance(value, dict | str):
        value = [value]
    if not isinstance(value, list):
        return []
    return [{"message": item} if isinstance(item, str) else item for item in value if item]


def _state(word: str) -> Status | None:
    try:
        return STATES[RecordStatus(word.upper())]
    except ValueError:
        return None


def _record(row: dict[str, Any], found: Findings) -> RecordOutcome:
    return RecordOutcome(
        ma_lk=_read.text(row, "ma_lk") or None,
        status=_state(_read.text(row, "status")) or Status.UNKNOWN,
        facility=_read.facility(_read.text(row, "ma_cskcb")),
        transaction=_read.text(row, "tracking_id") or None,
        received_at=_read.moment(_read.text(row, "received_at")),
        judged_at=_read.moment(_read.text(row, "processed_at")),
        signature=_read.text(row, "signature_status"),
        findings=found,
    )


def _day_count(row: dict[str, Any]) -> DayCount | None:
    day = _read.day(_read.text(row, "date"))
    if day is None:
        return None
    kind = _read.text(row, "kind")
    return DayCount(
        day=day,
        facility=_read.facility(_read.text(row, "ma_cskcb")),
        kind=kind if kind in ("claim", "checkin", "deid") else "",
        received=_read.number(row, "received"),
        sent=_read.number(row, "sent"),
        accepted=_read.number(row, "accepted"),
        warned=_read.number(row, "accepted_with_warning"),
        refused=_read.number(row, "refused"),
        pending=_read.number(row, "pending"),
        replaced=_read.number(row, "replaced"),
        cancelled=_read.number(row, "cancelled"),
    )
