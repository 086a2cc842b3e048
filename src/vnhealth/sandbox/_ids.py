"""Identifiers and tokens made from the seed: the same calls give the same bytes."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import hmac
import random
import uuid
from dataclasses import dataclass

__all__ = ["IdMaker", "Session", "same"]

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def same(left: str | bytes, right: str | bytes) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(_bytes(left), _bytes(right))


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")


@dataclass(frozen=True, slots=True)
class Session:
    """Who a token was given to, and until when (aware)."""

    gateway: str
    username: str
    expires: dt.datetime
    number: int


class IdMaker:
    """Makes transaction ids, passwords and tokens from a seed and rising numbers.

    Tokens carry their own facts under a keyed hash, so nothing has to be remembered and a restart
    ends no session. Whoever knows the seed can make them: this is a sandbox.

    >>> ids = IdMaker(7)
    >>> token = ids.token(Session("vss", "01001_BV", EPOCH, 1))
    >>> "," in token or ":" in token, ids.session(token).username
    (False, '01001_BV')
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._secret = hashlib.sha256(b"vnhealth sandbox %d" % seed).digest()

    def _mac(self, purpose: str, *parts: str | int) -> bytes:
        text = "\x1f".join((purpose, *map(str, parts)))
        return hmac.digest(self._secret, text.encode(), "sha256")

    def letters(self, count: int, purpose: str, *parts: str | int) -> str:
        """Letters and digits (A-Z, 2-7) that depend on the seed and the parts."""
        return base64.b32encode(self._mac(purpose, *parts)).decode()[:count]

    def rng(self, purpose: str, *parts: str | int) -> random.Random:
        """A source of numbers that depends on the seed and the parts."""
        return random.Random(self._mac(purpose, *parts))

    def transaction(self, gateway: str, number: int, day: dt.date) -> str:
        """A transaction id: day, number and four letters, unique by the number."""
        return f"{day:%Y%m%d}{number:08d}{self.letters(4, 'transaction', gateway, number)}"

    def tracking(self, gateway: str, number: int) -> str:
        """A tracking id in the form of a UUID."""
        return str(uuid.UUID(bytes=self._mac("tracking", gateway, number)[:16], version=4))

    def password(self, gateway: str, username: str) -> str:
        """The password of an account of the sandbox."""
        return "Thu-" + self.letters(12, "password", gateway, username)

    def token(self, session: Session, purpose: str = "access") -> str:
        """The token of a session; ``purpose`` is access or id."""
        micros = (session.expires - EPOCH) // dt.timedelta(microseconds=1)
        facts = f"{session.gateway}\n{session.username}\n{micros}\n{session.number}".encode()
        mac = hmac.digest(self._secret, purpose.encode() + b"\n" + facts, "sha256")[:18]
        return f"{_b64(facts)}.{_b64(mac)}"

    def session(self, token: str, purpose: str = "access") -> Session | None:
        """The session of a token that this maker gave out, else None. Does not look at the time."""
        head, dot, _ = token.partition(".")
        if not dot or len(token) > 500 or not token.isascii():
            return None
        try:
            facts = base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)).decode()
            gateway, username, micros, number = facts.split("\n")
            expires = EPOCH + dt.timedelta(microseconds=int(micros))
            found = Session(gateway, username, expires, int(number))
        except (binascii.Error, ValueError, OverflowError):
            return None
        return found if same(self.token(found, purpose), token) else None


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
