"""Checking: faulty batches, validation without records, look-ups and amounts, one file from cold."""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.corpus import Corpus, generator
from benchmarks.harness import Figure, figure, in_turns
from vnhealth import bhyt, codecs, rules, synth

Tick = Callable[[], None]
EDITION = "4750"
FLOOR = "lxml trees of envelope and inner files, no field read"
LOOK_UPS = frozenset({"BHYT-FLD-04", "BHYT-FLD-08", "BHYT-FLD-09"})
"""Codes against their sets by date; with them go the amounts of lines and of XML1."""


def validation(corpus: Corpus, rounds: int, tick: Tick) -> Iterator[Figure]:
    from benchmarks.groups import floor

    claims = list(synth.generate(encounters=len(corpus.official), edition=EDITION, seed=4750))
    made = [synth.render([c], edition=EDITION, facility=c.xml1.ma_cskcb) for c in claims]
    files = [data for data in made if not codecs.validate(data)]
    held = [codecs.read(data).claims[0] for data in files]
    off = frozenset(code for code in rules.registry() if not _is_amount(code)) | _other_fields()

    def validate() -> None:
        for data in files:
            assert not codecs.validate(data)

    def look_ups() -> None:
        for claim in held:
            rules.check(claim, disabled=off)

    found = in_turns(
        {"floor": lambda: floor(files), "validate_only": validate, "look_ups": look_ups},
        rounds,
        tick,
    )
    for name, goal in (("validate_only", "≤ 0.60"), ("look_ups", "≤ 0.12")):
        base = found["floor"]
        yield figure(name, found[name], base, called=FLOOR, units=len(files), goal=goal)


def _is_amount(code: str) -> bool:
    _, table, number = code.split("-")
    amounts = table in ("XML2", "XML3") and 10 <= int(number) <= 32
    return amounts or (table == "CLAIM" and 101 <= int(number) <= 113)


def _other_fields() -> frozenset[str]:
    return frozenset(f"BHYT-FLD-{n:02}" for n in range(1, 12)) - LOOK_UPS


def faulty(corpus: Corpus, rounds: int, tick: Tick) -> Iterator[Figure | str]:
    """A batch in which every tenth encounter has a broken value, beside the same batch sound."""
    module = generator()
    if module is None:
        yield "faulty_batch: needs gen_corpus.py"
        return
    dice = random.Random(10)
    broken = []
    for number, data in enumerate(corpus.official):
        if number % 10:
            broken.append(data)
            continue
        encounter = module.encounter(number)
        module.break_one(encounter, dice)
        facility = encounter["XML1"][0]["MA_CSKCB"]
        body = module.hoso(encounter, module.style_of(number, "mix"))
        broken.append(module.head(facility, 1) + body + module.TAIL)

    def read(files: list[bytes]) -> None:
        for data in files:
            len(codecs.read(data).findings)

    def check(files: list[bytes]) -> None:
        for data in files:
            len(bhyt.check(codecs.read(data)))

    found = in_turns(
        {
            "clean": lambda: read(corpus.official),
            "faulty_read": lambda: read(broken),
            "clean_check": lambda: check(corpus.official),
            "faulty_check": lambda: check(broken),
        },
        rounds,
        tick,
    )
    units = len(broken)
    called = "the same batch without faults: read, with every finding of reading"
    yield figure(
        "faulty_read", found["faulty_read"], found["clean"], called=called, units=units,
        goal="≤ 1.15",
    )  # fmt: skip
    called = "the same batch without faults: read and checked by all rules"
    yield figure(
        "faulty_check", found["faulty_check"], found["clean_check"], called=called, units=units,
        goal="≤ 1.15",
    )  # fmt: skip


def cold(corpus: Corpus, rounds: int, tick: Tick) -> Iterator[Figure]:
    """Milliseconds of ``vnhealth check one.xml``, start of the interpreter included.

    CPU time of the process, which on an idle machine is its wall time: it has one thread.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "one.xml"
        file.write_bytes(corpus.official[0])
        command = [sys.executable, "-m", "vnhealth", "--quiet", "check", str(file)]
        taken = []
        for _ in range(max(3, rounds)):
            start = _children()
            subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
            taken.append((_children() - start) * 1000)
            tick()
    called = "ms of CPU, start of the interpreter included"
    yield Figure("check_cold_ms", statistics.median(taken), called, 0.0, 0.0, "< 400")


def _children() -> float:
    """Seconds of CPU of all child processes that have ended."""
    times = os.times()
    return times.children_user + times.children_system


GROUPS = {"validation": validation, "faulty": faulty, "cold": cold}
