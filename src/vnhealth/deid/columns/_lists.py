"""The lists by which facts are derived, read once from ``data``."""

from __future__ import annotations

import csv
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from vnhealth.deid._tables import withheld
from vnhealth.identity import icd10
from vnhealth.models import meaning_of

__all__ = [
    "Block",
    "CareKind",
    "block_of",
    "blocks",
    "care_kinds",
    "category",
    "facts_rows",
    "is_restricted",
    "restricted_service",
]


def _read(name: str) -> list[dict[str, str]]:
    path = files("vnhealth.deid.columns") / "data" / f"{name}.csv"
    return list(csv.DictReader(path.read_text("utf-8").splitlines()))


@dataclass(frozen=True, slots=True)
class Block:
    """A block of ICD-10: chapter as a Roman numeral, first and last category, titles."""

    chapter: str
    first: str
    last: str
    title_vi: str
    title_en: str

    @property
    def name(self) -> str:
        """As people write it, ``A00-A09``."""
        return f"{self.first}-{self.last}"


@cache
def blocks() -> tuple[Block, ...]:
    """All blocks in order.

    >>> len(blocks()), blocks()[0].name
    (212, 'A00-A09')
    """
    return tuple(sorted((Block(**row) for row in _read("icd10_blocks")), key=lambda b: b.first))


@cache
def _starts() -> list[str]:
    return [block.first for block in blocks()]


def block_of(code: str) -> Block | None:
    """The block of a code or category; None for a category that no block holds.

    >>> block_of("J18.9").name, block_of("A10") is None
    ('J09-J18', True)
    """
    at = bisect_right(_starts(), code[:3]) - 1
    if at < 0:
        return None
    found = blocks()[at]
    return found if code[:3] <= found.last else None


@dataclass(frozen=True, slots=True)
class CareKind:
    """What follows from a form of care; see ``data/encounter_kinds.csv``."""

    kind: str
    setting: str
    bh_block: str


@cache
def care_kinds() -> Mapping[str, CareKind]:
    """By the meaning of the code. Every form of care has a row.

    >>> from vnhealth.models import EncounterKind
    >>> care_kinds()["inpatient"].bh_block, set(care_kinds()) == set(EncounterKind)
    ('IV', True)
    """
    return {
        row["kind"]: CareKind(row["kind"], row["setting"], row["bh_block"])
        for row in _read("encounter_kinds")
    }


def care_of(code: str | None, family: str) -> CareKind | None:
    """The form of care of a code of MA_LOAI_KCB."""
    meaning = meaning_of("encounter_kind", family, code) if code else None
    return care_kinds()[meaning.value] if meaning is not None else None


@cache
def facts_rows() -> Mapping[str, tuple[dict[str, str], ...]]:
    """The rows of ``data/facts.csv`` by fact table."""
    found: dict[str, list[dict[str, str]]] = {}
    for row in _read("facts"):
        found.setdefault(row["fact"], []).append(row)
    return {name: tuple(rows) for name, rows in found.items()}


def category(text: str | None) -> str:
    """A diagnosis in its normal form; empty when it has not the shape of one.

    >>> category("j189"), category("Viêm phổi")
    ('J18.9', '')
    """
    return icd10.parse(text).normalized if text and text.strip() else ""


def is_restricted(code: str) -> bool:
    """True for a diagnosis of a topic that the law keeps out of general statistics (HIV).

    >>> is_restricted("B20.1"), is_restricted("J18.9")
    (True, False)
    """
    return bool(code) and bool(withheld("hiv", "icd").effect(code))


def restricted_object(code: str | None) -> bool:
    """True for a patient category of such a topic."""
    return bool(code) and bool(withheld("hiv", "object").effect(str(code)))


def restricted_service(code: str | None) -> bool:
    """True for a service of such a topic."""
    return bool(code) and bool(withheld("hiv", "service").effect(str(code)))
