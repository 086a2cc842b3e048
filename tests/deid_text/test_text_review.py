"""A second opinion marks places in the report; the text and its spans are the same without it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from vnhealth import cli
from vnhealth.deid.text._review import recogniser, underthesea_names

LINE = {
    "id": "1",
    "text": "BN Trần Thị Mẫu, chưa rõ Xớt là ai.",
    "known": {"names": ["Trần Thị Mẫu"]},
}


def marks(text: str) -> list[tuple[int, int]]:
    at = text.find("Xớt")
    return [(at, at + 3)] if at >= 0 else []


@pytest.fixture
def second(monkeypatch: pytest.MonkeyPatch) -> str:
    module = ModuleType("second_opinion")
    module.marks = marks  # type: ignore[attr-defined]
    module.word = "no function"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "second_opinion", module)
    return "second_opinion:marks"


def run(folder: Path, *options: str) -> tuple[int, dict, dict]:
    source, target, report = (folder / name for name in ("in.jsonl", "out.jsonl", "report.jsonl"))
    source.write_text(json.dumps(LINE) + "\n", "utf-8")
    arguments = ["deid", "text", "--in", str(source), "--out", str(target)]
    code = cli.run([*arguments, "--report", str(report), *options])
    if code:
        return code, {}, {}
    return 0, *(json.loads(path.read_text("utf-8")) for path in (target, report))


def test_marks_go_into_the_report_and_nothing_more_is_removed(tmp_path: Path, second: str) -> None:
    _, plain, without = run(tmp_path)
    _, written, report = run(tmp_path, "--review", second)
    assert written == plain
    assert "Xớt" in written["text"]
    place = written["text"].index("Xớt")
    assert report == {**without, "review": 1, "places": [[place, place + 3]]}
    assert "Xớt" not in json.dumps(report, ensure_ascii=False)


@pytest.mark.parametrize("name", ["second_opinion:word", "second_opinion:none", "no_such:x", "x"])
def test_what_is_no_recogniser_is_refused(tmp_path: Path, second: str, name: str) -> None:
    with pytest.raises(ValueError, match="module:function"):
        recogniser(name)
    assert run(tmp_path, "--review", name)[0] == 2


def test_a_review_needs_a_report(tmp_path: Path, second: str) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text(json.dumps(LINE) + "\n", "utf-8")
    target = tmp_path / "out.jsonl"
    arguments = ["deid", "text", "--in", str(source), "--out", str(target), "--review", second]
    assert cli.run(arguments) == 2
    assert not target.exists()


def test_the_model_of_underthesea_gives_places_of_people(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "Bác sĩ Trần Văn Mẫu khám bà Lê Thị Thử tại Huế."
    labels = {"Trần Văn": "B-PER", "Mẫu": "I-PER", "Lê Thị Thử": "B-PER", "Huế": "B-LOC"}
    words = ["Bác sĩ", "Trần Văn", "Mẫu", "khám", "bà", "Lê Thị Thử", "tại", "Huế", "."]
    module = ModuleType("underthesea")
    module.ner = lambda given: [  # type: ignore[attr-defined]
        (word, "N", "B-NP", labels.get(word, "O")) for word in words if given
    ]
    monkeypatch.setitem(sys.modules, "underthesea", module)
    assert [text[a:b] for a, b in underthesea_names(text)] == ["Trần Văn Mẫu", "Lê Thị Thử"]
    assert list(recogniser("underthesea")("")) == []


def test_without_underthesea_the_command_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "underthesea", None)
    assert run(tmp_path, "--review", "underthesea")[0] == 2
