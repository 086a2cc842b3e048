"""The public generator: a day of encounters, made one at a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from vnhealth.records import Claim
from vnhealth.spec import Edition
from vnhealth.synth._build import claim_of
from vnhealth.synth._context import Context, default_day, edition_of
from vnhealth.synth._facilities import Facility, facility_of
from vnhealth.synth._faults import Fault, Faults

__all__ = ["Day", "generate"]


class Day:
    """Encounters that end on one day at one invented facility.

    Encounter ``i`` follows from the seed, ``i``, the edition, the day and the facility alone: any
    slice of a day is the same in every run, on every machine. Nothing is generated before it is
    asked for, and nothing is kept.

    ``day`` defaults to a working day inside the validity of the edition. ``visits`` restricts the
    kinds of visit to some codes of MA_LOAI_KCB. ``faults`` is the share of encounters that carry
    one wrong value (0 to 1), or names of faults (`FAULTS`), each encounter taking the next one.

    >>> day = Day(encounters=3, edition="3176", seed=7)
    >>> len(day), day[1] == list(day)[1], day[1].xml1.ma_cskcb
    (3, True, '01991')
    """

    def __init__(
        self,
        *,
        encounters: int,
        edition: Edition | str = Edition.QD3176,
        seed: int = 0,
        facility: Facility | str | None = None,
        day: dt.date | None = None,
        visits: Sequence[str] = (),
        faults: float | Sequence[str] = 0,
    ) -> None:
        found = edition_of(edition)
        self.encounters = encounters
        self.context = Context(
            edition=found,
            day=day or default_day(found),
            facility=facility_of(facility, seed),
            seed=seed,
            only=tuple(visits),
        )
        self._faults = Faults.of(faults)

    @property
    def edition(self) -> Edition:
        """The edition of the encounters."""
        return self.context.edition

    @property
    def day(self) -> dt.date:
        """The day on which they end."""
        return self.context.day

    @property
    def facility(self) -> Facility:
        """Where they take place."""
        return self.context.facility

    def at(self, index: int) -> tuple[Claim, Fault | None]:
        """Encounter ``index`` and the fault put into it, if any."""
        return self._faults.put(claim_of(self.context, index), self.context.seed, index)

    def __getitem__(self, index: int) -> Claim:
        if not 0 <= index < self.encounters:
            raise IndexError("no such encounter")
        return self.at(index)[0]

    def __len__(self) -> int:
        return self.encounters

    def __iter__(self) -> Iterator[Claim]:
        return (self.at(i)[0] for i in range(self.encounters))

    def fault_log(self) -> Iterator[Fault]:
        """All faults of the day, found by generating the encounters that have one."""
        for i in range(self.encounters):
            if self._faults.chosen(self.context.seed, i) is not None:
                fault = self.at(i)[1]
                if fault is not None:
                    yield fault


def generate(
    *,
    encounters: int,
    edition: Edition | str = Edition.QD3176,
    seed: int = 0,
    facility: Facility | str | None = None,
    day: dt.date | None = None,
    visits: Sequence[str] = (),
    faults: float | Sequence[str] = 0,
) -> Iterator[Claim]:
    """The encounters of a day, lazily; see `Day` for what the arguments mean.

    >>> claim = next(generate(encounters=1, edition="4210", seed=7))
    >>> claim.family.value, "XML1" in claim.counts()
    ('4210', True)
    """
    return iter(
        Day(
            encounters=encounters,
            edition=edition,
            seed=seed,
            facility=facility,
            day=day,
            visits=visits,
            faults=faults,
        )
    )
