"""``vnhealth rules``: every rule there is, for people and for programs."""

from __future__ import annotations

import csv
import datetime as dt
import sys
from collections.abc import Iterable
from typing import Annotated, Any

import typer

from vnhealth.cli._common import Settings, out, parse_day, print_json, say
from vnhealth.findings import catalogue
from vnhealth.spec import Edition

app = typer.Typer(
    help="Các luật kiểm tra. / The rules of a check.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

COLUMNS = (
    "code",
    "tables",
    "tags",
    "editions",
    "valid_from",
    "valid_to",
    "severity",
    "basis",
    "confidence",
    "message_vi",
    "message_en",
)
"""The columns that stay; `vnhealth.rules.export` has more."""

EditionOption = Annotated[str | None, typer.Option(help="4210 | 130 | 4750 | 3176 | 1931")]
TableOption = Annotated[str | None, typer.Option(help="XML0 … XML15")]
DayOption = Annotated[str | None, typer.Option(help="yyyy-mm-dd")]


def _chosen(table: str | None, edition: str | None, on: str | None) -> list[dict[str, Any]]:
    from vnhealth import rules

    name = table.upper() if table else None
    wanted = Edition.parse(edition).value if edition else None
    day = parse_day(on)
    return [
        row
        for row in rules.export()
        if (name is None or name in row["tables"])
        and (wanted is None or wanted in row["editions"])
        and (day is None or _holds(row, day))
    ]


def _holds(row: dict[str, Any], day: dt.date) -> bool:
    text = day.isoformat()
    return (row["valid_from"] or text) <= text <= (row["valid_to"] or text)


def span(row: dict[str, Any]) -> str:
    """From when to when a rule holds, as people write days; empty when always."""
    days = [row["valid_from"], row["valid_to"]]
    if not any(days):
        return ""
    shown = ["/".join(reversed(day.split("-"))) if day else "…" for day in days]
    return " – ".join(shown)


@app.command("list")
def list_(
    table: TableOption = None,
    edition: EditionOption = None,
    on: DayOption = None,
    format: Annotated[str, typer.Option("--format", help="human | json")] = "human",
) -> None:
    """Liệt kê các luật. / List the rules."""
    if format not in ("human", "json"):
        raise typer.BadParameter("--format human | json")
    rows = _chosen(table, edition, on)
    if format == "json":
        print_json(rows)
        return
    width = max((len(row["code"]) for row in rows), default=0)
    for row in rows:
        text = catalogue.info(row["code"]).message(Settings.lang, {})
        tables = " ".join(row["tables"]) if len(row["tables"]) < 4 else "…"
        notes = [tables, ",".join(row["editions"]), span(row), row["confidence"]]
        if row["draft"]:
            notes.append(say("dự thảo", "draft"))
        about = "; ".join(note for note in notes if note)
        out.print(f"{row['code']:{width}}  {row['severity']:7}  {text} [{about}]", markup=False)
    out.print(say(f"{len(rows)} luật.", f"{len(rows)} rules."))


@app.command()
def export(
    table: TableOption = None,
    edition: EditionOption = None,
    on: DayOption = None,
    format: Annotated[str, typer.Option("--format", help="json | csv")] = "json",
) -> None:
    """In mọi luật cho chương trình đọc. / Print every rule for programs."""
    rows = _chosen(table, edition, on)
    if format == "json":
        print_json(rows)
    elif format == "csv":
        _csv(rows)
    else:
        raise typer.BadParameter("--format json | csv")


def _csv(rows: Iterable[dict[str, Any]]) -> None:
    writer = csv.DictWriter(sys.stdout, COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        lists = {name: " ".join(row[name]) for name in ("tables", "tags", "editions")}
        writer.writerow({**row, **lists})
