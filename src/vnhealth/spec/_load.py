"""Reads the CSV and TOML files of the registry on first touch and applies the dated patches."""

from __future__ import annotations

import csv
import datetime as dt
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any

from vnhealth.errors import SpecError
from vnhealth.spec._model import (
    Code,
    CodeSet,
    Edition,
    EditionInfo,
    Family,
    Field,
    Kind,
    TableSpec,
)

_DATA = files("vnhealth.spec") / "data"


def _rows(*path: str) -> list[dict[str, str]]:
    source = _DATA.joinpath(*path)
    if not source.is_file():
        return []
    return list(csv.DictReader(source.read_text("utf-8").splitlines()))


def _day(text: str) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def _number(text: str) -> int | None:
    return int(text) if text else None


@cache
def edition_info(edition: Edition) -> EditionInfo:
    """The decision behind an edition: number, dates, provenance and confidence."""
    raw: dict[str, Any] = tomllib.loads(_DATA.joinpath(f"qd{edition}", "edition.toml").read_text())
    return EditionInfo(
        edition=edition,
        family=Family(raw["family"]),
        decision=raw["decision"],
        title_vi=raw["title_vi"],
        title_en=raw["title_en"],
        amends=Edition(raw["amends"]) if raw["amends"] else None,
        signed=raw["signed"],
        tested=raw.get("tested"),
        in_force=raw["in_force"],
        ended=raw.get("ended"),
        layout_changes=raw["layout_changes"],
        dates_note=raw["dates"]["note"],
        dates_confidence=raw["dates"]["confidence"],
        provenance=raw["provenance"],
    )


def edition_at(on: dt.date, family: Family | str | None = None) -> Edition:
    """The edition in force for an encounter that ends on this day.

    With ``family`` the choice is kept within that family: a document of the 130 family dated before
    01/07/2024 is of the pilot (edition 130), one of the 4210 family always 4210.

    Raises `SpecError` when nothing is in force (before 04/11/2017) and no family is given.

    >>> import datetime as dt
    >>> [edition_at(dt.date(*d)).value for d in ((2024, 6, 30), (2024, 12, 31), (2026, 7, 1))]
    ['4210', '4750', '1931']
    """
    if family == Family.F4210:
        return Edition.QD4210
    found = None
    for edition in Edition:
        info = edition_info(edition)
        if family is not None and info.family != family:
            continue
        if info.in_force <= on:
            found = edition
    if found is None and family == Family.F130:
        return Edition.QD130
    if found is None:
        raise SpecError("ERR-SPEC-02", on=on.isoformat())
    return found


@cache
def _titles() -> dict[str, dict[str, str]]:
    return {row["tag"]: row for row in _rows("naming.csv")}


def _title(family: Family, table: str, tag: str) -> dict[str, str]:
    titles = _titles()
    for key in (f"{family}:{table}.{tag}", f"{table}.{tag}", tag):
        if key in titles:
            return titles[key]
    return {"title_vi": tag, "title_en": tag, "domain": ""}


def _field(table: str, edition: Edition, row: dict[str, str]) -> Field:
    info = edition_info(edition)
    title = _title(info.family, table, row["tag"])
    return Field(
        table=table,
        tag=row["tag"],
        order=int(row["order"]),
        type=row["type"],
        max_length=_number(row["max_length"]),
        decimals=_number(row["decimals"]),
        required=row["required"],
        required_source=row["required_source"] or info.provenance["required"],
        code_set=row["code_set"],
        separator=row["separator"],
        condition=row["condition"],
        note=row["note"],
        confidence=row["confidence"],
        edition=edition,
        basis=f"{info.decision}, {table}",
        title_vi=title["title_vi"],
        title_en=title["title_en"],
        domain=title["domain"],
    )


@cache
def _fields(edition: Edition, table: str) -> tuple[Field, ...]:
    """The fields in official order: those of the amended edition with this edition's patch."""
    amended = edition_info(edition).amends
    fields = list(_fields(amended, table)) if amended else []
    patch = _rows(f"qd{edition}", f"{table.lower()}.csv")
    removed = {row["tag"] for row in patch if row["op"] == "remove"}
    changed = {row["tag"]: row for row in patch if row["op"] == "change"}
    fields = [
        _field(table, edition, changed[f.tag]) if f.tag in changed else f
        for f in fields
        if f.tag not in removed
    ]
    added = [_field(table, edition, row) for row in patch if row["op"] == "add"]
    for new in sorted(added, key=lambda f: f.order):
        fields.insert(new.order - 1, new)
    return tuple(fields)


@cache
def _structure(family: Family) -> dict[str, dict[str, str]]:
    return {
        row["table"]: row
        for row in _rows("tables.csv")
        if edition_info(Edition(row["edition"])).family == family
    }


@cache
def table(edition: Edition | str, name: str) -> TableSpec:
    """One table of one edition, patches applied.

    Raises `SpecError` when the edition has no such table.

    >>> table("3176", "XML3").row, len(table("3176", "XML3").fields)
    ('CHI_TIET_DVKT', 47)
    """
    edition = Edition.parse(edition)
    name = name.upper()
    info = edition_info(edition)
    row = _structure(info.family).get(name)
    fields = _fields(edition, name) if row else ()
    if row is None or not fields:
        raise SpecError("ERR-SPEC-03", table=name[:20], edition=edition.value)
    ordered = tuple(_renumber(f, i) for i, f in enumerate(fields, 1))
    return TableSpec(
        table=name,
        edition=edition,
        title_vi=row["title_vi"],
        title_en=row["title_en"],
        root=row["root"],
        list=row["list"],
        row=row["row"],
        many=row["rows"] == "many",
        in_envelope=row["in_envelope"] == "yes",
        signed=row["signed"] == "yes",
        cdata=frozenset(row["cdata"].split()),
        confidence=info.provenance["structure_confidence"],
        source=info.provenance["structure"],
        note=row["note"],
        fields=ordered,
        by_tag={f.tag: f for f in ordered},
    )


def _renumber(f: Field, order: int) -> Field:
    from dataclasses import replace

    return f if f.order == order else replace(f, order=order)


@cache
def tables(edition: Edition | str) -> tuple[str, ...]:
    """The names of the tables of an edition, in numeric order.

    >>> tables("4210"), len(tables("130")), len(tables("4750"))
    (('XML1', 'XML2', 'XML3', 'XML4', 'XML5'), 13, 16)
    """
    edition = Edition.parse(edition)
    names = _structure(edition_info(edition).family)
    held = [name for name in names if _fields(edition, name)]
    return tuple(sorted(held, key=lambda name: int(name[3:])))


def effective(on: dt.date, table: str, *, family: Family | str | None = None) -> TableSpec:
    """The fields of a table in force for an encounter that ends on this day.

    >>> import datetime as dt
    >>> effective(dt.date(2026, 8, 1), "XML3")["MUC_HUONG"].max_length
    4
    """
    return _table(edition_at(on, family), table)


_table = table


@cache
def record_kind(family: Family | str, name: str, tag: str) -> Kind:
    """What a value of this field is in the record class, which serves all editions of a family.

    Text wins over numbers and dates (identifiers keep leading zeros), decimals over integers.
    """
    kinds = [
        table(edition, name)[tag].kind
        for edition in Edition
        if edition_info(edition).family == family
        and name in tables(edition)
        and tag in table(edition, name)
    ]
    for kind in (Kind.TEXT, Kind.CODE, Kind.DECIMAL, Kind.INTEGER, Kind.TIME):
        if kind in kinds:
            return Kind.CODE if kind is Kind.TEXT and kinds[-1] is Kind.CODE else kind
    raise SpecError("ERR-SPEC-01", name=f"{name}.{tag[:40]}")


@cache
def record_fields(family: Family | str, name: str) -> tuple[Field, ...]:
    """The union of the fields of all editions of a family, the latest edition's row of each.

    Order: the latest edition's, with fields that it dropped after their old predecessor.
    """
    merged: list[Field] = []
    for edition in reversed(Edition):
        if edition_info(edition).family != family or name not in tables(edition):
            continue
        known = {f.tag for f in merged}
        fields = table(edition, name).fields
        for position, f in enumerate(fields):
            if f.tag not in known:
                before = fields[position - 1].tag if position else ""
                at = next((i for i, m in enumerate(merged, 1) if m.tag == before), len(merged))
                merged.insert(at if merged else 0, f)
                known.add(f.tag)
    return tuple(merged)


@cache
def _code_index() -> tuple[dict[str, str], ...]:
    return tuple(_rows("codes", "index.csv"))


@cache
def code_sets() -> tuple[str, ...]:
    """The logical names of all code sets held."""
    return tuple(sorted({row["name"] for row in _code_index()}))


def _closed(rows: Iterable[dict[str, str]], version: str) -> CodeSet:
    for row in rows:
        if row["version"] == version:
            codes = {
                code["code"]: Code(
                    code=code["code"],
                    meaning_vi=code["meaning_vi"],
                    meaning_en=code["meaning_en"],
                    valid_from=_day(code["valid_from"]),
                    valid_to=_day(code["valid_to"]),
                    source=code["source"],
                    confidence=code["confidence"],
                )
                for code in _rows("codes", f"{version}.csv")
            }
            return CodeSet(
                name=row["name"],
                version=version,
                valid_from=_day(row["valid_from"]),
                valid_to=_day(row["valid_to"]),
                closed=row["closed"],
                confidence=row["confidence"],
                source=row["source"],
                note=row["note"],
                codes=codes,
            )
    raise SpecError("ERR-SPEC-04", name=version[:40])


@cache
def _version(version: str) -> CodeSet:
    return _closed(_code_index(), version)


@cache
def code_set_versions(name: str) -> tuple[CodeSet, ...]:
    """All versions of a logical code set, oldest first; ``name`` may be a version's own name."""
    index = _code_index()
    logical = next((row["name"] for row in index if name in (row["name"], row["version"])), None)
    if logical is None:
        raise SpecError("ERR-SPEC-04", name=name[:40])
    found = [_version(row["version"]) for row in index if row["name"] == logical]
    return tuple(sorted(found, key=lambda s: s.valid_from or dt.date.min))


@cache
def code_set(name: str, on: dt.date) -> CodeSet:
    """The version of a code set in force on a day.

    ``name`` is the logical name (``ma_loai_kcb``) or that of any version of it. Outside all
    versions' dates the nearest earlier (else the first) version is given.

    >>> import datetime as dt
    >>> code_set("ma_loai_kcb", dt.date(2026, 8, 1)).version
    'ma_loai_kcb_1804'
    """
    versions = code_set_versions(name)
    found = versions[0]
    for version in versions:
        if version.valid_from is None or version.valid_from <= on:
            found = version
    return found
