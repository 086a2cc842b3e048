"""The command line: stable JSON, exit codes, no traceback, nothing personal unless asked for."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from vnhealth import signing, spec, synth
from vnhealth.cli import run

DAMAGED = b"""<?xml version="1.0" encoding="utf-8"?><TONG_HOP><MA_LK>BIMAT01</MA_LK>
<HO_TEN>Nguyen Van Bi Mat</HO_TEN><T_THUOC>1,234</T_THUOC><NGAY_RA>202603020915</NGAY_RA></TONG_HOP>"""


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    synth.write_files(tmp_path / "clean", encounters=3, edition="3176", seed=7)
    return tmp_path / "clean"


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    path = tmp_path / "damaged.xml"
    path.write_bytes(DAMAGED)
    return path


def check(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, dict[str, object]]:
    code = run(["check", "--format", "json", *argv])
    return code, json.loads(capsys.readouterr().out)


def test_a_clean_folder_is_clean(clean: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, result = check(capsys, str(clean))
    assert code == 0
    assert result["version"] == 1
    files = result["files"]
    assert [f["edition"] for f in files] == ["3176"] * 3  # type: ignore[index,union-attr]
    assert all(f["encounters"] == 1 and f["signature"] == "missing" for f in files)  # type: ignore[union-attr]
    assert all(f["tables"]["XML1"] == 1 for f in files)  # type: ignore[union-attr]


def test_findings_have_place_and_basis_and_no_value(
    damaged: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, result = check(capsys, str(damaged))
    assert code == 1
    found = result["files"][0]["findings"]  # type: ignore[index]
    number = next(f for f in found if f["code"] == "BHYT-VAL-05")
    assert number["severity"] == "error"
    assert (number["encounter"], number["table"], number["row"], number["tag"]) == (
        0,
        "XML1",
        0,
        "T_THUOC",
    )
    assert number["basis"]
    assert number["message"]
    text = json.dumps(result, ensure_ascii=False)
    assert "1,234" not in text
    assert "Bi Mat" not in text
    _, shown = check(capsys, "--values", str(damaged))
    assert "1,234" in json.dumps(shown, ensure_ascii=False)


def test_unreadable_input_is_status_3_and_stays_in_the_json(
    tmp_path: Path, damaged: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.xml"
    bad.write_bytes(b"\x00\x01 no xml <")
    code, result = check(capsys, str(bad), str(tmp_path / "missing.xml"), str(damaged))
    assert code == 3
    first, second, third = result["files"]  # type: ignore[misc]
    assert first["findings"][0]["code"].startswith("ERR-XML")
    assert second["findings"][0]["code"] == "ERR-XML-06"
    assert third["encounters"] == 1


@pytest.mark.parametrize(
    ("argv", "status"),
    [
        (["check", "--fail-on", "warning", "{clean}"], 1),
        (["check", "--fail-on", "error", "{clean}"], 0),
        (["check", "--format", "nope", "{clean}"], 2),
        (["check", "--on", "not-a-date", "{clean}"], 2),
        (["check"], 2),
        (["no-such-command"], 2),
        (["explain", "NO-SUCH-01"], 2),
        (["spec", "show", "XML99"], 2),
        (["--lang", "xx", "version"], 2),
        (["version"], 0),
    ],
)
def test_exit_status(
    argv: list[str], status: int, clean: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([a.format(clean=clean) for a in argv]) == status
    assert "Traceback" not in capsys.readouterr().err


def test_module_and_script_are_the_same(damaged: Path) -> None:
    module = subprocess.run(
        [sys.executable, "-m", "vnhealth", "check", "--format", "json", "-"],
        input=DAMAGED,
        capture_output=True,
    )
    script = subprocess.run(
        [str(Path(sys.executable).parent / "vnhealth"), "check", "--format", "json", "-"],
        input=DAMAGED,
        capture_output=True,
    )
    assert module.returncode == script.returncode == 1
    assert json.loads(module.stdout) == json.loads(script.stdout)
    assert module.stderr == b""


def test_spec_export_is_the_whole_edition(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["spec", "export", "--edition", "3176", "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert len(rows) == 479
    assert set(rows[0]) == {"table", "order", "tag", "type", "max_length", "required", "code_set"}
    assert {r["table"] for r in rows} == set(spec.tables("3176"))


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["spec", "show", "XML3", "--on", "2026-08-01"], ["MUC_HUONG", "number(4,1)", "1931"]),
        (["spec", "show", "--edition", "130"], ["XML12"]),
        (["spec", "diff", "4750", "3176"], ["MA_CSKCB_DI", "added"]),
        (["spec", "explain", "MUC_HUONG"], ["XML2.MUC_HUONG", "4210/QĐ-BYT"]),
        (["spec", "codes", "ma_loai_kcb", "--on", "2026-08-01"], ["ma_loai_kcb_1804"]),
        (["explain", "bhyt-val-05"], ["1,234"]),
        (["--lang", "en", "explain", "BHYT-VAL-05"], ["guessed"]),
        (["sandbox", "fidelity"], ["vss"]),
    ],
)
def test_looking_things_up(
    argv: list[str], words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(argv) == 0
    shown = capsys.readouterr().out
    assert all(word in shown for word in words)


def test_convert_writes_the_file_and_the_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    synth.write_files(tmp_path / "old", encounters=1, edition="4210", seed=3)
    source = next((tmp_path / "old").glob("*.xml"))
    target, report = tmp_path / "new.xml", tmp_path / "report.json"
    assert run(["convert", "--to", "3176", str(source), str(target), "--report", str(report)]) == 0
    losses = json.loads(report.read_text("utf-8"))
    assert losses
    capsys.readouterr()
    _, result = check(capsys, str(target))
    assert result["files"][0]["encounters"] == 1  # type: ignore[index]


def test_sign_and_verify(
    clean: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import datetime as dt

    now = dt.datetime.now(dt.UTC)
    year = dt.timedelta(days=365)
    authority = signing.TestAuthority(not_before=now - year, not_after=now + year)
    signer = authority.issue("01001", not_before=now - year, not_after=now + year)
    key, ca = tmp_path / "key.p12", tmp_path / "ca.pem"
    key.write_bytes(authority.export_pkcs12(signer, b"secret-words"))
    ca.write_bytes(authority.certificate_pem)
    source, target = next(clean.glob("*.xml")), tmp_path / "signed.xml"
    monkeypatch.setenv("VNHEALTH_KEY_PASSWORD", "secret-words")
    assert run(["sign", str(source), str(target), "--key", str(key)]) == 0
    assert run(["verify", str(target), "--trust", str(ca)]) == 0
    assert run(["verify", str(source), "--trust", str(ca)]) == 1
    capsys.readouterr()
    code, result = check(capsys, "--trust", str(ca), str(target))
    assert code == 0
    assert result["files"][0]["signature"] == "valid"  # type: ignore[index]
    assert result["files"][0]["signature_trusted"] is True  # type: ignore[index]
    monkeypatch.setenv("VNHEALTH_KEY_PASSWORD", "wrong")
    assert run(["sign", str(source), str(target), "--key", str(key)]) == 2
    assert "wrong" not in capsys.readouterr().err


def test_synth_gives_the_same_bytes_for_the_same_seed(tmp_path: Path) -> None:
    for name in ("a", "b"):
        argv = [
            "synth",
            "--encounters",
            "3",
            "--edition",
            "3176",
            "--seed",
            "7",
            str(tmp_path / name),
        ]
        assert run(argv) == 0
    first = {p.name: p.read_bytes() for p in (tmp_path / "a").iterdir()}
    assert first == {p.name: p.read_bytes() for p in (tmp_path / "b").iterdir()}
    assert len([n for n in first if n.endswith(".xml")]) == 3


def test_a_defect_shows_no_traceback(
    monkeypatch: pytest.MonkeyPatch, damaged: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("Nguyen Van Bi Mat")

    monkeypatch.setattr("vnhealth.bhyt.read", broken)
    assert run(["check", str(damaged)]) == 5
    err = capsys.readouterr().err
    assert "Bi Mat" not in err
    assert "Traceback" not in err
