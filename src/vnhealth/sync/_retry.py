"""When to send again: only where that cannot do harm, and never for long.

The loop is our own rather than a retry library's: whether a resend is safe is decided from what is
known of the first try (went out or not, taken or not), not from a kind of exception, and all
waiting goes through the driver, so that a night of outages runs in virtual time.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from vnhealth.sync._codes import Take
from vnhealth.sync._wire import HttpAnswer, HttpRequest, Lost, Plan, Send, Wait

__all__ = ["Resend", "RetryPolicy", "Timeouts", "Trail", "exchange"]


class Resend(Enum):
    """Whether a request may go out again although the first one may have been taken."""

    SAFE = "a question, a login, or a file that the gateway recognises"
    ASK_FIRST = "a second one could count as new"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds to connect, and for one request as a whole.

    On an event loop ``total_s`` is a hard limit. The blocking client checks it between the pieces
    of an answer, and waits no longer than ``total_s`` for each piece.
    """

    connect_s: float = 5.0
    total_s: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often and how patiently.

    The pause before try ``n + 1`` is ``first_wait_s * factor ** (n - 1)`` up to ``longest_wait_s``,
    made up to ``jitter`` (a share) longer at random so that facilities do not come back in step. A
    gateway that asks for a longer pause than ``longest_wait_s`` is not asked again.

    ``resend_replaces`` lets the client of the insurance gateway send a file again when the answer
    was lost, by the rule that the same MA_LK replaces. That rule is practice under circular
    48/2017/TT-BYT, and a guide of 2016 says the opposite (later ones become errors), so it is off.

    >>> RetryPolicy(jitter=0).wait_s(3, random.Random(1))
    4.0
    """

    attempts: int = 3
    first_wait_s: float = 1.0
    factor: float = 2.0
    longest_wait_s: float = 30.0
    jitter: float = 0.25
    resend_replaces: bool = False

    def wait_s(self, attempt: int, rng: random.Random) -> float:
        """The pause after try number ``attempt`` (from 1)."""
        pause = min(self.first_wait_s * self.factor ** min(attempt - 1, 64), self.longest_wait_s)
        return pause * (1 + self.jitter * rng.random())


@dataclass(slots=True)
class Trail:
    """What one call has done so far: how many sends, and whether one may have been taken."""

    attempts: int = 0
    maybe_taken: bool = False
    last: HttpAnswer | Lost | None = field(default=None, repr=False)


def exchange(
    request: HttpRequest,
    read: Callable[[HttpAnswer], Take],
    *,
    resend: Resend,
    policy: RetryPolicy,
    rng: random.Random,
    trail: Trail,
) -> Plan[tuple[HttpAnswer | Lost, Take]]:
    """Send until there is an answer, patience is over, or a resend would not be safe."""
    attempt = 1
    while True:
        got: Any = yield Send(request, attempt)
        trail.attempts += 1
        trail.last = got
        take = _unanswered(got) if isinstance(got, Lost) else read(got)
        trail.maybe_taken |= take is Take.UNCLEAR
        if take in (Take.ANSWERED, Take.AUTH, Take.BARRED) or attempt >= policy.attempts:
            return got, take
        if take is Take.UNCLEAR and resend is Resend.ASK_FIRST:
            return got, take
        pause = policy.wait_s(attempt, rng)
        asked = None if isinstance(got, Lost) else got.retry_after_s
        if asked is not None:
            if asked > policy.longest_wait_s:
                return got, take
            pause = max(pause, asked)
        yield Wait(pause)
        attempt += 1


def _unanswered(lost: Lost) -> Take:
    return Take.UNCLEAR if lost.sent else Take.UNSENT
