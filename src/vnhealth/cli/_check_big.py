"""A huge file in flat memory: cut between encounters, each piece checked as a small document.

A piece gets the beginning and the end of the file around it, so that the ordinary reader reads it;
its findings move to the right encounters afterwards. What is true of the document as a whole is
judged at the end over a thin shadow of it. Anything out of the ordinary (not well-formed, another
encoding, tables outside encounters) gives up the cutting, and the file is read in another way.
"""

from __future__ import annotations

import datetime as dt
import heapq
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from sys import intern
from typing import Any, cast

from vnhealth.cli._check_file import (
    VERIFY_UP_TO,
    Judged,
    Options,
    check_path,
    identity,
    only_wanted,
    stts_of,
    verified,
)
from vnhealth.errors import CodecError
from vnhealth.findings import CheckedFile, Finding, Findings, Severity, Spool, catalogue
from vnhealth.findings._findings import order_of
from vnhealth.pipelines._ranges import Edges, cuts
from vnhealth.records import Claim, Document, DocumentKind, record_class
from vnhealth.spec import Edition, Family

__all__ = ["Big", "Piece", "PieceResult", "check_piece", "whole"]

BIG_FROM = 8 * 1024 * 1024
"""Files from this size on are cut."""

WHOLE_UP_TO = 64 * 1024 * 1024
"""Files that cannot be cut are read as a whole up to this size."""

PIECE = 1024 * 1024
_ODD = frozenset(f"BHYT-DOC-{n}" for n in ("02", "03", "04", "05", "08", "14", "15", "16", "23"))
_EMPTY = "BHYT-DOC-09"


@dataclass(frozen=True, slots=True)
class Piece:
    """Some encounters of a file: bytes from ``start`` to ``end``, read where they are checked."""

    path: str
    edges: Edges
    start: int
    end: int


@dataclass(slots=True)
class PieceResult:
    """What a piece holds. Encounters count from 0. ``odd`` gives up the cutting."""

    odd: bool = False
    edition: str | None = None
    amended_by: str | None = None
    tables: dict[str, int] = field(default_factory=dict)
    claims: list[tuple[str | None, str | None, dt.date | None, Family]] = field(
        default_factory=list
    )
    links: list[str | None] = field(default_factory=list)
    own: tuple[Finding, ...] = ()
    findings: list[Finding] = field(default_factory=list)
    stts: list[Any] = field(default_factory=list)


def check_piece(piece: Piece, options: Options) -> PieceResult:
    """Check the encounters of a piece."""
    with Path(piece.path).open("rb") as stream:
        stream.seek(piece.start)
        data = stream.read(piece.end - piece.start)
    from vnhealth import bhyt

    try:
        document = bhyt.read(piece.edges.before + data + piece.edges.after)
    except CodecError:
        return PieceResult(odd=True)
    if document.kind is not DocumentKind.ENVELOPE or any(
        f.code in _ODD and f.table is None for f in document.findings
    ):
        return PieceResult(odd=True)
    off = options.disabled | _document_rules()
    judged = bhyt.check(document, **{**options.rules(), "disabled": off})
    findings = only_wanted((f for f in judged if f.encounter is not None), options)
    return PieceResult(
        edition=document.edition.value if document.edition else None,
        amended_by=document.amended_by.value if document.amended_by else None,
        tables=document.counts(),
        claims=[_shadow(claim) for claim in document.claims],
        links=[identity(c) for c in document.claims] if options.places else [],
        own=document.own_findings,
        findings=list(findings),
        stts=stts_of(findings, document) if options.places else [],
    )


def _document_rules() -> frozenset[str]:
    from vnhealth import rules

    return frozenset(r["code"] for r in rules.export() if r["scope"] == "document")


def _other_rules() -> frozenset[str]:
    from vnhealth import rules

    return frozenset(r["code"] for r in rules.export() if r["scope"] != "document")


def _shadow(claim: Claim) -> tuple[str | None, str | None, dt.date | None, Family]:
    summary = claim.xml1
    facility = summary.ma_cskcb if summary is not None else None
    return claim.ma_lk, facility and intern(facility), claim.ended_on, claim.family


class _Claims(Sequence[Claim]):
    """Encounters of which only what document rules look at is kept, made anew when looked at."""

    def __init__(self) -> None:
        self.held: list[tuple[str | None, str | None, dt.date | None, Family]] = []

    def __len__(self) -> int:
        return len(self.held)

    def __getitem__(self, index: Any) -> Any:
        link, facility, ended, family = self.held[index]
        row = record_class(family, "XML1")(
            ma_lk=link, ma_cskcb=facility, ngay_ra=ended.strftime("%Y%m%d") if ended else None
        )
        return Claim.from_tables(family, {"XML1": (row,)})


@dataclass(slots=True)
class Big:
    """A huge file while its pieces come in, in order."""

    path: str
    size: int
    options: Options
    edges: Edges
    head: Document
    result: PieceResult = field(default_factory=PieceResult)
    claims: _Claims = field(default_factory=_Claims)
    links: dict[int, str | None] = field(default_factory=dict)
    own: list[tuple[Finding, ...]] = field(default_factory=list)
    odd: bool = False

    @classmethod
    def opened(cls, path: str, size: int, options: Options) -> Big | None:
        """The file, when it is of the kind that can be cut."""
        from vnhealth import bhyt

        edges = Edges.of(path, size)
        if edges is None:
            return None
        try:
            head = bhyt.read(edges.before + edges.after)
        except CodecError:
            return None
        if head.kind is not DocumentKind.ENVELOPE or len(head):
            return None
        return cls(path, size, options, edges, head)

    def pieces(self) -> Iterator[Piece]:
        """The file cut behind closing tags of encounters; stops early once it was given up."""
        with Path(self.path).open("rb") as stream:
            for start, end in cuts(stream, self.edges.start, self.edges.end, PIECE):
                if self.odd:
                    return
                yield Piece(self.path, self.edges, start, end)

    def take(self, result: PieceResult) -> Judged:
        """Take a piece in; gives its findings at their right encounters, to be screened."""
        base = len(self.claims)
        if result.odd or self.odd:
            self.odd = True
            return Judged(file=CheckedFile(path=self.path))
        if not base:
            self.result.edition, self.result.amended_by = result.edition, result.amended_by
        for name, count in result.tables.items():
            self.result.tables[name] = self.result.tables.get(name, 0) + count
        self.claims.held += result.claims
        self.links.update(enumerate(result.links, base))
        if result.own != self._usual():
            self.own.append(result.own)
        moved = Findings._in_order(_moved(f, base) for f in result.findings)
        file = CheckedFile(path=self.path, findings=moved)
        return Judged(file=file, links=self.links, stts=result.stts)

    def _usual(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.head.own_findings if f.code != _EMPTY)

    def envelope(self) -> tuple[Judged, CheckedFile]:
        """What there is to say of the document as a whole, and the file without its findings."""
        head = self.head
        own = _merged(self._usual(), self.own)
        judged = _judged_shadow(self.claims, head.facility, head.declared, self.options)
        fits = self.size <= VERIFY_UP_TO
        signed = head.signature == "present"
        source = Path(self.path).read_bytes() if signed and fits else None
        status, trusted, about = verified(head.signature, source, self.options)
        findings = only_wanted(Findings(own) + judged + about, self.options)
        file = CheckedFile(
            path=self.path,
            edition=self.result.edition,
            amended_by=self.result.amended_by,
            encounters=len(self.claims),
            tables=dict(sorted(self.result.tables.items(), key=lambda kv: int(kv[0][3:]))),
            signature=status,
            signature_trusted=trusted,
            links=tuple(c[0] for c in self.claims.held) if self.options.values else (),
        )
        whole_file = CheckedFile(path=self.path, findings=findings)
        return Judged(file=whole_file, links=self.links, stts=[None] * len(findings)), file


def _judged_shadow(
    claims: _Claims, facility: str | None, declared: int | None, options: Options
) -> Findings:
    """The rules on a document as a whole."""
    from vnhealth import rules

    shadow = Document(
        kind=DocumentKind.ENVELOPE,
        family=claims.held[0][3] if claims.held else Family.F130,
        claims=cast(tuple[Claim, ...], claims),
        facility=facility,
        declared=declared,
    )
    wanted = {**options.rules(), "disabled": options.disabled | _other_rules(), "outside": ()}
    return rules.check(shadow, **wanted)


class _Both:
    """Findings of the document and, from disk, of its encounters, in order."""

    def __init__(self, own: Findings, spool: Spool) -> None:
        self.own, self.spool = own, spool

    def __len__(self) -> int:
        return len(self.own) + len(self.spool)

    def __iter__(self) -> Iterator[Finding]:
        return heapq.merge(self.own, self.spool, key=order_of)


def both(own: Iterable[Finding], spool: Spool) -> _Both:
    """The findings of a document and those of its encounters as one list."""
    return _Both(Findings(own), spool)


def _moved(f: Finding, base: int) -> Finding:
    number = None if f.encounter is None else f.encounter + base
    return Finding(f.code, f.severity, number, f.table, f.row, f.tag, f.params, f.values)


def _merged(head: Iterable[Finding], pieces: Iterable[Iterable[Finding]]) -> list[Finding]:
    """The reader's notes on the envelope: those of its two ends, and what stood between."""

    def key(f: Finding) -> tuple[Any, ...]:
        rest = tuple(sorted((k, v) for k, v in f.params.items() if k != "count"))
        return f.code, f.severity, f.table, f.tag, rest

    counts: dict[tuple[Any, ...], int] = {}
    found: dict[tuple[Any, ...], Finding] = {}
    at_ends = {key(f): int(f.params.get("count", "1")) for f in head}
    for notes in (head, *pieces):
        for f in notes:
            found.setdefault(key(f), f)
            more = int(f.params.get("count", "1"))
            more -= 0 if notes is head else at_ends.get(key(f), 0)
            counts[key(f)] = counts.get(key(f), 0) + max(more, 0)
    return [
        Finding(f.code, f.severity, None, f.table, f.row, f.tag, {**f.params, "count": str(n)})
        if "count" in f.params
        else f
        for (k, f), n in ((item, counts[item[0]]) for item in found.items())
    ]


def whole(path: str, size: int) -> bool:
    """True when a file that cannot be cut is small enough to be read as a whole."""
    if size > WHOLE_UP_TO:
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return sum(member.file_size for member in archive.infolist()) <= WHOLE_UP_TO
    except (zipfile.BadZipFile, OSError, ValueError):
        return True


def one_by_one(path: str, options: Options, count: Counter[str]) -> Iterator[Judged]:
    """A huge file that cannot be cut, encounter by encounter; its envelope is not judged.

    ``count`` takes encounters and rows by table. Raises `CodecError` like the reader.
    """
    from vnhealth import bhyt

    off = options.disabled | _document_rules()
    shadows = _Claims()
    for number, claim in enumerate(bhyt.iter_encounters(path)):
        wanted = {**options.rules(), "disabled": off, "encounter": number}
        findings = only_wanted(bhyt.check(claim, **wanted), options)
        count.update(claim.counts())
        count["encounters"] += 1
        shadows.held.append(_shadow(claim))
        edition = claim.edition()
        file = CheckedFile(
            path=path,
            edition=Edition.QD3176.value if edition is Edition.QD1931 else edition.value,
            amended_by=edition.value if edition is Edition.QD1931 else None,
            findings=findings,
            links=(claim.ma_lk,),
        )
        rows = Document(kind=DocumentKind.ENVELOPE, family=claim.family, claims=(claim,))
        stts = stts_of((_moved(f, -number) for f in findings), rows) if options.places else ()
        yield Judged(file=file, links={number: identity(claim)}, stts=stts)
    severity = Severity(catalogue.info("BHYT-CHECK-01").severity)
    said = _judged_shadow(shadows, None, None, options)
    note = only_wanted([*said, Finding("BHYT-CHECK-01", severity)], options)
    yield Judged(file=CheckedFile(path=path, findings=note), stts=[None] * len(note))


__all__ += ["BIG_FROM", "both", "check_path", "one_by_one"]
