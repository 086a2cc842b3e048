"""Checks that follow from the rows of the specification: presence, size, codes, dates.

`Judge` explains the fields of one table in one period.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from vnhealth.findings import Severity
from vnhealth.localtime import LocalTime
from vnhealth.records._sizes import (
    BIRTHS,
    always_required,
    items_ok,
    number_problem,
    steady_size,
)
from vnhealth.rules._case import is_empty
from vnhealth.rules._codes import Codes, codes_of
from vnhealth.rules._load import field_exceptions
from vnhealth.rules._model import Era, Hit
from vnhealth.spec import Field, Kind, TableSpec, edition_info, record_fields, record_kind

__all__ = ["Judge", "Judged"]

Judged = tuple[str, Severity, Hit]
"""Code, severity and hit of a field check."""


class Judge:
    """The field checks of one table in one period; codes in ``off`` are not reported."""

    def __init__(self, spec: TableSpec, era: Era, off: frozenset[str] = frozenset()) -> None:
        family = edition_info(spec.edition).family
        union = record_fields(family, spec.table)
        self.spec = spec
        self.era = era
        self._off = off
        self._severity = {
            (f.tag, one.code): one.severity
            for f in spec.fields
            for one in field_exceptions().get((spec.table, f.tag), ())
            if one.holds(era.on)
        }
        self.attrs = tuple(f.attr for f in union)
        self.foreign = [f for f in union if f.tag not in spec]
        self.kinds = {f.tag: record_kind(family, spec.table, f.tag) for f in spec.fields}
        sizes = {f.tag: steady_size(family, spec.table, f.tag) for f in spec.fields}
        self.steady = frozenset(tag for tag, size in sizes.items() if size is not None)
        self.always_required = always_required(family, spec.table)
        found = {f.tag: codes_of(f, era.on) for f in spec.fields if f.code_set}
        self.codes: dict[str, Codes] = {tag: codes for tag, codes in found.items() if codes}

    def demand(self, f: Field) -> Severity | None:
        """The severity of leaving this field empty; None when it may be."""
        if "BHYT-FLD-01" in self._off:
            return None
        default = Severity.ERROR if f.required == "yes" else None
        return self._severity.get((f.tag, "BHYT-FLD-01"), default)

    def level(self, code: str, f: Field, default: Severity = Severity.ERROR) -> Severity | None:
        if code in self._off:
            return None
        return self._severity.get((f.tag, code), default)

    def size(self, f: Field) -> int:
        """The digits a date must have; 0 when this edition does not say."""
        if f.type not in ("date8", "datetime12") or self.level("BHYT-FLD-05", f) is None:
            return 0
        return 8 if f.type == "date8" else 12

    def items(self, f: Field) -> bool:
        return f.separator == ";" and self.level("BHYT-FLD-06", f) is not None

    def field(self, row: Any, f: Field) -> Iterator[Judged]:
        """Everything wrong with one field of a row."""
        value = getattr(row, f.attr)
        if value is not None:
            yield from self.judge(f, value)
        elif is_empty(row, f.attr):
            severity = self.demand(f)
            if severity:
                yield "BHYT-FLD-01", severity, Hit(f.tag, _words(f))

    def foreigners(self, row: Any) -> Iterator[Judged]:
        """Filled fields of other editions and elements that no edition has."""
        params = {"edition": self.spec.edition.value}
        state = row.__dict__
        for f in self.foreign:
            if state.get(f.attr) is None:
                continue
            severity = self.level("BHYT-FLD-07", f, Severity.WARNING)
            if severity:
                yield "BHYT-FLD-07", severity, Hit(f.tag, params)
        for tag, _ in row.extra:
            if "BHYT-FLD-07" not in self._off:
                yield "BHYT-FLD-07", Severity.WARNING, Hit(tag[:60], params)

    def judge(self, f: Field, value: Any) -> Iterator[Judged]:
        """What is wrong with one value."""
        kind = self.kinds[f.tag]
        if isinstance(value, LocalTime):
            yield from self._time(f, value.text, value.precision)
        elif kind in (Kind.INTEGER, Kind.DECIMAL):
            yield from self._number(f, value)
        elif isinstance(value, str):
            if f.type in ("date8", "datetime12"):
                yield from self._time(f, value, len(value) if value.isdigit() else 0)
                return
            yield from self._text(f, value)

    def _time(self, f: Field, text: str, precision: int) -> Iterator[Judged]:
        size = self.size(f)
        severity = self.level("BHYT-FLD-05", f)
        if severity and size and len(text) != size:
            params = {**_words(f), "size": str(size), "length": str(len(text))}
            yield "BHYT-FLD-05", severity, Hit(f.tag, params, {"value": text})
        elif size and precision != size and f.tag not in BIRTHS:
            severity = self.level("BHYT-FLD-10", f)
            if severity:
                yield "BHYT-FLD-10", severity, Hit(f.tag, _words(f), {"value": text})

    def _number(self, f: Field, value: Decimal | int) -> Iterator[Judged]:
        code = number_problem(value, f.max_length, f.decimals)
        severity = self.level(code, f) if code else None
        if severity:
            params = {**_words(f), "limit": str(f.max_length), "decimals": str(f.decimals or 0)}
            yield code, severity, Hit(f.tag, params, {"value": format(value, "f")})

    def _text(self, f: Field, text: str) -> Iterator[Judged]:
        if f.max_length is not None and len(text) > f.max_length:
            severity = self.level("BHYT-FLD-02", f)
            if severity:
                params = {**_words(f), "limit": str(f.max_length), "length": str(len(text))}
                yield "BHYT-FLD-02", severity, Hit(f.tag, params, {"value": text})
                return
        if self.items(f) and ";" in text and not items_ok(text):
            severity = self.level("BHYT-FLD-06", f, Severity.WARNING)
            if severity:
                yield "BHYT-FLD-06", severity, Hit(f.tag, _words(f), {"value": text})
        codes = self.codes.get(f.tag)
        if codes is not None:
            for code, default, more in codes.judge(text):
                severity = self.level(code, f, default)
                if severity:
                    yield code, severity, Hit(f.tag, {**_words(f), **more}, {"value": text})


def _words(f: Field) -> dict[str, str]:
    return {"title_vi": f.title_vi, "title_en": f.title_en, "field_basis": f.basis}
