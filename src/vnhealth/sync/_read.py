"""Reading single values of answers: whatever is missing or odd becomes empty, never an error."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from vnhealth.findings import Severity
from vnhealth.localtime import ICT
from vnhealth.sync._mask import known_tags

__all__ = [
    "day",
    "facility",
    "index",
    "moment",
    "number",
    "pick",
    "rows",
    "severity",
    "table",
    "tag",
    "text",
]

_FACILITY = re.compile(r"[0-9]{2}[0-9A-Za-z]{0,3}")
_TABLE = re.compile(r"XML(1[0-5]|[0-9])")


def pick(document: dict[str, Any], *names: str) -> Any:
    """The value of the first of these names, in any case; None when there is none.

    >>> pick({"MaGiaoDich": "G1"}, "maGiaoDich")
    'G1'
    """
    for name in names:
        if name in document:
            return document[name]
    wanted = {name.lower() for name in names}
    return next((v for k, v in document.items() if k.lower() in wanted), None)


def text(document: dict[str, Any], *names: str) -> str:
    """The same as text; numbers are written out, everything else is empty."""
    value = pick(document, *names)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).strip()


def number(document: dict[str, Any], *names: str) -> int:
    """The same as a whole number of at most nine digits, else 0."""
    found = text(document, *names)
    return int(found) if found.isascii() and found.isdigit() and len(found) < 10 else 0


def index(document: dict[str, Any], *names: str) -> int | None:
    """The same as a row index (below a million), else None."""
    found = text(document, *names)
    return int(found) if found.isascii() and found.isdigit() and len(found) < 7 else None


def rows(document: dict[str, Any], *names: str) -> list[dict[str, Any]]:
    """The objects of a list; an object alone counts as a list of one."""
    value = pick(document, *names)
    if isinstance(value, dict):
        value = [value]
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def moment(value: str) -> dt.datetime | None:
    """A time of receipt: 14 or 12 digits of Viet Nam time, or ISO 8601; aware.

    >>> moment("20260803080005").isoformat(), moment("2026-08-03T01:00:05Z").isoformat()
    ('2026-08-03T08:00:05+07:00', '2026-08-03T01:00:05+00:00')
    >>> moment("yesterday") is None
    True
    """
    try:
        if value.isascii() and value.isdigit():
            form = {14: "%Y%m%d%H%M%S", 12: "%Y%m%d%H%M"}.get(len(value))
            found = dt.datetime.strptime(value, form) if form else None
        else:
            found = dt.datetime.fromisoformat(value)
    except ValueError:
        return None
    if found is None:
        return None
    return found if found.tzinfo else found.replace(tzinfo=ICT)


def day(value: str) -> dt.date | None:
    """A day as dd/MM/yyyy or ISO 8601.

    >>> day("03/08/2026") == day("2026-08-03")
    True
    """
    try:
        if "/" in value:
            return dt.datetime.strptime(value, "%d/%m/%Y").date()
        return dt.date.fromisoformat(value[:10])
    except ValueError:
        return None


def facility(value: str) -> str:
    """A facility code of two or five characters, else empty."""
    return value if _FACILITY.fullmatch(value) else ""


def tag(value: str) -> str | None:
    """A tag of the standards; anything else could be a value and is dropped."""
    return value if value in known_tags() else None


def table(value: str) -> str | None:
    """A table name XML0 to XML15, else None."""
    return value if _TABLE.fullmatch(value) else None


def severity(value: str, default: Severity) -> Severity:
    """error, warning or info in any case, else the default."""
    try:
        return Severity(value.strip().lower())
    except ValueError:
        return default
