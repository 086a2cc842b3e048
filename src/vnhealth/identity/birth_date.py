"""Birth dates of which only the year, the month or the day may be known.

The claim tables write 12 characters ``yyyymmddHHMM`` with ``0000`` for an unknown time and for an
unknown day and month; other tables write 8; QR codes 4, 6 or 8 in the order day, month, year;
people write ``5/3/1901``. The result is written ``1901``, ``1901-03``, ``1901-03-05`` or
``1901-03-05T08:30``: it never says more than is known. 1 January is doubtful, because it usually
stands for "year only". A birth at midnight cannot be told from an unknown time. The wall time of
Viet Nam is kept as written; nothing is moved between time zones.

Legal source: field NGAY_SINH of decision 130/QĐ-BYT (2023) as amended by 4750/QĐ-BYT: 12
characters, hour and minute required up to 28 days of age.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import NamedTuple

from vnhealth.identity._base import (
    KNOWLEDGE_DATE,
    Checked,
    Context,
    canonical,
    clean,
    context_date,
    damage,
    is_digits,
    no,
    passed,
    require_text,
)
from vnhealth.localtime import LocalTime, Precision

__all__ = [
    "FIRST_YEAR",
    "KIND",
    "format",
    "is_valid",
    "known_parts",
    "normalize",
    "parse",
    "read",
    "validate",
]

KIND = "birth_date"

FIRST_YEAR = 1850
"""Years before this one are defaults of some software, not births."""

_LAST_YEAR = 2100
_NEWBORN_DAYS = 28
_OLDEST_AGE = 130

_TIME = r"(?:[T ]+(\d{1,2}):(\d{2})(?::\d{2}(?:\.\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})?)?"
_YMD = re.compile(rf"(\d{{4}})([-/.])(\d{{1,2}})\2(\d{{1,2}}){_TIME}", re.ASCII)
_DMY = re.compile(rf"(\d{{1,2}})([-/. ])(\d{{1,2}})\2(\d{{4}}){_TIME}", re.ASCII)
_MY = re.compile(r"(\d{1,2})[-/.](\d{4})", re.ASCII)
_YM = re.compile(r"(\d{4})[-/.](\d{1,2})", re.ASCII)
_SHORT_YEAR = re.compile(r"\d{1,2}([-/. ])\d{1,2}\1\d{2}", re.ASCII)


class _Parts(NamedTuple):
    """Numbers as written; 0 is unknown. ``time`` is ``HHMM`` and empty when unknown."""

    year: int
    month: int = 0
    day: int = 0
    time: str = ""
    foreign_zone: bool = False
    day_first: bool = False


def parse(text: str, context: Context | None = None) -> Checked:
    """Read a birth date; details are ``precision`` (year, month, day, minute) and ``digits``.

    The context may hold ``form``, which says what bare digits mean (``xml12``, ``xml8``, ``qr``,
    ``auto``; absent is ``auto``), and ``as_of``, the day to judge future and newborns by. Without
    ``as_of`` no date is in the future. Raises `IdentityError` only for what is not text.

    >>> parse("190100000000", {"form": "xml12"}).codes, parse("5/3/1901").normalized
    (('YEAR_ONLY',), '1901-03-05')
    >>> parse("3/25/1901").codes, parse("05/03/01").codes
    (('MONTH_DAY_SWAPPED',), ('TWO_DIGIT_YEAR',))
    """
    form = str((context or {}).get("form") or "auto")
    parts = _read(require_text(text, KIND), form)
    if isinstance(parts, Checked):
        return parts
    return _refuse(parts, context) or _judged(parts, form, context)


def known_parts(text: str) -> tuple[str, str, str]:
    """Return year, month and day as digits, empty where unknown; 1 January counts as year only.

    The same as `parse` says, for long lists.

    >>> known_parts("5/3/1901"), known_parts("1901-01-01"), known_parts("31/02/1901")
    (('1901', '03', '05'), ('1901', '', ''), ('', '', ''))
    """
    parts = _read(text, "auto")
    if isinstance(parts, Checked) or _refuse(parts, None) is not None:
        return "", "", ""
    year, month, day, time = parts[:4]
    if not month or (month == day == 1 and not time):
        return f"{year:04}", "", ""
    return f"{year:04}", f"{month:02}", f"{day:02}" if day else ""


def _read(text: str, form: str) -> _Parts | Checked:
    if is_digits(text):
        return _digits(text, form)
    text = clean(text)
    if not text:
        return no(KIND, "EMPTY")
    found = damage(text)
    if found:
        return no(KIND, found)
    return _digits(text, form) if is_digits(text) else _separated(text)


def _digits(text: str, form: str) -> _Parts | Checked:
    size = len(text)
    if size == 4:
        return _Parts(int(text))
    if size == 5:
        return no(KIND, "EXCEL_SERIAL")
    if size == 6:
        return _six(text, form)
    if size == 7 and form == "qr":
        return no(KIND, "LOST_LEADING_ZERO", "0" + text)
    if size == 8:
        return _eight(text, form)
    if size == 12 and form != "qr":
        time = "" if text[8:] == "0000" else text[8:]
        return _Parts(int(text[:4]), int(text[4:6]), int(text[6:8]), time)
    return no(KIND, "SHAPE")


def _six(text: str, form: str) -> _Parts | Checked:
    month_first = _Parts(int(text[2:]), int(text[:2]))
    if form == "qr":
        return month_first
    if form != "auto":
        return no(KIND, "SHAPE")
    year_first = _Parts(int(text[:4]), int(text[4:]))
    fits = [p for p in (month_first, year_first) if _usual(p.year) and 1 <= p.month <= 12]
    return fits[0] if len(fits) == 1 else no(KIND, "AMBIGUOUS_ORDER" if fits else "SHAPE")


def _eight(text: str, form: str) -> _Parts | Checked:
    year_first = _Parts(int(text[:4]), int(text[4:6]), int(text[6:]))
    day_first = _Parts(int(text[4:]), int(text[2:4]), int(text[:2]), day_first=True)
    if form == "qr":
        return day_first
    if form in ("xml8", "xml12") or not _usual(day_first.year):
        return year_first
    if _usual(year_first.year):
        return no(KIND, "AMBIGUOUS_ORDER")
    return day_first


def _usual(year: int) -> bool:
    return FIRST_YEAR <= year <= _LAST_YEAR


def _separated(text: str) -> _Parts | Checked:
    day_first = False
    if match := _YMD.fullmatch(text):
        year, _, month, day, hour, minute, zone = match.groups()
    elif match := _DMY.fullmatch(text):
        day, _, month, year, hour, minute, zone = match.groups()
        day_first = True
    elif match := _MY.fullmatch(text):
        return _month_of(match.group(2), match.group(1))
    elif match := _YM.fullmatch(text):
        return _month_of(match.group(1), match.group(2))
    elif _SHORT_YEAR.fullmatch(text):
        return no(KIND, "TWO_DIGIT_YEAR")
    else:
        return no(KIND, "SHAPE")
    time = f"{int(hour):02}{minute}" if hour else ""
    foreign = zone is not None and zone.replace(":", "") != "+0700"
    written = (int(year), int(month), int(day), "" if time == "0000" else time)
    return _Parts(*written, foreign_zone=foreign, day_first=day_first)


def _month_of(year: str, month: str) -> _Parts:
    return _Parts(int(year), int(month))


def _refuse(parts: _Parts, context: Context | None) -> Checked | None:
    """Return why the parts are no birth date, or None."""
    if parts.year < FIRST_YEAR:
        return no(KIND, "YEAR_TOO_OLD")
    if parts.month > 12:
        if parts.day_first and 1 <= parts.day <= 12:
            swapped = _iso(parts.year, parts.day, parts.month)
            return no(KIND, "MONTH_DAY_SWAPPED", swapped)
        return no(KIND, "MONTH")
    if parts.day and not parts.month:
        return no(KIND, "DAY_WITHOUT_MONTH")
    if parts.time and not parts.day:
        return no(KIND, "TIME_WITHOUT_DATE")
    if parts.day and not _iso(parts.year, parts.month, parts.day):
        return no(KIND, "NO_SUCH_DAY")
    if parts.time and (parts.time[:2] > "23" or parts.time[2:] > "59"):
        return no(KIND, "TIME")
    if not context:
        return None
    today = context_date(context, "as_of")
    if today is not None:
        known = (parts.year, parts.month or today.month, parts.day or today.day)
        first_unknown = not parts.month or not parts.day
        limit = (today.year, today.month, 31 if first_unknown else today.day)
        if known > limit:
            return no(KIND, "FUTURE")
    return None


def _iso(year: int, month: int, day: int) -> str:
    """Return the day in ISO form, empty when the calendar has no such day."""
    try:
        return dt.date(year, month, day).isoformat()
    except ValueError:
        return ""


def _judged(parts: _Parts, form: str, context: Context | None) -> Checked:
    today = context_date(context, "as_of") if context else None
    text = f"{parts.year:04}"
    digits = f"{parts.year:04}{parts.month:02}{parts.day:02}{parts.time}"
    precision = Precision.MINUTE if parts.time else Precision.DAY if parts.day else Precision.MONTH
    notes: list[str] = []
    codes: list[str] = []
    if not parts.month:
        precision = Precision.YEAR
        notes.append("YEAR_ONLY")
    elif not parts.day:
        text += f"-{parts.month:02}"
        codes.append("DAY_UNKNOWN")
    else:
        text = f"{parts.year:04}-{parts.month:02}-{parts.day:02}"
        if parts.time:
            text += f"T{parts.time[:2]}:{parts.time[2:]}"
        elif today is not None and form == "xml12":
            age = (today - dt.date(parts.year, parts.month, parts.day)).days
            if age <= _NEWBORN_DAYS:
                codes.append("NEWBORN_NEEDS_TIME")
        if not parts.time and (parts.month, parts.day) == (1, 1) and not codes:
            codes.append("MAYBE_YEAR_ONLY")
    if parts.foreign_zone:
        codes.append("OFFSET_NOT_VN")
    if (today or KNOWLEDGE_DATE).year - parts.year > _OLDEST_AGE:
        codes.append("AGE_OVER_130")
    details = {"precision": precision.name.lower(), "digits": digits}
    if codes:
        return Checked(KIND, text, "warn", (*codes, *notes), "", details)
    return Checked(KIND, text, "yes", tuple(notes) or ("OK",), "", details)


def read(text: str, context: Context | None = None) -> LocalTime | None:
    """Return the birth date with its precision, or None when the text is none.

    >>> found = read("031901", {"form": "qr"})
    >>> found.precision.name, found.text
    ('MONTH', '19010300')
    """
    found = parse(text, context)
    return LocalTime.parse(found.details["digits"]) if found.is_valid else None


def validate(text: str, context: Context | None = None) -> str:
    """Return the date in ISO form, no longer than what is known; raise `IdentityError` when none.

    >>> validate("05.03.1901")
    '1901-03-05'
    """
    return passed(parse(text, context))


def is_valid(text: str, context: Context | None = None) -> bool:
    """Tell whether the text is a birth date, with or without warnings.

    >>> is_valid("31/02/1901")
    False
    """
    return parse(text, context).is_valid


def normalize(text: str, context: Context | None = None) -> str:
    """Return the date in ISO form, or the text unchanged when it is no birth date.

    >>> normalize("190103050830"), normalize("khoảng 1901")
    ('1901-03-05T08:30', 'khoảng 1901')
    """
    return canonical(parse(text, context), text)


def format(text: str, context: Context | None = None) -> str:
    """Write a birth date: ``out`` of the context is ``vn`` (absent), ``iso``, ``xml12``, ``xml8``.

    What is no birth date comes back unchanged; ``xml8`` drops the time.

    >>> format("1901-03"), format("1901", {"out": "xml12"}), format("1901-03-05T08:30")
    ('03/1901', '190100000000', '08:30 05/03/1901')
    """
    found = parse(text, context)
    if not found.is_valid:
        return text
    out = str((context or {}).get("out") or "vn")
    digits = found.details["digits"]
    if out == "iso":
        return found.normalized
    if out in ("xml12", "xml8"):
        return digits.ljust(12, "0") if out == "xml12" else digits[:8]
    year, month, day, time = digits[:4], digits[4:6], digits[6:8], digits[8:]
    shown = "/".join(part for part in (day, month, year) if part != "00")
    return f"{time[:2]}:{time[2:]} {shown}" if time else shown
