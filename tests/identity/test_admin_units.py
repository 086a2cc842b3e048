"""Units on a date: numbers with two meanings, divided communes never guessed, odd files stopped."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import pytest

from vnhealth.errors import IdentityError
from vnhealth.identity import admin_import
from vnhealth.identity.admin_units import REFORM, AdminUnits, same_province

EVE = dt.date(2025, 6, 30)
OFFICIAL = Path(__file__).resolve().parents[3] / "shared/data/admin_units_2024-06-11.xlsx"

OLD = """matinh,mahuyen,tenhuyen,maxa,tenxa
01,901,Quận Mẫu,90001,Phường Thử
01,901,Quận Mẫu,90002,Phường Mẫu Một
01,902,Huyện Đảo Thử,,
02,903,Huyện Núi Mẫu,90003,Xã Suối Thử
"""
NEW = """ma_tinh,ma_xa,ten_xa
01,90001,Phường Mẫu Mới
01,90004,Phường Thử Đông
08,90003,Xã Suối Mẫu
"""
SUCCESSION = """old_code,new_code
90001,90001
90002,90001
90002,90004
90003,90003
99999,90003
"""


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def units(tmp_path: Path) -> AdminUnits:
    found = AdminUnits.builtin()
    admin_import.read_old(write(tmp_path, "old.csv", OLD), found)
    admin_import.read_new(write(tmp_path, "new.csv", NEW), found)
    admin_import.read_succession(write(tmp_path, "map.csv", SUCCESSION), found)
    return found


@pytest.mark.parametrize(
    ("code", "before", "after"),
    [
        ("24", "Bắc Giang", "Bắc Ninh"),
        ("52", "Bình Định", "Gia Lai"),
        ("44", "Quảng Bình", "Quảng Trị"),
        ("91", "Kiên Giang", "An Giang"),
        ("80", "Long An", "Tây Ninh"),
        ("82", "Tiền Giang", "Đồng Tháp"),
        ("15", "Yên Bái", "Lào Cai"),
    ],
)
def test_a_province_number_means_another_place_since_the_reform(
    code: str, before: str, after: str
) -> None:
    units = AdminUnits.builtin()
    assert units.resolve(code, EVE).name == before
    assert units.resolve(code, REFORM).name == after


def test_29_numbers_vanished_and_every_old_province_has_one_heir() -> None:
    units = AdminUnits.builtin()
    old = {unit.code for unit in units.on(EVE, "province")}
    new = {unit.code for unit in units.on(REFORM, "province")}
    assert (len(old), len(new), len(old - new), new - old) == (63, 34, 29, set())
    assert all(units.convert(code, "province").outcome == "one" for code in old)
    assert {units.convert(code, "province").code for code in old} == new


def test_numbers_that_keep_old_province_digits_fit_the_heir() -> None:
    assert same_province("074", "79")
    assert same_province("77", "74")
    assert same_province("24", "27")
    assert not same_province("24", "25")
    assert not same_province("", "")


def test_a_commune_number_means_another_place_since_the_reform(units: AdminUnits) -> None:
    assert units.resolve("90001", EVE, "commune").full_name == "Phường Thử"
    assert units.resolve("90001", REFORM, "commune").full_name == "Phường Mẫu Mới"
    assert units.on(REFORM, "district") == ()
    assert units.province_of(units.resolve("90003", EVE, "commune"), EVE) == "02"
    assert units.province_of(units.resolve("90003", REFORM, "commune"), REFORM) == "08"


def test_a_divided_commune_gives_all_heirs_and_no_code(units: AdminUnits) -> None:
    assert units.convert("90001").code == "90001"
    split = units.convert("90002")
    assert (split.outcome, split.code) == ("split", "")
    assert {unit.code for unit in split.heirs} == {"90001", "90004"}
    assert units.convert("12345").outcome == "unknown"
    assert units.divided() == {"90002": 2}


def test_the_reports_count_what_is_odd(tmp_path: Path) -> None:
    units = AdminUnits.builtin()
    old = admin_import.read_old(write(tmp_path, "old.csv", OLD), units).counts
    assert (old["commune"], old["district"], old["district without commune"]) == (3, 3, 1)
    new = admin_import.read_new(write(tmp_path, "new.csv", NEW + "1,1,x\n"), units).counts
    assert (new["commune"], new["row without province or commune"]) == (3, 1)
    assert new["province with another number of communes than on 01/07/2025"] == 34
    map_ = admin_import.read_succession(write(tmp_path, "map.csv", SUCCESSION), units).counts
    assert (map_["divided commune"], map_["split over 2"], map_["one heir"]) == (1, 1, 3)
    assert map_["old code without a unit"] == 1
    assert map_["new unit without source"] == 0


def test_codes_as_numbers_and_unknown_files_stop_the_import(tmp_path: Path) -> None:
    import xlsxwriter

    book = xlsxwriter.Workbook(tmp_path / "numbers.xlsx")
    sheet = book.add_worksheet()
    for place, row in enumerate((["matinh", "mahuyen", "maxa"], [1, 1, 1])):
        sheet.write_row(place, 0, row)
    book.close()
    cases = {
        "numbers.xlsx": "ID-ADMIN_NUMERIC",
        "missing.csv": "ID-ADMIN_FILE",
        str(write(tmp_path, "other.csv", "a,b\n1,2\n").name): "ID-ADMIN_COLUMNS",
        str(write(tmp_path, "empty.csv", "").name): "ID-ADMIN_FILE",
        str(write(tmp_path, "broken.xlsx", "no workbook").name): "ID-ADMIN_FILE",
    }
    for name, code in cases.items():
        with pytest.raises(IdentityError, match=code):
            admin_import.read_old(tmp_path / name, AdminUnits.builtin())


@pytest.mark.skipif(not OFFICIAL.exists(), reason="the official list of June 2024 is not here")
def test_the_official_list_of_june_2024_is_read_whole() -> None:
    units = AdminUnits.builtin()
    counts = admin_import.read_old(OFFICIAL, units).counts
    assert (counts["district"], counts["commune"]) == (705, 10_595)
    assert counts["district without commune"] == 5
    assert counts["commune code twice"] == 0
    folder = Path(admin_import.__file__).parent / "data"
    with (folder / "provinces_63.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            districts = units.on(EVE, "district", row["code"])
            communes = sum(len(units.on(EVE, "commune", one.code)) for one in districts[:1])
            assert len(districts) == int(row["districts_2024"]), row["code"]
            assert communes <= int(row["communes_2024"])
    assert all(unit.kind for unit in units.on(EVE, "commune"))
