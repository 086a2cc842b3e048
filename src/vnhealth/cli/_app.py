"""The command tree, and the one place where errors become exit codes."""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import Annotated

import typer

from vnhealth.cli._common import Exit, Settings, err, exit_code, show_error
from vnhealth.errors import VnHealthError

ClickException = typer.BadParameter.__mro__[2]
"""The base of every usage error, whether typer brings its own click or uses an installed one."""


def _empty() -> typer.Typer:
    return typer.Typer(
        name="vnhealth",
        help="Bộ công cụ trao đổi dữ liệu y tế Việt Nam. / "
        "Viet Nam digital-health exchange toolkit.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )


app = _empty()


@app.callback()
def _main(
    lang: Annotated[
        str, typer.Option(envvar="VNHEALTH_LANG", help="vi | en: ngôn ngữ / language.")
    ] = "vi",
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Không hiện tiến độ / no progress.")
    ] = False,
) -> None:
    if lang not in ("vi", "en"):
        raise typer.BadParameter("vi | en")
    Settings.lang, Settings.quiet = lang, quiet


@app.command()
def version() -> None:
    """In phiên bản. / Print the version."""
    from vnhealth import __version__

    typer.echo(__version__)


def _register() -> None:
    from vnhealth.cli import (
        catalogs,
        certify,
        check,
        convert,
        deid,
        deid_text,
        demo,
        explain,
        identity,
        indicators,
        outbox,
        risk,
        rules,
        sandbox,
        signing,
        specs,
        synth,
        to_parquet,
    )

    for module in (check, convert, to_parquet, explain, synth, signing, risk, demo):
        module.register(app)
    app.add_typer(specs.app, name="spec")
    app.add_typer(identity.app, name="identity")
    app.add_typer(rules.app, name="rules")
    app.add_typer(catalogs.app, name="catalogs")
    deid_text.register(deid.app)
    app.add_typer(deid.app, name="deid")
    app.add_typer(sandbox.app, name="sandbox")
    app.add_typer(indicators.app, name="indicators")
    app.add_typer(outbox.app, name="outbox")
    app.add_typer(certify.app, name="certify")


@cache
def _check_alone() -> typer.Typer:
    """The tree with ``check`` only: typer builds every command of a tree before it runs one."""
    from vnhealth.cli import check

    alone = _empty()
    alone.callback()(_main)
    check.register(alone)
    return alone


def _command(arguments: list[str]) -> str:
    """The name of the command in a command line, or nothing."""
    rest = arguments
    while rest and rest[0].startswith("-"):
        rest = rest[2:] if rest[0] == "--lang" else rest[1:]
    return rest[0] if rest else ""


def run(argv: list[str] | None = None) -> int:
    """Run the command line and give its exit status; never shows a traceback.

    Exit status: 0 clean, 1 findings, 2 usage, 3 unreadable input, 4 remote refused, 5 our defect.
    With ``VNHEALTH_DEBUG=1`` an unexpected error is raised instead.
    """
    tree = app
    if _command(sys.argv[1:] if argv is None else argv) == "check":
        tree = _check_alone()
    elif not app.registered_groups:
        _register()
    try:
        code = tree(args=argv, standalone_mode=False)
        return int(code or 0)
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
        if isinstance(error, ClickException):
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
