"""What a check says of one file and of a whole run: what every exporter is given."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, Protocol

from vnhealth.findings._finding import Finding, Severity
from vnhealth.findings._findings import Findings

if TYPE_CHECKING:
    from vnhealth.findings._baseline import Comparison
    from vnhealth.findings._suppress import Suppressions

__all__ = ["CheckedFile", "FindingList", "Run", "Spool"]


BLOCK = 1 << 20
"""Bytes of a spool that are read at a time."""


class FindingList(Protocol):
    """Findings in order, gone through as often as wanted: `Findings`, or a `Spool` on disk."""

    def __iter__(self) -> Iterator[Finding]: ...
    def __len__(self) -> int: ...


class Spool:
    """Findings kept in a temporary file without a name, for files of which a check holds millions.

    They must be added in order. What is in ``values`` goes to the file too: mask it before when it
    is not wanted.

    >>> with Spool() as spool:
    ...     spool.add([Finding("BHYT-VAL-01", Severity.ERROR, 0, "XML3", 1, "STT")])
    ...     [f.path for f in spool]
    ['XML3[1].STT']
    """

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        self._count = 0

    def add(self, findings: Iterable[Finding]) -> None:
        """Append findings."""
        self._file.seek(0, 2)
        for f in findings:
            where = (f.encounter, f.table, f.row, f.tag)
            line = (f.code, f.severity.value, *where, dict(f.params), dict(f.values))
            self._file.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")
            self._count += 1

    def clear(self) -> None:
        """Forget all."""
        self._file.seek(0)
        self._file.truncate()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Finding]:
        at = 0
        while True:
            self._file.seek(at)
            lines = self._file.readlines(BLOCK)
            if not lines:
                return
            at = self._file.tell()
            for line in lines:
                code, severity, encounter, table, row, tag, params, values = json.loads(line)
                yield Finding(code, Severity(severity), encounter, table, row, tag, params, values)

    def close(self) -> None:
        """Remove the file."""
        self._file.close()

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(slots=True, kw_only=True, repr=False)
class CheckedFile:
    """The result of checking one file.

    ``edition`` is the layout (4210, 130, 4750, 3176) and ``amended_by`` 1931 where that decision is
    in force; ``tables`` counts rows. ``readable`` is False when the file could not be read: then
    its only finding says why. ``suppressed`` holds findings that a suppression took out, ``known``
    counts those that the baseline holds already. ``links`` (MA_LK by encounter) is filled only when
    values were asked for. ``repairs`` are JSON-ready objects of what was repaired, or could be;
    ``fix`` says how that ended: '' (not asked), clean, proposed, written, or a reason to refuse.
    """

    path: str
    edition: str | None = None
    amended_by: str | None = None
    encounters: int = 0
    tables: Mapping[str, int] = field(default_factory=dict)
    signature: str = "missing"
    signature_trusted: bool = False
    readable: bool = True
    findings: FindingList = field(default_factory=Findings)
    suppressed: FindingList = field(default_factory=Findings)
    known: int = 0
    links: tuple[str | None, ...] = ()
    repairs: tuple[Mapping[str, Any], ...] = ()
    fix: str = ""
    fixed_to: str | None = None

    def where(self, finding: Finding) -> str:
        """The place of a finding of this file; the encounter is named when there are several."""
        if finding.encounter is None or self.encounters < 2:
            return finding.path
        return f"{finding.encounter}:{finding.path}"

    def __repr__(self) -> str:
        return f"<CheckedFile {self.encounters} encounters, {len(self.findings)} findings>"


@dataclass(slots=True, kw_only=True)
class Run:
    """What holds for all files of a run. The counters are complete when the files went through.

    ``day`` is shown in reports. ``repairing`` is True when repairs were asked for.
    """

    lang: str = "vi"
    values: bool = False
    day: dt.date | None = None
    version: str = ""
    fail_on: Severity = Severity.ERROR
    repairing: bool = False
    suppressions: Suppressions | None = None
    baseline: Comparison | None = None

    def say(self, vi: str, en: str) -> str:
        """The text in the language of the run."""
        return en if self.lang == "en" else vi
