"""Files that appear in their places all at once, or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

JOURNAL = "_vnhealth_run.jsonl"
"""The journal of a job, in the folder of its parts; engines skip names with an underscore."""

__all__ = ["JOURNAL", "Placed", "parts_of", "placed", "remove_parts", "sweep"]


_WAITING = ".waiting-"


class Placed:
    """Files that are being written in a folder, each with its place."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting: dict[Path, Path] = {}

    def open(self, target: Path) -> Path:
        """Where to write a file that belongs to ``target``; no other process writes there."""
        waiting = self._folder / f"{_WAITING}{os.getpid()}-{len(self._waiting)}"
        self._waiting[waiting] = target
        return waiting

    def put(self) -> None:
        """Move all files to their places."""
        for waiting, target in self._waiting.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(waiting, target)

    def drop(self) -> None:
        """Remove what was not moved."""
        for waiting in self._waiting:
            with suppress(OSError):
                waiting.unlink()


@contextmanager
def placed(folder: Path) -> Iterator[Placed]:
    """Files that are written in a folder and take their places at the end of the block, unless it
    raises.
    """
    files = Placed(folder)
    try:
        yield files
        files.put()
    finally:
        files.drop()


def sweep(folder: Path) -> None:
    """Remove what a killed process was writing in a folder."""
    for path in folder.glob(f"{_WAITING}*"):
        path.unlink()


def parts_of(target: str | os.PathLike[str]) -> Path:
    """The folder beside a target in which its parts wait until all are there."""
    path = Path(target)
    return path.with_name(path.name + ".parts")


def remove_parts(folder: Path) -> None:
    """Remove parts that are not needed any more; the journal first, so that it never speaks of
    parts that are gone.
    """
    (folder / JOURNAL).unlink()
    shutil.rmtree(folder)
