"""Writes a generated day to files: one or several encounters a file, or all in one."""

from __future__ import annotations

import csv
import datetime as dt
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from vnhealth.records import Claim
from vnhealth.spec import Edition
from vnhealth.synth._day import Day
from vnhealth.synth._facilities import Facility
from vnhealth.synth._faults import Fault
from vnhealth.synth._render import render, render_chunks

__all__ = ["Written", "write_files"]

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: the files in order, the encounters, the bytes, the faults put in."""

    files: tuple[Path, ...]
    encounters: int
    size: int
    faults: tuple[Fault, ...]


def write_files(
    out_dir: str | os.PathLike[str],
    *,
    encounters: int,
    edition: Edition | str = Edition.QD3176,
    seed: int = 0,
    per_file: int = 1,
    dialect: str | Iterable[str] | None = "official",
    faults: float | Sequence[str] = 0,
    facility: Facility | str | None = None,
    day: dt.date | None = None,
    visits: Sequence[str] = (),
    big: bool = False,
    progress: Progress | None = None,
) -> Written:
    """Write a day to ``out_dir``: ``enc_000000.xml`` and so on, named after the first encounter.

    ``per_file`` encounters stand in each file; ``per_file=0`` writes none of them. ``big`` adds
    ``big.xml`` with all encounters, written in flat memory. Faults are listed in ``faults.csv``
    (encounter from 0, table, row from 0, tag, what). ``progress`` is called with (encounters done,
    encounters in all). The folder is made when missing; files of the same name are replaced.
    """
    made = Day(
        encounters=encounters,
        edition=edition,
        seed=seed,
        facility=facility,
        day=day,
        visits=visits,
        faults=faults,
    )
    folder = Path(out_dir)
    folder.mkdir(parents=True, exist_ok=True)
    styles = dialect if dialect is None or isinstance(dialect, str) else tuple(dialect)
    job = _Job(made, folder, styles, progress, total=encounters * ((per_file > 0) + big))
    files = job.split(per_file) if per_file > 0 else []
    if big:
        files.append(job.whole())
    if job.faults:
        files.append(_log(folder, job.faults))
    size = sum(path.stat().st_size for path in files)
    return Written(tuple(files), encounters, size, tuple(job.faults))


class _Job:
    def __init__(
        self,
        day: Day,
        folder: Path,
        dialect: str | tuple[str, ...] | None,
        progress: Progress | None,
        total: int,
    ) -> None:
        self.day = day
        self.folder = folder
        self.dialect = dialect
        self.progress = progress
        self.total = total
        self.done = 0
        self.faults: list[Fault] = []

    def claims(self, first: int, last: int, log: bool) -> Iterator[Claim]:
        for index in range(first, last):
            claim, fault = self.day.at(index)
            if fault is not None and log:
                self.faults.append(fault)
            yield claim
            self.done += 1
            if self.progress is not None:
                self.progress(self.done, self.total)

    def split(self, per_file: int) -> list[Path]:
        files = []
        for first in range(0, len(self.day), per_file):
            last = min(first + per_file, len(self.day))
            path = self.folder / f"enc_{first:06d}.xml"
            path.write_bytes(
                render(
                    self.claims(first, last, log=True),
                    edition=self.day.edition,
                    facility=self.day.facility.code,
                    dialect=self.dialect,
                    created=self.day.day,
                )
            )
            files.append(path)
        return files

    def whole(self) -> Path:
        path = self.folder / "big.xml"
        chunks = render_chunks(
            self.claims(0, len(self.day), log=not self.faults),
            edition=self.day.edition,
            facility=self.day.facility.code,
            created=self.day.day,
            count=len(self.day),
            dialect=self.dialect,
        )
        with path.open("wb") as out:
            out.writelines(chunks)
        return path


def _log(folder: Path, faults: Sequence[Fault]) -> Path:
    path = folder / "faults.csv"
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("encounter", "table", "row", "tag", "what"))
        for f in faults:
            writer.writerow((f.encounter, f.table, f.row, f.tag, f.what))
    return path
