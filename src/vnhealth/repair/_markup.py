"""Well-formed XML as byte ranges: a tree gives values, a repair needs the places they stand in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

__all__ = ["CDATA", "Edit", "Node", "applied", "tree"]

_TOKEN = re.compile(
    rb"<(?:!--.*?--|!\[CDATA\[.*?\]\]|\?.*?\?|"
    rb"(/?)([^\s<>/!?\"'=]+)((?:[^<>\"'/]++|\"[^\"<]*+\"|'[^'<]*+'|/(?!>))*+)(/?))>",
    re.DOTALL,
)

CDATA = re.compile(rb"<!\[CDATA\[((?:[^\]]++|\](?!\]>))*+)\]\]>")
"""One CDATA section and nothing else."""


@dataclass(slots=True)
class Node:
    """An element: from ``start`` to ``end``, its content from ``inside`` to ``outside``.

    ``plain`` is False when comments, CDATA or instructions stand directly in it.
    """

    name: bytes
    start: int
    inside: int
    outside: int = 0
    end: int = 0
    attributes: bool = False
    plain: bool = True
    children: list[Node] = field(default_factory=list)

    @property
    def local(self) -> str:
        """The name without its prefix, in upper case."""
        return self.name.rpartition(b":")[2].decode("ascii", "replace").upper()

    def named(self, name: str) -> list[Node]:
        """The children of a name."""
        return [child for child in self.children if child.local == name]

    def below(self, name: str) -> list[Node]:
        """The elements of a name at any depth, in the order of the text, not inside each other."""
        found: list[Node] = []
        waiting = [self]
        while waiting:
            node = waiting.pop()
            if node.local == name:
                found.append(node)
            else:
                waiting += reversed(node.children)
        return found


def tree(data: bytes) -> Node:
    """The elements of a text under one node without a name.

    Exact for well-formed XML without a DTD, where ``<`` opens markup and nothing else; the caller
    has made sure of that. Raises `ValueError` when the tags do not pair.
    """
    top = Node(b"", 0, 0, len(data), len(data))
    open_: list[Node] = [top]
    for token in _TOKEN.finditer(data):
        name = token[2]
        if name is None:
            open_[-1].plain = False
        elif token[1]:
            node = open_.pop()
            if node.name != name or not open_:
                raise ValueError("unpaired tag")
            node.outside, node.end = token.start(), token.end()
        else:
            node = Node(name, token.start(), token.end(), attributes=bool(token[3].strip()))
            open_[-1].children.append(node)
            if token[4]:
                node.outside = node.end = token.end()
            else:
                open_.append(node)
    if len(open_) > 1:
        raise ValueError("unpaired tag")
    return top


Edit = tuple[int, int, bytes]
"""Replace the bytes from the first to the second offset."""


def applied(data: bytes, edits: Iterable[Edit]) -> bytes:
    """The bytes with edits made, which do not overlap; every other byte as it was.

    >>> applied(b"abcdef", [(4, 5, b""), (1, 3, b"XYZ")])
    b'aXYZdf'
    """
    out: list[bytes] = []
    at = 0
    for start, end, new in sorted(edits):
        out += (data[at:start], new)
        at = end
    return b"".join((*out, data[at:]))
