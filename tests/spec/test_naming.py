"""Every field of every edition has a Vietnamese and an English title, and no title is left over."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import defaultdict
from pathlib import Path

import pytest

import vnhealth

DATA = Path(vnhealth.__file__).parent / "spec" / "data"
FAMILY = {"4210": "4210", "130": "130", "4750": "130", "3176": "130", "1931": "130"}
QUALIFIED = re.compile(r"(?:(?P<family>4210|130):)?(?P<table>XML\d{1,2})\.(?P<tag>[A-Z0-9_]+)")
DOMAIN = re.compile(r"[a-z]+\.[a-z][a-z0-9_]*")
PLAIN = re.compile(r"[A-Z0-9_]+")

ROOTS = {
    "patient",
    "coverage",
    "encounter",
    "facility",
    "order",
    "service",
    "supply",
    "result",
    "note",
    "totals",
}


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


ROWS = read(DATA / "naming.csv")
TITLES = {row["tag"]: row for row in ROWS}
FIELDS = {
    (folder.name.removeprefix("qd"), path.stem.upper(), row["tag"])
    for folder in DATA.glob("qd*")
    for path in folder.glob("xml*.csv")
    for row in read(path)
}
LAYOUTS = {(FAMILY[edition], table, tag) for edition, table, tag in FIELDS}


def resolve(family: str, table: str, tag: str) -> dict[str, str] | None:
    for key in (f"{family}:{table}.{tag}", f"{table}.{tag}", tag):
        if key in TITLES:
            return TITLES[key]
    return None


def test_the_registry_is_there() -> None:
    assert {edition for edition, _, _ in FIELDS} == set(FAMILY)
    assert len({tag for _, _, tag in FIELDS}) > 250


def test_every_field_has_a_title_in_both_languages() -> None:
    bare = [
        field
        for field in sorted(LAYOUTS)
        if not (row := resolve(*field)) or not row["title_vi"] or not row["title_en"]
    ]
    assert bare == []


def test_every_tag_has_a_row_of_its_own() -> None:
    assert sorted({tag for _, _, tag in LAYOUTS} - set(TITLES)) == []


def test_no_row_without_a_field() -> None:
    tags = {tag for _, _, tag in LAYOUTS}
    left_over = []
    for key in TITLES:
        found = QUALIFIED.fullmatch(key)
        if found is None:
            known = key in tags
        else:
            known = any(
                (family, found["table"], found["tag"]) in LAYOUTS
                for family in ([found["family"]] if found["family"] else ["4210", "130"])
            )
        if not known:
            left_over.append(key)
    assert left_over == []


def test_an_override_says_something_else_than_the_row_it_hides() -> None:
    same = []
    for key, row in TITLES.items():
        found = QUALIFIED.fullmatch(key)
        if found is None:
            continue
        hidden = TITLES.get(f"{found['table']}.{found['tag']}") if found["family"] else None
        hidden = hidden or TITLES[found["tag"]]
        if all(row[column] == hidden[column] for column in ("title_vi", "title_en", "domain")):
            same.append(key)
    assert same == []


def test_keys_are_sorted_and_unique() -> None:
    keys = [row["tag"] for row in ROWS]
    assert keys == sorted(set(keys))
    assert [k for k in keys if not PLAIN.fullmatch(k) and not QUALIFIED.fullmatch(k)] == []


def test_file_is_nfc_with_unix_line_ends() -> None:
    raw = (DATA / "naming.csv").read_bytes()
    text = raw.decode("utf-8")
    assert b"\r" not in raw
    assert text.endswith("\n")
    assert unicodedata.is_normalized("NFC", text)
    assert text.splitlines()[0] == "tag,title_vi,title_en,domain"


@pytest.mark.parametrize("column", ["title_vi", "title_en", "domain"])
def test_cells_are_trimmed_and_short(column: str) -> None:
    bad = [
        row["tag"]
        for row in ROWS
        if row[column] != " ".join(row[column].split()) or len(row[column]) > 60
    ]
    assert bad == []


def test_domain_paths_are_well_formed() -> None:
    paths = {row["domain"] for row in ROWS if row["domain"]}
    assert sorted(p for p in paths if not DOMAIN.fullmatch(p)) == []
    assert {p.split(".")[0] for p in paths} == ROOTS


def test_within_a_table_a_domain_path_belongs_to_one_field() -> None:
    users: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)
    for family, table, tag in sorted(LAYOUTS):
        row = resolve(family, table, tag)
        assert row is not None
        if row["domain"]:
            users[family, table, row["domain"]].append(tag)
    shared = {key: tags for key, tags in users.items() if len(tags) > 1}
    # XML13 renamed its facilities in QD 3176; the old and the new tag never stand together.
    assert shared == {
        ("130", "XML13", "encounter.referred_from"): ["MA_CSKCB_DI", "MA_NOI_DI"],
        ("130", "XML13", "encounter.referred_to"): ["MA_CSKCB_DEN", "MA_NOI_DEN"],
    }


@pytest.mark.parametrize(
    ("family", "table", "tag", "path"),
    [
        ("130", "XML1", "MA_LK", "encounter.link_id"),
        ("130", "XML1", "HO_TEN", "patient.name"),
        ("4210", "XML1", "MA_THE", "coverage.card_number"),
        ("130", "XML1", "T_BHTT", "totals.fund_pays"),
        ("130", "XML3", "T_BHTT", "order.fund_pays"),
        ("130", "XML3", "NGAY_YL", "order.ordered_at"),
        ("4210", "XML2", "NGAY_YL", "order.ordered_at"),
        ("4210", "XML3", "NGAY_YL", "order.performed_at"),
        ("4210", "XML5", "NGAY_YL", "note.recorded_at"),
        ("4210", "XML1", "MA_BENH", "encounter.main_diagnosis"),
        ("4210", "XML2", "MA_BENH", "order.diagnoses"),
        ("130", "XML3", "MA_BENH", "order.diagnoses"),
        ("130", "XML4", "GIA_TRI", "result.value"),
        ("130", "XML9", "CAN_NANG_CON", ""),
    ],
)
def test_meanings_that_differ_between_tables(family: str, table: str, tag: str, path: str) -> None:
    row = resolve(family, table, tag)
    assert row is not None
    assert row["domain"] == path
