"""All detectors over one text, strongest first, until nothing more is found."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from vnhealth.deid.text._addresses import find_addresses
from vnhealth.deid.text._contacts import find_contacts
from vnhealth.deid.text._dates import find_dates
from vnhealth.deid.text._days import dates_of
from vnhealth.deid.text._known import Known
from vnhealth.deid.text._names import find_again, find_names
from vnhealth.deid.text._numbers import find_numbers
from vnhealth.deid.text._page import HIDDEN, Page
from vnhealth.deid.text._record_names import NameMatcher
from vnhealth.deid.text._record_numbers import NumberMatcher
from vnhealth.deid.text._record_places import AddressMatcher
from vnhealth.deid.text._shape import name_shape
from vnhealth.deid.text._spans import KINDS, Mark, merged, tag_of

__all__ = ["Finder"]

_TAGS = re.compile("|".join(re.escape(tag_of(kind)) for kind in KINDS))
_ROUNDS = 4
_NUMBERS = frozenset({"id", "phone", "account", "plate", "contact", "date"})
_SEEN_THROUGH = frozenset({"name", "date", "age"})


class Finder:
    """The detectors, told what one record says.

    >>> Finder(Known()).find("BN Nguyễn Văn Thử, sốt 3 ngày")
    [(3, 17, 'name', 'name')]
    """

    __slots__ = ("_days", "_names", "_numbers", "_places")

    def __init__(self, known: Known) -> None:
        self._names = NameMatcher(known.names)
        self._numbers = NumberMatcher(known.ids, known.phones)
        self._places = AddressMatcher(known.addresses, known.orgs)
        self._days = dates_of(known.dates, known.births)

    def find(self, view: str) -> list[Mark]:
        """Everything that must go, in order and without overlap.

        What is found is hidden and the rest is looked at again: what stood beside it may read
        differently now. This is the last scan for leaks too. Text in which something new is found
        each time is given up as a whole.
        """
        return self.find_more(view, [])

    def find_more(self, view: str, found: list[Mark]) -> list[Mark]:
        """The same when something has been found already."""
        if "[" in view:
            view = _TAGS.sub(lambda tag: HIDDEN * len(tag[0]), view)
        page = Page(_hidden(view, found))
        for _ in range(_ROUNDS):
            marks = self._once(page)
            if not marks:
                return found
            found = merged([*found, *marks], view) if found else marks
            page = page.hiding(_hidden(view, found), (mark[:2] for mark in found))
        return [(0, len(view), "name", "pattern")]

    def _once(self, page: Page) -> list[Mark]:
        if not page.words:
            return []
        shape = name_shape(page)
        found: list[Mark] = []
        if self._names:
            for first, last in self._names.find(page, shape):
                found.append((*page.span(first, last), "name", "record"))
        numbers: list[Mark] = []
        if page.digits:
            if self._numbers:
                numbers += self._numbers.find(page, _tails(page))
            for first, last, known in find_dates(page, self._days):
                source = "record" if known else "pattern"
                numbers.append((*page.span(first, last), "date", source))  # type: ignore[arg-type]
            days = [mark[:2] for mark in numbers if mark[2] == "date"]
            numbers += [mark for mark in find_numbers(page) if not _within(mark, days)]
        numbers += find_contacts(page)
        found += numbers
        taken = bytearray(page.size)
        _take(page, (mark for mark in found if mark[2] in _NUMBERS), taken)
        parts = list(self._places.find(page)) if self._places else []
        found += find_addresses(page, shape, taken, parts)
        if self._places:
            found += self._places.orgs(page)
        hidden = bytearray(page.size)
        _take(page, (mark for mark in found if mark[2] not in _SEEN_THROUGH), hidden)
        names = list(find_names(page, shape, hidden))
        names += [(i, i) for i in find_again(page, shape, names)]
        found += [(*page.span(first, last), "name", "name") for first, last in names]
        return merged(found, page.text) if found else found


def _hidden(view: str, marks: list[Mark]) -> str:
    parts: list[str] = []
    at = 0
    for start, end, _, _ in marks:
        parts += (view[at:start], HIDDEN * (end - start))
        at = end
    return "".join([*parts, view[at:]])


def _tails(page: Page) -> list[int]:
    """Words behind ``số cuối`` and the like."""
    return [last for _, last, classes in page.found["cues"] if "tail" in classes]


def _within(mark: Mark, spans: list[tuple[int, int]]) -> bool:
    return any(start <= mark[0] and mark[1] <= end for start, end in spans)


def _take(page: Page, marks: Iterable[Mark], taken: bytearray) -> None:
    for start, end, _, _ in marks:
        first = bisect_right(page.ends, start)
        last = bisect_left(page.starts, end, 0, page.size)
        taken[first:last] = b"\1" * (last - first)
