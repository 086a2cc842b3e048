"""From cells to records: a fast path that only says yes, and one that explains.

A cell is a tag and a text. The tags of a row in the order in which they came are its *layout*. What
a layout means (which converter stands at which place, what is missing, unknown, repeated or out of
order) is worked out once and kept, so a vendor's own order costs no more than the official one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from operator import attrgetter, getitem, methodcaller
from typing import Any

from lxml import etree

from vnhealth.codecs import _grammar
from vnhealth.codecs._notes import Notes, safe_tag
from vnhealth.codecs._values import explain, is_name, legacy_name
from vnhealth.findings import catalogue
from vnhealth.records import NotCanonical, Record, cache_of, record_class
from vnhealth.records._convert import CACHE_LIMIT
from vnhealth.spec import Edition, Family, Kind, edition_info, table, tables

__all__ = ["Converted", "Layout", "RowDecoder", "decoder", "official_tags"]

_MAX_LAYOUTS = 256
_LONGEST = 76
_BLANKS = " \t\r\n"
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_set_state = object.__setattr__
_TAG = attrgetter("tag")
_TEXT = attrgetter("text")
_TAIL = attrgetter("tail")
_KEYS = methodcaller("keys")


@dataclass(frozen=True, slots=True)
class Layout:
    """The cells of a row in the order in which they came, by the names of their tags."""

    tags: tuple[str, ...]
    attrs: tuple[str, ...]
    """The attribute of each cell; empty where the tag is unknown."""
    caches: tuple[dict[str | None, Any], ...]
    cells: tuple[dict[bytes | None, Any], ...]
    """Like ``caches``, for cells as they are written (see `vnhealth.codecs._grammar`)."""
    plain: bool
    """Every tag is known and stands once, so a row needs no look at its names."""
    notes: tuple[tuple[str, str | None, dict[str, str]], ...]
    """(code, tag, params) of what there is to say about each row of this layout."""


Converted = tuple[Layout, dict[str, Any], list[tuple[str, str, str]] | None]
"""A row: its layout, the values of its attributes, and (tag, attribute, text) of every cell that is
not canonical or, with an empty attribute, stands beside the fields; None when there is none."""


class RowDecoder:
    """Decodes the rows of one table of one family."""

    def __init__(self, family: Family, name: str) -> None:
        self.family = family
        self.name = name
        self.cls = record_class(family, name)
        self.kinds = {attr.upper(): kind for attr, kind in self.cls.kinds().items()}
        latest = [e for e in Edition if edition_info(e).family == family and name in tables(e)][-1]
        self.row_tag = table(latest, name).row
        self._new = self.cls.__new__
        self._names = [attr for attr in self.cls.ATTRS if is_name(attr.upper())]
        self._editions = official_tags(family, name)
        self._layouts: dict[tuple[str, ...], Layout] = {}

    def layout(self, tags: tuple[str, ...]) -> Layout:
        """What a sequence of tags means; up to 256 are remembered."""
        found = self._layouts.get(tags)
        if found is None:
            found = self._analyse(tags)
            if len(tags) <= 2 * len(self.kinds):
                if len(self._layouts) >= _MAX_LAYOUTS:
                    self._layouts.clear()
                self._layouts[tags] = found
        return found

    def _analyse(self, tags: tuple[str, ...]) -> Layout:
        names = tuple(str(tag).rpartition("}")[2].upper() for tag in tags)
        known = [n for n in names if n in self.kinds]
        there = set(known)
        notes: list[tuple[str, str | None, dict[str, str]]] = []
        order = self.cls.ATTRS.index
        places = [order(n.lower()) for n in known]
        if any(a > b for a, b in pairwise(places)):
            notes.append(("BHYT-ROW-01", None, {}))
        missing = min(([t for t in e if t not in there] for e in self._editions), key=len)
        if missing:
            text = ", ".join(missing[:8]) + (" …" if len(missing) > 8 else "")
            notes.append(("BHYT-ROW-02", None, {"tags": text}))
        unknown = sorted({n for n in names if n not in self.kinds})
        notes += [("BHYT-ROW-03", safe_tag(tag), {}) for tag in unknown]
        repeated = sorted(n for n in there if known.count(n) > 1) if len(there) < len(known) else []
        notes += [("BHYT-ROW-04", tag, {}) for tag in repeated]
        if names != tags:
            notes.append(("BHYT-ROW-06", None, {}))
        return Layout(
            tags=names,
            attrs=tuple(n.lower() if n in self.kinds else "" for n in names),
            caches=tuple(cache_of(self.kinds.get(n, Kind.TEXT)) for n in names),
            cells=tuple(_written(self.kinds.get(n, Kind.TEXT)) for n in names),
            plain=len(there) == len(names),
            notes=tuple(notes),
        )

    def decode(
        self,
        rows: Iterable[etree._Element],
        notes: Notes,
        first: int = 0,
        *,
        attributes: bool = True,
    ) -> tuple[Record, ...]:
        """Records of the row elements, the first of which is row ``first`` of its table.

        ``attributes=False`` says that the cells are known to have none.
        """
        out: list[Record] = []
        run = _Run(self.name, notes)
        last: tuple[Any, ...] | None = None
        layout = None
        for index, row in enumerate(rows, first):
            cells = row[:]
            tags = tuple(map(_TAG, cells))
            if tags != last or layout is None:
                last = tags
                layout = self.layout(tags)
                if layout.plain and layout.tags == tags:
                    _grammar.learn(self.row_tag, layout.tags)
            run.add(layout, index)
            texts: list[str | None] = list(map(_TEXT, cells))
            extra: list[tuple[str, str]] = []
            if (
                any(map(len, cells))
                or any(text and text.strip(_BLANKS) for text in {row.text, *map(_TAIL, cells)})
                or row.keys()
                or (attributes and any(map(_KEYS, cells)))
            ):
                extra = self._oddities(row, cells, texts, index, notes)
            found = self._convert(layout, texts, layout.caches)
            if extra:
                found = layout, found[1], [*((t, "", x) for t, x in extra), *(found[2] or ())]
            out.append(self._record(found, index, notes))
        run.close()
        self.look_at_names(out, notes, first)
        return tuple(out)

    def look_at_names(self, rows: Iterable[Record], notes: Notes, first: int) -> None:
        """Say which names seem to be written in an encoding of before Unicode."""
        if not self._names:
            return
        for index, row in enumerate(rows, first):
            for attr in self._names:
                name = row.__dict__.get(attr)
                if name and (suggestion := legacy_name(name)):
                    values = {"value": name[:80], "suggestion": suggestion[:80]}
                    notes.say("BHYT-VAL-12", self.name, index, attr.upper(), values=values)

    def converted(self, rows: Iterable[tuple[tuple[str, ...], _grammar.Cells]]) -> list[Converted]:
        """Rows that the grammar matched, converted but not yet judged. Raises `_grammar.NotMe`."""
        out: list[Converted] = []
        last: tuple[str, ...] | None = None
        layout = None
        for tags, cells in rows:
            if tags is not last or layout is None:
                last = tags
                layout = self.layout(tags)
            out.append(self._convert(layout, cells, layout.cells))
        return out

    def records(
        self, rows: Iterable[Converted], notes: Notes, first: int = 0
    ) -> tuple[Record, ...]:
        """The records of converted rows, the first of which is row ``first`` of its table."""
        out: list[Record] = []
        run = _Run(self.name, notes)
        for index, row in enumerate(rows, first):
            run.add(row[0], index)
            out.append(self._record(row, index, notes))
        run.close()
        self.look_at_names(out, notes, first)
        return tuple(out)

    def _convert(
        self, layout: Layout, cells: Sequence[Any], caches: Sequence[dict[Any, Any]]
    ) -> Converted:
        """One row. ``cells`` are the keys of ``caches``: texts, or cells as they are written."""
        if layout.plain:
            try:
                state = dict(zip(layout.attrs, map(getitem, caches, cells), strict=True))
            except NotCanonical:
                pass
            else:
                return layout, state, None
        state = {}
        rest = []
        for tag, attr, cache_, cell in zip(layout.tags, layout.attrs, caches, cells, strict=True):
            if attr in state or not attr:
                if cell is not None or not attr:
                    rest.append((tag, "", _text_of(cell)))
                continue
            try:
                state[attr] = cache_[cell]
            except NotCanonical:
                state[attr] = None
                rest.append((tag, attr, _text_of(cell)))
        return layout, state, rest

    def _record(self, row: Converted, index: int, notes: Notes) -> Record:
        """The record of a row, with a note for each value that is not in canonical form."""
        _, state, rest = row
        record = self._new(self.cls)
        if rest is None:
            _set_state(record, "__dict__", state)
            return record
        raw: dict[str, str] = {}
        extra: list[tuple[str, str]] = []
        for tag, attr, text in rest:
            if not attr:
                extra.append((tag, text))
                continue
            raw[tag] = text
            state[attr], code = explain(self.kinds[tag], text)
            if code and catalogue.info(code).severity == "info":
                notes.count(code, self.name, index, tag)
            elif code:
                values = {"value": text.strip()[:80]}
                notes.say(code, self.name, index, tag, values=values)
        record._set(state, raw, tuple(extra))
        return record

    def _oddities(
        self,
        row: etree._Element,
        cells: list[etree._Element],
        texts: list[str | None],
        index: int,
        notes: Notes,
    ) -> list[tuple[str, str]]:
        """What a row holds beside plain cells, as extra values; their texts are taken out."""
        extra: list[tuple[str, str]] = []
        loose = [row.text, *(cell.tail for cell in cells)]
        for text in loose:
            if text and text.strip(_BLANKS):
                extra.append(("#text", text.strip(_BLANKS)))
                notes.count("BHYT-ROW-09", self.name, index)
        for place, cell in enumerate((row, *cells), -1):
            tag = str(cell.tag).rpartition("}")[2].upper()
            for key, value in cell.items():
                name = str(key).rpartition("}")[2]
                if key == _NIL and value in ("true", "1") and not cell.text and not len(cell):
                    notes.count("BHYT-ROW-10", self.name, index, safe_tag(tag))
                else:
                    extra.append((f"{tag}@{name}", str(value)))
                    params = {"names": safe_tag(name)}
                    notes.count("BHYT-ROW-08", self.name, index, safe_tag(tag), params)
            if place >= 0 and len(cell):
                extra.append((tag, etree.tostring(cell, encoding="unicode", with_tail=False)))
                texts[place] = None
                notes.count("BHYT-ROW-05", self.name, index, safe_tag(tag))
        return extra


class _Written(dict[bytes | None, Any]):
    """Cell as it is written to value, each distinct cell unwrapped and converted once."""

    __slots__ = ("_values",)

    def __init__(self, kind: Kind) -> None:
        super().__init__({None: None})
        self._values = cache_of(kind)

    def __missing__(self, cell: bytes) -> Any:
        value = self._values[_grammar.unwrapped(cell)]
        if len(cell) <= _LONGEST:
            if len(self) >= CACHE_LIMIT:
                self.clear()
                self[None] = None
            self[cell] = value
        return value


_written = cache(_Written)


def _text_of(cell: str | bytes | None) -> str:
    return _grammar.unwrapped(cell) if isinstance(cell, bytes) else cell or ""


class _Run:
    """Counts the rows of each layout and says at the end what is odd about them."""

    def __init__(self, table: str, notes: Notes) -> None:
        self.table = table
        self.notes = notes
        self._seen: dict[int, list[Any]] = {}

    def add(self, layout: Layout, index: int) -> None:
        if layout.notes:
            entry = self._seen.setdefault(id(layout), [layout, index, 0])
            entry[2] += 1

    def close(self) -> None:
        for layout, first, count in self._seen.values():
            for code, tag, params in layout.notes:
                self.notes.count(code, self.table, first, tag, params, count)


@cache
def official_tags(family: Family, name: str) -> tuple[tuple[str, ...], ...]:
    """The tags of a table in the order of each edition of a family, the latest edition first."""
    found = [
        table(edition, name).tags
        for edition in reversed(Edition)
        if edition_info(edition).family == family and name in tables(edition)
    ]
    return tuple(dict.fromkeys(found))


@cache
def decoder(family: Family, name: str) -> RowDecoder:
    """The shared decoder of a table."""
    return RowDecoder(family, name)
