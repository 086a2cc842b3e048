"""Names and texts in the encodings of before Unicode: TCVN3 (ABC), VNI, Windows-1258.

Decoding needs the name of the encoding, because a wrong guess also gives Vietnamese letters and
nobody would notice. `detect` only scores: it reads the text in every encoding and weighs how many
words become Vietnamese syllables and usual parts of names. Letters lost on the way (``Nguy?n``)
cannot be repaired and are refused.

Legal source: TCVN 5712:1993 (three-byte-set standard of Vietnamese characters) was replaced by
TCVN 6909:2001 (Unicode), which Decision 72/2002/QĐ-TTg made binding for state bodies; VNI is a
vendor's convention.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from vnhealth.errors import IdentityError
from vnhealth.identity._base import Checked, Context, no, passed, require_text
from vnhealth.identity._legacy_tables import (
    CASE_SHOWN,
    ENCODINGS,
    LOST,
    as_bytes,
    decode_bytes,
    encode_text,
    restore_case,
)
from vnhealth.identity._syllables import is_syllable, name_roles

__all__ = [
    "ENCODINGS",
    "KIND",
    "THRESHOLD",
    "Detection",
    "decode",
    "detect",
    "encode",
    "format",
    "is_valid",
    "normalize",
    "parse",
    "repaired",
    "restore_case",
    "suspect",
    "validate",
]

KIND = "legacy_encoding"

THRESHOLD = 0.9
"""A detection below this confidence is not acted upon."""

_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_QUESTION = re.compile(r"\w\?\w|\s\?\w")
_SPLIT = re.compile(r"[\s,.;:/()\[\]\-'\"0-9]+")
_SAMPLE = 400

_KNOWN_SURNAME, _KNOWN, _SPELLED = -1.5, -3.0, -8.0
_FOREIGN, _BROKEN, _LOST_BYTE = -14.0, -18.0, -8.0
_PRIORS_TEXT: Mapping[str, float] = {
    "unicode": 0.0,
    "tcvn3": -4.0,
    "vni": -4.0,
    "utf8": -4.0,
    "cp1258": -8.0,
}
_PRIORS_BYTES: Mapping[str, float] = {
    "tcvn3": 0.0,
    "vni": 0.0,
    "cp1258": -4.0,
    "cp1252": -4.0,
    "utf8": -12.0,
}


@dataclass(frozen=True, slots=True)
class Detection:
    r"""How sure the detector is of which encoding.

    ``encoding`` is one of `ENCODINGS`, or ``ascii`` (nothing to decode), or ``unicode`` (a text
    that is already right). For a text, ``utf8`` means UTF-8 bytes that were shown as Windows-1252.
    ``confidence`` is 0 to 1; ``scores`` are the log scores of every reading.

    >>> detect(b"Nguy\xd4n V\xa8n Th\xf6").encoding
    'tcvn3'
    """

    encoding: str
    confidence: float
    scores: Mapping[str, float] = field(default_factory=dict, hash=False)


def detect(data: bytes | str) -> Detection:
    """Say in which encoding bytes, or a text that was shown as Windows-1252, are written.

    >>> detect("NguyÔn V¨n Thö").encoding, detect("Nguyễn Văn Thử").encoding
    ('tcvn3', 'unicode')
    >>> detect("Nguyeãn Vaên Thöû").encoding, detect("Lê Hoàng Tú").encoding
    ('vni', 'unicode')
    """
    if isinstance(data, bytes):
        return _detect_bytes(data)
    require_text(data, KIND)
    if data.isascii():
        return Detection("ascii", 1.0)
    behind = as_bytes(data)
    if behind is None:
        return Detection("unicode", 1.0)
    return _decide(_PRIORS_TEXT, data, behind)


def _detect_bytes(data: bytes) -> Detection:
    if data.startswith(b"\xef\xbb\xbf"):
        return Detection("utf8bom", 1.0)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Detection("utf16le" if data[0] == 0xFF else "utf16be", 1.0)
    if len(data) % 2 == 0 and b"\0" in data:
        odd, even = data[1::2].count(0), data[::2].count(0)
        if max(odd, even) * 4 > len(data) // 2:
            return Detection("utf16le" if odd > even else "utf16be", 0.95)
    if data.isascii():
        return Detection("ascii", 1.0)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return _decide(_PRIORS_BYTES, "", data)
    return Detection("utf8", 1.0)


def _decide(priors: Mapping[str, float], text: str, data: bytes) -> Detection:
    scores = {
        name: prior + _score(text if name == "unicode" else decode_bytes(data, name))
        for name, prior in priors.items()
    }
    best = max(scores, key=lambda name: scores[name])
    total = sum(math.exp(score - scores[best]) for score in scores.values())
    return Detection(best, round(1.0 / total, 6), scores)


def _score(text: str) -> float:
    """Return the log score of a reading; words in plain ASCII are the same in all and count 0."""
    total, counted = 0.0, 0
    for place, word in enumerate(_SPLIT.split(unicodedata.normalize("NFC", text).strip())):
        if word.isascii():
            continue
        total += _word_score(word, place)
        counted += 1
        if counted == _SAMPLE:
            break
    return total


def _word_score(word: str, place: int) -> float:
    lower = word.lower()
    if not word.isalpha() or not _one_case(word):
        return _BROKEN + _LOST_BYTE * word.count(LOST)
    if not is_syllable(lower):
        return _FOREIGN
    roles = name_roles(lower)
    if place == 0 and "surname" in roles:
        return _KNOWN_SURNAME
    return _KNOWN if roles else _SPELLED


def _one_case(word: str) -> bool:
    """Tell whether a word is lower, Capitalised or UPPER; of the letters that TCVN3 has no capital
    for, none may look at the case (``NGUYễN``).
    """
    if word.isupper() or word[1:].islower() or len(word) == 1:
        return True
    return not any(c.islower() for c in word if c.isascii() or c in CASE_SHOWN)


def suspect(text: str) -> str:
    """Name the damage of a text: ``LEGACY_BYTES``, ``MOJIBAKE`` (UTF-8 shown as Windows-1252) or
    empty.

    >>> suspect("NguyÔn V¨n Thö"), suspect("Nguyá»…n"), suspect("Lê Hà")
    ('LEGACY_BYTES', 'MOJIBAKE', '')
    """
    found = detect(text)
    if found.encoding in ("ascii", "unicode") or found.confidence < THRESHOLD:
        return ""
    return "MOJIBAKE" if found.encoding == "utf8" else "LEGACY_BYTES"


def decode(data: bytes | str, encoding: str, *, name: bool = False, capitals: bool = False) -> str:
    """Return the text (NFC) of bytes, or of a text that was shown as Windows-1252.

    What means nothing in the encoding becomes U+FFFD. TCVN3 has no capitals with tone marks:
    ``capitals=True`` says that the text stood in a font of capitals (``.VnTimeH``);
    ``name=True`` gives capitals back by their neighbours (`restore_case`). Raises `IdentityError`
    when the encoding is unknown or the text cannot have been shown as Windows-1252.

    >>> decode("Lª ThÞ ¸nh", "tcvn3", name=True), decode("Lª ThÞ ¸nh", "tcvn3", capitals=True)
    ('Lê Thị Ánh', 'LÊ THỊ ÁNH')
    """
    if isinstance(data, str):
        behind = as_bytes(data)
        if behind is None:
            raise IdentityError("ID-UNENCODABLE", encoding="cp1252")
        data = behind
    text = decode_bytes(data, encoding)
    if capitals:
        return text.upper()
    return restore_case(text) if name and encoding == "tcvn3" else text


def encode(text: str, encoding: str) -> bytes:
    """Return the bytes of a text in an encoding, for tests and for old systems.

    Raises `IdentityError` when the encoding is unknown or does not hold a character. TCVN3 loses
    the case of capitals with tone marks.

    >>> decode(encode("Đỗ Đình Thử", "vni"), "vni")
    'Đỗ Đình Thử'
    """
    return encode_text(text, encoding)


def repaired(text: str) -> str:
    """Return a text decoded by its detected encoding, or unchanged (NFC) when none is likely.

    Only for showing a suggestion: a guess can be wrong without any sign of it.

    >>> repaired("NguyÔn V¨n Thö"), repaired("Nguyá»…n"), repaired("Nguyễn")
    ('Nguyễn Văn Thử', 'Nguyễn', 'Nguyễn')
    """
    text = unicodedata.normalize("NFC", require_text(text, KIND))
    while suspect(text):
        text = decode(text, detect(text).encoding)
    return text


def parse(text: str, context: Context | None = None) -> Checked:
    """Decode bytes written in hexadecimal, or a text that was shown as Windows-1252.

    The context gives ``enc`` (one of `ENCODINGS`). Without it the detector chooses: Unicode is
    accepted, a legacy encoding gives ``warn`` with ENCODING_GUESSED, no clear winner gives ``no``
    with UNDETECTED and a suggestion. ``details`` hold encoding and confidence. LOST_BYTES keeps
    the decoded text, with U+FFFD where a byte means nothing.

    >>> parse("4e677579d46e", {"enc": "tcvn3"}).normalized
    'Nguyễn'
    >>> parse("4e677579d46e").codes, parse("4e6775793f6e", {"enc": "utf8"}).codes
    (('ENCODING_GUESSED',), ('QUESTION_MARKS',))
    """
    text = require_text(text, KIND)
    stripped = text.strip()
    if not stripped:
        return no(KIND, "EMPTY")
    data: bytes | str = bytes.fromhex(stripped) if _HEX.fullmatch(stripped) else text
    encoding = str((context or {}).get("enc") or "")
    if encoding:
        if encoding not in ENCODINGS:
            return no(KIND, "ENCODING_UNKNOWN")
        if isinstance(data, str) and as_bytes(data) is None:
            return no(KIND, "UNENCODABLE")
        return _decoded(decode(data, encoding), encoding, 1.0, guessed=False)
    found = detect(data)
    plain = isinstance(data, str) and found.encoding in ("unicode", "ascii")
    if plain:
        return _decoded(unicodedata.normalize("NFC", str(data)), found.encoding, 1.0, guessed=False)
    encoding = "utf8" if found.encoding == "ascii" else found.encoding
    if found.confidence < THRESHOLD:
        return no(KIND, "UNDETECTED", "" if encoding == "unicode" else decode(data, encoding))
    guessed = isinstance(data, str) or encoding in ("tcvn3", "vni", "cp1258", "cp1252")
    return _decoded(decode(data, encoding), encoding, found.confidence, guessed=guessed)


def _decoded(text: str, encoding: str, confidence: float, *, guessed: bool) -> Checked:
    details = {"encoding": encoding, "confidence": f"{confidence:.4f}"}
    if LOST in text:
        return Checked(KIND, text, "no", ("LOST_BYTES",), "", details)
    codes = []
    if _QUESTION.search(text):
        codes.append("QUESTION_MARKS")
    if guessed:
        codes.append("ENCODING_GUESSED")
    if codes:
        return Checked(KIND, text, "warn", tuple(codes), "", details)
    return Checked(KIND, text, "yes", ("OK",), "", details)


def validate(text: str, context: Context | None = None) -> str:
    """Return the decoded text; raise `IdentityError` (without the text) when bytes are lost.

    >>> validate("5175b66e67204e67b769", {"enc": "tcvn3"})
    'Quảng Ngãi'
    """
    return passed(parse(text, context))


def is_valid(text: str, context: Context | None = None) -> bool:
    """Tell whether all bytes could be decoded.

    >>> is_valid("4e677579806e", {"enc": "tcvn3"})
    False
    """
    return parse(text, context).is_valid


def normalize(text: str, context: Context | None = None) -> str:
    """Return `repaired` of a text as it was shown (never of hexadecimal).

    >>> normalize("NguyÔn V¨n Thö")
    'Nguyễn Văn Thử'
    """
    del context
    return repaired(text)


def format(text: str, context: Context | None = None) -> str:
    """Return the bytes of a right text in hexadecimal, in the encoding ``enc`` (UTF-8 if absent).

    >>> format("Quảng Ngãi", {"enc": "tcvn3"})
    '5175b66e67204e67b769'
    """
    encoding = str((context or {}).get("enc") or "utf8")
    return encode(require_text(text, KIND), encoding).hex()
