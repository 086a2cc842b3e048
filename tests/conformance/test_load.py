"""The night batch: conservation, flat memory, the same chain for the same seed."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from vnhealth.cli import run
from vnhealth.conformance import evidence, night_batch, night_in_processes
from vnhealth.conformance.clients import PlainClient, ReferenceClient
from vnhealth.errors import ConformanceError

NIGHTS = ("night-01991.jsonl.gz", "night-79991.jsonl.gz")


def test_a_batch_in_parts_loses_and_doubles_nothing() -> None:
    found = night_batch(ReferenceClient, 130, seed=7)
    assert (found["lost"], found["doubled"], found["open"]) == (0, 0, 0)
    assert found["balanced"]
    assert found["encounters"] == 130 < found["files"]
    assert found["logins"] == 2, "one for each part"
    assert [lane["id"] for lane in found["lanes"]] == ["01991", "79991"]
    assert sum(lane["count"] for lane in found["lanes"]) == found["calls"]


def test_the_same_seed_gives_the_same_root() -> None:
    first, again, other = (night_batch(PlainClient, 5, seed=s)["root"] for s in (3, 3, 4))
    assert first == again != other


@pytest.mark.e2e
def test_processes_of_their_own_make_no_difference(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
    told: list[int] = []
    found = [
        night_batch(ReferenceClient, 6, seed=3, leaves=folders[0]),
        night_in_processes(ReferenceClient, 6, seed=3, leaves=folders[1], progress=told.append),
    ]
    assert found[0] == found[1]
    assert sum(told) == 6
    for path in folders[0].iterdir():
        assert path.read_bytes() == (folders[1] / path.name).read_bytes()


@pytest.mark.e2e
def test_a_process_that_dies_is_said_so() -> None:
    with pytest.raises(ConformanceError, match="ERR-CERT-07"):
        night_in_processes(os._exit, 2, seed=3)  # type: ignore[arg-type]


def test_leaves_on_the_disk_belong_to_the_evidence_and_a_changed_one_does_not(
    tmp_path: Path,
) -> None:
    load = night_batch(PlainClient, 4, seed=3, leaves=tmp_path)
    paths = sorted(tmp_path.iterdir())
    assert [p.name for p in paths] == ["night-01991.jsonl.gz", "night-79991.jsonl.gz"]
    assert all(evidence.leaves_belong(path, load) for path in paths)
    text = gzip.decompress(paths[0].read_bytes())
    lines = text.splitlines(keepends=True)
    assert len(lines) == load["lanes"][0]["count"]
    for changed in (
        text.replace(b'"status":200', b'"status":201', 1),
        b"".join(lines[:-1]),
        b"".join([lines[1], lines[0], *lines[2:]]),
        text + b"\n",
        b"",
    ):
        assert changed != text
        paths[1].write_bytes(gzip.compress(changed))
        assert not evidence.leaves_belong(paths[1], load)
    paths[1].write_bytes(paths[0].read_bytes()[:-9])
    assert not evidence.leaves_belong(paths[1], load)
    assert not evidence.leaves_belong(paths[0], None)


class Forgetful(PlainClient):
    """Sends the first claim twice and the last one never."""

    def do_claim(self, task: dict) -> None:
        claims = [t for t in self.order["tasks"] if t["task"] == "claim"]
        if task["facility"] != "01991":
            PlainClient.do_claim(self, task)
            return
        if task is claims[-1]:
            return
        PlainClient.do_claim(self, task)
        if task is claims[0]:
            self.post(task, "claim", self.file(task, "claim"))


def test_a_batch_shows_what_was_lost_and_doubled() -> None:
    found = night_batch(Forgetful, 20, seed=7)
    assert (found["lost"], found["doubled"]) == (1, 1)


def test_the_batch_stands_in_the_evidence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    args = ["--only", "F10", "--load", "20", "--out", str(tmp_path), "--format", "json"]
    assert run(["certify", *args]) == 0
    facts = json.loads((tmp_path / "evidence.json").read_bytes())["payload"]["facts"]
    assert facts["load"]["encounters"] == 20
    assert json.loads(capsys.readouterr().out)["load"] == facts["load"]
    assert facts["load"]["root"] in (tmp_path / "bao-cao.html").read_text("utf-8")
    file, *leaves = (tmp_path / n for n in ("evidence.json", *NIGHTS))
    options = [part for path in leaves for part in ("--leaves", str(path))]
    assert run(["certify", "verify", str(file), *options]) == 0
    leaves[0].write_bytes(gzip.compress(b"{}\n"))
    assert run(["certify", "verify", str(file), *options]) == 1
    assert run(["certify", "--his-command", "true", *args]) == 3


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
