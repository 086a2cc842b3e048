"""Practitioner licence number: ``number/ISSUER-TYPE``.

Types are CCHN (certificate), GPHN (licence since decree 96/2023) and CCHND (pharmacy practice,
which cannot prescribe). Leading zeros belong to the number; nothing is padded; issuers are not
listed anywhere that was read, so any letters will do.

Legal source: decree 96/2023/NĐ-CP (GPHN); notes on MA_BAC_SI and NGUOI_THUC_HIEN of decision
4750/QĐ-BYT (lists, lent staff, staff without a licence). The usual lengths are counted practice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from vnhealth.identity._base import (
    Checked,
    Context,
    canonical,
    clean,
    has_other_digit,
    is_digits,
    no,
    ok,
    passed,
    require_text,
    upper,
    warn,
)

__all__ = [
    "KIND",
    "Practitioner",
    "format",
    "is_valid",
    "normalize",
    "parse",
    "parse_practitioners",
    "validate",
]

KIND = "licence"
_TYPES = frozenset(("CCHN", "GPHN", "CCHND"))
_ISSUER = re.compile("[A-ZĐ]{2,8}")
_SPLIT = re.compile(r"[\s\-]+")
_ITEM = re.compile(r"([^()]*?)(?:\.C\.([0-9A-Za-z]{5}))?(?:\(([^()]*)\))?")


def parse(text: str, context: Context | None = None) -> Checked:
    """Read one licence number; details are ``number``, ``issuer`` and ``type``.

    >>> parse("000999 / byt – cchn").normalized
    '000999/BYT-CCHN'
    >>> parse("9999/BYT-CCHND").codes
    ('PHARMACY_LICENCE',)
    """
    value = upper(clean(require_text(text, KIND)))
    if not value:
        return no(KIND, "EMPTY")
    if has_other_digit(value):
        return no(KIND, "NON_ASCII_DIGIT")
    number, slash, rest = (part.strip() for part in value.partition("/"))
    if not slash:
        return no(KIND, "NUMBER_ONLY" if is_digits(value) else "NO_SLASH")
    issuer, *types = _SPLIT.split(rest)
    if not is_digits(number) or not _ISSUER.fullmatch(issuer) or len(types) > 1:
        return no(KIND, "SHAPE")
    if not types or (types[0] not in _TYPES and types[0].isalpha()):
        return no(KIND, "NO_TYPE")
    if types[0] not in _TYPES:
        return no(KIND, "SHAPE")
    if len(number) > 7:
        return no(KIND, "NUMBER_TOO_LONG")
    if not number.strip("0"):
        return no(KIND, "NUMBER_ZERO")
    normal = f"{number}/{issuer}-{types[0]}"
    details = {"number": number, "issuer": issuer, "type": types[0]}
    if types[0] == "CCHND":
        return warn(KIND, normal, "PHARMACY_LICENCE", **details)
    if len(number) < 6:
        return warn(KIND, normal, "UNUSUAL_NUMBER_LENGTH", **details)
    return ok(KIND, normal, **details)


@dataclass(frozen=True, slots=True, repr=False)
class Practitioner:
    """One item of MA_BAC_SI or NGUOI_THUC_HIEN.

    ``licence`` is None when only an internal code is given; with both, the licence is the
    supervisor's. ``lent_to`` is the facility behind ``.C.`` for staff working elsewhere.
    """

    licence: Checked | None
    lent_to: str
    internal: str


def parse_practitioners(text: str) -> tuple[Practitioner, ...]:
    """Read the ``;`` list of a practitioner field; items that fit nothing have a bad licence.

    >>> a, b = parse_practitioners("999990/BYT-CCHN.C.01901;999991/BYT-CCHN(NV07)")
    >>> a.lent_to, b.internal, b.licence.normalized
    ('01901', 'NV07', '999991/BYT-CCHN')
    >>> parse_practitioners("(NV07)")[0].licence is None
    True
    """
    found = []
    for item in require_text(text, KIND).split(";"):
        match = _ITEM.fullmatch(item.strip())
        licence, lent, internal = match.groups() if match else (item, None, None)
        if not item.strip():
            continue
        checked = parse(licence) if licence.strip() or internal is None else None
        found.append(Practitioner(checked, lent or "", (internal or "").strip()))
    return tuple(found)


def validate(text: str, context: Context | None = None) -> str:
    """Return ``number/ISSUER-TYPE``; raise `IdentityError` (without the value) otherwise."""
    return passed(parse(text, context))


def is_valid(text: str, context: Context | None = None) -> bool:
    """Tell whether the text is one licence number, with or without warnings."""
    return parse(text, context).outcome != "no"


def normalize(text: str) -> str:
    """Return ``number/ISSUER-TYPE``, or the text unchanged when it is no licence number."""
    return canonical(parse(text), text)


def format(text: str) -> str:
    """Return the number as printed; other text comes back unchanged.

    >>> format("999990 / byt cchn")
    '999990/BYT-CCHN'
    """
    return normalize(text)
