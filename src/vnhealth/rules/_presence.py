"""Fields that must be filled when something else is so (K10 to K15, C01 to C12)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from vnhealth.rules._cards import special_expiry
from vnhealth.rules._case import Case, day_of
from vnhealth.rules._model import Era, Hit, On, RowCheck
from vnhealth.rules._papers import empty, missing

if TYPE_CHECKING:
    from vnhealth.records.bhyt130 import Xml0, Xml1, Xml2, Xml3, Xml4, Xml13

__all__ = ["CHECKS", "referred_out"]

_BLOOD = frozenset({"7", "17"})
_PERFORMED = frozenset({"1", "2", "3", "8", "18"})
_MEASURED = frozenset({"1", "2", "3"})
_UNREGISTERED = ("40.17", "40.573")
_NEWBORN_DAYS = 28
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
        if value is not None and (count or ";" in value) and value.count(";") != count:
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


def reason_of_admission(row: Xml0, case: Case) -> Hit | None:
    """LY_DO_VNT of a check-in when NGAY_VAO_NOI_TRU is filled."""
    return empty(row, "ly_do_vnt") if row.ngay_vao_noi_tru is not None else None


def tender_of_drug(row: Xml2, case: Case) -> Hit | None:
    """C01: TT_THAU of drugs, except blood (7, 17)."""
    if row.tt_thau is not None or row.ma_nhom is None or row.ma_nhom in _BLOOD:
        return None
    return empty(row, "tt_thau")


def tender_of_supply(row: Xml3, case: Case) -> Hit | None:
    """C01: TT_THAU of supplies (10)."""
    return empty(row, "tt_thau") if row.ma_nhom == "10" and row.tt_thau is None else None


def fuel(row: Xml3, case: Case) -> Hit | None:
    """C02: MA_XANG_DAU of transport (12)."""
    return empty(row, "ma_xang_dau") if row.ma_nhom == "12" else None


def performer(row: Xml3, case: Case) -> Hit | None:
    """C03: who carried out tests, imaging, function tests, surgery and procedures."""
    if row.nguoi_thuc_hien is not None or row.ma_nhom not in _PERFORMED or referred_out(row):
        return None
    return empty(row, "nguoi_thuc_hien")


def performed_at(row: Xml3, case: Case) -> Hit | None:
    """C03: and when."""
    if row.ngay_th_yl is not None or row.ma_nhom not in _PERFORMED or referred_out(row):
        return None
    return empty(row, "ngay_th_yl")


def machine(row: Xml3, case: Case) -> Hit | None:
    """C04: MA_MAY of tests, imaging and function tests done here."""
    if row.ma_may is not None or row.ma_nhom not in _MEASURED or referred_out(row):
        return None
    return empty(row, "ma_may")


def anaesthesia(row: Xml3, case: Case) -> Hit | None:
    """C05: PP_VO_CAM of surgery (8); whether anaesthesia was given cannot be seen."""
    return empty(row, "pp_vo_cam") if row.ma_nhom == "8" and row.pp_vo_cam is None else None


def names(row: Any, case: Case) -> Hit | None:
    """A service in XML3 comes with its name."""
    return empty(row, "ten_dich_vu") if row.ma_dich_vu is not None else None


def names_of_supply(row: Any, case: Case) -> Hit | None:
    """A supply in XML3 comes with its name."""
    return empty(row, "ten_vat_tu") if row.ten_vat_tu is None else None


def registration(row: Xml2, case: Case) -> Hit | None:
    """SO_DANG_KY of a drug, except oxygen, NO and blood; other exceptions cannot be seen."""
    if row.so_dang_ky is not None or row.ma_nhom is None or row.ma_nhom in _BLOOD:
        return None
    if (row.ma_thuoc or "").startswith(_UNREGISTERED):
        return None
    return empty(row, "so_dang_ky")


def drug_code(row: Xml2, case: Case) -> Hit | None:
    """MA_THUOC may be empty only outside the scope of insurance."""
    return empty(row, "ma_thuoc") if row.ma_thuoc is None and row.pham_vi == "1" else None


def prescriber(row: Xml2, case: Case) -> Hit | None:
    """MA_BAC_SI of a drug."""
    return empty(row, "ma_bac_si") if row.ma_bac_si is None else None


def result_time(row: Xml4, case: Case) -> Hit | None:
    """C06: NGAY_KQ when GIA_TRI is filled."""
    return empty(row, "ngay_kq") if row.ngay_kq is None and row.gia_tri is not None else None


def conclusion(row: Xml4, case: Case) -> Hit | None:
    """C07: KET_LUAN of imaging (XML3 group 2), unless GIA_TRI already gives the result."""
    if row.ket_luan is not None or row.gia_tri is not None or row.ma_dich_vu is None:
        return None
    if case.service_groups.get(row.ma_dich_vu) != "2":
        return None
    return empty(row, "ket_luan")


def _not_a_weight(text: str, era: Era) -> bool:
    return _DECIMAL.fullmatch(text) is None


def _too_heavy(text: str, era: Era) -> bool:
    return _DECIMAL.fullmatch(text) is not None and float(text) > 200


def weight(row: Xml1, case: Case) -> Hit:
    """C09: CAN_NANG is a number of kilograms."""
    return Hit("CAN_NANG")


def heavy(row: Xml1, case: Case) -> Hit:
    """C09: above 200 kg is doubtful."""
    return Hit("CAN_NANG")


def infant_weight(row: Any, case: Case) -> Hit | None:
    """4210: CAN_NANG of children under one year."""
    born, arrived = day_of(row.ngay_sinh), day_of(case.begin)
    if row.can_nang is not None or born is None or arrived is None:
        return None
    return empty(row, "can_nang") if 0 <= (arrived - born).days < 365 else None


def admission(row: Xml1, case: Case) -> list[Hit] | None:
    """C10: inpatients have reason and time of admission and a method of treatment."""
    values = row.ly_do_vnt, row.ngay_vao_noi_tru, row.pp_dieu_tri
    if not case.inpatient or None not in values:
        return None
    return missing(row, "ly_do_vnt", "ngay_vao_noi_tru", "pp_dieu_tri")


def transfer_paper(row: Xml1, case: Case) -> Hit | None:
    """C11: MA_NOI_DI comes with GIAY_CHUYEN_TUYEN."""
    return empty(row, "giay_chuyen_tuyen") if row.giay_chuyen_tuyen is None else None


def _no_height(text: str, era: Era) -> bool:
    return _DECIMAL.fullmatch(text) is None or not 20 <= float(text) <= 250


def height(row: Xml1, case: Case) -> Hit:
    """C12 (3176): DU_PHONG, when filled, is the height in centimetres."""
    return Hit("DU_PHONG")


def person_number(row: Any, case: Case) -> Hit | None:
    """SO_CCCD is empty only in force majeure (3176); newborns, at least, have none yet."""
    born = day_of(getattr(row, "ngay_sinh", None))
    arrived = day_of(getattr(row, "ngay_vao", None) or case.begin)
    if born and arrived and 0 <= (arrived - born).days <= _NEWBORN_DAYS:
        return None
    return empty(row, "so_cccd")


def commune(row: Any, case: Case) -> Hit | None:
    """MAXA_CU_TRU is empty only while the commune has no code (3176)."""
    return empty(row, "maxa_cu_tru") if row.maxa_cu_tru is None else None


def supply_in_service(row: Xml3, case: Case) -> Hit | None:
    """K15: a supply used in a service has a row of that service ordered at the same time."""
    if row.ma_dich_vu is None or row.ngay_yl is None:
        return None
    held = case.memo.get("services")
    if held is None:
        held = case.memo["services"] = {
            (r.ma_dich_vu, r.ngay_yl) for r in case.rows("XML3") if r.ma_dich_vu and not r.ma_vat_tu
        }
    return None if (row.ma_dich_vu, row.ngay_yl) in held else Hit("MA_DICH_VU")


CHECKS: Mapping[str, RowCheck | On] = {
    "BHYT-XML0-044": one_first_cost,
    "BHYT-XML0-045": name_of_first_cost,
    "BHYT-XML0-113": On(reason_of_admission, "ngay_vao_noi_tru"),
    "BHYT-XML1-040": On(card_lists, "ma_the_bhyt"),
    "BHYT-XML1-041": On(card_details, "ma_the_bhyt"),
    "BHYT-XML1-042": On(one_main, "ma_benh_chinh"),
    "BHYT-XML1-043": On(secondary_count, "ma_benh_kt"),
    "BHYT-XML1-044": On(traditional_count, "ma_benh_yhct"),
    "BHYT-XML1-100": On(weight, "can_nang", when=_not_a_weight),
    "BHYT-XML1-101": On(heavy, "can_nang", when=_too_heavy),
    "BHYT-XML1-102": On(admission, "ma_loai_kcb", values=("03", "04", "09")),
    "BHYT-XML1-105": On(transfer_paper, "ma_noi_di"),
    "BHYT-XML1-106": On(height, "du_phong", when=_no_height),
    "BHYT-XML1-107": On(infant_weight, "can_nang", absent=True),
    "BHYT-XML1-114": On(person_number, "so_cccd", absent=True),
    "BHYT-XML1-115": On(commune, "maxa_cu_tru", absent=True),
    "BHYT-XML2-091": On(tender_of_drug, "tt_thau", absent=True),
    "BHYT-XML2-116": On(registration, "so_dang_ky", absent=True),
    "BHYT-XML2-117": On(prescriber, "ma_bac_si", absent=True),
    "BHYT-XML2-118": On(drug_code, "ma_thuoc", absent=True),
    "BHYT-XML3-043": On(something_done, "ma_dich_vu", absent=True),
    "BHYT-XML3-045": On(supply_in_service, "ma_vat_tu"),
    "BHYT-XML3-091": On(tender_of_supply, "tt_thau", absent=True, groups=frozenset({"10"})),
    "BHYT-XML3-092": On(fuel, "ma_nhom", values=("12",)),
    "BHYT-XML3-093": On(performer, "nguoi_thuc_hien", absent=True, groups=_PERFORMED),
    "BHYT-XML3-094": On(performed_at, "ngay_th_yl", absent=True, groups=_PERFORMED),
    "BHYT-XML3-095": On(machine, "ma_may", absent=True, groups=_MEASURED),
    "BHYT-XML3-096": On(anaesthesia, "ma_nhom", values=("8",)),
    "BHYT-XML3-111": On(names, "ten_dich_vu", absent=True),
    "BHYT-XML3-112": On(names_of_supply, "ma_vat_tu"),
    "BHYT-XML4-097": On(result_time, "ngay_kq", absent=True),
    "BHYT-XML4-098": On(conclusion, "ket_luan", absent=True),
    "BHYT-XML13-040": On(card_lists_of_transfer, "ma_the_bhyt"),
}
