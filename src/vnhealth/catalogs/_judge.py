"""From the rows of one code to a verdict on one day; the same logic for every kind of catalogue."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from vnhealth.catalogs._keys import skeleton
from vnhealth.catalogs._model import Effect, Entry, Meaning, Miss, Row, Source, State

__all__ = ["judge", "outside", "state_of"]


def state_of(rows: Sequence[Row], sources: Sequence[Source], on: dt.date) -> State:
    """What can be said of a code that stands in these rows, on a day.

    A row that ended itself, or stands only in an edition that ended, is ENDED only where that can
    be known: the edition in force must be held and complete, or it was the row itself that ended.
    """
    if any(row.start <= on <= row.end for row in rows):
        return State.VALID
    closed = any(source.closes(on) for source in sources)
    covered = closed or any(source.covers(on) for source in sources)
    itself = [row for row in rows if row.source.covers(on)]
    if any(row.end < on for row in itself) or (closed and any(row.end < on for row in rows)):
        return State.ENDED
    if itself or (closed and rows):
        return State.FUTURE
    if closed:
        return State.UNKNOWN
    if covered:
        return State.PARTIAL
    return State.NOT_COVERED if sources else State.NOT_INSTALLED


def judge(
    name: str,
    asked: str,
    on: dt.date,
    rows: Sequence[Row],
    sources: Sequence[Source],
    *,
    successors: Callable[[], Sequence[str]] = tuple,
    effects: tuple[Effect, ...] = (),
) -> Entry | Miss:
    """The entry of a code on a day, or the miss that says why there is none."""
    state = state_of(rows, sources, on)
    if state is State.VALID:
        return _entry(name, on, rows, effects)
    if state is State.ENDED:
        last = max((row for row in rows if row.end < on), key=lambda row: row.end)
        replaced = last.replaced_by or tuple(successors())
        code = "CAT-01" if not replaced else "CAT-02" if len(replaced) == 1 else "CAT-03"
        return Miss(name, asked, on, state, code, _day(last.start), last.end, replaced, last.source)
    if state is State.FUTURE:
        first = min((row for row in rows if row.start > on), key=lambda row: row.start)
        return Miss(
            name, asked, on, state, "CAT-04", first.start, _day(first.end), (), first.source
        )
    in_force = [source for source in sources if source.covers(on)]
    nearest = in_force[0] if in_force else None
    if state is State.NOT_COVERED:
        held = ", ".join(dict.fromkeys(source.name for source in sources))
        return Miss(name, asked, on, state, "CAT-09", held=held)
    code = {State.UNKNOWN: "CAT-05", State.PARTIAL: "CAT-07"}.get(state, "CAT-06")
    return Miss(name, asked, on, state, code, source=nearest)


def outside(name: str, asked: str, on: dt.date) -> Miss:
    """The answer for a code that is formed by rule and stands in no list."""
    return Miss(name, asked, on, State.OUTSIDE, "CAT-08")


def _entry(name: str, on: dt.date, rows: Sequence[Row], effects: tuple[Effect, ...]) -> Entry:
    valid = [row for row in rows if row.start <= on <= row.end]
    row = max(valid, key=lambda one: (bool(one.name_vi), one.start))
    meanings = tuple(
        Meaning(other.name_vi, _day(other.start), _day(other.end), other.source.name)
        for other in rows
        if other.name_vi
        and (other.end < row.start or other.start > row.end)
        and skeleton(other.name_vi) != skeleton(row.name_vi)
    )
    same = sum(one.source.name == row.source.name for one in valid)
    return Entry(
        set=name,
        code=row.code,
        name_vi=row.name_vi,
        name_en=row.name_en,
        valid_from=_day(row.start),
        valid_to=_day(row.end),
        replaced_by=row.replaced_by,
        parent=row.parent,
        source=row.source,
        attrs=row.attrs,
        effects=effects,
        other_meanings=meanings,
        alternatives=same - 1,
    )


def _day(day: dt.date) -> dt.date | None:
    return None if day in (dt.date.min, dt.date.max) else day
