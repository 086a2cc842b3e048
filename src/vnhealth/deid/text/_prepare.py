"""From the text as it came to the text that is looked at, and the way back for places.

The detectors look at a composed text without invisible characters, with plain digits, Latin
letters for look-alikes, and words of old encodings (TCVN3, VNI, UTF-8 shown as Windows-1252)
decoded. Found places are given back in the NFC form of the input, of which nothing else changes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

from vnhealth.deid.text._lexicon import syllable, words_of
from vnhealth.errors import IdentityError
from vnhealth.identity import legacy
from vnhealth.identity._legacy_tables import as_bytes
from vnhealth.identity._syllables import read_rows

__all__ = ["Prepared", "prepare"]

_PLAIN = re.compile(
    "[\\s!-~°±²³µ·×÷–—‘’“”•…ÀÁÂÃÈÉÊÌÍÒÓÔÕÙÚÝàáâãèéêìíòóôõùúýĂăĐđĨĩŨũƠơƯưẠ-ỹ]*".replace(
        "\\s", " \t\n\r"
    )
)
_MISREAD = re.compile(r"(?<![^\W_])[0-9]*[OoIl][0-9OoIl]*[0-9](?![^\W_])", re.ASCII)
_DIGITS = str.maketrans("OoIl", "0011")
_INVISIBLE = frozenset({"Cf", "Mn", "Me"})
_CHUNK = re.compile(r"\S+")
_ODD_LETTER = re.compile("[\u00a1-\u00ae\u00b4-\u00bfÄÅÆÇËÎÏÑÖØÛÜÞßäåæçëîïñöøûüþÿŠšƒ€™œŒ]")
_VNI = re.compile(
    "[aeoAEOöÖôÔ][\u00f9\u00f8\u00fb\u00f5\u00ef\u00d9\u00d8\u00db\u00d5\u00cf"
    "\u00e2\u00e4\u00e5\u00ea\u00e8\u00fa\u00fc\u00eb\u00c2\u00c4\u00c5\u00ca\u00c8\u00da\u00dc\u00cb]"
)


class Prepared:
    """The NFC text, the text that is looked at (``view``), and the places of one in the other.

    ``doubtful`` says that some words may be of an old encoding, read as such or not.
    """

    __slots__ = ("_back", "doubtful", "text", "view")

    def __init__(
        self, text: str, view: str, back: list[int] | None, *, doubtful: bool = False
    ) -> None:
        self.text = text
        self.view = view
        self.doubtful = doubtful
        self._back = back

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Start and end in the NFC text of what stands between two places of the view."""
        if self._back is None:
            return start, end
        return self._back[start], self._back[end]


@cache
def _lookalikes() -> dict[int, str]:
    found = {int(r["codepoint"], 16): r["letter"] for r in read_rows("lookalike_letters.csv")}
    found |= {0xD0: "Đ", 0xF0: "đ", 0xA0: " ", 0x2007: " ", 0x202F: " ", 0x2003: " ", 0x2002: " "}
    found |= {0x2009: " ", 0x3000: " "}
    found |= {0xFF01 + i: chr(0x21 + i) for i in range(94)}
    return found


def _digit(char: str) -> str:
    if char.isdecimal() and not char.isascii():
        return str(unicodedata.decimal(char))
    return char


def prepare(text: str) -> Prepared:
    r"""Compose a text and make the form the detectors look at.

    >>> done = prepare("Nguy\u200be\u0302\u0303n ０９1")
    >>> done.view, done.place(0, 6)
    ('Nguyễn 091', (0, 7))
    >>> prepare("BN NguyÔn V¨n Thö ho").view
    'BN Nguyễn Văn Thử ho'
    """
    text = unicodedata.normalize("NFC", text)
    plain = _PLAIN.match(text)
    if plain and plain.end() == len(text) and not _VNI.search(text):
        return Prepared(text, _MISREAD.sub(_read_digits, text), None)
    return _decoded(text)


def _read_digits(match: re.Match[str]) -> str:
    """A number in which the letter O stands for nought or l for one: 0963 4O7 118."""
    word = match[0]
    return word.translate(_DIGITS) if len(word) > 2 and sum(map(str.isdigit, word)) > 1 else word


def _decoded(text: str) -> Prepared:
    encodings = _legacy(text)
    view: list[str] = []
    back: list[int] = []
    done = 0
    for start, end, encoding in encodings:
        _add(text, done, start, view, back)
        _add_legacy(text, start, end, encoding, view, back)
        done = end
    _add(text, done, len(text), view, back)
    back.append(len(text))
    looked = _MISREAD.sub(_read_digits, "".join(view))
    moved = len(looked) != len(text) or bool(encodings)
    return Prepared(text, looked, back if moved else None, doubtful=_doubtful(text))


def _add(text: str, start: int, end: int, view: list[str], back: list[int]) -> None:
    table = _lookalikes()
    for i in range(start, end):
        char = text[i]
        if not char.isascii():
            if unicodedata.category(char) in _INVISIBLE:
                continue
            char = _digit(table.get(ord(char), char))
        elif char < " " and char not in "\t\n\r":
            char = " "
        view.append(char)
        back.append(i)


def _add_legacy(
    text: str, start: int, end: int, encoding: str, view: list[str], back: list[int]
) -> None:
    """One word of an old encoding: a letter stands at the place where its bytes begin."""
    word = text[start:end]
    whole = _decode(word, encoding)
    place = 0
    for size in range(1, len(whole) + 1):
        at = place
        while at < len(word) and len(_decode(word[:at], encoding)) < size:
            at += 1
        view.append(whole[size - 1])
        back.append(start + max(place, at - 1) if size > 1 else start)
        place = at
    if len(whole) == 0:
        _add(text, start, end, view, back)


def _decode(word: str, encoding: str) -> str:
    try:
        return legacy.decode(word, encoding)
    except IdentityError:
        return word


def _legacy(text: str) -> list[tuple[int, int, str]]:
    """Words written in an old encoding: start, end, name of the encoding."""
    if not _doubtful(text):
        return []
    chunks = list(_chunks(text))
    if not chunks:
        return []
    found = legacy.detect(" ".join(text[a:b] for a, b in chunks))
    if found.encoding in ("ascii", "unicode") or found.confidence < legacy.THRESHOLD:
        return []
    return [(a, b, found.encoding) for a, b in chunks if _reads(text[a:b], found.encoding)]


def _doubtful(text: str) -> bool:
    return bool(_ODD_LETTER.search(text) or _VNI.search(text))


def _chunks(text: str) -> Iterator[tuple[int, int]]:
    """Words with letters beyond ASCII that are no syllables as they stand."""
    for match in _CHUNK.finditer(text):
        word = match[0]
        if not word.isascii() and any(c.isalpha() for c in word) and as_bytes(word) is not None:
            letters = words_of(word)
            plain = len(letters) == 1 and word.replace(letters[0], "").isascii()
            if not plain or not syllable[letters[0]]:
                yield match.span()


def _reads(word: str, encoding: str) -> bool:
    """True when a word becomes syllables by an encoding."""
    letters = words_of(_decode(word, encoding))
    return bool(letters) and all(letter.isdigit() or syllable[letter] for letter in letters)
