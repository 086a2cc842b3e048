"""The report on matching: the house's targets, and counts that add up."""

from __future__ import annotations

import json

from vnhealth.identity import damaged_population, matching_report

FIGURES = matching_report.measure(6000, seed=20261122)


def test_the_ladder_reaches_its_target_on_a_smaller_list_of_the_same_kind() -> None:
    assert FIGURES.records > 11_000
    assert FIGURES.precision >= 0.9998
    assert FIGURES.recall >= 0.965
    assert FIGURES.reaches_target


def test_the_counts_add_up_for_every_kind_of_damage() -> None:
    assert {one.kind for one in FIGURES.kinds} == {"none", *damaged_population.damage_kinds()}
    for one in FIGURES.kinds:
        assert one.pairs == one.merged + one.review + one.missed
        assert one.pairs > 0, one.kind
    undamaged = FIGURES.kinds[0]
    assert (undamaged.kind, undamaged.recall) == ("none", 1.0)


def test_a_matcher_that_merges_all_it_sees_is_called_wrong() -> None:
    made = damaged_population.generate(50, seed=1)
    size = len(made.records)
    everything = [(i, j, "match", "ALL") for i in range(size) for j in range(i + 1, size)]
    found = matching_report.score("ladder", "facility", made, everything)
    assert found.recall == 1.0
    assert found.precision < 0.05
    assert dict(found.wrong_rules)["ALL"] == found.wrong_merges
    assert not found.reaches_target


def test_wider_scopes_merge_less() -> None:
    made = damaged_population.generate(1500, seed=4)
    narrow, wide = (matching_report.measure_on(made, scope) for scope in ("facility", "nation"))
    assert wide.recall < narrow.recall
    assert wide.wrong_merges <= narrow.wrong_merges


def test_the_report_is_json_without_values_of_people() -> None:
    text = json.dumps(FIGURES.to_dict(), ensure_ascii=False)
    assert "Nguyễn" not in text
    assert json.loads(text)["target_recall"] == 0.965
