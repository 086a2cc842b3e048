"""Values that are not in canonical form: recovered where only one reading is possible, else kept.

An ambiguous number is never guessed: ``1,234`` may be a little more than one or more than a
thousand, so its value stays unknown and its text is kept.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from vnhealth.records import LITERALS, NotCanonical, cache_of
from vnhealth.records._convert import BLANKS, padded_decimal
from vnhealth.spec import Kind

__all__ = ["Explained", "explain", "is_name", "legacy_name"]

_COMMA_DECIMAL = re.compile(r"(-?)([0-9]{1,18}),([0-9]{1,10})", re.ASCII)
_DOT_GROUPS = re.compile(r"-?[0-9]{1,3}((?:\.[0-9]{3})+)(,[0-9]{1,10})?", re.ASCII)
_COMMA_GROUPS = re.compile(r"-?[0-9]{1,3}((?:,[0-9]{3})+)(\.[0-9]{1,10})?", re.ASCII)
_SCIENTIFIC = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,15})?[eE][+-]?[0-9]{1,2}", re.ASCII)


_NAME_TAGS = ("HO_TEN", "HOTEN", "TEN_BS")
_ONLY_UNICODE = re.compile("[\u1ea0-\u1ef9ĂăĐđĨĩŨũƠơƯư]")


class Explained(NamedTuple):
    """A recovered value (or None) and the code of the finding; no code when nothing is wrong."""

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
    spaced = "BHYT-VAL-08" if bare != text else ""
    try:
        return Explained(cache_of(kind)[bare], spaced)
    except NotCanonical:
        pass
    if kind in (Kind.TEXT, Kind.CODE):
        return Explained(bare, "BHYT-VAL-11")
    if kind is Kind.TIME:
        return Explained(None, "BHYT-VAL-06")
    plain = padded_decimal(bare)
    if plain is not None and kind is Kind.DECIMAL:
        return Explained(plain, spaced)
    number = Explained(plain, "BHYT-VAL-10") if plain is not None else _number(bare)
    if kind is Kind.INTEGER and number.value is not None:
        if number.value != number.value.to_integral_value():
            return Explained(None, "BHYT-VAL-10")
        return Explained(int(number.value), number.code)
    return number


def _number(text: str) -> Explained:
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


def is_name(tag: str) -> bool:
    """True for the fields that hold the name of a person."""
    return tag.startswith(_NAME_TAGS)


@lru_cache(maxsize=4096)
def legacy_name(text: str) -> str:
    """What a name written in an encoding of before Unicode probably says; empty for any other.

    Only a suggestion: a guess can be wrong without any sign of it, so it is never applied.

    >>> legacy_name("NguyÔn V¨n Thö"), legacy_name("Nguyễn Văn Thử")
    ('Nguyễn Văn Thử', '')
    """
    if text.isascii() or _ONLY_UNICODE.search(text):
        return ""
    from vnhealth.identity import legacy

    return legacy.repaired(text) if legacy.suspect(text) else ""
