"""``vnhealth deid text`` for scripts, and the figures on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vnhealth.cli import run


def _write(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def _read(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


RECORD = {
    "id": "a",
    "text": "Bà Mẫu (0900 000 123) đau ngực, BS Hùng khám.",
    "known": {"names": ["Trần Thị Mẫu"], "addresses": [], "ids": [], "phones": ["0900000123"]},
}


def test_lines_in_lines_out(tmp_path: Path) -> None:
    source = _write(tmp_path / "in.jsonl", RECORD, {"id": 2, "text": "Không sốt"})
    target, report = tmp_path / "new" / "out.jsonl", tmp_path / "report.jsonl"
    code = run(["deid", "text", "--in", str(source), "--out", str(target), "--report", str(report)])
    assert code == 0
    first, second = _read(target)
    assert first["text"] == "Bà [HO_TEN] ([SDT]) đau ngực, BS [HO_TEN] khám."
    assert first["spans"][0] == {"start": 3, "end": 6, "kind": "name", "source": "record"}  # type: ignore[index]
    assert second == {"id": 2, "text": "Không sốt", "spans": []}
    assert _read(report)[0]["kinds"] == {"name": 2, "phone": 1}
    assert "Mẫu" not in report.read_text("utf-8")


def test_a_broken_line_stops_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text(
        json.dumps(RECORD) + '\n{"id": 3}\n[1]\nkhông phải JSON Trần Thị Mẫu\n', "utf-8"
    )
    target = tmp_path / "out.jsonl"
    assert run(["deid", "text", "--in", str(source), "--out", str(target)]) == 3
    assert not target.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]
    assert "Mẫu" not in capsys.readouterr().err


def test_stand_ins_and_a_roster(tmp_path: Path) -> None:
    source = _write(tmp_path / "in.jsonl", {"id": 1, "text": "hồ thị sen ghi", "known": {}})
    roster = _write(tmp_path / "staff.json", {"names": ["Hồ Thị Sen"]})
    target = tmp_path / "out.jsonl"
    arguments = ["deid", "text", "--in", str(source), "--out", str(target)]
    assert run([*arguments, "--roster", str(roster), "--mode", "surrogates"]) == 0
    text = str(_read(target)[0]["text"])
    assert text.endswith(" ghi")
    assert "sen" not in text
    assert "[" not in text


def test_usage_errors(tmp_path: Path) -> None:
    source = _write(tmp_path / "in.jsonl", RECORD)
    arguments = ["deid", "text", "--in", str(source), "--out", str(tmp_path / "out.jsonl")]
    assert run([*arguments, "--mode", "other"]) == 2
    assert run([*arguments, "--roster", str(source.with_name("in.jsonl"))]) == 0
    bad = tmp_path / "bad.json"
    bad.write_text("[", "utf-8")
    assert run([*arguments, "--roster", str(bad)]) == 2


def test_a_lone_surrogate_is_written(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text('{"id": 1, "text": "a\\ud800 BN Lê Thị Sen", "known": {}}\n', "utf-8")
    target = tmp_path / "out.jsonl"
    assert run(["deid", "text", "--in", str(source), "--out", str(target)]) == 0
    assert _read(target)[0]["text"] == "a\ud800 BN [HO_TEN]"


def test_figures_are_printed_with_their_seed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    titles = tmp_path / "titles.txt"
    titles.write_text("Bệnh Parkinson\nViêm phổi\n", "utf-8")
    run(
        [
            "deid",
            "text-eval",
            "--seed",
            "5",
            "--people",
            "4",
            "--titles",
            str(titles),
            "--format",
            "json",
        ]
    )
    content = json.loads(capsys.readouterr().out)
    assert content["seed"] == 5
    assert content["figures"]["titles: letters kept"]["share"] == 1
    assert content["figures"]["record"]["target"] == 0.995
    run(["deid", "text-eval", "--seed", "5", "--people", "2"])
    shown = capsys.readouterr().out
    assert "seed=5" in shown
    assert "không phải bệnh án thật" in shown
