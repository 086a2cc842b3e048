"""Nothing small is shown, and nothing small follows from what is shown."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vnhealth.indicators._suppress import Cell, Equation, equations, hide

K = 11
GROUPINGS = {
    "chain": [[], ["a"], ["a", "b"], ["a", "b", "c"]],
    "cube": [[], ["a"], ["b"], ["c"], ["a", "b"], ["a", "c"], ["b", "c"], ["a", "b", "c"]],
    "two margins": [["a"], ["a", "b"], ["a", "c"], ["a", "b", "c"]],
    "a margin two steps up": [[], ["a"], ["a", "b", "c"], ["b"]],
    "no total": [["a"], ["a", "b"]],
}
DIMS = ["a", "b", "c"]


def table(counts: dict[tuple[str, str, str], int], groupings: list[list[str]]) -> dict[Cell, int]:
    """All cells of all groupings, added up from the finest ones."""
    found: dict[Cell, int] = {}
    for names in groupings:
        for key, n in counts.items():
            cell = tuple(v if d in names else None for d, v in zip(DIMS, key, strict=True))
            found[cell] = found.get(cell, 0) + n
    return found


def solved(cells: set[Cell], rows: list[Equation]) -> set[Cell]:
    """The attacker: unknowns that the equations determine, by exact fractions."""
    order = sorted(cells, key=str)
    matrix = []
    for equation in rows:
        line = {cell: Fraction(1) for cell in equation.parts if cell in cells}
        if equation.total in cells:
            line[equation.total] = line.get(equation.total, Fraction(0)) - 1
        matrix.append([line.get(cell, Fraction(0)) for cell in order])
    at = 0
    for column in range(len(order)):
        found = next((i for i in range(at, len(matrix)) if matrix[i][column]), None)
        if found is None:
            continue
        matrix[at], matrix[found] = matrix[found], matrix[at]
        head = matrix[at][column]
        matrix[at] = [v / head for v in matrix[at]]
        for i, row in enumerate(matrix):
            if i != at and row[column]:
                times = row[column]
                matrix[i] = [v - times * w for v, w in zip(row, matrix[at], strict=True)]
        at += 1
    return {
        order[next(i for i, v in enumerate(row) if v)]
        for row in matrix
        if sum(1 for v in row if v) == 1
    }


counts = st.dictionaries(
    st.tuples(st.sampled_from("xyz"), st.sampled_from("pqr"), st.sampled_from("uvw")),
    st.integers(0, 40),
    min_size=1,
    max_size=27,
)


@given(counts, st.sampled_from(sorted(GROUPINGS)))
def test_no_small_cell_is_shown_or_follows(
    found: dict[tuple[str, str, str], int], name: str
) -> None:
    groupings = GROUPINGS[name]
    values = table(found, groupings)
    rows = equations(values, DIMS, groupings)
    hidden = hide(values, rows, K)
    small = {cell for cell, n in values.items() if 0 < n < K}
    assert small <= hidden
    assert not small & solved(set(hidden), rows)
    for equation in rows:
        parts = [cell for cell in equation.parts if cell in hidden]
        if equation.total not in hidden and parts:
            together = sum(values[cell] for cell in parts)
            assert len(parts) >= 2
            assert together == 0 or together >= K


@given(counts, st.sampled_from(sorted(GROUPINGS)))
def test_equations_hold(found: dict[tuple[str, str, str], int], name: str) -> None:
    values = table(found, GROUPINGS[name])
    for equation in equations(values, DIMS, GROUPINGS[name]):
        assert values[equation.total] == sum(values[cell] for cell in equation.parts)


@given(counts, st.sampled_from(sorted(GROUPINGS)))
def test_the_order_of_cells_changes_nothing(
    found: dict[tuple[str, str, str], int], name: str
) -> None:
    values = table(found, GROUPINGS[name])
    rows = equations(values, DIMS, GROUPINGS[name])
    turned = dict(reversed(values.items()))
    assert hide(values, rows, K) == hide(turned, equations(turned, DIMS, GROUPINGS[name]), K)


def test_nothing_is_hidden_without_need() -> None:
    values = table({(a, b, "u"): 20 for a, b in product("xy", "pq")}, GROUPINGS["cube"])
    assert hide(values, equations(values, DIMS, GROUPINGS["cube"]), K) == frozenset()


def test_zero_is_shown() -> None:
    values: dict[Cell, int] = {(None,): 30, ("p",): 0, ("q",): 30}
    assert hide(values, equations(values, ["a"], [[], ["a"]]), K) == frozenset()


def test_a_lone_small_part_takes_the_smallest_other_with_it() -> None:
    values: dict[Cell, int] = {(None,): 103, ("p",): 3, ("q",): 40, ("r",): 60}
    assert hide(values, equations(values, ["a"], [[], ["a"]]), K) == {("p",), ("q",)}


def test_two_small_parts_that_are_small_together_take_a_third() -> None:
    values: dict[Cell, int] = {(None,): 64, ("p",): 2, ("q",): 2, ("r",): 60}
    assert hide(values, equations(values, ["a"], [[], ["a"]]), K) == {("p",), ("q",), ("r",)}


def test_a_total_goes_when_its_parts_cannot_hide_it() -> None:
    values: dict[Cell, int] = {(None,): 5, ("p",): 5}
    assert hide(values, equations(values, ["a"], [[], ["a"]]), K) == {(None,), ("p",)}


def test_a_square_that_single_rows_do_not_give_away_is_still_found() -> None:
    """Every row and column has two hidden cells, yet the sums determine them: found only together.

    The hidden 2 x 2 square of a table of one more layer, where the third layer is shown.
    """
    values = table(
        {
            ("x", "p", "u"): 3,
            ("x", "q", "u"): 30,
            ("y", "p", "u"): 30,
            ("y", "q", "u"): 30,
            ("x", "p", "v"): 30,
            ("x", "q", "v"): 30,
            ("y", "p", "v"): 30,
            ("y", "q", "v"): 30,
        },
        GROUPINGS["cube"],
    )
    rows = equations(values, DIMS, GROUPINGS["cube"])
    hidden = hide(values, rows, K)
    assert ("x", "p", "u") in hidden
    assert ("x", "p", "u") not in solved(set(hidden), rows)


def test_past_the_limit_of_elimination_the_neighbours_are_hidden(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = table(
        {(a, b, "u"): 3 + 9 * i for i, (a, b) in enumerate(product("xyz", "pqr"))},
        GROUPINGS["cube"],
    )
    rows = equations(values, DIMS, GROUPINGS["cube"])
    some = hide(values, rows, K)
    monkeypatch.setattr("vnhealth.indicators._suppress.LARGEST", 1)
    more = hide(values, rows, K)
    assert some < more
