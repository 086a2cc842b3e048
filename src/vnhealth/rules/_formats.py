"""Shapes of values (F01 to F09)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from vnhealth.identity import bhyt_card
from vnhealth.rules._case import Case
from vnhealth.rules._lines import POOLED
from vnhealth.rules._model import Era, Hit, On, RowCheck
from vnhealth.spec import Edition

if TYPE_CHECKING:
    from vnhealth.records.bhyt130 import Xml2, Xml3

__all__ = ["CHECKS"]

_CARD = re.compile(r"[A-Z]{2}[1-5][0-9]{12}", re.ASCII)
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
    if len(text) == 12 and text.isascii() and text.isdigit():
        return None
    return None if _PERSON.fullmatch(text) else Hit("SO_CCCD")


def mother_number(row: Any, case: Case) -> Hit | None:
    """F01 for the mother or carer in XML9."""
    return None if _PERSON.fullmatch(row.so_cccd_nnd) else Hit("SO_CCCD_NND")


def _not_ten_digits(text: str, era: Era) -> bool:
    return _TEN_DIGITS.fullmatch(text) is None


def head_of_facility(row: Any, case: Case) -> Hit:
    """F02: MA_TTDV has 10 digits (130, 4750)."""
    return Hit("MA_TTDV")


def _not_a_package(text: str, era: Era) -> bool:
    shape = _PACKAGE_4210 if era.edition is Edition.QD4210 else _PACKAGE
    return shape.fullmatch(text) is None


def package(row: Any, case: Case) -> Hit:
    """F03: GOI_VTYT is G and 1 to 999 (4210: one digit)."""
    return Hit("GOI_VTYT")


def insurance_code(row: Any, case: Case) -> list[Hit] | None:
    """F04: ten digits, not all zero."""
    found = []
    for attr in ("ma_bhxh", "ma_bhxh_nnd"):
        text = getattr(row, attr, None)
        if text is not None and (not _TEN_DIGITS.fullmatch(text) or not text.strip("0")):
            found.append(Hit(attr.upper()))
    return found or None


def _not_beds(text: str, era: Era) -> bool:
    return not all(_BED.fullmatch(item.strip()) for item in text.split(";") if item)


def beds(row: Any, case: Case) -> Hit:
    """F05: each item of MA_GIUONG is H, T, C or K and three digits."""
    return Hit("MA_GIUONG")


def _no_tender_of_drug(text: str, era: Era) -> bool:
    return _TENDER_OF_DRUG.fullmatch(text) is None


def tender_of_drug(row: Xml2, case: Case) -> Hit:
    """F06: decision;Gn;Nn;year, G and N from 1."""
    return Hit("TT_THAU")


def _no_tender_of_supply(text: str, era: Era) -> bool:
    return _TENDER_OF_SUPPLY.fullmatch(text) is None


def tender_of_supply(row: Xml3, case: Case) -> Hit:
    """F06: decision;Gn;Nn;year, G and N from 0."""
    return Hit("TT_THAU")


def temporary_card(row: Any, case: Case) -> Hit | None:
    """F07: TE1, province and ten digits."""
    return None if _TEMPORARY.fullmatch(row.ma_the_tam) else Hit("MA_THE_TAM")


def _wrong_mark(text: str, era: Era) -> str:
    for mark, facility in _SUFFIX.findall(text) if "." in text else ():
        if len(facility) != 5 or (mark in _OLD_SUFFIXES) != (era.edition in POOLED):
            return f".{mark}."
    return ""


def _has_wrong_mark(text: str, era: Era) -> bool:
    return bool(_wrong_mark(text, era))


def doctor_marks(row: Any, case: Case) -> Hit:
    """F08: marks behind a licence number belong to an edition and name a facility.

    4750 writes .C. and .HC., 3176 .TX., .HD. and .CG., each before 5 characters.
    """
    return Hit("MA_BAC_SI", {"mark": _wrong_mark(row.ma_bac_si, Era(case.edition, case.on))})


def performer_marks(row: Any, case: Case) -> Hit:
    """F08 for those who carried a service out."""
    mark = _wrong_mark(row.nguoi_thuc_hien, Era(case.edition, case.on))
    return Hit("NGUOI_THUC_HIEN", {"mark": mark})


def _no_machine(text: str, era: Era) -> bool:
    match = _MACHINE.match(text)
    if match is None:
        return True
    if era.edition not in POOLED:
        return False
    facility, _, serial = match[1].partition(".")
    return len(facility) != 5 or not serial


def machine(row: Xml3, case: Case) -> Hit:
    """F09: XX.n.facility.serial (130, 4750), XX.n.serial (3176); a serial may hold dots."""
    return Hit("MA_MAY")


def _no_origin(text: str, era: Era) -> bool:
    mark, _, facility = text.partition(".")
    telehealth = "HC" if era.edition in POOLED else "H"
    return mark not in ("C", "K", "M", telehealth) or len(facility) != 5


def drug_origin(row: Xml2, case: Case) -> Hit:
    """MA_CSKCB_THUOC is a mark and a facility: C, K, M, and HC (130, 4750) or H (3176)."""
    return Hit("MA_CSKCB_THUOC")


@lru_cache(maxsize=64)
def _card(text: str | None) -> str:
    """What is wrong with a list of cards: nothing, short forms only, or no card at all.

    Remembered for the rules that ask about the same cards one after the other.
    """
    worst = ""
    for item in text.split(";") if text else ():
        number = item.strip()
        if not number or _CARD.fullmatch(number):
            continue
        found = bhyt_card.parse(number)
        if not found.is_valid:
            return "none"
        if found.details.get("form") != "CARD15":
            worst = "short"
    return worst


def card(row: Any, case: Case) -> Hit | None:
    """Each item is a card number."""
    return Hit("MA_THE_BHYT") if _card(row.ma_the_bhyt) == "none" else None


def whole_card(row: Any, case: Case) -> Hit | None:
    """Each item is the card number of 15 characters, not the 10 digits printed on new cards."""
    return Hit("MA_THE_BHYT") if _card(row.ma_the_bhyt) == "short" else None


def card_of_mother(row: Any, case: Case) -> Hit | None:
    """The card of the mother or carer in XML9 is a card number."""
    return Hit("MA_THE_NND") if _card(row.ma_the_nnd) == "none" else None


CHECKS: Mapping[str, RowCheck | On] = {
    "BHYT-FMT-001": On(person_number, "so_cccd"),
    "BHYT-FMT-101": On(mother_number, "so_cccd_nnd"),
    "BHYT-FMT-002": On(head_of_facility, "ma_ttdv", when=_not_ten_digits),
    "BHYT-FMT-004": insurance_code,
    "BHYT-FMT-007": On(temporary_card, "ma_the_tam"),
    "BHYT-FMT-009": On(card, "ma_the_bhyt"),
    "BHYT-FMT-010": On(whole_card, "ma_the_bhyt"),
    "BHYT-FMT-109": On(card_of_mother, "ma_the_nnd"),
    "BHYT-FMT-008": On(doctor_marks, "ma_bac_si", when=_has_wrong_mark),
    "BHYT-XML2-126": On(tender_of_drug, "tt_thau", when=_no_tender_of_drug),
    "BHYT-XML2-130": On(drug_origin, "ma_cskcb_thuoc", when=_no_origin),
    "BHYT-XML3-123": On(package, "goi_vtyt", when=_not_a_package),
    "BHYT-XML3-125": On(beds, "ma_giuong", when=_not_beds),
    "BHYT-XML3-126": On(tender_of_supply, "tt_thau", when=_no_tender_of_supply),
    "BHYT-XML3-128": On(performer_marks, "nguoi_thuc_hien", when=_has_wrong_mark),
    "BHYT-XML3-129": On(machine, "ma_may", when=_no_machine),
}
