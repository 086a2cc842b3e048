"""The columns of each table, derived from the rows of the specification (or of the policy).

Identified tables have one column per field that any edition of the family knows. Pseudonymised and
de-identified tables have what the policy sends, under the tags it is sent under; what may be
generalised (the quasi-identifiers of a release) is text. No column is listed here.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from vnhealth.deid._policy import Action, Policy, PolicyRow
from vnhealth.deid._tables import Label
from vnhealth.deid.columns._need import need_arrow
from vnhealth.errors import DeidError, SpecError
from vnhealth.spec import Edition, Family, Kind, edition_info, record_fields, record_kind, tables

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]

__all__ = [
    "META",
    "Column",
    "ColumnType",
    "Described",
    "arrow_type",
    "columns",
    "described",
    "policy_of",
    "read_meta",
    "schema",
    "table_names",
    "technical",
    "with_meta",
]

META = "vnhealth."
"""What the keys of our schema metadata begin with."""

PRECISION, SCALE = 22, 4
"""Of decimals: amounts of fifteen digits with the four places that quantities and results use."""


class ColumnType(StrEnum):
    """What a column holds. A ``time`` has a second column ``TAG__P``: how much of it is known."""

    STRING = "string"
    STRINGS = "strings"
    INT = "int"
    DECIMAL = "decimal"
    TIME = "time"
    DATE = "date"
    BOOL = "bool"


_KINDS = {
    Kind.TEXT: ColumnType.STRING,
    Kind.CODE: ColumnType.STRING,
    Kind.INTEGER: ColumnType.INT,
    Kind.DECIMAL: ColumnType.DECIMAL,
    Kind.TIME: ColumnType.TIME,
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name (the official tag, or a technical name in lower case) and its type."""

    name: str
    type: ColumnType
    title_vi: str
    title_en: str


def _read(name: str) -> list[dict[str, str]]:
    path = files("vnhealth.deid.columns") / "data" / f"{name}.csv"
    return list(csv.DictReader(path.read_text("utf-8").splitlines()))


@cache
def technical() -> tuple[Column, ...]:
    """The columns that every table begins with."""
    return tuple(
        Column(row["column"], ColumnType(row["type"]), row["title_vi"], row["title_en"])
        for row in _read("technical")
    )


@cache
def _form_types() -> Mapping[str, ColumnType]:
    return {row["form"]: ColumnType(row["type"]) for row in _read("form_types")}


@cache
def table_names(family: Family | str = Family.F130) -> tuple[str, ...]:
    """The tables of a family, XML0 left out: a check-in is no encounter.

    >>> table_names()[:2], len(table_names())
    (('XML1', 'XML2'), 15)
    """
    found = {
        name
        for edition in Edition
        if edition_info(edition).family == family
        for name in tables(edition)
    }
    return tuple(sorted(found - {"XML0"}, key=lambda name: int(name[3:])))


@cache
def _of_spec(table: str, family: str) -> tuple[Column, ...]:
    return tuple(
        Column(f.tag, _KINDS[record_kind(family, table, f.tag)], f.title_vi, f.title_en)
        for f in record_fields(family, table)
    )


def _outs(row: PolicyRow, table: str) -> list[tuple[str, ColumnType]]:
    """Tag and type of what a row of the policy writes into the rows of its table."""
    found: list[tuple[str, ColumnType]] = []
    place = row.params.get("at", "")
    if row.sent and "level" in row.params and row.params.get("sent") != "record":
        found.append((row.params["level"], ColumnType.STRING))
    if not row.sent or row.params.get("sent") == "record" or place == "header":
        return found
    if place == "record" and table != "XML1":
        return found
    kind = ColumnType.STRING
    if row.effective is not Action.TOKEN and "qi" not in row.params:
        kind = _form_types().get(row.params.get("form", ""), ColumnType.STRING)
    return [*found, (row.out, kind)]


_LINKED: dict[tuple[str, str], tuple[Column, ...]] = {}


def _of_policy(table: str, policy: Policy) -> tuple[Column, ...]:
    """What a policy sends of a table, of both families: 4210 is sent under the newer tags."""
    key = (table, policy.sha256)
    if key not in _LINKED:
        titles = {c.name: c for f in Family for c in _safe(table, f)}
        found: dict[str, Column] = {}
        if table != "XML1" and "MA_LK" in titles:
            found["MA_LK"] = titles["MA_LK"]
        own = [row for row in policy if row.table == table]
        for row in sorted(own, key=lambda row: row.family != Family.F130):
            for tag, kind in _outs(row, table):
                known = titles.get(tag) or titles.get(row.tag)
                vi, en = (known.title_vi, known.title_en) if known else (tag, tag)
                found.setdefault(tag, Column(tag, kind, vi, en))
        _LINKED[key] = tuple(found.values())
    return _LINKED[key]


def _safe(table: str, family: Family) -> tuple[Column, ...]:
    return _of_spec(table, family.value) if table in table_names(family) else ()


def policy_of(label: Label) -> Policy:
    """The library's own policy that leads to a label. Raises `DeidError` (ERR-COL-02) without one.

    >>> policy_of(Label.DEIDENTIFIED).name
    'release'
    """
    names = {Label.PSEUDONYMISED: "linked", Label.DEIDENTIFIED: "release"}
    if label not in names:
        raise DeidError("ERR-COL-02", label=label.value)
    return Policy.load(names[label])


def columns(
    table: str,
    label: Label = Label.IDENTIFIED,
    *,
    family: Family | str = Family.F130,
    policy: Policy | None = None,
) -> tuple[Column, ...]:
    """The columns of a table, technical ones first.

    Raises `vnhealth.errors.SpecError` for an unknown table, `DeidError` for a label of which no
    tables are kept (aggregates have no rows).

    >>> names = [c.name for c in columns("XML1")]
    >>> "HO_TEN" in names, "_encounter" in names
    (True, True)
    """
    table = table.upper()
    if table not in table_names(family):
        raise SpecError("ERR-SPEC-01", name=table[:20])
    if label is Label.IDENTIFIED:
        return technical() + _of_spec(table, str(family))
    return technical() + _of_policy(table, policy or policy_of(label))


def arrow_type(kind: ColumnType) -> pa.DataType:
    """The Arrow type of a column; each of them is also a type of Spark, DuckDB and Polars."""
    pa = need_arrow()
    types = {
        ColumnType.STRING: pa.string(),
        ColumnType.STRINGS: pa.list_(pa.string()),
        ColumnType.INT: pa.int64(),
        ColumnType.DECIMAL: pa.decimal128(PRECISION, SCALE),
        ColumnType.TIME: pa.timestamp("us"),
        ColumnType.DATE: pa.date32(),
        ColumnType.BOOL: pa.bool_(),
    }
    return types[kind]


def fields_of(found: tuple[Column, ...]) -> list[pa.Field]:
    """Arrow fields with their titles; the precision of a time stands behind it as an integer."""
    pa = need_arrow()
    out = []
    for column in found:
        titles = {"title_vi": column.title_vi, "title_en": column.title_en}
        out.append(pa.field(column.name, arrow_type(column.type), metadata=titles))
        if column.type is ColumnType.TIME:
            out.append(pa.field(f"{column.name}__P", pa.int32()))
    return out


@dataclass(frozen=True, slots=True)
class Described:
    """What the metadata of our files say: label, hash of the manifest, and whether dates are true.

    ``manifest_sha256`` is the hash of the manifest of the de-identification (empty for identified
    data); ``dates`` is ``true`` (possibly coarse) or ``shifted``.
    """

    label: Label
    table: str = ""
    dates: str = "true"
    manifest_sha256: str = ""
    policy_sha256: str = ""
    family: str = Family.F130.value

    def to_meta(self) -> dict[str, str]:
        """Key and text, as they stand in the schema metadata."""
        from vnhealth import __version__

        pairs = {
            "label": self.label.value,
            "table": self.table,
            "dates": self.dates,
            "manifest_sha256": self.manifest_sha256,
            "policy_sha256": self.policy_sha256,
            "family": self.family,
            "library": f"vnhealth {__version__}",
        }
        return {META + name: value for name, value in pairs.items()}


def described(
    table: str,
    label: Label,
    *,
    manifest_sha256: str = "",
    policy_sha256: str = "",
    family: str = "",
) -> Described:
    """The description of a table: only pseudonymised tables have shifted dates."""
    return Described(
        label,
        table,
        "shifted" if label is Label.PSEUDONYMISED else "true",
        manifest_sha256,
        policy_sha256,
        family or Family.F130.value,
    )


def with_meta(found: pa.Schema, about: Described) -> pa.Schema:
    """The schema with our metadata."""
    return found.with_metadata(about.to_meta())


def read_meta(found: pa.Schema) -> Described | None:
    """What the metadata of a schema say, or None when they are not ours.

    >>> import pyarrow as pa
    >>> about = described("XML1", Label.IDENTIFIED)
    >>> read_meta(with_meta(pa.schema([]), about)) == about, read_meta(pa.schema([]))
    (True, None)
    """
    held: dict[str, Any] = {
        key.decode().removeprefix(META): value.decode()
        for key, value in (found.metadata or {}).items()
        if key.startswith(META.encode())
    }
    held.pop("library", None)
    try:
        return Described(label=Label(held.pop("label")), **held)
    except (KeyError, ValueError, TypeError):
        return None


def schema(
    table: str,
    label: Label = Label.IDENTIFIED,
    *,
    family: Family | str = Family.F130,
    policy: Policy | None = None,
    manifest_sha256: str = "",
) -> pa.Schema:
    """The Arrow schema of a table with its label in the metadata.

    >>> schema("XML2").field("SO_LUONG").type, schema("XML2").metadata[b"vnhealth.label"]
    (Decimal128Type(decimal128(22, 4)), b'identified')
    """
    pa = need_arrow()
    found = columns(table, label, family=family, policy=policy)
    sha = "" if label is Label.IDENTIFIED else (policy or policy_of(label)).sha256
    about = described(
        table.upper(),
        label,
        manifest_sha256=manifest_sha256,
        policy_sha256=sha,
        family=str(family) if label is Label.IDENTIFIED else "",
    )
    return with_meta(pa.schema(fields_of(found)), about)
