"""Which rates of benefit a card, a category of patients and a date give."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from functools import cache, lru_cache
from typing import NamedTuple

from vnhealth.rules._cards import percent
from vnhealth.rules._load import rows

__all__ = ["expected_rates"]

HUNDRED = Decimal(100)
_NOT_INSURED = "9"
_NOTHING = frozenset((Decimal(0),))


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
        return _NOTHING
    if not cards or not category:
        return None
    if len(cards) == 15:
        return _rates(cards[:3].upper(), category, inpatient, on)
    heads = [number[:3] if len(number := card.strip()) == 15 else "" for card in cards.split(";")]
    return _rates(";".join(heads).upper(), category, inpatient, on)


@lru_cache(maxsize=4096)
def _rates(heads: str, category: str, inpatient: bool, on: dt.date) -> frozenset[Decimal] | None:
    """By the first three characters of the cards."""
    factor = _factor(category, inpatient, on)
    if factor is None:
        return None
    if factor.whole:
        return frozenset((factor.percent,))
    found = {factor.percent}
    for head in heads.split(";"):
        level = percent(head[:2], head[2:], on) if head else None
        if level is None:
            return None
        found.add(level * factor.percent / HUNDRED)
    return frozenset(found)
