"""What every command shares: exit codes, language, progress, errors without tracebacks."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from enum import IntEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

import typer

from vnhealth.errors import CodecError, SyncError, VnHealthError

if TYPE_CHECKING:
    from rich.console import Console

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


class Terminal:
    """A console that is made when it is needed: many a command says nothing to it."""

    def __init__(self, *, stderr: bool) -> None:
        self._stderr = stderr

    @cached_property
    def console(self) -> Console:
        """The console itself."""
        from rich.console import Console

        return Console(stderr=self._stderr, highlight=False, soft_wrap=True)

    def print(self, *objects: Any, **options: Any) -> None:
        """As `rich.console.Console.print`."""
        self.console.print(*objects, **options)


out = Terminal(stderr=False)
err = Terminal(stderr=True)


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
    """A progress bar on stderr when it is a terminal; yields a function that advances it.

    The function takes one step, or (done, of all) at once.
    """
    if sys.stderr.isatty() and not Settings.quiet and not os.environ.get("QUIET"):
        with _bar(label, total) as advance:
            yield advance
    else:
        yield lambda done=None, of=None: None


@contextmanager
def _bar(label: str, total: int | None) -> Iterator[Any]:
    from rich import progress as rich

    columns = (rich.TextColumn("{task.description}"), rich.BarColumn(), rich.MofNCompleteColumn())
    left = rich.TimeRemainingColumn()
    with rich.Progress(*columns, left, console=err.console, transient=True) as bar:
        task = bar.add_task(label, total=total)

        def advance(done: int | None = None, of: int | None = None) -> None:
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
