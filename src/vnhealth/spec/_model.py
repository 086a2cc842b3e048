"""What the registry holds: editions, tables, fields and code sets, all immutable."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["Code", "CodeSet", "Edition", "EditionInfo", "Family", "Field", "Kind", "TableSpec"]


class Edition(StrEnum):
    """A decision of the ministry that sets or amends the standard.

    Editions are dated patches: 4750 amends 130, 3176 amends 4750, 1931 amends 3176.
    """

    QD4210 = "4210"
    QD130 = "130"
    QD4750 = "4750"
    QD3176 = "3176"
    QD1931 = "1931"

    @classmethod
    def parse(cls, text: str) -> Edition:
        """From ``3176``, ``qd3176``, ``QĐ 3176`` or ``1931/2026``.

        >>> Edition.parse("qd4750").value, Edition.parse("1931/2026").value
        ('4750', '1931')
        """
        digits = text.strip().lower().removeprefix("qđ").removeprefix("qd").strip().split("/")[0]
        try:
            return cls(digits)
        except ValueError:
            from vnhealth.errors import SpecError

            raise SpecError("ERR-SPEC-01", name=text[:20]) from None


class Family(StrEnum):
    """Editions that share one layout and one set of record classes."""

    F4210 = "4210"
    F130 = "130"


class Kind(StrEnum):
    """What a value is in Python: `str`, `str` of a code, `int`, `decimal.Decimal`, `LocalTime`."""

    TEXT = "text"
    CODE = "code"
    INTEGER = "integer"
    DECIMAL = "decimal"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of one table as an edition has it.

    ``type`` is the annex's: string, text, number, date8, datetime12. ``max_length`` counts
    characters, None where the annex sets no limit. ``required`` is yes, no, conditional or unknown;
    ``no`` means that the gateway sheet does not demand it. ``edition`` is the decision whose row is
    in force, ``confidence`` how sure the transcription is.
    """

    table: str
    tag: str
    order: int
    type: str
    max_length: int | None
    decimals: int | None
    required: str
    required_source: str
    code_set: str
    separator: str
    condition: str
    note: str
    confidence: str
    edition: Edition
    basis: str
    title_vi: str
    title_en: str
    domain: str

    @property
    def attr(self) -> str:
        """The attribute of the record class: the tag in lower case."""
        return self.tag.lower()

    @property
    def kind(self) -> Kind:
        """What a value is in Python in this edition alone; see `vnhealth.spec.record_kind`."""
        if self.type in ("date8", "datetime12"):
            return Kind.TIME
        if self.type == "number":
            if self.code_set and not self.tag.startswith("TYLE_"):
                return Kind.CODE
            return Kind.INTEGER if self.decimals == 0 else Kind.DECIMAL
        return Kind.CODE if self.code_set else Kind.TEXT


@dataclass(frozen=True, slots=True)
class TableSpec:
    """One table of one edition: its XML elements and its fields in official order."""

    table: str
    edition: Edition
    title_vi: str
    title_en: str
    root: str
    list: str
    row: str
    many: bool
    in_envelope: bool
    signed: bool
    cdata: frozenset[str]
    confidence: str
    source: str
    note: str
    fields: tuple[Field, ...]
    by_tag: Mapping[str, Field] = field(repr=False)

    def __getitem__(self, tag: str) -> Field:
        try:
            return self.by_tag[tag.upper()]
        except KeyError:
            from vnhealth.errors import SpecError

            raise SpecError("ERR-SPEC-01", name=f"{self.table}.{tag[:40]}") from None

    def __contains__(self, tag: object) -> bool:
        return tag in self.by_tag

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields)

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags in official order."""
        return tuple(f.tag for f in self.fields)


@dataclass(frozen=True, slots=True)
class EditionInfo:
    """A decision: its number, its dates, what it amends and where the transcription comes from."""

    edition: Edition
    family: Family
    decision: str
    title_vi: str
    title_en: str
    amends: Edition | None
    signed: dt.date
    tested: dt.date | None
    in_force: dt.date
    ended: dt.date | None
    layout_changes: bool
    dates_note: str
    dates_confidence: str
    provenance: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Code:
    """One value of a code set, with the days between which it may be used (both inclusive)."""

    code: str
    meaning_vi: str
    meaning_en: str
    valid_from: dt.date | None
    valid_to: dt.date | None
    source: str
    confidence: str

    def valid_on(self, day: dt.date) -> bool:
        """True when the code may be used on this day."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day <= self.valid_to
        )


@dataclass(frozen=True, slots=True)
class CodeSet:
    """One version of a code set.

    ``closed`` is ``yes`` (a code outside it is wrong), ``partial`` (the list is incomplete or of
    vendors, so an unknown code is only doubtful) or ``open`` (samples; nothing follows).
    """

    name: str
    version: str
    valid_from: dt.date | None
    valid_to: dt.date | None
    closed: str
    confidence: str
    source: str
    note: str
    codes: Mapping[str, Code]

    def __contains__(self, code: object) -> bool:
        return code in self.codes

    def get(self, code: str) -> Code | None:
        """The entry of a code, or None."""
        return self.codes.get(code)
