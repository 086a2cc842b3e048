"""HIV care (XML6) and tuberculosis treatment (XML15).

The gateway's sheet asks for the dates of ARV and cotrimoxazole and for the kind of resistance of
every tuberculosis patient. Only a patient with HIV and resistant tuberculosis has them all, so this
is whom the generator invents.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from vnhealth.localtime import LocalTime
from vnhealth.records import Record
from vnhealth.spec import Edition
from vnhealth.synth._rows import Sheet

__all__ = ["programmes"]


def programmes(sheet: Sheet) -> Iterator[tuple[str, Record]]:
    """(table, row) of the programme record, when there is one."""
    tag = sheet.e.scenario.tag
    if tag == "hiv" and "XML6" in sheet.ctx.tables:
        yield "XML6", _hiv(sheet)
    if tag == "lao" and "XML15" in sheet.ctx.tables:
        yield "XML15", _tb(sheet)


def _day(day: dt.date) -> LocalTime:
    return LocalTime.of(day)


def _hiv(sheet: Sheet) -> Record:
    e, ctx = sheet.e, sheet.ctx
    dice = e.dice.fork("xml6")
    today = e.arrived.date()
    confirmed = today - dt.timedelta(days=dice.between(500, 2400))
    started = confirmed + dt.timedelta(days=dice.between(10, 60))
    switched = today - dt.timedelta(days=dice.between(90, 300))
    tested = today - dt.timedelta(days=dice.between(20, 60))
    latent = dice.percent(30)
    groups = range(1, 12) if ctx.modern else range(12)
    regimen = "TDF+3TC+DTG"
    values = {
        **sheet.identity(),
        "NGAYKD_HIV": _day(confirmed),
        "NOI_LAY_MAU_XN": ctx.facility.code,
        "NOI_XN_KD": ctx.facility.code,
        "NOI_BDDT_ARV": ctx.facility.code,
        "BDDT_ARV": _day(started),
        "MA_PHAC_DO_DIEU_TRI_BD": "TDF+3TC+EFV",
        "MA_BAC_PHAC_DO_BD": 1,
        "MA_LYDO_DTRI": dice.pick((1, 3)),
        "LOAI_DTRI_LAO": 1 if latent else 0,
        "SANG_LOC_LAO": dice.pick((2, 3)),
        "KQ_DTRI_LAO": 2 if latent else 7,
        "MA_LYDO_XNTL_VR": 1,
        "NGAY_XN_TLVR": _day(tested),
        "KQ_XNTL_VR": dice.pick((1, 1, 2)),
        "NGAY_KQ_XN_TLVR": _day(tested + dt.timedelta(days=5)),
        "MA_LOAI_BN": 1,
        "GIAI_DOAN_LAM_SANG": dice.pick((1, 1, 2)),
        "NHOM_DOI_TUONG": dice.pick(tuple(groups)),
        "MA_TINH_TRANG_DK": "9",
        "NGAY_BAT_DAU_DT_CTX": _day(started + dt.timedelta(days=7)),
        "MA_XU_TRI": "1" if ctx.edition is Edition.QD130 else "1;4",
        "NGAY_BAT_DAU_XU_TRI": _day(today),
        "NGAY_KET_THUC_XU_TRI": _day(today + dt.timedelta(days=28)),
        "MA_PHAC_DO_DIEU_TRI": regimen,
        "MA_BAC_PHAC_DO": 1,
        "SO_NGAY_CAP_THUOC_ARV": 28,
        "NGAY_CHUYEN_PHAC_DO": _day(switched),
        "LY_DO_CHUYEN_PHAC_DO": dice.pick((2, 4, 5)),
    }
    if latent:
        begun = started + dt.timedelta(days=30)
        values |= {
            "PHACDO_DTRI_LAO": 9 if ctx.edition is Edition.QD130 else 21,
            "NGAYBD_DTRI_LAO": _day(begun),
            "NGAYKT_DTRI_LAO": _day(begun + dt.timedelta(days=90)),
        }
    return sheet.row("XML6", values)


def _tb(sheet: Sheet) -> Record:
    e = sheet.e
    dice = e.dice.fork("xml15")
    today = e.arrived.date()
    begun = today - dt.timedelta(days=dice.between(20, 150))
    confirmed = begun - dt.timedelta(days=dice.between(30, 400))
    started = confirmed + dt.timedelta(days=14)
    return sheet.row(
        "XML15",
        {
            **sheet.identity(),
            "STT": 1,
            "PHANLOAI_LAO_VITRI": 1,
            "PHANLOAI_LAO_TS": dice.pick((1, 2, 4)),
            "PHANLOAI_LAO_HIV": 1,
            "PHANLOAI_LAO_VK": 1,
            "PHANLOAI_LAO_KT": dice.pick((3, 4, 4)),
            "LOAI_DTRI_LAO": 3,
            "NGAYBD_DTRI_LAO": _day(begun),
            "PHACDO_DTRI_LAO": dice.pick((9, 13, 14)),
            "KET_QUA_DTRI_LAO": 6,
            "NGAYKD_HIV": _day(confirmed),
            "BDDT_ARV": _day(started),
            "NGAY_BAT_DAU_DT_CTX": _day(started + dt.timedelta(days=3)),
        },
    )
