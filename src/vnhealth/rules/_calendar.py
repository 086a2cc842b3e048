"""Working days of Viet Nam, from dated rows; a year without rows is not known."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cache, cached_property

from vnhealth.rules._load import rows

__all__ = ["Calendar", "calendar"]

_ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Calendar:
    """Days off (public holidays) and worked weekend days of some years.

    Saturdays and Sundays are off unless they are in ``worked``.

    >>> import datetime as dt
    >>> days = calendar()
    >>> days.is_working(dt.date(2026, 9, 2)), days.is_working(dt.date(2026, 9, 3))
    (False, True)
    >>> days.knows(dt.date(2019, 1, 1))
    False
    """

    years: frozenset[int]
    off: frozenset[dt.date]
    worked: frozenset[dt.date] = frozenset()

    def knows(self, day: dt.date) -> bool:
        """True when the holidays of that year are held."""
        return day.year in self.years

    def is_holiday(self, day: dt.date) -> bool:
        """True on a public holiday, compensatory days included; not on an ordinary weekend."""
        return day in self.off

    @cached_property
    def off_digits(self) -> frozenset[str]:
        """The days off as digits (20260902)."""
        return frozenset(day.isoformat().replace("-", "") for day in self.off)

    def is_working(self, day: dt.date) -> bool:
        """True on a day on which offices work."""
        return day in self.worked or (day.weekday() < 5 and day not in self.off)

    def next_working(self, day: dt.date, count: int = 1) -> dt.date:
        """The count-th working day after a day."""
        while count:
            day += _ONE_DAY
            count -= self.is_working(day)
        return day

    def last_working(self, day: dt.date) -> dt.date:
        """The last working day before a day."""
        day -= _ONE_DAY
        while not self.is_working(day):
            day -= _ONE_DAY
        return day


@cache
def calendar() -> Calendar:
    """The calendar that ships with the package (years in the file ``holidays.csv``).

    Pass your own `Calendar` to `vnhealth.rules.check` when the government moves a day.
    """
    held = rows("holidays")
    days = [(dt.date.fromisoformat(row["day"]), row["kind"]) for row in held]
    return Calendar(
        years=frozenset(day.year for day, _ in days),
        off=frozenset(day for day, kind in days if kind == "off"),
        worked=frozenset(day for day, kind in days if kind == "worked"),
    )
