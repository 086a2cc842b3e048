"""What the readers of scanned codes share: what was scanned instead, single fields, full dates."""

from __future__ import annotations

import re
import unicodedata

from vnhealth.identity import birth_date
from vnhealth.identity._base import Context, clean_basic, is_digits

__all__ = ["bare", "birth", "day", "is_mrz", "is_url", "joined", "sex_word"]

_MRZ = re.compile(r"(?:[IAC][A-Z<]|P[A-Z<])[A-Z<]{3}[A-Z0-9<]*<[A-Z0-9<\s]*")
_URL = re.compile(r"(?:https?://|www\.)", re.IGNORECASE)
_SEX = {"nam": "1", "nữ": "2"}


def bare(text: str) -> str:
    r"""Return a scan without byte order mark and line ends; inner characters stay.

    >>> bare("\ufeffa|b|\r\n")
    'a|b|'
    """
    return text.strip().strip("\ufeff").strip()


def is_url(text: str) -> bool:
    """Tell whether a link was scanned.

    >>> is_url("https://example.org/qr"), is_url("001001000123|")
    (True, False)
    """
    return _URL.match(text) is not None


def is_mrz(text: str) -> bool:
    """Tell whether lines of a machine-readable zone were scanned.

    >>> is_mrz("IDVNM0010001230001001000123<<6")
    True
    """
    return _MRZ.fullmatch(text.upper()) is not None


def sex_word(text: str) -> str:
    """Return 1 for nam, 2 for nữ (any case, any form of composition), else empty.

    >>> sex_word("NỮ"), sex_word("M")
    ('2', '')
    """
    return _SEX.get(unicodedata.normalize("NFC", text.strip()).lower(), "")


def birth(text: str, context: Context | None) -> str:
    """Return a birth date of a QR code in ISO form, empty when it is none.

    Seven digits lost a zero: the layout is fixed, so it is put back.

    >>> birth("5031901", None), birth("031901", None), birth("31021901", None)
    ('1901-03-05', '1901-03', '')
    """
    text = clean_basic(text)
    if len(text) == 7 and is_digits(text):
        text = "0" + text
    asked = {"form": "qr", "as_of": (context or {}).get("as_of")}
    return birth_date.parse(text, asked).normalized


def day(text: str) -> str:
    """Return a full date of a QR code in ISO form, empty when it is none.

    >>> day("01012022"), day("1/2/2026"), day("2022")
    ('2022-01-01', '2026-02-01', '')
    """
    text = clean_basic(text)
    if len(text) == 7 and is_digits(text):
        text = "0" + text
    found = birth_date.parse(text, {"form": "qr"})
    return found.normalized if found.details.get("precision") == "day" else ""


def joined(parts: dict[str, str]) -> str:
    """Return ``name=value`` parts joined by ``;``.

    >>> joined({"id": "001001000123", "old": ""})
    'id=001001000123;old='
    """
    return ";".join(f"{name}={value}" for name, value in parts.items())
