"""Loss-free repairs of text that is almost XML: each makes it well-formed and says what it did.

No repair removes a character of a value. What cannot be markup is escaped so that it reads as the
characters that stand there.
"""

from __future__ import annotations

import re
from functools import cache

from vnhealth.codecs._encoding import CodeNote, position
from vnhealth.spec import Edition, table, tables

__all__ = ["WRAPPER", "control_characters", "namespace_names", "stray_markup", "wrapped"]

WRAPPER = "vnhealth"
"""The element that is put around several roots."""

_FORBIDDEN = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")
_BAD_NAMESPACE = re.compile(
    rb"(<[A-Za-z_][\w:.-]{0,80}[^<>]{0,400}?\sxmlns(?::\w{1,40})?\s{0,9}=\s{0,9})"
    rb"(?:\"([^\"<>]{0,300})\"|'([^'<>]{0,300})')",
    re.ASCII,
)
_DECLARATION = re.compile(rb"<\?xml\s[^<>?]{0,200}\?>")
_ATTRIBUTES = rb"(?:\s+[A-Za-z_][\w:.-]{0,60}\s*=\s*(?:\"[^\"<]{0,2000}\"|'[^'<]{0,2000}')){0,40}"
_PREFIX = re.compile(
    rb"</?([A-Za-z_][\w.-]{0,40}):|\s([A-Za-z_][\w.-]{0,40}):[\w.-]{1,60}\s{0,9}=\s{0,9}[\"']"
)
_REFERENCE = re.compile(rb"&(?:amp|lt|gt|quot|apos|#([0-9]{1,7})|#x([0-9A-Fa-f]{1,6}));")
_STRUCTURE = (
    "GIAMDINHHS THONGTINDONVI MACSKCB THONGTINHOSO NGAYLAP SOLUONGHOSO DANHSACHHOSO HOSO "
    "FILEHOSO LOAIHOSO NOIDUNGFILE CHUKYDONVI"
)
_SECTIONS = ((b"<![CDATA[", b"]]>"), (b"<!--", b"-->"), (b"<?", b"?>"))
Origin = tuple[int, int]


def control_characters(data: bytes, notes: list[CodeNote], origin: Origin) -> bytes:
    """Characters that XML has no form for, shown as U+FFFD; the original bytes stay in the part."""
    fixed, count = _FORBIDDEN.subn(b"\xef\xbf\xbd", data)
    if count:
        first = _FORBIDDEN.search(data)
        assert first is not None
        notes.append(
            ("BHYT-DOC-15", {**position(data, first.start(), origin), "count": str(count)})
        )
    return fixed


def namespace_names(data: bytes, notes: list[CodeNote]) -> bytes:
    """Namespace names with a blank, which a strict reader refuses, with a hyphen instead."""

    def mend(found: re.Match[bytes]) -> bytes:
        name = found[2] if found[2] is not None else found[3]
        quote = b'"' if found[2] is not None else b"'"
        return found[1] + quote + re.sub(rb"\s", b"-", name) + quote

    fixed = data
    for _ in range(8):
        once = _BAD_NAMESPACE.sub(mend, fixed)
        if once == fixed:
            break
        fixed = once
    if fixed != data:
        notes.append(("BHYT-DOC-02", {}))
    return fixed


def wrapped(data: bytes) -> tuple[bytes, list[str]]:
    """Everything as the content of one element, and the prefixes that had to be declared on it."""
    used = {p for pair in _PREFIX.findall(data) for p in pair if p and p not in (b"xml", b"xmlns")}
    missing = sorted(p for p in used if b"xmlns:" + p not in data)
    scope = b"".join(b' xmlns:%s="urn:vnhealth:undeclared:%s"' % (p, p) for p in missing[:20])
    name = WRAPPER.encode()
    body = _without_declarations(data)
    return b"<" + name + scope + b">" + body + b"</" + name + b">", [p.decode() for p in missing]


def _without_declarations(data: bytes) -> bytes:
    """XML declarations are legal only at the start; those inside CDATA are text and stay."""
    if b"<?xml" not in data:
        return data
    out, at = [], 0
    while (start := data.find(b"<", at)) >= 0:
        if data.startswith(b"<![CDATA[", start):
            end = data.find(b"]]>", start)
            end = len(data) if end < 0 else end
        elif declaration := _DECLARATION.match(data, start):
            out.append(data[at:start])
            at = declaration.end()
            continue
        else:
            end = start + 1
        out.append(data[at:end])
        at = end
    return b"".join((*out, data[at:]))


@cache
def _known_tags() -> frozenset[bytes]:
    names = {*_STRUCTURE.split(), WRAPPER.upper()}
    for edition in Edition:
        for name in tables(edition):
            spec = table(edition, name)
            names.update(spec.tags, (spec.root, spec.list, spec.row))
    return frozenset(name.encode() for name in names if name)


@cache
def _tag() -> re.Pattern[bytes]:
    name = rb"(?:[A-Za-z_][\w.-]{0,40}:)?([A-Za-z_][A-Za-z0-9_]{0,80})"
    return re.compile(rb"<(/?)" + name + _ATTRIBUTES + rb"\s*(/?)>", re.ASCII)


class _Judge:
    """Decides whether a ``<`` starts markup."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._opened: dict[bytes, bool] = {}

    def end_of_markup(self, at: int) -> int:
        """Where the markup that starts here ends, or 0 when it is a character of a value."""
        tag = _tag().match(self.data, at)
        if tag is None:
            return 0
        name = tag[2]
        if name.upper() in _known_tags():
            return tag.end()
        if not name.isupper() or len(name) < 3:
            return 0
        if name not in self._opened:
            paired = b"</" + name in self.data and b"<" + name in self.data
            self._opened[name] = paired or bool(tag[3])
        return tag.end() if self._opened[name] else 0


def stray_markup(data: bytes, notes: list[CodeNote], origin: Origin) -> bytes:
    """Every ``&``, ``<`` and ``]]>`` that cannot be markup, escaped. Nothing is removed."""
    judge = _Judge(data)
    out: list[bytes] = []
    at = done = count = 0
    first = -1
    never: set[bytes] = set()
    pattern = re.compile(rb"[<&]|\]\]>")
    while found := pattern.search(data, at):
        start = found.start()
        escape = b""
        if found[0] == b"&":
            reference = _REFERENCE.match(data, start)
            at = start + 1
            if reference is None or not _printable(reference):
                escape = b"&amp;"
        elif found[0] == b"]]>":
            at, escape = start + 3, b"]]&gt;"
        else:
            at = _section(data, start, never) or judge.end_of_markup(start)
            if not at:
                at, escape = start + 1, b"&lt;"
        if escape:
            out += (data[done:start], escape)
            done = at
            first = start if first < 0 else first
            count += 1
    if count:
        notes.append(("BHYT-DOC-03", {**position(data, first, origin), "count": str(count)}))
    return b"".join((*out, data[done:]))


def _section(data: bytes, start: int, never: set[bytes]) -> int:
    """The end of a CDATA section, comment or instruction; 0 when none starts here."""
    for opening, closing in _SECTIONS:
        if data.startswith(opening, start) and closing not in never:
            end = data.find(closing, start + len(opening))
            if end >= 0:
                return end + len(closing)
            never.add(closing)
    return 0


def _printable(reference: re.Match[bytes]) -> bool:
    """True unless a character reference names a character that XML forbids."""
    if reference[1] is None and reference[2] is None:
        return True
    number = int(reference[1]) if reference[1] else int(reference[2], 16)
    if number < 32:
        return number in (9, 10, 13)
    return not (0xD800 <= number <= 0xDFFF or number in (0xFFFE, 0xFFFF) or number > 0x10FFFF)
