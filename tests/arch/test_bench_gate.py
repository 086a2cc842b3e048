"""The gate of the benchmarks: worse beyond noise fails, noise and absolute figures do not."""

import importlib.util
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
