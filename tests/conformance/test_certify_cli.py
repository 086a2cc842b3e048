"""``vnhealth certify``: what it writes, what it prints, how it exits."""

from __future__ import annotations

import csv
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from vnhealth.cli import run
from vnhealth.conformance import evidence
from vnhealth.conformance._stage import staged
from vnhealth.conformance.expect._privacy import IDENTIFYING
from vnhealth.conformance.kits import kit


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("certify")
    args = ["certify", "--kit", "bhyt-claim-3176", "--seed", "7", "--format", "json"]
    assert run([*args, "--out", str(out)]) == 0
    return out


def test_a_self_test_passes_and_is_sealed(folder: Path) -> None:
    found = evidence.verify((folder / "evidence.json").read_bytes())
    assert (found.problem, found.kind, found.outcome) == ("", "self_test", "PASS")
    assert found.exchanges > 500
    assert not found.witnessed


def test_the_same_seed_gives_the_same_findings(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = []
    for number in (1, 2):
        out = tmp_path / str(number)
        args = ["certify", "--only", "DAY", "--only", "F10", "--format", "json", "--out", str(out)]
        assert run(args) == 0
        said = json.loads(capsys.readouterr().out)
        assert said["tests"]["FLT-10"] == "pass"
        assert said["outcome"] == "PASS_WITH_WARNINGS", "most of it was left out"
        runs.append(said)
    assert runs[0]["facts_sha256"] == runs[1]["facts_sha256"]
    whole = json.loads((folder / "evidence.json").read_bytes())["payload"]["facts"]
    roots = {s["id"]: s["root"] for s in whole["traffic"]["scenarios"]}
    part = json.loads((tmp_path / "1" / "evidence.json").read_bytes())["payload"]["facts"]
    assert all(roots[s["id"]] == s["root"] for s in part["traffic"]["scenarios"])


def test_nothing_written_holds_a_value_of_anybody_staged(folder: Path) -> None:
    values = set()
    for scenario in kit("bhyt-claim-3176").scenarios:
        for send in staged(scenario.stage, 7).sends:
            for rows in send.tables.values():
                for row in rows:
                    values |= {row[tag] for tag in IDENTIFYING if len(row.get(tag, "")) >= 6}
    assert len(values) > 100
    for path in folder.iterdir():
        text = path.read_text("utf-8")
        assert [v for v in values if v in text] == [], path.name
        assert "Thu-" not in text, "a password of the sandbox"


def test_reports_in_both_languages_have_all_sections_and_look_like_a_self_test(
    folder: Path,
) -> None:
    for name, lang in (("bao-cao.html", "vi"), ("report.html", "en")):
        text = (folder / name).read_text("utf-8")
        assert f'<html lang="{lang}">' in text
        assert [n for n in range(1, 15) if f"<h2>{n}. " not in text] == []
        assert 'class="band self_test"' in text
        assert evidence.BANNER[lang] in text
        assert "<svg" in text
        assert "http://" not in text.replace("http://www.w3.org", "")
        assert "src=" not in text


def test_junit_and_csv_say_the_same(folder: Path) -> None:
    root = ET.fromstring((folder / "junit.xml").read_text("utf-8"))
    cases = root.findall(".//testcase")
    assert len(cases) == len(kit("bhyt-claim-3176").cases())
    assert root.findall(".//failure") == []
    rows = list(csv.DictReader((folder / "requirements.csv").read_text("utf-8").splitlines()))
    assert {row["result"] for row in rows} == {"pass", "not_testable"}


def test_verify_sees_a_changed_byte_and_a_wrong_key(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = folder / "evidence.json"
    assert run(["certify", "verify", str(good), "--format", "json"]) == 0
    signer = json.loads(capsys.readouterr().out)["signer"]
    assert run(["certify", "verify", str(good), "--key", signer]) == 0
    assert run(["certify", "verify", str(good), "--key", "00" * 32]) == 1
    data = good.read_bytes()
    bad = tmp_path / "bad.json"
    bad.write_bytes(data.replace(b'"outcome":"PASS"', b'"outcome":"FAIL"'))
    capsys.readouterr()
    assert run(["certify", "verify", str(bad)]) == 1
    assert "KHÔNG hợp lệ" in capsys.readouterr().out


@pytest.mark.parametrize(
    "args",
    [
        ["--kit", "no-such-kit"],
        ["--no-such-option"],
        ["--role", "pharmacy"],
        ["--only", "NO-SUCH-SCENARIO"],
        ["--his-command", "./no-such-command"],
        ["verify"],
        ["verify", "no-such-file.json"],
        ["schema", "nothing"],
        ["waive", "NO-TEST", "--file", "w.json", "--key", "k.pem"],
    ],
)
def test_a_wrong_call_exits_with_three(
    args: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["certify", *args]) == 3


def test_coverage_prints_each_clause(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["certify", "coverage", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["coverage_percent"] == 100
    assert all(row["tests"] or row["reason_en"] for row in found["rows"])


def test_hold_out_hides_the_seed_and_can_be_revealed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = tmp_path / "secret.json"
    assert run(["certify", "holdout", str(secret)]) == 0
    commitment = capsys.readouterr().out.strip()
    out = tmp_path / "out"
    args = ["--only", "DAY", "--only", "F10", "--holdout", str(secret), "--out", str(out)]
    assert run(["certify", *args]) == 0
    payload = json.loads((out / "evidence.json").read_bytes())["payload"]
    facts = payload["facts"]
    assert facts["kit"]["seed"] is None
    assert facts["kit"]["holdout_commitment"] == commitment
    assert all(not s["leaves"] for s in facts["traffic"]["scenarios"])
    assert all(not step["detail"] for test in facts["tests"] for step in test["steps"])
    seed = str(json.loads(secret.read_text())["seed"])
    assert seed not in (out / "evidence.json").read_text()
    capsys.readouterr()
    assert run(["certify", "holdout", str(secret), "--reveal", commitment]) == 0
    assert capsys.readouterr().out.strip() == seed
    assert run(["certify", "holdout", str(secret), "--reveal", "00" * 32]) == 3


def test_a_key_a_vendor_file_and_a_countersignature(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = tmp_path / "kit.pem"
    assert run(["certify", "key", str(key)]) == 0
    fingerprint = capsys.readouterr().out.strip()
    about = tmp_path / "about.toml"
    about.write_text(
        'issuer = "Phòng thử mẫu"\nnumber = "01/BB"\n[vendor]\nname = "Công ty Mẫu"\n'
        'product = "HIS Mẫu"\nversion = "1.2.3"\n'
        '[[attestations]]\nname = "Nguyễn Văn Mẫu"\nrole = "hỗ trợ"\n'
        'statement = "Có đầu mối hỗ trợ"\ndate = "2026-08-03"\n',
        "utf-8",
    )
    out = tmp_path / "out"
    args = ["--only", "COR", "--key", str(key), "--about", str(about), "--out", str(out)]
    assert run(["certify", *args]) == 0
    file = out / "evidence.json"
    assert evidence.verify(file.read_bytes(), key=fingerprint).trusted
    report = (out / "bao-cao.html").read_text("utf-8")
    assert "Công ty Mẫu" in report
    assert "Nguyễn Văn Mẫu" in report
    who = ["--key", str(key), "--name", "Trần Thị Mẫu", "--unit", "Sở Y tế mẫu"]
    assert run(["certify", "witness", str(file), *who]) == 3, "nobody witnesses a self-test"
    assert run(["certify", "witness", str(file), *who, "--role", "vendor"]) == 0
    again = tmp_path / "again.html"
    assert run(["certify", "report", str(file), "--out", str(again)]) == 0
    assert "Trần Thị Mẫu" in again.read_text("utf-8")
