"""Find the names of a record in a text, however they are written.

Case, marks, tone placement, i or y, order, missing middle names, initials, glued or broken
syllables, one wrong letter, a title before the given name. The name must be known; nothing is
guessed here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate, compress

from vnhealth.deid.text._given import AFTER_TITLE, stands_alone
from vnhealth.deid.text._lexicon import fold, folds_of, key, listed, syllable
from vnhealth.deid.text._name_forms import LONGEST, name_forms
from vnhealth.deid.text._page import Page
from vnhealth.identity._similarity import one_edit

__all__ = ["NameMatcher"]


@dataclass(slots=True, repr=False)
class _Name:
    folds: tuple[str, ...]
    keys: tuple[str, ...]
    initials: str
    person: int


class NameMatcher:
    """Finds the names of one record (or of a roster)."""

    __slots__ = ("_heads", "_initials", "_joined", "_names", "_words")

    def __init__(self, names: Iterable[str]) -> None:
        self._names: list[_Name] = []
        self._words: dict[str, list[_Name]] = {}
        self._joined: dict[str, list[tuple[_Name, int]]] = {}
        self._initials: dict[str, list[_Name]] = {}
        self._heads: set[str] = set()
        """Beginnings of the words of names."""
        seen: set[tuple[str, ...]] = set()
        for person, text in enumerate(names):
            for form in name_forms(text):
                if form and (folds := tuple(fold[w] for w in form)) not in seen:
                    seen.add(folds)
                    self._add(_Name(folds, tuple(key[w] for w in form), "", person))

    def _add(self, name: _Name) -> None:
        folds = name.folds
        name.initials = "".join(f[0] for f in folds)
        self._names.append(name)
        for word in set(folds):
            self._words.setdefault(word, []).append(name)
            self._heads.update(accumulate(word[:-1]))
        size = len(folds)
        for first in range(size):
            for last in range(first + 2, size + 1):
                mask = (1 << last) - (1 << first)
                self._joined.setdefault("".join(folds[first:last]), []).append((name, mask))
        if size > 2:
            ends = (1 << (size - 1)) | 1
            self._joined.setdefault(folds[0] + folds[-1], []).append((name, ends))
            turned = folds[-1] + "".join(folds[:-1])
            self._joined.setdefault(turned, []).append((name, (1 << size) - 1))
        if size > 1:
            self._initials.setdefault(name.initials, []).append(name)

    def __bool__(self) -> bool:
        return bool(self._names)

    def find(self, page: Page, shape: str) -> Iterator[tuple[int, int]]:
        """First and last word of each place where a known name stands.

        ``shape`` is the string of `name_shape`.
        """
        known, joined, folds = self._words, self._joined, page.folds
        done = -1
        for i in [i for i, word in enumerate(folds) if word in known or word in joined]:
            if i <= done:
                continue
            word = folds[i]
            candidates = known[word] if word in known else [name for name, _ in joined[word]]
            best = (0, 0, 0)
            for name in candidates:
                found = self._around(page, shape, i, name, done)
                if found[0] > best[0]:
                    best = found
            if best[0]:
                yield best[1], best[2]
                done = best[2]
        yield from self._by_initials(page, shape)
        yield from self._broken(page)

    def _around(
        self, page: Page, shape: str, at: int, name: _Name, done: int
    ) -> tuple[int, int, int]:
        """How many words of a name stand around a word, and from where to where; 0 for no match."""
        used, first, last = 0, at, at
        exact = typo = letters = 0
        for step in (1, -1):
            i = at if step == 1 else at - 1
            while done < i < page.size and last - first < LONGEST:
                if i != at and not page.adjoining(i if step == 1 else i + 1):
                    break
                bit, how = self._piece(page, i, name, used, exact)
                if not bit:
                    break
                used |= bit
                exact += bit.bit_count() if how == "exact" else 0
                typo += how == "typo"
                letters += how == "letter"
                first, last = min(first, i), max(last, i)
                i += step
        whole = used.bit_count()
        if self._accepted(page, name, (first, last), used, (exact, typo, letters)):
            while last + 1 < page.size and page.adjoining(last + 1):
                if page.folds[last + 1] not in name.folds or page.shape[last + 1] != " ":
                    break
                last += 1
            return whole, first, last
        if exact and page.folds[at] == name.folds[-1]:
            return (1, at, at) if stands_alone(page, shape, at, name.keys[-1]) else (0, 0, 0)
        return 0, 0, 0

    def _piece(self, page: Page, i: int, name: _Name, used: int, exact: int) -> tuple[int, str]:
        """Which words of a name a word of the text stands for, as bits, and how."""
        word = page.folds[i]
        for place, part in enumerate(name.folds):
            if part == word and not used >> place & 1:
                return 1 << place, "exact"
        if len(word) > 3:
            for other, mask in self._joined.get(word, ()):
                if other is name and not used & mask:
                    return mask, "exact"
        if len(word) == 1 and page.capital(i):
            for place, part in enumerate(name.folds):
                if part[0] == word and not used >> place & 1:
                    return 1 << place, "letter"
        if exact and len(word) > 1 and word[0].isalpha():
            if page.shape[i] in ".-" or page.words[i] in listed("short_surname"):
                for place, part in enumerate(name.folds):
                    if part.startswith(word) and len(part) > len(word) and not used >> place & 1:
                        return 1 << place, "letter"
            everyday = page.words[i].islower() and word in folds_of("stop")
            for place, part in enumerate(name.folds):
                if not used >> place & 1 and not everyday and one_edit(part, word):
                    return 1 << place, "typo"
        return 0, ""

    def _accepted(
        self,
        page: Page,
        name: _Name,
        at: tuple[int, int],
        used: int,
        counts: tuple[int, int, int],
    ) -> bool:
        size = len(name.folds)
        exact, typo, letters = counts
        whole = used.bit_count() == size
        given = used >> (size - 1) & 1
        if size == 1 or used.bit_count() < 2:
            return False
        capital = page.capital(at[0]) or page.capital(at[1])
        if whole and typo <= 1 and (exact > 1 or (exact and capital)):
            return exact + typo > 1 or letters > 0
        if not given or typo + letters > 1 or not exact:
            return False
        if letters and size > 2:
            return capital and exact > 0
        if typo:
            return exact > 1 and (capital or bool(page.bare_at[at[0]]))
        if capital or page.bare_at[at[0]]:
            return True
        return all(
            page.keys[i] in name.keys or page.words[i].isascii() for i in range(at[0], at[1] + 1)
        )

    def _by_initials(self, page: Page, shape: str) -> Iterator[tuple[int, int]]:
        """N.V.A., NVA behind a title, N V A, NV An."""
        size, pieces = page.size, page.words
        for i in compress(range(size), map(str.isupper, pieces)):
            if len(pieces[i]) > LONGEST:
                continue
            word = pieces[i]
            if len(word) == 1:
                if i and len(page.words[i - 1]) == 1 and page.shape[i] in "._ ":
                    continue
                last = i
                while last + 1 < size and len(page.words[last + 1]) == 1:
                    if page.shape[last + 1] not in "._ -/" or not page.words[last + 1].isalpha():
                        break
                    last += 1
                letters = "".join(page.folds[i : last + 1])
                if last == i or not letters.isalpha():
                    continue
                dotted = "." in page.shape[i + 1 : last + 1]
            else:
                last, letters, dotted = i, _letters(word), False
            if letters in self._initials:
                titled = i > 0 and shape[2 * i - 1] in AFTER_TITLE and page.shape[i] in " .:("
                kind = shape[2 * i - 1] if i else ""
                clinical = word in listed("abbreviation")
                if (
                    dotted
                    or (titled and (kind in "TKL" or not clinical))
                    or (len(letters) > 2 and not clinical and shape[2 * i + 1] not in "SDQRVGOX")
                ):
                    yield i, last
            following = page.folds[last + 1] if last + 1 < size else ""
            if following and page.shape[last + 1] in " ._" and page.capital(last + 1):
                for name in self._words.get(following, ()):
                    if name.folds[-1] == following and letters in _shortened(name.initials):
                        yield i, last + 1

    def _broken(self, page: Page) -> Iterator[tuple[int, int]]:
        """A syllable broken in two by a line break, hyphen or blank: both halves."""
        folds, size, shape, heads = page.folds, page.size, page.shape, self._heads
        for i in [i for i, word in enumerate(folds, 1) if word in heads]:
            if i == size:
                continue
            if shape[i] not in "n-_" and (shape[i] != " " or syllable[page.words[i]]):
                continue
            whole = folds[i - 1] + folds[i]
            if whole not in self._words or len(whole) < 4:
                continue
            for name in self._words[whole]:
                others = set(name.folds) - {whole}
                first, last = i - 1, i
                while first and folds[first - 1] in others and page.adjoining(first):
                    first -= 1
                while last + 1 < size and folds[last + 1] in others and page.adjoining(last + 1):
                    last += 1
                if last - first > 1:
                    yield first, last


def _letters(word: str) -> str:
    return word.lower().replace("đ", "d").replace("y", "i") if word.isalpha() else ""


def _shortened(initials: str) -> tuple[str, ...]:
    return (initials[:-1], initials[:1]) if len(initials) > 2 else (initials[:1],)
