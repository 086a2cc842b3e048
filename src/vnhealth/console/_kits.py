"""Conformance kits run from the console: each in a process of its own, its reports in a folder."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vnhealth.console._texts import word

__all__ = ["KitRun", "KitRuns"]

MEDIA = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".xml": "application/xml",
    ".csv": "text/csv; charset=utf-8",
}
MOST_RUNS = 20


@dataclass(slots=True)
class KitRun:
    """One run. ``code`` is None while it is running, then the exit code of the command."""

    number: int
    kit: str
    seed: int
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def code(self) -> int | None:
        """0 pass, 1 fail, 2 inconclusive; None while it runs."""
        return self.process.poll()

    @property
    def reports(self) -> list[str]:
        """Names of the files to download, once it is done."""
        if self.code is None or not self.folder.is_dir():
            return []
        return sorted(p.name for p in self.folder.iterdir() if p.suffix in MEDIA)

    @property
    def summary(self) -> dict[str, Any]:
        """What the command printed; empty while it runs or when it failed to."""
        try:
            value = json.loads((self.folder / ".stdout").read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return value if isinstance(value, dict) else {}


class KitRuns:
    """Starts self-tests into a folder and keeps track of them until the process ends."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._runs: list[KitRun] = []

    def described(self, language: str) -> list[dict[str, Any]]:
        """Every kit with its scenarios and the steps that are looked at."""
        from vnhealth.conformance import KITS

        found = []
        for known in KITS:
            found.append(
                {
                    "id": known.id,
                    "title": getattr(known, f"title_{language}"),
                    "roles": [
                        (role, word(role, language)) for role in known.roles if role != "server"
                    ],
                    "scenarios": [
                        {
                            "id": scenario.id,
                            "title": getattr(scenario, f"title_{language}"),
                            "steps": [
                                getattr(step, f"text_{language}")
                                for case in scenario.cases
                                for step in case.steps
                            ],
                        }
                        for scenario in known.scenarios
                    ],
                }
            )
        return found

    def start(self, name: str, seed: int) -> KitRun:
        """Begin a self-test. Raises `LookupError` for an unknown kit, `ValueError` for one more
        run than are kept or while another one is running.
        """
        from vnhealth.conformance import KITS

        if name not in {known.id for known in KITS}:
            raise LookupError(name)
        if len(self._runs) >= MOST_RUNS or any(run.code is None for run in self._runs):
            raise ValueError("a kit is running, or too many were")
        number = len(self._runs) + 1
        folder = self._folder / f"run-{number:03}"
        folder.mkdir(parents=True, exist_ok=True)
        command = [
            *(sys.executable, "-m", "vnhealth", "certify", "--kit", name),
            *("--seed", str(seed), "--format", "json", "--out", str(folder)),
        ]
        with (folder / ".stdout").open("wb") as out:
            process = subprocess.Popen(
                command, stdout=out, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL
            )
        run = KitRun(number, name, seed, folder, process)
        self._runs.append(run)
        return run

    def runs(self) -> list[KitRun]:
        """The latest first."""
        return list(reversed(self._runs))

    def report(self, path: str) -> tuple[bytes, str] | None:
        """A file of a run (``3/report.html``) and its media type, or None."""
        number, _, name = path.partition("/")
        for run in self._runs:
            if str(run.number) == number and name in run.reports:
                file = run.folder / name
                return file.read_bytes(), MEDIA[file.suffix]
        return None

    def close(self) -> None:
        """End what is still running."""
        for run in self._runs:
            if run.code is None:
                run.process.kill()
                run.process.wait()
