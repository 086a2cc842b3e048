"""Names of people: what to show, what to compare, what to search.

Three forms of one text. *Display* is what is stored, printed and sent: composed (NFC), without
invisible characters, single blanks, case kept. *Key* is for equality: lower case, the tone mark of
each syllable moved to a digit behind it, so that ``hoà`` and ``hòa`` are equal while ``Thúy`` and
``Thùy`` are not. *Skeleton* has no marks at all, for search and for sources without marks.

Nothing here changes a name in place: every function returns a new text, and a doubtful name is
flagged, never repaired.

Legal source: name as in the birth certificate, Luật Hộ tịch 2014; names of newborns without one,
TT 01/2025/TT-BYT and ND 188/2025/ND-CP (mother, father, guardian or facility stand in). The forms
and flags are this project's own policy.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from vnhealth.identity._base import Checked, Context, Outcome, canonical, passed, require_text
from vnhealth.identity._syllables import name_roles, read_rows, split_tone

__all__ = [
    "KIND",
    "Name",
    "comparable",
    "display",
    "fold_names",
    "format",
    "initials",
    "is_valid",
    "key",
    "mother_of_newborn",
    "normalize",
    "parse",
    "read",
    "skeleton",
    "sorted_skeleton",
    "validate",
]

KIND = "name"

_ETH = {0xD0: "Đ", 0xF0: "đ"}
_STROKE = {"D\u0335": "Đ", "d\u0335": "đ", "D\u0336": "Đ", "d\u0336": "đ"}
_NOTE = re.compile(r"[(\[{].*?(?:[)\]}]|$)")
_LOST = re.compile(r"\w\?|\?\w|\ufffd")
_MINORITY = re.compile(r"^[HKY](?:['’ʼ`]|-|\s)\s*\w|\s[HK]['’ʼ`]\w", re.IGNORECASE)


class _Fold(dict[int, str | None]):
    """Translation of decomposed text; each code point is classified once, when first seen."""

    def __init__(self, *, marks: bool) -> None:
        super().__init__({ord("đ"): "đ" if marks else "d"})
        self._marks = marks

    def __missing__(self, code: int) -> str | None:
        char = chr(code)
        kind = unicodedata.category(char)[0]
        kept = self._marks if kind == "M" else kind in "LN"
        self[code] = char if kept else None if kind == "M" else " "
        return self[code]


class _Visible(dict[int, str]):
    """Translation that drops invisible characters; each code point is classified once."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        kind = unicodedata.category(char)
        shown = "" if kind == "Cf" else " " if kind == "Cc" else char
        self[code] = shown
        return shown


_VISIBLE = _Visible(_ETH)
_KEY_FOLD = _Fold(marks=True)
_SKELETON_FOLD = _Fold(marks=False)


def display(text: str) -> str:
    r"""Return the form to store, print and send; case and punctuation are kept.

    Composed (NFC), invisible characters gone, blanks single, Icelandic Eth and D with a combining
    stroke become Đ.

    >>> display("  Nguye\u0302\u0303n\u00a0Va\u0306n  Thu\u031b\u0309 ")
    'Nguyễn Văn Thử'
    >>> display("\u00d0ỗ Văn Thử") == display("D\u0335ỗ Văn Thử") == "Đỗ Văn Thử"
    True
    """
    require_text(text, KIND)
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    text = text.translate(_VISIBLE)
    if "\u0335" in text or "\u0336" in text:
        text = unicodedata.normalize("NFD", text)
        for sequence, letter in _STROKE.items():
            text = text.replace(sequence, letter)
    return " ".join(unicodedata.normalize("NFC", text).split())


def key(text: str) -> str:
    """Return the form to compare: lower case, punctuation as blank, tone as a digit per syllable.

    >>> key("Nguyễn Văn Hoà") == key("NGUYỄN VĂN HÒA"), key("Quý") == key("Qúy")
    (True, True)
    >>> key("H’Hen Mẫu")
    'h hen mâu4'
    """
    return _key(display(text))


@lru_cache(maxsize=32768)
def _word_forms(word: str) -> tuple[str, str]:
    """Return key and skeleton of one word in display form; syllables repeat, so they are kept."""
    lower = word.lower()
    if lower.isascii() and lower.isalnum():
        return lower, lower
    decomposed = unicodedata.normalize("NFD", lower)
    syllables = decomposed.translate(_KEY_FOLD).split()
    word_key = " ".join("".join(split_tone(syllable)) for syllable in syllables)
    bare = " ".join(decomposed.translate(_SKELETON_FOLD).split())
    return word_key, unicodedata.normalize("NFC", bare)


def _key(shown: str) -> str:
    return " ".join([form for word in shown.split() if (form := _word_forms(word)[0])])


def skeleton(text: str) -> str:
    """Return the form to search: lower case, no marks, đ as d, punctuation as blank.

    >>> skeleton("Đỗ Văn Thử.")
    'do van thu'
    """
    return _skeleton(display(text))


def _skeleton(shown: str) -> str:
    return " ".join([form for word in shown.split() if (form := _word_forms(word)[1])])


def sorted_skeleton(text: str) -> str:
    """Return the skeleton with its words in alphabetical order: equal for reversed names.

    >>> sorted_skeleton("Thử Nguyễn Văn") == sorted_skeleton("nguyen van thu")
    True
    """
    return " ".join(sorted(skeleton(text).split()))


fold_names = skeleton
"""The search form of a name; another word for `skeleton`.

>>> fold_names("ĐỖ VĂN THỬ")
'do van thu'
"""


def initials(text: str) -> str:
    """Return the first letter of each word of the skeleton, in capitals.

    >>> initials("Nguyễn Văn Thử")
    'NVT'
    """
    return "".join(word[0] for word in skeleton(text).split()).upper()


@dataclass(frozen=True, slots=True, repr=False)
class Name:
    """The forms of one name and what is noticed about it.

    ``flags`` are about the content (``OK`` alone when there is nothing): NO_MARKS, ONE_WORD,
    REVERSED, NEWBORN_PREFIX, NOTE_IN_NAME, DIGIT_IN_NAME, ANONYMOUS, LOST_LETTERS, LEGACY_BYTES,
    MOJIBAKE, EMPTY. ``notes`` say how the text was written, without judging it: NFD,
    HALF_COMPOSED, LOOKALIKE_LETTERS, INVISIBLE, SPACING, MINORITY_FORM. ``suggestion`` is the name
    with look-alike letters replaced, for somebody to confirm. The representation shows no name.

    >>> read("Nguye\u0302\u0303n Văn Thử")
    <Name OK (HALF_COMPOSED)>
    """

    display: str
    key: str
    skeleton: str
    flags: tuple[str, ...]
    notes: tuple[str, ...]
    suggestion: str = ""

    def __repr__(self) -> str:
        notes = f" ({' '.join(self.notes)})" if self.notes else ""
        return f"<Name {' '.join(self.flags)}{notes}>"


def read(text: str) -> Name:
    """Return all forms of a name with flags and notes.

    >>> name = read("CB Trần Thị Mẫu")
    >>> name.key, name.flags
    ('cb trân2 thi5 mâu4', ('NEWBORN_PREFIX',))
    """
    shown = display(text)
    name_key, name_skeleton = _key(shown), _skeleton(shown)
    flags = tuple(_flags(text, shown, name_key, name_skeleton)) or ("OK",)
    suggestion = shown.translate(_lookalikes())
    return Name(
        shown,
        name_key,
        name_skeleton,
        flags,
        tuple(_notes(text, shown)),
        "" if suggestion == shown else suggestion,
    )


@cache
def _lookalikes() -> dict[int, str]:
    return {int(r["codepoint"], 16): r["letter"] for r in read_rows("lookalike_letters.csv")}


@cache
def _patterns(kind: str, marked: bool) -> tuple[tuple[tuple[str, ...], bool], ...]:
    """Return the word patterns of a kind, each with whether nothing may follow it."""
    rows = [row for row in read_rows("name_patterns.csv") if row["pattern"] == kind]
    if marked:
        return tuple((tuple(_key(row["words"]).split()), False) for row in rows)
    return tuple(
        (tuple(_skeleton(row["words"]).split()), row["unmarked"] == "exact")
        for row in rows
        if row["unmarked"] != "no"
    )


@cache
def _first_words(kind: str, marked: bool) -> frozenset[str]:
    return frozenset(pattern[0] for pattern, _ in _patterns(kind, marked))


def _starts(kind: str, words: list[str], marked: bool) -> int:
    """Return how many words the longest pattern at the start takes, 0 for none."""
    if not words or words[0] not in _first_words(kind, marked):
        return 0
    found = 0
    for pattern, whole in _patterns(kind, marked):
        size = len(pattern)
        if tuple(words[:size]) == pattern and (not whole or size == len(words)):
            found = max(found, size)
    return found


def _flags(raw: str, shown: str, name_key: str, name_skeleton: str) -> list[str]:
    from vnhealth.identity import legacy

    if not name_key:
        return ["LOST_LETTERS" if _LOST.search(shown) else "EMPTY"]
    if _LOST.search(shown):
        return ["LOST_LETTERS"]
    damaged = legacy.suspect(raw)
    if damaged:
        return [damaged]
    words = name_key.split()
    marked = name_key != name_skeleton
    if _starts("anonymous", words, marked):
        return ["ANONYMOUS"]
    flags = []
    if _starts("newborn", words, marked):
        flags.append("NEWBORN_PREFIX")
    inside = _NOTE.sub(" ", shown)
    if inside != shown:
        flags.append("NOTE_IN_NAME")
    if any(c.isdecimal() for c in inside):
        flags.append("DIGIT_IN_NAME")
    if len(words) == 1:
        flags.append("ONE_WORD")
    elif not marked:
        flags.append("NO_MARKS")
    if not flags and _is_reversed(shown.lower().split()):
        flags.append("REVERSED")
    return flags


def _is_reversed(words: list[str]) -> bool:
    """Tell whether the given name stands first: middle name or large surname last, surname not
    first, and a surname behind the first word.
    """
    if len(words) < 3 or "surname" in name_roles(words[0]):
        return False
    if words[-1] in ("văn", "thị"):
        return any("surname" in name_roles(word) for word in words[1:-1])
    return words[-1] in ("nguyễn", "trần", "phạm", "huỳnh")


def _notes(raw: str, shown: str) -> list[str]:
    if raw == shown and raw.isascii() and not _MINORITY.search(shown):
        return []
    notes = []
    composed = unicodedata.normalize("NFC", raw)
    if composed != raw:
        whole = unicodedata.normalize("NFD", raw) == raw
        notes.append("NFD" if whole else "HALF_COMPOSED")
    swapped = composed.translate(_ETH)
    if swapped != composed or any(s in swapped for s in _STROKE) or _mixed_script(shown):
        notes.append("LOOKALIKE_LETTERS")
    if any(unicodedata.category(c) == "Cf" for c in raw):
        notes.append("INVISIBLE")
    if " ".join(raw.split(" ")) != " ".join(raw.split()) or raw != raw.strip():
        notes.append("SPACING")
    if _MINORITY.search(shown):
        notes.append("MINORITY_FORM")
    return notes


def _mixed_script(shown: str) -> bool:
    """Tell whether letters of another alphabet that look Latin stand beside Latin letters."""
    table: Mapping[int, str] = _lookalikes()
    return any(ord(c) in table for c in shown) and any(c.isascii() and c.isalpha() for c in shown)


def comparable(text: str) -> tuple[str, str, bool, bool]:
    """Return key, skeleton, whether it stands for an unknown patient, and for a newborn.

    The same as `read` says, without its other flags; for long lists.

    >>> comparable("CB Trần Thị Mẫu")
    ('cb trân2 thi5 mâu4', 'cb tran thi mau', False, True)
    """
    forms = [_word_forms(word) for word in display(text).split()]
    name_key = " ".join([form for form, _ in forms if form])
    name_skeleton = " ".join([form for _, form in forms if form])
    words, marked = name_key.split(), name_key != name_skeleton
    unknown = bool(_starts("anonymous", words, marked))
    return name_key, name_skeleton, unknown, not unknown and bool(_starts("newborn", words, marked))


def mother_of_newborn(text: str) -> str:
    """Return the name behind ``CB``, ``Con bà`` and the like, or empty when there is none.

    The newborn is not the mother: use it to link two records, never to merge them.

    >>> mother_of_newborn("Con bà Trần Thị Mẫu (con 1)"), mother_of_newborn("Trần Thị Mẫu")
    ('Trần Thị Mẫu', '')
    """
    words = _NOTE.sub(" ", display(text)).split()
    keys = [_key(word) for word in words]
    marked = any(_key(word) != _skeleton(word) for word in words)
    return " ".join(words[size:]) if (size := _starts("newborn", keys, marked)) else ""


_OUTCOME: Mapping[str, Outcome] = {
    "OK": "yes",
    "ONE_WORD": "yes",
    "NO_MARKS": "yes",
    "EMPTY": "no",
    "LOST_LETTERS": "no",
    "LEGACY_BYTES": "no",
    "MOJIBAKE": "no",
}


def parse(text: str, context: Context | None = None) -> Checked:
    """Check a name; the normalised value is the display form, the codes are the flags.

    ``details`` hold key, skeleton and notes. Raises `IdentityError` only when ``text`` is no text.

    >>> parse("Do Van Thu").codes, parse("Nguy?n V?n Th?").outcome
    (('NO_MARKS',), 'no')
    """
    del context
    name = read(require_text(text, KIND))
    outcomes = {_OUTCOME.get(flag, "warn") for flag in name.flags}
    outcome: Outcome = "no" if "no" in outcomes else "warn" if "warn" in outcomes else "yes"
    suggestion = name.suggestion
    if name.flags[0] in ("LEGACY_BYTES", "MOJIBAKE"):
        from vnhealth.identity import legacy

        suggestion = display(legacy.repaired(text))
    return Checked(
        KIND,
        "" if outcome == "no" else name.display,
        outcome,
        name.flags,
        suggestion,
        {"key": name.key, "skeleton": name.skeleton, "notes": " ".join(name.notes)},
    )


def validate(text: str, context: Context | None = None) -> str:
    """Return the display form; raise `IdentityError` (without the name) when it is damaged.

    >>> validate(" Đỗ  Văn Thử ")
    'Đỗ Văn Thử'
    """
    return passed(parse(text, context))


def is_valid(text: str, context: Context | None = None) -> bool:
    """Tell whether the name is usable, warnings included.

    >>> is_valid("Mẫu"), is_valid("Nguy?n")
    (True, False)
    """
    return parse(text, context).is_valid


def normalize(text: str, context: Context | None = None) -> str:
    """Return the display form, or the text unchanged when it is damaged.

    >>> normalize("Đỗ  Văn Thử"), normalize("Nguy?n")
    ('Đỗ Văn Thử', 'Nguy?n')
    """
    return canonical(parse(text, context), text)


def format(text: str, context: Context | None = None) -> str:
    """Return the name as it is printed: the display form, never capitalised by a rule.

    >>> format("nguyễn  văn thử")
    'nguyễn văn thử'
    """
    return normalize(text, context)
