"""MUC_HUONG of a line against the card, the category of the patient and the date."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from vnhealth.rules._case import Case
from vnhealth.rules._model import Hit, On

if TYPE_CHECKING:
    from vnhealth.records.bhyt130 import Xml2, Xml3

__all__ = ["CHECKS"]


def _wrong(rate: Decimal, case: Case) -> bool:
    return case.rates is not None and rate not in case.rates


def benefit_rate(row: Xml2 | Xml3, case: Case) -> Hit | None:
    """MUC_HUONG is a rate that card, category and date give."""
    rate, rates = row.muc_huong, case.rates
    if row.pham_vi != "1" or not row.tyle_tt_bh or rate is None or rates is None:
        return None
    if rate is not case.last_rate:
        case.last_rate = rate
        case.rate_words = {"rates": _listed(rates)}, {"value": format(rate, "f")}
    return Hit("MUC_HUONG", *case.rate_words)


@lru_cache(maxsize=256)
def _listed(rates: frozenset[Decimal]) -> str:
    return ", ".join(format(rate.normalize(), "f") for rate in sorted(rates))


CHECKS: Mapping[str, On] = {
    "BHYT-XML2-170": On(benefit_rate, "muc_huong", doubt=_wrong),
    "BHYT-XML3-170": On(benefit_rate, "muc_huong", doubt=_wrong),
}
