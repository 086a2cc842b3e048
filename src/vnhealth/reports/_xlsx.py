"""The workbook a clerk works through: a sheet per table, a row per finding, links between them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from vnhealth.findings import Cause, CheckedFile, Finding, Run, Severity, Spool, Tally

__all__ = ["write_xlsx"]

LAST_ROW = 1_000_000
"""Rows of a sheet before the next one is begun; Excel ends at 1,048,576."""

LINKS = 5000
"""Rows of a sheet that link to their file; a link costs memory until the end."""

WORDS = {
    "sheet_causes": ("Tổng hợp", "Summary"),
    "sheet_document": ("Cả tệp", "Whole file"),
    "sheet_suppressed": ("Loại trừ", "Suppressions"),
    "number": ("STT", "No."),
    "file": ("Tệp", "File"),
    "encounter": ("Hồ sơ", "Encounter"),
    "link": ("Mã liên kết", "MA_LK"),
    "row": ("Dòng", "Row"),
    "tag": ("Chỉ tiêu", "Field"),
    "level": ("Mức", "Level"),
    "code": ("Mã", "Code"),
    "message": ("Nội dung", "Message"),
    "hint": ("Cách sửa", "Repair"),
    "basis": ("Căn cứ", "Basis"),
    "confidence": ("Độ tin cậy", "Confidence"),
    "value": ("Giá trị", "Value"),
    "state": ("Xử lý", "State"),
    "note": ("Ghi chú", "Note"),
    "table": ("Bảng", "Table"),
    "count": ("Số lần", "Times"),
    "encounters": ("Số hồ sơ", "Encounters"),
    "files": ("Số tệp", "Files"),
    "first": ("Đến dòng đầu tiên", "To the first row"),
    "reason": ("Lý do", "Reason"),
    "until": ("Đến ngày", "Until"),
    "ended": ("đã hết hạn, không áp dụng", "ended, not applied"),
    "back": ("← Tổng hợp", "← Summary"),
    "none": ("Không có phát hiện nào.", "Nothing found."),
    "counted": (
        "Hồ sơ và dòng đếm từ 0, như trong kết quả JSON.",
        "Encounters and rows count from 0, as in the JSON result.",
    ),
}
LEVELS = {
    Severity.ERROR: ("Lỗi", "Error"),
    Severity.WARNING: ("Cảnh báo", "Warning"),
    Severity.INFO: ("Ghi chú", "Note"),
}
STATES = (("Đã sửa", "Không phải lỗi", "Hỏi lại"), ("Repaired", "No error", "To be asked"))
WIDTHS = {
    "number": 6,
    "file": 28,
    "encounter": 8,
    "link": 16,
    "row": 7,
    "tag": 20,
    "level": 10,
    "code": 16,
    "message": 60,
    "hint": 45,
    "basis": 30,
    "confidence": 11,
    "value": 20,
    "state": 14,
    "note": 24,
}
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def write_xlsx(
    files: Iterable[CheckedFile], target: str | os.PathLike[str] | BinaryIO, run: Run
) -> None:
    """Write the workbook, in flat memory whatever the number of findings. Needs xlsxwriter.

    First comes a sheet of causes, each with a link to its first row; then one sheet per table with
    headings that stay, filters, a link to the file of each row, and two columns to fill in. All
    cells are text or numbers: what stands in a record can never become a formula.
    """
    import xlsxwriter  # type: ignore[import-untyped]

    with Spool() as spool:
        held = _Gathered(spool)
        for file in files:
            held.add(file)
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        path = target if hasattr(target, "write") else os.fspath(target)
        with xlsxwriter.Workbook(path, options) as book:
            if run.day is not None:
                import datetime as dt

                book.set_properties({"created": dt.datetime.combine(run.day, dt.time())})
            _Book(book, run, held).write()


@dataclass(slots=True)
class _Gathered:
    """Findings on disk, file after file."""

    spool: Spool
    tally: Tally = field(default_factory=lambda: Tally(keep=5))
    files: list[tuple[str, int]] = field(default_factory=list)
    links: list[tuple[str | None, ...]] = field(default_factory=list)

    def add(self, file: CheckedFile) -> None:
        number = len(self.files)
        before = len(self.spool)
        self.spool.add(file.findings)
        self.tally.add_all(file.findings, number)
        self.files.append((file.path, len(self.spool) - before))
        self.links.append(file.links)


@dataclass(slots=True)
class _Sheet:
    """A sheet while it is filled."""

    base: str
    name: str
    sheet: Any
    row: int = 0
    part: int = 1


class _Book:
    def __init__(self, book: Any, run: Run, held: _Gathered) -> None:
        self.book = book
        self.run = run
        self.held = held
        self.sheets: dict[str, _Sheet] = {}
        self.first: dict[tuple[Any, ...], tuple[str, int]] = {}
        head = {"bold": True, "bg_color": "#0B6E69", "font_color": "#FFFFFF", "border": 1}
        wrap = {"text_wrap": True, "valign": "top"}
        self.head = book.add_format({**head, "text_wrap": True, "valign": "vcenter"})
        self.wrap = book.add_format(wrap)
        self.link = book.add_format({**wrap, "font_color": "#0B57D0", "underline": 1})
        self.fill = book.add_format({**wrap, "bg_color": "#FFF8E1", "locked": False})
        colours = {"error": "#B3261E", "warning": "#8A5A00", "info": "#3A5F8A"}
        self.levels = {
            level: book.add_format({**wrap, "font_color": colours[level.value], "bold": True})
            for level in Severity
        }

    def word(self, name: str) -> str:
        return self.run.say(*WORDS[name])

    def columns(self) -> list[str]:
        names = ["number", "file", "encounter", "row", "tag", "level", "code", "message", "hint"]
        if self.run.values:
            names.insert(3, "link")
            names.insert(6, "value")
        return [*names, "state", "note", "basis", "confidence"]

    def write(self) -> None:
        causes = self.held.tally.causes()
        summary = self.book.add_worksheet(self.word("sheet_causes"))
        for table in self.held.tally.by_table():
            self._sheet(table)
        if self.run.suppressions is not None:
            suppressed = self.book.add_worksheet(self.word("sheet_suppressed"))
        findings = iter(self.held.spool)
        for number, (path, count) in enumerate(self.held.files):
            for _, finding in zip(range(count), findings, strict=False):
                self._finding(finding, path, number)
        for sheet in self.sheets.values():
            self._closed(sheet)
        self._causes(summary, causes)
        if self.run.suppressions is not None:
            self._suppressions(suppressed)

    def _sheet(self, table: str) -> _Sheet:
        base = table or self.word("sheet_document")
        made = _Sheet(base, base, None)
        self.sheets[table] = made
        self._begin(made)
        return made

    def _begin(self, made: _Sheet) -> None:
        made.name = made.base if made.part == 1 else f"{made.base} ({made.part})"
        made.sheet = self.book.add_worksheet(made.name)
        made.row = 1
        made.sheet.freeze_panes(1, 2)
        made.sheet.set_landscape()
        made.sheet.set_paper(9)
        made.sheet.fit_to_pages(1, 0)
        made.sheet.repeat_rows(0)
        for at, name in enumerate(self.columns()):
            made.sheet.set_column(at, at, WIDTHS[name])
            made.sheet.write_string(0, at, self.word(name), self.head)
        home = f"internal:'{self.word('sheet_causes')}'!A1"
        made.sheet.write_url(0, 0, home, self.head, self.word("number"), self.word("back"))

    def _closed(self, made: _Sheet) -> None:
        names = self.columns()
        last = max(made.row - 1, 1)
        made.sheet.autofilter(0, 0, last, len(names) - 1)
        states = list(STATES[self.run.lang == "en"])
        at = names.index("state")
        made.sheet.data_validation(1, at, last, at, {"validate": "list", "source": states})

    def _finding(self, finding: Finding, path: str, number: int) -> None:
        made = self.sheets[finding.table or ""]
        if made.row > LAST_ROW:
            self._closed(made)
            made.part += 1
            self._begin(made)
        sheet, row = made.sheet, made.row
        key = (finding.code, finding.severity, finding.table, finding.tag)
        self.first.setdefault(key, (made.name, row + 1))
        for at, name in enumerate(self.columns()):
            if name == "file":
                self._file(sheet, row, at, path)
            elif name in ("state", "note"):
                sheet.write_blank(row, at, None, self.fill)
            elif name == "level":
                level = self.run.say(*LEVELS[finding.severity])
                sheet.write_string(row, at, level, self.levels[finding.severity])
            else:
                self._cell(sheet, row, at, self._value(name, finding, number, row))
        made.row += 1

    def _value(self, name: str, f: Finding, number: int, row: int) -> str | int | None:
        lang = self.run.lang
        match name:
            case "number":
                return row
            case "encounter":
                return f.encounter
            case "row":
                return f.row
            case "tag":
                return f.tag
            case "code":
                return f.code
            case "message":
                return f.text(lang, values=self.run.values)
            case "hint":
                return f.hint(lang)
            case "basis":
                return f.basis
            case "confidence":
                return f.info.confidence
            case "value":
                return f.values.get("value")
        links = self.held.links[number]
        at = f.encounter
        return links[at] if at is not None and at < len(links) else None

    def _cell(self, sheet: Any, row: int, at: int, value: str | int | None) -> None:
        if value is None or value == "":
            sheet.write_blank(row, at, None, self.wrap)
        elif isinstance(value, int):
            sheet.write_number(row, at, value, self.wrap)
        else:
            sheet.write_string(row, at, _FORBIDDEN.sub("\ufffd", value)[:32_000], self.wrap)

    def _file(self, sheet: Any, row: int, at: int, path: str) -> None:
        """The name of the file with a link that opens it, on the first rows of a sheet."""
        shown = _FORBIDDEN.sub("\ufffd", path)
        if path == "-" or "#" in path or shown != path or row > LINKS or len(path) > 200:
            sheet.write_string(row, at, shown, self.wrap)
            return
        sheet.write_url(row, at, f"external:{path}", self.link, shown)

    def _causes(self, sheet: Any, causes: tuple[Cause, ...]) -> None:
        names = ["level", "code", "table", "tag", "count", "encounters", "files", "message"]
        names += ["hint", "first"]
        widths = {**WIDTHS, "table": 8, "count": 8, "encounters": 10, "files": 8, "first": 18}
        sheet.freeze_panes(1, 2)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        for at, name in enumerate(names):
            sheet.set_column(at, at, widths[name])
            sheet.write_string(0, at, self.word(name), self.head)
        if not causes:
            sheet.write_string(1, 0, self.word("none"))
        for row, c in enumerate(causes, 1):
            level = self.run.say(*LEVELS[c.severity])
            sheet.write_string(row, 0, level, self.levels[c.severity])
            cells = (c.code, c.table, c.tag, c.count, c.encounters, c.files)
            texts = (c.text(self.run.lang), c.hint(self.run.lang))
            for at, value in enumerate((*cells, *texts), 1):
                self._cell(sheet, row, at, value)
            name, first = self.first[c.code, c.severity, c.table, c.tag]
            place = f"internal:'{name}'!A{first}"
            sheet.write_url(row, len(names) - 1, place, self.link, f"{name} · {first}")
        if causes:
            sheet.autofilter(0, 0, len(causes), len(names) - 1)
        sheet.write_string(len(causes) + 2, 0, self.word("counted"))

    def _suppressions(self, sheet: Any) -> None:
        assert self.run.suppressions is not None
        names = ["code", "table", "tag", "reason", "until", "count"]
        for at, name in enumerate(names):
            sheet.set_column(at, at, {"reason": 60, "until": 26}.get(name, 18))
            sheet.write_string(0, at, self.word(name), self.head)
        sheet.freeze_panes(1, 0)
        for row, one in enumerate(self.run.suppressions, 1):
            until = one.expires.strftime("%d/%m/%Y")
            if one in self.run.suppressions.expired:
                until += f" ({self.word('ended')})"
            used = self.run.suppressions.used[one]
            cells = (one.code, one.table, one.tag, one.reason, until, used)
            for at, value in enumerate(cells):
                self._cell(sheet, row, at, value)
