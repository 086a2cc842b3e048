"""What the generator's catalogues hold: diseases, drugs, services, supplies, kinds of visit."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

__all__ = [
    "Diagnosis",
    "Drug",
    "Indicator",
    "Profile",
    "Reading",
    "Scenario",
    "Service",
    "Supply",
]


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
