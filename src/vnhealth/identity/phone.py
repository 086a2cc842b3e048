"""Phone number (DIEN_THOAI), kept in the international form ``+84…``.

Mobiles are 03, 05, 07, 08 or 09 and eight digits, landlines 02 and nine. The 11-digit mobiles of
before 2018 become their successor with a warning. A phone is shared by families: it may narrow a
search, it never proves who somebody is. An empty field is allowed.

Legal source: field DIEN_THOAI of decision 130/QĐ-BYT (text, 15 characters); the national numbering
plan and its changes of 2017-2018 are practice, not read from a text.
"""

from __future__ import annotations

import re

from vnhealth.identity._base import (
    Checked,
    Context,
    canonical,
    clean,
    damage,
    grouped,
    is_digits,
    no,
    ok,
    passed,
    propose,
    require_text,
    warn,
)
from vnhealth.identity._lists import old_mobile_prefixes

__all__ = ["KIND", "format", "is_valid", "normalize", "parse", "validate"]

KIND = "phone"
_SEVERAL = re.compile(r"[;,/|\n]|\s-\s")
_PUNCTUATION = re.compile(r"[\s.\-()]+")
_HOTLINES = ("1800", "1900")


def parse(text: str, context: Context | None = None) -> Checked:
    """Read one number. No context is used.

    The detail ``once_landline`` is ``yes`` for 08 numbers, which before 2017 were landlines of
    Thành phố Hồ Chí Minh.

    >>> parse("(090) 000.0001").normalized
    '+84900000001'
    >>> parse("01690000001").normalized, parse("900000001").suggestion
    ('+84390000001', '0900000001')
    """
    value = require_text(text, KIND)
    if is_digits(value) and len(value) == 10 and value != value[0] * 10 and value[:2] != "00":
        return _national(value)
    value = clean(value)
    if not value:
        return ok(KIND, "", "EMPTY_ALLOWED")
    found = damage(value)
    if found:
        return no(KIND, found)
    pieces = _SEVERAL.split(value)
    if sum(sum(map(str.isdigit, piece)) >= 8 for piece in pieces) > 1:
        return no(KIND, "SEVERAL_NUMBERS")
    digits = _PUNCTUATION.sub("", value)
    plus = digits[:1] == "+"
    digits = digits[plus:]
    if not is_digits(digits):
        return no(KIND, "NON_DIGIT")
    if len(digits) > 2 and digits == digits[0] * len(digits):
        return no(KIND, "DEGENERATE")
    if digits[:2] == "00" and not plus:
        plus, digits = True, digits[2:]
    if plus:
        if digits[:2] != "84":
            return _foreign(digits)
        return _national("0" + digits[2:].removeprefix("0"))
    if digits[:2] == "84" and len(digits) in (11, 12):
        return _national("0" + digits[2:])
    return _national(digits)


def _foreign(digits: str) -> Checked:
    if digits[:1] == "0" or not 7 <= len(digits) <= 15:
        return no(KIND, "LENGTH_OR_PREFIX")
    return warn(KIND, "+" + digits, "FOREIGN")


def _national(digits: str) -> Checked:
    size = len(digits)
    second = digits[1:2]
    if digits[:1] == "0":
        if size == 10 and second in "35789":
            details = {"once_landline": "yes"} if second == "8" else {}
            return ok(KIND, "+84" + digits[1:], "MOBILE", **details)
        if size == 11 and second == "2":
            return ok(KIND, "+84" + digits[1:], "LANDLINE")
        if size == 11 and digits[:4] in old_mobile_prefixes():
            successor = old_mobile_prefixes()[digits[:4]] + digits[4:]
            return warn(KIND, "+84" + successor[1:], "OLD_11_DIGIT")
        return no(KIND, "LENGTH_OR_PREFIX")
    if digits[:4] in _HOTLINES and 8 <= size <= 10:
        return warn(KIND, digits, "HOTLINE")
    lost = (size == 9 and digits[0] in "35789") or (size == 10 and digits[0] == "2")
    if lost:
        return propose(KIND, "LOST_LEADING_ZERO", "0" + digits, digits)
    return no(KIND, "LENGTH_OR_PREFIX")


def validate(text: str, context: Context | None = None) -> str:
    """Return the international form (empty for an empty field); raise `IdentityError` otherwise."""
    return passed(parse(text, context))


def is_valid(text: str, context: Context | None = None) -> bool:
    """Tell whether the text is one number or empty, with or without warnings."""
    return parse(text, context).outcome != "no"


def normalize(text: str) -> str:
    """Return the international form, or the text unchanged when it is no number."""
    return canonical(parse(text), text)


def format(text: str) -> str:
    """Write a Vietnamese number as people read it; what is no number comes back unchanged.

    >>> format("+84900000001"), format("+842838000000")
    ('090 000 0001', '02838000000')
    """
    found = parse(text)
    if found.code in ("MOBILE", "OLD_11_DIGIT"):
        return grouped("0" + found.normalized[3:], 3, 3, 4)
    if found.code == "LANDLINE":
        return "0" + found.normalized[3:]
    return found.normalized if found.is_valid else text
