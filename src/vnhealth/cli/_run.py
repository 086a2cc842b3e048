"""Running a command line, and the one place where errors become exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import typer

from vnhealth.cli import _app
from vnhealth.cli._common import Exit, err, exit_code, show_error
from vnhealth.errors import VnHealthError

__all__ = ["run"]


def run(argv: list[str] | None = None) -> int:
    """Run the command line and give its exit status; never shows a traceback.

    Exit status: 0 clean, 1 findings, 2 usage, 3 unreadable input, 4 remote refused, 5 our defect.
    With ``VNHEALTH_DEBUG=1`` an unexpected error is raised instead.
    """
    words = sys.argv[1:] if argv is None else argv
    try:
        return int(_tree(words)(args=argv, standalone_mode=False) or 0)
    except typer.Exit as done:
        return int(done.exit_code)
    except typer.Abort:
        return 130
    except VnHealthError as error:
        show_error(error)
        return exit_code(error)
    except BrokenPipeError:
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, sys.stdout.fileno())
        return Exit.OK
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if isinstance(error, _app.ClickException):
            error.show(file=sys.stderr)  # type: ignore[attr-defined]
            return Exit.USAGE
        if os.environ.get("VNHEALTH_DEBUG"):
            raise
        err.print(
            f"Lỗi của vnhealth ({type(error).__name__}), xin báo lại. / A defect of vnhealth, "
            "please report it. VNHEALTH_DEBUG=1 shows more.",
            markup=False,
        )
        return Exit.DEFECT


def _tree(words: Sequence[str]) -> typer.Typer:
    """The command tree; with one command only where that is enough, as typer builds all."""
    if _command(words) == "check":
        return _app.check_alone()
    if not _app.app.registered_groups:
        _app.register()
    return _app.app


def _command(words: Sequence[str]) -> str:
    """The name of the command in a command line, or nothing."""
    rest = words
    while rest and rest[0].startswith("-"):
        rest = rest[2:] if rest[0] == "--lang" else rest[1:]
    return rest[0] if rest else ""
