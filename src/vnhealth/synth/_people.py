"""An invented population: households with identity numbers, addresses and kin.

Nobody in it exists. Numbers have valid structure and a mark of their own: digits 7 and 8 of every
personal number are ``99``, digits 3 and 4 of every insurance number are ``99`` (``98`` for
staff), phone numbers are ``0900000`` and three digits, one a household (no reserved range is known
in Viet Nam).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from vnhealth.synth._dice import Dice
from vnhealth.synth._names import Job, Name, Place, full_name, jobs, places, surnames

__all__ = ["HOUSEHOLDS", "Household", "Person", "household", "households", "newborn", "people"]

HOUSEHOLDS = 4000
"""Households of one province among which patients are found."""

_BLOOD = ("O+", "O+", "O+", "O+", "A+", "A+", "B+", "B+", "B+", "AB+", "O-")


@dataclass(frozen=True, slots=True)
class Person:
    """One invented person. ``born`` is a moment, ``precision`` what is on record."""

    key: str
    role: str
    name: str
    sex: str
    born: dt.datetime
    precision: str
    ethnic: str
    cccd: str
    issued: dt.date
    bhxh: str
    place: Place
    hamlet: int
    phone: str
    job: Job
    retired_group: str
    blood: str
    height: int
    weight_kg: int
    insured: bool

    def age(self, day: dt.date) -> int:
        """Age in full years on a day; negative before birth."""
        birth = self.born.date()
        return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))

    def address(self, day: dt.date) -> str:
        """The address as it was written on a day (two levels since 01/07/2025)."""
        p = self.place
        head = f"Tổ dân phố số {self.hamlet}"
        if day >= dt.date(2025, 7, 1):
            return f"{head}, {p.commune_name_2025}, {p.province_name_2025}"
        return f"{head}, {p.commune_name}, {p.district_name}, {p.province_name}"


@dataclass(frozen=True, slots=True)
class Household:
    """People who live together; the first two are the couple."""

    number: int
    members: tuple[Person, ...]

    @property
    def father(self) -> Person:
        """The man of the couple."""
        return self.members[0]

    @property
    def mother(self) -> Person:
        """The woman of the couple."""
        return self.members[1]


def _person(
    dice: Dice,
    key: str,
    role: str,
    sex: str,
    born: dt.datetime,
    place: Place,
    surname: Name | None,
    hamlet: int,
    phone: str,
) -> Person:
    name, family = full_name(dice, sex, surname)
    century = {"1": 0, "2": 1}[sex] + (2 if born.year >= 2000 else 0)
    serial = dice.digits(4)
    job = dice.weighted(jobs(sex))
    tall = dice.between(158, 176) if sex == "1" else dice.between(148, 164)
    old = born.year < 1962
    return Person(
        key=key,
        role=role,
        name=name,
        sex=sex,
        born=born,
        precision="year" if old and dice.percent(25) else "day",
        ethnic=family.ethnic,
        cccd=f"0{place.province}{century}{born.year % 100:02d}99{serial}",
        issued=dt.date(2021, 1 + dice.below(12), 1 + dice.below(28)),
        bhxh=f"{place.province}99{dice.digits(6)}",
        place=place,
        hamlet=hamlet,
        phone=phone,
        job=job,
        retired_group=dice.pick(("HT", "HT", "HT", "GD", "BT", "HN", "CC")),
        blood=dice.pick(_BLOOD),
        height=tall,
        weight_kg=tall - 105 + dice.between(-4, 9),
        insured=dice.percent(93),
    )


def _moment(dice: Dice, year: int) -> dt.datetime:
    day = dt.date(year, 1, 1) + dt.timedelta(days=dice.below(365))
    return dt.datetime(day.year, day.month, day.day, dice.below(24), dice.below(60))


@lru_cache(maxsize=20_000)
def household(seed: int, number: int) -> Household:
    """Household ``number`` of the population of a seed; its province follows from the number.

    >>> home = household(7, 3)
    >>> home.father.sex, home.mother.sex, home == household(7, 3)
    ('1', '2', True)
    """
    dice = Dice("household", seed, number)
    provinces = tuple(places())
    place = dice.pick(places()[provinces[number % len(provinces)]])
    hamlet = dice.between(1, 20)
    phone = f"0900000{dice.digits(3)}"
    surname = dice.weighted(surnames())
    year = dice.between(1950, 1999)
    mother_year = year + dice.between(-3, 6)

    def add(role: str, sex: str, born: int, family: Name | None) -> Person:
        key = f"h{number}.{role}"
        part = dice.fork(role)
        return _person(part, key, role, sex, _moment(part, born), place, family, hamlet, phone)

    members = [add("father", "1", year, surname), add("mother", "2", mother_year, None)]
    child_year = mother_year + dice.between(20, 29)
    for i in range(dice.pick((0, 1, 1, 2, 2, 2, 3))):
        if child_year <= 2025:
            members.append(add(f"child{i + 1}", dice.pick("12"), child_year, surname))
        child_year += dice.between(2, 6)
    elder_year = year - dice.between(22, 29)
    if elder_year >= 1932 and dice.percent(55):
        members.append(add("grandfather", "1", elder_year, surname))
    if elder_year >= 1930 and dice.percent(65):
        members.append(add("grandmother", "2", elder_year + 1, None))
    return Household(number, tuple(members))


def newborn(seed: int, mother: Person, father: Person, born: dt.datetime) -> Person:
    """A child of the couple born at this moment. It bears its mother's name until it has one."""
    dice = Dice("newborn", seed, mother.key, born.strftime("%Y%m%d%H%M"))
    sex = dice.pick("12")
    key = f"{mother.key}.baby"
    place, hamlet, phone = mother.place, mother.hamlet, mother.phone
    child = _person(dice, key, "baby", sex, born, place, None, hamlet, phone)
    return replace(
        child,
        name=mother.name,
        precision="minute",
        ethnic=father.ethnic,
        cccd="",
        height=dice.between(47, 52),
        weight_kg=0,
        insured=True,
    )


def households(seed: int, province: str) -> Iterator[Household]:
    """The households of a province from which a day of this seed takes its patients.

    >>> next(households(7, "01")).father.bhxh[:4], list(households(7, "00"))
    ('0199', [])
    """
    provinces = tuple(places())
    if province in provinces:
        first = provinces.index(province)
        for number in range(HOUSEHOLDS):
            yield household(seed, number * len(provinces) + first)


def people(count: int, *, seed: int = 0) -> Iterator[Person]:
    """The first people of the population of a seed, household by household.

    >>> [p.role for p in people(3, seed=7)][:2]
    ['father', 'mother']
    """
    found, number = 0, 0
    while found < count:
        for person in household(seed, number).members:
            if found < count:
                yield person
                found += 1
        number += 1
