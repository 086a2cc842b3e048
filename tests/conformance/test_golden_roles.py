"""Golden report per role: what each preset runs, and what comes of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vnhealth.conformance import InProcess, kit, run_kit
from vnhealth.conformance.clients import ReferenceClient

GOLDEN = Path(__file__).with_name("golden_roles.json")


@pytest.mark.parametrize("role", ["clinic", "multi_site"])
def test_a_role_gives_its_golden_report(role: str) -> None:
    golden = json.loads(GOLDEN.read_text("utf-8"))[role]
    run = run_kit(kit("bhyt-claim-3176"), InProcess(ReferenceClient), seed=7, role=role)
    assert run.outcome == golden["outcome"]
    left_out = [r.case.id for r in run.results if r.result.value == "not_applicable"]
    assert left_out == golden["not_applicable"]
    assert {r.result.value for r in run.results} == {"pass", "not_applicable"}
    assert {n: v.value for n, v in run.requirements.items() if v.value != "pass"} == golden[
        "not_passed"
    ]
