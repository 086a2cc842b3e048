"""What a reader has to say, gathered while it reads and placed when it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from vnhealth.findings import Finding, Severity, catalogue

__all__ = ["Note", "Notes", "finding", "safe_tag"]

Place = Callable[[str | None, int | None], tuple[int | None, int | None]]
"""From (table, row as it was read) to (encounter, row of that encounter)."""


@dataclass(slots=True)
class Note:
    """A finding that does not know its encounter yet; ``count`` says how often it was made."""

    code: str
    table: str | None = None
    row: int | None = None
    tag: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    count: int = 1


class Notes:
    """Notes in the order in which they were made.

    `say` keeps each one (for what must be repaired place by place), `count` keeps the first of a
    kind and how many there were (for what is true of a whole column).
    """

    __slots__ = ("_counted", "_held")

    def __init__(self) -> None:
        self._held: list[Note] = []
        self._counted: dict[tuple[object, ...], Note] = {}

    def say(
        self,
        code: str,
        table: str | None = None,
        row: int | None = None,
        tag: str | None = None,
        params: Mapping[str, str] | None = None,
        values: Mapping[str, str] | None = None,
    ) -> None:
        """One note of its own."""
        self._held.append(Note(code, table, row, tag, params or {}, values or {}))

    def count(
        self,
        code: str,
        table: str | None = None,
        row: int | None = None,
        tag: str | None = None,
        params: Mapping[str, str] | None = None,
        times: int = 1,
    ) -> None:
        """One note for all of the same code, table, tag and params; the first row is named."""
        key = (code, table, tag, *(params or {}).items())
        known = self._counted.get(key)
        if known is None:
            known = Note(code, table, row, tag, params or {}, count=0)
            self._counted[key] = known
            self._held.append(known)
        known.count += times

    def findings(self, place: Place) -> tuple[Finding, ...]:
        """The findings, each put where ``place`` says."""
        if not self._held:
            return ()
        counted = set(map(id, self._counted.values()))
        out = []
        for n in self._held:
            params = {**n.params, "count": str(n.count)} if id(n) in counted else n.params
            out.append(finding(n.code, *place(n.table, n.row), n, params))
        return tuple(out)

    def all_at(self, encounter: int | None) -> tuple[Finding, ...]:
        """The findings, all of one encounter (or of the document)."""
        return self.findings(lambda table, row: (encounter, row))

    def extend(self, codes: Iterable[tuple[str, dict[str, str]]], table: str | None) -> None:
        """Notes of a parser, which knows no tables."""
        for code, params in codes:
            if code == "BHYT-DOC-19":
                self.count(code, table, times=int(params["count"]))
            else:
                self.say(code, table, params=params)

    def __bool__(self) -> bool:
        return bool(self._held)


def finding(
    code: str,
    encounter: int | None = None,
    row: int | None = None,
    note: Note | None = None,
    params: Mapping[str, str] | None = None,
) -> Finding:
    """A finding with the severity of the catalogue."""
    severity = Severity(catalogue.info(code).severity)
    if note is None:
        return Finding(code, severity, encounter, row=row, params=params or {})
    return Finding(code, severity, encounter, note.table, row, note.tag, params or {}, note.values)


def safe_tag(tag: str) -> str:
    """A tag name from a stranger: shown only if it looks like a tag, never if like a value.

    >>> safe_tag("MA_LKK"), safe_tag("Nguyễn")
    ('MA_LKK', '…')
    """
    return tag[:60] if tag.isascii() and tag.replace("_", "").isalnum() else "…"
