"""Running a command line, and the one place where errors become exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Any

from vnhealth.cli._common import Exit, Settings, err, exit_code, show_error, usage
from vnhealth.cli._options import NotOrdinary, Option, ordinary
from vnhealth.errors import VnHealthError

__all__ = ["main", "run"]


def main(
    lang: Annotated[
        str, Option(envvar="VNHEALTH_LANG", help="vi | en: ngôn ngữ / language.")
    ] = "vi",
    quiet: Annotated[bool, Option("--quiet", help="Không hiện tiến độ / no progress.")] = False,
) -> None:
    """The options that stand before a command."""
    if lang not in ("vi", "en"):
        raise usage("vi | en")
    Settings.lang, Settings.quiet = lang, quiet


def run(argv: list[str] | None = None) -> int:
    """Run the command line and give its exit status; never shows a traceback.

    Exit status: 0 clean, 1 findings, 2 usage, 3 unreadable input, 4 remote refused, 5 our defect.
    With ``VNHEALTH_DEBUG=1`` an unexpected error is raised instead.
    """
    words = sys.argv[1:] if argv is None else argv
    try:
        ready = _ready(words) or partial(_tree(words), args=argv, standalone_mode=False)
        return int(ready() or 0)
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
        return _ended(error)


def _ready(words: Sequence[str]) -> Callable[[], Any] | None:
    """An ordinary ``check``, ready to run without typer; None for every other command line."""
    try:
        options, rest = ordinary(main, words)
        if not rest or rest[0] != "check":
            return None
        from vnhealth.cli.check import check

        values, _ = ordinary(check, rest[1:])
    except NotOrdinary:
        return None

    def ready() -> int:
        main(**options)
        return check(**values)

    return ready


def _tree(words: Sequence[str]) -> Any:
    """The command tree; with one command only where that is enough, as typer builds all."""
    from vnhealth.cli import _app

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


def _ended(error: Exception) -> int:
    """The exit status of what typer raises, and of our defects."""
    import typer

    from vnhealth.cli._app import ClickException

    if isinstance(error, typer.Exit):
        return int(error.exit_code)
    if isinstance(error, typer.Abort):
        return 130
    if isinstance(error, ClickException):
        error.show(file=sys.stderr)  # type: ignore[attr-defined]
        return Exit.USAGE
    if os.environ.get("VNHEALTH_DEBUG"):
        raise error
    err.print(
        f"Lỗi của vnhealth ({type(error).__name__}), xin báo lại. / A defect of vnhealth, "
        "please report it. VNHEALTH_DEBUG=1 shows more.",
        markup=False,
    )
    return Exit.DEFECT
