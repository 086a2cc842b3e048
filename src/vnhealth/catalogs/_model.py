"""What a look-up gives: an entry with its provenance, or a miss that says exactly why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal

from vnhealth.findings import Finding, Severity, catalogue

__all__ = ["NOTHING", "Effect", "Entry", "Meaning", "Miss", "Row", "Source", "State", "finding"]

NOTHING: Mapping[str, str] = MappingProxyType({})


class State(StrEnum):
    """What can be said of a code on a day.

    ``OUTSIDE`` codes are formed by rule and stand in no list (transport ``VC.01901``). For
    ``PARTIAL``, ``NOT_INSTALLED`` and ``NOT_COVERED`` nothing may be concluded.
    """

    VALID = "valid"
    ENDED = "ended"
    FUTURE = "future"
    UNKNOWN = "unknown"
    OUTSIDE = "outside"
    PARTIAL = "partial"
    NOT_COVERED = "not_covered"
    NOT_INSTALLED = "not_installed"


@dataclass(frozen=True, slots=True)
class Source:
    """One dated edition of a catalogue: which text, which days, and whether it is complete.

    ``complete`` is ``yes`` (a code outside it does not exist) or ``partial`` (nothing follows).
    ``as_of`` is set for a snapshot, complete on that day only. ``entries`` counts rows. ``id`` is
    the number in the pack, 0 for what the package itself holds.
    """

    name: str
    system: str
    layout: str
    decision: str
    appendix: str
    title_vi: str
    title_en: str
    valid_from: dt.date | None
    valid_to: dt.date | None
    complete: str
    confidence: str
    as_of: dt.date | None = None
    entries: int = 0
    id: int = 0

    def covers(self, day: dt.date) -> bool:
        """True when the edition is in force on this day."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day <= self.valid_to
        )

    def overlaps(self, other: Source) -> bool:
        """True when both are in force on some day."""
        first = max(self.valid_from or dt.date.min, other.valid_from or dt.date.min)
        last = min(self.valid_to or dt.date.max, other.valid_to or dt.date.max)
        return first <= last

    def closes(self, day: dt.date) -> bool:
        """True when on this day a code that it does not hold does not exist."""
        return self.covers(day) and (self.complete == "yes" or day == self.as_of)


@dataclass(frozen=True, slots=True)
class Row:
    """One stored row of a catalogue with its own period; ``source`` bounds the period."""

    source: Source
    code: str
    name_vi: str
    name_en: str
    parent: str
    valid_from: dt.date | None
    valid_to: dt.date | None
    replaced_by: tuple[str, ...]
    attrs: Mapping[str, str]

    @property
    def start(self) -> dt.date:
        """The first day of the row, within its edition."""
        return max(self.valid_from or dt.date.min, self.source.valid_from or dt.date.min)

    @property
    def end(self) -> dt.date:
        """The last day of the row, within its edition."""
        return min(self.valid_to or dt.date.max, self.source.valid_to or dt.date.max)


@dataclass(frozen=True, slots=True)
class Effect:
    """A coding rule on one code: a flag of an edition, or membership of one of its rule lists.

    ``effect`` is NOT_AS_MAIN, DISCOURAGED_AS_MAIN, MORE_SPECIFIC_EXISTS, DEATH_ONLY, FEMALE_ONLY,
    MALE_ONLY or AGE_LIMIT; ages are in days, both ends inclusive.
    """

    effect: str
    list: str
    min_days: int = 0
    max_days: int = 1_000_000
    source: str = ""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the same code means in another period."""

    name_vi: str
    valid_from: dt.date | None
    valid_to: dt.date | None
    source: str


@dataclass(frozen=True, slots=True, repr=False)
class Entry:
    """A code that may be used on the day asked for.

    ``valid_from`` and ``valid_to`` bound its use (None: open). ``alternatives`` counts further rows
    of the same code valid that day (lots of one drug). ``other_meanings`` tells what the number
    meant in another period. ``attrs`` holds further columns of the list by name.
    """

    set: str
    code: str
    name_vi: str
    name_en: str
    valid_from: dt.date | None
    valid_to: dt.date | None
    replaced_by: tuple[str, ...]
    parent: str
    source: Source
    attrs: Mapping[str, str] = field(default_factory=dict)
    effects: tuple[Effect, ...] = ()
    other_meanings: tuple[Meaning, ...] = ()
    alternatives: int = 0

    found: Literal[True] = True
    state: State = State.VALID

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready object with the keys of the command ``catalogs resolve``."""
        return {
            "set": self.set,
            "code": self.code,
            "found": True,
            "state": self.state.value,
            "name_vi": self.name_vi,
            "name_en": self.name_en,
            "valid_from": _iso(self.valid_from),
            "valid_to": _iso(self.valid_to),
            "replaced_by": list(self.replaced_by),
            "parent": self.parent,
            "decision": self.source.decision,
            "appendix": self.source.appendix,
            "source": self.source.name,
            "confidence": self.source.confidence,
            "attrs": dict(self.attrs),
            "effects": [
                {
                    "effect": e.effect,
                    "list": e.list,
                    "min_days": e.min_days,
                    "max_days": e.max_days,
                    "source": e.source,
                }
                for e in self.effects
            ],
            "other_meanings": [
                {
                    "name_vi": m.name_vi,
                    "valid_from": _iso(m.valid_from),
                    "valid_to": _iso(m.valid_to),
                    "source": m.source,
                }
                for m in self.other_meanings
            ],
            "alternatives": self.alternatives,
            "finding": None,
            "message": "",
        }

    def __repr__(self) -> str:
        return f"<Entry {self.set} {self.state}>"


@dataclass(frozen=True, slots=True, repr=False)
class Miss:
    """Why a code cannot be used, or cannot be judged, on the day asked for.

    ``code`` is the permanent code of the reason (CAT-01 to CAT-09). ``asked`` is the text looked
    up. ``valid_from`` and ``valid_to`` are those of the row nearest to the day, ``replaced_by`` the
    codes that took over: more than one means that the choice needs more than the code.
    """

    set: str
    asked: str
    on: dt.date
    state: State
    code: str
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    replaced_by: tuple[str, ...] = ()
    source: Source | None = None
    held: str = ""

    found: Literal[False] = False

    def finding(self) -> Finding:
        """The same as a finding, with its permanent code."""
        params = {
            "set": self.set,
            "on": self.on.isoformat(),
            "valid_from": _iso(self.valid_from) or "",
            "valid_to": _iso(self.valid_to) or "",
            "replaced_by": ", ".join(self.replaced_by),
            "count": str(len(self.replaced_by)),
            "source": self.source.name if self.source else "",
            "held": self.held,
        }
        return finding(self.code, values={"value": self.asked}, params=params)

    def text(self, lang: str = "vi") -> str:
        """One sentence in ``vi`` or ``en``; it does not repeat the code that was asked for."""
        return self.finding().text(lang)

    def to_dict(self, lang: str = "vi") -> dict[str, Any]:
        """A JSON-ready object with the keys of `Entry.to_dict`."""
        source = self.source
        return {
            "set": self.set,
            "code": self.asked,
            "found": False,
            "state": self.state.value,
            "name_vi": "",
            "name_en": "",
            "valid_from": _iso(self.valid_from),
            "valid_to": _iso(self.valid_to),
            "replaced_by": list(self.replaced_by),
            "parent": "",
            "decision": source.decision if source else "",
            "appendix": source.appendix if source else "",
            "source": source.name if source else "",
            "confidence": source.confidence if source else "",
            "attrs": {},
            "effects": [],
            "other_meanings": [],
            "alternatives": 0,
            "finding": self.code,
            "message": self.text(lang),
        }

    def __repr__(self) -> str:
        return f"<Miss {self.set} {self.state}>"


def finding(
    code: str,
    *,
    values: Mapping[str, str] = NOTHING,
    params: Mapping[str, str] = NOTHING,
    **more: str,
) -> Finding:
    """A finding of this layer with the severity of its catalogue entry."""
    severity = Severity(catalogue.info(code).severity)
    return Finding(code, severity, params={**params, **more}, values=dict(values))


def _iso(day: dt.date | None) -> str | None:
    return day.isoformat() if day is not None else None
