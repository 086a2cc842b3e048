"""A program of its own under test: started, killed, started again, and led through time."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import signal
import subprocess
import tempfile
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from vnhealth.conformance._events import Hello, Lines, hello_of
from vnhealth.conformance._keys import Pki
from vnhealth.conformance._line import Tap
from vnhealth.conformance._model import Reason, Scenario
from vnhealth.conformance._stage import Staged
from vnhealth.conformance._subject import MAX_LIVES, Results, work_order
from vnhealth.errors import ConformanceError
from vnhealth.sandbox import Clock, Exchange, VirtualClock
from vnhealth.sandbox.server import SystemClock, running

__all__ = ["Command", "key_files"]

TIMEOUT_S = 120.0
HELLO_S = 20.0
KILLED = -signal.SIGKILL
GIVEN_UP = 124

OWN_CLOCK = Reason(
    "Bài này cần thời gian ảo, mà phần mềm không theo đồng hồ của môi trường thử (không có dòng "
    "hello với clock = sandbox)",
    "It needs virtual time, and the client does not follow the clock of the sandbox (no hello line "
    "with clock = sandbox)",
)


class Command:
    """A program in any language: ``command FOLDER`` with the work order in the folder.

    It reads ``work-order.json`` and the keys, does the tasks against the address given there, and
    writes ``results.json``. Its own notes may lie in the same folder: it is started again there
    after it was killed. Time is real, unless the program says on its standard output that it
    follows the clock of the sandbox (see `vnhealth.conformance._events`): then time is virtual.
    """

    kind = "vendor_client"

    def __init__(self, command: str, timeout_s: float = TIMEOUT_S) -> None:
        self._command = str(Path(command).resolve()) if os.sep in command else command
        self._timeout = timeout_s

    @cached_property
    def hello(self) -> Hello:
        """What the program says of itself, asked once with an order that holds no task.

        Raises `ConformanceError` (ERR-CERT-07) when it cannot be started.
        """
        with tempfile.TemporaryDirectory(prefix="vnhealth-certify-") as name:
            account = {"username": "", "password": "", "facility": ""}
            empty = {
                "schema": "vnhealth-work-order/1",
                "now": SystemClock().now().isoformat(timespec="seconds"),
                "gateways": {"vss": {"base_url": "http://sandbox.invalid", "accounts": [account]}},
                "signing": {},
                "tasks": [],
            }
            (Path(name) / "work-order.json").write_text(json.dumps(empty), "utf-8")
            process = self._started(Path(name))
            try:
                told, _ = process.communicate(b"", timeout=min(HELLO_S, self._timeout))
            except subprocess.TimeoutExpired:
                _kill(process)
                told, _ = process.communicate()
        return hello_of(told)

    @property
    def real_time(self) -> bool:
        """False when the program follows the clock of the sandbox."""
        return not self.hello.follows

    def cannot(self, scenario: Scenario, staged: Staged) -> Reason | None:
        """Virtual time for a program with a clock of its own, and tasks it says it does not do."""
        if scenario.virtual and self.real_time:
            return OWN_CLOCK
        wanted = {task["task"] for task in staged.tasks}
        missing = sorted(wanted - self.hello.tasks) if self.hello.tasks else []
        if not missing:
            return None
        names = ", ".join(missing)
        return Reason(
            f"Phần mềm không khai việc này trong dòng hello: {names}",
            f"The client does not name this task in its hello line: {names}",
        )

    def clock(self, start: dt.datetime) -> Clock:
        """The start of the scenario; it runs on with the clock of the machine in real time."""
        return VirtualClock(start, base=SystemClock()) if self.real_time else VirtualClock(start)

    def run(self, staged: Staged, exchange: Exchange, pki: Pki) -> tuple[Tap, Results]:
        """See `Subject`. Raises `ConformanceError` (ERR-CERT-07) when it cannot be started."""
        alive: list[subprocess.Popen[bytes]] = []

        def kill() -> None:
            for process in alive:
                _kill(process)

        tap = Tap(exchange, staged.stage.kills, on_kill=kill)
        lines = None if self.real_time else Lines(cast(VirtualClock, exchange.clock))
        with tempfile.TemporaryDirectory(prefix="vnhealth-certify-") as name:
            folder = Path(name)
            with running(cast(Exchange, tap)) as base_url:
                order = work_order(staged, exchange, base_url, exchange.clock.now())
                _write_order(folder, order, pki)
                for life in range(1, MAX_LIVES + 1):
                    tap.life = life
                    done = self._live(folder, alive, lines)
                    if done != KILLED:
                        break
            path = folder / "results.json"
            text = path.read_text("utf-8", "replace") if path.is_file() else None
        found = Results.of(text)
        if done != 0:
            found.broken = found.broken or f"exit {done}"
        return tap, found

    def _live(self, folder: Path, alive: list[subprocess.Popen[bytes]], lines: Lines | None) -> int:
        process = self._started(folder, quiet=lines is None)
        alive[:] = [process]
        talk = lines.follow(process) if lines else contextlib.nullcontext()
        with process, talk:
            try:
                return process.wait(self._timeout)
            except subprocess.TimeoutExpired:
                _kill(process)
                process.wait()
                return GIVEN_UP
            finally:
                alive.clear()

    def _started(self, folder: Path, *, quiet: bool = False) -> subprocess.Popen[bytes]:
        pipe = subprocess.DEVNULL if quiet else subprocess.PIPE
        try:
            return subprocess.Popen(
                [self._command, str(folder)],
                cwd=folder,
                stdin=pipe,
                stdout=pipe,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                bufsize=0,
            )
        except OSError as error:
            raise ConformanceError("ERR-CERT-07", what=type(error).__name__) from None


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)


def key_files(order: dict[str, Any], pki: Pki) -> dict[str, bytes]:
    """The PEM files that a work order names, by their path in its folder."""
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509 import load_der_x509_certificate

    found = {}
    for code, names in order["signing"].items():
        certificate = load_der_x509_certificate(pki.certificates[code])
        found[names["key"]] = pki.key_pem(code)
        found[names["certificate"]] = certificate.public_bytes(Encoding.PEM)
    return found


def _write_order(folder: Path, order: dict[str, Any], pki: Pki) -> None:
    (folder / "keys").mkdir()
    for name, content in key_files(order, pki).items():
        (folder / name).write_bytes(content)
    text = json.dumps(order, ensure_ascii=False, indent=1)
    (folder / "work-order.json").write_text(text + "\n", "utf-8")
