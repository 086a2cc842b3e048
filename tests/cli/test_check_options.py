"""The options of check: forms, suppressions, baselines, repairs, choice of rules."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import os
import stat
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from vnhealth import bhyt, repair, signing, synth
from vnhealth.cli import run

NAME = "Trần Thị Bí Mật"
SPACED = f"""<?xml version="1.0" encoding="utf-8"?><TONG_HOP><MA_LK> BIMAT01 </MA_LK>
<HO_TEN> {NAME} </HO_TEN><T_THUOC>1,234</T_THUOC><T_VTYT>12,50</T_VTYT>
<NGAY_RA>202603020915</NGAY_RA></TONG_HOP>""".encode()

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def spaced(tmp_path: Path) -> Path:
    path = tmp_path / "vao" / "ho so.xml"
    path.parent.mkdir()
    path.write_bytes(SPACED)
    return path


@pytest.fixture
def commas(tmp_path: Path) -> Path:
    synth.write_files(
        tmp_path / "phay", encounters=3, edition="3176", seed=7, dialect="decimal_comma"
    )
    return tmp_path / "phay"


def check(capsys: Capture, *argv: str) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    code = run(["check", "--format", "json", *argv])
    return code, json.loads(capsys.readouterr().out)


def codes(result: dict[str, Any]) -> set[str]:
    return {f["code"] for file in result["files"] for f in file["findings"]}


# -- forms -------------------------------------------------------------------------------------


def test_every_form_is_written_to_a_file(spaced: Path, tmp_path: Path, capsys: Capture) -> None:
    for form in ("human", "json", "sarif", "junit", "html", "xlsx"):
        out = tmp_path / "ra" / f"kq.{form}"
        assert run(["check", "--format", form, "--out", str(out), str(spaced)]) == 1
        data = out.read_bytes()
        assert data
        assert NAME.encode() not in data
        if form in ("json", "sarif"):
            json.loads(data)
        elif form == "junit":
            ET.fromstring(data)
        elif form == "xlsx":
            assert "XML1" in CalamineWorkbook.from_path(str(out)).sheet_names
        captured = capsys.readouterr()
        assert captured.out == ""
        assert "1 tệp" in captured.err
    assert sorted(p.name for p in (tmp_path / "ra").iterdir()) == sorted(
        f"kq.{form}" for form in ("human", "json", "sarif", "junit", "html", "xlsx")
    )


@pytest.mark.parametrize("by", ["auto", "file", "encounter", "cause"])
@pytest.mark.parametrize("lang", ["vi", "en"])
def test_people_get_findings_without_values(
    by: str, lang: str, spaced: Path, capsys: Capture
) -> None:
    assert run(["check", "--by", by, "--lang", lang, str(spaced)]) == 1
    shown = capsys.readouterr().out
    assert "BHYT-VAL-05" in shown
    assert "1,234" not in shown
    assert ("LỖI" in shown) is (lang == "vi")
    assert ("ERROR" in shown) is (lang == "en")
    assert run(["check", "--by", by, "--values", str(spaced)]) == 1
    assert ("1,234" in capsys.readouterr().out) is (by != "cause")


def test_many_files_are_grouped_by_cause(tmp_path: Path, capsys: Capture) -> None:
    synth.write_files(tmp_path, encounters=25, edition="3176", seed=7, dialect="decimal_comma")
    assert run(["check", str(tmp_path)]) == 1
    shown = capsys.readouterr().out
    assert len(shown.splitlines()) < 60
    assert "25 tệp, 25 hồ sơ" in shown


# -- choice of rules ---------------------------------------------------------------------------


def test_rules_and_disable_choose_by_exact_code(commas: Path, capsys: Capture) -> None:
    _, everything = check(capsys, str(commas))
    assert {"BHYT-VAL-02", "BHYT-DOC-07"} <= codes(everything)
    _, without = check(capsys, "--disable", "BHYT-VAL-02", str(commas))
    assert codes(without) == codes(everything) - {"BHYT-VAL-02"}
    _, only = check(capsys, "--rules", "bhyt-doc-07", "--rules", "BHYT-CLAIM-111", str(commas))
    assert codes(only) <= {"BHYT-DOC-07", "BHYT-CLAIM-111"}
    assert "BHYT-DOC-07" in codes(only)
    assert run(["check", "--disable", "BHYT-VAL-*", str(commas)]) == 2
    assert run(["check", "--rules", "NO-SUCH-01", str(commas)]) == 2


def test_time_of_sending_adds_deadlines(tmp_path: Path, capsys: Capture) -> None:
    synth.write_files(tmp_path, encounters=2, edition="3176", seed=7, day=dt.date(2026, 3, 2))
    _, now = check(capsys, str(tmp_path))
    _, late = check(capsys, "--sent-at", "2026-12-01T09:30", str(tmp_path))
    assert codes(late) - codes(now)
    assert run(["check", "--sent-at", "tomorrow", str(tmp_path)]) == 2


def test_edition_and_day_choose_the_rules(spaced: Path, capsys: Capture) -> None:
    assert run(["check", "--edition", "9999", str(spaced)]) == 2
    assert run(["check", "--edition", "1931", "--on", "2026-08-01", str(spaced)]) == 1
    _, old = check(capsys, "--on", "2024-08-01", str(spaced))
    _, new = check(capsys, "--on", "2026-08-01", str(spaced))
    assert old != new


@pytest.mark.parametrize(
    "argv",
    [
        ["--format", "xlsx"],
        ["--format", "pdf"],
        ["--by", "colour"],
        ["--lang", "fr"],
        ["--trust", "none.pem"],
        ["--pack", "none.sqlite"],
        ["--suppress", "none.toml"],
        ["--baseline", "none.json"],
        ["--fix-out", "x", "--in-place"],
        ["--jobs", "-1"],
        ["--out", "/dev/null/x"],
    ],
)
def test_wrong_usage_is_status_2_and_no_traceback(
    argv: list[str], spaced: Path, capsys: Capture
) -> None:
    assert run(["check", *argv, str(spaced)]) == 2
    assert "Traceback" not in capsys.readouterr().err


# -- suppressions ------------------------------------------------------------------------------


def test_suppressed_findings_do_not_count_and_are_shown(
    commas: Path, tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "loai-tru.toml"
    later = (dt.date.today() + dt.timedelta(days=30)).isoformat()
    entry = '[[suppress]]\ncode = "{}"\nreason = "bản vá sắp cài"\nexpires = {}\n'
    _, plain = check(capsys, str(commas))
    errors = {
        f["code"] for file in plain["files"] for f in file["findings"] if f["severity"] == "error"
    }
    text = "".join(entry.format(code, later) for code in errors)
    path.write_text(text + entry.format("BHYT-DOC-07", "2020-01-01"), "utf-8")
    code, result = check(capsys, "--suppress", str(path), str(commas))
    assert code == 0
    assert "BHYT-DOC-07" in codes(result)
    taken = [f for file in result["files"] for f in file["suppressed"]]
    assert {f["code"] for f in taken} == errors
    assert all(f["suppressed_by"]["reason"] == "bản vá sắp cài" for f in taken)
    assert [s["code"] for s in result["suppressions"]["expired"]] == ["BHYT-DOC-07"]
    assert sum(s["count"] for s in result["suppressions"]["applied"]) == len(taken)
    assert run(["check", "--suppress", str(path), str(commas)]) == 0
    shown = capsys.readouterr().out
    assert "đã hết hạn ngày 01/01/2020" in shown
    assert "bản vá sắp cài" in shown


# -- baseline ----------------------------------------------------------------------------------


def test_a_baseline_leaves_only_what_is_new(commas: Path, tmp_path: Path, capsys: Capture) -> None:
    base = tmp_path / "base.json"
    assert run(["check", "--write-baseline", str(base), str(commas)]) == 1
    key = tmp_path / "base.json.key"
    assert key.exists()
    if sys.platform != "win32":
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
    code, result = check(capsys, "--baseline", str(base), str(commas))
    assert code == 0
    assert codes(result) == set()
    assert all(file["known"] > 0 for file in result["files"])
    assert result["baseline"]["gone"] == 0
    first = sorted(commas.glob("*.xml"))[0]
    moved = commas / "doi-ten.xml"
    first.rename(moved)
    assert check(capsys, "--baseline", str(base), str(commas))[0] == 0
    (commas / "moi.xml").write_bytes(SPACED)
    code, result = check(capsys, "--baseline", str(base), str(commas))
    assert code == 1
    new = [file["path"] for file in result["files"] if file["findings"]]
    assert [Path(path).name for path in new] == ["moi.xml"]
    moved.unlink()
    assert check(capsys, "--baseline", str(base), str(commas))[1]["baseline"]["gone"] > 0


def test_a_baseline_holds_no_identifier_and_needs_its_key(
    commas: Path, tmp_path: Path, capsys: Capture
) -> None:
    base = tmp_path / "base.json"
    run(["check", "--write-baseline", str(base), str(commas)])
    text = base.read_text("utf-8")
    for path in commas.glob("*.xml"):
        assert path.name not in text
        for claim in bhyt.read(path).claims:
            for row in claim:
                for _, value in row.items():
                    shown = str(value)
                    assert len(shown) < 6 or shown.isalpha() or shown not in text
    assert key_of(base) not in text
    (tmp_path / "base.json.key").rename(tmp_path / "k")
    assert run(["check", "--baseline", str(base), str(commas)]) == 2
    assert (
        run(["check", "--baseline", str(base), "--baseline-key", str(tmp_path / "k"), str(commas)])
        == 0
    )
    other = tmp_path / "other.json"
    run(["check", "--write-baseline", str(other), str(commas)])
    argv = ["check", "--baseline", str(base), "--baseline-key", f"{other}.key", str(commas)]
    assert run(argv) == 2
    assert "ERR-CHECK-04" in capsys.readouterr().err


def key_of(base: Path) -> str:
    return Path(f"{base}.key").read_text("utf-8").splitlines()[-1]


def test_baselines_can_be_carried_on_under_one_key(
    commas: Path, tmp_path: Path, capsys: Capture
) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    run(["check", "--write-baseline", str(old), str(commas)])
    (commas / "moi.xml").write_bytes(SPACED)
    assert run(["check", "--baseline", str(old), "--write-baseline", str(new), str(commas)]) == 1
    assert key_of(old) == key_of(new)
    assert check(capsys, "--baseline", str(new), str(commas))[0] == 0
    before = new.read_bytes()
    run(["check", "--baseline", str(new), "--write-baseline", str(new), str(commas)])
    assert new.read_bytes() == before


# -- repairs -----------------------------------------------------------------------------------


def test_fix_alone_proposes_and_writes_nothing(
    spaced: Path, tmp_path: Path, capsys: Capture
) -> None:
    before = sorted(tmp_path.rglob("*"))
    code, result = check(capsys, "--fix", str(spaced))
    (file,) = result["files"]
    assert (code, file["fix"], file["fixed_to"]) == (1, "proposed", None)
    assert {"trim", "decimal_comma"} <= {r["kind"] for r in file["repairs"]}
    assert spaced.read_bytes() == SPACED
    assert sorted(tmp_path.rglob("*")) == before
    assert NAME not in json.dumps(result, ensure_ascii=False)
    _, shown = check(capsys, "--fix", "--values", str(spaced))
    assert f" {NAME} " in json.dumps(shown, ensure_ascii=False)


def test_fix_out_writes_exactly_the_proposal_and_checks_it(
    spaced: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "sua"
    code, result = check(capsys, "--fix-out", str(out), str(spaced.parent))
    (file,) = result["files"]
    assert (code, file["fix"]) == (1, "written")
    written = out / "ho so.xml"
    assert Path(file["fixed_to"]) == written
    assert spaced.read_bytes() == SPACED
    assert written.read_bytes() == repair.propose(SPACED).data
    assert "BHYT-VAL-02" not in codes(result)
    assert "BHYT-VAL-05" in codes(result)
    assert sorted(p.name for p in out.iterdir()) == ["ho so.xml"]
    assert len(file["repairs"]) == len(repair.propose(SPACED).repairs)


def test_in_place_keeps_the_permissions(spaced: Path, capsys: Capture) -> None:
    spaced.chmod(0o640)
    assert run(["check", "--in-place", str(spaced)]) == 1
    assert spaced.read_bytes() == repair.propose(SPACED).data
    if sys.platform != "win32":
        assert stat.S_IMODE(spaced.stat().st_mode) == 0o640
    assert os.listdir(spaced.parent) == [spaced.name]
    once = spaced.read_bytes()
    _, again = check(capsys, "--in-place", str(spaced))
    assert again["files"][0]["fix"] == "clean"
    assert spaced.read_bytes() == once


def test_a_signed_file_is_left_alone(tmp_path: Path, capsys: Capture) -> None:
    start, end = dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.datetime(2099, 1, 1, tzinfo=dt.UTC)
    authority = signing.TestAuthority(not_before=start, not_after=end)
    signer = authority.issue("01001", not_before=start, not_after=end)
    synth.write_files(tmp_path, encounters=1, edition="3176", seed=7, dialect="decimal_comma")
    path = next(tmp_path.glob("*.xml"))
    path.write_bytes(signing.sign(path.read_bytes(), signer))
    before = path.read_bytes()
    code, result = check(capsys, "--in-place", str(path))
    assert (code, result["files"][0]["fix"], result["files"][0]["repairs"]) == (1, "signed", [])
    assert path.read_bytes() == before
    assert run(["check", "--fix", str(path)]) == 1
    assert "đã ký" in capsys.readouterr().out


def test_targets_that_collide_are_refused_before_anything_is_written(
    tmp_path: Path, capsys: Capture
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.xml").write_bytes(SPACED)
    out = tmp_path / "sua"
    files = [str(tmp_path / name / "1.xml") for name in ("a", "b")]
    assert run(["check", "--fix-out", str(out), *files]) == 2
    assert "ERR-CHECK-05" in capsys.readouterr().err
    assert run(["check", "--fix-out", str(tmp_path / "a"), files[0]]) == 2
    assert "ERR-CHECK-06" in capsys.readouterr().err
    assert run(["check", "--in-place", "-"]) == 2
    assert not out.exists()
    assert (tmp_path / "a" / "1.xml").read_bytes() == SPACED
    assert run(["check", "--fix-out", str(out), str(tmp_path)]) == 1
    assert sorted(p.relative_to(out).as_posix() for p in out.rglob("*.xml")) == [
        "a/1.xml",
        "b/1.xml",
    ]


def test_nfc_is_repaired_on_request_only(tmp_path: Path, capsys: Capture) -> None:
    synth.write_files(tmp_path, encounters=1, edition="3176", seed=7, dialect="nfd_names")
    assert check(capsys, "--fix", str(tmp_path))[1]["files"][0]["fix"] == "clean"
    (file,) = check(capsys, "--fix-nfc", str(tmp_path))[1]["files"]
    assert {r["kind"] for r in file["repairs"]} == {"nfc"}


# -- rules and codes ---------------------------------------------------------------------------


def test_rules_export_lists_every_rule(capsys: Capture) -> None:
    from vnhealth import rules

    assert run(["rules", "export", "--format", "json"]) == 0
    held = json.loads(capsys.readouterr().out)
    assert [row["code"] for row in held] == list(rules.registry())
    wanted = {
        "code", "tables", "tags", "editions", "valid_from", "valid_to", "severity", "basis",
        "confidence", "message_vi", "message_en",
    }  # fmt: skip
    assert all(row.keys() >= wanted for row in held)
    assert run(["rules", "export", "--format", "csv"]) == 0
    table = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert len(table) == len(held)
    assert set(table[0]) == wanted


def test_rules_list_by_table_and_day(capsys: Capture) -> None:
    assert run(["rules", "list", "--table", "xml3", "--format", "json"]) == 0
    held = json.loads(capsys.readouterr().out)
    assert held
    assert all("XML3" in row["tables"] for row in held)
    counts = {}
    for day in ("2024-06-30", "2026-08-01"):
        assert run(["rules", "list", "--on", day, "--format", "json"]) == 0
        rows = json.loads(capsys.readouterr().out)
        assert all((row["valid_from"] or day) <= day <= (row["valid_to"] or day) for row in rows)
        counts[day] = {row["code"] for row in rows}
    assert counts["2024-06-30"] != counts["2026-08-01"]
    assert run(["rules", "list", "--edition", "4210"]) == 0
    assert "luật." in capsys.readouterr().out
    assert run(["rules", "list", "--edition", "1"]) == 2
    assert run(["rules", "export", "--format", "xml"]) == 2


def test_explain_tells_of_rules(capsys: Capture) -> None:
    assert run(["explain", "BHYT-CLAIM-111"]) == 0
    shown = capsys.readouterr().out
    assert "XML1" in shown
    assert "T_TONGCHI_BV" in shown
    assert "3176" in shown
    assert run(["--lang", "en", "explain", "BHYT-CLAIM-111", "--format", "json"]) == 0
    held = json.loads(capsys.readouterr().out)
    assert held["tables"]
    assert held["editions"]
    assert held["message_vi"]
    assert run(["explain", "BHYT-VAL-05", "--format", "json"]) == 0
    assert "tables" not in json.loads(capsys.readouterr().out)


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes on Linux only")
@pytest.mark.parametrize("form", ["human", "json", "sarif", "junit", "html", "xlsx"])
def test_file_names_that_are_no_text_do_not_stop_a_report(
    form: str, tmp_path: Path, capsys: Capture
) -> None:
    path = os.fsencode(tmp_path) + b"/h\xe1\xbb.xml"
    with open(path, "wb") as stream:
        stream.write(SPACED)
    out = tmp_path / "out" / "r"
    argv = ["check", "--format", form, "--jobs", "1", str(tmp_path)]
    assert run([*argv, "--out", str(out)]) == 1
    assert out.stat().st_size > 100
    if form != "xlsx":
        assert run(argv) == 1
