"""MUC_HUONG of a line against the card, the category of the patient and the date."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from vnhealth.rules._case import Case
from vnhealth.rules._model import Hit, RowCheck

if TYPE_CHECKING:
    from vnhealth.records.bhyt130 import Xml2, Xml3

__all__ = ["CHECKS"]


def benefit_rate(row: Xml2 | Xml3, case: Case) -> Hit | None:
    """MUC_HUONG is a rate that card, category and date give."""
    found, rates = row.muc_huong, case.rates
    if rates is None or found is None or found is case.right_rate:
        return None
    if found in rates:
        case.right_rate = found
        return None
    if row.pham_vi != "1" or not row.tyle_tt_bh:
        return None
    return Hit("MUC_HUONG", {"rates": _words(rates)}, {"value": format(found, "f")})


@lru_cache(maxsize=256)
def _words(rates: frozenset[Decimal]) -> str:
    return ", ".join(format(rate.normalize(), "f") for rate in sorted(rates))


CHECKS: Mapping[str, RowCheck] = {
    "BHYT-XML2-170": benefit_rate,
    "BHYT-XML3-170": benefit_rate,
}
