"""ICD-9-CM, administrative units of both eras, plain lists."""

from __future__ import annotations

import datetime as dt

import pytest

from vnhealth import catalogs

BEFORE, AFTER = dt.date(2024, 6, 11), dt.date(2025, 7, 1)
STATE = catalogs.State

ICD9 = {
    "Sheet0": [
        ["Phụ lục mẫu"],
        ["Mã chuyên khoa 21", "Mã tương đương", "Tên 21", "Mã ICD-9", "Tên ICD-9", "Chương ICD-9"],
        ["1", "01.0001.1778", "Dịch vụ một", "88.73", "Siêu âm mẫu", "(87-99) MẪU "],
        ["1", "01.0002.1778", "Dịch vụ hai", "88.73", "Siêu  âm mẫu", "(87-99) MẪU"],
        ["1", "01.0002.1778", "Dịch vụ hai", "01.10", "Mẫu hai", "(01-05) MẪU"],
        ["1", "01.0002.1778", "Dịch vụ hai", "01.10", "Mẫu hai", "(01-05) MẪU"],
        ["1", "01.0003.1778", "Dịch vụ ba", "", "", ""],
        ["1", "27.205B.0463", "Dịch vụ bốn", "01.10", "Tên khác", "(01-05) MẪU"],
        ["1", "01.0004.1778", "Dịch vụ năm", "8.873", "Hỏng", ""],
    ]
}

UNITS_2024 = {
    "Sheet1": [
        ["id", "tentinh", "matinh", "tenhuyen", "mahuyen", "tenxa", "maxa", "cap"],
        [("=", "=A1", None), "Tỉnh Mẫu", "02", "Huyện Một", "024", "Xã An", "00688", "Xã"],
        ["x", "Tỉnh Mẫu", "02", "Huyện Một", "024", "Xã  Bình", "00691", "Xã"],
        ["x", "Tỉnh Mẫu", "02", "Huyện Đảo", "025", "", "", "Huyện"],
        ["x", "Tỉnh Khác", "04", "Huyện Hai", "040", "Xã Chung", "01267", "Xã"],
        ["x", "Tỉnh Khác", "04", "Huyện Hai", "040", "Xã Trùng", "01267", "Xã"],
        ["x", "Tỉnh Khác", "4", "Huyện Hai", "040", "Xã Hỏng", "01270", "Xã"],
    ]
}

UNITS_2025 = {
    "DS": [
        ["TT", "Mã tỉnh (TP)", "Tên tỉnh (TP)", "Mã phường/xã", "Tên phường/xã", "Cấp"],
        ["1", "08", "Tỉnh Mới", "00688", "Xã Khác Hẳn", "Xã"],
        ["2", "08", "Tỉnh Mới", "00691", "Xã Bình", "Xã"],
        ["3", "04", "Tỉnh Khác", "01273", "Phường Chung", "Phường"],
    ]
}

MAP = {
    "S": [
        ["Mã xã cũ", "Tên xã cũ", "Mã xã mới", "Tên xã mới"],
        ["00688", "Xã An", "00691", "Xã Bình"],
        ["00691", "Xã Bình", "00691", "Xã Bình"],
        ["01267", "Xã Chung", "01273", "Phường Chung"],
        ["01267", "Xã Chung", "00688", "Xã Khác Hẳn"],
    ]
}


def test_icd9_is_a_map_from_services(install):
    report, pack = install(ICD9, "icd9-2020")
    (sheet,) = report.sheets
    assert (sheet.read, sheet.kept, sheet.merged, sheet.skipped, sheet.rejected) == (7, 4, 1, 1, 1)
    assert report.codes == {"icd9": 2}
    assert pack.pairs("service", left="01.0002.1778") == (
        ("01.0002.1778", "01.10"),
        ("01.0002.1778", "88.73"),
    )
    assert len(pack.pairs("service", right="01.10")) == 2
    assert pack.pairs("service", left="27.205b.0463")
    assert report.findings.by_code("CAT-36")[0].params["rows"] == "8"


def test_units_of_2024_have_three_levels_and_islands_without_communes(install):
    report, pack = install(UNITS_2024, "admin-2024")
    assert report.codes == {"province": 2, "district": 3, "commune": 3}
    assert [(r.row, r.finding) for r in report.rejects] == [(6, "CAT-33"), (7, "CAT-31")]
    found = pack.resolve("commune", "00691", on=BEFORE)
    assert (found.name_vi, found.parent, found.attrs["kind"]) == ("Xã Bình", "024", "Xã")
    assert pack.resolve("district", "025", on=BEFORE).parent == "02"


def test_a_snapshot_is_complete_on_its_own_day_only(install):
    sheets = {"Sheet1": UNITS_2024["Sheet1"][:5]}
    _, pack = install(sheets, "admin-2024")
    other = dt.date(2025, 3, 1)
    assert pack.has("commune", BEFORE)
    assert not pack.has("commune", other)
    assert pack.resolve("commune", "99999", on=BEFORE).state is STATE.UNKNOWN
    assert pack.resolve("commune", "99999", on=other).state is STATE.PARTIAL
    assert pack.state("commune", "99999", other) == "valid"
    assert pack.resolve("commune", "00691", on=other).found
    assert pack.resolve("commune", "00691", on=AFTER).state is STATE.NOT_COVERED


@pytest.fixture
def eras(install):
    install({"Sheet1": UNITS_2024["Sheet1"][:5]}, "admin-2024")
    install(UNITS_2025, "admin-2025")
    return install(MAP, "admin-map")


def test_a_number_that_changed_its_meaning_tells_both(eras):
    _, pack = eras
    old, new = (pack.resolve("commune", "00688", on=day) for day in (BEFORE, AFTER))
    assert (old.name_vi, new.name_vi) == ("Xã An", "Xã Khác Hẳn")
    assert new.other_meanings[0].name_vi == "Xã An"
    assert new.other_meanings[0].valid_to == dt.date(2025, 6, 30)
    assert old.other_meanings[0].valid_from == AFTER
    same = pack.resolve("commune", "00691", on=AFTER)
    assert same.other_meanings == ()
    found = {(c.kind, c.code) for c in catalogs.diff("admin-2024", "admin-2025", pack)}
    assert ("reused", "00688") in found
    assert ("removed", "01267") in found


def test_a_split_commune_gives_a_list_and_never_a_guess(eras):
    report, pack = eras
    assert report.findings.by_code("CAT-60")[0].params["spread"] == "1 × 2"
    miss = pack.resolve("commune", "01267", on=AFTER)
    assert (miss.state, miss.code) == (STATE.ENDED, "CAT-03")
    assert miss.replaced_by == ("00688", "01273")
    assert [s.whole for s in pack.successors("commune", "01267")] == [False, False]
    assert pack.successors("commune", "00688") == (catalogs.Successor("00691", True),)


def test_provinces_of_both_eras_are_held_without_a_pack():
    pack = catalogs.Pack(None)
    day = dt.date(2026, 1, 1)
    assert pack.has("province", BEFORE)
    assert pack.has("province", day)
    merged = pack.resolve("province", "27", on=day)
    assert (merged.state, merged.replaced_by, merged.code) == (STATE.ENDED, ("24",), "CAT-02")
    assert "24" in merged.text("vi")
    assert pack.resolve("province", "24", on=day).name_vi == "Bắc Ninh"
    assert pack.resolve("province", "24", on=BEFORE).name_vi == "Bắc Giang"
    assert pack.resolve("province", "03", on=day).state is STATE.UNKNOWN
    held = [pack.resolve("province", f"{n:02d}", on=day).found for n in range(1, 97)]
    assert sum(held) == 34
    assert sum(pack.resolve("province", f"{n:02d}", on=BEFORE).found for n in range(1, 97)) == 63


def test_plain_lists_know_dates_and_successors(install):
    sheets = {
        "S": [
            ["Mã", "Tên", "Từ ngày", "Đến ngày", "Mã thay thế"],
            ["K11", "Cũ", "20200101", "20260731", "K12"],
            ["K12", "Mới", "20260801", "", ""],
            ["K13", "Hai đời", "20200101", "20221231", ""],
            ["K13", "Hai đời, tên mới", "20240101", "", ""],
        ]
    }
    _, pack = install(sheets, "lab", complete=True)
    miss = pack.resolve("lab", "K11", on=dt.date(2026, 8, 1))
    assert miss.text("en").endswith("ended 2026-07-31; use K12.")
    assert pack.resolve("lab", "K12", on=dt.date(2026, 7, 31)).code == "CAT-04"
    days = {
        dt.date(2022, 12, 31): STATE.UNKNOWN,  # the list itself begins in 2025
        dt.date(2025, 4, 11): STATE.VALID,
    }
    for day, state in days.items():
        found = pack.resolve("lab", "K13", on=day)
        assert found.state is (STATE.NOT_COVERED if state is STATE.UNKNOWN else state)


def test_partial_lists_conclude_nothing(install):
    _, pack = install({"S": [["MA_CSKCB", "TEN_CSKCB"], ["01901", "Mẫu"]]}, "facility")
    day = dt.date(2026, 8, 1)
    assert not pack.has("facility", day)
    assert pack.resolve("facility", "01901", on=day).found
    miss = pack.resolve("facility", "01902", on=day)
    assert (miss.state, miss.code, miss.source.name) == (STATE.PARTIAL, "CAT-07", "facility")


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("01.0001.1778", STATE.VALID),
        ("01.0001.1778_GT", STATE.VALID),
        ("01.0001.1778_tb.K.01901", STATE.VALID),
        ("27.205B.0463", STATE.VALID),
        ("VC.01901", STATE.OUTSIDE),
        ("01.0009.1778_GT", STATE.UNKNOWN),
    ],
)
def test_additions_of_the_wire_are_taken_away_from_services(install, text, state):
    sheets = {"S": [["MA_DICH_VU", "TEN_DICH_VU"], ["01.0001.1778", "A"], ["27.205b.0463", "B"]]}
    _, pack = install(sheets, "service-2025", complete=True)
    found = pack.resolve("service", text, on=dt.date(2026, 8, 1))
    assert found.state is state
    said = "unknown" if state is STATE.UNKNOWN else "valid"
    assert pack.state("service", text, dt.date(2026, 8, 1)) == said


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("40.1", STATE.VALID),
        ("40.10", STATE.VALID),
        ("40.100", STATE.UNKNOWN),
        ("40.10+40.1", STATE.VALID),
        ("40.155 + 40.30", STATE.VALID),
        ("40.1+40.100", STATE.UNKNOWN),
        ("05c.7", STATE.VALID),
        ("40.1.KT", STATE.VALID),
        ("VM.01901", STATE.OUTSIDE),
        ("00.0000", STATE.OUTSIDE),
    ],
)
def test_drugs_are_texts_and_combinations_are_sets(install, text, state):
    codes = ["40.1", "40.10", "40.30+40.155", "05C.7"]
    sheets = {"S": [["MA_THUOC", "TEN_THUOC"], *[[code, "x"] for code in codes]]}
    _, pack = install(sheets, "drug-list", complete=True)
    assert pack.resolve("drug", text, on=dt.date(2026, 8, 1)).state is state
