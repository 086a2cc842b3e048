"""The kit: correct clients pass all of it, every clause has a test or a reason, ids stay."""

from __future__ import annotations

from importlib.resources import files

import pytest

from vnhealth.conformance._model import Result, Scenario
from vnhealth.conformance._play import judge, play
from vnhealth.conformance._requirements import coverage, requirements
from vnhealth.conformance._stage import Stage, staged
from vnhealth.conformance._subject import InProcess
from vnhealth.conformance.clients import PlainClient, ReferenceClient
from vnhealth.conformance.kits import KITS, kit

KIT = kit("bhyt-claim-3176")
PLAIN = [s for s in KIT.scenarios if set(s.roles) != {"full"}]


def complaints(scenario: Scenario, make: type, seed: int) -> list[str]:
    watch = play(scenario, InProcess(make), seed)
    found = []
    for case in scenario.cases:
        result = judge(scenario, case, watch)
        if result.result is not Result.PASS:
            found += [
                f"{case.id} {s.step.text_en}: {s.result} {s.detail}"
                for s in result.steps
                if s.result is not Result.PASS
            ]
    return found


@pytest.mark.parametrize("scenario", KIT.scenarios, ids=lambda s: s.id)
def test_the_reference_client_is_never_accused(scenario: Scenario) -> None:
    assert complaints(scenario, ReferenceClient, 2026) == []


@pytest.mark.parametrize("scenario", PLAIN, ids=lambda s: s.id)
def test_a_correct_client_without_shared_code_is_never_accused(scenario: Scenario) -> None:
    assert complaints(scenario, PlainClient, 11) == []


@pytest.mark.slow
def test_no_false_accusation_over_fifty_seeds() -> None:
    found = [
        (seed, complaint)
        for seed in range(50)
        for scenario in KIT.scenarios
        for complaint in complaints(scenario, ReferenceClient, seed)
    ]
    assert found == []


def test_every_testable_clause_has_a_test_and_every_other_a_reason() -> None:
    for kit_ in KITS:
        found = coverage(kit_)
        assert found["coverage_percent"] == 100
        assert [r["id"] for r in found["rows"] if r["testable"] and not r["tests"]] == []
    roles = {role for kit_ in KITS for role in kit_.roles}
    for requirement in requirements().values():
        assert bool(requirement.reason_vi) == bool(requirement.reason_en)
        assert requirement.basis
        assert requirement.level in ("must", "should")
        assert requirement.role in roles


def test_tests_name_requirements_that_exist_and_ids_are_never_lost() -> None:
    for found in KITS:
        ids = [case.id for case in found.cases()]
        assert len(ids) == len(set(ids))
        for case in found.cases():
            assert set(case.verifies) <= set(requirements())
            assert case.steps
    frozen = (files("vnhealth.conformance") / "data" / "frozen_tests.txt").read_text().split()
    assert frozen == [case.id for found in KITS for case in found.cases()]


def test_a_stage_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    stage = Stage(encounters=2)
    again = staged.__wrapped__(stage, 5)
    assert staged(stage, 5).tasks == again.tasks
    assert staged(stage, 6).tasks != again.tasks


class Silent:
    """A client that does nothing."""

    def __init__(self, place: object) -> None:
        pass

    def run(self) -> None:
        return


def test_a_client_that_does_nothing_passes_no_test() -> None:
    for scenario in KIT.scenarios:
        watch = play(scenario, InProcess(Silent), 7)
        passed = [c.id for c in scenario.cases if judge(scenario, c, watch).result is Result.PASS]
        assert passed == []


class WholeBatch(ReferenceClient):
    """Takes the answer to a batch for the answer to each of its files."""

    again = False

    def _axis(self, task: dict) -> None:
        files = list(task["files"])
        super()._axis({**task, "files": files[:2]})
        if self.again:
            for file in files[:2]:
                self.notes.pop(file["id"])
            super()._axis({**task, "files": files})


class BatchAgain(WholeBatch):
    """Sends a half-failed batch again as a whole."""

    again = True


@pytest.mark.parametrize(("make", "word"), [(WholeBatch, "lost"), (BatchAgain, "doubled")])
def test_a_client_that_does_not_read_results_per_file_is_caught(make: type, word: str) -> None:
    scenario = next(s for s in KIT.scenarios if s.id == "F06")
    assert [c for c in complaints(scenario, make, 7) if f"fail {word}" in c]
