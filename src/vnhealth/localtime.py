"""Dates and times as the standards write them: digits, without a zone, with unknown parts.

A `LocalTime` remembers how much of it is known. ``198600000000`` (only the year is known) and
``20260801`` (a day) are not moments, and turning them into moments would invent facts. All values
are in Viet Nam time (Asia/Ho_Chi_Minh, UTC+7 without daylight saving since 1975).

Legal source: field explanations of decision 130/QD-BYT (2023) as amended, section "date fields".
"""

from __future__ import annotations

import datetime as dt
from enum import IntEnum
from functools import lru_cache

__all__ = ["ICT", "LocalTime", "Precision"]

ICT = dt.timezone(dt.timedelta(hours=7), "Asia/Ho_Chi_Minh")
"""Viet Nam time. Fixed offset: the zone has no daylight saving."""


class Precision(IntEnum):
    """How much of a `LocalTime` is known."""

    YEAR = 4
    MONTH = 6
    DAY = 8
    MINUTE = 12


@lru_cache(maxsize=4096)
def _precision(digits: str) -> Precision:
    """How much of a day is known. Raises `ValueError` for none."""
    year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:])
    if year == 0:
        raise ValueError("year 0000")
    if month == 0:
        if day:
            raise ValueError("parts after an unknown month must be 0")
        return Precision.YEAR
    if day == 0:
        if month > 12:
            raise ValueError("no such month")
        return Precision.MONTH
    try:
        dt.date(year, month, day)
    except ValueError:
        raise ValueError("no such day") from None
    return Precision.DAY


class LocalTime:
    """A date or a minute in Viet Nam time, immutable, equal by its digits.

    Comparison looks only at the parts that both sides know: between a day and a minute of that day
    both ``<=`` and ``>=`` hold, although they are not ``==``.

    >>> t = LocalTime.parse("202608010930")
    >>> t.precision.name, t.date().isoformat()
    ('MINUTE', '2026-08-01')
    >>> LocalTime.parse("198600000000").precision.name
    'YEAR'
    >>> LocalTime.parse("20260801") < LocalTime.parse("202608020000")
    True
    """

    __slots__ = ("precision", "text")

    text: str
    precision: Precision

    def __init__(self, text: str, precision: Precision) -> None:
        object.__setattr__(self, "text", text)
        object.__setattr__(self, "precision", precision)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("LocalTime is immutable")

    @classmethod
    def parse(cls, text: str) -> LocalTime:
        """Read 8 or 12 ASCII digits; month-day ``0000`` and time ``0000`` of a birth are legal.

        Raises `ValueError` without the text in its message when the digits are no date.
        """
        size = len(text)
        if size not in (8, 12) or not text.isascii() or not text.isdigit():
            raise ValueError("a date needs 8 or 12 digits")
        precision = _precision(text[:8])
        if precision is not Precision.DAY:
            if text[8:].strip("0"):
                raise ValueError("parts after an unknown one must be 0")
        elif size == 12:
            if text[8:10] > "23" or text[10:] > "59":
                raise ValueError("no such time of day")
            precision = Precision.MINUTE
        return cls(text, precision)

    @classmethod
    def of(cls, value: dt.datetime | dt.date) -> LocalTime:
        """From a date (8 digits) or a datetime (12 digits; aware ones are moved to Viet Nam time).

        >>> import datetime as dt
        >>> LocalTime.of(dt.datetime(2026, 8, 1, 2, 30, tzinfo=dt.timezone.utc)).text
        '202608010930'
        """
        if isinstance(value, dt.datetime):
            if value.tzinfo is not None:
                value = value.astimezone(ICT)
            return cls(value.strftime("%Y%m%d%H%M").rjust(12, "0"), Precision.MINUTE)
        return cls(value.strftime("%Y%m%d").rjust(8, "0"), Precision.DAY)

    @property
    def year(self) -> int:
        """The year, always known."""
        return int(self.text[:4])

    def date(self) -> dt.date:
        """The day. Raises `ValueError` when the day is not known."""
        if self.precision < Precision.DAY:
            raise ValueError("the day is not known")
        return dt.date(int(self.text[:4]), int(self.text[4:6]), int(self.text[6:8]))

    def first_day(self) -> dt.date:
        """The earliest day it can be: 1 January when only the year is known."""
        return dt.date(int(self.text[:4]), int(self.text[4:6]) or 1, int(self.text[6:8]) or 1)

    def datetime(self) -> dt.datetime:
        """The minute, aware, in Viet Nam time. Raises `ValueError` when only a day is known."""
        if self.precision < Precision.MINUTE:
            raise ValueError("the time of day is not known")
        digits = self.text
        return dt.datetime(
            int(digits[:4]),
            int(digits[4:6]),
            int(digits[6:8]),
            int(digits[8:10]),
            int(digits[10:12]),
            tzinfo=ICT,
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LocalTime) and self.text == other.text

    def _pair(self, other: LocalTime) -> tuple[str, str]:
        size = min(self.precision, other.precision)
        return self.text[:size], other.text[:size]

    def __lt__(self, other: LocalTime) -> bool:
        mine, theirs = self._pair(other)
        return mine < theirs

    def __le__(self, other: LocalTime) -> bool:
        mine, theirs = self._pair(other)
        return mine <= theirs

    def __gt__(self, other: LocalTime) -> bool:
        return other < self

    def __ge__(self, other: LocalTime) -> bool:
        return other <= self

    def __hash__(self) -> int:
        return hash(self.text)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"LocalTime(<{self.precision.name.lower()}>)"

    def __reduce__(self) -> tuple[object, ...]:
        return (LocalTime.parse, (self.text,))
