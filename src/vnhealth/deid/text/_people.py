"""Invented people for the measurements: names, numbers and addresses that belong to nobody."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from random import Random

from vnhealth.identity._syllables import read_rows

__all__ = ["Invented", "invent", "invent_name"]


@dataclass(frozen=True, slots=True, repr=False)
class Invented:
    """One invented person."""

    name: str
    address: str
    parts: tuple[str, ...]
    cccd: str
    card: str
    record: str
    phone: str
    born: str
    days: tuple[str, ...]


@cache
def _lists() -> Mapping[str, tuple[tuple[str, ...], tuple[int, ...]]]:
    """Kind to texts and weights."""
    path = files("vnhealth.deid.text") / "data" / "evaluation_people.csv"
    found: dict[str, list[tuple[str, int]]] = {"middle": [], "given": []}
    for row in csv.DictReader(path.read_text("utf-8").splitlines()):
        found.setdefault(row["kind"], []).append((row["text"], int(row["weight"])))
    for row in read_rows("name_syllables.csv"):
        for role in row["roles"].split():
            if role in found:
                found[role].append((row["syllable"], 1))
    return {kind: (tuple(t for t, _ in v), tuple(w for _, w in v)) for kind, v in found.items()}


def _one(random: Random, kind: str) -> str:
    texts, weights = _lists()[kind]
    return random.choices(texts, weights)[0]


def invent_name(random: Random, *, minority: bool = True) -> str:
    """A full name of two to five words.

    >>> invent_name(Random(7), minority=False)
    'Đỗ Văn Sỹ Muội'
    """
    if minority and random.random() < 0.04:
        return _one(random, "minority")
    words = [_one(random, "surname")]
    dice = random.random()
    if dice < 0.3:
        words.append(random.choice(("văn", "thị")))
    elif dice < 0.92:
        words.append(_one(random, "middle"))
    if dice > 0.15 and random.random() < 0.35:
        words.append(_one(random, "middle"))
    words.append(_one(random, "given"))
    return " ".join(word.capitalize() for word in words)


def invent(random: Random) -> Invented:
    """A person with numbers and an address.

    The numbers belong to nobody: region 003 of the personal numbers was never given out, and the
    insurance numbers begin with 00.
    """
    commune = f"{_one(random, 'place')} {_one(random, 'place_end')}"
    district = f"{_one(random, 'place')} {_one(random, 'place_end')}"
    province = _one(random, "province")
    house = f"{random.randint(1, 300)}" + random.choice(("", "", "/3", "/12B", "A", "/4/5"))
    street = _one(random, "street")
    ward = random.choice((f"Xã {commune}", f"Phường {commune}", f"Phường {random.randint(1, 16)}"))
    town = random.choice(
        (f"Huyện {district}", f"Thị xã {district}", f"Quận {random.randint(1, 12)}")
    )
    head = random.choice(
        (
            (f"Số {house} đường {street}",),
            (
                f"Tổ {random.randint(1, 20)}",
                f"Ấp {_one(random, 'place')} {_one(random, 'place_end')}",
            ),
            (f"Thôn {_one(random, 'place')} {_one(random, 'place_end')}",),
            (f"{house} {street}",),
            (f"Tổ dân phố số {random.randint(1, 20)}",),
        )
    )
    parts = (*head, ward, town, f"Tỉnh {province}")
    year = random.randint(1931, 2023)
    born = f"{year}-{random.randint(1, 12):02}-{random.randint(1, 28):02}"
    days = tuple(f"2025-{random.randint(1, 12):02}-{random.randint(1, 28):02}" for _ in range(2))
    group = random.choice(("GD", "DN", "HT", "HS"))
    issuer = random.choice(("01", "79", "40"))
    century = (0 if year < 2000 else 2) + random.randint(0, 1)
    return Invented(
        name=invent_name(random),
        address=", ".join(parts),
        parts=parts,
        cccd=f"003{century}{year % 100:02}{random.randint(0, 999999):06}",
        card=f"{group}4{issuer}00{random.randint(0, 99999999):08}",
        record=random.choice(
            (
                f"BN{random.randint(0, 10**8):08}",
                f"{random.randint(10**7, 10**8)}",
                f"NT25-{random.randint(0, 10**6):06}",
            )
        ),
        phone=f"0{random.choice('35789')}{random.randint(0, 10**8 - 1):08}",
        born=born,
        days=days,
    )
