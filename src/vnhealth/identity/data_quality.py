"""Four measures of a batch of person records: đúng, đủ, sạch, sống.

*Đúng* (correct): of the identity values that are filled, the share that is valid; what the
insurance gateway will refuse is not, even where the decision allows it. *Đủ* (complete): of the
required fields, the share that is filled. *Sạch* (clean): the share of people who stand in the
batch under one code only and, where the batch says how identity was established, whose identity was
verified. *Sống* (live): how long ago the records were last changed, and the share changed within a
limit. Everything is counted per facility and for the whole batch.

A measure that a batch cannot answer (no column says who was verified, none says when) is reported
as not answered, never as zero or as full.

Legal source: the four words are those of decision 1551/QĐ-BYT (2026) point 3 e and of the plans
that cite it; the formulas are this project's own, stated in each report.
"""

from __future__ import annotations

import datetime as dt
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from vnhealth.identity import kinds
from vnhealth.identity._base import clean, is_digits
from vnhealth.identity._lists import provinces, read
from vnhealth.identity.birth_date import read as read_date
from vnhealth.identity.matching import pairs
from vnhealth.identity.person_record import PersonRecord
from vnhealth.localtime import Precision

__all__ = [
    "FRESH_DAYS",
    "FieldQuality",
    "Quality",
    "QualityReport",
    "columns",
    "field_titles",
    "measure",
]

FRESH_DAYS = 30
"""Records changed within this many days count as live, unless another limit is asked for."""

_UPDATED = ("updated", "NGAY_CAP_NHAT", "NGAY_RA", "NGAY_VAO")
_PROVENANCE = ("provenance", "verified")
_VERIFIED = frozenset(("verified", "yes", "1", "true", "đã xác thực"))


@dataclass(frozen=True, slots=True)
class FieldQuality:
    """Counts of one field: rows with a value, without one, valid, with warning, and not valid with
    how often each reason code occurred.
    """

    field: str
    required: bool
    filled: int
    empty: int
    valid: int
    warned: int
    invalid: int
    reasons: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Quality:
    """The four measures of one facility, or of the batch (``facility`` empty). Shares 0 to 1, None
    where the batch cannot answer. ``age_days`` are median, slowest tenth and oldest.
    """

    facility: str
    rows: int
    people: int
    correct: float | None
    complete: float | None
    clean: float | None
    live: float | None
    duplicates: int
    reviews: int
    verified: float | None
    age_days: tuple[float, float, float] | None
    fields: tuple[FieldQuality, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, the measures also under their Vietnamese names."""
        return {
            "facility": self.facility,
            "rows": self.rows,
            "people": self.people,
            "measures": {
                "dung": self.correct,
                "du": self.complete,
                "sach": self.clean,
                "song": self.live,
            },
            "duplicate_people": self.duplicates,
            "pairs_to_review": self.reviews,
            "verified_share": self.verified,
            "age_days": self.age_days
            and dict(zip(("median", "p90", "max"), self.age_days, strict=True)),
            "fields": [
                {name: getattr(one, name) for name in FieldQuality.__dataclass_fields__}
                for one in self.fields
            ],
        }


@dataclass(frozen=True, slots=True)
class QualityReport:
    """The measures of a batch: of all of it, and of each facility in it."""

    as_of: dt.date
    fresh_days: int
    batch: Quality
    facilities: tuple[Quality, ...]
    absent: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; holds counts and codes, no value of a person."""
        return {
            "as_of": self.as_of.isoformat(),
            "fresh_days": self.fresh_days,
            "batch": self.batch.to_dict(),
            "facilities": [one.to_dict() for one in self.facilities],
            "absent_fields": list(self.absent),
        }


@cache
def _fields() -> tuple[dict[str, str], ...]:
    return tuple(read("quality_fields"))


def columns() -> tuple[str, ...]:
    """Give the tags of table 1 that are read.

    >>> "SO_CCCD" in columns()
    True
    """
    return (*(one["field"] for one in _fields()), *(x for x in _UPDATED if x.isupper()))


def field_titles() -> dict[str, str]:
    """Give the Vietnamese name of each field.

    >>> field_titles()["HO_TEN"]
    'họ tên'
    """
    return {one["field"]: one["name_vi"] for one in _fields()}


def _value(row: Mapping[str, str], spec: Mapping[str, str]) -> str:
    return clean(row.get(spec["field"]) or row.get(spec["alias"]) or "")


def _judge(kind: str, value: str, context: Mapping[str, str]) -> tuple[str, str]:
    """Give outcome and reason code."""
    if kind == "sex":
        return ("yes", "OK") if value in ("1", "2", "3") else ("no", "SEX")
    if kind == "province":
        known = is_digits(value) and value[-2:] in provinces() and len(value) in (2, 3)
        return ("yes", "OK") if known else ("no", "PROVINCE_UNKNOWN")
    if kind == "commune":
        return ("yes", "OK") if is_digits(value) and len(value) == 5 else ("no", "SHAPE")
    if kind == "text":
        return "yes", "OK"
    found = kinds.check(kind, value, context)
    if "GATEWAY_WILL_REJECT" in found.codes:
        return "no", "GATEWAY_WILL_REJECT"
    return found.outcome, found.code


def measure(
    rows: Iterable[Mapping[str, str]],
    *,
    as_of: dt.date,
    fresh_days: int = FRESH_DAYS,
    progress: Callable[[int], None] = lambda _: None,
) -> QualityReport:
    """Measure rows with the tags of table 1, or the columns facility, id, name, dob, sex, cccd,
    bhxh, card, phone, province, ward, address; optionally ``updated`` and ``provenance``.

    >>> row = {"facility": "01901", "id": "BN1", "name": "Trần Thị Mẫu", "dob": "1901-03-05",
    ...        "sex": "2", "cccd": "1101000123", "updated": "2026-11-20"}
    >>> found = measure([row], as_of=dt.date(2026, 11, 22)).batch
    >>> round(found.correct, 2), found.clean, found.live, found.verified
    (0.83, 1.0, 1.0, None)
    """
    by_facility: dict[str, list[Mapping[str, str]]] = defaultdict(list)
    columns: set[str] = set()
    first = _fields()[0]
    for row in rows:
        columns.update(row)
        by_facility[_value(row, first)].append(row)
    held = [one for one in _fields() if {one["field"], one["alias"]} & columns]
    asked = bool(columns & set(_PROVENANCE))
    counted = []
    for facility in sorted(by_facility):
        group = by_facility[facility]
        counted.append(_count(facility, group, held, as_of, asked=asked))
        progress(len(group))
    absent = tuple(one["field"] for one in _fields() if one not in held)
    return QualityReport(
        as_of,
        fresh_days,
        _sum(counted, held).quality(fresh_days),
        tuple(one.quality(fresh_days) for one in counted),
        absent,
    )


@dataclass(frozen=True, slots=True)
class _Counts:
    """What is counted in one facility; ``verified`` is None when no row says."""

    facility: str
    rows: int
    people: int
    duplicates: int
    reviews: int
    clean: int
    verified: int | None
    ages: tuple[int, ...]
    fields: tuple[FieldQuality, ...]

    def quality(self, fresh_days: int) -> Quality:
        """Turn the counts into measures."""
        needed = [one for one in self.fields if one.required]
        ages = sorted(self.ages)
        spread = None
        if ages:
            tenth = ages[min(len(ages) - 1, len(ages) * 9 // 10)]
            spread = (float(statistics.median(ages)), float(tenth), float(ages[-1]))
        return Quality(
            facility=self.facility,
            rows=self.rows,
            people=self.people,
            correct=_share(
                sum(one.valid + one.warned for one in self.fields),
                sum(one.filled for one in self.fields),
            ),
            complete=_share(
                sum(one.filled for one in needed), sum(one.filled + one.empty for one in needed)
            ),
            clean=_share(self.clean, self.people),
            live=_share(sum(age <= fresh_days for age in ages), len(ages)),
            duplicates=self.duplicates,
            reviews=self.reviews,
            verified=None if self.verified is None else _share(self.verified, self.people),
            age_days=spread,
            fields=self.fields,
        )


def _count(
    facility: str,
    rows: Sequence[Mapping[str, str]],
    held: Sequence[Mapping[str, str]],
    as_of: dt.date,
    *,
    asked: bool,
) -> _Counts:
    people = _people(rows)
    twice, reviews = _duplicates([person[0] for person in people.values()])
    proven = [_verified(person) for person in people.values()]
    ages = (_age(row, as_of) for row in rows)
    return _Counts(
        facility,
        len(rows),
        len(people),
        len(twice),
        reviews,
        sum(i not in twice and (sure or not asked) for i, sure in enumerate(proven)),
        sum(proven) if asked else None,
        tuple(age for age in ages if age is not None),
        _count_fields(rows, held),
    )


def _sum(counted: Sequence[_Counts], held: Sequence[Mapping[str, str]]) -> _Counts:
    """Add the facilities up."""
    fields = []
    for place, spec in enumerate(held):
        same = [one.fields[place] for one in counted]
        reasons: Counter[str] = Counter()
        for one in same:
            reasons.update(one.reasons)
        fields.append(
            FieldQuality(
                spec["field"],
                spec["required"] == "yes",
                sum(one.filled for one in same),
                sum(one.empty for one in same),
                sum(one.valid for one in same),
                sum(one.warned for one in same),
                sum(one.invalid for one in same),
                dict(reasons.most_common()),
            )
        )
    said = [one.verified for one in counted if one.verified is not None]
    return _Counts(
        "",
        sum(one.rows for one in counted),
        sum(one.people for one in counted),
        sum(one.duplicates for one in counted),
        sum(one.reviews for one in counted),
        sum(one.clean for one in counted),
        sum(said) if said else None,
        tuple(age for one in counted for age in one.ages),
        tuple(fields),
    )


def _people(rows: Sequence[Mapping[str, str]]) -> dict[str, list[Mapping[str, str]]]:
    """Group rows by patient code; a row without one is a person of its own."""
    people: dict[str, list[Mapping[str, str]]] = defaultdict(list)
    for place, row in enumerate(rows):
        code = row.get("MA_BN") or row.get("id") or ""
        people[f"c{code}" if code else f"r{place}"].append(row)
    return people


def _duplicates(rows: Sequence[Mapping[str, str]]) -> tuple[set[int], int]:
    records = [PersonRecord.from_row(row) for row in rows]
    twice: set[int] = set()
    reviews = 0
    for i, j, decision in pairs(records):
        if decision.outcome == "match":
            twice |= {i, j}
        else:
            reviews += 1
    return twice, reviews


def _verified(person: Sequence[Mapping[str, str]]) -> bool:
    said = (str(row.get(name, "")).strip().casefold() for row in person for name in _PROVENANCE)
    return any(word in _VERIFIED for word in said)


def _age(row: Mapping[str, str], as_of: dt.date) -> int | None:
    text = next((row[name] for name in _UPDATED if row.get(name)), "")
    moment = read_date(text) if text else None
    if moment is None or moment.precision < Precision.DAY:
        return None
    return (as_of - moment.date()).days


def _count_fields(
    rows: Sequence[Mapping[str, str]], held: Sequence[Mapping[str, str]]
) -> tuple[FieldQuality, ...]:
    found = []
    for spec in held:
        outcomes: Counter[str] = Counter()
        reasons: Counter[str] = Counter()
        for row in rows:
            value = _value(row, spec)
            if not value:
                outcomes["empty"] += 1
                continue
            context = {"sex": row.get("GIOI_TINH") or row.get("sex") or ""}
            parts = value.split(spec["separator"]) if spec["separator"] else [value]
            judged = [_judge(spec["kind"], part, context) for part in parts]
            outcome, code = max(judged, key=lambda one: ("yes", "warn", "no").index(one[0]))
            outcomes[outcome] += 1
            if outcome != "yes":
                reasons[code] += 1
        valid, warned, invalid = (outcomes[x] for x in ("yes", "warn", "no"))
        found.append(
            FieldQuality(
                spec["field"],
                spec["required"] == "yes",
                valid + warned + invalid,
                outcomes["empty"],
                valid,
                warned,
                invalid,
                dict(reasons.most_common()),
            )
        )
    return tuple(found)


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
