"""``vnhealth to-parquet``: documents of any size as Parquet tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vnhealth.cli._archives import Workers, finish, kilobytes
from vnhealth.cli._common import say


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("to-parquet")(to_parquet)


def to_parquet(
    source: Annotated[
        Path, typer.Argument(metavar="IN", exists=True, help="Tệp, thư mục / file, folder.")
    ],
    folder: Annotated[Path, typer.Argument(metavar="OUT", help="Thư mục kết quả / folder.")],
    workers: Workers = 0,
) -> None:
    """Chuyển XML sang bảng Parquet bằng nhiều tiến trình; bị ngắt thì chạy lại là tiếp tục.

    XML to Parquet tables in several processes; run again after a break, it goes on.
    """
    from vnhealth import pipelines

    with kilobytes(say("Chuyển sang bảng", "To tables")) as step:
        report = pipelines.to_parquet(source, folder, workers=workers or 0, progress=step)
    rows = sum(report.rows.values())
    text = say(
        f"Đã ghi {report.encounters} hồ sơ, {rows} dòng của {len(report.rows)} bảng vào {folder}",
        f"Wrote {report.encounters} encounters, {rows} rows of {len(report.rows)} tables to "
        f"{folder}",
    )
    finish(report, [text])
