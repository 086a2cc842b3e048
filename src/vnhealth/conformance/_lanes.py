"""The lanes of a night, each in a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from vnhealth.conformance._load import Lane, Make, lane_of, lanes_of, night_of
from vnhealth.errors import ConformanceError

__all__ = ["night_in_processes"]


def night_in_processes(
    make: Make,
    encounters: int,
    *,
    seed: int,
    leaves: Path | None = None,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """As `night_batch`, with the very same result; ``make`` must be found by its name.

    Raises `ConformanceError` (ERR-CERT-07) when a process dies.
    """
    context = get_context("spawn")
    ears: dict[Connection, int] = {}
    processes = []
    for index, lane in enumerate(lanes_of(encounters, seed, leaves)):
        ear, mouth = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(make, lane, mouth))
        process.start()
        mouth.close()
        ears[ear] = index
        processes.append(process)
    try:
        found = _collected(ears, progress or (lambda count: None))
    finally:
        for process in processes:
            process.terminate()
            process.join()
    return night_of([found[index] for index in sorted(found)])


def _work(make: Make, lane: Lane, mouth: Connection) -> None:
    mouth.send(lane_of(make, lane, mouth.send))


def _collected(
    ears: dict[Connection, int], progress: Callable[[int], None]
) -> dict[int, dict[str, Any]]:
    """What the lanes came to, by their place; counts go to ``progress`` as they come."""
    found: dict[int, dict[str, Any]] = {}
    while ears:
        for ear in wait(list(ears)):
            assert isinstance(ear, Connection)
            try:
                said = ear.recv()
            except EOFError:
                raise ConformanceError("ERR-CERT-07", what="EOFError") from None
            if isinstance(said, int):
                progress(said)
            else:
                found[ears.pop(ear)] = said
                ear.close()
    return found
