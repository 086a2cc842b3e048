"""What all encounters of one generated day have in common."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from vnhealth.errors import SpecError
from vnhealth.spec import Edition, edition_info, tables
from vnhealth.spec import table as spec_table
from vnhealth.synth._data import rows, scenarios
from vnhealth.synth._facilities import Facility
from vnhealth.synth._items import Scenario

__all__ = ["Context", "default_day", "edition_of"]


def edition_of(edition: Edition | str) -> Edition:
    """The edition from an `Edition` or its text."""
    return edition if isinstance(edition, Edition) else Edition.parse(edition)


def default_day(edition: Edition) -> dt.date:
    """A working day inside the validity of an edition.

    >>> default_day(Edition.QD1931).isoformat()
    '2026-08-03'
    """
    for r in rows("days"):
        if r["edition"] == edition.value:
            return dt.date.fromisoformat(r["day"])
    raise SpecError("ERR-SPEC-01", name=edition.value)


@dataclass(frozen=True)
class Context:
    """The edition, the day on which the encounters end, the facility, the seed."""

    edition: Edition
    day: dt.date
    facility: Facility
    seed: int
    only: tuple[str, ...] = ()

    @property
    def old(self) -> bool:
        """True for the family of QD 4210."""
        return self.edition is Edition.QD4210

    @property
    def modern(self) -> bool:
        """True from QD 3176 on."""
        return self.edition in (Edition.QD3176, Edition.QD1931)

    @property
    def has_papers(self) -> bool:
        """True for editions with transfer and appointment papers (XML13 to XML15)."""
        return "XML13" in self.tables

    @property
    def districts(self) -> bool:
        """True while there are districts (until 30/06/2025)."""
        return self.day < dt.date(2025, 7, 1)

    @cached_property
    def tables(self) -> tuple[str, ...]:
        """The tables of the edition."""
        return tables(self.edition)

    @cached_property
    def tags(self) -> dict[str, frozenset[str]]:
        """The tags of every table of the edition."""
        return {name: frozenset(spec_table(self.edition, name).tags) for name in self.tables}

    @property
    def family(self) -> str:
        """The family of record classes."""
        return edition_info(self.edition).family.value

    def code_of(self, scenario: Scenario) -> str:
        """MA_LOAI_KCB of a scenario on this day; empty when the list has no such kind."""
        if self.old:
            return scenario.loai_4210
        if self.day >= dt.date(2026, 8, 1):
            return scenario.loai_1804
        return scenario.loai_824

    @cached_property
    def scenarios(self) -> tuple[Scenario, ...]:
        """The kinds of visit that exist in the edition on this day."""
        found = tuple(
            s
            for s in scenarios()
            if self.code_of(s) and (not self.only or self.code_of(s) in self.only)
        )
        if not found:
            raise SpecError("ERR-SPEC-04", name=", ".join(self.only)[:40])
        return found


def checked(only: Sequence[str]) -> tuple[str, ...]:
    """The kinds asked for, as a tuple of codes."""
    return tuple(str(code) for code in only)
