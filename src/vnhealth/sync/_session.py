"""Account, password, token: held in one place, shown nowhere."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn, Protocol, runtime_checkable
from urllib.parse import urlsplit

from vnhealth.sync._codes import MASK
from vnhealth.sync._errors import NotSent

__all__ = ["Account", "Clock", "Credentials", "Secret", "Session", "Token", "base_of"]

Clock = Callable[[], dt.datetime]
"""Gives the present moment, aware."""

LOOPBACK = ("127.0.0.1", "::1", "localhost")
PAUSE = dt.timedelta(seconds=60)
"""How long no login is tried after a fresh session was refused."""


def system_clock() -> dt.datetime:
    """The clock of this machine: the default of the clients, replaced in tests."""
    return dt.datetime.now(dt.UTC)


@runtime_checkable
class Account(Protocol):
    """What a client needs to know; `Credentials` or any object with these four attributes."""

    @property
    def base_url(self) -> str:
        """Address of the gateway, without the paths of its calls."""
        ...

    @property
    def username(self) -> str:
        """Name of the account."""
        ...

    @property
    def password(self) -> str:
        """Clear text."""
        ...

    @property
    def facility(self) -> str:
        """Facility code, or the two characters of a province for an account of its department."""
        ...


@dataclass(frozen=True, slots=True)
class Credentials:
    """An account at one gateway. The password is clear text; it is not part of the repr.

    ``login_url`` is for gateways that log in at another host than the one that takes files,
    ``client_id`` for those whose login is that of OAuth 2.
    ``sign`` makes an RSA-SHA256 signature with the key that a gateway gave out for messages, such
    as ``signer.sign`` of a `vnhealth.signing.Signer`; only gateways that say so want it.
    ``gln`` is the facility's number of 13 digits, for gateways that know it by both codes.
    ``role`` says who logs in where a gateway has several kinds of account: at the e-prescription
    system facility, doctor or pharmacy.

    >>> Credentials("https://gateway.example", "01001_BV", "secret", "01001")
    Credentials(base_url='https://gateway.example', username='01001_BV', facility='01001')
    """

    base_url: str
    username: str
    password: str = field(repr=False)
    facility: str
    login_url: str = field(default="", repr=False)
    client_id: str = field(default="", repr=False)
    sign: Callable[[bytes], bytes] | None = field(default=None, repr=False, compare=False)
    role: str = field(default="", repr=False)
    gln: str = field(default="", repr=False)

    @classmethod
    def from_mapping(cls, values: Mapping[str, str]) -> Credentials:
        """From a mapping with these four keys, such as an entry of the sandbox's ready file."""
        return cls(values["base_url"], values["username"], values["password"], values["facility"])


class Secret:
    """A text that is not shown, not compared by accident and not pickled.

    >>> Secret("hunter2"), f"{Secret('hunter2')}"
    (•••, '•••')
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret cannot be pickled or copied")


@dataclass(frozen=True, slots=True, repr=False)
class Token:
    """A session at a gateway. ``ends`` is by this machine's clock; ``number`` counts logins."""

    access: str
    id: str
    ends: dt.datetime
    number: int

    def __repr__(self) -> str:
        return f"<Token {self.number}>"


class Session:
    """The one token of a client and the rules that keep it from logging in too often."""

    def __init__(self, username: str, secret: Secret, clock: Clock, skew: dt.timedelta) -> None:
        self.username = username
        self.secret = secret
        self.clock = clock
        self.token: Token | None = None
        self.offset = dt.timedelta()
        """The gateway's clock minus ours, when its answers tell."""
        self._skew = skew
        self._logins = 0
        self._refused = False
        self._not_before: dt.datetime | None = None

    def usable(self) -> Token | None:
        """The token, unless it is over or nearly so."""
        token = self.token
        return token if token is not None and self.clock() < token.ends else None

    def opened(self, access: str, id_: str, ends: dt.datetime | None, life: dt.timedelta) -> Token:
        """Keep a new token. ``ends`` is by the gateway's clock; ``life`` counts without it.

        It is left before its end by the margin, but at most by half of its life. A token that
        seems to be over at birth means that a clock is wrong: then ``life`` counts.
        """
        now = self.clock()
        ours = now + life if ends is None else ends - self.offset
        if ours <= now:
            ours = now + life
        self._logins += 1
        margin = min(self._skew, (ours - now) / 2)
        self.token = Token(access, id_, ours - margin, self._logins)
        self._refused = False
        return self.token

    def close(self) -> None:
        """Forget the token."""
        self.token = None

    def may_login(self) -> str | None:
        """None when a login may be tried, else the error code that says why not."""
        if self._refused:
            return "ERR-SYNC-08"
        if self._not_before is not None and self.clock() < self._not_before:
            return "ERR-SYNC-07"
        return None

    def refused(self) -> None:
        """The password was refused: no further login until somebody asks for one."""
        self.token = None
        self._refused = True

    def doubted(self, token: Token) -> None:
        """A token that was just made was refused: no further login for a while."""
        if self.token is token:
            self.token = None
            self._not_before = self.clock() + PAUSE

    def forgiven(self) -> None:
        """Somebody asks for a login: forget earlier refusals."""
        self._refused = False
        self._not_before = None

    def __repr__(self) -> str:
        return f"<Session {'open' if self.usable() else 'closed'}>"


def base_of(account: Account, *, trusted: bool, login: bool = False) -> str:
    """An address of an account, checked; ``trusted`` allows plain http to another machine.

    ``login`` asks for the address of the login, which is the same unless the account says else.

    Raises `NotSent` (ERR-SYNC-16, ERR-SYNC-17).

    >>> base_of(Credentials("https://gateway.example/vss/", "u", "p", "01001"), trusted=False)
    'https://gateway.example/vss'
    """
    if not account.username or not account.facility:
        raise NotSent("ERR-SYNC-17", what="username, facility")
    base = (getattr(account, "login_url", "") if login else "") or account.base_url
    try:
        parts = urlsplit(base)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        raise NotSent("ERR-SYNC-17", what="base_url") from None
    odd: tuple[Any, ...] = (parts.username, parts.password, parts.query, parts.fragment)
    if parts.scheme not in ("http", "https") or not host or any(odd):
        raise NotSent("ERR-SYNC-17", what="base_url")
    if parts.scheme == "http" and not trusted and host not in LOOPBACK:
        raise NotSent("ERR-SYNC-16")
    return base.rstrip("/")
