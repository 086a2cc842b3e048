"""The command of the twelve figures, and the search for equal tokens behind one of them."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from array import array
from pathlib import Path

import pytest

pytest.importorskip("polars", reason="the extra frames is not installed")

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def benchmarks():
    sys.path.insert(0, str(ROOT))
    from benchmarks import deid_targets, token_collisions

    yield deid_targets, token_collisions
    sys.path.remove(str(ROOT))


def test_hashes_met_twice_are_found_wherever_they_lie(benchmarks, tmp_path) -> None:
    _, token_collisions = benchmarks
    dice = random.Random(5)
    first = [dice.randrange(-(2**63), 2**63) for _ in range(5000)]
    second = [dice.randrange(-(2**63), 2**63) for _ in range(5000)]
    ends = [-(2**63), 2**63 - 1]
    held = token_collisions.Hashes(tmp_path)
    held.add(array("q", [*first, *ends]))
    held.add(array("q", [*second, first[17], *ends]))
    held.add(array("q", [second[4000]]))
    assert held.twice() == {first[17], second[4000], *ends}


def test_equal_tokens_are_counted(benchmarks, monkeypatch) -> None:
    _, token_collisions = benchmarks
    assert token_collisions.compare(500, 3).equal == 0
    monkeypatch.setattr(token_collisions, "RECIPIENTS", ("province", "province"))
    assert token_collisions.compare(500, 3).equal == 500


def test_the_command_prints_its_figures_with_seed_and_interval() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.deid_targets", "--quick", "--seed", "11"]
        + ["--ids", "20000", "--only", "D9", "D6"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("seed 11;")
    lines = done.stdout.splitlines()[1:]
    assert {line.split()[0] for line in lines} == {"D6", "D7", "D9"}
    assert [line for line in lines if "100.00% (100/100)" in line and "96.30%-100.00%" in line]
    assert "MISSED" not in done.stdout


def test_every_target_has_a_part(benchmarks) -> None:
    deid_targets, _ = benchmarks
    assert {name for names in deid_targets.PARTS for name in names.split()} == {
        f"D{n}" for n in range(1, 13)
    }
