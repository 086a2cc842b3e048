"""Until when something has to be sent, corrected or told: rows of ``data/deadlines.csv``.

Working days come from a `vnhealth.rules.Calendar` (by default the one that ships with the rules; a
year without rows knows weekends only, so that a deadline is at most too early).
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from vnhealth.localtime import ICT, LocalTime, Precision

if TYPE_CHECKING:
    from vnhealth.rules import Calendar

__all__ = ["Deadline", "deadlines", "first_due", "for_kind", "moment_of"]

UNITS = {"minutes": dt.timedelta(minutes=1), "hours": dt.timedelta(hours=1)}
DAY_ENDS = dt.time(23, 59, 59)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """One clock: for a kind of file (``*``: every kind), from ``start``.

    ``start`` is ended, refused, received, or late (received after its own deadline: what runs then
    is the gateway's clock alone).
    ``unit`` is minutes, hours, working_days (to the end of that day; 0 is the same day, or the next
    working day after a day off) or day_of_next_month. An alarm is *near* within ``near`` of it.
    """

    flow: str
    kind: str
    start: str
    limit: int
    unit: str
    near: dt.timedelta
    basis: str
    confidence: str
    title_vi: str
    title_en: str

    def due(self, start: dt.datetime, days: Calendar | None = None) -> dt.datetime:
        """The last moment in time, aware, in Viet Nam time.

        >>> at_once = deadlines()["claim_at_once"]
        >>> at_once.due(dt.datetime(2026, 8, 1, 10, tzinfo=ICT)).isoformat()
        '2026-08-03T23:59:59+07:00'
        """
        local = start.astimezone(ICT)
        if self.unit in UNITS:
            return local + self.limit * UNITS[self.unit]
        return dt.datetime.combine(self._day(local.date(), days), DAY_ENDS, ICT)

    def _day(self, start: dt.date, days: Calendar | None) -> dt.date:
        if self.unit == "day_of_next_month":
            return (start.replace(day=1) + dt.timedelta(days=32)).replace(day=self.limit)
        days = days or _shipped()
        if self.limit == 0 and days.is_working(start):
            return start
        return days.next_working(start, max(self.limit, 1))


def _shipped() -> Calendar:
    from vnhealth.rules import calendar

    return calendar()


@cache
def deadlines() -> Mapping[str, Deadline]:
    """All clocks by flow."""
    text = (files("vnhealth.protocol") / "data" / "deadlines.csv").read_text("utf-8")
    return {
        row["flow"]: Deadline(
            flow=row["flow"],
            kind=row["kind"],
            start=row["start"],
            limit=int(row["limit"]),
            unit=row["unit"],
            near=dt.timedelta(minutes=int(row["near_minutes"])),
            basis=row["basis"],
            confidence=row["confidence"],
            title_vi=row["title_vi"],
            title_en=row["title_en"],
        )
        for row in csv.DictReader(text.splitlines())
    }


def for_kind(kind: str, start: str) -> list[Deadline]:
    """The clocks of a kind of file that start at the same event."""
    return [d for d in deadlines().values() if d.start == start and d.kind in (kind, "*")]


def first_due(
    kind: str, ended_at: dt.datetime | None, days: Calendar | None = None
) -> tuple[str, dt.datetime] | None:
    """Flow and moment of the first deadline of a record that ended; None when there is none.

    >>> first_due("claim", dt.datetime(2026, 8, 3, 10, tzinfo=ICT))[0]
    'claim_at_once'
    """
    if ended_at is None:
        return None
    found = [(d.due(ended_at, days), d.flow) for d in for_kind(kind, "ended")]
    if not found:
        return None
    due, flow = min(found)
    return flow, due


def moment_of(value: Any) -> dt.datetime | None:
    """A local time as a moment; one that names a day only counts from its beginning.

    >>> moment_of(LocalTime.parse("202608031030")).isoformat()
    '2026-08-03T10:30:00+07:00'
    """
    if not isinstance(value, LocalTime) or value.precision < Precision.DAY:
        return None
    if value.precision >= Precision.MINUTE:
        return value.datetime()
    return dt.datetime.combine(value.date(), dt.time(), ICT)
