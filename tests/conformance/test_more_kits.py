"""The kits beside the first two: correct clients pass them, idle ones nothing, goldens hold."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from vnhealth.cli import run
from vnhealth.conformance import InProcess, Target, evidence, run_kit
from vnhealth.conformance._model import Kit, Result, Scenario
from vnhealth.conformance._play import judge, play
from vnhealth.conformance._subject import accounts
from vnhealth.conformance.clients import PlainStoresClient
from vnhealth.conformance.clients._axis import PlainAxisClient
from vnhealth.conformance.clients._pharmacist import PlainPharmacist
from vnhealth.conformance.clients._prescriber import PlainPrescriber
from vnhealth.conformance.expect._privacy import canaries
from vnhealth.conformance.expect._rx_people import about_patients
from vnhealth.conformance.kits import KITS, client_of, kit
from vnhealth.sandbox import Exchange, Facility, Settings
from vnhealth.sandbox.server import SystemClock
from vnhealth.sandbox.transport import SandboxTransport

GOLDEN = Path(__file__).with_name("golden_kits.json")
MORE = KITS[2:]
SCENARIOS = [(found, scenario) for found in MORE for scenario in found.scenarios]
PLAIN = {
    "eprescription": PlainPrescriber,
    "eprescription-pharmacy": PlainPharmacist,
    "provincial-repository": PlainStoresClient,
    "health-data-axis": PlainAxisClient,
}


def named(value: object) -> str:
    return value.id if isinstance(value, Kit | Scenario) else ""


def complaints(scenario: Scenario, make: object, seed: int) -> list[str]:
    watch = play(scenario, InProcess(make), seed)  # type: ignore[arg-type]
    judged = [judge(scenario, case, watch) for case in scenario.cases]
    return [
        f"{result.case.id} {found.step.text_en}: {found.result} {found.detail}"
        for result in judged
        for found in result.steps
        if found.result is not Result.PASS
    ]


@pytest.mark.parametrize(("found", "scenario"), SCENARIOS, ids=named)
def test_the_client_of_a_kit_is_never_accused(found: Kit, scenario: Scenario) -> None:
    assert complaints(scenario, client_of(found), 2026) == []


@pytest.mark.parametrize(("found", "scenario"), SCENARIOS, ids=named)
def test_a_correct_client_without_shared_code_is_never_accused(
    found: Kit, scenario: Scenario
) -> None:
    if found.id in PLAIN:
        assert complaints(scenario, PLAIN[found.id], 11) == []


@pytest.mark.slow
@pytest.mark.parametrize("found", MORE, ids=named)
def test_no_false_accusation_over_fifty_seeds(found: Kit) -> None:
    told = [
        (seed, complaint)
        for seed in range(50)
        for scenario in found.scenarios
        for complaint in complaints(scenario, client_of(found), seed)
    ]
    assert told == []


SERVERS = [found for found in KITS if "server" in found.roles]


@pytest.mark.parametrize("facility", ["01991", "92991"])
@pytest.mark.parametrize("found", SERVERS, ids=named)
def test_a_right_server_passes_whatever_facility_its_account_has(found: Kit, facility: str) -> None:
    exchange = Exchange.default(
        3,
        clock=SystemClock(),
        facilities=[Facility(facility)],
        settings=Settings(verdict_delay=dt.timedelta()),
    )
    target = Target(
        exchange.credentials(facility, found.gateway).base_url,
        accounts(exchange, found.gateway, facility),
        transport=SandboxTransport(exchange),
        gateway=found.gateway,
        probe=client_of(found),
    )
    results = run_kit(found, target, seed=7).results
    assert {r.case.id: r.result.value for r in results if r.result is not Result.PASS} == {}


class Silent:
    """A client that does nothing."""

    def __init__(self, place: object) -> None:
        pass

    def run(self) -> None:
        return


@pytest.mark.parametrize(("found", "scenario"), SCENARIOS, ids=named)
def test_a_client_that_does_nothing_passes_no_test(found: Kit, scenario: Scenario) -> None:
    watch = play(scenario, InProcess(Silent), 7)
    passed = [c.id for c in scenario.cases if judge(scenario, c, watch).result is Result.PASS]
    assert passed == []


@pytest.mark.parametrize("name", [f"{found.id} {role}" for found in MORE for role in found.roles])
def test_a_preset_gives_its_golden_report(name: str) -> None:
    kit_name, _, role = name.partition(" ")
    found = kit(kit_name)
    golden = json.loads(GOLDEN.read_text("utf-8"))[name]
    done = run_kit(found, InProcess(client_of(found)), seed=7, role=role)
    assert {
        "outcome": done.outcome,
        "tests": done.facts["summary"]["tests"],
        "not_applicable": [r.case.id for r in done.results if r.result is Result.NOT_APPLICABLE],
        "not_passed": {n: v.value for n, v in done.requirements.items() if v.value != "pass"},
    } == golden


@pytest.mark.parametrize("found", MORE, ids=named)
def test_evidence_of_a_kit_is_sealed_and_holds_no_patient(found: Kit, tmp_path: Path) -> None:
    command = ["certify", "--kit", found.id, "--seed", "7", "--format", "json"]
    assert run([*command, "--out", str(tmp_path)]) == 0
    data = (tmp_path / "evidence.json").read_bytes()
    checked = evidence.verify(data)
    assert (checked.problem, checked.outcome) == ("", "PASS")
    text = b"".join(path.read_bytes() for path in tmp_path.iterdir()).decode("utf-8")
    watch = play(found.scenarios[0], InProcess(Silent), 7)
    planted = {*about_patients(watch), *canaries(watch)} - set(watch.staged.stage.facilities)
    assert planted
    assert [value for value in planted if value in text] == []
