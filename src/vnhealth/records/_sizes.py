"""Sizes of values: how long a text, how many digits, how much of a date; and what must be there.

Most fields have one size in all editions of a family, and most that must be filled must be so in
all of them. A decoder can look at what is *steady* in this sense once per distinct text; then
nobody has to look at it again in every row (see `vnhealth.records.Claim.fitting`).
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from vnhealth.spec import (
    Edition,
    Family,
    Field,
    Kind,
    TableSpec,
    edition_info,
    record_kind,
    table,
    tables,
)

__all__ = [
    "BIRTHS",
    "Size",
    "always_required",
    "items_ok",
    "number_problem",
    "size_of",
    "steady_size",
    "top",
]

BIRTHS = frozenset({"NGAY_SINH", "NGAY_SINH_CON", "NGAYSINH_NND"})
"""Times whose day and month may be unknown."""

_NO_LIMIT = 1 << 40
_DIGITS = {"date8": 8, "datetime12": 12}


class Size(NamedTuple):
    """All that bounds the values of a field; equal sizes take the same values."""

    kind: Kind
    length: int | None
    decimals: int | None
    digits: int
    birth: bool
    items: bool

    def test(self) -> Callable[[Any], bool]:
        """A function that is true for a value of the kind that keeps the size.

        >>> from vnhealth import spec
        >>> fits = size_of(spec.table("3176", "XML2")["SO_LUONG"], Kind.DECIMAL).test()
        >>> fits(Decimal("1.5")), fits(Decimal("-1")), fits(Decimal("1.12345"))
        (True, False, False)
        """
        length, decimals, digits = self.length, self.decimals, self.digits
        if self.kind is Kind.TIME:
            if self.birth or not digits:
                return lambda time: not digits or len(time.text) == digits
            return lambda time: bool(time.precision == digits)
        if self.kind is Kind.DECIMAL:
            return lambda number: not number_problem(number, length, decimals)
        if self.kind is Kind.INTEGER:
            largest = top(length)
            return lambda number: bool(0 <= number <= largest)
        if digits:
            return lambda text: len(text) == digits and text.isdigit()
        if self.items:
            return lambda text: _short(text, length) and (";" not in text or items_ok(text))
        return lambda text: _short(text, length)


def size_of(field: Field, kind: Kind) -> Size:
    """The size of a field in its edition; ``kind`` is that of its record class."""
    items = field.separator == ";"
    digits = _DIGITS.get(field.type, 0)
    return Size(kind, field.max_length, field.decimals, digits, field.tag in BIRTHS, items)


@cache
def steady_size(family: Family, name: str, tag: str) -> Size | None:
    """The size of a field where all editions of the family agree on it, else None."""
    kind = record_kind(family, name, tag)
    held = {size_of(spec[tag], kind) for spec in _editions(family, name) if tag in spec}
    return held.pop() if len(held) == 1 else None


@cache
def always_required(family: Family, name: str) -> frozenset[str]:
    """The tags that every edition of the family has and wants to be filled."""
    required = [{f.tag for f in spec if f.required == "yes"} for spec in _editions(family, name)]
    return frozenset(set.intersection(*required))


def _editions(family: Family, name: str) -> list[TableSpec]:
    return [
        table(edition, name)
        for edition in Edition
        if edition_info(edition).family is family and name in tables(edition)
    ]


def number_problem(value: Decimal | int, limit: int | None, decimals: int | None) -> str:
    """The code of what is wrong with the size of a number, or an empty text.

    Zeros at the end of the decimal part do not count: vendors pad to two or three decimals.

    >>> number_problem(Decimal("125000.00"), 15, 2), number_problem(Decimal("47.5"), 3, 0)
    ('', 'BHYT-FLD-03')
    """
    if value < 0:
        return "BHYT-FLD-11"
    text = format(value, "f")
    whole, _, rest = text.partition(".")
    rest = rest.rstrip("0")
    kept = rest if decimals is None else rest[:decimals]
    if limit is not None and len(whole) + (len(kept) + 1 if kept else 0) > limit:
        return "BHYT-FLD-02"
    return "BHYT-FLD-03" if len(rest) > len(kept) else ""


def items_ok(text: str) -> bool:
    """True when no item of a list is empty or has blanks around it."""
    return all(item and item == item.strip() for item in text.split(";"))


def top(length: int | None) -> int:
    """The largest whole number of so many digits."""
    return int(10**length) - 1 if length else _NO_LIMIT


def _short(text: str, length: int | None) -> bool:
    return length is None or len(text) <= length
