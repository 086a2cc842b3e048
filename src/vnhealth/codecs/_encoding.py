"""Bytes to UTF-8: byte-order marks, other encodings, broken sequences, odd starts and line ends.

Nothing is removed but byte-order marks and blanks before the XML declaration. What cannot be
decoded is kept byte for byte as Latin-1, value by value, so the rest of a file stays readable.
"""

from __future__ import annotations

import codecs
import re

from vnhealth.errors import UnsafeXml

__all__ = [
    "CodeNote",
    "clean",
    "decoded_values",
    "position",
    "refuse_doctype",
    "starts_with_root",
]

CodeNote = tuple[str, dict[str, str]]
"""A code of the catalogue and its params."""

BOM = b"\xef\xbb\xbf"
_WIDE_BOMS = (
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_WIDE_STARTS = (
    (b"<\x00\x00\x00", "utf-32-le"),
    (b"\x00\x00\x00<", "utf-32-be"),
    (b"<\x00", "utf-16-le"),
    (b"\x00<", "utf-16-be"),
)
_BLANKS = b" \t\r\n"
_DECLARED = re.compile(
    rb"(<\?xml\s[^<>?]{0,200}?encoding\s*=\s*[\"'])([A-Za-z0-9._:-]{1,40})([\"'])"
)
_PROLOG = re.compile(rb"(?:[ \t\r\n]++|<\?.*?\?>|<!--.*?-->)*+<!DOCTYPE", re.DOTALL)
_ROOT = re.compile(rb"(?:[ \t\r\n]++|<\?.*?\?>|<!--.*?-->)*+<[A-Za-z_]", re.DOTALL)
_USUAL = (b'<?xml version="1.0" encoding="utf-8"?>', b'<?xml version="1.0"?>')
_UTF8 = frozenset({b"utf-8", b"utf8"})
_CONTINUATION = bytes(range(0x80, 0xC0))


def clean(data: bytes) -> tuple[bytes, list[CodeNote]]:
    """The content as UTF-8 from its first character on, and what was odd about its start."""
    notes: list[CodeNote] = []
    if not data.startswith(_USUAL):
        data = _cleaned(data, notes)
    ends = data.find(b"\r")
    if ends >= 0 and data.startswith(b"\r\r\n", ends):
        notes.append(("BHYT-DOC-06", {}))
    return data, notes


def _cleaned(data: bytes, notes: list[CodeNote]) -> bytes:
    if data[:3] == BOM:
        count = 0
        while data.startswith(BOM, count * 3):
            count += 1
        data = data[count * 3 :]
        notes.append(("BHYT-DOC-01", {"count": str(count)}))
    elif data[:1] != b"<" or data[1:2] == b"\x00":
        data = _narrow(data, notes)
    if data[:1] != b"<":
        start = data.lstrip(_BLANKS)
        if start.startswith(b"<?xml"):
            data = start
            notes.append(("BHYT-DOC-20", {}))
    if data[:5] == b"<?xml":
        declared = _DECLARED.match(data)
        if declared and declared[2].lower() not in _UTF8:
            data = _transcoded(data, declared, notes)
    return data


def _narrow(data: bytes, notes: list[CodeNote]) -> bytes:
    """UTF-16 and UTF-32 as UTF-8."""
    for start, name in (*_WIDE_BOMS, *_WIDE_STARTS):
        if data.startswith(start):
            try:
                text = data.decode(name)
            except UnicodeDecodeError:
                return data
            notes.append(("BHYT-DOC-14", {"encoding": name.upper()}))
            narrow = text.removeprefix("\ufeff").encode("utf-8", "replace")
            return _DECLARED.sub(rb"\1utf-8\3", narrow, count=1)
    return data


def _transcoded(data: bytes, declared: re.Match[bytes], notes: list[CodeNote]) -> bytes:
    """A file that declares another encoding. Valid UTF-8 with a wrong declaration stays as it is.

    .NET programs write ``utf-16`` into UTF-8 files, and no text in a one-byte encoding happens to
    be valid UTF-8 with accents, so the bytes are believed before the declaration.
    """
    name = declared[2].decode("ascii")
    notes.append(("BHYT-DOC-14", {"encoding": name}))
    fixed = _DECLARED.sub(rb"\1utf-8\3", data, count=1)
    try:
        fixed.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        return fixed
    try:
        known = codecs.lookup(name).name
        if known.startswith(("iso8859", "cp125")):
            return _DECLARED.sub(rb"\1utf-8\3", data.decode(known).encode("utf-8"), count=1)
    except (LookupError, UnicodeDecodeError):
        pass
    return fixed


def decoded_values(data: bytes, notes: list[CodeNote]) -> bytes:
    """Valid UTF-8: each run of text between two ``<`` that is not is kept as Latin-1."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        first = error.start
    else:
        return data
    pieces = data.split(b"<")
    broken = 0
    for index, piece in enumerate(pieces):
        try:
            piece.decode("utf-8")
        except UnicodeDecodeError:
            pieces[index] = piece.decode("latin-1").encode("utf-8")
            broken += 1
    notes.append(("BHYT-DOC-08", {"offset": str(first), "count": str(broken)}))
    return b"<".join(pieces)


def refuse_doctype(data: bytes) -> None:
    """Raise `UnsafeXml` when a DTD stands before the root element, before any parser sees it."""
    if _PROLOG.match(data):
        raise UnsafeXml("ERR-XML-02", what="DOCTYPE")


def position(data: bytes, offset: int, origin: tuple[int, int] = (1, 1)) -> dict[str, str]:
    r"""Line and column (in characters, from 1) of a byte; ``origin`` is where the data begins.

    >>> position(b"ab\ncd", 4)
    {'line': '2', 'column': '2'}
    """
    line = data.count(b"\n", 0, offset)
    start = data.rfind(b"\n", 0, offset) + 1
    characters = len(data[start:offset].translate(None, _CONTINUATION))
    column = characters + (origin[1] if not line else 1)
    return {"line": str(origin[0] + line), "column": str(column)}


def starts_with_root(data: bytes) -> bool:
    """True when the root element begins within these first bytes of a file."""
    return _ROOT.match(data) is not None
