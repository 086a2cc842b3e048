"""From cells to records: a fast path that only says yes, and one that explains.

A cell is a tag and a text. The tags of a row in the order in which they came are its *layout*. What
a layout means (which converter stands at which place, what is missing, unknown, repeated or out of
order) is worked out once and kept, so a vendor's own order costs no more than the official one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise
from operator import attrgetter, methodcaller
from typing import Any, NamedTuple

from lxml import etree

from vnhealth.codecs import _grammar
from vnhealth.codecs._layout import Converter, Layout, Reader, Saying, Unfit, written, zipped
from vnhealth.codecs._notes import Notes, safe_tag
from vnhealth.codecs._values import explain, is_name, legacy_name
from vnhealth.findings import catalogue
from vnhealth.records import NotCanonical, Record, cache_of, record_class
from vnhealth.records._sizes import always_required, steady_size
from vnhealth.spec import Edition, Family, Kind, edition_info, table, tables

__all__ = ["Batch", "RowDecoder", "decoder", "official_tags"]

Doubt = tuple[str, str, str]
"""(tag, attribute, text) of a cell that is not canonical; without an attribute it is an extra."""
_MAX_LAYOUTS = 256
_BLANKS = " \t\r\n"
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_OUT_OF_ORDER: tuple[Saying, ...] = (("BHYT-ROW-01", None, {}),)
_set_state = object.__setattr__
_TAG = attrgetter("tag")
_TEXT = attrgetter("text")
_TAIL = attrgetter("tail")
_KEYS = methodcaller("keys")


class _Whole(NamedTuple):
    """The tags of an edition, all of them, in any order but ``orders`` of editions.

    ``layout`` is that of the edition, with the note that they came in another order.
    """

    tags: _grammar.Tags
    orders: tuple[_grammar.Tags, ...]
    layout: Layout


_Order = _grammar.Order | _grammar.Tags | _Whole
_Row = tuple[_Order, Any]
"""A row and its cells, in their order or (`_Whole`) by their tags."""


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
        self._tags = frozenset(tag.encode() for tag in self.kinds)
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
        own, *others = [
            tuple(tag.encode() for tag in edition)
            for edition in (tags, *self._editions)
            if len(edition) == len(tags)
        ]
        layout = replace(self.layout(tags), notes=_OUT_OF_ORDER)
        return _Whole(own, tuple(others), layout)

    def _arranged(self, row: _grammar.Row) -> _Row:
        """A row by its tags, if it has as many as an edition in an order of its own.

        That is what programs write most often: then there is nothing to work out. Any other row
        stays as it is.
        """
        tags, cells = row
        whole = self._wholes.get(len(tags)) if isinstance(tags, tuple) else None
        if whole is None or tags in whole.orders:
            return row
        held = dict(zip(tags, cells))  # type: ignore[arg-type]  # noqa: B905
        return (whole, held) if len(held) == len(whole.tags) else row

    def _reader(self, order: _Order, fitting: bool) -> tuple[Layout, Reader]:
        """What the cells of a row are, and how they become values.

        Only what comes again is compiled.
        """
        if isinstance(order, _Whole):
            return order.layout, order.layout.reader(fitting, order.tags)
        if isinstance(order, _grammar.Order):
            layout = self._of_order(order)
            if layout.plain:
                return layout, layout.reader(fitting, range(len(layout.attrs)))
        else:
            layout = self.layout(tuple(tag.decode() for tag in order))
        return layout, zipped(layout.attrs, layout.converters(fitting))

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
            cells=tuple(written(self.kinds.get(n, Kind.TEXT)) for n in names),
            fitting=self._fitting(names),
            plain=len(there) == len(names),
            notes=tuple(notes),
        )

    def _fitting(self, names: tuple[str, ...]) -> tuple[Converter, ...]:
        if not self._required.issubset(names) or not self.kinds.keys() >= set(names):
            return ()
        return tuple(
            written(self.kinds[n], steady_size(self.family, self.name, n), n in self._required)
            for n in names
        )

    def from_cells(self, rows: Sequence[_grammar.Row]) -> Batch:
        """Rows that the grammar matched. Raises `_grammar.NotMe`."""
        first = rows[0][0]
        if not isinstance(first, tuple):
            return self._converted(rows, rows)
        if len(set(first)) == len(first) and self._tags.issuperset(first):
            _grammar.learn(self.row_tag, first)
        try:
            return self._converted(map(self._arranged, rows), rows)
        except KeyError:
            return self._converted(rows, rows)

    def _converted(self, arranged: Iterable[_Row], rows: Sequence[_grammar.Row]) -> Batch:
        """The rows, arranged and as they came.

        Raises `KeyError` when an arranged row has other tags than its edition.
        """
        batch = Batch()
        add, cls, new = batch.records.append, self.cls, self.cls.__new__
        last: _Order | None = None
        run: Layout | None = None
        for order, cells in arranged:
            if order is not last and order != last:
                layout, read = self._reader(order, batch.fitting)
                batch.fitting = batch.fitting and bool(layout.fitting)
                if layout is not run:
                    batch.runs.append((len(batch.records), layout))
                last, run = order, layout
            if layout.plain:
                state: dict[str, Any] | None
                try:
                    state = read(cells)
                except NotCanonical:
                    state = None
                except Unfit:
                    batch.fitting = False
                    _, read = self._reader(order, False)
                    state = _state(read, cells)
                if state is not None:
                    record = new(cls)
                    _set_state(record, "__dict__", state)
                    add(record)
                    continue
            if isinstance(order, _Whole) and not cells.keys() >= set(order.tags):
                raise KeyError
            self._add_as_it_came(batch, *rows[len(batch.records)])
        return batch

    def _add_as_it_came(
        self, batch: Batch, order: _grammar.Order | _grammar.Tags, cells: _grammar.Cells
    ) -> None:
        """One row cell by cell, in its own order."""
        layout, _ = self._reader(order, False)
        self._add(batch, layout, layout.converters(batch.fitting), cells, [], [])

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
                read = zipped(layout.attrs, caches)
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
                state = _state(read, texts)
                if state is not None:
                    record = new(cls)
                    _set_state(record, "__dict__", state)
                    add(record)
                    continue
            self._add(batch, layout, caches, texts, extra, said)
        return batch

    def _add(
        self,
        batch: Batch,
        layout: Layout,
        caches: Sequence[Mapping[Any, Any]],
        cells: Sequence[Any],
        doubts: list[Doubt],
        said: list[Saying],
    ) -> None:
        """One row cell by cell."""
        state: dict[str, Any] = {}
        for attr, name, cache_, cell in zip(layout.attrs, layout.tags, caches, cells, strict=True):
            tag = attr.upper() or name
            if attr in state or not attr:
                if (cell if isinstance(cell, bytes) else cell is not None) or not attr:
                    doubts.append((tag, "", _text_of(cell)))
                continue
            try:
                state[attr] = cache_[cell]
            except Unfit:
                batch.fitting = False
                state[attr] = written(self.kinds[tag])[cell]
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


def _state(read: Reader, cells: Any) -> dict[str, Any] | None:
    """The values of a row by attribute, or None when one is not canonical."""
    try:
        return read(cells)
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
