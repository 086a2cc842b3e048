"""Which field of which table is which attribute of which model.

The one mapping is the ``domain`` column of the specification's field names; ``data/paths.csv``
adds how a value of a path is converted.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from vnhealth.models._converters import Converter, converter
from vnhealth.records import NotCanonical as _NotCanonical
from vnhealth.records import Value, cache_of, record_class
from vnhealth.spec import Edition, Family, Field, Kind, edition_info, record_fields, table, tables

__all__ = ["CARD", "LINES", "Link", "header_tables", "layout", "paths", "to_value"]

LINES: dict[str, str] = {"XML2": "orders", "XML3": "orders", "XML4": "results", "XML5": "notes"}
"""Tables of which every row is a model of its own; all others speak of the episode as a whole."""

CARD = "card"
"""The converter name of the fields that together make the insurance cards."""


@dataclass(frozen=True, slots=True)
class Link:
    """One field of a record and where its value stands in the models.

    ``root`` and ``attr`` are empty for a field that no model holds. ``everywhere`` is False when
    some edition of the family has no such field.
    """

    field: Field
    kind: Kind
    root: str
    attr: str
    converter: Converter | None
    everywhere: bool


@cache
def paths() -> dict[str, str]:
    """Path to the name of its converter."""
    source = files("vnhealth.models") / "data" / "paths.csv"
    rows = csv.DictReader(source.read_text("utf-8").splitlines())
    return {row["path"]: row["converter"] for row in rows}


def _everywhere(family: Family, name: str, tag: str) -> bool:
    having = [e for e in Edition if edition_info(e).family == family and name in tables(e)]
    return all(tag in table(e, name) for e in having)


@cache
def layout(family: Family, name: str) -> tuple[Link, ...]:
    """The fields of a table with their places in the models, in record order."""
    kinds = record_class(family, name).kinds()
    links = []
    for f in record_fields(family, name):
        root, _, attr = f.domain.partition(".")
        how = paths()[f.domain] if f.domain else ""
        links.append(
            Link(
                field=f,
                kind=kinds[f.attr],
                root=root,
                attr=attr,
                converter=converter(how) if how and how != CARD else None,
                everywhere=_everywhere(family, name, f.tag),
            )
        )
    return tuple(links)


@cache
def header_tables(family: Family) -> tuple[str, ...]:
    """Tables about the episode as a whole: the summary first, then check-in and papers."""
    names = {n for e in Edition if edition_info(e).family == family for n in tables(e)} - set(LINES)
    return tuple(sorted(names, key=lambda n: (n != "XML1", int(n[3:]))))


def to_value(kind: Kind, text: str) -> Value:
    """The record value of a text, None when the field cannot hold it."""
    try:
        value: Value = cache_of(kind)[text]
    except _NotCanonical:
        return None
    return value
