"""``vnhealth sandbox``: the reference sandbox as a server for any language."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vnhealth.cli._common import out, print_json

app = typer.Typer(
    help="Môi trường thử mô phỏng các cổng. / The sandbox that emulates the gateways.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
def serve(
    port: Annotated[int, typer.Option(help="0 = cổng trống bất kỳ / any free port.")] = 8130,
    host: Annotated[str, typer.Option(help="Địa chỉ nghe / address.")] = "127.0.0.1",
    seed: Annotated[int, typer.Option(help="Hạt giống / seed.")] = 7,
    state: Annotated[Path | None, typer.Option(help="Tệp SQLite giữ trạng thái / state.")] = None,
    ready_file: Annotated[
        Path | None, typer.Option(help="Ghi JSON khi đã sẵn sàng / written once it listens.")
    ] = None,
    trust: Annotated[Path | None, typer.Option(help="CA tin cậy (PEM) / trusted CA.")] = None,
    admin_token: Annotated[
        str | None, typer.Option(envvar="VNHEALTH_ADMIN_TOKEN", help="Khoá quản trị / admin.")
    ] = None,
) -> None:
    """Mở máy chủ thử cho .NET, Java, PHP… / Serve the sandbox to any language."""
    from vnhealth.sandbox.server import serve as run_server
    from vnhealth.signing import TrustStore

    run_server(
        port=port,
        host=host,
        seed=seed,
        state=state,
        ready_file=ready_file,
        trust=TrustStore([trust.read_bytes()]) if trust else None,
        admin_token=admin_token,
    )


@app.command()
def fidelity(
    format: Annotated[str, typer.Option("--format", help="human | json")] = "human",
) -> None:
    """Mỗi hành vi được mô phỏng và bằng chứng của nó. / Every behaviour with its evidence."""
    from dataclasses import asdict

    from vnhealth.protocol import behaviours

    rows = [asdict(b) for b in behaviours()]
    if format == "json":
        print_json(rows)
        return
    for row in rows:
        out.print(f"{row['gateway']:14} {row['confidence']:16} {row['behaviour']}", markup=False)
