"""Totals of XML1 against the lines of XML2 and XML3 (S01 to S12)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from vnhealth.rules._amounts import unequal
from vnhealth.rules._case import Case, Sums
from vnhealth.rules._model import ClaimCheck, Hit

__all__ = ["CHECKS", "SUMMED", "SUPPLY_GROUPS", "columns", "sums"]

ZERO = Decimal(0)
SUMMED = frozenset({"XML2", "XML3"})
SUPPLY_GROUPS = ("10", "11")
NO_SERVICE_FEE_TOTAL = frozenset({"CA", "CY", "QN"})


def total(values: Iterable[Decimal | None]) -> Decimal | None:
    """The sum, or None when a value is not known."""
    result = ZERO
    for value in values:
        if value is None:
            return None
        result += value
    return result


_SHARED = ("t_bntt", "t_bncct", "t_bhtt", "t_nguonkhac")
_COLUMNS = ("thanh_tien_bv", "thanh_tien_bh", *_SHARED)
_COLUMNS_4210 = ("thanh_tien", "t_ngoaids", *_SHARED)


def columns(old: bool) -> tuple[str, ...]:
    """The fields of XML2 and XML3 that are summed up; ``old``: in the 4210 family."""
    return _COLUMNS_4210 if old else _COLUMNS


def sums(case: Case, table: str) -> Sums:
    """The sums of the columns of XML2 or XML3, None where a value is not known.

    Most were made when the rows were looked at.
    """
    found = case.sums.get(table)
    if found is None:
        rows = case.rows(table)
        found = tuple(total([getattr(row, attr) for row in rows]) for attr in columns(case.old))
        case.sums[table] = found
    return found


def _lines(case: Case, attr: str) -> Decimal | None:
    """The sum of a field over XML2 and XML3; None when a value is not known."""
    if not case.whole:
        return None
    at = columns(case.old).index(attr)
    drugs, services = sums(case, "XML2")[at], sums(case, "XML3")[at]
    return None if drugs is None or services is None else drugs + services


def _compare(case: Case, code: str, attr: str, expected: Decimal | None) -> Hit | None:
    x1 = case.x1
    if x1 is None or expected is None:
        return None
    found = getattr(x1, attr)
    if found is None or found == expected:
        return None
    return _on_summary(unequal(case, code, attr.upper(), found, expected))


def _on_summary(hit: Hit | None) -> Hit | None:
    if hit is None:
        return None
    return Hit(hit.tag, hit.params, hit.values, "XML1", 0, hit.severity)


def _price(case: Case) -> str:
    return "thanh_tien" if case.old else "thanh_tien_bv"


def drugs(case: Case) -> Hit | None:
    """S01: T_THUOC is the sum of the amounts of XML2."""
    expected = sums(case, "XML2")[0] if case.whole else None
    return _compare(case, "BHYT-CLAIM-101", "t_thuoc", expected)


def supplies(case: Case) -> Hit | None:
    """S02: T_VTYT is the sum over supply rows: groups 10 and 11, or rows with MA_VAT_TU."""
    x1 = case.x1
    if x1 is None or x1.t_vtyt is None or not case.whole:
        return None
    attr = _price(case)
    rows = case.rows("XML3")
    by_group = total([getattr(row, attr) for row in rows if row.ma_nhom in SUPPLY_GROUPS])
    if by_group is None or x1.t_vtyt == by_group:
        return None
    by_code = total([getattr(row, attr) for row in rows if row.ma_vat_tu])
    if by_code is None or x1.t_vtyt == by_code:
        return None
    hits = [_compare(case, "BHYT-CLAIM-102", "t_vtyt", sum_) for sum_ in (by_group, by_code)]
    return hits[0] if all(hits) else None


def hospital_total(case: Case) -> Hit | None:
    """S03: T_TONGCHI_BV (4210: T_TONGCHI) is the sum of all amounts."""
    attr = "t_tongchi" if case.old else "t_tongchi_bv"
    return _compare(case, "BHYT-CLAIM-103", attr, _lines(case, _price(case)))


def insured_total(case: Case) -> Hit | None:
    """S04: T_TONGCHI_BH is the sum of THANH_TIEN_BH."""
    return _compare(case, "BHYT-CLAIM-104", "t_tongchi_bh", _lines(case, "thanh_tien_bh"))


def self_pay(case: Case) -> Hit | None:
    """S05."""
    return _compare(case, "BHYT-CLAIM-105", "t_bntt", _lines(case, "t_bntt"))


def co_payment(case: Case) -> Hit | None:
    """S06."""
    return _compare(case, "BHYT-CLAIM-106", "t_bncct", _lines(case, "t_bncct"))


def other_sources(case: Case) -> Hit | None:
    """S07."""
    return _compare(case, "BHYT-CLAIM-107", "t_nguonkhac", _lines(case, "t_nguonkhac"))


def fund(case: Case) -> Hit | None:
    """S08: T_BHTT = T_TONGCHI_BH - T_BNCCT; in 4210 the sum of the lines."""
    x1 = case.x1
    if case.old:
        return _compare(case, "BHYT-CLAIM-108", "t_bhtt", _lines(case, "t_bhtt"))
    if x1 is None or x1.t_tongchi_bh is None or x1.t_bncct is None:
        return None
    return _compare(case, "BHYT-CLAIM-108", "t_bhtt", x1.t_tongchi_bh - x1.t_bncct)


def fund_by_lines(case: Case) -> Hit | None:
    """S08b: the sum of the lines differs from T_BHTT; for information."""
    return _compare(case, "BHYT-CLAIM-113", "t_bhtt", _lines(case, "t_bhtt"))


def fee_for_service(case: Case) -> Hit | None:
    """S09: T_BHTT_GDV is the sum of T_BHTT of the lines with MA_PTTT = 1."""
    if case.x1 is None or not case.whole:
        return None
    rows: list[Any] = [*case.rows("XML2"), *case.rows("XML3")]
    others = [row.ma_pttt for row in rows if row.ma_pttt != "1"]
    if None in others:
        return None
    if others:
        expected = total([row.t_bhtt for row in rows if row.ma_pttt == "1"])
    else:
        expected = _lines(case, "t_bhtt")
    hit = _compare(case, "BHYT-CLAIM-109", "t_bhtt_gdv", expected)
    return None if hit is None or case.card[:2] in NO_SERVICE_FEE_TOTAL else hit


def outside_capitation(case: Case) -> Hit | None:
    """S10: T_NGOAIDS of 4210 is the sum of the lines."""
    return _compare(case, "BHYT-CLAIM-110", "t_ngoaids", _lines(case, "t_ngoaids"))


def balance(case: Case) -> Hit | None:
    """S11: T_TONGCHI_BV = T_BNTT + T_BNCCT + T_BHTT + T_NGUONKHAC."""
    parts = _balance(case)
    if parts is None or _eats_into_fund(case):
        return None
    return _compare(case, "BHYT-CLAIM-111", "t_tongchi_bv", parts)


def support_beyond(case: Case) -> Hit | None:
    """S12: the same break where outside money is larger than the self-pay part: warn only."""
    parts = _balance(case)
    if parts is None or not _eats_into_fund(case):
        return None
    return _compare(case, "BHYT-CLAIM-112", "t_tongchi_bv", parts)


def _balance(case: Case) -> Decimal | None:
    x1 = case.x1
    if x1 is None:
        return None
    try:
        parts: Decimal = x1.t_bntt + x1.t_bncct + x1.t_bhtt + x1.t_nguonkhac
    except TypeError:  # a value is missing
        return None
    return parts


def _eats_into_fund(case: Case) -> bool:
    x1 = case.x1
    if not x1.t_nguonkhac or x1.t_tongchi_bv is None or x1.t_tongchi_bh is None:
        return False
    return bool(x1.t_nguonkhac > x1.t_tongchi_bv - x1.t_tongchi_bh)


CHECKS: Mapping[str, ClaimCheck] = {
    "BHYT-CLAIM-101": drugs,
    "BHYT-CLAIM-102": supplies,
    "BHYT-CLAIM-103": hospital_total,
    "BHYT-CLAIM-104": insured_total,
    "BHYT-CLAIM-105": self_pay,
    "BHYT-CLAIM-106": co_payment,
    "BHYT-CLAIM-107": other_sources,
    "BHYT-CLAIM-108": fund,
    "BHYT-CLAIM-109": fee_for_service,
    "BHYT-CLAIM-110": outside_capitation,
    "BHYT-CLAIM-111": balance,
    "BHYT-CLAIM-112": support_beyond,
    "BHYT-CLAIM-113": fund_by_lines,
}
