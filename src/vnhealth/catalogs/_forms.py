"""Monthly catalogue forms 01 to 06/DM of a facility, and the rule by which their rows change.

A change is never an edit: the old row is closed with DEN_NGAY and a new row is opened. `revise`
makes the rows of a change; `row_on` tells which row counts on a day; the reader reports rows whose
periods overlap.

Legal source: circular 12/2026/TT-BTC, forms 01/DM to 06/DM. What makes two rows "the same thing"
(a drug is a purchase lot, not a code) is practice of vendors.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Literal

from vnhealth import spec
from vnhealth.catalogs._cells import Line
from vnhealth.catalogs._content import Content, Draft, Reading, main_table
from vnhealth.catalogs._keys import key
from vnhealth.catalogs._layouts import Column, layout
from vnhealth.catalogs._read_lists import period_problem
from vnhealth.errors import CatalogError

__all__ = ["Revision", "read_form", "revise", "row_on"]

_FROM, _TO = "TU_NGAY", "DEN_NGAY"
_STORED = frozenset(("code", "name", "valid_from", "valid_to"))


@dataclass(frozen=True, slots=True, repr=False)
class Revision:
    """One row of the next form: kept as it was, closed, or newly opened."""

    action: Literal["keep", "close", "open"]
    row: Mapping[str, str]

    def __repr__(self) -> str:
        return f"<Revision {self.action}>"


@cache
def _key_columns(form: str) -> tuple[str, ...]:
    return tuple(c.attribute for c in layout(form).columns if "key" in c.roles)


def _identity(form: str, row: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(row.get(name, "") for name in _key_columns(form))


def _content(row: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in row.items() if text and name not in (_FROM, _TO, "STT")}


def _open_on(row: Mapping[str, str], day: str) -> bool:
    return row.get(_FROM, "") <= day and (not row.get(_TO) or day <= row[_TO])


def row_on(rows: Iterable[Mapping[str, str]], day: dt.date) -> Mapping[str, str] | None:
    """The row in force on a day: of several the one that started last. Dates are yyyymmdd texts."""
    text = day.strftime("%Y%m%d")
    held = [row for row in rows if _open_on(row, text)]
    return max(held, key=lambda row: row.get(_FROM, ""), default=None)


def revise(
    held: Sequence[Mapping[str, str]],
    wanted: Sequence[Mapping[str, str]],
    *,
    form: str,
    from_day: dt.date,
) -> tuple[Revision, ...]:
    """The rows of the next form so that from a day on the list is as wanted.

    Both are rows by tag with texts (dates yyyymmdd); ``wanted`` rows need no dates. A row that
    differs or is no longer wanted is closed on the day before, what takes its place is opened.
    Rows closed earlier are kept. Raises `vnhealth.errors.CatalogError` (ERR-CAT-08) when a row to
    be closed starts on or after that day, for then it could only be edited.

    >>> old = [{"MA_CSKCB": "01901", "MA_KHOA": "K01", "BAN_KHAM": "5", "TU_NGAY": "20260101"}]
    >>> new = [{"MA_CSKCB": "01901", "MA_KHOA": "K01", "BAN_KHAM": "6"}]
    >>> for one in revise(old, new, form="form01", from_day=dt.date(2026, 9, 1)):
    ...     print(one.action, one.row["TU_NGAY"], one.row.get("DEN_NGAY", "-"))
    close 20260101 20260831
    open 20260901 -
    """
    first = from_day.strftime("%Y%m%d")
    last = (from_day - dt.timedelta(days=1)).strftime("%Y%m%d")
    target: dict[tuple[str, ...], Mapping[str, str]] = {}
    for row in wanted:
        target[_identity(form, row)] = row
    found: list[Revision] = []
    settled: set[tuple[str, ...]] = set()
    for row in held:
        identity = _identity(form, row)
        if row.get(_TO) and row[_TO] < first:
            found.append(Revision("keep", row))
        elif (
            identity in target and _content(row) == _content(target[identity]) and not row.get(_TO)
        ):
            found.append(Revision("keep", row))
            settled.add(identity)
        elif row.get(_FROM, "") >= first:
            raise CatalogError("ERR-CAT-08", form=form, day=from_day.isoformat())
        else:
            found.append(Revision("close", {**row, _TO: last}))
    for identity, row in target.items():
        if identity not in settled:
            opened = {name: text for name, text in row.items() if name != _TO}
            found.append(Revision("open", {**opened, _FROM: first}))
    return tuple(found)


def read_form(reading: Reading) -> Content:
    """One form; rows that lack a start, hold wrong dates or outgrow a column are rejected."""
    sheet, found = main_table(reading)
    log, count = reading.log, reading.log.sheet(sheet.name)
    columns = reading.layout.columns
    code_column = next(c.attribute for c in columns if "code" in c.roles)
    name_column = next((c.attribute for c in columns if "name" in c.roles), "")
    form, system = reading.layout.name, reading.layout.systems[0]
    content = Content()
    periods: dict[tuple[str, ...], list[tuple[str, str, int]]] = {}
    seen: set[tuple[object, ...]] = set()
    for line in found:
        code = line[code_column]
        if not code:
            log.note("CAT-30", sheet.name, line.number)
            count.skipped += 1
            continue
        problem, column = _problem(line, columns)
        if problem:
            log.reject(problem, sheet.name, line.number, column, code)
            continue
        for doubtful in _outside_sets(line, columns):
            log.note("CAT-43", sheet.name, line.number, doubtful)
        attrs = {
            c.attribute: line[c.attribute]
            for c in columns
            if c.kept and line[c.attribute] and not c.roles & _STORED
        }
        whole = (code, *sorted(attrs.items()), line[_FROM], line[_TO])
        if whole in seen:
            log.note("CAT-34", sheet.name, line.number)
            count.merged += 1
            continue
        seen.add(whole)
        identity = _identity(form, line.cells)
        periods.setdefault(identity, []).append((line[_FROM], line[_TO] or "9999", line.number))
        content.entries.append(
            Draft(
                system,
                key(system, code),
                code,
                line[name_column] if name_column else "",
                valid_from=line[_FROM],
                valid_to=line[_TO],
                attrs=attrs,
            )
        )
        count.kept += 1
    for spans in periods.values():
        spans.sort()
        for (_, end, _), (start, _, number) in pairwise(spans):
            if start <= end:
                log.note("CAT-42", sheet.name, number)
    dropped = [c.attribute for c in columns if not c.kept and c.attribute != "STT"]
    if dropped:
        log.say("CAT-58", columns=", ".join(dropped))
    return content


def _problem(line: Line, columns: Sequence[Column]) -> tuple[str, str]:
    problem = period_problem(line, _FROM, _TO)
    if problem or not line[_FROM]:
        return problem or "CAT-40", _FROM
    for column in columns:
        if column.attribute in line.bad:
            return "CAT-44", column.attribute
        size = column.max_length
        if (
            size is not None
            and column.kind in ("code", "text")
            and len(line[column.attribute]) > size
        ):
            return "CAT-45", column.attribute
    return "", ""


def _outside_sets(line: Line, columns: Sequence[Column]) -> list[str]:
    """The columns whose closed code set does not hold a value of the row, as of its first day."""
    day = dt.date.fromisoformat(line[_FROM])
    return [
        column.attribute
        for column in columns
        if column.code_set and not _in_set(column, line[column.attribute], day)
    ]


def _in_set(column: Column, text: str, day: dt.date) -> bool:
    held = _codes(column.code_set, day)
    items = text.split(column.separator) if column.separator else [text]
    return held is None or all(item.strip() in held or not item.strip() for item in items)


@cache
def _codes(name: str, day: dt.date) -> frozenset[str] | None:
    held = spec.code_set(name, day)
    return frozenset(held.codes) if held.closed == "yes" else None
