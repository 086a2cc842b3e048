"""``python -m benchmarks --gate``: has a ratio become worse than its committed figure?

Only ratios to a base that was timed in turns are looked at: they are the same on every machine up
to some noise. Absolute figures (milliseconds, encounters per second) are printed, not judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NOISE = 0.15
"""How much worse a ratio may be before it counts."""


def worse(
    now: Mapping[str, Mapping[str, Any]],
    held: Mapping[str, Mapping[str, Any]],
    noise: float = NOISE,
) -> list[str]:
    """One line for each ratio that became worse by more than the noise."""
    found = []
    for name, figure in now.items():
        before = held.get(name)
        if before is None or not figure.get("better"):
            continue
        ratio, known = figure["ratio"], before["ratio"]
        less = figure["better"] == "less"
        if ratio > known * (1 + noise) if less else ratio < known / (1 + noise):
            found.append(f"{name}: {known:.2f} -> {ratio:.2f} ({figure['better']} is better)")
    return found
