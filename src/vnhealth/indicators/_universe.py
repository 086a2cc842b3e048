"""Cells that several indicators count: hidden in all of them, and guarded by their joint equations.

Many indicators count the same things, cut in different ways: encounters by form of care, by
setting, by disease; deaths by month, by block; lines by cost group, by service. A cell hidden in
one must not stand in another, nor follow from another: the inpatients are the setting less the
short stays, influenza is J10 and J11. So all counts of one universe are hidden together.

A table counts its whole universe, or a part (``where``: those who died). Equations between cells of
which one counts a part are used when the numbers add up; else they are no equations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from vnhealth.deid.columns import block_of, care_kinds
from vnhealth.deid.columns._build import province_of
from vnhealth.indicators._suppress import Cell, equations, hide

__all__ = ["UNIVERSES", "Rules", "Universe", "rules_of"]

UNIVERSES: Mapping[str, tuple[str, ...]] = {
    "encounter": (
        "period",
        "week",
        "province",
        "facility",
        "care",
        "setting",
        "bh_block",
        "insured",
        "discharge",
        "outcome",
        "chapter",
        "block",
        "icd3",
        "group",
        "disease",
        "infectious",
        "injury",
        "injured",
        "sex",
        "age3",
        "id_kind",
    ),
    "line": ("cost_group", "chapter2", "service", "substance", "kind", "coded"),
}
"""What is counted in common, and by what it is cut."""

Rules = Mapping[str, tuple[tuple[str, Callable[[str], str]], ...]]


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


FOLLOWS: Rules = {
    "facility": (("province", lambda value: province_of("" if value == "?" else value)),),
    "care": (
        ("setting", lambda value: _care(value, "setting")),
        ("bh_block", lambda value: _care(value, "bh_block")),
    ),
    "icd3": (("block", _block), ("chapter", _chapter)),
    "block": (("chapter", _chapter),),
}
"""What follows from the value of a dimension, by the rules that made the facts."""


def rules_of(infectious: Iterable[Mapping[str, str]], kinds: Mapping[str, str]) -> Rules:
    """`FOLLOWS`, and what follows by the lists and rows of a run.

    The disease of a category that belongs to one disease as a whole: ``infectious`` are the rows of
    that list; a disease that is only some codes of a category says nothing about the category.
    ``kinds`` are the cost groups that hold lines of one kind only.

    >>> rules = rules_of([{"key": "flu", "grp": "B", "first": "J10", "last": "J11", "codes": ""}],
    ...                  {"4": "drug"})
    >>> [rule("J11") for _, rule in rules["icd3"][-3:]], rules["cost_group"][0][1]("4")
    (['flu', 'B', 'yes'], 'drug')
    """
    held = [dict(row) for row in infectious]

    def disease(category: str, column: str) -> str:
        found = [row for row in held if row["first"] <= category <= row["last"]]
        return found[0][column] if len(found) == 1 and not found[0]["codes"] else ""

    def is_infectious(category: str) -> str:
        return "yes" if disease(category, "key") else ""

    named = (
        ("disease", lambda value: disease(value, "key")),
        ("group", lambda value: disease(value, "grp")),
        ("infectious", is_infectious),
    )
    kind = (("kind", lambda value: kinds.get(value, "")),)
    return {**FOLLOWS, "icd3": (*FOLLOWS["icd3"], *named), "cost_group": kind}


class Universe:
    """Gathers the counts of several tables and hides their cells together.

    >>> found = Universe("encounter")
    >>> cell = dict(zip(found.attributes, found.key([("care", "short_inpatient")])))
    >>> cell["setting"], cell["bh_block"], cell["sex"]
    ('in', 'III', None)
    """

    def __init__(self, name: str, rules: Rules = FOLLOWS) -> None:
        self.attributes = UNIVERSES[name]
        self._rules = rules
        self._values: dict[Cell, int] = {}
        self._few: set[Cell] = set()
        self._whole: dict[frozenset[str], None] = {}
        self._part: dict[frozenset[str], None] = {}
        self._keys: dict[tuple[str, str], dict[Cell, Cell]] = {}
        self._memo: dict[tuple[str, str], tuple[tuple[str, str], ...]] = {}

    def add(
        self,
        name: tuple[str, str],
        dims: Sequence[str],
        groupings: Sequence[Sequence[str]],
        values: Mapping[Cell, int],
        people: Mapping[Cell, int],
        threshold: int,
        where: Mapping[str, str],
    ) -> None:
        """One count: its cells with their numbers, and how many people are behind them.

        ``where`` are values that all it counts have in common; cells of other values are empty.
        """
        keys: dict[Cell, Cell] = {}
        for cell, value in values.items():
            given = {d: v for d, v in zip(dims, cell, strict=True) if v is not None}
            if any(where.get(d, v) != v for d, v in given.items()):
                continue
            keys[cell] = key = self.key({**where, **given}.items())
            self._values[key] = value
            if 0 < people[cell] < threshold:
                self._few.add(key)
        self._keys[name] = keys
        for names in groupings:
            found = self._closed([*where, *names])
            (self._part if where else self._whole)[found] = None

    def key(self, given: Iterable[tuple[str, str]]) -> Cell:
        """A cell over all attributes, with what follows from those that are given."""
        held: dict[str, str] = {}
        for pair in given:
            if pair not in self._memo:
                name, value = pair
                more = [(other, rule(value)) for other, rule in self._rules.get(name, ())]
                self._memo[pair] = ((name, value), *more)
            held.update(self._memo[pair])
        return tuple(held.get(name) for name in self.attributes)

    def _closed(self, names: Iterable[str]) -> frozenset[str]:
        found = set(names)
        for name in tuple(found):
            found |= {other for other, _ in self._rules.get(name, ())}
        return frozenset(found & set(self.attributes))

    def hide(self, threshold: int) -> dict[tuple[str, str], frozenset[Cell]]:
        """The cells to hide, by count."""
        table = equations(
            self._values, self.attributes, self._ordered(self._whole), self._ordered(self._part)
        )
        gone = hide(self._values, table, threshold, few=self._few)
        return {
            name: frozenset(cell for cell, key in keys.items() if key in gone)
            for name, keys in self._keys.items()
        }

    def _ordered(self, sets: Iterable[frozenset[str]]) -> list[list[str]]:
        return [[n for n in self.attributes if n in names] for names in sets]
