"""What the commands over whole archives share: progress in kilobytes, troubles, exit status."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from vnhealth.cli._common import Exit, Settings, err, out, progress, say

if TYPE_CHECKING:
    from vnhealth.findings import Finding
    from vnhealth.pipelines import Report

__all__ = ["Workers", "finish", "kilobytes", "name_troubles"]

Workers = Annotated[
    int | None,
    typer.Option(
        "--workers",
        min=0,
        max=256,
        help="Số tiến trình, 0 = mỗi lõi một / processes, 0 = one for each core.",
    ),
]
SHOWN = 20
"""Troubles that are printed; their number is always."""


@contextmanager
def kilobytes(label: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar for a pipeline."""
    with progress(f"{label} (KB)", None) as advance:

        def step(done: int, total: int) -> None:
            advance(done >> 10, max(1, total >> 10))

        yield step


def finish(report: Report, lines: Sequence[str]) -> NoReturn:
    """Print what was done and what could not be, and end with the status for it."""
    if not Settings.quiet:
        if report.resumed:
            lines = [*lines, say("Phần đã xong lần trước: ", "Done before: ") + str(report.resumed)]
        for line in lines:
            out.print(line, markup=False)
    name_troubles([(trouble.path, trouble.finding) for trouble in report.troubles])
    if report.troubles and not report.encounters:
        raise typer.Exit(Exit.UNREADABLE)
    raise typer.Exit(Exit.FINDINGS if report.troubles else Exit.OK)


def name_troubles(troubles: Sequence[tuple[str, Finding]]) -> None:
    """Name the files that something could not be done with, and say why; on stderr."""
    for path, f in troubles[:SHOWN]:
        place = Path(path).name
        place += f"[{f.encounter}]" if f.encounter is not None else ""
        text = f.text(Settings.lang)
        err.print(f"{place} {f.path} {text} [{f.code}]".replace("  ", " "), markup=False)
    if len(troubles) > SHOWN:
        err.print(f"… {len(troubles)}", markup=False)
