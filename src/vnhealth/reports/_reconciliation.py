"""The reconciliation of a day for people: one HTML page, or a workbook with the list of gaps."""

from __future__ import annotations

import os
from decimal import Decimal
from functools import cache
from importlib.resources import files as package_files
from typing import TYPE_CHECKING, Any, BinaryIO, TextIO

if TYPE_CHECKING:
    from jinja2 import Environment

    from vnhealth.sync.outbox import DayBook, Gap, Line

__all__ = ["reconciliation_html", "reconciliation_xlsx"]

HEADS = {
    "destination": ("Cổng", "Gateway"),
    "facility": ("Cơ sở", "Facility"),
    "kind": ("Loại", "Kind"),
    "produced": ("Phát sinh", "Produced"),
    "sent": ("Đã gửi", "Sent"),
    "accepted": ("Chấp nhận", "Accepted"),
    "warned": ("Có cảnh báo", "With warnings"),
    "refused": ("Từ chối", "Refused"),
    "pending": ("Đang chờ", "Pending"),
    "missing": ("Chưa gửi", "Missing"),
    "cancelled": ("Đã huỷ", "Cancelled"),
    "received": ("Sổ ta: cổng nhận trong ngày", "Our books: received that day"),
    "gateway": ("Sổ cổng: nhận trong ngày", "Gateway's books: received"),
    "total": ("Tổng chi phí (đồng)", "Total cost (đồng)"),
    "fund": ("Quỹ chi trả (đồng)", "Fund pays (đồng)"),
    "accepted_fund": ("Quỹ chi trả, đã nhận (đồng)", "Fund pays, accepted (đồng)"),
    "balanced": ("Cân", "Balanced"),
}
GAP_HEADS = {
    "delivery_id": ("Số lần gửi", "Delivery"),
    "destination": HEADS["destination"],
    "facility": HEADS["facility"],
    "kind": HEADS["kind"],
    "key": ("MA_LK", "MA_LK"),
    "why": ("Vì sao", "Why"),
    "cause": ("Mã", "Code"),
}
WHY = {
    "not_sent": ("chưa gửi", "not sent"),
    "held": ("chờ người xử lý", "held"),
    "in_doubt": ("chưa rõ cổng đã nhận", "in doubt"),
    "refused": ("bị từ chối, cần sửa", "refused, to be corrected"),
    "lost": ("cổng đã nhận nhưng không còn liệt kê", "acknowledged, no longer listed"),
    "foreign": ("cổng có, hộp thư đi không có", "at the gateway only"),
}


def reconciliation_html(
    book: DayBook, out: TextIO, *, lang: str = "vi", keys: bool = False
) -> None:
    """Write one page in both languages, ``lang`` shown first; MA_LK only with ``keys``.

    Needs the extra ``vnhealth[cli]`` (jinja2).
    """
    page = _environment().get_template("reconciliation.html.j2")
    out.write(
        page.render(
            book=book,
            lang=lang,
            heads=HEADS,
            gap_heads=_gap_heads(keys),
            lines=[[_shown(line, name) for name in HEADS] for line in book.lines],
            gaps=[[_gap_cell(gap, name) for name in _gap_heads(keys)] for gap in book.gaps],
        )
    )


def reconciliation_xlsx(
    book: DayBook,
    out: str | os.PathLike[str] | BinaryIO,
    *,
    lang: str = "vi",
    keys: bool = False,
) -> None:
    """Write a workbook with a sheet of totals and a sheet of gaps; MA_LK only with ``keys``.

    Needs the extra ``vnhealth[excel]`` (xlsxwriter).
    """
    import xlsxwriter  # type: ignore[import-untyped]

    at = 1 if lang == "en" else 0
    with xlsxwriter.Workbook(out, {"strings_to_formulas": False}) as workbook:
        bold = workbook.add_format({"bold": True, "text_wrap": True})
        money = workbook.add_format({"num_format": "#,##0"})
        totals = workbook.add_worksheet(("Đối soát", "Totals")[at])
        rows = [[getattr(line, name) for name in HEADS] for line in book.lines]
        _sheet(totals, [head[at] for head in HEADS.values()], rows, bold, money)
        gaps = workbook.add_worksheet(("Cần xử lý", "Gaps")[at])
        heads = _gap_heads(keys)
        listed = [[_text(_gap_cell(gap, name), at) for name in heads] for gap in book.gaps]
        _sheet(gaps, [head[at] for head in heads.values()], listed, bold, money)


def _sheet(sheet: Any, heads: list[str], rows: list[list[Any]], bold: Any, money: Any) -> None:
    sheet.write_row(0, 0, heads, bold)
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(heads) - 1, 16)
    for number, row in enumerate(rows, 1):
        for column, value in enumerate(row):
            if isinstance(value, bool):
                sheet.write_string(number, column, "✓" if value else "✗")
            elif isinstance(value, Decimal):
                sheet.write_number(number, column, value, money)
            elif isinstance(value, int):
                sheet.write_number(number, column, value)
            elif value is not None:
                shown = value if isinstance(value, str) else str(value.received)
                sheet.write_string(number, column, shown)


def _gap_heads(keys: bool) -> dict[str, tuple[str, str]]:
    return {name: head for name, head in GAP_HEADS.items() if keys or name != "key"}


def _shown(line: Line, name: str) -> str:
    value = getattr(line, name)
    if name == "gateway":
        return "–" if value is None else str(value.received)
    if isinstance(value, bool):
        return "✓" if value else "✗"
    return f"{value:,.0f}".replace(",", ".") if isinstance(value, Decimal) else str(value)


def _gap_cell(gap: Gap, name: str) -> str | tuple[str, str]:
    value = getattr(gap, name)
    return WHY[value] if name == "why" else str(value or "")


def _text(cell: str | tuple[str, str], at: int) -> str:
    return cell if isinstance(cell, str) else cell[at]


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader

    folder = package_files("vnhealth.reports") / "templates"
    loader = FunctionLoader(lambda name: (folder / name).read_text("utf-8"))
    return Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
