"""The days of a record, and what is a day."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

__all__ = ["FIRST", "LAST", "KnownDays", "century", "dates_of", "is_compact_date", "is_day", "read"]

FIRST, LAST = 1890, 2099
"""The years of which a date is taken for one."""
_DIGITS = re.compile(r"[0-9]+")


@dataclass(slots=True, repr=False)
class KnownDays:
    """The days of a record: (month, day) pairs, days of eight digits, years of birth."""

    pairs: set[tuple[int, int]] = field(default_factory=set)
    days: set[tuple[int, int, int]] = field(default_factory=set)
    years: set[int] = field(default_factory=set)


def dates_of(dates: Iterable[str], births: Iterable[str] = ()) -> KnownDays:
    """Read the dates of a record, in whatever form they are written.

    >>> found = dates_of(["1957-03-05", "ngày 6/11/2024"], ["195703050000"])
    >>> sorted(found.days), sorted(found.years)
    ([(1957, 3, 5), (2024, 11, 6)], [1957])
    """
    known = KnownDays()
    for text, born in [*((d, False) for d in dates), *((b, True) for b in births)]:
        day = read(text)
        if day is None:
            continue
        year, month, number = day
        if month and number:
            known.pairs.add((month, number))
            known.days.add(day)
        if born or year < 2000:
            known.years.add(year)
    return known


def read(text: str) -> tuple[int, int, int] | None:
    parts = _DIGITS.findall(text)
    if len(parts) == 1 and len(parts[0]) in (8, 10, 12, 14):
        run = parts[0]
        if FIRST <= int(run[:4]) <= LAST and int(run[4:6]) <= 12 and int(run[6:8]) <= 31:
            return int(run[:4]), int(run[4:6]), int(run[6:8])
        day, month, year = int(run[:2]), int(run[2:4]), int(run[4:8])
        return (year, month, day) if is_day(year, month, day) else None
    if len(parts) == 1 and len(parts[0]) == 4 and FIRST <= int(parts[0]) <= LAST:
        return int(parts[0]), 0, 0
    if len(parts) >= 3:
        a, b, c = (int(p[:4]) for p in parts[:3])
        if len(parts[0]) == 4:
            return (a, b, c) if is_day(a, b, c) else None
        year = c if len(parts[2]) == 4 else century(c)
        return (year, b, a) if is_day(year, b, a) else None
    if len(parts) == 2 and len(parts[1]) == 4 and 1 <= int(parts[0]) <= 12:
        return int(parts[1]), 0, 0
    return None


def century(two: int) -> int:
    return 2000 + two if two < 50 else 1900 + two


def is_day(year: int, month: int, day: int) -> bool:
    if not (FIRST <= year <= LAST and 1 <= month <= 12 and 1 <= day <= 31):
        return False
    try:
        dt.date(year, month, day)
    except ValueError:
        return False
    return True


def is_compact_date(run: str) -> bool:
    """True for a run of digits that is a day, or a day with a time, without separators.

    >>> is_compact_date("20241105"), is_compact_date("05111957"), is_compact_date("12345678")
    (True, True, False)
    """
    if len(run) not in (8, 12, 14) or not run.isascii():
        return False
    if is_day(int(run[:4]), int(run[4:6]), int(run[6:8])):
        return len(run) == 8 or (int(run[8:10]) < 24 and int(run[10:12]) < 60)
    return len(run) == 8 and is_day(int(run[4:8]), int(run[2:4]), int(run[:2]))
