"""Old identity card number (chứng minh nhân dân, CMND): 9 digits.

No longer valid as a document since the end of 2024, still the key of old records. There is no check
digit and numbers of different provinces could coincide, so a CMND alone never merges two records.

Legal source: shape accepted by the validation sheet of the social security gateway for decision
4750/QĐ-BYT.
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
    propose,
    require_text,
)

__all__ = ["KIND", "format", "is_valid", "normalize", "parse", "validate"]

KIND = "cmnd"


def parse(text: str, context: Context | None = None) -> Checked:
    """Read a number. Nothing of the context is used.

    >>> parse("007.123.456").normalized
    '007123456'
    >>> parse("001001000123").codes
    ('LOOKS_LIKE_CCCD',)
    """
    digits = digits_of(require_text(text, KIND), KIND)
    if isinstance(digits, Checked):
        return digits
    size = len(digits)
    if size != 9:
        if size == 12:
            return no(KIND, "LOOKS_LIKE_CCCD")
        if size == 8:
            return propose(KIND, "LOST_LEADING_ZERO", "0" + digits, digits)
        return no(KIND, "LENGTH")
    if digits == digits[0] * 9:
        return no(KIND, "DEGENERATE")
    return ok(KIND, digits)


def validate(text: str, context: Context | None = None) -> str:
    """Return the 9 digits; raise `IdentityError` (without the value) when it is no number."""
    return passed(parse(text, context))


def is_valid(text: str, context: Context | None = None) -> bool:
    """Tell whether the text is a number."""
    return parse(text, context).outcome != "no"


def normalize(text: str) -> str:
    """Return the 9 digits, or the text unchanged when it is no number."""
    return canonical(parse(text), text)


def format(text: str) -> str:
    """Group the digits by three; what is no number comes back unchanged.

    >>> format("007123456")
    '007 123 456'
    """
    found = parse(text)
    return grouped(found.normalized, 3, 3, 3) if found.is_valid else text
