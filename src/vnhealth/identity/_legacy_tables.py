"""Bytes to text and back for the encodings met in Vietnamese hospital data.

Tables: ``data/tcvn3_map.csv`` (74 letters, one byte each; compared with the TCVN converter of a C
library) and ``data/vni_map.csv`` (134 letters as Windows-1252 code units, longest match first;
from general knowledge, no official table was at hand). Other encodings use Python's codecs.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Mapping
from functools import cache

from vnhealth.errors import IdentityError
from vnhealth.identity._syllables import read_rows

__all__ = [
    "CASE_SHOWN",
    "ENCODINGS",
    "LOST",
    "as_bytes",
    "decode_bytes",
    "encode_text",
    "restore_case",
]

ENCODINGS = (
    "utf8",
    "utf8bom",
    "utf16le",
    "utf16be",
    "cp1252",
    "cp1258",
    "tcvn3",
    "vni",
)
"""Names of the encodings, as the context field ``enc`` gives them."""

CASE_SHOWN = frozenset("ăâêôơưđ")
"""Lower-case letters with a mark that do have a capital in TCVN3."""

LOST = "\ufffd"
"""Stands where a byte means nothing in the encoding."""

_CODECS: Mapping[str, str] = {
    "utf8": "utf-8-sig",
    "utf8bom": "utf-8-sig",
    "utf16le": "utf-16-le",
    "utf16be": "utf-16-be",
    "cp1252": "cp1252",
    "cp1258": "cp1258",
}
_BOM = "\ufeff"
_PUNCTUATION = (0x85, 0x91, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0xA0)
_WORD = re.compile(r"[^\W\d_]+")


def _table_start() -> list[str]:
    """Return 256 characters: ASCII, the usual Windows punctuation, all else undefined."""
    table = [chr(code) for code in range(128)] + ["\ufffe"] * 128
    for code in _PUNCTUATION:
        table[code] = bytes([code]).decode("cp1252")
    return table


@cache
def _tcvn3_table() -> str:
    table = _table_start()
    for row in read_rows("tcvn3_map.csv"):
        table[int(row["bytes_hex"], 16)] = row["letter"]
    return "".join(table)


@cache
def _vni_letters() -> tuple[dict[bytes, str], re.Pattern[bytes]]:
    letters: dict[bytes, str] = {}
    for row in read_rows("vni_map.csv"):
        sequence = bytes.fromhex(row["bytes_hex"])
        letters[sequence] = row["letter"]
        if len(sequence) == 2:  # mark typed in the other case: letter decides
            letters.setdefault(sequence[:1] + bytes([sequence[1] ^ 0x20]), row["letter"])
    longest = sorted(letters, key=len, reverse=True)
    pattern = b"|".join(re.escape(s) for s in longest) + b"|[\x80-\xff]"
    for code in _PUNCTUATION:
        letters[bytes([code])] = bytes([code]).decode("cp1252")
    return letters, re.compile(pattern)


def _decode_vni(data: bytes) -> str:
    letters, pattern = _vni_letters()
    parts, end = [], 0
    for match in pattern.finditer(data):
        parts.append(data[end : match.start()].decode("ascii"))
        parts.append(letters.get(match.group(), LOST))
        end = match.end()
    parts.append(data[end:].decode("ascii"))
    return "".join(parts)


def decode_bytes(data: bytes, encoding: str) -> str:
    r"""Return the text in NFC; bytes without meaning become U+FFFD, a byte order mark is dropped.

    Raises `IdentityError` for an encoding that is none of `ENCODINGS`.

    >>> decode_bytes(b"Nguy\xd4n", "tcvn3"), decode_bytes(b"Nguye\xe3n", "vni")
    ('Nguyễn', 'Nguyễn')
    """
    if encoding == "tcvn3":
        return codecs.charmap_decode(data, "replace", _tcvn3_table())[0]
    if encoding == "vni":
        return _decode_vni(data)
    if encoding not in _CODECS:
        raise IdentityError("ID-ENCODING_UNKNOWN", encoding=encoding)
    text = data.decode(_CODECS[encoding], errors="replace")
    return unicodedata.normalize("NFC", text.removeprefix(_BOM))


def as_bytes(text: str) -> bytes | None:
    r"""Return the bytes behind a text that was shown as Windows-1252, or None when there are none.

    >>> as_bytes("Nguy\xd4n"), as_bytes("Nguyễn") is None
    (b'Nguy\xd4n', True)
    """
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        pass
    out = bytearray()
    for char in text:
        code = ord(char)
        if code < 0x100:
            out.append(code)
            continue
        try:
            out += char.encode("cp1252")
        except UnicodeEncodeError:
            return None
    return bytes(out)


@cache
def _to_tcvn3() -> dict[str, int]:
    return {row["letter"]: int(row["bytes_hex"], 16) for row in read_rows("tcvn3_map.csv")}


@cache
def _to_vni() -> dict[str, bytes]:
    return {row["letter"]: bytes.fromhex(row["bytes_hex"]) for row in read_rows("vni_map.csv")}


def encode_text(text: str, encoding: str) -> bytes:
    """Return the bytes of a text; the way back of `decode_bytes`.

    TCVN3 has no capital letters with tone marks: they are written in lower case, as its fonts do
    (see `restore_case`). Raises `IdentityError` for characters the encoding does not hold.

    >>> encode_text("Đỗ", "tcvn3").hex(), encode_text("Đức", "vni").hex()
    ('a7e7', 'd1f6f963')
    """
    text = unicodedata.normalize("NFC", text)
    if encoding == "tcvn3":
        table = _to_tcvn3()
        return bytes(_one(table.get(c, table.get(c.lower())), c, encoding) for c in text)
    if encoding == "vni":
        pairs = _to_vni()
        return b"".join(pairs.get(c) or bytes([_one(None, c, encoding)]) for c in text)
    if encoding not in _CODECS:
        raise IdentityError("ID-ENCODING_UNKNOWN", encoding=encoding)
    if encoding == "cp1258":
        text = _spread_tones(text)
    try:
        return text.encode(_CODECS[encoding] if encoding != "utf8" else "utf-8")
    except UnicodeEncodeError:
        raise IdentityError("ID-UNENCODABLE", encoding=encoding) from None


def _one(code: int | None, char: str, encoding: str) -> int:
    if code is not None:
        return code
    if char.isascii():
        return ord(char)
    raise IdentityError("ID-UNENCODABLE", encoding=encoding)


def _spread_tones(text: str) -> str:
    """Write letters that Windows-1258 lacks as letter and tone mark."""
    out = []
    for char in text:
        try:
            char.encode("cp1258")
            out.append(char)
        except UnicodeEncodeError:
            apart = unicodedata.normalize("NFD", char)
            tones = [c for c in apart if c in "\u0300\u0301\u0303\u0309\u0323"]
            rest = "".join(c for c in apart if c not in tones)
            out.append(unicodedata.normalize("NFC", rest) + "".join(tones))
    return "".join(out)


def restore_case(text: str) -> str:
    """Give capitals back to a name that came through TCVN3, which has none with tone marks.

    All capitals when the letters that can show it are all capitals; else, when every word that can
    show it starts with a capital, the other words do too. Text that shows neither stays.

    >>> restore_case("NGUYễN VĂN THử"), restore_case("Lê Thị ánh"), restore_case("ánh sáng")
    ('NGUYỄN VĂN THỬ', 'Lê Thị Ánh', 'ánh sáng')
    """
    words = _WORD.findall(text)
    visible = [[c.isascii() or c.lower() in CASE_SHOWN for c in word] for word in words]
    shown = [
        c for w, v in zip(words, visible, strict=True) for c, yes in zip(w, v, strict=True) if yes
    ]
    inner = [
        c
        for w, v in zip(words, visible, strict=True)
        for c, yes in zip(w[1:], v[1:], strict=True)
        if yes
    ]
    if any(c.isupper() for c in inner):
        return text.upper() if not any(c.islower() for c in shown) else text
    starts = [w[0] for w, v in zip(words, visible, strict=True) if v[0]]
    if not starts or not all(c.isupper() for c in starts):
        return text
    return _WORD.sub(lambda m: m.group()[0].upper() + m.group()[1:], text)
