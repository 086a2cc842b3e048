"""Invented facilities and their staff.

Facility codes end in ``991``. No public list of facility codes is at hand, so the range is chosen
to look reserved, not proven to be free. Names say "Mẫu" (sample).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from vnhealth.errors import SpecError
from vnhealth.spec import Edition
from vnhealth.synth._data import rows
from vnhealth.synth._dice import Dice
from vnhealth.synth._names import full_name

__all__ = ["Facility", "Staff", "facilities", "facility_of"]

_ROLES = ("BS", "BS", "BS", "BS", "ĐD", "ĐD", "KTV", "KTV")
_DEPTS = tuple(
    f"K{n:02d}"
    for n in (
        *range(1, 6),
        7,
        8,
        *range(11, 17),
        18,
        19,
        *range(24, 29),
        30,
        31,
        35,
        *range(39, 42),
        47,
    )
)


@dataclass(frozen=True, slots=True)
class Staff:
    """One invented practitioner: licence numbers, insurance number, name, role, department."""

    serial: int
    issuer: str
    bhxh: str
    name: str
    role: str
    dept: str

    @property
    def certificate(self) -> str:
        """Certificate number as under QD 4210 and QD 4750, ``number/ISSUER-CCHN``."""
        return f"{self.serial:06d}/{self.issuer}-CCHN"

    @property
    def licence(self) -> str:
        """Practice licence as under QD 3176, ``number/ISSUER-GPHN``."""
        return f"{self.serial:06d}/{self.issuer}-GPHN"

    def code(self, edition: Edition) -> str:
        """What MA_BAC_SI and NGUOI_THUC_HIEN hold in an edition."""
        if edition is Edition.QD130:
            return self.bhxh
        if edition in (Edition.QD4210, Edition.QD4750):
            return self.certificate
        return self.licence

    def signer(self, edition: Edition) -> str:
        """What MA_TTDV and MA_BS hold: an insurance number until QD 3176, then a licence."""
        return self.bhxh if edition in (Edition.QD130, Edition.QD4750) else self.licence


@dataclass(frozen=True, slots=True)
class Facility:
    """An invented facility; ``tier`` is its level before 2025: huyen, tinh or trunguong."""

    code: str
    name: str
    tier: str
    province: str
    issuer: str
    staff: tuple[Staff, ...]

    @property
    def head(self) -> Staff:
        """Who signs for the facility."""
        return self.staff[0]

    def doctors(self, dept: str) -> tuple[Staff, ...]:
        """The doctors of a department (of the examination department when it has none)."""
        found = tuple(s for s in self.staff if s.dept == dept and s.role == "BS")
        return found or tuple(s for s in self.staff if s.dept == "K01" and s.role == "BS")

    def helpers(self, dept: str) -> tuple[Staff, ...]:
        """Nurses and technicians of a department."""
        found = tuple(s for s in self.staff if s.dept == dept and s.role != "BS")
        return found or self.doctors(dept)


def _staff(seed: int, code: str, province: str, issuer: str) -> tuple[Staff, ...]:
    people = []
    dice = Dice("staff", seed, code)
    for i in range(1 + len(_DEPTS) * 4):
        dept = _DEPTS[(i - 1) // 4] if i else "K01"
        role = _ROLES[(i - 1) % 4 * 2] if i else "BS"
        sex = dice.pick("12")
        name = full_name(dice, sex)[0]
        bhxh = f"{province}980{i:05d}"
        people.append(Staff(990000 + i, issuer, bhxh, name, role, dept))
    return tuple(people)


@cache
def facilities(seed: int = 0) -> tuple[Facility, ...]:
    """All invented facilities; the seed decides who works there.

    >>> [f.code for f in facilities(7)][:2]
    ['01991', '79991']
    """
    return tuple(
        Facility(
            code=r["code"],
            name=r["name"],
            tier=r["tier"],
            province=r["province"],
            issuer=r["issuer"],
            staff=_staff(seed, r["code"], r["province"], r["issuer"]),
        )
        for r in rows("facilities")
    )


def facility_of(code: str | Facility | None, seed: int) -> Facility:
    """The facility of a code; the first one without a code.

    Raises `SpecError` when no invented facility has the code.
    """
    if isinstance(code, Facility):
        return code
    for facility in facilities(seed):
        if code in (None, facility.code):
            return facility
    raise SpecError("ERR-SPEC-01", name=str(code)[:20])
