"""How every gateway is called: one session, one login more when it was refused, errors by kind.

Everything here is a plan (see `vnhealth.sync._wire`): no socket, no clock, no sleep of its own.
"""

from __future__ import annotations

import datetime as dt
import logging
import random
import re
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, NoReturn
from urllib.parse import urlencode, urlsplit

from vnhealth import __version__
from vnhealth.protocol import Endpoint, gateway
from vnhealth.sync._codes import Take, known_code, safe_code, take_of
from vnhealth.sync._errors import (
    AuthFailed,
    ConnectionFailed,
    RateLimited,
    Rejected,
    RemoteError,
    SyncError,
    TimedOut,
    Unavailable,
)
from vnhealth.sync._retry import Resend, RetryPolicy, Trail, exchange
from vnhealth.sync._session import Account, Clock, Secret, Session, Token, base_of
from vnhealth.sync._wire import Guarded, HttpAnswer, HttpRequest, Lost, Plan

__all__ = ["Caller", "log"]

log = logging.getLogger("vnhealth.sync")
"""Traffic at DEBUG, retries and lost answers at WARNING. Names, sizes and known codes only."""

SKEW = dt.timedelta(seconds=60)
"""A token is left so long before its end."""
ODD_CLOCK = dt.timedelta(minutes=5)
_TOKEN = re.compile(r"[!-~]{1,8192}")


class Caller(ABC):
    """One account at one gateway, and the calls it may make."""

    def __init__(
        self,
        key: str,
        account: Account,
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
        self._login_place = _split(base_of(account, trusted=trusted, login=True))
        self.session = Session(account.username, Secret(self._secret(account)), clock, SKEW)
        self._rng = random.Random(zlib.crc32(f"{key}:{account.username}".encode()))

    def _secret(self, account: Account) -> str:
        """What is kept of the password: the clear text, unless the gateway never wants that."""
        return account.password

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
        origin, prefix = "", self._prefix
        if endpoint.name == "login":
            origin, prefix = self._login_place
        target = prefix + (path or endpoint.path)
        if query:
            target += "?" + urlencode(query)
        base = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": f"vnhealth/{__version__}",
        }
        return HttpRequest(
            endpoint.name, endpoint.method, target, {**base, **(headers or {})}, body, origin
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
        got, take = yield from self.call(lambda token: self.proven(endpoint, token, **request))
        if isinstance(got, Lost) or take is not Take.ANSWERED:
            self._fail(endpoint.name, got, take)
        return got

    def proven(self, endpoint: Endpoint, token: Token, **request: Any) -> HttpRequest:
        """A request that proves who calls: by headers, unless a gateway wants it elsewhere."""
        given: Mapping[str, str] = request.pop("headers", None) or {}
        headers = {**given, **self._session_headers(token)}
        return self._request(endpoint, headers=headers, **request)

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


def _split(base: str) -> tuple[str, str]:
    parts = urlsplit(base)
    return f"{parts.scheme}://{parts.netloc}", parts.path
