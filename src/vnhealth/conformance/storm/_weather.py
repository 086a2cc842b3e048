"""Random fault plans: which faults a night brings, and when it is over."""

from __future__ import annotations

import datetime as dt
import random

from vnhealth.sandbox.faults import Fault, FaultKind, fault_kinds

__all__ = ["weather"]

MOST_RULES = 6
LONGEST = dt.timedelta(hours=36)
ONCE = frozenset({"hide", "midnight", "late"})
"""Effects that last or move time: one of them is enough for a night."""


def weather(
    rng: random.Random, gateways: tuple[str, ...], since: dt.datetime
) -> tuple[list[Fault], dt.datetime]:
    """Rules for some gateways, and the moment when the last of them ends."""
    kinds = [kind for kinds in fault_kinds().values() for kind in kinds if _may(kind)]
    rules = [
        _rule(rng, rng.choice(kinds), gateways, since) for _ in range(rng.randint(1, MOST_RULES))
    ]
    return rules, max(rule.until or since for rule in rules)


def _may(kind: FaultKind) -> bool:
    """All but the half of F12 that its other half brings about, and batches."""
    return kind.variant != "queries" and kind.where != "batch"


def _rule(
    rng: random.Random, kind: FaultKind, gateways: tuple[str, ...], since: dt.datetime
) -> Fault:
    how = rng.random()
    until = since + LONGEST * rng.uniform(0.02, 1)
    return Fault(
        kind.fault,
        variant=kind.variant,
        on=f"{rng.choice(('*', *gateways))}.*",
        nth=tuple(sorted(rng.sample(range(1, 12), rng.randint(1, 3)))) if how < 0.4 else (),
        every=rng.randint(2, 5) if 0.4 <= how < 0.6 else 0,
        probability=rng.uniform(0.05, 0.7) if how >= 0.6 else 0.0,
        times=1 if kind.effect in ONCE else 0,
        until=until,
    )
