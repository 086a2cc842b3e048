"""Amounts of one line since decision 130: products, prices, scope (L10 to L19, L25 to L32)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from vnhealth.rules._amounts import HUNDRED, ZERO, r2, unequal
from vnhealth.rules._case import Case, money
from vnhealth.rules._model import Era, Hit, On, RowCheck
from vnhealth.spec import Edition

if TYPE_CHECKING:
    from vnhealth.records.bhyt130 import Xml2, Xml3

__all__ = ["CHECKS", "POOLED"]

POOLED = frozenset({Edition.QD130, Edition.QD4750})
"""Editions in which outside money may be taken off the total first (repealed by 3176)."""

_NO_PRICE = re.compile(r"[0-9A-Z]{2}\.[0-9]{4}[a-z]?\.0000(?:_[A-Z]{2})?", re.ASCII)


def drug_amount(row: Xml2, case: Case) -> Hit | None:
    """L10: THANH_TIEN_BV = SO_LUONG * DON_GIA."""
    found, quantity, price = row.thanh_tien_bv, row.so_luong, row.don_gia
    if found is None or quantity is None or price is None or found == quantity * price:
        return None
    return unequal(case, "BHYT-XML2-010", "THANH_TIEN_BV", found, r2(quantity * price))


def drug_insured(row: Xml2, case: Case) -> Hit | None:
    """L11: THANH_TIEN_BH = SO_LUONG * DON_GIA * TYLE_TT_BH / 100; L23 where support is pooled."""
    found, quantity, price, rate = row.thanh_tien_bh, row.so_luong, row.don_gia, row.tyle_tt_bh
    if found is None or quantity is None or price is None or rate is None:
        return None
    product = quantity * price
    expected = product if rate == 100 else product * rate / HUNDRED
    if found == expected:
        return None
    hit = unequal(case, "BHYT-XML2-011", "THANH_TIEN_BH", found, r2(expected))
    return None if hit is None or _is_pooled(row, case, found) else hit


def _is_pooled(row: Xml2 | Xml3, case: Case, found: Decimal) -> bool:
    """L23: outside money was taken off first, the insured amount is a rate of the rest."""
    total, other, rate = row.thanh_tien_bv, row.t_nguonkhac, row.tyle_tt_bh
    if case.edition not in POOLED or not other or total is None or rate is None:
        return False
    return abs(found - (total - other) * rate / HUNDRED) <= Decimal("0.01")


def service_amount_130(row: Xml3, case: Case) -> Hit | None:
    """L12: THANH_TIEN_BV = SO_LUONG * DON_GIA_BV."""
    found, quantity, price = row.thanh_tien_bv, row.so_luong, row.don_gia_bv
    if found is None or quantity is None or price is None or found == quantity * price:
        return None
    return unequal(case, "BHYT-XML3-012", "THANH_TIEN_BV", found, r2(quantity * price))


def service_amount(row: Xml3, case: Case) -> Hit | None:
    """L13: times TYLE_TT_DV / 100; since 3176 also L14 where the difference is not collected."""
    found, quantity, price = row.thanh_tien_bv, row.so_luong, row.don_gia_bv
    rate = row.tyle_tt_dv
    if found is None or quantity is None or price is None or rate is None:
        return None
    expected = quantity * price
    if rate != 100:
        expected = expected * rate / HUNDRED
    if found == expected:
        return None
    hit = unequal(case, "BHYT-XML3-013", "THANH_TIEN_BV", found, r2(expected))
    return None if hit is None or _is_variant(row, case) else hit


def _is_variant(row: Xml3, case: Case) -> bool:
    found, quantity, rate = row.thanh_tien_bv, row.so_luong, row.tyle_tt_dv
    if case.edition in POOLED or row.don_gia_bv is None or row.don_gia_bh is None:
        return False
    if found is None or quantity is None or rate is None:
        return False
    amount = quantity * row.don_gia_bv - quantity * row.don_gia_bh * (100 - rate) / HUNDRED
    return abs(found - amount) <= Decimal("0.005")


def service_variant(row: Xml3, case: Case) -> Hit | None:
    """L14: the variant was used; for information."""
    rate = row.tyle_tt_dv
    if rate is None or rate == 100 or not _is_variant(row, case):
        return None
    if row.don_gia_bv == row.don_gia_bh:
        return None
    return Hit("THANH_TIEN_BV")


def service_insured_130(row: Xml3, case: Case) -> Hit | None:
    """L15: SO_LUONG * DON_GIA_BH * TYLE_TT_BH / 100, special rates also times TYLE_TT_DV / 100."""
    found, quantity, price, rate = row.thanh_tien_bh, row.so_luong, row.don_gia_bh, row.tyle_tt_bh
    if found is None or quantity is None or price is None or rate is None:
        return None
    product = quantity * price * rate / HUNDRED
    if found == product:
        return None
    code = "BHYT-XML3-015"
    hit = unequal(case, code, "THANH_TIEN_BH", found, r2(product))
    if hit is None or _is_pooled(row, case, found):
        return None
    if row.tyle_tt_dv is not None:
        special = r2(product * row.tyle_tt_dv / HUNDRED)
        if unequal(case, code, "THANH_TIEN_BH", found, special) is None:
            return None
    return hit


def service_insured(row: Xml3, case: Case) -> Hit | None:
    """L16: SO_LUONG * DON_GIA_BH * TYLE_TT_DV / 100 * TYLE_TT_BH / 100, always."""
    found, quantity, price = row.thanh_tien_bh, row.so_luong, row.don_gia_bh
    service, insured = row.tyle_tt_dv, row.tyle_tt_bh
    if found is None or quantity is None or price is None or service is None or insured is None:
        return None
    expected = quantity * price
    if service != 100 or insured != 100:
        expected = expected * service * insured / 10000
    if found == expected:
        return None
    return unequal(case, "BHYT-XML3-016", "THANH_TIEN_BH", found, r2(expected))


def _support(row: Xml2 | Xml3, case: Case, code: str) -> Hit | None:
    total = row.t_nguonkhac
    state, abroad = row.t_nguonkhac_nsnn, row.t_nguonkhac_vtnn
    inland, rest = row.t_nguonkhac_vttn, row.t_nguonkhac_cl
    if total is None or state is None or abroad is None or inland is None or rest is None:
        return None
    expected = state + abroad + inland + rest
    return None if total == expected else unequal(case, code, "T_NGUONKHAC", total, expected)


def drug_support(row: Xml2, case: Case) -> Hit | None:
    """L17: T_NGUONKHAC is the sum of its four parts."""
    return _support(row, case, "BHYT-XML2-017")


def service_support(row: Xml3, case: Case) -> Hit | None:
    """L17."""
    return _support(row, case, "BHYT-XML3-017")


def support_within(row: Xml2 | Xml3, case: Case) -> Hit | None:
    """L18: T_NGUONKHAC is at most THANH_TIEN_BV."""
    other, total = row.t_nguonkhac, row.thanh_tien_bv
    if not other or total is None or other <= total:
        return None
    return Hit("T_NGUONKHAC", values={"value": money(other), "expected": money(total)})


def _line_balance(row: Xml2 | Xml3, case: Case, code: str) -> Hit | None:
    total, own, shared = row.thanh_tien_bv, row.t_bntt, row.t_bncct
    fund, other = row.t_bhtt, row.t_nguonkhac
    if total is None or own is None or shared is None or fund is None or other is None:
        return None
    expected = own + shared + fund + other
    return None if total == expected else unequal(case, code, "THANH_TIEN_BV", total, expected)


def drug_balance(row: Xml2, case: Case) -> Hit | None:
    """L19: THANH_TIEN_BV = T_BNTT + T_BNCCT + T_BHTT + T_NGUONKHAC."""
    return _line_balance(row, case, "BHYT-XML2-019")


def service_balance(row: Xml3, case: Case) -> Hit | None:
    """L19."""
    return _line_balance(row, case, "BHYT-XML3-019")


def outside_scope(row: Xml2 | Xml3, case: Case) -> list[Hit] | None:
    """L25: outside the scope of insurance nothing is insured."""
    if row.pham_vi != "2":
        return None
    found = [
        Hit(tag)
        for tag, value in (
            ("TYLE_TT_BH", row.tyle_tt_bh),
            ("THANH_TIEN_BH", row.thanh_tien_bh),
            ("T_BHTT", row.t_bhtt),
        )
        if value
    ]
    return found or None


def supply_price(row: Xml3, case: Case) -> Hit | None:
    """L27: DON_GIA_BH of a supply with a payment level is the lower of price and level."""
    level, price, insured = row.t_trantt, row.don_gia_bv, row.don_gia_bh
    if level is None or not row.ma_vat_tu or price is None or insured is None:
        return None
    if case.edition is Edition.QD4750 and insured <= level:
        return None
    return unequal(case, "BHYT-XML3-027", "DON_GIA_BH", insured, min(price, level))


def reused_price(row: Xml3, case: Case) -> Hit | None:
    """L28: a reused supply has DON_GIA_BV = DON_GIA_BH."""
    if row.tai_su_dung != "1" or row.don_gia_bv is None or row.don_gia_bh is None:
        return None
    return unequal(case, "BHYT-XML3-028", "DON_GIA_BV", row.don_gia_bv, row.don_gia_bh)


def _has_no_price(text: str, era: Era) -> bool:
    return text.endswith(("_TB", "_TT")) or _NO_PRICE.fullmatch(text) is not None


def without_price(row: Xml3, case: Case) -> list[Hit] | None:
    """L30: services without a price are written with price 0."""
    service = row.ma_dich_vu
    if service is None or row.ma_vat_tu:
        return None
    old = case.edition in POOLED
    free = _NO_PRICE.fullmatch(service) is not None
    both = service.endswith("_TB") if old else free or service.endswith("_TT")
    found = []
    if row.don_gia_bh and (both or free):
        found.append(Hit("DON_GIA_BH", values={"value": money(row.don_gia_bh)}))
    if row.don_gia_bv and both:
        found.append(Hit("DON_GIA_BV", values={"value": money(row.don_gia_bv)}))
    return found or None


def drug_percent(row: Any, case: Case) -> list[Hit] | None:
    """L32: rates lie between 0 and 100."""
    rate = row.tyle_tt if case.old else row.tyle_tt_bh
    benefit = row.muc_huong
    if (rate is None or 0 <= rate <= 100) and (benefit is None or 0 <= benefit <= 100):
        return None
    return _percent(row, "tyle_tt", "tyle_tt_bh", "muc_huong")


def service_percent(row: Any, case: Case) -> list[Hit] | None:
    """L32."""
    rate = row.tyle_tt if case.old else row.tyle_tt_bh
    benefit = row.muc_huong
    special = None if case.old else row.tyle_tt_dv
    if (
        (rate is None or 0 <= rate <= 100)
        and (benefit is None or 0 <= benefit <= 100)
        and (special is None or 0 <= special <= 100)
    ):
        return None
    return _percent(row, "tyle_tt", "tyle_tt_bh", "tyle_tt_dv", "muc_huong")


def _percent(row: Any, *attrs: str) -> list[Hit]:
    found = []
    for attr in attrs:
        value = getattr(row, attr, None)
        if value is not None and not 0 <= value <= 100:
            found.append(Hit(attr.upper(), values={"value": str(value)}))
    return found


def ceiling(row: Xml3, case: Case) -> Hit | None:
    """L29: the fund pays at most T_TRANTT: per package before 3176, else per item."""
    limit, paid, quantity = row.t_trantt, row.t_bhtt, row.so_luong
    if limit is None or paid is None or quantity is None:
        return None
    if case.edition in POOLED and row.goi_vtyt:
        return _package(row.goi_vtyt, case)
    limit = limit * max(quantity, Decimal(1))
    if paid <= limit:
        return None
    return Hit("T_BHTT", values={"value": money(paid), "expected": money(limit)})


def _package(package: str, case: Case) -> Hit | None:
    seen = case.memo.setdefault("packages", set())
    if package in seen:
        return None
    seen.add(package)
    group = [row for row in case.rows("XML3") if row.goi_vtyt == package and row.ma_vat_tu]
    if any(row.t_bhtt is None for row in group):
        return None
    paid = sum((row.t_bhtt for row in group), ZERO)
    limit = max((r.t_trantt for r in group if r.t_trantt is not None), default=None)
    if limit is None or paid <= limit:
        return None
    values = {"value": money(paid), "expected": money(limit)}
    return Hit("T_BHTT", values=values, whole=True)


CHECKS: Mapping[str, RowCheck | On] = {
    "BHYT-XML2-010": drug_amount,
    "BHYT-XML2-011": drug_insured,
    "BHYT-XML2-017": drug_support,
    "BHYT-XML2-018": support_within,
    "BHYT-XML2-019": drug_balance,
    "BHYT-XML2-025": On(outside_scope, "pham_vi", values=("2",)),
    "BHYT-XML2-032": drug_percent,
    "BHYT-XML3-012": service_amount_130,
    "BHYT-XML3-013": service_amount,
    "BHYT-XML3-014": service_variant,
    "BHYT-XML3-015": service_insured_130,
    "BHYT-XML3-016": service_insured,
    "BHYT-XML3-017": service_support,
    "BHYT-XML3-018": support_within,
    "BHYT-XML3-019": service_balance,
    "BHYT-XML3-025": On(outside_scope, "pham_vi", values=("2",)),
    "BHYT-XML3-027": On(supply_price, "t_trantt"),
    "BHYT-XML3-028": On(reused_price, "tai_su_dung", values=("1",)),
    "BHYT-XML3-029": On(ceiling, "t_trantt"),
    "BHYT-XML3-030": On(without_price, "ma_dich_vu", when=_has_no_price),
    "BHYT-XML3-032": service_percent,
}
