"""What ``vnhealth sandbox load`` reads and tells."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from vnhealth.cli._archives import name_troubles
from vnhealth.cli._common import Exit, Settings, out, print_json, say

if TYPE_CHECKING:
    from vnhealth.sandbox import Loaded

__all__ = ["files_of", "show"]


def files_of(source: Path) -> list[Path]:
    """The file, or all .xml files of a folder and below it by their names."""
    if not source.is_dir():
        return [source]
    return sorted(p for p in source.rglob("*") if p.suffix.lower() == ".xml" and p.is_file())


def show(loaded: Loaded, form: str) -> NoReturn:
    """Print what came of a load and end with the status for it."""
    troubles = [(skipped.path, skipped.findings[0]) for skipped in loaded.skipped]
    if form == "json":
        skipped = [
            {"path": path, "code": f.code, "message": f.text(Settings.lang)} for path, f in troubles
        ]
        print_json({**asdict(loaded), "skipped": skipped})
    else:
        out.print(say(*_lines(loaded)), markup=False)
        name_troubles(troubles)
    if troubles and not loaded.files + loaded.duplicates:
        raise typer.Exit(Exit.UNREADABLE)
    raise typer.Exit(Exit.FINDINGS if troubles else Exit.OK)


def _lines(loaded: Loaded) -> tuple[str, str]:
    """One line in Vietnamese and in English."""
    left_out = len(loaded.skipped)
    return (
        f"Đã nạp {loaded.files} tệp, {loaded.records} hồ sơ: {loaded.accepted} tiếp nhận"
        f" ({loaded.warned} có cảnh báo), {loaded.refused} từ chối; {loaded.replaced} hồ sơ cũ được"
        f" thay, {loaded.duplicates} tệp đã có, {left_out} tệp bị bỏ qua.",
        f"Loaded {loaded.files} files, {loaded.records} records: {loaded.accepted} accepted"
        f" ({loaded.warned} with warnings), {loaded.refused} refused; {loaded.replaced} earlier"
        f" records replaced, {loaded.duplicates} files known already, {left_out} files left out.",
    )
