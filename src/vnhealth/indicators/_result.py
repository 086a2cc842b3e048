"""What a run gives: cells with their figures, which are hidden, and what was not computed."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from vnhealth.deid import Label
from vnhealth.indicators._catalogue import Indicator, NotComputed
from vnhealth.indicators._suppress import Cell

__all__ = ["Figure", "Report", "Result", "Row", "Skipped"]

Figure = int | Decimal | bool | None
TOTAL = "*"
"""Stands in CSV for a dimension that was added up."""

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Row:
    """One cell: its dimensions (None where added up), its figures, and the names of hidden ones.

    A hidden figure is not in ``values``: it is gone, not masked.
    """

    cell: Cell
    values: Mapping[str, Figure]
    hidden: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Skipped:
    """An indicator of the catalogue that was not computed in this run, and why."""

    id: str
    name_vi: str
    name_en: str
    reason_vi: str
    reason_en: str


@dataclass(frozen=True, slots=True)
class Result:
    """One indicator with all its rows, in a fixed order."""

    indicator: Indicator
    rows: tuple[Row, ...]
    threshold: int

    def at(self, **cell: str | None) -> Row | None:
        """The row of a cell; dimensions that are not named were added up.

        Returns None when nothing was counted there.
        """
        wanted = tuple(cell.get(dim) for dim in self.indicator.dims)
        return next((row for row in self.rows if row.cell == wanted), None)

    @property
    def hidden(self) -> int:
        """Rows of which something is hidden."""
        return sum(1 for row in self.rows if row.hidden)

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready object."""
        found = self.indicator
        return {
            "id": found.id,
            "version": found.version,
            "policy": found.policy,
            "name_vi": found.name_vi,
            "name_en": found.name_en,
            "unit_vi": found.unit_vi,
            "basis": found.basis,
            "confidence": found.confidence,
            "formula_vi": found.formula_vi,
            "formula_en": found.formula_en,
            "sql": found.query(),
            "threshold": self.threshold,
            "dims": list(found.dims),
            "measures": [
                {"name": m.name, "kind": m.kind.value, "vi": m.title_vi, "en": m.title_en}
                for m in found.measures
            ],
            "rows": [
                {
                    "cell": dict(zip(found.dims, row.cell, strict=True)),
                    "values": {name: plain(value) for name, value in row.values.items()},
                    "hidden": sorted(row.hidden),
                }
                for row in self.rows
            ],
        }

    def to_csv(self) -> str:
        """One line per row: dimensions (``*`` where added up), figures, names of hidden ones."""
        found = self.indicator
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        names = [m.name for m in found.measures]
        writer.writerow([*found.dims, *names, "hidden"])
        for row in self.rows:
            cell = [TOTAL if value is None else value for value in row.cell]
            values = [text(row.values.get(name)) for name in names]
            writer.writerow([*cell, *values, " ".join(sorted(row.hidden))])
        return out.getvalue()


def plain(value: Figure) -> int | str | bool | None:
    """A figure for JSON: whole numbers as numbers, others as exact text."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else format(value, "f")
    return value


def text(value: Figure) -> str:
    """A figure as text; empty for what is not there."""
    found = plain(value)
    if isinstance(found, bool):
        return "1" if found else "0"
    return "" if found is None else str(found)


@dataclass(frozen=True, slots=True)
class Report:
    """All results of a run, and all that may be said of them. Its label is *aggregate*."""

    library: str
    input_label: Label
    dates: str
    files: int
    rows: Mapping[str, int]
    manifests: tuple[str, ...]
    audience: str
    threshold: int
    filters: Mapping[str, str]
    lists: Mapping[str, str]
    exceptions: Mapping[str, str]
    results: tuple[Result, ...]
    skipped: tuple[Skipped, ...]
    missing: tuple[NotComputed, ...] = field(default=())

    label = Label.AGGREGATE

    def __getitem__(self, key: str) -> Result:
        return next(r for r in self.results if r.indicator.id == key.upper())

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready object."""
        return {
            "format": FORMAT,
            "library": self.library,
            "label": self.label.value,
            "input": {
                "label": self.input_label.value,
                "dates": self.dates,
                "files": self.files,
                "rows": dict(sorted(self.rows.items())),
                "manifests": list(self.manifests),
            },
            "audience": self.audience,
            "threshold": self.threshold,
            "filters": dict(sorted(self.filters.items())),
            "lists": dict(sorted(self.lists.items())),
            "exceptions": dict(sorted(self.exceptions.items())),
            "indicators": [result.to_dict() for result in self.results],
            "skipped": [
                {
                    "id": s.id,
                    "name_vi": s.name_vi,
                    "name_en": s.name_en,
                    "reason_vi": s.reason_vi,
                    "reason_en": s.reason_en,
                }
                for s in self.skipped
            ],
            "not_computed": [
                {
                    "policy": m.policy,
                    "what_vi": m.what_vi,
                    "what_en": m.what_en,
                    "reason_vi": m.reason_vi,
                    "reason_en": m.reason_en,
                }
                for m in self.missing
            ],
        }

    def to_json(self) -> str:
        """The report as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=1) + "\n"
