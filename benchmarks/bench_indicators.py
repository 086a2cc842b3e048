"""``python -m benchmarks.bench_indicators``: columns, facts and indicators; rows per second, memory.

Everything is invented, from a seed. Each stage is timed on its own (CPU time, one process, best of
some rounds); the last figures are of whole runs in processes of their own, so memory is theirs.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from vnhealth import deid, synth
from vnhealth.codecs import iter_claims, write
from vnhealth.deid import columns

WHOLE = """
import json, re, sys, time
from pathlib import Path
from vnhealth import indicators
start = time.perf_counter()
at = {}
def stage(name, done, total):
    at[name] = time.perf_counter() - start
report = indicators.compute(sys.argv[1], jobs=int(sys.argv[2]), progress=stage)
status = Path("/proc/self/status")
peak = re.search("VmHWM:[^0-9]*([0-9]+)", status.read_text()) if status.exists() else None
print(json.dumps({
    "rows": sum(report.rows.values()), "encounters": report.rows["encounter"],
    "read_s": at["read"], "compute_s": at["compute"] - at["read"],
    "indicators": len(report.results), "peak_mb": int(peak[1]) / 1024 if peak else 0,
}))
"""


def best(rounds: int, work: Callable[[], Any]) -> tuple[float, Any]:
    """The shortest time of some rounds, and the last result."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        found = work()
        times.append(time.process_time() - start)
    return min(times), found


def count(tables: dict[str, Any]) -> int:
    return sum(batch.num_rows for batch in tables.values())


def whole(folder: Path, jobs: int) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-c", WHOLE, str(folder), str(jobs)],
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encounters", type=int, default=600)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--copies", type=int, default=1, help="files of the large run, see --only")
    options = parser.parse_args()
    made = list(synth.generate(encounters=options.encounters, edition="3176", seed=options.seed))
    data = write(made, edition="3176", facility="01991", created=dt.date(2026, 3, 19))
    claims = list(iter_claims(data))
    rounds = options.rounds
    rows: dict[str, float] = {}
    seconds, tables = best(rounds, lambda: columns.to_arrow(claims))
    n = count(tables)
    rows["claims to typed columns"] = n / seconds
    seconds, _ = best(rounds, lambda: columns.to_arrow(iter_claims(data)))
    rows["XML to typed columns"] = n / seconds
    seconds, _ = best(rounds, lambda: columns.facts_of(tables))
    rows["columns to facts and quality counts"] = n / seconds
    key = deid.Key(bytes(range(32)))
    names = {"recipient": "r", "purpose": "p", "facility": "01901"}
    linked = deid.apply(claims, key=key, **names).data
    seconds, sets = best(rounds, lambda: list(columns.deid_arrow(linked)))
    rows["de-identified file to typed columns"] = sum(map(count, sets)) / seconds
    import pyarrow as pa

    batch = pa.RecordBatch.from_pydict({"content": pa.array([data], pa.binary())})
    step = columns.Deidentify(partial(deid.Key, bytes(range(32))), **names)
    seconds, _ = best(rounds, lambda: step(batch))
    rows["XML to pseudonymised encounters (step)"] = n / seconds
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)

        def store() -> None:
            with columns.DatasetWriter(place / "store") as writer:
                for batches in columns.iter_arrow(claims):
                    writer.write(batches)

        seconds, _ = best(rounds, store)
        rows["claims to partitioned Parquet"] = n / seconds
        sizes = sum(p.stat().st_size for p in (place / "store").rglob("*.parquet"))
        print(f"seed {options.seed}, {len(claims)} encounters, {n} rows, {len(data)} bytes of XML")
        for name, value in rows.items():
            print(f"{name:45} {value:12,.0f} rows/s")
        print(f"{'Parquet / XML':45} {sizes / len(data):12.3f}")
        for copies in (1, 4 * options.copies):
            many = place / f"x{copies}"
            many.mkdir()
            for i in range(copies):
                day = dt.date(2026, 3, 1) + dt.timedelta(days=i)
                claims_i = synth.generate(
                    encounters=options.encounters, edition="3176", seed=options.seed + i, day=day
                )
                made_i = write(list(claims_i), edition="3176", facility="01991", created=day)
                (many / f"{i}.xml").write_bytes(made_i)
            for jobs in (1, 2) if copies > 1 else (1,):
                found = whole(many, jobs)
                print(
                    f"whole run, {found['encounters']:.0f} encounters, {found['rows']:.0f} rows of "
                    f"facts, {jobs} process(es): read {found['read_s']:.1f} s, "
                    f"{found['indicators']:.0f} indicators {found['compute_s']:.1f} s, "
                    f"peak {found['peak_mb']:.0f} MB"
                )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
