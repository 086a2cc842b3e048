"""The kinds of identifiers by name, each with its module; modules load when they are first used.

Legal source: the column ``basis`` of ``data/kinds.csv`` names one for each kind.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from importlib.resources import files

from vnhealth.errors import IdentityError
from vnhealth.identity._base import CATALOGUE_PREFIX, Checked, Context

__all__ = ["KINDS", "check", "parser", "texts"]

_PACKAGE = "vnhealth.identity"

KINDS: Mapping[str, str] = {
    "bhxh": f"{_PACKAGE}.bhxh:parse",
    "bhyt_card": f"{_PACKAGE}.bhyt_card:parse",
    "bhyt_qr": f"{_PACKAGE}.bhyt_qr:parse",
    "bhyt_temp": f"{_PACKAGE}.bhyt_temp:parse",
    "birth_date": f"{_PACKAGE}.birth_date:parse",
    "cccd": f"{_PACKAGE}.cccd:parse",
    "cccd_qr": f"{_PACKAGE}.cccd_qr:parse",
    "cmnd": f"{_PACKAGE}.cmnd:parse",
    "dvkt": f"{_PACKAGE}.catalogue_codes:parse_dvkt",
    "facility5": f"{_PACKAGE}.facility5:parse",
    "facility_gln13": f"{_PACKAGE}.facility_gln13:parse",
    "icd10": f"{_PACKAGE}.icd10:parse",
    "legacy_encoding": f"{_PACKAGE}.legacy:parse",
    "licence": f"{_PACKAGE}.licence:parse",
    "ma_giuong": f"{_PACKAGE}.catalogue_codes:parse_ma_giuong",
    "ma_khoa": f"{_PACKAGE}.catalogue_codes:parse_ma_khoa",
    "ma_ky_thuat_tt23": f"{_PACKAGE}.catalogue_codes:parse_ma_ky_thuat_tt23",
    "ma_may": f"{_PACKAGE}.catalogue_codes:parse_ma_may",
    "ma_thuoc": f"{_PACKAGE}.catalogue_codes:parse_ma_thuoc",
    "mrz_td1": f"{_PACKAGE}.mrz:parse",
    "mrz_td3": f"{_PACKAGE}.mrz:parse_td3",
    "name": f"{_PACKAGE}.names:parse",
    "opaque_key": f"{_PACKAGE}.opaque_key:parse",
    "passport": f"{_PACKAGE}.passport:parse",
    "phone": f"{_PACKAGE}.phone:parse",
    "prescription": f"{_PACKAGE}.prescription:parse",
    "so_cccd_field": f"{_PACKAGE}.so_cccd_field:parse",
    "so_dang_ky": f"{_PACKAGE}.catalogue_codes:parse_so_dang_ky",
    "tt_thau": f"{_PACKAGE}.catalogue_codes:parse_tt_thau",
}
"""Kind -> ``module:function``; the function takes the text and an optional context."""


@cache
def parser(kind: str) -> Callable[[str, Context | None], Checked]:
    """Return the ``parse`` function of a kind; raise `IdentityError` for an unknown kind.

    >>> parser("cccd")("001001000123", None).outcome
    'yes'
    """
    try:
        module, function = KINDS[kind].split(":")
    except KeyError:
        raise IdentityError(CATALOGUE_PREFIX + "KIND", kind=kind) from None
    found: Callable[[str, Context | None], Checked] = getattr(import_module(module), function)
    return found


def check(kind: str, text: str, context: Context | None = None) -> Checked:
    """Parse a text as this kind.

    >>> check("cccd", "79003000123").codes
    ('LOST_LEADING_ZERO',)
    """
    return parser(kind)(text, context)


@cache
def _rows() -> Mapping[str, Mapping[str, str]]:
    path = files(_PACKAGE) / "data" / "kinds.csv"
    rows = csv.DictReader(path.read_text("utf-8").splitlines())
    return {row["kind"]: {name: value or "" for name, value in row.items()} for row in rows}


def texts(kind: str) -> dict[str, str]:
    """Return what messages may say of a kind: kind, name_vi, name_en, shape_vi, shape_en.

    ``Name_vi`` is the Vietnamese name for the start of a sentence.

    >>> texts("cccd")["shape_en"]
    '12 digits'
    """
    row = _rows().get(kind, {})
    wanted = ("name_vi", "name_en", "shape_vi", "shape_en")
    found = {"kind": kind, **{name: row.get(name) or kind for name in wanted}}
    found["Name_vi"] = found["name_vi"][:1].upper() + found["name_vi"][1:]
    return found
