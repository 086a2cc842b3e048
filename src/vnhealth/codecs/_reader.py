"""Read documents and streams of encounters: lenient in, nothing lost, everything odd reported."""

from __future__ import annotations

import binascii
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import pybase64
from lxml import etree

from vnhealth.codecs._archive import archive_members, is_archive
from vnhealth.codecs._limits import DEFAULT_LIMITS, Limits
from vnhealth.codecs._parts import Table, find_table, local, note, read_root, read_table
from vnhealth.codecs._xml import BOM, PARSER_OPTIONS, parse, refuse_doctype
from vnhealth.errors import CodecError, LimitExceeded, MalformedXml, UnknownEnvelope
from vnhealth.findings import Finding
from vnhealth.localtime import LocalTime
from vnhealth.records import Claim, Document, DocumentKind, Part, PartForm, Record
from vnhealth.spec import Family

__all__ = ["Source", "iter_claims", "read"]

Source = bytes | str | os.PathLike[str] | BinaryIO

_NAMES = frozenset(f"XML{number}" for number in range(100))
_FILE_TAGS = frozenset({"LOAIHOSO", "NOIDUNGFILE"})


@dataclass(slots=True)
class _Envelope:
    """What stands around the encounters of a GIAMDINHHS."""

    facility: str | None = None
    created: LocalTime | None = None
    declared: int | None = None
    signature: str = "absent"
    notes: list[Finding] = field(default_factory=list)


def read(source: Source, *, limits: Limits = DEFAULT_LIMITS) -> Document:
    """Read one document into memory: an envelope, a check-in, an assessment or a bare table.

    ``source`` is bytes, a path or a binary file. Whatever is wrong with the data becomes a finding
    of the result. Raises only `vnhealth.errors.CodecError`: unsafe or malformed XML, an unknown
    root, a limit, an unreadable file.

    >>> doc = read(b"<TONG_HOP><MA_LK>A1</MA_LK><MA_LOAI_KCB>01</MA_LOAI_KCB></TONG_HOP>")
    >>> doc.kind.value, doc.claims[0].xml1.ma_loai_kcb
    ('table', '01')
    """
    data = _bytes(source, limits)
    if is_archive(data):
        return _merge([read(content, limits=limits) for content in archive_members(data, limits)])
    parsed = parse(data, Limits(part=limits.document))
    notes = [note(code, params=params) for code, params in parsed.notes]
    root = parsed.root
    if local(root) == "VNHEALTH" and len(root) and local(root[0]) == "GIAMDINHHS":
        documents = [_envelope(child, limits, []) for child in root]
        merged = _merge(documents)
        return _with(merged, notes, data)
    if local(root) == "GIAMDINHHS":
        return _with(_envelope(root, limits, notes), [], data)
    return _with(_bare(root, limits, notes), [], data)


def iter_claims(source: Source, *, limits: Limits = DEFAULT_LIMITS) -> Iterator[Claim]:
    """Encounters of a file of any size, one at a time, in flat memory.

    Each claim carries its own findings. What is said about the envelope as a whole is known only
    to `read`. Archives are read member by member. Raises like `read`, possibly in the middle.
    """
    stream, close = _stream(source)
    try:
        head = stream.read(4)
        stream.seek(0)
        if is_archive(head):
            start = 0
            for content in archive_members(stream, limits):
                document = read(content, limits=limits)
                for claim in document.claims:
                    yield _renumber(claim, start)
                    start += 1
            return
        yield from _iter_stream(stream, limits)
    finally:
        if close:
            stream.close()


def _iter_stream(stream: BinaryIO, limits: Limits) -> Iterator[Claim]:
    position = stream.tell()
    while stream.read(3) == BOM:
        position = stream.tell()
    stream.seek(position)
    index = 0
    try:
        events = etree.iterparse(stream, events=("start", "end"), **PARSER_OPTIONS)
        root: etree._Element | None = None
        for event, element in events:
            if event == "start":
                if root is None:
                    root = element
                    refuse_doctype(root)
                    if local(root) != "GIAMDINHHS":
                        break
                continue
            if element.tag == "HOSO":
                for claim in _hoso(element, index, limits):
                    yield claim
                    index += 1
                element.clear()
                parent = element.getparent()
                while parent is not None and element.getprevious() is not None:
                    del parent[0]
        else:
            return
    except etree.XMLSyntaxError:
        if index:
            raise MalformedXml("ERR-XML-01", where=f"sau hồ sơ/after encounter {index}") from None
    stream.seek(position)
    yield from read(stream.read(), limits=limits).claims


def _with(document: Document, notes: list[Finding], source: bytes) -> Document:
    from dataclasses import replace

    own = (*notes, *document.own_findings)
    return replace(document, own_findings=own, source=source)


def _envelope(root: etree._Element, limits: Limits, notes: list[Finding]) -> Document:
    around = _Envelope(notes=notes)
    claims: list[Claim] = []
    for element in root.iter("{*}MACSKCB", "{*}NGAYLAP", "{*}SOLUONGHOSO", "{*}HOSO"):
        if local(element) == "HOSO":
            claims += _hoso(element, len(claims), limits)
        else:
            _header(around, local(element), (element.text or "").strip())
    around.signature = _signature(root)
    if not claims:
        around.notes.append(note("BHYT-DOC-09"))
    around.notes += _about_signature(around.signature)
    family = claims[0].family if claims else Family.F130
    return Document(
        kind=DocumentKind.ENVELOPE,
        family=family,
        claims=tuple(claims),
        facility=around.facility,
        created=around.created,
        declared=around.declared,
        signature=around.signature,
        own_findings=tuple(around.notes),
    )


def _header(around: _Envelope, tag: str, text: str) -> None:
    if tag == "MACSKCB" and around.facility is None:
        around.facility = text or None
    elif tag == "NGAYLAP" and around.created is None:
        try:
            around.created = LocalTime.parse(text)
        except ValueError:
            around.notes.append(note("BHYT-DOC-11"))
    elif tag == "SOLUONGHOSO" and around.declared is None:
        if text.isascii() and text.isdigit():
            around.declared = int(text)
        else:
            around.notes.append(note("BHYT-DOC-12"))


def _signature(root: etree._Element) -> str:
    found = root.find("{*}CHUKYDONVI")
    if found is None:
        return "absent"
    return "present" if len(found) or (found.text or "").strip() else "empty"


def _about_signature(state: str) -> list[Finding]:
    code = {"absent": "BHYT-DOC-10", "empty": "BHYT-DOC-07"}.get(state)
    return [note(code)] if code else []


def _hoso(hoso: etree._Element, index: int, limits: Limits) -> list[Claim]:
    """The encounters of one HOSO: one, unless a batch export put many into it."""
    notes: list[Finding] = []
    parts: list[Part] = []
    tables: dict[Table, list[Record]] = {}
    hint: Family | None = None
    files = [child for child in hoso if local(child) == "FILEHOSO"]
    for position, file in enumerate(files):
        name, part, which, rows = _file(file, index, position, limits, notes, hint)
        if part is not None:
            parts.append(part)
        if which is not None:
            hint = hint or which.family
            tables.setdefault(Table(hint, which.name), [])
            if which.family is hint:
                tables[Table(hint, which.name)] += rows
            else:
                notes.append(note("BHYT-PART-10", index, name))
    family = hint or Family.F130
    held = {t.name: tuple(rows) for t, rows in tables.items() if rows}
    return _split(family, held, tuple(parts), notes, index)


def _file(
    file: etree._Element,
    index: int,
    position: int,
    limits: Limits,
    notes: list[Finding],
    hint: Family | None,
) -> tuple[str, Part | None, Table | None, tuple[Record, ...]]:
    name, node = "", None
    for child in file:
        tag = child.tag if child.tag in _FILE_TAGS else local(child)
        if tag == "LOAIHOSO":
            name = (child.text or "").strip().upper()
        elif tag == "NOIDUNGFILE":
            node = child
    declared = name if name in _NAMES else None
    if declared is None:
        notes.append(note("BHYT-PART-11", index, params={"file": str(position)}))
    if node is None:
        notes.append(note("BHYT-PART-03", index, declared))
        return name, None, None, ()
    if len(node):
        inner = node[0]
        notes.append(note("BHYT-PART-02", index, declared))
        content = etree.tostring(inner, encoding="utf-8", with_tail=False)
        which, rows = read_root(inner, declared, index, limits, notes, hint)
        return name, Part(name, PartForm.INLINE, content), which, rows
    form, content = _content(node.text or "", index, declared, limits, notes)
    if form is PartForm.EMPTY or form is PartForm.UNREADABLE:
        return name, Part(name, form, content), None, ()
    which, rows = read_table(content, declared, index, limits, notes, hint)
    return name, Part(name, form, content), which, rows


def _content(
    text: str, index: int, declared: str | None, limits: Limits, notes: list[Finding]
) -> tuple[PartForm, bytes]:
    """The bytes of a NOIDUNGFILE, whatever form it has."""
    if len(text) > limits.part * 4 // 3 + 8:
        raise LimitExceeded("ERR-XML-04", limit=f"{limits.part // (1024 * 1024)} MiB (base64)")
    try:
        content = pybase64.b64decode(text, validate=True)
        if content:
            return PartForm.BASE64, content
    except (binascii.Error, ValueError):
        pass
    bare = text.strip()
    if not bare:
        notes.append(note("BHYT-PART-03", index, declared))
        return PartForm.EMPTY, b""
    if bare.startswith("<"):
        notes.append(note("BHYT-PART-02", index, declared))
        return PartForm.TEXT, bare.encode()
    try:
        content = pybase64.b64decode("".join(bare.split()), validate=True)
    except (binascii.Error, ValueError):
        notes.append(note("BHYT-PART-04", index, declared))
        return PartForm.UNREADABLE, text.encode()
    notes.append(note("BHYT-PART-01", index, declared))
    return PartForm.WRAPPED, content


def _split(
    family: Family,
    tables: dict[str, tuple[Record, ...]],
    parts: tuple[Part, ...],
    notes: list[Finding],
    index: int,
) -> list[Claim]:
    """One claim, or one per MA_LK when XML1 says that there are several episodes in it."""
    summaries = tables.get("XML1", ())
    if len(summaries) <= 1:
        return [Claim.from_tables(family, tables, parts, tuple(notes))]
    links = list(dict.fromkeys(row["MA_LK"] for row in summaries))
    if len(links) == 1:
        return [Claim.from_tables(family, tables, parts, tuple(notes))]
    notes.append(note("BHYT-DOC-13", index, params={"count": str(len(links))}))
    rows: dict[str | None, dict[str, list[Record]]] = {link: {} for link in links}
    for name, held in tables.items():
        for row in held:
            rows.setdefault(row["MA_LK"], {}).setdefault(name, []).append(row)
    out = []
    for offset, by_name in enumerate(rows.values()):
        split = {name: tuple(held) for name, held in by_name.items()}
        own = tuple(notes) if offset == 0 else ()
        out.append(Claim.from_tables(family, split, parts if offset == 0 else (), own))
    return out


def _bare(root: etree._Element, limits: Limits, notes: list[Finding]) -> Document:
    """A stand-alone XML0 or XML12, or one inner table on its own."""
    first = root[0] if local(root) == "VNHEALTH" and len(root) else root
    which = find_table(first)
    if which is None:
        raise UnknownEnvelope("ERR-XML-03", root=_shown(local(first)))
    found: list[Finding] = []
    _, rows = read_root(root, None, 0, limits, found)
    kind = {"XML0": DocumentKind.CHECKIN, "XML12": DocumentKind.ASSESSMENT}.get(
        which.name, DocumentKind.TABLE
    )
    signature = "absent"
    if kind is not DocumentKind.TABLE:
        signature = _signature(root)
        notes = notes + _about_signature(signature)
    by_link: dict[str | None, list[Record]] = {}
    for row in rows:
        by_link.setdefault(row["MA_LK"] if "ma_lk" in row.ATTRS else None, []).append(row)
    claims = [
        Claim.from_tables(
            which.family, {which.name: tuple(held)}, (), tuple(found) if not i else ()
        )
        for i, held in enumerate(by_link.values())
    ]
    return Document(
        kind=kind,
        family=which.family,
        claims=tuple(claims),
        signature=signature,
        own_findings=tuple(notes),
    )


def _shown(tag: str) -> str:
    return tag[:40] if tag.replace("_", "").isalnum() and tag.isascii() else "…"


def _merge(documents: Iterable[Document]) -> Document:
    held = list(documents)
    if not held:
        raise UnknownEnvelope("ERR-XML-03", root="zip")
    claims: list[Claim] = []
    own: list[Finding] = []
    for document in held:
        claims += [_renumber(c, len(claims) + i) for i, c in enumerate(document.claims)]
        own += document.own_findings
    first = held[0]
    return Document(
        kind=first.kind,
        family=first.family,
        claims=tuple(claims),
        facility=first.facility,
        created=first.created,
        declared=sum(d.declared or 0 for d in held),
        signature=first.signature if len(held) == 1 else "absent",
        own_findings=tuple(own),
    )


def _renumber(claim: Claim, index: int) -> Claim:
    from dataclasses import replace

    moved = tuple(replace(f, encounter=index) for f in claim.findings)
    return Claim.from_tables(claim.family, claim.tables, claim.parts, moved)


def _bytes(source: Source, limits: Limits) -> bytes:
    if isinstance(source, bytes):
        return source
    stream, close = _stream(source)
    try:
        data = stream.read(limits.document + 1)
    except OSError as error:
        raise CodecError("ERR-XML-06", path=_name(source), reason=error.strerror or "") from None
    finally:
        if close:
            stream.close()
    if len(data) > limits.document:
        raise LimitExceeded("ERR-XML-04", limit=f"{limits.document // (1024 * 1024)} MiB")
    return data


def _name(source: Source) -> str:
    return Path(source).name if isinstance(source, str | os.PathLike) else "stream"


def _stream(source: Source) -> tuple[BinaryIO, bool]:
    if isinstance(source, bytes):
        return BytesIO(source), True
    if isinstance(source, str | os.PathLike):
        try:
            return open(source, "rb"), True
        except OSError as error:
            raise CodecError(
                "ERR-XML-06", path=_name(source), reason=error.strerror or ""
            ) from None
    if not source.seekable():
        return BytesIO(source.read()), True
    return source, False
