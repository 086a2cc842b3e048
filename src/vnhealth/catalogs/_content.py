"""What a reader takes from a file, before it is written to a pack."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from vnhealth.catalogs._cells import Line, find_columns, lines
from vnhealth.catalogs._layouts import Column, Layout
from vnhealth.catalogs._model import NOTHING, finding
from vnhealth.catalogs._report import Log, Refused
from vnhealth.catalogs._workbook import Book, Sheet

__all__ = ["Content", "Draft", "DraftLink", "DraftRule", "Progress", "Reading", "main_table"]

Progress = Callable[[int, int], None]
"""Called with (rows done, rows in all)."""


class Draft(NamedTuple):
    """One row to be stored; dates are ISO texts or empty."""

    system: str
    key: str
    code: str
    name_vi: str = ""
    name_en: str = ""
    parent: str = ""
    valid_from: str = ""
    valid_to: str = ""
    replaced_by: str = ""
    attrs: Mapping[str, str] = NOTHING


class DraftRule(NamedTuple):
    """A coding rule on a key of a catalogue."""

    system: str
    key: str
    effect: str
    list: str
    min_days: int = 0
    max_days: int = 1_000_000


class DraftLink(NamedTuple):
    """A pair of keys.

    ``dagger`` (dagger, asterisk), ``service`` (service, procedure) or ``succession`` (old, new).
    """

    kind: str
    left: str
    right: str
    note: str = ""


@dataclass(slots=True)
class Content:
    """All that a reader found."""

    entries: list[Draft] = field(default_factory=list)
    rules: list[DraftRule] = field(default_factory=list)
    links: list[DraftLink] = field(default_factory=list)


@dataclass(slots=True)
class Reading:
    """One file being read: what it is opened as, where findings go, who watches."""

    book: Book
    layout: Layout
    log: Log
    progress: Progress | None = None

    def lines(
        self, sheet: Sheet, columns: tuple[Column, ...], places: Mapping[str, int], after: int
    ) -> list[Line]:
        """The lines of a sheet, with progress."""
        found = []
        total = len(sheet.rows) - after
        for line in lines(sheet, columns, places, after, self.log):
            found.append(line)
            if self.progress and len(found) % 500 == 0:
                self.progress(line.number - after, total)
        if self.progress:
            self.progress(total, total)
        return found


def main_table(reading: Reading) -> tuple[Sheet, list[Line]]:
    """The sheet whose heading has all required columns, and its lines.

    Columns that are not kept in a pack are not even read.

    Raises `Refused` (CAT-23) when no sheet has them.
    """
    columns = tuple(column for column in reading.layout.columns if column.kept)
    for name in reading.book.sheets:
        sheet = reading.book.sheet(name)
        found = find_columns(sheet, columns)
        if found is not None:
            heading, places = found
            return sheet, reading.lines(sheet, columns, places, heading + 1)
    wanted = [column.title for column in columns if column.required]
    raise Refused([finding("CAT-23", columns=", ".join(wanted), layout=reading.layout.name)])
