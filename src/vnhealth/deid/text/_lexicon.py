"""The words the detectors know, read once from ``data/``; each list says where it comes from."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from vnhealth.identity._syllables import (
    bare_letters,
    is_bare_syllable,
    is_syllable,
    split_tone,
)
from vnhealth.identity._syllables import read_rows as identity_rows

__all__ = [
    "Cache",
    "Trie",
    "fold",
    "folds_of",
    "key",
    "keys_of",
    "listed",
    "name_folds",
    "name_keys",
    "near_words",
    "phrases",
    "place_syllables",
    "syllable",
    "words_of",
]

WORD = re.compile(r"([^\W\d_]+|[0-9]+)")
LIMIT = 20_000
"""Distinct words that a cache remembers before it starts anew, so that memory stays flat."""


class Cache(dict[str, Any]):
    """What is known of a word, worked out when it is first met."""

    __slots__ = ("_make",)

    def __init__(self, make: Any) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, word: str) -> Any:
        found = self._make(word)
        if len(self) >= LIMIT:
            self.clear()
        self[word] = found
        return found


def _rows(name: str) -> list[dict[str, str]]:
    path = files("vnhealth.deid.text") / "data" / f"{name}.csv"
    return list(csv.DictReader(path.read_text("utf-8").splitlines()))


_TELEX = re.compile(r"aa|ee|oo|dd|aw|ow|uw|w")
_TELEX_LETTERS = {"aa": "a", "ee": "e", "oo": "o", "dd": "d", "aw": "a", "ow": "o", "uw": "u"}


def _telex(lower: str) -> str:
    """Letters behind Telex keys that were typed without an input method, or an empty text."""
    bare = _TELEX.sub(lambda m: _TELEX_LETTERS.get(m[0], "u"), lower)
    if bare[-1:] in ("s", "f", "r", "x", "j") and len(bare) > 2:
        bare = bare[:-1]
    return bare if bare != lower and is_bare_syllable(bare) else ""


def _fold(word: str) -> str:
    lower = word.lower()
    if lower.isascii():
        if len(lower) > 3 and not is_bare_syllable(lower):
            lower = _telex(lower) or lower
    else:
        lower = bare_letters(lower)
    return lower.replace("y", "i")


def _key(word: str) -> str:
    lower = word.lower()
    if not lower.isascii():
        lower = "".join(split_tone(unicodedata.normalize("NFD", lower)))
    return lower.replace("y", "i")


fold = Cache(_fold)
"""Word to its letters without marks, y as i: equal for all spellings of one syllable."""
key = Cache(_key)
"""Word to lower case with the tone as a digit, y as i: equal for `hoà` and `hòa`, `Lý` and `Lí`."""


def _syllable(word: str) -> bool:
    lower = word.lower()
    return is_bare_syllable(lower) if lower.isascii() else is_syllable(lower)


syllable = Cache(_syllable)
"""True for a word that can be one Vietnamese syllable, with marks or without."""


def words_of(phrase: str) -> list[str]:
    """The letter and digit runs of a text."""
    return WORD.findall(phrase)


@cache
def name_keys() -> Mapping[str, frozenset[str]]:
    """Key of a syllable usual in names to its roles."""
    found: dict[str, frozenset[str]] = {}
    for row in [*identity_rows("name_syllables.csv"), *_rows("names_more")]:
        place = key[row["syllable"]]
        found[place] = found.get(place, frozenset()) | frozenset(row["roles"].split())
    return found


@cache
def name_folds() -> Mapping[str, frozenset[str]]:
    """The same by the letters without marks, for names typed without marks."""
    found: dict[str, frozenset[str]] = {}
    for row in [*identity_rows("name_syllables.csv"), *_rows("names_more")]:
        place = fold[row["syllable"]]
        found[place] = found.get(place, frozenset()) | frozenset(row["roles"].split())
    return found


@cache
def listed(kind: str) -> frozenset[str]:
    """The words of a class of ``data/words.csv``."""
    return frozenset(row["text"] for row in _rows("words") if row["class"] == kind)


@cache
def keys_of(kind: str) -> frozenset[str]:
    """Their keys."""
    return frozenset(key[text] for text in listed(kind) if " " not in text)


@cache
def folds_of(kind: str) -> frozenset[str]:
    """Their letters without marks."""
    return frozenset(fold[text] for text in listed(kind) if " " not in text)


@cache
def place_syllables(*, bare: bool = False) -> frozenset[str]:
    """Keys of syllables usual in names of places."""
    form = fold if bare else key
    return frozenset(form[row["syllable"]] for row in _rows("place_syllables"))


Trie = dict[Any, Any]
"""Words of phrases, nested; what a phrase is stands under None: list to classes."""

_LISTS = (
    ("titles", "phrase", "class"),
    ("whitelist", "phrase", "kind"),
    ("place_words", "phrase", "class"),
    ("cues", "phrase", "class"),
)


def _all() -> Iterator[tuple[str, str, str, bool]]:
    for name, column, kind in _LISTS:
        for row in _rows(name):
            yield name, row[column], row[kind], row.get("unmarked", "yes") == "yes"
    for row in identity_rows("provinces_63.csv"):
        yield "whitelist", row["name_vi"].lower(), "geography", True


_NEAR = ("day", "score", "ratio")


@cache
def near_words(*, bare: bool = False) -> Mapping[str, frozenset[str]]:
    """Single words before a number that make it a day, a score or a ratio; too many for the
    phrases.
    """
    form = fold if bare else key
    found: dict[str, frozenset[str]] = {}
    for row in _rows("cues"):
        if row["class"] in _NEAR and " " not in row["phrase"] and row["phrase"].isalnum():
            place = form[row["phrase"]]
            found[place] = found.get(place, frozenset()) | {row["class"]}
    return found


@cache
def phrases(*, bare: bool = False) -> Trie:
    """All phrases of all lists by their words: keys, or letters without marks."""
    form = fold if bare else key
    root: Trie = {}
    for name, phrase, kind, unmarked in _all():
        if name == "cues" and kind in _NEAR and " " not in phrase:
            continue
        if bare and not unmarked and " " not in phrase and not phrase.isascii():
            continue
        node = root
        for word in words_of(phrase):
            node = node.setdefault(form[word], {})
        found = node.setdefault(None, {})
        if kind not in found.get(name, ()):
            found[name] = (*found.get(name, ()), kind)
    return root
