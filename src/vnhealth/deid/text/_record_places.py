"""Find the addresses and employers of a record in a text: each part of them, with or without its
word, abbreviated, in lower case or without marks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from vnhealth.deid.text._elements import Element
from vnhealth.deid.text._lexicon import fold, key, listed, words_of
from vnhealth.deid.text._page import Page
from vnhealth.deid.text._spans import Mark

__all__ = ["AddressMatcher"]

_LEVELS = ("house", "street", "hamlet", "commune", "district", "province")


@dataclass(slots=True, repr=False)
class _Core:
    folds: tuple[str, ...]
    keys: tuple[str, ...]
    level: str
    numeric: bool


class AddressMatcher:
    """The addresses and employers of one record."""

    __slots__ = ("_addresses", "_known", "_orgs", "_words")

    def __init__(self, addresses: Iterable[str], orgs: Iterable[str] = ()) -> None:
        self._addresses = tuple(addresses)
        self._known: dict[str, list[_Core]] | None = None
        found = {fold[w] for address in self._addresses for w in words_of(address)}
        found -= listed("address_word")
        self._words = found | {w.lstrip("0") for w in found if w[0] == "0"}
        self._orgs: dict[str, list[tuple[str, ...]]] = {}
        for org in orgs:
            folds = tuple(fold[w] for w in words_of(org))
            if len(folds) > 1:
                self._orgs.setdefault(folds[0], []).append(folds)

    def __bool__(self) -> bool:
        return bool(self._addresses or self._orgs)

    def _cores(self) -> dict[str, list[_Core]]:
        """The parts of the addresses by their first words, made when first needed."""
        if self._known is None:
            found: dict[str, list[_Core]] = {}
            seen: set[tuple[tuple[str, ...], str]] = set()
            for address in self._addresses:
                for core in _cores(address):
                    if not core.folds or (core.folds, core.level) in seen:
                        continue
                    seen.add((core.folds, core.level))
                    found.setdefault(core.folds[0], []).append(core)
                    if core.numeric and len(core.folds) == 1 and len(core.folds[0]) == 1:
                        found.setdefault("0" + core.folds[0], []).append(core)
            self._known = found
        return self._known

    def find(self, page: Page) -> Iterator[Element]:
        """The parts of addresses that stand in a page."""
        shared = self._words.intersection(page.folds)
        if not shared or not (page.found["place_words"] or any(map(str.isalpha, shared))):
            return
        heads: dict[int, tuple[int, tuple[str, ...]]] = {}
        for first, last, classes in page.found["place_words"]:
            if last not in heads:
                heads[last] = (first, classes)
        known = self._cores()
        for i in [i for i, word in enumerate(page.folds) if word in known]:
            for core in known[page.folds[i]]:
                last = i + len(core.folds) - 1
                head = heads.get(i) if page.shape[i] in " .:_-n" else None
                if last < page.size and self._stands(page, i, core, head):
                    first = head[0] if head and set(head[1]) & set(_LEVELS) else i
                    yield Element(first, last, core.level, strong=True, known=True)

    def _stands(
        self, page: Page, i: int, core: _Core, head: tuple[int, tuple[str, ...]] | None
    ) -> bool:
        size = len(core.folds)
        if core.numeric:
            if size == 1:
                return head is not None and core.level in head[1]
            return [w.lower() for w in page.words[i : i + size]] == list(core.keys)
        if tuple(page.folds[i : i + size]) != core.folds:
            return False
        if any(page.shape[j] not in " -_n." for j in range(i + 1, i + size)):
            return False
        headed = head is not None and bool(set(head[1]) & set(_LEVELS))
        if headed:
            return True
        if size == 1 or core.level == "province":
            return False
        if page.capital(i) and page.capital(i + size - 1):
            return True
        if page.bare_at[i]:
            return True
        same = tuple(page.keys[i : i + size]) == core.keys
        return same and (size > 2 or (i > 0 and page.words[i - 1].isdigit()))

    def orgs(self, page: Page) -> Iterator[Mark]:
        """The employers that stand in a page."""
        if not self._orgs:
            return
        for i, word in enumerate(page.folds):
            for folds in self._orgs.get(word, ()):
                last = i + len(folds) - 1
                if tuple(page.folds[i : last + 1]) == folds:
                    yield (*page.span(i, last), "org", "record")


def _cores(address: str) -> Iterator[_Core]:
    page = Page(address)
    size = page.size
    levels = _levels(page)
    white = page.found["whitelist"]
    streets = {first: last for first, last, classes in white if "street" in classes}
    cuts = [0, *(i for i in range(1, size) if _parted(page, i)), size]
    for place, (at, end) in enumerate(pairwise(cuts)):
        while at < end:
            level, start = levels.get(at, ("", at))
            start = min(start, end)
            stop = start
            street = streets.get(start, 0)
            if start < street <= end:
                stop = street
                yield _named(page, start, stop, "street")
            elif stop < end and page.words[stop].isdigit():
                while stop < end and (stop == start or " " not in page.seps[stop]):
                    stop += 1
                yield _number(page, start, stop, level or "house")
            else:
                while stop < end and (stop == start or stop not in levels):
                    stop += 1
                if stop > start:
                    yield _named(page, start, stop, level or _by_place(place, len(cuts) - 1))
            at = max(stop, at + 1)


def _parted(page: Page, i: int) -> bool:
    return page.shape[i] in ",;n()~" or (page.seps[i].strip() in ("-", "–") and " " in page.seps[i])


def _levels(page: Page) -> dict[int, tuple[str, int]]:
    """Where a word of an address begins: its level, and the place behind it."""
    found: dict[int, tuple[str, int]] = {}
    for first, last, classes in page.found["place_words"]:
        level = next((c for c in classes if c in _LEVELS), "")
        if not level or last >= page.size:
            continue
        short = last - first == 1 and len(page.words[first]) < 3
        if short and page.shape[last] not in "._" and not page.words[last].isdigit():
            continue
        if page.words[last].lower() in ("số", "so") and last + 1 < page.size:
            last += 1
        found[first] = (level, last)
    return found


def _by_place(place: int, parts: int) -> str:
    """The level of a part without a word of its own, by where it stands."""
    left = parts - 1 - place
    if parts > 1 and left == 0:
        return "province"
    if parts > 2 and left == 1:
        return "district"
    return "commune" if parts > 1 and left == 2 else "street"


def _number(page: Page, start: int, stop: int, level: str) -> _Core:
    words = [w.lower() for w in page.words[start:stop]]
    first = words[0].lstrip("0") or "0"
    if len(words) == 1:
        return _Core((first,), (first,), level, numeric=True)
    return _Core(tuple(fold[w] for w in words), tuple(words), level, numeric=True)


def _named(page: Page, start: int, stop: int, level: str) -> _Core:
    words = page.words[start:stop]
    return _Core(tuple(fold[w] for w in words), tuple(key[w] for w in words), level, numeric=False)
