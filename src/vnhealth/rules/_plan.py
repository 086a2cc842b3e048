"""One compiled function per table and period: every field of a row and the row rules in force."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from functools import cache, cached_property
from typing import Any

from vnhealth.findings import Severity
from vnhealth.localtime import Precision
from vnhealth.records._sizes import BIRTHS, items_ok, number_problem, top
from vnhealth.rules._compile import NOTHING, Scan, Writer
from vnhealth.rules._fields import Judge, Judged
from vnhealth.rules._model import Era, Gate, On, RowCheck, Rule
from vnhealth.spec import Field, Kind, TableSpec

__all__ = ["Meaning", "RowPlan", "RowRule"]

Meaning = tuple[str, Severity]
"""The code of a rule and its severity in the period."""

RowRule = tuple[Rule, Severity, RowCheck | On]
"""A rule, its severity in the period, its predicate."""

_NOTED = {"ma_lk": "BHYT-CLAIM-001", "stt": "BHYT-CLAIM-004"}
"""Fields of which a rule on the encounter asks whether they are right in every row."""

_MEMORY = 50_000
_TEXTS = 4096
_LONGEST = 64


class RowPlan:
    """All that is checked on the rows of one table in one period; ``summed`` are added up."""

    def __init__(
        self,
        spec: TableSpec,
        era: Era,
        rules: Sequence[RowRule] = (),
        gates: Sequence[Gate] = (),
        off: frozenset[str] = frozenset(),
        summed: Sequence[str] = (),
    ) -> None:
        self._judge = Judge(spec, era, off)
        self._fields = spec.fields
        self._known = {f.attr for f in spec.fields}
        self._rules = rules
        self._gates = gates
        self._summed = summed
        self._noted = [
            attr for attr, code in _NOTED.items() if attr in self._known and code not in off
        ]

    @cached_property
    def scan(self) -> Scan:
        """The compiled function."""
        return self._write(False)

    @cached_property
    def scan_fitting(self) -> Scan:
        """The same where a decoder has looked at sizes (see `vnhealth.records.Claim.fitting`)."""
        return self._write(True)

    def explain(self, row: Any, f: Field | None) -> Iterator[Judged]:
        """What is wrong with a doubtful field of a row; None: elements the edition lacks."""
        return self._judge.foreigners(row) if f is None else self._judge.field(row, f)

    def _write(self, fitting: bool) -> Scan:
        writer = Writer()
        waiting: dict[str, list[tuple[Meaning, On]]] = {}
        always: list[tuple[Meaning, RowCheck]] = []
        for rule, severity, check in self._rules:
            if isinstance(check, On):
                waiting.setdefault(check.attr, []).append(((rule.code, severity), check))
            else:
                always.append(((rule.code, severity), check))
        gated = {attr for gate in self._gates for attr in gate.attrs}
        needed = {"ma_nhom", *gated, *self._noted, *self._summed}
        for f in self._fields:
            writer.field = f"v_{f.attr}"
            if self._write_field(writer, f, waiting.pop(f.attr, []), fitting):
                needed.add(f.attr)
        writer.unpack([f.attr for f in self._fields if f.attr in needed])
        for attr, rules in waiting.items():
            if attr in self._judge.attrs:
                writer.load(attr)
                self._write_rules(writer, rules, 1)
        self._write_foreign(writer)
        self._write_always(writer, always)
        self._write_tallies(writer)
        return writer.finish()

    def _write_always(self, writer: Writer, always: Iterable[tuple[Meaning, RowCheck]]) -> None:
        left = list(always)
        for gate in self._gates:
            gated = [one for one in left if one[0][0] in gate.codes]
            left = [one for one in left if one[0][0] not in gate.codes]
            if gated:
                held = (f"v_{a}" if a in self._known else "None" for a in gate.attrs)
                test = writer.name("g", gate.test)
                writer.add(1, f"if not {test}({', '.join(('case', *held))}):")
                writer.call(2, gated)
        writer.call(1, left)

    def _write_tallies(self, writer: Writer) -> None:
        """What rules on the encounter ask of every row, noted while the rows pass by."""
        name = self._judge.spec.table
        if "ma_lk" in self._noted:
            writer.every("v_ma_lk == link", f"case.linked.add({name!r})")
        if "stt" in self._noted:
            writer.every("v_stt == number + 1", f"case.counted.add({name!r})")
        if self._summed:
            writer.sum(self._summed, name)

    def _write_foreign(self, writer: Writer) -> None:
        held = [f"state.get({f.attr!r}) is not None" for f in self._judge.foreign]
        writer.add(1, f"if {' or '.join([*held, repr('_extra') + ' in state'])}:")
        writer.doubt(2, None)

    def _write_field(
        self, writer: Writer, f: Field, rules: list[tuple[Meaning, On]], fitting: bool
    ) -> bool:
        """Write the tests of a field; False when there are none."""
        fits = fitting and f.tag in self._judge.steady
        absent = [one for one in rules if one[1].absent]
        woken = [one for one in rules if not one[1].absent and (one[1].when or one[1].values)]
        there = [one for one in rules if _always_there(one[1])]
        sure = fitting and f.tag in self._judge.always_required
        demanded = not sure and self._judge.demand(f) is not None
        codes = self._judge.codes.get(f.tag)
        number = self._judge.kinds[f.tag] is Kind.DECIMAL and not fits
        wrong = "" if codes or woken or fits else self._wrong(writer, f)
        if not (demanded or rules or codes or wrong or number):
            return False
        if number and not woken:
            self._write_number(writer, f, demanded, absent)
            self._write_there(writer, there)
            return True
        tested = "if"
        if demanded or absent:
            writer.add(1, f"if {writer.field} is None:")
            writer.doubt(2, f if demanded else NOTHING)
            self._write_absent(writer, 2, absent)
            tested = "elif"
        if woken or codes:
            calm = codes.plain if codes else frozenset()
            quiet: set[str | None] = {
                text
                for text in calm
                if not any(_wakes(on, text, self._judge.era) for _, on in woken)
            }
            quiet.add(None)
            texts = writer.name("d", _Texts(self._judge, f, woken, quiet))
            writer.add(1, f"{tested} {writer.field} not in {writer.name('q', quiet)}:")
            writer.add(2, f"wrong, woken = {texts}[{writer.field}]")
            writer.add(2, "if wrong:")
            writer.doubt(3, f)
            if woken:
                writer.call_all(2, "woken")
        elif wrong:
            there_is = "" if tested == "elif" else f"{writer.field} is not None and "
            writer.add(1, f"{tested} {there_is}({wrong}):")
            writer.doubt(2, f)
        self._write_there(writer, there)
        return True

    def _write_there(self, writer: Writer, there: list[tuple[Meaning, On]]) -> None:
        plain = [(meaning, on.check) for meaning, on in there if on.doubt is None]
        if plain:
            writer.add(1, f"if {writer.field} is not None:")
            writer.call(2, plain)
        for meaning, on in there:
            if on.doubt is not None:
                writer.call_in_doubt(1, meaning, on.check, on.doubt)

    def _write_absent(self, writer: Writer, depth: int, rules: list[tuple[Meaning, On]]) -> None:
        for meaning, on in rules:
            if on.groups is None:
                writer.call(depth, [(meaning, on.check)])
            else:
                groups = writer.name("n", on.groups)
                writer.add(depth, f"if v_ma_nhom in {groups}:")
                writer.call(depth + 1, [(meaning, on.check)])

    def _write_rules(self, writer: Writer, rules: list[tuple[Meaning, On]], depth: int) -> None:
        """Rules on a field that this edition does not have, or that is not otherwise looked at."""
        for meaning, on in rules:
            verb = "is" if on.absent else "is not"
            writer.add(depth, f"if {writer.field} {verb} None:")
            writer.call(depth + 1, [(meaning, on.check)])

    def _write_number(
        self, writer: Writer, f: Field, demanded: bool, absent: list[tuple[Meaning, On]]
    ) -> None:
        """A number that is the very object of the last good one of its size needs no look."""
        known = _known(f.max_length, f.decimals)
        name, last = writer.shared("k", known), f"last_{f.max_length}_{f.decimals}"
        v = writer.field
        writer.local(last)
        writer.add(1, f"if {v} is not {last}:")
        writer.add(2, f"if {writer.field} is None:")
        writer.doubt(3, f if demanded else NOTHING)
        self._write_absent(writer, 3, absent)
        writer.add(2, f"elif id({v}) in {name} or {name}.learn({v}):")
        writer.add(3, f"{last} = {v}")
        writer.add(2, "else:")
        writer.doubt(3, f)

    def _wrong(self, writer: Writer, f: Field) -> str:
        """An expression that is true when the value of a field has to be explained."""
        v = writer.field
        kind = self._judge.kinds[f.tag]
        size = self._judge.size(f)
        if kind is Kind.TIME:
            if not size:
                return ""
            if f.tag in BIRTHS:
                return f"len({v}.text) != {size}"
            precision = Precision.DAY if size == 8 else Precision.MINUTE
            return f"{v}.precision is not {writer.shared('p', precision)}"
        if kind is Kind.INTEGER:
            return f"not 0 <= {v} <= {top(f.max_length)}"
        if f.type in ("date8", "datetime12"):
            return f"len({v}) != {size} or not {v}.isdigit()" if size else ""
        tests = [f"len({v}) > {f.max_length}"] if f.max_length is not None else []
        if self._judge.items(f):
            tests.append(f"';' in {v} and not {writer.shared('i', items_ok)}({v})")
        return " or ".join(tests)


def _always_there(on: On) -> bool:
    return not (on.absent or on.when or on.values)


def _wakes(on: On, text: str, era: Era) -> bool:
    return text in on.values if on.values else on.when is not None and on.when(text, era)


class _Texts(dict[str, tuple[bool, Sequence[tuple[Meaning, RowCheck]]]]):
    """What is to be done about a text that is not quiet: explain the field, run the rules it wakes.

    A text that was not met before is judged then; one that gives no cause becomes quiet.
    """

    __slots__ = ("_field", "_judge", "_quiet", "_rules")

    def __init__(
        self, judge: Judge, field: Field, rules: list[tuple[Meaning, On]], quiet: set[str | None]
    ) -> None:
        super().__init__()
        self._judge = judge
        self._field = field
        self._rules = rules
        self._quiet = quiet

    def __missing__(self, text: str) -> tuple[bool, Sequence[tuple[Meaning, RowCheck]]]:
        wrong = any(True for _ in self._judge.judge(self._field, text))
        era = self._judge.era
        woken = [(meaning, on.check) for meaning, on in self._rules if _wakes(on, text, era)]
        if len(text) <= _LONGEST and len(self._quiet) + len(self) < _TEXTS:
            if wrong or woken:
                self[text] = wrong, woken
            else:
                self._quiet.add(text)
        return wrong, woken


class _Known(dict[int, Decimal]):
    """Numbers of one size that were found good, by identity; each is held so that none is mistaken.

    Decoders give the same object for the same text, so most numbers are met again.
    """

    __slots__ = ("_decimals", "_limit")

    def __init__(self, limit: int | None, decimals: int | None) -> None:
        super().__init__()
        self._limit = limit
        self._decimals = decimals

    def learn(self, value: Decimal) -> bool:
        """True when the number is good; then it is remembered."""
        if number_problem(value, self._limit, self._decimals):
            return False
        if len(self) >= _MEMORY:
            self.clear()
        self[id(value)] = value
        return True


@cache
def _known(limit: int | None, decimals: int | None) -> _Known:
    return _Known(limit, decimals)
