"""The texts of the measurements: sentences with a gap, and labelled notes of several authors."""

from __future__ import annotations

import csv
import re
from functools import cache
from importlib.resources import files
from io import StringIO
from random import Random

from vnhealth.deid.text._evaluation_ways import bare
from vnhealth.deid.text._people import invent_name

__all__ = ["LABEL", "held_out", "labelled", "note", "notes", "sentences"]

LABEL = re.compile(r"\[([a-z]):([^\]]*)\]")
_KINDS = {
    "n": "name",
    "a": "address",
    "i": "id",
    "p": "phone",
    "d": "date",
    "g": "age",
    "c": "contact",
    "o": "org",
    "b": "plate",
    "t": "account",
}
_FOREIGN = re.compile(r"['’]|Niê|Kim |Park |^[A-Z] |^T\.$|^[A-Z]$")


def _rows(name: str) -> list[dict[str, str]]:
    path = files("vnhealth.deid.text") / "data" / f"evaluation_{name}.csv"
    return list(csv.DictReader(StringIO(path.read_text("utf-8"), newline="")))


@cache
def sentences(kind: str) -> tuple[str, ...]:
    """Sentences with a gap ``{}`` for a value of a kind."""
    return tuple(row["text"] for row in _rows("sentences") if row["kind"] == kind)


@cache
def notes() -> tuple[tuple[str, str], ...]:
    """Style and labelled text of each note; ``[n:Mẫu]`` is a name, and so on."""
    return tuple((row["style"], row["text"]) for row in _rows("notes"))


@cache
def held_out() -> tuple[tuple[str, str], ...]:
    """Notes of the same form that no rule was made from."""
    return tuple((row["style"], row["text"]) for row in _rows("held_out"))


def labelled(text: str) -> tuple[str, list[tuple[int, int, str]]]:
    """A text without its labels, and the places of what was labelled.

    >>> labelled("BN [n:Mẫu] đau")
    ('BN Mẫu đau', [(3, 6, 'name')])
    """
    parts: list[str] = []
    gold: list[tuple[int, int, str]] = []
    at = size = 0
    for match in LABEL.finditer(text):
        before, value = text[at : match.start()], match[2]
        size += len(before)
        gold.append((size, size + len(value), _KINDS[match[1]]))
        parts += (before, value)
        size += len(value)
        at = match.end()
    return "".join([*parts, text[at:]]), gold


def note(template: str, random: Random) -> str:
    """A labelled note with other people and numbers in it, written in the same way.

    >>> note("BN [n:Mẫu], [p:0900.000.123]", Random(7))
    'BN [n:Muội], [p:0900.083.016]'
    """

    def other(match: re.Match[str]) -> str:
        kind, value = match[1], match[2]
        if kind == "n":
            value = _like(value, random)
        elif kind in "pit":
            value = value[:5] + "".join(
                str(random.randrange(10)) if c.isdigit() else c for c in value[5:]
            )
        return f"[{kind}:{value}]"

    return LABEL.sub(other, template)


def _like(label: str, random: Random) -> str:
    """Another name in the form of a label: full or given, initials, capitals, no marks."""
    words = label.split()
    if _FOREIGN.search(label):
        return label
    name = invent_name(random, minority=False).split()
    if "." in label:
        if len(words) > 1:
            return label
        return ".".join(word[0] for word in name) + ("." if label.endswith(".") else "")
    if len(words) == 1:
        other = name[-1]
    elif len(words) == 2 and words[0].lower() not in _FAMILIES:
        other = " ".join(name[-2:]) if len(name) > 2 else label
    else:
        other = " ".join(name)
    if (label.isascii() and not label.islower() and len(words) > 1) or (
        label.isascii() and label.islower() and len(words) > 1
    ):
        other = bare(other)
    if label.isupper():
        return other.upper()
    return other.lower() if label.islower() else other


_FAMILIES = frozenset(
    {"nguyễn", "trần", "lê", "phạm", "võ", "vũ", "đặng", "bùi", "hồ", "lâm", "mai"}
)
