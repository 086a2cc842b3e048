"""Search finished bytes, texts and messages for identifiers that must not be there.

Meant for canaries: plant known identifiers in the input, then search every output (data, manifest,
file names, logs, exceptions). The report counts by kind and never shows what was found.
"""

from __future__ import annotations

import binascii
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import pybase64

__all__ = ["ScanReport", "scan"]

_RUN = re.compile(r"[A-Za-z0-9+/=\s]{24,}")
_GAP = re.compile(r"(?<=\d)[ .\-](?=\d)")
_DEPTH = 2
_SHORTEST = 4


@dataclass(frozen=True, slots=True)
class ScanReport:
    """How many of the known identifiers were found, by kind."""

    searched: int
    found: Mapping[str, int]

    @property
    def ok(self) -> bool:
        """True when nothing was found."""
        return not self.found


def _plain(text: str) -> str:
    """Lower case, without diacritics and blanks at odd places: one text for many spellings."""
    text = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    text = "".join(c for c in text if not unicodedata.combining(c))
    return " ".join(text.split())


def _layers(text: str, depth: int = _DEPTH) -> Iterator[str]:
    """The text, and what is behind base64 in it."""
    yield text
    if not depth:
        return
    for run in _RUN.finditer(text):
        packed = "".join(run[0].split())
        try:
            inner = pybase64.b64decode(packed[: len(packed) // 4 * 4], validate=True)
        except (binascii.Error, ValueError):
            continue
        yield from _layers(inner.decode("utf-8", "replace"), depth - 1)


def scan(data: bytes | str, known: Mapping[str, Iterable[str]] | Iterable[str]) -> ScanReport:
    """Search for identifiers however they are written: case, diacritics, Unicode form, blanks or
    dots between digits, base64.

    ``known`` maps a kind (``name``, ``card`` ...) to identifiers; identifiers of fewer than four
    characters are not searched for.

    >>> scan("So: 001 099 000 123", {"id": ["001099000123"], "name": ["Mẫu"]}).found
    {'id': 1}
    >>> scan(b"VOID", {"name": ["Trần Thị Mẫu"]}).ok
    True
    """
    kinds = known if isinstance(known, Mapping) else {"identifier": known}
    text = data.decode("utf-8", "replace") if isinstance(data, bytes) else data
    wanted = {
        (kind, _plain(value))
        for kind, values in kinds.items()
        for value in values
        if len(_plain(value)) >= _SHORTEST
    }
    left = set(wanted)
    for layer in _layers(text):
        plain = _plain(layer)
        joined = _GAP.sub("", plain)
        left -= {(k, v) for k, v in left if v in plain or _GAP.sub("", v) in joined}
        if not left:
            break
    return ScanReport(len(wanted), dict(sorted(Counter(kind for kind, _ in wanted - left).items())))
