"""One plan per table, made once from the policy: which value goes through which memo.

The rows of a table are written by a function made for it (`vnhealth.deid._compile`). Only when
something was refused or is unusual are they looked at value by value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from operator import add, attrgetter, getitem, itemgetter
from typing import Any

from vnhealth.deid._case import Case
from vnhealth.deid._compile import STAFF, Column, Counts, Days, compiled
from vnhealth.deid._keys import Tokens
from vnhealth.deid._people import LIMIT
from vnhealth.deid._policy import SILENT, Action, Policy, PolicyRow
from vnhealth.deid._scrubbing import text_maker
from vnhealth.deid._steps import (
    ENCOUNTER,
    MARK,
    CaseMemo,
    Gate,
    Getter,
    Memo,
    ShiftGetter,
    ShiftPlan,
    StaffGetter,
    StaffTokens,
    Written,
    case_maker,
    fragment_maker,
    marked,
    token_transform,
    transform_of,
)
from vnhealth.deid._values import FORM, ROW, WITHHELD
from vnhealth.records import Record
from vnhealth.spec import (
    Edition,
    Family,
    Kind,
    edition_info,
    record_fields,
    record_kind,
    table,
    tables,
)

__all__ = ["Plans", "TablePlan", "Tally", "counted_as"]

BESIDE = "DEID-14"
UNREADABLE = "DEID-03"
UNKNOWN = "DEID-04"
OVER = "DEID-10"
MAX_ROWS = 9999
_NO_TEXT = MARK + "0123456789"
_BLANKS = " \t\r\n\u00a0\ufeff\u200b"


class Tally:
    """What was met and what was refused, by code, table and tag; no values."""

    __slots__ = ("refused", "rows_read", "rows_written", "seen")

    def __init__(self) -> None:
        self.refused: Counter[tuple[str, str, str]] = Counter()
        self.seen: Counter[tuple[str, str, str]] = Counter()
        self.rows_read: Counter[str] = Counter()
        self.rows_written: Counter[str] = Counter()

    def add(self, code: str, table: str, tag: str, count: int = 1) -> None:
        """Count a finding."""
        self.refused[code, table, tag] += count


@dataclass(slots=True)
class _Step:
    row: PolicyRow
    attr: str
    limit: int | None
    gate: Gate
    mode: str
    memo: Memo | None = None
    shift: ShiftPlan | None = None
    make: Callable[[Case, Any], str] | None = None


@cache
def _limits(family: Family, name: str) -> dict[str, int | None]:
    """The longest that any edition of the family allows, None where one sets no limit."""
    found: dict[str, int | None] = {}
    for edition in Edition:
        if edition_info(edition).family is family and name in tables(edition):
            for f in table(edition, name):
                old = found.get(f.tag, 0)
                found[f.tag] = (
                    None if old is None or f.max_length is None else max(old, f.max_length)
                )
    return found


def _pick(places: Sequence[int]) -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
    if len(places) > 1:
        return itemgetter(*places)
    return lambda values: tuple(values[i] for i in places)


@dataclass(slots=True)
class _Facility:
    """What is remembered for one facility: the memos by step, the getters of the fast function."""

    memos: dict[int, Any]
    getters: list[Any]

    def __len__(self) -> int:
        return sum(map(len, self.memos.values()))


def _make_room(held: dict[str, Any]) -> None:
    """Before another facility is remembered: forget all when they have become too many."""
    if len(held) % 64 == 63 and sum(map(len, held.values())) > 16 * LIMIT:
        held.clear()


class TablePlan:
    """How the rows of one table are written."""

    def __init__(
        self,
        policy: Policy,
        family: Family,
        name: str,
        tokens: Tokens,
        exceptions: frozenset[str],
        staff: Callable[[str], StaffTokens],
        days: Callable[[int], Days],
        written: Written,
    ) -> None:
        self.name = name
        self._staff = staff
        self._days = days
        self._written = written
        self.rows = tuple(policy.row(family, name, f.tag) for f in record_fields(family, name))
        self._tokens = tokens
        self._exceptions = exceptions
        tags = [row.tag.lower() for row in self.rows]
        self._take_all, self._take_state = attrgetter(*tags), itemgetter(*tags)
        self._width = {len(tags)}
        self._counted = 0
        self._absent: Counts = (0,) * len(tags)
        self._facilities: dict[str, _Facility] = {}
        limits = _limits(family, name)
        whole = policy.whole_encounters
        self._steps: list[_Step] = []
        for row in self.rows:
            self._add(row, limits[row.tag], Gate(row, whole, exceptions))
        self._take = _pick([tags.index(step.attr) for step in self._steps])
        self.numbered = any(row.effective is Action.RENUMBER and row.sent for row in self.rows)
        self.sends = self.numbered or any(step.row.sent for step in self._steps)
        self._beside = self._besides()
        self._twins = self._twin_tags()
        self._compile(family, tags)

    def _compile(self, family: Family, tags: list[str]) -> None:
        """Make the fast function, and which of its getters hang on facility or encounter."""
        columns: list[Column] = []
        places: list[int] = []
        for i, step in enumerate(self._steps):
            shift, index = step.shift, tags.index(step.attr)
            if shift and record_kind(family, self.name, step.attr.upper()) is Kind.TIME:
                columns.append(Column(index, part=shift.name, tag=step.row.out))
            elif step.mode == STAFF:
                columns.append(Column(index, part=STAFF, tag=step.row.out))
            else:
                columns.append(Column(index, getter=len(places)))
                places.append(i)
        steps = self._steps
        self._places = places
        self._of_case = [n for n, i in enumerate(places) if steps[i].make or steps[i].shift]
        self._of_facility = [i for i, step in enumerate(steps) if step.mode == "facility"]
        self._fast = compiled(
            self.name,
            len(tags),
            columns,
            len(places),
            [condition for condition, _ in self._beside],
            [(tags.index(steps[a].attr), tags.index(steps[b].attr)) for a, b in self._twins],
            self.numbered,
        )

    def _facility(self, code: str) -> _Facility:
        """What is remembered for a facility; the same for all where nothing hangs on it."""
        code = code if self._of_facility else ""
        found = self._facilities.get(code)
        if found is None:
            _make_room(self._facilities)
            memos = {i: self._local_memo(self._steps[i], code) for i in self._of_facility}
            getters = [memos.get(i, self._steps[i].memo) for i in self._places]
            found = self._facilities[code] = _Facility(memos, getters)
        return found

    def _local_memo(self, step: _Step, facility: str) -> Memo:
        transform = token_transform(step.row, self._tokens, facility)
        return Memo(fragment_maker(step.row, transform, step.gate, step.limit, self._written))

    def _fast_getters(self, case: Case) -> list[Any]:
        fixed = self._facility(case.facility).getters
        if not self._of_case:
            return fixed
        found = list(fixed)
        for n in self._of_case:
            found[n] = self._case_getter(self._steps[self._places[n]], case)
        return found

    def _case_getter(self, step: _Step, case: Case) -> Getter:
        if step.shift is not None:
            return ShiftGetter(step.shift, self._days(case.days))
        assert step.make is not None
        return CaseMemo(step.make, case)

    def _add(self, row: PolicyRow, limit: int | None, gate: Gate) -> None:
        action = row.effective
        inside = "at" not in row.params and action is not Action.RENUMBER
        if "level" in row.params and row.sent:
            step = _Step(row, row.tag.lower(), limit, gate, "case")
            step.make = case_maker(row)
            self._steps.append(step)
        if not inside or not (row.sent or gate.active):
            return
        step = _Step(row, row.params.get("from", row.tag).lower(), limit, gate, "free")
        of_case = action is Action.AGE_BAND or row.params.get("by") == "card_valid"
        if gate.active and (of_case or not row.sent or action in (Action.SHIFT, Action.TOKEN)):
            step.memo = Memo(fragment_maker(row, _nothing, gate, limit, self._written))
        elif of_case:
            step.mode, step.make = "case", case_maker(row)
        elif action is Action.SCRUB:
            step.mode, step.make = "case", text_maker(row, gate, limit, self._exceptions)
        elif action in (Action.SHIFT, Action.RECOMPUTE):
            step.mode, step.shift = "shift", ShiftPlan(row)
        elif action is Action.TOKEN:
            step.mode = STAFF if row.params["kind"] == "staff" else "facility"
        else:
            step.memo = Memo(fragment_maker(row, transform_of(row), gate, limit, self._written))
        self._steps.append(step)

    def _besides(self) -> list[tuple[int, list[int]]]:
        groups: dict[str, list[int]] = {}
        for i, step in enumerate(self._steps):
            if "not_with" in step.row.params:
                groups.setdefault(step.row.params["not_with"], []).append(i)
        tags = [row.tag for row in self.rows]
        return [(tags.index(tag), steps) for tag, steps in groups.items() if tag in tags]

    def _twin_tags(self) -> list[tuple[int, int]]:
        outs = [step.row.params.get("level") or step.row.out for step in self._steps]
        return [(outs.index(out), i) for i, out in enumerate(outs) if outs.index(out) != i]

    def _getters(self, case: Case) -> list[Getter]:
        found: list[Getter] = []
        memos = self._facility(case.facility).memos
        for i, step in enumerate(self._steps):
            memo = memos.get(i, step.memo)
            if memo is not None:
                found.append(memo)
            elif step.mode == STAFF:
                found.append(StaffGetter(step.row, step.limit, self._staff(case.facility)))
            else:
                found.append(self._case_getter(step, case))
        return found

    def write(self, rows: Sequence[Record], case: Case, tally: Tally) -> tuple[str, int]:
        """The elements of the rows that may leave, as one text, and their number."""
        tally.rows_read[self.name] += len(rows)
        getters, days = self._fast_getters(case), self._days(case.days)
        staff = self._staff(case.facility)
        states = [row.__dict__ for row in rows]
        whole = {*map(len, states)} == self._width
        values = map(self._take_state, states) if whole else map(self._take_all, rows)
        try:
            out, absent = self._fast([*values], getters, days, staff, self._absent)
        except (AttributeError, KeyError, TypeError):
            pass
        else:
            text = "".join(out)
            if MARK not in text and len(out) <= MAX_ROWS:
                if not whole:
                    self._odd(rows, tally)
                self._counted, self._absent = self._counted + len(rows), absent
                return text, len(out)
        self._odd(rows, tally)
        return self._slowly(map(self._take_all, rows), case, tally)

    def _slowly(self, rows: Iterable[tuple[Any, ...]], case: Case, tally: Tally) -> tuple[str, int]:
        """The same value by value, counting what is refused."""
        getters = self._getters(case)
        out: list[str] = []
        for values in rows:
            self._counted += 1
            self._absent = tuple(map(add, self._absent, (v is None for v in values)))
            try:
                fragments = list(map(getitem, getters, self._take(values)))
            except TypeError:
                fragments = self._careful(getters, self._take(values))
            for condition, steps in self._beside:
                if values[condition] is not None:
                    for i in steps:
                        fragments[i] = fragments[i] and marked(BESIDE)
            for first, second in self._twins:
                if fragments[first].lstrip(_NO_TEXT) and fragments[second]:
                    fragments[second] = ""
            text = "".join(fragments)
            if MARK in text:
                found = self._sort_out(fragments, case, tally)
                if found is None:
                    continue
                text = found
            number = f"<STT>{len(out) + 1}</STT>" if self.numbered else ""
            out.append(f"<{self.name}>{number}{text}</{self.name}>")
        if len(out) > MAX_ROWS:
            tally.add(OVER, self.name, "", len(out) - MAX_ROWS)
            del out[MAX_ROWS:]
        return "".join(out), len(out)

    def settle(self, tally: Tally) -> None:
        """Move the counts of filled-in values to the tally."""
        for row, absent in zip(self.rows, self._absent, strict=True):
            if absent < self._counted:
                tally.seen[row.family, row.table, row.tag] += self._counted - absent
        self._counted, self._absent = 0, (0,) * len(self.rows)

    def _careful(self, getters: Sequence[Getter], values: Sequence[Any]) -> list[str]:
        """For values that cannot be looked up (a signalling NaN): each on its own."""
        found = []
        for getter, value in zip(getters, values, strict=True):
            try:
                found.append(getter[value])
            except TypeError:
                found.append(marked(FORM))
        return found

    def _odd(self, rows: Sequence[Record], tally: Tally) -> None:
        """Count what rows hold beside the values of their fields."""
        for row in rows:
            state = row.__dict__
            for tag, text in row.raw_texts.items():
                if state.get(tag.lower()) is None and text.strip(_BLANKS):
                    tally.add(UNREADABLE, self.name, tag)
            if row.extra:
                tally.add(UNKNOWN, self.name, "", len(row.extra))

    def _sort_out(self, fragments: list[str], case: Case, tally: Tally) -> str | None:
        """Count what was refused; the rest of the row, or None when the row stays at home.

        Values of a kept-back topic are counted without their place: the place would tell of whom.
        """
        kept: list[str] = []
        stays = False
        for fragment, step in zip(fragments, self._steps, strict=True):
            if fragment[:1] != MARK:
                kept.append(fragment)
                continue
            code = "DEID-" + fragment[1:3]
            kept.append(fragment[3:])
            stays = stays or code == ROW
            if code == ENCOUNTER:
                case.topics.add(_topic(step.row))
                code = WITHHELD
            if code == WITHHELD:
                tally.add(code, "", "")
            else:
                tally.add(code, self.name, step.row.tag)
        return None if stays else "".join(kept)


def _nothing(value: Any) -> str:
    return ""


def _topic(row: PolicyRow) -> str:
    return row.params.get("of") or row.params["withhold"].partition(".")[0]


class Plans(dict[tuple[Family, str], "TablePlan | None"]):
    """The plans of the tables met so far; None for a table that no edition of the family has."""

    def __init__(self, policy: Policy, tokens: Tokens, exceptions: frozenset[str]) -> None:
        super().__init__()
        self._policy = policy
        self._tokens = tokens
        self._exceptions = exceptions
        self._held: dict[str, StaffTokens] = {}
        self._days: dict[int, Days] = {}
        self.written = Written()

    def __missing__(self, key: tuple[Family, str]) -> TablePlan | None:
        family, name = key
        found = None
        if name in _table_names(family):
            found = TablePlan(
                self._policy,
                family,
                name,
                self._tokens,
                self._exceptions,
                self._staff,
                self._days_of,
                self.written,
            )
        self[key] = found
        return found

    def _staff(self, facility: str) -> StaffTokens:
        held = self._held
        if facility not in held:
            _make_room(held)
            held[facility] = StaffTokens(self._tokens, facility)
        return held[facility]

    def _days_of(self, days: int) -> Days:
        found = self._days.get(days)
        if found is None:
            found = self._days[days] = Days(days)
        return found

    def settle(self, tally: Tally) -> None:
        """Move the counts of all tables to the tally."""
        for plan in self.values():
            if plan is not None:
                plan.settle(tally)


@cache
def _table_names(family: Family) -> frozenset[str]:
    return frozenset(
        name
        for edition in Edition
        if edition_info(edition).family is family
        for name in tables(edition)
    )


def counted_as(row: PolicyRow, exceptions: frozenset[str]) -> str:
    """The action a filled-in value is counted under."""
    if row.action is Action.WITHHOLD and row.params["of"] not in exceptions:
        return row.action.value
    if row.effective in SILENT or row.sent:
        return row.effective.value
    return "at record" if row.params["sent"] == "record" else "not sent"
