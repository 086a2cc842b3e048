"""What one encounter tells about itself: who (as tokens), where, from when, and the week shift.

Nothing of it is written except through the policy.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from vnhealth.deid._people import LEAST, Known, People, cards, documents, insurance
from vnhealth.identity import facility5, opaque_key
from vnhealth.localtime import LocalTime, Precision
from vnhealth.records import Claim, Record

if TYPE_CHECKING:
    from vnhealth.deid._scrubbing import Texts

__all__ = ["Case", "age_band", "build", "facility_code"]

NEWBORN_DAYS = 28
_OLDEST = 130


@dataclass(slots=True, repr=False)
class Case:
    """One encounter while it is worked on. Its representation shows nothing."""

    facility: str
    episode: str
    days: int
    start: dt.date | None
    card_valid: str
    level: str
    persons: Mapping[str, str] = field(default_factory=dict)
    """Token by the tag of XML1 it stands for."""
    refused: tuple[str, ...] = ()
    """Tags of XML1 that hold something which is no identifier."""
    plain: tuple[str, ...] = ()
    """Direct identifiers as they came, for the check of the finished text."""
    topics: set[str] = field(default_factory=set)
    """Kept-back topics of which a mark was met."""
    texts: Texts | None = None
    """Scrubs the free text of the encounter, where the policy sends it."""

    def __repr__(self) -> str:
        return "<Case>"


def _value(row: Record | None, *tags: str) -> str:
    if row is None:
        return ""
    for tag in tags:
        value = getattr(row, tag, None)
        if value is not None:
            if not isinstance(value, str):
                value = value.text if isinstance(value, LocalTime) else str(value)
            text: str = value.strip()
            if text:
                return text
    return ""


@lru_cache(maxsize=1024)
def facility_code(text: str) -> str:
    """A facility code in its normal form, or an empty text.

    >>> facility_code("01 901"), facility_code("Bệnh viện")
    ('01901', '')
    """
    found = facility5.parse(text)
    return found.normalized if found.is_valid else ""


def _day(value: Any) -> dt.date | None:
    if isinstance(value, LocalTime) and value.precision >= Precision.DAY:
        return value.date()
    return None


def _start(claim: Claim, summary: Record) -> dt.date | None:
    for tag in ("ngay_vao", "ngay_ra", "ngay_ttoan"):
        day = _day(getattr(summary, tag, None))
        if day:
            return day
    return claim.ended_on


def age_band(born: Any, start: dt.date | None) -> str:
    """Age at the start of the encounter: days to 28, months below two years, then five-year bands
    up to 90. Empty when it cannot be known that finely.

    >>> import datetime as dt
    >>> day = dt.date(2026, 8, 1)
    >>> [age_band(LocalTime.parse(t), day) for t in ("20260730", "198900000000", "20251230")]
    ['D02', 'Y35-39', 'M07']
    """
    if not isinstance(born, LocalTime) or start is None:
        return ""
    years = start.year - born.year
    if born.precision is Precision.YEAR:
        if not 2 < years <= _OLDEST:
            return ""
        return _band(years)
    first = born.first_day()
    if first > start:
        return ""
    months = years * 12 + start.month - first.month
    if born.precision >= Precision.DAY:
        days = (start - first).days
        if days <= NEWBORN_DAYS:
            return f"D{days:02}"
        months -= start.day < first.day
    if months < 24:
        return f"M{max(months, 1):02}" if months or born.precision >= Precision.DAY else ""
    return _band(months // 12) if months // 12 <= _OLDEST else ""


def _band(years: int) -> str:
    if years >= 90:
        return "Y90+"
    low = 2 if years < 5 else years // 5 * 5
    return f"Y{low:02}-{years // 5 * 5 + 4:02}"


def _is_newborn(born: Any, start: dt.date | None) -> bool:
    if not isinstance(born, LocalTime) or start is None or start.year - born.year > 1:
        return False
    return age_band(born, start).startswith("D")


def _card_valid(summary: Record, start: dt.date | None) -> str:
    """1 when the card was valid on the first day, 0 when not, empty when it is not known."""
    if start is None:
        return ""
    begin = [_date8(t) for t in _value(summary, "gt_the_tu").split(";")]
    end = [_date8(t) for t in _value(summary, "gt_the_den").split(";")]
    known = False
    for low, high in zip(begin, end, strict=False):
        if low is None or high is None:
            continue
        known = True
        if low <= start <= high:
            return "1"
    return "0" if known else ""


@lru_cache(maxsize=4096)
def _date8(text: str) -> dt.date | None:
    try:
        return _day(LocalTime.parse(text.strip()))
    except ValueError:
        return None


def _mother(claim: Claim) -> Iterator[Known]:
    """Numbers of the mother that stand in the papers of a newborn, insurance numbers first."""
    papers = [*claim.rows("XML7"), *claim.rows("XML9")]
    for row in papers:
        yield from insurance(_value(row, "ma_me"))
        yield from insurance(_value(row, "ma_bhxh_nnd"))
        yield from (known for known, _ in cards(_value(row, "ma_the_nnd")))
    for row in papers:
        yield from documents(_value(row, "so_cccd_nnd"))


def build(claim: Claim, summary: Record, default_facility: str, people: People) -> Case:
    """The case of a claim; ``summary`` is its row of XML1.

    The shift hangs on the person: the mother of a newborn, else the insurance number, the document,
    the patient number of the facility, and as the last resort the encounter itself.
    """
    tokens = people.tokens
    facility = facility_code(_value(summary, "ma_cskcb")[:32]) or default_facility
    link = claim.ma_lk
    episode = (
        ("episode", facility, opaque_key.normalize(str(link)))
        if link
        else ("content", facility, _content(claim))
    )
    start = _start(claim, summary)
    card, document = _value(summary, "ma_the_bhyt", "ma_the"), _value(summary, "so_cccd")
    person = people[card, document, _value(summary, "ma_bn"), facility]
    newborn = _is_newborn(getattr(summary, "ngay_sinh", None), start)
    mother = next(_mother(claim), None) if newborn else None
    days = 7 * tokens.weeks(*mother) if mother else person.days
    direct = (_value(summary, "ho_ten"), card, document, _value(summary, "dien_thoai"))
    return Case(
        facility=facility,
        episode=tokens.token(*episode),
        days=days or 7 * tokens.weeks(*episode),
        start=start,
        card_valid=_card_valid(summary, start),
        level=person.level,
        persons=person.tokens,
        refused=person.refused,
        plain=tuple(text for text in direct if len(text) >= LEAST),
    )


def _content(claim: Claim) -> str:
    """All that is filled in, in a fixed order: stands in for a missing link id."""
    parts = [f"{row.TABLE}.{tag}={value}" for row in claim for tag, value in row.items()]
    return "\n".join(sorted(parts))
