"""What is put to the test: a client in this process, or a command that speaks to a server."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast

from vnhealth.conformance._keys import Pki
from vnhealth.conformance._line import Killed, Tap
from vnhealth.conformance._stage import Staged
from vnhealth.conformance.clients import Workplace
from vnhealth.conformance.evidence import schema, violations
from vnhealth.errors import ConformanceError
from vnhealth.localtime import ICT
from vnhealth.sandbox import Clock, Exchange, VirtualClock
from vnhealth.sandbox.server import SystemClock, running
from vnhealth.sandbox.transport import SandboxTransport

__all__ = ["Client", "Command", "InProcess", "Results", "Subject", "work_order"]

MAX_LIVES = 6
COMMAND_TIMEOUT_S = 120.0


class Client(Protocol):
    """Anything that does a work order."""

    def run(self) -> None:
        """Do all tasks and write the results."""
        ...


@dataclass(slots=True)
class Results:
    """What a client says it did. ``broken`` says why there is nothing usable."""

    states: dict[str, str] = field(default_factory=dict)
    transactions: dict[str, str] = field(default_factory=dict)
    counts: list[dict[str, Any]] = field(default_factory=list)
    broken: str = ""
    text: str = field(default="", repr=False)

    @classmethod
    def of(cls, text: str | None) -> Results:
        """From the text of results.json."""
        if text is None:
            return cls(broken="no results")
        try:
            found = json.loads(text)
        except ValueError:
            return cls(broken="no JSON")
        wrong = next(violations(found, schema("results")), None)
        if wrong is not None:
            return cls(broken=wrong)
        states = {r["task"]: r["state"] for r in found["records"]}
        transactions = {r["task"]: r.get("transaction", "") for r in found["records"]}
        return cls(states, transactions, found.get("counts", []), text=text)


class Subject(Protocol):
    """Runs a staged scenario; the tap hears what it does."""

    kind: str

    def clock(self, start: dt.datetime) -> Clock:
        """The clock of the sandbox for a scenario that begins at ``start``."""
        ...

    def run(self, staged: Staged, exchange: Exchange, pki: Pki) -> tuple[Tap, Results]:
        """Start the client, again after each kill, until it ends by itself."""
        ...


def work_order(
    staged: Staged, exchange: Exchange, base_url: str, now: dt.datetime
) -> dict[str, Any]:
    """The work order as a client gets it."""
    gateways = {}
    wanted = list(staged.stage.gateways)
    wanted += ["national_deid"] if staged.stage.deid else []
    wanted += ["hanoi"] if staged.stage.axis else []
    for key in wanted:
        accounts = [
            exchange.credentials(code, key, base_url=base_url) for code in staged.stage.facilities
        ]
        gateways[key] = {
            "base_url": accounts[0].base_url,
            "accounts": [
                {"username": a.username, "password": a.password, "facility": a.facility}
                for a in accounts
            ],
        }
    return {
        "schema": "vnhealth-work-order/1",
        "now": now.astimezone(ICT).isoformat(timespec="seconds"),
        "gateways": gateways,
        "signing": {
            code: {"key": f"keys/{code}.key.pem", "certificate": f"keys/{code}.cert.pem"}
            for code in staged.stage.facilities
        },
        "tasks": list(staged.tasks),
    }


class InProcess:
    """A client of this process, in virtual time: no socket, no waiting."""

    def __init__(self, make: Callable[[Workplace], Client], kind: str = "self_test") -> None:
        self._make = make
        self.kind = kind

    def clock(self, start: dt.datetime) -> Clock:
        """Time that stands still until somebody sleeps."""
        return VirtualClock(start)

    def run(self, staged: Staged, exchange: Exchange, pki: Pki) -> tuple[Tap, Results]:
        """See `Subject`. A client that raises is dead like one that was killed, but for good."""
        tap = Tap(exchange, staged.stage.kills)
        clock = cast(VirtualClock, exchange.clock)
        skew = dt.timedelta(seconds=staged.stage.skew_s)
        order = work_order(staged, exchange, "http://sandbox.invalid", clock.now())
        disk: dict[str, str] = {}
        for life in range(1, MAX_LIVES + 1):
            tap.life = life
            place = Workplace(
                order=json.loads(json.dumps(order)),
                transport=SandboxTransport(cast(Exchange, tap)),
                clock=lambda: clock.now() + skew,
                sleep=lambda seconds: _slept(clock, seconds),
                disk=disk,
                signers=dict(pki.signers),
            )
            try:
                self._make(place).run()
            except Killed:
                continue
            except Exception as error:
                found = Results.of(disk.get("results.json"))
                found.broken = type(error).__name__
                return tap, found
            break
        return tap, Results.of(disk.get("results.json"))


def _slept(clock: VirtualClock, seconds: float) -> None:
    clock.advance(seconds=max(seconds, 0.0))


class Command:
    """A program in any language: ``command FOLDER`` with the work order in the folder.

    It reads ``work-order.json`` and the keys, does the tasks against the address given there, and
    writes ``results.json``. Its own notes may lie in the same folder: it is started again there
    after it was killed. Time is real.
    """

    kind = "vendor_client"

    def __init__(self, command: str, timeout_s: float = COMMAND_TIMEOUT_S) -> None:
        self._command = str(Path(command).resolve()) if os.sep in command else command
        self._timeout = timeout_s

    def clock(self, start: dt.datetime) -> Clock:
        """The start of the scenario, running on with the clock of the machine."""
        return VirtualClock(start, base=SystemClock())

    def run(self, staged: Staged, exchange: Exchange, pki: Pki) -> tuple[Tap, Results]:
        """See `Subject`. Raises `ConformanceError` (ERR-CERT-07) when it cannot be started."""
        alive: list[subprocess.Popen[bytes]] = []

        def kill() -> None:
            for process in alive:
                with contextlib.suppress(OSError):
                    os.killpg(process.pid, signal.SIGKILL)

        tap = Tap(exchange, staged.stage.kills, on_kill=kill)
        with tempfile.TemporaryDirectory(prefix="vnhealth-certify-") as name:
            folder = Path(name)
            with running(cast(Exchange, tap)) as base_url:
                order = work_order(staged, exchange, base_url, exchange.clock.now())
                _write_order(folder, order, pki)
                for life in range(1, MAX_LIVES + 1):
                    tap.life = life
                    done = self._live(folder, alive)
                    if done != -signal.SIGKILL:
                        break
            path = folder / "results.json"
            text = path.read_text("utf-8", "replace") if path.is_file() else None
        found = Results.of(text)
        if done != 0:
            found.broken = found.broken or f"exit {done}"
        return tap, found

    def _live(self, folder: Path, alive: list[subprocess.Popen[bytes]]) -> int:
        try:
            process = subprocess.Popen(
                [self._command, str(folder)],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            raise ConformanceError("ERR-CERT-07", what=type(error).__name__) from None
        alive[:] = [process]
        try:
            return process.wait(self._timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return 124
        finally:
            alive.clear()


def _write_order(folder: Path, order: dict[str, Any], pki: Pki) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509 import load_der_x509_certificate

    (folder / "keys").mkdir()
    for code in order["signing"]:
        (folder / "keys" / f"{code}.key.pem").write_bytes(pki.key_pem(code))
        certificate = load_der_x509_certificate(pki.certificates[code])
        pem = certificate.public_bytes(Encoding.PEM)
        (folder / "keys" / f"{code}.cert.pem").write_bytes(pem)
    text = json.dumps(order, ensure_ascii=False, indent=1)
    (folder / "work-order.json").write_text(text + "\n", "utf-8")
