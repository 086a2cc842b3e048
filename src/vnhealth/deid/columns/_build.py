"""Rows of records or of de-identified files into Arrow columns, table by table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from vnhealth.deid.columns._need import need_arrow
from vnhealth.deid.columns._schema import (
    SCALE,
    Column,
    ColumnType,
    arrow_type,
    technical,
)
from vnhealth.identity._lists import province_successor
from vnhealth.localtime import LocalTime

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]

__all__ = ["Builder", "Key", "period_of", "province_of"]

UNKNOWN = "unknown"
SHIFTED = "shifted"
NOWHERE = "00"

_LARGEST = Decimal(10) ** 18
_MEMO = 65_536
_EPOCH = dt.datetime(1970, 1, 1)
_MINUTE = 60_000_000


@dataclass(frozen=True, slots=True, repr=False)
class Key:
    """What the rows of all tables of one encounter share; see ``data/technical.csv``."""

    encounter: str
    version: str
    sent: dt.date | None
    facility: str
    end: dt.date | None
    period: str
    province: str

    def __repr__(self) -> str:
        return "<Key>"


def period_of(end: dt.date | None, *, shifted: bool = False) -> str:
    """The partition of a day: its month, unless the day is not the true one.

    >>> period_of(dt.date(2026, 8, 31)), period_of(dt.date(2026, 8, 31), shifted=True)
    ('2026-08', 'shifted')
    """
    if shifted:
        return SHIFTED
    return UNKNOWN if end is None else f"{end.year:04}-{end.month:02}"


def province_of(facility: str) -> str:
    """The province of a facility code, by the 34 units of July 2025.

    >>> province_of("02901"), province_of("")
    ('08', '00')
    """
    return province_successor(facility[:2]) or NOWHERE


class _Times(dict[str, "tuple[int, int] | None"]):
    """Digits to microseconds since 1970 (of the first instant it can be) and precision."""

    def __missing__(self, text: str) -> tuple[int, int] | None:
        found: tuple[int, int] | None
        try:
            value = LocalTime.parse(text)
            first = dt.datetime.combine(value.first_day(), dt.time())
            if len(text) == 12 and value.precision == 12:
                first = first.replace(hour=int(text[8:10]), minute=int(text[10:12]))
            found = (round((first - _EPOCH).total_seconds() / 60) * _MINUTE, int(value.precision))
        except ValueError:
            found = None
        if len(self) >= _MEMO:
            self.clear()
        self[text] = found
        return found


_TIMES = _Times()


def _string(value: Any) -> str:
    return value if isinstance(value, str) else str(value)


def _integer(value: Any) -> int | None:
    try:
        return int(value)
    except ValueError:
        return None


def _decimal(value: Any) -> Decimal | None:
    """The number when the column can hold it without loss."""
    try:
        number = value if isinstance(value, Decimal) else Decimal(str(value))
        if not number.is_finite() or abs(number) >= _LARGEST:
            return None
        exponent = number.as_tuple().exponent
        if isinstance(exponent, int) and exponent < -SCALE:
            return None if number != round(number, SCALE) else round(number, SCALE)
    except ArithmeticError:
        return None
    return number


def _time(value: Any) -> tuple[int, int] | None:
    return _TIMES[value.text if isinstance(value, LocalTime) else str(value)]


_CONVERT: Mapping[ColumnType, Callable[[Any], Any]] = {
    ColumnType.STRING: _string,
    ColumnType.INT: _integer,
    ColumnType.DECIMAL: _decimal,
    ColumnType.TIME: _time,
}


@dataclass(slots=True)
class _Table:
    """What was gathered of one table: values by tag, one key and one list of unread tags a row."""

    columns: tuple[Column, ...]
    keys: list[Key] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    rows: list[Mapping[str, Any]] = field(default_factory=list)
    unread: list[list[str]] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)


class Builder:
    """Gathers encounters and gives them as record batches.

    ``attr`` turns a tag into the key under which a row holds its value (records use lower case).
    """

    def __init__(
        self, found: Mapping[str, Sequence[Column]], schemas: Mapping[str, pa.Schema]
    ) -> None:
        skip = len(technical())
        self._tables = {name: _Table(tuple(cols)[skip:]) for name, cols in found.items()}
        self._schemas = schemas
        self.encounters = 0
        self.rows = 0

    def add(
        self,
        key: Key,
        tables: Mapping[str, Sequence[Mapping[str, Any]]],
        unread: Callable[[str, Mapping[str, Any]], list[str]],
    ) -> None:
        """One encounter: rows by table, each row a mapping from tag in lower case to value."""
        self.encounters += 1
        for name, held in self._tables.items():
            rows = tables.get(name, ())
            held.lengths.append(len(rows))
            if not rows:
                continue
            self.rows += len(rows)
            held.rows += rows
            held.keys += [key] * len(rows)
            held.places += range(1, len(rows) + 1)
            held.unread += [unread(name, row) for row in rows]

    def flat(self) -> dict[str, pa.RecordBatch]:
        """One batch per table that has rows."""
        return {name: self._batch(name) for name, held in self._tables.items() if held.rows}

    def nested(self) -> pa.RecordBatch:
        """One row per encounter; each table is a list of structures."""
        pa = need_arrow()
        arrays, fields = [], []
        for name, held in self._tables.items():
            batch = self._batch(name)
            offsets = [0]
            for length in held.lengths:
                offsets.append(offsets[-1] + length)
            inner = pa.StructArray.from_arrays(batch.columns, fields=list(batch.schema))
            found = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), inner)
            arrays.append(found)
            fields.append(pa.field(name, found.type))
        return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))

    def _batch(self, name: str) -> pa.RecordBatch:
        pa = need_arrow()
        held = self._tables[name]
        arrays: list[Any] = []
        for column in held.columns:
            arrays += self._column(held, column)
        keys = held.keys
        string, date = pa.string(), pa.date32()
        lead = [
            pa.array([key.encounter for key in keys], string),
            pa.array([key.version for key in keys], string),
            pa.array([key.sent for key in keys], date),
            pa.array([key.facility for key in keys], string),
            pa.array([key.end for key in keys], date),
            pa.array(held.places, pa.int64()),
            pa.array(held.unread, pa.list_(string)),
            pa.array([key.period for key in keys], string),
            pa.array([key.province for key in keys], string),
        ]
        return pa.RecordBatch.from_arrays([*lead, *arrays], schema=self._schemas[name])

    def _column(self, held: _Table, column: Column) -> list[pa.Array]:
        pa = need_arrow()
        attr = column.name.lower()
        given = [row.get(attr) for row in held.rows]
        kind = arrow_type(column.type)
        if column.type is not ColumnType.TIME:
            first = next((value for value in given if value is not None), None)
            texts = column.type is ColumnType.DECIMAL and isinstance(first, str)
            try:
                return [pa.array(given, pa.string()).cast(kind) if texts else pa.array(given, kind)]
            except (pa.ArrowInvalid, pa.ArrowTypeError):
                pass
        convert = _CONVERT[column.type]
        values = [None if value is None else convert(value) for value in given]
        for i, value in enumerate(values):
            if value is None and given[i] is not None:
                held.unread[i].append(column.name)
        if column.type is not ColumnType.TIME:
            return [pa.array(values, kind)]
        moments = [None if value is None else value[0] for value in values]
        known = [None if value is None else value[1] for value in values]
        return [pa.array(moments, pa.int64()).cast(kind), pa.array(known, pa.int32())]
