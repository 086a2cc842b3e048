"""Filters, groups and the order of findings."""

from __future__ import annotations

import pickle
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vnhealth.findings import Finding, Findings, Severity, Spool, Tally

CODES = ("BHYT-VAL-01", "BHYT-VAL-02", "BHYT-ROW-03")

some = st.builds(
    Finding,
    st.sampled_from(CODES),
    st.sampled_from(list(Severity)),
    st.none() | st.integers(0, 3),
    st.sampled_from([None, "XML1", "XML2", "XML10"]),
    st.none() | st.integers(0, 3),
    st.sampled_from([None, "STT", "HO_TEN"]),
    st.dictionaries(st.sampled_from(["count", "tags"]), st.sampled_from(["1", "2"])),
    st.dictionaries(st.just("value"), st.text(max_size=5)),
)


@given(st.lists(some, max_size=30), st.randoms(use_true_random=False))
def test_order_is_the_same_whatever_the_order_of_arrival(
    items: list[Finding], chance: random.Random
) -> None:
    mixed = list(items)
    chance.shuffle(mixed)
    assert list(Findings(items)) == list(Findings(mixed))
    first, rest = Findings(mixed[:7]), Findings(mixed[7:])
    assert first + rest == rest + first == Findings(items)


@given(st.lists(some, max_size=30))
def test_groups_lose_nothing(items: list[Finding]) -> None:
    found = Findings(items)
    by_encounter = found.by_encounter()
    assert [f for held in by_encounter.values() for f in held] == list(found)
    assert all(f.encounter == index for index, held in by_encounter.items() for f in held)
    causes = found.by_cause()
    assert sum(c.count for c in causes) == len(found)
    for c in causes:
        held = [f for _, f in c.places]
        assert {(f.code, f.severity, f.table, f.tag) for f in held} == {
            (c.code, c.severity, c.table, c.tag)
        }
        assert c.encounters == len({f.encounter for f in held} - {None})
    assert [c.severity.rank for c in causes] == sorted(
        (c.severity.rank for c in causes), reverse=True
    )


@given(st.lists(some, max_size=30), st.sampled_from(CODES), st.sampled_from(["XML1", "XML10"]))
def test_filter_is_the_plain_condition(items: list[Finding], code: str, table: str) -> None:
    found = Findings(items)
    kept = found.filter(at_least="warning", code=[code, "BHYT-VAL-02"], table=table)
    assert list(kept) == [
        f
        for f in found
        if f.severity.rank >= 1 and f.code in (code, "BHYT-VAL-02") and f.table == table
    ]
    assert found.filter() == found
    assert found.filter(severity="error") == Findings(
        f for f in items if f.severity is Severity.ERROR
    )
    assert found.filter(encounter=0, tag="STT") == Findings(
        f for f in items if f.encounter == 0 and f.tag == "STT"
    )


@given(st.lists(some, max_size=30), st.sampled_from([1, 150, 1 << 20]))
def test_a_spool_gives_back_what_was_put_in(items: list[Finding], block: int) -> None:
    found = Findings(items)
    with pytest.MonkeyPatch.context() as patch, Spool() as spool:
        patch.setattr("vnhealth.findings._checked.BLOCK", block)
        spool.add(found[:5])
        assert list(spool) == list(found[:5])
        spool.add(found[5:])
        assert list(spool) == list(spool) == list(found)
        assert len(spool) == len(found)
        spool.clear()
        assert list(spool) == []
    assert pickle.loads(pickle.dumps(found)) == found


@given(st.lists(some, max_size=30), st.integers(0, 3))
def test_a_tally_counts_the_same_however_little_it_keeps(items: list[Finding], keep: int) -> None:
    found = Findings(items)
    whole, small, coarse = Tally(keep=None), Tally(keep=keep), Tally(keep=keep, fields=False)
    for tally in (whole, small, coarse):
        tally.add_all(found, 0)
        tally.add_all(found, 1)
    small_causes = small.causes()
    assert [(c.code, c.path, c.count, c.encounters, c.files) for c in small_causes] == [
        (c.code, c.path, c.count, c.encounters, c.files) for c in whole.causes()
    ]
    assert all(len(c.places) == min(keep, c.count) for c in small_causes)
    assert [c.text("vi") for c in small_causes] == [c.text("vi") for c in whole.causes()]
    doubled = {name: 2 * n for name, n in found.counts().items()}
    assert whole.counts() == coarse.counts() == doubled
    for c in coarse.causes():
        same = [f for f in found if (f.code, f.severity) == (c.code, c.severity)]
        assert c.count == 2 * len(same)
        assert c.encounters == 2 * len({f.encounter for f in same} - {None})


def test_the_text_of_a_cause_says_only_what_is_true_of_all_its_findings(secret: str) -> None:
    def make(tags: str, row: int) -> Finding:
        return Finding(
            "BHYT-ROW-02", Severity.INFO, 0, "XML3", row, params={"tags": tags, "count": "1"}
        )

    (same,) = Findings([make("STT", 0), make("STT", 1)]).by_cause()
    assert "STT" in same.text("en")
    tally = Tally(keep=1)
    tally.add_all([make("STT", 0), make("MA_LK", 1)])
    (other,) = tally.causes()
    assert "STT" not in other.text("en")
    value = Finding("BHYT-VAL-01", Severity.ERROR, 0, "XML3", 0, "STT", values={"value": secret})
    (cause,) = Findings([value]).by_cause()
    assert secret not in cause.text("vi") + cause.hint("vi") + repr(cause)
    assert "STT" in cause.text("vi")


def test_an_unknown_severity_is_refused() -> None:
    with pytest.raises(ValueError, match="loud"):
        Findings([]).filter(severity="loud")


def test_text_folds_to_the_width_and_gives_each_hint_once() -> None:
    found = Findings(
        [
            Finding("BHYT-VAL-02", Severity.ERROR, 0, "XML3", n, "DON_GIA", values={"value": "1,5"})
            for n in range(3)
        ]
    )
    shown = found.to_text("vi", width=60)
    assert max(map(len, shown.splitlines())) <= 60
    assert shown.count("→") == 1
    assert [f"0:XML3[{n}].DON_GIA" in shown for n in range(3)] == [True] * 3
    assert "•••" in shown
    assert Findings([]).to_text() == ""
