"""An attacker with the whole report, the hierarchies and every shown zero learns no small cell.

The attacker's unknowns are the numbers of encounters of every combination of features that no
shown table excludes. Every shown count is an equation over them. A hidden count must not follow.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("duckdb", reason="the extra frames is not installed")

from vnhealth import indicators
from vnhealth.deid import columns

IDS = [i.id for i in indicators.catalogue().values() if i.measures[0].universe]
K = 5

CARE = {
    "01": {"care": "examination", "setting": "out", "bh_block": "I"},
    "03": {"care": "inpatient", "setting": "in", "bh_block": "IV"},
    "09": {"care": "short_inpatient", "setting": "in", "bh_block": "III"},
}
ICD = {
    "J18.9": {"icd3": "J18", "block": "J09-J18", "chapter": "X"},
    "J20.9": {"icd3": "J20", "block": "J20-J22", "chapter": "X"},
    "A09.9": {"icd3": "A09", "block": "A00-A09", "chapter": "I"},
}
FACILITY = {
    "01901": {"facility": "01901", "province": "01"},
    "01902": {"facility": "01902", "province": "01"},
}
SEX = {"1": {"sex": "male"}, "2": {"sex": "female"}}
INSURED = {"1.1": {"insured": "yes"}, "9": {"insured": "no"}}
COMMON = {"period": "2026-08", "discharge": "discharged", "age3": "15+", "id_kind": "none"}

Atom = dict[str, str]


def atoms() -> list[tuple[tuple[str, ...], Atom]]:
    return [
        (codes, {**COMMON, **CARE[codes[0]], **ICD[codes[1]], **FACILITY[codes[2]],
                 **SEX[codes[3]], **INSURED[codes[4]]})
        for codes in product(CARE, ICD, FACILITY, SEX, INSURED)
    ]  # fmt: skip


def follows(wanted: list[int], known: Iterable[list[int]]) -> bool:
    """True when a vector is a combination of others, by exact fractions."""
    rows: list[list[Fraction]] = []
    leads: list[int] = []

    def reduced(vector: list[Fraction]) -> list[Fraction]:
        for row, lead in zip(rows, leads, strict=True):
            if vector[lead]:
                times = vector[lead]
                vector = [v - times * r for v, r in zip(vector, row, strict=True)]
        return vector

    for line in known:
        left = reduced([Fraction(v) for v in line])
        lead = next((i for i, v in enumerate(left) if v), None)
        if lead is not None:
            head = left[lead]
            rows.append([v / head for v in left])
            leads.append(lead)
    return not any(reduced([Fraction(v) for v in wanted]))


def stored(bench: Any, folder: Path, seed: int) -> list[Atom]:
    """Some encounters as tables; their features."""
    dice = random.Random(seed)
    claims: list[Any] = []
    held: list[Atom] = []
    for (care, icd, facility, sex, category), atom in atoms():
        for _ in range(dice.choice((0, 0, 0, 0, 1, 1, 2, 6))):
            summary = {
                "ma_loai_kcb": care,
                "ma_benh_chinh": icd,
                "ma_cskcb": facility,
                "gioi_tinh": sex,
                "ma_doituong_kcb": category,
                "ma_the_bhyt": None,
                "t_bhtt": "0.00" if category == "9" else "80000.00",
            }
            claims.append(bench.claim(len(claims) + 1, xml1=summary))
            held.append(atom)
    with columns.DatasetWriter(folder) as writer:
        writer.write(columns.to_arrow(claims))
    return held


Shown = list[tuple[Atom, int | None]]


def cells_of(report: indicators.Report) -> Shown:
    """Every cell of every table with its count, None where it is hidden."""
    found: Shown = []
    for result in report.results:
        for row in result.rows:
            named = zip(result.indicator.dims, row.cell, strict=True)
            cell = {dim: value for dim, value in named if value is not None}
            n = None if "n" in row.hidden else int(row.values["n"] or 0)
            found.append((cell | dict(result.indicator.fixed), n))
    return found


def leaks(cells: Shown, held: list[Atom]) -> list[Atom]:
    """Small hidden cells that follow from the shown ones."""
    there = {frozenset(cell.items()) for cell, _ in cells}
    cuts = {
        frozenset(cell) for cell, _ in cells if "care" not in cell or cell["care"] != "telehealth"
    }
    left = [
        atom
        for _, atom in atoms()
        if all(frozenset((dim, atom[dim]) for dim in cut) in there for cut in cuts)
    ]

    def inside(cell: Atom, atom: Atom) -> bool:
        return all(atom[dim] == value for dim, value in cell.items())

    def vector(cell: Atom) -> tuple[int, ...]:
        return tuple(int(inside(cell, atom)) for atom in left)

    shown = dict.fromkeys(vector(cell) for cell, n in cells if n is not None)
    hidden = {frozenset(cell.items()): cell for cell, n in cells if n is None}
    small = [c for c in hidden.values() if 0 < sum(inside(c, atom) for atom in held) < K]
    assert small
    return [cell for cell in small if follows(list(vector(cell)), map(list, shown))]


@pytest.mark.parametrize("seed", range(6))
def test_no_small_count_follows_from_the_whole_report(
    bench: Any, tmp_path: Path, seed: int
) -> None:
    held = stored(bench, tmp_path, seed)
    cells = cells_of(indicators.compute(tmp_path, ids=IDS, audience="internal"))
    for cell, n in cells:
        count = sum(all(atom.get(d) == v for d, v in cell.items()) for atom in held)
        assert n in (None, count)
        assert n is None or n == 0 or n >= K
    assert leaks(cells, held) == []


def test_tables_hidden_one_by_one_would_give_each_other_away(bench: Any, tmp_path: Path) -> None:
    """The attack above is able to succeed, and is what hiding together is for."""
    held = stored(bench, tmp_path, 1)
    cells: Shown = []
    for name in IDS:
        cells += cells_of(indicators.compute(tmp_path, ids=[name], audience="internal"))
    shown = {frozenset(cell.items()) for cell, n in cells if n is not None}
    merged = [(c, n) for c, n in cells if n is not None or frozenset(c.items()) not in shown]
    assert leaks(merged, held)
