"""Event lines: how a program of its own follows the clock of the sandbox.

One JSON object a line. The program writes to its standard output, the kit to its standard input::

    program  {"event": "hello", "clock": "sandbox", "tasks": ["checkin", "claim", "settle"]}
    kit      {"event": "time", "now": "2026-08-03T18:00:00+07:00"}
    program  {"event": "sleep", "seconds": 300}
    kit      {"event": "time", "now": "2026-08-03T18:05:00+07:00"}

The hello is the first line. ``tasks`` are those that the program does (all of them unless given);
``clock`` says that its waiting is done by sleep lines. Each of the two is answered by the time.
Lines that are no event are left alone.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

from vnhealth.localtime import ICT
from vnhealth.sandbox import VirtualClock

__all__ = ["Hello", "Lines", "hello_of"]

LONGEST_S = 31 * 24 * 3600.0
MAX_LINE = 65536
DRAINED_S = 5.0


@dataclass(frozen=True, slots=True)
class Hello:
    """What a program says of itself. ``tasks`` is empty when it does not tell."""

    follows: bool = False
    tasks: frozenset[str] = frozenset()


def _event(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def hello_of(told: bytes) -> Hello:
    """The hello among the lines that a program wrote.

    >>> hello_of(b'{"event": "hello", "clock": "sandbox"}').follows, hello_of(b"ready").follows
    (True, False)
    """
    for line in told.splitlines():
        found = _event(line)
        if found.get("event") == "hello":
            tasks = found.get("tasks")
            known = frozenset(map(str, tasks)) if isinstance(tasks, list) else frozenset()
            return Hello(found.get("clock") == "sandbox", known)
    return Hello()


class Lines:
    """Moves the clock of a sandbox as far as a program wants to sleep, and tells it the time."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock

    @contextmanager
    def follow(self, process: subprocess.Popen[bytes]) -> Iterator[None]:
        """Answer the event lines of a process that was started with pipes, until it ends."""
        assert process.stdout is not None
        assert process.stdin is not None
        talk = threading.Thread(target=self._talk, args=(process.stdout, process.stdin))
        talk.daemon = True
        talk.start()
        yield
        talk.join(DRAINED_S)

    def _talk(self, told: IO[bytes], tell: IO[bytes]) -> None:
        with contextlib.suppress(OSError, ValueError):
            while line := told.readline(MAX_LINE):
                self._answer(_event(line), tell)

    def _answer(self, event: dict[str, Any], tell: IO[bytes]) -> None:
        if event.get("event") not in ("hello", "sleep"):
            return
        seconds = event.get("seconds", 0)
        if isinstance(seconds, int | float) and 0 < seconds <= LONGEST_S:
            self._clock.advance(seconds=float(seconds))
        now = self._clock.now().astimezone(ICT).isoformat(timespec="seconds")
        tell.write(json.dumps({"event": "time", "now": now}).encode() + b"\n")
        tell.flush()
