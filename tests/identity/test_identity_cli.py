"""The command line of the identity layer: JSON for scripts, pages for people, no traceback."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
import unicodedata
from html.parser import HTMLParser
from pathlib import Path

import pytest

from vnhealth import synth
from vnhealth.cli import run
from vnhealth.identity import damaged_population, linkage

VECTORS = Path(__file__).parent / "vectors"
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|[nrt\\])")
_SHORT = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\"}
_LINKS = "vectors_link_pairs"
KIND_FILES = sorted(path.stem for path in VECTORS.glob("vectors_*.csv") if path.stem != _LINKS)
COLUMNS = ("id", "name", "dob", "sex", "cccd", "old", "bhxh", "phone", "ward")


def unescape(text: str) -> str:
    def one(match: re.Match[str]) -> str:
        body = match.group(1)
        return chr(int(body[1:], 16)) if body[0] == "u" and len(body) == 5 else _SHORT[body]

    return _ESCAPE.sub(one, text)


def vectors(name: str) -> list[dict[str, str]]:
    with (VECTORS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


class Stdin:
    def __init__(self, lines: list[str]) -> None:
        self.buffer = io.BytesIO("".join(line + "\n" for line in lines).encode())


def stdin(monkeypatch: pytest.MonkeyPatch, *lines: object) -> None:
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    monkeypatch.setattr(sys, "stdin", Stdin(texts))


def write(path: Path, rows: list[dict[str, str]], columns: tuple[str, ...] = COLUMNS) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


class Page(HTMLParser):
    """Tags that are open at the end, addresses that are loaded, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loads += [v or "" for k, v in attrs if k in ("src", "href", "action")]
        if tag not in ("meta", "br", "link", "img"):
            self.open.append(tag)
        if tag == "script":
            self.loads.append("script")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.mark.parametrize("name", [n for n in KIND_FILES if n != "vectors_name"])
def test_every_vector_through_stdin(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [row for row in vectors(name) if "kind" in row]
    stdin(monkeypatch, *(
        {"kind": r["kind"], "value": unescape(r["raw"]), "context": r["context"] or None}
        for r in rows
    ))  # fmt: skip
    code = run(["identity", "check", rows[0]["kind"], "--stdin"])
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert code == (1 if any(row["valid"] == "no" for row in rows) else 0)
    assert len(found) == len(rows)
    for answer, row in zip(found, rows, strict=True):
        assert list(answer) == ["kind", "normalized", "valid", "codes", "suggestion"]
        assert (answer["kind"], answer["valid"]) == (row["kind"], row["valid"])
        assert answer["codes"][0] == row["code"]
        assert answer["normalized"] == unescape(row["expected_normalised"])


@pytest.mark.parametrize(
    "row",
    [pytest.param(row, id=f"name-{n}") for n, row in enumerate(vectors("vectors_name"), 2)],
)
def test_every_name_vector(row: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["identity", "name", "--format", "json", "--", unescape(row["raw"])]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["display"] == unicodedata.normalize("NFC", row["expected_display"])
    assert found["key"] == unicodedata.normalize("NFC", row["expected_key"])
    assert found["skeleton"] == row["expected_skeleton"]
    assert found["flags"] == [row["flag"]]


def test_one_value_gives_its_status_and_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["identity", "check", "cccd", "001101000123", "--context", "sex=1"]) == 0
    assert "[SEX_MISMATCH]" in capsys.readouterr().out
    assert run(["identity", "check", "cccd", "79003000123"]) == 1
    assert "079003000123" in capsys.readouterr().out
    assert run(["identity", "check", "cccd", "79003000123", "--format", "json"]) == 1
    assert json.loads(capsys.readouterr().out)["suggestion"] == "079003000123"


@pytest.mark.parametrize(
    "argv",
    [
        ["check", "cccd"],
        ["check", "nothing", "1"],
        ["check", "cccd", "1", "--format", "xml"],
        ["check", "cccd", "1", "--context", "sex"],
        ["match", "a.csv", "b.csv", "--scope", "world"],
        ["match", "a.csv", "b.csv", "--matcher", "dice"],
        ["bench", "--part", "nothing"],
    ],
    ids=str,
)
def test_wrong_use_is_status_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["identity", *argv]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_unreadable_input_is_status_3_and_says_nothing_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for line in ("no json BIMAT", "[1]", '{"value": 79003000123}', '{"v": "BIMAT"}'):
        stdin(monkeypatch, line)
        assert run(["identity", "check", "cccd", "--stdin"]) == 3
    good = write(tmp_path / "good.csv", [{"name": "Trần Thị Mẫu"}])
    latin = tmp_path / "latin.csv"
    latin.write_bytes("name\nTrần".encode("cp1258", "replace") + b"\xff")
    plain = tmp_path / "plain.csv"
    plain.write_text("a,b\nBIMAT,2\n", encoding="utf-8")
    twice = tmp_path / "twice.csv"
    twice.write_text("name,name\nBIMAT,2\n", encoding="utf-8")
    broken = tmp_path / "broken.xml"
    broken.write_bytes(b"\x00\x01<<<")
    for path in (latin, plain, twice, tmp_path / "missing.csv"):
        assert run(["identity", "match", str(good), str(path)]) == 3
    for path in (latin, broken, tmp_path / "missing.csv"):
        assert run(["identity", "quality", str(path)]) == 3
    said = capsys.readouterr()
    assert "BIMAT" not in said.out + said.err
    assert "79003000123" not in said.out + said.err


@pytest.mark.parametrize("row", vectors(_LINKS), ids=lambda row: row["pair"])
def test_every_pair_of_the_vectors_through_match(
    row: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sides = [{c: unescape(row.get(f"{side}_{c}") or "") for c in COLUMNS} for side in "ab"]
    paths = [write(tmp_path / f"{n}.csv", [side]) for n, side in zip("ab", sides, strict=True)]
    argv = ["identity", "match", *map(str, paths), "--scope", row["scope"], "--format", "json"]
    assert run(argv) == 0
    found = json.loads(capsys.readouterr().out)
    outcomes = [(pair["outcome"], pair["rule"]) for pair in found["pairs"]]
    expected = (row["expected"], row["rule"])
    assert outcomes == ([] if row["expected"] == "no" else [expected])


def _damaged(folder: Path, count: int = 150) -> Path:
    made = damaged_population.generate(count, seed=3)
    rows = [
        {"id": f"BN{i}", "name": r.name, "dob": r.birth_date, "sex": r.sex, "cccd": r.cccd,
         "old": r.old_id, "bhxh": r.bhxh, "phone": r.phone, "ward": r.ward}
        for i, r in enumerate(made.records)
    ]  # fmt: skip
    return write(folder / "list.csv", rows)


def test_a_list_is_compared_with_itself_and_shown_as_a_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, report = _damaged(tmp_path), tmp_path / "out.html"
    argv = ["identity", "match", str(path), "--report", str(report), "--format", "json"]
    assert run(argv) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["counts"]["match"] > 100
    first = found["pairs"][0]
    assert {"a", "b", "a_id", "b_id", "outcome", "rule", "evidence", "reasons"} == set(first)
    assert first["a"] < first["b"]
    page = Page(report.read_text("utf-8"))
    assert (page.open, page.loads) == ([], [])
    text = " ".join(page.texts)
    assert "Là một người" in text
    assert "Cần xem" in text
    assert f"dòng {first['a'] + 2}" in text
    assert run(["identity", "match", str(path)]) == 0
    assert "cặp là một người" in capsys.readouterr().out


def test_what_stands_in_a_list_is_text_on_the_page_and_not_markup(tmp_path: Path) -> None:
    row = {"name": "<script>alert(1)</script>", "dob": "1901-03-05", "cccd": "001001000123"}
    path = write(tmp_path / "list.csv", [row, row])
    report = tmp_path / "out.html"
    assert run(["identity", "match", str(path), "--report", str(report)]) == 0
    text = report.read_text("utf-8")
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_other_separators_and_the_tags_of_table_1_are_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "list.csv"
    body = "MA_BN;HO_TEN;NGAY_SINH;GIOI_TINH;SO_CCCD\n"
    body += "1;Trần Thị Mẫu;190103050000;2;001101000123\n2;TRAN THI MAU;1901;2;001101000123\n"
    path.write_text("\ufeff" + body, encoding="utf-8")
    assert run(["identity", "match", str(path), "--format", "json"]) == 0
    pair = json.loads(capsys.readouterr().out)["pairs"][0]
    assert (pair["a_id"], pair["b_id"], pair["rule"]) == ("1", "2", "R1_ID")


@pytest.mark.skipif(not linkage.available(), reason="extra linkage not installed")
def test_splink_is_a_choice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, report = _damaged(tmp_path), tmp_path / "out.html"
    argv = ["identity", "match", str(path), "--matcher", "splink", "--format", "json"]
    assert run([*argv, "--report", str(report)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["counts"]["match"] > 100
    assert found["pairs"][0]["weight"] > 6
    assert "xác suất" in report.read_text("utf-8")


def test_quality_of_claims_and_lists(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    synth.write_files(tmp_path / "xml", encounters=12, edition="3176", seed=7)
    report = tmp_path / "q.html"
    argv = ["identity", "quality", str(tmp_path / "xml"), "--as-of", "2026-11-22"]
    assert run([*argv, "--format", "json", "--report", str(report)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["batch"]["rows"] == 12
    assert found["batch"]["measures"]["dung"] > 0.9
    assert found["batch"]["verified_share"] is None
    assert [one["facility"] for one in found["facilities"]] == sorted(
        {one["facility"] for one in found["facilities"]}
    )
    page = Page(report.read_text("utf-8"))
    assert (page.open, page.loads) == ([], [])
    assert "đúng, đủ, sạch, sống" in " ".join(page.texts)
    path = _damaged(tmp_path)
    assert run(["identity", "quality", str(path), "--as-of", "2026-11-22"]) == 0
    shown = capsys.readouterr().out
    assert "cả đợt" in shown
    assert "-" in shown.splitlines()[-1]


def test_kinds_and_figures_in_both_languages(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["identity", "kinds", "--format", "json"]) == 0
    assert {"cccd", "bhyt_card", "name"} <= {x["kind"] for x in json.loads(capsys.readouterr().out)}
    assert run(["identity", "bench", "--part", "ladder", "--people", "100"]) == 0
    assert "Thang luật" in capsys.readouterr().out
    argv = ["identity", "bench", "--part", "index", "--size", "100", "--format", "json"]
    assert run(argv) == 0
    assert json.loads(capsys.readouterr().out)["index"]["sizes"][0]["people"] == 100


@pytest.mark.e2e
def test_lines_are_answered_one_by_one_through_a_pipe() -> None:
    command = [sys.executable, "-m", "vnhealth", "identity", "check", "phone", "--stdin"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for value in ("0900000001", "không"):
            process.stdin.write(json.dumps({"value": value, "context": None}).encode() + b"\n")
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())
            assert answer["kind"] == "phone"
        process.stdin.close()
        assert process.wait(30) == 0
