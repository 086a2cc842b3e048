"""What one encounter tells about itself: who (as tokens), where, from when, and the week shift.

Nothing of it is written except through the policy; the plain numbers live only as long as the
encounter is worked on.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from vnhealth.deid._keys import Tokens
from vnhealth.identity import bhxh, bhyt_card, facility5, opaque_key, so_cccd_field
from vnhealth.localtime import LocalTime, Precision
from vnhealth.records import Claim, Record

if TYPE_CHECKING:
    from vnhealth.deid._scrubbing import Texts

__all__ = [
    "Case",
    "age_band",
    "build",
    "cards",
    "documents",
    "facility_code",
    "insurance",
]

NEWBORN_DAYS = 28
_OLDEST = 130
_KINDS = {"CCCD": "person.cccd", "CMND": "person.cmnd"}

Known = tuple[str, str]
"""Kind of token and normalised number."""


@dataclass(slots=True, repr=False)
class Case:
    """One encounter while it is worked on. Its representation shows nothing."""

    facility: str
    episode: str
    days: int
    start: dt.date | None
    card_valid: str
    level: str
    persons: dict[str, str] = field(default_factory=dict)
    """Token by the tag of XML1 it stands for."""
    refused: list[str] = field(default_factory=list)
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


def _usable(number: str) -> bool:
    return len(set(number)) > 1


def documents(text: str) -> Iterator[Known]:
    """The identity document in SO_CCCD, if it is one."""
    for item in text.split(";"):
        found = so_cccd_field.parse(item[:64])
        kind = found.details.get("document")
        if kind and found.is_valid and _usable(found.normalized):
            yield _KINDS.get(kind, "person.document"), found.normalized


def cards(text: str) -> Iterator[tuple[Known, str]]:
    """The persons behind card numbers, each with the printed benefit digit (may be empty)."""
    for item in text.split(";"):
        found = bhyt_card.parse(item[:64])
        if not found.is_valid:
            continue
        number = found.details.get("bhxh", "")
        if number and _usable(number):
            yield ("person.bhxh", number), found.details.get("level", "")
        elif not number and _usable(found.normalized):
            yield ("person.cccd", found.normalized), ""


def insurance(text: str) -> Iterator[Known]:
    """The person behind a ten-digit insurance code."""
    found = bhxh.parse(text[:64])
    if found.is_valid and _usable(found.normalized):
        yield "person.bhxh", found.normalized


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


def build(claim: Claim, summary: Record, default_facility: str, tokens: Tokens) -> Case:
    """The case of a claim; ``summary`` is its row of XML1.

    The shift hangs on the person: the mother of a newborn, else the insurance number, the document,
    the patient number of the facility, and as the last resort the encounter itself.
    """
    facility = facility_code(_value(summary, "ma_cskcb")[:32]) or default_facility
    link = claim.ma_lk
    episode = (
        ("episode", facility, opaque_key.normalize(str(link)))
        if link
        else ("content", facility, _content(claim))
    )
    start = _start(claim, summary)
    card_text, id_text = _value(summary, "ma_the_bhyt", "ma_the"), _value(summary, "so_cccd")
    local_text = _value(summary, "ma_bn")
    held = list(cards(card_text))
    insured = [known for known, _ in held if known[0] == "person.bhxh"]
    papers = list(documents(id_text)) or [k for k, _ in held if k[0] != "person.bhxh"]
    local = opaque_key.parse(local_text)
    people: list[tuple[str, ...]] = [*insured, *papers]
    if local.is_valid:
        people.append(("person.local", facility, local.normalized))
    born = getattr(summary, "ngay_sinh", None)
    if age_band(born, start).startswith("D"):
        people = [*_mother(claim), *people]
    case = Case(
        facility=facility,
        episode=tokens.token(*episode),
        days=7 * tokens.weeks(*(people[0] if people else episode)),
        start=start,
        card_valid=_card_valid(summary, start),
        level=next((level for _, level in held if level), ""),
        plain=tuple(
            text
            for text in (
                _value(summary, "ho_ten"),
                card_text,
                id_text,
                _value(summary, "dien_thoai"),
            )
            if len(text) >= 8
        ),
    )
    found: Mapping[str, tuple[str, ...] | None] = {
        "SO_CCCD": papers[0] if papers else None,
        "MA_THE_BHYT": insured[0] if insured else None,
        "MA_BN": ("person.local", facility, local.normalized) if local.is_valid else None,
    }
    given = {"SO_CCCD": id_text, "MA_THE_BHYT": card_text, "MA_BN": local_text}
    for tag, known in found.items():
        if known is not None:
            case.persons[tag] = tokens.token(*known)
        elif given[tag] and not (tag == "MA_THE_BHYT" and held):
            case.refused.append(tag)
    return case


def _content(claim: Claim) -> str:
    """All that is filled in, in a fixed order: stands in for a missing link id."""
    parts = [f"{row.TABLE}.{tag}={value}" for row in claim for tag, value in row.items()]
    return "\n".join(sorted(parts))
