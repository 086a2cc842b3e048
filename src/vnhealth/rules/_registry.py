"""All rules of the package: which predicate belongs to which code. Nothing registers itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache

from vnhealth.records import Document
from vnhealth.rules import (
    _benefit,
    _catalogue,
    _catalogue_icd,
    _catalogue_lists,
    _dates,
    _days,
    _deadlines,
    _formats,
    _icd,
    _keys,
    _lines,
    _lines4210,
    _papers,
    _practice,
    _presence,
    _split,
    _structure,
    _totals,
)
from vnhealth.rules._gates import CLAIM_GATES, GATES
from vnhealth.rules._load import rules
from vnhealth.rules._model import ClaimCheck, Hit, On, RowCheck, Rule

__all__ = [
    "CATALOGUE",
    "CLAIM_CHECKS",
    "CLAIM_GATES",
    "DEADLINES",
    "DOCUMENT_CHECKS",
    "GATES",
    "ROW_CHECKS",
    "registry",
]

ROW_CHECKS: Mapping[str, RowCheck | On] = {
    **_lines4210.CHECKS,
    **_lines.CHECKS,
    **_split.CHECKS,
    **_dates.CHECKS,
    **_days.CHECKS,
    **_papers.CHECKS,
    **_presence.CHECKS,
    **_formats.CHECKS,
    **_icd.CHECKS,
    **_benefit.CHECKS,
    **_practice.CHECKS,
}
"""Rules that look at one row."""

CLAIM_CHECKS: Mapping[str, ClaimCheck] = {
    **_keys.CHECKS,
    **_totals.CHECKS,
    **_structure.CHECKS,
}
"""Rules that look at an encounter."""

DEADLINES: Mapping[str, ClaimCheck] = _deadlines.CHECKS
"""Rules that need the time of sending."""

CATALOGUE: Mapping[str, ClaimCheck] = {
    **_catalogue.CHECKS,
    **_catalogue_icd.CHECKS,
    **_catalogue_lists.CHECKS,
}
"""Rules that need a catalogue."""

DocumentCheck = Callable[[Document], Iterable[tuple[int | None, Hit]]]

DOCUMENT_CHECKS: Mapping[str, DocumentCheck] = {**_keys.DOCUMENT_CHECKS}
"""Rules that look at a document; they yield the index of the encounter, or None, and a hit."""


@cache
def registry() -> Mapping[str, Rule]:
    """All rules by code: rows of ``data/rules.csv``.

    >>> registry()["BHYT-CLAIM-111"].source_id
    'S11'
    """
    return rules()
