"""A client in another language, as a program of its own, against a real server."""

from __future__ import annotations

import json
import shutil
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from vnhealth.cli import run
from vnhealth.conformance import Command, evidence
from vnhealth.conformance._model import Result
from vnhealth.conformance._play import judge, play
from vnhealth.conformance.kits import kit
from vnhealth.errors import ConformanceError

SCENARIOS = {s.id: s for s in kit("bhyt-claim-3176").scenarios}
NODE = pytest.mark.skipif(shutil.which("node") is None, reason="no node on this machine")


@pytest.fixture(scope="module")
def his(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("his")
    program = folder / "his.mjs"
    program.write_bytes((files("vnhealth.conformance") / "data" / "his.mjs").read_bytes())
    script = folder / "my_his.sh"
    script.write_text(f'#!/bin/sh\nexec node {program} "$1"\n')
    script.chmod(0o755)
    return str(script)


def bad(name: str, command: str) -> list[str]:
    scenario = SCENARIOS[name]
    watch = play(scenario, Command(command), 7)
    return [
        f"{case.id} {s.step.text_en}: {s.result} {s.detail}"
        for case in scenario.cases
        for s in judge(scenario, case, watch).steps
        if s.result is not Result.PASS
    ]


@NODE
@pytest.mark.e2e
@pytest.mark.parametrize("name", ["DAY", "CRS-4", "CRD"])
def test_the_node_client_passes(name: str, his: str) -> None:
    assert bad(name, his) == []


@NODE
@pytest.mark.e2e
@pytest.mark.slow
def test_the_node_client_passes_the_kit_and_a_witness_signs(his: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    junit = tmp_path / "junit.xml"
    args = ["--his-command", his, "--role", "multi_site", "--out", str(out)]
    assert run(["certify", *args, "--junit", str(junit), "--format", "json"]) == 0
    assert "<testsuites" in junit.read_text("utf-8")
    key = tmp_path / "witness.pem"
    assert run(["certify", "key", str(key)]) == 0
    file = out / "evidence.json"
    who = ["--key", str(key), "--name", "Trần Thị Mẫu", "--unit", "Sở Y tế mẫu"]
    assert run(["certify", "witness", str(file), *who]) == 0
    found = evidence.verify(file.read_bytes())
    assert found.witnessed
    assert found.kind == "vendor_client"
    report = tmp_path / "report.html"
    assert run(["certify", "report", str(file), "--out", str(report)]) == 0
    assert 'class="band witnessed"' in report.read_text("utf-8")


def script(folder: Path, body: str) -> str:
    path = folder / "client.py"
    path.write_text(f"#!{sys.executable}\nimport json, os, sys\nfolder = sys.argv[1]\n{body}")
    path.chmod(0o755)
    return str(path)


@pytest.mark.e2e
def test_a_program_gets_a_whole_work_order(tmp_path: Path) -> None:
    seen = tmp_path / "seen.json"
    body = (
        "import shutil\n"
        "names = sorted(os.listdir(os.path.join(folder, 'keys')))\n"
        "order = json.load(open(os.path.join(folder, 'work-order.json')))\n"
        f"json.dump([names, order], open({str(seen)!r}, 'w'))\n"
    )
    assert bad("EDN-3176", script(tmp_path, body)) != []
    names, order = json.loads(seen.read_text())
    assert names == ["01991.cert.pem", "01991.key.pem"]
    assert list(evidence.violations(order, evidence.schema("work-order"))) == []
    assert order["gateways"]["vss"]["base_url"].startswith("http://127.0.0.1:")


@pytest.mark.e2e
@pytest.mark.parametrize("body", ["sys.exit(3)", "open(folder + '/results.json', 'w').write('{')"])
def test_a_broken_program_is_no_pass(body: str, tmp_path: Path) -> None:
    scenario = SCENARIOS["DAY"]
    watch = play(scenario, Command(script(tmp_path, body)), 7)
    results = {case.id: judge(scenario, case, watch).result for case in scenario.cases}
    assert results["OUT-01"] is Result.FAIL
    assert Result.PASS not in results.values()


def test_a_command_that_cannot_be_started_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ConformanceError, match="ERR-CERT-07"):
        play(SCENARIOS["DAY"], Command(str(tmp_path / "nothing")), 7)
