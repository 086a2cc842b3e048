"""Order of times in an encounter (D01 to D07, D15 to D18, D20, D21)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from vnhealth.localtime import LocalTime
from vnhealth.rules._cards import special_expiry
from vnhealth.rules._case import Case, after, day_of
from vnhealth.rules._model import Hit, On, RowCheck

if TYPE_CHECKING:
    from vnhealth.records.bhyt130 import Xml0, Xml1, Xml2, Xml3, Xml4, Xml5

__all__ = ["CHECKS"]


def leaves_after_arrival(row: Any, case: Case) -> Hit | None:
    """D01: NGAY_VAO <= NGAY_RA."""
    return Hit("NGAY_RA") if after(row.ngay_vao, row.ngay_ra) else None


def admitted_after_arrival(row: Xml0 | Xml1, case: Case) -> Hit | None:
    """D02: NGAY_VAO_NOI_TRU >= NGAY_VAO."""
    return Hit("NGAY_VAO_NOI_TRU") if after(row.ngay_vao, row.ngay_vao_noi_tru) else None


def done_after_order(row: Xml2 | Xml3, case: Case) -> Hit | None:
    """D03: NGAY_TH_YL >= NGAY_YL."""
    ordered, done = row.ngay_yl, row.ngay_th_yl
    if done is None or ordered is None or ordered.text <= done.text:
        return None
    return Hit("NGAY_TH_YL") if ordered > done else None


def result_after_order(row: Xml3, case: Case) -> Hit | None:
    """D04: NGAY_KQ >= NGAY_YL."""
    ordered, result = row.ngay_yl, row.ngay_kq
    if result is None or ordered is None or ordered.text <= result.text:
        return None
    return Hit("NGAY_KQ") if ordered > result else None


def ordered_within(row: Any, case: Case) -> Hit | None:
    """D05: NGAY_YL within NGAY_VAO and NGAY_RA."""
    return Hit("NGAY_YL") if case.outside(row.ngay_yl) else None


def result_within(row: Xml3 | Xml4, case: Case) -> Hit | None:
    """D06: NGAY_KQ within NGAY_VAO and NGAY_RA; later results are allowed, so only a warning."""
    return Hit("NGAY_KQ") if case.outside(row.ngay_kq) else None


def note_within(row: Xml5, case: Case) -> Hit | None:
    """D07: THOI_DIEM_DBLS within NGAY_VAO and NGAY_RA."""
    return Hit("THOI_DIEM_DBLS") if case.outside(row.thoi_diem_dbls) else None


def end_of_course(row: Xml1, case: Case) -> Hit | None:
    """D15 (130, 4750): NGAY_RA of outpatient courses ends with 2359."""
    return _time_part(case.end, "2359")


def end_of_course_4210(row: Any, case: Case) -> Hit | None:
    """D15 (4210): NGAY_RA of outpatient treatment ends with 0000."""
    return _time_part(case.end, "0000")


def _time_part(end: LocalTime | None, wanted: str) -> Hit | None:
    if end is None or len(end.text) != 12 or end.text[8:] == wanted:
        return None
    return Hit("NGAY_RA", {"time": wanted})


def settled_after_end(row: Any, case: Case) -> Hit | None:
    """D16: NGAY_TTOAN is empty or not before NGAY_RA."""
    return Hit("NGAY_TTOAN") if after(case.until, row.ngay_ttoan) else None


def month_of_claim(row: Any, case: Case) -> Hit | None:
    """D17: THANG_QT is a month."""
    month = row.thang_qt
    return None if month is None or 1 <= month <= 12 else Hit("THANG_QT")


def claimed_after_end(row: Any, case: Case) -> Hit | None:
    """D17: no text ties the month of the claim to NGAY_RA, but it cannot be earlier."""
    year, month, end = row.nam_qt, row.thang_qt, case.end_day
    if year is None or month is None or not end:
        return None
    return Hit("THANG_QT") if year * 100 + month < int(end[:6]) else None


def card_valid(row: Any, case: Case) -> Hit | None:
    """D18: at least one card is valid on the day of NGAY_VAO."""
    day = case.begin_text[:8]
    start, end = row.gt_the_tu, row.gt_the_den
    if len(start) == 8 and start <= day and (end is None or day <= end):
        return None
    cards = row.ma_the if case.old else row.ma_the_bhyt
    if not cards or day_of(case.begin) is None:
        return None
    starts = row.gt_the_tu.split(";")
    ends = (row.gt_the_den or "").split(";")
    for index, card in enumerate(cards.split(";")):
        start = starts[index].strip() if index < len(starts) else ""
        end = ends[index].strip() if index < len(ends) else ""
        if special_expiry(card.strip()[:2].upper()):
            return None
        if start[:8] <= day and (not end or day <= end[:8]):
            return None
    return Hit("GT_THE_DEN")


def ordered_on_working_day(row: Xml2, case: Case) -> Hit | None:
    """D20 (130, 4750): an order on a holiday is dated on the last working day before it."""
    day = day_of(row.ngay_yl)
    if day is None or not case.calendar.is_holiday(day):
        return None
    category = case.x1.ma_doituong_kcb if case.x1 is not None else None
    if category == "2" or case.inpatient:
        return None
    return Hit("NGAY_YL", {"day": case.calendar.last_working(day).isoformat()})


def born_before_arrival(row: Any, case: Case) -> Hit | None:
    """D21: NGAY_SINH <= NGAY_VAO; unknown parts are not compared."""
    return Hit("NGAY_SINH") if after(row.ngay_sinh, row.ngay_vao) else None


def newborn_time(row: Any, case: Case) -> Hit | None:
    """Up to 28 days of age the birth is given with hour and minute."""
    born, begin = row.ngay_sinh, case.begin
    if born is None or begin is None or not born.text.endswith("0000"):
        return None
    if begin.year - born.year > 1:
        return None
    birthday, arrived = day_of(born), day_of(begin)
    if birthday is None or arrived is None:
        return None
    age = arrived - birthday
    return Hit("NGAY_SINH") if dt.timedelta(0) <= age <= dt.timedelta(28) else None


CHECKS: Mapping[str, RowCheck | On] = {
    "BHYT-XML0-062": admitted_after_arrival,
    "BHYT-XML0-084": born_before_arrival,
    "BHYT-XML1-061": leaves_after_arrival,
    "BHYT-XML1-062": On(admitted_after_arrival, "ngay_vao_noi_tru"),
    "BHYT-XML1-076": On(end_of_course, "ma_loai_kcb", values=("02", "05", "07")),
    "BHYT-XML1-077": On(end_of_course_4210, "ma_loai_kcb", values=("2",)),
    "BHYT-XML1-078": On(settled_after_end, "ngay_ttoan"),
    "BHYT-XML1-079": month_of_claim,
    "BHYT-XML1-080": claimed_after_end,
    "BHYT-XML1-081": On(card_valid, "gt_the_tu"),
    "BHYT-XML1-084": born_before_arrival,
    "BHYT-XML1-085": newborn_time,
    "BHYT-XML2-063": done_after_order,
    "BHYT-XML2-065": ordered_within,
    "BHYT-XML2-083": ordered_on_working_day,
    "BHYT-XML3-063": done_after_order,
    "BHYT-XML3-064": result_after_order,
    "BHYT-XML3-065": ordered_within,
    "BHYT-XML3-066": result_within,
    "BHYT-XML4-066": result_within,
    "BHYT-XML5-067": note_within,
}
