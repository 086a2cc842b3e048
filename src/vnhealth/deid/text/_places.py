"""What may be the name of a place: words with capital letters, usual syllables, house numbers."""

from __future__ import annotations

from vnhealth.deid.text._eponyms import is_medical
from vnhealth.deid.text._lexicon import (
    Cache,
    fold,
    folds_of,
    key,
    keys_of,
    listed,
    place_syllables,
    syllable,
)
from vnhealth.deid.text._page import Page

__all__ = ["LOWER", "Places"]

_ROOMS = frozenset({"khoa", "phong", "doi", "vien"})
_WIDE = frozenset({"geography", "street"})
_NAMED = frozenset({"geography", "street", "facility_name", "product"})
_LONGEST = 4
_STEPS = ("/", "-", "", ".", " / ", "-", "bis", "+")


def _placelike(word: str) -> bool:
    if not word[:1].isupper() or len(word) == 1 or is_medical[word]:
        return False
    if key[word] in place_syllables():
        return len(word) > 2 or not word.isupper() or not word.isascii()
    if word.isupper() and word.isascii():
        return False
    if key[word] in keys_of("stop"):
        return False
    return bool(syllable[word]) or word[1:].islower()


_PLACE = Cache(_placelike)


def _lowerlike(word: str) -> bool:
    if not word.islower():
        return False
    if key[word] in place_syllables():
        return True
    return word.isascii() and fold[word] in place_syllables(bare=True) - folds_of("stop")


LOWER = Cache(_lowerlike)


class Places:
    """Runs of words of a page that may name a place; all answers are places of last words or -1."""

    __slots__ = ("_white", "announced", "common", "cues", "facility", "page", "shape", "titles")

    def __init__(self, page: Page, shape: str) -> None:
        self.page = page
        self.shape = shape
        self._white: dict[int, tuple[int, str]] = {}
        self.common: dict[int, int] = {}
        """The last word of a street that every town has, to its first."""
        for first, last, classes in page.found["whitelist"]:
            kind = next((c for c in classes if c in ("geography", "street")), classes[0])
            place = kind in _WIDE and any(map(page.capital, range(first, last)))
            if kind == "street":
                self.common[last - 1] = first
            for i in range(first, last):
                if i not in self._white or (place and self._white[i][1] not in _WIDE):
                    self._white[i] = (last, kind)
        self.titles = {i for first, last, _ in page.found["titles"] for i in range(first + 1, last)}
        """Words of titles but their first: nhà of người nhà."""
        self.facility: set[int] = set()
        self.cues: set[int] = set()
        self.announced: set[int] = set()
        """Places right behind a word that can only announce an address."""
        for first, last, classes in page.found["place_words"]:
            if "facility" in classes and page.folds[first] not in _ROOMS:
                self.facility.update(range(first + 1, last + 1))
            if "residence" in classes:
                self.cues.add(last)
                if self._announces(first, last):
                    self.announced.add(last)

    def _announces(self, first: int, last: int) -> bool:
        """True for words that can only announce an address: địa chỉ, trú tại, ở:."""
        word = " ".join(self.page.words[first:last]).lower()
        if word in listed("residence_everyday"):
            return False
        colon = self.page.shape[last : last + 1] == ":"
        return len(word) > 3 or colon or word in listed("residence_short")

    def place(self, i: int) -> bool:
        """True for a word that may be a part of the name of a place, by itself."""
        word = self.page.words[i]
        if _PLACE[word]:
            return True
        bare = self.page.bare_at[i] and word[:1].isupper() and len(word) > 1
        return bool(bare) and self.page.folds[i] in place_syllables(bare=True)

    def kind(self, i: int) -> str:
        """The class of word i in the shape of names."""
        return self.shape[2 * i + 1]

    def white(self, i: int) -> str:
        """The kind of the whitelist that word i is in, or nothing."""
        return self._white[i][1] if i in self._white else ""

    def geography(self, i: int) -> int:
        """The last word of a province, a city or a street of many towns that begins at word i."""
        if self.white(i) in _WIDE and (i == 0 or self._white.get(i - 1) != self._white[i]):
            return self._white[i][0] - 1
        return -1

    def cued(self, i: int) -> bool:
        """True behind ``địa chỉ``, ``trú tại`` and the like."""
        return i in self.cues and self.page.shape[i] in " :.(,n"

    def capitals(self, i: int, longest: int = _LONGEST) -> int:
        """Words with capital letters from word i on."""
        page, last = self.page, i - 1
        while last + 1 < page.size and last + 1 - i < longest:
            j = last + 1
            if j > i and page.shape[j] not in " -'":
                whole = page.seps[j].strip() in ("-", "–") and self.geography(j) >= 0
                if not whole:
                    break
            if (end := self.geography(j)) >= j and (page.capital(j) or page.words[j].isdigit()):
                last = end
                continue
            if not self._goes_on(i, j):
                break
            last = j
        if last >= i and [w.lower() for w in page.words[last + 1 : last + 3]] == ["nối", "dài"]:
            last += 2
        return last if last >= i else -1

    def _goes_on(self, i: int, j: int) -> bool:
        """True when word j belongs to the name that began with word i."""
        page = self.page
        word = page.words[j]
        if self.kind(j) in "tL" or (j > i and self.kind(j) in "TP"):
            return False
        if self.kind(j) == "E":
            return j > i and self.kind(j - 1) == "F"
        if len(word) == 1 and word.isupper():
            if page.shape[j + 1 : j + 2] == "'":
                return True
            if j == i and self._headed(j) and page.shape[j + 1 : j + 2] == " ":
                return page.capital(j + 1)
        if j > i and page.shape[j] in " -'":
            loud = word.isupper() and word.isascii()
            named = (word[0].isupper() and len(word) > 1 and not loud) or page.shape[j] == "'"
            return (named or self.place(j)) and self.white(j) not in ("compound", "heading")
        if self.white(j) in ("compound", "heading"):
            return False
        if (self.kind(j) in "XY" and not self.white(j)) or not self.place(j):
            closed = j + 1 == page.size or page.shape[j + 1] in ",.;)n-:"
            follows = not closed and page.shape[j + 1] == " " and self.place(j + 1)
            return bool(closed or follows) and self._headed(j) and page.capital(j)
        return True

    def _headed(self, j: int) -> bool:
        """True when the word before is an unmistakable word of an address."""
        return j > 0 and self.page.words[j - 1].lower() in listed("address_plain")

    def lowercase(self, i: int, longest: int = _LONGEST) -> int:
        """Words in lower case from word i on that are usual in names of places."""
        page, last = self.page, i - 1
        while last + 1 < page.size and last + 1 - i < longest:
            j = last + 1
            if j > i and page.shape[j] != " ":
                break
            bare = page.bare_at[j] and j < i + 2 and page.folds[j] in place_syllables(bare=True)
            if not bare and not LOWER[page.words[j]]:
                break
            last = j
        return last if last >= i else -1

    def number(self, i: int) -> int:
        """A number such as 12, 12/3B, 3A, 12-14, K12/5, B2."""
        page, last = self.page, i
        while last + 1 < page.size:
            word, sep = page.words[last + 1], page.seps[last + 1]
            letter = len(word) <= 2 and word.isalpha() and word.isascii() and sep in ("", "/", "-")
            digits = word.isdigit() and len(word) <= 4 and sep in _STEPS
            if letter and (word.lower() in listed("unit") or not (word.isupper() or sep == "")):
                break
            if not digits and not letter:
                break
            last += 1
        return last

    def house(self, i: int) -> int:
        """The first word of the house number that ends with word i, or -1."""
        page, first = self.page, i
        if not self._numberlike(i):
            return -1
        while first and page.seps[first] in _STEPS and self._numberlike(first - 1):
            first -= 1
        far = first
        while far and page.seps[far] in (" - ", " – ", " ") and self._numberlike(far - 1):
            far -= 1
            while far and page.seps[far] in _STEPS and self._numberlike(far - 1):
                far -= 1
        if far < first and far and page.words[far - 1].lower() in ("số", "so"):
            first = far
        text = page.text[page.starts[first] : page.ends[i]]
        return first if any(c.isdigit() for c in text) and len(page.words[i]) <= 4 else -1

    def _numberlike(self, i: int) -> bool:
        word = self.page.words[i]
        if word.isdigit():
            return True
        joined = self.page.seps[i] == "" and i > 0 and len(word) == 1
        return len(word) <= 2 and word.isascii() and (word.isupper() or joined)

    def measured(self, i: int) -> bool:
        """True when a unit or a percent sign stands behind word i."""
        page = self.page
        if page.seps[i + 1].strip()[:1] in ("%", "°"):
            return True
        if i + 1 >= page.size:
            return False
        return page.shape[i + 1] in " _" and page.words[i + 1].lower() in listed("unit")

    def in_name(self, i: int) -> bool:
        """True for a word with a capital letter behind a family name or Văn, Thị."""
        page = self.page
        return i > 0 and page.shape[i] == " " and page.capital(i) and self.kind(i - 1) in "SV"

    def named(self, i: int) -> bool:
        """True when word i may begin a name of a place, though it is a name of something else."""
        return self.kind(i) not in "TKPXYB" or self.white(i) in _NAMED

    def placelike(self, i: int) -> bool:
        """True for a word with a capital letter that may be a part of the name of a place."""
        if not self.place(i) or self.kind(i) in "EtL":
            return False
        return self.kind(i) not in "XY" or bool(self.page.bare_at[i] and not self.white(i))
