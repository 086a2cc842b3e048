"""Checks seen in hospital software, not in a text: beds, examination fees, departments.

All of them are warnings.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from vnhealth.localtime import LocalTime, Precision
from vnhealth.rules._amounts import ZERO
from vnhealth.rules._case import Case, money
from vnhealth.rules._model import ClaimCheck, Hit, RowCheck

if TYPE_CHECKING:
    from vnhealth.records.bhyt130 import Xml1, Xml2, Xml3

__all__ = ["CHECKS", "CLAIM_CHECKS"]

_BEDS = frozenset({"14", "15", "16"})
_FORCES = frozenset({"CA", "CY", "QN"})
_EXAMINATION = "13"


def bed_of_visit(row: Xml3, case: Case) -> Hit | None:
    """No bed rows in an examination (01) or outpatient course (02)."""
    if row.ma_nhom not in _BEDS or case.kind not in ("01", "02"):
        return None
    return Hit("MA_NHOM")


def bed_quantity(row: Xml3, case: Case) -> Hit | None:
    """A bed row counts at most one day."""
    if row.ma_nhom not in _BEDS or row.so_luong is None or row.so_luong <= 1:
        return None
    return Hit("SO_LUONG", values={"value": money(row.so_luong)})


def forces_scope(row: Xml2 | Xml3, case: Case) -> Hit | None:
    """Cards of army, police and cipher staff: items outside the list have PHAM_VI 3, not 2."""
    return Hit("PHAM_VI") if row.pham_vi == "2" and case.card[:2] in _FORCES else None


def order_of_examination(row: Xml2 | Xml3, case: Case) -> Hit | None:
    """The examination department (K01) does not order for off-route inpatients."""
    if row.ma_khoa != "K01" or not case.inpatient or case.x1 is None:
        return None
    category = case.x1.ma_doituong_kcb
    return Hit("MA_KHOA") if category is not None and category.startswith("3.") else None


def long_examination(row: Xml1, case: Case) -> Hit | None:
    """An examination (01) lasts at most one day."""
    hours = _hours(case.begin, case.end)
    return Hit("NGAY_RA") if case.kind == "01" and hours is not None and hours > 24 else None


CHECKS: Mapping[str, RowCheck] = {
    "BHYT-XML1-147": long_examination,
    "BHYT-XML2-148": forces_scope,
    "BHYT-XML2-149": order_of_examination,
    "BHYT-XML3-143": bed_of_visit,
    "BHYT-XML3-144": bed_quantity,
    "BHYT-XML3-148": forces_scope,
    "BHYT-XML3-149": order_of_examination,
}


def _hours(begin: LocalTime | None, end: LocalTime | None) -> float | None:
    if begin is None or end is None:
        return None
    if begin.precision is not Precision.MINUTE or end.precision is not Precision.MINUTE:
        return None
    return (end.datetime() - begin.datetime()) / dt.timedelta(hours=1)


def _bed_rows(case: Case) -> list[tuple[int, Any]]:
    return [(i, row) for i, row in enumerate(case.rows("XML3")) if row.ma_nhom in _BEDS]


def bed_days(case: Case) -> Hit | None:
    """No bed day below 4 hours, one up to 24 hours, else fewer than SO_NGAY_DTRI.

    Bed days may equal SO_NGAY_DTRI when the patient died, went home to die or was transferred.
    """
    if not case.inpatient or case.x1 is None:
        return None
    beds = _bed_rows(case)
    hours = _hours(case.x1.ngay_vao_noi_tru or case.begin, case.end)
    days = case.x1.so_ngay_dtri
    if not beds or hours is None or any(row.so_luong is None for _, row in beds):
        return None
    total = sum((row.so_luong for _, row in beds), ZERO)
    if hours < 4:
        limit = 0
    elif hours <= 24:
        limit = 1
    elif days is None:
        return None
    else:
        leaves = case.x1.ma_loai_rv in ("2", "5") or case.x1.ket_qua_dtri in ("4", "5", "6")
        limit = days if leaves else days - 1
    if total <= limit:
        return None
    return Hit("SO_LUONG", {"limit": str(limit)}, {"value": money(total)}, "XML3", beds[0][0])


def same_bed(case: Case) -> list[Hit] | None:
    """One bed per time: uses of beds do not overlap (shared rows have TYLE_TT_DV below 100)."""
    spans = []
    for index, row in _bed_rows(case):
        begin, end = row.ngay_th_yl or row.ngay_yl, row.ngay_kq
        if begin is not None and end is not None and row.tyle_tt_dv == 100:
            spans.append((begin.text, end.text, index))
    spans.sort()
    found = []
    for (_, end, _), (begin, _, index) in pairwise(spans):
        if begin < end:
            found.append(Hit("NGAY_TH_YL", table="XML3", row=index))
    return found or None


def one_examination(case: Case) -> Hit | None:
    """One examination fee in an inpatient case."""
    if not case.inpatient:
        return None
    fees = [i for i, row in enumerate(case.rows("XML3")) if row.ma_nhom == _EXAMINATION]
    if len(fees) < 2:
        return None
    return Hit("MA_NHOM", {"count": str(len(fees))}, table="XML3")


CLAIM_CHECKS: Mapping[str, ClaimCheck] = {
    "BHYT-CLAIM-142": bed_days,
    "BHYT-CLAIM-145": same_bed,
    "BHYT-CLAIM-146": one_examination,
}
