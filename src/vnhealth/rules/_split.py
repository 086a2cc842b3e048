"""How one line is split between fund, patient and others since decision 130 (L20 to L24, L26)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from vnhealth.rules._amounts import HUNDRED, ZERO, r2, unequal
from vnhealth.rules._case import Case
from vnhealth.rules._lines import POOLED
from vnhealth.rules._model import Hit, RowCheck

if TYPE_CHECKING:
    from vnhealth.records.bhyt130 import Xml2, Xml3

__all__ = ["CHECKS", "Split", "split", "split_pooled", "split_rate"]

_NOISE = Decimal("0.01")


class Split(NamedTuple):
    """Self-pay (T_BNTT), co-payment (T_BNCCT) and fund (T_BHTT) of one line."""

    own: Decimal
    shared: Decimal
    fund: Decimal


def _deduct(own: Decimal, shared: Decimal, fund: Decimal, other: Decimal) -> Split:
    """Take outside money off self-pay, then co-payment, then the fund."""
    if not other:
        return Split(own, shared, fund)
    if other <= own:
        return Split(own - other, shared, fund)
    other -= own
    if other <= shared:
        return Split(ZERO, shared - other, fund)
    return Split(ZERO, ZERO, fund - (other - shared))


def split(total: Decimal, insured: Decimal, percent: Decimal, other: Decimal) -> Split:
    """The parts from THANH_TIEN_BV, THANH_TIEN_BH, MUC_HUONG and T_NGUONKHAC.

    >>> split(Decimal(100), Decimal(80), Decimal(80), Decimal(0))
    Split(own=Decimal('20'), shared=Decimal('16.00'), fund=Decimal('64.00'))
    """
    fund = r2(insured * percent / HUNDRED)
    return _deduct(total - insured, insured - fund, fund, other)


def split_rate(total: Decimal, rate: int, percent: Decimal, other: Decimal) -> Split:
    """The same for drugs since 3176, from THANH_TIEN_BV and TYLE_TT_BH."""
    insured = total * rate / HUNDRED
    own = r2(total - insured)
    fund = r2(insured * percent / HUNDRED)
    return _deduct(own, total - fund - own, fund, other)


def split_pooled(total: Decimal, rate: int, percent: Decimal, other: Decimal) -> Split:
    """Pooled support (130, 4750): outside money first, then fund, co-payment and self-pay.

    >>> split_pooled(Decimal(10_000_000), 50, Decimal(80), Decimal(3_000_000)).fund
    Decimal('2800000.00')
    """
    rest = total - other
    insured = r2(rest * rate / HUNDRED)
    fund = r2(insured * percent / HUNDRED)
    return Split(rest - insured, insured - fund, fund)


def _expected(row: Xml2 | Xml3, case: Case, by_rate: bool) -> Split | None:
    """The split of a row; the three rules of a row share one computation."""
    last = case.last_split
    if last is not None and last[0] is row:
        held: Split | None = last[1]
        return held
    parts = _compute(row, case, by_rate)
    case.last_split = (row, parts)
    return parts


def _compute(row: Xml2 | Xml3, case: Case, by_rate: bool) -> Split | None:
    total, insured, percent = row.thanh_tien_bv, row.thanh_tien_bh, row.muc_huong
    other, rate = row.t_nguonkhac, row.tyle_tt_bh
    if total is None or percent is None or other is None or rate is None or insured is None:
        return None
    if by_rate and case.edition not in POOLED:
        return split_rate(total, rate, percent, other)
    parts = split(total, insured, percent, other)
    if other and case.edition in POOLED:
        for variant in (split_pooled(total, rate, percent, other), _for_arv(row, percent)):
            if variant is not None and _matches(row, variant):
                return variant
    return parts


def _for_arv(row: Xml2 | Xml3, percent: Decimal) -> Split | None:
    """L24: the programme for ARV drugs pays the whole co-payment."""
    total, insured, other = row.thanh_tien_bv, row.thanh_tien_bh, row.t_nguonkhac
    if total is None or insured is None:
        return None
    fund = r2(insured * percent / HUNDRED)
    if other != insured - fund:
        return None
    return Split(total - insured, ZERO, fund)


def _matches(row: Xml2 | Xml3, parts: Split) -> bool:
    found = row.t_bntt, row.t_bncct, row.t_bhtt
    return all(
        value is not None and abs(value - part) <= _NOISE
        for value, part in zip(found, parts, strict=True)
    )


def drug_own(row: Xml2, case: Case) -> Hit | None:
    """L20: T_BNTT."""
    parts = _expected(row, case, True)
    found = row.t_bntt
    if parts is None or found is None or found == parts.own:
        return None
    return unequal(case, "BHYT-XML2-020", "T_BNTT", found, parts.own)


def drug_shared(row: Xml2, case: Case) -> Hit | None:
    """L21: T_BNCCT."""
    parts = _expected(row, case, True)
    found = row.t_bncct
    if parts is None or found is None or found == parts.shared:
        return None
    return unequal(case, "BHYT-XML2-021", "T_BNCCT", found, parts.shared)


def drug_fund(row: Xml2, case: Case) -> Hit | None:
    """L22: T_BHTT."""
    parts = _expected(row, case, True)
    found = row.t_bhtt
    if parts is None or found is None or found == parts.fund:
        return None
    return unequal(case, "BHYT-XML2-022", "T_BHTT", found, parts.fund)


def service_own(row: Xml3, case: Case) -> Hit | None:
    """L20."""
    parts = _expected(row, case, False)
    found = row.t_bntt
    if parts is None or found is None or found == parts.own:
        return None
    return unequal(case, "BHYT-XML3-020", "T_BNTT", found, parts.own)


def service_shared(row: Xml3, case: Case) -> Hit | None:
    """L21."""
    parts = _expected(row, case, False)
    found = row.t_bncct
    if parts is None or found is None or found == parts.shared:
        return None
    return unequal(case, "BHYT-XML3-021", "T_BNCCT", found, parts.shared)


def service_fund(row: Xml3, case: Case) -> Hit | None:
    """L22."""
    parts = _expected(row, case, False)
    found = row.t_bhtt
    if parts is None or found is None or found == parts.fund:
        return None
    return unequal(case, "BHYT-XML3-022", "T_BHTT", found, parts.fund)


CHECKS: Mapping[str, RowCheck] = {
    "BHYT-XML2-020": drug_own,
    "BHYT-XML2-021": drug_shared,
    "BHYT-XML2-022": drug_fund,
    "BHYT-XML3-020": service_own,
    "BHYT-XML3-021": service_shared,
    "BHYT-XML3-022": service_fund,
}
