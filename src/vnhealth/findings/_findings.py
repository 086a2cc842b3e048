"""A sequence of findings with the few operations everybody needs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any, overload

from vnhealth.findings._finding import Finding, Severity

if TYPE_CHECKING:
    import os
    from typing import BinaryIO

    from vnhealth.findings._cause import Cause

__all__ = ["Findings", "order_of"]

Codes = str | Iterable[str] | None


class Findings(Sequence[Finding]):
    """Findings in a stable order: by encounter, table, row, tag, code, then by their words.

    >>> fs = Findings([Finding("BHYT-DOC-01", Severity.INFO)])
    >>> len(fs.at_least("error")), fs.counts()["info"], fs.ok
    (0, 1, True)
    """

    __slots__ = ("_items", "_sorted")

    def __init__(self, items: Iterable[Finding] = ()) -> None:
        self._items: tuple[Finding, ...] = tuple(items)
        self._sorted = len(self._items) < 2

    @classmethod
    def _in_order(cls, items: Iterable[Finding]) -> Findings:
        """From items that are known to be in order."""
        made = cls(items)
        made._sorted = True
        return made

    def _all(self) -> tuple[Finding, ...]:
        if not self._sorted:
            self._items, self._sorted = _ordered(self._items), True
        return self._items

    @overload
    def __getitem__(self, index: int) -> Finding: ...
    @overload
    def __getitem__(self, index: slice) -> Findings: ...
    def __getitem__(self, index: int | slice) -> Finding | Findings:
        if isinstance(index, slice):
            return Findings(self._all()[index])
        return self._all()[index]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._all())

    def __add__(self, other: Iterable[Finding]) -> Findings:
        more = other._items if isinstance(other, Findings) else tuple(other)
        return Findings((*self._items, *more)) if more else self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Findings) and self._all() == other._all()

    def __hash__(self) -> int:
        return hash(tuple((f.code, f.path, f.encounter) for f in self._all()))

    def __reduce__(self) -> tuple[Any, ...]:
        return (Findings, (self._all(),))

    @property
    def ok(self) -> bool:
        """True when there is no error (warnings and notes may be there)."""
        return not any(f.severity is Severity.ERROR for f in self._items)

    def _where(self, wanted: Callable[[Finding], bool]) -> Findings:
        return Findings._in_order(filter(wanted, self._all()))

    def filter(
        self,
        *,
        severity: Severity | str | None = None,
        at_least: Severity | str | None = None,
        code: Codes = None,
        but: Codes = None,
        table: Codes = None,
        tag: Codes = None,
        encounter: int | None = None,
    ) -> Findings:
        """Those that meet every condition given; codes, tables and tags may be one or several.

        ``but`` are codes to leave out.

        >>> made = [Finding("BHYT-VAL-01", Severity.ERROR, 0, t, 0) for t in ("XML2", "XML3")]
        >>> [f.table for f in Findings(made).filter(severity="error", table=["XML3", "XML4"])]
        ['XML3']
        """
        level = None if severity is None else Severity(severity)
        rank = 0 if at_least is None else Severity(at_least).rank
        codes, tables, tags = _several(code), _several(table), _several(tag)
        unwanted = _several(but) or ()
        return self._where(
            lambda f: (
                (level is None or f.severity is level)
                and f.severity.rank >= rank
                and (codes is None or f.code in codes)
                and f.code not in unwanted
                and (tables is None or f.table in tables)
                and (tags is None or f.tag in tags)
                and (encounter is None or f.encounter == encounter)
            )
        )

    def at_least(self, severity: Severity | str) -> Findings:
        """Those of this severity or worse."""
        rank = Severity(severity).rank
        return self._where(lambda f: f.severity.rank >= rank)

    def by_code(self, code: str) -> Findings:
        """Those with exactly this code."""
        return self._where(lambda f: f.code == code)

    def of_table(self, table: str) -> Findings:
        """Those of one table."""
        return self._where(lambda f: f.table == table)

    def of_encounter(self, index: int) -> Findings:
        """Those of one encounter (index from 0)."""
        return self._where(lambda f: f.encounter == index)

    def by_encounter(self) -> dict[int | None, Findings]:
        """Findings of each encounter in order; None holds those about the document as a whole."""
        groups = groupby(self._all(), key=lambda f: f.encounter)
        return {index: Findings._in_order(tuple(held)) for index, held in groups}

    def by_cause(self) -> tuple[Cause, ...]:
        """The same kind of mistake at the same field taken together, the worst and largest first.

        >>> fs = Findings([Finding("BHYT-VAL-01", Severity.ERROR, n, "XML3", 0) for n in (0, 1)])
        >>> [(c.code, c.table, c.count, c.encounters) for c in fs.by_cause()]
        [('BHYT-VAL-01', 'XML3', 2, 2)]
        """
        from vnhealth.findings._cause import Tally

        tally = Tally(keep=None)
        tally.add_all(self._all())
        return tally.causes()

    def masked(self) -> Findings:
        """The same without any value of a document: each stands as a mask."""
        return Findings._in_order(f.masked() if f.values else f for f in self._all())

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
        return [f.to_dict(lang, values=values) for f in self._all()]

    def to_json(self, lang: str = "vi", *, values: bool = False) -> str:
        """The same as text."""
        return json.dumps(self.to_list(lang, values=values), ensure_ascii=False, indent=2)

    def to_text(self, lang: str = "vi", *, values: bool = False, width: int = 100) -> str:
        """A table for a terminal of this many columns, without colours."""
        from vnhealth.findings._export_text import findings_table

        return findings_table(self._all(), lang, values=values, width=width)

    def to_sarif(self, lang: str = "vi", *, values: bool = False, path: str = "hoso.xml") -> str:
        """A SARIF 2.1.0 log, as code-scanning tools read it; ``path`` names the document."""
        from vnhealth.findings._export_sarif import write_sarif

        return self._exported(write_sarif, lang, values, path)

    def to_junit(self, lang: str = "vi", *, values: bool = False, path: str = "hoso.xml") -> str:
        """A JUnit report: one case per encounter, failed when it holds an error."""
        from vnhealth.findings._export_junit import write_junit

        return self._exported(write_junit, lang, values, path)

    def to_html(self, lang: str = "vi", *, values: bool = False, path: str = "hoso.xml") -> str:
        """A report as one HTML file without any outside asset (needs the extra ``cli``)."""
        return self._exported(_upper("write_html"), lang, values, path)

    def to_xlsx(
        self,
        target: str | os.PathLike[str] | BinaryIO,
        lang: str = "vi",
        *,
        values: bool = False,
        path: str = "hoso.xml",
    ) -> None:
        """A workbook to work through, one sheet per table (needs the extra ``excel``)."""
        from vnhealth.findings._checked import Run

        _upper("write_xlsx")([self._as_file(path)], target, Run(lang=lang, values=values))

    def _as_file(self, path: str) -> Any:
        from vnhealth.findings._checked import CheckedFile

        encounters = max(
            (f.encounter + 1 for f in self._items if f.encounter is not None), default=0
        )
        return CheckedFile(path=path, encounters=encounters, findings=self)

    def _exported(self, write: Callable[..., None], lang: str, values: bool, path: str) -> str:
        from io import StringIO

        from vnhealth.findings._checked import Run

        stream = StringIO()
        write([self._as_file(path)], stream, Run(lang=lang, values=values))
        return stream.getvalue()

    def raise_for_findings(self, severity: Severity | str = Severity.ERROR) -> None:
        """Raise `vnhealth.errors.ConformanceError` when any is of this severity or worse."""
        bad = self.at_least(severity)
        if bad:
            from vnhealth.errors import ConformanceError

            raise ConformanceError(findings=bad)

    def __repr__(self) -> str:
        counts = ", ".join(f"{n} {name}" for name, n in self.counts().items())
        return f"<Findings {counts}>"


def _upper(name: str) -> Callable[..., None]:
    """A renderer of `vnhealth.reports`, which stands above this layer and is found when used."""
    from importlib import import_module

    found: Callable[..., None] = getattr(import_module("vnhealth.reports"), name)
    return found


def _several(given: Codes) -> frozenset[str] | None:
    if given is None:
        return None
    return frozenset((given,) if isinstance(given, str) else given)


def _ordered(items: tuple[Finding, ...]) -> tuple[Finding, ...]:
    places = [order_of(f) for f in items]
    order = sorted(range(len(items)), key=places.__getitem__)
    if any(places[a] == places[b] for a, b in pairwise(order)):
        order.sort(key=lambda i: (places[i], *_words(items[i])))
    return tuple([items[i] for i in order])


def _words(f: Finding) -> tuple[Any, ...]:
    """What tells findings of one code at one place apart."""
    return f.severity.rank, sorted(f.params.items()), sorted(f.values.items())


def order_of(f: Finding) -> tuple[Any, ...]:
    """The place of a finding among others."""
    table = f.table or ""
    return (
        -1 if f.encounter is None else f.encounter,
        _number(table),
        table,
        -1 if f.row is None else f.row,
        f.tag or "",
        f.code,
    )


@lru_cache(maxsize=256)
def _number(table: str) -> int:
    return int(table[3:]) if table[3:].isdigit() else -1
