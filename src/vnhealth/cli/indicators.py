"""``vnhealth indicators``: the catalogue, figures of a folder, and Parquet tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from vnhealth.cli._common import Exit, Settings, out, print_json, progress, say
from vnhealth.localtime import ICT

app = typer.Typer(
    help="Chỉ số của kho dữ liệu. / Indicators of a repository.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

FORMATS = ("html", "json", "csv")


def _pairs(given: list[str] | None) -> dict[str, str]:
    """``name=value`` options."""
    found = {}
    for text in given or []:
        name, equal, value = text.partition("=")
        if not equal or not name:
            raise typer.BadParameter("TÊN=GIÁ_TRỊ / NAME=VALUE")
        found[name.strip()] = value.strip()
    return found


@contextmanager
def _stages() -> Iterator[Any]:
    """Two bars after each other: reading, then computing."""
    with progress(say("Đọc dữ liệu", "Reading"), None) as read:

        def advance(stage: str, done: int, total: int) -> None:
            read(done, total)

        yield advance


@app.command("list")
def list_(
    output: Annotated[str, typer.Option("--format", help="text | json")] = "text",
) -> None:
    """Danh mục chỉ số, và những gì chưa tính được. / The catalogue, and what is not computed."""
    from vnhealth import indicators

    held = indicators.catalogue()
    missing = indicators.not_computed()
    if output == "json":
        print_json(
            {
                "indicators": [
                    {
                        "id": i.id,
                        "version": i.version,
                        "policy": i.policy,
                        "name_vi": i.name_vi,
                        "name_en": i.name_en,
                        "basis": i.basis,
                        "confidence": i.confidence,
                        "facts": list(i.facts),
                    }
                    for i in held.values()
                ],
                "not_computed": [
                    {
                        "policy": m.policy,
                        "what_vi": m.what_vi,
                        "what_en": m.what_en,
                        "reason_vi": m.reason_vi,
                        "reason_en": m.reason_en,
                    }
                    for m in missing
                ],
            }
        )
        return
    table = Table(box=None, padding=(0, 2, 0, 0))
    for head in (say("Mã", "Id"), say("Chỉ số", "Indicator"), say("Căn cứ", "Basis")):
        table.add_column(head)
    for i in held.values():
        table.add_row(i.id, say(i.name_vi, i.name_en), i.basis)
    out.print(table)
    out.print(say("\nChưa tính được từ các bảng hiện có:", "\nNot computed from the tables:"))
    for m in missing:
        text = say(
            f"{m.policy} {m.what_vi}: {m.reason_vi}", f"{m.policy} {m.what_en}: {m.reason_en}"
        )
        out.print("- " + text, markup=False)


@app.command()
def explain(id_: Annotated[str, typer.Argument(metavar="ID", help="A1, B3, …")]) -> None:
    """Một chỉ số: căn cứ, công thức, SQL, cách che ô. / One indicator: basis, formula, SQL."""
    from vnhealth import indicators

    i = indicators.catalogue()[id_]
    limits = indicators.thresholds()
    out.print(f"{i.id} v{i.version}  {say(i.name_vi, i.name_en)}", markup=False, style="bold")
    lines = [
        (say("Căn cứ", "Basis"), i.basis),
        (say("Độ tin cậy", "Confidence"), i.confidence),
        (say("Công thức", "Formula"), say(i.formula_vi, i.formula_en)),
        (say("Dữ kiện", "Facts"), ", ".join(i.facts)),
        (
            say("Chiều", "Dimensions"),
            ", ".join(f"{d} ({indicators.dim_title(d, Settings.lang)})" for d in i.dims) or "–",
        ),
        (
            say("Số đo", "Measures"),
            "; ".join(f"{m.name}: {say(m.title_vi, m.title_en)} [{m.kind}]" for m in i.measures),
        ),
        (
            say("Che ô", "Hiding"),
            i.suppress_reason if i.suppress == "none" else say(limits.basis_vi, limits.basis_en),
        ),
    ]
    if i.lists:
        lines.append((say("Danh mục dùng", "Lists"), ", ".join(i.lists)))
    for head, text in lines:
        out.print(f"{head}: {text}", markup=False)
    out.print("\n" + i.query(), markup=False)


@app.command()
def run(
    source: Annotated[
        Path,
        typer.Option("--in", exists=True, help="Tệp, thư mục XML hoặc Parquet / input."),
    ],
    folder: Annotated[Path, typer.Option("--out", help="Thư mục kết quả / output.")],
    output: Annotated[
        list[str] | None, typer.Option("--format", help="html | json | csv (lặp được / repeat)")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option("--id", help="Chỉ các chỉ số này / only these.")
    ] = None,
    first: Annotated[str, typer.Option("--from", help="yyyy-mm")] = "",
    last: Annotated[str, typer.Option("--to", help="yyyy-mm")] = "",
    province: Annotated[str, typer.Option(help="Mã tỉnh / province code.")] = "",
    facility: Annotated[str, typer.Option(help="Mã cơ sở / facility code.")] = "",
    audience: Annotated[str, typer.Option(help="public | internal")] = "public",
    threshold: Annotated[int, typer.Option(min=0, help="Nâng ngưỡng che ô / raise it.")] = 0,
    lists: Annotated[
        list[str] | None, typer.Option("--list", help="TÊN=TỆP.csv: thay danh mục / own list.")
    ] = None,
    receipts: Annotated[
        Path | None, typer.Option(exists=True, help="Biên nhận của cổng, CSV / receipts.")
    ] = None,
    restricted: Annotated[
        list[str] | None, typer.Option(help="hiv=CĂN_CỨ: tính nhóm hạn chế / legal basis.")
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Số tiến trình / processes.")] = 1,
) -> None:
    """Tính chỉ số và viết báo cáo. / Compute indicators and write the report."""
    from vnhealth import indicators

    formats = output or ["html"]
    if set(formats) - set(FORMATS):
        raise typer.BadParameter(" | ".join(FORMATS))
    with _stages() as advance:
        report = indicators.compute(
            source,
            ids=only,
            filters=indicators.Filters(first, last, province, facility),
            audience=audience,
            threshold=threshold,
            lists=_pairs(lists),
            receipts=receipts,
            exceptions=_pairs(restricted),
            jobs=jobs,
            progress=advance,
        )
    folder.mkdir(parents=True, exist_ok=True)
    written = _write(report, folder, formats)
    computed, hidden = len(report.results), sum(r.hidden for r in report.results)
    out.print(
        say(
            f"Đã tính {computed} chỉ số, bỏ qua {len(report.skipped)}, {hidden} dòng có ô bị che. "
            f"Kết quả: {', '.join(str(p) for p in written)}",
            f"{computed} indicators computed, {len(report.skipped)} skipped, {hidden} rows with "
            f"hidden cells. Results: {', '.join(str(p) for p in written)}",
        ),
        markup=False,
    )
    for s in report.skipped:
        out.print(f"- {s.id}: {say(s.reason_vi, s.reason_en)}", markup=False)
    raise typer.Exit(Exit.OK)


def _write(report: Any, folder: Path, formats: list[str]) -> list[Path]:
    from vnhealth import indicators

    written = []
    if "html" in formats:
        path = folder / "chi-so.html"
        made = datetime.now(UTC).astimezone(ICT).strftime("%d/%m/%Y")
        with path.open("w", encoding="utf-8") as stream:
            indicators.write_html(report, stream, lang=Settings.lang, made=made)
        written.append(path)
    if "json" in formats:
        path = folder / "chi-so.json"
        path.write_text(report.to_json(), "utf-8")
        written.append(path)
    if "csv" in formats:
        for result in report.results:
            path = folder / f"{result.indicator.id}.csv"
            path.write_text(result.to_csv(), "utf-8")
        written.append(folder / "*.csv")
    return written


@app.command()
def columns(
    source: Annotated[
        Path, typer.Option("--in", exists=True, help="Tệp hoặc thư mục XML / input.")
    ],
    folder: Annotated[Path, typer.Option("--out", help="Thư mục Parquet / output.")],
) -> None:
    """Chuyển XML sang bảng Parquet chia theo tháng và tỉnh. / XML to Parquet tables."""
    from vnhealth import indicators

    with _stages() as advance:
        rows = indicators.write_columns(source, folder, progress=advance)
    total = sum(rows.values())
    out.print(
        say(
            f"Đã ghi {total} dòng của {len(rows)} bảng vào {folder}",
            f"Wrote {total} rows of {len(rows)} tables to {folder}",
        ),
        markup=False,
    )
