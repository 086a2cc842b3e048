"""What the stores of the sandbox cost as they grow: intake, questions and disk.

    python -m benchmarks.bench_stores [--stores sqlite postgresql] [--sizes 10000 30000 100000]

The whole curve goes up to a million encounters (``--sizes 10000 30000 100000 300000 1000000``, half
an hour and 12 GB of disk). Every encounter is a small file of its own, 5,000 to a day from 50
facilities; every 64th was sent again. At the largest size each index that no constraint needs is
taken away and put back, so that its use is seen. ``--update`` writes ``benchmarks/stores.json``.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.machine import machine
from benchmarks.postgres import cluster, tools
from vnhealth import synth
from vnhealth.localtime import ICT
from vnhealth.sandbox import PostgresStore, Record, SqliteStore, State, Submission, VirtualClock
from vnhealth.sandbox._check import check_file
from vnhealth.sandbox._ids import IdMaker
from vnhealth.sandbox._ledger import Intake, Ledger
from vnhealth.sandbox._persons import Persons, person_of
from vnhealth.sandbox._sql import INDEXES, SqlStore
from vnhealth.sandbox._store import Wanted

RESULTS = Path(__file__).parent / "stores.json"
SIZES = (10_000, 30_000, 100_000)
GATEWAY, KIND = "province", "claim"
A_DAY = 5_000
FACILITIES = tuple(f"{79000 + n}" for n in range(1, 51))
FIRST = dt.datetime(2025, 1, 1, 7, tzinfo=ICT)
LATE = FIRST + dt.timedelta(days=9999)
AGAIN = 64
"""Every so manieth encounter takes the place of the one before it."""
BATCH = 1000
"""Encounters to a commit of a bulk intake."""
GROUP = 32
"""Submissions that wait at the same moment and share a commit."""
FINDING = {
    "code": "BHYT-XML3-012",
    "severity": "error",
    "table": "XML3",
    "row": 0,
    "tag": "DON_GIA",
}
PERSONS = 30_000
"""Up to this size the persons are asked for: an index of them is made in memory first."""
SECONDS = 1.5
"""A question is asked over and over for so long, or 300 times."""


def bodies() -> list[bytes]:
    """Small files as a clinic sends them."""
    made = (synth.render([claim]) for claim in synth.generate(encounters=1000, seed=7))
    return sorted(made, key=len)[:100]


def key_of(number: int) -> str:
    """The MA_LK of an encounter."""
    return f"LK{number - (number % AGAIN == 0):012}"


def judged(number: int) -> bool:
    """One in a hundred waits for its verdict."""
    return number % 1000 < 990


def day_of(number: int) -> dt.date:
    """The day on which an encounter was received."""
    return (FIRST + dt.timedelta(days=number // A_DAY)).date()


class Filling:
    """Encounters by number: the same number is the same encounter in every store."""

    def __init__(self) -> None:
        self.bodies = bodies()
        self._ids = IdMaker(7)

    def submission(self, number: int) -> Submission:
        """One of the encounters."""
        second = number % A_DAY * 8
        received = FIRST + dt.timedelta(days=number // A_DAY, seconds=second)
        body = self.body(number)
        return Submission(
            number=number,
            gateway=GATEWAY,
            kind=KIND,
            edition="3176",
            facility=FACILITIES[number % len(FACILITIES)],
            username=FACILITIES[number % len(FACILITIES)],
            transaction=self._ids.tracking(GATEWAY, number),
            received=received,
            due=received + dt.timedelta(minutes=5) if judged(number) else LATE,
            digest=f"{number:064x}",
            size=len(body),
            settled=judged(number),
        )

    def body(self, number: int) -> bytes:
        """The bytes of an encounter."""
        return self.bodies[number % len(self.bodies)]

    def record(self, number: int) -> Record:
        """Nine of ten accepted; one that was sent again names the later one."""
        refused = number % 10 == 0
        state = State.REFUSED if refused else State.ACCEPTED
        again = (number + 1) % AGAIN == 0
        return Record(
            number,
            0,
            key_of(number),
            state if judged(number) else State.PENDING,
            number + 1 if again else None,
            findings=(FINDING, FINDING) if refused else (),
        )

    def items(self, first: int, last: int) -> Iterator[tuple[Submission, bytes, list[Record]]]:
        """Those from ``first`` up to, not including, ``last``."""
        for number in range(first, last):
            yield self.submission(number), self.body(number), [self.record(number)]

    def intake(self, number: int) -> Intake:
        """The same as it comes in at the door."""
        facility = FACILITIES[number % len(FACILITIES)]
        keys = (key_of(number),)
        return Intake(GATEWAY, KIND, "3176", facility, facility, self.body(number), keys)


def batched(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Lists of so many, the last one shorter."""
    waiting = iter(items)
    while part := list(islice(waiting, size)):
        yield part


class Subject:
    """One store, with what is asked of it.

    ``cpu`` gives the seconds of CPU that this process and the database have used so far: what a
    thing costs, whatever else the machine does.
    """

    def __init__(
        self,
        store: SqlStore,
        disk: Callable[[], dict[str, float]],
        cpu: Callable[[], float],
    ) -> None:
        self.store = store
        self.disk = disk
        self.cpu = cpu
        self.filling = Filling()
        self.count = 0
        self.clock = VirtualClock(FIRST)
        self.ledger = Ledger(
            store, self.clock, IdMaker(7), lambda *_: check_file, trust=None, signatures="off"
        )

    def timed(self, runs: Iterable[Callable[[], object]]) -> dict[str, float]:
        """Of so many runs: the median of the wall time and the mean of the CPU, in ms."""
        walls: list[float] = []
        cpu = 0.0
        end = time.perf_counter() + SECONDS
        for run in runs:
            begin, start = self.cpu(), time.perf_counter()
            run()
            walls.append(time.perf_counter() - start)
            cpu += self.cpu() - begin
            if time.perf_counter() > end:
                break
        found = {"wall": statistics.median(walls), "cpu": cpu / len(walls)}
        return {name: round(seconds * 1000, 4) for name, seconds in found.items()}

    def fill(self, upto: int) -> dict[str, float]:
        """Bring the store to this size; ms for each encounter."""
        walls: list[float] = []
        cpu, first = 0.0, self.count
        for part in batched(self.filling.items(first + 1, upto + 1), BATCH):
            begin, start = self.cpu(), time.perf_counter()
            self.store.add_many(part)
            walls.append((time.perf_counter() - start) / len(part))
            cpu += self.cpu() - begin
        self.store.next_number("submission", upto - first)
        self.count = upto
        found = {"wall": statistics.median(walls), "cpu": cpu / (upto - first)}
        return {name: round(seconds * 1000, 4) for name, seconds in found.items()}

    def accepted(self, rounds: int, size: int) -> dict[str, float]:
        """Ms for each encounter when so many share a commit: what the server does for a group."""

        def group() -> None:
            with self.store.transaction():
                for intake in intakes:
                    self.ledger.accept(intake, dt.timedelta(minutes=5))

        def groups() -> Iterator[Callable[[], None]]:
            nonlocal intakes
            for _ in range(rounds):
                self.clock.jump(FIRST + dt.timedelta(days=self.count // A_DAY))
                intakes = [self.filling.intake(self.count + n) for n in range(1, size + 1)]
                self.count += size
                yield group

        intakes: list[Intake] = []
        return {name: round(ms / size, 4) for name, ms in self.timed(groups()).items()}

    def questions(self) -> dict[str, Callable[[random.Random], object]]:
        """By name: one of the kind with arguments of its own each time."""
        store, last = self.store, self.count

        def place(dice: random.Random) -> tuple[int, str, dt.date]:
            number = dice.randrange(1, last)
            return number, FACILITIES[number % len(FACILITIES)], day_of(number)

        def by_key(dice: random.Random) -> object:
            number, facility, _ = place(dice)
            return store.current(GATEWAY, facility, KIND, key_of(number))

        def by_transaction(dice: random.Random) -> object:
            return store.submission(GATEWAY, self.filling._ids.tracking(GATEWAY, place(dice)[0]))

        def day_of_facility(dice: random.Random) -> object:
            _, facility, day = place(dice)
            return list(store.listing(GATEWAY, facility, day, day))

        def page(dice: random.Random) -> object:
            day = place(dice)[2]
            return store.page(GATEWAY, "79", day, day, Wanted((KIND,)), offset=2_000, limit=100)

        def latest(dice: random.Random) -> object:
            return store.latest(GATEWAY, 100)

        def reconcile(dice: random.Random) -> object:
            day = place(dice)[2]
            return store.counts(GATEWAY, "", day, day)

        def reconcile_all(dice: random.Random) -> object:
            return store.counts(GATEWAY, "", day_of(0), day_of(last))

        def due(dice: random.Random) -> object:
            return store.due(LATE, 200, "", "")

        def due_of_facility(dice: random.Random) -> object:
            at = LATE
            return store.due(at, 200, GATEWAY, place(dice)[1])

        def opaque(dice: random.Random) -> object:
            at = LATE
            return store.due(at, 200, GATEWAY, place(dice)[1], opaque=True)

        return {
            "by_key": by_key,
            "by_transaction": by_transaction,
            "day_of_facility": day_of_facility,
            "page_of_day": page,
            "latest": latest,
            "reconcile_day": reconcile,
            "reconcile_all": reconcile_all,
            "due": due,
            "due_of_facility": due_of_facility,
            "opaque": opaque,
        }

    def asked(self) -> dict[str, dict[str, float]]:
        """Each question with arguments of its own each time."""
        found = {}
        for name, ask in self.questions().items():
            dice = random.Random(name)
            ask(dice)
            found[name] = self.timed(partial(ask, dice) for _ in range(300))
        return found

    def intake(self) -> dict[str, dict[str, float]]:
        """One after the other, each with a commit of its own or so many with one."""
        return {"grouped": self.accepted(60, GROUP), "alone": self.accepted(300, 1)}

    def at(self, size: int) -> dict[str, Any]:
        """The whole line of the curve at a size."""
        bulk = self.fill(size)
        self.store.make_ready()
        disk = self.disk()
        persons = self.persons() if size <= PERSONS else {}
        return {
            "encounters": size,
            "intake": {"bulk": bulk, **self.intake()},
            "asked": {**self.asked(), **persons},
            "bytes": {name: round(bytes / size, 1) for name, bytes in disk.items()},
        }

    def persons(self) -> dict[str, dict[str, float]]:
        """Who somebody is: the first question reads all that is stored, the next ones do not."""
        found = Persons(self.store, GATEWAY)
        (claim,) = synth.generate(encounters=1, seed=7)
        ask = partial(found.who_is, person_of(claim.xml1), self.clock.now())
        first = self.timed([ask])
        return {
            "person_first": {name: round(ms / self.count, 4) for name, ms in first.items()},
            "person": self.timed([ask] * 300),
        }

    def without(self, index: str) -> dict[str, Any]:
        """Intake and questions while an index is away; the others are made again after it."""
        self.store._db.execute(f"DROP INDEX {index}")
        found = self._index_line()
        start = time.perf_counter()
        self.store._db.execute(f"CREATE INDEX {index} ON {INDEXES[index]}")
        found["made_again_s"] = round(time.perf_counter() - start, 1)
        self.store.make_ready()
        return found

    def _index_line(self) -> dict[str, Any]:
        return {
            "intake": {"bulk": self.fill(self.count + 10_000), **self.intake()},
            "asked": self.asked(),
        }

    def indexes(self) -> dict[str, Any]:
        """With all of them, then without each."""
        return {"all": self._index_line(), **{name: self.without(name) for name in INDEXES}}


def sqlite(folder: Path) -> Subject:
    path = folder / "state.db"
    store = SqliteStore(path)

    def disk() -> dict[str, float]:
        store._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        sizes = dict(store._db.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name"))
        sizes["all"] = path.stat().st_size
        return sizes

    return Subject(store, disk, time.process_time)


def postgresql(url: str) -> Subject:
    store = PostgresStore(url)

    def disk() -> dict[str, float]:
        rows = store._db.execute(
            "SELECT c.relname, CASE WHEN relkind = 'r' THEN pg_table_size(c.oid)"
            " ELSE pg_relation_size(c.oid) END FROM pg_class c JOIN pg_namespace n"
            " ON n.oid = c.relnamespace WHERE n.nspname = current_schema() AND relkind IN ('r', 'i')"
        )
        sizes = {str(name): int(size) for name, size in rows}
        return {**sizes, "all": sum(sizes.values())}

    (backend,) = store._db.execute("SELECT pg_backend_pid()").fetchone()
    ticks = os.sysconf("SC_CLK_TCK")

    def cpu() -> float:
        fields = Path(f"/proc/{backend}/stat").read_text().rpartition(")")[2].split()
        return time.process_time() + (int(fields[11]) + int(fields[12])) / ticks

    return Subject(store, disk, cpu)


def curve(name: str, sizes: list[int], folder: Path | None) -> dict[str, Any]:
    """All lines of the curve of one kind of store, and its indexes at the largest size."""
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=folder)))
        place.chmod(0o755)
        if name == "sqlite":
            subject = sqlite(place)
        else:
            subject = postgresql(stack.enter_context(cluster(place / "pg")))
        stack.callback(subject.store.close)
        lines = []
        for size in sizes:
            lines.append(subject.at(size))
            print(json.dumps({name: lines[-1]}), file=sys.stderr)
        return {"curve": lines, "indexes": subject.indexes()}


def show(name: str, found: dict[str, Any]) -> None:
    """A table of the curve, and one of the indexes: ms of CPU, and of the wall in brackets."""
    curve = {f"{line['encounters']:,}": line for line in found["curve"]}
    indexes = {f"no {i}" if i != "all" else i: line for i, line in found["indexes"].items()}
    for title, lines in ((name, curve), (f"{name} at the largest size", indexes)):
        table = Table("", *lines, title=title, box=None, padding=(0, 2, 0, 0))
        first = next(iter(lines.values()))
        for group in ("intake", "asked"):
            for key in first[group]:
                cells = (line[group].get(key) for line in lines.values())
                table.add_row(
                    key, *(f"{c['cpu']:.3f} ({c['wall']:.3f})" if c else "" for c in cells)
                )
        if title == name:
            table.add_row("bytes", *(f"{line['bytes']['all']:,.0f}" for line in lines.values()))
        Console(width=150).print(table)


def main() -> None:
    """Measure, print a table for each store, and write the figures with ``--update``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_stores", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    there = ["sqlite", *(["postgresql"] if tools() else [])]
    parser.add_argument("--stores", nargs="+", default=there, choices=["sqlite", "postgresql"])
    parser.add_argument("--folder", type=Path, help="where the databases stand while it runs")
    parser.add_argument("--update", action="store_true", help="write stores.json")
    o = parser.parse_args()
    held = json.loads(RESULTS.read_text("utf-8")) if o.update and RESULTS.is_file() else {}
    held["machine"] = machine("small files of vnhealth.synth")
    for name in o.stores:
        held[name] = curve(name, o.sizes, o.folder)
        show(name, held[name])
        if o.update:
            RESULTS.write_text(json.dumps(held, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
