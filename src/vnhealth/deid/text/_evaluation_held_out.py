"""Measure the scrubber on notes that were written after its rules and never used to change them.

Unlike the open notes, whose misses were looked at, these tell what to expect of a new text. They
are also read in the ways texts come damaged: capitals, no marks, old encodings, a line break or a
wrong letter within a name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from random import Random

from vnhealth.deid.text._evaluation_count import Figures, covered
from vnhealth.deid.text._evaluation_notes import LABEL, held_out, labelled
from vnhealth.deid.text._evaluation_ways import bare, one_letter_wrong
from vnhealth.deid.text._known import Known
from vnhealth.deid.text._lexicon import key, name_keys, words_of
from vnhealth.deid.text._scrub import Scrubber
from vnhealth.errors import IdentityError
from vnhealth.identity import legacy

__all__ = ["DAMAGES", "count_held_out"]

_WORD = re.compile(r"[^\W\d_]+")
Damage = Callable[[str, str, Random], str]
"""Takes a piece of a note, the letter of its label (empty outside of labels) and a random."""


def _shown(encoding: str) -> Damage:
    def shown(word: re.Match[str]) -> str:
        try:
            return legacy.encode(word[0], encoding).decode("cp1252", errors="replace")
        except IdentityError:  # a letter that the encoding does not hold
            return word[0]

    return lambda piece, label, random: _WORD.sub(shown, unicodedata.normalize("NFC", piece))


def _in_names(change: Callable[[str, Random], str | None]) -> Damage:
    def damage(piece: str, label: str, random: Random) -> str:
        return (change(piece, random) or piece) if label == "n" else piece

    return damage


DAMAGES: Mapping[str, Damage] = {
    "capitals": lambda piece, label, random: piece.upper(),
    "no marks": lambda piece, label, random: bare(piece),
    "no marks, lower case": lambda piece, label, random: bare(piece).lower(),
    "decomposed": lambda piece, label, random: unicodedata.normalize("NFD", piece),
    "TCVN3": _shown("tcvn3"),
    "VNI": _shown("vni"),
    "line break in names": _in_names(lambda name, random: name.replace(" ", "\n", 1)),
    "one letter wrong in names": _in_names(one_letter_wrong),
}


def count_held_out(figures: Figures, random: Random) -> None:
    """Add the figures ``held-out: ...`` of all notes that were held out."""
    for _, template in held_out():
        text, gold = labelled(template)
        spans = Scrubber().scrub(text).spans
        figures.note("held-out", text, gold, spans)
        for start, end, kind in gold:
            if kind == "name" and not _listed(text[start:end]):
                found = covered(text, spans, start, end)
                figures.add("held-out, given name outside the lists: names", found)
        known = Scrubber(_known(template))
        for way, damage in {"as written": _as_written, **DAMAGES}.items():
            written, places = labelled(_damaged(template, damage, random))
            if way != "as written":
                _names(figures, f"held-out, {way}: names", written, places, Scrubber())
            _names(figures, f"held-out of a record, {way}: names", written, places, known)


def _as_written(piece: str, label: str, random: Random) -> str:
    return piece


def _names(
    figures: Figures, name: str, text: str, gold: list[tuple[int, int, str]], scrubber: Scrubber
) -> None:
    done = scrubber.scrub(text)
    for start, end, kind in gold:
        if kind == "name":
            one, two = (len(unicodedata.normalize("NFC", text[:at])) for at in (start, end))
            whole = unicodedata.normalize("NFC", text)
            figures.add(name, covered(whole, done.spans, one, two))


def _listed(name: str) -> bool:
    """True when the given name is one that the recogniser has in its lists."""
    return key[words_of(name)[-1]] in name_keys()


def _damaged(template: str, damage: Damage, random: Random) -> str:
    parts: list[str] = []
    at = 0
    for match in LABEL.finditer(template):
        parts.append(damage(template[at : match.start()], "", random))
        parts.append(f"[{match[1]}:{damage(match[2], match[1], random)}]")
        at = match.end()
    return "".join([*parts, damage(template[at:], "", random)])


def _known(template: str) -> Known:
    """What a record would know of a note: all that is labelled."""
    held: dict[str, list[str]] = {}
    for match in LABEL.finditer(template):
        held.setdefault(match[1], []).append(match[2])
    return Known(
        names=tuple(held.get("n", ())),
        addresses=tuple(held.get("a", ())),
        ids=tuple(held.get("i", ())),
        phones=tuple(held.get("p", ())),
    )
