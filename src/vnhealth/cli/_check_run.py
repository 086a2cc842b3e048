"""Many files checked in order, in this process or in several, in flat memory."""

from __future__ import annotations

import copy
import glob
import os
import signal
import sys
import tempfile
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vnhealth.cli._check_big import (
    BIG_FROM,
    Big,
    Piece,
    PieceResult,
    both,
    check_piece,
    one_by_one,
    whole,
)
from vnhealth.cli._check_file import Judged, Options, check_path
from vnhealth.errors import CodecError, VnHealthError
from vnhealth.findings import (
    CheckedFile,
    Comparison,
    Finding,
    Findings,
    Fingerprints,
    Severity,
    Spool,
    Suppressions,
    place_of,
)

if TYPE_CHECKING:
    from concurrent.futures import Future

__all__ = ["Input", "Screen", "checked_files", "inputs", "jobs_for"]

TOGETHER = 16
"""Files that a worker is given at a time."""

AHEAD = 3
"""Tasks waiting per worker: enough to keep it busy, few enough to keep memory flat."""

WORTH = 4 * 1024 * 1024
"""Bytes that make another process worth its start."""


@dataclass(frozen=True, slots=True)
class Input:
    """A file to check; ``name`` is its place below the folder that was given."""

    path: str
    name: str
    size: int = 0

    def target(self, folder: Path | None, in_place: bool) -> str | None:
        """Where a repaired copy goes."""
        if in_place:
            return self.path
        return str(folder / self.name) if folder else None


def inputs(paths: Iterable[str]) -> list[Input]:
    """The files meant by paths, folders (all .xml and .zip below), patterns and ``-``."""
    found: dict[str, Input] = {}
    for path in paths:
        given = Path(path)
        if path == "-":
            found.setdefault(path, Input(path, "stdin.xml"))
        elif given.is_dir():
            below = (p for p in given.rglob("*") if p.suffix.lower() in (".xml", ".zip"))
            for file in sorted(p for p in below if p.is_file()):
                found.setdefault(str(file), _input(file, str(file.relative_to(given))))
        elif not given.exists() and glob.has_magic(path):
            matched = sorted(p for p in glob.glob(path, recursive=True) if Path(p).is_file())
            for name in matched or [path]:
                found.setdefault(name, _input(Path(name), Path(name).name))
        else:
            found.setdefault(path, _input(given, given.name))
    return list(found.values())


def _input(path: Path, name: str) -> Input:
    try:
        size = path.stat().st_size
    except OSError:
        size = 0
    return Input(str(path), name, size)


def jobs_for(held: list[Input], wanted: int) -> int:
    """How many processes: as many as wanted, or (0) as many as the files are worth."""
    if wanted:
        return wanted
    worth = 1 + sum(f.size for f in held) // WORTH
    return max(1, min(os.cpu_count() or 1, worth))


class Screen:
    """Takes out of findings what is suppressed and what was known."""

    def __init__(
        self,
        suppressions: Suppressions | None,
        comparison: Comparison | None,
        prints: Fingerprints | None,
    ) -> None:
        self.suppressions = suppressions
        self.comparison = comparison
        self.prints = prints

    def save(self) -> tuple[Any, Any]:
        """The counters as they are."""
        used = self.suppressions.used.copy() if self.suppressions else None
        return used, copy.deepcopy(self.comparison)

    def restore(self, saved: tuple[Any, Any]) -> None:
        """The counters as they were, in the same objects."""
        used, comparison = saved
        if self.suppressions is not None:
            self.suppressions.used = used
        if self.comparison is not None:
            self.comparison.__dict__.update(comparison.__dict__)

    def screened(self, judged: Judged) -> tuple[list[Finding], list[Finding], int]:
        """The findings that count, those suppressed, and how many were known."""
        findings: Iterable[Finding] = judged.file.findings
        suppressions = self.suppressions
        kept: list[Finding] = []
        taken: list[Finding] = []
        places: list[tuple[Finding, str]] = []
        stts = iter(judged.stts)
        name = Path(judged.file.path).name
        for finding in findings:
            stt = next(stts, None)
            one = suppressions.match(finding) if suppressions is not None else None
            if suppressions is not None and one is not None:
                suppressions.used[one] += 1
                taken.append(finding)
            elif self.prints is not None:
                encounter, row = place_of(finding, name, judged.links, stt)
                places.append((finding, self.prints.of(finding, encounter, row)))
            else:
                kept.append(finding)
        if self.comparison is None:
            return kept, taken, 0
        new, known = self.comparison.split(places)
        return new, taken, known


Files = tuple[tuple[str, str | None], ...]
Step = Callable[[int], None]


@dataclass(slots=True)
class _Task:
    """What is done in a worker (``files`` or ``piece``), and what is done with it in order."""

    files: Files = ()
    piece: Piece | None = None
    big: Big | None = None
    alone: Input | None = None
    size: int = 0


def _work(files: Files, piece: Piece | None, options: Options) -> list[Judged] | PieceResult:
    if piece is not None:
        return check_piece(piece, options)
    return [check_path(path, options, target) for path, target in files]


def checked_files(
    held: list[Input],
    options: Options,
    screen: Screen,
    *,
    jobs: int,
    target: Callable[[Input], str | None],
    step: Step,
) -> Iterator[CheckedFile]:
    """The files in order, each screened. ``step`` is told how many bytes are done.

    The same for any number of ``jobs``. The findings of a huge file lie on disk and are gone when
    the next file is asked for. Raises what a defect raises in a worker.
    """
    with ExitStack() as stack:
        landed = {i: _landed(stack) for i, one in enumerate(held) if one.path == "-"}
        held = [landed.get(i, one) for i, one in enumerate(held)]
        tasks = _tasks(held, options, target, TOGETHER if jobs > 1 else 1)
        joined = _Joined(options, screen)
        streams = {one.path for one in landed.values()}
        for task, result in _in_order(tasks, options, jobs):
            for file in joined.take(task, result):
                if file.path in streams:
                    file.path = "-"
                yield file
            step(task.size)


def _landed(stack: ExitStack) -> Input:
    """A copy of stdin in a file that only we can read, removed at the end."""
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="vnhealth-"))
    path = Path(folder) / "stdin.xml"
    with path.open("wb") as out:
        while block := sys.stdin.buffer.read(1 << 20):
            out.write(block)
    return Input(str(path), path.name, path.stat().st_size)


def _tasks(
    held: list[Input], options: Options, target: Callable[[Input], str | None], together: int
) -> Iterator[_Task]:
    waiting: list[tuple[str, str | None]] = []
    size = 0
    for one in held:
        big = one.size >= BIG_FROM and not (options.fix and whole(one.path, one.size))
        if not big:
            waiting.append((one.path, target(one)))
            size += one.size
            if len(waiting) >= together or size > WORTH // 4:
                yield _Task(files=tuple(waiting), size=size)
                waiting, size = [], 0
            continue
        if waiting:
            yield _Task(files=tuple(waiting), size=size)
            waiting, size = [], 0
        cut = Big.opened(one.path, one.size, options)
        if cut is None:
            yield _Task(alone=one, size=one.size)
            continue
        done = 0
        for piece in cut.pieces():
            yield _Task(piece=piece, big=cut, size=piece.end - piece.start)
            done += piece.end - piece.start
        yield _Task(big=cut, alone=one, size=max(0, one.size - done))
    if waiting:
        yield _Task(files=tuple(waiting), size=size)


def _in_order(
    tasks: Iterator[_Task], options: Options, jobs: int
) -> Iterator[tuple[_Task, list[Judged] | PieceResult | None]]:
    """Each task with its result, in order; a few are worked on ahead."""
    if jobs == 1:
        for task in tasks:
            idle = not task.files and task.piece is None
            yield task, None if idle else _work(task.files, task.piece, options)
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_quiet) as pool:
        line: deque[tuple[_Task, Future[list[Judged] | PieceResult] | None]] = deque()
        try:
            for task in tasks:
                idle = not task.files and task.piece is None
                future = None if idle else pool.submit(_work, task.files, task.piece, options)
                line.append((task, future))
                if len(line) > AHEAD * jobs:
                    first, done = line.popleft()
                    yield first, done.result() if done else None
            while line:
                first, done = line.popleft()
                yield first, done.result() if done else None
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _quiet() -> None:
    """A worker leaves Ctrl-C to its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class _Joined:
    """Puts results together, file by file."""

    def __init__(self, options: Options, screen: Screen) -> None:
        self.options = options
        self.screen = screen
        self._spools: tuple[Spool, Spool] | None = None
        self._known = 0
        self._saved: tuple[Any, Any] = (None, None)

    def take(self, task: _Task, result: list[Judged] | PieceResult | None) -> Iterator[CheckedFile]:
        """The files that are complete with this result."""
        if isinstance(result, list):
            for judged in result:
                yield self._small(judged)
        elif isinstance(result, PieceResult):
            assert task.big is not None
            self._piece(task.big, result)
        elif task.big is not None and not task.big.odd:
            yield self._end_of(task.big)
            self._close()
        elif task.alone is not None:
            if task.big is not None and self._spools is not None:
                self.screen.restore(self._saved)
                self._close()
            yield self._alone(task.alone)
            self._close()

    def _small(self, judged: Judged) -> CheckedFile:
        kept, taken, known = self.screen.screened(judged)
        file = judged.file
        if self.screen.suppressions is not None or self.screen.comparison is not None:
            file.findings, file.suppressed, file.known = Findings(kept), Findings(taken), known
        return file

    def _piece(self, big: Big, result: PieceResult) -> None:
        if self._spools is None:
            self._saved = self.screen.save()
            self._spools, self._known = (Spool(), Spool()), 0
        kept, taken, known = self.screen.screened(big.take(result))
        self._spools[0].add(kept)
        self._spools[1].add(taken)
        self._known += known

    def _end_of(self, big: Big) -> CheckedFile:
        judged, file = big.envelope()
        kept, taken, known = self.screen.screened(judged)
        self._spools = self._spools or (Spool(), Spool())
        file.findings = both(kept, self._spools[0])
        file.suppressed = both(taken, self._spools[1])
        file.known = known + self._known
        file.fix = "large" if self.options.fix else ""
        return file

    def _close(self) -> None:
        for spool in self._spools or ():
            spool.close()
        self._spools = None

    def _alone(self, one: Input) -> CheckedFile:
        """A huge file that could not be cut."""
        if whole(one.path, one.size):
            return self._small(check_path(one.path, self.options))
        count: Counter[str] = Counter()
        self._spools = found, out = Spool(), Spool()
        file = CheckedFile(path=one.path)
        own: tuple[list[Finding], list[Finding]] = ([], [])
        links: list[str | None] = []
        saved = self.screen.save()
        try:
            for judged in one_by_one(one.path, self.options, count):
                kept, taken, known = self.screen.screened(judged)
                file.known += known
                if judged.links:
                    found.add(kept)
                    out.add(taken)
                    if not file.edition:
                        file.edition = judged.file.edition
                        file.amended_by = judged.file.amended_by
                    if self.options.values:
                        links += judged.file.links
                else:
                    own = (kept, taken)
        except CodecError as error:
            self.screen.restore(saved)
            return _broken(one.path, error)
        file.encounters = count.pop("encounters", 0)
        file.tables = dict(sorted(count.items(), key=lambda kv: int(kv[0][3:])))
        file.signature, file.links = "unchecked", tuple(links)
        file.findings, file.suppressed = both(own[0], found), both(own[1], out)
        file.fix = "large" if self.options.fix else ""
        return file


def _broken(path: str, error: VnHealthError) -> CheckedFile:
    finding = Finding(error.code, Severity.ERROR, params=error.params)
    return CheckedFile(path=path, readable=False, findings=Findings([finding]))
