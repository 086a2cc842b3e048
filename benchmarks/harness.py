"""Timing in turns, and what is made of it."""

from __future__ import annotations

import gc
import operator
import re
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

GOAL = re.compile(r"([≤<≥]) ([0-9][0-9.,]*)")
LIMITS: dict[str, Callable[[float, float], bool]] = {
    "≤": operator.le,
    "<": operator.lt,
    "≥": operator.ge,
}


@dataclass(frozen=True)
class Figure:
    """``ratio`` of a contender to ``base``; ``us`` is its own cost per unit in microseconds.

    ``better`` is ``less`` or ``more`` for a ratio timed in turns, empty for an absolute figure.
    """

    name: str
    ratio: float
    base: str
    spread: float
    us: float
    goal: str = ""
    better: str = ""

    @property
    def reached(self) -> bool | None:
        """Whether a goal like ``≤ 0.85`` is reached; None when there is none."""
        found = GOAL.match(self.goal)
        return LIMITS[found[1]](self.ratio, float(found[2].replace(",", ""))) if found else None

    def to_dict(self) -> dict[str, object]:
        return {
            "ratio": round(self.ratio, 3),
            "base": self.base,
            "spread": round(self.spread, 3),
            "us": round(self.us, 1),
            "goal": self.goal,
            "better": self.better,
            "reached": self.reached,
        }


def timed(run: Callable[[], object]) -> float:
    gc.collect()
    start = time.process_time()
    run()
    return time.process_time() - start


def in_turns(
    contenders: dict[str, Callable[[], object]], rounds: int, tick: Callable[[], None]
) -> dict[str, list[float]]:
    """Seconds of CPU per round of every contender, after one round that does not count."""
    found: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        names = list(contenders)
        for name in names if number % 2 else reversed(names):
            seconds = timed(contenders[name])
            if number:
                found[name].append(seconds)
        tick()
    return found


def figure(
    name: str,
    seconds: list[float],
    base: list[float],
    *,
    called: str,
    units: int,
    goal: str = "",
    inverse: bool = False,
) -> Figure:
    """The median ratio with its spread; ``inverse`` for "times faster than a peer"."""
    ratios = sorted((b / s if inverse else s / b) for s, b in zip(seconds, base, strict=True))
    median = statistics.median(ratios)
    tenth = ratios[len(ratios) // 10]
    ninetieth = ratios[-1 - len(ratios) // 10]
    us = statistics.median(seconds) * 1e6 / units
    better = "more" if inverse else "less"
    return Figure(name, median, called, (ninetieth - tenth) / median, us, goal, better)
