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

IDS = [
    i.id
    for i in indicators.catalogue().values()
    if any(m.universe == "encounter" for m in i.measures)
]
K = 5

CARE = {
    "01": {"care": "examination", "setting": "out", "bh_block": "I"},
    "03": {"care": "inpatient", "setting": "in", "bh_block": "IV"},
    "09": {"care": "short_inpatient", "setting": "in", "bh_block": "III"},
}
FLU = {
    "infectious": "yes",
    "disease": "influenza",
    "group": "B",
    "block": "J09-J18",
    "chapter": "X",
}
ICD = {
    "J10.1": {"icd3": "J10", **FLU},
    "J11.1": {"icd3": "J11", **FLU},
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
OUTCOME = {"1": {"outcome": "cured"}, "5": {"outcome": "died"}}
INJURY = {"0": {}, "1": {"injured": "yes", "injury": "1"}}
COMMON = {
    "period": "2026-08",
    "week": "2026-W32",
    "discharge": "discharged",
    "age3": "15+",
    "id_kind": "none",
}

Atom = dict[str, str]
Values = dict[str, dict[str, Atom]]

WORLDS: dict[str, Values] = {
    "care and payment": {
        "ma_loai_kcb": CARE,
        "ma_benh_chinh": {code: ICD[code] for code in ("J18.9", "J20.9", "A09.9")},
        "ma_cskcb": FACILITY,
        "gioi_tinh": SEX,
        "ma_doituong_kcb": INSURED,
    },
    "deaths, injuries and influenza": {
        "ma_loai_kcb": {code: CARE[code] for code in ("01", "03")},
        "ma_benh_chinh": {code: ICD[code] for code in ("J10.1", "J11.1", "J18.9")},
        "ma_cskcb": FACILITY,
        "ket_qua_dtri": OUTCOME,
        "ma_tai_nan": INJURY,
    },
}
"""What varies: the values of a field, and what they mean in the tables."""
FIXED = {"sex": "male", "insured": "yes", "outcome": "cured"}


def atoms(world: Values) -> list[tuple[dict[str, str], Atom]]:
    """All combinations of values, with their features."""
    found = []
    for codes in product(*world.values()):
        atom = {**FIXED, **COMMON}
        for meaning, code in zip(world.values(), codes, strict=True):
            atom |= meaning[code]
        found.append((dict(zip(world, codes, strict=True)), atom))
    return found


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


def stored(bench: Any, folder: Path, world: Values, seed: int) -> list[Atom]:
    """Some encounters as tables; their features."""
    dice = random.Random(seed)
    claims: list[Any] = []
    held: list[Atom] = []
    for codes, atom in atoms(world):
        for _ in range(dice.choice((0, 0, 0, 0, 1, 1, 2, 6))):
            category = codes.get("ma_doituong_kcb", "1.1")
            paid = {"t_bhtt": "0.00"} if category == "9" else {"t_bhtt": "80000.00"}
            summary = {"ma_the_bhyt": None, **codes, **paid}
            claims.append(bench.claim(len(claims) + 1, xml1=summary))
            held.append(atom)
    with columns.DatasetWriter(folder) as writer:
        writer.write(columns.to_arrow(claims))
    return held


Shown = list[tuple[Atom, int | None]]
Tables = list[tuple[frozenset[str], Atom]]


def inside(cell: Atom, atom: Atom) -> bool:
    return all(atom.get(dim) == value for dim, value in cell.items())


def counts_of(report: indicators.Report) -> Iterable[tuple[Any, Any, Atom]]:
    """Every count of encounters: its result, its measure, and what it counts."""
    for result in report.results:
        for measure in result.indicator.measures:
            if measure.universe == "encounter":
                yield result, measure, {**result.indicator.fixed, **measure.where}


def cells_of(report: indicators.Report) -> Shown:
    """Every cell of every count with its number, None where it is hidden."""
    found: Shown = []
    for result, measure, where in counts_of(report):
        for row in result.rows:
            named = zip(result.indicator.dims, row.cell, strict=True)
            cell = {dim: value for dim, value in named if value is not None}
            if any(where.get(dim, value) != value for dim, value in cell.items()):
                continue
            hidden = measure.name in row.hidden
            found.append((where | cell, None if hidden else int(row.values[measure.name] or 0)))
    return found


def tables_of(report: indicators.Report) -> Tables:
    """The groupings of each table and what it counts: a cell that is not there holds nobody."""
    return [
        (frozenset(where) | frozenset(names), where)
        for result, measure, where in counts_of(report)
        if measure is result.indicator.measures[0]
        for names in result.indicator.groupings
    ]


def leaks(cells: Shown, tables: Tables, world: Values, held: list[Atom]) -> list[Atom]:
    """Small hidden cells that follow from the shown ones."""
    there = {frozenset(cell.items()) for cell, _ in cells}
    left = [
        atom
        for _, atom in atoms(world)
        if all(
            frozenset((dim, atom.get(dim)) for dim in names) in there
            for names, where in tables
            if inside(where, atom)
        )
    ]

    def vector(cell: Atom) -> tuple[int, ...]:
        return tuple(int(inside(cell, atom)) for atom in left)

    shown = dict.fromkeys(vector(cell) for cell, n in cells if n is not None)
    hidden = {frozenset(cell.items()): cell for cell, n in cells if n is None}
    small = [c for c in hidden.values() if 0 < sum(inside(c, atom) for atom in held) < K]
    assert small
    return [cell for cell in small if follows(list(vector(cell)), map(list, shown))]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", WORLDS)
def test_no_small_count_follows_from_the_whole_report(
    bench: Any, tmp_path: Path, name: str, seed: int
) -> None:
    world = WORLDS[name]
    held = stored(bench, tmp_path, world, seed)
    report = indicators.compute(tmp_path, ids=IDS, audience="internal")
    cells = cells_of(report)
    for cell, n in cells:
        count = sum(inside(cell, atom) for atom in held)
        assert n in (None, count), cell
        assert n is None or n == 0 or n >= K
    assert leaks(cells, tables_of(report), world, held) == []


def test_tables_hidden_one_by_one_would_give_each_other_away(bench: Any, tmp_path: Path) -> None:
    """The attack above is able to succeed, and is what hiding together is for."""
    world = WORLDS["care and payment"]
    held = stored(bench, tmp_path, world, 1)
    cells: Shown = []
    tables: Tables = []
    for name in IDS:
        report = indicators.compute(tmp_path, ids=[name], audience="internal")
        cells += cells_of(report)
        tables += tables_of(report)
    shown = {frozenset(cell.items()) for cell, n in cells if n is not None}
    merged = [(c, n) for c, n in cells if n is not None or frozenset(c.items()) not in shown]
    assert leaks(merged, tables, world, held)


def written(bench: Any, folder: Path, counts: list[tuple[int, dict[str, Any]]]) -> None:
    summaries = [{"ma_the_bhyt": None, **values} for n, values in counts for _ in range(n)]
    with columns.DatasetWriter(folder) as writer:
        writer.write(columns.to_arrow(bench.claims(*summaries)))


def shown(folder: Path, *ids: str, measure: str = "n") -> dict[str, dict[Any, Any]]:
    """The counts of indicators, computed together."""
    report = indicators.compute(folder, ids=list(ids), audience="internal")
    return {
        result.indicator.id: {row.cell: row.values.get(measure) for row in result.rows}
        for result in report.results
    }


def test_a_disease_is_not_shown_beside_all_its_codes_but_a_hidden_one(
    bench: Any, tmp_path: Path
) -> None:
    codes = [(3, "J10.1"), (40, "J11.1"), (8, "A09.9"), (50, "J18.9")]
    written(bench, tmp_path, [(n, {"ma_benh_chinh": code}) for n, code in codes])
    influenza, second = ("B", "influenza", None, None), (None, "J11")
    alone = shown(tmp_path, "B2")["B2"] | shown(tmp_path, "B3")["B3"]
    assert alone[influenza] - alone[second] == 3
    both = shown(tmp_path, "B2", "B3")
    assert both["B2"][None, "J10"] is None
    assert None in (both["B2"][second], both["B3"][influenza])


def test_the_kind_of_number_is_hidden_wherever_it_is_counted(bench: Any, tmp_path: Path) -> None:
    number = {"so_cccd": "001101000123"}
    written(bench, tmp_path, [(3, number), (40, {"so_cccd": None})])
    found = indicators.compute(tmp_path, ids=["Q1"], audience="internal")["Q1"]
    row = found.at(facility="01901", id_kind="CCCD")
    assert row is not None
    assert "n" in row.hidden
    everybody = found.at(facility="01901")
    assert everybody is not None
    assert {"cccd", "share"} <= everybody.hidden


def test_lines_of_services_and_drugs_are_hidden_together(bench: Any, tmp_path: Path) -> None:
    """Alone, the total of drugs would tell the small group that the cost groups hide."""
    claims = []
    drugs, services = {"4": 60, "5": 3, "6": 30}, {"1": 8, "13": 70}
    for number in range(171):
        claim: dict[str, Any] = {}
        for group, count in drugs.items():
            if count:
                drugs[group] -= 1
                claim["xml2"] = [{"ma_thuoc": "40.30", "ma_nhom": group, "so_luong": "1"}]
                break
        else:
            group = next(group for group, count in services.items() if count)
            services[group] -= 1
            claim["xml3"] = [{"ma_dich_vu": f"{group}.1", "ma_nhom": group, "so_luong": "1"}]
        claims.append(bench.claim(number + 1, **claim))
    with columns.DatasetWriter(tmp_path) as writer:
        writer.write(columns.to_arrow(claims))
    found = shown(tmp_path, "D1.1", "C3", measure="lines")
    assert found["D1.1"]["5",] is None
    drugs_shown = found["C3"][None,]
    others = [found["D1.1"][group,] for group in ("4", "6")]
    assert None in (drugs_shown, *others)
