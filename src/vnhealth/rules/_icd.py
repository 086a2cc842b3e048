"""ICD-10 codes of diagnoses, by the list in force at the end of the encounter.

Until 30/06/2026 that is decision 4469, whose codes and rule lists are held by `vnhealth.identity`.
Of circular 06/2026 only a few published examples are held, so existence is then left to a
catalogue.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from vnhealth.identity import icd10
from vnhealth.rules._case import Case, day_of
from vnhealth.rules._model import Hit, RowCheck

if TYPE_CHECKING:
    from vnhealth.records.bhyt130 import Xml1, Xml3

__all__ = ["CHECKS", "ICD_TT06_FROM"]

ICD_TT06_FROM = dt.date(2026, 7, 1)


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
def _faults(text: str, tt06: bool) -> tuple[bool, bool]:
    """(some item has no ICD shape, some item does not exist) of a list."""
    codes = [_code(item.strip(), tt06) for item in text.split(";") if item.strip()]
    return (
        any(not code.plain for code in codes),
        any(code.plain and not code.exists for code in codes),
    )


def _tt06(case: Case) -> bool:
    return case.on >= ICD_TT06_FROM


def shape(row: Xml1, case: Case) -> list[Hit] | None:
    """Main and secondary diagnoses have the shape of ICD-10 codes."""
    return _row_faults(row, case, 0)


def exists(row: Xml1, case: Case) -> list[Hit] | None:
    """They stand in decision 4469."""
    return _row_faults(row, case, 1)


def _row_faults(row: Xml1, case: Case, which: int) -> list[Hit] | None:
    tt06 = _tt06(case)
    found = [
        Hit(attr.upper(), values={"value": text})
        for attr in ("ma_benh_chinh", "ma_benh_kt")
        if (text := getattr(row, attr)) is not None and _faults(text, tt06)[which]
    ]
    return found or None


def shape_of_line(row: Xml3, case: Case) -> Hit | None:
    """The same for the diagnoses of a service."""
    text = row.ma_benh
    if text is None or not _faults(text, _tt06(case))[0]:
        return None
    return Hit("MA_BENH", values={"value": text})


def exists_of_line(row: Xml3, case: Case) -> Hit | None:
    """They stand in decision 4469."""
    text = row.ma_benh
    if text is None or not _faults(text, _tt06(case))[1]:
        return None
    return Hit("MA_BENH", values={"value": text})


def never_main(row: Xml1, case: Case) -> Hit | None:
    """Codes that are never the main diagnosis; an asterisk code never is."""
    text = row.ma_benh_chinh
    if text is None:
        return None
    code = _code(text, _tt06(case))
    if code.asterisk or any(rule.effect == "NOT_AS_MAIN" for rule in code.rules):
        return Hit("MA_BENH_CHINH", values={"value": text})
    return None


def more_specific(row: Xml1, case: Case) -> list[Hit] | None:
    """Codes below which a more specific one must be used, in every position (TT 06/2026)."""
    return _having(row, case, {"MORE_SPECIFIC_EXISTS"})


def fits_sex(row: Xml1, case: Case) -> list[Hit] | None:
    """Codes of one sex."""
    wrong = {"1": "FEMALE_ONLY", "2": "MALE_ONLY"}.get(row.gioi_tinh or "")
    return _having(row, case, {wrong}) if wrong else None


def _having(row: Xml1, case: Case, effects: set[str]) -> list[Hit] | None:
    found = {
        tag
        for tag, _, code in _diagnoses(row, case)
        if any(rule.effect in effects for rule in code.rules)
    }
    return [Hit(tag) for tag in sorted(found)] or None


def fits_age(row: Xml1, case: Case) -> list[Hit] | None:
    """Codes of an age (4469, A3); advisory."""
    born, arrived = day_of(row.ngay_sinh), day_of(case.begin)
    if born is None or arrived is None or arrived < born:
        return None
    age = (arrived - born).days
    found = {
        tag
        for tag, _, code in _diagnoses(row, case)
        for rule in code.rules
        if rule.effect == "AGE_LIMIT" and not rule.min_days <= age <= rule.max_days
    }
    return [Hit(tag) for tag in sorted(found)] or None


def repeated(row: Xml1, case: Case) -> Hit | None:
    """No secondary diagnosis twice, and not the main one again."""
    if row.ma_benh_kt is None:
        return None
    plain = [code.plain for _, _, code in _diagnoses(row, case) if code.plain]
    return Hit("MA_BENH_KT") if len(set(plain)) < len(plain) else None


def _diagnoses(row: Xml1, case: Case) -> Iterator[tuple[str, str, Code]]:
    tt06 = _tt06(case)
    for attr in ("ma_benh_chinh", "ma_benh_kt"):
        text: Any = getattr(row, attr)
        for item in text.split(";") if text else ():
            if item.strip():
                yield attr.upper(), item, _code(item.strip(), tt06)


CHECKS: Mapping[str, RowCheck] = {
    "BHYT-XML1-150": shape,
    "BHYT-XML1-152": exists,
    "BHYT-XML1-153": never_main,
    "BHYT-XML1-154": fits_sex,
    "BHYT-XML1-155": fits_age,
    "BHYT-XML1-156": more_specific,
    "BHYT-XML1-157": repeated,
    "BHYT-XML3-150": shape_of_line,
    "BHYT-XML3-152": exists_of_line,
}
