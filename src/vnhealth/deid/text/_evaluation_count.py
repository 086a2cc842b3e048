"""Shares with their confidence intervals, and how found spans are held against labels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import sqrt

from vnhealth.deid.text._spans import Span

__all__ = ["TARGETS", "Figure", "Figures", "covered"]

TARGETS = {
    "record": 0.995,
    "record names": 0.995,
    "notes: names": 0.95,
    "notes: precision of names": 0.90,
    "held-out: names": 0.95,
    "held-out: precision of names": 0.90,
    "held-out: other letters kept": 0.98,
    "held-out of a record, as written": 0.995,
    "unknown numbers": 0.995,
    "unknown addresses": 0.97,
    "notes: other letters kept": 0.98,
    "titles: letters kept": 0.998,
}
"""The least share of a figure that the project asks for."""


@dataclass(slots=True)
class Figure:
    """So many of so many."""

    name: str
    hits: int = 0
    total: int = 0

    @property
    def share(self) -> float:
        """Hits by total; 0 when nothing was counted."""
        return self.hits / self.total if self.total else 0.0

    def interval(self) -> tuple[float, float]:
        """The 95 % interval of Wilson.

        >>> tuple(round(x, 3) for x in Figure("x", 98, 100).interval())
        (0.93, 0.994)
        """
        n, p, z = self.total, self.share, 1.96
        if not n:
            return 0.0, 1.0
        middle = p + z * z / (2 * n)
        width = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return (middle - width) / (1 + z * z / n), (middle + width) / (1 + z * z / n)


@dataclass(slots=True)
class Figures:
    """All figures of a run, by name; ``megabytes`` a second when a clock was given."""

    seed: int
    figures: dict[str, Figure] = field(default_factory=dict)
    megabytes: float | None = None

    def add(self, name: str, hits: int, total: int = 1) -> None:
        """Count for a figure."""
        figure = self.figures.setdefault(name, Figure(name))
        figure.hits += hits
        figure.total += total

    def note(
        self, group: str, text: str, gold: list[tuple[int, int, str]], spans: Iterable[Span]
    ) -> None:
        """Count a labelled note: what was found of each kind, how many found names are labelled,
        how many of the other letters are kept.
        """
        spans = tuple(spans)
        for start, end, kind in gold:
            self.add(f"{group}: {_PLURAL.get(kind, kind + 's')}", covered(text, spans, start, end))
        for span in spans:
            if span.source == "name":
                hit = any(start < span.end and span.start < end for start, end, _ in gold)
                self.add(f"{group}: precision of names", hit)
        kept = set(range(len(text))) - {i for a, b, _ in gold for i in range(a, b)}
        other = {i for i in kept if text[i].isalnum()}
        lost = {i for span in spans for i in range(span.start, span.end)}
        self.add(f"{group}: other letters kept", len(other - lost), len(other))

    def sum(self, start: str) -> Figure:
        """The sum of the figures whose names begin so."""
        found = [f for name, f in self.figures.items() if name.startswith(start)]
        return Figure(start, sum(f.hits for f in found), sum(f.total for f in found))

    @property
    def missed(self) -> tuple[str, ...]:
        """The targets that were not reached, and ways of writing a known name below 98 %."""
        found = [name for name, least in TARGETS.items() if self.sum(name).total > 0]
        below = [name for name in found if self.sum(name).share < TARGETS[name]]
        ways = [f for name, f in self.figures.items() if name.startswith("record names: ")]
        return (*below, *(f.name for f in ways if f.share < 0.98))


_PLURAL = {"address": "addresses"}


def covered(text: str, spans: Iterable[Span], start: int, end: int) -> bool:
    """True when each letter and digit between two places stands in a span."""
    held = [(span.start, span.end) for span in spans]
    return all(
        not text[i].isalnum() or any(first <= i < last for first, last in held)
        for i in range(start, end)
    )
