"""What every command shares: exit codes, language, progress, errors without tracebacks."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from enum import IntEnum
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from vnhealth.errors import CodecError, SyncError, VnHealthError

__all__ = ["Exit", "Settings", "err", "fail", "out", "parse_day", "print_json", "tracked"]


class Exit(IntEnum):
    """What the exit status means."""

    OK = 0
    FINDINGS = 1
    USAGE = 2
    UNREADABLE = 3
    REMOTE = 4
    DEFECT = 5


class Settings:
    """Options of this run that every command reads: language and quietness."""

    lang = "vi"
    quiet = False


out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def exit_code(error: VnHealthError) -> Exit:
    """The exit status for one of our errors."""
    if isinstance(error, CodecError):
        return Exit.UNREADABLE
    if isinstance(error, SyncError):
        return Exit.REMOTE
    return Exit.USAGE


def fail(error: VnHealthError) -> typer.Exit:
    """Print an error in the chosen language and give the exit to raise."""
    show_error(error)
    return typer.Exit(exit_code(error))


def show_error(error: VnHealthError) -> None:
    """One sentence, how to repair it, and the permanent code; on stderr."""
    lang = Settings.lang
    err.print(f"[red]{'Lỗi' if lang == 'vi' else 'Error'}:[/red] ", end="")
    err.print(f"{error.message(lang)} {error.hint(lang)} [{error.code}]", markup=False)


def parse_day(text: str | None) -> date | None:
    """An ISO date from an option, or a usage error."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("yyyy-mm-dd") from None


def print_json(value: Any) -> None:
    """A JSON document on stdout, UTF-8, whatever the terminal is."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def say(vi: str, en: str) -> str:
    """The text in the chosen language."""
    return vi if Settings.lang == "vi" else en


@contextmanager
def progress(label: str, total: int | None) -> Iterator[Any]:
    """A progress bar on stderr when it is a terminal; yields a function that advances it."""
    shown = sys.stderr.isatty() and not Settings.quiet and not os.environ.get("QUIET")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    bar = Progress(*columns, TimeRemainingColumn(), console=err, disable=not shown, transient=True)
    with bar:
        task = bar.add_task(label, total=total)

        def advance(done: int | None = None, of: int | None = None) -> None:
            """One step, or (done, of all) at once."""
            if done is None:
                bar.advance(task)
            else:
                bar.update(task, completed=done, total=of or total)

        yield advance


def tracked(items: Sequence[Any] | Iterable[Any], label: str, total: int | None) -> Iterator[Any]:
    """The items, with a progress bar."""
    with progress(label, total) as advance:
        for item in items:
            yield item
            advance()
