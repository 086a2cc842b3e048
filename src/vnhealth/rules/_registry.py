"""All rules of the package: which predicate belongs to which code. Nothing registers itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache

from vnhealth.records import Document
from vnhealth.rules import (
    _benefit,
    _catalogue,
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
from vnhealth.rules._load import rules
from vnhealth.rules._model import ClaimCheck, Hit, RowCheck, Rule

__all__ = ["CLAIM_CHECKS", "DOCUMENT_CHECKS", "ROW_CHECKS", "registry"]

ROW_CHECKS: Mapping[str, RowCheck] = {
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
    **_lines.CLAIM_CHECKS,
    **_presence.CLAIM_CHECKS,
    **_deadlines.CHECKS,
    **_practice.CLAIM_CHECKS,
    **_catalogue.CHECKS,
}
"""Rules that look at an encounter."""

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
