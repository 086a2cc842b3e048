"""From cells to records: a fast path that only says yes, and one that explains.

A cell is a tag and a text. The tags of a row in the order in which they came are its *layout*. What
a layout means (which converter stands at which place, what is missing, unknown, repeated or out of
order) is worked out once and kept, so a vendor's own order costs no more than the official one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from operator import attrgetter, getitem, methodcaller
from typing import Any, NamedTuple

from lxml import etree

from vnhealth.codecs import _grammar
from vnhealth.codecs._notes import Notes, safe_tag
from vnhealth.codecs._values import explain, is_name, legacy_name
from vnhealth.findings import catalogue
from vnhealth.records import NotCanonical, Record, cache_of, record_class
from vnhealth.records._convert import converter_of
from vnhealth.records._sizes import Size, always_required, steady_size
from vnhealth.spec import Edition, Family, Kind, edition_info, table, tables

__all__ = ["Batch", "Layout", "RowDecoder", "decoder", "official_tags"]

Doubt = tuple[str, str, str]
"""(tag, attribute, text) of a cell that is not canonical; without an attribute it is an extra."""
_Converter = Mapping[bytes | None, Any]
"""Cell to value; raises `NotCanonical`, or `_grammar.NotMe`."""
Saying = tuple[str, str | None, dict[str, str]]
"""(code, tag, params)."""

_MAX_LAYOUTS = 256
_LONGEST = 76
_REMEMBERED = 16_384
_BLANKS = " \t\r\n"
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_EMPTY: dict[bytes | None, None] = {None: None, b"": None}
_OUT_OF_ORDER: tuple[Saying, ...] = (("BHYT-ROW-01", None, {}),)
_set_state = object.__setattr__
_TAG = attrgetter("tag")
_TEXT = attrgetter("text")
_TAIL = attrgetter("tail")
_KEYS = methodcaller("keys")


@dataclass(slots=True, eq=False)
class Layout:
    """The cells of a row in the order in which they came, by the names of their tags."""

    tags: tuple[str, ...]
    attrs: tuple[str, ...]
    """The attribute of each cell; empty where the tag is unknown."""
    cells: tuple[_Converter, ...]
    """The converter of each cell as it is written (see `vnhealth.codecs._grammar`)."""
    fitting: tuple[_Converter, ...]
    """The same, but they refuse what does not fit the field (see `Batch`). None fits when empty."""
    plain: bool
    """Every tag is known and stands once, so a row needs no look at its names."""
    notes: tuple[Saying, ...]
    """(code, tag, params) of what there is to say about each row of this layout."""


_Columns = tuple[Layout, tuple[str, ...], tuple[_Converter, ...]]
"""The layout of a row, the attributes of its cells and their converters."""


class _Whole(NamedTuple):
    """All tags of an edition in any order but ``orders`` of editions; the rest is by tag."""

    orders: tuple[_grammar.Tags, ...]
    layout: Layout
    attrs: dict[bytes, str]
    cells: dict[bytes, _Converter]
    fitting: dict[bytes, _Converter]


class Batch:
    """Rows of a table that are converted but not yet judged, so that nothing is said too early."""

    __slots__ = ("doubts", "fitting", "records", "runs")

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.fitting = True
        """Every value fits its field (see `vnhealth.records.Claim.fitting`)."""
        self.doubts: list[tuple[int, list[Doubt], list[Saying]]] = []
        """Rows that are not finished, and what there is to say of them beside their values."""
        self.runs: list[tuple[int, Layout]] = []
        """Where rows of another layout begin."""


class RowDecoder:
    """Decodes the rows of one table of one family."""

    def __init__(self, family: Family, name: str) -> None:
        self.family = family
        self.name = name
        self.cls = record_class(family, name)
        self.kinds = {attr.upper(): kind for attr, kind in self.cls.kinds().items()}
        latest = [e for e in Edition if edition_info(e).family == family and name in tables(e)][-1]
        self.row_tag = table(latest, name).row
        self._names = [attr for attr in self.cls.ATTRS if is_name(attr.upper())]
        self._editions = official_tags(family, name)
        self._places = {attr.upper(): place for place, attr in enumerate(self.cls.ATTRS)}
        self._required = always_required(family, name)
        self._text_of: dict[str | bytes, Any] = {
            tag: cache_of(kind) for tag, kind in self.kinds.items()
        }
        self._orders: dict[_grammar.Order, Layout] = {}
        self._layouts: dict[tuple[str, ...], Layout] = {}
        self._wholes = {len(tags): self._whole(tags) for tags in reversed(self._editions)}

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

    def _of_order(self, order: _grammar.Order) -> Layout:
        """The same for an order that the grammar knows."""
        found = self._orders.get(order)
        if found is None:
            if len(self._orders) >= _MAX_LAYOUTS:
                self._orders.clear()
            found = self._orders[order] = self.layout(order.tags)
        return found

    def _whole(self, tags: tuple[str, ...]) -> _Whole:
        layout = self.layout(tags)
        written = [tag.encode() for tag in tags]
        orders = tuple(
            tuple(tag.encode() for tag in other)
            for other in self._editions
            if len(other) == len(tags)
        )
        return _Whole(
            orders,
            replace(layout, notes=_OUT_OF_ORDER),
            dict(zip(written, layout.attrs, strict=True)),
            dict(zip(written, layout.cells, strict=True)),
            dict(zip(written, layout.fitting, strict=True)),
        )

    def _columns(
        self, order: _grammar.Order | _grammar.Tags, fitting: bool
    ) -> tuple[Layout, tuple[str, ...], tuple[_Converter, ...]]:
        """What the cells of a row are; converters that refuse what does not fit, if wanted.

        All tags of an edition in an order of their own are what programs write most often: then
        there is nothing to work out.
        """
        if not isinstance(order, tuple):
            layout = self._of_order(order)
        else:
            whole = self._wholes.get(len(order))
            if whole is not None and order not in whole.orders and len(set(order)) == len(order):
                converters = whole.fitting if fitting else whole.cells
                try:
                    caches = tuple(map(converters.__getitem__, order))
                    return whole.layout, tuple(map(whole.attrs.__getitem__, order)), caches
                except KeyError:
                    pass
            layout = self.layout(tuple(tag.decode() for tag in order))
        return layout, layout.attrs, (fitting and layout.fitting) or layout.cells

    def _analyse(self, tags: tuple[str, ...]) -> Layout:
        names = tuple(str(tag).rpartition("}")[2].upper() for tag in tags)
        known = [n for n in names if n in self.kinds]
        there = set(known)
        notes: list[Saying] = []
        places = [self._places[n] for n in known]
        if any(a > b for a, b in pairwise(places)):
            notes += _OUT_OF_ORDER
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
            cells=tuple(_written(self.kinds.get(n, Kind.TEXT)) for n in names),
            fitting=self._fitting(names),
            plain=len(there) == len(names),
            notes=tuple(notes),
        )

    def _fitting(self, names: tuple[str, ...]) -> tuple[_Converter, ...]:
        if not self._required.issubset(names) or not self.kinds.keys() >= set(names):
            return ()
        return tuple(
            _written(self.kinds[n], steady_size(self.family, self.name, n), n in self._required)
            for n in names
        )

    def from_cells(
        self, rows: Iterable[tuple[_grammar.Order | _grammar.Tags, _grammar.Cells]]
    ) -> Batch:
        """Rows that the grammar matched. Raises `_grammar.NotMe`."""
        batch = Batch()
        add, cls, new = batch.records.append, self.cls, self.cls.__new__
        last: _grammar.Order | _grammar.Tags | None = None
        run: Layout | None = None
        for order, cells in rows:
            if order is not last and order != last:
                layout, attrs, caches = self._columns(order, batch.fitting)
                batch.fitting = batch.fitting and bool(layout.fitting)
                if last is None and layout.plain and isinstance(order, tuple):
                    _grammar.learn(self.row_tag, order)
                if layout is not run:
                    batch.runs.append((len(batch.records), layout))
                last, run = order, layout
            if layout.plain:
                state: dict[str, Any] | None
                try:
                    state = dict(zip(attrs, map(getitem, caches, cells)))  # noqa: B905
                except NotCanonical:
                    state = None
                except _Unfit:
                    batch.fitting = False
                    _, _, caches = self._columns(order, False)
                    state = _state(attrs, caches, cells)
                if state is not None:
                    record = new(cls)
                    _set_state(record, "__dict__", state)
                    add(record)
                    continue
            self._add(batch, layout, attrs, caches, cells, [], [])
        return batch

    def from_elements(self, rows: Iterable[etree._Element], *, attributes: bool) -> Batch:
        """Rows of a tree. ``attributes=False`` says that the cells are known to have none."""
        batch = Batch()
        batch.fitting = False
        add, cls, new = batch.records.append, self.cls, self.cls.__new__
        last: tuple[Any, ...] | None = None
        for row in rows:
            cells = row[:]
            tags = tuple(map(_TAG, cells))
            if tags != last:
                last = tags
                layout = self.layout(tags)
                batch.runs.append((len(batch.records), layout))
                caches = [self._text_of.get(tag, _TEXTS) for tag in layout.tags]
            texts: list[str | None] = list(map(_TEXT, cells))
            extra: list[Doubt] = []
            said: list[Saying] = []
            if (
                any(map(len, cells))
                or any(text and text.strip(_BLANKS) for text in {row.text, *map(_TAIL, cells)})
                or row.keys()
                or (attributes and any(map(_KEYS, cells)))
            ):
                _oddities(row, cells, texts, extra, said)
            elif layout.plain:
                state = _state(layout.attrs, caches, texts)
                if state is not None:
                    record = new(cls)
                    _set_state(record, "__dict__", state)
                    add(record)
                    continue
            self._add(batch, layout, layout.attrs, caches, texts, extra, said)
        return batch

    def _add(
        self,
        batch: Batch,
        layout: Layout,
        attrs: tuple[str, ...],
        caches: Sequence[Mapping[Any, Any]],
        cells: Sequence[Any],
        doubts: list[Doubt],
        said: list[Saying],
    ) -> None:
        """One row cell by cell."""
        state: dict[str, Any] = {}
        for attr, name, cache_, cell in zip(attrs, layout.tags, caches, cells, strict=True):
            tag = attr.upper() or name
            if attr in state or not attr:
                if (cell if isinstance(cell, bytes) else cell is not None) or not attr:
                    doubts.append((tag, "", _text_of(cell)))
                continue
            try:
                state[attr] = cache_[cell]
            except _Unfit:
                batch.fitting = False
                state[attr] = _written(self.kinds[tag])[cell]
            except NotCanonical:
                state[attr] = None
                doubts.append((tag, attr, _text_of(cell)))
        if doubts or said:
            batch.doubts.append((len(batch.records), doubts, said))
        batch.records.append(self.cls._trusted(state))

    def judged(self, batch: Batch, notes: Notes, first: int) -> tuple[Record, ...]:
        """The records, the first of which is row ``first`` of its table, and all that is odd."""
        if not batch.runs:
            return ()
        ends = [start for start, _ in batch.runs[1:]] + [len(batch.records)]
        counts: dict[int, list[Any]] = {}
        for (start, layout), end in zip(batch.runs, ends, strict=True):
            if layout.notes:
                entry = counts.setdefault(id(layout.notes), [layout, start, 0])
                entry[2] += end - start
        for layout, start, count in counts.values():
            for code, tag, params in layout.notes:
                notes.count(code, self.name, first + start, tag, params, count)
        for index, doubts, said in batch.doubts:
            for code, tag, params in said:
                notes.count(code, self.name, first + index, tag, params)
            record = batch.records[index]
            self._settle(record, doubts, first + index, notes)
            if not all(self._fits(record, tag) for tag, attr, _ in doubts if attr):
                batch.fitting = False
        if self._names:
            self._look_at_names(batch.records, notes, first)
        return tuple(batch.records)

    def _fits(self, record: Record, tag: str) -> bool:
        value = record[tag]
        if value is None:
            return tag not in self._required
        size = steady_size(self.family, self.name, tag)
        return size is None or size.test()(value)

    def _settle(self, record: Record, doubts: list[Doubt], index: int, notes: Notes) -> None:
        """Explain the values that are not in canonical form."""
        state = record.__dict__
        raw: dict[str, str] = {}
        extra: list[tuple[str, str]] = []
        for tag, attr, text in doubts:
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

    def _look_at_names(self, rows: Iterable[Record], notes: Notes, first: int) -> None:
        """Say which names seem to be written in an encoding of before Unicode."""
        for index, row in enumerate(rows, first):
            for attr in self._names:
                name = row.__dict__.get(attr)
                if name and (suggestion := legacy_name(name)):
                    values = {"value": name[:80], "suggestion": suggestion[:80]}
                    notes.say("BHYT-VAL-12", self.name, index, attr.upper(), values=values)


def _state(
    attrs: tuple[str, ...], caches: Sequence[Mapping[Any, Any]], cells: Sequence[Any]
) -> dict[str, Any] | None:
    """The values of a row by attribute, or None when one is not canonical."""
    try:
        return dict(zip(attrs, map(getitem, caches, cells), strict=False))
    except NotCanonical:
        return None


def _oddities(
    row: etree._Element,
    cells: list[etree._Element],
    texts: list[str | None],
    extra: list[Doubt],
    said: list[Saying],
) -> None:
    """What a row holds beside plain cells, as extra values; their texts are taken out."""
    for text in (row.text, *(cell.tail for cell in cells)):
        if text and text.strip(_BLANKS):
            extra.append(("#text", "", text.strip(_BLANKS)))
            said.append(("BHYT-ROW-09", None, {}))
    for place, cell in enumerate((row, *cells), -1):
        tag = str(cell.tag).rpartition("}")[2].upper()
        for key, value in cell.items():
            name = str(key).rpartition("}")[2]
            if key == _NIL and value in ("true", "1") and not cell.text and not len(cell):
                said.append(("BHYT-ROW-10", safe_tag(tag), {}))
            else:
                extra.append((f"{tag}@{name}", "", str(value)))
                said.append(("BHYT-ROW-08", safe_tag(tag), {"names": safe_tag(name)}))
        if place >= 0 and len(cell):
            extra.append((tag, "", etree.tostring(cell, encoding="unicode", with_tail=False)))
            texts[place] = None
            said.append(("BHYT-ROW-05", safe_tag(tag), {}))


class _Unfit(Exception):
    """The value is canonical, but does not fit its field."""


class _Written(dict[bytes | None, Any]):
    """Cell as it is written to value, each distinct cell unwrapped and converted once.

    With a size it refuses values that do not keep it, if required also that there is none
    (`_Unfit`).
    """

    __slots__ = ("_convert", "_fits", "_required")

    def __init__(self, kind: Kind, size: Size | None, required: bool) -> None:
        super().__init__({} if required else _EMPTY)
        self._convert = converter_of(kind)
        self._fits = size.test() if size else None
        self._required = required

    def __missing__(self, cell: bytes | None) -> Any:
        text = _grammar.unwrapped(cell) if cell else ""
        value = self._convert(text) if text else None
        if value is None:
            if self._required:
                raise _Unfit
        elif self._fits is not None and not self._fits(value):
            raise _Unfit
        if cell is not None and len(cell) <= _LONGEST:
            if len(self) >= _REMEMBERED:
                self.clear()
                self.update({} if self._required else _EMPTY)
            self[cell] = value
        return value


@cache
def _written(kind: Kind, size: Size | None = None, required: bool = False) -> _Written:
    return _Written(kind, size, required)


_TEXTS = cache_of(Kind.TEXT)


def _text_of(cell: str | bytes | None) -> str:
    return _grammar.unwrapped(cell) if isinstance(cell, bytes) else cell or ""


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
