"""The generator's own small catalogues, read from ``synth/data`` on first use.

Everything in them is invented: names of drugs, services and facilities say so ("Mẫu" means sample).
Codes have the shape of the official lists and must not be read as entries of them.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files

__all__ = [
    "Diagnosis",
    "Drug",
    "Indicator",
    "Profile",
    "Reading",
    "Scenario",
    "Service",
    "Supply",
    "diagnoses",
    "drugs",
    "indicators",
    "profiles",
    "readings",
    "rows",
    "scenarios",
    "services",
    "supplies",
]


@cache
def rows(name: str) -> tuple[dict[str, str], ...]:
    """The rows of one CSV file of ``synth/data``."""
    text = files("vnhealth.synth").joinpath("data", f"{name}.csv").read_text("utf-8")
    return tuple(csv.DictReader(text.splitlines()))


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """An ICD-10 code that a person of this age and sex can have, and what is done about it."""

    code: str
    name: str
    sex: str
    age_min: int
    age_max: int
    weight: int
    dept: str
    settings: frozenset[str]
    profile: str
    injury: str
    also: tuple[str, ...]
    reason: str
    signs: str

    def fits(self, sex: str, age: int) -> bool:
        """True when a person of this sex and age in years can have it."""
        return self.sex in ("", sex) and self.age_min <= age <= self.age_max


@dataclass(frozen=True, slots=True)
class Drug:
    """One drug with price (VND a unit), usual dose and days."""

    key: str
    ma_thuoc: str
    ten_thuoc: str
    ham_luong: str
    don_vi_tinh: str
    duong_dung: str
    dang_bao_che: str
    so_dang_ky: str
    ma_nhom: int
    tyle: int
    gia: Decimal
    lieu: int
    lan: int
    ngay: int
    cach_dung: str
    nguon: int


@dataclass(frozen=True, slots=True)
class Service:
    """One service: insured price, surcharge on request, department, machine, minutes to result."""

    key: str
    ma_dich_vu: str
    ten_dich_vu: str
    ma_nhom: int
    don_vi_tinh: str
    gia: Decimal
    yeu_cau: Decimal
    ma_khoa: str
    may: str
    phut: int
    icd9: str
    vo_cam: str


@dataclass(frozen=True, slots=True)
class Supply:
    """One medical supply; ``tran`` is the payment level where there is one."""

    key: str
    ma_vat_tu: str
    ten_vat_tu: str
    ma_nhom: int
    don_vi_tinh: str
    gia: Decimal
    tyle: int
    tran: Decimal | None
    tt_thau: str
    hieu: str


@dataclass(frozen=True, slots=True)
class Indicator:
    """One measured value of a laboratory service, with the range it is drawn from."""

    service: str
    ma_chi_so: str
    ten_chi_so: str
    don_vi_do: str
    thap: Decimal
    cao: Decimal
    so_le: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader may write about an examination without a measured value."""

    service: str
    mo_ta: str
    ket_luan: str


@dataclass(frozen=True, slots=True)
class Profile:
    """What is ordered for a disease: drugs to take home, on the ward, tests, procedures."""

    home: tuple[str, ...]
    ward: tuple[str, ...]
    services: tuple[str, ...]
    procedures: tuple[str, ...]
    supplies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A kind of visit, its code in each list of MA_LOAI_KCB and how long it lasts."""

    key: str
    weight: int
    loai_824: str
    loai_1804: str
    loai_4210: str
    setting: str
    days_min: int
    days_max: int
    tag: str
    bed: str
    note: str


def _money(text: str) -> Decimal:
    return Decimal(text or "0")


@cache
def diagnoses() -> dict[str, Diagnosis]:
    """All diagnoses by code."""
    return {
        r["code"]: Diagnosis(
            code=r["code"],
            name=r["name"],
            sex=r["sex"],
            age_min=int(r["age_min"]),
            age_max=int(r["age_max"]),
            weight=int(r["weight"]),
            dept=r["dept"],
            settings=frozenset(r["settings"].split()),
            profile=r["profile"],
            injury=r["injury"],
            also=tuple(r["also"].split()),
            reason=r["reason"],
            signs=r["signs"],
        )
        for r in rows("diagnoses")
    }


@cache
def drugs() -> dict[str, Drug]:
    """All drugs by key."""
    found = {}
    for r in rows("drugs"):
        numbers = {k: int(r[k]) for k in ("ma_nhom", "tyle", "lieu", "lan", "ngay", "nguon")}
        found[r["key"]] = Drug(**{**r, **numbers, "gia": Decimal(r["gia"])})  # type: ignore[arg-type]
    return found


@cache
def services() -> dict[str, Service]:
    """All services by key."""
    found = {}
    for r in rows("services"):
        numbers = {"ma_nhom": int(r["ma_nhom"]), "phut": int(r["phut"])}
        money = {"gia": _money(r["gia"]), "yeu_cau": _money(r["yeu_cau"])}
        found[r["key"]] = Service(**{**r, **numbers, **money})  # type: ignore[arg-type]
    return found


@cache
def supplies() -> dict[str, Supply]:
    """All supplies by key."""
    found = {}
    for r in rows("supplies"):
        more = {"ma_nhom": int(r["ma_nhom"]), "tyle": int(r["tyle"]), "gia": Decimal(r["gia"])}
        ceiling = Decimal(r["tran"]) if r["tran"] else None
        found[r["key"]] = Supply(**{**r, **more, "tran": ceiling})  # type: ignore[arg-type]
    return found


@cache
def indicators(service: str) -> tuple[Indicator, ...]:
    """The measured values of a service."""
    return tuple(
        Indicator(
            service=service,
            ma_chi_so=r["ma_chi_so"],
            ten_chi_so=r["ten_chi_so"],
            don_vi_do=r["don_vi_do"],
            thap=Decimal(r["thap"]),
            cao=Decimal(r["cao"]),
            so_le=int(r["so_le"]),
        )
        for r in rows("indicators")
        if r["service"] == service
    )


@cache
def readings(service: str) -> tuple[Reading, ...]:
    """The possible readings of a service."""
    return tuple(Reading(**r) for r in rows("readings") if r["service"] == service)


@cache
def profiles() -> dict[str, Profile]:
    """What is ordered, by profile key."""
    return {
        r["key"]: Profile(*(tuple(r[c].split()) for c in list(r)[1:])) for r in rows("profiles")
    }


@cache
def scenarios() -> tuple[Scenario, ...]:
    """All kinds of visit."""
    found = []
    for r in rows("scenarios"):
        numbers = {k: int(r[k]) for k in ("weight", "days_min", "days_max")}
        found.append(Scenario(**{**r, **numbers}))  # type: ignore[arg-type]
    return tuple(found)
