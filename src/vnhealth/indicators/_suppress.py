"""Hiding small cells, and enough of the others that no total gives them away.

A table is a set of cells and of equations: a total is the sum of its parts, for every pair of
groupings of which one refines the other. Three things are made sure of:

1. a cell of fewer than ``threshold`` people is hidden (zero is shown);
2. in every equation no hidden cell stands alone, and the hidden parts under a shown total hold
   together at least ``threshold`` people, so that the difference is no small cell either;
3. no hidden small cell follows from the shown ones by any combination of the equations. Where the
   equations form a tree this follows from the second point; elsewhere it is decided by elimination
   (modulo a large prime), and cells are hidden until it holds.

What is not promised: bounds. Somebody may still learn that a hidden cell lies between two values,
and may combine tables of different runs.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Cell", "Equation", "equations", "hide"]

Cell = tuple[str | None, ...]
"""The values of the dimensions, None for those that were added up."""

PRIME = (1 << 61) - 1
LARGEST = 200_000
"""Joined equations up to which the elimination is done; past it everything around is hidden."""


@dataclass(frozen=True, slots=True)
class Equation:
    """A total and its parts."""

    total: Cell
    parts: tuple[Cell, ...]

    @property
    def terms(self) -> tuple[Cell, ...]:
        """All cells of the equation."""
        return (self.total, *self.parts)


Grouping = frozenset[int]


def _covers(
    whole: Collection[Grouping], part: Collection[Grouping]
) -> Iterator[tuple[Grouping, Grouping, bool]]:
    """Pairs of a grouping and one that refines it, without another of the whole between them; and
    whether one of the two counts a part only.
    """
    for small in [*whole, *part]:
        for large in [*whole, *part]:
            if small < large and not any(small < other < large for other in whole):
                yield small, large, small in part or large in part


def equations(
    values: Mapping[Cell, int],
    dims: Sequence[str],
    groupings: Sequence[Sequence[str]],
    partial: Sequence[Sequence[str]] = (),
) -> list[Equation]:
    """All equations between the cells of a table.

    The cells of ``partial`` groupings do not make up all that is counted: what they are part of is
    an equation only where the numbers add up.

    >>> cells = {(None,): 5, ("a",): 2, ("b",): 3}
    >>> equations(cells, ["x"], [[], ["x"]])
    [Equation(total=(None,), parts=(('a',), ('b',)))]
    >>> equations({**cells, ("b",): 1}, ["x"], [[]], [["x"]])
    []
    """
    whole, part = (
        [frozenset(dims.index(name) for name in names) for names in sets]
        for sets in (groupings, partial)
    )
    part = [found for found in part if found not in whole]
    by_set: dict[Grouping, list[Cell]] = {found: [] for found in [*whole, *part]}
    for cell in sorted(values, key=_order):
        held = frozenset(i for i, value in enumerate(cell) if value is not None)
        if held in by_set:
            by_set[held].append(cell)
    found = []
    for small, large, doubtful in _covers(whole, part):
        parts: dict[Cell, list[Cell]] = {}
        for cell in by_set[large]:
            key = tuple(value if i in small else None for i, value in enumerate(cell))
            parts.setdefault(key, []).append(cell)
        for total in by_set[small]:
            mine = parts.get(total)
            if mine and not (doubtful and sum(map(values.__getitem__, mine)) != values[total]):
                found.append(Equation(total, tuple(sorted(mine, key=_order))))
    return found


def _order(cell: Cell) -> tuple[str, ...]:
    return tuple("" if value is None else f"={value}" for value in cell)


def hide(
    values: Mapping[Cell, int],
    table: Sequence[Equation],
    threshold: int,
    *,
    forced: Collection[Cell] = (),
    few: Collection[Cell] = (),
) -> frozenset[Cell]:
    """The cells to hide. ``values`` are numbers of people; ``forced`` are hidden in any case, and
    ``few`` count as small whatever their value (few people behind many rows).

    >>> values = {(None,): 103, ("a",): 3, ("b",): 40, ("c",): 60}
    >>> sorted(hide(values, equations(values, ["x"], [[], ["x"]]), 11), key=str)
    [('a',), ('b',)]
    """
    table = sorted(table, key=lambda e: [_order(cell) for cell in e.terms])
    small = {cell for cell, value in values.items() if 0 < value < threshold} | set(few)
    hidden = set(small) | {cell for cell in forced if cell in values}
    touching: dict[Cell, list[Equation]] = {}
    for equation in table:
        for cell in equation.terms:
            touching.setdefault(cell, []).append(equation)
    queue = list(table)
    rounds = 0
    while True:
        while queue:
            equation = queue.pop()
            for cell in _mended(equation, values, hidden, threshold):
                hidden.add(cell)
                queue += touching[cell]
        found = _exposed(hidden, small, table, values, touching, 1 << rounds // 8)
        rounds += 1
        if not found:
            return frozenset(hidden)
        for cell in found:
            hidden.add(cell)
            queue += touching.get(cell, [])


def _mended(
    equation: Equation, values: Mapping[Cell, int], hidden: set[Cell], threshold: int
) -> list[Cell]:
    """The cells that must be hidden too, so that this equation says nothing."""
    parts = [cell for cell in equation.parts if cell in hidden]
    total_hidden = equation.total in hidden
    if not parts and not total_hidden:
        return []
    chosen: list[Cell] = []
    shown = sorted(
        (cell for cell in equation.parts if cell not in hidden and values[cell]),
        key=lambda cell: (values[cell], _order(cell)),
    )
    shown += [cell for cell in equation.parts if cell not in hidden and not values[cell]]
    if total_hidden:
        return shown[:1] if not parts else []
    held = sum(values[cell] for cell in parts)
    count = len(parts)
    for cell in shown:
        if count >= 2 and (held >= threshold or held == 0):
            break
        chosen.append(cell)
        held += values[cell]
        count += 1
    if count < 2 or 0 < held < threshold:
        chosen.append(equation.total)
    return chosen


def _exposed(
    hidden: set[Cell],
    small: set[Cell],
    table: Sequence[Equation],
    values: Mapping[Cell, int],
    touching: Mapping[Cell, Sequence[Equation]],
    many: int,
) -> list[Cell]:
    """Cells to hide because a small one follows from what is shown; none when nothing follows.

    Of each equation of such cells the ``many`` smallest parts that are shown; a total only when
    there is no such part. Once ``many`` has grown, hidden cells that follow without being small
    are treated alike: a chain of them would take a round for each link.
    """
    chosen: dict[Cell, None] = {}

    def rank(cell: Cell) -> tuple[bool, int, tuple[str, ...]]:
        return (not values[cell], values[cell], _order(cell))

    for group, rows in _components(hidden, table):
        edges = sum(1 for equation in rows for cell in equation.terms if cell in group)
        if not small & group or edges == len(group) + len(rows) - 1:
            continue
        around = [cell for equation in rows for cell in equation.terms if cell not in hidden]
        determined = _determined(group, rows)
        if determined is None:
            chosen.update(dict.fromkeys(around))
            continue
        if not small.intersection(determined):
            continue
        near: dict[Cell, None] = {}
        totals: dict[Cell, None] = {}
        for cell in determined:
            if many == 1 and cell not in small:
                continue
            for equation in touching.get(cell, ()):
                shown = sorted((c for c in equation.parts if c not in hidden), key=rank)
                near.update(dict.fromkeys(shown[:many]))
                if equation.total not in hidden:
                    totals[equation.total] = None
        chosen.update(near or dict.fromkeys(sorted(totals or around, key=rank)[:1]))
    return list(chosen)


def _components(
    hidden: set[Cell], table: Sequence[Equation]
) -> list[tuple[set[Cell], list[Equation]]]:
    """Hidden cells that equations join, with these equations."""
    root: dict[Cell, Cell] = {cell: cell for cell in hidden}

    def find(cell: Cell) -> Cell:
        while root[cell] != cell:
            root[cell] = root[root[cell]]
            cell = root[cell]
        return cell

    used: list[tuple[Equation, Cell]] = []
    for equation in table:
        terms = [cell for cell in equation.terms if cell in hidden]
        if terms:
            first = find(terms[0])
            for cell in terms[1:]:
                root[find(cell)] = first
            used.append((equation, terms[0]))
    groups: dict[Cell, tuple[set[Cell], list[Equation]]] = {}
    for cell in hidden:
        groups.setdefault(find(cell), (set(), []))[0].add(cell)
    for equation, cell in used:
        groups[find(cell)][1].append(equation)
    ordered = sorted(groups.values(), key=lambda g: min(map(_order, g[0])))
    return [(cells, rows) for cells, rows in ordered if rows]


def _determined(group: set[Cell], rows: Sequence[Equation]) -> list[Cell] | None:
    """Hidden cells whose value follows from the equations; None when there are too many of those.

    A value follows when it is the same in all solutions, that is, when every solution of the
    equations with zero on the right has zero there. The equations are solved one for the rarest
    cell first, so they stay sparse; then one solution is drawn at random (from a fixed seed, modulo
    a large prime). A cell that is zero in it by chance is one in 10^18.
    """
    if len(rows) > LARGEST:
        return None
    order = {cell: i for i, cell in enumerate(sorted(group, key=_order))}
    matrix: list[dict[int, int]] = []
    for equation in rows:
        row = {order[cell]: 1 for cell in equation.parts if cell in order}
        if equation.total in order:
            row[order[equation.total]] = PRIME - 1
        matrix.append(row)
    solved = _solve(matrix, len(order))
    dice = random.Random(len(order))
    values = [dice.randrange(1, PRIME) for _ in order]
    for lead, row in reversed(solved):
        values[lead] = -sum(v * values[at] for at, v in row.items() if at != lead) % PRIME
    return [cell for cell, i in order.items() if not values[i]]


def _solve(matrix: list[dict[int, int]], cells: int) -> list[tuple[int, dict[int, int]]]:
    """Each equation solved for one cell that stands in no equation after it; empties the matrix."""
    where: list[set[int]] = [set() for _ in range(cells)]
    for at, row in enumerate(matrix):
        for cell in row:
            where[cell].add(at)
    waiting = [(len(found), cell) for cell, found in enumerate(where)]
    heapq.heapify(waiting)
    solved: list[tuple[int, dict[int, int]]] = []
    while waiting:
        count, cell = heapq.heappop(waiting)
        if count != len(where[cell]) or not count:
            continue
        own = min(where[cell], key=lambda at: (len(matrix[at]), at))
        inverse = pow(matrix[own][cell], PRIME - 2, PRIME)
        row = {at: value * inverse % PRIME for at, value in matrix[own].items()}
        matrix[own] = {}
        for at in row:
            where[at].discard(own)
        for other in sorted(where[cell]):
            _subtract(matrix[other], row, matrix[other][cell], other, where)
        solved.append((cell, row))
        for at in row:
            if where[at]:
                heapq.heappush(waiting, (len(where[at]), at))
    return solved


def _subtract(
    row: dict[int, int], other: Mapping[int, int], times: int, number: int, where: list[set[int]]
) -> None:
    for at, value in other.items():
        left = (row.get(at, 0) - times * value) % PRIME
        if left:
            row[at] = left
            where[at].add(number)
        else:
            row.pop(at, None)
            where[at].discard(number)
