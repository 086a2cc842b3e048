"""``vnhealth spec``: look at the standard as it is in force on a day."""

from __future__ import annotations

import csv
import sys
from datetime import UTC, date, datetime
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from vnhealth import spec
from vnhealth.cli._common import Exit, Settings, out, parse_day, print_json, say
from vnhealth.errors import SpecError

app = typer.Typer(
    help="Tra cứu chuẩn dữ liệu. / Look up the data standard.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

COLUMNS = ("table", "order", "tag", "type", "max_length", "required", "code_set")


def _chosen(on: str | None, edition: str | None) -> spec.Edition:
    if edition:
        return spec.Edition.parse(edition)
    return spec.edition_at(parse_day(on) or datetime.now(UTC).astimezone().date())


def _row(f: spec.Field) -> dict[str, Any]:
    return {
        "table": f.table,
        "order": f.order,
        "tag": f.tag,
        "type": f.type,
        "max_length": f.max_length,
        "decimals": f.decimals,
        "required": f.required,
        "code_set": f.code_set,
        "separator": f.separator,
        "title_vi": f.title_vi,
        "title_en": f.title_en,
        "condition": f.condition,
        "note": f.note,
        "edition": f.edition.value,
        "basis": f.basis,
        "confidence": f.confidence,
    }


def _title(f: spec.Field) -> str:
    return f.title_vi if Settings.lang == "vi" else f.title_en


@app.command()
def show(
    table: Annotated[str | None, typer.Argument(help="XML0 … XML15")] = None,
    on: Annotated[str | None, typer.Option(help="yyyy-mm-dd")] = None,
    edition: Annotated[str | None, typer.Option(help="4210 | 130 | 4750 | 3176 | 1931")] = None,
    format: Annotated[str, typer.Option("--format", help="human | json")] = "human",
) -> None:
    """Các chỉ tiêu của một bảng theo ngày hoặc theo quyết định. / Fields of a table."""
    chosen = _chosen(on, edition)
    if table is None:
        _show_edition(chosen)
        return
    held = spec.table(chosen, table)
    if format == "json":
        print_json([_row(f) for f in held.fields])
        return
    info = spec.edition_info(chosen)
    out.print(
        f"{held.table} {held.title_vi} / {held.title_en}\n{info.decision}, "
        f"{say('hiệu lực từ', 'in force from')} {info.in_force}; "
        f"{say('gốc', 'root')} {held.root}, {say('dòng', 'row')} {held.row}; "
        f"{say('cấu trúc', 'structure')}: {held.confidence}",
        markup=False,
    )
    grid = Table(box=None, padding=(0, 1, 0, 0))
    for heading in (
        "#",
        "tag",
        say("kiểu", "type"),
        say("bắt buộc", "required"),
        say("bộ mã", "codes"),
        "",
    ):
        grid.add_column(heading)
    for f in held.fields:
        size = f"{f.type}({f.max_length or 'n'}{f',{f.decimals}' if f.decimals else ''})"
        grid.add_row(str(f.order), f.tag, size, f.required, f.code_set, escape(_title(f)))
    out.print(grid)


def _show_edition(chosen: spec.Edition) -> None:
    info = spec.edition_info(chosen)
    out.print(f"{info.decision}: {info.title_vi} / {info.title_en}", markup=False)
    for name in spec.tables(chosen):
        held = spec.table(chosen, name)
        out.print(
            f"  {name:6} {len(held.fields):3}  {held.title_vi} / {held.title_en}", markup=False
        )


@app.command()
def diff(
    old: Annotated[str, typer.Argument(help="4750")],
    new: Annotated[str, typer.Argument(help="3176")],
    format: Annotated[str, typer.Option("--format", help="human | json")] = "human",
) -> None:
    """Khác nhau giữa hai quyết định. / What differs between two decisions."""
    found = spec.diff(old, new)
    if format == "json":
        print_json([change.to_dict() for change in found])
        return
    for change in found:
        out.print(f"{change.table:6} {change.kind:8} {change.tag:24} {change.detail}", markup=False)
    out.print(say(f"{len(found)} thay đổi.", f"{len(found)} changes."))


@app.command()
def explain(
    tag: Annotated[str, typer.Argument(help="MUC_HUONG")],
    on: Annotated[str | None, typer.Option(help="yyyy-mm-dd")] = None,
    edition: Annotated[str | None, typer.Option(help="4210 | 130 | 4750 | 3176 | 1931")] = None,
    format: Annotated[str, typer.Option("--format", help="human | json")] = "human",
) -> None:
    """Một chỉ tiêu ở mọi bảng và lịch sử của nó. / A field in every table, and its history."""
    wanted = tag.upper()
    chosen = _chosen(on, edition)
    found = [
        spec.table(chosen, name)[wanted]
        for name in spec.tables(chosen)
        if wanted in spec.table(chosen, name)
    ]
    history = {f.table: _history(f.table, wanted) for f in found}
    if not found:
        raise SpecError("ERR-SPEC-01", name=wanted[:40])
    if format == "json":
        print_json([{**_row(f), "history": history[f.table]} for f in found])
        return
    for f in found:
        out.print(f"{f.table}.{f.tag}: {f.title_vi} / {f.title_en}", markup=False)
        limit = f.max_length or "n"
        out.print(
            f"  {f.type}({limit}), {say('bắt buộc', 'required')}: {f.required} "
            f"({f.required_source}); {f.basis}; {f.confidence}",
            markup=False,
        )
        for text in (f.condition, f.note):
            if text:
                out.print(f"  {text}", markup=False)
        for line in history[f.table]:
            out.print(f"    {line}", markup=False)
        if f.code_set:
            _codes(f.code_set, parse_day(on) or spec.edition_info(chosen).in_force)


def _history(table: str, tag: str) -> list[str]:
    lines, last = [], None
    for edition in spec.Edition:
        if table not in spec.tables(edition) or tag not in spec.table(edition, table):
            continue
        f = spec.table(edition, table)[tag]
        now = (f.type, f.max_length, f.decimals, f.required, f.code_set)
        if now != last:
            info = spec.edition_info(edition)
            size = f"{f.type}({f.max_length or 'n'})"
            lines.append(
                f"{info.decision} ({info.in_force}): {size}, {f.required} {f.code_set}".strip()
            )
        last = now
    return lines


def _codes(name: str, day: date) -> None:
    held = spec.code_set(name, day)
    out.print(
        f"  {say('Bộ mã', 'Codes')} {held.version} ({held.closed}, {held.confidence}):",
        markup=False,
    )
    for code in list(held.codes.values())[:40]:
        meaning = code.meaning_vi if Settings.lang == "vi" else code.meaning_en
        out.print(f"    {code.code:6} {meaning}", markup=False)


@app.command()
def codes(
    name: Annotated[str | None, typer.Argument(help="ma_loai_kcb")] = None,
    on: Annotated[str | None, typer.Option(help="yyyy-mm-dd")] = None,
    format: Annotated[str, typer.Option("--format", help="human | json")] = "human",
) -> None:
    """Bộ mã có hiệu lực trong ngày. / A code set as it is in force on a day."""
    if name is None:
        out.print("\n".join(spec.code_sets()), markup=False)
        return
    day = parse_day(on) or datetime.now(UTC).astimezone().date()
    if format == "json":
        held = spec.code_set(name, day)
        print_json(
            {
                "name": held.name,
                "version": held.version,
                "closed": held.closed,
                "confidence": held.confidence,
                "source": held.source,
                "codes": {c.code: [c.meaning_vi, c.meaning_en] for c in held.codes.values()},
            }
        )
        return
    _codes(name, day)


@app.command()
def export(
    edition: Annotated[str, typer.Option(help="4210 | 130 | 4750 | 3176 | 1931")],
    format: Annotated[str, typer.Option("--format", help="csv | json")] = "csv",
) -> None:
    """In mọi chỉ tiêu của một quyết định. / Print every field of a decision."""
    fields = [f for name in spec.tables(edition) for f in spec.table(edition, name).fields]
    if format == "json":
        print_json([_row(f) for f in fields])
        return
    if format != "csv":
        raise typer.Exit(Exit.USAGE)
    writer = csv.DictWriter(sys.stdout, COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for f in fields:
        row = _row(f)
        writer.writerow({**row, "max_length": "n" if f.max_length is None else f.max_length})
