"""Commands over whole archives: the same results as one by one, and exit codes that tell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vnhealth import cli, codecs, deid, synth


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("day")
    claims = list(synth.generate(encounters=6, edition="4750", seed=9, facility="01991"))
    for n in (0, 3):
        data = codecs.write(claims[n : n + 3], edition="4750", facility="01991")
        (folder / f"{n}.xml").write_bytes(data)
    return folder


def test_to_parquet_writes_tables_and_goes_on(day, tmp_path, capsys) -> None:
    command = ["--lang", "en", "to-parquet", str(day), str(tmp_path / "out"), "--workers", "1"]
    assert cli.run(command) == 0
    assert "Wrote 6 encounters" in capsys.readouterr().out
    assert sorted((tmp_path / "out" / "XML1").iterdir())
    assert cli.run(command) == 0
    assert "Done before: 1" in capsys.readouterr().out


def test_convert_takes_a_folder(day, tmp_path, capsys) -> None:
    report = tmp_path / "loss.json"
    out = tmp_path / "out"
    assert cli.run(["convert", str(day), str(out), "--to", "3176", "--report", str(report)]) == 0
    single = tmp_path / "0.xml"
    assert cli.run(["--quiet", "convert", str(day / "0.xml"), str(single), "--to", "3176"]) == 0
    assert (out / "0.xml").read_bytes() == single.read_bytes()
    assert json.loads(report.read_text("utf-8"))["encounters"] == 6
    assert "6/6" in capsys.readouterr().out


def test_what_cannot_be_read_is_named_and_gives_a_status(day, tmp_path, capsys) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.xml").write_bytes((day / "0.xml").read_bytes())
    (folder / "b.xml").write_bytes(b"<X/>")
    command = ["to-parquet", str(folder), str(tmp_path / "out"), "--workers", "1"]
    assert cli.run(command) == 1
    assert "b.xml" in (shown := capsys.readouterr().err)
    assert "ERR-XML-03" in shown
    (folder / "a.xml").unlink()
    command[2] = str(tmp_path / "out2")
    assert cli.run(command) == 3


@pytest.mark.e2e
@pytest.mark.parametrize("workers", ["1", "2"])
def test_deid_in_workers_gives_the_same_bytes(day, tmp_path, workers) -> None:
    key = tmp_path / "key.txt"
    deid.Key.create_file(key)
    manifests = []
    for name, more in (("one", []), ("two", ["--workers", workers])):
        out, manifest = tmp_path / f"{name}.xml", tmp_path / f"{name}.json"
        command = ["--quiet", "deid", "xml", str(day), str(out), "--key-file", str(key)]
        assert cli.run([*command, "--manifest", str(manifest), *more]) == 0
        manifests.append(json.loads(manifest.read_text("utf-8")))
    assert (tmp_path / "one.xml").read_bytes() == (tmp_path / "two.xml").read_bytes()
    assert manifests[0] == manifests[1]


def test_release_is_not_made_in_workers(day, tmp_path) -> None:
    key = tmp_path / "key.txt"
    deid.Key.create_file(key)
    command = ["deid", "xml", str(day), str(tmp_path / "x.xml"), "--key-file", str(key)]
    assert cli.run([*command, "--tier", "release", "--workers", "1"]) == 2


def test_check_knows_workers_as_another_name_of_jobs(day, tmp_path) -> None:
    found = []
    for option in ("--jobs", "--workers"):
        out = tmp_path / f"{option}.json"
        command = ["--quiet", "check", str(day), option, "1", "--format", "json"]
        assert cli.run([*command, "--out", str(out)]) in (0, 1)
        found.append(json.loads(out.read_text("utf-8"))["files"])
    assert found[0] == found[1]
