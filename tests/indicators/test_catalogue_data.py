"""The catalogue as data: complete, checked, and refused when it is not."""

from __future__ import annotations

from typing import Any

import pytest

from vnhealth import indicators
from vnhealth.deid import columns
from vnhealth.deid.columns._lists import facts_rows
from vnhealth.errors import VnHealthError
from vnhealth.identity import icd10
from vnhealth.indicators._catalogue import dims, load, read_csv
from vnhealth.indicators._engine import LIST_COLUMNS
from vnhealth.models import DischargeKind, EncounterKind, Outcome

GOOD = """
[[indicator]]
id = "X1"
version = "1.0"
policy = "A1"
name_vi = "a"
name_en = "a"
unit_vi = "a"
unit_en = "a"
basis = "a"
confidence = "own"
formula_vi = "a"
formula_en = "a"
facts = ["encounter"]
dims = ["care"]
groupings = [[], ["care"]]
sql = "SELECT care, count(*) AS n FROM encounter GROUP BY {groups}"
[[indicator.measure]]
name = "n"
kind = "count"
title_vi = "a"
title_en = "a"
"""


def test_a_good_entry_loads() -> None:
    found = load(GOOD)[0]
    assert found.query().endswith('GROUP BY GROUPING SETS ((), ("care"))')


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('kind = "count"', 'kind = "total"'),
        ('kind = "count"', 'kind = "sum"'),
        ('["care"]]', '["sex"]]'),
        ('[[], ["care"]]', '[["care"], ["care"]]'),
        ('dims = ["care"]', 'dims = ["care", "nothing"]'),
        ('facts = ["encounter"]', 'facts = ["XML1"]'),
        ("GROUP BY {groups}", "GROUP BY care"),
        ("SELECT care", "ATTACH 'x'; SELECT care"),
        ("FROM encounter", "FROM read_csv('x')"),
        ('policy = "A1"', 'policy = "A1"\nnonsense = 1'),
        ('basis = "a"\n', ""),
        ('policy = "A1"', 'policy = "A1"\nsuppress = "none"'),
        ('policy = "A1"', 'policy = "A1"\ndates = "some"'),
        ("[[indicator]]", "[[indicator"),
        ('name = "n"\n', 'name = "n"\nbase = "m"\n'),
    ],
)
def test_a_bad_entry_is_refused(old: str, new: str) -> None:
    assert old in GOOD
    with pytest.raises(VnHealthError) as caught:
        load(GOOD.replace(old, new, 1))
    assert caught.value.code == "ERR-IND-04"


def test_ids_are_the_ones_given_away() -> None:
    assert list(indicators.catalogue()) == [
        "A1", "A2", "A3", "A4", "A5", "B1", "B2", "B2.1", "B3", "B4", "B4.1", "B5", "B5.1", "B6",
        "C1", "C1.1", "C2", "C3", "C3.1", "D1", "D1.1", "E2",
        "Q1", "Q2", "Q3", "Q3.1", "Q4", "Q5", "Q6", "Q7", "Q7.1", "Q7.2",
    ]  # fmt: skip


@pytest.mark.parametrize("name", list(indicators.catalogue()))
def test_every_entry_is_whole(name: str) -> None:
    found = indicators.catalogue()[name]
    for text in (found.name_vi, found.name_en, found.basis, found.formula_vi, found.formula_en):
        assert len(text) > 3
    assert found.confidence in ("official", "gateway", "practice", "draft", "own")
    assert set(found.lists) <= LIST_COLUMNS.keys()
    chart: Any = found.chart
    if chart:
        assert tuple(chart["by"]) in {tuple(names) for names in found.groupings}
        assert chart["measure"] in {m.name for m in found.measures}
    if found.restricted:
        assert "facility" not in found.dims


def test_every_dimension_has_titles_and_is_used() -> None:
    used = {dim for i in indicators.catalogue().values() for dim in i.dims}
    assert used == dims().keys()


def test_every_coded_value_has_words() -> None:
    for kind, name in ((EncounterKind, "care"), (DischargeKind, "discharge")):
        for value in kind:
            assert indicators.value_title(name, value.value) != value.value
    assert {"died", "taken_home_dying", "died_outside"} <= {o.value for o in Outcome}


def test_codes_of_the_lists_exist() -> None:
    known = icd10.lists_4469().codes
    assert known is not None
    categories = {code[:3] for code in known}
    for name in ("chronic", "infectious"):
        for row in read_csv("lists", f"{name}.csv"):
            assert row["first"] <= row["last"]
            inside = {c for c in categories if row["first"] <= c <= row["last"]}
            assert inside, row["key"]
            for code in row.get("codes", "").split():
                assert code[:3] in inside


def test_a_disease_is_counted_once() -> None:
    rows = read_csv("lists", "infectious.csv")
    held: dict[str, str] = {}
    for row in rows:
        for code in row["codes"].split() or [f"{row['first']}-{row['last']}"]:
            assert held.setdefault(code, row["key"]) == row["key"]
    assert len({(row["key"], row["grp"]) for row in rows}) == len({row["key"] for row in rows})


def test_blocks_agree_with_the_hierarchy_of_the_release_tier() -> None:
    from vnhealth.deid._tables import _read

    own = {(b.first, b.last) for b in columns.blocks()}
    theirs = {
        (row["first"], row["last"])
        for row in _read("hierarchies")
        if row["attribute"] == "icd" and row["level"] == "1"
    }
    # Decision 4469 parts G10-G14, knows only some of U00-U49; V01-X59 are no main diagnoses there.
    assert own - theirs <= {
        ("G10", "G14"), ("U00", "U49"), ("U82", "U85"), ("V01", "V99"), ("W00", "X59")
    }  # fmt: skip
    assert theirs - own <= {("G10", "G10"), ("G11", "G14"), ("U04", "U07"), ("V01", "X59")}


def test_every_fact_column_is_described_and_made() -> None:
    for name in facts_rows():
        if name != "quality":
            assert columns.fact_schema(name).names
            assert all(row["title_vi"] and row["title_en"] for row in facts_rows()[name])
