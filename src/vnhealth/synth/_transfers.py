"""Transfer papers (XML13) and appointments (XML14)."""

from __future__ import annotations

from typing import Any

from vnhealth.localtime import LocalTime
from vnhealth.records import Record
from vnhealth.synth._notes import note
from vnhealth.synth._rows import Sheet
from vnhealth.synth._words import method

__all__ = ["appointment", "number", "tests_in_words", "transfer"]


def number(sheet: Sheet, prefix: str) -> str:
    """A document number of the facility."""
    return f"{prefix}{sheet.ctx.day:%y}-{sheet.e.index:06d}"


def tests_in_words(sheet: Sheet) -> str:
    """TOMTAT_KQ: the first results in one line."""
    parts = []
    for r in sheet.e.results[:6]:
        if r.indicator is not None:
            parts.append(f"{r.indicator.ten_chi_so} {r.value} {r.indicator.don_vi_do}")
        else:
            parts.append(f"{r.service.ten_dich_vu}: {r.value}")
    return "; ".join(parts) or "Các xét nghiệm cơ bản trong giới hạn bình thường"


def _common_copy(sheet: Sheet) -> dict[str, Any]:
    """Fields of XML13 and XML14 that must equal XML1."""
    e = sheet.e
    values = {
        **sheet.identity(),
        "CHAN_DOAN_RV": e.diagnosis_text,
        "MA_BENH_CHINH": e.diagnosis.code,
        "MA_BENH_KT": ";".join(d.code for d in e.also),
        "MA_LOAI_RV": e.discharge,
        "MA_BAC_SI": sheet.staff(e.doctor),
        "MA_TTDV": sheet.ctx.facility.head.signer(sheet.ctx.edition),
    }
    if e.loai in ("03", "04", "09") and e.admitted is not None:
        values["NGAY_VAO_NOI_TRU"] = LocalTime.of(e.admitted)
    return values


def transfer(sheet: Sheet) -> Record:
    """The row of XML13."""
    e, ctx = sheet.e, sheet.ctx
    dice = e.dice.fork("xml13")
    escort = dice.pick(ctx.facility.helpers("K02"))
    at_request = e.discharge == "5"
    return sheet.row(
        "XML13",
        {
            **_common_copy(sheet),
            "SO_HOSO": number(sheet, "HS"),
            "SO_CHUYENTUYEN": number(sheet, "SCT"),
            "GIAY_CHUYEN_TUYEN": number(sheet, "GCT"),
            "MA_NOI_DI": e.came_from,
            "MA_NOI_DEN": e.sent_to,
            "MA_CSKCB_DI": e.came_from,
            "MA_CSKCB_DEN": e.sent_to,
            "NGAY_VAO": f"{e.arrived:%Y%m%d%H%M}",
            "NGAY_RA": f"{e.written_end:%Y%m%d%H%M}",
            "DAU_HIEU_LS": note(dice, "chuyen", e.diagnosis),
            "QT_BENHLY": note(dice, "benhsu", e.diagnosis),
            "TOMTAT_KQ": tests_in_words(sheet),
            "PP_DIEUTRI": method(e),
            "TEN_DICH_VU": "; ".join(s.service.ten_dich_vu for s in e.services[:4] if s.service)
            or "Khám bệnh",
            "TEN_THUOC": "; ".join(d.drug.ten_thuoc for d in e.drugs[:4]),
            "PP_DIEU_TRI": method(e),
            "TINH_TRANG_CT": "Tỉnh, huyết động ổn định khi chuyển",
            "MA_LYDO_CT": 3 if at_request else dice.pick((1, 2)),
            "HUONG_DIEU_TRI": note(dice, "huong", e.diagnosis),
            "PHUONGTIEN_VC": "Xe cứu thương",
            "HOTEN_NGUOI_HT": escort.name,
            "CHUCDANH_NGUOI_HT": "Điều dưỡng",
        },
    )


def appointment(sheet: Sheet) -> Record:
    """The row of XML14."""
    e, ctx = sheet.e, sheet.ctx
    assert e.follow_up is not None
    when = f"{e.follow_up:%Y%m%d}" if ctx.modern else f"{e.follow_up:%Y%m%d}0800"
    return sheet.row(
        "XML14",
        {
            **_common_copy(sheet),
            "SO_GIAYHEN_KL": number(sheet, "GH"),
            "NGAY_HEN_KL": LocalTime.parse(when),
            "NGAY_CT": LocalTime.of(e.written_end.date()),
        },
    )
