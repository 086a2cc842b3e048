"""ICD-10 codes of diagnoses, by the list in force at the end of the encounter.

Until 30/06/2026 that is decision 4469, whose codes and rule lists are held by `vnhealth.identity`.
Of circular 06/2026 only a few published examples are held, so existence is then left to a
catalogue.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from vnhealth.identity import icd10
from vnhealth.rules._case import Case, day_of
from vnhealth.rules._model import Era, Hit, On, RowCheck

if TYPE_CHECKING:
    from vnhealth.records.bhyt130 import Xml1, Xml3

__all__ = ["CHECKS", "ICD_TT06_FROM", "is_known_to_4469", "surely_fits"]

ICD_TT06_FROM = dt.date(2026, 7, 1)


_SEX = {"1": "FEMALE_ONLY", "2": "MALE_ONLY"}
"""GIOI_TINH to the effect that contradicts it."""


class Code(NamedTuple):
    """One item: its plain form (empty when it is none), whether it exists, its coding rules."""

    plain: str
    exists: bool
    asterisk: bool
    rules: tuple[icd10.Icd10Rule, ...]


@lru_cache(maxsize=16_384)
def _code(text: str, tt06: bool) -> Code:
    found = icd10.parse(text)
    if not found.is_valid:
        return Code("", False, False, ())
    plain = found.normalized.replace(".", "")
    lists = icd10.lists_tt06_known() if tt06 else icd10.lists_4469()
    exists = lists.codes is None or plain in lists.codes
    return Code(plain, exists, found.details.get("mark") == "asterisk", lists.of(plain))


@lru_cache(maxsize=16_384)
def _codes(text: str, tt06: bool) -> tuple[Code, ...]:
    return tuple(_code(item.strip(), tt06) for item in text.split(";") if item.strip())


@lru_cache(maxsize=16_384)
def _faults(text: str, tt06: bool) -> tuple[bool, bool]:
    """(some item has no ICD shape, some item does not exist) of a list."""
    codes = _codes(text, tt06)
    return (
        any(not code.plain for code in codes),
        any(code.plain and not code.exists for code in codes),
    )


def is_known_to_4469(code: str) -> bool:
    """True for a code of decision 4469; of all others rules here say that they are unknown."""
    found = _code(code, False)
    return bool(found.plain) and found.exists


def _tt06(case: Case) -> bool:
    return case.on >= ICD_TT06_FROM


def main_diagnosis(row: Xml1, case: Case) -> Hit:
    """The main diagnosis has the shape of an ICD-10 code and stands in decision 4469."""
    return Hit("MA_BENH_CHINH", values={"value": row.ma_benh_chinh or ""})


def other_diagnoses(row: Xml1, case: Case) -> Hit:
    """The same for the secondary ones."""
    return Hit("MA_BENH_KT", values={"value": row.ma_benh_kt or ""})


def _misshapen(text: str, era: Era) -> bool:
    return _faults(text, era.on >= ICD_TT06_FROM)[0]


def _unknown(text: str, era: Era) -> bool:
    return _faults(text, era.on >= ICD_TT06_FROM)[1]


def diagnosis_of_line(row: Xml3, case: Case) -> Hit:
    """The same two for the diagnoses of a service."""
    return Hit("MA_BENH", values={"value": row.ma_benh or ""})


def _never_main(text: str, era: Era) -> bool:
    code = _code(text, era.on >= ICD_TT06_FROM)
    return code.asterisk or any(rule.effect == "NOT_AS_MAIN" for rule in code.rules)


def never_main(row: Xml1, case: Case) -> Hit:
    """Codes that are never the main diagnosis; an asterisk code never is."""
    return Hit("MA_BENH_CHINH", values={"value": row.ma_benh_chinh or ""})


def more_specific(row: Xml1, case: Case) -> list[Hit] | None:
    """Codes below which a more specific one must be used, in every position (TT 06/2026)."""
    return _having(row, case, {"MORE_SPECIFIC_EXISTS"})


def fits_sex(row: Xml1, case: Case) -> list[Hit] | None:
    """Codes of one sex."""
    wrong = _SEX.get(row.gioi_tinh or "")
    return _having(row, case, {wrong}) if wrong else None


def _having(row: Xml1, case: Case, effects: set[str]) -> list[Hit] | None:
    ruled = _ruled(row, case)
    if not ruled:
        return None
    found = {tag for tag, code in ruled if any(rule.effect in effects for rule in code.rules)}
    return [Hit(tag) for tag in sorted(found)] or None


def fits_age(row: Xml1, case: Case) -> list[Hit] | None:
    """Codes of an age (4469, A3); advisory."""
    limits = [
        (tag, rule)
        for tag, code in _ruled(row, case)
        for rule in code.rules
        if rule.effect == "AGE_LIMIT"
    ]
    if not limits:
        return None
    born, arrived = day_of(row.ngay_sinh), day_of(case.begin)
    if born is None or arrived is None or arrived < born:
        return None
    age = (arrived - born).days
    found = {tag for tag, rule in limits if not rule.min_days <= age <= rule.max_days}
    return [Hit(tag) for tag in sorted(found)] or None


def repeated(row: Xml1, case: Case) -> Hit | None:
    """No secondary diagnosis twice, and not the main one again."""
    if row.ma_benh_kt is None:
        return None
    plain = [code.plain for _, code in _diagnoses(row, case) if code.plain]
    return Hit("MA_BENH_KT") if len(set(plain)) < len(plain) else None


class Limits(NamedTuple):
    """What the coding rules of a list of codes ask for together; ages are in days."""

    effects: frozenset[str]
    min_days: int
    max_days: int


@lru_cache(maxsize=16_384)
def _limits(text: str, tt06: bool) -> Limits | None:
    rules = [rule for code in _codes(text, tt06) for rule in code.rules]
    if not rules:
        return None
    return Limits(
        frozenset(rule.effect for rule in rules),
        max(rule.min_days for rule in rules),
        min(rule.max_days for rule in rules),
    )


def surely_fits(case: Case, text: str | None, sex: str | None, years: int) -> bool:
    """True when no coding rule of a list can break, ``years`` being the calendar years of age."""
    limits = None if text is None else _limits(text, case.on >= ICD_TT06_FROM)
    if limits is None:
        return True
    return (
        _SEX.get(sex or "") not in limits.effects
        and "MORE_SPECIFIC_EXISTS" not in limits.effects
        and limits.min_days <= (years - 1) * 365
        and (years + 1) * 366 <= limits.max_days
    )


def _diagnoses(row: Xml1, case: Case) -> list[tuple[str, Code]]:
    """(tag, code) of all diagnoses, worked out once per encounter."""
    held: list[tuple[str, Code]] | None = case.memo.get("diagnoses")
    if held is None:
        tt06 = _tt06(case)
        held = case.memo["diagnoses"] = [
            (tag, code)
            for tag, text in (("MA_BENH_CHINH", row.ma_benh_chinh), ("MA_BENH_KT", row.ma_benh_kt))
            if text
            for code in _codes(text, tt06)
        ]
    return held


def _ruled(row: Xml1, case: Case) -> list[tuple[str, Code]]:
    """Those that have coding rules."""
    held: list[tuple[str, Code]] | None = case.memo.get("ruled")
    if held is None:
        held = case.memo["ruled"] = [one for one in _diagnoses(row, case) if one[1].rules]
    return held


CHECKS: Mapping[str, RowCheck | On] = {
    "BHYT-XML1-150": On(main_diagnosis, "ma_benh_chinh", when=_misshapen),
    "BHYT-XML1-151": On(other_diagnoses, "ma_benh_kt", when=_misshapen),
    "BHYT-XML1-152": On(main_diagnosis, "ma_benh_chinh", when=_unknown),
    "BHYT-XML1-158": On(other_diagnoses, "ma_benh_kt", when=_unknown),
    "BHYT-XML1-153": On(never_main, "ma_benh_chinh", when=_never_main),
    "BHYT-XML1-154": fits_sex,
    "BHYT-XML1-155": fits_age,
    "BHYT-XML1-156": more_specific,
    "BHYT-XML1-157": On(repeated, "ma_benh_kt"),
    "BHYT-XML3-150": On(diagnosis_of_line, "ma_benh", when=_misshapen),
    "BHYT-XML3-152": On(diagnosis_of_line, "ma_benh", when=_unknown),
}
