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
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
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


def day_of(number: int) -> dt.date:
    """The day on which an encounter was received."""
    return (FIRST + dt.timedelta(days=number // A_DAY)).date()


class Filling:
    """Encounters by number: the same number is the same encounter in every store."""

    def __init__(self) -> None:
        self.bodies = bodies()
        self._ids = IdMaker(7)

    def submission(self, number: int) -> Submission:
        """One that was judged, but for those of the last hundred of each thousand."""
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
            due=received + dt.timedelta(minutes=5),
            digest=f"{number:064x}",
            size=len(body),
            settled=number % 1000 < 990,
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
            state if number % 1000 < 990 else State.PENDING,
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
    """One store, with what is asked of it."""

    def __init__(self, store: SqlStore, disk: Callable[[], dict[str, float]]) -> None:
        self.store = store
        self.disk = disk
        self.filling = Filling()
        self.count = 0
        self.clock = VirtualClock(FIRST)
        self.ledger = Ledger(
            store, self.clock, IdMaker(7), lambda *_: check_file, trust=None, signatures="off"
        )

    def fill(self, upto: int) -> float:
        """Bring the store to this size; encounters a second of the median commit."""
        times = []
        for part in batched(self.filling.items(self.count + 1, upto + 1), BATCH):
            start = time.perf_counter()
            self.store.add_many(part)
            times.append((time.perf_counter() - start) / len(part))
        self.store.next_number("submission", upto - self.count)
        self.count = upto
        return 1 / statistics.median(times)

    def accepted(self, rounds: int, size: int) -> float:
        """Encounters a second when so many share a commit: what the server does for each group."""
        times: list[float] = []
        end = time.perf_counter() + SECONDS
        while len(times) < rounds and (not times or time.perf_counter() < end):
            intakes = [self.filling.intake(self.count + n) for n in range(1, size + 1)]
            self.clock.jump(FIRST + dt.timedelta(days=self.count // A_DAY))
            start = time.perf_counter()
            with self.store.transaction():
                for intake in intakes:
                    self.ledger.accept(intake, dt.timedelta(minutes=5))
            times.append((time.perf_counter() - start) / size)
            self.count += size
        return 1 / statistics.median(times)

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
            return store.due(FIRST + dt.timedelta(days=9999), 200, "", "")

        def due_of_facility(dice: random.Random) -> object:
            at = FIRST + dt.timedelta(days=9999)
            return store.due(at, 200, GATEWAY, place(dice)[1])

        def opaque(dice: random.Random) -> object:
            at = FIRST + dt.timedelta(days=9999)
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

    def asked(self) -> dict[str, float]:
        """Milliseconds of each question: the median."""
        found = {}
        for name, ask in self.questions().items():
            dice, times = random.Random(name), []
            end = time.perf_counter() + SECONDS
            ask(dice)
            while len(times) < 300 and (not times or time.perf_counter() < end):
                start = time.perf_counter()
                ask(dice)
                times.append((time.perf_counter() - start) * 1000)
            found[name] = round(statistics.median(times), 4)
        return found

    def at(self, size: int) -> dict[str, Any]:
        """The whole line of the curve at a size."""
        bulk = self.fill(size)
        self.store.make_ready()
        disk = self.disk()
        persons = self.persons() if size <= PERSONS else None
        return {
            "encounters": size,
            "bulk_per_second": round(bulk),
            "grouped_per_second": round(self.accepted(40, GROUP)),
            "alone_per_second": round(self.accepted(200, 1)),
            "ms": self.asked(),
            "bytes_per_encounter": {n: round(v / size, 1) for n, v in disk.items()},
            "persons": persons,
        }

    def persons(self) -> dict[str, float]:
        """The first question after who somebody is reads what was stored; the next ones do not."""
        found = Persons(self.store, GATEWAY)
        (claim,) = synth.generate(encounters=1, seed=7)
        who, times = person_of(claim.xml1), []
        for _ in range(50):
            start = time.perf_counter()
            found.who_is(who)
            times.append(time.perf_counter() - start)
        return {
            "first_us_per_encounter": round(times[0] / self.count * 1e6, 1),
            "next_ms": round(statistics.median(times[1:]) * 1000, 3),
        }

    def without(self, index: str) -> dict[str, Any]:
        """Intake and questions while an index is away; the others are made again after it."""
        self.store._db.execute(f"DROP INDEX {index}")
        found = self._index_line()
        start = time.perf_counter()
        self.store._db.execute(f"CREATE INDEX {index} ON {INDEXES[index]}")
        found["made_again_s"] = round(time.perf_counter() - start, 1)
        return found

    def _index_line(self) -> dict[str, Any]:
        return {
            "bulk_per_second": round(self.fill(self.count + 10_000)),
            "grouped_per_second": round(self.accepted(40, GROUP)),
            "ms": self.asked(),
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

    return Subject(store, disk)


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

    return Subject(store, disk)


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
    """A table of the curve, and one of the indexes."""
    lines = found["curve"]
    table = Table(title=name, box=None, padding=(0, 2, 0, 0))
    table.add_column("")
    for line in lines:
        table.add_column(f"{line['encounters']:,}", justify="right")
    for key in ("bulk_per_second", "grouped_per_second", "alone_per_second"):
        table.add_row(key, *(f"{line[key]:,}" for line in lines))
    for key in lines[0]["ms"]:
        table.add_row(f"{key} (ms)", *(f"{line['ms'][key]:.3f}" for line in lines))
    table.add_row("KB", *(f"{line['bytes_per_encounter']['all'] / 1000:.2f}" for line in lines))
    console = Console(width=150)
    console.print(table)
    table = Table(title=f"{name}: without an index", box=None, padding=(0, 2, 0, 0))
    indexes = found["indexes"]
    table.add_column("")
    for index in indexes:
        table.add_column(index, justify="right")
    for key in ("bulk_per_second", "grouped_per_second"):
        table.add_row(key, *(f"{line[key]:,}" for line in indexes.values()))
    for key in lines[0]["ms"]:
        table.add_row(f"{key} (ms)", *(f"{line['ms'][key]:.3f}" for line in indexes.values()))
    console.print(table)


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
