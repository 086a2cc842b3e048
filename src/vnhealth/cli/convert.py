"""``vnhealth convert``: the same data by another edition, with a report of every loss."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from vnhealth.cli._archives import Workers, finish, kilobytes
from vnhealth.cli._common import Exit, Settings, out, print_json, say


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("convert")(convert)


def convert(
    source: Annotated[Path, typer.Argument(metavar="IN", help="Tệp, thư mục / file, folder.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="Tệp, thư mục / file, folder.")],
    to: Annotated[str, typer.Option("--to", help="4210 | 130 | 4750 | 3176")],
    report: Annotated[
        Path | None, typer.Option(help="Báo cáo mất mát (JSON) / loss report.")
    ] = None,
    workers: Workers = None,
) -> None:
    """Chuyển tệp sang chuẩn khác, liệt kê mọi mất mát. / Convert a file, naming every loss.

    Thư mục, hoặc có --workers: nhiều tiến trình, chạy tiếp được; hồ sơ không ghi được thì bỏ qua và
    nêu ra. / A folder, or with --workers: several processes, goes on after a break; an encounter
    that cannot be written is left out and named.
    """
    from vnhealth import bhyt

    if workers is not None or source.is_dir():
        _archive(source, target, to, report, workers or 0)
    document = bhyt.read(source)
    converted, losses = bhyt.convert(document, to)
    facility = document.facility
    created = document.created.date() if document.created else None
    data = bhyt.write(converted, edition=to, facility=facility, created=created)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    summary = losses.to_dict()
    if report is not None:
        _write(report, summary)
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


def _write(report: Path, summary: dict[str, Any]) -> None:
    report.write_text(json.dumps(summary, ensure_ascii=False, indent=2) + "\n", "utf-8")


def _archive(source: Path, target: Path, to: str, report: Path | None, workers: int) -> NoReturn:
    from vnhealth import pipelines

    with kilobytes(say("Chuyển đổi", "Converting")) as step:
        found = pipelines.convert(source, target, to=to, workers=workers, progress=step)
    lines = [
        say(
            f"Đã ghi {found.written}/{found.encounters} hồ sơ vào {target}",
            f"Wrote {found.written} of {found.encounters} encounters to {target}",
        )
    ]
    if report is not None and found.losses is not None:
        _write(report, found.losses.to_dict())
        lines.append(say(f"Báo cáo mất mát: {report}", f"Loss report: {report}"))
    finish(found, lines)
