"""Facility code of the insurance system (MA_CSKCB, MA_DKBD): 5 characters, the province first.

Old province codes stay in use after the mergers of 2025. Letters behind the province are excluded
by no text that was read, so they only warn. ``PP000`` is the placeholder that goes with temporary
cards. The 13-digit code is another identifier: neither can be derived from the other.

Legal source: fields MA_CSKCB and MA_DKBD of decisions 130/QĐ-BYT and 4750/QĐ-BYT (size, province
part, placeholder); digits only is practice of vendors.
"""

from __future__ import annotations

from vnhealth.identity._base import (
    Checked,
    Context,
    Outcome,
    canonical,
    clean,
    damage,
    is_digits,
    no,
    passed,
    propose,
    require_text,
    strip_separators,
    upper,
)
from vnhealth.identity._lists import PSEUDO_PROVINCES, provinces

__all__ = ["KIND", "format", "is_valid", "normalize", "parse", "validate"]

KIND = "facility5"


def parse(text: str, context: Context | None = None) -> Checked:
    """Read a code; the detail ``province`` is its first two digits. No context is used.

    >>> parse("01.901").normalized, parse("01000").codes
    ('01901', ('TEMP_PLACEHOLDER',))
    """
    code = clean(require_text(text, KIND))
    if not code:
        return no(KIND, "EMPTY")
    found = damage(code)
    if found:
        return no(KIND, found)
    code = upper(strip_separators(code))
    size = len(code)
    if size != 5:
        if size == 13 and is_digits(code):
            return no(KIND, "LOOKS_LIKE_GLN")
        if size == 4 and is_digits(code) and "0" + code[0] in provinces():
            return propose(KIND, "LOST_LEADING_ZERO", "0" + code, code)
        return no(KIND, "LENGTH")
    province, rest = code[:2], code[2:]
    if not is_digits(province) or not (rest.isascii() and rest.isalnum()):
        return no(KIND, "SHAPE")
    codes = []
    if rest == "000":
        codes.append("TEMP_PLACEHOLDER")
    if not rest.isdigit():
        codes.append("HAS_LETTER")
    if province not in provinces() and province not in PSEUDO_PROVINCES:
        codes.append("PROVINCE_UNKNOWN")
    outcome: Outcome = "warn" if codes else "yes"
    return Checked(KIND, code, outcome, tuple(codes) or ("OK",), "", {"province": province})


def validate(text: str, context: Context | None = None) -> str:
    """Return the 5 characters; raise `IdentityError` (without the value) when it is no code."""
    return passed(parse(text, context))


def is_valid(text: str, context: Context | None = None) -> bool:
    """Tell whether the text is a facility code, with or without warnings."""
    return parse(text, context).outcome != "no"


def normalize(text: str) -> str:
    """Return the 5 characters, or the text unchanged when it is no code."""
    return canonical(parse(text), text)


def format(text: str) -> str:
    """Return the code as printed; what is no code comes back unchanged.

    >>> format("01 901")
    '01901'
    """
    return normalize(text)
