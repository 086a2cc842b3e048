"""Facility code of 13 digits (MA_GTIN_CSKCB, ``sender_id`` of the 2026 messages).

Both published codes pass the GS1 check digit, so this reads the code as a GS1 location number. That
is inferred: no text that was read calls it so. A wrong check digit refuses, another prefix than 893
only warns.

Legal source: decisions 1551/QĐ-BYT and 2062/QĐ-BYT (2026) for the code itself; GS1 General
Specifications for the check digit (inferred).
"""

from __future__ import annotations

from vnhealth.identity._base import (
    Checked,
    Context,
    canonical,
    digits_of,
    grouped,
    no,
    ok,
    passed,
    require_text,
    warn,
)

__all__ = ["KIND", "check_digit", "format", "is_valid", "normalize", "parse", "validate"]

KIND = "facility_gln13"


def check_digit(first12: str) -> str:
    """Compute the GS1 check digit of 12 digits.

    >>> check_digit("893428507199")
    '3'
    """
    odd = sum(map(int, first12[0::2]))
    even = sum(map(int, first12[1::2]))
    return str(-(odd + 3 * even) % 10)


def parse(text: str, context: Context | None = None) -> Checked:
    """Read a code. No context is used.

    >>> parse("893-4285-07199-3").normalized, parse("8934285071990").codes
    ('8934285071993', ('CHECK_DIGIT',))
    """
    digits = digits_of(require_text(text, KIND), KIND)
    if isinstance(digits, Checked):
        return digits
    if len(digits) != 13:
        return no(KIND, "LOOKS_LIKE_FACILITY5" if len(digits) == 5 else "LENGTH")
    if digits == "0000000000000":
        return no(KIND, "ALL_ZERO")
    if check_digit(digits[:12]) != digits[12]:
        return no(KIND, "CHECK_DIGIT")
    if not digits.startswith("893"):
        return warn(KIND, digits, "NOT_893")
    return ok(KIND, digits)


def validate(text: str, context: Context | None = None) -> str:
    """Return the 13 digits; raise `IdentityError` (without the value) when it is no code."""
    return passed(parse(text, context))


def is_valid(text: str, context: Context | None = None) -> bool:
    """Tell whether the text is a code, with or without warnings."""
    return parse(text, context).outcome != "no"


def normalize(text: str) -> str:
    """Return the 13 digits, or the text unchanged when it is no code."""
    return canonical(parse(text), text)


def format(text: str) -> str:
    """Group as GS1 prints it; what is no code comes back unchanged.

    >>> format("8934285071993")
    '893 4285 07199 3'
    """
    found = parse(text)
    return grouped(found.normalized, 3, 4, 5, 1) if found.is_valid else text
