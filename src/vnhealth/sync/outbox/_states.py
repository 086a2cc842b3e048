"""The states of a delivery and the moves between them: the whole machine in one table."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from vnhealth.sync._errors import SyncError
from vnhealth.sync._outcome import Outcome, Status

__all__ = ["MOVES", "OPEN", "SENT", "State", "check_move", "state_of"]


class State(StrEnum):
    """Where one version of one record stands at one destination."""

    READY = "ready"
    """To be sent, now or at its time."""
    SENDING = "sending"
    """With a worker. When the worker dies, nobody knows whether it went out."""
    UNKNOWN = "unknown"
    """It may have been received or not: ask before sending again."""
    PENDING = "pending"
    """Acknowledged, not judged yet."""
    ACCEPTED = "accepted"
    WARNED = "accepted_with_warnings"
    REFUSED = "refused"
    """Judged: to be corrected and sent again under the same MA_LK."""
    REPLACED = "replaced"
    """A later version counts; this one was acknowledged earlier, or never left."""
    CANCELLED = "cancelled"
    HELD = "held"
    """It does not go on by itself: somebody has to look (the cause says why)."""


OPEN = (State.READY, State.SENDING, State.UNKNOWN)
"""Something of it may still go out: no other version of the record may, until this is settled."""

SENT = frozenset(
    {
        State.SENDING,
        State.UNKNOWN,
        State.PENDING,
        State.ACCEPTED,
        State.WARNED,
        State.REFUSED,
    }
)
"""Went out and is not taken back: these are sent = accepted + refused + pending."""

_JUDGED = frozenset({State.ACCEPTED, State.WARNED, State.REFUSED, State.CANCELLED})

MOVES: Mapping[State, frozenset[State]] = {
    State.READY: frozenset({State.SENDING, State.HELD, State.REPLACED}),
    State.SENDING: _JUDGED
    | {State.READY, State.UNKNOWN, State.PENDING, State.HELD, State.REPLACED},
    State.UNKNOWN: _JUDGED | {State.READY, State.PENDING, State.HELD, State.REPLACED},
    State.PENDING: _JUDGED | {State.READY, State.REPLACED},
    State.ACCEPTED: frozenset({State.REPLACED, State.CANCELLED}),
    State.WARNED: frozenset({State.REPLACED, State.CANCELLED}),
    State.REFUSED: frozenset({State.READY, State.REPLACED, State.CANCELLED}),
    State.REPLACED: frozenset(),
    State.CANCELLED: frozenset({State.REPLACED, State.READY}),
    State.HELD: frozenset({State.READY, State.UNKNOWN, State.REPLACED}),
}

_BY_STATUS = {
    Status.ACCEPTED: State.ACCEPTED,
    Status.ACCEPTED_WITH_WARNINGS: State.WARNED,
    Status.DUPLICATE: State.PENDING,
    Status.REFUSED: State.REFUSED,
    Status.PENDING: State.PENDING,
    Status.UNKNOWN: State.UNKNOWN,
    Status.MISSING: State.READY,
    Status.NOT_SENT: State.READY,
    Status.REPLACED: State.REPLACED,
    Status.CANCELLED: State.CANCELLED,
}


def check_move(old: State, new: State) -> None:
    """Raise `SyncError` (ERR-SYNC-24) unless a delivery may go from one state to the other.

    >>> check_move(State.READY, State.SENDING)
    >>> check_move(State.ACCEPTED, State.SENDING)
    Traceback (most recent call last):
        ...
    vnhealth.errors.SyncError: A delivery cannot go from accepted to sending. [ERR-SYNC-24]
    """
    if new is not old and new not in MOVES[old]:
        raise SyncError("ERR-SYNC-24", old=old.value, new=new.value)


def state_of(outcome: Outcome) -> State:
    """The state after an outcome; a duplicate is held by the gateway and judged like any other."""
    return _BY_STATUS[outcome.status]
