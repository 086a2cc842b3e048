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
from vnhealth.rules._case import Case, day_of, money
from vnhealth.rules._model import Hit, On, RowCheck

if TYPE_CHECKING:
    from vnhealth.records.bhyt130 import Xml1, Xml2, Xml3

__all__ = ["CHECKS"]

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
    begin, end = case.begin, case.end
    if begin is None or end is None or begin.text[:8] == end.text[:8]:
        return None
    hours = _hours(begin, end)
    return Hit("NGAY_RA") if hours is not None and hours > 24 else None


def _hours(begin: LocalTime | None, end: LocalTime | None) -> float | None:
    if begin is None or end is None:
        return None
    if begin.precision is not Precision.MINUTE or end.precision is not Precision.MINUTE:
        return None
    return (end.datetime() - begin.datetime()) / dt.timedelta(hours=1)


def _bed_rows(case: Case) -> list[tuple[int, Any]]:
    return [(i, row) for i, row in enumerate(case.rows("XML3")) if row.ma_nhom in _BEDS]


def _said(case: Case, what: str) -> bool:
    """True from the second row on of which something about the whole encounter is asked."""
    if what in case.memo:
        return True
    case.memo[what] = True
    return False


def bed_days(row: Xml3, case: Case) -> Hit | None:
    """No bed day below 4 hours, one up to 24 hours, else fewer than SO_NGAY_DTRI.

    Bed days may equal SO_NGAY_DTRI when the patient died, went home to die or was transferred.
    """
    if not case.inpatient or _said(case, "bed days"):
        return None
    begin = case.x1.ngay_vao_noi_tru or case.begin
    first, last = day_of(begin), day_of(case.end)
    if first is None or last is None:
        return None
    long = (last - first).days > 1
    hours = 25.0 if long else _hours(begin, case.end)
    if hours is None:
        return None
    days = case.x1.so_ngay_dtri
    total = ZERO
    for _, bed in _bed_rows(case):
        if bed.so_luong is None:
            return None
        total += bed.so_luong
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
    return Hit("SO_LUONG", {"limit": str(limit)}, {"value": money(total)}, whole=True)


def same_bed(row: Xml3, case: Case) -> list[Hit] | None:
    """One bed per time: uses of beds do not overlap (shared rows have TYLE_TT_DV below 100)."""
    if _said(case, "same bed"):
        return None
    beds = _bed_rows(case)
    if len(beds) < 2:
        return None
    spans = []
    for index, bed in beds:
        begin, end = bed.ngay_th_yl or bed.ngay_yl, bed.ngay_kq
        if begin is None or end is None or bed.tyle_tt_dv != 100 or begin.text >= end.text:
            continue
        spans.append((begin.text, end.text, index))
    spans.sort()
    found, latest = set(), ""
    for (begin, end, index), (following, _, after) in pairwise([*spans, ("9", "", -1)]):
        if begin < latest:
            found.add(index)
        if following < end:
            found |= {index, after}
        latest = max(latest, end)
    return [Hit("NGAY_TH_YL", table="XML3", row=index) for index in sorted(found)] or None


def one_examination(row: Xml3, case: Case) -> Hit | None:
    """One examination fee in an inpatient case."""
    if not case.inpatient or _said(case, "one examination"):
        return None
    fees = [i for i, row in enumerate(case.rows("XML3")) if row.ma_nhom == _EXAMINATION]
    if len(fees) < 2:
        return None
    return Hit("MA_NHOM", {"count": str(len(fees))}, whole=True)


CHECKS: Mapping[str, RowCheck | On] = {
    "BHYT-CLAIM-142": On(bed_days, "ma_nhom", values=("14", "15", "16")),
    "BHYT-CLAIM-145": On(same_bed, "ma_nhom", values=("14", "15", "16")),
    "BHYT-CLAIM-146": On(one_examination, "ma_nhom", values=("13",)),
    "BHYT-XML1-147": On(long_examination, "ma_loai_kcb", values=("01",)),
    "BHYT-XML2-148": On(forces_scope, "pham_vi", values=("2",)),
    "BHYT-XML2-149": On(order_of_examination, "ma_khoa", values=("K01",)),
    "BHYT-XML3-143": On(bed_of_visit, "ma_nhom", values=("14", "15", "16")),
    "BHYT-XML3-144": On(bed_quantity, "ma_nhom", values=("14", "15", "16")),
    "BHYT-XML3-148": On(forces_scope, "pham_vi", values=("2",)),
    "BHYT-XML3-149": On(order_of_examination, "ma_khoa", values=("K01",)),
}
