"""Write documents: official order, UTF-8, base64 parts, and nothing that a gateway would refuse.

The bytes written are canonical in the sense of C14N 1.0 (no self-closing elements, LF, double
quotes, sorted namespace declarations), so that a signature can be made without parsing them again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from functools import cache

import pybase64

from vnhealth.codecs._template import Refused, check_values, escape, row_template
from vnhealth.errors import ConformanceError, EncodeError
from vnhealth.findings import Finding, Findings, Severity, catalogue
from vnhealth.records import Claim, Document, Record
from vnhealth.spec import Edition, Family, TableSpec, edition_info, table, tables

__all__ = ["encode_table", "write", "write_standalone"]

DECLARATION = b'<?xml version="1.0" encoding="utf-8"?>\n'
_XSD = ' xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
_FILE = b"<FILEHOSO><LOAIHOSO>%s</LOAIHOSO><NOIDUNGFILE>%s</NOIDUNGFILE></FILEHOSO>\n"
_XSI = ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'


def encode_table(name: str, rows: Iterable[Record], edition: Edition | str) -> bytes:
    """The inner file of one table: declaration, wrappers, rows in official order.

    Raises `ConformanceError` (code ERR-XML-05) when a value cannot be written, `EncodeError` when a
    table that holds one row is given several.

    >>> from vnhealth.records.bhyt130 import Xml5
    >>> encode_table("XML5", [Xml5(ma_lk="A1", stt=1)], "3176")[-120:].endswith(b"LAMSANG>")
    True
    """
    edition = Edition.parse(edition)
    spec = table(edition, name)
    found: list[Finding] = []
    written = _table_file(spec, _of_table(spec, rows), found)
    _refuse(found)
    return written


def _of_table(spec: TableSpec, rows: Iterable[Record]) -> tuple[Record, ...]:
    kept = tuple(rows)
    family = edition_info(spec.edition).family
    for row in kept:
        if spec.table != row.TABLE or row.FAMILY is not family:
            raise TypeError(f"a row of {row.FAMILY} {row.TABLE} among {family} {spec.table}")
    return kept


def _table_file(
    spec: TableSpec,
    rows: Sequence[Record],
    found: list[Finding],
    encounter: int | None = None,
    first: int = 0,
    tail: bytes = b"",
) -> bytes:
    """The file of one table; what must not be written goes to ``found``."""
    if not spec.many and len(rows) != 1:
        raise EncodeError("ERR-XML-07", table=spec.table, count=str(len(rows)))
    template = row_template(spec.edition, spec.table)
    pieces = [DECLARATION, template.before]
    for index, row in enumerate(rows, first):
        if index > first:
            pieces.append(b"\n")
        try:
            pieces += template.pieces(row)
        except Refused:
            found += check_values(row, spec, encounter, index)
            pieces += template.pieces_as_is(row)
    pieces += template.after[0], tail, template.after[1]
    return b"".join(pieces)


def _refuse(found: list[Finding]) -> None:
    bad = Findings(found).at_least(Severity.ERROR)
    if bad:
        raise ConformanceError("ERR-XML-05", findings=bad)


def _claims(target: Document | Claim | Iterable[Claim]) -> tuple[Claim, ...]:
    if isinstance(target, Document):
        return target.claims
    if isinstance(target, Claim):
        return (target,)
    return tuple(target)


def write(
    target: Document | Claim | Iterable[Claim],
    *,
    edition: Edition | str | None = None,
    facility: str | None = None,
    created: dt.date | None = None,
) -> bytes:
    """Bytes of a document.

    A document as it was read comes back byte for byte, unless another edition, facility or date is
    asked for. Otherwise an envelope with one HOSO per claim is written (XML0 and XML12 stand alone:
    claims that hold only those are written by `write_standalone`). ``edition`` defaults to the one
    in force at the end of each encounter's first claim, ``facility`` to MA_CSKCB, ``created``
    (NGAYLAP) to the end of the last encounter: the library has no clock of its own.

    Raises `ConformanceError` (ERR-XML-05) with a finding for each value that cannot be written, and
    for MACSKCB or NGAYLAP when they are neither given nor known.
    """
    if isinstance(target, Document) and edition is None and facility is None and created is None:
        if target.source is not None:
            return target.source
        facility, created = target.facility, _day(target)
    claims = _claims(target)
    if not claims:
        raise EncodeError("ERR-XML-08")
    chosen = Edition.parse(edition) if edition else claims[0].edition()
    standalone = {"XML0", "XML12"}
    names = {name for claim in claims for name in claim.tables}
    if names and names <= standalone and len(names) == 1:
        rows = [row for claim in claims for row in claim]
        return write_standalone(rows, edition=chosen)
    return _envelope(claims, chosen, facility, created)


def _day(document: Document) -> dt.date | None:
    try:
        return document.created.date() if document.created else None
    except ValueError:
        return None


def _envelope(
    claims: tuple[Claim, ...], edition: Edition, facility: str | None, created: dt.date | None
) -> bytes:
    found: list[Finding] = []
    if facility is None:
        facility = next((c.xml1.ma_cskcb for c in claims if c.xml1 and c.xml1.ma_cskcb), "")
    if created is None:
        created = max((c.ended_on for c in claims if c.ended_on), default=None)
    for tag, known in (("MACSKCB", facility), ("NGAYLAP", created)):
        if not known:
            found.append(_finding("BHYT-WRITE-09", tag=tag))
    hosos = [_hoso(claim, index, edition, found) for index, claim in enumerate(claims)]
    _refuse(found)
    made = created.strftime("%Y%m%d").rjust(8, "0") if created else ""
    namespaces = {Edition.QD4210: _XSD, Edition.QD130: ""}.get(edition, _XSD + _XSI)
    head = (
        f"<GIAMDINHHS{namespaces}>\n<THONGTINDONVI><MACSKCB>{escape(facility or '')}</MACSKCB>"
        f"</THONGTINDONVI>\n<THONGTINHOSO>\n<NGAYLAP>{made}</NGAYLAP>\n"
        f"<SOLUONGHOSO>{len(claims)}</SOLUONGHOSO>\n<DANHSACHHOSO>\n"
    )
    tail = b"</DANHSACHHOSO>\n</THONGTINHOSO>\n<CHUKYDONVI></CHUKYDONVI>\n</GIAMDINHHS>"
    return b"".join((DECLARATION, head.encode(), *hosos, tail))


def _hoso(claim: Claim, encounter: int, edition: Edition, found: list[Finding]) -> bytes:
    """One HOSO; what must not be written goes to ``found``."""
    same_family = claim.family is edition_info(edition).family
    out = [b"<HOSO>\n"]
    for name, rows in claim.tables.items():
        spec = _in_envelope(edition).get(name) if same_family else None
        if spec is None:
            about = {"edition": edition.value}
            found.append(_finding("BHYT-WRITE-07", encounter, name, params=about))
            continue
        groups = [rows] if spec.many else [(row,) for row in rows]
        for first, group in enumerate(groups):
            content = pybase64.b64encode(_table_file(spec, group, found, encounter, first))
            out.append(_FILE % (name.encode(), content))
    out.append(b"</HOSO>\n")
    return b"".join(out)


@cache
def _in_envelope(edition: Edition) -> dict[str, TableSpec]:
    specs = [table(edition, name) for name in tables(edition)]
    return {spec.table: spec for spec in specs if spec.in_envelope}


def _finding(
    code: str,
    encounter: int | None = None,
    name: str | None = None,
    tag: str | None = None,
    params: dict[str, str] | None = None,
) -> Finding:
    severity = Severity(catalogue.info(code).severity)
    return Finding(code, severity, encounter, name, None, tag, params or {})


def write_standalone(rows: Iterable[Record], *, edition: Edition | str) -> bytes:
    """A check-in file (XML0) or a medical assessment (XML12), which travel alone.

    Raises `ConformanceError` like `write`, `EncodeError` when there is no row or a table of another
    kind.

    >>> from vnhealth.records.bhyt130 import Xml0
    >>> write_standalone([Xml0(ma_lk="A1", stt=1)], edition="3176").endswith(b"KCB>")
    True
    """
    edition = Edition.parse(edition)
    kept = tuple(rows)
    if not kept:
        raise EncodeError("ERR-XML-08")
    spec = table(edition, kept[0].TABLE)
    if not spec.signed or any(spec.table != r.TABLE or r.FAMILY is not Family.F130 for r in kept):
        raise EncodeError("ERR-XML-09", table=kept[0].TABLE)
    found: list[Finding] = []
    written = _table_file(spec, kept, found, tail=b"<CHUKYDONVI></CHUKYDONVI>\n")
    _refuse(found)
    return written
