"""Write documents: official order, UTF-8, base64 parts, and nothing that a gateway would refuse.

The bytes written are canonical in the sense of C14N 1.0 (no self-closing elements, LF, double
quotes, sorted namespace declarations), so that a signature can be made without parsing them again.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter

import pybase64

from vnhealth.errors import ConformanceError, EncodeError
from vnhealth.findings import Finding, Findings, Severity, catalogue
from vnhealth.records import Claim, Document, Record, to_text
from vnhealth.spec import Edition, Family, TableSpec, edition_info, table, tables

__all__ = ["check_values", "encode_table", "write", "write_standalone"]

DECLARATION = b'<?xml version="1.0" encoding="utf-8"?>\n'
_XSD = ' xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
_XSI = ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class _Template:
    """One row of a table as a text with a place for each value."""

    text: str
    attrs: tuple[str, ...]
    limits: tuple[int | None, ...]


@cache
def _template(edition: Edition, name: str) -> _Template:
    spec = table(edition, name)
    cells = "".join(f"<{tag}>%s</{tag}>" for tag in spec.tags)
    return _Template(
        text=f"<{spec.row}>{cells}</{spec.row}>",
        attrs=tuple(f.attr for f in spec.fields),
        limits=tuple(f.max_length for f in spec.fields),
    )


def _escape(text: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("\r", "&#xD;")


def _rows(spec: TableSpec, rows: Sequence[Record]) -> str:
    template = _template(spec.edition, spec.table)
    values = attrgetter(*template.attrs)
    out = []
    for row in rows:
        texts = [v if type(v) is str else to_text(v) for v in values(row)]
        joined = "".join(texts)
        if "&" in joined or "<" in joined or ">" in joined or "\r" in joined:
            texts = [_escape(text) for text in texts]
        out.append(template.text % tuple(texts))
    return "\n".join(out)


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
    kept = tuple(rows)
    _refuse([f for i, row in enumerate(kept) for f in check_values(row, spec, None, i)])
    return _encode_table(spec, kept, b"")


def _encode_table(spec: TableSpec, rows: Sequence[Record], tail: bytes) -> bytes:
    if not spec.many and len(rows) != 1:
        raise EncodeError("ERR-XML-07", table=spec.table, count=str(len(rows)))
    body = _rows(spec, rows)
    if spec.row != spec.root:
        if spec.list:
            body = f"<{spec.list}>\n{body}\n</{spec.list}>"
        body = f"<{spec.root}>\n{body}\n{tail.decode()}</{spec.root}>"
    return DECLARATION + body.encode()


def check_values(row: Record, spec: TableSpec, encounter: int | None, index: int) -> list[Finding]:
    """Why a row cannot be written by this edition: unreadable, unknown, too long, unprintable."""
    found: list[Finding] = []

    def say(code: str, tag: str, **params: str) -> None:
        severity = Severity(catalogue.info(code).severity)
        found.append(Finding(code, severity, encounter, spec.table, index, tag, params))

    for tag, text in row.raw_texts.items():
        if row[tag] is None and text.strip():
            say("BHYT-WRITE-01", tag)
    for tag, _text in row.extra:
        say("BHYT-WRITE-02", tag[:60] if tag.isascii() else "…")
    for tag, value in row.items():
        field = spec.by_tag.get(tag)
        if field is None:
            say("BHYT-WRITE-03", tag, edition=spec.edition.value)
            continue
        text = to_text(value)
        if field.max_length is not None and len(text) > field.max_length:
            say("BHYT-WRITE-04", tag, limit=str(field.max_length), length=str(len(text)))
        if _FORBIDDEN.search(text):
            say("BHYT-WRITE-05", tag)
        if field.decimals is not None and "." in text and field.type == "number":
            used = len(text.rpartition(".")[2].rstrip("0"))
            if used > field.decimals:
                say("BHYT-WRITE-06", tag, limit=str(field.decimals))
    return found


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

    Raises `ConformanceError` (ERR-XML-05) with a finding for each value that cannot be written.
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
    allowed = [t for t in tables(edition) if table(edition, t).in_envelope]
    for index, claim in enumerate(claims):
        for name, rows in claim.tables.items():
            if name not in allowed or claim.family != edition_info(edition).family:
                code = Severity(catalogue.info("BHYT-WRITE-07").severity)
                params = {"edition": edition.value}
                found.append(Finding("BHYT-WRITE-07", code, index, name, params=params))
                continue
            spec = table(edition, name)
            for i, row in enumerate(rows):
                found += check_values(row, spec, index, i)
    _refuse(found)
    if facility is None:
        facility = next((c.xml1.ma_cskcb for c in claims if c.xml1 and c.xml1.ma_cskcb), "")
    if created is None:
        created = max((c.ended_on for c in claims if c.ended_on), default=None)
    made = created.strftime("%Y%m%d").rjust(8, "0") if created else ""
    namespaces = {Edition.QD4210: _XSD, Edition.QD130: ""}.get(edition, _XSD + _XSI)
    out = [
        DECLARATION,
        (
            f"<GIAMDINHHS{namespaces}>\n<THONGTINDONVI><MACSKCB>{_escape(facility or '')}</MACSKCB>"
            f"</THONGTINDONVI>\n<THONGTINHOSO>\n<NGAYLAP>{made}</NGAYLAP>\n"
            f"<SOLUONGHOSO>{len(claims)}</SOLUONGHOSO>\n<DANHSACHHOSO>\n"
        ).encode(),
    ]
    for claim in claims:
        out.append(b"<HOSO>\n")
        for name in allowed:
            rows = claim.rows(name)
            groups = [rows] if table(edition, name).many else [(row,) for row in rows]
            for group in groups:
                if group:
                    content = _encode_table(table(edition, name), group, b"")
                    encoded = pybase64.b64encode(content)
                    out.append(
                        b"<FILEHOSO><LOAIHOSO>%s</LOAIHOSO><NOIDUNGFILE>%s</NOIDUNGFILE></FILEHOSO>\n"
                        % (name.encode(), encoded)
                    )
        out.append(b"</HOSO>\n")
    out.append(b"</DANHSACHHOSO>\n</THONGTINHOSO>\n<CHUKYDONVI></CHUKYDONVI>\n</GIAMDINHHS>")
    return b"".join(out)


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
    _refuse([f for i, row in enumerate(kept) for f in check_values(row, spec, None, i)])
    return _encode_table(spec, kept, b"<CHUKYDONVI></CHUKYDONVI>\n")
