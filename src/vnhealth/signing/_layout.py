"""Where things stand in the bytes of a document: root, CHUKYDONVI, signature, comments.

Signing must not touch a byte outside CHUKYDONVI, and a verifier must hand out exactly the bytes
that were covered, so both need byte offsets, which a tree does not give. In XML without a DTD the
character ``<`` opens markup and nothing else; a search for the few interesting openers is therefore
exact for every well-formed document. It never decides alone: what it cuts out is parsed again by
the caller.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

__all__ = ["Layout", "LayoutError", "Span", "Tag", "read_layout"]

_NAME = rb"[^\s<>/!?=\"'&]++"
_TAG = re.compile(rb"<(/?)(" + _NAME + rb")((?:[^<>\"']++|\"[^\"<]*+\"|'[^'<]*+')*+)>")
_DECLARATION = re.compile(
    rb"<\?xml\s+version\s*=\s*(?:\"1\.0\"|'1\.0')"
    rb"(?:\s+encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"'])?"
    rb"(?:\s+standalone\s*=\s*[\"'](?:yes|no)[\"'])?\s*\?>"
)
_CLOSERS = {b"!--": b"-->", b"![CDATA[": b"]]>", b"?": b"?>"}
_PROLOG = re.compile(rb"(?:[ \t\r\n]++|<\?(?:[^?]++|\?(?!>))*+\?>|<!--(?:[^-]++|-(?!->))*+-->)*+")
_SPACE = b" \t\r\n"
_DECLARED = (b"<?xml ", b"<?xml\t", b"<?xml\r", b"<?xml\n")


class LayoutError(ValueError):
    """The bytes cannot be laid out; ``what`` is a technical term without any value."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of bytes."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Tag(Span):
    """One tag: where it stands, its qualified name, and whether it opens, closes or is empty."""

    name: bytes
    closes: bool
    empty: bool

    @property
    def local(self) -> str:
        """The name without its prefix."""
        return self.name.rpartition(b":")[2].decode("utf-8", "replace")

    @property
    def prefix(self) -> bytes:
        """The prefix with its colon, or nothing."""
        return b"".join(self.name.rpartition(b":")[:2])


@dataclass(slots=True)
class Layout:
    """The places that matter in one document.

    ``view`` holds the document as bytes in which markup is ASCII: the document itself, or a UTF-8
    transcription of a UTF-16 one (a BOM is transcribed too). All offsets are offsets in ``view``.
    ``root_end`` is the closing tag of the root, None when the root is an empty element.
    ``holder`` is the last CHUKYDONVI tag that opens (or is empty), ``holder_end`` its closing tag.
    """

    view: bytes
    encoding: str
    transcoded: str | None
    root: Tag
    root_end: Tag | None = None
    holder: Tag | None = None
    holder_end: Tag | None = None
    holders: int = 0
    signatures: list[Tag] = field(default_factory=list)
    comments: list[Span] = field(default_factory=list)
    opaque: list[Span] = field(default_factory=list)

    def cut(self, spans: Iterable[Span]) -> bytes:
        """The document without these ranges (which do not overlap), every other byte as it was."""
        view, parts, at = memoryview(self.view), [], 0
        for span in sorted(spans, key=lambda span: span.start):
            parts.append(view[at : span.start])
            at = span.end
        return self.encode(b"".join((*parts, view[at:])))

    def put(self, span: Span, piece: bytes) -> bytes:
        """The document with a range of the view replaced, every other byte as it was."""
        view = memoryview(self.view)
        return self.encode(b"".join((view[: span.start], piece, view[span.end :])))

    def encode(self, view: bytes) -> bytes:
        """A view as a document: itself, or in the UTF-16 form it came in."""
        return view if self.transcoded is None else view.decode("utf-8").encode(self.transcoded)

    def text(self, span: Span) -> bytes:
        """The bytes of a range of the view."""
        return self.view[span.start : span.end]

    def is_blank(self, start: int, end: int) -> bool:
        """True when the range holds white space only."""
        return not self.view[start:end].strip(_SPACE)

    @property
    def is_plain(self) -> bool:
        """True when the place of the signature is certain without a parse.

        UTF-8, no comment, CDATA or processing instruction, one CHUKYDONVI, and nothing but white
        space between its end, the end of the root and the end of the document. In well-formed XML
        those two closing tags then belong to a child of the root and to the root.
        """
        if self.encoding != "utf-8" or self.opaque or self.holders != 1:
            return False
        if self.holder is None or self.holder_end is None or self.root_end is None:
            return False
        return self.is_blank(self.holder_end.end, self.root_end.start) and self.is_blank(
            self.root_end.end, len(self.view)
        )


def read_layout(document: bytes, holder: str, max_bytes: int) -> Layout:
    """Find the places. Raises `LayoutError` for bytes that are no XML, or hold a DOCTYPE."""
    if len(document) > max_bytes:
        raise LayoutError(f"> {max_bytes} B")
    view, encoding, transcoded, start = _decode(document)
    prolog = _PROLOG.match(view, start)
    root_at = prolog.end() if prolog else start
    found = _TAG.match(view, root_at)
    if found is None:
        raise LayoutError("DOCTYPE" if view.startswith(b"<!", root_at) else "XML")
    root = _tag(found)
    if root.closes:
        raise LayoutError("XML")
    layout = Layout(view, encoding, transcoded, root)
    _collect(layout, start, _marks(holder))
    if not root.empty:
        layout.root_end = _last_close(layout)
    return layout


@lru_cache(maxsize=16)
def _marks(holder: str) -> re.Pattern[bytes]:
    names = holder.encode() + rb"|Signature"
    prefix = rb"(?:[^\s<>/!?=:\"'&]+:)?"
    return re.compile(rb"<(?:(!--|!\[CDATA\[|\?|!)|/?" + prefix + rb"(" + names + rb")(?=[\s/>]))")


def _collect(layout: Layout, start: int, marks: re.Pattern[bytes]) -> None:
    view, at = layout.view, start
    declaration = _DECLARATION.match(view, start)
    if declaration:
        at = declaration.end()
    while found := marks.search(view, at):
        opener, name = found.groups()
        if name is not None:
            matched = _TAG.match(view, found.start())
            if matched is None:
                raise LayoutError("XML")
            tag = _tag(matched)
            at = tag.end
            if name == b"Signature":
                layout.signatures.append(tag)
            elif not tag.closes:
                layout.holders += 1
                layout.holder, layout.holder_end = tag, None
            else:
                layout.holder_end = tag
            continue
        if opener == b"!":
            raise LayoutError("DOCTYPE")
        closer = _CLOSERS[opener]
        end = view.find(closer, found.end())
        if end < 0:
            raise LayoutError("XML")
        at = end + len(closer)
        layout.opaque.append(Span(found.start(), at))
        if opener == b"!--":
            layout.comments.append(layout.opaque[-1])


def _last_close(layout: Layout) -> Tag:
    limit = len(layout.view)
    spans = list(layout.opaque)
    while True:
        at = layout.view.rfind(b"</", 0, limit)
        while spans and spans[-1].start > at:
            spans.pop()
        if spans and at < spans[-1].end:
            limit = spans.pop().start
            continue
        found = _TAG.match(layout.view, at) if at >= 0 else None
        if found is None or found[2] != layout.root.name:
            raise LayoutError("XML")
        return _tag(found)


def _tag(found: re.Match[bytes]) -> Tag:
    empty = not found[1] and found[3].endswith(b"/")
    return Tag(found.start(), found.end(), found[2], bool(found[1]), empty)


def _decode(document: bytes) -> tuple[bytes, str, str | None, int]:
    """The view, the encoding of the view, the codec of a transcoded document, where XML starts.

    Encodings in which a byte below 128 may be part of another character (UTF-7, ISO-2022, the
    multi-byte ones of East Asia) are refused: readers could disagree on what is markup. So are a
    BOM and a declaration that contradict each other.
    """
    transcoded = _utf16(document)
    if transcoded:
        try:
            view = document.decode(transcoded).encode("utf-8")
        except UnicodeError:
            raise LayoutError("UTF-16") from None
    else:
        view = document
    start = 3 if view.startswith(codecs.BOM_UTF8) else 0
    declaration = _DECLARATION.match(view, start)
    if declaration is None and view.startswith(_DECLARED, start):
        raise LayoutError("XML declaration")
    name = declaration[1].decode() if declaration and declaration[1] else None
    if name is None:
        if transcoded and not start:
            raise LayoutError("encoding")
        return view, "utf-8", transcoded, start
    try:
        codec = codecs.lookup(name).name
    except LookupError:
        raise LayoutError("encoding") from None
    if transcoded:
        if codec not in ("utf-16", transcoded):
            raise LayoutError("encoding")
        return view, "utf-8", transcoded, start
    if codec != "utf-8" and (start or not codec.startswith(("ascii", "iso8859-", "cp125"))):
        raise LayoutError("encoding")
    return view, "utf-8" if codec == "utf-8" else name, None, start


def _utf16(document: bytes) -> str | None:
    if document.startswith((codecs.BOM_UTF16_LE, b"<\0?\0")):
        return "utf-16-le"
    if document.startswith((codecs.BOM_UTF16_BE, b"\0<\0?")):
        return "utf-16-be"
    return None
