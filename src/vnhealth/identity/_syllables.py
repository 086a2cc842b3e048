"""Vietnamese syllables: tone mark as a digit, spelling rules, syllables usual in names.

Used by names (comparison key) and by the detector of legacy encodings (is this reading real
text?). The lists in ``data/syllable_parts.csv`` and ``data/name_syllables.csv`` are this project's
own, from general knowledge of Vietnamese spelling and names; they only score, they never reject.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files

__all__ = [
    "TONE_DIGITS",
    "bare_letters",
    "is_bare_syllable",
    "is_syllable",
    "name_roles",
    "read_rows",
    "split_tone",
]

TONE_DIGITS: Mapping[str, str] = {
    "\u0301": "1",
    "\u0300": "2",
    "\u0309": "3",
    "\u0303": "4",
    "\u0323": "5",
}
"""Combining tone mark -> digit: 1 sắc, 2 huyền, 3 hỏi, 4 ngã, 5 nặng."""

_TONE = re.compile("[\u0300\u0301\u0303\u0309\u0323]")
_FRONT = frozenset("ieêy")


def read_rows(name: str) -> list[dict[str, str]]:
    """Return the rows of one CSV file of ``identity/data``."""
    path = files("vnhealth.identity") / "data" / name
    return list(csv.DictReader(path.read_text("utf-8").splitlines()))


def split_tone(decomposed: str) -> tuple[str, str]:
    r"""Part an NFD syllable into its composed letters without tone, and its tone digits.

    >>> split_tone("hoa\u0300"), split_tone("ho\u0300a")
    (('hoa', '2'), ('hoa', '2'))
    """
    marks = _TONE.findall(decomposed)
    if not marks:
        return unicodedata.normalize("NFC", decomposed), ""
    bare = unicodedata.normalize("NFC", _TONE.sub("", decomposed))
    return bare, "".join(TONE_DIGITS[mark] for mark in marks)


@cache
def _parts(part: str) -> frozenset[str]:
    return frozenset(row["text"] for row in read_rows("syllable_parts.csv") if row["part"] == part)


def _onset_fits(onset: str, rime: str) -> bool:
    front = rime[0] in _FRONT
    if onset in ("k", "gh", "ngh"):
        return front
    if onset in ("c", "g", "ng"):
        return not front or (onset == "g" and rime[0] == "i")
    return True


@lru_cache(maxsize=16384)
def is_syllable(lower: str) -> bool:
    """Tell whether a lower-case word follows the spelling rules of one Vietnamese syllable.

    The place of the tone mark inside the vowels is not judged (``hoà`` and ``hòa`` both pass).

    >>> [is_syllable(word) for word in ("nguyễn", "quý", "giếng", "hoàng", "ngiêm", "tôc")]
    [True, True, True, True, False, False]
    """
    bare, tones = split_tone(unicodedata.normalize("NFD", lower))
    if len(tones) > 1:
        return False
    rimes, onsets = _parts("rime"), _parts("onset")
    for size in (3, 2, 1, 0):
        onset, rime = bare[:size], bare[size:]
        if len(onset) < size or not rime or (size and onset not in onsets):
            continue
        if rime not in rimes or not _onset_fits(onset, rime):
            continue
        stopped = rime[-1] in "ptc" or rime.endswith("ch")
        return tones in ("1", "5") if stopped else True
    return False


@cache
def _bare_rimes() -> frozenset[str]:
    return frozenset(bare_letters(rime) for rime in _parts("rime"))


def bare_letters(text: str) -> str:
    """Return lower-case letters without any mark, đ as d."""
    kept = (c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    return "".join(kept).replace("đ", "d")


@lru_cache(maxsize=16384)
def is_bare_syllable(word: str) -> bool:
    """Tell whether a lower-case word without marks can be one Vietnamese syllable with some marks.

    >>> [is_bare_syllable(word) for word in ("nguyen", "quoc", "dung", "vwn", "nguyxn")]
    [True, True, True, False, False]
    """
    onsets = {bare_letters(onset) for onset in _parts("onset")}
    return any(
        word[size:] in _bare_rimes() and (not size or word[:size] in onsets) for size in range(4)
    )


@cache
def _names() -> Mapping[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for row in read_rows("name_syllables.csv"):
        bare, tone = split_tone(unicodedata.normalize("NFD", row["syllable"]))
        found[bare + tone] = found.get(bare + tone, frozenset()) | frozenset(row["roles"].split())
    return found


@lru_cache(maxsize=16384)
def name_roles(lower: str) -> frozenset[str]:
    """Return where a lower-case syllable is usual in names: surname, middle, given; may be empty.

    >>> sorted(name_roles("nguyễn")), sorted(name_roles("xyz"))
    (['middle', 'surname'], [])
    """
    bare, tone = split_tone(unicodedata.normalize("NFD", lower))
    return _names().get(bare + tone, frozenset())
