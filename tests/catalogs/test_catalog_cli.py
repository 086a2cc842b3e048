"""``vnhealth catalogs``: stable JSON, exit status, and nothing but words on stderr."""

from __future__ import annotations

import csv
import json

import pytest

from vnhealth import catalogs
from vnhealth.cli import run

LIST = {"S": [["MA", "TEN"], ["0701", "Một"], ["0702", "Hai"]]}


@pytest.fixture
def cli(capsys):
    def call(*args, lang="vi"):
        code = run(["--lang", lang, "catalogs", *map(str, args)])
        return code, *capsys.readouterr()

    return call


def test_install_list_verify_and_look_up(cli, book):
    code, out, _ = cli("import", book("a.xlsx", LIST), "--as", "yhct", "--complete", "yes")
    assert code == 0
    assert "đã cài" in out
    assert "đọc 2, lấy 2" in out
    code, out, _ = cli("list")
    assert code == 0
    assert "yhct" in out
    assert str(catalogs.default_path()) in out
    code, out, _ = cli("verify")
    assert (code, "Không có sai khác." in out) == (0, True)
    code, out, _ = cli("resolve", "yhct", "0701", "--on", "2026-08-01")
    assert (code, "Một" in out) == (0, True)
    code, out, _ = cli("resolve", "yhct", "0709", "--on", "2026-08-01", lang="en")
    assert (code, "CAT-05" in out) == (1, True)


def test_json_of_resolve_is_one_object_with_stable_keys(cli):
    code, out, _ = cli("resolve", "province", "02", "--on", "2026-01-01", "--format", "json")
    assert code == 1
    miss = json.loads(out)
    assert (miss["version"], miss["on"], miss["state"]) == (1, "2026-01-01", "ended")
    assert (miss["replaced_by"], miss["valid_to"]) == (["08"], "2025-06-30")
    code, out, _ = cli("resolve", "province", "08", "--on", "2026-01-01", "--format", "json")
    assert code == 0
    entry = json.loads(out)
    assert entry.keys() == miss.keys()
    assert (entry["found"], entry["finding"]) == (True, None)


def test_json_of_the_other_commands(cli, book):
    path = book("a.xlsx", LIST)
    code, out, _ = cli("import", path, "--as", "yhct", "--format", "json")
    report = json.loads(out)
    assert (code, report["installed"], report["rows_read"]) == (0, True, 2)
    _, out, _ = cli("list", "--format", "json")
    assert json.loads(out)["installed"][0]["name"] == "yhct"
    _, out, _ = cli("list", "--all", "--format", "json")
    assert {"icd10", "ma_loai_kcb"} <= {one["set"] for one in json.loads(out)}
    _, out, _ = cli("layouts", "--format", "json")
    assert len(json.loads(out)) == len(catalogs.layouts())
    _, out, _ = cli("verify", "--format", "json")
    assert json.loads(out)["ok"] is True
    _, out, _ = cli("diff", "ma_loai_kcb_824", "ma_loai_kcb_1804", "--format", "json")
    assert {change["kind"] for change in json.loads(out)} == {"added", "renamed"}


def test_a_refused_file_lists_rows_and_writes_them_down(cli, book, tmp_path):
    rows = [["MA", "TEN", "TU_NGAY"], ["0701", "Một", "20260101"], ["0702", "Hai", "hôm qua"]]
    target = tmp_path / "loi.csv"
    code, out, _ = cli("import", book("b.xlsx", {"S": rows}), "--as", "lab", "--rejects", target)
    assert code == 0
    assert "CAT-40" in out
    with target.open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file)) == [
            ["sheet", "row", "column", "reason", "code"],
            ["S", "3", "valid_from", "CAT-40", "0702"],
        ]
    code, out, _ = cli("import", book("c.xlsx", {"S": [["MA", "TEN"], [7, "x"]]}), "--as", "yhct")
    assert code == 1
    assert "KHÔNG cài" in out
    assert "CAT-20" in out


@pytest.mark.parametrize(
    ("args", "status"),
    [
        (("import", "none.xlsx", "--as", "yhct"), 3),
        (("import", "none.xlsx", "--as", "icd11"), 2),
        (("resolve", "khong_co", "1"), 2),
        (("resolve", "icd10", "A00", "--on", "hôm nay"), 2),
        (("list", "--pack", "none.sqlite"), 2),
        (("diff", "a", "b"), 2),
        (("import", "none.xlsx", "--as", "yhct", "--complete", "maybe"), 2),
    ],
)
def test_what_goes_wrong_has_its_status_and_no_traceback(cli, args, status):
    code, _, err = cli(*args)
    assert code == status
    assert "Traceback" not in err


def test_a_file_that_is_no_workbook_is_unreadable(cli, tmp_path):
    path = tmp_path / "x.xlsx"
    path.write_bytes(b"old excel")
    code, out, _ = cli("import", path, "--as", "yhct")
    assert (code, "CAT-25" in out) == (3, True)


def test_changed_packs_fail_verify(cli, book):
    import sqlite3

    cli("import", book("a.xlsx", LIST), "--as", "yhct")
    connection = sqlite3.connect(catalogs.default_path())
    with connection:
        connection.execute("DELETE FROM entry WHERE key = '0701'")
    connection.close()
    code, out, _ = cli("verify", lang="en")
    assert (code, "CAT-71" in out) == (1, True)


def test_units_of_both_eras_are_told_apart(cli):
    _, out, _ = cli("resolve", "province", "15", "--on", "2026-01-01")
    assert "Lào Cai" in out
    assert "Yên Bái" in out
