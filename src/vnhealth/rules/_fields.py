"""Checks that follow from the rows of the specification: presence, size, codes, dates.

Per table, edition and period one plan is compiled. A row is first tried against the plan in a few
tight loops that stop at the first doubt; only a row with a doubt is explained field by field.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from operator import itemgetter
from typing import Any

from vnhealth.findings import Severity
from vnhealth.localtime import LocalTime
from vnhealth.rules._codes import Codes, codes_of
from vnhealth.rules._load import field_exceptions
from vnhealth.rules._model import Hit
from vnhealth.spec import Field, Kind, TableSpec, record_fields, record_kind

__all__ = ["FieldPlan", "Judged"]

Judged = tuple[str, Severity, Hit]
"""Code, severity and hit of a field check."""

_MEMORY = 50_000
_LONGEST = 64
_NO_LIMIT = 1 << 40
_BIRTH = "NGAY_SINH", "NGAY_SINH_CON", "NGAYSINH_NND"


def _getter(tags: list[Field]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    names = [f.attr for f in tags]
    if len(names) == 1:
        name = names[0]
        return lambda state: (state[name],)
    return itemgetter(*names) if names else lambda state: ()


class FieldPlan:
    """The compiled checks of one table on one period."""

    def __init__(self, spec: TableSpec, on: dt.date, off: frozenset[str] = frozenset()) -> None:
        family = record_family(spec)
        self.spec = spec
        self.on = on
        self._off = off
        self._severity = self._severities(spec, on)
        union = record_fields(family, spec.table)
        self._blank = dict.fromkeys((f.attr for f in union), None)
        self._foreign = [f for f in union if f.tag not in spec]
        self._kinds = {f.tag: record_kind(family, spec.table, f.tag) for f in spec.fields}
        self._codes: dict[str, Codes] = {}
        groups: dict[str, list[Field]] = {}
        for f in spec.fields:
            groups.setdefault(self._group(f), []).append(f)
        self._compile(groups)

    def _severities(self, spec: TableSpec, on: dt.date) -> dict[tuple[str, str], Severity | None]:
        found: dict[tuple[str, str], Severity | None] = {}
        for f in spec.fields:
            for one in field_exceptions().get((spec.table, f.tag), ()):
                if one.holds(on):
                    found[f.tag, one.code] = one.severity
        return found

    def _demand(self, f: Field) -> Severity | None:
        """The severity of leaving this field empty; None when it may be."""
        if "BHYT-FLD-01" in self._off:
            return None
        default = Severity.ERROR if f.required == "yes" else None
        return self._severity.get((f.tag, "BHYT-FLD-01"), default)

    def _level(self, code: str, f: Field, default: Severity = Severity.ERROR) -> Severity | None:
        if code in self._off:
            return None
        return self._severity.get((f.tag, code), default)

    def _group(self, f: Field) -> str:
        kind = self._kinds[f.tag]
        need = "must" if self._demand(f) else "may"
        if kind is Kind.TIME:
            return f"time {need}" if self._size(f) else f"any {need}"
        if kind is Kind.INTEGER:
            return f"int {need}"
        if kind is Kind.DECIMAL:
            return f"number {f.max_length} {f.decimals} {need}"
        codes = codes_of(f, self.on) if f.code_set else None
        if codes is not None:
            self._codes[f.tag] = codes
            return "code"
        if f.max_length is None and not self._items(f):
            return f"any {need}"
        return f"text {need}"

    def _size(self, f: Field) -> int:
        """The digits a date must have; 0 when this edition does not say."""
        if f.type not in ("date8", "datetime12") or self._level("BHYT-FLD-05", f) is None:
            return 0
        return 8 if f.type == "date8" else 12

    def _items(self, f: Field) -> bool:
        return f.separator == ";" and self._level("BHYT-FLD-06", f) is not None

    def _compile(self, groups: Mapping[str, list[Field]]) -> None:
        def part(name: str) -> list[Field]:
            return groups.get(name, [])

        self._any_must = _getter(part("any must"))
        texts = part("text must"), part("text may")
        self._text_must, self._text_may = map(_getter, texts)
        self._limit_must, self._limit_may = (
            [f.max_length or _NO_LIMIT for f in fields] for fields in texts
        )
        self._lists = _getter([f for fields in texts for f in fields if self._items(f)])
        codes = part("code")
        self._code = _getter(codes)
        self._accepted: list[set[str | None]] = []
        for f in codes:
            accepted: set[str | None] = set(self._codes[f.tag].plain)
            self._accepted.append(accepted if self._demand(f) else accepted | {None})
        times = part("time must"), part("time may")
        births = [[f for f in fields if f.tag in _BIRTH] for fields in times]
        moments = [[f for f in fields if f.tag not in _BIRTH] for fields in times]
        self._birth_must, self._birth_may = map(_getter, births)
        self._birth_size = [[self._size(f) for f in fields] for fields in births]
        self._moment_must, self._moment_may = map(_getter, moments)
        self._moment_size = [[self._size(f) for f in fields] for fields in moments]
        whole = part("int must"), part("int may")
        self._int_must, self._int_may = map(_getter, whole)
        self._int_top = [[_top(f) for f in fields] for fields in whole]
        self._numbers = [
            (_getter(fields), _Known(name.endswith("may"), fields[0]))
            for name, fields in groups.items()
            if name.startswith("number")
        ]

    def check(self, row: Any) -> list[Judged] | None:
        """None when every field of the row is as the edition wants it, else what is wrong."""
        state = row.__dict__
        try:
            clean = self._clean(state)
        except KeyError:
            clean = self._clean({**self._blank, **state})
        if clean:
            return None
        found = list(self.explain(row))
        if not found:
            self._learn(row)
        return found

    def _learn(self, row: Any) -> None:
        """Remember joined codes that were found good, so that the next row with them is quick."""
        values = (getattr(row, f.attr) for f in self.spec.fields if f.tag in self._codes)
        for value, accepted in zip(values, self._accepted, strict=True):
            if value is not None and len(accepted) < _MEMORY and len(value) <= _LONGEST:
                accepted.add(value)

    def _clean(self, state: Mapping[str, Any]) -> bool:
        for text, limit in zip(self._text_must(state), self._limit_must, strict=False):
            if text is None or len(text) > limit:
                return False
        for text, limit in zip(self._text_may(state), self._limit_may, strict=False):
            if text is not None and len(text) > limit:
                return False
        for text in self._lists(state):
            if text is not None and ";" in text and not _items_ok(text):
                return False
        for code, accepted in zip(self._code(state), self._accepted, strict=False):
            if code not in accepted:
                return False
        for value in self._any_must(state):
            if value is None:
                return False
        for time, size in zip(self._moment_must(state), self._moment_size[0], strict=False):
            if time is None or time.precision != size:
                return False
        for time, size in zip(self._moment_may(state), self._moment_size[1], strict=False):
            if time is not None and time.precision != size:
                return False
        for number, top in zip(self._int_must(state), self._int_top[0], strict=False):
            if number is None or not 0 <= number <= top:
                return False
        for number, top in zip(self._int_may(state), self._int_top[1], strict=False):
            if number is not None and not 0 <= number <= top:
                return False
        for values, known in self._numbers:
            for value in values(state):
                if id(value) not in known and not known.learn(value):
                    return False
        return self._rare(state)

    def _rare(self, state: Mapping[str, Any]) -> bool:
        """Fields that few tables have: births and fields of another edition, unknown elements."""
        for time, size in zip(self._birth_must(state), self._birth_size[0], strict=False):
            if time is None or len(time.text) != size:
                return False
        for time, size in zip(self._birth_may(state), self._birth_size[1], strict=False):
            if time is not None and len(time.text) != size:
                return False
        for f in self._foreign:
            if state.get(f.attr) is not None:
                return False
        return "_extra" not in state

    def explain(self, row: Any) -> Iterator[Judged]:
        """Everything wrong with the fields of a row, in the order of the specification."""
        for f in self.spec.fields:
            value = getattr(row, f.attr)
            if value is not None:
                yield from self._value(f, value)
            elif f.tag not in row.raw_texts:
                severity = self._demand(f)
                if severity:
                    yield "BHYT-FLD-01", severity, Hit(f.tag, _words(f))
        for f in self._foreign:
            severity = self._level("BHYT-FLD-07", f, Severity.WARNING)
            if severity and getattr(row, f.attr) is not None:
                yield "BHYT-FLD-07", severity, Hit(f.tag, {"edition": self.spec.edition.value})
        for tag, _ in row.extra:
            if "BHYT-FLD-07" not in self._off:
                params = {"edition": self.spec.edition.value}
                yield "BHYT-FLD-07", Severity.WARNING, Hit(tag[:60], params)

    def _value(self, f: Field, value: Any) -> Iterator[Judged]:
        kind = self._kinds[f.tag]
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
        size = self._size(f)
        severity = self._level("BHYT-FLD-05", f)
        if severity and size and len(text) != size:
            params = {**_words(f), "size": str(size), "length": str(len(text))}
            yield "BHYT-FLD-05", severity, Hit(f.tag, params, {"value": text})
        elif size and precision != size and f.tag not in _BIRTH:
            severity = self._level("BHYT-FLD-10", f)
            if severity:
                yield "BHYT-FLD-10", severity, Hit(f.tag, _words(f), {"value": text})

    def _number(self, f: Field, value: Decimal | int) -> Iterator[Judged]:
        code = number_problem(value, f.max_length, f.decimals)
        severity = self._level(code, f) if code else None
        if severity:
            params = {**_words(f), "limit": str(f.max_length), "decimals": str(f.decimals or 0)}
            yield code, severity, Hit(f.tag, params, {"value": format(value, "f")})

    def _text(self, f: Field, text: str) -> Iterator[Judged]:
        if f.max_length is not None and len(text) > f.max_length:
            severity = self._level("BHYT-FLD-02", f)
            if severity:
                params = {**_words(f), "limit": str(f.max_length), "length": str(len(text))}
                yield "BHYT-FLD-02", severity, Hit(f.tag, params, {"value": text})
        if self._items(f) and ";" in text and not _items_ok(text):
            severity = self._level("BHYT-FLD-06", f, Severity.WARNING)
            if severity:
                yield "BHYT-FLD-06", severity, Hit(f.tag, _words(f), {"value": text})
        codes = self._codes.get(f.tag)
        if codes is not None:
            for code, default, more in codes.judge(text):
                severity = self._level(code, f, default)
                if severity:
                    yield code, severity, Hit(f.tag, {**_words(f), **more}, {"value": text})


class _Known(dict[int, Decimal | None]):
    """Numbers of one size that were found good, by identity; each is held so that none is mistaken.

    Decoders give the same object for the same text, so most numbers are met again.
    """

    __slots__ = ("_field",)

    def __init__(self, empty: bool, field: Field) -> None:
        super().__init__({id(None): None} if empty else {})
        self._field = field

    def learn(self, value: Decimal | None) -> bool:
        """True when the number is good; then it is remembered."""
        if value is None or number_problem(value, self._field.max_length, self._field.decimals):
            return False
        if len(self) >= _MEMORY:
            empty = id(None) in self
            self.clear()
            if empty:
                self[id(None)] = None
        self[id(value)] = value
        return True


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


def _items_ok(text: str) -> bool:
    return all(item and item == item.strip() for item in text.split(";"))


def _top(f: Field) -> int:
    return int(10**f.max_length) - 1 if f.max_length else _NO_LIMIT


def _words(f: Field) -> dict[str, str]:
    return {"title_vi": f.title_vi, "title_en": f.title_en, "field_basis": f.basis}


def record_family(spec: TableSpec) -> str:
    """The family of a table's edition."""
    from vnhealth.spec import edition_info

    return edition_info(spec.edition).family.value
