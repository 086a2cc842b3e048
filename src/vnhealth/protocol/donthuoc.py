"""The wire of the national e-prescription system: two logins, prescriptions, sales of pharmacies.

Paths and fields as clients of several vendors agree on them (they follow 808/QĐ-BYT, which was read
in quotations only); which fields are required, the sizes and the words of refusals are partly
assumptions. Evidence per behaviour: `vnhealth.protocol.behaviours`, per field:
``data/donthuoc_fields.csv``.

Sex has codes of its own here: see `SEX`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from types import MappingProxyType
from typing import Any

from vnhealth.protocol._fields import fields_of

__all__ = [
    "GATEWAY",
    "HEADER_APP_KEY",
    "HEADER_APP_NAME",
    "SEX",
    "TOKEN_SECONDS",
    "USED_BEFORE",
    "VALID_DAYS",
    "WELL",
    "Course",
    "Diagnosis",
    "Medicine",
    "Prescription",
    "Sale",
    "SoldMedicine",
    "code_key",
    "format_day",
    "format_moment",
    "is_code",
    "to_object",
]

GATEWAY = "donthuoc"
HEADER_APP_NAME = "app-name"
HEADER_APP_KEY = "app-key"
TOKEN_SECONDS = 604_800
"""Life of a token as seen in one: seven days. The answer of a login does not say it."""

VALID_DAYS = 5
"""How long medicines may be bought on a prescription, from the day it was written (26/2025/TT-BYT).
"""

WELL = "thành công"
"""Words of an answer that clients take for success; ``success`` is a sentence, not a boolean."""
USED_BEFORE = "đã được sử dụng trước đó"
"""Words of the refusal of a code that was sent before (one vendor quotes them)."""

SEX: Mapping[str, str] = MappingProxyType({"1": "2", "2": "3", "3": "1"})
"""Sex of the claim tables (1 male, 2 female, 3 unknown) to that of this gateway (2, 3, 1)."""

_CODE = re.compile(r"[0-9A-Za-z]{5}[0-9A-Za-z]{7}-[CHNTYchnty]")


def is_code(text: str) -> bool:
    """True for a prescription code: facility (5), seven letters or digits, hyphen, type.

    Types are N, H, C (26/2025/TT-BYT) and T (55/2025/TT-BYT); systems of the time of 808/QĐ-BYT
    write n, h, c, y. Either case is taken.

    >>> is_code("01001ab12cd3-c"), is_code("01001AB12CD3-T"), is_code("01001ab12cd3c")
    (True, True, False)
    """
    return _CODE.fullmatch(text) is not None


def code_key(text: str) -> str:
    """A code as it is compared: lower case, and T for the older y.

    >>> code_key("01001AB12CD3-Y") == code_key("01001ab12cd3-t")
    True
    """
    low = text.strip().lower()
    return low[:-1] + "t" if low.endswith("-y") else low


def format_day(day: dt.date) -> str:
    """Days as dd/MM/yyyy.

    >>> format_day(dt.date(2026, 8, 3))
    '03/08/2026'
    """
    return f"{day:%d/%m/%Y}"


def format_moment(moment: dt.datetime) -> str:
    """The time of the prescription: ``Y-m-d H:i:s`` as written on the clock on the wall.

    >>> format_moment(dt.datetime(2026, 8, 3, 8, 5))
    '2026-08-03 08:05:00'
    """
    return f"{moment:%Y-%m-%d %H:%M:%S}"


class _Quiet:
    """Shows its kind only: what it holds is about a patient."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Diagnosis(_Quiet):
    """One diagnosis: ICD-10 code, its name, conclusion."""

    ma_chan_doan: str
    ten_chan_doan: str
    ket_luan: str = ""


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Course(_Quiet):
    """When it is taken: number of the course, first and last day (dd/MM/yyyy), packets (YHCT)."""

    dot: str = "1"
    tu_ngay: str = ""
    den_ngay: str = ""
    so_thang_thuoc: str = ""


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Medicine(_Quiet):
    """One prescribed medicine; ``so_luong`` as text of a number."""

    ma_thuoc: str
    ten_thuoc: str
    don_vi_tinh: str
    so_luong: str
    cach_dung: str
    biet_duoc: str = ""


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Prescription(_Quiet):
    """A prescription; names are those of the wire.

    ``loai_don_thuoc`` is c ordinary, h psychotropic, n narcotic, y traditional; ``gioi_tinh`` is of
    `SEX`. ``ma_don_thuoc_thay_the`` names the prescription that this one takes the place of: the
    rule is official (425/QĐ-BYT article 9: a sent prescription is not changed, a new one replaces
    it), the field is vnhealth-defined.
    """

    loai_don_thuoc: str
    ma_don_thuoc: str
    ho_ten_benh_nhan: str
    ngay_sinh_benh_nhan: str
    gioi_tinh: str
    dia_chi: str
    chan_doan: tuple[Diagnosis, ...]
    thong_tin_don_thuoc: tuple[Medicine, ...]
    ngay_gio_ke_don: str
    ma_dinh_danh_y_te: str = ""
    ma_dinh_danh_cong_dan: str = ""
    can_nang: str = ""
    ma_so_the_bao_hiem_y_te: str = ""
    thong_tin_nguoi_giam_ho: str = ""
    luu_y: str = ""
    hinh_thuc_dieu_tri: str = ""
    dot_dung_thuoc: Course | None = None
    loi_dan: str = ""
    so_dien_thoai_nguoi_kham_benh: str = ""
    ngay_tai_kham: str = ""
    signature: str = ""
    ma_don_thuoc_thay_the: str = ""


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class SoldMedicine(_Quiet):
    """One medicine that a pharmacy gave out for a prescribed one."""

    ma_thuoc_da_ke_don: str
    ma_thuoc: str
    ten_thuoc: str
    don_vi_tinh: str
    so_luong_ban: str
    biet_duoc: str = ""
    so_luong: str = ""
    cach_dung: str = ""


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Sale(_Quiet):
    """What a pharmacy reports: which medicines of a prescription it sold, under which invoice."""

    ma_don_thuoc: str
    thong_tin_thuoc: tuple[SoldMedicine, ...]
    ma_dinh_danh_co_so_cung_ung_thuoc: str
    ten_co_so_cung_ung_thuoc: str
    ma_hoa_don: str
    so_dien_thoai_co_so_cung_ung_thuoc: str = ""
    dia_chi_co_so_cung_ung_thuoc: str = ""


PARTS = {
    Prescription: "prescription",
    Diagnosis: "diagnosis",
    Course: "course",
    Medicine: "medicine",
    Sale: "sale",
    SoldMedicine: "sold",
}


def to_object(message: Any) -> dict[str, Any]:
    """A message as the JSON object of the wire, keys in its order; an absent course is left out.

    >>> list(to_object(Diagnosis(ma_chan_doan="J18.9", ten_chan_doan="Viêm phổi")))
    ['ma_chan_doan', 'ten_chan_doan', 'ket_luan']
    """
    values = {field.name: getattr(message, field.name) for field in fields(message)}
    named = {field.name: values[field.name] for field in fields_of(GATEWAY, PARTS[type(message)])}
    named = {name: value for name, value in named.items() if value is not None}
    if not named.get("ma_don_thuoc_thay_the", True):
        del named["ma_don_thuoc_thay_the"]
    return {name: _plain(value) for name, value in named.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [to_object(item) for item in value]
    return to_object(value) if is_dataclass(value) else value
