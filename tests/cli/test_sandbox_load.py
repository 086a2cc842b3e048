"""``vnhealth sandbox load``: an archive into the state of a server, told in a line or as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vnhealth import cli, synth
from vnhealth.sandbox import Exchange
from vnhealth.sandbox.server import SystemClock, open_store


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    (folder / "below").mkdir(parents=True)
    for n, claim in enumerate(synth.generate(encounters=4, seed=7, facility="01991")):
        name = f"{n}.xml" if n else "below/0.XML"
        (folder / name).write_bytes(synth.render([claim]))
    (folder / "notes.txt").write_text("not loaded")
    return folder


@pytest.fixture(params=["sqlite", "postgresql"])
def state(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "state.sqlite")
    url: str = request.getfixturevalue("postgres").replace("+psycopg", "")
    store = open_store(url, 7)
    store.replace_contents({}, ())
    store.close()
    return url


def load(capsys, *options: object) -> tuple[int, str, str]:
    status = cli.run(["--lang", "en", "sandbox", "load", *map(str, options)])
    shown = capsys.readouterr()
    return status, shown.out, shown.err


def kept(state: str) -> dict[str, int]:
    """Records of a state by gateway."""
    store = open_store(state, 7)
    exchange = Exchange.default(seed=7, store=store, clock=SystemClock())
    found = {row.gateway: row.sent for row in exchange.reconcile()}
    exchange.close()
    return found


def test_a_folder_goes_into_the_state_of_a_server(archive, state, capsys):
    status, said, _ = load(capsys, archive, "--state", state)
    assert (status, said.startswith("Loaded 4 files, 4 records: ")) == (0, True)
    status, said, _ = load(capsys, archive, "--state", state, "--format", "json")
    found = json.loads(said)
    assert status == 0
    assert (found["gateway"], found["files"], found["replaced"]) == ("vss", 4, 4)
    assert found["records"] == found["accepted"] + found["refused"]
    assert kept(state) == {"vss": 4}


def test_a_repository_has_the_same_file_once(archive, tmp_path, capsys):
    options = ("--state", tmp_path / "s", "--gateway", "province", "--format", "json")
    assert json.loads(load(capsys, archive, *options)[1])["files"] == 4
    again = json.loads(load(capsys, archive, *options)[1])
    assert (again["files"], again["duplicates"]) == (0, 4)


def test_a_file_nobody_can_read_is_named_and_the_others_go_in(archive, tmp_path, capsys):
    bad = archive / "bad.xml"
    bad.write_bytes(b"no XML")
    options = ("--state", tmp_path / "s")
    status, said, told = load(capsys, archive, *options)
    assert (status, "1 files left out" in said, "bad.xml" in told) == (1, True, True)
    assert kept(str(tmp_path / "s")) == {"vss": 4}
    status, said, _ = load(capsys, bad, *options, "--format", "json")
    [skipped] = json.loads(said)["skipped"]
    assert (status, skipped["path"], skipped["code"][:7]) == (3, str(bad), "ERR-XML")
    assert load(capsys, tmp_path / "nowhere", *options)[0] == 3


def test_facilities_of_your_own_have_to_be_named(archive, tmp_path, capsys):
    foreign = tmp_path / "foreign.xml"
    text = (archive / "1.xml").read_bytes()
    foreign.write_bytes(text.replace(b"<MACSKCB>01991", b"<MACSKCB>98765"))
    listed = tmp_path / "mine.csv"
    listed.write_text("code,name\n98765,Mine\n", "utf-8")
    options = ("--state", tmp_path / "s")
    status, _, told = load(capsys, foreign, *options)
    assert (status, "SBX-LOAD-01" in told) == (3, True)
    assert load(capsys, foreign, *options, "--facilities", listed)[0] == 0


def test_what_was_asked_wrongly_is_a_usage_error(archive, tmp_path, capsys):
    options = ("--state", tmp_path / "s")
    assert load(capsys, archive, *options, "--gateway", "donthuoc")[0] == 2
    assert load(capsys, archive, *options)[0] == 0
    status, _, told = load(capsys, archive, *options, "--seed", "8")
    assert (status, "SBX-STATE-03" in told) == (2, True)
