"""Deviations of values: what vendors write instead of what the row holds.

Works on (tag, text) pairs of one row, before they become XML. Every change is the same each time.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from vnhealth.identity import legacy
from vnhealth.records import Claim, Record
from vnhealth.spec import Kind, TableSpec

__all__ = ["cells", "scientific", "thousands"]

Cells = list[tuple[str, str]]
_NAMES = frozenset({"HO_TEN", "HO_TEN_NND", "HO_TEN_CHA", "HO_TEN_ME", "TEN_BS"})
_PADDED = frozenset({"CACH_DUNG", "DIA_CHI", "TEN_THUOC", "LY_DO_VV", "DIEN_BIEN_LS", "LIEU_DUNG"})
_BARE = ("XML7", "XML9", "XML11")


def scientific(text: str) -> str:
    """The same number in scientific notation, as Java prints large doubles.

    What is no number (a fault may have put it there) stays as it is.

    >>> scientific("12345678.00"), scientific("250.00"), scientific("12O")
    ('1.2345678E7', '2.5E2', '12O')
    """
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    if not number:
        return text
    sign, digits, exponent = number.as_tuple()
    shown = "".join(map(str, digits))
    power = len(shown) - 1 + int(exponent)
    rest = shown[1:].rstrip("0") or "0"
    return f"{'-' if sign else ''}{shown[0]}.{rest}E{power}"


def thousands(text: str) -> str:
    """The same number with dots for thousands and a decimal comma.

    >>> thousands("12345678.00"), thousands("250")
    ('12.345.678,00', '250')
    """
    whole, point, part = text.partition(".")
    groups: list[str] = []
    while len(whole) > 3:
        groups.insert(0, whole[-3:])
        whole = whole[:-3]
    return ".".join([whole, *groups]) + ("," + part if point else "")


def _numbers(spec: TableSpec, found: Cells, change: Callable[[str], str]) -> Cells:
    return [
        (tag, change(text) if text and spec[tag].kind is Kind.DECIMAL else text)
        for tag, text in found
    ]


def _soup(encoding: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        return legacy.encode(text, encoding).decode("latin-1")

    return change


def _each(tags: frozenset[str], change: Callable[[str], str], found: Cells) -> Cells:
    return [(tag, change(text) if text and tag in tags else text) for tag, text in found]


def _moved(found: Cells, tag: str, position: int) -> Cells:
    """The cells with one tag moved to a position (from the end when negative)."""
    names = [name for name, _ in found]
    if tag not in names:
        return found
    cell = found[names.index(tag)]
    rest = [c for c in found if c[0] != tag]
    at = position if position >= 0 else len(rest) + position
    return [*rest[:at], cell, *rest[at:]]


def _shuffled(spec: TableSpec, found: Cells) -> Cells:
    if spec.edition == "4210":
        return [found[0], *reversed(found[1:])]
    found = _moved(_moved(found, "CAN_NANG", -1), "NHOM_MAU", -1)
    names = [name for name, _ in found]
    if "T_BHTT" in names and "T_BNTT" in names:
        found = _moved(found, "T_BHTT", names.index("T_BNTT"))
    return found


def _missing(spec: TableSpec, found: Cells) -> Cells:
    kept = []
    for tag, text in found:
        bare = tag == "DU_PHONG" and spec.table in _BARE
        if not bare and (text or spec[tag].required == "yes"):
            kept.append((tag, text))
    return kept


def _literal(found: Cells) -> Cells:
    words = {"MA_NHOM": "undefined", "MA_KHUVUC": "null", "MA_TAI_NAN": "NULL"}
    return [
        (tag, words[tag] if tag in words and (not text or tag == "MA_NHOM") else text)
        for tag, text in found
    ]


def _shifted(found: Cells) -> Cells:
    values = dict(found)
    changes = {"MA_THE_TAM": values.get("SO", ""), "SO_CON": "Một con"}
    return [(tag, changes.get(tag, text)) for tag, text in found]


def _longer(spec: TableSpec, found: Cells) -> Cells:
    return [
        (tag, text + "0000" if len(text) == 8 and spec[tag].type == "date8" else text)
        for tag, text in found
    ]


def cells(row: Record, spec: TableSpec, claim: Claim, switches: frozenset[str]) -> Cells:
    """The (tag, text) pairs of a row in the order in which a vendor writes them."""
    found = [(tag, row.text(tag)) for tag in spec.tags]
    if not switches:
        return found

    def has(name: str) -> bool:
        return name in switches

    for name, change in (
        ("decimal_comma", lambda text: text.replace(".", ",")),
        ("scientific", scientific),
        ("thousands_dots", thousands),
    ):
        if has(name):
            found = _numbers(spec, found, change)
    for name, encoding in (("tcvn3_names", "tcvn3"), ("vni_names", "vni")):
        if has(name):
            found = _each(_NAMES, _soup(encoding), found)
    if has("nfd_names"):
        found = _each(_NAMES, lambda text: unicodedata.normalize("NFD", text), found)
    if has("blanks"):
        found = _each(_PADDED, lambda text: f" {text}  ", found)
    if has("literal_undefined"):
        found = _literal(found)
    if has("district_empty"):
        found = _each(frozenset({"MAHUYEN_CU_TRU"}), lambda _: "", found)
    if has("licence_in_head"):
        found = _each(frozenset({"MA_TTDV"}), lambda _: "000001/MAU-GPHN", found)
    if has("shifted_xml9") and spec.table == "XML9":
        found = _shifted(found)
    if has("total_as_insured") and spec.table == "XML1":
        fund = sum((r.t_bhtt for r in claim.rows("XML2") if r.t_bhtt is not None), Decimal("0.00"))
        found = _each(frozenset({"T_THUOC"}), lambda _: format(fund, "f"), found)
    if has("short_dates"):
        found = _each(frozenset({"NGAY_YL", "NGAY_KQ"}), lambda text: text[:8], found)
    if has("long_dates"):
        found = _longer(spec, found)
    if has("birth_year_only"):
        found = _each(frozenset({"NGAY_SINH"}), lambda t: t[:4] + "0" * (len(t) - 4), found)
    if has("birth_0101"):
        found = _each(frozenset({"NGAY_SINH"}), lambda t: f"{t[:4]}0101{t[8:]}", found)
    if has("missing_tags"):
        found = _missing(spec, found)
    if has("shuffled_order"):
        found = _shuffled(spec, found)
    return found
