"""Coding rules that an installed ICD-10 list carries: flags of TT 06/2026, pairs of decision 4469.

Whether a code exists is asked in `vnhealth.rules._catalogue`; what decision 4469 says of main
diagnoses, sex and age is held without a catalogue and judged in `vnhealth.rules._icd`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from typing import Any, NamedTuple, Protocol, runtime_checkable

from vnhealth.identity import icd10
from vnhealth.rules._case import Case
from vnhealth.rules._icd import ICD_TT06_FROM
from vnhealth.rules._load import rows
from vnhealth.rules._model import ClaimCheck, Hit

__all__ = ["CHECKS", "CodingCatalog"]

_MAIN = "MA_BENH_CHINH"
_SEXES = {"1": "FEMALE_ONLY", "2": "MALE_ONLY"}


@runtime_checkable
class CodingCatalog(Protocol):
    """A catalogue that also knows the coding rules of ICD-10, as `vnhealth.catalogs.Pack` does.

    ``effects`` gives objects with an ``effect`` (NOT_AS_MAIN, DISCOURAGED_AS_MAIN,
    MORE_SPECIFIC_EXISTS, DEATH_ONLY, FEMALE_ONLY, MALE_ONLY); ``daggers`` the plain dagger codes of
    which an asterisk code needs one.
    """

    def effects(self, system: str, code: str, on: dt.date) -> Iterable[Any]:
        """The coding rules on a code on a day."""
        ...

    def daggers(self, code: str) -> frozenset[str]:
        """The codes of which one must stand beside an asterisk code; empty for all others."""
        ...


class Diagnosis(NamedTuple):
    """One code of one field, and the effects that the installed list gives it."""

    table: str
    row: int
    tag: str
    plain: str
    effects: frozenset[str]


@cache
def _fields() -> tuple[tuple[str, str], ...]:
    """(table, tag) of the fields that hold ICD-10 codes."""
    held = rows("catalogue_fields")
    return tuple((row["table"], row["tag"]) for row in held if row["system"] == "icd10")


@lru_cache(maxsize=16_384)
def _plain(text: str) -> str:
    found = icd10.parse(text)
    return found.normalized.replace(".", "") if found.is_valid else ""


def _diagnoses(case: Case) -> list[Diagnosis]:
    """All diagnoses of an encounter, worked out once; none without such a catalogue."""
    held: list[Diagnosis] | None = case.memo.get("coded")
    if held is None:
        held = case.memo["coded"] = list(_found(case))
    return held


def _found(case: Case) -> Iterator[Diagnosis]:
    catalog: object = case.catalog
    if case.old or not isinstance(catalog, CodingCatalog):
        return
    for table, tag in _fields():
        for index, row in enumerate(case.rows(table)):
            text = getattr(row, tag.lower(), None)
            for item in (text or "").split(";"):
                plain = _plain(item.strip()) if item.strip() else ""
                if plain:
                    found = catalog.effects("icd10", plain, case.on)
                    effects = frozenset(one.effect for one in found)
                    yield Diagnosis(table, index, tag, plain, effects)


def _hits(found: Iterable[Diagnosis]) -> list[Hit] | None:
    """One hit per field, with the codes as values."""
    fields: dict[tuple[str, int, str], list[str]] = {}
    for one in found:
        fields.setdefault((one.table, one.row, one.tag), []).append(one.plain)
    return [
        Hit(tag, values={"value": "; ".join(codes)}, table=table, row=row)
        for (table, row, tag), codes in fields.items()
    ] or None


def _said_already(one: Diagnosis, effect: str) -> bool:
    """True when a rule without a catalogue reports the same: the few codes of TT 06 it knows."""
    return one.table == "XML1" and any(
        rule.effect == effect for rule in icd10.lists_tt06_known().of(one.plain)
    )


def _having(case: Case, effect: str, *, main_only: bool = False) -> list[Hit] | None:
    return _hits(
        one
        for one in _diagnoses(case)
        if effect in one.effects
        and (not main_only or one.tag == _MAIN)
        and not _said_already(one, effect)
    )


def never_main(case: Case) -> list[Hit] | None:
    """The main diagnosis is flagged as never one (column 24)."""
    return _having(case, "NOT_AS_MAIN", main_only=True)


def discouraged(case: Case) -> list[Hit] | None:
    """The main diagnosis is discouraged as one (column 25)."""
    return _having(case, "DISCOURAGED_AS_MAIN", main_only=True)


def more_specific(case: Case) -> list[Hit] | None:
    """A code below which a more specific one must be used, in every position (column 26)."""
    return _having(case, "MORE_SPECIFIC_EXISTS")


def cause_of_death(case: Case) -> list[Hit] | None:
    """A code that is only for causes of death (column 27)."""
    return _having(case, "DEATH_ONLY")


def fits_sex(case: Case) -> list[Hit] | None:
    """A code chiefly of the other sex (columns 28 and 29)."""
    wrong = _SEXES.get((case.x1.gioi_tinh or "") if case.x1 is not None else "")
    return _having(case, wrong) if wrong else None


def dagger_beside_asterisk(case: Case) -> list[Hit] | None:
    """An asterisk code stands without any of the dagger codes that it belongs to (A1)."""
    catalog: object = case.catalog
    if not isinstance(catalog, CodingCatalog) or case.on >= ICD_TT06_FROM:
        return None
    diagnoses = [one for one in _diagnoses(case) if one.table == "XML1"]
    held = {one.plain for one in diagnoses}
    needed = ((one, catalog.daggers(one.plain)) for one in diagnoses)
    return _hits(one for one, daggers in needed if daggers and not daggers & held)


CHECKS: Mapping[str, ClaimCheck] = {
    "BHYT-ICD-101": never_main,
    "BHYT-ICD-102": discouraged,
    "BHYT-ICD-103": more_specific,
    "BHYT-ICD-104": cause_of_death,
    "BHYT-ICD-105": fits_sex,
    "BHYT-ICD-106": dagger_beside_asterisk,
}
