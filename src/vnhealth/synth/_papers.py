"""The papers of an episode: XML7 to XML11, XML13 and XML14."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from vnhealth.localtime import LocalTime
from vnhealth.records import Record
from vnhealth.synth._notes import note
from vnhealth.synth._rows import Sheet
from vnhealth.synth._transfers import appointment, number, tests_in_words, transfer
from vnhealth.synth._words import advice, method, record_number

__all__ = ["papers"]

_ISSUER = "Cục Cảnh sát quản lý hành chính về trật tự xã hội"


def papers(sheet: Sheet) -> Iterator[tuple[str, Record]]:
    """(table, row) of each paper that the episode has."""
    e = sheet.e
    if e.loai in ("03", "04", "09") and e.discharge != "3":
        yield "XML7", _discharge(sheet)
    if e.loai in ("03", "04", "06") and e.dice.fork("xml8").percent(45):
        yield "XML8", _record_summary(sheet)
    if e.baby is not None and e.person.role != "baby":
        yield "XML9", _birth(sheet)
    if e.scenario.tag == "duongthai":
        yield "XML10", _maternity_rest(sheet)
    elif _takes_leave(sheet):
        yield "XML11", _sick_leave(sheet)
    if sheet.ctx.has_papers and e.discharge in ("2", "5"):
        yield "XML13", transfer(sheet)
    if sheet.ctx.has_papers and e.follow_up is not None:
        yield "XML14", appointment(sheet)


def _signers(sheet: Sheet) -> dict[str, Any]:
    edition = sheet.ctx.edition
    return {
        "MA_TTDV": sheet.ctx.facility.head.signer(edition),
        "MA_BS": sheet.e.doctor.signer(edition),
        "TEN_BS": sheet.e.doctor.name,
    }


def _parents(sheet: Sheet, below: int, numbers: bool = False) -> dict[str, Any]:
    e = sheet.e
    if e.person.age(e.arrived.date()) >= below or not e.person.role.startswith(("child", "baby")):
        return {}
    found: dict[str, Any] = {"HO_TEN_CHA": e.home.father.name, "HO_TEN_ME": e.home.mother.name}
    if numbers:
        found |= {"MA_CHA": e.home.father.bhxh, "MA_ME": e.home.mother.bhxh}
    return found


def _temporary(sheet: Sheet) -> str:
    e = sheet.e
    return e.cards[0].number if e.person.role == "baby" and e.cards else ""


def _discharge(sheet: Sheet) -> Record:
    e = sheet.e
    dice = e.dice.fork("xml7")
    values: dict[str, Any] = {
        **sheet.identity(),
        **_signers(sheet),
        **_parents(sheet, 16, numbers=True),
        "SO_LUU_TRU": number(sheet, "LT"),
        "MA_YTE": sheet.identity()["MA_BN"],
        "MA_KHOA_RV": e.dept,
        "CHAN_DOAN_RV": e.diagnosis_text,
        "PP_DIEUTRI": method(e),
        "GHI_CHU": advice(dice),
        "NGAY_CT": LocalTime.of(e.written_end.date()),
        "MA_THE_TAM": _temporary(sheet),
    }
    if e.scenario.tag == "phauthuat" and e.discharge == "1":
        start = e.written_end.date() + dt.timedelta(days=1)
        days = dice.between(5, 15)
        values |= {
            "SO_NGAY_NGHI": days,
            "NGOAITRU_TUNGAY": LocalTime.of(start),
            "NGOAITRU_DENNGAY": LocalTime.of(start + dt.timedelta(days=days - 1)),
        }
    return sheet.row("XML7", values)


def _record_summary(sheet: Sheet) -> Record:
    e = sheet.e
    dice = e.dice.fork("xml8")
    return sheet.row(
        "XML8",
        {
            **sheet.identity(),
            **_signers(sheet),
            **_parents(sheet, 16),
            "MA_LOAI_KCB": e.loai,
            "CHAN_DOAN_VAO": e.diagnosis.name,
            "CHAN_DOAN_RV": e.diagnosis_text,
            "QT_BENHLY": note(dice, "benhsu", e.diagnosis),
            "TOMTAT_KQ": tests_in_words(sheet),
            "PP_DIEUTRI": method(e),
            "KET_QUA_DTRI": e.outcome,
            "NGAY_CT": LocalTime.of(e.written_end.date()),
            "MA_THE_TAM": _temporary(sheet),
        },
    )


def _birth(sheet: Sheet) -> Record:
    e, mother, baby = sheet.e, sheet.e.person, sheet.e.baby
    assert baby is not None
    facility = sheet.ctx.facility
    operated = e.scenario.tag == "sinhmo"
    older = [p for p in e.home.members if p.role.startswith("child") and p.born < baby.born]
    living = 1 + len(older)
    dice = e.dice.fork("xml9")
    attendant = dice.pick(facility.helpers("K27")).name
    identity = sheet.identity()
    return sheet.row(
        "XML9",
        {
            **identity,
            **_signers(sheet),
            "MA_BHXH_NND": mother.bhxh,
            "MA_THE_NND": e.cards[0].number if e.cards else "",
            "HO_TEN_NND": mother.name,
            "NGAYSINH_NND": LocalTime.of(mother.born.date()),
            "MA_DANTOC_NND": mother.ethnic,
            "SO_CCCD_NND": mother.cccd,
            "NGAYCAP_CCCD_NND": LocalTime.of(mother.issued),
            "NOICAP_CCCD_NND": _ISSUER,
            "NOI_CU_TRU_NND": identity["DIA_CHI"],
            "HO_TEN_CHA": e.home.father.name,
            "MA_THE_TAM": f"TE1{mother.place.province}9990{dice.digits(6)}",
            "HO_TEN_CON": f"{e.home.father.name.split()[0]} {dice.pick(_CHILD_NAMES)}",
            "GIOI_TINH_CON": baby.sex,
            "SO_CON": 1,
            "LAN_SINH": living,
            "SO_CON_SONG": living,
            "CAN_NANG_CON": e.baby_grams,
            "NGAY_SINH_CON": LocalTime.of(baby.born),
            "NOI_SINH_CON": f"{facility.name}, {mother.place.province_name}",
            "TINH_TRANG_CON": "Trẻ khóc to, da hồng, không phát hiện dị tật",
            "SINHCON_PHAUTHUAT": 1 if operated else 0,
            "SINHCON_DUOI32TUAN": 0,
            "GHI_CHU": "Sinh con phải phẫu thuật" if operated else "Sinh thường, đủ tháng",
            "NGUOI_DO_DE": attendant,
            "NGUOI_GHI_PHIEU": dice.pick(facility.helpers("K27")).name,
            "NGAY_CT": LocalTime.of(e.written_end.date()),
            "SO": f"{e.index:06d}",
            "QUYEN_SO": f"{sheet.ctx.day.year}/01",
        },
    )


_CHILD_NAMES = ("An Nhiên", "Gia Bảo", "Minh Khôi", "Bảo Châu", "Tuệ Lâm", "Khánh An", "Nhật Minh")


def _maternity_rest(sheet: Sheet) -> Record:
    e = sheet.e
    dice = e.dice.fork("xml10")
    days = dice.between(7, 30)
    start = e.arrived.date()
    return sheet.row(
        "XML10",
        {
            **_signers(sheet),
            "SO_SERI": number(sheet, "DT"),
            "SO_CT": number(sheet, "CT"),
            "SO_NGAY": days,
            "DON_VI": _employer(sheet),
            "CHAN_DOAN_RV": "dưỡng thai",
            "TU_NGAY": LocalTime.of(start),
            "DEN_NGAY": LocalTime.of(start + dt.timedelta(days=days - 1)),
            "NGAY_CT": LocalTime.of(start),
        },
    )


def _employer(sheet: Sheet) -> str:
    return f"Công ty Mẫu số {sheet.e.dice.fork('employer').between(1, 40)}"


def _takes_leave(sheet: Sheet) -> bool:
    e = sheet.e
    age = e.person.age(e.arrived.date())
    works = e.insured and 18 <= age < 60 and e.cards[0].group in ("DN", "HC")
    return works and e.scenario.tag in ("kham", "capcuu") and e.dice.fork("xml11").percent(35)


def _sick_leave(sheet: Sheet) -> Record:
    e = sheet.e
    days = e.dice.fork("leave days").between(1, 7)
    start = e.arrived.date()
    return sheet.row(
        "XML11",
        {
            **sheet.identity(),
            **_signers(sheet),
            "SO_CT": number(sheet, "NV"),
            "SO_SERI": number(sheet, "SR"),
            "SO_KCB": record_number(sheet.ctx, e),
            "DON_VI": _employer(sheet),
            "MA_BHXH": e.person.bhxh,
            "CHAN_DOAN_RV": e.diagnosis_text,
            "PP_DIEUTRI": method(e),
            "SO_NGAY_NGHI": days,
            "TU_NGAY": LocalTime.of(start),
            "DEN_NGAY": LocalTime.of(start + dt.timedelta(days=days - 1)),
            "NGAY_CT": LocalTime.of(start),
            "MAU_SO": "CT07",
        },
    )
