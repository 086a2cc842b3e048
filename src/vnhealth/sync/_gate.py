"""What all gateways share on the client's side: sessions, calls, delivery, asking again.

Everything here is a plan (see `vnhealth.sync._wire`): no socket, no clock, no sleep of its own.
"""

from __future__ import annotations

import datetime as dt
import logging
import random
import re
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any, NoReturn
from urllib.parse import urlencode, urlsplit

from vnhealth import __version__
from vnhealth.protocol import Endpoint, gateway
from vnhealth.sync._body import Body, digest_of, in_scope
from vnhealth.sync._codes import Take, known_code, safe_code, take_of
from vnhealth.sync._errors import (
    AuthFailed,
    ConnectionFailed,
    NotSent,
    RateLimited,
    Rejected,
    RemoteError,
    SyncError,
    TimedOut,
    Unavailable,
)
from vnhealth.sync._mask import raw_answer
from vnhealth.sync._outcome import DayCount, Outcome, Status
from vnhealth.sync._retry import Resend, RetryPolicy, Trail, exchange
from vnhealth.sync._session import Account, Clock, Secret, Session, Token, base_of
from vnhealth.sync._wire import Guarded, HttpAnswer, HttpRequest, Lost, Plan, Wait

__all__ = ["Gate", "log"]

log = logging.getLogger("vnhealth.sync")
"""Traffic at DEBUG, retries and lost answers at WARNING. Names, sizes and known codes only."""

SKEW = dt.timedelta(seconds=60)
"""A token is left so long before its end."""
ODD_CLOCK = dt.timedelta(minutes=5)
_TOKEN = re.compile(r"[!-~]{1,8192}")


class Gate(ABC):
    """One account at one gateway. Subclasses know the wire; this class knows the rules."""

    def __init__(
        self,
        key: str,
        account: Account,
        secret: str,
        *,
        clock: Clock,
        retry: RetryPolicy,
        trusted: bool,
    ) -> None:
        self.gateway = gateway(key)
        self.key = key
        self.scope = account.facility
        self.policy = retry
        self.origin, self._prefix = _split(base_of(account, trusted=trusted))
        self.session = Session(account.username, Secret(secret), clock, SKEW)
        self._rng = random.Random(zlib.crc32(f"{key}:{account.username}".encode()))

    @abstractmethod
    def _login_request(self) -> HttpRequest:
        """Log in."""

    @abstractmethod
    def _login_code(self, answer: HttpAnswer) -> str | None:
        """The result code of a login, None when the answer is none of the contract."""

    @abstractmethod
    def _open(self, answer: HttpAnswer) -> Token | None:
        """Open the session from an answer of the contract; None when it holds no usable token."""

    @abstractmethod
    def _code(self, answer: HttpAnswer) -> str | None:
        """The result code of any other call, None when the answer is none of the contract."""

    @abstractmethod
    def _session_headers(self, token: Token) -> dict[str, str]:
        """The headers that prove who calls."""

    @abstractmethod
    def _receipt(self, answer: HttpAnswer, body: Body) -> Outcome:
        """What an answer of the contract says of a file that was sent."""

    @abstractmethod
    def look_up(self, outcome: Outcome) -> Plan[Outcome]:
        """Ask what became of a file: by its transaction, else by its first record."""

    @abstractmethod
    def reconciliation(self, since: dt.date, until: dt.date) -> Plan[tuple[DayCount, ...]]:
        """Counts per day of receipt."""

    # requests

    def _request(
        self,
        endpoint: Endpoint,
        *,
        path: str | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> HttpRequest:
        target = self._prefix + (path or endpoint.path)
        if query:
            target += "?" + urlencode(query)
        base = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": f"vnhealth/{__version__}",
        }
        return HttpRequest(
            endpoint.name, endpoint.method, target, {**base, **(headers or {})}, body
        )

    # sessions

    def login(self) -> Plan[None]:
        """Log in now, whatever was cached or refused before."""
        self.session.forgiven()
        stale = self.session.token
        self.session.close()
        yield Guarded(self._login(stale))

    def _login(self, stale: Token | None) -> Plan[Token]:
        session = self.session
        token = session.usable()
        if token is not None and token is not stale:
            return token
        why = session.may_login()
        if why is not None:
            raise AuthFailed(why, gateway=self.key)
        trail = Trail()
        got, take = yield from exchange(
            self._login_request(),
            lambda answer: take_of(self.key, answer.status, self._login_code(answer)),
            resend=Resend.SAFE,
            policy=self.policy,
            rng=self._rng,
            trail=trail,
        )
        self._note_clock(got)
        if isinstance(got, Lost) or take not in (Take.ANSWERED, Take.AUTH):
            self._fail("login", got, take)
        if take is Take.ANSWERED:
            opened = self._open(got)
            if opened is not None:
                log.info("%s: login, session %d", self.key, opened.number)
                return opened
        code = self._login_code(got) or ""
        known = known_code(self.key, code)
        if take is Take.AUTH or (known is not None and known.outcome == "refused"):
            session.refused()
            log.warning("%s: login refused, code %s", self.key, safe_code(self.key, code))
            raise AuthFailed(**self._params("login", got, code))
        raise Unavailable(**self._params("login", got, code))

    def _usable_token(self, text: Any) -> str | None:
        return text if isinstance(text, str) and _TOKEN.fullmatch(text) else None

    def _foreign_session(self, answer: HttpAnswer) -> NoReturn:
        """The gateway opened a session of somebody else: never use it, never ask for another."""
        self.session.refused()
        log.error("%s: the session is not of this account", self.key)
        raise AuthFailed("ERR-SYNC-09", **self._params("login", answer, ""))

    def _note_clock(self, got: HttpAnswer | Lost) -> None:
        date = None if isinstance(got, Lost) else got.date
        if date is None:
            return
        offset = date - self.session.clock()
        if abs(offset) > ODD_CLOCK and abs(offset - self.session.offset) > ODD_CLOCK:
            log.warning("%s: clocks differ by %d s", self.key, round(offset.total_seconds()))
        self.session.offset = offset

    # calls

    def call(
        self,
        build: Callable[[Token], HttpRequest],
        *,
        resend: Resend = Resend.SAFE,
        trail: Trail | None = None,
    ) -> Plan[tuple[HttpAnswer | Lost, Take]]:
        """Send under the session; when it was refused, log in once and send once more."""
        trail = trail or Trail()
        token = self.session.usable()
        if token is None:
            token = yield Guarded(self._login(None))
        for last in (False, True):
            request = build(token)
            got, take = yield from exchange(
                request,
                lambda answer: take_of(self.key, answer.status, self._code(answer)),
                resend=resend,
                policy=self.policy,
                rng=self._rng,
                trail=trail,
            )
            self._log_answer(request, got, take)
            if take is not Take.AUTH:
                break
            if last:
                self.session.doubted(token)
                raise AuthFailed("ERR-SYNC-07", gateway=self.key)
            token = yield Guarded(self._login(token))
        return got, take

    def ask(self, endpoint: Endpoint, **request: Any) -> Plan[HttpAnswer]:
        """A call that may be repeated; gives an answer of the contract or raises."""
        given: Mapping[str, str] = request.pop("headers", {})

        def build(token: Token) -> HttpRequest:
            headers = {**given, **self._session_headers(token)}
            return self._request(endpoint, headers=headers, **request)

        got, take = yield from self.call(build)
        if isinstance(got, Lost) or take is not Take.ANSWERED:
            self._fail(endpoint.name, got, take)
        return got

    def _log_answer(self, request: HttpRequest, got: HttpAnswer | Lost, take: Take) -> None:
        if isinstance(got, Lost):
            log.warning("%s.%s: no answer (%s)", self.key, request.name, got.reason)
            return
        code = safe_code(self.key, self._code(got) or "")
        log.debug(
            "%s.%s: %d bytes sent, HTTP %d, code %s, %s",
            *(self.key, request.name, len(request.body), got.status, code, take.name),
        )

    def _params(self, call: str, answer: HttpAnswer, code: str) -> dict[str, Any]:
        asked = answer.retry_after_s
        return {
            "gateway": self.key,
            "call": call,
            "status": answer.status,
            "remote_code": safe_code(self.key, code),
            "request_id": answer.request_id,
            **({} if asked is None else {"retry_after_s": asked}),
        }

    def _fail(self, call: str, got: HttpAnswer | Lost, take: Take) -> NoReturn:
        raise self._error(call, got, take)

    def _error(self, call: str, got: HttpAnswer | Lost, take: Take) -> SyncError:
        if isinstance(got, Lost):
            said = {"gateway": self.key, "reason": got.reason}
            if "timeout" in got.reason:
                return TimedOut(**said) if got.sent else ConnectionFailed(**said)
            return ConnectionFailed("ERR-SYNC-03" if got.sent else None, **said)
        params = self._params(call, got, self._code(got) or "")
        if take is Take.BUSY:
            return RateLimited(**params) if got.status == 429 else Unavailable(**params)
        if take is Take.BARRED:
            return Rejected(**params)
        if take is Take.UNCLEAR:
            return Unavailable(**params)
        return RemoteError(**params)

    # files

    def deliver(
        self,
        endpoint: Endpoint,
        body: Body,
        *,
        headers: Mapping[str, str],
        content: bytes,
        resend: Resend,
    ) -> Plan[Outcome]:
        """Send one file. Raises only when the gateway certainly did not take it."""
        trail = Trail()

        def build(token: Token) -> HttpRequest:
            proof = self._session_headers(token)
            return self._request(endpoint, headers={**headers, **proof}, body=content)

        try:
            got, take = yield from self.call(build, resend=resend, trail=trail)
            if isinstance(got, Lost) or take is not Take.ANSWERED:
                self._fail(endpoint.name, got, take)
            outcome = self._receipt(got, body)
        except SyncError as error:
            if not trail.maybe_taken:
                raise
            last = trail.last if isinstance(trail.last, HttpAnswer) else None
            log.warning("%s.%s: unknown after %s", self.key, endpoint.name, error.code)
            outcome = Outcome(
                gateway=self.key,
                status=Status.UNKNOWN,
                code="" if last is None else self._code(last) or "",
                cause=error.code,
                raw=None if last is None else raw_answer(last),
            )
        log.debug("%s.%s: file %s %s", self.key, endpoint.name, body.digest[:12], outcome.status)
        return replace(
            outcome,
            call=endpoint.name,
            facility=body.facility,
            keys=body.keys,
            digest=body.digest,
            attempts=trail.attempts,
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

    @abstractmethod
    def send_again(self, outcome: Outcome, xml: bytes) -> Plan[Outcome]:
        """Send a file by the call that it went by before."""

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


def _carried(outcome: Outcome, found: Outcome) -> Outcome:
    return replace(
        found,
        call=outcome.call,
        facility=outcome.facility or found.facility,
        keys=outcome.keys,
        digest=outcome.digest,
        attempts=outcome.attempts,
        received_at=found.received_at or outcome.received_at,
        transaction=found.transaction or outcome.transaction,
    )


def _split(base: str) -> tuple[str, str]:
    parts = urlsplit(base)
    return f"{parts.scheme}://{parts.netloc}", parts.path
