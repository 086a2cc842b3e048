"""Shapes of values (F01 to F09)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from vnhealth.rules._case import Case
from vnhealth.rules._lines import POOLED
from vnhealth.rules._model import Hit, RowCheck
from vnhealth.spec import Edition

if TYPE_CHECKING:
    from vnhealth.records.bhyt130 import Xml2, Xml3

__all__ = ["CHECKS"]

_PERSON = re.compile(r"[0-9]{9}|[0-9]{12}|[A-Z][0-9]{7}", re.ASCII)
_TEN_DIGITS = re.compile(r"[0-9]{10}", re.ASCII)
_PACKAGE = re.compile(r"G[1-9][0-9]{0,2}", re.ASCII)
_PACKAGE_4210 = re.compile(r"G[1-9]", re.ASCII)
_BED = re.compile(r"[HTCK][0-9]{3}", re.ASCII)
_TENDER_OF_DRUG = re.compile(
    r"[^;]+;G[1-9][0-9]?;N[1-9][0-9]?;[0-9]{4}(?:;G[1-9][0-9]?(?:\.[0-9]{1,2})?)?", re.ASCII
)
_TENDER_OF_SUPPLY = re.compile(r"[^;]+;G[0-9]{1,2};N[0-9]{1,2};[0-9]{4}", re.ASCII)
_TEMPORARY = re.compile(r"TE1[0-9]{12}", re.ASCII)
_SUFFIX = re.compile(r"\.(C|HC|TX|HD|CG)\.([^.;]*)(?=;|$)", re.ASCII)
_OLD_SUFFIXES = frozenset({"C", "HC"})
_MACHINE = re.compile(r"[A-ZĐ]{1,3}\.[1-3](?:\[[^\]]*\])?\.(.+)")


def person_number(row: Any, case: Case) -> Hit | None:
    """F01: 9 or 12 digits, or a capital and 7 digits; other passports only since 3176."""
    text = row.so_cccd
    return None if text is None or _PERSON.fullmatch(text) else Hit("SO_CCCD")


def mother_number(row: Any, case: Case) -> Hit | None:
    """F01 for the mother or carer in XML9."""
    text = row.so_cccd_nnd
    return None if text is None or _PERSON.fullmatch(text) else Hit("SO_CCCD_NND")


def head_of_facility(row: Any, case: Case) -> Hit | None:
    """F02: MA_TTDV has 10 digits (130, 4750)."""
    text = row.ma_ttdv
    return None if text is None or _TEN_DIGITS.fullmatch(text) else Hit("MA_TTDV")


def package(row: Any, case: Case) -> Hit | None:
    """F03: GOI_VTYT is G and 1 to 999 (4210: one digit)."""
    text = row.goi_vtyt
    if text is None:
        return None
    shape = _PACKAGE_4210 if case.old else _PACKAGE
    return None if shape.fullmatch(text) else Hit("GOI_VTYT")


def insurance_code(row: Any, case: Case) -> list[Hit] | None:
    """F04: ten digits, not all zero."""
    found = []
    for attr in ("ma_bhxh", "ma_bhxh_nnd"):
        text = getattr(row, attr, None)
        if text is not None and (not _TEN_DIGITS.fullmatch(text) or not text.strip("0")):
            found.append(Hit(attr.upper()))
    return found or None


def beds(row: Any, case: Case) -> Hit | None:
    """F05: each item of MA_GIUONG is H, T, C or K and three digits."""
    text = row.ma_giuong
    if text is None or all(_BED.fullmatch(item.strip()) for item in text.split(";") if item):
        return None
    return Hit("MA_GIUONG")


def tender_of_drug(row: Xml2, case: Case) -> Hit | None:
    """F06: decision;Gn;Nn;year, G and N from 1."""
    text = row.tt_thau
    return None if text is None or _TENDER_OF_DRUG.fullmatch(text) else Hit("TT_THAU")


def tender_of_supply(row: Xml3, case: Case) -> Hit | None:
    """F06: decision;Gn;Nn;year, G and N from 0."""
    text = row.tt_thau
    return None if text is None or _TENDER_OF_SUPPLY.fullmatch(text) else Hit("TT_THAU")


def temporary_card(row: Any, case: Case) -> Hit | None:
    """F07: TE1, province and ten digits."""
    text = row.ma_the_tam
    return None if text is None or _TEMPORARY.fullmatch(text) else Hit("MA_THE_TAM")


def staff_marks(row: Any, case: Case) -> list[Hit] | None:
    """F08: marks behind a licence number belong to an edition and name a facility of 5 characters.

    4750 writes .C. and .HC., 3176 .TX., .HD. and .CG.
    """
    found = []
    for attr in ("ma_bac_si", "nguoi_thuc_hien"):
        text = getattr(row, attr, None)
        if text is None or "." not in text:
            continue
        for mark, facility in _SUFFIX.findall(text):
            if len(facility) != 5 or (mark in _OLD_SUFFIXES) != (case.edition in POOLED):
                found.append(Hit(attr.upper(), {"mark": f".{mark}."}))
                break
    return found or None


def machine(row: Xml3, case: Case) -> Hit | None:
    """F09: XX.n.facility.serial (130, 4750), XX.n.serial (3176); a serial may hold dots."""
    text = row.ma_may
    if text is None:
        return None
    match = _MACHINE.match(text)
    if match is None:
        return Hit("MA_MAY")
    if case.edition in POOLED:
        facility, _, serial = match[1].partition(".")
        return None if len(facility) == 5 and serial else Hit("MA_MAY")
    return None


def drug_origin(row: Xml2, case: Case) -> Hit | None:
    """MA_CSKCB_THUOC is a mark and a facility: C, K, M, and HC (4750) or H (3176)."""
    text = row.ma_cskcb_thuoc
    if text is None:
        return None
    mark, _, facility = text.partition(".")
    telehealth = {"HC"} if case.edition is Edition.QD4750 else {"HC", "H"}
    if case.edition not in POOLED:
        telehealth = {"H"}
    return (
        None
        if mark in {"C", "K", "M"} | telehealth and len(facility) == 5
        else Hit("MA_CSKCB_THUOC")
    )


CHECKS: Mapping[str, RowCheck] = {
    "BHYT-FMT-001": person_number,
    "BHYT-FMT-101": mother_number,
    "BHYT-FMT-002": head_of_facility,
    "BHYT-FMT-004": insurance_code,
    "BHYT-FMT-007": temporary_card,
    "BHYT-FMT-008": staff_marks,
    "BHYT-XML2-126": tender_of_drug,
    "BHYT-XML2-130": drug_origin,
    "BHYT-XML3-123": package,
    "BHYT-XML3-125": beds,
    "BHYT-XML3-126": tender_of_supply,
    "BHYT-XML3-129": machine,
}
