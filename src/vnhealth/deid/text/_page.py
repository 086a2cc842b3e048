"""A text cut into words once, with everything the detectors ask of it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

from vnhealth.deid.text._lexicon import WORD, Cache, Trie, fold, key, phrases

__all__ = ["SEPARATOR", "Page", "Phrase"]

Phrase = tuple[int, int, tuple[str, ...]]
"""First word, word after the last, classes."""


def _separator(sep: str) -> str:
    """One character for what stands between two words."""
    if not sep:
        return "_"
    if "\n" in sep or "\r" in sep:
        return "n"
    bare = sep.strip()
    if not bare:
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
    if bare in ("-", "–", "_", "‐", "‑") and len(sep) == 1:
        return "-"
    if bare in ("/", "\\"):
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
``@`` and ``;`` for the end of a sentence and all else."""


class Page:
    """Words and separators of a text, and the phrases of the lists that occur in it.

    ``bare`` says that the text is written without marks.

    >>> page = Page("BN Nguyễn Văn Thử, 45 tuổi")
    >>> page.words[:4], page.shape, page.bare
    (['BN', 'Nguyễn', 'Văn', 'Thử'], '_   , ', False)
    """

    __slots__ = (
        "bare",
        "ends",
        "folds",
        "found",
        "keys",
        "seps",
        "shape",
        "starts",
        "text",
        "words",
    )

    def __init__(self, text: str) -> None:
        parts = WORD.split(text)
        edges = list(accumulate(map(len, parts)))
        self.text = text
        self.words = parts[1::2]
        self.seps = parts[0::2]
        self.starts = edges[0::2]
        self.ends = edges[1::2]
        self.folds: list[str] = list(map(fold.__getitem__, self.words))
        self.keys: list[str] = list(map(key.__getitem__, self.words))
        self.shape = "".join(map(SEPARATOR.__getitem__, self.seps[:-1]))
        marked = len(self.words) - sum(map(str.isascii, self.words))
        self.bare = marked * 12 < len(self.words)
        self.found: dict[str, list[Phrase]] = {
            "titles": [],
            "whitelist": [],
            "place_words": [],
            "cues": [],
        }
        self._scan(phrases(bare=True) if self.bare else phrases())

    def _scan(self, root: Trie) -> None:
        forms = self.folds if self.bare else self.keys
        shape, size, found = self.shape, len(forms), self.found
        for i, form in enumerate(forms):
            node = root.get(form)
            if node is None:
                continue
            met: dict[str, Phrase] = {}
            j = i + 1
            while True:
                ends = node.get(None)
                if ends:
                    for name, classes in ends.items():
                        met[name] = (i, j, classes)
                if j == size or shape[j] not in " .-/_@":
                    break
                node = node.get(forms[j])
                if node is None:
                    break
                j += 1
            for name, phrase in met.items():
                found[name].append(phrase)

    def __len__(self) -> int:
        return len(self.words)

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
        return i > 0 and self.shape[i] in " _.-n" and len(self.seps[i]) <= 6

    def begins(self, i: int) -> bool:
        """True when word i stands at the beginning of a sentence, line or text."""
        return i == 0 or self.shape[i] in ".;n"

    def numbers(self) -> Iterator[int]:
        """Places of the words that are digits."""
        return (i for i, word in enumerate(self.words) if word.isdigit())
