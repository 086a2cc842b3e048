"""Whole archives: what a second process gains, and what memory does when files grow."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.corpus import Corpus
from benchmarks.harness import Figure, figure

Tick = Callable[[], None]

TABLES = """
import os, sys
from vnhealth import pipelines

if __name__ == "__main__":
    tables = pipelines.arrow(sys.argv[1], workers=int(sys.argv[2]))
    count = sum(found["XML1"].num_rows for found in tables)
    times = os.times()
    own, others = times.user + times.system, times.children_user + times.children_system
    print(count, max(own, others / int(sys.argv[2])))
"""
"""Prints the CPU seconds of the busiest process: what it would take were a core free for each."""

PEAK = """
import pathlib, resource, sys
from vnhealth import deid, pipelines
from vnhealth.codecs import iter_claims
source, work, folder = sys.argv[1:4]
if work == "read":
    count = sum(1 for _ in iter_claims(source))
else:
    def key():
        return deid.Key.from_bytes(bytes(range(32)))
    more = {"convert": {"to": "3176"}, "deid": {"key": key}}.get(work, {})
    count = getattr(pipelines, work)(source, folder, workers=1, **more).encounters
status = pathlib.Path("/proc/self/status")
if status.exists():
    print(count, status.read_text().partition("VmHWM:")[2].split()[0])
else:
    print(count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
"""Linux: VmHWM, for in getrusage a process inherits the peak of the one that started it."""

KEPT = """
import gc, pathlib, sys
from vnhealth.codecs import iter_claims
from vnhealth.records import Claim

def resident():
    return int(pathlib.Path("/proc/self/status").read_text().partition("VmRSS:")[2].split()[0])

def claims():
    for claim in iter_claims(sys.argv[1]):
        yield claim if sys.argv[2] == "all" else Claim.from_tables(claim.family, claim.tables)

for _ in zip(range(200), claims()):
    pass
gc.collect()
before = resident()
held = list(claims())
gc.collect()
print(len(held), resident() - before)
"""


def write_archive(corpus: Corpus, count: int, path: Path) -> None:
    """One file of so many encounters, from the distinct ones over and over."""
    first = corpus.official[0]
    begin, end = first.index(b"<HOSO>"), first.index(b"</HOSO>") + len(b"</HOSO>")
    bodies = [data[data.index(b"<HOSO>") : data.index(b"</HOSO>") + 7] for data in corpus.official]
    with path.open("wb") as stream:
        stream.write(first[:begin])
        for i in range(count):
            stream.write(bodies[i % len(bodies)])
        stream.write(first[end:])


def numbers(code: str, *arguments: str) -> tuple[int, int]:
    """Two numbers that a program prints."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    first, second = map(int, done.stdout.split())
    return first, second


def processes(corpus: Corpus, rounds: int, tick: Tick) -> Iterator[Figure]:
    """The same file to Arrow tables by one and by two processes, their start included.

    Wall time hangs on what else the machine does, so it is shown but never gated.
    """
    count = 24_000 if rounds > 3 else 3_000
    wall: dict[int, list[float]] = {1: [], 2: []}
    busiest: dict[int, list[float]] = {1: [], 2: []}
    with tempfile.TemporaryDirectory() as folder:
        source, script = Path(folder) / "archive.xml", Path(folder) / "tables.py"
        script.write_text(TABLES)
        write_archive(corpus, count, source)
        for _ in range(min(rounds, 3)):
            for workers in (1, 2):
                command = [sys.executable, str(script), str(source), str(workers)]
                begin = time.perf_counter()
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                wall[workers].append(time.perf_counter() - begin)
                seen, seconds = done.stdout.split()
                assert int(seen) == count
                busiest[workers].append(float(seconds))
                tick()
    for name, seconds, what in (
        ("two_processes", wall, "wall time"),
        ("two_processes_cpu", busiest, "CPU time of the busiest process"),
    ):
        called = f"times faster than one process, {count} encounters to Arrow tables, {what}"
        found = figure(
            name, seconds[2], seconds[1], called=called, units=count, goal="≥ 1.8", inverse=True
        )
        yield replace(found, better="") if seconds is wall else found


def memory(corpus: Corpus, rounds: int, tick: Tick) -> Iterator[Figure]:
    """Peak memory when the file grows a hundredfold, and what one kept encounter takes.

    ``check`` reads a file below its range as one document, so it begins with one that is cut.
    """
    large = 100_000 if rounds > 3 else 20_000
    small = {"read": 1_000, "to_parquet": 1_000, "check": 2_000, "convert": 1_000, "deid": 1_000}
    peaks: dict[str, list[float]] = {name: [] for name in small}
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "archive.xml"
        for count in sorted({*small.values(), large}):
            write_archive(corpus, count, source)
            for work, found in peaks.items():
                if count not in (small[work], large):
                    continue
                seen, peak = numbers(PEAK, str(source), work, f"{folder}/{work}{count}")
                assert seen == count
                found.append(peak / 1024)
                tick()
            if count == 1_000 and Path("/proc/self/status").exists():
                for name, what, goal in (
                    ("kept_encounter_kb", "records", "≤ 50"),
                    ("kept_with_parts_kb", "all", ""),
                ):
                    seen, kept = numbers(KEPT, str(source), what)
                    called = f"KB for each of {seen} encounters kept: {what}"
                    called += ", with the bytes as received" if what == "all" else ""
                    yield Figure(name, kept / seen, called, 0.0, 0.0, goal)
    for work, found in peaks.items():
        name = "rss_growth_mb" if work == "read" else f"rss_growth_{work}_mb"
        called = f"MB from {small[work]:,} to {large:,} encounters, {work} (peak {found[1]:.0f} MB)"
        yield Figure(name, found[1] - found[0], called, 0.0, 0.0, "≤ 10")
