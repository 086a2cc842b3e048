"""From row elements to records: a fast path that only says yes, and one that explains.

The order of the fields of a row is its *layout*. What a layout means (which converter stands at
which place, what is missing, unknown, repeated or out of order) is worked out once per distinct
layout and kept, so a vendor's own order costs no more than the official one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from operator import attrgetter, getitem
from typing import Any

from lxml import etree

from vnhealth.codecs._values import explain
from vnhealth.findings import Finding, Severity, catalogue
from vnhealth.records import NotCanonical, Record, cache_of, record_class
from vnhealth.spec import Edition, Family, edition_info, table, tables

__all__ = ["RowDecoder", "decoder"]

_MAX_LAYOUTS = 256
_set_state = object.__setattr__
_TAG = attrgetter("tag")
_TEXT = attrgetter("text")


@dataclass(frozen=True, slots=True)
class Layout:
    """The fields of a row in the order in which they came."""

    tags: tuple[str, ...]
    attrs: tuple[str, ...]
    caches: tuple[dict[str | None, Any], ...]
    plain: bool
    """Every tag is known and stands once: the fast path may take it."""
    ordered: bool
    unknown: tuple[str, ...]
    repeated: tuple[str, ...]
    namespaced: bool


class RowDecoder:
    """Decodes the rows of one table of one family."""

    def __init__(self, family: Family, name: str) -> None:
        self.family = family
        self.name = name
        self.cls = record_class(family, name)
        self.kinds = {attr.upper(): kind for attr, kind in self.cls.kinds().items()}
        self._layouts: dict[tuple[str, ...], Layout] = {}

    def layout(self, tags: tuple[str, ...]) -> Layout:
        """What a sequence of tags means; up to 256 are remembered."""
        found = self._layouts.get(tags)
        if found is None:
            if len(self._layouts) >= _MAX_LAYOUTS:
                self._layouts.clear()
            found = self._layouts[tags] = self._analyse(tags)
        return found

    def _analyse(self, tags: tuple[str, ...]) -> Layout:
        names = tuple(str(tag).rpartition("}")[2].strip().upper() for tag in tags)
        known = [n for n in names if n in self.kinds]
        unknown = tuple(n for n in names if n not in self.kinds)
        repeated = tuple(sorted({n for n in known if known.count(n) > 1}))
        places = [self.cls.ATTRS.index(n.lower()) for n in known]
        namespaced = names != tags
        return Layout(
            tags=names,
            attrs=tuple(n.lower() for n in known),
            caches=tuple(cache_of(self.kinds[n]) for n in known),
            plain=not unknown and not repeated and not namespaced,
            ordered=places == sorted(places),
            unknown=unknown,
            repeated=repeated,
            namespaced=namespaced,
        )

    def decode(
        self, rows: Iterable[etree._Element], encounter: int, notes: list[Finding]
    ) -> tuple[Record, ...]:
        """Records of the row elements; findings about them are appended to ``notes``."""
        out: list[Record] = []
        cls = self.cls
        new = cls.__new__
        last_tags: tuple[Any, ...] | None = None
        attrs: tuple[str, ...] = ()
        caches: tuple[dict[str | None, Any], ...] = ()
        plain = False
        seen: set[int] = set()
        gathered: dict[tuple[str, str], tuple[int, int]] = {}
        for index, row in enumerate(rows):
            cells = row[:]
            tags = tuple(map(_TAG, cells))
            if tags != last_tags:
                last_tags = tags
                layout = self.layout(tags)
                attrs, caches, plain = layout.attrs, layout.caches, layout.plain
                if id(layout) not in seen:
                    seen.add(id(layout))
                    notes += self._about_layout(layout, encounter, index)
            if plain and not any(map(len, cells)):
                try:
                    state = dict(zip(attrs, map(getitem, caches, map(_TEXT, cells)), strict=True))
                except NotCanonical:
                    pass
                else:
                    record = new(cls)
                    _set_state(record, "__dict__", state)
                    out.append(record)
                    continue
            out.append(self._slow(row, encounter, index, notes, gathered))
        for (tag, code), (first, count) in gathered.items():
            notes.append(_finding(code, encounter, self.name, first, tag, {"count": str(count)}))
        return tuple(out)

    def _about_layout(self, layout: Layout, encounter: int, row: int) -> list[Finding]:
        at = (encounter, self.name, row)
        found = []
        if not layout.ordered:
            found.append(_finding("BHYT-ROW-01", *at))
        missing = missing_everywhere(self.family, self.name, layout.attrs)
        if missing:
            names = ", ".join(missing[:8]) + (" …" if len(missing) > 8 else "")
            found.append(_finding("BHYT-ROW-02", *at, params={"tags": names}))
        for tag in layout.unknown:
            found.append(_finding("BHYT-ROW-03", *at, _safe_tag(tag)))
        for tag in layout.repeated:
            found.append(_finding("BHYT-ROW-04", *at, tag))
        if layout.namespaced:
            found.append(_finding("BHYT-ROW-06", *at))
        return found

    def _slow(
        self,
        row: etree._Element,
        encounter: int,
        index: int,
        notes: list[Finding],
        gathered: dict[tuple[str, str], tuple[int, int]],
    ) -> Record:
        state: dict[str, Any] = {}
        raw: dict[str, str] = {}
        extra: list[tuple[str, str]] = []
        for element in row:
            tag = str(element.tag).rpartition("}")[2].strip().upper()
            text = element.text
            if len(element):
                text = etree.tostring(element, encoding="unicode", with_tail=False)
                notes.append(_finding("BHYT-ROW-05", encounter, self.name, index, _safe_tag(tag)))
            kind = self.kinds.get(tag)
            if kind is None or tag.lower() in state or len(element):
                extra.append((tag, text or ""))
                continue
            try:
                state[tag.lower()] = cache_of(kind)[text]
                continue
            except NotCanonical:
                pass
            assert text is not None
            value, code = explain(kind, text)
            state[tag.lower()] = value
            raw[tag] = text
            if catalogue.info(code).severity == "info":
                first, count = gathered.get((tag, code), (index, 0))
                gathered[tag, code] = (first, count + 1)
            else:
                values = {"value": text.strip()[:80]}
                notes.append(_finding(code, encounter, self.name, index, tag, values=values))
        return self.cls._trusted(state, raw, tuple(extra))


def _finding(
    code: str,
    encounter: int | None,
    name: str | None = None,
    row: int | None = None,
    tag: str | None = None,
    params: dict[str, str] | None = None,
    values: dict[str, str] | None = None,
) -> Finding:
    severity = Severity(catalogue.info(code).severity)
    return Finding(code, severity, encounter, name, row, tag, params or {}, values or {})


def _safe_tag(tag: str) -> str:
    """A tag name from a stranger: only if it looks like a tag, never a value."""
    return tag[:60] if tag.replace("_", "").isalnum() and tag.isascii() else "…"


@cache
def missing_everywhere(family: Family, name: str, attrs: tuple[str, ...]) -> tuple[str, ...]:
    """Tags missing from a row whatever edition of the family it was meant for."""
    there = set(attrs)
    best: tuple[str, ...] | None = None
    for edition in Edition:
        if edition_info(edition).family == family and name in tables(edition):
            missing = tuple(t for t in table(edition, name).tags if t.lower() not in there)
            if best is None or len(missing) <= len(best):
                best = missing
    return best or ()


@cache
def decoder(family: Family, name: str) -> RowDecoder:
    """The shared decoder of a table."""
    return RowDecoder(family, name)
