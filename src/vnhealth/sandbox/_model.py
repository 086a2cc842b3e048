"""What the sandbox keeps: accounts, submissions, records and their counts."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from vnhealth.protocol.health_check import facility_number

__all__ = [
    "Account",
    "Credentials",
    "Facility",
    "Reconciliation",
    "Record",
    "State",
    "Submission",
]


class State(StrEnum):
    """What is known of one record."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    WARNED = "accepted_with_warnings"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Facility:
    """A facility of the sandbox: its code (5 characters, the first two are its province)."""

    code: str
    name: str = ""

    @property
    def province(self) -> str:
        """The province part of the code."""
        return self.code[:2]

    @property
    def number(self) -> str:
        """The invented 13-digit number that stands for it at the ministry's data axis."""
        return facility_number(self.code)


@dataclass(frozen=True, slots=True, repr=False)
class Account:
    """An account at one gateway.

    ``scope`` is what it may send for: a facility code, or a province code for all facilities there.
    """

    gateway: str
    username: str
    password: str
    scope: str
    locked: bool = False

    def may_send(self, facility: str) -> bool:
        """True when the account may carry records of this facility; an empty scope is any."""
        if not self.scope:
            return True
        if len(self.scope) == 2:
            return len(facility) == 5 and facility.startswith(self.scope)
        return facility == self.scope

    def __repr__(self) -> str:
        return f"<Account {self.gateway} {self.username}>"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client needs for one gateway. The password is clear text; the client hashes it."""

    base_url: str
    username: str
    password: str = field(repr=False)
    facility: str

    def to_dict(self) -> dict[str, str]:
        """Keys base_url, username, password, facility."""
        return {
            "base_url": self.base_url,
            "username": self.username,
            "password": self.password,
            "facility": self.facility,
        }


@dataclass(frozen=True, slots=True, repr=False)
class Submission:
    """One acknowledged file. ``number`` rises with every one; the bytes lie in the store.

    ``received`` and ``due`` are aware; ``due`` is when its verdict is known. ``kind`` is claim,
    checkin or deid, ``edition`` that of the path it came by (may be empty). It is ``opaque`` when
    not every MA_LK could be seen on receipt.
    """

    number: int
    gateway: str
    kind: str
    edition: str
    facility: str
    username: str
    transaction: str
    received: dt.datetime
    due: dt.datetime
    digest: str
    size: int
    opaque: bool = False
    settled: bool = False
    signature: str = ""

    def __repr__(self) -> str:
        return f"<Submission {self.gateway} {self.number}>"


@dataclass(frozen=True, slots=True, repr=False)
class Record:
    """One record (one MA_LK) of one submission.

    ``key`` is the MA_LK, None as long as (or because) it could not be read. ``replaced_by`` is the
    number of the later submission that carries the same key. ``findings`` are JSON-ready objects
    without values.
    """

    submission: int
    index: int
    key: str | None
    state: State = State.PENDING
    replaced_by: int | None = None
    cancelled: bool = False
    findings: tuple[Mapping[str, object], ...] = ()

    @property
    def current(self) -> bool:
        """True unless a later submission took its place."""
        return self.replaced_by is None

    def __repr__(self) -> str:
        return f"<Record {self.submission}/{self.index} {self.state.value}>"


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Counts of records of one gateway, facility, kind and day of receipt (Viet Nam time).

    ``received`` counts every record ever acknowledged, ``replaced`` those that a later file took
    the place of, ``cancelled`` those withdrawn, ``sent`` the rest. ``received = sent + replaced +
    cancelled`` and ``sent = accepted + refused + pending`` hold at every moment; ``warned`` is the
    part of accepted that has warnings. Each count is taken by itself, so `balanced` is a check.

    >>> day = dt.date(2026, 8, 3)
    >>> Reconciliation("vss", "01001", "claim", day, received=3, sent=3, accepted=2).balanced
    False
    """

    gateway: str
    facility: str
    kind: str
    day: dt.date
    received: int = 0
    sent: int = 0
    accepted: int = 0
    warned: int = 0
    refused: int = 0
    pending: int = 0
    cancelled: int = 0
    replaced: int = 0

    @property
    def balanced(self) -> bool:
        """True when both equations hold."""
        return (
            self.sent == self.accepted + self.refused + self.pending
            and self.received == self.sent + self.replaced + self.cancelled
        )


def digest(data: bytes) -> str:
    """SHA-256 of a file in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
