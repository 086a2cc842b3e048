"""Cost of the de-identification step beside the lxml floor, in one process, turn by turn.

Usage: python -m benchmarks.bench_deid [ENCOUNTERS] [SEED]

The floor is what any reader pays: lxml tree of the envelope, base64, lxml tree of each table file,
no field read. The step is `Deidentifier.record`: from decoded records to the text of the output, so
writing is in it. It is timed with all people known from an earlier round, and with all people met
for the first time (the staff and the codes of the facility are known); the stream is reading, the
step and writing, everything known. CPU time; medians over the rounds with an interval (bootstrap
over rounds, seeded).
"""

from __future__ import annotations

import base64
import gc
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from lxml import etree

from vnhealth import bhyt, deid, synth
from vnhealth.codecs import iter_claims
from vnhealth.records import Claim

ROUNDS = 9
BATCH = 50
STEP_GOAL = 0.35
ROWS_GOAL = 20_000


def floor(data: bytes) -> None:
    root = etree.fromstring(data, etree.XMLParser(huge_tree=True, collect_ids=False))
    for part in root.iter("NOIDUNGFILE"):
        etree.fromstring(base64.b64decode(part.text or ""))


@dataclass
class Measured:
    """Seconds of CPU per round, by what was done."""

    encounters: int
    rows: int
    seed: int
    seconds: dict[str, list[float]] = field(default_factory=dict)

    def ratio(self, name: str) -> tuple[float, float, float]:
        """To the floor: the median and its 95 % interval."""
        pairs = zip(self.seconds[name], self.seconds["floor"], strict=True)
        return self._median([step / lowest for step, lowest in pairs])

    def rows_per_second(self, name: str) -> tuple[float, float, float]:
        """The median and its 95 % interval."""
        return self._median([self.rows / seconds for seconds in self.seconds[name]])

    def _median(self, values: list[float]) -> tuple[float, float, float]:
        dice = random.Random(self.seed)
        drawn = (statistics.median(dice.choices(values, k=len(values))) for _ in range(1000))
        medians = sorted(drawn)
        return statistics.median(values), medians[25], medians[975]


def timed(work: Callable[..., object], *arguments: object) -> float:
    gc.collect()
    start = time.process_time()
    work(*arguments)
    return time.process_time() - start


def measure(encounters: int, seed: int, rounds: int = ROUNDS) -> Measured:
    """Time all of it on so many invented encounters."""
    claims = list(
        synth.generate(encounters=encounters, edition="3176", seed=seed, facility="01991")
    )
    batches = [
        bhyt.write(claims[i : i + BATCH], edition="3176", facility="01991")
        for i in range(0, encounters, BATCH)
    ]
    del claims
    engine = deid.Deidentifier(
        deid.Key(bytes(range(32))), recipient="bench", purpose="bench", facility="01991"
    )

    def step(claims: Iterable[Claim]) -> None:
        for claim in claims:
            engine.record(claim)

    found = Measured(encounters, 0, seed)
    for number in range(rounds + 1):
        spent = dict.fromkeys(TITLES, 0.0)
        rows = 0
        for data in batches:
            decoded = list(iter_claims(data))
            rows += sum(len(r) for claim in decoded for r in claim.tables.values())
            spent["floor"] += timed(floor, data)
            spent["read"] += timed(lambda data: list(iter_claims(data)), data)
            engine.people.clear()
            spent["new"] += timed(step, decoded)
            spent["known"] += timed(step, decoded)
            spent["stream"] += timed(lambda data: step(iter_claims(data)), data)
        found.rows = rows
        if number:
            for name, seconds in spent.items():
                found.seconds.setdefault(name, []).append(seconds)
    return found


TITLES = {
    "floor": "floor",
    "read": "reading",
    "known": "de-id step, people known",
    "new": "de-id step, people met first",
    "stream": "reading, step and writing",
}


def main(encounters: int, seed: int) -> None:
    found = measure(encounters, seed)
    print(f"encounters {encounters}, rows {found.rows}, seed {seed}, rounds {ROUNDS}")
    print(f"{'':30} {'us per encounter':>16}  {'x floor (95 %)':22}  rows/s per core (95 %)")
    for name, title in TITLES.items():
        us = statistics.median(found.seconds[name]) / encounters * 1e6
        ratio = "{:.2f} ({:.2f}-{:.2f})".format(*found.ratio(name))
        rows = "{:,.0f} ({:,.0f}-{:,.0f})".format(*found.rows_per_second(name))
        print(f"{title:30} {us:16.0f}  {ratio:22}  {rows}")
    print(f"asked: step {STEP_GOAL} x floor, {ROWS_GOAL:,} rows/s per core")


if __name__ == "__main__":
    arguments = [int(a) for a in sys.argv[1:3]]
    main(*arguments, *(600, 7)[len(arguments) :])
