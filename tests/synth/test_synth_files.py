"""Writing a day to a folder."""

from __future__ import annotations

import csv
from pathlib import Path

from vnhealth import synth
from vnhealth.codecs import read


def test_one_encounter_a_file(tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []
    done = synth.write_files(
        tmp_path / "out", encounters=5, edition="3176", seed=7, progress=lambda *c: calls.append(c)
    )
    assert [p.name for p in done.files] == [f"enc_{i:06d}.xml" for i in range(5)]
    assert calls == [(i, 5) for i in range(1, 6)]
    assert done.size == sum(p.stat().st_size for p in done.files)
    day = synth.Day(encounters=5, edition="3176", seed=7)
    assert [next(iter(read(p))) for p in done.files] == list(day)


def test_several_a_file_and_all_in_one(tmp_path: Path) -> None:
    done = synth.write_files(
        tmp_path, encounters=5, edition="4210", seed=7, per_file=2, big=True, dialect="delphi"
    )
    assert [p.name for p in done.files] == [
        "enc_000000.xml",
        "enc_000002.xml",
        "enc_000004.xml",
        "big.xml",
    ]
    assert [len(read(p)) for p in done.files] == [2, 2, 1, 5]
    day = synth.Day(encounters=5, edition="4210", seed=7)
    one = synth.render(day, edition="4210", dialect="delphi")
    assert (tmp_path / "big.xml").read_bytes() == one


def test_faults_are_listed(tmp_path: Path) -> None:
    done = synth.write_files(
        tmp_path, encounters=30, edition="3176", seed=7, per_file=0, big=True, faults=0.3
    )
    assert [p.name for p in done.files] == ["big.xml", "faults.csv"]
    with (tmp_path / "faults.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(r["encounter"]) for r in rows] == [f.encounter for f in done.faults]
    assert list(rows[0]) == ["encounter", "table", "row", "tag", "what"]


def test_same_seed_same_files(tmp_path: Path) -> None:
    first = synth.write_files(
        tmp_path / "a", encounters=3, edition="1931", seed=2, dialect="dotnet"
    )
    second = synth.write_files(
        tmp_path / "b", encounters=3, edition="1931", seed=2, dialect="dotnet"
    )
    assert [p.read_bytes() for p in first.files] == [p.read_bytes() for p in second.files]
