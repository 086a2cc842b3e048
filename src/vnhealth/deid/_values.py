"""From one value to the text that may leave, or the reason why nothing leaves.

Every function here is pure: value in, text or `Refused` out. The form of the policy row is tested
behind them, so a mistake in one of them drops a value and never lets one through.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from typing import Any

from vnhealth.deid._tables import Withheld, is_rare
from vnhealth.identity import facility5, icd10
from vnhealth.identity.catalogue_codes import parse_dvkt, parse_ma_thuoc
from vnhealth.identity.provinces import province_successor
from vnhealth.localtime import LocalTime
from vnhealth.models import same_meaning

__all__ = [
    "FORM",
    "LISTED",
    "Refused",
    "Value",
    "as_number",
    "as_text",
    "capped",
    "diagnoses",
    "first_of",
    "generalisation",
    "items_of",
    "kept_back",
    "number_text",
    "rounded_significant",
    "rounded_step",
    "translated",
    "without_diacritics",
]

Value = Any
Transform = Callable[[Value], str]

FORM = "DEID-01"
TOO_LONG = "DEID-02"
WITHHELD = "DEID-05"
LISTED = "DEID-06"
ROW = "DEID-09"

_CONTEXT = Context(prec=40)
_NUMBER = re.compile(r"-?[0-9]{1,15}(?:[.][0-9]{1,10})?", re.ASCII)
_PLAIN = re.compile(r"[1-9][0-9]{0,14}(?:[.][0-9]{1,10})?", re.ASCII)
_COMMA = re.compile(r"(-?[0-9]{1,12}),([0-9]{1,2})", re.ASCII)
_SPLIT = re.compile(r"[;,/+\s]+")
_BLOOD = re.compile(r"(AB|A|B|O)\s*(?:RH)?\s*(?:[+-]|\([+-]\))?")
_SUPPLY = re.compile(r"(N[0-9]{2}[.][0-9]{2}[.][0-9]{3})(?:[.;].*)?", re.ASCII | re.DOTALL)
_YHCT = re.compile(r"U[0-9]{2}(?:[.][0-9]{1,3}){0,2}", re.ASCII)
_SHORT_TECHNIQUE = re.compile(r"([0-9]{1,2})[.]([0-9]{1,4})", re.ASCII)
_OUTSIDE = re.compile(r"(VM|BB)[.][0-9A-Z]{5}", re.ASCII)
_TRANSPORT = re.compile(r"VC[.]([0-9]{2})[0-9A-Z]{3}", re.ASCII)
_RESULTS = {
    "am tinh": "NEG",
    "neg": "NEG",
    "negative": "NEG",
    "(-)": "NEG",
    "-": "NEG",
    "duong tinh": "POS",
    "pos": "POS",
    "positive": "POS",
    "(+)": "POS",
    "+": "POS",
}
_SENT_OUT = re.compile(r"\.K\.[0-9A-Z]{5}$", re.ASCII)


class Refused(Exception):
    """Nothing of the value may leave; ``code`` says why. Carries no value."""

    def __init__(self, code: str = FORM) -> None:
        super().__init__(code)
        self.code = code


def as_text(value: Value) -> str:
    """The text of a value of a record, trimmed. Refuses what no record can hold.

    >>> as_text(" A1 "), as_text(LocalTime.parse("20260801"))
    ('A1', '20260801')
    """
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, LocalTime):
        return value.text
    if isinstance(value, int | Decimal):
        return number_text(as_number(value))
    raise Refused


def as_number(value: Value) -> Decimal:
    """A finite number of sane size. A comma counts as the decimal point only when it can be nothing
    else.

    >>> as_number("5,4"), as_number(3)
    (Decimal('5.4'), Decimal('3'))
    """
    if isinstance(value, str):
        text = value.strip()
        comma = _COMMA.fullmatch(text)
        if comma:
            text = f"{comma[1]}.{comma[2]}"
        if not _NUMBER.fullmatch(text):
            raise Refused
        return Decimal(text)
    if isinstance(value, bool):
        raise Refused
    if isinstance(value, int):
        if not -(10**18) < value < 10**18:
            raise Refused
        return Decimal(value)
    if isinstance(value, Decimal) and value.is_finite() and -20 < value.adjusted() < 18:
        return value
    raise Refused


def number_text(number: Decimal) -> str:
    """Plain digits without trailing zeros behind the point: one number, one text.

    >>> number_text(Decimal("80.00")), number_text(Decimal("1E+3"))
    ('80', '1000')
    """
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def rounded_significant(value: Value, digits: int) -> str:
    """Rounded half to even to so many significant digits, whole.

    >>> rounded_significant(Decimal("1234567.80"), 3), rounded_significant(Decimal("9996"), 3)
    ('1230000', '10000')
    """
    number = as_number(value)
    if number.adjusted() < digits - 1:
        return number_text(Decimal(format(number, ".0f")))
    mantissa, _, exponent = format(number, f".{digits - 1}E").partition("E")
    return mantissa.replace(".", "") + "0" * (int(exponent) - digits + 1)


def rounded_step(value: Value, step: int, ceiling: int | None, *, down: bool = False) -> str:
    """Rounded to a multiple of ``step`` (half up, or down), at most ``ceiling``.

    >>> rounded_step("58.50", 1, 120), rounded_step(Decimal(3149), 100, None)
    ('59', '3100')
    """
    if step < 1:
        raise Refused
    number = _CONTEXT.divide(as_number(value), Decimal(step))
    rounding = ROUND_FLOOR if down else ROUND_HALF_UP
    found = number.quantize(Decimal(1), rounding, _CONTEXT) * step
    if ceiling is not None:
        found = min(found, Decimal(ceiling))
    return number_text(found)


def capped(value: Value, ceiling: int) -> str:
    """A whole number, at most ``ceiling``.

    >>> capped(7, 5), capped("1", 5)
    ('5', '1')
    """
    number = as_number(value)
    if number != number.to_integral_value():
        raise Refused
    return number_text(min(number, Decimal(ceiling)))


def items_of(text: str, most: int, *, ordered: bool) -> tuple[str, bool]:
    """The first ``most`` items of a ``;`` list, each once; sorted unless their order matters.

    >>> items_of("99.92; 93.12;99.92", 5, ordered=False), items_of("K27;K01;K02", 2, ordered=True)
    (('93.12;99.92', False), ('K27;K01', True))
    """
    items = list(dict.fromkeys(item.strip() for item in text.split(";") if item.strip()))
    if not items:
        raise Refused
    kept = items[:most] if ordered else sorted(items[:most])
    return ";".join(kept), len(items) > most


def without_diacritics(text: str) -> str:
    """The letters without their marks, đ as d.

    >>> without_diacritics("Âm tính")
    'Am tinh'
    """
    plain = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(c for c in plain if not unicodedata.combining(c))


def first_of(text: str) -> tuple[str, bool]:
    """The first item of a ``;`` list, and whether others were left out.

    >>> first_of("20260801;20260901"), first_of(" K01")
    (('20260801', True), ('K01', False))
    """
    items = [item.strip() for item in text.split(";") if item.strip()]
    if not items:
        raise Refused
    return items[0], len(items) > 1


def diagnoses(text: str, form: str, rare: int, most: int) -> tuple[str, bool]:
    """Normalised, rare ones cut to ``rare`` characters, each once, the first ``most`` of them
    sorted; whether some are left out.

    >>> diagnoses("j189; Q90.9;J18.9;A09", "icds", 3, 2)
    ('J18.9;Q90', True)
    """
    found: list[str] = []
    lost = False
    for item in text.split(";"):
        if not item.strip():
            continue
        if form == "yhct":
            code = item.strip().upper()
            if not _YHCT.fullmatch(code):
                lost = True
                continue
        else:
            code = icd10.parse(item).normalized
            if not code:
                lost = True
                continue
            if rare and is_rare(code):
                code = code[:rare]
        if code not in found:
            found.append(code)
    if not found:
        raise Refused
    if form == "icd":
        return found[0], lost or len(found) > 1
    return ";".join(sorted(found[:most])), lost or len(found) > most


def kept_back(text: str, held: Withheld) -> str:
    """The effect of the strongest kept-back code anywhere in a text; empty when there is none.

    Looks at every item however it is parted or written, so that a badly written code is found too.

    >>> from vnhealth.deid._tables import withheld
    >>> kept_back("I10, b20.1 (HIV)", withheld("hiv", "icd")), kept_back("I10", withheld("hiv",
    ...     "icd"))
    ('encounter', '')
    """
    strongest = ""
    for item in _SPLIT.split(text):
        code = item.strip("()[]*†.:-").upper()
        effect = held.effect(code)
        if not effect and held.kind == "icd" and len(code) > 3 and "." not in code:
            effect = held.effect(f"{code[:3]}.{code[3:]}")
        if not effect and held.kind == "service":
            short = _SHORT_TECHNIQUE.fullmatch(code)
            effect = held.effect(f"{short[1]:0>2}.{short[2]:0>4}") if short else ""
        if effect == "encounter":
            return effect
        strongest = strongest or effect
    return strongest


def translated(text: str, vocabulary: str) -> str:
    """The code of the 130 family for a code of 4210 with exactly the same meaning."""
    code = same_meaning(vocabulary, text, "4210", "130")
    if not code:
        raise Refused
    return code


def _blood(text: str) -> str:
    found = _BLOOD.fullmatch(text.upper())
    if found is None:
        raise Refused
    return found[1]


def _nation(text: str) -> str:
    if text in ("000", "VN"):
        return "VN"
    if not (text.isascii() and text.isalnum() and len(text) <= 3):
        raise Refused
    return "KHAC"


def _ethnic(text: str) -> str:
    if not (text.isascii() and text.isdigit() and len(text) <= 2):
        raise Refused
    return "01" if text.zfill(2) == "01" else "KHAC"


def _first_digit(text: str) -> str:
    if not (text.isascii() and text.isdigit() and len(text) <= 5):
        raise Refused
    return text[0]


def _province(text: str) -> str:
    found = province_successor(text)
    if not found:
        raise Refused
    return found


def _facility_province(text: str) -> str:
    found = facility5.parse(text)
    if not found.is_valid:
        raise Refused
    return _province(found.details["province"])


def _facility_provinces(text: str) -> str:
    items = [item for item in text.split(";") if item.strip()]
    found = sorted({_facility_province(item) for item in items})
    if not found:
        raise Refused
    return ";".join(found[:5])


def _supply(text: str) -> str:
    found = _SUPPLY.fullmatch(text)
    if found is None:
        raise Refused
    return found[1]


def _service(text: str) -> str | tuple[str, bool]:
    code, cut = first_of(text)
    found = parse_dvkt(code)
    if found.is_valid:
        code = _SENT_OUT.sub("", found.normalized)
        transport = _TRANSPORT.fullmatch(code)
        if transport:
            code = f"VC.{_province(transport[1])}"
    return code, cut


def _drug(text: str) -> str:
    found = parse_ma_thuoc(text)
    code = found.normalized if found.is_valid else text
    outside = _OUTSIDE.fullmatch(code)
    return outside[1] if outside else code


def _result(text: str) -> str:
    """A number, or a negative or positive result in one word."""
    if _PLAIN.fullmatch(text):
        return text.rstrip("0").rstrip(".") if "." in text else text
    plain = without_diacritics(text).casefold().strip(" .:")
    word = _RESULTS.get(plain)
    return word or number_text(as_number(text))


def _device_group(text: str) -> str:
    return text.split(".", 1)[0]


_GENERALISATIONS: dict[str, Callable[[str], str | tuple[str, bool]]] = {
    "blood": _blood,
    "device_group": _device_group,
    "drug": _drug,
    "ethnic": _ethnic,
    "facility_province": _facility_province,
    "facility_provinces": _facility_provinces,
    "first_digit": _first_digit,
    "nation": _nation,
    "province": _province,
    "result": _result,
    "service": _service,
    "supply": _supply,
}


def generalisation(name: str) -> Callable[[str], str | tuple[str, bool]]:
    """A generalisation by its name in the policy.

    >>> generalisation("blood")("AB Rh+"), generalisation("province")("02")
    ('AB', '08')
    >>> generalisation("result")("Âm tính"), generalisation("drug")("40.30 + 40.155")
    ('NEG', '40.30+40.155')
    """
    return _GENERALISATIONS[name]
