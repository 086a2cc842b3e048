"""Addresses: words such as ``xã``, ``tổ``, ``P.`` or ``Q1`` with what they name, house numbers and
streets beside them, and places behind words such as ``trú tại``.

An element counts when its word is plain (``xã Tân Phú``) or when it stands in a chain with
another (``P. Bến Nghé, Q1``): the abbreviations alone mean too many other things.
"""

from __future__ import annotations

from collections.abc import Iterator

from vnhealth.deid.text._elements import RANK, Element, Elements
from vnhealth.deid.text._lexicon import key, keys_of, listed, name_keys, place_syllables
from vnhealth.deid.text._page import HIDDEN, Page
from vnhealth.deid.text._places import LOWER
from vnhealth.deid.text._spans import Mark

__all__ = ["find_addresses"]


class _Addresses(Elements):
    __slots__ = ()

    def chains(self, known: list[Element]) -> Iterator[tuple[int, int, bool]]:
        """First and last word of each address, and whether the record knows a part of it."""
        elements = self.elements(known)
        at = 0
        while at < len(elements):
            end = at
            while end + 1 < len(elements) and self._linked(elements[end], elements[end + 1]):
                end += 1
            chain = elements[at : end + 1]
            at = end + 1
            first = self._before(chain[0].first, known=chain[0].known)
            first = self._from_label(first)
            if self._counts(chain, first):
                last = self._onward(chain[-1].last)
                if first in self.announced:
                    last = max(last, self._spoken(first))
                yield first, last, any(element.known for element in chain)

    def _counts(self, chain: list[Element], first: int) -> bool:
        if any(element.known for element in chain):
            return True
        cued = self.cued(first) or self.cued(chain[0].first)
        levels = [RANK[element.level] for element in chain]
        if cued or (any(element.strong for element in chain) and max(levels) > 0):
            return True
        if max(levels) == 0:
            if any(self._building(element) for element in chain):
                return True
            return len(chain) > 1 and self._onward(chain[-1].last) > chain[-1].last
        ordered = levels == sorted(levels) and len(set(levels)) > 1
        return ordered or first < chain[0].first

    def _building(self, element: Element) -> bool:
        """True for a building or an estate with a name: chung cư Hòa Bình, KĐT Văn Phú."""
        page = self.page
        words = [w.lower() for w in page.words[element.first : element.last]]
        named = page.capital(element.last) and len(page.words[element.last]) > 1
        return named and any(
            " ".join(words[:size]) in listed("address_building")
            for size in range(1, len(words) + 1)
        )

    def _linked(self, one: Element, two: Element) -> bool:
        page = self.page
        gap = range(one.last + 1, two.first)
        seps = [page.shape[j] for j in range(one.last + 1, two.first + 1)]
        if any(len(page.seps[j]) > 4 for j in range(one.last + 1, two.first + 1)):
            return False
        if not gap:
            return seps[0] in " ,-:;(/.n_"
        if len(gap) <= 4 and all(map(self.placelike, gap)):
            return set(seps) <= set(" ,-:")
        words = [page.words[j].lower() for j in gap]
        return len(words) <= 4 and all(word in listed("address_link") for word in words)

    def _before(self, i: int, *, known: bool = False) -> int:
        """The first word of a house number and street that stand before word i, or i."""
        page, k = self.page, i - 1
        if k < 0 or page.shape[i] not in " ,-:." or len(page.seps[i]) > 3:
            return i
        if k in self.common:
            k = self.common[k] - 1
        while (
            k >= 0 and i - k <= 4 and self._street(k) and (k == i - 1 or page.shape[k + 1] == " ")
        ):
            k -= 1
        if k == i - 1 and page.shape[i] == ",":
            k = self._lower_street(k)
        if k < 0 or page.shape[k + 1] not in " ,:-.":
            return i
        first = self.house(k)
        if first < 0:
            return i
        number = page.text[page.starts[first] : page.ends[k]]
        named = k < i - 1 or (page.shape[i] == " " and (known or page.capital(i)))
        words = [page.words[first - 1].lower() if first else ""]
        introduced = words[0] in listed("house_word")
        alone = not named and not introduced and not self.cued(first)
        if alone and number.isdigit():
            return i
        if "/" in number and first and page.shape[first] == " " and self.house(first - 1) >= 0:
            first = self.house(first - 1)
        while first and page.words[first - 1].lower() in listed("house_word"):
            if page.shape[first] not in " ._":
                break
            first -= 1
        return first

    def _lower_street(self, k: int) -> int:
        """The place before the words of a street in lower case behind its number, or k."""
        page, j, usual = self.page, k, 0
        while j > 0 and k - j < 4 and page.words[j].islower() and page.shape[j] == " ":
            word = key[page.words[j]]
            usual += word in place_syllables() or word in name_keys()
            if page.words[j] in listed("unit"):
                return k
            j -= 1
        return j if 1 < k - j < usual * 2 and self.house(j) >= 0 else k

    def _street(self, k: int) -> bool:
        kind = self.white(k)
        return self.placelike(k) or (
            self.page.capital(k) and kind in ("facility_name", "geography", "product")
        )

    def _onward(self, last: int) -> int:
        """The last word when names of larger places follow behind commas or hyphens."""
        page = self.page
        while last + 1 < page.size and page.shape[last + 1] in ",-:( .":
            i = last + 1
            if len(page.seps[i]) > 3:
                break
            if (end := self.geography(i)) >= i and (page.capital(i) or page.shape[i] == ","):
                last = end
                continue
            if page.shape[i] in ",-" and (street := self._housed(i)) > i:
                last = street
                continue
            low = page.words[i].lower()
            if low in listed("province_short") and page.words[i].isupper():
                last = i
                continue
            if low in ("tp", "tphcm") and i + 1 < page.size and page.shape[i + 1] in " ._":
                end = (
                    i + 1
                    if page.words[i + 1].lower() in listed("province_short")
                    else self.capitals(i + 1)
                )
                if end > i:
                    last = end
                    continue
            if page.shape[i] not in ",-" and page.seps[i].strip() not in ("-", "–"):
                break
            end = self.capitals(i)
            if (district := self._in_province(i)) >= i:
                last = district
                continue
            if end < i or end - i > 3 or self.kind(i) in "TPXEW":
                break
            if self.kind(i) == "Y" and end == i:
                break
            closed = end + 1 == page.size or page.shape[end + 1] in ",.;)n-:"
            if not closed or (end == i and self.kind(i) in "KL") or self._person(i, end):
                break
            last = end
        return last

    def _housed(self, i: int) -> int:
        """The last word of a street of two words and more behind its house number, or -1."""
        page = self.page
        end = self.number(i) if page.words[i].isdigit() else -1
        if end < i or end + 1 >= page.size or page.shape[end + 1] != " ":
            return -1
        last = self.capitals(end + 1)
        named = last > end + 1 and self.named(end + 1) and not self._person(end + 1, last)
        return last if named else -1

    def _in_province(self, i: int) -> int:
        """The last of up to three words with capital letters before a province, or -1: Đồng Văn,
        Hà Giang.
        """
        page = self.page
        for last in range(i, min(i + 3, page.size - 1)):
            if not page.capital(last):
                return -1
            if page.shape[last + 1] != " ":
                return last if page.shape[last + 1] == "," and self.geography(last + 1) >= 0 else -1
        return -1

    def _person(self, first: int, last: int) -> bool:
        return any(self.kind(j) == "V" for j in range(first, last + 1))

    def places(self, taken: bytearray) -> Iterator[tuple[int, int]]:
        """Places behind ``quê``, ``ngụ tại``, ``ở`` without a word of an address of their own."""
        page = self.page
        for first, i, classes in page.found["place_words"]:
            if "residence" not in classes or i >= page.size or taken[i] or first in self.titles:
                continue
            if page.shape[i] not in " :.(" or len(page.seps[i]) > 4:
                continue
            word = " ".join(page.words[first:i]).lower()
            core = word in listed("residence_everyday")
            if not core and i not in self.announced:
                continue
            if core and page.capital(first) and not page.begins(first):
                continue  # Từ, Dân, Sống: a name
            end = max(self._place(i, core=core), -1 if core else self._spoken(i))
            if end >= i:
                yield i, self._onward(end)

    def _place(self, i: int, *, core: bool) -> int:
        page = self.page
        if (end := self.geography(i)) >= 0 and (page.capital(i) or not core):
            return end
        if page.words[i] in ("TPHCM", "HCM", "HN", "SG"):
            return i
        if page.words[i].isdigit():
            end = self.number(i)
            number = page.text[page.starts[i] : page.ends[end]]
            if end + 1 < page.size and page.shape[end + 1] in " ,":
                street = self.capitals(end + 1)
                if street > end and self.named(end + 1):
                    return street
            slashed = "/" in number and any(c.isalpha() for c in number)
            return end if slashed and not core and not self.measured(end) else -1
        end = self.capitals(i)
        if end < i or self.kind(i) in "XYEBTP":
            return -1
        if core and (
            end == i or any(key[w] not in place_syllables() for w in page.words[i : end + 1])
        ):
            return -1
        return end

    def _from_label(self, i: int) -> int:
        """The word behind a label of addresses shortly before word i, or i: địa chỉ: P1503, HH2B
        Linh Đàm, phường.
        """
        page = self.page
        if not self.announced:
            return i
        for j in range(i - 1, max(-1, i - 9), -1):
            if j + 1 in self.announced and page.shape[j + 1] in " :":
                return j + 1
            if self.kind(j) in "TKPLWkt" or page.shape[j + 1] not in " ,-._/":
                break
        return i

    def _spoken(self, i: int) -> int:
        """The last word of an address in lower case behind a word that announces it, or -1: piece
        by piece between commas; the first begins with a word of an address or a number.
        """
        last, at = -1, i
        while at < self.page.size:
            end = self._piece(at, goes_on=at > i)
            if end < 0:
                break
            last, at = end, end + 1
            if at < self.page.size and self.page.shape[at] not in ",-":
                break
        return last

    def _piece(self, i: int, *, goes_on: bool) -> int:
        """The last word of a piece without commas that reads as a part of an address, or -1."""
        page, end = self.page, i
        while end + 1 < page.size and page.shape[end + 1] in " _/.-" and end - i < 12:
            if self.kind(end + 1) in "TKPLt":
                break
            end += 1
        words = range(i, end + 1)
        if any(page.capital(j) and len(page.words[j]) > 1 for j in words):
            return -1
        headed = any(
            first == i
            for first, _, classes in page.found["place_words"]
            if set(classes) & set(RANK)
        )
        numbered = page.words[i].isdigit() and not self.measured(self.number(i))
        letters = [
            page.words[j] for j in words if page.words[j].isalpha() and len(page.words[j]) > 1
        ]
        if any(word in listed("function") or word in listed("verb") for word in letters):
            return -1
        if not letters or len(words) > (10 if headed or numbered else 4):
            return -1
        usual = sum(LOWER[word] for word in letters)
        rare = (goes_on or numbered) and not any(key[word] in keys_of("stop") for word in letters)
        return end if headed or rare or (goes_on and usual * 2 > len(letters)) else -1

    def english(self, taken: bytearray) -> Iterator[tuple[int, int]]:
        """Words with capital letters before Street, Ward and the like: 12A Ly Thai To Street."""
        page = self.page
        if listed("address_after").isdisjoint(page.words):
            return
        for i, word in enumerate(page.words):
            if word not in listed("address_after") or taken[i]:
                continue
            first = i
            while first and i - first < 4 and page.shape[first] == " " and page.capital(first - 1):
                if self.kind(first - 1) in "TPE" or len(page.words[first - 1]) == 1:
                    break
                first -= 1
            if first == i:
                continue
            if first and page.shape[first] == " " and (house := self.house(first - 1)) >= 0:
                first = house
            yield first, i

    def streets(self, taken: bytearray) -> Iterator[tuple[int, int]]:
        """A house number, a street and a larger place: K12/5 Hùng Vương, Hải Châu, Đà Nẵng."""
        page = self.page
        for i in page.digits:
            if taken[i] or i + 3 > page.size or page.shape[i + 1] != " " or len(page.words[i]) > 4:
                continue
            end = self.capitals(i + 1)
            if end < i + 2 or not self.named(i + 1) or self.white(i + 1) in ("compound", "heading"):
                continue
            first = self.house(i)
            number = page.text[page.starts[first] : page.ends[i]] if first >= 0 else ""
            last = self._onward(end)
            if not number or self._dated(number) or (number.isdigit() and self._person(i + 1, end)):
                continue
            wide = any(self.geography(j) >= 0 for j in range(end + 1, last + 1))
            if (
                (wide and last > end)
                or ("/" in number and page.begins(first))
                or (not number.isdigit() and page.shape[first] in ":,(;")
                or (page.shape[first] in " ," and self._nearby(first))
                or page.seps[first].endswith((HIDDEN + ", ", HIDDEN + " - "))
            ):
                yield first, last

    def _nearby(self, first: int) -> bool:
        """True when ``tại`` or ``ở`` stands shortly before: tại quán Gió, 77 Lê Thánh Tôn."""
        for j in range(first - 1, max(-1, first - 6), -1):
            if self.kind(j) in "TKPLd" or self.page.begins(j + 1):
                return False
            if self.page.words[j] in ("tại", "ở", "trọ"):
                return True
        return False

    @staticmethod
    def _dated(number: str) -> bool:
        """True for what may be a day and a month."""
        one, slash, two = number.partition("/")
        if not slash or not (one.isdigit() and two.isdigit()):
            return False
        return (int(one) <= 31 and int(two) <= 12) or int(one) > 500 or int(two) > 50

    def employers(self, taken: bytearray) -> Iterator[tuple[int, int]]:
        """Employers and schools with a name: công ty Hoàng Long, trường THPT Nguyễn Huệ."""
        page = self.page
        for first, i, classes in page.found["place_words"]:
            if "employer" not in classes or i >= page.size or taken[i]:
                continue
            if page.shape[i] not in " :" or self.in_name(first):
                continue
            if not page.capital(i) and page.words[first].lower() not in listed("company"):
                continue
            last = self._name_of_employer(i, taken)
            if last > i or (last == i and self.kind(i) not in "XYB"):
                yield first, last

    def _name_of_employer(self, i: int, taken: bytearray) -> int:
        """The last word of a name such as Dược phẩm Minh Dân, khai thác đá Tân Phát, Kim Đồng 2."""
        page, last, trade = self.page, i - 1, 0
        for j in range(i, min(i + 8, page.size)):
            if taken[j] or self.kind(j) in "TKPt" or (j > i and page.shape[j] not in " -_@"):
                break
            proper = page.capital(j) and self.white(j) not in ("compound", "heading", "eponym")
            if proper or (page.words[j].isdigit() and j == last + 1 and not self.measured(j)):
                last, trade = j, 0
                continue
            trade += 1
            if trade > 3 or page.words[j].lower() in listed("function"):
                break
        return last


def find_addresses(
    page: Page, shape: str, taken: bytearray, known: list[Element] | None = None
) -> Iterator[Mark]:
    """The addresses of a page; the words found are noted in ``taken``.

    ``known`` are the parts of addresses of the record.

    >>> from vnhealth.deid.text._shape import name_shape
    >>> page = Page("trú tại 12/3B Lê Lợi, P. Bến Nghé, Q1; tiếp xúc tốt, đường huyết 7")
    >>> marks = find_addresses(page, name_shape(page), bytearray(page.size))
    >>> [page.text[a:b] for a, b, *_ in marks]
    ['12/3B Lê Lợi, P. Bến Nghé, Q1']
    """
    finder = _Addresses(page, shape)
    for first, last, is_known in finder.chains(known or []):
        yield (*page.span(first, last), "address", "record" if is_known else "address")
        taken[first : last + 1] = b"\1" * (last + 1 - first)
    for first, last in finder.places(taken):
        yield (*page.span(first, last), "address", "address")
        taken[first : last + 1] = b"\1" * (last + 1 - first)
    for first, last in finder.english(taken):
        yield (*page.span(first, last), "address", "address")
        taken[first : last + 1] = b"\1" * (last + 1 - first)
    for first, last in finder.streets(taken):
        yield (*page.span(first, last), "address", "address")
        taken[first : last + 1] = b"\1" * (last + 1 - first)
    for first, last in finder.employers(taken):
        yield (*page.span(first, last), "org", "address")
        taken[first : last + 1] = b"\1" * (last + 1 - first)
