"""What all gateways share on the client's side: delivery of files, asking again.

A gateway's own class derives from `Gate`; how to add one stands in `vnhealth.sync._registry`.
"""

from __future__ import annotations

import datetime as dt
from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from vnhealth.protocol import Endpoint
from vnhealth.sync._body import Body, body_of, digest_of, in_scope
from vnhealth.sync._calls import Caller, log
from vnhealth.sync._capabilities import Capabilities, Found
from vnhealth.sync._codes import Take
from vnhealth.sync._errors import NotSent, NotSupported, SyncError
from vnhealth.sync._mask import raw_answer
from vnhealth.sync._outcome import DayCount, Notice, Outcome, RecordOutcome, Status
from vnhealth.sync._retry import Resend, Trail
from vnhealth.sync._session import Token
from vnhealth.sync._wire import HttpAnswer, HttpRequest, Lost, Plan, Wait

__all__ = ["Gate"]


class Gate(Caller):
    """One account at one gateway. Subclasses know the wire; this class knows the rules."""

    capabilities: ClassVar[Capabilities]

    # what a gateway's own class says

    @abstractmethod
    def endpoint_for(self, kind: str, edition: str) -> Endpoint:
        """The call for a kind of file; ``edition`` is empty where neither caller nor file tell."""

    def body(self, data: bytes, kind: str) -> Body:
        """Look at a file before it goes out: whose it is, which records it holds.

        XML of the standards and de-identified files; a gateway with files of its own overrides
        this, reads facility and keys itself and returns `vnhealth.sync._body.checked_body`.
        """
        return body_of(data, kind=kind, scope=self.scope)

    @abstractmethod
    def send(self, endpoint: Endpoint, body: Body) -> Plan[Outcome]:
        """Build the request of one file and `deliver` it."""

    @abstractmethod
    def _receipt(self, answer: HttpAnswer, body: Body) -> Outcome:
        """What an answer of the contract says of a file that was sent."""

    def _receipts(self, answer: HttpAnswer, bodies: Sequence[Body]) -> tuple[Outcome, ...]:
        """The same for all files of one call, in their order."""
        return tuple(self._receipt(answer, body) for body in bodies)

    def look_up(self, outcome: Outcome) -> Plan[Outcome]:
        """Ask what became of a file: by its transaction, else by its first record."""
        raise self.lacks("status")

    def results(self, since: dt.date, until: dt.date) -> Plan[tuple[RecordOutcome, ...]]:
        """The records received between two days, latest versions only."""
        raise self.lacks("results")

    def reconciliation(self, since: dt.date, until: dt.date) -> Plan[tuple[DayCount, ...]]:
        """Counts per day of receipt."""
        raise self.lacks("counts")

    def notices(self, since: dt.date, until: dt.date) -> Plan[tuple[Notice, ...]]:
        """What the gateway told of its own accord between two days."""
        raise self.lacks("notices")

    def ask_about(self, question: str, fields: Mapping[str, str]) -> Plan[Found]:
        """Answer a question that stands in the capabilities."""
        raise self.lacks(question)

    # the rules

    def lacks(self, what: str) -> NotSupported:
        """The error for something that this gateway does not have."""
        return NotSupported(gateway=self.key, what=what)

    def lookup(self, question: str, fields: Mapping[str, str]) -> Plan[Found]:
        """Ask about a card, a person, a prescription; only what the capabilities name."""
        if question not in self.capabilities.lookups:
            raise self.lacks(question)
        return (yield from self.ask_about(question, fields))

    def submit_file(self, data: bytes, *, kind: str, edition: str = "") -> Plan[Outcome]:
        """Send one file by the call for its kind and edition."""
        body = self.body(data, kind)
        endpoint = self.endpoint_for(kind, edition or body.edition)
        return (yield from self.send(endpoint, body))

    def send_again(self, outcome: Outcome, data: bytes) -> Plan[Outcome]:
        """Send a file by the call that it went by before."""
        body = self.body(data, outcome.kind)
        return (yield from self.send(self.gateway.endpoint(outcome.call), body))

    def in_doubt(self, data: bytes, *, kind: str, edition: str = "") -> Outcome:
        """The outcome ``unknown`` of a file that may have gone out before the program ended."""
        body = self.body(data, kind)
        endpoint = self.endpoint_for(kind, edition or body.edition)
        doubt = Outcome(gateway=self.key, status=Status.UNKNOWN, cause="ERR-SYNC-03")
        return _labelled(endpoint, doubt, body, attempts=1)

    def submit_files(
        self, files: Sequence[bytes], *, kind: str, edition: str
    ) -> Plan[tuple[Outcome, ...]]:
        """One after the other; a gateway that takes several files in one call overrides this.

        An error before anything was taken is raised. Later on, a file that certainly did not go
        out gives an outcome ``not_sent`` with the error as its cause.
        """
        if kind not in self.capabilities.kinds:
            raise self.lacks(kind)
        outcomes: list[Outcome] = []
        for data in files:
            try:
                outcomes.append((yield from self.submit_file(data, kind=kind, edition=edition)))
            except SyncError as error:
                if not outcomes:
                    raise
                outcomes.append(self.not_sent(data, error))
        return tuple(outcomes)

    def not_sent(self, data: bytes, error: SyncError) -> Outcome:
        """The outcome of a file that certainly did not go out."""
        return Outcome(
            gateway=self.key,
            status=Status.NOT_SENT,
            digest=digest_of(data),
            cause=error.code,
            attempts=0,
        )

    def deliver(self, endpoint: Endpoint, body: Body, **call: Any) -> Plan[Outcome]:
        """`deliver_all` for one file."""
        return (yield from self.deliver_all(endpoint, [body], **call))[0]

    def deliver_all(
        self,
        endpoint: Endpoint,
        bodies: Sequence[Body],
        *,
        headers: Mapping[str, str],
        content: bytes,
        resend: Resend,
        query: Mapping[str, str] | None = None,
    ) -> Plan[tuple[Outcome, ...]]:
        """Send files in one call. Raises only when the gateway certainly took none of them."""
        trail = Trail()

        def build(token: Token) -> HttpRequest:
            return self.proven(endpoint, token, query=query, headers=headers, body=content)

        try:
            got, take = yield from self.call(build, resend=resend, trail=trail)
            if isinstance(got, Lost) or take is not Take.ANSWERED:
                self._fail(endpoint.name, got, take)
            outcomes = self._receipts(got, bodies)
        except SyncError as error:
            if not trail.maybe_taken:
                raise
            outcomes = (self._hidden(endpoint, trail, error),) * len(bodies)
        for outcome, body in zip(outcomes, bodies, strict=True):
            said = (self.key, endpoint.name, body.digest[:12], outcome.status)
            log.debug("%s.%s: file %s %s", *said)
        return tuple(
            _labelled(endpoint, outcome, body, attempts=trail.attempts)
            for outcome, body in zip(outcomes, bodies, strict=True)
        )

    def _hidden(self, endpoint: Endpoint, trail: Trail, error: SyncError) -> Outcome:
        """The outcome of a file whose answer was lost."""
        last = trail.last if isinstance(trail.last, HttpAnswer) else None
        log.warning("%s.%s: unknown after %s", self.key, endpoint.name, error.code)
        return Outcome(
            gateway=self.key,
            status=Status.UNKNOWN,
            code="" if last is None else self._code(last) or "",
            cause=error.code,
            raw=None if last is None else raw_answer(last),
        )

    def check_scope(self, facility: str) -> str:
        """The facility, if the account may act for it; else `NotSent`."""
        if not in_scope(facility, self.scope) and facility != self.scope:
            raise NotSent("ERR-SYNC-13")
        return facility

    def refresh(self, outcome: Outcome) -> Plan[Outcome]:
        """Ask what became of a file that was received.

        A gateway may not show for hours what it has acknowledged: then the outcome stays as it was.
        """
        if outcome.final or not (outcome.transaction or (outcome.received and outcome.keys)):
            return outcome
        found = yield from self.look_up(outcome)
        return outcome if found.status is Status.MISSING else _carried(outcome, found)

    def status(self, outcome: Outcome, known: Collection[str]) -> Plan[Outcome]:
        """`confirm` when it is not known whether the file arrived, else `refresh`."""
        if not self.capabilities.status:
            raise self.lacks("status")
        if outcome.status is Status.UNKNOWN:
            return (yield from self.confirm(outcome, known))
        return (yield from self.refresh(outcome))

    def confirm(self, outcome: Outcome, known: Collection[str]) -> Plan[Outcome]:
        """Ask whether a file with outcome ``unknown`` arrived."""
        if outcome.status is not Status.UNKNOWN or not outcome.keys:
            return outcome
        found = yield from self.look_up(outcome)
        if found.status is Status.MISSING or found.transaction in known:
            return replace(outcome, status=Status.MISSING, cause="")
        return _carried(outcome, found) if found.transaction else outcome

    def resend(self, outcome: Outcome, xml: bytes, known: Collection[str]) -> Plan[Outcome]:
        """Ask first; send again only what the gateway says it does not hold."""
        if outcome.digest != digest_of(xml):
            raise NotSent("ERR-SYNC-18")
        if outcome.status is Status.UNKNOWN:
            outcome = yield from self.confirm(outcome, known)
        if outcome.status is not Status.MISSING:
            return outcome
        return (yield from self.send_again(outcome, xml))

    def wait(self, outcome: Outcome, *, timeout_s: float, every_s: float) -> Plan[Outcome]:
        """Ask again and again until there is a verdict or the time is over."""
        looks = max(int(timeout_s // every_s), 0)
        for left in range(looks, -1, -1):
            try:
                outcome = yield from self.refresh(outcome)
            except SyncError as error:
                if not error.retryable or not left:
                    raise
            if outcome.final or outcome.status in (Status.UNKNOWN, Status.MISSING) or not left:
                break
            yield Wait(every_s)
        return outcome


def _labelled(endpoint: Endpoint, outcome: Outcome, body: Body, *, attempts: int) -> Outcome:
    return replace(
        outcome,
        call=endpoint.name,
        kind=body.kind,
        facility=body.facility,
        keys=body.keys,
        digest=body.digest,
        attempts=attempts,
    )


def _carried(outcome: Outcome, found: Outcome) -> Outcome:
    return replace(
        found,
        call=outcome.call,
        kind=outcome.kind,
        facility=outcome.facility or found.facility,
        keys=outcome.keys,
        digest=outcome.digest,
        attempts=outcome.attempts,
        received_at=found.received_at or outcome.received_at,
        transaction=found.transaction or outcome.transaction,
    )
