"""A stream of choices that is the same on every machine and every Python version.

Only `random.Random.getrandbits` is used (the Mersenne Twister, whose output is fixed), seeded with
an integer made by SHA-256 from a label. Nothing depends on hash order, on the clock or on floats.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from typing import Protocol, TypeVar

__all__ = ["Dice", "Weighted"]

T = TypeVar("T")


class Weighted(Protocol):
    """Something that is drawn more often the larger its weight."""

    @property
    def weight(self) -> int:
        """How often, relative to the others."""
        ...


W = TypeVar("W", bound=Weighted)


class Dice:
    """Choices that follow from a label such as ``("claim", 7, 12)`` and from nothing else.

    >>> [Dice("demo", 7).below(100) for _ in range(2)]
    [78, 78]
    """

    __slots__ = ("_bits", "label")

    def __init__(self, *label: object) -> None:
        self.label = "/".join(str(part) for part in label)
        digest = hashlib.sha256(self.label.encode("utf-8")).digest()
        self._bits = random.Random(int.from_bytes(digest[:16], "big")).getrandbits

    def fork(self, *label: object) -> Dice:
        """Another stream for a part, independent of how much was drawn from this one."""
        return Dice(self.label, *label)

    def below(self, n: int) -> int:
        """A whole number from 0 to n - 1, all equally likely."""
        size = (n - 1).bit_length()
        if size == 0:
            return 0
        value = self._bits(size)
        while value >= n:
            value = self._bits(size)
        return value

    def between(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low + self.below(high - low + 1)

    def percent(self, chance: int) -> bool:
        """True in ``chance`` of 100 cases."""
        return self.below(100) < chance

    def pick(self, items: Sequence[T]) -> T:
        """One of the items."""
        return items[self.below(len(items))]

    def weighted(self, items: Sequence[W]) -> W:
        """One of the items, each as often as its ``weight`` says."""
        left = self.below(sum(item.weight for item in items))
        for item in items:
            left -= item.weight
            if left < 0:
                return item
        raise AssertionError("weights are whole numbers above zero")

    def digits(self, n: int) -> str:
        """A string of n decimal digits."""
        return str(self.below(10**n)).zfill(n)
