"""Programs of their own in virtual time: event lines, what they name, and what is skipped why."""

from __future__ import annotations

import json
import shutil
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from vnhealth.conformance import Command, InProcess, kit, run_kit
from vnhealth.conformance._events import hello_of
from vnhealth.conformance._model import Result
from vnhealth.conformance._play import judge, play
from vnhealth.conformance.clients import PlainStoresClient

KIT = kit("bhyt-claim-3176")
SCENARIOS = {s.id: s for s in KIT.scenarios}
NODE = pytest.mark.skipif(shutil.which("node") is None, reason="no node on this machine")
pytestmark = pytest.mark.e2e


def program(folder: Path, line: str) -> str:
    path = folder / "my_his.sh"
    path.write_text(f"#!/bin/sh\nexec {line}\n")
    path.chmod(0o755)
    return str(path)


def python(folder: Path) -> str:
    return program(folder, f'{sys.executable} -m vnhealth.conformance.clients "$1"')


def node(folder: Path, more: str = "") -> str:
    path = folder / "his.mjs"
    path.write_bytes((files("vnhealth.conformance") / "data" / "his.mjs").read_bytes())
    return program(folder, f'node {path} "$1" {more}')


def script(folder: Path, body: str) -> str:
    path = folder / "client.py"
    path.write_text(
        f"#!{sys.executable}\nimport json, sys\nfolder = sys.argv[1]\n"
        "def tell(event):\n    print(json.dumps(event), flush=True)\n" + body
    )
    path.chmod(0o755)
    return str(path)


def bad(name: str, command: str) -> list[str]:
    scenario = SCENARIOS[name]
    watch = play(scenario, Command(command), 7)
    return [
        f"{case.id} {s.step.text_en}: {s.result} {s.detail}"
        for case in scenario.cases
        for s in judge(scenario, case, watch).steps
        if s.result is not Result.PASS
    ]


@pytest.mark.parametrize("name", ["CRS-1", "F06"])
def test_a_program_in_python_goes_through_virtual_time(name: str, tmp_path: Path) -> None:
    assert bad(name, python(tmp_path)) == []


@NODE
@pytest.mark.parametrize("name", ["TOK", "F18", "PRO", "DEI"])
def test_a_program_in_another_language_goes_through_virtual_time(name: str, tmp_path: Path) -> None:
    assert bad(name, node(tmp_path)) == []


@pytest.mark.slow
@pytest.mark.parametrize("make", [python, pytest.param(node, marks=NODE)])
def test_a_program_passes_the_whole_kit_in_its_largest_role(make: Any, tmp_path: Path) -> None:
    run = run_kit(KIT, Command(make(tmp_path)), seed=7, role="full")
    assert {r.result for r in run.results} == {Result.PASS}
    assert run.outcome == "PASS"


def test_the_plain_client_passes_the_largest_role() -> None:
    only = ("PRO", "DEI", "F06")
    run = run_kit(KIT, InProcess(PlainStoresClient), seed=11, role="full", only=only)
    ran = [r for r in run.results if r.scenario in only]
    assert {r.result for r in ran} == {Result.PASS}


@NODE
def test_a_program_that_is_not_answered_keeps_its_own_time(tmp_path: Path) -> None:
    command = node(tmp_path, "< /dev/null > /dev/null")
    run = run_kit(KIT, Command(command), seed=7, role="clinic", only=("EDN-3176", "TOK"))
    results = {r.case.id: r for r in run.results}
    assert results["EDN-3176"].result is Result.PASS
    assert results["TOK-01"].result is Result.SKIP
    reason = results["TOK-01"].reason
    assert reason is not None
    assert "clock" in reason.en
    rows = {row["id"]: row for row in run.facts["tests"]}
    assert "thời gian ảo" in rows["TOK-01"]["reason_vi"]


def test_tasks_that_a_program_does_not_name_are_skipped_and_said_so(tmp_path: Path) -> None:
    body = "tell({'event': 'hello', 'clock': 'sandbox', 'tasks': ['checkin', 'claim']})\n"
    run = run_kit(KIT, Command(script(tmp_path, body)), seed=7, role="clinic", only=("DAY",))
    day = [r for r in run.results if r.scenario == "DAY"]
    assert {r.result for r in day} == {Result.SKIP}
    assert day[0].reason is not None
    assert day[0].reason.en.endswith("reconcile, settle")


def test_the_clock_goes_as_far_as_the_program_sleeps(tmp_path: Path) -> None:
    seen = tmp_path / "seen.json"
    body = (
        "said = []\n"
        "def ask(event):\n"
        "    tell(event)\n"
        "    line = sys.stdin.readline()\n"
        "    said.append(json.loads(line)['now'] if line else '')\n"
        "ask({'event': 'hello', 'clock': 'sandbox'})\n"
        "print('no event at all', flush=True)\n"
        "tell({'event': 'other'})\n"
        "for seconds in (3600, -5, 'x', 1e12, 0.5, 0.5):\n"
        "    ask({'event': 'sleep', 'seconds': seconds})\n"
        f"json.dump(said, open({str(seen)!r}, 'w'))\n"
    )
    play(SCENARIOS["EDN-3176"], Command(script(tmp_path, body)), 7)
    assert json.loads(seen.read_text()) == [
        "2025-03-10T18:00:00+07:00",
        *["2025-03-10T19:00:00+07:00"] * 5,
        "2025-03-10T19:00:01+07:00",
    ]


@pytest.mark.parametrize(
    ("told", "follows"),
    [
        (b"", False),
        (b"ready\n", False),
        (b'{"event": "hello"}\n', False),
        (b'[1]\n{"event": "hello", "clock": "own"}\n', False),
        (b'starting\n{"event": "hello", "clock": "sandbox", "tasks": "x"}\n', True),
    ],
)
def test_only_a_hello_that_says_so_follows_the_sandbox(told: bytes, follows: bool) -> None:
    assert hello_of(told).follows is follows
    assert hello_of(told).tasks == frozenset()
