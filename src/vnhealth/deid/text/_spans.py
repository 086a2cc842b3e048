"""What is found in a text: spans of kinds, who found them, and how overlapping ones become one."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

__all__ = ["KINDS", "SOURCES", "Mark", "Source", "Span", "merged", "tag_of"]

Source = Literal["record", "pattern", "address", "name"]
SOURCES: tuple[Source, ...] = ("record", "pattern", "address", "name")
"""Who found a span, strongest first: the record of the same encounter, the form of a number, the
words of an address, the words around a name."""

Mark = tuple[int, int, str, Source]
"""Start and end in the text that is looked at, kind, source."""


@dataclass(frozen=True, slots=True)
class Span:
    """A removed piece: where it stood in the NFC form of the input, what it was, who found it.

    >>> Span(3, 9, "name", "record").to_dict()
    {'start': 3, 'end': 9, 'kind': 'name', 'source': 'record'}
    """

    start: int
    end: int
    kind: str
    source: Source

    def to_dict(self) -> dict[str, int | str]:
        """The span for JSON; it holds no text."""
        return {
            "start": self.start,
            "end": self.end,
            "kind": self.kind,
            "source": self.source,
        }


@cache
def _rows() -> Mapping[str, dict[str, str]]:
    path = files("vnhealth.deid.text") / "data" / "kinds.csv"
    return {row["kind"]: row for row in csv.DictReader(path.read_text("utf-8").splitlines())}


KINDS: tuple[str, ...] = (
    "name",
    "address",
    "org",
    "id",
    "phone",
    "date",
    "age",
    "contact",
    "account",
    "plate",
)
"""The kinds of spans, in the order of ``data/kinds.csv``."""


@cache
def tag_of(kind: str) -> str:
    """What stands in the place of a removed piece.

    >>> tag_of("name"), tag_of("phone")
    ('[HO_TEN]', '[SDT]')
    """
    return f"[{_rows()[kind]['tag']}]"


_GLUE = frozenset(" \t\r\n.-\u00a0_")


def merged(marks: Iterable[Mark], text: str) -> list[Mark]:
    """Marks in order of place without overlap.

    Overlapping ones become one, and so do neighbours of one kind with only blanks, a dot or a
    hyphen between them. The longest gives the kind, the strongest the source.
    """
    found: list[Mark] = []
    length = 0
    for mark in sorted(marks):
        start, end, kind, source = mark
        if found:
            first, last, old, old_source = found[-1]
            close = start <= last if start < last else False
            if not close and kind == old and start - last <= 3:
                close = not (set(text[last:start]) - _GLUE)
            if close:
                better = source if _rank(source) < _rank(old_source) else old_source
                if end - start > length:
                    old, length = kind, end - start
                found[-1] = (first, max(last, end), old, better)
                continue
        found.append(mark)
        length = end - start
    return found


def _rank(source: Source) -> int:
    return SOURCES.index(source)
