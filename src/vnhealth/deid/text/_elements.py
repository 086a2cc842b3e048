"""The parts of an address: a word such as ``xã``, ``tổ``, ``P.`` or ``Q1`` and what it names."""

from __future__ import annotations

from dataclasses import dataclass

from vnhealth.deid.text._lexicon import listed, syllable
from vnhealth.deid.text._places import Places

__all__ = ["RANK", "Element", "Elements"]

RANK = {"house": 0, "street": 1, "hamlet": 2, "commune": 3, "district": 4, "province": 5}
_NUMBERED = frozenset({"house", "street", "hamlet", "commune", "district"})


@dataclass(slots=True)
class Element:
    """Words first to last (both included) of a part of an address."""

    first: int
    last: int
    level: str
    strong: bool
    known: bool = False


class Elements(Places):
    __slots__ = ()

    def elements(self, known: list[Element]) -> list[Element]:
        found: dict[int, Element] = {}
        for first, last, classes in self.page.found["place_words"]:
            for level in classes:
                if level in RANK:
                    element = self._element(first, last, level)
                    if element and (first not in found or found[first].last < element.last):
                        found[first] = element
        for element in known:
            around = [e for e in found.values() if e.first <= element.first <= e.last]
            for old in around:
                old.strong = old.known = True
                old.last = max(old.last, element.last)
            if not around:
                found[element.first] = element
        kept: list[Element] = []
        for element in sorted(found.values(), key=lambda e: (e.first, -e.last)):
            if not kept or element.first > kept[-1].last:
                kept.append(element)
        return kept

    def _element(self, first: int, last: int, level: str) -> Element | None:
        page = self.page
        if last >= page.size or (first and page.shape[first] == "_" and level != "commune"):
            return None
        if first in self.titles:
            return None
        common = self.white(first) in ("compound", "heading")
        if common and not page.capital(last) and not page.words[last].isdigit():
            return None
        word = " ".join(page.words[first:last]).lower()
        short = word in listed("address_short")
        if page.shape[last] not in (" .:_" if short else " .:n_"):
            return None
        if word == "d" and page.shape[last] == "_":
            return None
        if page.shape[last] == ":" and (
            word in listed("address_number") or ":" not in page.seps[last]
        ):
            return None
        if (
            word in listed("address_in_name")
            and first
            and page.shape[first] == " "
            and page.capital(first)
        ) and self.placelike(first - 1):
            return None
        if last - first == 1 and self.in_name(first):
            return None
        if first in self.facility and level != "commune":
            return None
        end, named = self._value(last, level, word, short=short)
        if end < last:
            return None
        loose = short or word in listed("address_loose") or word in listed("address_loose_phrase")
        loose = loose or (bool(page.bare_at[first]) and word in listed("address_loose_bare"))
        if named and end == last and not page.capital(last) and self.geography(last) < 0:
            loose = True
        strong = not loose or (named and not short and self._proper(last, end, word))
        return Element(first, end, level, strong)

    def _proper(self, first: int, end: int, word: str) -> bool:
        """True when words with capital letters make up the name of a street or a town."""
        page = self.page
        if not page.capital(first):
            return False
        if word in ("tỉnh", "thành phố"):
            return end > first or self.geography(first) >= 0
        names = [w for w in page.words[first : end + 1] if w.isalpha()]
        if word == "đường":
            return all(map(syllable.__getitem__, names))
        return word in ("bản", "chợ", "bến", "đê", "thành phố") and self.kind(first) != "F"

    def _value(self, i: int, level: str, word: str, *, short: bool) -> tuple[int, bool]:
        """The last word of what an element names, and whether that is a name or a number."""
        page = self.page
        low = page.words[i]
        if low.lower() in ("số", "so") and i + 1 < page.size and page.words[i + 1].isdigit():
            return (self.number(i + 1), False) if level in _NUMBERED else (-1, False)
        if low.isdigit():
            return self._numbered(i, level, word)
        if level in ("hamlet", "house", "street") and low.isascii() and low.isupper():
            code = self.number(i)
            if (
                low in listed("roman")
                or (code > i and len(low) <= 2)
                or (len(low) == 1 and level != "street")
            ):
                return (code, False) if not self.measured(code) else (-1, False)
        if word in listed("address_number"):
            return -1, False
        if word in listed("address_building") and low.isupper() and len(low) > 2:
            return self._serial(i, level), True
        end = self.capitals(i)
        if end >= i:
            return self._serial(end, level), True
        if short and word in ("p", "q", "h", "x", "tp", "tt", "tx") and page.words[i - 1].islower():
            end = self.lowercase(i, 3)
            return (end, True) if end > i or self.geography(i) >= 0 else (-1, False)
        if (
            (short or word in listed("address_capital"))
            and self.geography(i) < 0
            and not page.bare_at[i]
        ):
            return (self._to_comma(i) if word in ("đường", "phố") else -1), True
        if level == "street" and (end := self.geography(i)) >= 0:
            return end, True
        if word in ("tp", "tỉnh", "thành phố") and (end := self.geography(i)) >= 0:
            return end, True
        if word in ("tp", "tỉnh", "thành phố") and low.lower() in listed("province_short"):
            return i, True
        if page.bare_at[i] and word in listed("address_loose_bare"):
            return (self._to_comma(i), True) if level == "hamlet" else (-1, False)
        if any(first == i for first, *_ in page.found["place_words"]):
            return -1, False
        return self.lowercase(i, 3 if level == "hamlet" else 4), True

    def _serial(self, last: int, level: str) -> int:
        """The number behind a name: ấp Bình Hòa 2, khu phố Tân Lập 1."""
        page, i = self.page, last + 1
        if level not in ("hamlet", "house", "commune") or i >= page.size or page.shape[i] != " ":
            return last
        word = page.words[i]
        closed = page.shape[i + 1 : i + 2] in (",", ".", ";", ")", "n", "")
        if level == "commune" and word.isdigit() and len(word) == 1 and closed:
            return i
        letter = (
            len(word) == 1 and word.isupper() and page.shape[i + 1 : i + 2] in (",", ".", ")", "")
        )
        if letter or (
            level != "commune" and word.isdigit() and len(word) < 3 and not self.measured(i)
        ):
            return i
        return last

    def _numbered(self, i: int, level: str, word: str) -> tuple[int, bool]:
        page = self.page
        if (
            level not in _NUMBERED
            or word in listed("address_unnumbered")
            or len(page.words[i]) > (4 if level in ("house", "street") else 2)
        ):
            return -1, False
        if word == "sn" and len(page.words[i]) == 4:
            return -1, False
        end = self.number(i)
        if level == "street" and self._month(i):
            return i + 2, False
        if self.measured(end) or (word in ("đường", "phố", "xã", "huyện") and end == i):
            return -1, False
        if level in ("house", "street") and end + 1 < page.size and page.shape[end + 1] == " ":
            street = self.capitals(end + 1)
            if street > end and self.named(end + 1):
                return street, False
        return end, False

    def _month(self, i: int) -> bool:
        """A street named by a day: 3 Tháng 2."""
        page = self.page
        return (
            i + 2 < page.size
            and page.folds[i + 1] == "thang"
            and page.words[i + 2].isdigit()
            and page.shape[i + 1 : i + 3] == "  "
        )

    def _to_comma(self, i: int) -> int:
        """Words in lower case up to a comma behind which an address goes on, or -1."""
        page, last = self.page, i
        while last + 1 < page.size and page.shape[last + 1] == " " and last - i < 4:
            last += 1
        if last + 1 >= page.size or page.shape[last + 1] != ",":
            return -1
        goes_on = any(first == last + 1 for first, *_ in page.found["place_words"])
        return last if goes_on and all(page.words[j].isalpha() for j in range(i, last + 1)) else -1
