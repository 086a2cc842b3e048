"""What the cells of a row are, and how they become values.

Each distinct cell is unwrapped, converted and measured once; rows of a layout that comes again are
read by one compiled expression.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from operator import getitem
from typing import Any

from vnhealth.codecs import _grammar
from vnhealth.codecs._compiled import function
from vnhealth.records._convert import converter_of
from vnhealth.records._sizes import Size
from vnhealth.spec import Kind

__all__ = ["Converter", "Layout", "Reader", "Saying", "Unfit", "written", "zipped"]

_LONGEST = 76
_REMEMBERED = 16_384
_EMPTY: dict[bytes | None, None] = {None: None, b"": None}

Converter = Mapping[bytes | None, Any]
"""Cell to value; raises `NotCanonical`, or `_grammar.NotMe`."""
Reader = Callable[[Any], dict[str, Any]]
"""Cells to values by attribute. Raises `NotCanonical`, `Unfit` or `_grammar.NotMe`."""
Saying = tuple[str, str | None, dict[str, str]]
"""(code, tag, params)."""


class Unfit(Exception):
    """The value is canonical, but does not fit its field."""


@dataclass(slots=True, eq=False)
class Layout:
    """The cells of a row in the order in which they came, by the names of their tags."""

    tags: tuple[str, ...]
    attrs: tuple[str, ...]
    """The attribute of each cell; empty where the tag is unknown."""
    cells: tuple[Converter, ...]
    """The converter of each cell as it is written (see `vnhealth.codecs._grammar`)."""
    fitting: tuple[Converter, ...]
    """The same, but they refuse what does not fit the field (see `Batch`). None fits when empty."""
    plain: bool
    """Every tag is known and stands once, so a row needs no look at its names."""
    notes: tuple[Saying, ...]
    """(code, tag, params) of what there is to say about each row of this layout."""
    _readers: dict[bool, Reader] = field(default_factory=dict, init=False)

    def converters(self, fitting: bool) -> tuple[Converter, ...]:
        """One for each cell; with ``fitting`` they refuse what does not fit, if all can."""
        return (fitting and self.fitting) or self.cells

    def reader(self, fitting: bool, keys: Iterable[int | bytes]) -> Reader:
        """A function from cells, each under its key, to the values by attribute."""
        found = self._readers.get(fitting)
        if found is None:
            converters = {f"c{i}": one for i, one in enumerate(self.converters(fitting))}
            values = zip(self.attrs, converters, keys, strict=True)
            pieces = ", ".join(f"{attr!r}: {name}[cells[{key!r}]]" for attr, name, key in values)
            found = self._readers[fitting] = function("cells", f"{{{pieces}}}", converters)
        return found


def zipped(attrs: tuple[str, ...], converters: Sequence[Mapping[Any, Any]]) -> Reader:
    """A function from cells in order to the values by attribute."""
    return lambda cells: dict(zip(attrs, map(getitem, converters, cells)))  # noqa: B905


class _Written(dict[bytes | None, Any]):
    """Cell as it is written to value, each distinct cell unwrapped and converted once.

    With a size it refuses values that do not keep it, if required also that there is none
    (`Unfit`).
    """

    __slots__ = ("_convert", "_fits", "_required")

    def __init__(self, kind: Kind, size: Size | None, required: bool) -> None:
        super().__init__({} if required else _EMPTY)
        self._convert = converter_of(kind)
        self._fits = size.test() if size else None
        self._required = required

    def __missing__(self, cell: bytes | None) -> Any:
        text = _grammar.unwrapped(cell) if cell else ""
        value = self._convert(text) if text else None
        if value is None:
            if self._required:
                raise Unfit
        elif self._fits is not None and not self._fits(value):
            raise Unfit
        if cell is not None and len(cell) <= _LONGEST:
            if len(self) >= _REMEMBERED:
                self.clear()
                self.update({} if self._required else _EMPTY)
            self[cell] = value
        return value


@cache
def written(kind: Kind, size: Size | None = None, required: bool = False) -> _Written:
    return _Written(kind, size, required)
