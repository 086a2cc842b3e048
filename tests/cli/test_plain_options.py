"""The reader of ordinary command lines gives what typer gives, and leaves it everything else."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from vnhealth.cli import _app, _run
from vnhealth.cli._options import NotOrdinary, ordinary
from vnhealth.cli.check import KEY_VARIABLE, check

ORDINARY = [
    "a.xml",
    "a.xml b.xml",
    "--quiet a.xml",
    "a.xml --quiet --values",
    "--format json a.xml --out findings.json",
    "a.xml --rules BHYT-FLD-01 --rules BHYT-FLD-02",
    "- --lang en",
    "--jobs 2 a.xml",
    "--workers 0 a.xml --fix-out there --fix-nfc",
    "a.xml --format json --format sarif",
]
FOR_TYPER = [
    "",
    "--quiet",
    "--help",
    "a.xml --jobs many",
    "a.xml --jobs 257",
    "a.xml --jobs -1",
    "a.xml --format=json",
    "a.xml --format",
    "a.xml --unknown",
    "-- a.xml",
    "a.xml -q",
]


def defaults() -> dict[str, object]:
    parameters = inspect.signature(check).parameters.values()
    return {p.name: p.default for p in parameters if p.default is not p.empty}


def by_typer(words: list[str]) -> dict[str, object]:
    group = typer.main.get_command(_app.check_alone())
    command = group.commands["check"]  # type: ignore[attr-defined]
    found: dict[str, object] = command.make_context("check", words).params
    return {name: None if value == () else value for name, value in found.items()}


@pytest.mark.parametrize("line", ORDINARY)
def test_the_same_values_as_typer(line: str) -> None:
    values, left = ordinary(check, line.split())
    assert not left
    assert {**defaults(), **values} == by_typer(line.split())


def test_variables_of_the_environment_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "held.key")
    values, _ = ordinary(check, ["a.xml"])
    assert values["baseline_key"] == Path("held.key")
    assert {**defaults(), **values} == by_typer(["a.xml"])
    monkeypatch.setenv("VNHEALTH_LANG", "en")
    assert ordinary(_run.main, ["--quiet", "check", "--x"]) == (
        {"lang": "en", "quiet": True},
        ["check", "--x"],
    )


@pytest.mark.parametrize("line", FOR_TYPER)
def test_everything_else_is_left_to_typer(line: str) -> None:
    with pytest.raises(NotOrdinary):
        ordinary(check, line.split())


def test_an_ordinary_check_loads_neither_typer_nor_its_models(tmp_path: Path) -> None:
    file = tmp_path / "one.xml"
    file.write_text("<TONG_HOP><MA_LK>A1</MA_LK></TONG_HOP>", "utf-8")
    code = (
        "import json, sys\nfrom vnhealth.cli import run\n"
        f"status = run(['--quiet', 'check', {str(file)!r}])\n"
        "heavy = {'typer', 'pydantic', 'rich', 'multiprocessing'}\n"
        "print('\\n' + json.dumps([status, sorted(heavy & set(sys.modules))]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == [1, []]
