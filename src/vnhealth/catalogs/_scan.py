"""How far a sheet reaches and where it has formulas without a stored value, without laying it out.

The XML of the sheet is read in pieces with regular expressions, never as a tree. Whatever hides a
cell from them (a ``>`` inside an attribute, a document type) is refused rather than guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

__all__ = ["Extent", "scan"]

_FILLED = re.compile(rb"<(?:\w+:)?c(\s[^>]*[^/>]|)>")
_ANY = re.compile(rb"<(?:\w+:)?c[\s/>]")
_ROW_END = re.compile(rb"</(?:\w+:)?row\s*>")
_REF = re.compile(rb"\sr\s*=\s*[\"']([A-Za-z]{1,3})([0-9]{1,7})[\"']")
_FORMULA = re.compile(
    rb"<(?:\w+:)?c(\s[^>]*|)>\s*<(?:\w+:)?f(?:\s[^>]*)?(?:/>|>[^<]*</(?:\w+:)?f\s*>)"
    rb"\s*<((?:\w+:)?\w*)[^>]*?(/?)>(.?)",
    re.DOTALL,
)
_CHUNK = 1 << 20
_LONGEST_ROW = 1 << 24
_EVERYWHERE = -1


@dataclass(slots=True)
class Extent:
    """Rows and columns that cells with content reach, and the formulas met.

    ``formulas`` are columns (from 0), ``unvalued`` are (row from 1, column from 0) of formulas
    without a stored value; a cell that does not say where it is has row 0 and column -1.
    """

    rows: int = 0
    columns: int = 0
    formulas: set[int] = field(default_factory=set)
    unvalued: list[tuple[int, int]] = field(default_factory=list)


def scan(file: IO[bytes], most: int) -> Extent:
    """Scan the XML of a sheet; raises `ValueError` when it is longer than ``most`` or hides cells.

    >>> import io
    >>> found = scan(io.BytesIO(b'<row r="7"><c r="C7"><v>1</v></c></row>'), 1000)
    >>> found.rows, found.columns
    (7, 3)
    """
    extent = Extent()
    rows = 0
    for piece in _pieces(file, most):
        if b"<!DOCTYPE" in piece or b"<!ENTITY" in piece:
            raise ValueError("a sheet has no document type")
        places: set[tuple[bytes, bytes]] = set()
        blind = False
        for attributes in _FILLED.findall(piece):
            place = _REF.search(attributes)
            if place is not None:
                places.add((place[1], place[2]))
                continue
            if attributes.count(b'"') % 2 or attributes.count(b"'") % 2:
                raise ValueError("a cell cannot be read")
            blind = True
        if places:
            extent.columns = max(extent.columns, *map(_column, {letters for letters, _ in places}))
            extent.rows = max(extent.rows, *(int(digits) for _, digits in places))
        ends = _ROW_END.split(piece)
        rows += len(ends) - 1
        if blind:
            widest = max(len(_ANY.findall(row)) for row in ends)
            extent.columns = max(extent.columns, widest)
            extent.rows = max(extent.rows, rows)
        if b"<f" in piece or b":f" in piece:
            _formulas(piece, extent)
    return extent


def _pieces(file: IO[bytes], most: int) -> Iterator[bytes]:
    kept, total = b"", 0
    while block := file.read(_CHUNK):
        total += len(block)
        kept += block
        cut = max(kept.rfind(b"</row>"), kept.rfind(b":row>"))
        if total > most or (cut < 0 and len(kept) > _LONGEST_ROW):
            raise ValueError("a row of a sheet is too long")
        if cut >= 0:
            yield kept[: cut + 6]
            kept = kept[cut + 6 :]
    yield kept


def _formulas(piece: bytes, extent: Extent) -> None:
    for attributes, tag, closed, content in _FORMULA.findall(piece):
        place = _REF.search(attributes)
        row, column = (int(place[2]), _column(place[1]) - 1) if place else (0, _EVERYWHERE)
        extent.formulas.add(column)
        value = tag.rpartition(b":")[2] in (b"v", b"is") and not closed
        text = b't="str"' in attributes or b"t='str'" in attributes
        if not value or (content == b"<" and not text):
            extent.unvalued.append((row, column))


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
