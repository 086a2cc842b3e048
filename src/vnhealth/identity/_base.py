"""What every identifier module shares: the result type, cleaning of text, refusals.

Rules that hold for all kinds: an identifier is text, never a number; cleaning removes what carries
no meaning (blanks, invisible characters, export marks) and never adds a character; a damaged value
is reported with a suggestion that somebody must confirm; three outcomes, each with permanent codes.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from vnhealth.errors import IdentityError

__all__ = [
    "CATALOGUE_PREFIX",
    "KNOWLEDGE_DATE",
    "Checked",
    "Context",
    "Outcome",
    "canonical",
    "clean",
    "clean_basic",
    "context_date",
    "damage",
    "digits_of",
    "grouped",
    "has_other_digit",
    "is_digits",
    "is_null_word",
    "lookalike_digits",
    "no",
    "ok",
    "passed",
    "propose",
    "require_text",
    "spreadsheet_damage",
    "strip_separators",
    "upper",
    "warn",
]

Outcome = Literal["yes", "warn", "no"]
"""Valid, valid with warnings, or invalid."""

Context = Mapping[str, Any]
"""What the record says beside the value: ``as_of``, ``sex``, ``dob``, ``on``, ``matinh`` and others
(each module lists what it reads). Values are text; dates may also be `datetime.date`."""

CATALOGUE_PREFIX = "ID-"
"""A reason code ``X`` has its texts under ``ID-X`` in the catalogue of findings."""

KNOWLEDGE_DATE = dt.date(2026, 11, 22)
"""The day the facts of this package were last reviewed; stands in for the clock when the context
gives no ``as_of``, so that results never depend on the clock of the machine."""

_NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True, repr=False)
class Checked:
    """What one text turned out to be.

    ``normalized`` is empty when the outcome is ``no`` (ICD-10 codes that exist but are not allowed
    keep theirs). ``codes`` has at least one entry, the most important first; plain success is
    ``OK``. ``suggestion`` is a likely intended value that somebody must confirm, or empty; it is
    never applied. ``details`` are the parts read from the value, as text.

    The representation never shows the value.

    >>> Checked("cccd", "001001000123", "yes", ("OK",))
    <Checked cccd yes OK>
    """

    kind: str
    normalized: str
    outcome: Outcome
    codes: tuple[str, ...]
    suggestion: str = ""
    details: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def is_valid(self) -> bool:
        """True for ``yes`` and ``warn``."""
        return self.outcome != "no"

    @property
    def code(self) -> str:
        """The first reason code."""
        return self.codes[0]

    def messages(self, lang: str = "vi") -> tuple[str, ...]:
        """One sentence for each code, in ``vi`` or ``en``, without the value."""
        from vnhealth.findings import catalogue
        from vnhealth.identity.kinds import texts

        params = texts(self.kind)
        return tuple(
            catalogue.info(CATALOGUE_PREFIX + code).message(lang, params) for code in self.codes
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: kind, normalized, valid, codes, suggestion. It does show the value."""
        return {
            "kind": self.kind,
            "normalized": self.normalized,
            "valid": self.outcome,
            "codes": list(self.codes),
            "suggestion": self.suggestion,
        }

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.kind} {self.outcome} {' '.join(self.codes)}>"


def ok(kind: str, normalized: str, code: str = "OK", **details: str) -> Checked:
    """Result for a valid value.

    >>> ok("phone", "+84900000001", "MOBILE").code
    'MOBILE'
    """
    return Checked(kind, normalized, "yes", (code,), "", details or _NOTHING)


def warn(kind: str, normalized: str, *codes: str, **details: str) -> Checked:
    """Result for a value that may be used but should be looked at.

    >>> warn("cccd", "003001000123", "REGION_UNKNOWN").is_valid
    True
    """
    return Checked(kind, normalized, "warn", codes, "", details or _NOTHING)


def no(kind: str, code: str, suggestion: str = "", **details: str) -> Checked:
    """Result for a value that is not of this kind.

    >>> no("cccd", "LOST_LEADING_ZERO", "079003000123").normalized
    ''
    """
    return Checked(kind, "", "no", (code,), suggestion, details or _NOTHING)


def propose(kind: str, code: str, meant: str, given: str) -> Checked:
    """Result for a value that is not of this kind but likely was meant as another text.

    The suggestion is kept only when it differs from the given text and is valid itself.

    >>> propose("cccd", "LOST_LEADING_ZERO", "079003000123", "79003000123").suggestion
    '079003000123'
    """
    from vnhealth.identity.kinds import parser

    if meant == given or not parser(kind)(meant, None).is_valid:
        return no(kind, code)
    return no(kind, code, meant)


def require_text(text: object, kind: str) -> str:
    """Return the text itself; raise `IdentityError` for numbers and all that is not text.

    A number has already lost its leading zeros (or its last digits), so it is never accepted.

    >>> require_text(1001000123, "cccd")
    Traceback (most recent call last):
    ...
    vnhealth.errors.IdentityError: An identifier must be text, not int... [ID-NOT_TEXT]
    """
    if isinstance(text, str):
        return text
    raise IdentityError(CATALOGUE_PREFIX + "NOT_TEXT", kind=kind, type=type(text).__name__)


def passed(result: Checked) -> str:
    """Return the normalised value; raise `IdentityError` (without the value) for outcome no."""
    if result.outcome != "no":
        return result.normalized
    from vnhealth.identity.kinds import texts

    raise IdentityError(CATALOGUE_PREFIX + result.codes[0], **texts(result.kind))


def canonical(result: Checked, text: str) -> str:
    """Return the normalised value, or the text unchanged when it is not valid."""
    return result.normalized if result.outcome != "no" else text


_DASHES = re.compile("[\u2010-\u2015\u2212\ufe63\uff0d]")
_SCIENTIFIC = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?[eE][+-]?[0-9]+")
_FLOAT_SUFFIX = re.compile(r"[0-9]+\.0+")
_SEPARATORS = re.compile(r"[\s.\-]+")
_NULL_WORDS = frozenset(
    [
        "null",
        "none",
        "n/a",
        "na",
        "-",
        "--",
        "nan",
        "undefined",
        "không",
        "không có",
        "khong",
        "khong co",
    ]
)
_LOOKALIKES = str.maketrans("OoIl", "0011")
_UPPER = {ord(c): c.upper() for c in "abcdefghijklmnopqrstuvwxyzđ"}


def clean_basic(text: str) -> str:
    r"""Bring to the compatibility form (full-width digits become ASCII), without invisible
    characters, trimmed, without a spreadsheet apostrophe or one pair of quotes, dashes as ``-``.

    >>> clean_basic("\ufeff'\uff10\uff1112\u20133 ")
    '0112-3'
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
        text = "".join(c for c in text if unicodedata.category(c) != "Cf")
        text = _DASHES.sub("-", text)
    text = text.strip()
    if text[:1] == "'":
        text = text[1:].strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1].strip()
    return text


def clean(text: str) -> str:
    """Apply `clean_basic`; the words for "nothing" (``NULL``, ``N/A``, ``không có``) become empty.

    >>> clean("NULL"), clean("chưa có")
    ('', 'chưa có')
    """
    text = clean_basic(text)
    return "" if is_null_word(text) else text


def is_null_word(text: str) -> bool:
    """Tell whether a text is empty or a word for "nothing"."""
    return not text or (len(text) < 10 and text.casefold() in _NULL_WORDS)


def strip_separators(text: str) -> str:
    """Remove blanks, dots and hyphens."""
    return text if text.isalnum() else _SEPARATORS.sub("", text)


def upper(text: str) -> str:
    """Upper-case a-z and đ only: no letter becomes two, no foreign letter becomes an ASCII one.

    >>> upper("dn4ß")
    'DN4ß'
    """
    return text.upper() if text.isascii() else text.translate(_UPPER)


def is_digits(text: str) -> bool:
    r"""Tell whether there is at least one character and all are 0-9.

    >>> is_digits("0123"), is_digits("\u0660\u0661")
    (True, False)
    """
    return text.isascii() and text.isdigit()


def has_other_digit(text: str) -> bool:
    """Tell whether a digit of another script is inside."""
    return not text.isascii() and any(c.isdecimal() and not c.isascii() for c in text)


def damage(text: str) -> str:
    """Name the damage: ``SCIENTIFIC`` or ``FLOAT_SUFFIX`` when a spreadsheet turned the code into
    a number, ``NON_ASCII_DIGIT`` for digits of another script, else empty.

    >>> damage("1.001E+09"), damage("79003000123.0"), damage("079003000123")
    ('SCIENTIFIC', 'FLOAT_SUFFIX', '')
    """
    if text.isascii() and text.isalnum():
        return ""
    return "NON_ASCII_DIGIT" if has_other_digit(text) else spreadsheet_damage(text)


def spreadsheet_damage(text: str) -> str:
    """Name ``SCIENTIFIC`` (``1.0E+09``) or ``FLOAT_SUFFIX`` (``19010.0``), else empty."""
    if _SCIENTIFIC.fullmatch(text):
        return "SCIENTIFIC"
    return "FLOAT_SUFFIX" if _FLOAT_SUFFIX.fullmatch(text) else ""


def digits_of(text: str, kind: str) -> str | Checked:
    """Return the bare digits of a typed number, or why it is none.

    ``EMPTY``, damage (see `damage`) or ``NON_DIGIT``; letters that look like digits (O, l, I) are
    suggested as digits when that is valid.

    >>> digits_of("001 001-000.123", "cccd")
    '001001000123'
    >>> digits_of("0010010O0123", "cccd").suggestion
    '001001000123'
    """
    if text.isascii() and text.isdigit():
        return text
    text = clean(text)
    if not text:
        return no(kind, "EMPTY")
    found = damage(text)
    if found:
        return no(kind, found)
    compact = strip_separators(text)
    if is_digits(compact):
        return compact
    meant = lookalike_digits(compact)
    return propose(kind, "NON_DIGIT", meant, compact)


def lookalike_digits(text: str) -> str:
    """Write the letters O, o, I, l as the digits they look like, for suggestions only."""
    return text.translate(_LOOKALIKES)


def grouped(text: str, *sizes: int) -> str:
    """Cut a text into groups parted by blanks.

    >>> grouped("007123456", 3, 3, 3)
    '007 123 456'
    """
    parts, start = [], 0
    for size in sizes:
        parts.append(text[start : start + size])
        start += size
    return " ".join(parts)


def context_date(context: Context | None, name: str) -> dt.date | None:
    """Read a date of the context: `datetime.date`, ``yyyy-mm-dd`` or ``yyyymmdd…``; else None.

    >>> context_date({"as_of": "2100-01-01"}, "as_of")
    datetime.date(2100, 1, 1)
    """
    value = (context or {}).get(name)
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date) or value is None:
        return value
    digits = str(value).replace("-", "")[:8]
    try:
        return dt.date.fromisoformat(digits) if is_digits(digits) else None
    except ValueError:
        return None
