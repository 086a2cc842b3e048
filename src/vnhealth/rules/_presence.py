"""Fields that must be filled when something else is so (K10 to K15, C01 to C12)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from vnhealth.rules._cards import special_expiry
from vnhealth.rules._case import Case, day_of
from vnhealth.rules._model import ClaimCheck, Hit, RowCheck
from vnhealth.rules._papers import missing

if TYPE_CHECKING:
    from vnhealth.records.bhyt130 import Xml0, Xml1, Xml2, Xml3, Xml4, Xml13

__all__ = ["CHECKS", "CLAIM_CHECKS", "referred_out"]

_BLOOD = frozenset({"7", "17"})
_PERFORMED = frozenset({"1", "2", "3", "8", "18"})
_MEASURED = frozenset({"1", "2", "3"})
_UNREGISTERED = ("40.17", "40.573")
_DECIMAL = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,2})?", re.ASCII)
_REFERRED = re.compile(r"\.K\.[0-9A-Z]{5}$", re.ASCII)


def referred_out(row: Any) -> bool:
    """True for a test done elsewhere: MA_DICH_VU ends with ``.K.`` and the facility."""
    service = row.ma_dich_vu
    return service is not None and ".K." in service and _REFERRED.search(service) is not None


def card_lists(row: Xml1, case: Case) -> list[Hit] | None:
    """K10: the card fields have the same number of items."""
    if not row.ma_the_bhyt:
        return None
    count = row.ma_the_bhyt.count(";")
    found = []
    for tag, value in (
        ("MA_DKBD", row.ma_dkbd),
        ("GT_THE_TU", row.gt_the_tu),
        ("GT_THE_DEN", row.gt_the_den),
    ):
        if value is not None and value.count(";") != count:
            found.append(Hit(tag, {"count": str(count + 1)}))
    return found or None


def card_lists_of_transfer(row: Xml13, case: Case) -> Hit | None:
    """K10 in XML13."""
    cards, ends = row.ma_the_bhyt, row.gt_the_den
    if not cards or ends is None or cards.count(";") == ends.count(";"):
        return None
    return Hit("GT_THE_DEN", {"count": str(cards.count(";") + 1)})


def card_details(row: Xml1, case: Case) -> list[Hit] | None:
    """K11: a card comes with its facility and its dates."""
    if not row.ma_the_bhyt:
        return None
    if row.ma_dkbd is not None and row.gt_the_tu is not None and row.gt_the_den is not None:
        return None
    wanted = ["ma_dkbd", "gt_the_tu"]
    if not special_expiry(case.card[:2]):
        wanted.append("gt_the_den")
    return missing(row, *wanted)


def one_main(row: Xml1, case: Case) -> Hit | None:
    """K12: MA_BENH_CHINH is one code."""
    main = row.ma_benh_chinh
    return Hit("MA_BENH_CHINH") if main is not None and ";" in main else None


def secondary_count(row: Xml1, case: Case) -> Hit | None:
    """K12: MA_BENH_KT has at most 12 codes."""
    return _count("MA_BENH_KT", row.ma_benh_kt, 12)


def traditional_count(row: Xml1, case: Case) -> Hit | None:
    """K12: MA_BENH_YHCT has at most 13 codes (3176)."""
    return _count("MA_BENH_YHCT", row.ma_benh_yhct, 13)


def _count(tag: str, text: str | None, limit: int) -> Hit | None:
    if text is None or text.count(";") < limit:
        return None
    count = sum(1 for item in text.split(";") if item.strip())
    return Hit(tag, {"limit": str(limit), "count": str(count)}) if count > limit else None


def something_done(row: Any, case: Case) -> Hit | None:
    """K13: a row of XML3 has MA_DICH_VU or MA_VAT_TU."""
    if row.ma_dich_vu is not None or row.ma_vat_tu is not None:
        return None
    return None if row.raw_texts else Hit("MA_DICH_VU")


def one_first_cost(row: Xml0, case: Case) -> Hit | None:
    """K14: exactly one of MA_DICH_VU, MA_THUOC, MA_VAT_TU."""
    given = sum(value is not None for value in (row.ma_dich_vu, row.ma_thuoc, row.ma_vat_tu))
    return None if given == 1 or row.raw_texts else Hit("MA_DICH_VU", {"count": str(given)})


def name_of_first_cost(row: Xml0, case: Case) -> list[Hit] | None:
    """K14: with the name that belongs to it."""
    found: list[Hit] = []
    for code, name in (
        (row.ma_dich_vu, "ten_dich_vu"),
        (row.ma_thuoc, "ten_thuoc"),
        (row.ma_vat_tu, "ten_vat_tu"),
    ):
        if code is not None:
            found += missing(row, name) or ()
    return found or None


def reason_of_admission(row: Xml0, case: Case) -> list[Hit] | None:
    """LY_DO_VNT of a check-in when NGAY_VAO_NOI_TRU is filled."""
    return missing(row, "ly_do_vnt") if row.ngay_vao_noi_tru is not None else None


def tender_of_drug(row: Xml2, case: Case) -> list[Hit] | None:
    """C01: TT_THAU of drugs, except blood (7, 17)."""
    if row.tt_thau is not None or row.ma_nhom is None or row.ma_nhom in _BLOOD:
        return None
    return missing(row, "tt_thau")


def tender_of_supply(row: Xml3, case: Case) -> list[Hit] | None:
    """C01: TT_THAU of supplies (10)."""
    return missing(row, "tt_thau") if row.ma_nhom == "10" and row.tt_thau is None else None


def fuel(row: Xml3, case: Case) -> list[Hit] | None:
    """C02: MA_XANG_DAU of transport (12)."""
    return missing(row, "ma_xang_dau") if row.ma_nhom == "12" else None


def performer(row: Xml3, case: Case) -> list[Hit] | None:
    """C03: who carried out tests, imaging, function tests, surgery and procedures."""
    if row.nguoi_thuc_hien is not None or row.ma_nhom not in _PERFORMED or referred_out(row):
        return None
    return missing(row, "nguoi_thuc_hien")


def performed_at(row: Xml3, case: Case) -> list[Hit] | None:
    """C03: and when."""
    if row.ngay_th_yl is not None or row.ma_nhom not in _PERFORMED or referred_out(row):
        return None
    return missing(row, "ngay_th_yl")


def machine(row: Xml3, case: Case) -> list[Hit] | None:
    """C04: MA_MAY of tests, imaging and function tests done here."""
    if row.ma_may is not None or row.ma_nhom not in _MEASURED or referred_out(row):
        return None
    return missing(row, "ma_may")


def anaesthesia(row: Xml3, case: Case) -> list[Hit] | None:
    """C05: PP_VO_CAM of surgery (8); whether anaesthesia was given cannot be seen."""
    return missing(row, "pp_vo_cam") if row.ma_nhom == "8" and row.pp_vo_cam is None else None


def names(row: Any, case: Case) -> list[Hit] | None:
    """A code in XML3 comes with its name."""
    if row.ma_dich_vu is not None and row.ten_dich_vu is None:
        return missing(row, "ten_dich_vu")
    if row.ma_vat_tu is not None and row.ten_vat_tu is None:
        return missing(row, "ten_vat_tu")
    return None


def registration(row: Xml2, case: Case) -> list[Hit] | None:
    """SO_DANG_KY of a drug, except oxygen, NO and blood; other exceptions cannot be seen."""
    if row.so_dang_ky is not None or row.ma_nhom is None or row.ma_nhom in _BLOOD:
        return None
    if (row.ma_thuoc or "").startswith(_UNREGISTERED):
        return None
    return missing(row, "so_dang_ky")


def drug_code(row: Xml2, case: Case) -> list[Hit] | None:
    """MA_THUOC may be empty only outside the scope of insurance."""
    return missing(row, "ma_thuoc") if row.ma_thuoc is None and row.pham_vi == "1" else None


def prescriber(row: Xml2, case: Case) -> list[Hit] | None:
    """MA_BAC_SI of a drug."""
    return missing(row, "ma_bac_si") if row.ma_bac_si is None else None


def result_time(row: Xml4, case: Case) -> list[Hit] | None:
    """C06: NGAY_KQ when GIA_TRI is filled."""
    return missing(row, "ngay_kq") if row.ngay_kq is None and row.gia_tri is not None else None


def conclusion(row: Xml4, case: Case) -> list[Hit] | None:
    """C07: KET_LUAN of imaging (XML3 group 2), unless GIA_TRI already gives the result."""
    if row.ket_luan is not None or row.gia_tri is not None or row.ma_dich_vu is None:
        return None
    if case.service_groups.get(row.ma_dich_vu) != "2":
        return None
    return missing(row, "ket_luan")


def weight(row: Xml1, case: Case) -> Hit | None:
    """C09: CAN_NANG is a number of kilograms."""
    text = row.can_nang
    return None if text is None or _DECIMAL.fullmatch(text) else Hit("CAN_NANG")


def heavy(row: Xml1, case: Case) -> Hit | None:
    """C09: above 200 kg is doubtful."""
    text = row.can_nang
    if text is None or not _DECIMAL.fullmatch(text) or float(text) <= 200:
        return None
    return Hit("CAN_NANG")


def infant_weight(row: Any, case: Case) -> list[Hit] | None:
    """4210: CAN_NANG of children under one year."""
    born, arrived = day_of(row.ngay_sinh), day_of(case.begin)
    if row.can_nang is not None or born is None or arrived is None:
        return None
    return missing(row, "can_nang") if 0 <= (arrived - born).days < 365 else None


def admission(row: Xml1, case: Case) -> list[Hit] | None:
    """C10: inpatients have reason and time of admission and a method of treatment."""
    if not case.inpatient:
        return None
    return missing(row, "ly_do_vnt", "ngay_vao_noi_tru", "pp_dieu_tri")


def transfer_paper(row: Xml1, case: Case) -> list[Hit] | None:
    """C11: MA_NOI_DI comes with GIAY_CHUYEN_TUYEN."""
    return missing(row, "giay_chuyen_tuyen") if row.ma_noi_di is not None else None


def height(row: Xml1, case: Case) -> Hit | None:
    """C12 (3176): DU_PHONG, when filled, is the height in centimetres."""
    text = row.du_phong
    if text is None or (_DECIMAL.fullmatch(text) and 20 <= float(text) <= 250):
        return None
    return Hit("DU_PHONG")


def person_number(row: Any, case: Case) -> list[Hit] | None:
    """SO_CCCD is empty only in force majeure (3176)."""
    return missing(row, "so_cccd") if row.so_cccd is None else None


def commune(row: Any, case: Case) -> list[Hit] | None:
    """MAXA_CU_TRU is empty only while the commune has no code (3176)."""
    return missing(row, "maxa_cu_tru") if row.maxa_cu_tru is None else None


CHECKS: Mapping[str, RowCheck] = {
    "BHYT-XML0-044": one_first_cost,
    "BHYT-XML0-045": name_of_first_cost,
    "BHYT-XML0-113": reason_of_admission,
    "BHYT-XML1-040": card_lists,
    "BHYT-XML1-041": card_details,
    "BHYT-XML1-042": one_main,
    "BHYT-XML1-043": secondary_count,
    "BHYT-XML1-044": traditional_count,
    "BHYT-XML1-100": weight,
    "BHYT-XML1-101": heavy,
    "BHYT-XML1-102": admission,
    "BHYT-XML1-105": transfer_paper,
    "BHYT-XML1-106": height,
    "BHYT-XML1-107": infant_weight,
    "BHYT-XML1-114": person_number,
    "BHYT-XML1-115": commune,
    "BHYT-XML2-091": tender_of_drug,
    "BHYT-XML2-116": registration,
    "BHYT-XML2-117": prescriber,
    "BHYT-XML2-118": drug_code,
    "BHYT-XML3-043": something_done,
    "BHYT-XML3-091": tender_of_supply,
    "BHYT-XML3-092": fuel,
    "BHYT-XML3-093": performer,
    "BHYT-XML3-094": performed_at,
    "BHYT-XML3-095": machine,
    "BHYT-XML3-096": anaesthesia,
    "BHYT-XML3-111": names,
    "BHYT-XML4-097": result_time,
    "BHYT-XML4-098": conclusion,
    "BHYT-XML13-040": card_lists_of_transfer,
}


def supply_in_service(case: Case) -> list[Hit] | None:
    """K15: a supply used in a service has a row of that service ordered at the same time."""
    rows = case.rows("XML3")
    used = [(i, r) for i, r in enumerate(rows) if r.ma_vat_tu and r.ma_dich_vu]
    if not used:
        return None
    held = {(r.ma_dich_vu, r.ngay_yl) for r in rows if r.ma_dich_vu and not r.ma_vat_tu}
    found = [
        Hit("MA_DICH_VU", table="XML3", row=index)
        for index, row in used
        if row.ngay_yl is not None and (row.ma_dich_vu, row.ngay_yl) not in held
    ]
    return found or None


CLAIM_CHECKS: Mapping[str, ClaimCheck] = {"BHYT-XML3-045": supply_in_service}
