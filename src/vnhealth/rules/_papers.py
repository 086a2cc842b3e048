"""Papers of an encounter: XML6 to XML11 and XML14 (D08 to D12, D19, C08, C13, F11)."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from vnhealth.rules._case import Case, after, day_of, is_empty
from vnhealth.rules._model import Hit, On, RowCheck

if TYPE_CHECKING:
    from vnhealth.records.bhyt130 import Xml6, Xml7, Xml10, Xml11, Xml14

__all__ = ["CHECKS", "empty", "missing"]

_TB = ("A15", "A16", "A17", "A18", "A19")
_REST = unicodedata.normalize("NFC", "dưỡng thai")


def empty(row: Any, attr: str) -> Hit | None:
    """A hit when a field is empty; a value that could not be read is not called empty."""
    return Hit(attr.upper()) if is_empty(row, attr) else None


def missing(row: Any, *attrs: str) -> list[Hit] | None:
    """The same for several fields."""
    return [Hit(attr.upper()) for attr in attrs if is_empty(row, attr)] or None


def appointment(row: Xml14, case: Case) -> Hit | None:
    """D08: NGAY_HEN_KL >= NGAY_RA, by day."""
    visit, end = day_of(row.ngay_hen_kl), day_of(case.end)
    return Hit("NGAY_HEN_KL") if visit and end and visit < end else None


def appointment_paper(row: Xml14, case: Case) -> Hit | None:
    """D08: NGAY_CT >= NGAY_VAO."""
    return Hit("NGAY_CT") if after(case.begin, row.ngay_ct) else None


def discharge_paper(row: Xml7, case: Case) -> Hit | None:
    """D09: NGAY_CT is the day of NGAY_RA."""
    paper, end = day_of(row.ngay_ct), day_of(row.ngay_ra)
    return Hit("NGAY_CT") if paper and end and paper != end else None


def leave_order(row: Xml11, case: Case) -> Hit | None:
    """D10: DEN_NGAY >= TU_NGAY."""
    return Hit("DEN_NGAY") if after(row.tu_ngay, row.den_ngay) else None


def leave_meets_visit(row: Xml11, case: Case) -> Hit | None:
    """D10: leave begins on the day of the examination: not before NGAY_VAO, not after NGAY_RA."""
    start = day_of(row.tu_ngay)
    begin, end = day_of(case.begin), day_of(case.end)
    if start is None:
        return None
    if (begin and start < begin) or (end and start > end):
        return Hit("TU_NGAY")
    return None


def leave_limit(row: Xml11, case: Case) -> Hit | None:
    """D10: at most 30 days; TB 180; loss of pregnancy from 13 weeks 50."""
    days = row.so_ngay_nghi
    if days is None:
        return None
    limit = 30
    x1 = case.x1
    diseases = [x1.ma_benh_chinh or "", *(x1.ma_benh_kt or "").split(";")] if x1 else []
    if any(disease.strip().startswith(_TB) for disease in diseases):
        limit = 180
    elif row.ma_dinh_chi_thai == "1" and (row.tuoi_thai or 0) >= 13:
        limit = 50
    return Hit("SO_NGAY_NGHI", {"limit": str(limit)}) if days > limit else None


def rest_days(row: Xml10, case: Case) -> Hit | None:
    """D11: SO_NGAY is DEN_NGAY - TU_NGAY (text) or one more (its example); both are accepted."""
    start, end, found = day_of(row.tu_ngay), day_of(row.den_ngay), row.so_ngay
    if start is None or end is None or found is None:
        return None
    apart = (end - start).days
    if found in (apart, apart + 1):
        return None
    return Hit("SO_NGAY", {"days": str(apart), "days_counted": str(apart + 1)})


def rest_limit(row: Xml10, case: Case) -> Hit | None:
    """D11: vendors allow at most 180 days."""
    return Hit("SO_NGAY", {"limit": "180"}) if (row.so_ngay or 0) > 180 else None


def rest_words(row: Xml10, case: Case) -> Hit | None:
    """F11: CHAN_DOAN_RV of XML10 contains the words of maternity rest."""
    text = row.chan_doan_rv
    if text is None or _REST in unicodedata.normalize("NFC", text).casefold():
        return None
    return Hit("CHAN_DOAN_RV")


def home_leave(row: Xml7, case: Case) -> list[Hit] | None:
    """D12: SO_NGAY_NGHI, NGOAITRU_TUNGAY, NGOAITRU_DENNGAY all or none."""
    values = row.so_ngay_nghi, row.ngoaitru_tungay, row.ngoaitru_denngay
    if None not in values or values == (None, None, None):
        return None
    return missing(row, "so_ngay_nghi", "ngoaitru_tungay", "ngoaitru_denngay")


def loss_at_discharge(row: Xml7, case: Case) -> list[Hit] | None:
    """C08: a loss of pregnancy needs cause, time and weeks."""
    if row.ma_dinh_chi_thai != "1":
        return None
    return missing(row, "nguyennhan_dinhchi", "thoigian_dinhchi", "tuoi_thai")


def loss_on_leave(row: Xml11, case: Case) -> list[Hit] | None:
    """C08: the same in XML11, which has no time."""
    if row.ma_dinh_chi_thai != "1":
        return None
    return missing(row, "nguyennhan_dinhchi", "tuoi_thai")


def weeks(row: Xml7 | Xml11, case: Case) -> Hit | None:
    """C08: TUOI_THAI is 1 to 42 weeks."""
    found = row.tuoi_thai
    return None if found is None or 1 <= found <= 42 else Hit("TUOI_THAI")


def arv_days(row: Xml6, case: Case) -> Hit | None:
    """D19: SO_NGAY_CAP_THUOC_ARV is at most the days of the episode."""
    start, end = day_of(row.ngay_bat_dau_xu_tri), day_of(row.ngay_ket_thuc_xu_tri)
    found = row.so_ngay_cap_thuoc_arv
    if start is None or end is None or found is None or found <= (end - start).days:
        return None
    return Hit("SO_NGAY_CAP_THUOC_ARV", {"limit": str((end - start).days)})


def tb_fields(row: Xml6, case: Case) -> list[Hit] | None:
    """C13: regimen and start of TB treatment unless LOAI_DTRI_LAO is 0."""
    if row.loai_dtri_lao in (None, "0"):
        return None
    return missing(row, "phacdo_dtri_lao", "ngaybd_dtri_lao")


def tb_end(row: Xml6, case: Case) -> Hit | None:
    """C13: the sheet asks for the end of TB treatment, the annex leaves it empty meanwhile."""
    return None if row.loai_dtri_lao in (None, "0") else empty(row, "ngaykt_dtri_lao")


def pcr_fields(row: Xml6, case: Case) -> list[Hit] | None:
    """C13: the PCR fields when MA_TINH_TRANG_DK has 1."""
    if not _has(row.ma_tinh_trang_dk, "1"):
        return None
    return missing(row, "lan_xn_pcr", "ngay_xn_pcr", "ngay_kq_xn_pcr", "ma_kq_xn_pcr")


def arv_fields(row: Xml6, case: Case) -> list[Hit] | None:
    """C13: the ARV episode when MA_XU_TRI has 1."""
    if not _has(row.ma_xu_tri, "1"):
        return None
    return missing(row, "ngay_bat_dau_xu_tri", "ngay_ket_thuc_xu_tri", "so_ngay_cap_thuoc_arv")


def line_of_regimen(row: Xml6, case: Case) -> Hit | None:
    """C13: MA_BAC_PHAC_DO when the regimen is KHAC."""
    return empty(row, "ma_bac_phac_do") if row.ma_phac_do_dieu_tri == "KHAC" else None


def _has(items: str | None, code: str) -> bool:
    return items is not None and code in (item.strip() for item in items.split(";"))


CHECKS: Mapping[str, RowCheck | On] = {
    "BHYT-XML6-082": arv_days,
    "BHYT-XML6-107": tb_fields,
    "BHYT-XML6-108": tb_end,
    "BHYT-XML6-109": pcr_fields,
    "BHYT-XML6-110": arv_fields,
    "BHYT-XML6-111": line_of_regimen,
    "BHYT-XML7-069": discharge_paper,
    "BHYT-XML7-072": home_leave,
    "BHYT-XML7-099": On(loss_at_discharge, "ma_dinh_chi_thai", values=("1",)),
    "BHYT-XML7-100": On(weeks, "tuoi_thai"),
    "BHYT-XML10-071": rest_days,
    "BHYT-XML10-072": rest_limit,
    "BHYT-XML10-131": rest_words,
    "BHYT-XML11-070": leave_order,
    "BHYT-XML11-071": leave_meets_visit,
    "BHYT-XML11-072": leave_limit,
    "BHYT-XML11-099": On(loss_on_leave, "ma_dinh_chi_thai", values=("1",)),
    "BHYT-XML11-100": On(weeks, "tuoi_thai"),
    "BHYT-XML14-068": appointment,
    "BHYT-XML14-069": appointment_paper,
}
