"""Portions of work through a step, in this process or in several; results in their order.

Workers are started anew (``spawn``) and share nothing. They write files or give Arrow bytes back,
never claims: pickling claims costs more than a second process gains.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

from vnhealth.errors import VnHealthError
from vnhealth.pipelines._chunks import Trouble
from vnhealth.pipelines._files import sweep
from vnhealth.pipelines._journal import Journal, Outcome, job_of
from vnhealth.pipelines._ranges import Work, documents, portions

__all__ = ["RANGE", "Progress", "Report", "Step", "Take", "outcomes", "run", "workers_for"]

RANGE = 32 * 1024 * 1024
"""Bytes of a huge file that are one piece of work, and one part of the result."""

AHEAD = 2
"""Portions waiting per worker: enough to keep it busy, few enough to keep memory flat."""

MADE = 20_000
"""Objects that a worker makes between two looks for cycles. Records hold none, so Python's usual
700 cost a twentieth of the work and find nothing.
"""

Progress = Callable[[int, int], None]
"""Called with the bytes that are done and those there are."""


class Step(Protocol):
    """What is done with a portion. It is sent to each worker once, so it must be picklable."""

    kind: str

    @property
    def options(self) -> dict[str, Any]:
        """What tells this work from other work of its kind (JSON-ready, no secrets)."""
        ...

    def __call__(self, number: int, work: Work) -> Outcome:
        """Do portion ``number``; files it writes appear whole or not at all."""
        ...


class Take(Protocol):
    """Called with each portion, in order.

    ``base`` is the number of its first encounter in its file, ``old`` says that an earlier run did
    it. A portion counts as done once it was taken.
    """

    def __call__(self, number: int, work: Work, outcome: Outcome, base: int, *, old: bool) -> None:
        """Take the outcome of a portion."""
        ...


@dataclass(slots=True)
class Report:
    """What came of a job.

    ``encounters`` are those read, ``troubles`` the encounters and files that could not be worked
    on, ``resumed`` the portions that an earlier run had done.
    """

    encounters: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)
    portions: int = 0
    resumed: int = 0

    def add(self, outcome: Outcome, base: int) -> None:
        """Count the outcome of a portion."""
        self.portions += 1
        self.encounters += outcome.encounters
        self.troubles += [trouble.moved(base) for trouble in outcome.troubles]
        for name, count in outcome.rows.items():
            self.rows[name] = self.rows.get(name, 0) + count


def workers_for(wanted: int) -> int:
    """How many processes: as many as wanted, or (0) one for each core."""
    return wanted or os.cpu_count() or 1


def _nothing(number: int, work: Work, outcome: Outcome, base: int, *, old: bool) -> None:
    return None


def run(
    step: Step,
    source: str | os.PathLike[str],
    folder: Path,
    *,
    workers: int,
    size: int,
    progress: Progress | None,
    report: Report,
    take: Take = _nothing,
) -> None:
    """Do all portions of a source that the journal in ``folder`` does not say are done."""
    paths = documents(source)
    total = sum(path.stat().st_size for path in paths)
    journal = Journal(folder, job_of(step.kind, step.options, paths, size))
    sweep(folder)
    report.resumed = len(journal.done)
    passed = base = 0
    try:
        numbered = enumerate(portions(paths, size))
        older = zip(journal.done, numbered, strict=False)
        known = ((number, work, outcome) for outcome, (number, work) in older)
        for number, work, outcome in chain(known, outcomes(step, numbered, workers)):
            base = 0 if work[0].first else base
            old = number < report.resumed
            take(number, work, outcome, base, old=old)
            if not old:
                journal.add(outcome)
            report.add(outcome, base)
            base += outcome.encounters
            passed += sum(span.size for span in work)
            if progress is not None:
                progress(min(passed, total), total)
    finally:
        journal.close()


def outcomes(
    step: Step, numbered: Iterable[tuple[int, Work]], workers: int
) -> Iterator[tuple[int, Work, Outcome]]:
    """Each portion with what came of it, in order; a few are worked on ahead.

    Raises `VnHealthError` (ERR-PIPE-02) when a worker dies, and what a defect raises in a worker.
    """
    if workers <= 1:
        for number, work in numbered:
            yield number, work, step(number, work)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, initializer=_start, initargs=(step,))
    line: deque[tuple[int, Work, Future[Outcome]]] = deque()
    try:
        for number, work in numbered:
            line.append((number, work, pool.submit(_work, number, work)))
            if len(line) > AHEAD * workers:
                first, its, done = line.popleft()
                yield first, its, done.result()
        while line:
            first, its, done = line.popleft()
            yield first, its, done.result()
    except BrokenProcessPool:
        raise VnHealthError("ERR-PIPE-02") from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_held: list[Step] = []
"""In a worker: the step it was started with."""


def _start(step: Step) -> None:
    """A worker leaves Ctrl-C to its parent, and ends when its parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(MADE)
    _held.append(step)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(number: int, work: Work) -> Outcome:
    return _held[0](number, work)
