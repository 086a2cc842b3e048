"""Whether two persons ever get the same token, or two recipients share one.

Usage: python -m benchmarks.token_collisions [IDS] [SEED]

Makes the tokens of so many distinct twelve-digit numbers for two recipients, keeps a 64-bit hash of
each (8 bytes a token) and counts equal ones. Equal tokens have equal hashes; so none equal means no
collision and no shared token. Equal hashes, should there be any (about one chance in a thousand at
10^8 numbers), are made again and compared letter by letter.

The hashes lie in 64 files by their first bits, in a temporary folder, and are sorted file by file:
10^8 numbers take 1.6 GB of disk and a few hundred MB of memory, whatever their number.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import polars
import pyarrow

from vnhealth import deid

RECIPIENTS = ("province", "ministry")
STEP = 1_000_003
SPACE = 10**12
FILES = 64
AT_ONCE = 4_000_000


def numbers(count: int, seed: int) -> Iterator[str]:
    """Distinct twelve-digit numbers spread over the space (the step has no divisor with it)."""
    place = random.Random(seed).randrange(SPACE)
    for _ in range(count):
        yield f"{place:012}"
        place = (place + STEP) % SPACE


def ordered(hashes: array[int]) -> polars.Series:
    """The hashes in order."""
    buffers = [None, pyarrow.py_buffer(hashes)]
    held = pyarrow.Array.from_buffers(pyarrow.int64(), len(hashes), buffers)
    return polars.Series(polars.from_arrow(held)).sort()


class Hashes:
    """64-bit hashes on disk, in files of which each holds one part of their range."""

    def __init__(self, folder: Path) -> None:
        self.paths = [folder / f"{part:02}" for part in range(FILES)]
        width = 2**64 // FILES
        self.bounds = [part * width - 2**63 for part in range(1, FILES)]

    def add(self, hashes: array[int]) -> None:
        """Put some into their files."""
        found = memoryview(ordered(hashes).to_arrow().buffers()[1]).cast("B").cast("q")
        cuts = [0, *(bisect_left(found, bound) for bound in self.bounds), len(found)]
        for path, start, end in zip(self.paths, cuts, cuts[1:], strict=False):
            with path.open("ab") as file:
                file.write(found[start:end])

    def twice(self) -> set[int]:
        """Those that were added more than once."""
        found: set[int] = set()
        for path in self.paths:
            held = array("q", path.read_bytes())
            if held:
                sorted_ = ordered(held)
                found.update(sorted_.filter(sorted_ == sorted_.shift(1)).to_list())
        return found


@dataclass(frozen=True)
class Compared:
    """So many tokens were made, so many are equal to another (``alike``: by their 64-bit hash)."""

    tokens: int
    equal: int
    alike: int
    seconds: float


def compare(count: int, seed: int) -> Compared:
    """The tokens of so many numbers for all recipients."""
    key = deid.Key(random.Random(seed).randbytes(32))
    kinds = [deid.Tokens(key, name, "collisions") for name in RECIPIENTS]
    total, spent = 0, 0.0
    with tempfile.TemporaryDirectory() as folder:
        held = Hashes(Path(folder))
        for tokens in kinds:
            make = tokens.token
            waiting = numbers(count, seed)
            while True:
                begun = time.process_time()
                some = islice(waiting, AT_ONCE)
                hashes = array("q", [hash(make("person.cccd", number)) for number in some])
                spent += time.process_time() - begun
                if not hashes:
                    break
                total += len(hashes)
                held.add(hashes)
        suspects = held.twice()
    equal = collisions(kinds, count, seed, suspects) if suspects else 0
    return Compared(total, equal, len(suspects), spent)


def main(count: int, seed: int) -> int:
    if not 0 < count < SPACE:
        sys.exit("the number of ids must be between 1 and 10^12")
    found = compare(count, seed)
    print(
        f"{count} ids, {len(RECIPIENTS)} recipients, seed {seed}: {found.tokens} tokens, "
        f"{found.equal} equal ({found.alike} equal 64-bit hashes), "
        f"{found.tokens / found.seconds:,.0f} tokens/s"
    )
    return 1 if found.equal else 0


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
