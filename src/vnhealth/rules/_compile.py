"""Writes, for one table and period, the one function that looks at every field of every row.

The function is one loop of straight-line Python made from the plan: of each row it loads each field
once, tests it, and calls the rules whose field is so. It says nothing itself; doubtful fields are
explained by `vnhealth.rules._fields`. Equal plans of different periods share one compiled text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import lru_cache
from operator import itemgetter
from types import CodeType
from typing import Any

__all__ = ["NOTHING", "Scan", "Writer"]

Scan = Callable[[Sequence[Any], Any, list[Any], list[Any]], None]
"""``scan(rows, case, hits, bad)``: rules add to hits, doubtful fields to bad.

Each entry begins with the index of its row: (index, what to report, hit) and (index, field), where
None as the field stands for elements that the edition does not have.
"""

NOTHING = object()
"""No doubt is to be written."""


class Writer:
    """Collects the lines of a scan and the objects that they name."""

    def __init__(self) -> None:
        self.field = ""
        self._unpacked: list[str] = []
        self._first: list[str] = []
        self._lines: list[str] = []
        self._last: list[str] = []
        self._names: dict[str, Any] = {}

    def name(self, prefix: str, thing: Any) -> str:
        """A name under which the function sees an object."""
        name = f"{prefix}{len(self._names)}"
        self._names[name] = thing
        return name

    def shared(self, prefix: str, thing: Any) -> str:
        """The same name for the same object."""
        for name, held in self._names.items():
            if held is thing:
                return name
        return self.name(prefix, thing)

    def local(self, name: str) -> None:
        """A local variable that begins as something no field ever is."""
        line = f"    {name} = Ellipsis"
        if line not in self._first:
            self._first.append(line)

    def unpack(self, attrs: list[str]) -> None:
        """Load many fields, each into a variable of its own."""
        self._unpacked += attrs

    def load(self, attr: str) -> None:
        """Load one field that the record may lack."""
        self.field = f"v_{attr}"
        self.add(1, f"{self.field} = state.get({attr!r})")

    def add(self, depth: int, line: str) -> None:
        """Add a line at a depth of indentation within the loop, from 1."""
        self._lines.append("    " * (depth + 1) + line)

    def doubt(self, depth: int, field: Any) -> None:
        """The field has to be explained."""
        line = "pass" if field is NOTHING else f"bad.append((number, {self.shared('f', field)}))"
        self.add(depth, line)

    def call(self, depth: int, checks: Iterable[tuple[Any, Callable[..., Any]]]) -> None:
        """Run rules: (what to report, predicate)."""
        for meaning, check in checks:
            self.add(depth, f"hit = {self.name('c', check)}(row, case)")
            self.add(depth, "if hit is not None:")
            self.add(depth + 1, f"hits.append((number, {self.name('m', meaning)}, hit))")

    def call_in_doubt(
        self,
        depth: int,
        meaning: Any,
        check: Callable[..., Any],
        doubt: Callable[[Any, Any], bool],
    ) -> None:
        """Run a rule where a value is in doubt; the last that was not is known by identity."""
        sure = self.name("sure", doubt)
        self._first.append(f"    last_{sure} = None")
        self.add(depth, f"if {self.field} is not last_{sure} and {self.field} is not None:")
        self.add(depth + 1, f"if {sure}({self.field}, case):")
        self.call(depth + 2, [(meaning, check)])
        self.add(depth + 1, "else:")
        self.add(depth + 2, f"last_{sure} = {self.field}")

    def call_all(self, depth: int, pairs: str) -> None:
        """Run rules that are known only when the row is looked at."""
        self.add(depth, f"for meaning, check in {pairs}:")
        self.add(depth + 1, "hit = check(row, case)")
        self.add(depth + 1, "if hit is not None:")
        self.add(depth + 2, "hits.append((number, meaning, hit))")

    def every(self, test: str, then: str) -> None:
        """Do something at the end when a test held for every row."""
        flag = f"every_{len(self._last)}"
        self._first.append(f"    {flag} = True")
        self.add(1, f"if not {test}:")
        self.add(2, f"{flag} = False")
        self._last += [f"    if {flag}:", f"        {then}"]

    def sum(self, attrs: Sequence[str], table: str) -> None:
        """Add up fields that are loaded; the case is given the sums unless a value is missing."""
        zero = self.name("z", Decimal(0))
        sums = ", ".join(f"s_{attr}" for attr in attrs)
        self._first.append(f"    {' = '.join(f's_{attr}' for attr in attrs)} = {zero}")
        self._first.append("    known = True")
        self.add(1, "try:")
        for attr in attrs:
            self.add(2, f"s_{attr} += v_{attr}")
        self.add(1, "except TypeError:")
        self.add(2, "known = False")
        self._last += ["    if known:", f"        case.sums[{table!r}] = {sums}"]

    def finish(self) -> Scan:
        """The function."""
        head = [
            "def scan(rows, case, hits, bad):",
            *self._first,
            "    link = case.link",
            "    whole = True",
            "    for number, row in enumerate(rows):",
            "        state = row.__dict__",
            *self._loads(),
        ]
        namespace: dict[str, Any] = dict(self._names)
        # The text holds attribute names of the specification and our own names, nothing else.
        exec(_compiled("\n".join([*head, *self._lines, *self._last, ""])), namespace)  # noqa: S102
        scan: Scan = namespace["scan"]
        return scan

    def _loads(self) -> list[str]:
        """All fields at once as long as records hold them all; after the first gap, one by one."""
        one_by_one = [f"            v_{attr} = state.get({attr!r})" for attr in self._unpacked]
        if len(self._unpacked) < 2:
            return ["        if whole:", *one_by_one] if one_by_one else []
        getter = self.name("get", itemgetter(*self._unpacked))
        names = ", ".join(f"v_{attr}" for attr in self._unpacked)
        return [
            "        if whole:",
            "            try:",
            f"                {names} = {getter}(state)",
            "            except KeyError:",
            "                whole = False",
            "        if not whole:",
            *one_by_one,
        ]


@lru_cache(maxsize=512)
def _compiled(text: str) -> CodeType:
    return compile(text, "<vnhealth.rules plan>", "exec")
