"""Amounts of one line and of a case, by the formulas of each decision.

Written apart from `vnhealth.rules`, so that a mistake in one shows against the other. Amounts are
in VND, rounded half up to two decimals.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from vnhealth.spec import Edition
from vnhealth.synth._episode import DrugLine, ServiceLine

__all__ = ["Amounts", "drug_amounts", "old_amounts", "r2", "service_amounts"]

_CENT = Decimal("0.01")
_MILL = Decimal("0.001")
_HUNDRED = Decimal(100)
ZERO = Decimal("0.00")


def r2(value: Decimal) -> Decimal:
    """Rounded half up to two decimals.

    >>> r2(Decimal("2.345"))
    Decimal('2.35')
    """
    return value.quantize(_CENT, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Amounts:
    """What one line costs and who pays it. Rates are in percent."""

    price_bv: Decimal
    price_bh: Decimal
    rate_bh: int
    rate_dv: int
    total_bv: Decimal
    total_bh: Decimal
    percent: Decimal
    support: Decimal
    self_pay: Decimal
    co_pay: Decimal
    fund: Decimal


def _split(
    self_pay: Decimal, co_pay: Decimal, fund: Decimal, support: Decimal
) -> tuple[Decimal, Decimal, Decimal]:
    """Takes the support off the self-paid part, then the co-payment, then the fund."""
    rest = max(ZERO, support - self_pay)
    after_self = max(ZERO, self_pay - support)
    after_co = max(ZERO, co_pay - rest)
    rest = max(ZERO, rest - co_pay)
    return after_self, after_co, fund - rest


def drug_amounts(line: DrugLine, percent: Decimal, edition: Edition) -> Amounts:
    """Amounts of a row of XML2 (family 130)."""
    rate = line.drug.tyle if line.covered else 0
    percent = percent if rate else Decimal(0)
    gross = line.quantity * line.drug.gia
    bv = r2(gross)
    bh = r2(gross * rate / _HUNDRED)
    if edition in (Edition.QD3176, Edition.QD1931):
        own = r2(bv * (1 - rate / _HUNDRED))
        fund = r2(bv * rate / _HUNDRED * percent / _HUNDRED)
        co = bv - fund - own
    else:
        own, fund = bv - bh, r2(bh * percent / _HUNDRED)
        co = bh - fund
    support = bv if _sponsored(line) else line.support
    own, co, fund = _split(own, co, fund, support)
    price = line.drug.gia.quantize(_MILL)
    return Amounts(price, price, rate, 100, bv, bh, percent, support, own, co, fund)


def _sponsored(line: DrugLine) -> bool:
    """True for drugs of a programme, which somebody else pays in full."""
    return line.drug.nguon in (2, 3)


def _prices(line: ServiceLine) -> tuple[Decimal, Decimal, int]:
    """Hospital price, insured price and insured rate of a row of XML3."""
    if line.supply is not None:
        item = line.supply
        insured = min(item.gia, item.tran) if item.tran is not None else item.gia
        return item.gia, insured, item.tyle
    service = line.service
    assert service is not None
    extra = service.yeu_cau if line.surcharge or not line.covered else Decimal(0)
    return service.gia + extra, service.gia, 100


def service_amounts(line: ServiceLine, percent: Decimal, edition: Edition) -> Amounts:
    """Amounts of a row of XML3 (family 130)."""
    price_bv, price_bh, rate = _prices(line)
    if not line.covered:
        price_bh, rate = Decimal(0), 0
    percent = percent if rate else Decimal(0)
    share = line.rate / _HUNDRED
    bv = line.quantity * price_bv
    if edition is not Edition.QD130:
        bv *= share
    bv = r2(bv)
    bh = r2(line.quantity * price_bh * share * rate / _HUNDRED)
    fund = r2(bh * percent / _HUNDRED)
    own, co, fund = _split(bv - bh, bh - fund, fund, line.support)
    return Amounts(
        price_bv.quantize(_MILL),
        price_bh.quantize(_MILL),
        rate,
        line.rate,
        bv,
        bh,
        percent,
        line.support,
        own,
        co,
        fund,
    )


def old_amounts(line: DrugLine | ServiceLine, percent: Decimal) -> Amounts:
    """Amounts of a row of XML2 or XML3 under QD 4210: one price, one rate."""
    if isinstance(line, DrugLine):
        price, insured, rate = line.drug.gia, line.drug.gia, line.drug.tyle
        support = r2(line.quantity * price) if _sponsored(line) else line.support
    else:
        price, insured, rate = _prices(line)
        support = line.support
    if not line.covered:
        rate = 0
    percent = percent if rate else Decimal(0)
    total = r2(line.quantity * price)
    base = r2(line.quantity * insured * rate / _HUNDRED)
    fund = r2(base * percent / _HUNDRED)
    own = max(ZERO, total - base - support)
    co = total - support - own - fund
    price = price.quantize(_MILL)
    return Amounts(price, price, rate, 100, total, base, percent, support, own, co, fund)
