"""How good decoding and detection of legacy encodings are, measured on generated names.

The names are made by rule from a seed: surnames by rough share, middle and given names from the
package's list, and one syllable in eight drawn from all legal spellings that are *not* in that
list, so that the detector is also judged on syllables it does not know. One name in seven is in
capitals. The figures say nothing about running prose.

Legal source: none; this is a measurement of the project's own detector.
"""

from __future__ import annotations

import random
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields

from vnhealth.identity._syllables import is_syllable, name_roles, read_rows
from vnhealth.identity.legacy import decode, detect, encode, suspect

__all__ = ["LegacyFigures", "generate_names", "measure"]

COMMON_SURNAMES = (
    "Nguyễn",
    "Trần",
    "Lê",
    "Phạm",
    "Hoàng",
    "Huỳnh",
    "Phan",
    "Vũ",
    "Võ",
    "Đặng",
    "Bùi",
    "Đỗ",
)
SURNAME_SHARES = (32, 11, 9, 7, 5, 4, 4, 3, 3, 2, 2, 2)
_TONES = ("", "\u0301", "\u0300", "\u0309", "\u0303", "\u0323")
_VOWELS = "aăâeêioôơuưy"


@dataclass(frozen=True, slots=True)
class LegacyFigures:
    """Shares (0 to 1) over ``names`` generated names.

    ``declared_*``: decoded without a difference when the encoding is given; for TCVN3 also whether
    it stood in a font of capitals, ``declared_tcvn3_no_font`` is without that word.
    ``detected_*_bytes`` and ``detected_*_text``: the decoding that the detector chooses by itself
    (for a text: above the threshold) gives the name back, from bytes and from a text shown as
    Windows-1252; letter case that TCVN3 lost is not counted. ``false_bytes`` and
    ``false_text``: correct UTF-8 bytes, and correct texts, that were called something else.

    >>> measure(50, seed=1).declared_vni
    1.0
    """

    names: int
    seed: int
    declared_tcvn3: float
    declared_tcvn3_no_font: float
    declared_vni: float
    detected_tcvn3_bytes: float
    detected_vni_bytes: float
    detected_tcvn3_text: float
    detected_vni_text: float
    false_bytes: float
    false_text: float


def _outside(rng: random.Random, onsets: list[str], rimes: list[str]) -> str:
    """Return a legally spelled syllable that the list of name syllables does not hold."""
    while True:
        rime = rng.choice(rimes)
        vowels = [i for i, c in enumerate(rime) if c in _VOWELS]
        marked = [i for i in vowels if rime[i] in "ăâêôơư"]
        at = (marked or vowels)[-1 if marked or rime[-1] not in _VOWELS else 0]
        tone = rng.choice(_TONES)
        word = rng.choice([*onsets, ""]) + rime[: at + 1] + tone + rime[at + 1 :]
        word = unicodedata.normalize("NFC", word)
        if is_syllable(word) and not name_roles(word):
            return word.capitalize()


def generate_names(count: int, rng: random.Random) -> Iterator[str]:
    """Yield made-up names in NFC; the same generator state gives the same names.

    >>> import random
    >>> len(list(generate_names(3, random.Random(1))))
    3
    """
    rows = read_rows("name_syllables.csv")
    pool = {
        role: [r["syllable"].capitalize() for r in rows if role in r["roles"].split()]
        for role in ("surname", "middle", "given")
    }
    parts = read_rows("syllable_parts.csv")
    onsets = [r["text"] for r in parts if r["part"] == "onset"]
    rimes = [r["text"] for r in parts if r["part"] == "rime"]
    for _ in range(count):
        if rng.random() < 0.84:
            words = [rng.choices(COMMON_SURNAMES, SURNAME_SHARES)[0]]
        else:
            words = [rng.choice(pool["surname"])]
        for role in ("middle",) * rng.choice((0, 1, 1, 1, 2)) + ("given",):
            outside = rng.random() < 0.125
            words.append(_outside(rng, onsets, rimes) if outside else rng.choice(pool[role]))
        name = " ".join(words)
        yield name.upper() if rng.random() < 1 / 7 else name


def measure(count: int = 10_000, seed: int = 20261122) -> LegacyFigures:
    """Measure round trips and detection on ``count`` generated names.

    >>> measure(50, seed=1).names
    50
    """
    rng = random.Random(seed)
    hits: Counter[str] = Counter()
    for name in generate_names(count, rng):
        hits["false_bytes"] += detect(name.encode()).encoding not in ("utf8", "ascii")
        hits["false_text"] += suspect(name) != ""
        for encoding in ("tcvn3", "vni"):
            data = encode(name, encoding)
            font = encoding == "tcvn3" and name.isupper()
            declared = decode(data, encoding, name=True, capitals=font)
            hits[f"declared_{encoding}"] += declared == name
            hits[f"declared_{encoding}_no_font"] += decode(data, encoding, name=True) == name
            hits[f"detected_{encoding}_bytes"] += _recovers(data, name)
            hits[f"detected_{encoding}_text"] += _recovers(data.decode("latin-1"), name)
    shares = {f.name: hits[f.name] / count for f in fields(LegacyFigures) if f.type == "float"}
    return LegacyFigures(count, seed, **shares)


def _recovers(data: bytes | str, name: str) -> bool:
    """Tell whether the detector alone gives the name back; case lost by TCVN3 is not counted."""
    if isinstance(data, str):
        if not suspect(data):
            return data == name
        return decode(data, detect(data).encoding, name=True).lower() == name.lower()
    found = detect(data).encoding
    return decode(data, "utf8" if found == "ascii" else found, name=True).lower() == name.lower()
