"""Many nights, and their sum."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from vnhealth.conformance.storm._night import Night, NightResult

__all__ = ["StormResult", "storm"]

GATEWAYS = ("vss", "province")
SUMS = (
    *("sent", "accepted", "refused", "pending", "lost", "doubled", "unbalanced"),
    *("needless_logins", "faults", "deaths"),
)


@dataclass(frozen=True, slots=True)
class StormResult:
    """The nights of a storm and their sums."""

    seed: int
    nights: tuple[NightResult, ...]

    @property
    def wrong(self) -> tuple[NightResult, ...]:
        """Nights in which something was lost, doubled, out of balance or asked for needlessly."""
        return tuple(night for night in self.nights if not night.clean)

    @property
    def clean(self) -> bool:
        """True when nothing went wrong in any night."""
        return not self.wrong

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready object: plans, seed, the sums, and the nights that went wrong."""
        return {
            "plans": len(self.nights),
            "seed": self.seed,
            **{name: sum(getattr(night, name) for night in self.nights) for name in SUMS},
            "wrong": [asdict(night) for night in self.wrong],
        }


def storm(
    plans: int,
    *,
    seed: int = 7,
    encounters: int = 3,
    gateways: Sequence[str] = GATEWAYS,
    progress: Callable[[int], None] = lambda done: None,
) -> StormResult:
    """Run the reference client through random fault plans in virtual time.

    ``encounters`` are sent in each night, check-in first, to each of the ``gateways`` (keys of
    gateways that can be asked for a verdict). The same seed gives the same nights.

    >>> result = storm(2, seed=1, encounters=1)
    >>> result.clean, result.to_dict()["lost"], result.to_dict()["doubled"]
    (True, 0, 0)
    """
    files, facility = _files(encounters, seed)
    nights = []
    for number in range(plans):
        nights.append(Night(number, seed, files, facility, tuple(gateways)).run())
        progress(number + 1)
    return StormResult(seed, tuple(nights))


def _files(encounters: int, seed: int) -> tuple[list[tuple[str, bytes]], str]:
    from vnhealth import codecs, synth

    found: list[tuple[str, bytes]] = []
    facility = ""
    for claim in synth.generate(encounters=encounters, seed=seed):
        facility = str(claim.xml1.ma_cskcb)
        rows = synth.checkin(claim)
        if rows:
            found.append(("checkin", codecs.write_standalone(rows[:1], edition="3176")))
        found.append(("claim", synth.render(claim)))
    return found, facility
