"""Cutting huge files between encounters, by bytes, without reading what stands between the cuts.

A range gets the beginning and the end of its file around it, so that the ordinary reader reads it
as a small document.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from vnhealth.codecs import Limits, read
from vnhealth.errors import CodecError, VnHealthError
from vnhealth.records import DocumentKind

__all__ = ["CHUNK", "Edges", "Span", "Work", "cuts", "documents", "edges_of", "portions"]

CHUNK = 1024 * 1024
"""Bytes of envelope that are read into memory at a time."""

_EDGE = 256 * 1024
_OPEN = re.compile(rb"<(?:[\w.-]{1,40}:)?HOSO(?=[\s/>])", re.IGNORECASE)
_CLOSE = re.compile(rb"</(?:[\w.-]{1,40}:)?HOSO\s{0,20}>", re.IGNORECASE)
_LONGEST_TAG = 80
_SUFFIXES = frozenset({".xml", ".zip", ".gz", ".7z", ".rar"})


@dataclass(frozen=True, slots=True)
class Edges:
    """What stands before the first and after the last encounter, and where these are."""

    before: bytes
    after: bytes
    start: int
    end: int

    @classmethod
    def of(cls, path: str, size: int) -> Edges | None:
        """Those of a file; None when they are not found."""
        with Path(path).open("rb") as stream:
            head = stream.read(_EDGE)
            stream.seek(max(0, size - _EDGE))
            tail = stream.read(_EDGE)
        first, closing = _OPEN.search(head), list(_CLOSE.finditer(tail))
        if head.startswith(b"PK") or first is None or not closing:
            return None
        after = tail[closing[-1].end() :]
        return cls(head[: first.start()], after, first.start(), size - len(after))


@dataclass(frozen=True, slots=True)
class Span:
    """Whole encounters of one file: bytes ``start`` to ``end`` inside its edges.

    Without edges it is the file as a whole. ``first`` and ``last`` say that it holds the first and
    the last encounter of the file.
    """

    path: str
    start: int
    end: int
    edges: Edges | None = None
    first: bool = True
    last: bool = True

    @property
    def size(self) -> int:
        """Bytes of the file that the span stands for."""
        return self.end - self.start


def cuts(stream: BinaryIO, start: int, end: int, size: int) -> Iterator[tuple[int, int]]:
    """Ranges of about ``size`` bytes from ``start`` to ``end``, each ending behind an encounter."""
    begin = start
    while begin < end:
        upto = min(_behind_encounter(stream, begin + size, end), end)
        yield begin, upto
        begin = upto


def _behind_encounter(stream: BinaryIO, at: int, end: int) -> int:
    """The end of the first encounter that ends behind ``at`` and stands in no comment (of up to
    256 KiB).
    """
    while at < end:
        before = max(0, at - _LONGEST_TAG)
        stream.seek(before)
        ends = (before + tag.end() for tag in _CLOSE.finditer(stream.read(CHUNK)))
        found = next((place for place in ends if place > at), 0)
        if not found:
            at = before + CHUNK
            continue
        stream.seek(found)
        ahead = stream.read(_EDGE)
        closed, opened = ahead.find(b"-->"), ahead.find(b"<!--")
        if closed < 0 or 0 <= opened < closed:
            return found
        at = found + closed + len(b"-->")
    return end


def documents(source: str | os.PathLike[str]) -> list[Path]:
    """The documents of a file or folder, in the order of their names.

    Raises `VnHealthError` (ERR-PIPE-03) when there are none.
    """
    path = Path(source)
    if path.is_file():
        return [path]
    held = (p for p in path.rglob("*") if p.suffix.lower() in _SUFFIXES and p.is_file())
    found = sorted(held) if path.is_dir() else []
    if not found:
        raise VnHealthError("ERR-PIPE-03", name=path.name[:60])
    return found


Work = tuple[Span, ...]
"""Some whole files, or one span of a huge one."""


def portions(paths: Iterable[Path], size: int) -> Iterator[Work]:
    """The files in portions of about ``size`` bytes: small files together, huge ones cut.

    What cannot be cut (archives, other encodings, tables outside encounters) stays whole.
    """
    small: list[Span] = []
    for path in paths:
        total = path.stat().st_size
        edges = edges_of(str(path), total) if total > size else None
        if edges is None:
            if small and sum(span.size for span in small) + total > size:
                yield tuple(small)
                small = []
            small.append(Span(str(path), 0, total))
            continue
        if small:
            yield tuple(small)
            small = []
        with path.open("rb") as stream:
            for start, end in cuts(stream, edges.start, edges.end, size):
                yield (Span(str(path), start, end, edges, start == edges.start, end == edges.end),)
    if small:
        yield tuple(small)


def edges_of(path: str, size: int) -> Edges | None:
    """The edges of a file that can be cut; None for another one."""
    edges = Edges.of(path, size)
    if edges is None:
        return None
    try:
        head = read(edges.before + edges.after, limits=Limits())
    except CodecError:
        return None
    return edges if head.kind is DocumentKind.ENVELOPE and not len(head) else None
