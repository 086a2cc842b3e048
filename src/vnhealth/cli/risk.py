"""``vnhealth risk``: how large the groups are in a finished file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vnhealth.cli._common import Exit, Settings, out, print_json, say


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("risk")(risk)


def risk(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="Tệp do vnhealth deid ghi.")],
    html: Annotated[Path | None, typer.Option(help="Báo cáo HTML / HTML report.")] = None,
    manifest: Annotated[
        Path | None, typer.Option(help="Bản kê của lô, đưa vào báo cáo / for the report.")
    ] = None,
    format: Annotated[str, typer.Option("--format", help="human | json")] = "human",
) -> None:
    """Đo rủi ro nhận lại người trong một tệp đã khử định danh, chỉ từ chính tệp ấy.

    Measure the risk of re-identification in a de-identified file, from the file alone.
    """
    import json

    from vnhealth import deid
    from vnhealth.cli.deid import risk_lines

    table = deid.risk_table(source)
    if html is not None:
        from vnhealth.cli._deid_html import risk_page

        content = json.loads(manifest.read_text("utf-8")) if manifest else None
        html.write_text(risk_page(table, content), "utf-8")
    if format == "json":
        print_json(table.to_dict())
    elif not Settings.quiet:
        label = table.label
        out.print(
            say(
                f"{source}: {table.records} hồ sơ, nhãn “{label.name_vi}”. {label.meaning('vi')}",
                f"{source}: {table.records} records, label {label.value}. {label.meaning('en')}",
            ),
            markup=False,
        )
        for line in risk_lines(table.to_dict()):
            out.print(line, markup=False)
    raise typer.Exit(Exit.OK if table.ok else Exit.FINDINGS)
