"""Numbers that lead to a person: documents, records, phones, accounts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from vnhealth.deid.text._days import is_compact_date
from vnhealth.deid.text._lexicon import listed
from vnhealth.deid.text._page import Page
from vnhealth.deid.text._spans import Mark

__all__ = ["find_numbers", "is_phone", "opening"]

_PHONE = re.compile(r"0(?:[35789][0-9]{8}|2[0-9]{9}|1[2689][0-9]{8})", re.ASCII)
_NEEDED = {"id": 3, "phone": 7, "account": 6, "tail": 2, "weak": 5}


def is_phone(digits: str) -> bool:
    """True for a Vietnamese phone number: ten digits, eleven of a landline or of before 2018, with
    or without the country code.

    >>> is_phone("0912345678"), is_phone("84912345678"), is_phone("912345678")
    (True, True, False)
    """
    if digits.startswith("0084"):
        digits = digits[2:]
    if digits.startswith("84") and len(digits) in (11, 12):
        rest = digits[2:]
        digits = rest if rest.startswith("0") else "0" + rest
    return _PHONE.fullmatch(digits) is not None


class _Numbers:
    def __init__(self, page: Page) -> None:
        self.page = page
        self.cues: dict[int, str] = {}
        for first, last, classes in page.found["cues"]:
            for kind in ("phone", "account", "tail", "id"):
                if kind in classes:
                    weak = (
                        kind == "id"
                        and last - first == 1
                        and page.words[first].lower() in listed("number_weak")
                    )
                    self.cues.setdefault(last, "weak" if weak else kind)
                    break

    def cue(self, i: int) -> str:
        """The kind of number that the words before say, or nothing."""
        page = self.page
        for _ in range(3):
            if not i or page.shape[i] not in " .:(_n-/" or len(page.seps[i]) > 4:
                return ""
            if i in self.cues:
                kind = self.cues[i]
                if kind == "weak" and (before := self.cue(i - 1)):
                    return before
                return kind
            i -= 1
            if page.words[i].lower() not in listed("number_skipped"):
                return ""
        return ""

    def chunk(self, i: int) -> list[int]:
        """Places of digit words that may be one number with the one at i."""
        page = self.page
        found = [i]
        while i + 1 < page.size and page.words[i + 1].isdigit() and len(found) < 12:
            sep = page.seps[i + 1]
            if len(sep) > 3 or sep.strip(" .-–()\u00a0_") or not sep:
                break
            i += 1
            found.append(i)
        return found

    def measured(self, i: int) -> bool:
        """True when the word behind place i is a unit, or a percent sign stands there."""
        page = self.page
        after = page.seps[i + 1].strip()[:1]
        if after in ("%", "/", "°", "^", "₫", "$"):
            return after != "/" or not page.seps[i + 1].strip("/ ")
        return (
            i + 1 < page.size
            and page.shape[i + 1] in " _"
            and page.words[i + 1].lower() in listed("number_unit")
        )

    def phone(self, places: list[int], cue: str) -> int:
        """How many of the digit words make a phone number."""
        words = self.page.words
        for size in range(len(places), 0, -1):
            parts = [words[p] for p in places[:size]]
            digits = "".join(parts)
            if not digits.isascii() or len(digits) > 14:
                continue
            lengths = set(map(len, parts))
            if lengths == {1} and size < len(places):
                continue  # digits one by one make one number
            short = size > 1 and min(map(len, parts[1:])) < 2 and lengths != {1}
            plus = self.page.seps[places[0]].endswith("+")
            if short and not plus and not (digits.startswith("0") and len(parts[0]) > 2):
                continue
            if is_phone(digits) and (
                digits[0] == "0" or plus or size == 1 or cue == "phone" or parts[0] == "84"
            ):
                return size
            if _PHONE.fullmatch("0" + digits) and (
                cue == "phone" or (size == 1 and digits[0] in "39")
            ):
                return size
            if cue == "phone" and 7 <= len(digits) <= 12:
                return size
            if plus and 8 <= len(digits) <= 14:
                return size
        return 0

    def document(self, places: list[int], cue: str) -> int:
        """How many of the digit words make a number of a document, card or record."""
        words = self.page.words
        least = _NEEDED.get(cue, 99)
        for size in range(len(places), 0, -1):
            parts = [words[p] for p in places[:size]]
            digits = "".join(parts)
            total = len(digits)
            if size == 1:
                if total >= 8 or total >= least:
                    return 1
                continue
            if cue and least <= total <= 20 and (total >= 8 or self._hyphened(places[:size])):
                return size
            shortest = min(map(len, parts))
            lettered = self._lettered(places[0])
            if total == 13 and lettered:
                return size
            apart = max(map(len, parts)) == 1
            if total == 12 and (shortest >= 3 or apart) and not self._money(places[:size]):
                return size
            if total in (9, 10) and shortest >= 3 and not self._money(places[:size]):
                return size
        return 0

    def _hyphened(self, places: list[int]) -> bool:
        return all(self.page.seps[p] in ("-", ".") for p in places[1:])

    def _lettered(self, i: int) -> bool:
        if not i:
            return False
        word = self.page.words[i - 1]
        return len(word) == 2 and word.isascii() and word.isalpha() and self.page.shape[i] in "_ -."

    def _money(self, places: list[int]) -> bool:
        words = self.page.words
        parts = [words[p] for p in places]
        thirds = all(len(p) == 3 for p in parts[1:]) and len(parts[0]) <= 3
        return thirds and (parts[-1] == "000" or self.measured(places[-1])) and parts[0][0] != "0"

    def find(self) -> Iterator[Mark]:
        page = self.page
        done = -1
        for i in page.digits:
            if i <= done:
                continue
            word = page.words[i]
            if len(word) < 5 and not self._promising(i, word):
                continue
            mark, done = self._at(i, done)
            if mark:
                yield mark

    def _promising(self, i: int, word: str) -> bool:
        """False for most short numbers that lead to nobody, at little cost."""
        page = self.page
        sep = page.seps[i]
        if word[0] == "0" or sep[-1:] in ("+", "(") or (sep == "" and i > 0):
            return True
        if i + 1 < page.size and page.words[i + 1][0] in "0123456789":
            return True
        if i + 1 < page.size and page.seps[i + 1] in ("", "-", "/", "."):
            return True
        return any(j in self.cues for j in (i, i - 1, i - 2))

    def _at(self, i: int, done: int) -> tuple[Mark | None, int]:
        page = self.page
        places = self.chunk(i)
        head = self._head(i)
        cue = self.cue(head) or self.cue(i)
        size, kind = self.phone(places, cue), "phone"
        if not size or (cue == "account" and len(page.words[i]) > 3):
            other = self.document(places, cue)
            if other and (other > size or cue == "account"):
                size, kind = other, "account" if cue == "account" else "id"
        if not size:
            code = self._code(i, cue)
            if code:
                kind = "account" if cue == "account" else "id"
                return (
                    self._left(i, page.starts[i], page.ends[code], kind),
                    page.ends[code],
                    kind,
                    "pattern",
                ), code
            return None, done
        last = places[size - 1]
        if kind == "id" and cue in ("", "weak"):
            if self.measured(last) or self._fraction(places[0], last):
                return None, last
            if size == 1 and is_compact_date(page.words[i]):
                return None, last
        if kind == "id" and cue == "tail":
            kind = "phone"
        if kind == "id" and cue and self.measured(last) and page.seps[last + 1].strip()[:1] == "%":
            return None, last
        start, end = page.span(i, last)
        card = sum(len(page.words[p]) for p in places[:size]) == 13
        code = self._code(i, cue) if kind == "id" else 0
        if code > last:
            last, end = code, page.ends[code]
        if kind != "phone" and card and self._lettered(i):
            return (page.starts[i - 1], end, kind, "pattern"), last
        return (self._left(i, start, end, kind), end, kind, "pattern"), last

    def _code(self, i: int, cue: str) -> int:
        """The last word of a code such as NT26-000123, 12345/26, behind a word that announces it
        or with so many digits that it needs none.
        """
        needed = _NEEDED.get(cue, 0)
        joints = ("", "-", "/", ".", "_") if needed else ("", "-")
        if cue not in ("id", "weak", "account"):
            head = self.page.words[self._head(i)]
            lettered = head.isalpha() and head.isupper() and 1 < len(head) <= 5
            if not lettered or head in listed("number_registered"):
                return 0
            needed = 6
        page = self.page
        last, digits = i, len(page.words[i])
        while last + 1 < page.size and page.seps[last + 1] in joints:
            following = page.words[last + 1]
            if not following.isascii() or (following.isalpha() and len(following) > 5):
                break
            last += 1
            digits += len(following) if following.isdigit() else 0
        return last if digits >= needed and not self.measured(last) else 0

    def _fraction(self, first: int, last: int) -> bool:
        """True for parts of decimals and of lists with commas."""
        page = self.page
        left = page.seps[first].endswith(",") and first > 0 and page.words[first - 1].isdigit()
        right = (
            page.seps[last + 1] == "," and last + 1 < page.size and page.words[last + 1].isdigit()
        )
        return left or right

    def _head(self, i: int) -> int:
        """The first word of a code of letters and digits, of which word i is a number."""
        page, first = self.page, i
        while first and page.seps[first] in ("", "-", "/", ".") and first > i - 4:
            word = page.words[first - 1]
            if not word.isascii() or len(word) > 5 or word.islower():
                break
            if first in self.cues and page.shape[first] != "_":
                break
            first -= 1
        return first

    def _left(self, i: int, start: int, end: int, kind: str) -> int:
        """Letters, a plus sign or a bracket that belong to the number."""
        page = self.page
        if kind == "phone":
            return start - opening(page.seps[i], ")" in page.text[start:end])
        return page.starts[self._head(i)]


def opening(sep: str, bracket: bool) -> int:
    """How many characters before a phone number belong to it: (+84, +84, (028)."""
    for sign in ("(+", "+", "("):
        if sep.endswith(sign):
            return len(sign) if bracket or "(" not in sign else len(sign) - 1
    return 0


def find_numbers(page: Page) -> Iterator[Mark]:
    """Phones, numbers of documents and records, accounts, by their form and the words before.

    >>> page = Page("SĐT 0912.345.678, CCCD 001 099 000 123, HA 120/80, thẻ GD4010123456789")
    >>> [(page.text[a:b], kind) for a, b, kind, _ in find_numbers(page)]
    [('0912.345.678', 'phone'), ('001 099 000 123', 'id'), ('GD4010123456789', 'id')]
    """
    if page.digits:
        yield from _Numbers(page).find()
