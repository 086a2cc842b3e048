"""The small code sets: complete files, honest index, dated versions that do not overlap."""

from __future__ import annotations

import csv
import datetime as dt
import unicodedata
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path

import pytest

import vnhealth

DATA = Path(vnhealth.__file__).parent / "spec" / "data"
CODES = DATA / "codes"
FILES = sorted(path for path in CODES.glob("*.csv") if path.name != "index.csv")
CODE_COLUMNS = "code,meaning_vi,meaning_en,valid_from,valid_to,source,confidence"
INDEX_COLUMNS = "name,version,valid_from,valid_to,closed,confidence,source,note"
CONFIDENCE = {"official", "secondary", "vendor", "guess"}


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


INDEX = read(CODES / "index.csv")


def day(text: str, missing: dt.date) -> dt.date:
    if not text:
        return missing
    assert len(text) == 10
    return dt.date.fromisoformat(text)


def window(row: dict[str, str]) -> tuple[dt.date, dt.date]:
    return day(row["valid_from"], dt.date.min), day(row["valid_to"], dt.date.max)


def test_index_and_folder_name_the_same_versions_once() -> None:
    versions = [row["version"] for row in INDEX]
    assert sorted(versions) == [path.stem for path in FILES]


def test_a_logical_name_is_the_version_itself_or_its_stem() -> None:
    for row in INDEX:
        assert row["version"] == row["name"] or row["version"].startswith(row["name"] + "_")
    alone = Counter(row["name"] for row in INDEX)
    assert [r["name"] for r in INDEX if alone[r["name"]] == 1 and r["name"] != r["version"]] == []


@pytest.mark.parametrize("path", [*FILES, CODES / "index.csv"], ids=lambda path: path.stem)
def test_files_are_tidy(path: Path) -> None:
    raw = path.read_bytes()
    text = raw.decode("utf-8")
    assert b"\r" not in raw
    assert text.endswith("\n")
    assert unicodedata.is_normalized("NFC", text)
    assert text.splitlines()[0] == (INDEX_COLUMNS if path.stem == "index" else CODE_COLUMNS)
    cells = [cell for row in read(path) for cell in row.values()]
    assert [cell for cell in cells if cell != cell.strip()] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_codes_are_unique_named_dated_and_sourced(path: Path) -> None:
    rows = read(path)
    codes = [row["code"] for row in rows]
    assert codes
    assert [code for code, times in Counter(codes).items() if times > 1] == []
    for row in rows:
        assert row["code"]
        assert row["meaning_vi"]
        assert row["meaning_en"]
        assert row["source"]
        assert row["confidence"] in CONFIDENCE
        start, end = window(row)
        assert start <= end


@pytest.mark.parametrize("row", INDEX, ids=lambda row: row["version"])
def test_index_rows_are_honest(row: dict[str, str]) -> None:
    start, end = window(row)
    assert start <= end
    assert row["closed"] in {"yes", "partial", "open"}
    assert row["confidence"] in CONFIDENCE
    assert row["source"]
    # a list known only through vendors, or not issued at all, can refuse nothing
    if row["confidence"] in {"vendor", "guess"}:
        assert row["closed"] != "yes"
    if row["closed"] != "yes":
        assert row["note"]


def test_versions_of_one_set_follow_each_other() -> None:
    sets: defaultdict[str, list[tuple[dt.date, dt.date]]] = defaultdict(list)
    for row in INDEX:
        sets[row["name"]].append(window(row))
    for name, windows in sets.items():
        ordered = sorted(windows)
        for (_, end), (start, _) in pairwise(ordered):
            assert end < start, name


def test_every_code_set_of_a_field_is_held() -> None:
    versions = {row["version"] for row in INDEX}
    used = {
        (path.parent.name, row["tag"], row["code_set"])
        for path in DATA.glob("qd*/xml*.csv")
        for row in read(path)
        if row["code_set"]
    }
    assert len(used) > 50
    assert sorted(use for use in used if use[2] not in versions) == []


@pytest.mark.parametrize(
    ("name", "on", "version"),
    [
        ("ma_loai_kcb", "2026-07-31", "ma_loai_kcb_824"),
        ("ma_loai_kcb", "2026-08-01", "ma_loai_kcb_1804"),
        ("ma_doituong_kcb", "2025-06-18", "ma_doituong_kcb_824"),
        ("ma_doituong_kcb", "2025-06-25", None),
        ("ma_doituong_kcb", "2025-07-01", "ma_doituong_kcb_3276"),
        ("nhom_doi_tuong", "2024-12-31", "nhom_doi_tuong_4750"),
        ("nhom_doi_tuong", "2025-01-01", "nhom_doi_tuong_3176"),
        ("phacdo_dtri_lao", "2024-06-30", "phacdo_dtri_lao_130"),
        ("phacdo_dtri_lao", "2024-07-01", "phacdo_dtri_lao_4750"),
        ("phacdo_dtri_lao", "2025-01-01", "phacdo_dtri_lao_3176"),
        ("ma_xu_tri", "2024-06-30", "ma_xu_tri_130"),
        ("ma_xu_tri", "2024-07-01", "ma_xu_tri_4750"),
    ],
)
def test_the_version_of_a_day(name: str, on: str, version: str | None) -> None:
    asked = dt.date.fromisoformat(on)
    found = [
        row["version"]
        for row in INDEX
        if row["name"] == name and window(row)[0] <= asked <= window(row)[1]
    ]
    assert found == ([version] if version else [])


def test_codes_keep_their_zeros_and_dots() -> None:
    kinds = {row["code"] for row in read(CODES / "ma_loai_kcb_824.csv")}
    assert {"01", "09", "10"} <= kinds
    assert "1" not in kinds
    classes = {row["code"] for row in read(CODES / "ma_doituong_kcb_824.csv")}
    assert {"1.1", "1.10"} <= classes
