"""One HOSO: its table files in whatever form they came, and the encounters in them."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import pybase64
from lxml import etree

from vnhealth.codecs._cut import Piece, cut
from vnhealth.codecs._encoding import position
from vnhealth.codecs._limits import MIB, Limits
from vnhealth.codecs._notes import Notes, safe_tag
from vnhealth.codecs._parts import Sections, family_of, is_plain, read_part, read_root
from vnhealth.codecs._xml import Parsed, check_size, is_wrapper, local, parse_clean
from vnhealth.errors import LimitExceeded, MalformedXml
from vnhealth.records import Claim, Part, PartForm, Record
from vnhealth.spec import Family

__all__ = ["largest_base64", "read_files", "read_hoso", "read_piece", "split"]

_NAMES = frozenset(f"XML{number}" for number in range(100))
_BLANKS = " \t\r\n\ufeff"
_URL_ALPHABET = str.maketrans("-_", "+/")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={0,2}", re.ASCII)
_LOAIHOSO = re.compile(rb"<(?:\w{1,40}:)?LOAIHOSO[^<>]{0,300}>([^<]{0,40})", re.IGNORECASE)
_OPEN = re.compile(rb"<(?:\w{1,40}:)?NOIDUNGFILE[^<>]{0,300}>", re.IGNORECASE)
_CLOSE = re.compile(rb"</(?:\w{1,40}:)?NOIDUNGFILE\s{0,20}>", re.IGNORECASE)


@dataclass(slots=True)
class _Case:
    """A HOSO while it is read."""

    limits: Limits
    notes: Notes = field(default_factory=Notes)
    outer: Notes = field(default_factory=Notes)
    parts: list[Part] = field(default_factory=list)
    contents: list[Sections] = field(default_factory=list)
    files: int = 0

    def add(self, part: Part, content: Sections) -> None:
        self.parts.append(part)
        self.contents.append(content)

    def parse(self, piece: Piece) -> Parsed:
        """The tree of a piece of the envelope. Raises `MalformedXml`."""
        check_size(piece.data, self.limits, self.limits.document)
        parsed = parse_clean(piece.data, [], piece.origin)
        self.outer.extend((n for n in parsed.notes if n[0] == "BHYT-DOC-19"), None)
        self.notes.extend((n for n in parsed.notes if n[0] != "BHYT-DOC-19"), None)
        return parsed

    def _note_repeated_tables(self, names: Iterable[str]) -> None:
        for name in names:
            count = sum(any(s.name == name for s in c) for c in self.contents)
            if count > 1:
                self.notes.say("BHYT-PART-06", name, params={"count": str(count)})

    def claims(self, index: int) -> list[Claim]:
        """The encounters, the first of which has number ``index`` in its document."""
        sections = [section for content in self.contents for section in content]
        family = family_of([(s.name, s.leaning) for s in sections])
        rows: dict[str, list[Record]] = {}
        others: set[str] = set()
        for section in sections:
            held = rows.get(section.name)
            if held is None:
                held = rows[section.name] = []
            held += section.records(family, self.notes, len(held))
            if not section.fitting:
                others.add(section.name)
            if section.leaning and (section.leaning > 0) is not (family is Family.F130):
                self.notes.count("BHYT-PART-10", section.name)
        if len(sections) > len(rows):
            self._note_repeated_tables(rows)
        summaries = rows.get("XML1", ())
        links = dict.fromkeys(row["MA_LK"] for row in summaries) if len(summaries) > 1 else {}
        if len(links) > 1:
            self.notes.say("BHYT-DOC-13", params={"count": str(len(links))})
            return split(family, rows, list(links), tuple(self.parts), self.notes, index)
        tables = {name: tuple(held) for name, held in rows.items() if held}
        fitting = frozenset(rows.keys() - others)
        found = self.notes.all_at(index)
        return [Claim.from_tables(family, tables, tuple(self.parts), found, fitting)]


def split(
    family: Family,
    rows: Mapping[str, Iterable[Record]],
    links: Iterable[str | None],
    parts: tuple[Part, ...],
    notes: Notes,
    index: int,
) -> list[Claim]:
    """One claim per MA_LK, in the order of ``links``; each finding goes where its row went."""
    cases: dict[str | None, dict[str, list[Record]]] = {link: {} for link in links}
    places: dict[tuple[str, int], tuple[int, int]] = {}
    numbers = {link: number for number, link in enumerate(cases, index)}
    for name, held in rows.items():
        for order, row in enumerate(held):
            link = row["MA_LK"] if "ma_lk" in row.ATTRS else None
            if link not in cases:
                cases[link], numbers[link] = {}, index + len(cases)
            kept = cases[link].setdefault(name, [])
            places[name, order] = numbers[link], len(kept)
            kept.append(row)

    def place(table: str | None, row: int | None) -> tuple[int | None, int | None]:
        if table is None or row is None:
            return index, row
        return places.get((table, row), (index, row))

    found = notes.findings(place)
    claims = []
    for link, tables in cases.items():
        number = numbers[link]
        own = tuple(f for f in found if f.encounter == number)
        held_ = {name: tuple(kept) for name, kept in tables.items()}
        claims.append(Claim.from_tables(family, held_, parts if number == index else (), own))
    return claims


def read_hoso(hoso: etree._Element, index: int, limits: Limits) -> list[Claim]:
    """The encounters of one HOSO: one, unless a batch export put many into it."""
    case = _Case(limits)
    for child in _children(hoso, case.notes):
        if child.tag == "FILEHOSO" or local(child) == "FILEHOSO":
            _read_file(child, case)
        elif local(hoso) == "HOSO":
            case.notes.count("BHYT-DOC-18", tag=safe_tag(local(child)))
    return case.claims(index)


def read_files(files: Iterable[tuple[str, bytes]], index: int, limits: Limits) -> list[Claim]:
    """The same for table files whose names and contents are known."""
    case = _Case(limits)
    for name, data in files:
        content = read_part(data, name, limits, case.notes)
        case.add(Part(name, PartForm.BASE64, data, is_plain(content)), content)
    return case.claims(index)


def read_piece(piece: Piece, index: int, limits: Limits, outer: Notes) -> list[Claim]:
    """The same for a HOSO cut out of a document that is not XML as a whole.

    ``outer`` takes what is said of the document and not of the encounter.
    """
    case = _Case(limits, outer=outer)
    try:
        parsed = case.parse(piece)
    except MalformedXml as error:
        case.notes.say("BHYT-DOC-04", params=error.params)
        for file in cut(piece.data, "FILEHOSO", piece.origin)[0]:
            _salvage_file(file, case)
        return case.claims(index)
    for hoso in parsed.root if is_wrapper(parsed.root) else (parsed.root,):
        for child in _children(hoso, case.notes):
            if local(child) == "FILEHOSO":
                _read_file(child, case)
            else:
                case.notes.count("BHYT-DOC-18", tag=safe_tag(local(child)))
    return case.claims(index)


def _children(element: etree._Element, notes: Notes) -> Iterator[etree._Element]:
    """The children of a wrapper, and a note for what else it holds."""
    loose = element.text
    for child in element:
        if loose and loose.strip(_BLANKS):
            notes.count("BHYT-DOC-17")
        loose = child.tail
        yield child
    if loose and loose.strip(_BLANKS):
        notes.count("BHYT-DOC-17")
    if element.keys():
        notes.count("BHYT-DOC-22", tag=safe_tag(local(element)))


def _read_file(file: etree._Element, case: _Case) -> None:
    names: list[str] = []
    nodes: list[etree._Element] = []
    for child in _children(file, case.notes):
        tag = local(child)
        if tag == "LOAIHOSO":
            names.append("".join(child.itertext()).strip(_BLANKS).upper())
        elif tag == "NOIDUNGFILE":
            nodes.append(child)
        else:
            case.notes.count("BHYT-DOC-18", tag=safe_tag(tag))
        if child.keys():
            case.notes.count("BHYT-DOC-22", tag=safe_tag(tag))
    name, declared = _declared(names[0] if names else "", case)
    if len(names) > 1 or len(nodes) > 1:
        count = str(max(len(names), len(nodes)))
        case.notes.say("BHYT-PART-13", declared, params={"count": count})
    if not nodes:
        case.notes.count("BHYT-PART-03", declared)
    for node in nodes:
        if len(node):
            _read_inline(node, name, declared, case)
        else:
            _read_text(node.text or "", name, declared, case)


def _declared(name: str, case: _Case) -> tuple[str, str | None]:
    case.files += 1
    if name in _NAMES:
        return name, name
    case.notes.say("BHYT-PART-11", params={"file": str(case.files)})
    return name, None


def _read_inline(node: etree._Element, name: str, declared: str | None, case: _Case) -> None:
    case.notes.count("BHYT-PART-02", declared)
    content: Sections = []
    raw: list[bytes] = [(node.text or "").strip(_BLANKS).encode()]
    for child in node:
        raw.append(etree.tostring(child, encoding="utf-8", with_tail=False))
        raw.append((child.tail or "").strip(_BLANKS).encode())
        content += read_root(child, declared, case.limits, case.notes)
    if any(raw[0::2]):
        case.notes.count("BHYT-PART-14", declared)
    case.add(Part(name, PartForm.INLINE, b"".join(raw)), content)


def _read_text(
    text: str, name: str, declared: str | None, case: _Case, origin: tuple[int, int] = (1, 1)
) -> None:
    form, data = _content(text, declared, case)
    content: Sections = []
    if data and form is not PartForm.UNREADABLE:
        at = origin if form is PartForm.TEXT else (1, 1)
        content = read_part(data, declared, case.limits, case.notes, at)
    case.add(Part(name, form, data, is_plain(content)), content)


def largest_base64(limits: Limits) -> int:
    """How long the base64 of a part may be, with its line ends."""
    return limits.part * 3 // 2 + 64


def _content(text: str, declared: str | None, case: _Case) -> tuple[PartForm, bytes]:
    """The bytes of a NOIDUNGFILE, whatever form it has."""
    if len(text) > largest_base64(case.limits):
        raise LimitExceeded("ERR-XML-04", limit=f"{case.limits.part // MIB} MiB (base64)")
    try:
        data = pybase64.b64decode(text, validate=True)
        if data:
            return PartForm.BASE64, data
    except (binascii.Error, ValueError):
        pass
    bare = text.strip(_BLANKS)
    if not bare:
        case.notes.count("BHYT-PART-03", declared)
        return PartForm.EMPTY, b""
    if bare.startswith("<"):
        case.notes.count("BHYT-PART-02", declared)
        return PartForm.TEXT, text.strip(" \t\r\n").encode("utf-8", "surrogateescape")
    joined = "".join(bare.split())
    if not _BASE64.fullmatch(joined):
        case.notes.say("BHYT-PART-04", declared)
        return PartForm.UNREADABLE, text.encode("utf-8", "surrogateescape")
    plain = joined.rstrip("=").translate(_URL_ALPHABET)
    padded = plain + "=" * (-len(plain) % 4)
    try:
        data = pybase64.b64decode(padded, validate=True)
    except (binascii.Error, ValueError):
        case.notes.say("BHYT-PART-04", declared)
        return PartForm.UNREADABLE, text.encode("utf-8", "surrogateescape")
    if joined != bare:
        case.notes.count("BHYT-PART-01", declared)
    if padded != joined:
        case.notes.count("BHYT-PART-12", declared)
    return PartForm.WRAPPED, data


def _salvage_file(file: Piece, case: _Case) -> None:
    """A FILEHOSO out of a HOSO that no repair makes whole."""
    try:
        parsed = case.parse(file)
    except MalformedXml:
        pass
    else:
        if not is_wrapper(parsed.root):
            _read_file(parsed.root, case)
            return
    named = _LOAIHOSO.search(file.data)
    given = named[1].decode("utf-8", "replace").strip().upper() if named else ""
    name, declared = _declared(given, case)
    opened = _OPEN.search(file.data)
    if opened is None:
        case.notes.count("BHYT-PART-03", declared)
        return
    closed = list(_CLOSE.finditer(file.data, opened.end()))
    end = closed[-1].start() if closed else len(file.data)
    start = end - len(file.data[opened.end() : end].lstrip())
    text = file.data[start:end].decode("utf-8", "surrogateescape")
    at = position(file.data, start, file.origin)
    _read_text(text, name, declared, case, (int(at["line"]), int(at["column"])))
