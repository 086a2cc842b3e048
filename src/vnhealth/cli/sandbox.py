"""``vnhealth sandbox``: the reference sandbox as a server for any language."""

from __future__ import annotations

import typer

app = typer.Typer(
    help="Môi trường thử các cổng. / The gateway sandbox.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
