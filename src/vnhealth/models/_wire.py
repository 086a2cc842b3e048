"""The opaque remains of a record: exactly what the models did not take over from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vnhealth.records import Value
from vnhealth.spec import Family

__all__ = ["Cell", "RowWire", "Wire"]


@dataclass(frozen=True, slots=True, repr=False)
class Cell:
    """A value that the models would write differently, and what they would have written.

    As long as the models still say ``seen``, the record keeps ``value``.
    """

    value: Value
    seen: str

    def __repr__(self) -> str:
        return "<Cell>"


@dataclass(frozen=True, slots=True, repr=False)
class RowWire:
    """The remains of one row, by attribute of the record; for the mapping of this package only."""

    cells: Mapping[str, Cell] = field(default_factory=dict)
    raw: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    extra: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        return f"<RowWire {len(self.cells)} cells>"


@dataclass(frozen=True, slots=True, repr=False)
class Wire:
    """The remains of a claim: its family and the rows of all tables that are no lines."""

    family: Family
    tables: Mapping[str, tuple[RowWire, ...]]

    def __repr__(self) -> str:
        return f"<Wire {self.family.value} {len(self.tables)} tables>"
