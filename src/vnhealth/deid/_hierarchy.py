"""Declared quasi-identifiers and how their values are generalised, read from ``deid/data``."""

from __future__ import annotations

import csv
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

__all__ = ["HIDDEN", "UNKNOWN", "Quasi", "quasi_identifiers"]

HIDDEN = "*"
"""Stands for a value that was hidden altogether."""

UNKNOWN = "?"
"""Stands for a value that was not given; a group of its own, because it tells something too."""

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Quasi:
    """One quasi-identifier: ``tag`` it is written under, ``weight`` of its detail, its steps.

    ``levels`` counts the generalisations above the finest value, the hidden one included.
    """

    attribute: str
    tag: str
    weight: int
    base: str
    levels: int
    meaning_vi: str
    meaning_en: str
    _ranges: Mapping[int, tuple[list[str], list[str], list[str]]] = field(repr=False)
    _paths: dict[str, Path] = field(default_factory=dict, repr=False, compare=False)

    def path(self, value: str) -> Path:
        """From hidden down to the finest value that is ever released.

        >>> quasi_identifiers()[0].path("J18.9")
        ('*', 'J00-J99', 'J09-J18', 'J18')
        """
        found = self._paths.get(value)
        if found is None:
            found = self._paths[value] = self._path(value)
        return found

    def _path(self, value: str) -> Path:
        if not value:
            return (HIDDEN, UNKNOWN)
        if self.base == "period":
            year, month = value[:4], int(value[5:7])
            return (HIDDEN, year, f"{year}-Q{(month + 2) // 3}", value)
        key = value[:3] if self.base == "first3" else value
        key = key.zfill(2) if self.attribute == "stay" else key
        finest = self._found(0, key) or (
            UNKNOWN
            if self.base == "table" and 0 in self._ranges and self.attribute == "stay"
            else key
        )
        steps = [self._found(level, key) for level in range(self.levels - 1, 0, -1)]
        return (HIDDEN, *(step for step in steps if step), finest)

    def _found(self, level: int, key: str) -> str:
        firsts, lasts, values = self._ranges.get(level, ([], [], []))
        at = bisect_right(firsts, key) - 1
        return values[at] if at >= 0 and key <= lasts[at] else ""


def _read(name: str) -> list[dict[str, str]]:
    path = files("vnhealth.deid") / "data" / f"{name}.csv"
    return list(csv.DictReader(path.read_text("utf-8").splitlines()))


@cache
def quasi_identifiers() -> tuple[Quasi, ...]:
    """The declared quasi-identifiers of the release tier, the weightiest first.

    >>> [q.tag for q in quasi_identifiers()][:3]
    ['MA_BENH_CHINH', 'NHOM_TUOI', 'GIOI_TINH']
    """
    ranges: dict[str, dict[int, list[tuple[str, str, str]]]] = {}
    for row in _read("hierarchies"):
        levels = ranges.setdefault(row["attribute"], {})
        levels.setdefault(int(row["level"]), []).append((row["first"], row["last"], row["value"]))
    found = []
    for row in _read("quasi"):
        mine = {
            level: tuple(list(column) for column in zip(*sorted(entries), strict=True))
            for level, entries in ranges.get(row["attribute"], {}).items()
        }
        found.append(
            Quasi(
                row["attribute"],
                row["tag"],
                int(row["weight"]),
                row["base"],
                int(row["levels"]),
                row["meaning_vi"],
                row["meaning_en"],
                mine,  # type: ignore[arg-type]
            )
        )
    return tuple(found)
