"""What each word of a page may be in a name, one letter a word: what the rules of names read.

The string of a page is separator, letter, separator, letter, and so on. The letters:

- ``S`` family name, ``D`` family or given name, ``Q`` family name of a minority, ``R`` rare family
  name, ``V`` Văn or Thị, ``G`` given or middle name, ``O`` such a word in capitals that is an
  everyday word too, ``U`` usual in names if it had marks (``b`` in capitals), ``C`` other syllable,
  ``F`` foreign word, ``M`` foreign given name, ``N`` glued name, ``A`` shortened family name (Ng.),
  ``I`` one letter, ``H`` the letters H, K, Y, ``J`` capitals that may be initials, ``B`` other
  capitals, ``E`` eponym,
  ``X`` never in a name, ``Y`` hardly ever: all with a capital letter;
- ``s r v g o`` the same in lower case, ``r`` rarer family names, ``o`` everyday words too; in text
  without marks ``w`` van or thi, ``m`` do or ho, ``n p`` what would be ``g o`` with marks; ``k``
  verb, ``y`` years of age, ``h`` a. or c. for anh, chị, ``a`` là, ``e`` và, ``l`` other word,
  ``d`` digits;
- ``z`` people or nationality set off behind a name;
- ``T`` title of staff, ``K`` kin, ``P`` patient, ``L`` label, ``W`` weak label, ``Z`` strict,
  ``t`` the words of a title before the last, ``x`` found already.
"""

from __future__ import annotations

import re

from vnhealth.deid.text._eponyms import is_medical
from vnhealth.deid.text._lexicon import (
    Cache,
    fold,
    folds_of,
    key,
    keys_of,
    listed,
    name_folds,
    name_keys,
    syllable,
)
from vnhealth.deid.text._page import Page

__all__ = ["name_shape"]

_NATIONS = tuple(listed("nationality"))
_SET_OFF = re.compile("[,(]")
_JOINERS = {"LÀ": "a", "VÀ": "e", "VỚI": "e"}
_CAMEL = re.compile(r"[^\W\d_a-zà-ỹ]?[^\W\d_]+?(?=[A-ZĐÀ-Ỹ]|$)")


def _roles(word: str) -> frozenset[str]:
    return name_keys().get(key[word], frozenset())


def _bare_roles(word: str) -> frozenset[str]:
    bare = word.isascii() and syllable[word]
    return name_folds().get(fold[word], frozenset()) if bare else frozenset()


def _surname(word: str) -> bool:
    bare = word.isascii() and word.lower() in listed("surname_bare")
    return bare or key[word] in keys_of("surname")


def _lower(word: str) -> str:
    if word in listed("age"):
        return "y"
    if word in ("là", "la"):
        return "a"
    if word in ("và", "va", "với"):
        return "e"
    if word in ("văn", "thị"):
        return "v"
    if word in ("van", "thi"):
        return "w"
    if word in listed("surname_lower"):
        return "s"
    if key[word] in keys_of("surname") and word not in listed("function"):
        return "r"
    if word in listed("surname_bare"):
        return "m"
    if word in listed("verb"):
        return "k"
    if word in ("a", "c", "b", "e", "ô"):
        return "h"
    if not (_roles(word) or _bare_roles(word)) or word in listed("function"):
        return "l"
    if word.isascii() and key[word] not in name_keys():
        return "p" if fold[word] in folds_of("stop") else "n"
    everyday = key[word] in keys_of("ordinary") or key[word] in keys_of("stop")
    return "o" if everyday else "g"


def _capitals(word: str) -> str:
    """A word of two and more capital letters."""
    if word in _JOINERS:
        return _JOINERS[word]
    if word in listed("abbreviation"):
        return "B"
    if word.lower() in listed("particle") and not _surname(word):
        return "Y"
    if word in listed("bare_not_name"):
        return "Y"
    found = _capital(word)
    if found == "G" and (key[word] in keys_of("ordinary") or key[word] in keys_of("stop")):
        return "O"
    if found == "U":
        return "b"
    if found == "C":
        return "C" if len(word) > 2 or not word.isascii() else "J"
    if found != "F":
        return found
    return "B" if len(word) > 4 or set(word) & set("FJWZ") else "J"


def _capital(word: str) -> str:
    if word in ("Văn", "Thị", "VĂN", "THỊ", "Van", "Thi", "VAN", "THI"):
        return "V"
    if word in listed("short_surname"):
        return "A"
    if is_medical[word]:
        return "X"
    if _surname(word):
        return "S"
    if key[word] in keys_of("minority"):
        return "Q"
    if word.lower() in listed("foreign_given"):
        return "M"
    roles = _roles(word)
    given = bool(roles & {"given", "middle"})
    if "surname" in roles:
        return "D" if given else "R"
    if given:
        return "G"
    if _bare_roles(word):
        return "U"
    if key[word] in keys_of("stop"):
        return "Y"
    if word.isascii() and syllable[word] and fold[word] in folds_of("stop"):
        return "Y"
    return "C" if syllable[word] else "F"


def _class(word: str) -> str:
    if word.isdigit():
        return "d"
    if word.islower():
        return _lower(word)
    if len(word) == 1:
        if not word.isascii() and word.isupper() and _roles(word):
            return "G"
        return "H" if word in "HKY" else "I" if word.isupper() else "l"
    if word.isupper():
        return _capitals(word)
    if word[0].isupper() and word[1:].islower():
        return _capital(word)
    parts = _CAMEL.findall(word)
    if len(parts) > 1 and "".join(parts) == word and all(map(_roles, parts)):
        return "N" if any("surname" in _roles(part) for part in parts) else "G"
    return "B"


_CLASS = Cache(_class)

_TITLE = {
    "staff": "T",
    "kin": "K",
    "patient": "P",
    "label": "L",
    "weak": "W",
    "strict": "Z",
}
_MARKED = {"U": "G", "w": "v", "m": "r", "n": "g", "p": "o"}
_NAME_LETTERS = frozenset("SDQRVGOCFNA")
_ORDER = frozenset({"cả", "hai", "út"})
_KEPT = frozenset({"compound", "heading", "eponym"})


def name_shape(page: Page) -> str:
    """The string of a page that the rules read: separator and class of each word in turn."""
    kinds = list(map(_CLASS.__getitem__, page.words))
    if any(page.bare_at):
        pairs = zip(kinds, page.bare_at, strict=True)
        kinds = [_MARKED.get(kind, kind) if bare else kind for kind, bare in pairs]
    _facilities(page, kinds)
    _endings(page, kinds)
    _peoples(page, kinds)
    shape = page.shape
    for first, last, classes in page.found["whitelist"]:
        if classes[0] in _KEPT and not page.capital(last - 1):
            for i in range(first, last):
                kinds[i] = "E" if "eponym" in classes else "X"
    for first, last, classes in page.found["titles"]:
        if last - first > 1 and (_nickname(page, last - 1) or _family(page, last - 1)):
            last -= 1
        letter = _title(page, kinds, first, last, classes)
        if letter:
            for i in range(first, last - 1):
                kinds[i] = "t"
            kinds[last - 1] = letter
    for first, last, classes in page.found["whitelist"]:
        if not _overruled(page, kinds, first, last, classes):
            for i in range(first, last):
                if kinds[i] not in "TKPLtz":
                    kinds[i] = "E" if "eponym" in classes else "X"
    return "".join([part for pair in zip(shape, kinds, strict=True) for part in pair])


def _nickname(page: Page, i: int) -> bool:
    """True for the last word of ``cô Út`` when it begins a nickname: cô Út Nhỏ."""
    if i + 1 >= page.size or page.shape[i + 1] != " " or page.words[i].lower() not in _ORDER:
        return False
    return page.words[i].istitle() and page.words[i + 1].istitle()


def _family(page: Page, i: int) -> bool:
    """True for the last word of ``bà lang`` when it is a family name: bà Lang Thị Thử."""
    if not page.words[i].istitle() or i + 1 >= page.size or page.words[i - 1].istitle():
        return False
    return page.shape[i + 1] == " " and page.words[i + 1] in ("Thị", "Văn")


def _endings(page: Page, kinds: list[str]) -> None:
    """ANH behind a word of a name is its end, not the particle: QUỲNH ANH."""
    for i in range(1, len(kinds)):
        if kinds[i] not in "YB" or page.shape[i] != " ":
            continue
        if kinds[i] == "B":
            named = i > 2 and kinds[i - 2] == "V" and kinds[i - 1] in "SGDRQOb"
            if named and page.words[i].isalpha() and (_roles(page.words[i]) or page.bare_at[i]):
                kinds[i] = "O"
            continue
        if kinds[i - 1] in "SGDRQO" or (kinds[i - 1] in "BJ" and i > 1 and kinds[i - 2] == "V"):
            word = page.words[i]
            if word.isupper() and word.lower() in listed("particle") and _roles(word):
                kinds[i] = "O"


def _peoples(page: Page, kinds: list[str]) -> None:
    """``, người Mông`` and ``, dân tộc Thái``; a nationality before a foreign name is a label."""
    for match in _SET_OFF.finditer(page.shape):
        i = match.start()
        said = page.folds[i] in ("nguoi", "dan") and i + 1 < page.size
        if said and (page.capital(i + 1) or page.folds[i + 1] == "toc"):
            kinds[i] = "z"
    if "F" not in kinds and "M" not in kinds:
        return
    for i in range(1, page.size):
        before = kinds[i] in "FM" and page.shape[i] == " " and page.capital(i - 1)
        if before and " ".join(page.words[max(0, i - 2) : i]).lower().endswith(_NATIONS):
            kinds[i - 1] = "L"


def _facilities(page: Page, kinds: list[str]) -> None:
    """Words with capital letters behind ``BV``, ``phòng khám`` and the like name no person."""
    for first, last, classes in page.found["place_words"]:
        if "facility" not in classes or page.words[first].lower() in listed("room"):
            continue
        i = last
        while i < len(kinds) and i < last + 4 and page.shape[i] == " " and page.capital(i):
            if i in page.titled or kinds[i] in "IHd":
                break
            kinds[i] = "X"
            i += 1


def _title(page: Page, kinds: list[str], first: int, last: int, classes: tuple[str, ...]) -> str:
    """The letter of a title, or nothing when the words are a part of a name."""
    letter = _TITLE[classes[0]]
    if "X" in kinds[first:last] and letter == "K":
        return ""
    if kinds[last - 1] in "TKPLWZ":
        return ""
    if kinds[last - 1] == "t" or kinds[first] == "t":
        return letter
    if page.words[first].lower() in ("trực", "phụ") and first and kinds[first - 1] == "T":
        return "T"
    if first and last - first == 1 and page.words[first].istitle() and kinds[first - 1] in "SV":
        return "" if page.shape[first] == " " else letter
    if first and last - first > 1 and page.words[first].istitle() and kinds[first - 1] in "SV":
        return "" if page.shape[first] == " " and page.words[first - 1].istitle() else letter
    if last - first > 1 or letter not in "KW":
        return letter
    if page.capital(first):
        before = kinds[first - 1] if first and page.shape[first] in " :(" else ""
        if before == "a" and page.keys[first] == "anh":
            return ""
        named = before in "bBJ" and first > 1 and kinds[first - 2] == "V"
        if (before in _NAME_LETTERS or named) and page.shape[first] == " ":
            return ""
        follows = last < len(kinds) and page.shape[last] in " " and kinds[last] in _NAME_LETTERS
        if before in "TKPLW" and before and (not follows or page.keys[first] == "ba"):
            return ""
    return letter


def _overruled(
    page: Page, kinds: list[str], first: int, last: int, classes: tuple[str, ...]
) -> bool:
    """True when a word of the whitelist is a name all the same: capital letters behind a title or
    a family name.
    """
    if not first:
        return False
    before = kinds[first - 1]
    if page.shape[first] not in " .:(" and not (before == "L" and page.shape[first] == "n"):
        return False
    if not all(page.capital(i) for i in range(first, last)):
        return False
    if before in "GD" and page.shape[first] == " " and first > 1 and kinds[first - 2] == "S":
        return True
    if before in "SVDRQGO" and page.shape[first] == " ":
        return before in "SVQ" or classes[0] not in _KEPT
    if before in "TKPL":
        if page.words[first].lower() in listed("foreign_given") and last - first == 1:
            return last < len(kinds) and page.shape[last] == " " and kinds[last] in "FMS"
        stops = any(kinds[i] in "XYlB" for i in range(first, last))
        return not stops and (classes[0] not in _KEPT or last - first > 1)
    return False
