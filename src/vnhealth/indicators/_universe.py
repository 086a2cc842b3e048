"""Cells that several indicators count: hidden in all of them, and guarded by their joint equations.

Many indicators count the same encounters, cut in different ways: by form of care, by setting, by
block of form 01/BH. A cell hidden in one must not stand in another, nor follow from another: the
inpatients are the setting less the short stays. So all of them are hidden together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

from vnhealth.deid.columns import block_of, care_kinds
from vnhealth.deid.columns._build import province_of
from vnhealth.indicators._suppress import Cell, equations, hide

__all__ = ["ATTRIBUTES", "Universe", "closure"]

ATTRIBUTES = (
    "period",
    "province",
    "facility",
    "care",
    "setting",
    "bh_block",
    "insured",
    "discharge",
    "chapter",
    "block",
    "icd3",
    "sex",
    "age3",
    "id_kind",
)
"""The dimensions by which encounters are cut."""


def _care(value: str, what: str) -> str:
    kind = care_kinds().get(value)
    if kind is None:
        return "?"
    return kind.setting if what == "setting" else kind.bh_block or "?"


def _chapter(value: str) -> str:
    found = block_of(value)
    return found.chapter if found else ""


def _block(value: str) -> str:
    found = block_of(value)
    return found.name if found else ""


FOLLOWS: Mapping[str, tuple[tuple[str, Callable[[str], str]], ...]] = {
    "facility": (("province", lambda value: province_of("" if value == "?" else value)),),
    "care": (
        ("setting", lambda value: _care(value, "setting")),
        ("bh_block", lambda value: _care(value, "bh_block")),
    ),
    "icd3": (("block", _block), ("chapter", _chapter)),
    "block": (("chapter", _chapter),),
}
"""What follows from the value of a dimension, by the rules that made the facts."""


@cache
def closure(cell: tuple[tuple[str, str], ...]) -> Cell:
    """A cell over all attributes, with what follows from those that are given.

    >>> found = dict(zip(ATTRIBUTES, closure((("care", "short_inpatient"),))))
    >>> found["setting"], found["bh_block"], found["sex"]
    ('in', 'III', None)
    """
    held = dict(cell)
    for name, value in cell:
        for other, rule in FOLLOWS.get(name, ()):
            held[other] = rule(value)
    return tuple(held.get(name) for name in ATTRIBUTES)


class Universe:
    """Gathers the counts of encounters of several tables and hides their cells together."""

    def __init__(self) -> None:
        self._values: dict[Cell, int] = {}
        self._few: set[Cell] = set()
        self._sets: dict[frozenset[str], None] = {}
        self._keys: dict[str, dict[Cell, Cell]] = {}

    def add(
        self,
        name: str,
        dims: Sequence[str],
        groupings: Sequence[Sequence[str]],
        values: Mapping[Cell, int],
        people: Mapping[Cell, int],
        threshold: int,
        fixed: Mapping[str, str],
    ) -> None:
        """One table: its cells with their counts, and how many people are behind them.

        ``fixed`` are values that all its encounters share.
        """
        keys: dict[Cell, Cell] = {}
        for cell, value in values.items():
            given = [(d, v) for d, v in zip(dims, cell, strict=True) if v is not None]
            key = closure(tuple(sorted([*fixed.items(), *given])))
            keys[cell] = key
            self._values[key] = value
            if 0 < people[cell] < threshold:
                self._few.add(key)
        self._keys[name] = keys
        if not fixed:
            for names in groupings:
                self._sets[_closed(names)] = None

    def hide(self, threshold: int) -> dict[str, frozenset[Cell]]:
        """The cells to hide, by table."""
        sets = [[n for n in ATTRIBUTES if n in names] for names in self._sets]
        table = equations(self._values, ATTRIBUTES, sets)
        gone = hide(self._values, table, threshold, few=self._few)
        return {
            name: frozenset(cell for cell, key in keys.items() if key in gone)
            for name, keys in self._keys.items()
        }


def _closed(names: Sequence[str]) -> frozenset[str]:
    found = set(names)
    for name in names:
        found |= {other for other, _ in FOLLOWS.get(name, ())}
    return frozenset(found)
