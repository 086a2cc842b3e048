"""Find the numbers of a record in a text, however they are spaced, dotted, cut or glued."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate

from vnhealth.deid.text._lexicon import words_of
from vnhealth.deid.text._numbers import opening
from vnhealth.deid.text._page import Page
from vnhealth.deid.text._spans import Mark

__all__ = ["NumberMatcher"]

_SHORTEST = 4
_LOOSE = 8
"""From this length on a number is found inside a longer run of digits too."""
_PART = 6
"""From this length on a beginning or an end of a number is found."""
_GAP = frozenset(" \t\n\r.-–—/()+\u00a0_:")
_LOOKS = frozenset("OoIlQ")
_READ = str.maketrans({"O": "0", "I": "1", "L": "1", "Q": "0"})


class NumberMatcher:
    """Finds documents, cards, record numbers and phones of one record."""

    __slots__ = ("_forms", "_long")

    def __init__(self, ids: Iterable[str], phones: Iterable[str] = ()) -> None:
        self._forms: dict[str, str] = {}
        for text in ids:
            for part in text.split(";"):
                for form in _id_forms(part):
                    self._forms.setdefault(form, "id")
        for text in phones:
            for part in text.replace(",", ";").split(";"):
                for form in _phone_forms(part):
                    self._forms[form] = "phone"
        digits = {form: kind for form, kind in self._forms.items() if form.isdigit()}
        long = {form: kind for form, kind in digits.items() if len(form) >= _LOOSE}
        self._long = tuple(long.items())

    def __bool__(self) -> bool:
        return bool(self._forms)

    def find(self, page: Page, tails: Iterable[int] = ()) -> Iterator[Mark]:
        """The places of known numbers. ``tails`` are words behind ``số cuối`` and the like."""
        if not page.digits:
            return
        squeezed = "".join(page.words).upper()
        edges = list(accumulate(map(len, page.words)))
        if not edges or len(squeezed) != edges[-1]:
            squeezed = "".join(page.words)
        yield from self._search(page, squeezed, edges)
        if _misread(page):
            yield from self._search(page, squeezed.translate(_READ), edges)
        for i in page.digits:
            word = page.words[i]
            if len(word) >= _PART:
                for form, kind in self._long:
                    if form.startswith(word) or form.endswith(word):
                        yield (*page.span(i, i), kind, "record")
                        break
        for i in tails:
            if i < page.size and page.words[i].isdigit():
                for form, kind in self._long:
                    if form.endswith(page.words[i]):
                        yield (*page.span(i, i), kind, "record")
                        break

    def _search(self, page: Page, squeezed: str, edges: list[int]) -> Iterator[Mark]:
        for form, kind in self._forms.items():
            at = squeezed.find(form)
            while at >= 0:
                mark = self._mark(page, edges, at, at + len(form), kind)
                if mark:
                    yield mark
                at = squeezed.find(form, at + 1)

    def _mark(self, page: Page, edges: list[int], at: int, end: int, kind: str) -> Mark | None:
        first, last = bisect_right(edges, at), bisect_right(edges, end - 1)
        whole = at == (edges[first - 1] if first else 0) and end == edges[last]
        if not whole and end - at < _LOOSE:
            return None
        for i in range(first + 1, last + 1):
            sep = page.seps[i]
            if len(sep) > 4 or not set(sep) <= _GAP:
                return None
        if end - at < _LOOSE and any("\n" in page.seps[i] for i in range(first + 1, last + 1)):
            return None
        start, stop = page.span(first, last)
        sep = page.seps[first]
        if kind == "phone":
            if first and page.words[first - 1] in ("84", "0", "084", "0084") and len(sep) <= 3:
                start = page.starts[first - 1]
                sep = page.seps[first - 1]
            start -= opening(sep, ")" in page.text[start:stop])
        return start, stop, kind, "record"


def _misread(page: Page) -> bool:
    """True when letters that look like digits stand among digits: O912."""
    words, seps = page.words, page.seps
    for i in page.digits:
        if i and seps[i] == "" and not set(words[i - 1]) - _LOOKS:
            return True
        if i + 1 < page.size and seps[i + 1] == "" and not set(words[i + 1]) - _LOOKS:
            return True
    return False


def _squeeze(text: str) -> str:
    return "".join(words_of(text)).upper()


def _id_forms(text: str) -> Iterator[str]:
    """A number as it is, and what people write of it: the ten or thirteen digits of a card, the
    number of a licence, a number without its leading zero.
    """
    whole = _squeeze(text)
    if len(whole) < _SHORTEST or not any(c.isdigit() for c in whole):
        return
    yield whole
    runs = [word for word in words_of(text) if word.isdigit()]
    longest = max(runs, key=len, default="")
    if _PART <= len(longest) < len(whole):
        yield longest
    if len(whole) == 15 and whole[2:].isdigit():
        yield from (whole[2:], whole[-10:], whole[3:])
    if len(whole) == 12 and whole.isdigit() and whole[0] == "0":
        yield whole[1:]


def _phone_forms(text: str) -> Iterator[str]:
    """A phone number without its leading zero or country code."""
    digits = "".join(c for c in text if c.isdigit() and c.isascii())
    if digits.startswith("84") and len(digits) in (11, 12):
        digits = digits[2:]
    digits = digits.lstrip("0")
    if len(digits) >= _PART:
        yield digits
