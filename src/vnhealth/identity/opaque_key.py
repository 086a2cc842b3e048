"""Keys that the facility makes itself (MA_LK, MA_BN, MA_HSBA): opaque text up to 100 characters.

Unique for ever and never changed after the first submission, so nothing is folded: only outer
blanks go and the text is composed (NFC). What would make two keys look alike, is not legal in XML
1.0 or parts lists in the tables is refused. Characters such as ``&``, ``#``, ``/`` or a leading
``=`` are kept: escape them where the key travels (XML, URLs, file names, spreadsheets).

Legal source: fields MA_LK and MA_BN of decision 4750/QĐ-BYT (size, uniqueness); the validation
sheets of the social security gateway (no blanks). Three tables show larger sizes: pass ``size``.
"""

from __future__ import annotations

import unicodedata

from vnhealth.identity._base import (
    Checked,
    Context,
    canonical,
    is_null_word,
    no,
    ok,
    passed,
    require_text,
    spreadsheet_damage,
    warn,
)

__all__ = ["KIND", "format", "is_valid", "normalize", "parse", "validate"]

KIND = "opaque_key"
_SIZE = 100


def parse(text: str, context: Context | None = None) -> Checked:
    r"""Read a key; ``size`` of the context is the largest length (100 when missing).

    >>> parse(" HS/26/0000001 ").normalized
    'HS/26/0000001'
    >>> parse("HS\u200b26").codes, parse("HS 26").codes
    (('INVISIBLE_CHARACTER',), ('INNER_SPACE',))
    """
    key = require_text(text, KIND).strip()
    ascii_only = key.isascii()
    if not ascii_only:
        key = unicodedata.normalize("NFC", key)
    if is_null_word(key):
        return no(KIND, "EMPTY")
    if not (ascii_only and key.isprintable() and " " not in key):
        bad = _bad_character(key)
        if bad:
            return no(KIND, bad)
    if ";" in key:
        return no(KIND, "LIST_SEPARATOR")
    found = spreadsheet_damage(key)
    if found:
        return no(KIND, found)
    if len(key) > int((context or {}).get("size", _SIZE)):
        return no(KIND, "TOO_LONG")
    return ok(KIND, key) if ascii_only else warn(KIND, key, "NON_ASCII")


def _bad_character(key: str) -> str:
    kinds = [unicodedata.category(char) for char in key]
    if any(kind in ("Cc", "Cs") for kind in kinds) or "\ufffe" in key or "\uffff" in key:
        return "CONTROL_CHARACTER"
    if "Cf" in kinds:
        return "INVISIBLE_CHARACTER"
    return "INNER_SPACE" if any(kind[0] == "Z" for kind in kinds) else ""


def validate(text: str, context: Context | None = None) -> str:
    """Return the key; raise `IdentityError` (without the value) when it cannot be one."""
    return passed(parse(text, context))


def is_valid(text: str, context: Context | None = None) -> bool:
    """Tell whether the text can be a key, with or without warnings."""
    return parse(text, context).outcome != "no"


def normalize(text: str) -> str:
    """Return the trimmed, composed key, or the text unchanged when it cannot be one."""
    return canonical(parse(text), text)


def format(text: str) -> str:
    """Return the key as it is: an opaque key has no other form.

    >>> format("hs26-0000001")
    'hs26-0000001'
    """
    return normalize(text)
