"""Repairs of a whole document: its start, its base64 parts, and the tables inside them."""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from unicodedata import normalize

import pybase64
from lxml import etree

from vnhealth.codecs import read
from vnhealth.codecs._encoding import CodeNote
from vnhealth.codecs._repair import namespace_names, stray_markup
from vnhealth.errors import CodecError
from vnhealth.records import Claim, Document, DocumentKind
from vnhealth.repair._markup import CDATA, Edit, Node, applied, tree
from vnhealth.repair._model import Proposal, Repair
from vnhealth.repair._rows import TableRepair
from vnhealth.spec import Edition, TableSpec, table, tables

__all__ = ["propose"]

BOM = b"\xef\xbb\xbf"
DECLARATION = b'<?xml version="1.0" encoding="utf-8"?>\n'
LARGEST = 64 * 1024 * 1024
_SPACE = b" \t\r\n"
_BROKEN = frozenset(f"BHYT-DOC-{n}" for n in ("02", "03", "04", "05", "08", "14", "15", "16"))
_URL_ALPHABET = bytes.maketrans(b"-_", b"+/")


def propose(source: bytes, *, nfc: bool = False) -> Proposal:
    """All loss-free mechanical repairs of a document, and its bytes with them done.

    Values keep their meaning: the result is read again and must give the same records, or nothing
    is offered. Bytes that no repair of the list touches stay as they were. ``nfc`` adds the
    normalisation of names and texts to Unicode NFC. Signed documents, archives and documents that
    are no well-formed UTF-8 XML are refused. Never raises for what stands in a document.

    >>> row = b"<TONG_HOP><MA_LK> A1 </MA_LK></TONG_HOP>"
    >>> [r.kind for r in propose(row).repairs][:2]
    ['trim', 'empty_tags']
    """
    if len(source) > LARGEST:
        return Proposal(source, refused="large")
    if source[:2] == b"PK":
        return Proposal(source, refused="archive")
    try:
        document = read(source)
    except CodecError:
        return Proposal(source, refused="unreadable")
    if document.signature == "present":
        return Proposal(source, refused="signed")
    if any(f.code in _BROKEN and f.table is None for f in document.findings):
        return Proposal(source, refused="malformed")
    job = _Job(document, nfc)
    try:
        data = job.run(source)
    except ValueError:
        return Proposal(source, refused="batch" if job.batch else "malformed")
    if not job.repairs:
        return Proposal(source)
    if not _same(document, data, nfc):
        return Proposal(source, refused="loss")
    return Proposal(data, tuple(job.repairs))


@dataclass(slots=True)
class _Job:
    document: Document
    nfc: bool
    repairs: list[Repair] = field(default_factory=list)
    batch: bool = False

    def run(self, source: bytes) -> bytes:
        """The repaired bytes. Raises `ValueError` when the document is not laid out as expected."""
        data = self._start(source)
        if not _well_formed(data):
            raise ValueError("not well-formed")
        top = tree(data)
        if self.document.kind is DocumentKind.ENVELOPE:
            return applied(data, self._envelope(data, top))
        edition = self.document.claims[0].edition()
        return applied(data, self._tables(data, top, edition, None, {}))

    def _start(self, data: bytes, encounter: int | None = None, name: str | None = None) -> bytes:
        """Without byte-order marks and blanks before the declaration."""
        while data.startswith(BOM):
            self.repairs.append(Repair("bom", encounter, name))
            data = data[len(BOM) :]
        bare = data.lstrip(_SPACE)
        if bare != data and bare.startswith(b"<?xml"):
            self.repairs.append(Repair("leading_blanks", encounter, name))
            data = bare
        return data

    def _mended(self, data: bytes, encounter: int, name: str) -> bytes:
        """Text that is almost XML, by the loss-free repairs that a reader makes too."""
        if _well_formed(data):
            return data
        for kind, mend in (("namespace", namespace_names), ("escape", _escaped)):
            notes: list[CodeNote] = []
            fixed = mend(data, notes)
            if notes:
                self.repairs.append(Repair(kind, encounter, name))
                data = fixed
        return data

    def _envelope(self, data: bytes, top: Node) -> list[Edit]:
        hosos = top.below("HOSO")
        claims = self.document.claims
        if len(hosos) != len(claims):
            self.batch = True
            raise ValueError("a HOSO is not an encounter")
        edits: list[Edit] = []
        for number, (hoso, claim) in enumerate(zip(hosos, claims, strict=True)):
            rows: dict[str, TableRepair] = {}
            for file in hoso.named("FILEHOSO"):
                edits += self._file(data, file, claim, number, rows)
        return edits

    def _file(
        self,
        data: bytes,
        file: Node,
        claim: Claim,
        encounter: int,
        rows: dict[str, TableRepair],
    ) -> list[Edit]:
        names, contents = file.named("LOAIHOSO"), file.named("NOIDUNGFILE")
        if len(names) != 1 or len(contents) != 1 or not names[0].plain:
            return []
        name = data[names[0].inside : names[0].outside].strip(_SPACE).decode("utf-8", "replace")
        place = contents[0]
        before = len(self.repairs)
        part = self._part(data, place, encounter, name)
        if part is None:
            return []
        part = self._start(part, encounter, name)
        part = self._mended(part, encounter, name)
        if not _well_formed(part) or not _is_utf8(part):
            del self.repairs[before:]
            return []
        if not part.startswith(b"<?xml"):
            self.repairs.append(Repair("declaration", encounter, name))
            part = DECLARATION + part
        top = tree(part)
        if _odd_line_ends(part, top):
            self.repairs.append(Repair("line_ends", encounter, name))
            part = part.replace(b"\r\r\n", b"\r\n")
            top = tree(part)
        part = applied(part, self._tables(part, top, claim.edition(), encounter, rows))
        if len(self.repairs) == before:
            return []
        return [(place.inside, place.outside, pybase64.b64encode(part))]

    def _part(self, data: bytes, place: Node, encounter: int, name: str) -> bytes | None:
        """The table file of a NOIDUNGFILE, or None when it is left alone."""
        raw = data[place.inside : place.outside]
        if place.children:
            inside = raw.strip(_SPACE)
            if not place.plain or b":" in b"".join(n.name for n in _all(place)):
                return None
            self.repairs.append(Repair("inline_part", encounter, name))
            return inside
        if found := CDATA.fullmatch(raw.strip(_SPACE)):
            if b"<" not in found[1]:
                return None
            self.repairs.append(Repair("inline_part", encounter, name))
            return found[1].strip(_SPACE)
        if not place.plain or not raw.strip(_SPACE) or raw.lstrip(_SPACE)[:1] in (b"<", b"&"):
            return None
        joined = b"".join(raw.split())
        plain = joined.rstrip(b"=").translate(_URL_ALPHABET)
        padded = plain + b"=" * (-len(plain) % 4)
        try:
            part = pybase64.b64decode(padded, validate=True)
        except (binascii.Error, ValueError):
            return None
        if joined != raw:
            self.repairs.append(Repair("base64_lines", encounter, name))
        if padded != joined:
            self.repairs.append(Repair("base64_alphabet", encounter, name))
        return part

    def _tables(
        self,
        data: bytes,
        top: Node,
        edition: Edition,
        encounter: int | None,
        rows: dict[str, TableRepair],
    ) -> list[Edit]:
        edits: list[Edit] = []
        for root in top.children:
            spec = _table_of(edition, root.local)
            if spec is None:
                continue
            job = rows.setdefault(spec.table, TableRepair(spec, encounter, nfc=self.nfc))
            edits += job.edits(data, root)
            self.repairs += job.repairs
            job.repairs.clear()
        return edits


def _escaped(data: bytes, notes: list[CodeNote]) -> bytes:
    return stray_markup(data, notes, (1, 1))


def _all(node: Node) -> Iterator[Node]:
    for child in node.children:
        yield child
        yield from _all(child)


def _odd_line_ends(data: bytes, top: Node) -> bool:
    """True when CR CR LF stands between elements, and nowhere in a value."""
    return b"\r\r\n" in data and not any(
        b"\r\r\n" in data[node.inside : node.outside] for node in _all(top) if not node.children
    )


def _table_of(edition: Edition, root: str) -> TableSpec | None:
    for name in tables(edition):
        spec = table(edition, name)
        if root in (spec.root, spec.list, spec.row):
            return spec
    return None


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _well_formed(data: bytes) -> bool:
    """True for XML that a strict parser takes, with no DTD in it."""
    if b"<!DOCTYPE" in data:
        return False
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        return False
    return True


def _same(before: Document, data: bytes, nfc: bool) -> bool:
    """True when the repaired bytes are read as the same records in the same document."""
    try:
        after = read(data)
    except CodecError:
        return False
    heads = [(d.kind, d.family, d.facility, d.created, d.declared) for d in (before, after)]
    if heads[0] != heads[1] or len(before) != len(after):
        return False
    return all(
        _content(a, nfc) == _content(b, nfc)
        for a, b in zip(before.claims, after.claims, strict=True)
    )


def _content(claim: Claim, nfc: bool) -> Any:
    if not nfc:
        return claim
    return {
        name: [
            {
                tag: normalize("NFC", value) if isinstance(value, str) else value
                for tag, value in row.to_dict().items()
            }
            for row in rows
        ]
        for name, rows in claim.tables.items()
    }
