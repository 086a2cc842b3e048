"""What a question to the person index costs, beside one indexed point read of the same file.

For each size an index of invented people is loaded into a SQLite file; then people come back with
damaged records. Each question and each point read (a person by her code, in random order) is timed
several times in turns, and the median of its times counts, so that a pause of the machine is not
taken for a slow question. The figure for ten million people is extrapolated by a line through the
measured sizes over the logarithm of the size, and marked as such.

Legal source: none; this is a measurement of the project's own index.
"""

from __future__ import annotations

import math
import random
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vnhealth.identity.damaged_population import people, returning
from vnhealth.identity.person_index import PersonIndex
from vnhealth.identity.person_record import PersonRecord

__all__ = ["SIZES", "TARGET_RATIO", "IndexFigures", "extrapolate", "flat", "measure"]

SIZES = (100_000, 300_000, 1_000_000)
"""Sizes measured by default."""

TARGET_RATIO = 15.0
"""The slowest hundredth of the questions may cost this many point reads."""

_ROUNDS = 5
_FLAT = 1.25


@dataclass(frozen=True, slots=True)
class IndexFigures:
    """Times in microseconds. ``found`` is the share of the people who came back for whom the first
    answer is a match with the right person; ``extrapolated`` figures were not measured.
    """

    people: int
    load_seconds: float
    bytes: int
    point_p50: float
    point_p99: float
    lookup_p50: float
    lookup_p90: float
    lookup_p99: float
    found: float
    extrapolated: bool = False

    @property
    def ratio(self) -> float:
        """Slowest hundredth of the questions over the slowest hundredth of the point reads."""
        return self.lookup_p99 / self.point_p99

    @property
    def ratio_to_median(self) -> float:
        """Slowest hundredth of the questions over the median point read: the stricter figure."""
        return self.lookup_p99 / self.point_p50

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, with both ratios."""
        ratios = {"ratio": self.ratio, "ratio_to_median": self.ratio_to_median}
        return {**asdict(self), **{name: round(value, 2) for name, value in ratios.items()}}


def measure(
    size: int,
    folder: Path,
    *,
    seed: int = 20261122,
    questions: int = 2000,
    progress: Callable[[int], None] = lambda _: None,
    clock: Callable[[], float] = time.perf_counter,
) -> IndexFigures:
    """Load ``size`` people into a file of ``folder`` and measure; the file is removed after."""
    path = folder / f"people-{size}.db"
    if path.exists():
        path.unlink()
    try:
        with PersonIndex.open(path) as index:
            start = clock()
            index.load(_coded(size, seed), progress)
            seconds = clock() - start
            asked = list(returning(size, seed, questions))
            return _timed(index, path, size, seconds, asked, clock)
    finally:
        for name in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
            name.unlink(missing_ok=True)


def _coded(size: int, seed: int) -> Iterator[tuple[str, PersonRecord]]:
    for place, record in enumerate(people(size, seed)):
        yield _code(place), record


def _code(place: int) -> str:
    return f"P{place:08}"


def _timed(
    index: PersonIndex,
    path: Path,
    size: int,
    seconds: float,
    asked: Sequence[tuple[int, PersonRecord]],
    clock: Callable[[], float],
) -> IndexFigures:
    base = sqlite3.connect(path)
    base.execute("PRAGMA mmap_size = 8589934592")
    rng = random.Random(size)
    lookups: list[list[float]] = [[] for _ in asked]
    points: list[list[float]] = [[] for _ in asked]
    right = 0
    sql = "SELECT id, form, survivor FROM person WHERE code = ?"
    for round_number in range(_ROUNDS):
        for times in points:
            code = (_code(rng.randrange(size)),)
            start = clock()
            base.execute(sql, code).fetchone()
            times.append(clock() - start)
        for times, (place, record) in zip(lookups, asked, strict=True):
            start = clock()
            answer = index.who_is(record)
            times.append(clock() - start)
            if round_number == 0 and answer:
                first = answer[0]
                right += first.decision.outcome == "match" and first.code == _code(place)
    base.close()
    lookup = sorted(statistics.median(times) * 1e6 for times in lookups)
    point = sorted(statistics.median(times) * 1e6 for times in points)
    return IndexFigures(
        size,
        round(seconds, 2),
        path.stat().st_size,
        _quantile(point, 0.5),
        _quantile(point, 0.99),
        _quantile(lookup, 0.5),
        _quantile(lookup, 0.9),
        _quantile(lookup, 0.99),
        round(right / len(asked), 4),
    )


def _quantile(ordered: Sequence[float], share: float) -> float:
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 2)


def flat(figures: Sequence[IndexFigures]) -> bool:
    """Tell whether a question costs at most a quarter more at the largest size than at the
    smallest.

    >>> one = IndexFigures(100_000, 1, 1, 5, 6, 50, 60, 70, 1)
    >>> flat([one, IndexFigures(1_000_000, 9, 9, 6, 7, 52, 62, 75, 1)])
    True
    """
    ordered = sorted(figures, key=lambda one: one.people)
    return ordered[-1].lookup_p99 <= _FLAT * ordered[0].lookup_p99


def extrapolate(figures: Sequence[IndexFigures], size: int = 10_000_000) -> IndexFigures:
    """Draw a straight line over log10 of the size through each figure; needs two sizes.

    >>> a = IndexFigures(100_000, 1, 10, 5, 6, 50, 60, 70, 1)
    >>> b = IndexFigures(1_000_000, 10, 100, 6, 7, 52, 62, 75, 1)
    >>> far = extrapolate([a, b])
    >>> far.lookup_p99, far.load_seconds, far.extrapolated
    (80.0, 100.0, True)
    """
    logs = [math.log10(one.people) for one in figures]
    largest = max(figures, key=lambda one: one.people)
    grown = size / largest.people

    def line(name: str) -> float:
        values = [getattr(one, name) for one in figures]
        slope = statistics.linear_regression(logs, values)
        return round(slope.slope * math.log10(size) + slope.intercept, 2)

    return IndexFigures(
        size,
        round(largest.load_seconds * grown, 1),
        int(largest.bytes * grown),
        line("point_p50"),
        line("point_p99"),
        line("lookup_p50"),
        line("lookup_p90"),
        line("lookup_p99"),
        largest.found,
        extrapolated=True,
    )
