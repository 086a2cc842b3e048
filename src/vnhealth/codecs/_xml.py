"""The hardened parser: what can attack is refused, what is almost XML is repaired without loss."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, lru_cache
from hashlib import blake2b
from re import ASCII, Match
from re import compile as pattern
from typing import TypedDict

from lxml import etree

from vnhealth.codecs import _repair
from vnhealth.codecs._encoding import CodeNote, clean, decoded_values, refuse_doctype
from vnhealth.codecs._limits import DEFAULT_LIMITS, MIB, Limits
from vnhealth.errors import LimitExceeded, MalformedXml

__all__ = [
    "PARSER_OPTIONS",
    "Parsed",
    "check_size",
    "is_wrapper",
    "local",
    "parse",
    "parse_clean",
    "repaired",
    "strict",
    "tree",
    "where_broken",
]


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

_LIFT_FROM = 9_000_000
_LONG_BASE64 = pattern(rb"<NOIDUNGFILE>([A-Za-z0-9+/=\s]{1000000,})", ASCII)
_RESOURCE_ERRORS = frozenset({2, 89, 110, 114})
"""libxml2 codes: no memory, entity loop, name too long, resource limit."""


@dataclass(slots=True)
class Parsed:
    """A tree and what had to be done to get it."""

    root: etree._Element
    notes: list[CodeNote] = field(default_factory=list)


@cache
def _parser() -> etree.XMLParser:
    return etree.XMLParser(collect_ids=False, **PARSER_OPTIONS)


def local(element: etree._Element) -> str:
    """The tag without namespace, in upper case."""
    return _local(str(element.tag))


@lru_cache(maxsize=1024)
def _local(tag: str) -> str:
    return tag.rpartition("}")[2].upper()


def is_wrapper(root: etree._Element) -> bool:
    """True for the element that `parse` puts around several roots."""
    return root.tag == _repair.WRAPPER


def check_size(data: bytes, limits: Limits, largest: int) -> None:
    """Raise `LimitExceeded` when the bytes, or the tree that they would become, are too large."""
    if len(data) > largest:
        raise LimitExceeded("ERR-XML-04", limit=f"{largest // MIB} MiB")
    if len(data) > MIB and data.count(b"<") + data.count(b"=") > limits.markup:
        raise LimitExceeded("ERR-XML-04", limit=f"{limits.markup} tags")


def tree(data: bytes, parser: etree.XMLParser | None = None) -> etree._Element:
    """The tree of clean UTF-8 bytes, or `lxml.etree.XMLSyntaxError`. A DTD is refused unread.

    libxml2 refuses text nodes over 10 MB, so long base64 texts are taken out before it parses and
    put back after. Their places are marked with a digest of the file, which no file can hold.
    """
    refuse_doctype(data)
    if len(data) <= _LIFT_FROM:
        return etree.fromstring(data, parser or _parser())
    lifted: list[bytes] = []
    mark = b"@" + blake2b(data, digest_size=16).hexdigest().encode()

    def lift(found: Match[bytes]) -> bytes:
        lifted.append(found[1])
        return b"<NOIDUNGFILE>%s-%d" % (mark, len(lifted) - 1)

    root = etree.fromstring(_LONG_BASE64.sub(lift, data), parser or _parser())
    if lifted:
        for element in root.iter("{*}NOIDUNGFILE"):
            start, _, number = (element.text or "").partition("-")
            if start.encode() == mark:
                element.text = lifted[int(number)].decode("ascii")
    return root


def parse(
    data: bytes, limits: Limits = DEFAULT_LIMITS, *, origin: tuple[int, int] = (1, 1)
) -> Parsed:
    """Parse bytes; repair what can be repaired without losing a character; say what was done.

    ``origin`` is the line and column where the data begins in a larger text. Several roots come
    back under one element (see `is_wrapper`). Raises `UnsafeXml` (a DTD), `LimitExceeded`,
    `MalformedXml` with the position.
    """
    check_size(data, limits, limits.part)
    data, notes = clean(data)
    return parse_clean(data, notes, origin)


def parse_clean(data: bytes, notes: list[CodeNote], origin: tuple[int, int] = (1, 1)) -> Parsed:
    """The same for bytes that went through `clean` already."""
    return strict(data, notes) or repaired(data, notes, origin)


def strict(data: bytes, notes: list[CodeNote]) -> Parsed | None:
    """The tree of well-formed bytes, else None."""
    try:
        root = tree(data)
    except etree.XMLSyntaxError as error:
        _refuse_resources(error)
        return None
    _note_comments(data, notes)
    return Parsed(root, notes)


def repaired(data: bytes, notes: list[CodeNote], origin: tuple[int, int]) -> Parsed:
    """The tree of bytes that are not well-formed as they stand."""
    where = where_broken(data, origin)
    data = decoded_values(data, notes)
    data = _repair.control_characters(data, notes, origin)
    data = _repair.namespace_names(data, notes)
    stray: list[CodeNote] = []
    escaped = _repair.stray_markup(data, stray, origin)
    for text, extra in ((data, []), (escaped, stray)):
        parsed = _either_way(text)
        if parsed is not None:
            root, found = parsed
            notes += (*extra, *found)
            _note_comments(text, notes)
            return Parsed(root, notes)
    raise MalformedXml("ERR-XML-01", where=where)


def where_broken(data: bytes, origin: tuple[int, int] = (1, 1)) -> str:
    """Where a strict parser gives up."""
    try:
        tree(data)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        column += origin[1] - 1 if line <= 1 else 0
        return f"dòng/line {max(line, 1) + origin[0] - 1}, cột/column {column}"
    return ""


def _either_way(data: bytes) -> tuple[etree._Element, list[CodeNote]] | None:
    """The tree of a text with one root, or with several of them wrapped."""
    try:
        return tree(data), []
    except etree.XMLSyntaxError as error:
        _refuse_resources(error)
    text, prefixes = _repair.wrapped(data)
    try:
        root = tree(text)
    except etree.XMLSyntaxError as error:
        _refuse_resources(error)
        return None
    notes: list[CodeNote] = []
    if not len(root):
        return None
    if prefixes:
        notes.append(("BHYT-DOC-16", {"prefixes": ", ".join(prefixes[:5])}))
    beside = [root.text, *(child.tail for child in root)]
    if any(text and text.strip(" \t\r\n\ufeff") for text in beside):
        notes.append(("BHYT-DOC-17", {}))
    if len(root) > 1:
        notes.append(("BHYT-DOC-05", {"count": str(len(root))}))
        return root, notes
    return root[0], notes


def _note_comments(data: bytes, notes: list[CodeNote]) -> None:
    """Comments and instructions are not data, but they are not dropped without a word."""
    after = data.find(b"?>") + 2 if data.startswith(b"<?xml") else 0
    comments = b"!" in data and b"<!--" in data
    if not comments and (data.find(b"?", after) < 0 or b"<?" not in data[after:]):
        return
    options: _Options = {**PARSER_OPTIONS, "remove_comments": False, "remove_pis": False}
    try:
        root = tree(data, etree.XMLParser(**options))
    except etree.XMLSyntaxError:
        root = tree(_repair.wrapped(data)[0], etree.XMLParser(**options))
    count = sum(1 for _ in root.iter(etree.Comment, etree.PI))
    for before in (True, False):
        count += sum(1 for _ in root.itersiblings(preceding=before))
    if count:
        notes.append(("BHYT-DOC-19", {"count": str(count)}))


def _refuse_resources(error: etree.XMLSyntaxError) -> None:
    if error.code in _RESOURCE_ERRORS:
        raise LimitExceeded("ERR-XML-04", limit="libxml2") from None
