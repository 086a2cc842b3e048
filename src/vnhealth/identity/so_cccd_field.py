"""The mixed field SO_CCCD of the XML tables: personal number, old card, passport or other code.

The annex allows text up to 15 characters, so a foreign passport or an e-identity account code is
legal. The social security gateway accepts only 9 digits, 12 digits, or a capital letter and seven
digits: everything else is right by the annex and warned about here. The field may be empty.

Legal source: field SO_CCCD of decision 4750/QĐ-BYT; validation sheet of the gateway for it.
"""

from __future__ import annotations

import re

from vnhealth.identity import cccd
from vnhealth.identity._base import (
    Checked,
    Context,
    canonical,
    clean,
    damage,
    no,
    ok,
    passed,
    require_text,
    strip_separators,
    upper,
    warn,
)

__all__ = ["KIND", "format", "gateway_accepts", "is_valid", "normalize", "parse", "validate"]

KIND = "so_cccd_field"
_ACCEPTED = re.compile(r"[0-9]{9}|[0-9]{12}|[A-Z][0-9]{7}")


def gateway_accepts(text: str) -> bool:
    """Tell whether the gateway takes this text exactly as it would be sent.

    >>> gateway_accepts("Z0000019"), gateway_accepts("z0000019"), gateway_accepts("AB1234567")
    (True, False, False)
    """
    return not text or _ACCEPTED.fullmatch(text) is not None


def parse(text: str, context: Context | None = None) -> Checked:
    """Read the field; details hold ``document``: CCCD, CMND, PASSPORT or OTHER.

    For 12 digits the rules and the context of `vnhealth.identity.cccd` apply, warnings first.

    >>> parse("z-0000019").normalized, parse("z-0000019").codes
    ('Z0000019', ('PASSPORT',))
    >>> parse("AB1234567").codes
    ('GATEWAY_WILL_REJECT',)
    """
    value = clean(require_text(text, KIND))
    if not value:
        return ok(KIND, "", "EMPTY_ALLOWED")
    found = damage(value)
    if found:
        return no(KIND, found)
    value = upper(strip_separators(value))
    size = len(value)
    if size > 15:
        return no(KIND, "TOO_LONG")
    if size < 5 or not (value.isascii() and value.isalnum()):
        return no(KIND, "SHAPE")
    if size in (9, 12) and value.isdigit():
        if value == value[0] * size:
            return no(KIND, "DEGENERATE")
        if size == 9:
            return ok(KIND, value, "CMND", document="CMND")
        person = cccd.parse(value, context)
        if not person.is_valid:
            return no(KIND, person.code)
        codes = (*(code for code in person.codes if code != "OK"), "CCCD")
        return Checked(KIND, value, person.outcome, codes, "", {"document": "CCCD"})
    if _ACCEPTED.fullmatch(value):
        return ok(KIND, value, "PASSPORT", document="PASSPORT")
    return warn(KIND, value, "GATEWAY_WILL_REJECT", document="OTHER")


def validate(text: str, context: Context | None = None) -> str:
    """Return the text to send (empty for an empty field); raise `IdentityError` otherwise."""
    return passed(parse(text, context))


def is_valid(text: str, context: Context | None = None) -> bool:
    """Tell whether the annex allows the text, with or without warnings."""
    return parse(text, context).outcome != "no"


def normalize(text: str) -> str:
    """Return the text to send, or the text unchanged when the annex does not allow it."""
    return canonical(parse(text), text)


def format(text: str) -> str:
    """Return the text to send; what is not allowed comes back unchanged.

    >>> format("001 001 000 123")
    '001001000123'
    """
    return normalize(text)
