"""``python -m benchmarks``: run all groups, print one table, write ``benchmarks/results.json``.

``--gate`` writes nothing and fails when a ratio is worse than the committed one beyond noise.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.checking import GROUPS as CHECKING
from benchmarks.corpus import load
from benchmarks.gate import worse
from benchmarks.groups import GROUPS as OTHERS
from benchmarks.harness import Figure
from benchmarks.identity import identity
from benchmarks.machine import machine
from vnhealth.identity.figures import PARTS

GROUPS = {**OTHERS, **CHECKING}
RESULTS = Path(__file__).parent / "results.json"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="*", choices=list(GROUPS), default=list(GROUPS))
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--encounters", type=int, default=150)
    parser.add_argument("--quick", action="store_true", help="3 rounds, 60 encounters")
    parser.add_argument(
        "--no-identity",
        dest="identity",
        action="store_false",
        help="leave out matching, legacy encodings and the person index (about three minutes)",
    )
    parser.add_argument(
        "--gate", action="store_true", help="compare with results.json instead of writing it"
    )
    parser.add_argument(
        "--update", action="store_true", help="put the figures of --only into results.json"
    )
    options = parser.parse_args()
    rounds = 3 if options.quick else options.rounds
    corpus = load(60 if options.quick else options.encounters)
    figures: list[Figure] = []
    notes: list[str] = []
    console = Console(stderr=True)
    with Progress(console=console, transient=True) as progress:
        for name in options.only:
            task = progress.add_task(name, total=None)
            for found in GROUPS[name](corpus, rounds, lambda t=task: progress.advance(t)):
                (notes if isinstance(found, str) else figures).append(found)  # type: ignore[arg-type]
            progress.remove_task(task)
    facts = machine(corpus.source)
    show(figures, notes, facts)
    if options.gate:
        held = json.loads(RESULTS.read_text("utf-8"))["figures"]
        found = worse({f.name: f.to_dict() for f in figures}, held)
        print("\n".join(found) or "no ratio is worse than the committed one beyond noise")
        return 1 if found else 0
    if options.update:
        written = json.loads(RESULTS.read_text("utf-8"))
        written["machine"] = facts
        written["figures"].update({f.name: f.to_dict() for f in figures})
        RESULTS.write_text(json.dumps(written, ensure_ascii=False, indent=2) + "\n", "utf-8")
        return 0
    people = {}
    if options.identity and set(options.only) == set(GROUPS):
        parts = ("legacy", "ladder", "splink", "validators") if options.quick else PARTS
        people = identity(parts)
    if set(options.only) == set(GROUPS):
        whole: dict[str, object] = {
            "machine": facts,
            "figures": {f.name: f.to_dict() for f in figures},
        }
        if notes:
            whole["notes"] = notes
        if people:
            whole["identity"] = people
        RESULTS.write_text(json.dumps(whole, ensure_ascii=False, indent=2) + "\n", "utf-8")
    return 0


def show(figures: list[Figure], notes: list[str], facts: dict[str, object]) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for head in ("figure", "ratio", "spread", "µs", "goal", "", "base"):
        table.add_column(head, justify="right" if head in ("ratio", "spread", "µs") else "left")
    for f in figures:
        spread = f"{f.spread:.0%}" if f.spread else ""
        us = f"{f.us:.0f}" if f.us else ""
        mark = {True: "reached", False: "NOT reached", None: ""}[f.reached]
        table.add_row(f.name, f"{f.ratio:.2f}", spread, us, f.goal, mark, f.base)
    console = Console(width=140)
    console.print(table)
    for note in notes:
        console.print(note)
    console.print(
        f"Python {facts['python']}, {facts['cpu']}, {facts['cores']} cores; {facts['corpus']}",
        highlight=False,
    )


if __name__ == "__main__":
    raise SystemExit(main())
