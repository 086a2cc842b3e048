"""The HTML report: one file, no outside asset, both languages, no value unless asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files as package_files
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

from vnhealth.findings import Cause, CheckedFile, Finding, Run, Severity, Tally

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["write_html"]

PLACES = 30
"""Places that are listed of each cause."""

FIELDS = 12
"""Fields that are named of each cause."""

FILES = 1000
"""Files that are listed, those with findings."""

TOP = 10
"""Causes in the chart."""

LEVELS = (Severity.ERROR, Severity.WARNING, Severity.INFO)


class Both(NamedTuple):
    """A text in both languages."""

    vi: str
    en: str


NAMES = {
    Severity.ERROR: Both("Lỗi", "Errors"),
    Severity.WARNING: Both("Cảnh báo", "Warnings"),
    Severity.INFO: Both("Ghi chú", "Notes"),
}

ONE = {
    Severity.ERROR: Both("Lỗi", "Error"),
    Severity.WARNING: Both("Cảnh báo", "Warning"),
    Severity.INFO: Both("Ghi chú", "Note"),
}


@dataclass(slots=True)
class _Line:
    """A file in the list."""

    path: str
    edition: str
    encounters: int
    signature: str
    readable: bool
    counts: dict[Severity, int]
    fix: str
    repairs: int


@dataclass(slots=True)
class _Gathered:
    """All that the page shows, gathered while the files pass."""

    run: Run
    tally: Tally = field(default_factory=lambda: Tally(keep=PLACES, fields=False))
    fields: Tally = field(default_factory=lambda: Tally(keep=0))
    suppressed: Tally = field(default_factory=lambda: Tally(keep=0))
    lines: list[_Line] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)
    links: dict[tuple[int, int], str] = field(default_factory=dict)
    files: int = 0
    encounters: int = 0
    clean_files: int = 0
    unreadable: int = 0
    states: Counter[Severity | None] = field(default_factory=Counter)
    repairs: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, file: CheckedFile) -> None:
        number = self.files
        self.files += 1
        self.encounters += file.encounters
        self.unreadable += not file.readable
        counts = {level: 0 for level in LEVELS}
        worst: dict[int, Severity] = {}
        for finding in file.findings:
            counts[finding.severity] += 1
            self.tally.add(finding, number)
            self.fields.add(finding, number)
            if finding.encounter is not None:
                held = worst.get(finding.encounter, Severity.INFO)
                if finding.severity.rank >= held.rank:
                    worst[finding.encounter] = finding.severity
            if file.links and finding.encounter is not None:
                self._link(file, number, finding.encounter)
        self.suppressed.add_all(file.suppressed, number)
        self.states.update(worst.values())
        self.states[None] += max(0, file.encounters - len(worst))
        for repair in file.repairs:
            self.repairs[repair["code"], repair["message"]] += 1
        self.names[number] = file.path
        if not any(counts.values()) and not file.repairs:
            self.clean_files += 1
            if self.files > 1:
                return
        if len(self.lines) < FILES:
            edition = file.edition or ""
            edition += f" ({file.amended_by})" if file.amended_by else ""
            about = (edition, file.encounters, file.signature, file.readable)
            line = _Line(file.path, *about, counts, file.fix, len(file.repairs))
            self.lines.append(line)

    def _link(self, file: CheckedFile, number: int, encounter: int) -> None:
        if encounter < len(file.links) and len(self.links) < FILES * PLACES:
            self.links[number, encounter] = file.links[encounter] or ""


def write_html(files: Iterable[CheckedFile], stream: TextIO, run: Run) -> None:
    """Write the report. It grows with the number of causes and files, not with that of findings.

    ``run.lang`` is the language in which it opens; the other is a button away. Needs jinja2.
    """
    held = _Gathered(run)
    for file in files:
        held.add(file)
    template = _environment().get_template("check.html.j2")
    for piece in template.generate(**_context(held)):
        stream.write(piece)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader

    folder = package_files("vnhealth.reports") / "templates"
    environment = Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FunctionLoader(lambda name: (folder / name).read_text("utf-8")),
    )
    environment.filters["n"] = lambda number: f"{number:,}".replace(",", "\u202f")
    return environment


def _context(held: _Gathered) -> dict[str, Any]:
    run = held.run
    causes = held.tally.causes()
    counts = held.tally.counts()
    suppressed = {(c.code, c.path): c for c in held.suppressed.causes()}
    fields: dict[tuple[str, Severity], list[Cause]] = {}
    for cause in held.fields.causes():
        fields.setdefault((cause.code, cause.severity), []).append(cause)
    known = {p[0]: held.names[p[0]] for c in causes for p in c.places}
    return {
        "run": run,
        "counts": [(level, NAMES[level], counts[level.value]) for level in LEVELS],
        "files": held.files,
        "encounters": held.encounters,
        "clean_files": held.clean_files,
        "unreadable": held.unreadable,
        "states": _states(held.states),
        "causes": [_shown(c, known, held, fields[c.code, c.severity]) for c in causes],
        "top": _bars([(c, c.count) for c in causes[:TOP]]),
        "tables": [_stack(name, row) for name, row in held.fields.by_table().items()],
        "most": max((sum(row.values()) for row in held.fields.by_table().values()), default=1),
        "all_tables": list(held.fields.by_table()),
        "lines": held.lines,
        "unlisted": held.files - held.clean_files - len(held.lines),
        "levels": LEVELS,
        "names": NAMES,
        "suppressions": run.suppressions,
        "suppressed": sum(c.count for c in suppressed.values()),
        "repairs": sorted(held.repairs.items()),
    }


def _states(states: Counter[Severity | None]) -> list[tuple[str, Both, int, float, float]]:
    """How many encounters are refused, doubtful or clean: (class, name, count, x, width)."""
    good = states[None] + states[Severity.INFO]
    shares = [
        ("error", Both("Có lỗi", "With errors"), states[Severity.ERROR]),
        ("warning", Both("Chỉ có cảnh báo", "Warnings only"), states[Severity.WARNING]),
        ("good", Both("Sạch", "Clean"), good),
    ]
    total = sum(count for _, _, count in shares) or 1
    out, at = [], 0.0
    for name, text, count in shares:
        width = 100 * count / total
        out.append((name, text, count, round(at, 3), round(width, 3)))
        at += width
    return out


def _bars(causes: list[tuple[Cause, int]]) -> list[tuple[Cause, float]]:
    most = max((count for _, count in causes), default=1)
    return [(cause, round(max(100 * count / most, 0.6), 2)) for cause, count in causes]


def _stack(name: str, row: dict[str, int]) -> tuple[str, list[tuple[str, int]], int]:
    return name, [(level.value, row[level.value]) for level in LEVELS], sum(row.values())


def _shown(
    cause: Cause, names: dict[int, str], held: _Gathered, fields: list[Cause]
) -> dict[str, Any]:
    named = [f for f in fields if f.path]
    return {
        "cause": cause,
        "fields": named[:FIELDS],
        "other_fields": len(named) - FIELDS,
        "tables": sorted({f.table or "" for f in fields}),
        "text": Both(cause.text("vi"), cause.text("en")),
        "hint": Both(cause.hint("vi"), cause.hint("en")),
        "name": ONE[cause.severity],
        "places": list(_places(cause, names, held)),
        "told": any(
            f.text("vi", values=held.run.values) != cause.text("vi") for _, f in cause.places
        ),
        "more": cause.count - len(cause.places),
    }


def _places(cause: Cause, names: dict[int, str], held: _Gathered) -> Iterator[dict[str, Any]]:
    for number, finding in cause.places:
        encounter = finding.encounter
        link = held.links.get((number, encounter), "") if encounter is not None else ""
        yield {
            "file": names[number],
            "encounter": encounter,
            "link": link,
            "path": finding.path,
            "text": _both(finding, held.run.values),
        }


def _both(finding: Finding, values: bool) -> Both:
    vi, en = (finding.text(lang, values=values) for lang in ("vi", "en"))
    return Both(vi, en)
