"""Read documents and streams of encounters: lenient in, nothing lost, everything odd reported."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import BinaryIO

from lxml import etree

from vnhealth.codecs._archive import archive_members, is_archive
from vnhealth.codecs._cut import Piece, cut, cut_stream
from vnhealth.codecs._encoding import CodeNote, clean, refuse_doctype, starts_with_root
from vnhealth.codecs._envelope import Envelope, about_signature, hosos, signature_of
from vnhealth.codecs._hoso import largest_base64, read_files, read_hoso, read_piece, split
from vnhealth.codecs._limits import DEFAULT_LIMITS, Limits
from vnhealth.codecs._notes import Notes, finding, safe_tag
from vnhealth.codecs._outline import Outline, outlined
from vnhealth.codecs._parts import Sections, family_of, read_root, salvage
from vnhealth.codecs._source import Source, opened, read_bytes
from vnhealth.codecs._xml import (
    PARSER_OPTIONS,
    Parsed,
    check_size,
    is_wrapper,
    local,
    parse_clean,
    repaired,
    strict,
    where_broken,
)
from vnhealth.errors import LimitExceeded, MalformedXml, UnknownEnvelope
from vnhealth.findings import Finding
from vnhealth.records import Claim, Document, DocumentKind, Record

__all__ = ["iter_claims", "read"]

_HEAD = 65_536
_ENVELOPE = "GIAMDINHHS"
_KINDS = {"XML0": DocumentKind.CHECKIN, "XML12": DocumentKind.ASSESSMENT}


def read(source: Source, *, limits: Limits = DEFAULT_LIMITS) -> Document:
    """Read one document into memory: an envelope, a check-in, an assessment or a bare table.

    ``source`` is bytes, a path or a binary file; a zip is read as one document of all its members.
    Whatever is wrong with the data becomes a finding of the result. Raises only
    `vnhealth.errors.CodecError`: unsafe or malformed XML, an unknown root, a limit, an unreadable
    file.

    >>> doc = read(b"<TONG_HOP><MA_LK>A1</MA_LK><MA_LOAI_KCB>01</MA_LOAI_KCB></TONG_HOP>")
    >>> doc.kind.value, doc.claims[0].xml1.ma_loai_kcb
    ('table', '01')
    """
    data = read_bytes(source, limits)
    if is_archive(data):
        return _read_archive(data, limits)
    check_size(data, limits, limits.document)
    content, found = clean(data)
    outline = outlined(content, largest_base64(limits))
    if outline is not None:
        return _read_outline(outline, found, limits, data)
    parsed, limit = None, None
    try:
        parsed = strict(content, found)
    except LimitExceeded as error:
        limit = error
    if parsed is None:
        pieces, around = cut(content, "HOSO")
        if pieces:
            return _read_pieces(pieces, around, where_broken(content), found, limits, data)
        if limit is not None:
            raise limit
        try:
            parsed = repaired(content, found, (1, 1))
        except MalformedXml as error:
            return _read_broken(content, error, limits, data)
    tops = list(parsed.root) if is_wrapper(parsed.root) else [parsed.root]
    if all(local(top) == _ENVELOPE for top in tops):
        return _read_envelope(parsed, limits, data)
    return _read_bare(parsed, limits, data)


def iter_claims(source: Source, *, limits: Limits = DEFAULT_LIMITS) -> Iterator[Claim]:
    """Encounters of a file of any size, one at a time, in flat memory.

    Gives the claims of `read`, each with its own findings; what is said about the envelope as a
    whole is known only to `read`. Archives are read member by member; files that declare another
    encoding than UTF-8, or hold no HOSO, are read whole. Raises like `read`, possibly in the
    middle.
    """
    with opened(source, limits) as stream:
        base = stream.tell()
        head = stream.read(_HEAD)
        stream.seek(base)
        if is_archive(head):
            yield from _iter_archive(stream, limits)
        else:
            yield from _iter_stream(stream, base, head, limits)


def _read_outline(
    outline: Outline, found: list[CodeNote], limits: Limits, source: bytes
) -> Document:
    envelope = Envelope(signature=outline.signature)
    envelope.notes.extend(found, None)
    for tag, text in outline.header:
        envelope.header(tag, text)
    claims: list[Claim] = []
    for files in outline.cases:
        claims += read_files(files, len(claims), limits)
    return envelope.document(claims, source)


def _read_envelope(parsed: Parsed, limits: Limits, source: bytes) -> Document:
    envelope = Envelope()
    envelope.notes.extend(parsed.notes, None)
    claims: list[Claim] = []
    for hoso in hosos(parsed.root, envelope):
        claims += read_hoso(hoso, len(claims), limits)
    return envelope.document(claims, source)


def _read_pieces(
    pieces: list[Piece],
    around: bytes,
    where: str,
    found: list[CodeNote],
    limits: Limits,
    source: bytes,
) -> Document:
    """A document that is not XML as a whole: its encounters stand or fall one by one."""
    envelope = Envelope()
    try:
        parsed = parse_clean(around, found)
    except MalformedXml:
        envelope.notes.extend(found, None)
        envelope.notes.say("BHYT-DOC-04", params={"where": where})
        envelope.salvage(around)
    else:
        envelope.notes.extend(parsed.notes, None)
        for _ in hosos(parsed.root, envelope):
            pass
    claims: list[Claim] = []
    for piece in pieces:
        claims += read_piece(piece, len(claims), limits, envelope.notes)
    return envelope.document(claims, source)


def _iter_stream(stream: BinaryIO, base: int, head: bytes, limits: Limits) -> Iterator[Claim]:
    cleaned, found = clean(head)
    if any(code == "BHYT-DOC-14" for code, _ in found):
        yield from read(stream, limits=limits).claims
        return
    refuse_doctype(cleaned)
    if len(head) == _HEAD and not starts_with_root(cleaned):
        raise LimitExceeded("ERR-XML-04", limit=f"{_HEAD} bytes")
    start = base + len(head) - len(cleaned)
    stream.seek(start)
    claims = elements = 0
    try:
        for hoso in _parsed_hosos(stream):
            if hoso is None:
                break
            elements += 1
            for claim in read_hoso(hoso, claims, limits):
                claims += 1
                yield claim
        else:
            if claims:
                return
    except (etree.XMLSyntaxError, _Broken):
        stream.seek(start)
        for number, piece in enumerate(cut_stream(stream, "HOSO", limits.document)):
            if number >= elements:
                for claim in read_piece(piece, claims, limits, Notes()):
                    claims += 1
                    yield claim
        if claims:
            return
    stream.seek(base)
    yield from read(stream, limits=limits).claims[claims:]


class _Broken(Exception):
    """The parser saw an error that it reports only at the end of the file."""


def _parsed_hosos(stream: BinaryIO) -> Iterator[etree._Element | None]:
    """The HOSO of a well-formed envelope, each forgotten when the next is asked for.

    None where streaming cannot go on: another root, or a FILEHOSO outside every HOSO.
    """
    root: etree._Element | None = None
    depth = 0
    events = etree.iterparse(stream, events=("start", "end"), **PARSER_OPTIONS)
    for event, element in events:
        tag = local(element)
        if event == "start":
            depth += tag == "HOSO"
            if root is None:
                root = element
                if tag != _ENVELOPE:
                    yield None
        elif tag == "FILEHOSO" and not depth:
            yield None
        elif tag == "HOSO":
            depth -= 1
            if not depth:
                if len(events.error_log):
                    raise _Broken
                yield element
                element.clear()
                parent = element.getparent()
                while parent is not None and element.getprevious() is not None:
                    del parent[0]


def _read_bare(parsed: Parsed, limits: Limits, source: bytes) -> Document:
    """A stand-alone XML0 or XML12, or inner tables on their own."""
    notes, own = Notes(), Notes()
    own.extend(parsed.notes, None)
    sections = read_root(parsed.root, None, limits, notes)
    if not sections:
        top = parsed.root[0] if is_wrapper(parsed.root) else parsed.root
        raise UnknownEnvelope("ERR-XML-03", root=safe_tag(local(top)))
    signature = "absent"
    if sections[0].name in _KINDS:
        signed = [child for child in parsed.root if local(child) == "CHUKYDONVI"]
        signature = signature_of(signed[0]) if signed else "absent"
        about_signature(signature, own)
    return _tables_alone(sections, notes, own, signature, source)


def _read_broken(data: bytes, error: MalformedXml, limits: Limits, source: bytes) -> Document:
    """The intact rows of a table file that no repair makes whole; none at all is an error."""
    notes, own = Notes(), Notes()
    sections = salvage(data, None, limits, notes, (1, 1), error)
    if not sections:
        raise error
    return _tables_alone(sections, notes, own, "absent", source)


def _tables_alone(
    sections: Sections, notes: Notes, own: Notes, signature: str, source: bytes
) -> Document:
    family = family_of([(s.name, s.leaning) for s in sections])
    rows: dict[str, list[Record]] = {}
    for section in sections:
        held = rows.setdefault(section.name, [])
        held += section.records(family, notes, len(held))
    return Document(
        kind=_KINDS.get(sections[0].name, DocumentKind.TABLE),
        family=family,
        claims=tuple(split(family, rows, (), (), notes, 0)),
        signature=signature,
        own_findings=own.all_at(None),
        source=source,
    )


def _read_archive(data: bytes, limits: Limits) -> Document:
    claims: list[Claim] = []
    own: list[Finding] = []
    documents: list[Document] = []
    others = 0
    for content in archive_members(data, limits, limits.document):
        if content is None:
            others += 1
            continue
        document = read(content, limits=limits)
        documents.append(replace(document, claims=(), source=None))
        claims += _renumbered(document.claims, len(claims))
        own += document.own_findings
    if not documents:
        raise UnknownEnvelope("ERR-XML-03", root="zip")
    if others:
        own.append(finding("BHYT-DOC-21", params={"count": str(others)}))
    first = documents[0]
    declared = [d.declared for d in documents if d.declared is not None]
    return replace(
        first,
        claims=tuple(claims),
        declared=sum(declared) if declared else None,
        signature=first.signature if len(documents) == 1 else "absent",
        own_findings=tuple(own),
        source=data,
    )


def _iter_archive(stream: BinaryIO, limits: Limits) -> Iterator[Claim]:
    number = 0
    for content in archive_members(stream, limits, limits.archive_bytes):
        if content is not None:
            for claim in _renumbered(read(content, limits=limits).claims, number):
                number += 1
                yield claim


def _renumbered(claims: Iterable[Claim], start: int) -> Iterator[Claim]:
    """The same claims as numbers ``start``, ``start + 1`` … of a larger whole."""
    for number, claim in enumerate(claims, start):
        moved = tuple(replace(f, encounter=number) for f in claim.findings)
        yield Claim.from_tables(claim.family, claim.tables, claim.parts, moved)
