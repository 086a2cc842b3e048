"""Whether two persons ever get the same token, or two recipients share one.

Usage: python benchmarks/token_collisions.py [IDS] [SEED]

Makes the tokens of so many distinct twelve-digit numbers for two recipients, keeps a 64-bit hash of
each (8 bytes a token), sorts them and counts equal neighbours. Equal tokens have equal hashes; so
none equal means no collision and no shared token. Equal hashes, should there be any (about one
chance in a thousand at 10^8 numbers), are made again and compared letter by letter.

Memory is 16 bytes a number and as much again while sorting: 10^8 numbers need about 3.5 GB, and
about ten minutes on one core.
"""

from __future__ import annotations

import random
import sys
import time
from array import array
from collections import defaultdict
from collections.abc import Iterator

import polars
import pyarrow

from vnhealth import deid

RECIPIENTS = ("province", "ministry")
STEP = 1_000_003
SPACE = 10**12


def numbers(count: int, seed: int) -> Iterator[str]:
    """Distinct twelve-digit numbers spread over the space (the step has no divisor with it)."""
    place = random.Random(seed).randrange(SPACE)
    for _ in range(count):
        yield f"{place:012}"
        place = (place + STEP) % SPACE


def main(count: int, seed: int) -> int:
    if not 0 < count < SPACE:
        sys.exit("the number of ids must be between 1 and 10^12")
    key = deid.Key(random.Random(seed).randbytes(32))
    kinds = [deid.Tokens(key, name, "collisions") for name in RECIPIENTS]
    hashes = array("q")
    begun = time.process_time()
    for tokens in kinds:
        make = tokens.token
        hashes.extend(hash(make("person.cccd", number)) for number in numbers(count, seed))
    spent = time.process_time() - begun
    held = pyarrow.Array.from_buffers(
        pyarrow.int64(), len(hashes), [None, pyarrow.py_buffer(hashes)]
    )
    ordered = polars.from_arrow(held).sort()
    twice = ordered.filter(ordered == ordered.shift(1))
    suspects = set(twice.to_list())
    equal = collisions(kinds, count, seed, suspects) if suspects else 0
    print(
        f"{count} ids, {len(RECIPIENTS)} recipients, seed {seed}: {len(hashes)} tokens, "
        f"{equal} equal ({len(suspects)} equal 64-bit hashes), {len(hashes) / spent:,.0f} tokens/s"
    )
    return 1 if equal else 0


def collisions(kinds: list[deid.Tokens], count: int, seed: int, suspects: set[int]) -> int:
    """Make the tokens once more and count those that are equal letter by letter."""
    met: defaultdict[str, int] = defaultdict(int)
    for tokens in kinds:
        for number in numbers(count, seed):
            token = tokens.token("person.cccd", number)
            if hash(token) in suspects:
                met[token] += 1
    return sum(times - 1 for times in met.values())


if __name__ == "__main__":
    ids = int(float(sys.argv[1])) if len(sys.argv) > 1 else 1_000_000
    chosen = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    sys.exit(main(ids, chosen))
