"""Figures of the identity layer for `make bench`: legacy encodings, matching, validators, index.

The same figures as `vnhealth identity bench`; run alone with ``python -m benchmarks.identity``.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from vnhealth.identity import figures, index_report

__all__ = ["identity"]


def identity(
    parts: Sequence[str] = figures.PARTS,
    sizes: Sequence[int] = index_report.SIZES,
    seed: int = figures.SEED,
) -> dict[str, Any]:
    """Measure, print in English, and give the figures JSON-ready."""
    found = figures.gather(parts, seed=seed, sizes=sizes, progress=_tell)
    for line in figures.lines(found, "en"):
        print(line)
    return found


def _tell(part: str, done: int, total: int) -> None:
    if sys.stderr.isatty() and total == 1 and not done:
        print(f"{part} …", file=sys.stderr)


if __name__ == "__main__":
    identity(sys.argv[1:] or figures.PARTS)
