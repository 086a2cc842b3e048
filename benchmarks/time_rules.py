"""Print what one encounter costs in the rule engine, beside the raw lxml parse of the same files.

    python benchmarks/time_rules.py [FOLDER] [--n 60] [--rounds 60]

Without a folder of XML files a synthetic day is taken. Both are timed in turns, the best round of
each counts. Not a test: figures depend on the machine, ratios less so.
"""

from __future__ import annotations

import argparse
import base64
import time
from pathlib import Path

from lxml import etree

from vnhealth import rules, synth
from vnhealth.codecs import read


def corpus(folder: str | None, n: int) -> list[bytes]:
    if folder:
        return [path.read_bytes() for path in sorted(Path(folder).glob("*.xml"))[:n]]
    return [synth.render(claim) for claim in synth.generate(encounters=n, edition="3176", seed=5)]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--n", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=60)
    options = parser.parse_args()
    files = corpus(options.folder, options.n)
    documents = [read(data) for data in files]
    claims = [claim for document in documents for claim in document]

    def parse() -> None:
        for data in files:
            for part in etree.fromstring(data).iter("NOIDUNGFILE"):
                etree.fromstring(base64.b64decode(part.text))

    def check() -> None:
        for document in documents:
            rules.check(document)

    raw = judged = 1e9
    for _ in range(options.rounds):
        start = time.perf_counter()
        parse()
        between = time.perf_counter()
        check()
        raw, judged = min(raw, between - start), min(judged, time.perf_counter() - between)
    rows = sum(sum(claim.counts().values()) for claim in claims)
    found = sum(len(rules.check(document)) for document in documents)
    n = len(claims)
    print(f"encounters {n}, rows {rows / n:.1f}, findings {found / n:.1f}")
    print(f"lxml {raw * 1e6 / n:.0f} us, rules {judged * 1e6 / n:.0f} us per encounter")
    print(f"ratio {judged / raw:.2f}")


if __name__ == "__main__":
    main()
