"""Social insurance code (mã số BHXH): 10 digits, the tail of every insurance card number.

No check digit is published; the gateway asks only for digits that are not all zero. Nine digits are
a lost zero or an old identity card number: a zero is suggested, never added.

Legal source: decision 1351/QĐ-BHXH (2015), card structure; decision 1666/QĐ-BHXH (2020), new card;
validation sheet of the gateway for decision 4750/QĐ-BYT.
"""

from __future__ import annotations

import re

from vnhealth.identity._base import (
    Checked,
    Context,
    canonical,
    clean,
    digits_of,
    grouped,
    no,
    ok,
    passed,
    propose,
    require_text,
    strip_separators,
    upper,
    warn,
)

__all__ = ["KIND", "format", "is_valid", "normalize", "parse", "validate"]

KIND = "bhxh"
_CARD = re.compile(r"[A-Z]{2}[1-5][0-9]{12}")


def parse(text: str, context: Context | None = None) -> Checked:
    """Read a code; a typed 15-character card number gives its tail with a warning.

    >>> parse("0000-012-345").normalized
    '0000012345'
    >>> parse("DN 4 01 0000012345").codes
    ('EXTRACTED_FROM_CARD',)
    """
    digits = digits_of(require_text(text, KIND), KIND)
    if isinstance(digits, Checked):
        if digits.code != "NON_DIGIT":
            return digits
        card = upper(strip_separators(clean(text)))
        if not _CARD.fullmatch(card) or card.endswith("0000000000"):
            return digits
        return warn(KIND, card[5:], "EXTRACTED_FROM_CARD", card=card)
    size = len(digits)
    if size != 10:
        if size == 9:
            return propose(KIND, "LOST_LEADING_ZERO", "0" + digits, digits)
        return no(KIND, "LOOKS_LIKE_CCCD" if size == 12 else "LENGTH")
    if digits == "0000000000":
        return no(KIND, "ALL_ZERO")
    return ok(KIND, digits)


def validate(text: str, context: Context | None = None) -> str:
    """Return the 10 digits; raise `IdentityError` (without the value) when it is no code."""
    return passed(parse(text, context))


def is_valid(text: str, context: Context | None = None) -> bool:
    """Tell whether the text is a code or holds one."""
    return parse(text, context).outcome != "no"


def normalize(text: str) -> str:
    """Return the 10 digits, or the text unchanged when it is no code."""
    return canonical(parse(text), text)


def format(text: str) -> str:
    """Group the digits for reading aloud; what is no code comes back unchanged.

    >>> format("0000012345")
    '00 0001 2345'
    """
    found = parse(text)
    return grouped(found.normalized, 2, 4, 4) if found.is_valid else text
