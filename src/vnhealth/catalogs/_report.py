"""What an import has to say: rows read, kept and rejected, with reasons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vnhealth.catalogs._model import finding
from vnhealth.errors import CatalogError
from vnhealth.findings import Finding, Findings

__all__ = ["ImportReport", "Log", "Refused", "Reject", "SheetCount", "spans"]

_SPANS = 12


@dataclass(frozen=True, slots=True, repr=False)
class Reject:
    """One row that was not taken: where, why (a permanent code), and the value in question."""

    sheet: str
    row: int
    column: str
    finding: str
    value: str

    def __repr__(self) -> str:
        return f"<Reject {self.finding} row {self.row}>"


@dataclass(slots=True)
class SheetCount:
    """Rows of one sheet; ``read`` is the sum of the others.

    ``merged`` rows repeat a code that is kept, ``skipped`` ones hold no code (headings in between,
    signatures, services without a procedure).
    """

    sheet: str
    kept: int = 0
    merged: int = 0
    skipped: int = 0
    rejected: int = 0

    @property
    def read(self) -> int:
        """All rows below the heading with anything in them."""
        return self.kept + self.merged + self.skipped + self.rejected

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready object."""
        return {
            "sheet": self.sheet,
            "read": self.read,
            "kept": self.kept,
            "merged": self.merged,
            "skipped": self.skipped,
            "rejected": self.rejected,
        }


class Refused(CatalogError):
    """Nothing was installed; ``report`` says why, row by row."""

    default_code = "ERR-CAT-02"

    def __init__(
        self, findings: Iterable[Finding] = (), report: ImportReport | None = None
    ) -> None:
        self.findings = Findings(findings)
        self.report = report
        reasons = [f for f in self.findings if f.severity.rank == 2]
        super().__init__(
            codes=", ".join(sorted({f.code for f in reasons})),
            reason_vi=" ".join(f.text("vi") for f in reasons[:3]),
            reason_en=" ".join(f.text("en") for f in reasons[:3]),
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return (Refused, (tuple(self.findings), self.report))


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The outcome of one import.

    ``installed`` is False when nothing was written: refused, or ``unchanged`` because the same rows
    are installed already. ``entries`` counts stored rows by catalogue, ``codes`` distinct codes.
    """

    layout: str
    name: str
    file: str
    sha256: str
    sheets: tuple[SheetCount, ...]
    entries: Mapping[str, int]
    codes: Mapping[str, int]
    rules: int
    links: int
    findings: Findings
    rejects: tuple[Reject, ...]
    installed: bool = False
    unchanged: bool = False

    @property
    def rows_read(self) -> int:
        """Rows read over all sheets that were used."""
        return sum(one.read for one in self.sheets)

    @property
    def rows_kept(self) -> int:
        """Rows that became entries, rules or links, with those merged into one."""
        return sum(one.kept + one.merged for one in self.sheets)

    @property
    def rows_rejected(self) -> int:
        """Rows refused for a reason; see ``rejects``."""
        return sum(one.rejected for one in self.sheets)

    def to_dict(self, lang: str = "vi") -> dict[str, Any]:
        """A JSON-ready object; rejected values are left out (see ``rejects``)."""
        return {
            "layout": self.layout,
            "name": self.name,
            "file": self.file,
            "sha256": self.sha256,
            "installed": self.installed,
            "unchanged": self.unchanged,
            "rows_read": self.rows_read,
            "rows_kept": self.rows_kept,
            "rows_rejected": self.rows_rejected,
            "sheets": [one.to_dict() for one in self.sheets],
            "entries": dict(self.entries),
            "codes": dict(self.codes),
            "rules": self.rules,
            "links": self.links,
            "findings": self.findings.to_list(lang),
        }


@dataclass(slots=True)
class Log:
    """Collects what happens while rows are read, and sums it up as findings."""

    sheets: dict[str, SheetCount] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    _places: dict[tuple[str, str, str], list[int]] = field(default_factory=dict)
    _said: list[Finding] = field(default_factory=list)

    def sheet(self, name: str) -> SheetCount:
        """The counters of a sheet."""
        return self.sheets.setdefault(name, SheetCount(name))

    def say(self, code: str, **params: object) -> None:
        """Add a finding about the file as a whole."""
        texts = {name: str(value) for name, value in params.items()}
        self._said.append(finding(code, params=texts))

    def note(self, code: str, sheet: str, row: int, column: str = "") -> None:
        """Remember a row for a finding that lists rows."""
        self._places.setdefault((code, sheet, column), []).append(row)

    def reject(self, code: str, sheet: str, row: int, column: str, value: str) -> None:
        """Refuse a row."""
        self.note(code, sheet, row, column)
        self.rejects.append(Reject(sheet, row, column, code, value))
        self.sheet(sheet).rejected += 1

    def refuse(self, code: str, sheet: str, row: int, column: str, value: str) -> None:
        """Note a cell for which the whole file is refused, and list it among the rejects."""
        self.note(code, sheet, row, column)
        self.rejects.append(Reject(sheet, row, column, code, value))

    def findings(self) -> Findings:
        """Everything said, rows listed as spans."""
        listed = [
            finding(code, sheet=sheet, column=column, rows=spans(rows), count=str(len(rows)))
            for (code, sheet, column), rows in self._places.items()
        ]
        return Findings([*self._said, *listed])

    def counts(self) -> Counter[str]:
        """How many rows each code was noted for."""
        found: Counter[str] = Counter()
        for (code, _, _), rows in self._places.items():
            found[code] += len(rows)
        return found


def spans(rows: Iterable[int]) -> str:
    """Row numbers as spans; a long list is cut and says so.

    >>> spans([4, 5, 6, 9, 11, 12])
    '4–6, 9, 11–12'
    """
    found: list[list[int]] = []
    for row in sorted(set(rows)):
        if found and row == found[-1][1] + 1:
            found[-1][1] = row
        else:
            found.append([row, row])
    texts = [str(a) if a == b else f"{a}–{b}" for a, b in found[:_SPANS]]
    return ", ".join([*texts, "…"]) if len(found) > _SPANS else ", ".join(texts)
