"""Faults are single, logged, and found where the log says."""

from __future__ import annotations

from functools import cache

import pytest

from vnhealth import rules, synth
from vnhealth.codecs import read
from vnhealth.errors import SpecError
from vnhealth.findings import Severity
from vnhealth.records import Claim
from vnhealth.synth._data import rows
from vnhealth.synth._faults import spoil

NO_RULE = {
    ("card_short", "130"),
    ("card_short", "4750"),
    ("card_short", "3176"),
    ("card_short", "1931"),
    ("cccd_short", "130"),
}
"""Faults for whose place neither the reader nor the rules have a code."""


def family(edition: str) -> str:
    return "4210" if edition == "4210" else "130"


def wanted(edition: str) -> list[str]:
    return [r["name"] for r in rows("faults") if r["family"] in ("", family(edition))]


@cache
def clean(edition: str) -> list[Claim]:
    return list(synth.generate(encounters=160, edition=edition, seed=7))


@pytest.mark.parametrize(
    ("edition", "name"),
    [(e, name) for e in ("4210", "4750", "3176") for name in wanted(e)],
)
def test_a_fault_is_found_at_its_place(edition: str, name: str) -> None:
    seen = 0
    for index, claim in enumerate(clean(edition)):
        spoiled = spoil(claim, 7, index, name)
        if spoiled is None:
            continue
        seen += 1
        wrong, fault = spoiled
        row = claim.rows(fault.table)[fault.row]
        changed = wrong.rows(fault.table)[fault.row]
        assert [t for t in row.to_dict() if row.raw(t) != changed.raw(t)] == [fault.tag]
        document = read(synth.render(wrong, edition=edition))
        found = [*document.findings, *rules.check(document, edition=edition)]
        near = [
            f
            for f in found
            if (f.table, f.tag) == (fault.table, fault.tag)
            and f.row in (None, fault.row)
            and f.severity is not Severity.INFO
        ]
        assert near or (name, edition) in NO_RULE
        if seen == 2:
            break
    assert seen


def test_share_of_faults_and_their_log() -> None:
    day = synth.Day(encounters=150, edition="3176", seed=7, faults=0.2)
    log = list(day.fault_log())
    assert 15 <= len(log) <= 45
    assert [f.encounter for f in log] == sorted({f.encounter for f in log})
    wrong = {i for i, claim in enumerate(day) if claim != clean("3176")[i]}
    assert wrong == {f.encounter for f in log}
    assert len({f.what for f in log}) > 8
    assert all(f.text("vi") and f.text("en") for f in log)


def test_named_faults_take_turns() -> None:
    names = ["sex_code", "drug_total"]
    day = synth.Day(encounters=4, edition="3176", seed=7, faults=names)
    assert [f.what for f in day.fault_log()] == names * 2


def test_unknown_faults_are_refused() -> None:
    with pytest.raises(SpecError):
        synth.Day(encounters=1, faults=["gremlins"])
