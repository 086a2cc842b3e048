"""What is refused, and that refusing leaves nothing behind."""

from __future__ import annotations

import random
import zipfile

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from vnhealth import catalogs
from vnhealth.catalogs._scan import scan
from vnhealth.catalogs._workbook import open_book
from vnhealth.errors import CatalogError

LIST = [["MA", "TEN"], ["0701", "Một"], ["0702", "Hai"]]


def refused(path, layout="yhct", **options):
    with pytest.raises(catalogs.Refused) as caught:
        catalogs.import_file(path, layout, **options)
    assert not catalogs.default_path().exists()
    return caught.value


def test_numbers_in_a_code_column_stop_the_import_and_name_the_rows(book):
    rows = [
        ["MA", "TEN"],
        ["0701", "Một"],
        [702, "Hai"],
        [703, "Ba"],
        ["0704", "Bốn"],
        [7.5, "Năm"],
    ]
    error = refused(book("so.xlsx", {"S": rows}))
    (found,) = error.findings.by_code("CAT-20")
    assert found.params["rows"] == "3–4, 6"
    assert found.params["column"] == "code"
    assert error.code == "ERR-CAT-02"
    assert "CAT-20" in str(error)
    assert error.report is not None
    assert not error.report.installed
    listed = [(one.row, one.column, one.value) for one in error.report.rejects]
    assert listed == [(3, "code", "702.0"), (4, "code", "703.0"), (6, "code", "7.5")]


def test_numbers_in_other_columns_are_texts(book, tmp_path):
    path = book("ten.xlsx", {"S": [["MA", "TEN"], ["0701", 5]]})
    catalogs.import_file(path, "yhct", pack=tmp_path / "p.sqlite")
    with catalogs.Pack(tmp_path / "p.sqlite") as pack:
        assert pack.rows("yhct", "0701")[0].name_vi == "5"


def test_formulas_without_a_stored_value_stop_the_import(book):
    rows = [["MA", "TEN"], ["0701", ("=", "=A1", None)], ["0702", ("=", "=A1", "Hai")]]
    error = refused(book("ct.xlsx", {"S": rows}))
    (found,) = error.findings.by_code("CAT-22")
    assert found.params["rows"] == "2"
    assert found.params["column"] == "name_vi"


@pytest.mark.parametrize(
    "cell",
    [
        b'<c r="B2"><f>A1</f></c>',
        b'<c r="B2"><f>A1</f><v/></c>',
        b"<c r='B2'><f t='shared' si='0'/><v></v></c>",
        b'<x:c r="B2"><x:f>A1</x:f></x:c>',
    ],
)
def test_every_spelling_of_a_missing_value_is_seen(book, edited_sheet, cell):
    path = book("ct.xlsx", {"S": [["MA", "TEN"], ["0701", 7]]})
    path = edited_sheet(path, b'<c r="B2"><v>7</v></c>', cell)
    assert refused(path).findings.by_code("CAT-22")


def test_a_formula_with_an_empty_text_is_a_value(book, edited_sheet, tmp_path):
    path = book("ct.xlsx", {"S": [["MA", "TEN"], ["0701", 7]]})
    cell = b'<c r="B2" t="str"><f>A1</f><v></v></c>'
    path = edited_sheet(path, b'<c r="B2"><v>7</v></c>', cell)
    assert catalogs.import_file(path, "yhct", pack=tmp_path / "p.sqlite").installed


def test_formulas_in_unused_columns_do_not_matter(book, tmp_path):
    rows = [["ID", "MA", "TEN"], [("=", "=A1", None), "0701", "Một"]]
    path = book("id.xlsx", {"S": rows})
    assert catalogs.import_file(path, "yhct", pack=tmp_path / "p.sqlite").installed


def test_formulas_in_a_code_column_are_told(book, tmp_path):
    rows = [["MA", "TEN"], [("=", '="07"&"01"', "0701"), "Một"]]
    report = catalogs.import_file(book("cm.xlsx", {"S": rows}), "yhct", pack=tmp_path / "p.sqlite")
    assert report.findings.by_code("CAT-57")


@pytest.mark.parametrize(
    ("limits", "what"),
    [
        (catalogs.Limits(rows=2), "rows"),
        (catalogs.Limits(columns=1), "columns"),
        (catalogs.Limits(cells=5), "cells"),
        (catalogs.Limits(file_bytes=100), "bytes"),
        (catalogs.Limits(unpacked_bytes=100), "bytes"),
    ],
)
def test_each_limit_holds(book, limits, what):
    error = refused(book("to.xlsx", {"S": LIST}), limits=limits)
    (found,) = error.findings.by_code("CAT-21")
    assert what in found.params["limit"]


@pytest.mark.parametrize(
    "far",
    [
        b'<c r="XFD1048576" t="n"><v>1</v></c>',
        b"<c t='n' r = 'XFD1048576'><v>1</v></c>",
        b'<c r="xfd2"><v>1</v></c>',
        b'<c r="A1048576"><v>1</v></c>',
        b'<x:c r="XFD3"><x:v>1</x:v></x:c>',
    ],
)
def test_one_far_cell_is_refused_before_the_sheet_is_laid_out(book, edited_sheet, far):
    path = book("xa.xlsx", {"S": [*LIST, [None, None, 9.0]]})
    path = edited_sheet(path, b'<c r="C4"><v>9</v></c>', far)
    assert refused(path).findings.by_code("CAT-21")


@pytest.mark.parametrize(
    "hidden", [b'<c note=">" r="XFD1048576"><v>1</v></c>', b"<!DOCTYPE a><c r='C4'><v>1</v></c>"]
)
def test_a_hidden_cell_is_refused(book, edited_sheet, hidden):
    path = book("an.xlsx", {"S": [*LIST, [None, None, 9.0]]})
    path = edited_sheet(path, b'<c r="C4"><v>9</v></c>', hidden)
    assert refused(path).findings.by_code("CAT-25")


def test_cells_that_do_not_say_where_they_are_count_one_after_the_other(book, edited_sheet):
    path = book("mu.xlsx", {"S": [*LIST, [None, None, 9.0]]})
    path = edited_sheet(path, b'<c r="C4"><v>9</v></c>', b"<c/>" * 300 + b"<c><v>1</v></c>")
    assert refused(path).findings.by_code("CAT-21")


def test_styled_empty_cells_do_not_count(book, edited_sheet, tmp_path):
    path = book("mau.xlsx", {"S": [*LIST, [None, None, 9.0]]})
    path = edited_sheet(path, b'<c r="C4"><v>9</v></c>', b'<c r="XFD4" s="1"/>')
    assert catalogs.import_file(path, "yhct", pack=tmp_path / "p.sqlite").installed


CELLS = st.one_of(st.none(), st.text("ab é<&>'\"", min_size=1, max_size=5), st.integers(-9, 9))


@given(st.lists(st.lists(CELLS, max_size=6), min_size=1, max_size=8))
def test_the_scan_sees_as_far_as_the_reader(tmp_path_factory, grid):
    path = tmp_path_factory.mktemp("luoi") / "l.xlsx"
    workbook = xlsxwriter.Workbook(path)
    sheet = workbook.add_worksheet("S")
    filled = []
    for r, row in enumerate(grid):
        for c, cell in enumerate(row):
            if isinstance(cell, str):
                sheet.write_string(r, c, cell)
            elif cell is not None:
                sheet.write_number(r, c, cell)
            if cell is not None:
                filled.append((r, c))
    workbook.close()
    with zipfile.ZipFile(path) as archive, archive.open("xl/worksheets/sheet1.xml") as file:
        extent = scan(file, 1_000_000)
    assert extent.rows == max((r + 1 for r, _ in filled), default=0)
    assert extent.columns == max((c + 1 for _, c in filled), default=0)
    rows = open_book(path, catalogs.Limits())[0].sheet("S").rows
    assert all(rows[r][c] == grid[r][c] for r, c in filled)


@pytest.mark.parametrize("content", [b"", b"PK", b"\xd0\xcf\x11\xe0 old", b"PK\x03\x04 cut short"])
def test_what_is_no_workbook_is_refused(tmp_path, content):
    path = tmp_path / "x.xlsx"
    path.write_bytes(content)
    assert refused(path).findings.by_code("CAT-25")


def test_damaged_workbooks_never_raise_anything_else(book, tmp_path):
    good = book("tot.xlsx", {"S": [[f"cột {n}" for n in range(4)], *LIST]}).read_bytes()
    dice = random.Random(5)
    outcomes = set()
    for number in range(60):
        data = bytearray(good)
        for _ in range(dice.randint(1, 6)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        path = tmp_path / "hong.xlsx"
        path.write_bytes(data[: dice.randint(1, len(data))] if number % 3 == 0 else data)
        try:
            catalogs.import_file(path, "yhct", pack=tmp_path / f"{number}.sqlite")
            outcomes.add("installed")
        except CatalogError as error:
            outcomes.add(error.code)
    assert "ERR-CAT-02" in outcomes


def test_a_bomb_is_not_unpacked(book, tmp_path):
    path = tmp_path / "bom.xlsx"
    source = book("b.xlsx", {"S": LIST})
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
        new.writestr("xl/media/a.bin", bytes(3_000_000))
    assert path.stat().st_size < 20_000
    limits = catalogs.Limits(unpacked_bytes=1_000_000)
    assert refused(path, limits=limits).findings.by_code("CAT-21")


def test_missing_columns_are_named(book):
    error = refused(book("kh.xlsx", {"S": [["MA", "GHI CHU"], ["0701", "x"]]}), "form03")
    (found,) = error.findings.by_code("CAT-23")
    assert {"MA_THUOC", "TU_NGAY", "MA_CSKCB"} <= set(found.params["columns"].split(", "))


def test_an_empty_list_is_refused(book):
    assert refused(book("tr.xlsx", {"S": [["MA", "TEN"]]})).findings.by_code("CAT-24")


def test_unknown_layout_name_and_file(book, tmp_path):
    path = book("a.xlsx", {"S": LIST})
    with pytest.raises(CatalogError) as caught:
        catalogs.import_file(path, "icd11")
    assert caught.value.code == "ERR-CAT-05"
    with pytest.raises(CatalogError) as caught:
        catalogs.import_file(path, "yhct", name="Tên có dấu")
    assert caught.value.code == "ERR-CAT-06"
    with pytest.raises(CatalogError) as caught:
        catalogs.import_file(tmp_path / "none.xlsx", "yhct")
    assert caught.value.code == "ERR-CAT-06"


@pytest.mark.parametrize(
    "text", ["MA,TEN\n0701,Một\n", "MA;TEN\n0701;Một, hai\n", '\ufeff"MA","TEN"\n"0701","Một"\n']
)
def test_csv_is_read_as_text_and_says_what_it_cannot_see(tmp_path, text):
    path = tmp_path / "ds.csv"
    path.write_text(text, "utf-8")
    report = catalogs.import_file(path, "yhct", pack=tmp_path / "p.sqlite")
    assert report.codes == {"yhct": 1}
    assert report.findings.by_code("CAT-56")
    with catalogs.Pack(tmp_path / "p.sqlite") as pack:
        assert pack.rows("yhct", "0701")


def test_csv_that_is_not_utf8_is_refused(tmp_path):
    path = tmp_path / "ds.csv"
    path.write_bytes("MA,TEN\n0701,Một\n".encode("utf-16"))
    assert refused(path).findings.by_code("CAT-25")


def test_a_row_of_column_numbers_is_no_data(book, tmp_path):
    rows = [["TT", "MA", "TEN"], [1, 2, 3], [1, "0701", "Một"]]
    report = catalogs.import_file(book("so.xlsx", {"S": rows}), "yhct", pack=tmp_path / "p.sqlite")
    assert report.rows_read == 1


def test_rejected_rows_make_a_list_partial_unless_told_otherwise(book, tmp_path):
    rows = [
        ["MA", "TEN", "TU_NGAY", "DEN_NGAY"],
        ["0701", "Một", "20260101", ""],
        ["0702", "Hai", "20260301", "20260201"],
        ["0703", "Ba", "tháng ba", ""],
        ["0701", "Khác", "20260101", ""],
        ["", "ký tên", "", ""],
    ]
    path = book("lo.xlsx", {"S": rows})
    report = catalogs.import_file(path, "lab", pack=tmp_path / "a.sqlite")
    (sheet,) = report.sheets
    assert (sheet.read, sheet.kept, sheet.skipped, sheet.rejected) == (5, 1, 1, 3)
    assert [(one.row, one.finding) for one in report.rejects] == [
        (3, "CAT-41"),
        (4, "CAT-40"),
        (5, "CAT-33"),
    ]
    assert report.findings.by_code("CAT-46")[0].params["count"] == "2"
    told = catalogs.import_file(path, "lab", pack=tmp_path / "b.sqlite", complete=True)
    assert told.installed
    complete = [
        catalogs.Pack(tmp_path / name).sources("lab")[0].complete
        for name in ("a.sqlite", "b.sqlite")
    ]
    assert complete == ["partial", "yes"]
