"""All rules of the package: which predicate belongs to which code. Nothing registers itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache

from vnhealth.records import Document
from vnhealth.rules import _keys, _totals
from vnhealth.rules._load import rules
from vnhealth.rules._model import ClaimCheck, Hit, RowCheck, Rule

__all__ = ["CLAIM_CHECKS", "DOCUMENT_CHECKS", "ROW_CHECKS", "registry"]

ROW_CHECKS: Mapping[str, RowCheck] = {}

CLAIM_CHECKS: Mapping[str, ClaimCheck] = {
    **_keys.CHECKS,
    **_totals.CHECKS,
}

DocumentCheck = Callable[[Document], Iterable[tuple[int | None, Hit]]]

DOCUMENT_CHECKS: Mapping[str, DocumentCheck] = {**_keys.DOCUMENT_CHECKS}


@cache
def registry() -> Mapping[str, Rule]:
    """All rules by code: rows of ``data/rules.csv``.

    >>> registry()["BHYT-CLAIM-111"].source_id
    'S11'
    """
    return rules()
