"""All rows of one treatment episode, and the document in which episodes travel."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from importlib import import_module
from typing import Any

from vnhealth.findings import Finding, Findings
from vnhealth.localtime import LocalTime, Precision
from vnhealth.records._base import Record
from vnhealth.spec import Edition, Family, edition_at
from vnhealth.spec import table as spec_table
from vnhealth.spec import tables as spec_tables

__all__ = ["Claim", "Document", "DocumentKind", "Part", "PartForm", "record_class"]


@cache
def _added_by_4750(name: str) -> frozenset[str]:
    old = spec_table(Edition.QD130, name).tags if name in spec_tables(Edition.QD130) else ()
    return frozenset(t.lower() for t in spec_table(Edition.QD4750, name).tags if t not in old)


def record_class(family: Family | str, table: str) -> type[Record]:
    """The record class of a table in a family.

    >>> record_class("130", "XML3").__name__
    'Xml3'
    """
    module = import_module(f"vnhealth.records.bhyt{Family(family).value}")
    found: type[Record] = getattr(module, table.title())
    return found


class PartForm(StrEnum):
    """How the content of a FILEHOSO came."""

    BASE64 = "base64"
    WRAPPED = "base64-wrapped"
    INLINE = "inline"
    TEXT = "text"
    EMPTY = "empty"
    BARE = "bare"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, repr=False)
class Part:
    """One table file as it came: its name, its form and its bytes (decoded from base64).

    ``plain`` says that its reader met nothing but elements and text: no comment, no attribute.
    """

    name: str
    form: PartForm
    content: bytes
    plain: bool = field(default=False, compare=False)

    def __repr__(self) -> str:
        return f"<Part {self.form.value} {len(self.content)} bytes>"


class Claim:
    """One treatment episode (one HOSO): rows of every table under one MA_LK. Immutable.

    ``parts`` holds the table files as they came, ``findings`` what the reader had to say. Build one
    from records:

    >>> from vnhealth.records.bhyt130 import Xml1, Xml2
    >>> claim = Claim(xml1=Xml1(ma_lk="A1"), xml2=[Xml2(ma_lk="A1", stt=1)])
    >>> claim.ma_lk, claim.counts()
    ('A1', {'XML1': 1, 'XML2': 1})
    """

    __slots__ = ("_findings", "_fitting", "_parts", "_tables", "family")

    family: Family

    def __init__(
        self,
        *,
        family: Family | str | None = None,
        parts: Iterable[Part] = (),
        findings: Iterable[Finding] = (),
        **tables: Any,
    ) -> None:
        held: dict[str, tuple[Record, ...]] = {}
        for name, rows in tables.items():
            kept = (rows,) if isinstance(rows, Record) else tuple(rows)
            wrong = [r for r in kept if name.upper() != r.TABLE]
            if wrong:
                raise TypeError(f"{name} was given rows of {wrong[0].TABLE}")
            if kept:
                held[name.upper()] = kept
        families = {r.FAMILY for rows in held.values() for r in rows}
        if len(families) > 1:
            raise TypeError("rows of two families cannot stand in one claim")
        found = Family(family) if family else next(iter(families), Family.F130)
        self._init(found, held, tuple(parts), tuple(findings))

    def _init(
        self,
        family: Family,
        tables: Mapping[str, tuple[Record, ...]],
        parts: tuple[Part, ...],
        findings: tuple[Finding, ...],
        fitting: frozenset[str] = frozenset(),
    ) -> None:
        set_ = object.__setattr__
        set_(self, "family", family)
        set_(self, "_tables", dict(sorted(tables.items(), key=lambda kv: int(kv[0][3:]))))
        set_(self, "_parts", parts)
        set_(self, "_findings", findings)
        set_(self, "_fitting", fitting)

    @classmethod
    def from_tables(
        cls,
        family: Family,
        tables: Mapping[str, tuple[Record, ...]],
        parts: tuple[Part, ...] = (),
        findings: tuple[Finding, ...] = (),
        fitting: frozenset[str] = frozenset(),
    ) -> Claim:
        """From rows by table name, as a decoder has them; for ``fitting`` see the property."""
        claim = cls.__new__(cls)
        claim._init(family, tables, parts, findings, fitting)
        return claim

    _tables: Mapping[str, tuple[Record, ...]]
    _parts: tuple[Part, ...]
    _findings: tuple[Finding, ...]
    _fitting: frozenset[str]

    @property
    def tables(self) -> Mapping[str, tuple[Record, ...]]:
        """Rows by table name; tables without rows are not in it."""
        return self._tables

    @property
    def parts(self) -> tuple[Part, ...]:
        """The table files as they came; empty for a claim that was built here."""
        return self._parts

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the reader found in this episode."""
        return self._findings

    @property
    def fitting(self) -> frozenset[str]:
        """Tables of which a decoder knows that every value keeps the size of its field.

        And that all is filled that every edition of the family wants filled. Sizes that differ
        between editions are not meant. A table that is not named may fit as well: nobody looked.
        """
        return self._fitting

    def rows(self, table: str) -> tuple[Any, ...]:
        """The rows of a table, possibly none."""
        return self.tables.get(table.upper(), ())

    def __getattr__(self, name: str) -> Any:
        if name.startswith("xml") and name[3:].isdigit():
            return self.rows(name)
        raise AttributeError(name)

    @property
    def xml1(self) -> Any:
        """The summary row (XML1), or None. Other tables (``xml2`` ...) are tuples of rows."""
        rows = self.rows("XML1")
        return rows[0] if rows else None

    @property
    def ma_lk(self) -> str | None:
        """The link id of the episode, from the first row that has one; XML12 has none."""
        for rows in self.tables.values():
            for row in rows:
                found = getattr(row, "ma_lk", None)
                if found:
                    return str(found)
        return None

    @property
    def ended_on(self) -> dt.date | None:
        """The day on which facts are resolved: end of the encounter, else its start, else None.

        NGAY_RA of XML1, else of another paper, else NGAY_VAO, else the first order (XML0).
        """
        for tag in ("NGAY_RA", "NGAY_VAO", "NGAY_YL"):
            for rows in self.tables.values():
                for row in rows:
                    value = getattr(row, tag.lower(), None)
                    if isinstance(value, LocalTime) and value.precision >= Precision.DAY:
                        return value.date()
        return None

    def edition(self, on: dt.date | None = None) -> Edition:
        """The edition in force at the end of the encounter (or on a given day) in this family."""
        day = on or self.ended_on
        if self.family is Family.F4210:
            return Edition.QD4210
        found = Edition.QD3176 if day is None else edition_at(day, self.family)
        if found is Edition.QD130 and on is None and self._has_fields_of_4750():
            return Edition.QD4750
        return found

    def _has_fields_of_4750(self) -> bool:
        """True when a row has an element that only QD 4750 added (a test file of the pilot)."""
        return any(
            not added.isdisjoint(row.__dict__)
            for name, rows in self.tables.items()
            if (added := _added_by_4750(name))
            for row in rows[:1]
        )

    def counts(self) -> dict[str, int]:
        """Number of rows by table."""
        return {name: len(rows) for name, rows in self.tables.items()}

    def replace(self, **tables: Any) -> Claim:
        """A copy with the rows of some tables replaced; their parts as received are dropped."""
        changed = Claim(family=self.family, **tables)
        kept = {n: r for n, r in self.tables.items() if n.lower() not in tables}
        merged = {**kept, **changed.tables}
        parts = tuple(p for p in self.parts if p.name.strip().lower() not in tables)
        return Claim.from_tables(self.family, merged, parts)

    def __iter__(self) -> Iterator[Record]:
        for rows in self.tables.values():
            yield from rows

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("Claim is immutable; use replace()")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Claim):
            return NotImplemented
        return self.family is other.family and self.tables == other.tables

    def __hash__(self) -> int:
        return hash((self.family, self.ma_lk))

    def __repr__(self) -> str:
        counts = " ".join(f"{name}:{n}" for name, n in self.counts().items())
        return f"<Claim {self.family.value} {counts}>"

    def __reduce__(self) -> tuple[Any, ...]:
        held = self.family, self.tables, self.parts, self.findings, self.fitting
        return (Claim.from_tables, held)


class DocumentKind(StrEnum):
    """What a file is."""

    ENVELOPE = "envelope"
    CHECKIN = "checkin"
    ASSESSMENT = "assessment"
    TABLE = "table"


@dataclass(frozen=True, slots=True, repr=False)
class Document:
    """A file of the standards: an envelope GIAMDINHHS, a check-in, an assessment or a bare table.

    ``source`` holds the bytes it was read from; a writer gives them back unchanged as long as
    nothing was replaced. ``declared`` is SOLUONGHOSO; ``signature`` is absent, empty or present
    (whether it is valid is asked of `vnhealth.signing`).
    """

    kind: DocumentKind
    family: Family
    claims: tuple[Claim, ...]
    facility: str | None = None
    created: LocalTime | None = None
    declared: int | None = None
    signature: str = "absent"
    own_findings: tuple[Finding, ...] = ()
    source: bytes | None = field(default=None, compare=False)

    @property
    def findings(self) -> Findings:
        """All that the reader found, with the index of the encounter."""
        found = list(self.own_findings)
        for claim in self.claims:
            found += claim.findings
        return Findings(found)

    @property
    def edition(self) -> Edition | None:
        """The layout edition by the end of the first encounter; None when there is no encounter.

        QD 1931 changes no layout, so its documents are of edition 3176; see `amended_by`.
        """
        if not self.claims:
            return None
        edition = self.claims[0].edition()
        return Edition.QD3176 if edition is Edition.QD1931 else edition

    @property
    def amended_by(self) -> Edition | None:
        """QD1931 for encounters that end from 01/07/2026."""
        edition = self.claims[0].edition() if self.claims else None
        return edition if edition is Edition.QD1931 else None

    def counts(self) -> dict[str, int]:
        """Number of rows by table over all encounters."""
        total: dict[str, int] = {}
        for claim in self.claims:
            for name, n in claim.counts().items():
                total[name] = total.get(name, 0) + n
        return dict(sorted(total.items(), key=lambda kv: int(kv[0][3:])))

    def with_claims(self, claims: Iterable[Claim]) -> Document:
        """A copy with other claims; it no longer has source bytes, nor a signature."""
        kept = tuple(claims)
        return replace(
            self,
            claims=kept,
            declared=len(kept),
            own_findings=(),
            source=None,
            signature="absent",
        )

    def __len__(self) -> int:
        return len(self.claims)

    def __iter__(self) -> Iterator[Claim]:
        return iter(self.claims)

    def __repr__(self) -> str:
        return f"<Document {self.kind.value} {self.family.value} {len(self.claims)} encounters>"
