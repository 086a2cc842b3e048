"""What is done of a job, on disk: a job that was killed goes on where it stopped.

One line of JSON for the job, then one for each finished span, in order; a line counts once it is
there as a whole. No value of a document is in it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vnhealth.errors import VnHealthError
from vnhealth.pipelines._chunks import Trouble
from vnhealth.pipelines._files import JOURNAL

__all__ = ["Journal", "Outcome", "job_of"]


@dataclass(slots=True)
class Outcome:
    """What was made of one span: counts and names, no claims.

    ``facts`` is what the step wants to know again when all is done (JSON-ready); ``data`` are
    bytes for the caller (Arrow IPC by name), which are not kept in the journal.
    """

    encounters: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    data: dict[str, bytes] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """What of it is kept."""
        return {
            "encounters": self.encounters,
            "rows": self.rows,
            "troubles": [trouble.to_json() for trouble in self.troubles],
            "facts": self.facts,
        }

    @classmethod
    def from_json(cls, held: Mapping[str, Any]) -> Outcome:
        """The same read back."""
        troubles = [Trouble.from_json(item) for item in held["troubles"]]
        return cls(held["encounters"], held["rows"], troubles, held["facts"])


def job_of(kind: str, options: Mapping[str, Any], paths: Iterable[Path], size: int) -> str:
    """A fingerprint of a job: the same work on the same files (name, size, time of change)."""
    from vnhealth import __version__

    files = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in paths]
    text = json.dumps([__version__, kind, options, size, files], sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


class Journal:
    """The journal of a folder. ``done`` are the outcomes of the spans that need not be made again.

    Raises `VnHealthError` (ERR-PIPE-01) when the folder holds the journal of another job.
    """

    def __init__(self, folder: Path, job: str) -> None:
        self._path = folder / JOURNAL
        self.done: list[Outcome] = []
        folder.mkdir(parents=True, exist_ok=True)
        whole = self._read(job)
        self._stream = self._path.open("r+b" if whole else "wb")
        self._stream.truncate(whole)
        self._stream.seek(whole)
        if not whole:
            self._append({"job": job})

    def _read(self, job: str) -> int:
        """Take in what is there; gives the bytes of it that are whole lines."""
        if not self._path.is_file():
            return 0
        data = self._path.read_bytes()
        lines = data[: data.rfind(b"\n") + 1].splitlines()
        if not lines:
            return 0
        if json.loads(lines[0]).get("job") != job:
            raise VnHealthError("ERR-PIPE-01", name=self._path.parent.name[:60])
        self.done = [Outcome.from_json(json.loads(line)) for line in lines[1:]]
        return data.rfind(b"\n") + 1

    def add(self, outcome: Outcome) -> None:
        """The next span is done; its files must be in their places."""
        self._append(outcome.to_json())

    def _append(self, held: Mapping[str, Any]) -> None:
        self._stream.write(json.dumps(held, ensure_ascii=False).encode() + b"\n")
        self._stream.flush()
        os.fsync(self._stream.fileno())

    def close(self) -> None:
        """Let go of the file."""
        self._stream.close()
