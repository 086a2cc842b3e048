"""The card register of the sandbox: invented people only, and a magic number for every code.

Cards are those of `vnhealth.synth` for the same seed, so a patient of a synthetic day is found
here. Every other number is unknown, however real it looks. Whose last ten digits are ``9999999``
and a code of the look-up gets that code, from any language: no such insurance number is given out.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib.resources import files
from random import Random
from typing import TYPE_CHECKING, Any

from vnhealth.identity import bhyt_card, names
from vnhealth.protocol.vss_lookup import CardReply, Lookup, Visit

if TYPE_CHECKING:
    from vnhealth.synth import Person

__all__ = [
    "ELSEWHERE",
    "MAGIC",
    "Holder",
    "card_digits",
    "holder_at",
    "holders",
    "magic_holder",
    "officers",
    "reply_of",
    "visits_of",
]

MAGIC = "9999999"
MAGIC_HOUSEHOLD = 999_999
KEY_DIGITS = 9
PLACES = 100
DAY = "%d/%m/%Y"
ELSEWHERE = {"QN": "001", "CY": "001", "CA": "002"}
"""Groups whose cards another insurer manages, and what the look-up says of them."""
SEX = {"1": "Nam", "2": "Nữ"}


@dataclass(frozen=True, slots=True, repr=False)
class Holder:
    """An invented person with a card. ``number`` and ``member`` say where in the population.

    ``born`` is a day, or a year when no more is on record.
    """

    number: int
    member: int
    name: str
    born: dt.date | int
    sex: str
    address: str
    bhxh: str
    card: str
    home_facility: str
    valid_from: dt.date
    valid_to: dt.date

    @property
    def key(self) -> str:
        """Nine digits that stand for the person in record numbers and in the audit list."""
        return f"{self.number:06d}{self.member:03d}"

    def is_called(self, name: str) -> bool:
        """True for the same name, whatever its case and the place of its tone marks."""
        return names.key(name) == names.key(self.name)

    def born_on(self, asked: dt.date | int) -> bool:
        """True for the same birth date, as far as both sides tell it."""
        if isinstance(asked, dt.date) and isinstance(self.born, dt.date):
            return asked == self.born
        return _year(asked) == _year(self.born)

    def __repr__(self) -> str:
        return "<Holder>"


def _year(born: dt.date | int) -> int:
    return born.year if isinstance(born, dt.date) else born


@cache
def officers() -> Mapping[str, str]:
    """Name by CCCD of the invented officers who are registered at every facility."""
    return {row["cccd"]: row["name"] for row in _rows("officers")}


def _rows(name: str) -> list[dict[str, str]]:
    text = (files("vnhealth.sandbox") / "data" / f"{name}.csv").read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


def holders(seed: int, number: str, on: dt.date) -> tuple[Holder, ...]:
    """Who has this number (the last ten digits of a card, or a CCCD), with the card of a day.

    Usually one; invented serial numbers are short, so two people may share one.
    """
    from vnhealth.synth import household

    province = number[1:3] if len(number) == 12 else number[:2]
    found = []
    for place in _population(seed, province).get(number, ()):
        house, member = divmod(place, PLACES)
        holder = _holder(house, member, household(seed, house).members[member], on)
        if holder is not None:
            found.append(holder)
    return tuple(found)


def holder_at(seed: int, key: str, on: dt.date) -> Holder | None:
    """The holder with this key, with the card of a day; None when there is none."""
    from vnhealth.synth import household

    if len(key) != KEY_DIGITS or not (key.isascii() and key.isdigit()):
        return None
    number, member = int(key[:6]), int(key[6:])
    members = household(seed, number).members
    return _holder(number, member, members[member], on) if member < len(members) else None


@lru_cache(maxsize=4)
def _population(seed: int, province: str) -> Mapping[str, tuple[int, ...]]:
    """Place in the population by insurance and personal number, one province at a time.

    A place is the number of the household times `PLACES`, plus that of the member.
    """
    from vnhealth.synth import households

    found: dict[str, tuple[int, ...]] = {}
    for home in households(seed, province):
        for member, person in enumerate(home.members):
            for number in (person.bhxh, person.cccd):
                found[number] = (*found.get(number, ()), home.number * PLACES + member)
    return found


def _holder(house: int, member: int, person: Person, on: dt.date) -> Holder | None:
    from vnhealth.synth import card_of, facilities

    born = person.born.date()
    card = card_of(person, on, facilities()[0], local=False) if born <= on else None
    if card is None:
        return None
    return Holder(
        number=house,
        member=member,
        name=person.name,
        born=born.year if person.precision == "year" else born,
        sex=SEX[person.sex],
        address=person.address(on),
        bhxh=person.bhxh,
        card=card.number,
        home_facility=card.registered,
        valid_from=card.valid_from,
        valid_to=card.valid_to,
    )


def magic_holder(number: str, name: str, born: dt.date | int, on: dt.date) -> Holder:
    """The holder of a magic number: whoever the question names."""
    card = number if len(number) == 15 else f"GD401{number}"
    return Holder(
        number=MAGIC_HOUSEHOLD,
        member=int(number[-3:]),
        name=name,
        born=born,
        sex=SEX["1"],
        address="Tổ dân phố số 1, Xã Mẫu",
        bhxh=number[-10:],
        card=card,
        home_facility=f"{card[3:5]}998",
        valid_from=dt.date(on.year, 1, 1),
        valid_to=dt.date(on.year, 12, 31),
    )


def reply_of(
    holder: Holder, code: str, note: str, on: dt.date, lookups: tuple[Lookup, ...]
) -> CardReply:
    """The data of a card as the code has them: expired, about to be replaced, or as they are."""
    shown = CardReply(
        code=code,
        note=note,
        card=holder.card,
        name=holder.name,
        birth_date=_shown(holder.born),
        sex=holder.sex,
        address=holder.address,
        home_facility=holder.home_facility,
        agency=f"BHXH mẫu, tỉnh {holder.card[3:5]}",
        valid_from=f"{holder.valid_from:{DAY}}",
        valid_to=f"{holder.valid_to:{DAY}}",
        five_years_from=f"{dt.date(on.year + 1, 1, 1):{DAY}}",
        bhxh=holder.bhxh,
        visits=visits_of(holder, on),
        lookups=lookups,
    )
    change = CHANGES.get(code)
    return replace(shown, **change(holder, on)) if change else shown


def _shown(born: dt.date | int) -> str:
    return f"{born:{DAY}}" if isinstance(born, dt.date) else str(born)


def _expired(holder: Holder, on: dt.date) -> dict[str, Any]:
    """The card of last year."""
    first, last = dt.date(on.year - 1, 1, 1), dt.date(on.year - 1, 12, 31)
    return {"valid_from": f"{first:{DAY}}", "valid_to": f"{last:{DAY}}"}


def _new_card(holder: Holder, year: int) -> dict[str, Any]:
    """A card of another group for the same person, from the first day of a year."""
    group = "HN2" if holder.card.startswith("GD") else "GD4"
    return {
        "new_card": group + holder.card[3:],
        "new_valid_from": f"{dt.date(year, 1, 1):{DAY}}",
        "new_valid_to": f"{dt.date(year, 12, 31):{DAY}}",
        "new_home_facility": holder.home_facility,
        "new_home_facility_name": "Trạm Y tế xã Mẫu",
    }


CHANGES: Mapping[str, Callable[[Holder, dt.date], dict[str, Any]]] = {
    "003": lambda holder, on: {**_expired(holder, on), **_new_card(holder, on.year)},
    "004": lambda holder, on: _new_card(holder, on.year + 1),
    "010": _expired,
}
"""What the answer of a code changes in the data of a card."""


def visits_of(holder: Holder, on: dt.date) -> tuple[Visit, ...]:
    """Earlier visits, at least one: invented, the same all year, newest first."""
    dice = Random(holder.key)
    kinds = _rows("visits")
    days = sorted((dice.randrange(300) for _ in range(dice.randint(1, 3))), reverse=True)
    return tuple(
        _visit(holder, index, dt.date(on.year - 1, 1, 5) + dt.timedelta(days=day), kind)
        for index, (day, kind) in enumerate(
            zip(days, dice.choices(kinds, k=len(days)), strict=True)
        )
    )


def _visit(holder: Holder, index: int, day: dt.date, kind: Mapping[str, str]) -> Visit:
    return Visit(
        record=f"{holder.key}{index}",
        facility=f"{holder.card[3:5]}991",
        entered=f"{day:%Y%m%d}0830",
        left=f"{day:%Y%m%d}1045",
        disease=kind["disease"],
        condition=kind["condition"],
        outcome=kind["outcome"],
        reason=kind["reason"],
        employer_code=f"TZ{holder.number:06d}Z",
        employer="Đơn vị mẫu",
    )


def card_digits(number: str) -> str:
    """The ten digits of a 15-character or 10-digit card, the twelve of a CCCD; empty: no number.

    >>> card_digits("GD 4 01 0199000001"), card_digits("GD401")
    ('0199000001', '')
    """
    found = bhyt_card.parse(number)
    if not found.is_valid:
        return ""
    return found.normalized[-10:] if len(found.normalized) == 15 else found.normalized
