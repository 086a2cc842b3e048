"""The two ICD-10 layouts on made-up workbooks, and the switch between the editions."""

from __future__ import annotations

import datetime as dt

import pytest

from vnhealth import catalogs

JUNE, JULY = dt.date(2026, 6, 30), dt.date(2026, 7, 1)


@pytest.fixture
def both(install, made):
    install(made.icd_2020_book(), "icd10-2020")
    return install(made.icd_2026_book(), "icd10-2026")[1]


def test_rows_of_4469_are_all_accounted_for(install, made):
    report, pack = install(made.icd_2020_book(), "icd10-2020")
    main = report.sheets[0]
    assert (main.read, main.kept, main.merged, main.rejected) == (10, 8, 2, 0)
    assert report.codes == {"icd10": 8}
    assert (report.rules, report.links) == (5, 2)
    assert report.findings.by_code("CAT-54")[0].params["count"] == "1"
    assert report.findings.by_code("CAT-34")[0].params["rows"] == "10"
    absent = {f.params["list"]: f.params["count"] for f in report.findings.by_code("CAT-53")}
    assert absent == {"A1": "1", "A2": "1"}
    assert "E - DRG" in report.findings.by_code("CAT-59")[0].params["sheets"]
    assert pack.verify().ok


@pytest.mark.parametrize("text", ["A00.1", "A001", "a00.1", "A00.1†", "A00.1+", "A00,1", " A00.1 "])
def test_every_spelling_finds_the_twin_named_by_its_plain_row(install, made, text):
    _, pack = install(made.icd_2020_book(), "icd10-2020")
    found = pack.resolve("icd10", text, on=JUNE)
    assert found.found
    assert found.code == "A00.1"
    assert found.name_vi == "Bệnh mẫu hai"
    assert found.parent == "A00"
    assert found.attrs["mark"] == "dagger"
    assert found.attrs["marked_name_vi"] == "Bệnh mẫu hai có dấu"


def test_tree_and_names(install, made):
    _, pack = install(made.icd_2020_book(), "icd10-2020")
    deep = pack.resolve("icd10", "M10.10", on=JUNE)
    assert (deep.parent, deep.attrs["leaf"]) == ("M10.1", "yes")
    assert pack.resolve("icd10", "M10", on=JUNE).attrs["leaf"] == "no"
    assert pack.resolve("icd10", "A00.0", on=JUNE).name_vi == "Bệnh mẫu một"


def test_rule_lists_are_effects_and_never_prove_existence(install, made):
    _, pack = install(made.icd_2020_book(), "icd10-2020")
    assert [e.effect for e in pack.effects("icd10", "G01*", JUNE)] == ["NOT_AS_MAIN"]
    (age,) = pack.effects("icd10", "A00.0", JUNE)
    assert (age.effect, age.list, age.min_days, age.max_days) == ("AGE_LIMIT", "A3.2", 0, 1095)
    (other,) = pack.effects("icd10", "M10.10", JUNE)
    assert other.list == "A3.3"
    assert [e.effect for e in pack.effects("icd10", "M10.1", JUNE)] == ["FEMALE_ONLY"]
    assert pack.effects("icd10", "M89.10", JUNE)
    assert pack.resolve("icd10", "M89.10", on=JUNE).state is catalogs.State.UNKNOWN
    assert pack.daggers("G01") == {"A001", "Z999"}
    assert pack.daggers("A001") == frozenset()


def test_differing_columns_and_wrong_shapes_are_rejected(install, made):
    rows = [
        made.icd_2020_row("A00", "A00", "Một"),
        made.icd_2020_row("A00.1", "A002", "Hai"),
        made.icd_2020_row("A0.01", "A0.01", "Ba"),
        made.icd_2020_row("A00", "A00", "Tên khác"),
        made.icd_2020_row(" ", " ", "không mã"),
    ]
    report, pack = install(made.icd_2020_book(rows), "icd10-2020")
    reasons = [(one.row, one.finding) for one in report.rejects if one.sheet == "ICD10"]
    assert reasons == [(5, "CAT-32"), (6, "CAT-31"), (7, "CAT-33")]
    assert report.sheets[0].skipped == 1
    assert not any(s.complete == "yes" for s in pack.sources("icd10") if s.id)


def test_names_without_stored_values_do_not_matter_where_only_codes_are_read(install, made):
    sheets = made.icd_2020_book()
    sheets["A2 mẫu"][3][1] = ("=", "=VLOOKUP(1,2,3)", None)
    assert install(sheets, "icd10-2020")[0].installed


def test_numbers_among_the_codes_of_a_rule_list_stop_the_import(install, made):
    sheets = made.icd_2020_book()
    sheets["A4.1"].append([501.0, "x"])
    with pytest.raises(catalogs.Refused) as caught:
        install(sheets, "icd10-2020")
    assert caught.value.findings.by_code("CAT-20")[0].params["sheet"] == "A4.1"


def test_flags_of_the_list_of_2026(install, made):
    report, pack = install(made.icd_2026_book(), "icd10-2026")
    (sheet,) = report.sheets
    assert (sheet.read, sheet.kept, sheet.merged, sheet.rejected) == (11, 10, 1, 0)
    effects = {
        code: [e.effect for e in pack.effects("icd10", code, JULY)]
        for code in ("A00", "A00.0", "W19", "O80", "N40", "R95", "J06.9")
    }
    assert effects == {
        "A00": ["MORE_SPECIFIC_EXISTS"],
        "A00.0": ["DISCOURAGED_AS_MAIN"],
        "W19": ["NOT_AS_MAIN"],
        "O80": ["FEMALE_ONLY"],
        "N40": ["MALE_ONLY"],
        "R95": ["DEATH_ONLY"],
        "J06.9": [],
    }
    assert report.findings.by_code("CAT-50")


def test_known_slips_of_the_list_of_2026_are_corrected_and_told(install, made):
    report, pack = install(made.icd_2026_book(), "icd10-2026")
    assert report.findings.by_code("CAT-55")[0].params["count"] == "2"
    assert pack.resolve("icd10", "U13.9", on=JULY).name_vi == "Lỗi in mẫu"
    assert pack.resolve("icd10", "Q87.1", on=JULY).name_vi == "Hội chứng mẫu"
    assert pack.resolve("icd10", "Q87.11", on=JULY).state is catalogs.State.UNKNOWN


def test_a_flag_that_holds_another_code_does_not_count(install, made):
    row = made.icd_2026_row(1, "J06.9", "J069", "Mẫu")
    row[23] = "J06.8"
    report, pack = install(made.icd_2026_book([row]), "icd10-2026")
    assert report.findings.by_code("CAT-37")[0].params["column"] == "24"
    assert pack.effects("icd10", "J06.9", JULY) == ()


def test_another_workbook_is_not_taken_for_the_list_of_2026(install, made):
    with pytest.raises(catalogs.Refused) as caught:
        install({"S": [["MA", "TEN"], ["A00", "x"]]}, "icd10-2026")
    assert caught.value.findings.by_code("CAT-23")


def test_the_edition_follows_the_day(both):
    for code, june, july in (
        ("G01", "valid", "ended"),
        ("U13.9", "future", "valid"),
        ("A00.0", "valid", "valid"),
        ("U98.7", "unknown", "unknown"),
    ):
        assert (both.state("icd10", code, JUNE), both.state("icd10", code, JULY)) == (june, july)
        assert both.resolve("icd10", code, on=JUNE).state.value == june
        assert both.resolve("icd10", code, on=JULY).state.value == july
    assert both.resolve("icd10", "A00.0", on=JUNE).source.name == "icd10-2020"
    assert both.resolve("icd10", "A00.0", on=JULY).source.decision.startswith("TT 06/2026")
    miss = both.resolve("icd10", "G01", on=JULY)
    assert (miss.valid_to, miss.code) == (JUNE, "CAT-01")
    assert "2026-06-30" in miss.text("en")
    early = both.resolve("icd10", "U13.9", on=JUNE)
    assert (early.valid_from, early.code) == (JULY, "CAT-04")


def test_one_edition_says_nothing_about_the_days_of_the_other(install, made):
    _, pack = install(made.icd_2026_book(), "icd10-2026")
    assert pack.has("icd10", JULY)
    # decision 4469 is held as codes without names
    assert pack.resolve("icd10", "S72.0", on=JUNE).source.name == "icd10-4469-codes"
    assert pack.resolve("icd10", "S72.0", on=JULY).state is catalogs.State.ENDED


def test_diff_of_the_editions(both):
    found = {(c.kind, c.code) for c in catalogs.diff("icd10-2020", "icd10-2026", both)}
    assert {("removed", "G01"), ("added", "W19"), ("rules", "A00.0")} <= found
    assert ("renamed", "A00") not in found
    gone = [c for c in catalogs.diff("icd10-2020", "icd10-2026", both) if c.code == "A00.0"]
    assert {(c.before, c.after) for c in gone} == {("AGE_LIMIT", ""), ("", "DISCOURAGED_AS_MAIN")}
