"""Under which texts a code is looked up: marks, blanks and additions of the wire taken away."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import cache

from vnhealth.catalogs._data import rows
from vnhealth.errors import CatalogError

__all__ = ["key", "keys", "parts", "skeleton", "systems"]

_MARKS = str.maketrans("", "", "†‡*+.,")
_SERVICE = re.compile(
    r"([0-9]{2}\.)([0-9]{4}|[0-9]{3}[A-Z])(\.[0-9]{4})(?:_(?:GT|TB|TT))?(?:\.K\.[0-9A-Z]{5})?",
    re.ASCII,
)
_TRANSPORT = re.compile(r"VC\.[0-9A-Z]{5}", re.ASCII)
_BLOOD = re.compile(r"\.(?:KT|NAT|KTNAT)$", re.ASCII)
_FROM_OUTSIDE = re.compile(r"(?:VM|BB)\.[0-9A-Z]{5}|00\.0000", re.ASCII)


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", text).split()).upper()


def _icd10(text: str) -> str:
    return _plain(text).translate(_MARKS)


def _service(text: str) -> str:
    value = _plain(text)
    found = _SERVICE.fullmatch(value)
    if found is None:
        return value
    chapter, technique, price = found.groups()
    rest = value[found.end(3) :]
    return f"{chapter}{technique.lower()}{price}{rest}"


def _drug(text: str) -> str:
    return "+".join(sorted(_plain(text).split("+")))


_KEYS: Mapping[str, Callable[[str], str]] = {
    "plain": _plain,
    "icd10": _icd10,
    "service": _service,
    "drug": _drug,
}


@cache
def systems() -> Mapping[str, dict[str, str]]:
    """The catalogues that can be installed, by name: titles and the way a code is read.

    >>> systems()["icd10"]["title_en"]
    'ICD-10 codes'
    """
    return {row["system"]: row for row in rows("systems")}


def key(system: str, text: str) -> str:
    """The text under which a code of a list is stored.

    Raises `vnhealth.errors.CatalogError` (ERR-CAT-04) for an unknown catalogue.

    >>> key("icd10", "A06.5†"), key("service", "27.205B.0463"), key("drug", "40.30 + 40.155")
    ('A065', '27.205b.0463', '40.155+40.30')
    """
    try:
        return _KEYS[systems()[system]["key"]](text)
    except KeyError:
        raise CatalogError("ERR-CAT-04", name=system[:40]) from None


def keys(system: str, text: str) -> tuple[str, ...]:
    """The texts to look a code up under, the exact one first; none for a code made by rule.

    >>> keys("service", "01.0001.1778_GT"), keys("service", "VC.01901")
    (('01.0001.1778_GT', '01.0001.1778'), ())
    """
    exact = key(system, text)
    kind = systems()[system]["key"]
    if kind == "service":
        if _TRANSPORT.fullmatch(exact):
            return ()
        bare = exact.split("_")[0].split(".K.")[0]
        return (exact,) if bare == exact else (exact, bare)
    if kind == "drug":
        if _FROM_OUTSIDE.fullmatch(exact):
            return ()
        bare = _BLOOD.sub("", exact)
        return (exact,) if bare == exact else (exact, bare)
    return (exact,)


def parts(system: str, text: str) -> tuple[str, ...]:
    """The substances of a drug of several; empty for all other codes.

    >>> parts("drug", "40.30+40.155"), parts("drug", "40.30")
    (('40.30', '40.155'), ())
    """
    if systems()[system]["key"] != "drug" or "+" not in text:
        return ()
    return tuple(_plain(text).split("+"))


def skeleton(text: str) -> str:
    """Letters and digits without marks, blanks and case: how headings and names are compared.

    >>> skeleton("MÃ BỆNH KHÔNG DẤU"), skeleton("Đường_dùng")
    ('mabenhkhongdau', 'duongdung')
    """
    flat = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return "".join(char for char in flat if char.isascii() and char.isalnum())
