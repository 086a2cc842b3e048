"""The hardened parser and the loss-free repairs of documents that are not quite XML."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cache
from typing import TypedDict

from lxml import etree

from vnhealth.codecs._limits import DEFAULT_LIMITS, Limits
from vnhealth.errors import LimitExceeded, MalformedXml, UnsafeXml
from vnhealth.spec import Edition, table, tables

__all__ = ["PARSER_OPTIONS", "Parsed", "parse", "refuse_doctype", "wrap_roots"]


class _Options(TypedDict):
    resolve_entities: bool
    no_network: bool
    load_dtd: bool
    huge_tree: bool
    remove_comments: bool
    remove_pis: bool


PARSER_OPTIONS: _Options = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}

BOM = b"\xef\xbb\xbf"
_BAD_XSI = re.compile(rb"(xmlns:\w+\s*=\s*[\"'])([^\"'<>]*\s[^\"'<>]*)([\"'])")
_DECLARATION = re.compile(rb"<\?xml[^>]{0,200}\?>")
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_LIFT_FROM = 9_000_000
_LONG_BASE64 = re.compile(rb"<NOIDUNGFILE>([A-Za-z0-9+/=\s]{1000000,})", re.ASCII)
_LIFTED = re.compile(r"@vnhealth-part-([0-9]{1,9})@")
_ENTITY = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)")
_STRUCTURE = (
    "GIAMDINHHS THONGTINDONVI MACSKCB THONGTINHOSO NGAYLAP SOLUONGHOSO DANHSACHHOSO HOSO "
    "FILEHOSO LOAIHOSO NOIDUNGFILE CHUKYDONVI"
)


@dataclass(slots=True)
class Parsed:
    """A tree and what had to be done to get it, as (code, params)."""

    root: etree._Element
    notes: list[tuple[str, dict[str, str]]] = field(default_factory=list)


@cache
def _parser() -> etree.XMLParser:
    return etree.XMLParser(collect_ids=False, **PARSER_OPTIONS)


def refuse_doctype(root: etree._Element) -> None:
    """Raise `UnsafeXml` when the document brought a DTD."""
    if root.getroottree().docinfo.internalDTD is not None:
        raise UnsafeXml("ERR-XML-02", what="DOCTYPE")


def _parse_strict(data: bytes) -> etree._Element:
    if b"<!DOCTYPE" in data[:1024]:
        raise UnsafeXml("ERR-XML-02", what="DOCTYPE")
    lifted: list[bytes] = []
    if len(data) > _LIFT_FROM:
        data = _LONG_BASE64.sub(lambda m: _lift(m, lifted), data)
    root = etree.fromstring(data, _parser())
    refuse_doctype(root)
    if lifted:
        for element in root.iter("{*}NOIDUNGFILE"):
            number = _LIFTED.fullmatch(element.text or "")
            if number and int(number[1]) < len(lifted):
                element.text = lifted[int(number[1])].decode("ascii")
    return root


def _lift(found: re.Match[bytes], lifted: list[bytes]) -> bytes:
    """Take a long base64 text out before parsing: libxml2 refuses text nodes over 10 MB."""
    lifted.append(found[1])
    return b"<NOIDUNGFILE>@vnhealth-part-%d@" % (len(lifted) - 1)


def parse(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Parsed:
    """Parse bytes; repair what can be repaired without losing a character; say what was done.

    Repairs, in this order: byte-order marks, text that is not UTF-8, namespace names with a blank,
    several roots in one file (wrapped in an element ``vnhealth``), raw ``&`` and ``<`` in values.

    Raises `UnsafeXml` (DTD or entities), `LimitExceeded`, `MalformedXml` with the position.
    """
    if len(data) > limits.part:
        raise LimitExceeded("ERR-XML-04", limit=f"{limits.part // (1024 * 1024)} MiB")
    try:
        return _parsed(data)
    except etree.XMLSyntaxError as error:
        raise _malformed(error) from None


def _parsed(data: bytes) -> Parsed:
    notes: list[tuple[str, dict[str, str]]] = []
    if data.startswith(BOM):
        count = 0
        while data.startswith(BOM):
            data, count = data[3:], count + 1
        notes.append(("BHYT-DOC-01", {"count": str(count)}))
    if b"\r\r\n" in data[:1024]:
        notes.append(("BHYT-DOC-06", {}))
    try:
        return Parsed(_parse_strict(data), notes)
    except etree.XMLSyntaxError as error:
        first = error
    data = _decoded(data, notes)
    fixed = _BAD_XSI.sub(lambda m: m[1] + m[2].replace(b" ", b"-") + m[3], data)
    if fixed != data:
        data = fixed
        notes.append(("BHYT-DOC-02", {}))
    for attempt in (lambda d: d, wrap_roots, _escape_stray, lambda d: wrap_roots(_escape_stray(d))):
        try:
            root = _parse_strict(attempt(data))
        except etree.XMLSyntaxError:
            continue
        if attempt(data) != data:
            line, column = first.position
            if root.tag == "vnhealth":
                notes.append(("BHYT-DOC-05", {"count": str(len(root))}))
            if _escape_stray(data) != data:
                notes.append(("BHYT-DOC-03", {"line": str(line), "column": str(column)}))
        return Parsed(root, notes)
    raise first


def _malformed(error: etree.XMLSyntaxError) -> MalformedXml | LimitExceeded | UnsafeXml:
    line, column = error.position
    text = (error.msg or "").lower()
    if "huge" in text or "too long" in text or "excessive depth" in text or "too deep" in text:
        return LimitExceeded("ERR-XML-04", limit="libxml2")
    if "entity" in text and "loop" in text:
        return UnsafeXml("ERR-XML-02", what="ENTITY")
    return MalformedXml("ERR-XML-01", where=f"dòng/line {line}, cột/column {column}")


def _decoded(data: bytes, notes: list[tuple[str, dict[str, str]]]) -> bytes:
    """Text in another encoding as UTF-8; bytes that are no UTF-8 are kept one by one (Latin-1)."""
    declared = _DECLARED.match(data)
    if declared and declared[1].lower() not in (b"utf-8", b"utf8"):
        return data
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        notes.append(("BHYT-DOC-08", {"offset": str(error.start)}))
        return data.decode("latin-1").encode("utf-8")
    return data


def wrap_roots(data: bytes) -> bytes:
    """Several documents in a row as the children of one element ``vnhealth``."""
    return b"<vnhealth>" + _DECLARATION.sub(b"", data) + b"</vnhealth>"


@cache
def _known_tags() -> frozenset[bytes]:
    names = set(_STRUCTURE.split())
    for edition in Edition:
        for name in tables(edition):
            spec = table(edition, name)
            names.update(spec.tags, (spec.root, spec.list, spec.row))
    return frozenset(name.encode() for name in names if name)


@cache
def _stray_less() -> re.Pattern[bytes]:
    """A ``<`` that does not start a tag of the standards, a declaration or a CDATA section."""
    names = b"|".join(sorted(_known_tags(), reverse=True))
    keep = rb"(?:/?(?:" + names + rb"|[A-Z][A-Z0-9_]{2,60})\s*/?>"
    keep += rb"|[A-Za-z][\w:.-]{0,60}\s+\w+(?::\w+)?\s*=\s*[\"'][^\"'<>]{0,300}[\"'][^<>]{0,500}>"
    keep += rb"|[\w-]{1,20}:\w|/[\w-]{1,20}:\w|\?xml|!\[CDATA\[|!--)"
    return re.compile(rb"<(?!" + keep + rb")")


def _escape_stray(data: bytes) -> bytes:
    """Escape every ``&`` and ``<`` outside CDATA that cannot be markup. Nothing is removed."""
    out = []
    for index, piece in enumerate(re.split(rb"(<!\[CDATA\[.*?\]\]>)", data, flags=re.DOTALL)):
        if index % 2:
            out.append(piece)
        else:
            out.append(_stray_less().sub(b"&lt;", _ENTITY.sub(b"&amp;", piece)))
    return b"".join(out)


def row_fragments(data: bytes, row: str) -> Collection[tuple[int, bytes]]:
    """(position, bytes) of each row element in a part that is broken beyond repair."""
    tag = row.encode()
    pattern = re.compile(rb"<" + tag + rb"(?:\s[^<>]*)?>.*?</" + tag + rb"\s*>", re.DOTALL)
    return [(m.start(), m[0]) for m in pattern.finditer(data)]
