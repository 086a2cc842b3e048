"""The words of an address, taken from the right one administrative unit at a time."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache

from vnhealth.identity import names
from vnhealth.identity._lists import read
from vnhealth.identity._similarity import one_edit
from vnhealth.identity.admin_units import AdminUnit, AdminUnits, Level, bare_key, split_kind

__all__ = ["COSTS", "Reading", "Taken", "split", "take"]

_BREAK = re.compile(r"[,;\n|]+")
_GLUED = re.compile(r"^(tp|tx|tt|q|p|h|x|f)(\d+)$")
_DOTTED = re.compile(r"(?<=[^\W\d])\.(?=\w)")
_COUNTRY = (["viet", "nam"], ["vn"], ["vietnam"])
_LONGEST = 7

COSTS = {
    "NO_MARKS": 0.97,
    "MARKS_DIFFER": 0.9,
    "NO_KIND": 0.97,
    "OTHER_KIND": 0.85,
    "LETTER_OFF": 0.8,
    "NO_PROVINCE": 0.6,
    "NO_DISTRICT": 0.9,
    "NO_COMMA": 0.95,
    "OLD_PROVINCE": 0.98,
    "OLD_COMMUNE": 0.95,
}
"""What each inexactness multiplies the confidence with."""


@dataclass(slots=True)
class Reading:
    """The words still to be read, part by part: folded for lookup, and as they were shown."""

    folded: list[list[str]]
    shown: list[list[str]]
    marked: bool
    commas: bool
    notes: dict[str, None] = field(default_factory=dict)

    def copy(self) -> Reading:
        """Give a reading that can be tried and thrown away."""
        folded, shown = [list(x) for x in self.folded], [list(x) for x in self.shown]
        return Reading(folded, shown, self.marked, self.commas, dict(self.notes))

    def note(self, *codes: str) -> None:
        """Note what was not exact."""
        self.notes.update(dict.fromkeys(codes))

    def confidence(self) -> float:
        """Multiply the costs of all notes."""
        found = 1.0
        for code in self.notes:
            found *= COSTS.get(code, 1.0)
        return found

    def drop(self, words: int) -> None:
        """Forget the last words of the last part."""
        for held in (self.folded, self.shown):
            held[-1] = held[-1][: len(held[-1]) - words]
            if not held[-1]:
                held.pop()

    def rest(self) -> str:
        """Give what was not read."""
        return ", ".join(" ".join(part) for part in self.shown)


@dataclass(frozen=True, slots=True)
class Taken:
    """Units that the last words may name, best ones only; whether their kind was written."""

    units: tuple[AdminUnit, ...]
    words: int
    kind: str
    notes: tuple[str, ...]


def split(text: str) -> Reading:
    """Part an address at commas, fold its words, drop the country.

    >>> split("12 P.5, Q1, TP.HCM, Việt Nam").folded
    [['12', 'p', '5'], ['q', '1'], ['tp', 'hcm']]
    """
    whole = names.display(text)
    marked = names.key(whole) != names.skeleton(whole)
    reading = Reading([], [], marked, _BREAK.search(whole) is not None)
    for piece in _BREAK.split(_DOTTED.sub(". ", whole)):
        folded: list[str] = []
        shown: list[str] = []
        for word in piece.split():
            for bare in names.skeleton(word).split():
                glued = _GLUED.match(bare)
                for part in glued.groups() if glued else (bare,):
                    folded.append(part.lstrip("0") or "0" if part.isdigit() else part)
                    shown.append(word if not glued and bare == names.skeleton(word) else part)
        if folded:
            reading.folded.append(folded)
            reading.shown.append(shown)
    while reading.folded:
        last = reading.folded[-1]
        size = next((len(x) for x in _COUNTRY if len(last) >= len(x) and last[-len(x) :] == x), 0)
        if not size or (size == len(last) == 1 and last == ["vn"] and len(reading.folded) == 1):
            break
        reading.drop(size)
    return reading


@cache
def _kind_words() -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(names.skeleton(r["words"]).split()) for r in read("admin_prefixes"))


def _ends_in_kind(words: Sequence[str]) -> bool:
    return any(tuple(words[-size:]) in _kind_words() for size in (1, 2) if len(words) >= size)


def take(
    reading: Reading,
    units: AdminUnits,
    level: Level,
    on: dt.date,
    parents: Collection[str] | None = None,
    *,
    nearly: bool = True,
) -> Taken | None:
    """Find the unit that the last words name, below one of the parents when they are given.

    The whole last part counts most; otherwise its last words, when they begin with a kind, or there
    is no comma to go by, and the word before is no kind of another level. ``nearly`` also takes a
    name with one letter off. Nothing is dropped from the reading.
    """
    if not reading.folded:
        return None
    part = reading.folded[-1]
    for size in range(min(_LONGEST, len(part)), 0, -1):
        words = part[-size:]
        for kind, bare in _readings(words, level):
            if not kind and (
                " ".join(bare).isdigit() or not _may_stand_alone(reading, size, level)
            ):
                continue
            found = _within(units.named(" ".join(bare), on, level), parents)
            shown = " ".join(reading.shown[-1][-len(bare) :])
            if kind and not _is_kind(reading, words, kind):
                found = []
            if found:
                notes = [] if size == len(part) else ["NO_COMMA"]
                return _best(found, size, kind, shown, notes, marked=reading.marked)
    return _nearly(reading, units, level, on, parents) if nearly else None


def _readings(words: list[str], level: Level) -> list[tuple[str, list[str]]]:
    """Give the words as kind and name, and as a name alone (``Phương Liên`` is no ``phường``)."""
    kind, bare = split_kind(words, level)
    return [(kind, bare), ("", words)] if kind else [("", words)]


def _may_stand_alone(reading: Reading, size: int, level: Level) -> bool:
    """Tell whether last words without a kind may name a unit."""
    part = reading.folded[-1]
    if size == len(part):
        return True
    if _ends_in_kind(part[:-size]):
        return False
    return level == "province" or not reading.commas


def _is_kind(reading: Reading, words: list[str], kind: str) -> bool:
    """Tell whether the first word may be the kind: written out with marks, they must be right."""
    first = reading.shown[-1][-len(words)]
    written = names.key(first)
    if len(words[0]) < 3 or written == names.skeleton(first):
        return True
    return written == names.key(kind.split(maxsplit=1)[0])


def _within(found: Iterable[AdminUnit], parents: Collection[str] | None) -> list[AdminUnit]:
    return [unit for unit in found if parents is None or unit.parent in parents]


def _best(
    found: list[AdminUnit], size: int, kind: str, shown: str, notes: list[str], *, marked: bool
) -> Taken:
    """Prefer units of the written kind, then those whose marks agree."""
    same_kind = [unit for unit in found if unit.kind == kind]
    if kind and not same_kind:
        notes.append("OTHER_KIND")
    if not kind:
        notes.append("NO_KIND")
    found = same_kind or found
    key = names.key(shown)
    same_marks = [unit for unit in found if names.key(unit.name) == key]
    if not same_marks and any(names.key(u.name) != names.skeleton(u.name) for u in found):
        notes.append("MARKS_DIFFER" if key != names.skeleton(shown) else "NO_MARKS")
    best = same_marks if marked and same_marks else found
    return Taken(tuple(dict.fromkeys(best)), size, kind, tuple(notes))


def _nearly(
    reading: Reading,
    units: AdminUnits,
    level: Level,
    on: dt.date,
    parents: Collection[str] | None,
) -> Taken | None:
    """Find the one unit whose name is a letter away from the last part, kind written or not."""
    if level != "province" and parents is None:
        return None
    part = reading.folded[-1]
    kind, bare = split_kind(part, level)
    wanted = " ".join(bare)
    if len(wanted) < 5 or (not kind and _ends_in_kind(part[:1])):
        return None
    pool = [unit for parent in parents or ("",) for unit in units.on(on, level, parent)]
    near = [unit for unit in pool if one_edit(bare_key(unit.name), wanted)]
    if len(near) != 1 or (kind and near[0].kind != kind):
        return None
    return Taken((near[0],), len(part), kind, ("LETTER_OFF",))
