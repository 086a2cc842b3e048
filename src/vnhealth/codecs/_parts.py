"""From one table file to rows: which table is it, of which family, and where are its rows."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import ClassVar

from lxml import etree

from vnhealth.codecs import _grammar
from vnhealth.codecs._cut import cut
from vnhealth.codecs._decode import Batch, decoder, official_tags
from vnhealth.codecs._encoding import clean
from vnhealth.codecs._grammar import Skeleton
from vnhealth.codecs._limits import Limits
from vnhealth.codecs._notes import Notes, safe_tag
from vnhealth.codecs._xml import check_size, is_wrapper, local, parse, parse_clean, tree
from vnhealth.errors import LimitExceeded, MalformedXml
from vnhealth.records import Record
from vnhealth.spec import Edition, Family, TableSpec, edition_info, table, tables

__all__ = [
    "Section",
    "Sections",
    "family_of",
    "is_plain",
    "read_part",
    "read_root",
    "salvage",
    "skeletons",
    "structure",
]

_BLANKS = " \t\r\n\ufeff"
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_ASSIGNED = re.compile(rb"=\s*[\"']")
_CERTAIN = 1000


@dataclass(slots=True)
class Section:
    """Rows of one table. ``leaning`` > 0: its tags speak for the 130 family, < 0: for 4210."""

    name: str
    rows: list[etree._Element]
    leaning: int
    attributes: bool = True
    fitting: ClassVar[bool] = False
    """For `vnhealth.records.Claim.fitting`."""

    def records(self, family: Family, notes: Notes, first: int) -> tuple[Record, ...]:
        """The records, the first of which is row ``first`` of its table."""
        table_ = decoder(family, self.name)
        batch = table_.from_elements(self.rows, attributes=self.attributes)
        return table_.judged(batch, notes, first)


@dataclass(slots=True)
class Matched:
    """The same for rows that the grammar took, converted for the family that they speak for."""

    name: str
    batch: Batch
    leaning: int
    data: bytes
    fitting: bool = False
    """Known once the records were asked for."""

    def records(self, family: Family, notes: Notes, first: int) -> tuple[Record, ...]:
        """The records, the first of which is row ``first`` of its table."""
        if family is _spoken_for(self.leaning):
            records = decoder(family, self.name).judged(self.batch, notes, first)
            self.fitting = self.batch.fitting
            return records
        (section,) = read_root(tree(self.data), None, Limits(), Notes())
        return section.records(family, notes, first)


Sections = list[Section | Matched]
"""What a part holds: normally one section."""


@cache
def _tables_of() -> dict[str, tuple[tuple[Family, str], ...]]:
    """Root, list and row tags to the tables they can belong to."""
    found: dict[str, list[tuple[Family, str]]] = {}
    for edition in (Edition.QD4210, Edition.QD3176):
        family = edition_info(edition).family
        for name in tables(edition):
            spec = table(edition, name)
            for element in {spec.root, spec.list, spec.row} - {""}:
                found.setdefault(element, []).append((family, name))
    return {element: tuple(which) for element, which in found.items()}


@cache
def structure(family: Family, name: str) -> TableSpec:
    """Root, list and row of a table (the same in all editions of a family)."""
    return table(Edition.QD4210 if family is Family.F4210 else Edition.QD3176, name)


@cache
def _telling_tags(name: str) -> tuple[frozenset[str | bytes], frozenset[str | bytes]]:
    """Tags, as text and as bytes, that only the 4210 or only the 130 family has in a table."""
    old = {tag for tags in official_tags(Family.F4210, name) for tag in tags}
    new = {tag for tags in official_tags(Family.F130, name) for tag in tags}
    return _as_bytes_too(old - new), _as_bytes_too(new - old)


def _as_bytes_too(tags: set[str]) -> frozenset[str | bytes]:
    return frozenset(tags | {tag.encode() for tag in tags})


@cache
def skeletons() -> dict[bytes, Skeleton]:
    """The skeletons of all tables by their roots."""
    found = {}
    for tag, which in _tables_of().items():
        for family, name in which:
            spec = structure(family, name)
            if spec.root == tag:
                found[tag.encode()] = Skeleton(name, spec.root, spec.list, spec.row)
    return found


def _tags_of(rows: list[etree._Element]) -> tuple[str, ...]:
    return tuple(local(cell) for row in rows[:1] for cell in row)


@cache
def _certain(root_tag: str, name: str) -> int | None:
    """What the root says of the family: something where it belongs to one family only."""
    if name not in tables(Edition.QD4210):
        return _CERTAIN
    families = {family for family, _ in _tables_of()[root_tag]}
    if len(families) == 1 and structure(*_tables_of()[root_tag][0]).root == root_tag:
        return _CERTAIN if Family.F130 in families else -_CERTAIN
    return None


def _leaning(root_tag: str, name: str, row_tags: Collection[str | bytes]) -> int:
    """What the root, or else the tags of the first row, say of the family."""
    certain = _certain(root_tag, name)
    if certain is not None:
        return certain
    old, new = _telling_tags(name)
    return len(new.intersection(row_tags)) - len(old.intersection(row_tags))


@lru_cache(maxsize=256)
def _leaning_of_order(root_tag: str, name: str, order: _grammar.Order) -> int:
    return _leaning(root_tag, name, order.tags)


def _spoken_for(leaning: int) -> Family:
    return Family.F4210 if leaning < 0 else Family.F130


def family_of(leanings: Iterable[tuple[str, int]]) -> Family:
    """The family of a case: what its summary (XML1) says, else what its tables say together."""
    held = list(leanings)
    decisive = sum(lean for name, lean in held if name == "XML1") or sum(lean for _, lean in held)
    return _spoken_for(decisive)


def is_plain(sections: Sections) -> bool:
    """True when the grammar took the whole part, so there is nothing in it but rows of cells."""
    return len(sections) == 1 and isinstance(sections[0], Matched)


def read_part(
    data: bytes,
    declared: str | None,
    limits: Limits,
    notes: Notes,
    origin: tuple[int, int] = (1, 1),
) -> Sections:
    """The rows of one part; all that is odd about it goes to ``notes``."""
    check_size(data, limits, limits.part)
    data, found = clean(data)
    matched = _matched(data)
    if matched is not None:
        if found:
            notes.extend(found, declared)
        _look_at_head(data, matched.name, declared, notes)
        if len(matched.batch.records) > limits.rows:
            raise LimitExceeded("ERR-XML-04", limit=f"{limits.rows} rows")
        return [matched]
    try:
        parsed = parse_clean(data, found, origin)
    except MalformedXml as error:
        notes.extend(found, declared)
        return salvage(data, declared, limits, notes, origin, error)
    notes.extend(parsed.notes, declared)
    if not data.startswith(b"<?xml"):
        notes.say("BHYT-PART-05", declared)
    return read_root(parsed.root, declared, limits, notes, attributes=_may_have_attributes(data))


def _matched(data: bytes) -> Matched | None:
    """The rows when the grammar takes the file, else None."""
    found = _grammar.matched(data, skeletons())
    if found is None:
        return None
    order = found.rows[0][0]
    if isinstance(order, tuple):
        leaning = _leaning(found.root, found.name, order)
    else:
        leaning = _leaning_of_order(found.root, found.name, order)
    try:
        batch = decoder(_spoken_for(leaning), found.name).from_cells(found.rows)
    except _grammar.NotMe:
        return None
    return Matched(found.name, batch, leaning, data)


def _look_at_head(data: bytes, name: str, declared: str | None, notes: Notes) -> None:
    if not data.startswith(b"<?xml"):
        notes.say("BHYT-PART-05", declared)
    if declared and declared != name:
        notes.count("BHYT-PART-07", declared, params={"found": name})


def _may_have_attributes(data: bytes) -> bool:
    """False only when no element after the first can have an attribute."""
    after = data.find(b"?>") + 2 if data.startswith(b"<?xml") else 0
    equals = data.find(b"=", data.find(b">", after))
    return equals >= 0 and _ASSIGNED.search(data, equals) is not None


def read_root(
    root: etree._Element,
    declared: str | None,
    limits: Limits,
    notes: Notes,
    *,
    attributes: bool = True,
) -> Sections:
    """The same for a part that is parsed already."""
    sections: Sections = []
    for top in root if is_wrapper(root) else (root,):
        tag = local(top)
        candidates = _tables_of().get(tag)
        if candidates is None:
            notes.count("BHYT-PART-08", declared, tag=safe_tag(tag))
            continue
        name = candidates[0][1]
        if declared and declared != name:
            notes.count("BHYT-PART-07", declared, params={"found": name})
        specs = [structure(family, name) for family in {f for f, n in candidates if n == name}]
        rows = list(_rows(top, specs, name, notes))
        section = Section(name, rows, _leaning(tag, name, _tags_of(rows)), attributes)
        last = sections[-1] if sections else None
        if isinstance(last, Section) and last.name == name:
            last.rows += rows
            last.leaning = last.leaning or section.leaning
            section = last
        else:
            sections.append(section)
        if len(section.rows) > limits.rows:
            raise LimitExceeded("ERR-XML-04", limit=f"{limits.rows} rows")
    return sections


def _rows(
    root: etree._Element, specs: list[TableSpec], name: str, notes: Notes
) -> Iterator[etree._Element]:
    """The row elements under the wrappers of a table, in the order of the text."""
    row_tag = specs[0].row
    if local(root) == row_tag:
        yield root
        return
    holders = {tag for spec in specs for tag in (spec.root, spec.list)} - {""}
    signed = any(spec.signed for spec in specs)
    waiting = deque([root])
    while waiting:
        element = waiting.popleft()
        if element.tag == row_tag or local(element) == row_tag:
            yield element
            continue
        if any(not str(key).startswith(_XSI) for key in element.attrib):
            notes.count("BHYT-DOC-22", name, tag=safe_tag(local(element)))
        inner = []
        loose = element.text
        for child in element:
            if loose and loose.strip(_BLANKS):
                notes.count("BHYT-PART-14", name)
            loose = child.tail
            tag = row_tag if child.tag == row_tag else local(child)
            if tag == row_tag or tag in holders:
                inner.append(child)
            elif not (signed and tag == "CHUKYDONVI"):
                notes.count("BHYT-PART-09", name, tag=safe_tag(tag))
        if loose and loose.strip(_BLANKS):
            notes.count("BHYT-PART-14", name)
        waiting.extendleft(reversed(inner))


@cache
def _any_table() -> re.Pattern[bytes]:
    names = "|".join(sorted(_tables_of(), reverse=True)).encode()
    return re.compile(rb"<(?:\w{1,40}:)?(" + names + rb")[\s/>]", re.ASCII | re.IGNORECASE)


def salvage(
    data: bytes,
    declared: str | None,
    limits: Limits,
    notes: Notes,
    origin: tuple[int, int],
    error: MalformedXml,
) -> Sections:
    """The readable rows of a part that no repair makes whole; each broken row is reported."""
    notes.say("BHYT-DOC-04", declared, params=error.params)
    name = declared
    if name not in tables(Edition.QD3176):
        guess = _any_table().search(data)
        if guess is None:
            return []
        name = _tables_of()[guess[1].decode().upper()][0][1]
    row_tag = structure(Family.F130, name).row
    pieces, _ = cut(data, row_tag, origin)
    rows: list[etree._Element] = []
    for piece in pieces:
        try:
            parsed = parse(piece.data, limits, origin=piece.origin)
        except MalformedXml:
            where = {"line": str(piece.origin[0]), "column": str(piece.origin[1])}
            notes.say("BHYT-ROW-07", name, len(rows), params=where)
        else:
            notes.extend(parsed.notes, declared)
            rows += parsed.root if is_wrapper(parsed.root) else [parsed.root]
    if not rows:
        return []
    return [Section(name, rows, _leaning(row_tag, name, _tags_of(rows)))]
