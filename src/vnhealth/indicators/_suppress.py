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

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Cell", "Equation", "equations", "hide"]

Cell = tuple[str | None, ...]
"""The values of the dimensions, None for those that were added up."""

PRIME = (1 << 61) - 1
LARGEST = 3000
"""Hidden cells joined by equations up to which the elimination is done; past it all are hidden."""


@dataclass(frozen=True, slots=True)
class Equation:
    """A total and its parts."""

    total: Cell
    parts: tuple[Cell, ...]

    @property
    def terms(self) -> tuple[Cell, ...]:
        """All cells of the equation."""
        return (self.total, *self.parts)


def _covers(groupings: Sequence[frozenset[int]]) -> list[tuple[frozenset[int], frozenset[int]]]:
    """Pairs of a grouping and one that refines it, without another between them."""
    return [
        (small, large)
        for small in groupings
        for large in groupings
        if small < large and not any(small < other < large for other in groupings)
    ]


def equations(
    cells: Iterable[Cell], dims: Sequence[str], groupings: Sequence[Sequence[str]]
) -> list[Equation]:
    """All equations between the cells of a table.

    >>> cells = [(None,), ("a",), ("b",)]
    >>> equations(cells, ["x"], [[], ["x"]])
    [Equation(total=(None,), parts=(('a',), ('b',)))]
    """
    sets = [frozenset(dims.index(name) for name in names) for names in groupings]
    by_set: dict[frozenset[int], list[Cell]] = {found: [] for found in sets}
    for cell in cells:
        held = frozenset(i for i, value in enumerate(cell) if value is not None)
        if held in by_set:
            by_set[held].append(cell)
    found = []
    for small, large in _covers(sets):
        parts: dict[Cell, list[Cell]] = {}
        for cell in by_set[large]:
            key = tuple(value if i in small else None for i, value in enumerate(cell))
            parts.setdefault(key, []).append(cell)
        for total in by_set[small]:
            if total in parts:
                found.append(Equation(total, tuple(sorted(parts[total], key=_order))))
    return found


def _order(cell: Cell) -> tuple[str, ...]:
    return tuple("" if value is None else f"={value}" for value in cell)


def hide(
    values: Mapping[Cell, int],
    table: Sequence[Equation],
    threshold: int,
    *,
    forced: Collection[Cell] = (),
) -> frozenset[Cell]:
    """The cells to hide. ``values`` are numbers of people; ``forced`` are hidden in any case.

    >>> table = equations([(None,), ("a",), ("b",), ("c",)], ["x"], [[], ["x"]])
    >>> values = {(None,): 103, ("a",): 3, ("b",): 40, ("c",): 60}
    >>> sorted(hide(values, table, 11), key=str)
    [('a',), ('b',)]
    """
    table = sorted(table, key=lambda e: [_order(cell) for cell in e.terms])
    small = {cell for cell, value in values.items() if 0 < value < threshold}
    hidden = set(small) | {cell for cell in forced if cell in values}
    touching: dict[Cell, list[Equation]] = {}
    for equation in table:
        for cell in equation.terms:
            touching.setdefault(cell, []).append(equation)
    queue = list(table)
    while True:
        while queue:
            equation = queue.pop()
            for cell in _mended(equation, values, hidden, threshold):
                hidden.add(cell)
                queue += touching[cell]
        found = _exposed(hidden, small, table, values, touching)
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
) -> list[Cell]:
    """Cells to hide because a small one follows from what is shown; none when nothing follows."""
    chosen: dict[Cell, None] = {}
    for group, rows in _components(hidden, table):
        edges = sum(1 for equation in rows for cell in equation.terms if cell in group)
        if not small & group or edges == len(group) + len(rows) - 1:
            continue
        around = [cell for equation in rows for cell in equation.terms if cell not in hidden]
        if len(group) > LARGEST:
            chosen.update(dict.fromkeys(around))
            continue
        for cell in _determined(group, rows):
            if cell not in small:
                continue
            near = [
                other
                for equation in touching.get(cell, ())
                for other in equation.terms
                if other not in hidden
            ]
            best = min(
                near or around,
                key=lambda c: (not values[c], values[c], _order(c)),
                default=None,
            )
            if best is not None:
                chosen[best] = None
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


def _determined(group: set[Cell], rows: Sequence[Equation]) -> list[Cell]:
    """Hidden cells whose value follows from the equations: unit vectors of the row space."""
    order = {cell: i for i, cell in enumerate(sorted(group, key=_order))}
    pivots: dict[int, dict[int, int]] = {}
    for equation in rows:
        row: dict[int, int] = {}
        for cell in equation.parts:
            if cell in order:
                row[order[cell]] = 1
        if equation.total in order:
            row[order[equation.total]] = PRIME - 1
        while row:
            lead = min(row)
            if lead not in pivots:
                inverse = pow(row[lead], PRIME - 2, PRIME)
                pivots[lead] = {at: v * inverse % PRIME for at, v in row.items()}
                break
            _subtract(row, pivots[lead], row[lead])
    for lead in sorted(pivots, reverse=True):
        row = pivots[lead]
        for at in sorted(row):
            if at != lead and at in pivots and row.get(at):
                _subtract(row, pivots[at], row[at])
    cells = list(order)
    return [cells[lead] for lead, row in sorted(pivots.items()) if len(row) == 1]


def _subtract(row: dict[int, int], pivot: Mapping[int, int], times: int) -> None:
    for at, value in pivot.items():
        left = (row.get(at, 0) - times * value) % PRIME
        if left:
            row[at] = left
        else:
            row.pop(at, None)
