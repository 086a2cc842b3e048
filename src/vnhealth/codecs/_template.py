"""Rows as XML text: one template per table and edition, and the values that may stand in it.

Values are checked, turned into text and escaped in one step, and each accepted value is remembered.
The step only says yes: a row that it does not take is explained by `check_values`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from functools import cache
from operator import attrgetter, getitem, itemgetter
from typing import Any

from vnhealth.findings import Finding, Severity, catalogue
from vnhealth.records import NotCanonical, Record, cache_of, record_class, to_text
from vnhealth.records._convert import BLANKS
from vnhealth.spec import Edition, Field, Kind, TableSpec, edition_info, table

__all__ = ["Refused", "RowTemplate", "check_values", "escape", "row_template"]

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MARKUP = re.compile("[&<>\r]")
_NUMBERS = (Kind.INTEGER, Kind.DECIMAL)
_REMEMBERED = 8192
_LONGEST = 64


class Refused(ValueError):
    """A value that may not stand in a field. Carries no value."""


def escape(text: str) -> str:
    """Text content as C14N writes it."""
    if not _MARKUP.search(text):
        return text
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("\r", "&#xD;")


def faults(field: Field, kind: Kind, text: str) -> list[tuple[str, dict[str, str]]]:
    """Why a text may not stand in a field of an edition, as (code, params)."""
    found: list[tuple[str, dict[str, str]]] = []
    if field.max_length is not None and len(text) > field.max_length:
        sizes = {"limit": str(field.max_length), "length": str(len(text))}
        found.append(("BHYT-WRITE-04", sizes))
    if _FORBIDDEN.search(text):
        found.append(("BHYT-WRITE-05", {}))
    elif not _readable(kind, text):
        found.append(("BHYT-WRITE-08", {}))
    if field.decimals is not None and kind is Kind.DECIMAL and "." in text:
        used = len(text.rpartition(".")[2].rstrip("0"))
        if used > field.decimals:
            found.append(("BHYT-WRITE-06", {"limit": str(field.decimals)}))
    return found


def _readable(kind: Kind, text: str) -> bool:
    """True when a reader gets the same value back from the text."""
    if kind in (Kind.TEXT, Kind.CODE):
        return True
    try:
        cache_of(kind)[text]
    except NotCanonical:
        return False
    return True


class _Accepted(dict[Any, str]):
    """Value to escaped text, for the fields of one kind and size."""

    __slots__ = ("_field", "_kind")

    def __init__(self, field: Field, kind: Kind) -> None:
        super().__init__()
        self._field = field
        self._kind = kind

    def __missing__(self, value: Any) -> str:
        text = to_text(self._value(value))
        if faults(self._field, self._kind, text):
            raise Refused
        escaped = escape(text)
        if len(text) <= _LONGEST:
            if len(self) >= _REMEMBERED:
                self.clear()
            self[value] = escaped
        return escaped

    def _value(self, value: Any) -> Any:
        return value


class _AcceptedNumbers(_Accepted):
    """The same for numbers, by their texts: 1 and 1.00 are equal, but not written alike."""

    __slots__ = ()

    def _value(self, value: str) -> Decimal | str | None:
        if value == "None":
            return None
        if self._kind is Kind.INTEGER:
            return value
        try:
            return Decimal(value)
        except InvalidOperation:
            raise Refused from None


_SHARED: dict[tuple[Any, ...], _Accepted] = {}


def _shared(field: Field, kind: Kind) -> _Accepted:
    alike = (kind, field.max_length, field.decimals, field.type)
    if alike not in _SHARED:
        _SHARED[alike] = (_AcceptedNumbers if kind in _NUMBERS else _Accepted)(field, kind)
    return _SHARED[alike]


def _values_of(fields: Sequence[Field]) -> Callable[[Record], tuple[Any, ...]]:
    """The values of some attributes of a row, fast when the row holds all of them."""
    names = [f.attr for f in fields]
    if len(names) < 2:
        return lambda row: tuple(getattr(row, name) for name in names)
    held, any_ = itemgetter(*names), attrgetter(*names)

    def values(row: Record) -> tuple[Any, ...]:
        try:
            return held(row.__dict__)  # type: ignore[no-any-return]
        except KeyError:
            return any_(row)

    return values


class RowTemplate:
    """Writes the rows of one table of one edition."""

    def __init__(self, spec: TableSpec) -> None:
        cls = record_class(edition_info(spec.edition).family, spec.table)
        kinds = cls.kinds()
        plain = [f for f in spec.fields if kinds[f.attr] not in _NUMBERS]
        numbers = [f for f in spec.fields if kinds[f.attr] in _NUMBERS]
        self._plain = _values_of(plain)
        self._numbers = _values_of(numbers)
        self._plain_texts = [_shared(f, kinds[f.attr]) for f in plain]
        self._number_texts = [_shared(f, kinds[f.attr]) for f in numbers]
        grouped = [f.tag for f in (*plain, *numbers)]
        self._in_order: Callable[[tuple[str, ...]], tuple[str, ...]] = itemgetter(
            *(grouped.index(tag) for tag in spec.tags)
        )
        cells = "".join(f"<{tag}>%s</{tag}>" for tag in spec.tags)
        self._text = f"<{spec.row}>{cells}</{spec.row}>"
        known = {f.attr for f in spec.fields}
        self._foreign = ("_extra", *(attr for attr in cls.ATTRS if attr not in known))

    def text(self, row: Record) -> str:
        """The row as XML. Raises `Refused` when there may be something to say about it."""
        state = row.__dict__
        if not state.keys().isdisjoint(self._foreign) or ("_raw" in state and unread(row)):
            raise Refused
        plain = map(getitem, self._plain_texts, self._plain(row))
        numbers = map(getitem, self._number_texts, map(str, self._numbers(row)))
        return self._text % self._in_order((*plain, *numbers))

    def text_as_is(self, row: Record) -> str:
        """The row as XML without a check, for a row that was checked in another way."""
        plain = [escape(to_text(value)) for value in self._plain(row)]
        numbers = [escape(to_text(value)) for value in self._numbers(row)]
        return self._text % self._in_order((*plain, *numbers))


@cache
def row_template(edition: Edition, name: str) -> RowTemplate:
    """The shared template of a table of an edition."""
    return RowTemplate(table(edition, name))


def unread(row: Record) -> list[str]:
    """Tags whose text a reader could not understand, so that their values are unknown."""
    return [t for t, text in row.raw_texts.items() if row[t] is None and text.strip(BLANKS)]


def check_values(
    row: Record, spec: TableSpec, encounter: int | None = None, index: int | None = None
) -> list[Finding]:
    """Why a row cannot be written by this edition: unreadable, unknown, too long, unprintable."""
    found: list[Finding] = []
    kinds = row.kinds()

    def say(code: str, tag: str, params: dict[str, str] | None = None) -> None:
        severity = Severity(catalogue.info(code).severity)
        found.append(Finding(code, severity, encounter, spec.table, index, tag, params or {}))

    for tag in unread(row):
        say("BHYT-WRITE-01", tag)
    for tag, _text in row.extra:
        say("BHYT-WRITE-02", tag[:60] if tag.isascii() else "…")
    for tag, value in row.items():
        field = spec.by_tag.get(tag)
        if field is None:
            say("BHYT-WRITE-03", tag, {"edition": spec.edition.value})
            continue
        for code, params in faults(field, kinds[field.attr], to_text(value)):
            say(code, tag, params)
    return found
