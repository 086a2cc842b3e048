"""From text to typed values and back, without ever guessing.

Each converter accepts exactly the forms that the standards write. Anything else is `NotCanonical`:
the value stays unknown, its text is kept, and a reader says so in a finding.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from unicodedata import is_normalized

from vnhealth.errors import EncodeError
from vnhealth.localtime import LocalTime
from vnhealth.spec import Kind

__all__ = [
    "BLANKS",
    "CACHE_LIMIT",
    "LITERALS",
    "NotCanonical",
    "PaddedInt",
    "Value",
    "cache_of",
    "converter_of",
    "from_python",
    "padded_decimal",
    "to_text",
]

Value = str | int | Decimal | LocalTime | None

CACHE_LIMIT = 65_536
"""Distinct texts that a converter remembers; past it the memory is emptied, not grown."""

LITERALS = frozenset({"undefined", "null", "NULL", "Null", "None", "NaN"})
"""Words that programs write where they have no value."""

BLANKS = " \t\r\n\u00a0\ufeff\u200b"
"""Characters that are no part of a value at its start or end."""

_INTEGER = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_DECIMAL = re.compile(r"-?[0-9]{1,24}(?:\.[0-9]{1,10})?", re.ASCII)
_PLAIN_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,23})(?:\.[0-9]{1,10})?", re.ASCII)


class NotCanonical(ValueError):
    """The text is not in the form of its kind. Carries no text."""


class PaddedInt(int):
    """A whole number that was written with zeros in front, as months often are.

    It is the number in every respect, and its text is the one that was read.

    >>> PaddedInt("05") == 5, str(PaddedInt("05"))
    (True, '05')
    """

    _written: str

    def __new__(cls, written: str) -> PaddedInt:
        number = super().__new__(cls, written)
        number._written = written
        return number

    def __str__(self) -> str:
        return self._written

    def __reduce__(self) -> tuple[type[PaddedInt], tuple[str]]:
        return (PaddedInt, (self._written,))


def _text(text: str) -> str:
    if text[0] in BLANKS or text[-1] in BLANKS or text in LITERALS:
        raise NotCanonical
    if not text.isascii() and not is_normalized("NFC", text):
        raise NotCanonical
    return text


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise NotCanonical
    value = int(text)
    return value if str(value) == text else PaddedInt(text)


def _decimal(text: str) -> Decimal:
    if not _PLAIN_DECIMAL.fullmatch(text):
        raise NotCanonical
    return Decimal(text)


def padded_decimal(text: str) -> Decimal | None:
    """The number in a text that may have zeros in front, else None.

    >>> padded_decimal("007.50"), padded_decimal("7,50")
    (Decimal('7.50'), None)
    """
    return Decimal(text) if _DECIMAL.fullmatch(text) else None


def _time(text: str) -> LocalTime:
    try:
        return LocalTime.parse(text)
    except ValueError:
        raise NotCanonical from None


_CONVERTERS: dict[Kind, Callable[[str], Any]] = {
    Kind.TEXT: _text,
    Kind.CODE: _text,
    Kind.INTEGER: _integer,
    Kind.DECIMAL: _decimal,
    Kind.TIME: _time,
}


class _Cache(dict[str | None, Any]):
    """Text to value, each distinct text converted once. A missing or empty text is None."""

    __slots__ = ("_convert",)

    def __init__(self, convert: Callable[[str], Any]) -> None:
        super().__init__({None: None, "": None})
        self._convert = convert

    def __missing__(self, text: str) -> Any:
        value = self._convert(text)
        if len(self) >= CACHE_LIMIT:
            self.clear()
            self.update({None: None, "": None})
        if len(text) <= 64:
            self[text] = value
        return value


_CACHES = {kind: _Cache(convert) for kind, convert in _CONVERTERS.items()}


def cache_of(kind: Kind) -> dict[str | None, Any]:
    """The shared converter of a kind, used as ``cache[text]``; raises `NotCanonical`.

    >>> cache_of(Kind.DECIMAL)["125000.00"]
    Decimal('125000.00')
    >>> cache_of(Kind.TEXT)[""] is None
    True
    """
    return _CACHES[kind]


def converter_of(kind: Kind) -> Callable[[str], Any]:
    """The converter itself, for callers that remember by something else than the text.

    Not for an empty text, which is None in every kind.
    """
    return _CONVERTERS[kind]


def to_text(value: Value) -> str:
    """The canonical text of a value; '' for None.

    >>> from decimal import Decimal
    >>> to_text(Decimal("1E+3")), to_text(None)
    ('1000', '')
    """
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value)


def from_python(kind: Kind, value: Any, tag: str, *, numeric_code: bool) -> tuple[Value, str]:
    """A value of a database driver as a record value and, when it is not clean, its raw text.

    Identifiers and codes of type string must come as text: a number has already lost its leading
    zeros. Codes that the annex types as numbers may come as `int`. Raises `EncodeError` with the
    tag, never the value.
    """
    if value is None:
        return None, ""
    if isinstance(value, LocalTime):
        value = value if kind is Kind.TIME else value.text
    if isinstance(value, str):
        try:
            return cache_of(kind)[value], ""
        except NotCanonical:
            if kind in (Kind.TEXT, Kind.CODE) and value not in LITERALS:
                return value.strip(BLANKS) or None, value
            return padded_decimal(value) if kind is Kind.DECIMAL else None, value
    if isinstance(value, bool):
        value = int(value)
    if kind is Kind.TIME and isinstance(value, dt.date | LocalTime):
        return (value if isinstance(value, LocalTime) else LocalTime.of(value)), ""
    if kind is Kind.DECIMAL and isinstance(value, int | float | Decimal):
        number = Decimal(str(value))
        if number.is_finite():
            return number, ""
    if kind is Kind.INTEGER and isinstance(value, int):
        return value, ""
    if kind is Kind.INTEGER and isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value), ""
    if kind is Kind.CODE and numeric_code and isinstance(value, int):
        return str(value), ""
    raise EncodeError("ERR-REC-01", tag=tag, kind=kind.value, got=type(value).__name__)
