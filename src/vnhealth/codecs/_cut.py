"""Cutting broken documents into pieces by the tags of the envelope, in one pass and flat memory.

Used only where a document as a whole is not XML: each piece then stands or falls alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import BinaryIO

from vnhealth.codecs._encoding import position
from vnhealth.errors import LimitExceeded

__all__ = ["Piece", "cut", "cut_stream"]

_BLOCK = 1 << 20
_LONGEST_TAG = 400
_LONGEST_COMMENT = 1 << 20
_BLANKED = bytes(10 if byte == 10 else 32 for byte in range(256))
_CONTINUATION = bytes(range(0x80, 0xC0))


@dataclass(frozen=True, slots=True)
class Piece:
    """An element as bytes, or what is left of it; ``origin`` is its line and column."""

    data: bytes
    offset: int
    origin: tuple[int, int]
    whole: bool


@cache
def _tags(name: str) -> re.Pattern[bytes]:
    tag = name.encode()
    return re.compile(
        rb"<(?:(!--)|(/?)(?:[A-Za-z_][\w.-]{0,40}:)?(?i:" + tag + rb")(?:\s[^<>]{0,300})?/?>)",
        re.ASCII,
    )


class _Comments:
    """Finds the ends of comments without ever searching the same bytes twice."""

    def __init__(self) -> None:
        self._none_before = 0

    def end(self, data: bytes | bytearray, start: int, passed: int = 0) -> int:
        """Where a comment ends; just behind its opening when it has no end within a mebibyte.

        ``passed`` is how many bytes of the text stand before ``data``.
        """
        last = start + _LONGEST_COMMENT
        end = data.find(b"-->", max(start + 4, self._none_before - passed), last)
        if end >= 0:
            return end + 3
        self._none_before = passed + min(last, len(data)) - 2
        return start + 4


def _blank(data: bytes) -> bytes:
    """As many blanks and line ends as the text has characters, so that positions stay right."""
    return data.translate(_BLANKED, _CONTINUATION)


class _Where:
    """Line and column of offsets that only grow."""

    def __init__(self, origin: tuple[int, int] = (1, 1)) -> None:
        self.origin = origin

    def pass_over(self, data: bytes) -> None:
        at = position(data, len(data), self.origin)
        self.origin = (int(at["line"]), int(at["column"]))


def cut(data: bytes, name: str, origin: tuple[int, int] = (1, 1)) -> tuple[list[Piece], bytes]:
    """The elements of a name in a text, and the text with blanks in their places.

    An element that is never closed ends where the next one begins, or at the end of the text.
    Elements inside comments do not count.

    >>> pieces, around = cut(b"<A><R>1</R><R>2<R/></A>", "R")
    >>> [(p.data, p.whole) for p in pieces], around.split()
    ([(b'<R>1</R>', True), (b'<R>2', False), (b'<R/>', True)], [b'<A>', b'</A>'])
    """
    pieces: list[Piece] = []
    around: list[bytes] = []
    where = _Where(origin)
    comments = _Comments()
    start, end, at = -1, 0, 0

    def take(upto: int, *, whole: bool) -> None:
        nonlocal start, end
        pieces.append(Piece(data[start:upto], start, where.origin, whole))
        where.pass_over(data[start:upto])
        around.append(_blank(data[start:upto]))
        start, end = -1, upto

    while tag := _tags(name).search(data, at):
        at = tag.end()
        if tag[1]:
            at = comments.end(data, tag.start())
            continue
        if tag[2]:
            if start >= 0:
                take(at, whole=True)
            continue
        if start >= 0:
            take(tag.start(), whole=False)
        around.append(data[end : tag.start()])
        where.pass_over(data[end : tag.start()])
        start = tag.start()
        if tag[0].endswith(b"/>"):
            take(at, whole=True)
    if start >= 0:
        take(len(data), whole=False)
    around.append(data[end:])
    return pieces, b"".join(around)


def cut_stream(stream: BinaryIO, name: str, largest: int) -> Iterator[Piece]:
    """The same elements of a file of any size.

    Raises `LimitExceeded` when one element is larger than ``largest`` bytes.
    """
    pattern = _tags(name)
    where = _Where()
    buffer = bytearray()
    passed = scanned = 0
    comments = _Comments()
    inside = False
    more = True

    def take(upto: int, *, whole: bool) -> Piece:
        nonlocal passed, scanned
        data = bytes(buffer[:upto])
        piece = Piece(data, passed, where.origin, whole)
        where.pass_over(data)
        del buffer[:upto]
        passed += upto
        scanned = max(0, scanned - upto)
        return piece

    while more:
        block = stream.read(_BLOCK)
        more = bool(block)
        buffer += block
        while found := pattern.search(buffer, scanned):
            first, last, tag = found.start(), found.end(), found[0]
            comment, closing = found[1], found[2]
            del found
            if comment:
                scanned = comments.end(buffer, first, passed)
                if scanned == first + 4 and more and len(buffer) - first < _LONGEST_COMMENT:
                    scanned = first
                    break
                continue
            scanned = last
            if closing:
                if inside:
                    inside = False
                    yield take(last, whole=True)
                continue
            if first:
                left = take(first, whole=False)
                if inside:
                    yield left
            inside = True
            if tag.endswith(b"/>"):
                inside = False
                yield take(last - first, whole=True)
        else:
            scanned = max(scanned, len(buffer) - _LONGEST_TAG)
        if not inside and scanned:
            take(scanned, whole=False)
        if len(buffer) > largest:
            raise LimitExceeded("ERR-XML-04", limit=f"{largest // (1024 * 1024)} MiB ({name})")
    if inside:
        yield take(len(buffer), whole=False)
