"""Writes, for one table and period, the one function that looks at every field of a row.

The function is straight-line Python made from the plan: it loads each field once, tests it, and
calls the rules whose field is so. It says nothing itself; doubtful fields are explained by
`vnhealth.rules._fields`. Equal plans of different periods share one compiled text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from operator import itemgetter
from types import CodeType
from typing import Any

__all__ = ["NOTHING", "Scan", "Writer"]

Scan = Callable[[Mapping[str, Any], Any, Any, list[Any], list[Any]], None]
"""``scan(state, row, case, hits, bad)``: rules add to hits, doubtful fields to bad.

None in bad stands for elements that the edition does not have.
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
        """Add a line at a depth of indentation."""
        self._lines.append("    " * depth + line)

    def doubt(self, depth: int, field: Any) -> None:
        """The field has to be explained."""
        line = "pass" if field is NOTHING else f"bad.append({self.shared('f', field)})"
        self.add(depth, line)

    def call(self, depth: int, checks: Iterable[tuple[Any, Callable[..., Any]]]) -> None:
        """Run rules: (what to report, predicate)."""
        for meaning, check in checks:
            self.add(depth, f"hit = {self.name('c', check)}(row, case)")
            self.add(depth, "if hit is not None:")
            self.add(depth + 1, f"hits.append(({self.name('m', meaning)}, hit))")

    def finish(self, whole: bool) -> Scan:
        """The function. ``whole``: records hold all unpacked fields, or it raises `KeyError`."""
        head = ["def scan(state, row, case, hits, bad):"]
        if whole and len(self._unpacked) > 1:
            getter = self.name("get", itemgetter(*self._unpacked))
            names = ", ".join(f"v_{attr}" for attr in self._unpacked)
            head.append(f"    {names} = {getter}(state)")
        else:
            head.append("    get = state.get")
            head += [f"    v_{attr} = get({attr!r})" for attr in self._unpacked]
        head += self._first
        namespace: dict[str, Any] = dict(self._names)
        # The text holds attribute names of the specification and our own names, nothing else.
        exec(_compiled("\n".join([*head, *self._lines, ""])), namespace)  # noqa: S102
        scan: Scan = namespace["scan"]
        return scan


@lru_cache(maxsize=512)
def _compiled(text: str) -> CodeType:
    return compile(text, "<vnhealth.rules plan>", "exec")
