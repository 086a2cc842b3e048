"""Local recoding: little generalisation, so that every group is large enough.

The search goes from the top down. All rows start as one group with every quasi-identifier hidden.
A group is divided along one quasi-identifier at a time, into the values of its next finer step:

* a value that is large enough becomes a group of its own;
* the others stay together at the coarser step. When even together they are not large enough, they
  are left over: they go back to the group before, join what its other parts left over, and are
  divided anew there. What is left over at the very top is suppressed;
* of all quasi-identifiers along which a group can be divided, the one is taken that wins most:
  rows that become finer, times the weight of the quasi-identifier, times what the step is worth
  (coming out of hiding is worth most, each further step a third of the one before), less a price
  for each row that is left over.

Large enough means: nobody owns more than one row in ``k``. So there are ``k`` persons or more, and
who guesses a row of the group for a person is right once in ``k`` times at most, even when a
patient comes every second day. Two such groups together are large enough as well.

The whole is done for several prices; of the results that do not suppress too many rows, the one
that loses least is kept. Nothing is drawn by
lot and equal gains are decided by the declared order, so the result depends on the set of rows
alone, never on their order. The search is greedy: it loses little, not provably least.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from vnhealth.deid._hierarchy import HIDDEN, Path

__all__ = ["Recoding", "recode", "size"]

_WORTH = 1 / 3
_PRICES = (0.3, 0.1, 1.0, 10.0, math.inf)
_MANY = 50_000
"""From so many rows on the first price that keeps the limit is taken, to save time."""


@dataclass(frozen=True, slots=True)
class Recoding:
    """``rows`` holds the released values of each row, None for a suppressed one.

    ``loss`` is between 0 (nothing generalised) and 1 (everything hidden), ``suppressed`` the share
    of rows of which nothing is left.
    """

    rows: list[tuple[str, ...] | None]
    loss: float
    suppressed: float


@dataclass(slots=True)
class _Group:
    rows: list[int]
    depth: list[int]
    open: tuple[int, ...]
    """Quasi-identifiers along which it may still be divided."""


@dataclass(slots=True)
class _Search:
    paths: Sequence[Sequence[Path]]
    persons: Sequence[int]
    weights: Sequence[int]
    k: int
    price: float
    done: list[_Group] = field(default_factory=list)

    def divide(self, group: _Group) -> list[int]:
        """Divide a group as far as it goes; the rows that are left over."""
        best = self._best(group)
        if best is None:
            self.done.append(group)
            return []
        a, large, rest = best
        deeper = [d + (n == a) for n, d in enumerate(group.depth)]
        left: list[int] = []
        for rows in large:
            left += self.divide(_Group(rows, deeper, group.open))
        left += rest
        if size(left, self.persons) < self.k:
            return left
        others = tuple(n for n in group.open if n != a)
        return self.divide(_Group(left, group.depth, others))

    def _best(self, group: _Group) -> tuple[int, list[list[int]], list[int]] | None:
        best = None
        most = 0.0
        every = self.price * sum(self.weights)
        for a in group.open:
            large, rest = self._parts(group, a)
            if not large:
                continue
            gained = (len(group.rows) - len(rest)) * self.weights[a] * _WORTH ** group.depth[a]
            if rest and size(rest, self.persons) < self.k:
                gained -= len(rest) * every  # everything about them may be lost again
            if gained > most:
                most, best = gained, (a, large, rest)
        return best

    def _parts(self, group: _Group, a: int) -> tuple[list[list[int]], list[int]]:
        """Rows of the values that are large enough, and the rest."""
        column, depth = self.paths[a], group.depth[a] + 1
        parts: dict[str, list[int]] = {}
        rest: list[int] = []
        for i in group.rows:
            path = column[i]
            if len(path) <= depth:
                rest.append(i)
            elif path[depth] in parts:
                parts[path[depth]].append(i)
            else:
                parts[path[depth]] = [i]
        large = []
        for value in sorted(parts):
            rows = parts[value]
            if size(rows, self.persons) < self.k:
                rest += rows
            else:
                large.append(rows)
        return large, rest


def recode(
    paths: Sequence[Sequence[Path]],
    persons: Sequence[int],
    weights: Sequence[int],
    k: int,
    limit: float = 0.05,
) -> Recoding | None:
    """The released values of each row; None when all rows together are not large enough.

    ``paths[a][i]`` is the path of row ``i`` for quasi-identifier ``a``, hidden first;
    ``persons[i]`` says whose row it is; no more than ``limit`` of the rows should be suppressed.

    >>> ages = [("*", "Y00-19", "Y05-09")] * 3 + [("*", "Y00-19", "Y10-14")] * 2
    >>> recode([ages], [1, 2, 3, 4, 5], [1], 3).rows[0]
    ('Y00-19',)
    >>> recode([ages], [1, 2, 3, 4, 5], [1], 2).rows[4]
    ('Y10-14',)
    """
    count = len(persons)
    if size(range(count), persons) < k:
        return None
    best: Recoding | None = None
    for price in _PRICES:
        search = _Search(paths, persons, weights, k, price)
        everything = tuple(range(len(paths)))
        search.divide(_Group(list(range(count)), [0] * len(paths), everything))
        found = _result(search, count)
        if best is None or (found.suppressed > limit, found.loss) < (
            best.suppressed > limit,
            best.loss,
        ):
            best = found
        if count >= _MANY and best.suppressed <= limit:
            break
    return best


def _result(search: _Search, count: int) -> Recoding:
    out: list[tuple[str, ...] | None] = [None] * count
    whole = sum(search.weights)
    lost = float(whole * count)
    for group in search.done:
        for i in group.rows:
            mine = [search.paths[a][i] for a in range(len(group.depth))]
            out[i] = tuple(path[d] for path, d in zip(mine, group.depth, strict=True))
            for path, d, weight in zip(mine, group.depth, search.weights, strict=True):
                lost -= weight * (1.0 if d + 1 == len(path) else 1 - _WORTH**d)
    empty = sum(row is None or set(row) == {HIDDEN} for row in out)
    return Recoding(out, max(lost, 0.0) / (whole * count), empty / count)


def size(rows: Sequence[int], persons: Sequence[int]) -> int:
    """How many rows there are for each row of the person with most of them, rounded down.

    >>> size(range(5), [1, 2, 3, 4, 4])
    2
    """
    if not rows:
        return 0
    return len(rows) // max(Counter(map(persons.__getitem__, rows)).values())
