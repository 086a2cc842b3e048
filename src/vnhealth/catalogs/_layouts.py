"""The files that can be imported, as data: of which text they are, what is in each column."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from functools import cache

from vnhealth.catalogs._data import rows
from vnhealth.catalogs._keys import skeleton
from vnhealth.catalogs._model import Source
from vnhealth.errors import CatalogError

__all__ = ["Column", "Layout", "known_files", "layout", "layouts"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a file.

    ``kind`` is code (text, never a number cell), text, number, date or flag. The column is found by
    ``position`` (from 1) or by its heading, compared as a skeleton; ``title`` is the first heading
    as written. The rest is of the forms of TT 12/2026: ``roles`` (code, name, key, valid_from,
    valid_to), size, code set, and whether the value is kept in the pack (those about people are
    not).
    """

    attribute: str
    kind: str
    required: bool
    position: int | None
    headings: tuple[str, ...]
    title: str = ""
    roles: frozenset[str] = frozenset()
    max_length: int | None = None
    code_set: str = ""
    separator: str = ""
    kept: bool = True


@dataclass(frozen=True, slots=True)
class Layout:
    """A kind of file: what it is an edition of, how it is read, what is known of its size."""

    name: str
    reader: str
    systems: tuple[str, ...]
    title_vi: str
    title_en: str
    decision: str
    appendix: str
    valid_from: dt.date | None
    valid_to: dt.date | None
    as_of: dt.date | None
    partial: frozenset[str]
    rows: int | None
    codes: int | None
    confidence: str
    note: str
    columns: tuple[Column, ...]

    @property
    def is_form(self) -> bool:
        """True for the monthly forms of a facility."""
        return self.reader == "form"

    def sources(
        self,
        name: str,
        *,
        valid_from: dt.date | None = None,
        valid_to: dt.date | None = None,
        complete: str | None = None,
    ) -> dict[str, Source]:
        """The edition of each catalogue that a file of this layout brings."""
        return {
            system: Source(
                name=name,
                system=system,
                layout=self.name,
                decision=self.decision,
                appendix=self.appendix,
                title_vi=self.title_vi,
                title_en=self.title_en,
                valid_from=valid_from or self.valid_from,
                valid_to=valid_to or self.valid_to,
                complete=complete or ("partial" if system in self.partial else "yes"),
                confidence=self.confidence,
                as_of=self.as_of,
            )
            for system in self.systems
        }


def _day(text: str) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def _number(text: str) -> int | None:
    return int(text) if text.isdigit() else None


@cache
def _columns(reader: str) -> tuple[Column, ...]:
    return tuple(
        Column(
            attribute=row["attribute"],
            kind=row["kind"],
            required=row["required"] == "yes",
            position=_number(row["position"]),
            headings=tuple(skeleton(text) for text in row["headings"].split("|") if text),
            title=row["headings"].split("|")[0],
        )
        for row in rows("columns")
        if row["reader"] == reader
    )


@cache
def _form_columns(form: str) -> tuple[Column, ...]:
    found = []
    for row in rows("forms"):
        if row["form"] != form:
            continue
        roles = frozenset(row["role"].split())
        found.append(
            Column(
                attribute=row["tag"],
                kind=row["cell"],
                required=bool(roles & {"code", "valid_from"}) or row["tag"] == "MA_CSKCB",
                position=None,
                headings=(skeleton(row["tag"]),),
                title=row["tag"],
                roles=roles,
                max_length=_number(row["max_length"]),
                code_set=row["code_set"],
                separator=row["separator"],
                kept=row["kept"] == "yes",
            )
        )
    return tuple(found)


@cache
def layouts() -> tuple[Layout, ...]:
    """All layouts that can be imported, in the order of the data file."""
    found = []
    for row in rows("layouts"):
        one = Layout(
            name=row["layout"],
            reader=row["reader"],
            systems=tuple(row["systems"].split()),
            title_vi=row["title_vi"],
            title_en=row["title_en"],
            decision=row["decision"],
            appendix=row["appendix"],
            valid_from=_day(row["valid_from"]),
            valid_to=_day(row["valid_to"]),
            as_of=_day(row["as_of"]),
            partial=frozenset(row["partial_systems"].split()),
            rows=_number(row["rows"]),
            codes=_number(row["codes"]),
            confidence=row["confidence"],
            note=row["note"],
            columns=_columns(row["reader"]),
        )
        found.append(replace(one, columns=_form_columns(one.name)) if one.is_form else one)
    return tuple(found)


def layout(name: str) -> Layout:
    """One layout by name. Raises `vnhealth.errors.CatalogError` (ERR-CAT-05) for an unknown one.

    >>> layout("icd10-2026").valid_from
    datetime.date(2026, 7, 1)
    """
    for one in layouts():
        if one.name == name:
            return one
    raise CatalogError("ERR-CAT-05", name=name[:40], known=", ".join(one.name for one in layouts()))


@cache
def known_files(name: str) -> frozenset[str]:
    """The SHA-256 of files of a layout that have been measured."""
    return frozenset(row["sha256"] for row in rows("known_files") if row["layout"] == name)
