"""A night batch of any size in virtual time, in memory that does not grow with it.

The night has a lane for each of two facilities; both send at the same time. A lane depends on
nothing but its share and the seed, so it makes no difference whether the lanes run one after the
other or each in a process of its own.
"""

from __future__ import annotations

import datetime as dt
import gzip
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from vnhealth.conformance import evidence
from vnhealth.conformance._facts import leaf_of, salt_of
from vnhealth.conformance._keys import pki
from vnhealth.conformance._line import heard
from vnhealth.conformance._play import FACILITIES
from vnhealth.conformance._stage import Stage, batch
from vnhealth.conformance._subject import Client, work_order
from vnhealth.conformance.clients import Workplace
from vnhealth.conformance.evidence import MerkleStream
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

__all__ = ["Lane", "night_batch", "night_of"]

CHUNK = 100
"""Encounters of one work order; the client keeps what it has to know of them, nobody else does."""
STAGE = Stage(start=dt.time(22, 0))
SECONDS_A_CALL = 0.4
"""Virtual time that a call takes: a gateway that is busy at the end of the month (assumption)."""
SUMS = ("encounters", "files", "bytes", "calls", "logins", "lost", "doubled", "open", "refused")
JOURNAL = 100
"""Entries of the journal that are kept: the leaves say more, and lie on the disk."""

Make = Callable[[Workplace], Client]
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Lane:
    """The share of one facility in a night. ``leaves`` is where the hashes go, None for nowhere."""

    facility: str
    encounters: int
    seed: int
    leaves: Path | None = None


class _Line:
    """Carries requests and streams a leaf for each to the disk; of all leaves it keeps a root."""

    def __init__(self, exchange: Exchange, lane: Lane, leaves: gzip.GzipFile | None) -> None:
        self.settings = exchange.settings
        self.clock = cast(VirtualClock, exchange.clock)
        self.logins = self.size = 0
        self.tree = MerkleStream()
        self._exchange = exchange
        self._salt = salt_of(f"night {lane.facility}", lane.seed)
        self._leaves = leaves

    def handle(self, request: Request) -> Response:
        """One exchange."""
        self.clock.advance(seconds=SECONDS_A_CALL)
        response = self._exchange.handle(request)
        found = heard(self._exchange, self.tree.count + 1, request, response)
        leaf = evidence.canonical(leaf_of(found, self._salt))
        self.tree.add(evidence.leaf_hash(leaf))
        if self._leaves is not None:
            self._leaves.write(leaf + b"\n")
        self.logins += found.call == "login"
        self.size += len(request.body)
        return response


def night_batch(
    make: Make,
    encounters: int,
    *,
    seed: int,
    leaves: Path | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Send so many visits, check-in and claim each, and take their verdicts.

    What the gateway acknowledged lies in a file, and with ``leaves`` (a folder) the hashes of every
    exchange do too (``night-<facility>.jsonl.gz``), so that memory stays flat. Gives the load
    section of the evidence: see `night_of`.
    """
    lanes = lanes_of(encounters, seed, leaves)
    return night_of([lane_of(make, lane, progress or _nothing) for lane in lanes])


def _nothing(count: int) -> None:
    return None


def lanes_of(encounters: int, seed: int, leaves: Path | None) -> list[Lane]:
    """The shares of the facilities, as even as can be."""
    share, rest = divmod(encounters, len(FACILITIES))
    return [
        Lane(
            facility,
            share + (index < rest),
            seed,
            None if leaves is None else leaves / f"night-{facility}.jsonl.gz",
        )
        for index, facility in enumerate(FACILITIES)
    ]


def night_of(lanes: list[dict[str, Any]]) -> dict[str, Any]:
    """The load section over its lanes.

    Counts (encounters, files, bytes, calls, logins, lost, doubled, open, refused), virtual seconds
    of the longest lane, whether all books balance, ``lanes`` with the count and the Merkle root of
    the exchanges of each, and the ``root`` over those.
    """
    heads = [{"id": lane["id"], "count": lane["calls"], "root": lane["root"]} for lane in lanes]
    return {
        **{name: sum(lane[name] for lane in lanes) for name in SUMS},
        "virtual_seconds": max(lane["virtual_seconds"] for lane in lanes),
        "balanced": all(lane["balanced"] for lane in lanes),
        "lanes": heads,
        "root": evidence.traffic_root(heads),
    }


def lane_of(make: Make, lane: Lane, progress: Progress) -> dict[str, Any]:
    """One lane from its first visit to its last verdict."""
    with (
        tempfile.TemporaryDirectory(prefix="vnhealth-load-") as folder,
        _written(lane.leaves) as leaves,
    ):
        stage = replace(STAGE, facilities=(lane.facility,))
        exchange = Exchange.default(
            lane.seed,
            clock=VirtualClock(batch(stage, lane.seed, 0, 0).start),
            store=SqliteStore(Path(folder) / "night.db"),
            facilities=[Facility(lane.facility)],
            trust=pki(FACILITIES).trust,
            settings=Settings(verdict_delay=dt.timedelta(minutes=2), journal_size=JOURNAL),
        )
        try:
            return _night(_Line(exchange, lane, leaves), exchange, make, lane, stage, progress)
        finally:
            exchange.close()


@contextmanager
def _written(path: Path | None) -> Iterator[gzip.GzipFile | None]:
    """The file of leaves: the same bytes for the same leaves, whenever it is made."""
    if path is None:
        yield None
        return
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 1, raw, mtime=0) as packed:
        yield packed


def _night(
    line: _Line, exchange: Exchange, make: Make, lane: Lane, stage: Stage, progress: Progress
) -> dict[str, Any]:
    started = line.clock.now()
    wanted = versions = 0
    for first in range(0, lane.encounters, CHUNK):
        count = min(CHUNK, lane.encounters - first)
        part = batch(stage, lane.seed, first, count)
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
        with exchange.store.transaction():
            make(place).run()
        progress(count)
    rows = exchange.reconcile()
    return {
        "id": lane.facility,
        "encounters": lane.encounters,
        "files": sum(row.received for row in rows),
        "bytes": line.size,
        "calls": line.tree.count,
        "logins": line.logins,
        "virtual_seconds": int((line.clock.now() - started).total_seconds()),
        "lost": max(wanted - sum(row.sent for row in rows), 0),
        "doubled": max(sum(row.replaced for row in rows) - (versions - wanted), 0),
        "open": sum(row.pending for row in rows),
        "refused": sum(row.refused for row in rows),
        "balanced": all(row.balanced for row in rows),
        "root": line.tree.root().hex(),
    }
