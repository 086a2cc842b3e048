"""The workbook, read back by another library."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from python_calamine import CalamineWorkbook

from vnhealth.findings import CheckedFile, Findings, Run
from vnhealth.reports import _xlsx, write_xlsx

NS = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


def made(files: list[CheckedFile], run: Run) -> bytes:
    stream = io.BytesIO()
    write_xlsx(files, stream, run)
    return stream.getvalue()


def rows(data: bytes, sheet: str) -> list[dict[str, object]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    head, *held = book.get_sheet_by_name(sheet).to_python()
    return [dict(zip(map(str, head), row, strict=True)) for row in held]


def sheet_xml(data: bytes, number: int) -> ET.Element:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return ET.fromstring(archive.read(f"xl/worksheets/sheet{number}.xml"))


def test_a_sheet_per_table_with_vietnamese_headings(checked: list[CheckedFile], run: Run) -> None:
    data = made(checked, run)
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    assert book.sheet_names == ["Tổng hợp", "Cả tệp", "XML3", "XML10", "Loại trừ"]
    held = rows(data, "XML3")
    assert len(held) == 200
    first = held[0]
    assert [*first] == [
        "STT",
        "Tệp",
        "Hồ sơ",
        "Dòng",
        "Chỉ tiêu",
        "Mức",
        "Mã",
        "Nội dung",
        "Cách sửa",
        "Xử lý",
        "Ghi chú",
        "Căn cứ",
        "Độ tin cậy",
    ]
    assert (first["STT"], first["Hồ sơ"], first["Dòng"]) == (1, 0, 0)
    assert (first["Chỉ tiêu"], first["Mức"], first["Mã"]) == ("DON_GIA", "Lỗi", "BHYT-VAL-02")
    assert "•••" in str(first["Nội dung"])
    assert held[-1]["Hồ sơ"] == 49
    suppressed = rows(data, "Loại trừ")
    assert "hết hạn" in str(suppressed[1]["Đến ngày"])


def test_values_come_only_when_asked_for_and_never_as_a_formula(
    checked: list[CheckedFile], run: Run
) -> None:
    with zipfile.ZipFile(io.BytesIO(made(checked, run))) as archive:
        assert not any(b"001099012345" in archive.read(name) for name in archive.namelist())
        assert not any(b"LK7" in archive.read(name) for name in archive.namelist())
    run.values = True
    held = rows(made(checked, run), "XML3")
    assert held[0]["Mã liên kết"] == "LK0"
    assert "=cmd" in str(held[0]["Giá trị"])
    for number in range(1, 5):
        assert sheet_xml(made(checked, run), number).findall(".//m:f", NS) == []


def test_headings_stay_filters_are_on_and_links_lead_to_rows(
    checked: list[CheckedFile], run: Run
) -> None:
    data = made(checked, run)
    sheet = sheet_xml(data, 3)
    pane = sheet.find(".//m:pane", NS)
    assert pane is not None
    assert (pane.get("ySplit"), pane.get("state")) == ("1", "frozen")
    filters = sheet.find("m:autoFilter", NS)
    assert filters is not None
    assert filters.get("ref") == "A1:M201"
    choices = sheet.find(".//m:dataValidation", NS)
    assert choices is not None
    assert choices.get("sqref") == "J2:J201"
    summary = sheet_xml(data, 1)
    links = [link.get("location") for link in summary.findall(".//m:hyperlink", NS)]
    assert links == ["'XML3'!A2", "'Cả tệp'!A2", "'XML10'!A2"]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        relations = archive.read("xl/worksheets/_rels/sheet3.xml.rels").decode()
    targets = set(re.findall(r'Target="([^"]+)"', relations))
    assert len(targets) == 1
    assert "hoso" in targets.pop()
    causes = rows(data, "Tổng hợp")
    assert (causes[0]["Mã"], causes[0]["Số lần"], causes[0]["Số hồ sơ"]) == ("BHYT-VAL-02", 200, 50)


def test_a_full_sheet_goes_on_in_the_next(
    checked: list[CheckedFile], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_xlsx, "LAST_ROW", 120)
    data = made(checked, run)
    assert len(rows(data, "XML3")) == 120
    assert len(rows(data, "XML3 (2)")) == 80


def test_the_same_findings_give_the_same_workbook(checked: list[CheckedFile], run: Run) -> None:
    assert made(checked, run) == made(checked, run)


def test_findings_write_themselves(tmp_path: Path, checked: list[CheckedFile]) -> None:
    path = tmp_path / "a.xlsx"
    Findings(checked[0].findings).to_xlsx(path, "en")
    assert CalamineWorkbook.from_path(str(path)).sheet_names[0] == "Summary"
    empty = tmp_path / "b.xlsx"
    Findings([]).to_xlsx(empty)
    book = CalamineWorkbook.from_path(str(empty))
    assert book.sheet_names == ["Tổng hợp"]
    assert "Không có phát hiện nào." in str(book.get_sheet_by_index(0).to_python())
