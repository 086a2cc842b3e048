"""The reference client through bad nights: nothing lost, nothing doubled, the books agree."""

import json
import subprocess
import sys

import pytest

from vnhealth.conformance.storm import Night, _night, storm
from vnhealth.conformance.storm._storm import _files
from vnhealth.sync.outbox import State, Worker


def test_random_nights_lose_and_double_nothing():
    result = storm(8, seed=20261124, encounters=1)
    assert result.to_dict()["wrong"] == []
    total = result.to_dict()
    assert total["sent"] == total["accepted"] + total["refused"] + total["pending"]
    assert total["faults"] > 20
    assert total["deaths"] > 0


def test_the_same_seed_gives_the_same_nights():
    assert storm(2, seed=5, encounters=1) == storm(2, seed=5, encounters=1)


def test_the_books_see_a_client_that_sends_again_without_asking(monkeypatch):
    class Careless(Worker):
        def _confirm(self, job, gateway):
            self._postpone(job, State.READY, 0.0, "")

    monkeypatch.setattr(_night, "Worker", Careless)
    files, facility = _files(1, 7)
    nights = [Night(number, 7, files, facility, ("vss",)).run() for number in range(8)]
    assert sum(night.doubled for night in nights) > 0


@pytest.mark.parametrize("form", ["json", "human"])
def test_the_command_prints_the_sums(form):
    done = subprocess.run(
        [sys.executable, "-m", "vnhealth", "sandbox", "storm", "--plans", "2", "--format", form],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0
    if form == "json":
        found = json.loads(done.stdout)
        assert (found["plans"], found["lost"], found["doubled"]) == (2, 0, 0)
    assert "doubled" in done.stdout
