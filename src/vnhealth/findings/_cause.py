"""Findings taken together by their cause: the same code at the same field of the same table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from vnhealth.findings._catalogue import CodeInfo, catalogue
from vnhealth.findings._finding import MASK, Finding, Severity

__all__ = ["Cause", "Tally"]

Key = tuple[str, str, str | None, str | None]


@dataclass(slots=True, repr=False)
class Cause:
    """One kind of mistake: repaired once at its source, all its findings go away.

    ``count`` findings in ``encounters`` encounters of ``files`` files; ``places`` holds the first
    of them with the number of their file.
    """

    code: str
    severity: Severity
    table: str | None
    tag: str | None
    count: int = 0
    encounters: int = 0
    files: int = 0
    places: list[tuple[int, Finding]] = field(default_factory=list)
    _words: dict[str, str] = field(default_factory=dict)
    _last: tuple[int, int | None] = (-1, None)

    @property
    def info(self) -> CodeInfo:
        """The catalogue entry of the code."""
        return catalogue.info(self.code)

    @property
    def path(self) -> str:
        """Table and field, without a row."""
        return ".".join(part for part in (self.table, self.tag) if part)

    def text(self, lang: str = "vi") -> str:
        """The message. Words that differ from finding to finding are left open."""
        return self.info.message(lang, self._words)

    def hint(self, lang: str = "vi") -> str:
        """How to repair it."""
        return self.info.hint(lang, self._words)

    def _learn(self, finding: Finding) -> None:
        """Keep of the words of the message those on which all findings agree."""
        if not self.count:
            named = {"tag": finding.tag, "table": finding.table}
            self._words = {name: text for name, text in named.items() if text is not None}
            self._words |= dict(finding.params) | dict.fromkeys(finding.values, MASK)
            return
        for name, text in list(self._words.items()):
            if text is not MASK and text != finding.params.get(name, getattr(finding, name, None)):
                del self._words[name]

    def __repr__(self) -> str:
        return f"<Cause {self.code} {self.severity.value} {self.path} ×{self.count}>"


class Tally:
    """Counts findings by cause while they pass, in memory that does not grow with their number.

    ``keep`` places of each cause are remembered (None: all). With ``fields=False`` all fields of
    all tables are taken together, so that a cause is a code.

    >>> tally = Tally()
    >>> tally.add_all([Finding("BHYT-VAL-01", Severity.ERROR, 0, "XML3", n) for n in range(3)])
    >>> tally.causes()
    (<Cause BHYT-VAL-01 error XML3 ×3>,)
    """

    def __init__(self, keep: int | None = 20, *, fields: bool = True) -> None:
        self.keep = keep
        self.fields = fields
        self._held: dict[Key, Cause] = {}

    def add_all(self, findings: Iterable[Finding], file: int = 0) -> None:
        """Count the findings of one file."""
        for finding in findings:
            self.add(finding, file)

    def add(self, finding: Finding, file: int = 0) -> None:
        """Count one finding. Those of one encounter must come one after another."""
        table, tag = (finding.table, finding.tag) if self.fields else (None, None)
        key = (finding.code, finding.severity.value, table, tag)
        cause = self._held.get(key)
        if cause is None:
            cause = Cause(finding.code, finding.severity, table, tag)
            self._held[key] = cause
        cause._learn(finding)
        cause.count += 1
        place = (file, finding.encounter)
        if file != cause._last[0]:
            cause.files += 1
        if finding.encounter is not None and place != cause._last:
            cause.encounters += 1
        cause._last = place
        if self.keep is None or len(cause.places) < self.keep:
            cause.places.append((file, finding))

    def causes(self) -> tuple[Cause, ...]:
        """The causes, the worst first, then the most frequent, then by code and place."""
        return tuple(
            sorted(
                self._held.values(),
                key=lambda c: (-c.severity.rank, -c.count, c.code, c.table or "", c.tag or ""),
            )
        )

    def counts(self) -> dict[str, int]:
        """How many findings of each severity; every severity is a key."""
        found = {severity.value: 0 for severity in Severity}
        for cause in self._held.values():
            found[cause.severity.value] += cause.count
        return found

    def by_table(self) -> dict[str, dict[str, int]]:
        """Findings by table ('' for the document), each by severity."""
        found: dict[str, dict[str, int]] = {}
        for cause in self._held.values():
            held = found.setdefault(cause.table or "", {s.value: 0 for s in Severity})
            held[cause.severity.value] += cause.count
        order = sorted(found, key=lambda t: (int(t[3:]) if t[3:].isdigit() else -1, t))
        return {table: found[table] for table in order}
