"""XML1 of the family of QD 130: the person, the visit, the totals."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from vnhealth.localtime import LocalTime
from vnhealth.records import Record
from vnhealth.synth._episode import Episode
from vnhealth.synth._rows import Sheet
from vnhealth.synth._words import advice, method, record_number

__all__ = ["summary"]

ZERO = Decimal("0.00")


def _days(sheet: Sheet) -> int:
    """SO_NGAY_DTRI: the rule differs before and from QD 3176."""
    e, modern = sheet.e, sheet.ctx.modern
    whole = (e.written_end.date() - e.arrived.date()).days + 1
    with_services = len({s.ordered.date() for s in e.services if s.service is not None})
    course = max((d.days for d in e.drugs), default=1)
    if e.loai == "09":
        return 0
    if modern:
        if e.loai in ("02", "08"):
            return with_services
        return course if e.loai in ("05", "07") else whole
    if e.loai in ("02", "03", "04", "06"):
        return whole
    if e.loai == "05":
        return course
    return with_services if e.loai == "08" else 0


def _totals(sheet: Sheet) -> dict[str, Decimal]:
    rows = sheet.amounts
    each = [a for _, _, a, _ in rows]
    insured = sum((a.total_bh for a in each), ZERO)
    shared = sum((a.co_pay for a in each), ZERO)
    return {
        "T_THUOC": sum((a.total_bv for table, _, a, _ in rows if table == 2), ZERO),
        "T_VTYT": sum((a.total_bv for _, supply, a, _ in rows if supply), ZERO),
        "T_TONGCHI_BV": sum((a.total_bv for a in each), ZERO),
        "T_TONGCHI_BH": insured,
        "T_BNTT": sum((a.self_pay for a in each), ZERO),
        "T_BNCCT": shared,
        "T_BHTT": insured - shared,
        "T_NGUONKHAC": sum((a.support for a in each), ZERO),
        "T_BHTT_GDV": sum((a.fund for _, _, a, way in rows if way == 1), ZERO),
    }


def _admission(sheet: Sheet) -> dict[str, Any]:
    e = sheet.e
    if e.loai not in ("03", "04", "09") or e.admitted is None:
        return {}
    return {
        "LY_DO_VNT": f"{e.diagnosis.reason}, cần theo dõi và điều trị tại khoa",
        "NGAY_VAO_NOI_TRU": LocalTime.of(e.admitted),
    }


def _insurance(e: Episode) -> dict[str, Any]:
    if not e.cards:
        return {}
    dice = e.dice.fork("insurance")
    start = e.cards[0].valid_from
    years = dice.between(1, 9)
    settled = e.cards[0].group not in ("TE", "HS")
    return {
        "MA_DKBD": ";".join(c.registered for c in e.cards),
        "GT_THE_TU": ";".join(f"{c.valid_from:%Y%m%d}" for c in e.cards),
        "MA_KHUVUC": e.person.place.area,
        "NAM_NAM_LIEN_TUC": LocalTime.of(dt.date(start.year - years, 1, 1)) if settled else None,
    }


def summary(sheet: Sheet) -> Record:
    """The row of XML1; the rows of XML2 and XML3 must have been written before."""
    e, ctx = sheet.e, sheet.ctx
    p = e.person
    dice = e.dice.fork("summary")
    end = LocalTime.of(e.written_end)
    birth = e.baby is not None and p.role != "baby"
    return sheet.row(
        "XML1",
        {
            **sheet.identity(),
            "STT": 1,
            "NHOM_MAU": p.blood if dice.percent(60) else "",
            "DIEN_THOAI": p.phone,
            **_insurance(e),
            "LY_DO_VV": e.diagnosis.reason,
            **_admission(sheet),
            "CHAN_DOAN_VAO": f"Theo dõi {e.diagnosis.name[:1].lower()}{e.diagnosis.name[1:]}",
            "CHAN_DOAN_RV": e.diagnosis_text,
            "MA_BENH_CHINH": e.diagnosis.code,
            "MA_BENH_KT": ";".join(d.code for d in e.also),
            "MA_PTTT_QT": e.icd9,
            "MA_NOI_DI": e.came_from,
            "MA_NOI_DEN": e.sent_to,
            "MA_TAI_NAN": e.diagnosis.injury,
            "GIAY_CHUYEN_TUYEN": e.paper,
            "SO_NGAY_DTRI": _days(sheet),
            "PP_DIEU_TRI": method(e),
            "KET_QUA_DTRI": e.outcome,
            "MA_LOAI_RV": e.discharge,
            "GHI_CHU": advice(dice),
            "NGAY_TTOAN": end,
            **_totals(sheet),
            "NAM_QT": ctx.day.year,
            "THANG_QT": ctx.day.month,
            "MA_LOAI_KCB": e.loai,
            "MA_KHOA": e.depts,
            "CAN_NANG": str(e.weight),
            "CAN_NANG_CON": str(e.baby_grams) if birth else "",
            "NGAY_TAI_KHAM": f"{e.follow_up:%Y%m%d}" if e.follow_up else "",
            "MA_HSBA": record_number(ctx, e),
            "MA_TTDV": ctx.facility.head.signer(ctx.edition),
            "DU_PHONG": str(p.height) if ctx.modern and dice.percent(70) else "",
        },
    )
