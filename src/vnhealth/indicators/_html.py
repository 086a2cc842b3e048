"""The report for people: one HTML file, no outside asset, Vietnamese first, plots as SVG."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

from vnhealth.errors import DeidError
from vnhealth.indicators._catalogue import MeasureKind
from vnhealth.indicators._result import Figure, Report, Result, Row
from vnhealth.indicators._svg import Bar, bars, lines, number
from vnhealth.indicators._titles import dim_title, value_title

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["write_html"]

SHOWN = 300
"""Rows of one table that the page shows; the others are in the CSV and JSON files."""

TOP = 25


class Both(NamedTuple):
    """A text in both languages."""

    vi: str
    en: str


def write_html(report: Report, stream: TextIO, *, lang: str = "vi", made: str = "") -> None:
    """Write the report; ``made`` is the day to print, ``lang`` the language in which it opens.

    Raises `DeidError` (ERR-COL-01) without the extra ``cli`` (jinja2).
    """
    template = _environment().get_template("report.html.j2")
    for piece in template.generate(
        report=report,
        lang=lang,
        made=made,
        blocks=[_block(result) for result in report.results],
        label=Both(report.label.name_vi, report.label.value),
        input_label=Both(report.input_label.name_vi, report.input_label.value),
        encounters=report.rows.get("encounter", 0),
        hidden=sum(result.hidden for result in report.results),
    ):
        stream.write(piece)


@cache
def _environment() -> Environment:
    try:
        from jinja2 import Environment, FunctionLoader
    except ImportError:
        raise DeidError("ERR-COL-01", module="jinja2", extra="cli") from None
    folder = files("vnhealth.indicators") / "templates"
    environment = Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FunctionLoader(lambda name: (folder / name).read_text("utf-8")),
    )
    environment.filters["n"] = number
    return environment


def _block(result: Result) -> dict[str, Any]:
    found = result.indicator
    return {
        "result": result,
        "indicator": found,
        "dims": [Both(dim_title(d), dim_title(d, "en")) for d in found.dims],
        "measures": [Both(m.title_vi, m.title_en) for m in found.measures],
        "rows": [_line(result, row) for row in result.rows[:SHOWN]],
        "left_out": max(0, len(result.rows) - SHOWN),
        "chart": _chart(result),
        "sql": found.query(),
    }


def _line(result: Result, row: Row) -> dict[str, Any]:
    found = result.indicator
    names = [
        Both(value_title(d, v), value_title(d, v, "en"))
        for d, v in zip(found.dims, row.cell, strict=True)
    ]
    total = any(value is None for value in row.cell)
    return {
        "names": names,
        "figures": [_figure(row, m.name, m.kind) for m in found.measures],
        "total": total,
    }


def _figure(row: Row, name: str, kind: MeasureKind) -> str:
    if name in row.hidden:
        return "✱"
    value: Figure = row.values.get(name)
    if value is None:
        return "–"
    if kind is MeasureKind.FLAG:
        return "⚑" if value else ""
    return number(value if isinstance(value, Decimal) else int(value))


def _chart(result: Result) -> str:
    chart: Mapping[str, Any] = result.indicator.chart
    if not chart:
        return ""
    held = _level(result, list(chart["by"]))
    if not held:
        return ""
    title = f"{result.indicator.name_vi} / {result.indicator.name_en}"
    if chart["kind"] == "weeks":
        return _weeks(result, held, chart, title)
    return _bars(result, held, chart, title)


def _level(result: Result, names: list[str]) -> list[Row]:
    dims = result.indicator.dims
    return [
        row
        for row in result.rows
        if all((v is not None) == (d in names) for d, v in zip(dims, row.cell, strict=True))
    ]


def _bars(result: Result, held: list[Row], chart: Mapping[str, Any], title: str) -> str:
    found = result.indicator
    by, measure = list(chart["by"]), chart["measure"]
    named: list[Bar] = []
    for row in held:
        cell = dict(zip(found.dims, row.cell, strict=True))
        label = " · ".join(value_title(name, cell[name]) for name in by if name != "chapter")
        value = None if measure in row.hidden else row.values.get(measure)
        if value is None and measure not in row.hidden:
            continue
        named.append(Bar(label, None if value is None else _number(value)))
    if by[0] not in ("period", "week", "day"):
        named.sort(key=lambda bar: (-(bar.value if bar.value is not None else -1), bar.label))
    top = int(chart.get("top", TOP))
    return bars(named[:top], title) if named else ""


def _weeks(result: Result, held: list[Row], chart: Mapping[str, Any], title: str) -> str:
    found = result.indicator
    measure, series = chart["measure"], chart["series"]
    at_week, at_series = found.dims.index("week"), found.dims.index(series)
    steps = sorted({str(row.cell[at_week]) for row in held})
    place = {step: i for i, step in enumerate(steps)}
    values: dict[str, list[int | Decimal | None]] = {}
    for row in held:
        name = value_title(series, row.cell[at_series])
        line = values.setdefault(name, [0] * len(steps))
        value = None if measure in row.hidden else row.values.get(measure)
        line[place[str(row.cell[at_week])]] = None if value is None else _number(value)
    weight = {name: sum(v or 0 for v in line) for name, line in values.items()}
    top = sorted(values, key=lambda name: (-weight[name], name))[: int(chart.get("top", 6))]
    return lines(steps, {name: values[name] for name in top}, title)


def _number(value: Figure) -> int | Decimal:
    return value if isinstance(value, Decimal) else int(value or 0)
