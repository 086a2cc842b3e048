"""Stand-ins that read on: the same for a person wherever the person is named in an encounter.

Persons are numbered in the order in which they are met; a stand-in says the number and nothing
else, so no stand-in leads back to a name.
"""

from __future__ import annotations

import csv
import datetime as dt
import re
from functools import cache
from importlib.resources import files

from vnhealth.deid.text._lexicon import fold, words_of
from vnhealth.deid.text._spans import tag_of
from vnhealth.identity._syllables import bare_letters

__all__ = ["Surrogates"]

_DAY = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4})", re.ASCII)
_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", re.ASCII)


@cache
def _names() -> tuple[str, ...]:
    path = files("vnhealth.deid.text") / "data" / "surrogates.csv"
    return tuple(row["name"] for row in csv.DictReader(path.read_text("utf-8").splitlines()))


class Surrogates:
    """The stand-ins of one encounter. ``days`` shifts full dates; without it they become tags.

    >>> found = Surrogates(["Lê Thị Mẫu"])
    >>> found.replace("name", "LÊ THỊ MẪU") == found.replace("name", "Lê Thị Mẫu").upper()
    True
    >>> found.replace("name", "Mẫu") == found.replace("name", "Lê Thị Mẫu").split()[-1]
    True
    >>> Surrogates(days=7).replace("date", "28/02/2025"), Surrogates().replace("date", "28/02/2025")
    ('07/03/2025', '[NGAY]')
    """

    __slots__ = ("_days", "_numbers", "_people", "_taken")

    def __init__(self, names: tuple[str, ...] | list[str] = (), days: int | None = None) -> None:
        self._people: list[tuple[str, ...]] = []
        self._taken: set[str] = set()
        self._numbers: dict[tuple[str, str], int] = {}
        self._days = days
        for name in names:
            self._person(_folds(name))

    def replace(self, kind: str, text: str) -> str:
        """What stands in the place of a removed piece; a tag when nothing better is known."""
        if kind == "name":
            return self._name(text)
        if kind == "date" and self._days is not None:
            return _shifted(text, self._days) or tag_of(kind)
        if kind in ("id", "phone", "account"):
            return self._number(kind, text)
        return tag_of(kind)

    def _name(self, text: str) -> str:
        folds = _folds(text)
        if not folds:
            return tag_of("name")
        stand_in = _stand_in(self._person(folds)).split()
        if all(len(word) == 1 for word in folds) and len(folds) > 1:
            return ".".join(word[0] for word in stand_in)
        written = " ".join(stand_in if len(folds) > 1 else stand_in[-1:])
        if text.isascii():
            written = "".join(bare_letters(c) if c.islower() else c for c in written)
            written = written.replace("Đ", "D")
        if text.isupper() and len(text) > 1:
            return written.upper()
        return written.lower() if text.islower() else written

    def _person(self, folds: tuple[str, ...]) -> int:
        """The number of a person: the one already met whom these words can name, or a new one."""
        words = set(folds)
        for number, person in enumerate(self._people):
            if folds == person:
                return number
        for number, person in enumerate(self._people):
            if words <= set(person) and (person[-1] in words or len(words) > 1):
                return number
            letters = "".join(folds)
            if len(letters) == len(folds) > 1 and letters == "".join(w[0] for w in person):
                return number
        self._people.append(folds)
        return len(self._people) - 1

    def _number(self, kind: str, text: str) -> str:
        digits = "".join(c for c in text if c.isdigit())
        key = (kind, digits[-9:])
        number = str(self._numbers.setdefault(key, len(self._numbers) + 1))
        if len(digits) < 6:
            return tag_of(kind)
        filled = iter(number.zfill(len(digits))[-len(digits) :])
        return "".join(next(filled) if c.isdigit() else "X" if c.isalpha() else c for c in text)


def _folds(text: str) -> tuple[str, ...]:
    return tuple(fold[word] for word in words_of(text) if not word.isdigit())


def _stand_in(number: int) -> str:
    names = _names()
    name = names[number % len(names)]
    return name if number < len(names) else f"{name} {chr(ord('A') + number // len(names) % 26)}"


def _shifted(text: str, days: int) -> str:
    """A full date so many days later in the same form, or nothing."""
    match = _DAY.fullmatch(text)
    iso = _ISO.fullmatch(text)
    try:
        if match:
            day, sep, month, year = match.groups()
            moved = dt.date(int(year), int(month), int(day)) + dt.timedelta(days=days)
            return f"{moved.day:02}{sep}{moved.month:02}{sep}{moved.year:04}"
        if iso:
            year, month, day = iso.groups()
            return (dt.date(int(year), int(month), int(day)) + dt.timedelta(days=days)).isoformat()
    except (ValueError, OverflowError):
        return ""
    return ""
