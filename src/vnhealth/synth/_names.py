"""Names, occupations and communes from which people are made."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from vnhealth.synth._data import rows
from vnhealth.synth._dice import Dice

__all__ = ["NO_JOB", "Job", "Name", "Place", "full_name", "jobs", "places", "surnames"]


@dataclass(frozen=True, slots=True)
class Name:
    """A surname, middle or given name with its frequency."""

    text: str
    weight: int
    ethnic: str


@dataclass(frozen=True, slots=True)
class Job:
    """An occupation and the insured group that goes with it."""

    cap2: str
    code5: str
    name: str
    group: str
    weight: int


@dataclass(frozen=True, slots=True)
class Place:
    """A commune before and after 01/07/2025 (same number and province code in both)."""

    province: str
    province_name: str
    district: str
    district_name: str
    commune: str
    commune_name: str
    province_name_2025: str
    commune_name_2025: str
    area: str


@cache
def _names(kind: str) -> tuple[Name, ...]:
    return tuple(
        Name(r["text"], int(r["weight"]), r["ethnic"]) for r in rows("names") if r["kind"] == kind
    )


@cache
def jobs(sex: str) -> tuple[Job, ...]:
    """The occupations of a sex."""
    return tuple(
        Job(r["cap2"], r["code5"], r["name"], r["group"], int(r["weight"]))
        for r in rows("jobs")
        if r["sex"] in ("", sex)
    )


NO_JOB = Job("00", "00000", "Không xác định", "", 1)


@cache
def places() -> dict[str, tuple[Place, ...]]:
    """The communes by province code."""
    found: dict[str, list[Place]] = {}
    for r in rows("places"):
        found.setdefault(r["province"], []).append(Place(**r))
    return {code: tuple(communes) for code, communes in found.items()}


def full_name(dice: Dice, sex: str, surname: Name | None = None) -> tuple[str, Name]:
    """A full name in display form and its surname."""
    surname = surname or dice.weighted(_names("surname"))
    middle = dice.weighted(_names(f"middle{sex}")).text
    given = dice.weighted(_names(f"given{sex}")).text
    return f"{surname.text} {middle} {given}", surname


def surnames() -> tuple[Name, ...]:
    """All surnames."""
    return _names("surname")
