"""Rows as XML: one template per table and edition, and the values that may stand in it.

Values are checked, escaped and encoded in one step, and each accepted value is remembered. The step
only says yes: a row that it does not take is explained by `check_values`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import cache
from operator import attrgetter
from typing import Any

from vnhealth.codecs._compiled import function
from vnhealth.findings import Finding, Severity, catalogue
from vnhealth.records import NotCanonical, Record, cache_of, record_class, to_text
from vnhealth.records._convert import BLANKS
from vnhealth.spec import Edition, Field, Kind, TableSpec, edition_info, table

__all__ = ["Refused", "RowTemplate", "check_values", "escape", "row_template"]

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MARKUP = re.compile("[&<>\r]")
_SPECIAL = re.compile("[&<>\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
_NUMBERS = (Kind.INTEGER, Kind.DECIMAL)
_REMEMBERED = 16_384
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


class _Accepted(dict[Any, bytes]):
    """Value to its bytes in a file, for the fields of one kind and size."""

    __slots__ = ("_field", "_kind", "_limit")

    def __init__(self, field: Field, kind: Kind) -> None:
        super().__init__()
        self._field = field
        self._kind = kind
        self._limit = field.max_length or _LONGEST

    def __missing__(self, value: Any) -> bytes:
        if self._is_simple(value):
            written: bytes = value.encode()
        else:
            text = to_text(self._value(value))
            if faults(self._field, self._kind, text):
                raise Refused
            written = escape(text).encode()
        if len(written) <= _LONGEST:
            if len(self) >= _REMEMBERED:
                self.clear()
            self[value] = written
        return written

    def _is_simple(self, value: Any) -> bool:
        """True for a text that needs no closer look: it may stand in the field as it is."""
        return (
            self._kind is not Kind.TIME
            and value is not None
            and len(value) <= self._limit
            and not _SPECIAL.search(value)
        )

    def _value(self, value: Any) -> Any:
        return value


class _AcceptedNumbers(_Accepted):
    """The same for numbers, by their texts: 1 and 1.00 are equal, but not written alike."""

    __slots__ = ("_shape",)

    def __init__(self, field: Field, kind: Kind) -> None:
        super().__init__(field, kind)
        decimals = min(field.decimals if field.decimals is not None else 10, 10)
        part = rf"(?:\.[0-9]{{1,{decimals}}})?" if kind is Kind.DECIMAL and decimals else ""
        self._shape = re.compile(rf"-?(?:0|[1-9][0-9]{{0,17}}){part}", re.ASCII)

    def _is_simple(self, value: str) -> bool:
        return len(value) <= self._limit and self._shape.fullmatch(value) is not None

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


def _wrappers(spec: TableSpec) -> tuple[bytes, tuple[bytes, bytes]]:
    """What stands before the rows of a file, and behind them, parted where a signature goes."""
    if spec.row == spec.root:
        return b"", (b"", b"")
    opening, closing = f"<{spec.root}>\n", f"</{spec.root}>"
    if spec.list:
        opening += f"<{spec.list}>\n"
        return opening.encode(), (f"\n</{spec.list}>\n".encode(), closing.encode())
    return opening.encode(), (b"\n", closing.encode())


class RowTemplate:
    """Writes the rows of one table of one edition."""

    def __init__(self, spec: TableSpec) -> None:
        cls = record_class(edition_info(spec.edition).family, spec.table)
        attrs = [f.attr for f in spec.fields]
        self._attrs = attrs
        self._any = attrgetter(*attrs)
        opening = [f"<{tag}>" for tag in spec.tags] + [f"</{spec.row}>"]
        closing = [f"<{spec.row}>"] + [f"</{tag}>" for tag in spec.tags]
        self._marks = [(c + o).encode() for c, o in zip(closing, opening, strict=True)]
        self._write = _writer_of(spec.fields, cls.kinds(), self._marks)
        self.before, self.after = _wrappers(spec)
        self._foreign = ("_extra", *(attr for attr in cls.ATTRS if attr not in attrs))

    def pieces(self, row: Record) -> list[bytes]:
        """The row as pieces of XML. Raises `Refused` when there may be something to say of it."""
        state = row.__dict__
        whole = len(state) == len(self._attrs)
        try:
            written = self._write(state)
        except KeyError:
            whole = False
            written = self._write(dict(zip(self._attrs, self._any(row), strict=True)))
        if not whole and (
            not state.keys().isdisjoint(self._foreign) or ("_raw" in state and unread(row))
        ):
            raise Refused
        return written

    def pieces_as_is(self, row: Record) -> list[bytes]:
        """The same without a check, for a row that was checked in another way."""
        pieces = [b""] * (2 * len(self._attrs) + 1)
        pieces[0::2] = self._marks
        pieces[1::2] = [escape(to_text(v)).encode("utf-8", "replace") for v in self._any(row)]
        return pieces


def _writer_of(
    fields: Sequence[Field], kinds: Mapping[str, Kind], marks: Sequence[bytes]
) -> Callable[[Mapping[str, Any]], list[bytes]]:
    """A function that writes the values of a row, by attribute, between the marks around them.

    It is one expression, because a loop over the fields costs as much as the writing itself. Times
    and numbers are looked up by their texts.
    """
    forms = {
        Kind.TIME: "(v := state[{!r}]) and v.text",
        **dict.fromkeys(_NUMBERS, "str(state[{!r}])"),
    }
    known: dict[str, Any] = {}
    pieces = []
    for f, mark in zip(fields, marks, strict=False):
        name = f"write_{f.attr}"
        known[name] = _shared(f, kinds[f.attr])
        form = forms.get(kinds[f.attr], "state[{!r}]")
        pieces.append(f"{mark!r}, {name}[{form.format(f.attr)}]")
    return function("state", f"[{', '.join(pieces)}, {marks[-1]!r}]", known)


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
