"""The health-data axis of Hà Nội as its client sees it: several files in one call."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import quote

import pybase64

from vnhealth.protocol import Endpoint, hanoi
from vnhealth.protocol.hanoi import BatchReply, FileResult, LoginReply
from vnhealth.protocol.vss import parse_expiry
from vnhealth.sync._bearer import JSON, BearerGate, read_as
from vnhealth.sync._body import Body
from vnhealth.sync._capabilities import Capabilities
from vnhealth.sync._codes import known_code
from vnhealth.sync._errors import Rejected
from vnhealth.sync._outcome import Outcome, Status
from vnhealth.sync._session import Token
from vnhealth.sync._verdict import file_outcome
from vnhealth.sync._wire import HttpAnswer, HttpRequest, Plan

__all__ = ["HanoiGate"]

BATCH = 20
"""Files in one call. How many the axis takes is not established."""


class HanoiGate(BearerGate):
    """Every file has an outcome of its own; the count of the whole call is never the verdict."""

    capabilities = Capabilities(kinds=("claim",), status=True, batch=BATCH)
    life = dt.timedelta(minutes=15)

    # login

    def _login_request(self) -> HttpRequest:
        password = self.session.secret.reveal()
        body = hanoi.login_body(self.session.username, password, self.scope)
        return self._request(self.gateway.endpoint("login"), headers=JSON, body=body)

    def _login_code(self, answer: HttpAnswer) -> str | None:
        reply = read_as(LoginReply, answer)
        return None if reply is None else ("200" if reply.ok else "401")

    def _open(self, answer: HttpAnswer) -> Token | None:
        reply = read_as(LoginReply, answer)
        if reply is None or not reply.ok:
            return None
        if reply.username and reply.username.casefold() != self.session.username.casefold():
            self._foreign_session(answer)
        server = self.session.clock() + self.session.offset
        return self._opened(reply.access_token, parse_expiry(reply.expires_in, server))

    def _code(self, answer: HttpAnswer) -> str | None:
        reply = read_as(BatchReply, answer)
        return None if reply is None else reply.code

    # files

    def submit_files(
        self, files: Sequence[bytes], *, kind: str, edition: str
    ) -> Plan[tuple[Outcome, ...]]:
        """As many calls as there are lots of `BATCH` files."""
        if kind not in self.capabilities.kinds:
            raise self.lacks(kind)
        bodies = [self.body(data, kind) for data in files]
        outcomes: list[Outcome] = []
        for start in range(0, len(bodies), BATCH):
            lot = bodies[start : start + BATCH]
            outcomes += yield from self._send_lot(self.gateway.endpoint("submit"), lot)
        return tuple(outcomes)

    def send(self, endpoint: Endpoint, body: Body) -> Plan[Outcome]:
        """A call with one file."""
        return (yield from self._send_lot(endpoint, [body]))[0]

    def _send_lot(self, endpoint: Endpoint, lot: Sequence[Body]) -> Plan[tuple[Outcome, ...]]:
        coded = [pybase64.b64encode(body.data).decode("ascii") for body in lot]
        content = hanoi.submit_body(lot[0].facility, coded)
        return (
            yield from self.deliver_all(
                endpoint, lot, headers=JSON, content=content, resend=self._again
            )
        )

    def _receipt(self, answer: HttpAnswer, body: Body) -> Outcome:
        return self._receipts(answer, [body])[0]

    def _receipts(self, answer: HttpAnswer, bodies: Sequence[Body]) -> tuple[Outcome, ...]:
        reply = read_as(BatchReply, answer)
        assert reply is not None
        if len(reply.results) == len(bodies):
            return tuple(self._file(answer, result) for result in reply.results)
        whole = self._verdict(answer, reply.code, message=reply.message, accepted=Status.UNKNOWN)
        return (whole,) * len(bodies)

    def _file(self, answer: HttpAnswer, result: FileResult) -> Outcome:
        """One file: taken, refused, or left out for a passing reason."""
        outcome = self._verdict(
            answer,
            result.code,
            transaction=result.transaction,
            message=result.message,
            accepted=Status.PENDING,
        )
        known = known_code(self.key, result.code)
        left_out = known is not None and known.outcome == "transient" and not result.transaction
        return replace(outcome, status=Status.MISSING) if left_out else outcome

    # questions (the form of the answer is vnhealth-defined)

    def look_up(self, outcome: Outcome) -> Plan[Outcome]:
        """By maGiaoDich only: a file whose answer was lost has none and cannot be asked about."""
        if not outcome.transaction:
            raise self.lacks("status without maGiaoDich")
        endpoint = self.gateway.endpoint("status")
        path = endpoint.path.replace("{maGiaoDich}", quote(outcome.transaction, safe=""))
        answer = yield from self.ask(endpoint, path=path)
        code = self._code(answer) or ""
        if code == "404":
            return Outcome(gateway=self.key, status=Status.MISSING, code=code)
        if code != "200":
            raise Rejected(**self._params(endpoint.name, answer, code))
        return file_outcome(self.key, endpoint.name, answer, answer.document() or {})
