"""The command tree as typer has it."""

from __future__ import annotations

from functools import cache
from typing import Annotated

import typer

from vnhealth.cli._common import Settings

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
def main(
    lang: Annotated[
        str, typer.Option(envvar="VNHEALTH_LANG", help="vi | en: ngôn ngữ / language.")
    ] = "vi",
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Không hiện tiến độ / no progress.")
    ] = False,
) -> None:
    """The options that stand before a command."""
    if lang not in ("vi", "en"):
        raise typer.BadParameter("vi | en")
    Settings.lang, Settings.quiet = lang, quiet


@app.command()
def version() -> None:
    """In phiên bản. / Print the version."""
    from vnhealth import __version__

    typer.echo(__version__)


def register() -> None:
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
def check_alone() -> typer.Typer:
    """The tree with ``check`` only: typer builds every command of a tree before it runs one."""
    from vnhealth.cli import check

    alone = _empty()
    alone.callback()(main)
    check.register(alone)
    return alone
