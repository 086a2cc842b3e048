"""A sequence of findings with the few operations everybody needs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

from vnhealth.findings._finding import Finding, Severity

__all__ = ["Findings"]


class Findings(Sequence[Finding]):
    """Findings in a stable order: by encounter, table, row, tag, code.

    >>> fs = Findings([Finding("BHYT-DOC-01", Severity.INFO)])
    >>> len(fs.at_least("error")), fs.counts()["info"], fs.ok
    (0, 1, True)
    """

    __slots__ = ("_items",)

    def __init__(self, items: Iterable[Finding] = ()) -> None:
        self._items: tuple[Finding, ...] = tuple(sorted(items, key=_order))

    @overload
    def __getitem__(self, index: int) -> Finding: ...
    @overload
    def __getitem__(self, index: slice) -> Findings: ...
    def __getitem__(self, index: int | slice) -> Finding | Findings:
        if isinstance(index, slice):
            return Findings(self._items[index])
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._items)

    def __add__(self, other: Iterable[Finding]) -> Findings:
        return Findings((*self._items, *other))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Findings) and self._items == other._items

    def __hash__(self) -> int:
        return hash(tuple((f.code, f.path, f.encounter) for f in self._items))

    @property
    def ok(self) -> bool:
        """True when there is no error (warnings and notes may be there)."""
        return not any(f.severity is Severity.ERROR for f in self._items)

    def at_least(self, severity: Severity | str) -> Findings:
        """Those of this severity or worse."""
        rank = Severity(severity).rank
        return Findings(f for f in self._items if f.severity.rank >= rank)

    def by_code(self, code: str) -> Findings:
        """Those with exactly this code."""
        return Findings(f for f in self._items if f.code == code)

    def of_table(self, table: str) -> Findings:
        """Those of one table."""
        return Findings(f for f in self._items if f.table == table)

    def of_encounter(self, index: int) -> Findings:
        """Those of one encounter (index from 0)."""
        return Findings(f for f in self._items if f.encounter == index)

    @property
    def codes(self) -> frozenset[str]:
        """The distinct codes."""
        return frozenset(f.code for f in self._items)

    def counts(self) -> dict[str, int]:
        """How many of each severity; every severity is a key."""
        found = Counter(f.severity.value for f in self._items)
        return {severity.value: found[severity.value] for severity in Severity}

    def to_list(self, lang: str = "vi", *, values: bool = False) -> list[dict[str, Any]]:
        """JSON-ready objects, values masked unless asked for."""
        return [f.to_dict(lang, values=values) for f in self._items]

    def to_json(self, lang: str = "vi", *, values: bool = False) -> str:
        """The same as text."""
        return json.dumps(self.to_list(lang, values=values), ensure_ascii=False, indent=2)

    def raise_for_findings(self, severity: Severity | str = Severity.ERROR) -> None:
        """Raise `vnhealth.errors.ConformanceError` when any is of this severity or worse."""
        bad = self.at_least(severity)
        if bad:
            from vnhealth.errors import ConformanceError

            raise ConformanceError(findings=bad)

    def __repr__(self) -> str:
        counts = ", ".join(f"{n} {name}" for name, n in self.counts().items())
        return f"<Findings {counts}>"


def _order(f: Finding) -> tuple[Any, ...]:
    table = f.table or ""
    number = int(table[3:]) if table[3:].isdigit() else -1
    return (
        -1 if f.encounter is None else f.encounter,
        number,
        table,
        -1 if f.row is None else f.row,
        f.tag or "",
        f.code,
    )
