"""Passport and travel document numbers.

A Vietnamese one is a capital letter and seven digits. A foreign one has 5 to 15 letters and digits
and is unique only together with its issuing country, which the context must name (ICAO three-letter
code in ``issuer``).

Legal source: pattern of the validation sheet of the social security gateway for decision
4750/QĐ-BYT (Vietnamese shape); ICAO Doc 9303 and the size of SO_CCCD in that decision (foreign).
"""

from __future__ import annotations

from vnhealth.identity._base import (
    Checked,
    Context,
    canonical,
    clean,
    has_other_digit,
    lookalike_digits,
    no,
    ok,
    passed,
    propose,
    require_text,
    strip_separators,
    upper,
)

__all__ = ["KIND", "format", "is_valid", "normalize", "parse", "validate"]

KIND = "passport"


def parse(text: str, context: Context | None = None) -> Checked:
    """Read a number; with ``issuer`` other than VNM in the context, by the foreign shape.

    >>> parse("b 0000019").normalized
    'B0000019'
    >>> parse("AB1234567").codes, parse("AB1234567", {"issuer": "KHM"}).codes
    (('LENGTH',), ('OK_FOREIGN',))
    """
    number = upper(strip_separators(clean(require_text(text, KIND))))
    if not number:
        return no(KIND, "EMPTY")
    if has_other_digit(number):
        return no(KIND, "NON_ASCII_DIGIT")
    issuer = str((context or {}).get("issuer", "") or "VNM")
    plain = number.isascii() and number.isalnum()
    if issuer != "VNM":
        if not plain or not 5 <= len(number) <= 15:
            return no(KIND, "FOREIGN_SHAPE")
        return ok(KIND, number, "OK_FOREIGN", issuer=issuer)
    if not plain:
        return no(KIND, "BAD_CHARACTER")
    letter, digits = number[0], number[1:]
    if len(number) == 8 and letter.isalpha():
        if digits.isdigit():
            return ok(KIND, number, issuer=issuer)
        return propose(KIND, "SHAPE", letter + lookalike_digits(digits), number)
    return no(KIND, "SHAPE" if len(number) == 8 else "LENGTH")


def validate(text: str, context: Context | None = None) -> str:
    """Return the number in capitals; raise `IdentityError` (without the value) otherwise."""
    return passed(parse(text, context))


def is_valid(text: str, context: Context | None = None) -> bool:
    """Tell whether the text is a passport number of the issuer in the context."""
    return parse(text, context).outcome != "no"


def normalize(text: str, context: Context | None = None) -> str:
    """Return the number in capitals, or the text unchanged when it is no number."""
    return canonical(parse(text, context), text)


def format(text: str, context: Context | None = None) -> str:
    """Return the number as printed, without blanks; other text comes back unchanged.

    >>> format("b-0000019")
    'B0000019'
    """
    return normalize(text, context)
