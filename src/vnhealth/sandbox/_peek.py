"""A first look at a file on receipt: whose it is and which records it holds, without parsing.

The look is cheap and may fail (then None); the verdict rests on `vnhealth.codecs` later. It never
follows anything in the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape

import pybase64

__all__ = ["Peek", "peek", "peek_minutes"]

HEAD = 4096
MAX_KEYS = 20_000
PART = 1600
"""Base64 characters of a part that are looked at first: MA_LK stands at its beginning."""

_FACILITY = re.compile(rb"<\s*MACSKCB\s*>\s*([^<]{1,40}?)\s*</")
_ROW_FACILITY = re.compile(rb"<\s*MA_CSKCB\s*>\s*([^<]{1,40}?)\s*</")
_KEY = re.compile(rb"<\s*MA_LK\s*>\s*(?:<!\[CDATA\[)?([^<\]]{1,200}?)(?:\]\]>)?\s*</")
_MINUTES = re.compile(rb"<\s*GIAM_DINH_YKHOA\s*>")
_NUMBER = re.compile(rb"<\s*SO_BIEN_BAN\s*>\s*([^<]{1,400}?)\s*</")
_RECORD = re.compile(rb"<\s*HOSO\s*>")
_PART = re.compile(rb"<\s*NOIDUNGFILE\s*>([^<]*)<")
_SIGNATURE = re.compile(rb"<(?:[A-Za-z0-9]{1,10}:)?Signature[ >]")
_SPACE = b" \t\r\n"


@dataclass(frozen=True, slots=True, repr=False)
class Peek:
    """``keys`` holds one MA_LK (or None when it was not seen) per record, without repetition."""

    facility: str | None
    keys: tuple[str | None, ...]
    signed: bool


def peek(data: bytes) -> Peek:
    """Look at a claim or check-in file.

    >>> peek(b"<TRANG_THAI_KCB><MA_LK>A1</MA_LK><MA_CSKCB>01001</MA_CSKCB>").keys
    ('A1',)
    """
    found = _FACILITY.search(data, 0, HEAD)
    envelope = found is not None or _RECORD.search(data, 0, HEAD) is not None
    if found is None:
        found = _ROW_FACILITY.search(data)
    facility = found[1].decode("utf-8", "replace") if found else None
    keys = _in_envelope(data) if envelope else _texts(_KEY.findall(data)[:MAX_KEYS])
    unique = tuple(dict.fromkeys(keys)) or (None,)
    return Peek(facility, unique, _SIGNATURE.search(data) is not None)


def peek_minutes(data: bytes) -> Peek:
    """Look at assessment minutes (XML12): each is known by its SO_BIEN_BAN, none by a facility.

    >>> peek_minutes(b"<GIAM_DINH_YKHOA><SO_BIEN_BAN>1/BB</SO_BIEN_BAN></GIAM_DINH_YKHOA>").keys
    ('1/BB',)
    """
    keys = [_text(found[1]) if found else None for found in _in_minutes(data)]
    return Peek(None, tuple(dict.fromkeys(keys)) or (None,), _SIGNATURE.search(data) is not None)


def _in_minutes(data: bytes) -> Iterator[re.Match[bytes] | None]:
    for start, end in _spans(_MINUTES, data):
        yield _NUMBER.search(data, start, end)


def _spans(opening: re.Pattern[bytes], data: bytes) -> list[tuple[int, int]]:
    """From each opening tag to the next one, none when there is no tag."""
    starts = [m.end() for m in opening.finditer(data)][:MAX_KEYS]
    return list(zip(starts, [*starts[1:], len(data)], strict=False))


def _texts(values: list[bytes]) -> list[str | None]:
    return [_text(value) for value in values]


def _text(value: bytes) -> str | None:
    return unescape(value.decode("utf-8", "replace")).strip() or None


def _in_envelope(data: bytes) -> list[str | None]:
    keys: list[str | None] = []
    for start, end in _spans(_RECORD, data):
        part = _PART.search(data, start, end)
        if part is not None and part[1].strip():
            keys.append(_in_part(part[1]))
        else:
            plain = _KEY.search(data, start, end)
            keys.append(_text(plain[1]) if plain else None)
    return keys


def _in_part(coded: bytes) -> str | None:
    for piece in (coded[: PART * 2], coded):
        packed = piece.translate(None, _SPACE)
        packed = packed[: len(packed) // 4 * 4]
        try:
            found = _KEY.search(pybase64.b64decode(packed, validate=True))
        except ValueError:
            return None
        if found:
            return _text(found[1])
    return None
