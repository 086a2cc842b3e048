"""Temporary insurance card (MA_THE_TAM): 15 characters, for children and organ donors.

A child's is ``TE1``, the province of residence and ten digits given by the portal. The shape for
organ donors is not established: other groups only warn. The registered facility beside a temporary
card is the province and ``000``, which is not a facility.

Legal source: field MA_THE_TAM of decision 4750/QĐ-BYT (size, use); the comparison of the province
with MATINH_CU_TRU is practice of one vendor.
"""

from __future__ import annotations

import datetime as dt

from vnhealth.identity._base import (
    Checked,
    Context,
    Outcome,
    canonical,
    clean,
    context_date,
    damage,
    is_digits,
    lookalike_digits,
    no,
    passed,
    propose,
    require_text,
    strip_separators,
    upper,
)
from vnhealth.identity._lists import province_successor, provinces

__all__ = ["KIND", "format", "is_valid", "normalize", "parse", "validate"]

KIND = "bhyt_temp"
_MERGERS = dt.date(2025, 7, 1)


def parse(text: str, context: Context | None = None) -> Checked:
    """Read a number; the context may hold ``matinh`` (province of residence) and ``on``.

    With ``on`` from 01/07/2025 the province also agrees when its successor is the residence;
    without a date the two codes are compared as they stand.

    >>> parse("TE1 02 0000012345", {"matinh": "08"}).codes
    ('PROVINCE_NOT_RESIDENCE',)
    >>> parse("TE1 02 0000012345", {"matinh": "08", "on": "20260801"}).codes
    ('OK',)
    """
    number = upper(strip_separators(clean(require_text(text, KIND))))
    if not number:
        return no(KIND, "EMPTY")
    found = damage(number)
    if found:
        return no(KIND, found)
    if len(number) != 15:
        return no(KIND, "LENGTH")
    group, level, tail = number[:2], number[2], number[3:]
    if not (group.isascii() and group.isalpha() and is_digits(level + tail)):
        return propose(KIND, "SHAPE", group + lookalike_digits(level + tail), number)
    if level not in "12345":
        return no(KIND, "LEVEL")
    province = tail[:2]
    if tail[2:] == "0000000000":
        return no(KIND, "SERIAL_ALL_ZERO")
    codes = []
    if group + level != "TE1":
        codes.append("NOT_TE1")
    if province not in provinces():
        codes.append("PROVINCE_UNKNOWN")
    residence = str((context or {}).get("matinh", "") or province)
    if residence not in _agreeing(province, context):
        codes.append("PROVINCE_NOT_RESIDENCE")
    outcome: Outcome = "warn" if codes else "yes"
    details = {"group": group, "level": level, "province": province, "facility": province + "000"}
    return Checked(KIND, number, outcome, tuple(codes) or ("OK",), "", details)


def _agreeing(province: str, context: Context | None) -> tuple[str, ...]:
    on = context_date(context, "on")
    if on is None or on < _MERGERS:
        return (province,)
    return (province, province_successor(province))


def validate(text: str, context: Context | None = None) -> str:
    """Return the number in capitals without blanks; raise `IdentityError` otherwise."""
    return passed(parse(text, context))


def is_valid(text: str, context: Context | None = None) -> bool:
    """Tell whether the text is a temporary card number, with or without warnings."""
    return parse(text, context).outcome != "no"


def normalize(text: str) -> str:
    """Return the number in capitals without blanks, or the text unchanged when it is none."""
    return canonical(parse(text), text)


def format(text: str) -> str:
    """Group as on the printed card; what is no number comes back unchanged.

    >>> format("TE1010000012345")
    'TE 1 01 0000012345'
    """
    found = parse(text)
    n = found.normalized
    return f"{n[:2]} {n[2]} {n[3:5]} {n[5:]}" if found.is_valid else text
