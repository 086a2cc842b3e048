"""The cost report of the index: it measures, finds people, and says what is extrapolated."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from vnhealth.identity import index_report
from vnhealth.identity.index_report import IndexFigures


def test_people_who_come_back_are_found(tmp_path: Path) -> None:
    done: list[int] = []
    found = index_report.measure(3000, tmp_path, questions=300, progress=done.append)
    assert sum(done) == found.people == 3000
    assert found.found > 0.95
    assert list(tmp_path.iterdir()) == []
    assert not found.extrapolated
    assert found.to_dict()["ratio"] == round(found.lookup_p99 / found.point_p99, 2)


def test_times_are_those_of_the_clock_that_is_given(tmp_path: Path) -> None:
    ticks = count()
    found = index_report.measure(50, tmp_path, questions=10, clock=lambda: float(next(ticks)))
    assert found.lookup_p50 == found.point_p99 == 1e6
    assert found.ratio == found.ratio_to_median == 1.0


def test_a_cost_that_grows_is_not_called_flat() -> None:
    small = IndexFigures(100_000, 1, 1, 5, 6, 50, 60, 70, 1)
    steep = IndexFigures(1_000_000, 1, 1, 5, 6, 50, 60, 140, 1)
    assert not index_report.flat([small, steep])
    assert index_report.extrapolate([small, steep]).lookup_p99 == 210
