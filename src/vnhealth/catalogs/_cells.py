"""From cells to lines: the heading found, each column read as its kind, no number as a code."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from vnhealth.catalogs._keys import skeleton
from vnhealth.catalogs._layouts import Column
from vnhealth.catalogs._report import Log
from vnhealth.catalogs._workbook import Cell, Sheet

__all__ = ["Line", "clean", "day", "find_columns", "lines"]

_HEADING_WITHIN = 20
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?", re.ASCII)
_DAY8 = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})", re.ASCII)
_DAY_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", re.ASCII)
_DAY_VN = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})", re.ASCII)
_NUMBERING = re.compile(r"[(\[]?([0-9]{1,3})[)\]]?", re.ASCII)


@dataclass(slots=True)
class Line:
    """One row of data: texts by attribute (dates in ISO), and columns not read as their kind."""

    number: int
    cells: dict[str, str]
    bad: list[str]

    def __getitem__(self, attribute: str) -> str:
        return self.cells.get(attribute, "")


def clean(text: str) -> str:
    """NFC, single blanks, none outside.

    >>> clean("  Ba" + chr(0x0300) + "n  tay ")
    'Bàn tay'
    """
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return " ".join(text.split())


def day(cell: Cell) -> str | None:
    """A date cell as an ISO text, empty for an empty cell, None when it is no date.

    >>> day("20260801"), day("01/08/2026"), day(20260801.0), day(""), day("tháng 8")
    ('2026-08-01', '2026-08-01', '2026-08-01', '', None)
    """
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat()
    if isinstance(cell, dt.date):
        return cell.isoformat()
    if isinstance(cell, float | int) and not isinstance(cell, bool):
        cell = _plain(cell)
    if not isinstance(cell, str):
        return None
    text = cell.strip()
    if not text:
        return ""
    found = _DAY8.fullmatch(text) or _DAY_ISO.fullmatch(text)
    numbers = found.groups() if found else None
    if numbers is None and (found := _DAY_VN.fullmatch(text)):
        numbers = found.groups()[::-1]
    if numbers is None:
        return None
    try:
        return dt.date(*map(int, numbers)).isoformat()
    except ValueError:
        return None


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) else repr(number)


def find_columns(sheet: Sheet, columns: Sequence[Column]) -> tuple[int, Mapping[str, int]] | None:
    """The index of the heading and the column of each attribute; None when one is missing."""
    for index, row in enumerate(sheet.rows[:_HEADING_WITHIN]):
        heads = [skeleton(cell) if isinstance(cell, str) else "" for cell in row]
        found: dict[str, int] = {}
        taken: set[int] = set()
        for column in columns:
            at = next(
                (
                    place
                    for name in column.headings
                    for place, head in enumerate(heads)
                    if head == name and place not in taken
                ),
                None,
            )
            if at is not None:
                found[column.attribute] = at
                taken.add(at)
        if all(column.attribute in found for column in columns if column.required):
            return index, found
    return None


def lines(
    sheet: Sheet,
    columns: Sequence[Column],
    places: Mapping[str, int],
    after: int,
    log: Log,
) -> Iterator[Line]:
    """The rows below the heading that hold anything; problems of cells go to the log.

    Numbers in code columns are noted as CAT-20 (the import is refused), formulas without a value as
    CAT-22 (refused too).
    """
    used = [(c.attribute, c.kind, places[c.attribute]) for c in columns if c.attribute in places]
    width = max(place for _, _, place in used) + 1
    _formulas(sheet, used, log)
    if not sheet.typed:
        log.say("CAT-56")
    cleaned = 0
    for index in range(after, len(sheet.rows)):
        row = sheet.rows[index]
        if not any(cell != "" and not (isinstance(cell, str) and not cell.strip()) for cell in row):
            continue
        if index == after and _is_numbering(row):
            continue
        if len(row) < width:
            row = [*row, *[""] * (width - len(row))]
        line = Line(index + 1, {}, [])
        for attribute, kind, place in used:
            cell = row[place]
            if cell == "":
                continue
            if isinstance(cell, str):
                text = clean(cell)
                cleaned += text != cell and bool(text)
                if kind == "date" and text:
                    text = day(text) or _bad(line, attribute)
                elif kind == "number" and text and not _NUMBER.fullmatch(text):
                    text = _bad(line, attribute)
            elif kind == "code":
                log.refuse("CAT-20", sheet.name, index + 1, attribute, str(cell))
                text = ""
            elif kind == "date":
                text = day(cell) or _bad(line, attribute)
            elif isinstance(cell, float | int):
                text = _plain(cell)
            else:
                text = str(cell)
            line.cells[attribute] = text
        yield line
    if cleaned:
        log.say("CAT-52", sheet=sheet.name, count=cleaned)


def _bad(line: Line, attribute: str) -> str:
    line.bad.append(attribute)
    return ""


def _formulas(sheet: Sheet, used: Sequence[tuple[str, str, int]], log: Log) -> None:
    names = {place: attribute for attribute, _, place in used}
    for row, column in sheet.unvalued:
        if column in names or column < 0:
            log.refuse("CAT-22", sheet.name, row, names.get(column, ""), "")
    for attribute, kind, place in used:
        if kind == "code" and place in sheet.formulas:
            log.say("CAT-57", sheet=sheet.name, column=attribute)


def _is_numbering(row: Sequence[Cell]) -> bool:
    """True for a row of column numbers under the heading: 1, 2, 3 or (1), (2), (3)."""
    numbers = []
    for cell in row:
        if cell == "":
            continue
        text = _plain(cell) if isinstance(cell, float | int) else str(cell).strip()
        found = _NUMBERING.fullmatch(text)
        if found is None:
            return False
        numbers.append(int(found[1]))
    return len(numbers) > 1 and numbers == list(range(numbers[0], numbers[0] + len(numbers)))
