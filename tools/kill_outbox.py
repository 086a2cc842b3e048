"""Kill sender and server at random points, in real processes, and count what was lost or doubled.

Two workers and a sandbox server with its state in SQLite run as processes of their own; at each
point one of them (or the server and a worker together) gets SIGKILL at a random moment and is
started again. In the end everything may settle, and the books are compared:

* lost in the outbox: ``add`` returned, but the record is not there;
* lost at the gateway: the outbox holds a receipt, but the server's books do not hold the file;
* doubled: the server acknowledged the same bytes more than once (the insurance gateway recognises
  no repetition, so each would count as new);
* unsettled: no verdict in the end.

    python tools/kill_outbox.py --points 500 --database sqlite
    python tools/kill_outbox.py --points 500 --database postgresql     # binaries of PostgreSQL 15

Prints one JSON object; exit status 1 when anything was lost, doubled or left unsettled.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import datetime as dt
import json
import logging
import multiprocessing
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from vnhealth.sandbox import Exchange, Settings, SqliteStore
from vnhealth.sandbox.server import serve
from vnhealth.sync import RetryPolicy, Timeouts, connect
from vnhealth.sync.outbox import ONE_TRY, Outbox, Policy, Worker

FACILITY = "01001"
SEED = 7
WORKERS = 2
LEASE_S = 3.0
PG_BIN = Path("/usr/lib/postgresql/15/bin")
POLICY = Policy(
    batch=20,
    lease=dt.timedelta(seconds=LEASE_S),
    visible_after=dt.timedelta(seconds=LEASE_S),
    send=RetryPolicy(first_wait_s=0.05, longest_wait_s=0.3),
    circuit=RetryPolicy(first_wait_s=0.1, longest_wait_s=0.3),
    look=RetryPolicy(first_wait_s=0.1, longest_wait_s=0.5),
)
"""The same machine as in production, with shorter pauses; calls still end long before the lease."""
TIMEOUTS = Timeouts(connect_s=0.5, total_s=1.0)

BAD = (
    "lost_in_outbox",
    "lost_at_gateway",
    "doubled",
    "unknown_to_outbox",
    "unsettled",
    "workers_crashed",
)
"""What has to be zero."""

processes = multiprocessing.get_context("fork")


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def claim(key: str) -> bytes:
    row = f"<TONG_HOP><MA_LK>{key}</MA_LK><STT>1</STT><MA_CSKCB>{FACILITY}</MA_CSKCB></TONG_HOP>"
    part = base64.b64encode(row.encode()).decode()
    return (
        f"<GIAMDINHHS><THONGTINDONVI><MACSKCB>{FACILITY}</MACSKCB></THONGTINDONVI><THONGTINHOSO>"
        "<SOLUONGHOSO>1</SOLUONGHOSO><DANHSACHHOSO><HOSO><FILEHOSO><LOAIHOSO>XML1</LOAIHOSO>"
        f"<NOIDUNGFILE>{part}</NOIDUNGFILE></FILEHOSO></HOSO></DANHSACHHOSO></THONGTINHOSO>"
        "<CHUKYDONVI/></GIAMDINHHS>"
    ).encode()


def run_server(state: str, port: int) -> None:
    settings = Settings(verdict_delay=dt.timedelta())
    serve(port=port, seed=SEED, state=state, settings=settings, echo=lambda _: None)


def run_worker(url: str, port: int, journal: str, name: str, produce: bool) -> None:
    """Put a record in, note it once ``add`` has returned, send; again and again."""
    account = Exchange.default(seed=SEED).credentials(
        FACILITY, "vss", base_url=f"http://127.0.0.1:{port}"
    )
    gateway = connect("vss", account, retry=ONE_TRY, timeouts=TIMEOUTS)
    box = Outbox(url, clock=now, policy=POLICY)
    worker = Worker(box, lambda destination, facility: gateway, name=name)
    with Path(journal).open("a", encoding="ascii") as notes:
        number = 0
        while True:
            if produce:
                number += 1
                key = f"{name}-{number}"
                box.add(claim(key), to=["vss"])
                notes.write(key + "\n")
                notes.flush()
            if not worker.run_once() and not produce:
                time.sleep(0.02)


def _free_port() -> int:
    """Below the range from which connections take theirs: nobody else gets it between restarts."""
    for port in random.Random(os.getpid()).sample(range(20_000, 30_000), 100):
        with socket.socket() as found, contextlib.suppress(OSError):
            found.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no free port")


class Scene:
    """The processes of a trial; ``keep_up`` starts those that are dead."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        self.state = folder / "cong.db"
        self.journal = folder / "da-nhan.txt"
        self.journal.touch()
        self.port = _free_port()
        self.server: multiprocessing.process.BaseProcess | None = None
        self.workers: list[multiprocessing.process.BaseProcess | None] = [None] * WORKERS
        self.started = 0
        self.crashed = 0

    def keep_up(self, *, produce: bool) -> None:
        if self.server is None or not self.server.is_alive():
            self.server = processes.Process(
                target=run_server, args=(str(self.state), self.port), daemon=True
            )
            self.server.start()
            self._await_server()
        for place, worker in enumerate(self.workers):
            if worker is None or not worker.is_alive():
                self.crashed += worker is not None and worker.exitcode != -signal.SIGKILL
                self.started += 1
                name = f"w{self.started}"
                args = (self.url, self.port, str(self.journal), name, produce)
                found = processes.Process(target=run_worker, args=args, daemon=True)
                found.start()
                self.workers[place] = found

    def _await_server(self) -> None:
        for _ in range(3000):
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", self.port), 1),
            ):
                return
            time.sleep(0.01)
        raise RuntimeError("the server does not come up")

    def await_work(self) -> None:
        """Wait for the first record, so that a loaded machine is not killed while it starts."""
        for _ in range(6000):
            if self.journal.stat().st_size:
                return
            time.sleep(0.01)
        raise RuntimeError("the workers put nothing in")

    def kill(self, *victims: multiprocessing.process.BaseProcess | None) -> None:
        for victim in victims:
            if victim is not None and victim.pid is not None and victim.is_alive():
                os.kill(victim.pid, signal.SIGKILL)
        for victim in victims:
            if victim is not None:
                victim.join()


def trial(
    points: int, url: str, folder: Path, *, seed: int, settle_s: float = 150.0
) -> dict[str, int]:
    """Kill ``points`` times, let everything settle, compare the books."""
    rng = random.Random(seed)
    scene = Scene(folder, url)
    kills: Counter[str] = Counter()
    try:
        scene.keep_up(produce=True)
        scene.await_work()
        for _ in range(points):
            scene.keep_up(produce=True)
            time.sleep(rng.uniform(0.02, 0.8))
            victim = rng.choice(["worker", "worker", "server", "both"])
            kills[victim] += 1
            one = rng.choice(scene.workers)
            chosen = {"worker": [one], "server": [scene.server], "both": [one, scene.server]}
            scene.kill(*chosen[victim])
        scene.kill(*scene.workers)
        scene.workers = [None] * WORKERS
        scene.keep_up(produce=False)
        _settle(url, settle_s)
    finally:
        scene.kill(*scene.workers, scene.server)
    return {"points": points, **{f"killed_{k}": n for k, n in kills.items()}, **_compare(scene)}


def _settle(url: str, limit_s: float) -> None:
    with Outbox(url, clock=now, policy=POLICY) as box:
        until = time.monotonic() + limit_s
        while time.monotonic() < until:
            open_ = [s for _, _, s in box.counts() if s not in ("accepted", "refused")]
            if not open_:
                return
            time.sleep(0.2)


def _compare(scene: Scene) -> dict[str, int]:
    with Outbox(scene.url, clock=now) as box:
        rows = box.deliveries()
    noted = set(scene.journal.read_text("ascii").split("\n")[:-1])
    store = SqliteStore(scene.state)
    arrived: Counter[str] = Counter()
    number = 0
    with contextlib.suppress(LookupError):
        while True:
            number += 1
            arrived[store.numbered(number).digest] += 1
    store.close()
    receipted = [row for row in rows if row["transaction"]]
    return {
        "added": len(rows),
        "lost_in_outbox": len(noted - {row["key"] for row in rows}),
        "acknowledged": len(receipted),
        "lost_at_gateway": sum(arrived[row["digest"]] == 0 for row in receipted),
        "doubled": sum(count - 1 for count in arrived.values()),
        "unknown_to_outbox": len(set(arrived) - {row["digest"] for row in rows}),
        "unsettled": sum(row["state"] not in ("accepted", "refused") for row in rows),
        "workers_crashed": scene.crashed,
        "sent_more_than_once": sum(row["attempts"] > 1 for row in rows),
    }


@contextlib.contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """A PostgreSQL cluster of its own in a folder, reachable by socket only; yields its URL."""
    user = "postgres" if os.getuid() == 0 else None
    data = folder / "pg"
    data.mkdir()
    if user is not None:
        for place in (folder, data):
            shutil.chown(place, user)

    def run(*command: str | Path) -> None:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": data}
        subprocess.run([str(word) for word in command], check=True, user=user, **quiet)

    run(PG_BIN / "initdb", "-D", data / "cluster", "-A", "trust", "-U", "postgres")
    options = f"-k {data} -c listen_addresses='' -c max_connections=50"
    control = (PG_BIN / "pg_ctl", "-D", data / "cluster")
    run(*control, "-w", "-o", options, "-l", data / "log", "start")
    try:
        yield f"postgresql+psycopg://postgres@/postgres?host={data}"
    finally:
        run(*control, "-m", "immediate", "stop")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--points", type=int, default=500)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as place, contextlib.ExitStack() as stack:
        folder = Path(place)
        folder.chmod(0o755)
        url = f"sqlite:///{folder / 'hop-thu.db'}"
        if chosen.database == "postgresql":
            if not PG_BIN.is_dir():
                print(json.dumps({"skipped": "no PostgreSQL 15 binaries"}))
                return 0
            url = stack.enter_context(postgresql(folder))
        begun = time.monotonic()
        found = trial(chosen.points, url, folder, seed=chosen.seed)
        print(
            json.dumps(
                {**found, "database": chosen.database, "seconds": round(time.monotonic() - begun)}
            )
        )
    return int(any(found[name] for name in BAD))


if __name__ == "__main__":
    sys.exit(main())
