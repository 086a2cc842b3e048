"""What a gateway can do, and what it answers to a question about somebody or something."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vnhealth.findings import Findings
from vnhealth.sync._codes import safe_code
from vnhealth.sync._mask import RawAnswer

__all__ = ["Capabilities", "Found"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What one gateway has. What stands here is tested; everything else raises `NotSupported`.

    * ``kinds``: files it takes, such as claim, checkin, deid, prescription, health_check.
    * ``status``: it can be asked what became of a file (`Gateway.status`, ``confirm``, ``resend``).
    * ``results``: it lists records by day of receipt; ``counts``: it counts them by day.
    * ``notices``: it tells of late, faulty and differing records (`Gateway.notices`).
    * ``lookups``: names of the questions that `Gateway.lookup` takes.
    * ``batch``: most files that go out in one call.
    * ``repeatable``: the very same file sent again is recognised and does not count as new.

    >>> Capabilities(kinds=("claim",), lookups=("who_is",)).has("status")
    False
    """

    kinds: tuple[str, ...] = ()
    status: bool = False
    results: bool = False
    counts: bool = False
    notices: bool = False
    lookups: tuple[str, ...] = ()
    batch: int = 1
    repeatable: bool = False

    def has(self, what: str) -> bool:
        """True for a kind of file, status, results, counts, notices, or the name of a lookup."""
        return what in self.kinds or what in self.lookups or getattr(self, what, False) is True


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Found:
    """What a gateway answered to a question (a card, a person, a prescription).

    ``rows`` are the objects of the answer with the gateway's own names, as they came: personal
    data, so they are not part of the repr. No rows with an accepted ``code`` means: nothing there.
    """

    gateway: str
    question: str
    code: str = ""
    message: str = ""
    rows: tuple[Mapping[str, Any], ...] = ()
    findings: Findings = field(default_factory=Findings)
    raw: RawAnswer | None = None

    def __bool__(self) -> bool:
        return bool(self.rows)

    def __repr__(self) -> str:
        code = safe_code(self.gateway, self.code)
        return f"<Found {self.gateway}.{self.question} code={code} {len(self.rows)} rows>"
