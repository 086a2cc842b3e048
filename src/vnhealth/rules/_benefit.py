"""MUC_HUONG of a line against the card, the category of the patient and the date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from vnhealth.rules._amounts import HUNDRED
from vnhealth.rules._cards import percent
from vnhealth.rules._case import Case
from vnhealth.rules._load import rows
from vnhealth.rules._model import Hit, RowCheck

if TYPE_CHECKING:
    from vnhealth.records.bhyt130 import Xml2, Xml3

__all__ = ["CHECKS", "expected_rates"]

_NOT_INSURED = "9"


class Factor(NamedTuple):
    """Which share of the benefit a category of patients has, in which setting, on which days."""

    category: str
    setting: str
    valid_from: dt.date
    valid_to: dt.date
    percent: Decimal
    whole: bool


@cache
def _factors() -> Mapping[str, tuple[Factor, ...]]:
    found: dict[str, tuple[Factor, ...]] = {}
    for row in rows("benefit_factors"):
        for category in row["categories"].split():
            factor = Factor(
                category,
                row["setting"],
                dt.date.fromisoformat(row["valid_from"]),
                dt.date.fromisoformat(row["valid_to"] or "9999-12-31"),
                Decimal(row["percent"]),
                row["whole"] == "yes",
            )
            found[category] = (*found.get(category, ()), factor)
    return found


def _factor(category: str, inpatient: bool, on: dt.date) -> Factor | None:
    for one in _factors().get(category, ()):
        if one.valid_from <= on <= one.valid_to and one.setting in (
            "any",
            "inpatient" if inpatient else "outpatient",
        ):
            return one
    return None


def expected_rates(
    cards: str | None, category: str | None, inpatient: bool, on: dt.date
) -> frozenset[Decimal] | None:
    """The rates a covered line may have, in percent; None when the facts at hand do not say.

    The level of the card times the share of the category, or 100 times that share where the patient
    is exempt from co-payment (long insurance, a small bill), which a record does not show for sure.

    >>> import datetime as dt
    >>> day = dt.date(2026, 7, 15)
    >>> sorted(map(int, expected_rates("GD4010000012345", "1.1", False, day)))
    [80, 100]
    >>> sorted(map(float, expected_rates("HT3010000012345", "1.13", False, day)))
    [47.5, 50.0]
    """
    if category == _NOT_INSURED:
        return frozenset((Decimal(0),))
    if not cards or not category:
        return None
    factor = _factor(category, inpatient, on)
    if factor is None:
        return None
    if factor.whole:
        return frozenset((factor.percent,))
    found = {factor.percent}
    for card in cards.split(";"):
        number = card.strip().upper()
        level = percent(number[:2], number[2:3], on) if len(number) == 15 else None
        if level is None:
            return None
        found.add(level * factor.percent / HUNDRED)
    return frozenset(found)


def _rates(case: Case) -> frozenset[Decimal] | None:
    if "rates" not in case.memo:
        x1 = case.x1
        case.memo["rates"] = (
            None
            if x1 is None
            else expected_rates(x1.ma_the_bhyt, x1.ma_doituong_kcb, case.inpatient, case.on)
        )
    found: frozenset[Decimal] | None = case.memo["rates"]
    return found


def benefit_rate(row: Xml2 | Xml3, case: Case) -> Hit | None:
    """MUC_HUONG is a rate that card, category and date give."""
    found = row.muc_huong
    if found is None or row.pham_vi != "1" or not row.tyle_tt_bh:
        return None
    rates = _rates(case)
    if rates is None or found in rates:
        return None
    texts = ", ".join(format(rate.normalize(), "f") for rate in sorted(rates))
    return Hit("MUC_HUONG", {"rates": texts}, {"value": format(found, "f")})


CHECKS: Mapping[str, RowCheck] = {
    "BHYT-XML2-170": benefit_rate,
    "BHYT-XML3-170": benefit_rate,
}
