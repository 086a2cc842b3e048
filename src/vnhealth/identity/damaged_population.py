"""An invented list of people, most of them recorded twice and damaged, to measure matchers on.

Everything follows from a seed. People live in households that share a phone and a commune; some are
twins, some children bear the name of a parent, and frequent names are frequent, so that there are
many ways to merge the wrong two. What is damaged and how often stands in
``data/damage_kinds.csv``: the shares are set so that the simple rules of `baselines` find about as
many pairs as was measured on a model of hospital lists (raw name, date and sex .55; personal number
.58; personal number or insurance code .78). They are a model, not a count of real records.

Legal source: none; this is a measurement of the project's own rules.
"""

from __future__ import annotations

import datetime as dt
import random
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from vnhealth.identity import names
from vnhealth.identity._lists import provinces, read
from vnhealth.identity._syllables import name_roles, read_rows
from vnhealth.identity.legacy_report import COMMON_SURNAMES, SURNAME_SHARES
from vnhealth.identity.person_record import PersonRecord

__all__ = ["DamagedPopulation", "damage_kinds", "generate", "people", "returning"]

_MIDDLE = {"1": ("Văn", "Hữu", "Đức", "Minh"), "2": ("Thị", "Ngọc", "Thu", "Minh")}
_MIDDLE_SHARES = (10, 3, 3, 4)
_LETTERS = "abcdeghiklmnopqrstuvxy"


@dataclass(frozen=True, slots=True, repr=False)
class DamagedPopulation:
    """``records[i]`` belongs to person ``person[i]`` and bears the damage ``damage[i]``.

    >>> made = generate(100, seed=1)
    >>> len(made.records) == len(made.person) == len(made.damage)
    True
    """

    seed: int
    records: tuple[PersonRecord, ...]
    person: tuple[int, ...]
    damage: tuple[frozenset[str], ...]

    def true_pairs(self) -> frozenset[tuple[int, int]]:
        """Give the pairs of record indexes (first < second) that are one person."""
        places: dict[int, list[int]] = {}
        for place, person in enumerate(self.person):
            places.setdefault(person, []).append(place)
        return frozenset((i, j) for found in places.values() for i in found for j in found if i < j)

    def __repr__(self) -> str:
        return f"<DamagedPopulation {len(self.records)} records, seed {self.seed}>"


@dataclass(frozen=True, slots=True, repr=False)
class _Person:
    name: str
    born: dt.date
    sex: str
    cccd: str
    old: str
    bhxh: str
    phone: str
    ward: str

    def record(self) -> PersonRecord:
        return PersonRecord(
            self.name,
            self.born.isoformat(),
            self.sex,
            self.cccd,
            self.old,
            self.bhxh,
            self.phone,
            self.ward,
        )


@cache
def damage_kinds() -> dict[str, dict[str, str]]:
    """Give each kind of damage with its field, its shares and its names in two languages.

    >>> damage_kinds()["name_unmarked"]["name_en"]
    'name without marks'
    """
    return {row["kind"]: row for row in read("damage_kinds")}


@cache
def _given() -> tuple[str, ...]:
    rows = read_rows("name_syllables.csv")
    return tuple(r["syllable"].capitalize() for r in rows if "given" in name_roles(r["syllable"]))


def _frequent(rng: random.Random, words: tuple[str, ...]) -> str:
    """Choose a word; the first third of the list is chosen two times out of three."""
    return words[int(len(words) * rng.random() ** 2.7)]


def _name(rng: random.Random, sex: str, surname: str = "") -> str:
    words = [surname or rng.choices(COMMON_SURNAMES, SURNAME_SHARES)[0]]
    words.append(rng.choices(_MIDDLE[sex], _MIDDLE_SHARES)[0])
    if rng.random() < 0.25:
        words.append(_frequent(rng, _given()))
    words.append(_frequent(rng, _given()))
    return " ".join(words)


def _number(rng: random.Random, born: dt.date, sex: str) -> str:
    century = (0 if born.year < 2000 else 2) + (int(sex) - 1)
    region = rng.choice(tuple(provinces()))
    return f"0{region}{century}{born.year % 100:02}{rng.randrange(10**6):06}"


def _make(rng: random.Random, name: str, born: dt.date, sex: str, phone: str, ward: str) -> _Person:
    old = f"{rng.randrange(10**9):09}" if born.year < 2003 and rng.random() < 0.6 else ""
    code = f"{rng.randrange(10**10):010}"
    own = f"09{rng.randrange(10**8):08}"
    return _Person(
        name,
        born,
        sex,
        _number(rng, born, sex),
        old,
        code,
        phone if rng.random() < 0.5 else own,
        ward,
    )


def _day(rng: random.Random, first: int = 1935, last: int = 2024) -> dt.date:
    start = dt.date(first, 1, 1)
    return start + dt.timedelta(days=rng.randrange((dt.date(last + 1, 1, 1) - start).days))


def _household(rng: random.Random, wards: int) -> Iterator[_Person]:
    phone, ward = f"09{rng.randrange(10**8):08}", f"{rng.randrange(1, wards + 1):05}"
    surname = rng.choices(COMMON_SURNAMES, SURNAME_SHARES)[0]
    for member in range(rng.choice((1, 1, 2, 2, 3, 4))):
        sex, born = rng.choice("12"), _day(rng)
        name = _name(rng, sex, "" if member == 1 else surname)
        head = _make(rng, name, born, sex, phone, ward)
        yield head
        chance = rng.random()
        if chance < 0.006:
            words = head.name.split()
            twin = " ".join([*words[:-1], _frequent(rng, _given())])
            other = rng.choice("12")
            yield _make(rng, twin, born, other, phone, ward)
        elif chance < 0.008 and born.year < 1990:
            yield _make(rng, head.name, _day(rng, born.year + 20, 2024), sex, phone, ward)


def _families(count: int, seed: int) -> Iterator[list[_Person]]:
    rng = random.Random(seed)
    made = 0
    while made < count:
        family = list(_household(rng, max(40, count // 250)))[: count - made]
        yield family
        made += len(family)


def people(count: int, seed: int) -> Iterator[PersonRecord]:
    """Yield ``count`` undamaged records of different invented people; for filling an index.

    >>> len(list(people(5, seed=1)))
    5
    """
    for family in _families(count, seed):
        for person in family:
            yield person.record()


def returning(count: int, seed: int, wanted: int) -> Iterator[tuple[int, PersonRecord]]:
    """Yield ``wanted`` damaged records of people of `people`, each with the place of its person.

    >>> [place for place, _ in returning(100, seed=1, wanted=4)]
    [0, 25, 50, 75]
    """
    rng = random.Random(seed + 1)
    step = max(1, count // wanted)
    place = 0
    for family in _families(count, seed):
        for member, person in enumerate(family):
            if place % step == 0 and place // step < wanted:
                relative = family[(member + 1) % len(family)]
                yield place, _damaged(rng, person, relative, "second")[0]
            place += 1


def generate(count: int = 17_000, seed: int = 20261122) -> DamagedPopulation:
    """Make a list of ``count`` people, 97 % of them with a second record, in random order.

    The first record lacks or has little; the second bears the damage of ``damage_kinds``.

    >>> generate(50, seed=3) == generate(50, seed=3)
    True
    """
    rng = random.Random(seed)
    made: list[tuple[int, PersonRecord, frozenset[str]]] = []
    total = 0
    while total < count:
        family = list(_household(rng, max(40, count // 250)))[: count - total]
        for member, person in enumerate(family):
            relative = family[(member + 1) % len(family)]
            for column in ("first", "second")[: 2 if rng.random() < 0.97 else 1]:
                record, kinds = _damaged(rng, person, relative, column)
                made.append((total + member, record, kinds))
        total += len(family)
    rng.shuffle(made)
    person_of, records, damage = zip(*made, strict=True)
    return DamagedPopulation(seed, records, person_of, damage)


def _damaged(
    rng: random.Random, person: _Person, relative: _Person, column: str
) -> tuple[PersonRecord, frozenset[str]]:
    values = {
        "name": person.name,
        "date": person.born.isoformat(),
        "sex": person.sex,
        "cccd": person.cccd,
        "bhxh": person.bhxh,
        "phone": person.phone,
        "ward": person.ward,
    }
    if column == "second" and rng.random() < 0.5:
        values["date"] = person.born.strftime("%d/%m/%Y")
    shares: dict[str, list[tuple[str, float]]] = {}
    for kind, row in damage_kinds().items():
        shares.setdefault(row["field"], []).append((kind, float(row[column])))
    happened = set()
    for field, kinds in shares.items():
        chance = rng.random()
        for kind, share in kinds:
            if chance < share:
                changed = _CHANGES[kind](rng, values[field], person, relative)
                if changed != values[field]:
                    happened.add(kind)
                values[field] = changed
                break
            chance -= share
    old = person.old if values["cccd"] and rng.random() < 0.5 else ""
    record = PersonRecord(
        values["name"],
        values["date"],
        values["sex"],
        values["cccd"],
        old,
        values["bhxh"],
        values["phone"],
        values["ward"],
    )
    return record, frozenset(happened)


_Change = Callable[[random.Random, str, _Person, _Person], str]


def _digit(rng: random.Random, text: str, *_: _Person) -> str:
    at = rng.randrange(len(text))
    return text[:at] + rng.choice([c for c in "0123456789" if c != text[at]]) + text[at + 1 :]


def _letter(rng: random.Random, text: str, *_: _Person) -> str:
    at = rng.randrange(len(text))
    kept = text[at + 1 :] if rng.random() < 0.6 else text[at:]
    return text[:at] + ("" if rng.random() < 0.3 else rng.choice(_LETTERS)) + kept


def _tone_or_case(rng: random.Random, text: str, *_: _Person) -> str:
    moved = text
    for old, new in (("òa", "oà"), ("óa", "oá"), ("úy", "uý"), ("ùy", "uỳ"), ("ỏa", "oả")):
        moved = moved.replace(old, new)
    return moved if moved != text and rng.random() < 0.7 else text.upper()


def _dropped(rng: random.Random, text: str, *_: _Person) -> str:
    words = text.split()
    return " ".join(words[:1] + words[2:]) if len(words) > 2 else text


def _reversed(rng: random.Random, text: str, *_: _Person) -> str:
    words = text.split()
    return " ".join(words[-1:] + words[:-1])


def _swapped(rng: random.Random, text: str, person: _Person, *_: _Person) -> str:
    born = person.born
    if born.day > 12:
        return text
    return f"{born.year}-{born.day:02}-{born.month:02}"


def _one_digit_of_date(rng: random.Random, text: str, person: _Person, *_: _Person) -> str:
    born, parts = person.born, rng.random()
    day = min(28, born.day + 10) if born.day < 10 else born.day - 10 or 1
    month = born.month % 9 + 1
    if parts < 0.4:
        return f"{born.year}-{born.month:02}-{day:02}"
    if parts < 0.7:
        return f"{born.year}-{month:02}-{min(born.day, 28):02}"
    return f"{born.year - 10}-{born.month:02}-{min(born.day, 28):02}"


_CHANGES: dict[str, _Change] = {
    "name_nfd": lambda rng, text, *_: unicodedata.normalize("NFD", text),
    "name_tone_case": _tone_or_case,
    "name_unmarked": lambda rng, text, *_: names.skeleton(text).upper(),
    "name_reversed": _reversed,
    "name_dropped_middle": _dropped,
    "name_typo": _letter,
    "date_year_only": lambda rng, text, person, _: str(person.born.year),
    "date_january": lambda rng, text, person, _: f"{person.born.year}-01-01",
    "date_swapped": _swapped,
    "date_digit": _one_digit_of_date,
    "sex_wrong": lambda rng, text, *_: "2" if text == "1" else "1",
    "sex_missing": lambda *_: "",
    "cccd_missing": lambda *_: "",
    "cccd_old": lambda rng, text, person, _: person.old or "",
    "cccd_typo": _digit,
    "cccd_spreadsheet": lambda rng, text, *_: text.lstrip("0"),
    "bhxh_missing": lambda *_: "",
    "bhxh_typo": _digit,
    "bhxh_borrowed": lambda rng, text, _, relative: relative.bhxh,
    "phone_missing": lambda *_: "",
    "phone_changed": lambda rng, *_: f"09{rng.randrange(10**8):08}",
    "ward_missing": lambda *_: "",
    "ward_changed": lambda rng, text, *_: f"{rng.randrange(90000, 99999)}",
}
