"""Named invented people with a story each, for tutorials, tests and the sandbox."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cache

from vnhealth.errors import SandboxError
from vnhealth.records import Claim
from vnhealth.spec import Edition
from vnhealth.synth._build import claim_of
from vnhealth.synth._context import Context, default_day, edition_of
from vnhealth.synth._data import diagnoses, rows, scenarios
from vnhealth.synth._facilities import Facility, facility_of
from vnhealth.synth._names import Job, Place, places
from vnhealth.synth._people import Household, Person
from vnhealth.synth._plan import Wanted

__all__ = ["Persona", "persona", "personas"]


@dataclass(frozen=True, slots=True)
class Persona:
    """An invented person, the household, and the visit the story is about."""

    key: str
    person: Person
    home: Household
    scenario: str
    diagnosis: str
    story_vi: str
    story_en: str

    def claim(
        self,
        *,
        edition: Edition | str = Edition.QD3176,
        facility: Facility | str | None = None,
        day: dt.date | None = None,
        seed: int = 0,
    ) -> Claim:
        """The claim of the story; the same arguments give the same claim.

        >>> persona("PHAM_THI_EM").claim().counts()["XML9"]
        1
        """
        found = edition_of(edition)
        ctx = Context(found, day or default_day(found), facility_of(facility, seed), seed)
        scenario = next(s for s in scenarios() if s.key == self.scenario)
        index = 900_000 + list(_read()).index(self.key)
        wanted = Wanted(self.home, self.person, scenario, diagnoses()[self.diagnosis])
        return claim_of(ctx, index, wanted)


def _place(commune: str) -> Place:
    return next(p for found in places().values() for p in found if p.commune == commune)


def _jobs() -> dict[str, Job]:
    return {
        r["code5"]: Job(r["cap2"], r["code5"], r["name"], r["group"], int(r["weight"]))
        for r in rows("jobs")
    }


def _person(number: int, r: dict[str, str]) -> Person:
    born = dt.datetime.strptime(r["born"], "%Y-%m-%d %H:%M")
    place = _place(r["commune"])
    century = int(r["sex"]) - 1 + (2 if born.year >= 2000 else 0)
    return Person(
        key=r["key"],
        role=r["role"],
        name=r["name"],
        sex=r["sex"],
        born=born,
        precision=r["precision"],
        ethnic=r["ethnic"],
        cccd=f"0{place.province}{century}{born.year % 100:02d}990{number:03d}",
        issued=dt.date(2021, 5, 10),
        bhxh=f"{place.province}99000{number:03d}",
        place=place,
        hamlet=int(r["hamlet"]),
        phone=f"0900000{number:03d}",
        job=_jobs()[r["job"]],
        retired_group=r["retired_group"],
        blood="O+",
        height=165 if r["sex"] == "1" else 155,
        weight_kg=62 if r["sex"] == "1" else 52,
        insured=r["insured"] == "yes",
    )


@cache
def _read() -> dict[str, Persona]:
    table = rows("personas")
    people = {r["key"]: _person(n, r) for n, r in enumerate(table, 1)}
    found = {}
    for r in table:
        kin = [people[other["key"]] for other in table if other["home"] == r["home"]]
        found[r["key"]] = Persona(
            key=r["key"],
            person=people[r["key"]],
            home=Household(-int(r["home"]), _couple_first(kin)),
            scenario=r["scenario"],
            diagnosis=r["diagnosis"],
            story_vi=r["story_vi"],
            story_en=r["story_en"],
        )
    return found


def _couple_first(kin: list[Person]) -> tuple[Person, ...]:
    """The members of a household, the couple first; the other one stands in for a missing one."""
    by_role = {p.role: p for p in kin}
    father = by_role.get("father", kin[0])
    mother = by_role.get("mother", by_role.get("grandmother", kin[-1]))
    rest = tuple(p for p in kin if p not in (father, mother))
    return (father, mother, *rest)


def personas() -> tuple[Persona, ...]:
    """All personas."""
    return tuple(_read().values())


def persona(key: str) -> Persona:
    """One persona by its key, for example ``NGUYEN_VAN_AN``.

    Raises `SandboxError` for a key that does not exist.
    """
    try:
        return _read()[key]
    except KeyError:
        raise SandboxError("ERR-SBX-01", name=key[:40]) from None
