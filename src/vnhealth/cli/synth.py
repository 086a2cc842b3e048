"""``vnhealth synth``: invented hospital days, the same bytes for the same seed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vnhealth.cli._common import out, parse_day, progress, say


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("synth")(synth)


def synth(
    folder: Annotated[Path, typer.Argument(metavar="OUT", help="Thư mục đích / output folder.")],
    encounters: Annotated[int, typer.Option(min=1, max=10_000_000)] = 100,
    edition: Annotated[str, typer.Option(help="4210 | 130 | 4750 | 3176 | 1931")] = "3176",
    seed: Annotated[int, typer.Option(help="Hạt giống / seed.")] = 7,
    day: Annotated[str | None, typer.Option(help="yyyy-mm-dd")] = None,
    per_file: Annotated[int, typer.Option(min=1, help="Hồ sơ mỗi tệp / encounters a file.")] = 1,
    dialect: Annotated[str, typer.Option(help="official | php | dotnet | …")] = "official",
    faults: Annotated[float, typer.Option(min=0, max=1, help="Tỷ lệ lỗi / share of faults.")] = 0.0,
) -> None:
    """Sinh hồ sơ giả lập, mọi dữ liệu đều bịa. / Make synthetic records; everything is invented."""
    from vnhealth import synth as generator

    with progress(say("Sinh hồ sơ", "Encounters"), encounters) as advance:
        written = generator.write_files(
            folder,
            encounters=encounters,
            edition=edition,
            seed=seed,
            day=parse_day(day),
            per_file=per_file,
            dialect=dialect,
            faults=faults,
            progress=advance,
        )
    text = say(
        f"Đã ghi {encounters} hồ sơ vào {len(written.files)} tệp ở {folder}",
        f"Wrote {encounters} encounters in {len(written.files)} files to {folder}",
    )
    out.print(text, markup=False)
