"""Amounts of one line under decision 4210 (L01 to L04, L32)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from vnhealth.rules._amounts import HUNDRED, ZERO, r2, unequal
from vnhealth.rules._case import Case
from vnhealth.rules._model import Hit, RowCheck

if TYPE_CHECKING:
    from vnhealth.records.bhyt4210 import Xml2, Xml3

__all__ = ["CHECKS"]

OUTSIDE_CAPITATION = "2"


def drug_amount(row: Xml2, case: Case) -> Hit | None:
    """L01: THANH_TIEN = SO_LUONG * DON_GIA."""
    found, quantity, price = row.thanh_tien, row.so_luong, row.don_gia
    if found is None or quantity is None or price is None or found == quantity * price:
        return None
    return unequal(case, "BHYT-XML2-001", "THANH_TIEN", found, r2(quantity * price))


def service_amount(row: Xml3, case: Case) -> Hit | None:
    """L01, and L02 for special rates: also times TYLE_TT."""
    found, quantity, price = row.thanh_tien, row.so_luong, row.don_gia
    if found is None or quantity is None or price is None or found == quantity * price:
        return None
    code = "BHYT-XML3-001"
    hit = unequal(case, code, "THANH_TIEN", found, r2(quantity * price))
    if hit is None or row.tyle_tt is None:
        return hit
    special = r2(quantity * price * row.tyle_tt / HUNDRED)
    return hit if unequal(case, code, "THANH_TIEN", found, special) else None


def _remainder(row: Xml2 | Xml3, case: Case, code: str) -> Hit | None:
    total, other, own, fund = row.thanh_tien, row.t_nguonkhac, row.t_bntt, row.t_bhtt
    found = row.t_bncct
    if found is None or total is None or other is None or own is None or fund is None:
        return None
    return unequal(case, code, "T_BNCCT", found, total - other - own - fund)


def drug_remainder(row: Xml2, case: Case) -> Hit | None:
    """L03: T_BNCCT = THANH_TIEN - T_NGUONKHAC - T_BNTT - T_BHTT."""
    return _remainder(row, case, "BHYT-XML2-003")


def service_remainder(row: Xml3, case: Case) -> Hit | None:
    """L03."""
    return _remainder(row, case, "BHYT-XML3-003")


def _capitation(row: Xml2 | Xml3, case: Case, code: str) -> Hit | None:
    found, fund, method = row.t_ngoaids, row.t_bhtt, row.ma_pttt
    if found is None or fund is None or method is None:
        return None
    expected = fund if method == OUTSIDE_CAPITATION else ZERO
    return unequal(case, code, "T_NGOAIDS", found, expected)


def drug_capitation(row: Xml2, case: Case) -> Hit | None:
    """L04: T_NGOAIDS is T_BHTT of rows outside capitation (MA_PTTT = 2), else 0."""
    return _capitation(row, case, "BHYT-XML2-004")


def service_capitation(row: Xml3, case: Case) -> Hit | None:
    """L04."""
    return _capitation(row, case, "BHYT-XML3-004")


CHECKS: Mapping[str, RowCheck] = {
    "BHYT-XML2-001": drug_amount,
    "BHYT-XML2-003": drug_remainder,
    "BHYT-XML2-004": drug_capitation,
    "BHYT-XML3-001": service_amount,
    "BHYT-XML3-003": service_remainder,
    "BHYT-XML3-004": service_capitation,
}
