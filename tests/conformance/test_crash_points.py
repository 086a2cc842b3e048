"""Client-loss proof: killed at any call, before or after it was handled, the books balance."""

from __future__ import annotations

import pytest

from vnhealth.conformance import expect as x
from vnhealth.conformance._model import Case, Result, Scenario
from vnhealth.conformance._play import judge, play
from vnhealth.conformance._stage import Kill, Stage, Strike
from vnhealth.conformance._subject import InProcess
from vnhealth.conformance.clients import PlainClient, ReferenceClient

STEPS = (
    x.nothing_lost(),
    x.nothing_doubled("claim"),
    x.nothing_doubled("checkin"),
    x.checkin_first,
    x.never_too_good,
    x.verdicts_fetched,
    x.sessions(2),
)
CASE = Case("ANY", (), "", "", STEPS)


def complaints(make: type, stage: Stage) -> list[str]:
    scenario = Scenario("ANY", "", "", stage, (CASE,))
    watch = play(scenario, InProcess(make), 7)
    for row in watch.exchange.reconcile():
        assert row.balanced
    return [
        f"{s.step.text_en}: {s.result} {s.detail}"
        for s in judge(scenario, CASE, watch).steps
        if s.result is not Result.PASS
    ]


def calls_of(make: type) -> int:
    scenario = Scenario("ANY", "", "", Stage(encounters=2), (CASE,))
    return len(play(scenario, InProcess(make), 7).heard)


@pytest.mark.parametrize("make", [ReferenceClient, PlainClient], ids=["reference", "plain"])
def test_killed_at_every_call_nothing_is_lost_or_doubled(make: type) -> None:
    found = {}
    for n in range(1, calls_of(make) + 1):
        for answered in (True, False):
            kills = (Kill(n, answered=answered),)
            said = complaints(make, Stage(encounters=2, kills=kills))
            if said:
                found[n, answered] = said
    assert found == {}


@pytest.mark.parametrize("make", [ReferenceClient, PlainClient], ids=["reference", "plain"])
def test_killed_in_the_middle_of_a_bad_night(make: type) -> None:
    strikes = (
        Strike("F10", "vss.claim_*", (1,)),
        Strike("F01", "vss.claim_*", (2,)),
        Strike("F18", "vss.checkin_*", (1,)),
    )
    found = {}
    for n in range(2, 16, 3):
        kills = (Kill(n), Kill(3, answered=False))
        said = complaints(make, Stage(encounters=2, kills=kills, strikes=strikes))
        said = [s for s in said if not s.startswith("Keeps its session")]
        if said:
            found[n] = said
    assert found == {}
