"""Fill the amounts of an encounter by the formulas in force on its day, instead of checking them.

The same functions that the checks use (`split`, `split_rate`, `expected_rates`) compute here, so
that a priced encounter passes them. Quantities, unit prices, rates of coverage and the support of
other sources are given; amounts, the split of each line, MUC_HUONG and the totals are computed.

Legal source: annexes of decisions 130, 4750 and 3176/QĐ-BYT, explanations of THANH_TIEN_BV,
THANH_TIEN_BH, T_BNTT, T_BNCCT, T_BHTT and the totals of table 1.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from vnhealth.errors import SpecError
from vnhealth.findings import Finding, Findings, Severity, catalogue
from vnhealth.records import Claim, Record
from vnhealth.rules._amounts import HUNDRED, ZERO, r2
from vnhealth.rules._lines import POOLED
from vnhealth.rules._rates import expected_rates
from vnhealth.rules._split import Split, split, split_pooled, split_rate
from vnhealth.spec import Edition, Family

__all__ = ["Priced", "price", "reused_price"]

INPATIENT = frozenset({"03", "04", "06", "09"})
SUPPLY_GROUPS = frozenset({"10", "11"})
_SOURCES = ("t_nguonkhac_nsnn", "t_nguonkhac_vtnn", "t_nguonkhac_vttn", "t_nguonkhac_cl")


@dataclass(frozen=True, slots=True)
class Priced:
    """The encounter with its amounts filled, and what could not be computed (code PRICE-xx)."""

    claim: Claim
    findings: Findings


class _Pricer:
    def __init__(self, edition: Edition, rates: frozenset[Decimal] | None, exempt: bool) -> None:
        self.edition = edition
        self.rates = rates
        self.exempt = exempt
        self.notes: list[Finding] = []

    def note(self, code: str, table: str, row: int, tag: str) -> None:
        severity = Severity(catalogue.info(code).severity)
        self.notes.append(Finding(code, severity, 0, table, row, tag))

    def percent(self, row: Any, covered: bool, table: str, index: int) -> Decimal | None:
        """MUC_HUONG: given and possible, else the one the card gives, else unknown."""
        if not covered:
            return ZERO
        if row.muc_huong is not None and (self.rates is None or row.muc_huong in self.rates):
            return Decimal(row.muc_huong)
        if not self.rates:
            self.note("PRICE-02", table, index, "MUC_HUONG")
            return None
        return max(self.rates) if self.exempt else min(self.rates)

    def support(self, row: Any) -> dict[str, Decimal]:
        """The four sources, absent ones as 0, and their sum; a bare sum counts as the rest."""
        parts = {attr: getattr(row, attr) or ZERO for attr in _SOURCES}
        if not any(parts.values()) and row.t_nguonkhac:
            parts["t_nguonkhac_cl"] = row.t_nguonkhac
        return {**parts, "t_nguonkhac": sum(parts.values(), ZERO)}

    def drug(self, row: Any, index: int, pooled: bool) -> Record:
        """A row of XML2."""
        rate = _rate(row)
        if row.so_luong is None or row.don_gia is None:
            self.note("PRICE-01", "XML2", index, "SO_LUONG" if row.so_luong is None else "DON_GIA")
            return _record(row)
        percent = self.percent(row, bool(rate), "XML2", index)
        if percent is None:
            return _record(row)
        gross = row.so_luong * row.don_gia
        total, insured = r2(gross), r2(gross * rate / HUNDRED)
        other = self.support(row)
        parts = self.parts(total, insured, rate, percent, other["t_nguonkhac"], pooled, drug=True)
        return _record(row).replace(
            thanh_tien_bv=total,
            thanh_tien_bh=insured if not pooled or not other["t_nguonkhac"] else sum(parts[1:]),
            tyle_tt_bh=rate,
            muc_huong=percent,
            **other,
            **_amounts(parts),
        )

    def parts(
        self,
        total: Decimal,
        insured: Decimal,
        rate: int,
        percent: Decimal,
        other: Decimal,
        pooled: bool,
        *,
        drug: bool,
    ) -> Split:
        """The split of a line by the formula of the edition."""
        if pooled and other and self.edition in POOLED:
            return split_pooled(total, rate, percent, other)
        if drug and self.edition not in POOLED:
            return split_rate(total, rate, percent, other)
        return split(total, insured, percent, other)

    def service(self, row: Any, index: int, pooled: bool, collect: bool) -> Record:
        """A row of XML3."""
        rate = _rate(row)
        share = 100 if row.tyle_tt_dv is None else row.tyle_tt_dv
        listed = row.don_gia_bv
        insured_price = ZERO if not rate else row.don_gia_bh
        if rate and row.ma_vat_tu and row.t_trantt is not None and listed is not None:
            insured_price = min(listed, row.t_trantt)
        if row.so_luong is None or listed is None or insured_price is None:
            missing = "SO_LUONG" if row.so_luong is None else "DON_GIA_BH"
            self.note("PRICE-01", "XML3", index, "DON_GIA_BV" if listed is None else missing)
            return _record(row)
        percent = self.percent(row, bool(rate), "XML3", index)
        if percent is None:
            return _record(row)
        total = row.so_luong * listed
        if self.edition is not Edition.QD130:
            total = self.with_share(row.so_luong, listed, insured_price, share, collect)
        total = r2(total)
        insured = r2(row.so_luong * insured_price * share * rate / (HUNDRED * HUNDRED))
        other = self.support(row)
        parts = self.parts(total, insured, rate, percent, other["t_nguonkhac"], pooled, drug=False)
        return _record(row).replace(
            thanh_tien_bv=total,
            thanh_tien_bh=insured,
            tyle_tt_bh=rate,
            tyle_tt_dv=share,
            don_gia_bh=insured_price,
            muc_huong=percent,
            **other,
            **_amounts(parts),
        )

    def with_share(
        self, quantity: Decimal, listed: Decimal, insured: Decimal, share: int, collect: bool
    ) -> Decimal:
        """THANH_TIEN_BV: L13, or L14 since 3176 where the difference is not collected."""
        if collect or self.edition in POOLED:
            return quantity * listed * share / HUNDRED
        return quantity * listed - quantity * insured * (100 - share) / HUNDRED


def _record(row: Any) -> Record:
    assert isinstance(row, Record)
    return row


def _rate(row: Any) -> int:
    if row.pham_vi == "2":
        return 0
    return 100 if row.tyle_tt_bh is None else int(row.tyle_tt_bh)


def _amounts(parts: Split) -> dict[str, Decimal]:
    return {"t_bntt": parts.own, "t_bncct": parts.shared, "t_bhtt": parts.fund}


def reused_price(purchase: Decimal, reuse_cost: Decimal, uses: int) -> Decimal:
    """Unit price of a reused supply (rule L28): purchase and reuse cost over the uses.

    >>> reused_price(Decimal(100_000), Decimal(10_000), 2)
    Decimal('55000.000')
    """
    return ((purchase + reuse_cost) / uses).quantize(Decimal("0.001"))


def price(
    claim: Claim,
    *,
    on: dt.date | None = None,
    edition: Edition | str | None = None,
    exempt: bool = False,
    pooled: bool = False,
    collect_difference: bool = True,
) -> Priced:
    """The encounter with amounts, split, MUC_HUONG and totals computed.

    ``exempt`` says that the patient pays no co-payment (five years of insurance, a small bill, a
    certificate); no record shows that for sure, and the base salary is not held here. ``pooled``
    takes outside money off the total first (130 and 4750 only, rule L23). With
    ``collect_difference=False`` THANH_TIEN_BV follows rule L14 of decision 3176. A MUC_HUONG that
    stands on a line and that card, category and date allow is kept.

    Lines that lack a quantity, a price or a rate stay as they are, with a finding; totals that
    depend on them are left alone too. Raises `SpecError` for a claim of the 4210 family.
    """
    if claim.family is Family.F4210:
        raise SpecError("ERR-PRICE-01")
    day = on or claim.ended_on
    chosen = Edition.parse(edition) if edition else claim.edition(on)
    x1 = claim.xml1
    rates = None
    if x1 is not None and day is not None:
        kind = (x1.ma_loai_kcb or "").zfill(2)
        rates = expected_rates(x1.ma_the_bhyt, x1.ma_doituong_kcb, kind in INPATIENT, day)
    pricer = _Pricer(chosen, rates, exempt)
    drugs = [pricer.drug(row, i, pooled) for i, row in enumerate(claim.rows("XML2"))]
    services = [
        pricer.service(row, i, pooled, collect_difference)
        for i, row in enumerate(claim.rows("XML3"))
    ]
    changed: dict[str, Any] = {"xml2": drugs, "xml3": services}
    if x1 is not None and not pricer.notes:
        changed["xml1"] = x1.replace(**_totals(drugs, services))
    return Priced(claim.replace(**changed), Findings(pricer.notes))


def _sum(rows: Iterable[Any], attr: str) -> Decimal:
    return sum((getattr(row, attr) or ZERO for row in rows), ZERO)


def _totals(drugs: list[Record], services: list[Record]) -> Mapping[str, Decimal]:
    lines: list[Any] = [*drugs, *services]
    supplies = [
        row for row in services if row["MA_NHOM"] in SUPPLY_GROUPS or row["MA_VAT_TU"] is not None
    ]
    insured, shared = _sum(lines, "thanh_tien_bh"), _sum(lines, "t_bncct")
    return {
        "t_thuoc": _sum(drugs, "thanh_tien_bv"),
        "t_vtyt": _sum(supplies, "thanh_tien_bv"),
        "t_tongchi_bv": _sum(lines, "thanh_tien_bv"),
        "t_tongchi_bh": insured,
        "t_bntt": _sum(lines, "t_bntt"),
        "t_bncct": shared,
        "t_bhtt": insured - shared,
        "t_nguonkhac": _sum(lines, "t_nguonkhac"),
        "t_bhtt_gdv": _sum((r for r in lines if r.ma_pttt == "1"), "t_bhtt"),
    }
