"""Shapes of the codes that point into catalogues: services, drugs, beds, devices, departments.

Shape only: whether a code is listed on a date is the business of `vnhealth.catalogs`. All of them
are text; ``40.1``, ``40.10`` and ``40.100`` are three drugs. Outcomes and codes are those of the
other identifiers; success may carry a code that says which shape it was.

Legal source: annexes of decision 4750/QĐ-BYT (MA_DICH_VU, MA_THUOC, MA_GIUONG, MA_MAY, SO_DANG_KY,
TT_THAU); decision 3176/QĐ-BYT (suffix ``_TT``); circular 23/2024/TT-BYT (technique numbers);
decision 1804/QĐ-BYT 2026 (departments). Joint and day-unit departments are practice of vendors.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from vnhealth.identity._base import (
    Checked,
    Context,
    clean,
    has_other_digit,
    is_digits,
    is_null_word,
    no,
    ok,
    propose,
    require_text,
    spreadsheet_damage,
    upper,
    warn,
)
from vnhealth.identity._lists import read

__all__ = [
    "parse_dvkt",
    "parse_ma_giuong",
    "parse_ma_khoa",
    "parse_ma_ky_thuat_tt23",
    "parse_ma_may",
    "parse_ma_thuoc",
    "parse_so_dang_ky",
    "parse_tt_thau",
]

_SERVICE = re.compile(
    r"([0-9]{2})\.([0-9]{4}|[0-9]{3}[A-Za-z])\.([0-9]{4})"
    r"(?:_(GT|TB|TT))?(?:\.K\.([0-9A-Z]{5}))?",
    re.IGNORECASE | re.ASCII,
)
_SERVICE_SUFFIX = {"GT": "ANAESTHESIA", "TB": "FAILED_ATTEMPT", "TT": "NO_PRICE_3176"}
_TRANSPORT = re.compile(r"VC\.[0-9A-Z]{5}")
_SHORT_SERVICE = re.compile(r"([0-9]{1,2})\.([0-9]{1,4})\.([0-9]{4})")
_TECHNIQUE = re.compile(r"(BS_)?([1-9][0-9]?\.[1-9][0-9]*)([a-z]?)")
_PADDED_TECHNIQUE = re.compile(r"(0[1-9]|[1-9][0-9])\.(0[0-9]{3})")
_CHEMICAL = re.compile(r"40\.[1-9][0-9]*(?:\.(?:KT|NAT|KTNAT))?")
_HERBAL = re.compile(r"05[CV]\.[1-9][0-9]*")
_FROM_OUTSIDE = re.compile(r"(?:VM|BB)\.[0-9A-Z]{5}")
_DRUG_PREFIX = re.compile(r"(?:40|05[CV])\.?")
_DRUG_ZERO = re.compile(r"(?:40|05[CV])\.0[0-9]*")
_BED = re.compile("[HTCK][0-9]{3}")
_DEVICE_GROUP = re.compile("[A-ZĐ]{2,3}")
_OLD_REGISTRATION = re.compile("[A-Z]{2,6}[0-9]?-[0-9]{1,6}-[0-9]{2}")
_SELF_MADE = re.compile(r"(?:HD|CP|VT)\.[0-9A-Z]{5}\.[0-9]{2}\.[0-9]+")
_NO_HYPHEN = re.compile("[A-Z]{2,6}[0-9]{5,8}")
_TENDER_SIZE = {"drug": 50, "supply": 25}


def _opened(text: str, kind: str) -> str | Checked:
    value = clean(require_text(text, kind))
    if not value:
        return no(kind, "EMPTY")
    return no(kind, "NON_ASCII_DIGIT") if has_other_digit(value) else value


def parse_dvkt(text: str, context: Context | None = None) -> Checked:
    """Read a service code ``CC.KKKK.GGGG`` of the XML tables, with its additions.

    >>> parse_dvkt("01.0001.1778_gt").normalized, parse_dvkt("27.208B.0459").normalized
    ('01.0001.1778_GT', '27.208b.0459')
    >>> parse_dvkt("1.1.1778").suggestion
    '01.0001.1778'
    """
    kind = "dvkt"
    value = _opened(text, kind)
    if isinstance(value, Checked):
        return value
    if spreadsheet_damage(value) == "SCIENTIFIC":
        return no(kind, "SCIENTIFIC")
    for char, code in ((";", "LIST"), (",", "COMMA")):
        if char in value:
            return no(kind, code)
    if len(value.split()) > 1:
        return no(kind, "INNER_SPACE")
    if _TRANSPORT.fullmatch(upper(value)):
        return ok(kind, upper(value), "TRANSPORT")
    match = _SERVICE.fullmatch(value)
    if match is None:
        return _wrong_service(value)
    chapter, technique, price, suffix, elsewhere = match.groups()
    normal, codes = f"{chapter}.{technique.lower()}.{price}", []
    if suffix:
        normal += "_" + suffix.upper()
        codes.append(_SERVICE_SUFFIX[suffix.upper()])
    if elsewhere:
        normal += ".K." + elsewhere.upper()
        codes.append("SENT_OUT")
    if price == "0000":
        codes.append("PRICE_ZERO")
    if not technique.isdigit():
        codes.append("LETTER_IN_TECHNIQUE")
    details = {"chapter": chapter, "technique": technique.lower(), "price": price}
    return Checked(kind, normal, "yes", tuple(codes) or ("OK",), "", details)


def _wrong_service(value: str) -> Checked:
    kind = "dvkt"
    short = _SHORT_SERVICE.fullmatch(value)
    if short:
        chapter, technique, price = short.groups()
        padded = f"{chapter.zfill(2)}.{technique.zfill(4)}.{price}"
        return propose(kind, "LOST_LEADING_ZERO", padded, value)
    if is_digits(value):
        dotted = f"{value[:2]}.{value[2:6]}.{value[6:]}"
        return propose(kind, "DOTS_MISSING", dotted, value)
    if re.fullmatch(r"[0-9]{1,2}\.[0-9]{1,4}[a-z]?", value):
        return no(kind, "PRICE_PART_MISSING")
    return no(kind, "SHAPE")


def parse_ma_ky_thuat_tt23(text: str, context: Context | None = None) -> Checked:
    """Read a technique number ``c.n`` of circular 23/2024, never padded.

    >>> parse_ma_ky_thuat_tt23("bs_1.390").normalized
    'BS_1.390'
    >>> parse_ma_ky_thuat_tt23("01.0009").suggestion
    '1.9'
    """
    kind = "ma_ky_thuat_tt23"
    value = _opened(text, kind)
    if isinstance(value, Checked):
        return value
    for char, code in ((";", "LIST"), (",", "COMMA")):
        if char in value:
            return no(kind, code)
    if value[:3].upper() == "BS_":
        value = "BS_" + value[3:]
    match = _TECHNIQUE.fullmatch(value)
    if match:
        added, _, letter = match.groups()
        return ok(kind, value, "ADDED" if added else "LETTER" if letter else "OK")
    padded = _PADDED_TECHNIQUE.fullmatch(value)
    if padded:
        return no(kind, "PADDED_FORM", f"{int(padded[1])}.{int(padded[2])}")
    return no(kind, "DOT_MISSING" if is_digits(value) else "SHAPE")


def parse_ma_thuoc(text: str, context: Context | None = None) -> Checked:
    """Read a drug code; parts of a combination keep the order of the approval.

    >>> parse_ma_thuoc("40.30 + 40.155").normalized, parse_ma_thuoc("05c.10").codes
    ('40.30+40.155', ('YHCT',))
    """
    kind = "ma_thuoc"
    value = _opened(text, kind)
    if isinstance(value, Checked):
        return value
    for char, code in ((";", "LIST"), (",", "COMMA")):
        if char in value:
            return no(kind, code)
    parts = [part.strip() for part in upper(value).split("+")]
    if not all(parts):
        return no(kind, "EMPTY_PART")
    normal = "+".join(parts)
    if len(normal.split()) > 1:
        return no(kind, "INNER_SPACE")
    if normal == "00.0000":
        return warn(kind, normal, "OUT_OF_LIST")
    if _FROM_OUTSIDE.fullmatch(normal):
        return ok(kind, normal, "EXT")
    kinds = set()
    for part in parts:
        if _CHEMICAL.fullmatch(part):
            kinds.add("CHEM")
        elif _HERBAL.fullmatch(part):
            kinds.add("YHCT")
        elif _DRUG_PREFIX.fullmatch(part):
            return no(kind, "NUMBER_MISSING")
        else:
            return no(kind, "ZERO_IN_NUMBER" if _DRUG_ZERO.fullmatch(part) else "SHAPE")
    if len(set(parts)) < len(parts):
        return warn(kind, normal, "REPEATED_PART")
    return ok(kind, normal, kinds.pop()) if len(kinds) == 1 else warn(kind, normal, "MIXED_KINDS")


def parse_ma_giuong(text: str, context: Context | None = None) -> Checked:
    """Read a bed code: H planned, T extra, C chosen, K stretcher; a ``;`` list is allowed.

    >>> parse_ma_giuong("h001; T012").normalized
    'H001;T012'
    """
    kind = "ma_giuong"
    value = _opened(text, kind)
    if isinstance(value, Checked):
        return value
    items = [item.strip() for item in upper(value).split(";")]
    for item in items:
        if not item:
            return no(kind, "EMPTY_ITEM")
        if not _BED.fullmatch(item):
            return no(kind, "SHAPE")
        if item.endswith("000"):
            return no(kind, "NUMBER_ZERO")
    return ok(kind, ";".join(items), "LIST" if len(items) > 1 else "OK")


def parse_ma_may(text: str, context: Context | None = None) -> Checked:
    """Read a device code ``GROUP.funding.facility.serial``; the serial stays as it is.

    Funding is 1 state, 2 socialised, 3 other. Only the first three dots part the code.

    >>> parse_ma_may("SH.1.01901.S1.2").details["serial"]
    'S1.2'
    """
    kind = "ma_may"
    value = unicodedata.normalize("NFC", require_text(text, kind).strip())
    if is_null_word(value):
        return no(kind, "EMPTY")
    if not value.isprintable():
        return no(kind, "SHAPE")
    group, *rest = value.split(".", 3)
    if len(rest) < 2:
        return no(kind, "SHAPE")
    if not _DEVICE_GROUP.fullmatch(group):
        capital = upper(group)
        if _DEVICE_GROUP.fullmatch(capital):
            return propose(kind, "LOWER_CASE_GROUP", ".".join((capital, *rest)), value)
        return no(kind, "GROUP")
    funding, facility = rest[0], rest[1]
    if funding not in ("1", "2", "3"):
        return no(kind, "FUNDING")
    if len(facility) != 5 or not (facility.isascii() and facility.isalnum()):
        return no(kind, "FACILITY")
    serial = rest[2].strip() if len(rest) == 3 else ""
    if not serial:
        return no(kind, "SERIAL_MISSING")
    details = {"group": group, "funding": funding, "facility": facility, "serial": serial}
    normal = ".".join((group, funding, facility, serial))
    if ";" in serial:
        return warn(kind, normal, "SERIAL_LIST", **details)
    return ok(kind, normal, **details)


@cache
def _departments() -> frozenset[str]:
    return frozenset(row["code"] for row in read("departments_1804"))


def parse_ma_khoa(text: str, context: Context | None = None) -> Checked:
    """Read one department code ``Knn`` or ``Knn.n``; joint and day units only warn.

    >>> parse_ma_khoa("k16.1").codes, parse_ma_khoa("K1").suggestion
    (('SUBCODE',), 'K01')
    """
    kind = "ma_khoa"
    value = _opened(text, kind)
    if isinstance(value, Checked):
        return value
    if ";" in value:
        return no(kind, "LIST")
    value = upper(value)
    if re.fullmatch("K[0-9]{2}", value):
        if value == "K00":
            return no(kind, "ZERO")
        return ok(kind, value) if value in _departments() else warn(kind, value, "NOT_IN_1804")
    if re.fullmatch(r"K[0-9]{2}\.[0-9]", value):
        if value in _departments():
            return ok(kind, value, "SUBCODE")
        return warn(kind, value, "SUBCODE_NOT_IN_1804")
    if re.fullmatch("K(?:[0-9]{2}){2,3}", value):
        return warn(kind, value, "JOINT_DEPARTMENT")
    if re.fullmatch(r"K[0-9]{2}\.D[0-9]{2}", value):
        return warn(kind, value, "DAY_UNIT_SHAPE")
    if re.fullmatch("K[1-9]", value):
        return no(kind, "LOST_LEADING_ZERO", "K0" + value[1])
    return no(kind, "SHAPE")


def parse_so_dang_ky(text: str, context: Context | None = None) -> Checked:
    """Read a drug registration number; permits and certificates of other shapes only warn.

    >>> parse_so_dang_ky("vd–99999–26").normalized
    'VD-99999-26'
    """
    kind = "so_dang_ky"
    value = _opened(text, kind)
    if isinstance(value, Checked):
        return value
    found = spreadsheet_damage(value)
    if found:
        return no(kind, found)
    value = upper(value)
    if len(value.split()) > 1:
        return no(kind, "INNER_SPACE")
    if is_digits(value):
        return ok(kind, value, "NEW_12") if len(value) == 12 else no(kind, "LENGTH")
    if _OLD_REGISTRATION.fullmatch(value):
        return ok(kind, value, "OLD_SHAPE")
    if _SELF_MADE.fullmatch(value):
        return ok(kind, value, "SELF_MADE")
    if _NO_HYPHEN.fullmatch(value):
        return no(kind, "HYPHEN_MISSING")
    readable = value.isprintable() and upper(clean(value)) == value
    return warn(kind, value, "UNUSUAL") if readable else no(kind, "SHAPE")


def parse_tt_thau(text: str, context: Context | None = None) -> Checked:
    """Read tender information ``decision;Gn;Nn;year``; ``kind`` of the context: drug or supply.

    Drugs may add the contractor ``Gn.nn`` and take 50 characters; supplies take 25 and, before
    circular 14/2020, had no group.

    >>> parse_tt_thau("57/QĐ-TTMS; G1; N1; 2022").normalized
    '57/QĐ-TTMS;G1;N1;2022'
    """
    kind = "tt_thau"
    value = _opened(text, kind)
    if isinstance(value, Checked):
        return value
    goods = "supply" if (context or {}).get("kind") == "supply" else "drug"
    decision, *rest = (part.strip() for part in value.split(";"))
    if not decision or not all(rest):
        return no(kind, "EMPTY_PART")
    if not decision.isprintable() or clean(decision) != decision:
        return no(kind, "SHAPE")
    rest = [upper(part) for part in rest]
    size = len(rest)
    if size != 3 and not (size == 4 and goods == "drug") and not (size == 2 and goods == "supply"):
        return no(kind, "PARTS")
    package, group, year = rest[0], rest[1] if size > 2 else "N0", rest[min(size, 3) - 1]
    if not re.fullmatch("G[0-9]+", package):
        return no(kind, "PACKAGE")
    if not re.fullmatch("(?:19|20)[0-9]{2}", year):
        return no(kind, "YEAR")
    if not re.fullmatch("N[0-9]+", group):
        return no(kind, "GROUP")
    if size == 4 and not re.fullmatch(r"G[0-9]+\.[0-9]{2}", rest[3]):
        return no(kind, "CONTRACTOR")
    normal = ";".join((decision, *rest))
    return ok(kind, normal) if len(normal) <= _TENDER_SIZE[goods] else no(kind, "TOO_LONG")
