"""Repairs inside one table file: values, order of tags, missing tags."""

from __future__ import annotations

from dataclasses import dataclass, field
from unicodedata import is_normalized, normalize

from vnhealth.codecs._values import explain
from vnhealth.records import LITERALS, NotCanonical, cache_of, to_text
from vnhealth.records._convert import BLANKS
from vnhealth.repair._markup import CDATA, Edit, Node, applied
from vnhealth.repair._model import Repair
from vnhealth.spec import Kind, TableSpec, edition_info, record_kind

__all__ = ["TableRepair"]

NUMBERS = {
    "BHYT-VAL-02": "decimal_comma",
    "BHYT-VAL-03": "scientific",
    "BHYT-VAL-04": "grouping",
    "BHYT-VAL-10": "whole_number",
}
"""What the reader says of a number that it could read without doubt."""

_SPACE = b" \t\r\n"


@dataclass(slots=True)
class TableRepair:
    """Goes through the rows of one table file and gathers edits of its bytes."""

    spec: TableSpec
    encounter: int | None
    first: int = 0
    nfc: bool = False
    repairs: list[Repair] = field(default_factory=list)

    def edits(self, data: bytes, root: Node) -> list[Edit]:
        """The edits of a table file; what they do goes to ``repairs``."""
        found: list[Edit] = []
        rows = root.below(self.spec.row)
        for number, row in enumerate(rows, self.first):
            if row.plain and row.name == self.spec.row.encode():
                found += self._row(data, row, number)
        self.first += len(rows)
        return found

    def _row(self, data: bytes, row: Node, number: int) -> list[Edit]:
        inner: list[Edit] = []
        for cell in row.children:
            if not cell.children and not cell.attributes:
                inner += self._cell(data, cell, number)
        return self._arranged(data, row, number, inner) or inner

    def _cell(self, data: bytes, cell: Node, number: int) -> list[Edit]:
        tag = cell.name.decode("ascii", "replace")
        if tag not in self.spec.by_tag or cell.inside == cell.end:
            return []
        start, end = cell.inside, cell.outside
        if not cell.plain:
            found = CDATA.fullmatch(data, start, end)
            if found is None:
                return []
            start, end = found.span(1)
        text = data[start:end].decode("utf-8")
        kind = record_kind(edition_info(self.spec.edition).family, self.spec.table, tag)
        steps = _steps(kind, text, nfc=self.nfc)
        for name, before, after in steps:
            place = (self.encounter, self.spec.table, number, tag)
            self.repairs.append(Repair(name, *place, before, after))
        return [(start, end, steps[-1][2].encode())] if steps else []

    def _arranged(self, data: bytes, row: Node, number: int, inner: list[Edit]) -> list[Edit]:
        """The row written anew with its tags in order and complete; nothing if it is so already.

        Only where every tag is known and stands once, and only blanks stand between them. Each cell
        keeps its bytes (but for ``inner``) and each gap between cells its place.
        """
        names = [child.name.decode("ascii", "replace") for child in row.children]
        if not names or len(set(names)) < len(names) or not self.spec.by_tag.keys() >= set(names):
            return []
        ends = [row.inside, *(child.end for child in row.children)]
        starts = [*(child.start for child in row.children), row.outside]
        gaps = [data[a:b] for a, b in zip(ends, starts, strict=True)]
        if any(gap.strip(_SPACE) for gap in gaps):
            return []
        place = (self.encounter, self.spec.table, number)
        known = [tag for tag in self.spec.tags if tag in set(names)]
        missing = len(known) < len(self.spec.tags)
        if known != names:
            self.repairs.append(Repair("order", *place))
        elif not missing:
            return []
        cells = {
            name: _within(data, child.start, child.end, inner)
            for name, child in zip(names, row.children, strict=True)
        }
        for tag in self.spec.tags:
            if tag not in cells:
                self.repairs.append(Repair("empty_tags", *place, tag))
                cells[tag] = f"<{tag}></{tag}>".encode()
        usual = gaps[1] if len(names) > 1 else gaps[0]
        used = iter(gaps[1:-1])
        out = [gaps[0]]
        for number_, tag in enumerate(self.spec.tags):
            if number_:
                out.append(next(used, usual))
            out.append(cells[tag])
        return [(row.inside, row.outside, b"".join((*out, gaps[-1])))]


def _within(data: bytes, start: int, end: int, edits: list[Edit]) -> bytes:
    mine = [(a - start, b - start, new) for a, b, new in edits if start <= a and b <= end]
    return applied(data[start:end], mine)


def _reads_as(kind: Kind, text: str, value: object) -> bool:
    """True when a strict reader gets the value from the text (not of a number of 30 digits)."""
    try:
        return bool(cache_of(kind)[text] == value)
    except NotCanonical:
        return False


def _steps(kind: Kind, text: str, *, nfc: bool) -> list[tuple[str, str, str]]:
    """(kind of repair, text before, text after), one after another."""
    steps: list[tuple[str, str, str]] = []

    def step(name: str, after: str) -> None:
        steps.append((name, steps[-1][2] if steps else text, after))

    bare = text.strip(BLANKS)
    if bare != text:
        step("trim", bare)
    if "&" in bare or not bare:
        return steps
    if bare in LITERALS:
        if kind is not Kind.TEXT:
            step("empty_word", "")
        return steps
    if kind in (Kind.INTEGER, Kind.DECIMAL):
        try:
            cache_of(kind)[bare]
        except NotCanonical:
            value, code = explain(kind, bare)
            if value is not None and code in NUMBERS and _reads_as(kind, to_text(value), value):
                step(NUMBERS[code], to_text(value))
    elif nfc and not is_normalized("NFC", bare):
        step("nfc", normalize("NFC", bare))
    return steps
