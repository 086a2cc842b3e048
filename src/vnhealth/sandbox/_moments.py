"""Moments that clients have trouble with, by name, so that a test can go there."""

from __future__ import annotations

import calendar
import datetime as dt

from vnhealth.localtime import ICT

__all__ = ["MOMENTS", "moment_named"]

MOMENTS = ("midnight", "night", "morning", "month_end", "fifth")


def moment_named(name: str, now: dt.datetime) -> dt.datetime:
    """The next moment of a name after ``now``, in Viet Nam time.

    ``midnight`` 00:00, ``night`` 22:00 (the maintenance window opens), ``morning`` 05:00 (it
    closes), ``month_end`` 17:00 on the last day of a month, ``fifth`` 00:00 on the fifth (the
    monthly settlement of the insurer). Raises `ValueError` for another name.

    >>> moment_named("month_end", dt.datetime(2026, 8, 3, tzinfo=dt.UTC)).isoformat()
    '2026-08-31T17:00:00+07:00'
    """
    local = now.astimezone(ICT)
    day = local.replace(hour=0, minute=0, second=0, microsecond=0)
    hours = {"midnight": 0, "night": 22, "morning": 5}
    if name in hours:
        found = day.replace(hour=hours[name])
        return found if found > local else found + dt.timedelta(days=1)
    if name == "month_end":
        found = _last_day(day).replace(hour=17)
        return found if found > local else _last_day(_next_month(day)).replace(hour=17)
    if name == "fifth":
        found = day.replace(day=5)
        return found if found > local else _next_month(day).replace(day=5)
    raise ValueError("no moment of this name")


def _last_day(day: dt.datetime) -> dt.datetime:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def _next_month(day: dt.datetime) -> dt.datetime:
    return (day.replace(day=28) + dt.timedelta(days=4)).replace(day=1)
