"""``vnhealth convert``: the same data by another edition, with a report of every loss."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from vnhealth.cli._common import Exit, Settings, out, print_json, say


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("convert")(convert)


def convert(
    source: Annotated[Path, typer.Argument(metavar="IN", help="Tệp nguồn / input file.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="Tệp đích / output file.")],
    to: Annotated[str, typer.Option("--to", help="4210 | 130 | 4750 | 3176")],
    report: Annotated[
        Path | None, typer.Option(help="Báo cáo mất mát (JSON) / loss report.")
    ] = None,
) -> None:
    """Chuyển tệp sang chuẩn khác, liệt kê mọi mất mát. / Convert a file, naming every loss."""
    from vnhealth import bhyt

    document = bhyt.read(source)
    converted, losses = bhyt.convert(document, to)
    facility = document.facility
    created = document.created.date() if document.created else None
    data = bhyt.write(converted, edition=to, facility=facility, created=created)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    summary = losses.to_dict()
    if report is not None:
        report.write_text(json.dumps(summary, ensure_ascii=False, indent=2) + "\n", "utf-8")
        out.print(
            say(
                f"Đã ghi {target} ({len(document)} hồ sơ); báo cáo mất mát: {report}",
                f"Wrote {target} ({len(document)} encounters); loss report: {report}",
            ),
            markup=False,
        )
    elif Settings.quiet:
        raise typer.Exit(Exit.OK)
    else:
        print_json(summary)
