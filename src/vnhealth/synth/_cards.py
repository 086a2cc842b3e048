"""Insurance cards of invented people, the category of the visit and the benefit rate.

The level of a group comes from `vnhealth.identity.bhyt_card`; how a category changes it is in
``data/categories.csv``.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from vnhealth.identity import bhyt_card
from vnhealth.synth._data import rows
from vnhealth.synth._dice import Dice
from vnhealth.synth._facilities import Facility
from vnhealth.synth._people import Person

__all__ = ["Card", "card_of", "categories", "category", "temporary_card"]


@dataclass(frozen=True, slots=True)
class Card:
    """One period of insurance: number, group, rate in percent, registered facility, dates."""

    number: str
    group: str
    percent: int
    registered: str
    valid_from: dt.date
    valid_to: dt.date


@dataclass(frozen=True, slots=True)
class Category:
    """A code of MA_DOITUONG_KCB and the share of the card's rate that it leaves."""

    code: str
    percent: int


def _group(person: Person, age: int) -> str:
    if age < 6:
        return "TE"
    if age < 18:
        return "HS"
    if person.place.area == "K1":
        return "DK"
    if age >= 60:
        return person.retired_group
    return person.job.group or "GD"


def _levelled(group: str, on: dt.date) -> tuple[str, int]:
    pays = bhyt_card.benefit(group, on)
    if pays is None:
        raise AssertionError(f"the level of group {group} is not known")
    return pays.level, pays.percent


def _child_until(born: dt.date) -> dt.date:
    """End of a child's card: 30 September of the year it turns six, else the end of that month."""
    if born.month <= 9:
        return dt.date(born.year + 6, 9, 30)
    if born.month == 12:
        return dt.date(born.year + 6, 12, 31)
    return dt.date(born.year + 6, born.month + 1, 1) - dt.timedelta(days=1)


def card_of(person: Person, on: dt.date, facility: Facility, local: bool) -> Card | None:
    """The card a person holds on a day; None for the uninsured.

    ``local`` registers it at the facility, else at a commune station (code ``PP998``).
    """
    if not person.insured:
        return None
    age = person.age(on)
    group = _group(person, age)
    level, percent = _levelled(group, on)
    registered = facility.code if local else f"{person.place.province}998"
    start, end = dt.date(on.year, 1, 1), dt.date(on.year, 12, 31)
    if group == "TE":
        start = person.born.date()
        end = _child_until(start)
    number = f"{group}{level}{person.place.province}{person.bhxh}"
    return Card(number, group, percent, registered, start, end)


def temporary_card(child: Person, admitted: dt.date, discharged: dt.date) -> Card:
    """The temporary card of a newborn: ``TE1``, province of residence, ten digits."""
    level, percent = _levelled("TE", admitted)
    province = child.place.province
    serial = Dice("temporary", child.key, child.born.isoformat()).digits(6)
    number = f"TE{level}{province}9990{serial}"
    return Card(number, "TE", percent, f"{province}000", admitted, discharged)


def categories(on: dt.date) -> list[dict[str, str]]:
    """The rows of the category table in force on a day (list 824, list 3276 from 01/07/2025)."""
    version = "3276" if on >= dt.date(2025, 7, 1) else "824"
    text = on.isoformat()
    return [
        r
        for r in rows("categories")
        if r["version"] == version and (r["valid_from"] or "0") <= text <= (r["valid_to"] or "9999")
    ]


def category(on: dt.date, tier: str, setting: str, why: str) -> Category:
    """The category of a visit for a reason at a facility of a tier, on a day.

    ``setting`` is ``in`` or ``out``.
    """
    for r in categories(on):
        if r["why"] == why and r["tier"] in ("", tier) and r["setting"] in ("", setting):
            return Category(r["code"], int(r["percent"]))
    raise AssertionError(f"no category for {why} on {on}")


def rate(card: Card | None, cat: Category) -> Decimal:
    """MUC_HUONG of a covered line in percent, at most one decimal."""
    if card is None:
        return Decimal(0)
    product = Decimal(card.percent * cat.percent) / 100
    return product.quantize(Decimal("0.1")) if product % 1 else product.quantize(Decimal(1))
