"""The night batch: conservation, flat memory, the same chain for the same seed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from vnhealth.cli import run
from vnhealth.conformance import night_batch
from vnhealth.conformance.clients import PlainClient, ReferenceClient


def test_a_batch_in_parts_loses_and_doubles_nothing() -> None:
    found = night_batch(ReferenceClient, 130, seed=7)
    assert (found["lost"], found["doubled"], found["open"]) == (0, 0, 0)
    assert found["balanced"]
    assert found["encounters"] == 130 < found["files"]
    assert found["logins"] == 2, "one for each part"


def test_the_same_seed_gives_the_same_chain() -> None:
    first, again, other = (night_batch(PlainClient, 5, seed=s)["chain"] for s in (3, 3, 4))
    assert first == again != other


class Forgetful(PlainClient):
    """Sends the first claim twice and the last one never."""

    def do_claim(self, task: dict) -> None:
        claims = [t for t in self.order["tasks"] if t["task"] == "claim"]
        if task is claims[-1]:
            return
        PlainClient.do_claim(self, task)
        if task is claims[0]:
            self.post(task, "claim", self.file(task, "claim"))


def test_a_batch_shows_what_was_lost_and_doubled() -> None:
    found = night_batch(Forgetful, 10, seed=7)
    assert (found["lost"], found["doubled"]) == (1, 1)


def test_the_batch_stands_in_the_evidence(tmp_path: Path) -> None:
    args = ["--only", "F10", "--load", "20", "--out", str(tmp_path)]
    assert run(["certify", *args]) == 0
    facts = json.loads((tmp_path / "evidence.json").read_bytes())["payload"]["facts"]
    assert facts["load"]["encounters"] == 20
    assert facts["load"]["chain"] in (tmp_path / "bao-cao.html").read_text("utf-8")
    assert run(["certify", "--his-command", "true", "--only", "F10", "--load", "1"]) == 3


MEASURED = """
import resource, sys
from vnhealth.conformance import night_batch
from vnhealth.conformance.clients import ReferenceClient
night_batch(ReferenceClient, int(sys.argv[1]), seed=7)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_batch() -> None:
    def peak(encounters: int) -> int:
        command = [sys.executable, "-c", MEASURED, str(encounters)]
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    assert peak(1500) - peak(300) < 40
