"""From one table file to rows: which table is it, of which family, and where are its rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from lxml import etree

from vnhealth.codecs._decode import decoder
from vnhealth.codecs._limits import Limits
from vnhealth.codecs._xml import parse, row_fragments
from vnhealth.errors import CodecError, LimitExceeded, MalformedXml
from vnhealth.findings import Finding, Severity, catalogue
from vnhealth.records import Record
from vnhealth.spec import Edition, Family, TableSpec, edition_info, table, tables

__all__ = ["Table", "family_of", "find_table", "note", "read_table"]


@dataclass(frozen=True, slots=True)
class Table:
    """What the root of a part says it is."""

    family: Family
    name: str


def note(
    code: str,
    encounter: int | None = None,
    table: str | None = None,
    row: int | None = None,
    params: Mapping[str, str] | None = None,
) -> Finding:
    """A finding with the catalogue's severity."""
    severity = Severity(catalogue.info(code).severity)
    return Finding(code, severity, encounter, table, row, None, params or {})


@cache
def _elements() -> dict[str, tuple[Table, ...]]:
    """Root, list and row tags to the tables they can belong to."""
    found: dict[str, list[Table]] = {}
    for edition in (Edition.QD4210, Edition.QD3176):
        family = edition_info(edition).family
        for name in tables(edition):
            spec = table(edition, name)
            for element in {spec.root, spec.list, spec.row} - {""}:
                found.setdefault(element, []).append(Table(family, name))
    return {element: tuple(which) for element, which in found.items()}


@cache
def _certain() -> dict[Any, Table]:
    """Root tags that belong to exactly one table of one family."""
    return {e: w[0] for e, w in _elements().items() if len(w) == 1 and structure(w[0]).root == e}


@cache
def structure(which: Table) -> TableSpec:
    """Root, list and row of a table (the same in all editions of a family)."""
    return table(Edition.QD4210 if which.family is Family.F4210 else Edition.QD3176, which.name)


@cache
def _telling_tags(name: str) -> tuple[frozenset[str], frozenset[str]]:
    """Tags that only the 4210 family, and only the 130 family, has in a table."""
    old = set(table(Edition.QD4210, name).tags) if name in tables(Edition.QD4210) else set()
    new = set(table(Edition.QD3176, name).tags) | set(table(Edition.QD130, name).tags)
    return frozenset(old - new), frozenset(new - old)


def local(element: etree._Element) -> str:
    """The tag without namespace, in upper case."""
    return str(element.tag).rpartition("}")[2].strip().upper()


def family_of(rows: list[etree._Element], name: str, hint: Family | None) -> Family:
    """The family of rows whose element names do not tell it; ``hint`` decides a tie."""
    old, new = _telling_tags(name)
    tags = {child.tag for row in rows[:1] for child in row}
    if tags.isdisjoint(old) and tags.isdisjoint(new):
        tags = {local(child) for row in rows[:1] for child in row}
    score = len(tags & new) - len(tags & old)
    if score == 0:
        return hint or Family.F130
    return Family.F130 if score > 0 else Family.F4210


def find_table(root: etree._Element, hint: Family | None = None) -> Table | None:
    """The table of a part by its root, or None."""
    certain = _certain().get(root.tag)
    if certain is not None:
        return certain
    candidates = _elements().get(local(root), ())
    if not candidates:
        return None
    names = {c.name for c in candidates}
    name = sorted(names)[0]
    rows = list(find_rows(root, Table(candidates[0].family, name)))
    return Table(family_of(rows, name, hint), name)


def find_rows(root: etree._Element, which: Table) -> Iterator[etree._Element]:
    """The row elements of a part, wherever the wrapper elements are."""
    spec = structure(which)
    row_tag = spec.row
    if local(root) == row_tag:
        yield root
        return
    stack = [root]
    while stack:
        for child in stack.pop(0):
            if local(child) == row_tag:
                yield child
            elif local(child) in (spec.list, spec.root, "VNHEALTH"):
                stack.append(child)


def _fast_rows(root: etree._Element, spec: TableSpec) -> list[etree._Element] | None:
    """The rows when the wrappers stand exactly as the skeleton has them."""
    if root.tag != spec.root:
        return None
    if spec.row == spec.root:
        return [root]
    holder = root
    if spec.list:
        if len(root) != 1 or root[0].tag != spec.list:
            return None
        holder = root[0]
    rows = list(holder)
    return rows if all(r.tag == spec.row for r in rows) else None


def read_table(
    content: bytes,
    declared: str | None,
    encounter: int,
    limits: Limits,
    notes: list[Finding],
    hint: Family | None = None,
) -> tuple[Table | None, tuple[Record, ...]]:
    """The table and the records of one part; all that is odd goes to ``notes``."""
    try:
        parsed = parse(content, limits)
    except MalformedXml as error:
        return _salvage(content, declared, encounter, limits, notes, hint, error)
    for code, params in parsed.notes:
        notes.append(note(code, encounter, declared, params=params))
    if b"<?xml" not in content[:16]:
        notes.append(note("BHYT-PART-05", encounter, declared))
    return read_root(parsed.root, declared, encounter, limits, notes, hint)


def read_root(
    root: etree._Element,
    declared: str | None,
    encounter: int,
    limits: Limits,
    notes: list[Finding],
    hint: Family | None = None,
) -> tuple[Table | None, tuple[Record, ...]]:
    """The same for a part that is parsed already."""
    first = root[0] if local(root) == "VNHEALTH" and len(root) else root
    which = find_table(first, hint)
    if which is None:
        notes.append(note("BHYT-PART-08", encounter, declared))
        return None, ()
    if declared and declared != which.name:
        notes.append(note("BHYT-PART-07", encounter, declared, params={"found": which.name}))
    spec = structure(which)
    rows = _fast_rows(root, spec)
    if rows is None:
        rows = list(find_rows(root, which))
        _check_containers(root, spec, which.name, encounter, notes)
    if len(rows) > limits.rows:
        raise LimitExceeded("ERR-XML-04", limit=f"{limits.rows} rows")
    return which, decoder(which.family, which.name).decode(rows, encounter, notes)


def _check_containers(
    root: etree._Element, spec: TableSpec, name: str, encounter: int, notes: list[Finding]
) -> None:
    """Elements beside the list or the rows (other than the signature) hold what nobody reads."""
    if spec.row == spec.root:
        return
    known = {spec.root, spec.list, spec.row, "CHUKYDONVI", "VNHEALTH"}
    holders = [root]
    if spec.list:
        holders += [child for child in root if local(child) == spec.list]
    for holder in holders:
        for child in holder:
            if local(child) not in known:
                notes.append(note("BHYT-PART-09", encounter, name))
                return


def _salvage(
    content: bytes,
    declared: str | None,
    encounter: int,
    limits: Limits,
    notes: list[Finding],
    hint: Family | None,
    error: MalformedXml,
) -> tuple[Table | None, tuple[Record, ...]]:
    """The readable rows of a part that no repair makes whole; each broken row is reported."""
    notes.append(note("BHYT-DOC-04", encounter, declared, params=error.params))
    name = declared or ""
    for family in (hint, Family.F130, Family.F4210):
        if family is None or (family is Family.F4210 and name not in tables(Edition.QD4210)):
            continue
        if name not in tables(Edition.QD3176) and family is Family.F130:
            continue
        which = Table(family, name)
        spec = structure(which)
        elements = []
        for position, fragment in row_fragments(content, spec.row):
            try:
                elements.append(parse(fragment, limits).root)
            except CodecError:
                notes.append(
                    note(
                        "BHYT-ROW-07", encounter, declared, len(elements), {"offset": str(position)}
                    )
                )
        if elements:
            return which, decoder(family, name).decode(elements, encounter, notes)
    return None, ()
