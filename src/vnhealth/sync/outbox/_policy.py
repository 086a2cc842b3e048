"""How patient an outbox is."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from vnhealth.sync._retry import RetryPolicy

__all__ = ["Policy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Pauses, limits and the one decision that law and practice leave open.

    * ``send``: pauses before a file that was not taken goes out again.
    * ``circuit``: how long a destination is left alone after ``failures`` failures in a row.
    * ``look``: pauses between questions about a verdict.
    * ``questions``: most deliveries that one list of a day answers for at once.
    * ``lease``: how long a worker may hold a delivery; far longer than a call can last.
    * ``visible_after``: a gateway that says it does not hold a file is believed only so long after
      the sending: insurers' gateways show files one to three hours late at busy times.
    * ``resend_replaces``: when a gateway cannot be asked, a file whose answer was lost goes out
      again, because the same MA_LK replaces (practice under circular 48/2017/TT-BYT; a guide of
      2016 says the opposite). Off: such a file is held for a person.
    """

    batch: int = 50
    questions: int = 1000
    failures: int = 5
    lease: dt.timedelta = dt.timedelta(minutes=10)
    visible_after: dt.timedelta = dt.timedelta(hours=3)
    resend_replaces: bool = False
    send: RetryPolicy = field(default_factory=lambda: RetryPolicy(first_wait_s=5))
    circuit: RetryPolicy = field(
        default_factory=lambda: RetryPolicy(first_wait_s=30, longest_wait_s=1800)
    )
    look: RetryPolicy = field(
        default_factory=lambda: RetryPolicy(first_wait_s=1, factor=4, longest_wait_s=3600)
    )
