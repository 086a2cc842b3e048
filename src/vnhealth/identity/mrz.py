"""Machine-readable zone of the citizen card (TD1, three lines of 30) and of passports (TD3).

Check digits are sums with the weights 7-3-1, modulo 10. The citizen card holds the last nine digits
of the personal number as document number and all twelve as optional data; digit 4 of the number
gives the century of birth. Names in the zone have no marks and are cut: compare them by skeleton,
never store them.

Legal source: ICAO Doc 9303 parts 4 and 5 (layout and check digits); the place of the personal
number was checked on one public sample of the card, not in a text.
"""

from __future__ import annotations

import datetime as dt
import re

from vnhealth.identity import cccd
from vnhealth.identity._base import (
    Checked,
    Context,
    canonical,
    context_date,
    is_digits,
    no,
    passed,
    require_text,
)
from vnhealth.identity._scan import bare, joined

__all__ = [
    "KIND",
    "KIND_TD3",
    "check_digit",
    "format",
    "is_valid",
    "normalize",
    "parse",
    "parse_td3",
    "validate",
]

KIND = "mrz_td1"
KIND_TD3 = "mrz_td3"

_WIDTHS = {"mrz_td1": (3, 30), "mrz_td3": (2, 44)}
_ALLOWED = re.compile(r"[A-Z0-9<]*")
_VALUES = {**{str(d): d for d in range(10)}, "<": 0}
_VALUES |= {chr(ord("A") + i): 10 + i for i in range(26)}
_SEX = {"M": "1", "F": "2", "<": "3"}
_FAR_DATE = "991231"


def check_digit(field: str) -> str:
    """Return the check digit of a field of capitals, digits and ``<``.

    >>> check_digit("010305")
    '9'
    """
    return str(sum(_VALUES[c] * (7, 3, 1)[i % 3] for i, c in enumerate(field)) % 10)


def parse(text: str, context: Context | None = None) -> Checked:
    r"""Read the zone of a citizen card; details are ``id``, ``dob``, ``sex``, ``exp``, ``name``.

    Lines may be parted by line ends or written as 90 characters. The context may hold ``as_of``.
    Raises `IdentityError` only for what is not text.

    >>> found = parse("IDVNM0010001237001001000123<<8\n"
    ...               "0103059M3103050VNM<<<<<<<<<<<2\n"
    ...               "NGUYEN<<VAN<THU<<<<<<<<<<<<<<<")
    >>> found.codes, found.details["dob"]
    (('OK',), '1901-03-05')
    """
    lines = _lines(require_text(text, KIND), KIND)
    if isinstance(lines, Checked):
        return lines
    first, second, third = lines
    number = first[15:27]
    if not first.startswith("ID"):
        return no(KIND, "DOCUMENT_TYPE")
    if first[2:5] != "VNM":
        return no(KIND, "ISSUER")
    if not is_digits(number) or not cccd.is_valid(number):
        return no(KIND, "PERSONAL_NUMBER")
    composite = first[5:30] + second[0:7] + second[8:15] + second[18:29]
    failed = (
        _failed(first[5:14], first[14], "CHECK_DOCUMENT_NUMBER")
        or ("" if number.endswith(first[5:14]) else "NUMBER_TAIL_MISMATCH")
        or _failed(first[15:29], first[29], "CHECK_OPTIONAL")
        or _failed(second[0:6], second[6], "CHECK_DOB")
        or _failed(second[8:14], second[14], "CHECK_EXPIRY")
        or _failed(composite, second[29], "CHECK_COMPOSITE")
        or ("" if second[7] in _SEX else "SEX")
    )
    if failed:
        return no(KIND, failed)
    century = cccd.parse(number).details["birth_year"][:2]
    dob = _date(century, second[0:6])
    if not dob:
        return no(KIND, "DOB")
    expiry = second[8:14]
    if not _date("20", expiry):
        return no(KIND, "EXPIRY")
    read = {
        "id": number,
        "dob": dob,
        "sex": _SEX[second[7]],
        "exp": expiry,
        "name": _name(third),
    }
    asked = {"sex": read["sex"], "dob": dob, "as_of": (context or {}).get("as_of")}
    kept = ("SEX_MISMATCH", "BIRTH_YEAR_MISMATCH", "BIRTH_YEAR_IN_FUTURE")
    codes = [code for code in cccd.parse(number, asked).codes if code in kept]
    if expiry == _FAR_DATE:
        codes.append("NO_EXPIRY")
    if codes:
        return Checked(KIND, joined(read), "warn", tuple(codes), "", read)
    return Checked(KIND, joined(read), "yes", ("OK",), "", read)


def parse_td3(text: str, context: Context | None = None) -> Checked:
    r"""Read the zone of a passport; details are ``number``, ``issuer``, ``nationality``, ``dob``,
    ``sex``, ``exp``, ``name``, ``optional``.

    The zone has two digits of the birth year. The century comes from the personal number when the
    optional data of a Vietnamese passport is one, else it is the latest that is not behind
    ``as_of`` of the context (absent: behind the expiry), with CENTURY_INFERRED.

    >>> found = parse_td3("P<VNMNGUYEN<<VAN<THU<<<<<<<<<<<<<<<<<<<<<<<<\n"
    ...                   "Z0000001<8VNM0103059M3103050<<<<<<<<<<<<<<04")
    >>> found.code, found.details["dob"]
    ('CENTURY_INFERRED', '2001-03-05')
    """
    lines = _lines(require_text(text, KIND_TD3), KIND_TD3)
    if isinstance(lines, Checked):
        return lines
    first, second = lines
    if first[0] != "P":
        return no(KIND_TD3, "DOCUMENT_TYPE")
    optional = second[28:42]
    composite = second[0:10] + second[13:20] + second[21:43]
    failed = (
        _failed(second[0:9], second[9], "CHECK_DOCUMENT_NUMBER")
        or _failed(second[13:19], second[19], "CHECK_DOB")
        or _failed(second[21:27], second[27], "CHECK_EXPIRY")
        or ("" if second[42] == "<" and not optional.strip("<") else None)
    )
    if failed is None:
        failed = _failed(optional, second[42], "CHECK_OPTIONAL")
    failed = failed or _failed(composite, second[43], "CHECK_COMPOSITE")
    failed = failed or ("" if second[20] in _SEX else "SEX")
    if failed:
        return no(KIND_TD3, failed)
    century, inferred = _century(second, context)
    dob = _date(century, second[13:19])
    if not dob:
        return no(KIND_TD3, "DOB")
    if not _date("20", second[21:27]):
        return no(KIND_TD3, "EXPIRY")
    read = {
        "number": second[0:9].rstrip("<"),
        "issuer": first[2:5].rstrip("<"),
        "nationality": second[10:13].rstrip("<"),
        "dob": dob,
        "sex": _SEX[second[20]],
        "exp": second[21:27],
        "name": _name(first[5:]),
    }
    code = "CENTURY_INFERRED" if inferred else "OK"
    details = {**read, "optional": optional.strip("<")}
    return Checked(KIND_TD3, joined(read), "yes", (code,), "", details)


def _century(second: str, context: Context | None) -> tuple[str, bool]:
    """Return the century of birth as two digits, and whether it is a guess."""
    own = second[28:42].rstrip("<")
    if second[10:13] == "VNM" and cccd.is_valid(own):
        year = cccd.parse(own).details["birth_year"]
        if year[2:] == second[13:15]:
            return year[:2], False
    today = context_date(context, "as_of")
    limit = today.isoformat() if today else _date("20", second[21:27])
    return ("20" if _date("20", second[13:19]) <= limit else "19"), True


def _lines(text: str, kind: str) -> tuple[str, ...] | Checked:
    """Return the lines in capitals, or what is wrong with their number, width or characters."""
    count, width = _WIDTHS[kind]
    text = bare(text)
    if not text:
        return no(kind, "EMPTY")
    lines = [line.strip() for line in text.split("\n")]
    if len(lines) == 1 and len(text) == count * width:
        lines = [text[start : start + width] for start in range(0, len(text), width)]
    lines = [line.upper() if line.isascii() else line for line in lines if line]
    other, other_width = _WIDTHS[KIND_TD3 if kind == KIND else KIND]
    if len(lines) == other and all(len(line) == other_width for line in lines):
        return no(kind, "IS_TD3_PASSPORT" if kind == KIND else "IS_TD1_CARD")
    if len(lines) != count:
        return no(kind, "LINES")
    if any(len(line) != width for line in lines):
        return no(kind, "LINE_LENGTH")
    if not all(_ALLOWED.fullmatch(line) for line in lines):
        return no(kind, "BAD_CHARACTER")
    return tuple(lines)


def _failed(field: str, digit: str, code: str) -> str:
    return "" if check_digit(field) == digit else code


def _date(century: str, yymmdd: str) -> str:
    """Return the ISO date, year or month alone when the rest is ``<`` or 00; empty when none."""
    year, month, day = century + yymmdd[:2], yymmdd[2:4], yymmdd[4:6]
    if not is_digits(year):
        return ""
    if month in ("<<", "00") and day in ("<<", "00"):
        return year
    if not is_digits(month + day):
        known = is_digits(month) and "01" <= month <= "12" and day == "<<"
        return f"{year}-{month}" if known else ""
    try:
        return dt.date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return ""


def _name(field: str) -> str:
    return " ".join(field.replace("<", " ").split())


def _either(text: str, context: Context | None) -> Checked:
    """Read a card, or a passport when the text has its two lines."""
    found = parse(text, context)
    return parse_td3(text, context) if found.code == "IS_TD3_PASSPORT" else found


def validate(text: str, context: Context | None = None) -> str:
    r"""Return ``id=…;dob=…;sex=…;exp=…;name=…`` of a card, or the parts of a passport.

    Raises `IdentityError` (without the value) when the zone is neither.

    >>> validate("IDVNM0010001237001001000123<<80103059M3103050VNM<<<<<<<<<<<2H<<MAU" + "<" * 24)
    'id=001001000123;dob=1901-03-05;sex=1;exp=310305;name=H MAU'
    """
    return passed(_either(text, context))


def is_valid(text: str, context: Context | None = None) -> bool:
    """Tell whether the text is the zone of a citizen card or of a passport.

    >>> is_valid("IDVNM0010001237001001000123<<8")
    False
    """
    return _either(text, context).is_valid


def normalize(text: str, context: Context | None = None) -> str:
    """Return the parts as `validate` does, or the text unchanged when it is no such zone.

    >>> normalize("abc")
    'abc'
    """
    return canonical(_either(text, context), text)


def format(text: str, context: Context | None = None) -> str:
    """Return the lines in capitals, one below the other; what is no zone comes back unchanged.

    >>> zone = "idvnm0010001237001001000123<<80103059m3103050vnm<<<<<<<<<<<2H<<MAU"
    >>> print(format(zone + "<" * 24))
    IDVNM0010001237001001000123<<8
    0103059M3103050VNM<<<<<<<<<<<2
    H<<MAU<<<<<<<<<<<<<<<<<<<<<<<<
    """
    found = _either(text, context)
    if not found.is_valid:
        return text
    lines = _lines(text, found.kind)
    return text if isinstance(lines, Checked) else "\n".join(lines)
