"""A night batch of any size in virtual time, in memory that does not grow with it."""

from __future__ import annotations

import datetime as dt
import hashlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from vnhealth.conformance._keys import pki
from vnhealth.conformance._play import FACILITIES
from vnhealth.conformance._stage import Stage, batch
from vnhealth.conformance._subject import Client, work_order
from vnhealth.conformance.clients import Workplace
from vnhealth.sandbox import (
    Exchange,
    Facility,
    Request,
    Response,
    Settings,
    SqliteStore,
    VirtualClock,
)
from vnhealth.sandbox.transport import SandboxTransport

__all__ = ["night_batch"]

CHUNK = 100
"""Encounters of one work order; the client keeps what it has to know of them, nobody else does."""
STAGE = Stage(start=dt.time(22, 0))
SECONDS_A_CALL = 0.4
"""Virtual time that a call takes: a gateway that is busy at the end of the month (assumption)."""


class _Line:
    """Carries requests, counts them, and folds them into one hash."""

    def __init__(self, exchange: Exchange) -> None:
        self.settings = exchange.settings
        self.clock = cast(VirtualClock, exchange.clock)
        self.calls = self.logins = self.size = 0
        self.chain = hashlib.sha256(b"vnhealth load").digest()
        self._exchange = exchange

    def handle(self, request: Request) -> Response:
        """One exchange."""
        self.clock.advance(seconds=SECONDS_A_CALL)
        response = self._exchange.handle(request)
        self.calls += 1
        self.logins += request.path.endswith("/token/take")
        self.size += len(request.body)
        both = hashlib.sha256(request.body).digest() + hashlib.sha256(response.body).digest()
        self.chain = hashlib.sha256(self.chain + both).digest()
        return response


def night_batch(
    make: Callable[[Workplace], Client],
    encounters: int,
    *,
    seed: int,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Send so many visits, check-in and claim each, and take their verdicts.

    What the gateway acknowledged lies in a file, so that memory stays flat. Gives the counts of the
    load section: files, bytes, calls, logins, virtual seconds, lost, doubled, open, balanced, and
    the last link of a hash chain over all exchanges.
    """
    with tempfile.TemporaryDirectory(prefix="vnhealth-load-") as folder:
        exchange = Exchange.default(
            seed,
            clock=VirtualClock(batch(STAGE, seed, 0, 0).start),
            store=SqliteStore(Path(folder) / "night.db"),
            facilities=[Facility(code) for code in FACILITIES],
            trust=pki(FACILITIES).trust,
            settings=Settings(verdict_delay=dt.timedelta(minutes=2)),
        )
        try:
            return _night(exchange, make, encounters, seed, progress)
        finally:
            exchange.close()


def _night(
    exchange: Exchange,
    make: Callable[[Workplace], Client],
    encounters: int,
    seed: int,
    progress: Callable[[int], None] | None,
) -> dict[str, Any]:
    line = _Line(exchange)
    started = line.clock.now()
    wanted = versions = 0
    for first in range(0, encounters, CHUNK):
        count = min(CHUNK, encounters - first)
        part = batch(STAGE, seed, first, count)
        keys = {(s.kind, s.ma_lk) for s in part.sends}
        wanted += len(keys)
        versions += len(part.sends)
        place = Workplace(
            order=work_order(part, exchange, "http://sandbox.invalid", line.clock.now()),
            transport=SandboxTransport(cast(Exchange, line)),
            clock=line.clock.now,
            sleep=lambda seconds: cast(None, line.clock.advance(seconds=max(seconds, 0.0))),
            disk={},
            signers=dict(pki(FACILITIES).signers),
        )
        make(place).run()
        if progress is not None:
            progress(count)
    rows = exchange.reconcile()
    return {
        "encounters": encounters,
        "files": sum(row.received for row in rows),
        "bytes": line.size,
        "calls": line.calls,
        "logins": line.logins,
        "virtual_seconds": int((line.clock.now() - started).total_seconds()),
        "lost": max(wanted - sum(row.sent for row in rows), 0),
        "doubled": max(sum(row.replaced for row in rows) - (versions - wanted), 0),
        "open": sum(row.pending for row in rows),
        "refused": sum(row.refused for row in rows),
        "balanced": all(row.balanced for row in rows),
        "chain": line.chain.hex(),
    }
