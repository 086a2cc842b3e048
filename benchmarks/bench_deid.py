"""Cost of the de-identification step beside the lxml floor, in one process, turn by turn.

Usage: python benchmarks/bench_deid.py [ENCOUNTERS] [SEED]

The floor is what any reader pays: lxml tree of the envelope, base64, lxml tree of each table file,
no field read. The step is `Deidentifier.record`: from decoded records to the text of the output, so
writing is in it. CPU time; the median and the best of the rounds are printed, with an interval for
the median ratio (bootstrap over rounds, seeded).
"""

from __future__ import annotations

import base64
import gc
import random
import statistics
import sys
import time

from lxml import etree

from vnhealth import bhyt, deid, synth
from vnhealth.codecs import iter_claims

ROUNDS = 9
BATCH = 50


def floor(data: bytes) -> None:
    root = etree.fromstring(data, etree.XMLParser(huge_tree=True, collect_ids=False))
    for part in root.iter("NOIDUNGFILE"):
        etree.fromstring(base64.b64decode(part.text or ""))


def main(encounters: int, seed: int) -> None:
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
    ratios, steps, floors, decodes = [], [], [], []
    rows = 0
    for _ in range(ROUNDS):
        lowest = step = decode = 0.0
        rows = 0
        for data in batches:
            gc.collect()
            start = time.process_time()
            floor(data)
            lowest += time.process_time() - start
            start = time.process_time()
            decoded = list(iter_claims(data))
            decode += time.process_time() - start
            rows += sum(len(r) for claim in decoded for r in claim.tables.values())
            gc.collect()
            start = time.process_time()
            for claim in decoded:
                engine.record(claim)
            step += time.process_time() - start
        ratios.append(step / lowest)
        steps.append(step)
        floors.append(lowest)
        decodes.append(decode)
    rng = random.Random(seed)
    medians = sorted(statistics.median(rng.choices(ratios, k=ROUNDS)) for _ in range(1000))
    print(f"encounters {encounters}, rows {rows}, seed {seed}, rounds {ROUNDS}")
    print(f"floor        {statistics.median(floors) / encounters * 1e6:7.0f} us per encounter")
    print(f"decode       {statistics.median(decodes) / encounters * 1e6:7.0f} us per encounter")
    print(f"de-id step   {statistics.median(steps) / encounters * 1e6:7.0f} us per encounter")
    print(
        f"ratio to floor: median {statistics.median(ratios):.2f} "
        f"(95 %: {medians[25]:.2f}-{medians[975]:.2f}), of minima {min(steps) / min(floors):.2f}"
    )
    print(f"rows per second per core: {rows / statistics.median(steps):,.0f}")


if __name__ == "__main__":
    arguments = [int(a) for a in sys.argv[1:3]]
    main(*arguments, *(600, 7)[len(arguments) :])
