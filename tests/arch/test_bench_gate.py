"""The gate of the benchmarks: worse beyond noise fails, noise and absolute figures do not."""

import importlib.util
import sys
from pathlib import Path

import pytest

PATH = Path(__file__).resolve().parents[2] / "benchmarks" / "gate.py"


@pytest.fixture(scope="module")
def gate():
    found = importlib.util.spec_from_file_location("bench_gate", PATH)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("better", "before", "after", "fails"),
    [
        ("less", 0.80, 0.91, False),
        ("less", 0.80, 0.93, True),
        ("less", 0.80, 0.10, False),
        ("more", 20.0, 17.5, False),
        ("more", 20.0, 17.3, True),
        ("more", 20.0, 90.0, False),
        ("", 100.0, 900.0, False),
    ],
)
def test_only_a_ratio_beyond_noise_fails(gate, better, before, after, fails):
    held = {"x": {"ratio": before}}
    assert bool(gate.worse({"x": {"ratio": after, "better": better}}, held)) is fails


def test_a_new_figure_does_not_fail(gate):
    assert gate.worse({"x": {"ratio": 9.0, "better": "less"}}, {}) == []


@pytest.mark.parametrize(
    ("goal", "ratio", "reached"),
    [("≤ 0.85", 0.85, True), ("≤ 0.85", 0.86, False), ("< 400", 400, False), ("≥ 18", 18.1, True),
     ("≥ 20,000", 21_000, True), ("", 1.0, None), ("later", 1.0, None)],
)  # fmt: skip
def test_a_goal_is_reached_or_not(goal, ratio, reached):
    path = PATH.with_name("harness.py")
    found = importlib.util.spec_from_file_location("bench_harness", path)
    harness = importlib.util.module_from_spec(found)
    sys.modules["bench_harness"] = harness
    found.loader.exec_module(harness)
    assert harness.Figure("x", ratio, "base", 0.0, 0.0, goal).reached is reached
