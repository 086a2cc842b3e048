"""Personal identification number (số định danh cá nhân, CCCD): 12 digits.

Digits 1-3 are the region of birth registration, 4 the century and sex, 5-6 the birth year, 7-12 a
random number; there is no check digit. The region keeps the 63-province codes for ever. The number
is not a source for sex or birth year: a mismatch with the record only warns, because a number can
be cancelled and issued anew.

Legal source: Law on Identity 2023 article 12; decree 70/2024/NĐ-CP; the province part from
circular 07/2016/TT-BCA annex 1 (its country annex is not held, so codes above 097 only warn).
"""

from __future__ import annotations

from functools import cache

from vnhealth.identity._base import (
    KNOWLEDGE_DATE,
    Checked,
    Context,
    canonical,
    context_date,
    digits_of,
    grouped,
    no,
    ok,
    passed,
    propose,
    require_text,
    warn,
)
from vnhealth.identity._lists import provinces, read

__all__ = ["KIND", "format", "is_valid", "normalize", "parse", "validate"]

KIND = "cccd"


@cache
def _regions() -> frozenset[str]:
    return frozenset("0" + code for code in provinces())


@cache
def _century_sex() -> dict[str, tuple[str, str]]:
    return {row["digit"]: (row["century"], row["gioi_tinh"]) for row in read("cccd_century_sex")}


def parse(text: str, context: Context | None = None) -> Checked:
    """Read a number; details are ``region``, ``sex`` (1 male, 2 female) and ``birth_year``.

    The context may hold ``sex`` (1, 2, 3), ``dob`` (yyyymmdd…) and ``as_of``. Raises
    `IdentityError` only for what is not text.

    >>> found = parse("001 101 000 123")
    >>> found.outcome, found.details["sex"], found.details["birth_year"]
    ('yes', '2', '1901')
    >>> parse("001101000123", {"sex": "1"}).codes
    ('SEX_MISMATCH',)
    """
    digits = digits_of(require_text(text, KIND), KIND)
    if isinstance(digits, Checked):
        return digits
    if len(digits) != 12:
        return _wrong_length(digits)
    if digits == digits[0] * 12:
        return no(KIND, "DEGENERATE")
    region = digits[:3]
    if region == "000":
        return no(KIND, "REGION_ZERO")
    century, sex = _century_sex()[digits[3]]
    year = century + digits[4:6]
    codes = []
    if context:
        if str(context.get("sex", "")) in ("1", "2") and str(context["sex"]) != sex:
            codes.append("SEX_MISMATCH")
        dob = str(context.get("dob", "")).replace("-", "")
        if len(dob) >= 4 and dob[:4] != year:
            codes.append("BIRTH_YEAR_MISMATCH")
    if year > _this_year(context):
        codes.append("BIRTH_YEAR_IN_FUTURE")
    if region not in _regions():
        codes.append("REGION_UNKNOWN" if region <= "097" else "REGION_IS_COUNTRY_CODE")
    if codes:
        return warn(KIND, digits, *codes, region=region, sex=sex, birth_year=year)
    return ok(KIND, digits, region=region, sex=sex, birth_year=year)


def _this_year(context: Context | None) -> str:
    day = context_date(context, "as_of") if context else None
    return f"{(day or KNOWLEDGE_DATE).year:04}"


def _wrong_length(digits: str) -> Checked:
    if len(digits) == 9:
        return no(KIND, "LOOKS_LIKE_CMND")
    if len(digits) == 11 and "0" + digits[:2] in _regions():
        return propose(KIND, "LOST_LEADING_ZERO", "0" + digits, digits)
    return no(KIND, "LENGTH")


def validate(text: str, context: Context | None = None) -> str:
    """Return the 12 digits; raise `IdentityError` (without the value) when it is no number.

    >>> validate("001.101.000.123")
    '001101000123'
    """
    return passed(parse(text, context))


def is_valid(text: str, context: Context | None = None) -> bool:
    """Tell whether the text is a number, with or without warnings."""
    return parse(text, context).outcome != "no"


def normalize(text: str) -> str:
    """Return the 12 digits, or the text unchanged when it is no number."""
    return canonical(parse(text), text)


def format(text: str) -> str:
    """Group the digits by three for reading aloud; what is no number comes back unchanged.

    >>> format("001101000123")
    '001 101 000 123'
    """
    found = parse(text)
    return grouped(found.normalized, 3, 3, 3, 3) if found.is_valid else text
