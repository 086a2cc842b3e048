"""Small made-up workbooks of the official layouts. No name in here is of an official list."""

from __future__ import annotations

import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
import xlsxwriter

from vnhealth import catalogs

ICD_2020_HEAD = [
    "STT CHƯƠNG", "MÃ CHƯƠNG", "CHAPTER NAME", "TÊN CHƯƠNG", "MÃ NHÓM CHÍNH", "MAIN GROUP NAME I",
    "TÊN NHÓM CHÍNH", "MÃ LOẠI", "MÃ BỆNH", "MÃ BỆNH KHÔNG DẤU", "DISEASE NAME", "TÊN BỆNH",
]  # fmt: skip


@pytest.fixture(autouse=True)
def machine_without_pack(monkeypatch, tmp_path):
    """No test sees the pack of the machine it runs on."""
    monkeypatch.setenv(catalogs.ENV, str(tmp_path / "machine.sqlite"))


@pytest.fixture
def book(tmp_path):
    """``book("name.xlsx", {"Sheet": rows})`` writes texts as texts, numbers as numbers.

    A cell ``("=", formula, value)`` is a formula; value None leaves it without a stored value.
    """

    def write(name: str, sheets: dict[str, list[list[object]]]) -> Path:
        path = tmp_path / name
        workbook = xlsxwriter.Workbook(path)
        for title, rows in sheets.items():
            sheet = workbook.add_worksheet(title)
            for r, row in enumerate(rows):
                for c, cell in enumerate(row):
                    if isinstance(cell, str):
                        sheet.write_string(r, c, cell)
                    elif isinstance(cell, tuple):
                        sheet.write_formula(r, c, cell[1], None, "" if cell[2] is None else cell[2])
                    elif cell is not None:
                        sheet.write_number(r, c, cell)
        workbook.close()
        return path

    return write


@pytest.fixture
def edited_sheet():
    """``edited_sheet(path, old, new)`` replaces bytes in the first sheet of a workbook."""

    def edit(path: Path, old: bytes, new: bytes, member: str = "xl/worksheets/sheet1.xml") -> Path:
        target = path.with_name("edited-" + path.name)
        with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w") as copy:
            for name in source.namelist():
                data = source.read(name)
                if name == member:
                    assert old in data
                    data = data.replace(old, new)
                copy.writestr(name, data)
        return target

    return edit


def icd_2020_row(marked: str, bare: str, name: str) -> list[object]:
    head = bare[:3]
    return ["I", "A00-B99", "Chapter", "Chương mẫu", "A00-A09", "Block", "Nhóm mẫu", head, marked,
            bare, f"{name} (en)", name]  # fmt: skip


def icd_2020_book(rows: list[list[object]] | None = None) -> dict[str, list[list[object]]]:
    """A workbook of decision 4469: one code a row, pairs, a main list, two age lists, a sex list."""
    codes = rows or [
        icd_2020_row("A00", "A00", "Bệnh mẫu không"),
        icd_2020_row("A00.0", "A000", "Bệnh mẫu một "),
        icd_2020_row("A00.1†", "A001", "Bệnh mẫu hai có dấu"),
        icd_2020_row("A00.1", "A001", "Bệnh mẫu hai"),
        icd_2020_row("G01*", "G01", "Viêm mẫu"),
        icd_2020_row("J13", "J13", "Phổi mẫu"),
        icd_2020_row("J13", "J13", "Phổi mẫu"),
        icd_2020_row("M10", "M10", "Khớp mẫu"),
        icd_2020_row("M10.1", "M101", "Khớp mẫu một"),
        icd_2020_row("M10.10", "M1010", "Khớp mẫu một không"),
    ]
    title = [["Phụ lục 1: Danh mục mẫu"], ["(Ban hành kèm theo quyết định mẫu)"]]

    def named(code: str) -> tuple[str, str, str]:
        return ("=", "=VLOOKUP(1,2,3)", f"tên của {code}")

    def sheet(list_: str, *codes: str) -> list[list[object]]:
        return [
            [f"Phụ lục {list_} Danh sách mẫu"], ["(kèm theo)"], ["Mã", "Tên bệnh"],
            *[[code, named(code)] for code in codes],
        ]  # fmt: skip

    return {
        "ICD10": [*title, list(ICD_2020_HEAD), *codes],
        "E - DRG": [["Phụ lục E: mẫu"], ["A000", "x"]],
        "A1": [
            ["Phụ lục A1: Cặp mã mẫu"], ["(kèm theo)"], ["Dagger (†)", "Tên", "Asterix (*)", "Tên"],
            ["A001", named("A001"), "G01", named("G01")],
            ["Z999", named("Z999"), "G01", named("G01")],
        ],
        "A2 mẫu": sheet("A2:", "G01", "M8910"),
        "A3.2-A3.3": [*sheet("A3.2", "A000"), [""], *sheet("A3.3", "M1010")],
        "A4.1": sheet("A4.1", "M101"),
    }  # fmt: skip


def icd_2026_row(
    number: int, marked: str, bare: str, name: str, flags: tuple[int, ...] = ()
) -> list[object]:
    row: list[object] = [number, 1, "I", "A00-B99", "Chương mẫu", "A00-A09", "Block", "Nhóm mẫu"]
    row += [""] * 6 + [bare[:3], "Group", "Nhóm", marked, bare, f"{name} (en)", "", name, ""]
    return row + [marked if column in flags else "" for column in range(24, 30)]


def icd_2026_book(rows: list[list[object]] | None = None) -> dict[str, list[list[object]]]:
    """A workbook of the layout of TT 06/2026: 29 columns, the last six hold the row's own code."""
    codes = rows or [
        icd_2026_row(1, "A00", "A00", "Bệnh mẫu không", (26,)),
        icd_2026_row(2, "A00.0", "A000", "Bệnh mẫu một", (25,)),
        icd_2026_row(3, "A00.1†", "A001", "Bệnh mẫu hai"),
        icd_2026_row(4, "W19", "W19", "Ngã mẫu", (24,)),
        icd_2026_row(5, "O80", "O80", "Đẻ mẫu", (28,)),
        icd_2026_row(6, "N40", "N40", "Nam mẫu", (29,)),
        icd_2026_row(7, "R95", "R95", "Tử vong mẫu", (27,)),
        icd_2026_row(8, "U13/9", "U13/9", "Lỗi in mẫu"),
        icd_2026_row(9, "Q87.1", "Q871", "Hội chứng mẫu"),
        icd_2026_row(10, "Q87.11", "Q8711", "Hội chứng mẫu khác"),
        icd_2026_row(11, "J06.9", "J069", "Hô hấp mẫu"),
    ]
    head = [f"Cột {n}" for n in range(1, 30)]
    return {"Sheet1": [["DANH MỤC MẪU"], head, [f"({n})" for n in range(1, 30)], *codes]}


def form_head(form: str) -> list[str]:
    return [column.attribute for column in catalogs.layout(form).columns]


def form_row(form: str, **given: object) -> list[object]:
    """A row of a form: the given cells under their tags, the rest empty."""
    base = {"STT": 1, "MA_CSKCB": "01901", "TU_NGAY": "20260101"}
    return [{**base, **given}.get(tag, "") for tag in form_head(form)]


@pytest.fixture(scope="session")
def data(repo):
    """Official files beside the checkout; not part of the product."""
    folder = repo.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("official annex files are not on this machine")
    return folder


@pytest.fixture(scope="session")
def made():
    """The makers of rows and workbooks above."""
    return SimpleNamespace(
        icd_2020_row=icd_2020_row,
        icd_2020_book=icd_2020_book,
        icd_2026_row=icd_2026_row,
        icd_2026_book=icd_2026_book,
        form_head=form_head,
        form_row=form_row,
    )


@pytest.fixture
def install(book, tmp_path):
    """``install(sheets, layout, **options)`` imports a made-up workbook; gives report and pack."""
    target = tmp_path / "pack.sqlite"
    count = iter(range(100))

    def run(sheets, layout, **options):
        path = book(f"{layout}-{next(count)}.xlsx", sheets)
        report = catalogs.import_file(path, layout, pack=target, **options)
        return report, catalogs.Pack(target)

    return run
