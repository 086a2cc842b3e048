"""Messages whose fields stand in a CSV file: which there are, and what is wrong with a message."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from vnhealth.findings import Finding, Severity

__all__ = [
    "Field",
    "Form",
    "Rules",
    "amount",
    "error",
    "fields_of",
    "moment",
    "plain",
    "wrong_fields",
]

Form = Callable[[str], bool]
"""Tells whether a text has the form of a kind of field."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a part of a message.

    ``kind`` is text, number, ``choice:`` with words, ``list:`` or ``object:`` with a part, or a
    kind of the message's own (a date, a code). ``required`` is yes, no or a condition in words;
    ``largest`` is a length or None.
    """

    part: str
    name: str
    kind: str
    required: str
    largest: int | None
    evidence: str


@cache
def _parts(message: str) -> Mapping[str, tuple[Field, ...]]:
    text = (files("vnhealth.protocol") / "data" / f"{message}_fields.csv").read_text("utf-8")
    found: dict[str, list[Field]] = {}
    for row in csv.DictReader(text.splitlines()):
        largest = int(row.pop("largest") or 0) or None
        found.setdefault(row["part"], []).append(Field(largest=largest, **row))
    return MappingProxyType({part: tuple(rows) for part, rows in found.items()})


def fields_of(message: str, part: str) -> tuple[Field, ...]:
    """The fields of a part in the order of the wire; `LookupError` when there is none.

    >>> [f.name for f in fields_of("donthuoc", "diagnosis")]
    ['ma_chan_doan', 'ten_chan_doan', 'ket_luan']
    """
    return _parts(message)[part]


def plain(value: Any) -> str:
    """A text or number as text without blanks around; anything else is empty.

    >>> plain(" a "), plain(2), plain(True), plain(None)
    ('a', '2', '', '')
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).strip()


def amount(value: Any) -> Decimal | None:
    """A number given as number or text, or None.

    >>> amount("1.5"), amount(2), amount("ba"), amount("NaN")
    (Decimal('1.5'), Decimal('2'), None, None)
    """
    try:
        found = Decimal(plain(value).replace(",", "."))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def moment(text: str, form: str) -> dt.datetime | None:
    """A time by its form, as written on the clock on the wall, or None.

    >>> moment("03/08/2026", "%d/%m/%Y").day, moment("2026-08-03", "%d/%m/%Y")
    (3, None)
    """
    try:
        return dt.datetime.strptime(text, form)
    except ValueError:
        return None


def error(code: str, tag: str, row: int | None = None) -> Finding:
    """A finding of severity error at a field."""
    return Finding(code, Severity.ERROR, row=row, tag=tag)


@dataclass(frozen=True, slots=True)
class Rules:
    """How fields are checked: the codes of the two findings, and forms of own kinds."""

    message: str
    missing: str
    malformed: str
    forms: Mapping[str, Form]


def wrong_fields(
    rules: Rules, part: str, value: Mapping[str, Any], row: int | None = None
) -> Iterator[Finding]:
    """A finding for every field that is missing or has a wrong form."""
    for field in fields_of(rules.message, part):
        given = value.get(field.name)
        if given is None or given in ("", [], {}):
            if field.required == "yes":
                yield error(rules.missing, field.name, row)
        elif field.kind.startswith(("list:", "object:")):
            yield from _nested(rules, field, given, row)
        elif not _well_formed(rules, field, plain(given)):
            yield error(rules.malformed, field.name, row)


def _nested(rules: Rules, field: Field, given: Any, row: int | None) -> Iterator[Finding]:
    kind, _, part = field.kind.partition(":")
    items = given if kind == "list" else [given]
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        yield error(rules.malformed, field.name, row)
        return
    for index, item in enumerate(items):
        yield from wrong_fields(rules, part, item, index)


def _well_formed(rules: Rules, field: Field, text: str) -> bool:
    if not text or (field.largest is not None and len(text) > field.largest):
        return False
    kind, _, words = field.kind.partition(":")
    if kind == "choice":
        return text.lower() in words.lower().split()
    if kind == "number":
        found = amount(text)
        return found is not None and found >= 0
    return kind == "text" or rules.forms[kind](text)
