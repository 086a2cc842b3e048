"""The wire of the infectious-disease surveillance gateway (ECDS): login, catalogues, cases.

Source: a design note of one vendor that quotes the portal's interface description; no client code
and no official text was read. Which fields are required, the codes in ``maLoi``, the refresh call,
and the forms of lists are assumptions: see `vnhealth.protocol.behaviours`.

The business specification behind the portal uses other names and inverted flags (vaccinated 0 =
yes, sample taken 0 = yes, sex 0 = female); they are not what this interface carries.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any

from vnhealth.protocol._fields import fields_of
from vnhealth.protocol._json import compact

__all__ = ["GATEWAY", "MAX_BATCH", "OK", "SEX", "TOKEN_SECONDS", "Case", "Reply", "case_object"]

GATEWAY = "ecds"
MAX_BATCH = 50
"""Cases in one call; the limit is that of one client."""
TOKEN_SECONDS = 3600
OK = "OK"
"""What this project calls a success; on the wire ``maLoi`` is then null."""

SEX: Mapping[str, str] = MappingProxyType({"1": "M", "2": "F"})
"""Sex of the claim tables to that of this gateway. Only "M" is shown anywhere; "F" is inferred."""


@dataclass(frozen=True, slots=True, repr=False)
class Reply:
    """Every answer: thanhCong, maLoi, thongDiep, duLieu."""

    ok: bool
    code: str
    message: str = ""
    data: Any = None

    def to_bytes(self) -> bytes:
        """Compact JSON, keys in the order of the source; no code on success.

        >>> Reply(True, OK, data={"maCaBenh": "C1"}).to_bytes()
        b'{"thanhCong":true,"maLoi":null,"thongDiep":"","duLieu":{"maCaBenh":"C1"}}'
        """
        return compact(
            {
                "thanhCong": self.ok,
                "maLoi": None if self.ok else self.code,
                "thongDiep": self.message,
                "duLieu": self.data,
            }
        )

    @classmethod
    def from_json(cls, value: Any) -> Reply:
        """From parsed JSON. Raises `ValueError` when the value is no such answer."""
        if not isinstance(value, dict) or not isinstance(value.get("thanhCong"), bool):
            raise ValueError("not an answer of this gateway")
        ok = value["thanhCong"]
        code = OK if ok else str(value.get("maLoi") or "")
        return cls(ok, code, str(value.get("thongDiep") or ""), value.get("duLieu"))

    def __repr__(self) -> str:
        return f"<Reply {'ok' if self.ok else 'refused'}>"


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Case:
    """One case of a notifiable disease; names are those of the wire, days are yyyy-MM-dd.

    ``maCaBenh`` is the number that the gateway gave an earlier report of the case: then this is an
    update. The malaria block is not modelled.
    """

    maIcd10Benh: str
    loaiChanDoan: int
    ngayKhoiPhat: str
    hoVaTen: str
    maGioiTinh: str
    maXaHienNay: str
    hoTenNguoiBaoCao: str
    maCaBenh: str | None = None
    maPhanLoaiLamSang: str | None = None
    tinhTrangHienTai: int | None = None
    trangThaiCaBenh: int | None = None
    trangThaiLuu: int | None = None
    ngayNhapVien: str | None = None
    ngayRaVien: str | None = None
    chanDoanRaVien: str | None = None
    thongTinTiemVacXin: str | None = None
    ngaySinh: str | None = None
    tuoi: int | None = None
    maDanToc: str | None = None
    maNgheNghiep: str | None = None
    soCccdCmnd: str | None = None
    soDienThoai: str | None = None
    maThonHienNay: str | None = None
    coLayMauXetNghiem: str | None = None
    ngayLayMau: str | None = None
    maDonViNguoiBaoCao: str | None = None
    maCoSoDieuTri: str | None = None
    maHinhThucDieuTri: str | None = None

    def __repr__(self) -> str:
        return "<Case>"


def case_object(case: Case) -> dict[str, Any]:
    """A case as the JSON object of the wire, keys in its order; what is None is left out."""
    values = {field.name: getattr(case, field.name) for field in fields(case)}
    names = (field.name for field in fields_of(GATEWAY, "case"))
    return {name: values[name] for name in names if values[name] is not None}
