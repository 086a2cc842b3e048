"""A job that is killed goes on where it stopped; a worker that dies is said to have died."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from vnhealth import codecs, deid, pipelines, synth
from vnhealth.errors import VnHealthError
from vnhealth.pipelines._ranges import Span
from vnhealth.pipelines._run import outcomes

SIZE = 60_000
JOURNAL = "_vnhealth_run.jsonl"
KEY = bytes(range(32)).hex()
JOBS = {
    "to_parquet": "to_parquet(source, target, workers=2, size=SIZE)",
    "check": "check(source, target, workers=2, size=SIZE)",
    "convert": "convert(source, target, to='3176', workers=2, size=SIZE)",
    "deid": "deid(source, target, key=key, workers=2, size=SIZE)",
}
SCRIPT = """
import sys
from functools import partial
from pathlib import Path
from vnhealth import deid, pipelines

if __name__ == "__main__":
    source, target, SIZE = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    key = partial(deid.Key.from_text, sys.argv[4])
    pipelines.{job}
"""


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    claims = list(synth.generate(encounters=40, edition="3176", seed=3, facility="01991"))
    path = tmp_path_factory.mktemp("in") / "big.xml"
    path.write_bytes(codecs.write(claims * 6, edition="3176", facility="01991"))
    return path


def kill_after_some_lines(job: str, source: Path, target: Path, tmp_path: Path) -> Path:
    """Run the job in a process of its own and kill it; gives its journal."""
    script = tmp_path / "job.py"
    script.write_text(SCRIPT.replace("{job}", JOBS[job]))
    parts = target if job in ("to_parquet", "check") else target.with_name(target.name + ".parts")
    journal = parts / JOURNAL
    command = [sys.executable, str(script), str(source), str(target), str(SIZE), KEY]
    started = subprocess.Popen(command, start_new_session=True)
    until = time.monotonic() + 60
    while time.monotonic() < until and started.poll() is None:
        if journal.is_file() and journal.read_bytes().count(b"\n") > 3:
            break
        time.sleep(0.01)
    started.send_signal(signal.SIGKILL)
    assert started.wait() == -signal.SIGKILL, "the job was through before it was killed"
    wait_for_workers(started.pid)
    return journal


def wait_for_workers(group: int) -> None:
    """The workers of a killed parent end by themselves."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    raise AssertionError("workers outlive their parent")


def run(job: str, source: Path, target: Path) -> pipelines.Report:
    key = partial(deid.Key.from_text, KEY)
    if job == "deid":
        return pipelines.deid(source, target, key=key, workers=1, size=SIZE)
    if job == "convert":
        return pipelines.convert(source, target, to="3176", workers=1, size=SIZE)
    work = pipelines.check if job == "check" else pipelines.to_parquet
    return work(source, target, workers=1, size=SIZE)


def content(place: Path) -> dict[str, bytes]:
    if place.is_file():
        return {"": place.read_bytes()}
    files = (p for p in place.rglob("*") if p.is_file() and p.name != JOURNAL)
    return {str(p.relative_to(place)): p.read_bytes() for p in files if p.name[0] != "."}


@pytest.mark.e2e
@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("job", JOBS)
def test_a_killed_job_goes_on_and_gives_the_same(job: str, big: Path, tmp_path: Path) -> None:
    target = tmp_path / "out"
    journal = kill_after_some_lines(job, big, target, tmp_path)
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines) + b'{"encounters": 9')
    report = run(job, big, target)
    assert report.resumed == len([line for line in lines if line.endswith(b"\n")]) - 1 >= 3
    assert report.portions > report.resumed
    fresh = run(job, big, tmp_path / "fresh")
    assert content(target) == content(tmp_path / "fresh")
    assert report.encounters == fresh.encounters == 240
    assert report.rows == fresh.rows
    for name in ("codes", "losses", "manifest"):
        assert getattr(report, name, None) == getattr(fresh, name, None)


@pytest.mark.e2e
def test_a_worker_that_dies_is_an_error_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dying_step.py").write_text(
        "import os\nclass Step:\n    def __call__(self, number, work):\n        os._exit(9)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    from dying_step import Step

    with pytest.raises(VnHealthError) as caught:
        list(outcomes(Step(), [(0, (Span("x", 0, 1),))], 2))
    assert caught.value.code == "ERR-PIPE-02"
