"""A text cut into words once, with everything the detectors ask of it."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate

from vnhealth.deid.text._lexicon import WORD, Cache, Trie, fold, key, phrases, syllable

__all__ = ["HIDDEN", "SEPARATOR", "Page", "Phrase"]

HIDDEN = "\ue000"
"""Stands for each character of what has been found already."""

Phrase = tuple[int, int, tuple[str, ...]]
"""First word, word after the last, classes."""


def _separator(sep: str) -> str:
    """One character for what stands between two words."""
    if not sep:
        return "_"
    if HIDDEN in sep:
        return "~"
    if "\n" in sep or "\r" in sep:
        return "n"
    bare = sep.strip()
    if not bare or sep == "^":
        return " " if len(sep) <= 4 else ";"
    if len(bare) > 4:
        return ";"
    first = bare[0]
    if bare in ("'", "’", "ʼ", "`", "‘", "´") and len(sep) <= 2:
        return "'"
    if bare in (".", "·"):
        return "."
    if bare == ",":
        return ","
    if bare in ("-", "–", "‐", "‑") and len(sep) == 1:
        return "-"
    if bare in ("/", "\\", "_"):
        return "/"
    if set(bare) <= set(":=-–—>~|*.") and (":" in bare or "." not in bare):
        return ":"
    if first in "([{\"“'‘«<" or bare[-1] in "([{“«":
        return "(" if not set(bare) & set(".!?;") else ";"
    if bare in (")", "]", "}", '"', "”", "'", "»", "),"):
        return ")"
    if set(bare) <= set("@&+"):
        return "@"
    return ";"


SEPARATOR = Cache(_separator)
"""What is between two words, as one character: ``_`` nothing, blank, ``n`` a line break, ``.``,
``,``, ``-`` a hyphen without blanks, ``:`` colon, dash or equal sign, ``'``, ``/``, ``(``, ``)``,
``@``, ``~`` something hidden, and ``;`` for the end of a sentence and all else."""


_DIGITS = frozenset("0123456789")
_PLACES = frozenset({"place_words", "whitelist"})
_RUN = 5
_RUNS = re.compile("a[ad]*")


def _bare(word: str) -> str:
    if word.isdigit() or (len(word) == 1 and word.isascii()):
        return "d"
    return "a" if word.isascii() and syllable[word] else "m"


_BARE = Cache(_bare)


class Page:
    """Words and separators of a text, and the phrases of the lists that occur in it.

    ``bare`` says that the text is written without marks, ``bare_at`` the same of each word.

    >>> page = Page("BN Nguyễn Văn Thử, 45 tuổi")
    >>> page.words[:4], page.shape, page.bare
    (['BN', 'Nguyễn', 'Văn', 'Thử'], '_   , ', False)
    """

    __slots__ = (
        "bare",
        "bare_at",
        "digits",
        "ends",
        "folds",
        "found",
        "keys",
        "seps",
        "shape",
        "size",
        "starts",
        "text",
        "words",
    )

    def __init__(self, text: str) -> None:
        parts = WORD.split(text)
        edges = list(accumulate(map(len, parts)))
        self.text = text
        self.words: list[str] = parts[1::2]
        self.seps: list[str] = parts[0::2]
        self.size = size = len(self.words)
        self.starts = edges[0::2]
        self.ends = edges[1::2]
        self.folds: list[str] = list(map(fold.__getitem__, self.words))
        self.keys: list[str] = list(map(key.__getitem__, self.words))
        self.shape = "".join(map(SEPARATOR.__getitem__, self.seps[:-1]))
        self.digits = [i for i, word in enumerate(self.words) if word[0] in _DIGITS]
        marked = size - sum(map(str.isascii, self.words))
        self.bare = marked * 12 < size
        self.found: dict[str, list[Phrase]] = {
            "titles": [],
            "whitelist": [],
            "place_words": [],
            "cues": [],
        }
        self.bare_at = bytearray(b"\1" * size if self.bare else size)
        if self.bare:
            self._scan(phrases(bare=True), self.folds, range(size))
            return
        self._scan(phrases(), self.keys, range(size))
        for first, last in self._bare_runs(marked):
            self.bare_at[first:last] = b"\1" * (last - first)
            self._scan(phrases(bare=True), self.folds, range(first, last), only=_PLACES)

    def hiding(self, text: str, marks: Iterable[tuple[int, int]]) -> Page:
        """The page of the same text in which the characters between some places are hidden now.

        Words and phrases elsewhere are taken over. Where that will not do (text without marks, a
        word or a phrase hidden in part) the text is read anew.
        """
        gone = bytearray(self.size)
        for start, end in marks:
            first = bisect_right(self.ends, start)
            last = bisect_left(self.starts, end)
            if first < last and (self.starts[first] < start or end < self.ends[last - 1]):
                return Page(text)
            gone[first:last] = b"\1" * (last - first)
        kept = [i for i, is_gone in enumerate(gone) if not is_gone]
        page = Page.__new__(Page)
        page._take(self, text, kept)
        marked = page.size - sum(map(str.isascii, page.words))
        bare = marked * 12 < page.size or any(page._bare_runs(marked))
        if bare or self.bare or any(self.bare_at):
            return Page(text)
        page.bare, page.bare_at = False, bytearray(page.size)
        moved = list(accumulate(gone, initial=0))
        page.found = {}
        for name, found in self.found.items():
            page.found[name] = whole = []
            for first, last, classes in found:
                if moved[last] == moved[first]:
                    whole.append((first - moved[first], last - moved[first], classes))
                elif not gone[first]:
                    return Page(text)
        return page

    def _take(self, page: Page, text: str, kept: list[int]) -> None:
        """Take over some words of a page of a text of the same length."""
        self.text = text
        self.size = len(kept)
        self.words = [page.words[i] for i in kept]
        self.starts = [*[page.starts[i] for i in kept], len(text)]
        self.ends = [page.ends[i] for i in kept]
        self.folds = [page.folds[i] for i in kept]
        self.keys = [page.keys[i] for i in kept]
        edges = zip([0, *self.ends], self.starts, strict=True)
        self.seps = [text[start:end] for start, end in edges]
        self.shape = "".join(map(SEPARATOR.__getitem__, self.seps[:-1]))
        self.digits = [i for i, word in enumerate(self.words) if word[0] in _DIGITS]

    def _bare_runs(self, marked: int) -> Iterator[tuple[int, int]]:
        """Long stretches without marks inside a text that has marks elsewhere."""
        if len(self.words) - marked < _RUN:
            return
        flags = "".join(map(_BARE.__getitem__, self.words))
        for match in _RUNS.finditer(flags):
            if match[0].count("a") >= _RUN:
                yield match.span()

    def _scan(
        self, root: Trie, forms: list[str], places: range, only: frozenset[str] | None = None
    ) -> None:
        shape, size, found = self.shape, places.stop, self.found
        for i in [i for i in places if forms[i] in root]:
            node = root[forms[i]]
            j = i + 1
            while True:
                ends = node.get(None)
                if ends:
                    for name, classes in ends.items():
                        if only is not None and name not in only:
                            continue
                        met = found[name]
                        if met and met[-1][0] == i:
                            met[-1] = (i, j, classes)
                        else:
                            met.append((i, j, classes))
                if j == size or shape[j] not in " .-/_@":
                    break
                node = node.get(forms[j])
                if node is None:
                    break
                j += 1

    @property
    def titled(self) -> frozenset[int]:
        """Places where a title begins."""
        return frozenset(first for first, _, _ in self.found["titles"])

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Start and end in the text of the words from first to last, both included."""
        return self.starts[first], self.ends[last]

    def capital(self, i: int) -> bool:
        """True when a word begins with a capital letter."""
        return self.words[i][:1].isupper()

    def adjoining(self, i: int) -> bool:
        """True when nothing but blanks, a line break, a dot or a hyphen parts word i from the one
        before.
        """
        sep = self.seps[i]
        return i > 0 and (self.shape[i] in " _.-n'" or sep == "_") and len(sep) <= 6

    def begins(self, i: int) -> bool:
        """True when word i stands at the beginning of a sentence, line or text."""
        return i == 0 or self.shape[i] in ".;n"
