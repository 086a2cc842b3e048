"""Values that are not in canonical form: recovered where only one reading is possible, else kept.

An ambiguous number is never guessed: ``1,234`` may be a little more than one or more than a
thousand, so its value stays unknown and its text is kept.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, NamedTuple

from vnhealth.records import LITERALS, NotCanonical, cache_of
from vnhealth.spec import Kind

__all__ = ["Explained", "explain"]

BLANKS = " \t\r\n\u00a0\ufeff\u200b"
_COMMA_DECIMAL = re.compile(r"(-?)([0-9]{1,18}),([0-9]{1,10})", re.ASCII)
_DOT_GROUPS = re.compile(r"-?[0-9]{1,3}((?:\.[0-9]{3})+)(,[0-9]{1,10})?", re.ASCII)
_COMMA_GROUPS = re.compile(r"-?[0-9]{1,3}((?:,[0-9]{3})+)(\.[0-9]{1,10})?", re.ASCII)
_SCIENTIFIC = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,15})?[eE][+-]?[0-9]{1,2}", re.ASCII)
_WHOLE = re.compile(r"(-?[0-9]{1,18})\.0{1,10}", re.ASCII)


class Explained(NamedTuple):
    """A recovered value (or None) and the code of the finding."""

    value: Any
    code: str


def explain(kind: Kind, text: str) -> Explained:
    """Read a text that its converter refused.

    >>> explain(Kind.DECIMAL, "123456,00")
    Explained(value=Decimal('123456.00'), code='BHYT-VAL-02')
    >>> explain(Kind.DECIMAL, "1,234")
    Explained(value=None, code='BHYT-VAL-05')
    >>> explain(Kind.TEXT, " ho ")
    Explained(value='ho', code='BHYT-VAL-08')
    """
    bare = text.strip(BLANKS)
    if bare in LITERALS:
        return Explained(None, "BHYT-VAL-09")
    if not bare:
        return Explained(None, "BHYT-VAL-08")
    if bare != text:
        try:
            return Explained(cache_of(kind)[bare], "BHYT-VAL-08")
        except NotCanonical:
            pass
    if kind in (Kind.TEXT, Kind.CODE):
        return Explained(bare, "BHYT-VAL-11")
    if kind is Kind.TIME:
        return Explained(None, "BHYT-VAL-06")
    number = _number(bare)
    if kind is Kind.INTEGER and number.value is not None:
        if number.value != number.value.to_integral_value():
            return Explained(None, "BHYT-VAL-10")
        return Explained(int(number.value), number.code)
    return number


def _number(text: str) -> Explained:
    if found := _WHOLE.fullmatch(text):
        return Explained(Decimal(found[1]), "BHYT-VAL-10")
    if _SCIENTIFIC.fullmatch(text):
        return Explained(Decimal(format(Decimal(text), "f")), "BHYT-VAL-03")
    if found := _COMMA_DECIMAL.fullmatch(text):
        sign, whole, part = found[1], found[2], found[3]
        grouping = len(part) == 3 and len(whole) <= 3 and not whole.startswith("0")
        if grouping:
            return Explained(None, "BHYT-VAL-05")
        return Explained(Decimal(f"{sign}{whole}.{part}"), "BHYT-VAL-02")
    if found := _DOT_GROUPS.fullmatch(text):
        if found[2] or len(found[1]) > 4:
            plain = text.replace(".", "").replace(",", ".")
            return Explained(Decimal(plain), "BHYT-VAL-04")
        return Explained(None, "BHYT-VAL-05")
    if found := _COMMA_GROUPS.fullmatch(text):
        if found[2] or len(found[1]) > 4:
            return Explained(Decimal(text.replace(",", "")), "BHYT-VAL-04")
        return Explained(None, "BHYT-VAL-05")
    return Explained(None, "BHYT-VAL-01")
