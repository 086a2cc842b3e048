"""Provinces, districts and communes on a date, and what became of the old ones.

On 01/07/2025 63 provinces became 34, the districts went, and commune numbers were given out again
with another meaning, so a code means nothing without a day. The 63 and 34 provinces are built in;
communes are read from the official files by `vnhealth.identity.admin_import`, for they are many and
change. An old commune that was divided is never converted by a guess: all its heirs are given.
Numbers and cards keep the old province digits for ever: compare those with `same_province`.

Legal source: QĐ 124/2004/QĐ-TTg (numbers), NQ 202/2025/QH15 (34 provinces since 01/07/2025).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Literal

from vnhealth.identity import names
from vnhealth.identity._lists import province_successor, read

__all__ = [
    "REFORM",
    "AdminUnit",
    "AdminUnits",
    "Conversion",
    "Level",
    "bare_key",
    "same_province",
]

REFORM = dt.date(2025, 7, 1)
"""First day of the 34 provinces and of two levels."""

Level = Literal["province", "district", "commune"]

_LAST_OLD_DAY = REFORM - dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class AdminUnit:
    """One unit over one period. ``name`` is without the word for its ``kind``; ``parent`` the code
    of the unit above. ``valid_from`` None: since before the list; ``valid_to`` None: in force.

    >>> builtin = AdminUnits.builtin()
    >>> builtin.resolve("24", dt.date(2025, 6, 30)).name, builtin.resolve("24", REFORM).name
    ('Bắc Giang', 'Bắc Ninh')
    """

    code: str
    name: str
    kind: str
    level: Level
    parent: str = ""
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None

    def holds_on(self, day: dt.date) -> bool:
        """Tell whether the unit exists on a day."""
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_to is None or day <= self.valid_to)

    @property
    def full_name(self) -> str:
        """Name with its kind, as it is written in an address.

        >>> AdminUnits.builtin().resolve("79", REFORM).full_name
        'Thành phố Hồ Chí Minh'
        """
        return f"{self.kind[:1].upper()}{self.kind[1:]} {self.name}"


@dataclass(frozen=True, slots=True)
class Conversion:
    """What became of a unit. ``outcome``: ``one`` heir, ``split`` over several, ``unknown`` (the
    loaded lists do not say). ``heirs`` are all of them, for somebody to choose when it is split.
    """

    outcome: Literal["one", "split", "unknown"]
    heirs: tuple[AdminUnit, ...] = ()

    @property
    def code(self) -> str:
        """The code of the one heir; empty when it is not sure."""
        return self.heirs[0].code if self.outcome == "one" else ""


def same_province(a: str, b: str) -> bool:
    """Tell whether two province codes of any age may be the same place: equal, or with one heir.

    For province digits inside numbers, cards and facility codes, which never changed, against a
    residence that did. The third leading digit of the personal number (0) may be kept.

    >>> same_province("077", "79"), same_province("02", "08"), same_province("01", "79")
    (True, True, False)
    """
    a, b = a[-2:], b[-2:]
    return bool(a) and (a == b or (province_successor(a) or a) == (province_successor(b) or b))


@cache
def _prefix_keys(level: Level) -> tuple[tuple[tuple[str, ...], str], ...]:
    rows = [row for row in read("admin_prefixes") if row["level"] == level]
    found = [(tuple(names.skeleton(row["words"]).split()), row["kind"]) for row in rows]
    return tuple(sorted(found, key=lambda one: -len(one[0])))


def split_kind(words: list[str], level: Level) -> tuple[str, list[str]]:
    """Part the words (skeletons) of a unit into the kind and the words of the name.

    >>> split_kind(["q", "1"], "district"), split_kind(["ha", "noi"], "province")
    (('quận', ['1']), ('', ['ha', 'noi']))
    """
    for prefix, kind in _prefix_keys(level):
        size = len(prefix)
        if len(words) > size and tuple(words[:size]) == prefix:
            return kind, words[size:]
    return "", words


def bare_key(name: str) -> str:
    """Give the key under which a name is looked up: no marks, no punctuation, no leading zeros.

    >>> bare_key("Phúc Xá"), bare_key("01"), bare_key("Ea H'Leo")
    ('phuc xa', '1', 'ea h leo')
    """
    words = names.skeleton(name).split()
    return " ".join(word.lstrip("0") or "0" if word.isdigit() else word for word in words)


class AdminUnits:
    """Units of all levels and periods, looked up by code or name on a day.

    >>> units = AdminUnits.builtin()
    >>> len(units.on(dt.date(2024, 6, 11), "province")), len(units.on(REFORM, "province"))
    (63, 34)
    >>> units.convert("77", "province").code
    '79'
    """

    def __init__(self) -> None:
        self._by_code: dict[tuple[Level, str], list[AdminUnit]] = {}
        self._by_name: dict[tuple[Level, str], list[AdminUnit]] = {}
        self._heirs: dict[tuple[Level, str], list[str]] = {}

    @classmethod
    def builtin(cls) -> AdminUnits:
        """Give a new registry with the old and new provinces; communes can be added to it."""
        found = cls()
        for row in read("provinces_63"):
            found.add(
                AdminUnit(
                    row["code"], row["name_vi"], row["kind"], "province", valid_to=_LAST_OLD_DAY
                )
            )
            found.add_heir("province", row["code"], row["successor"])
        for row in read("provinces_34"):
            found.add(
                AdminUnit(row["code"], row["name_vi"], row["kind"], "province", valid_from=REFORM)
            )
        for row in read("admin_aliases"):
            for unit in found._by_code["province", row["code"]]:
                found._name(row["alias"], unit)
        return found

    def add(self, unit: AdminUnit) -> None:
        """Add one unit."""
        self._by_code.setdefault((unit.level, unit.code), []).append(unit)
        self._name(unit.name, unit)

    def _name(self, name: str, unit: AdminUnit) -> None:
        self._by_name.setdefault((unit.level, bare_key(name)), []).append(unit)

    def add_heir(self, level: Level, old: str, new: str) -> None:
        """Note that a unit of before the reform went, whole or in part, into a new one."""
        heirs = self._heirs.setdefault((level, old), [])
        if new not in heirs:
            heirs.append(new)

    def resolve(self, code: str, on: dt.date, level: Level = "province") -> AdminUnit | None:
        """Give the unit that bears a code on a day, or None."""
        held = self._by_code.get((level, code), ())
        return next((unit for unit in held if unit.holds_on(on)), None)

    def named(self, name: str, on: dt.date, level: Level) -> tuple[AdminUnit, ...]:
        """Give the units of a name (marks and kind do not matter) on a day."""
        held = self._by_name.get((level, bare_key(name)), ())
        return tuple(unit for unit in held if unit.holds_on(on))

    def on(self, day: dt.date, level: Level, parent: str = "") -> tuple[AdminUnit, ...]:
        """Give all units of a level on a day, those under one parent when it is given."""
        return tuple(
            unit
            for (kind, _), held in self._by_code.items()
            if kind == level
            for unit in held
            if unit.holds_on(day) and (not parent or unit.parent == parent)
        )

    def convert(self, code: str, level: Level = "commune", on: dt.date = REFORM) -> Conversion:
        """Give the heirs, on a day since the reform, of a unit of before it."""
        heirs = [self.resolve(new, on, level) for new in self._heirs.get((level, code), ())]
        found = tuple(unit for unit in heirs if unit is not None)
        if not found or len(found) != len(heirs):
            return Conversion("unknown", found)
        return Conversion("one" if len(found) == 1 else "split", found)

    def divided(self, level: Level = "commune") -> dict[str, int]:
        """Give the old units that went into more than one, by code with the number of heirs."""
        return {
            code: len(heirs)
            for (kind, code), heirs in self._heirs.items()
            if kind == level and len(heirs) > 1
        }

    def province_of(self, unit: AdminUnit, on: dt.date) -> str:
        """Give the province code of a unit."""
        while unit.level != "province":
            level: Level = "district" if unit.level == "commune" else "province"
            above = self.resolve(unit.parent, on, level) if level == "district" else None
            if above is None:
                return unit.parent[:2]
            unit = above
        return unit.code

    def extend(self, units: Iterable[AdminUnit]) -> None:
        """Add many units."""
        for unit in units:
            self.add(unit)

    def __repr__(self) -> str:
        return f"<AdminUnits {sum(map(len, self._by_code.values()))} units>"
