"""A strict reader of table files that look exactly like the skeletons: it says yes or "not me".

For each order of tags that vendors use one regular expression takes a whole row; another takes any
cell, for orders that are not known yet. They know no error and no tolerance: a file that does not
match, character by character, is left to the XML parser, which gives the same cells (a differential
fuzz test holds both against each other). An order is learnt when it was seen a few times, so
nothing is compiled for a single file.

What makes it sound: the patterns are possessive, so they never try a second reading; a blank is
one of XML's four; text has no ``<``; and each cell, before its value is remembered, must be UTF-8
without forbidden characters, without ``]]>`` and with references that XML knows (`unwrapped`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import compress, pairwise
from typing import NamedTuple

__all__ = [
    "Cells",
    "NotMe",
    "Order",
    "Row",
    "Rows",
    "Skeleton",
    "Tags",
    "learn",
    "matched",
    "unwrapped",
]

_SEEN_BEFORE_LEARNING = 3
_MOST_SEEN = 256
_MOST_PATTERNS = 8
_LARGEST = 9_000_000
_CONTROL = bytes(byte for byte in range(32) if byte not in b"\t\n\r")
_REFERENCE = re.compile(r"&(amp|lt|gt|quot|apos|#x[9AaDd]|#(?:9|10|13));|&", re.ASCII)
_CHARACTERS = {
    **{"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"},
    **{"#9": "\t", "#10": "\n", "#13": "\r"},
    **{f"#x{digit}": chr(int(digit, 16)) for digit in "9AaDd"},
}
_SIMPLE = re.compile(rb"[ -%'-;=-\\^-~]*+")
"""Printable ASCII without ``&``, ``<`` and ``]``: it stands for itself."""
_BLANKS = r"[ \t\r\n]*+"
_TEXT = r"<!\[CDATA\[(?:[^\]]++|\](?!\]>))*+\]\]>|[^<]*+"
_BLANK = re.compile(_BLANKS.encode())
_CELL = re.compile(rf"<([A-Z][A-Z0-9_]*+)(?:>({_TEXT})</\1>|{_BLANKS}/>){_BLANKS}".encode())
_XSI = rb' xmlns:xsi="http://www\.w3\.org/2001/XMLSchema-instance"'
_XSD = rb' xmlns:xsd="http://www\.w3\.org/2001/XMLSchema"'
_HEAD = re.compile(
    rb"(?:<\?xml version=(?:\"1\.0\"|'1\.0')"
    rb"(?: encoding=(?:\"[Uu][Tt][Ff]-8\"|'[Uu][Tt][Ff]-8'))? ?\?>)?+"
    rb"[ \t\r\n]*+<([A-Z][A-Z0-9_]*+)(?:%s(?:%s)?|%s(?:%s)?)?>[ \t\r\n]*+"
    % (_XSI, _XSD, _XSD, _XSI)
)


class NotMe(Exception):
    """The content is for the XML parser to judge."""


Tags = tuple[bytes, ...]
"""The tags of a row in an order that is not known yet."""
Cells = Sequence[bytes | None]
"""What stands between the tags; None for an empty element without a closing tag."""


class Skeleton:
    """The wrappers of a table; ``list`` may be empty, ``row`` may be the root itself."""

    def __init__(self, name: str, root: str, list_: str, row: str) -> None:
        self.name = name
        self.root = root
        self.list = list_
        self.row = row
        self.alone = row == root
        self.row_tag = b"" if self.alone else f"<{row}>".encode()
        self.row_end = f"</{row}>".encode()

    @cached_property
    def opening(self) -> re.Pattern[bytes]:
        """What stands before the first row."""
        return re.compile((f"<{self.list}>{_BLANKS}" if self.list else "").encode())

    @cached_property
    def seam(self) -> re.Pattern[bytes]:
        """What stands between the cells of two rows."""
        seam = "(?!)" if self.alone else f"</{self.row}>{_BLANKS}<{self.row}>{_BLANKS}"
        return re.compile(seam.encode())

    @cached_property
    def ending(self) -> re.Pattern[bytes]:
        """What stands behind the last row."""
        tags = [] if self.alone else [tag for tag in (self.list, self.root) if tag]
        return re.compile("".join(f"</{tag}>{_BLANKS}" for tag in tags).encode())


class Order:
    """One order of tags, and the patterns of a row that has exactly these."""

    def __init__(self, row: str, tags: tuple[str, ...]) -> None:
        self.row = row
        self.tags = tags

    @cached_property
    def pattern(self) -> re.Pattern[bytes]:
        """A whole row, from behind its opening tag to the blanks behind its closing one."""
        cell = f"(?:>({_TEXT})</@>|{_BLANKS}/>){_BLANKS}"
        cells = "".join(f"<{tag}" + cell.replace("@", tag) for tag in self.tags)
        return re.compile(f"{_BLANKS}{cells}</{self.row}>{_BLANKS}".encode())


_known: dict[str, tuple[Order, ...]] = {}
_seen: dict[tuple[str, Tags], int] = {}


Row = tuple[Order | Tags, Cells]


class Rows(NamedTuple):
    """What a file holds: the table, and of each row its tags and its cells as they are written."""

    name: str
    root: str
    rows: list[Row]


def learn(row: str, tags: Tags) -> None:
    """Take note of an order of tags in a row; the third time it is kept, for the next file."""
    key = (row, tags)
    times = _seen.get(key, 0) + 1
    if times < _SEEN_BEFORE_LEARNING:
        if len(_seen) >= _MOST_SEEN:
            _seen.clear()
        _seen[key] = times
        return
    _seen.pop(key, None)
    known = _known.get(row, ())
    names = tuple(tag.decode() for tag in tags)
    if all(order.tags != names for order in known):
        _known[row] = (Order(row, names), *known)[:_MOST_PATTERNS]


def matched(data: bytes, skeletons: Mapping[bytes, Skeleton]) -> Rows | None:
    """The rows of a table file in UTF-8, or None: "not me". ``skeletons`` are found by root."""
    if len(data) > _LARGEST:
        return None
    head = _HEAD.match(data)
    skeleton = skeletons.get(head[1]) if head else None
    opening = skeleton.opening.match(data, head.end()) if head and skeleton else None
    if skeleton is None or opening is None:
        return None
    for read in (_known_rows, _any_rows):
        rows, at = read(data, opening.end(), skeleton)
        if rows:
            whole = skeleton.ending.fullmatch(data, at)
            return Rows(skeleton.name, skeleton.root, rows) if whole else None
    return None


Found = tuple[list[Row], int]
"""The rows from a position on, and where they end. No rows when one of them does not match."""


def _known_rows(data: bytes, at: int, skeleton: Skeleton) -> Found:
    """Rows whose order is known."""
    orders = _known.get(skeleton.row)
    if not orders:
        return [], at
    row_tag = skeleton.row_tag
    current = orders[0]
    rows: list[Row] = []
    while data.startswith(row_tag, at):
        start = at + len(row_tag)
        found = current.pattern.match(data, start)
        if found is None:
            for order in orders:
                found = order.pattern.match(data, start)
                if found is not None:
                    current = order
                    break
            else:
                return [], at
        rows.append((current, found.groups()))
        at = found.end()
        if skeleton.alone:
            break
    return rows, at


def _any_rows(data: bytes, at: int, skeleton: Skeleton) -> Found:
    """Rows of any order: all cells at once, and between them blanks or the seams of two rows."""
    end = data.rfind(skeleton.row_end)
    if end < at or not data.startswith(skeleton.row_tag, at):
        return [], at
    between = _CELL.split(data[at + len(skeleton.row_tag) : end])
    gaps, tags, cells = between[0::3], between[1::3], between[2::3]
    if not tags or gaps[-1] or not _BLANK.fullmatch(gaps[0]):
        return [], at
    starts = [0, *compress(range(1, len(tags)), gaps[1:])]
    if not all(map(skeleton.seam.fullmatch, {gaps[start] for start in starts[1:]})):
        return [], at
    bounds = pairwise([*starts, len(tags)])
    rows: list[Row] = [(tuple(tags[a:b]), cells[a:b]) for a, b in bounds]
    return rows, _behind_blanks(data, end + len(skeleton.row_end))


def _behind_blanks(data: bytes, at: int) -> int:
    found = _BLANK.match(data, at)
    return found.end() if found else at


def unwrapped(cell: bytes) -> str:
    """The text of a cell: decoded, line ends normalised, CDATA taken off, references resolved.

    Raises `NotMe` when the cell is not well-formed.

    >>> unwrapped(b"<![CDATA[a & b]]>"), unwrapped(b"a &amp; b")
    ('a & b', 'a & b')
    """
    if _SIMPLE.fullmatch(cell):
        return cell.decode("ascii")
    if b"\xef\xbf" in cell or len(cell.translate(None, _CONTROL)) != len(cell):
        raise NotMe
    try:
        text = cell.decode()
    except UnicodeDecodeError:
        raise NotMe from None
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.startswith("<"):
        return text[9:-3]
    if "]]>" in text:
        raise NotMe
    return _REFERENCE.sub(_character, text) if "&" in text else text


def _character(found: re.Match[str]) -> str:
    if found[1] is None:
        raise NotMe
    return _CHARACTERS[found[1]]
