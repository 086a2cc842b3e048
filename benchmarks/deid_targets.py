"""``python -m benchmarks.deid_targets``: the twelve figures asked of de-identification, in one table.

D1 to D12, each with what was measured, its 95 % interval where it is a share or a speed, what is
asked, and whether that is reached; all from one seed. Everything is invented, so the figures of
texts tell what to expect of texts like ours. The titles of a catalogue (D5) are judged when you
give them with ``--titles``. Some minutes; ``--quick`` takes less of everything.
The exit status is 1 when a figure is not reached.
"""

from __future__ import annotations

import argparse
import csv
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from benchmarks import bench_deid, token_collisions
from vnhealth import bhyt, deid, synth
from vnhealth.cli._deid_canaries import try_canaries
from vnhealth.cli._deid_trials import try_anchors, try_intruder
from vnhealth.deid.attacks import AttackReport, wilson
from vnhealth.deid.text import Scrubber
from vnhealth.deid.text._evaluation import Figure, Figures, evaluate
from vnhealth.deid.text._evaluation_ways import ADDRESS_WAYS
from vnhealth.deid.text._people import invent
from vnhealth.spec import Edition, edition_info, record_fields, tables

FULL_NAMES = ("exact", "upper case", "lower case", "decomposed", "no marks", "double blank")
YEARLESS = ("day and month", "ngày d/m", "ngày d-m", "ngày d tháng m")
TESTS = "tests/deid/test_deid_rows.py tests/deid/test_deid_mutation.py"

MEMORY = """
import pathlib, sys
from vnhealth import deid
key = deid.Key(bytes(range(32)))
deid.deidentify_file(sys.argv[1], sys.argv[2], key=key, recipient="r", purpose="p")
print(pathlib.Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""


@dataclass(frozen=True)
class Line:
    """One figure. ``reached`` is None where nothing is asked."""

    target: str
    what: str
    value: str
    interval: str
    asked: str
    reached: bool | None


def at_least(target: str, what: str, figure: Figure, least: float) -> Line:
    asked, reached = f">= {least:.1%}", figure.share >= least
    return Line(target, what, *shown(figure), asked, reached)


def shown(figure: Figure) -> tuple[str, str]:
    """A share and its interval."""
    low, high = figure.interval()
    return f"{figure.share:.2%} ({figure.hits}/{figure.total})", f"{low:.2%}-{high:.2%}"


def at_most(target: str, what: str, hits: int, total: int, most: float) -> Line:
    low, high = wilson(hits, total)
    share = hits / total
    value = f"{share:.2%} ({hits}/{total})"
    return Line(target, what, value, f"{low:.2%}-{high:.2%}", f"<= {most:.2%}", share <= most)


def plain(target: str, what: str, value: object, asked: str, reached: bool) -> Line:
    return Line(target, what, str(value), "", asked, reached)


def added(what: str, found: Figures, names: Iterable[str]) -> Figure:
    """Several figures as one."""
    parts = [found.figures[name] for name in names if name in found.figures]
    return Figure(what, sum(f.hits for f in parts), sum(f.total for f in parts))


def code_titles() -> list[str]:
    """The meanings of all code lists that come with the package: mostly words of law and offices."""
    folder = files("vnhealth.spec") / "data" / "codes"
    found: dict[str, None] = {}
    for path in sorted(folder.iterdir(), key=lambda p: p.name):
        for row in csv.DictReader(path.read_text("utf-8").splitlines()):
            found[row.get("meaning_vi") or ""] = None
    return [title for title in found if title]


def kept(titles: Iterable[str]) -> Figure:
    """The letters of titles that the scrubber leaves."""
    figure, scrubber = Figure("titles"), Scrubber()
    for title in titles:
        figure.total += len(title)
        figure.hits += len(title) - sum(s.end - s.start for s in scrubber.scrub(title).spans)
    return figure


def of_texts(seed: int, people: int, titles: Path | None) -> Iterator[Line]:
    """D1 to D5 and the speed of the scrubber."""
    found = evaluate(seed, people=people, clock=time.process_time)
    ways = [f for name, f in found.figures.items() if name.startswith("record names: ")]
    worst = min(ways, key=lambda f: f.share)
    full = added("full", found, [f"record names: {way}" for way in FULL_NAMES])
    yield at_least("D1", "known to the record, all ways", found.sum("record"), 0.995)
    yield at_least("D1", "names written in full", full, 0.999)
    yield at_least("D1", f"worst way ({worst.name.partition(': ')[2]})", worst, 0.98)
    for group in ("held-out", "notes"):
        yield at_least("D2", f"unknown names, {group}", found.sum(f"{group}: names"), 0.95)
        precision = found.sum(f"{group}: precision of names")
        yield at_least("D2", f"precision of names, {group}", precision, 0.90)
    dates = {name for name in found.figures if name.startswith("unknown dates: ")}
    short = {f"unknown dates: {way}" for way in YEARLESS}
    yield at_least("D3", "unknown ids and phones", found.sum("unknown numbers"), 0.995)
    noted = added("notes", found, ["notes: ids", "notes: phones", "held-out: ids"])
    yield at_least("D3", "ids and phones in notes", noted, 0.995)
    yield at_least("D3", "unknown full dates", added("full", found, dates - short), 0.99)
    yield at_least("D3", "unknown day and month", added("short", found, short), 0.95)
    yield at_least("D4", "unknown addresses", found.sum("unknown addresses"), 0.97)
    yield at_least("D4", "addresses in notes", found.sum("notes: addresses"), 0.97)
    yield at_least("D4", "addresses, touched at least", partly(seed, people), 0.995)
    for group in ("held-out", "notes"):
        figure = found.sum(f"{group}: other letters kept")
        yield at_least("D5", f"other letters kept, {group}", figure, 0.98)
    codes = kept(code_titles())
    yield Line("D5", "letters of our own code titles kept (not judged)", *shown(codes), "", None)
    if titles:
        lines = titles.read_text("utf-8").splitlines()
        yield at_least("D5", f"letters of {len(lines)} given titles kept", kept(lines), 0.998)
    speed = found.megabytes or 0.0
    yield plain("D11", "scrubber", f"{speed:.2f} MB/s", ">= 0.5 MB/s", speed >= 0.5)


def partly(seed: int, people: int) -> Figure:
    """Addresses of which something is found, written in all ways, unknown to the record."""
    dice, scrubber, figure = random.Random(seed), Scrubber(), Figure("partly")
    for _ in range(people):
        person = invent(dice)
        for join in ADDRESS_WAYS.values():
            figure.hits += bool(scrubber.scrub(f"Trú tại {join(person.parts)}.").spans)
            figure.total += 1
    return figure


def of_release(seed: int, encounters: int) -> Iterator[Line]:
    """D6 and D7."""
    trial = try_intruder(1000, encounters, seed)
    risk = trial.risk
    own = next(iter(found for found in risk.values() if isinstance(found, dict) and "k" in found))
    yield plain("D6", "smallest group k", own["k"], ">= 11", own["k"] >= 11)
    yield plain("D6", "maximum risk", f"{own['maximum']:.4f}", "<= 0.09", own["maximum"] <= 0.09)
    yield plain("D6", "unique rows", f"{own['unique']:.2%}", "0", own["unique"] == 0)
    rows = own["rows"] + risk["suppressed_rows"]
    yield at_most("D6", "rows left out", risk["suppressed_rows"], rows, 0.05)
    for report in trial.reports:
        judged = report.attack == "intruder/release"
        yield attack("D7", report, 0.01 if judged else None)


def attack(target: str, report: AttackReport, most: float | None) -> Line:
    low, high = report.interval
    value = f"{report.share:.2%} ({report.correct}/{report.tries})"
    what = report.attack + ("" if most else " (not judged)")
    reached = None if most is None else report.expected <= most
    asked = "" if most is None else f"<= {most:.2%} on average; is {report.expected:.2%}"
    return Line(target, what, value, f"{low:.2%}-{high:.2%}", asked, reached)


def of_dates(seed: int, encounters: int) -> Iterator[Line]:
    """D8."""
    for report in try_anchors(encounters, seed).reports:
        yield attack("D8", report, 1 / 52 + 0.01 if report.attack == "anchors" else None)


def of_tokens(seed: int, ids: int, encounters: int) -> Iterator[Line]:
    """D9."""
    found = token_collisions.compare(ids, seed)
    what = f"equal among {found.tokens:,} tokens, 2 recipients"
    limit = f"0-{3 / found.tokens:.0e}"
    yield Line("D9", what, str(found.equal), limit, "0", found.equal == 0)
    dice = random.Random(seed)
    old = deid.Key(dice.randbytes(32))
    new = old.rotated(dice.randbytes(32), "B")
    names = {"recipient": "r", "purpose": "p", "facility": "01991"}
    claims = list(
        synth.generate(encounters=encounters, edition="3176", seed=seed, facility="01991")
    )
    once, again, rotated = (deid.Deidentifier(key, **names) for key in (old, old, new))
    first = [once.record(claim) or "" for claim in claims]
    same = sum(
        text == (again.record(claim) or "") for text, claim in zip(first, claims, strict=True)
    )
    yield at_least("D9", "equal when run again", Figure("", same, len(claims)), 1.0)
    walk = {change.old: change.new for change in deid.crosswalk(claims, old=old, new=new, **names)}
    joined = sum(
        translated(text, walk) == (rotated.record(claim) or "")[: len(text.partition("<XML1>")[0])]
        for text, claim in zip(first, claims, strict=True)
    )
    yield at_least("D9", "joined by the crosswalk", Figure("", joined, len(claims)), 1.0)


def translated(text: str, walk: dict[str, str]) -> str:
    """The head of a record with its tokens under the new key."""
    head = text.partition("<XML1>")[0]
    return re.sub(">([A-Z2-7]{27})<", lambda token: f">{walk.get(token[1], '')}<", head)


def of_canaries(seed: int, count: int) -> Iterator[Line]:
    """D10."""
    with tempfile.TemporaryDirectory() as folder:
        found = try_canaries(count, seed, Path(folder))
    left = sum(found.found.values())
    what = f"planted identifiers that survive, {found.places} places"
    yield at_most("D10", what, left, found.planted, 0.0)


def of_speed(seed: int, encounters: int) -> Iterator[Line]:
    """D11."""
    found = bench_deid.measure(encounters, seed, 5)
    goal = bench_deid.ROWS_GOAL
    for name in ("known", "new", "stream"):
        rows, low, high = found.rows_per_second(name)
        what = f"{bench_deid.TITLES[name]}, rows/s per core"
        yield Line(
            "D11", what, f"{rows:,.0f}", f"{low:,.0f}-{high:,.0f}", f">= {goal:,}", rows >= goal
        )
    if Path("/proc/self/status").exists():
        small, large = peak(seed, 200), peak(seed, 4000)
        what = f"peak memory from 200 to 4,000 encounters ({large:.0f} MB)"
        yield plain("D11", what, f"{large - small:+.1f} MB", "<= 10 MB", large - small <= 10)


def peak(seed: int, encounters: int) -> float:
    """Megabytes at most while a file is de-identified, in a process of its own."""
    some = list(synth.generate(encounters=200, edition="3176", seed=seed, facility="01991"))
    data = bhyt.write(some, edition="3176", facility="01991")
    start, end = data.index(b"<HOSO>"), data.rindex(b"</HOSO>") + 7
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.xml", Path(folder) / "out"
        target.mkdir()
        body = data[start:end] * (encounters // 200)
        source.write_bytes(data[:start] + body + data[end:])
        command = [sys.executable, "-c", MEMORY, str(source), str(target)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stdout) / 1024


def of_policy() -> Iterator[Line]:
    """D12."""
    policy = deid.Policy.load("linked")
    places = {
        (edition_info(edition).family, name, f.tag)
        for edition in Edition
        for name in tables(edition)
        for f in record_fields(edition_info(edition).family, name)
    }
    held = sum(policy.row(*place) is not None for place in places)
    yield at_least(
        "D12", "fields of the standard with a policy row", Figure("", held, len(places)), 1.0
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", *TESTS.split()]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    outcome = done.stdout.strip().splitlines()[-1] if done.stdout.strip() else "not run"
    yield plain("D12", "tests that change every row", outcome, "all pass", done.returncode == 0)


def less(options: argparse.Namespace, count: int) -> int:
    return count // 10 if options.quick else count


PARTS: dict[str, Callable[[argparse.Namespace], Iterator[Line]]] = {
    "D1 D2 D3 D4 D5": lambda o: of_texts(o.seed, less(o, 200), o.titles),
    "D6 D7": lambda o: of_release(o.seed, less(o, 8000)),
    "D8": lambda o: of_dates(o.seed, less(o, 4000)),
    "D9": lambda o: of_tokens(o.seed, less(o, int(o.ids)), less(o, 1000)),
    "D10": lambda o: of_canaries(o.seed, less(o, 10_000)),
    "D11": lambda o: of_speed(o.seed, less(o, 600)),
    "D12": lambda o: of_policy(),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.deid_targets", description=__doc__)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--ids", type=float, default=1e6, help="numbers for D9 (1e8: 10 minutes)")
    parser.add_argument("--titles", type=Path, help="titles of diagnoses or procedures, one a line")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", nargs="*", default=[], metavar="D6", help="only these")
    options = parser.parse_args()
    print(f"seed {options.seed}; everything is invented")
    missed = 0
    for names, part in PARTS.items():
        if options.only and not set(options.only) & set(names.split()):
            continue
        for line in part(options):
            missed += line.reached is False
            word = {True: "reached", False: "MISSED", None: ""}[line.reached]
            print(
                f"{line.target:4} {line.what:52} {line.value:26} {line.interval:18} "
                f"{line.asked:28} {word}",
                flush=True,
            )
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
