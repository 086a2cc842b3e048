"""Comparing amounts: what counts as equal, and what is said when they are not."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal

from vnhealth.findings import Severity
from vnhealth.rules._case import Case, money
from vnhealth.rules._load import rules
from vnhealth.rules._model import Hit

__all__ = ["ARITHMETIC", "CENT", "HUNDRED", "ZERO", "r2", "unequal"]

ZERO = Decimal(0)
CENT = Decimal("0.01")
HUNDRED = Decimal(100)

ARITHMETIC = Context(prec=160, rounding=ROUND_HALF_UP, traps=[])
"""Exact for every product of amounts that a record can hold; rounds half up; never raises."""


def r2(value: Decimal) -> Decimal:
    """Two decimals, half up."""
    return value.quantize(CENT, ROUND_HALF_UP, ARITHMETIC)


def unequal(
    case: Case, code: str, tag: str, found: Decimal, expected: Decimal, **params: str
) -> Hit | None:
    """A hit when two amounts differ by more than the rule, or the caller's tolerance, lets pass.

    A difference up to ``tolerance.error`` is a warning at most.
    """
    apart = abs(found - expected)
    ignore = case.tolerance.ignore
    if apart <= (rules()[code].exact if ignore is None else ignore):
        return None
    severity = Severity.WARNING if apart <= case.tolerance.error else None
    return Hit(
        tag,
        {"diff": money(apart), **params},
        {"value": money(found), "expected": money(expected)},
        severity=severity,
    )
