"""``vnhealth sandbox``: the reference sandbox as a server for any language."""

from __future__ import annotations

import csv
import datetime as dt
import secrets
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vnhealth.cli._common import Exit, Settings, out, print_json, progress, say, tracked
from vnhealth.errors import SandboxError

if TYPE_CHECKING:
    from vnhealth.sandbox import Exchange, Facility
    from vnhealth.sandbox.asgi import Site

FACILITY_CODE = 5

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
    state: Annotated[
        str | None, typer.Option(help="Tệp SQLite hoặc postgresql://… giữ trạng thái / state.")
    ] = None,
    ready_file: Annotated[
        Path | None, typer.Option(help="Ghi JSON khi đã sẵn sàng / written once it listens.")
    ] = None,
    trust: Annotated[Path | None, typer.Option(help="CA tin cậy (PEM) / trusted CA.")] = None,
    gateways: Annotated[
        str, typer.Option(help="all | vss,province… (các cổng được in ra / shown)")
    ] = "all",
    faults: Annotated[
        Path | None, typer.Option(help="Kế hoạch lỗi YAML / fault plan (YAML).")
    ] = None,
    virtual_clock: Annotated[
        bool, typer.Option(help="Đồng hồ ảo, dịch được qua /_sandbox/clock / virtual time.")
    ] = False,
    tls: Annotated[
        Path | None, typer.Option(help="Thư mục chứng thư TLS, tự tạo / TLS folder.")
    ] = None,
    per_minute: Annotated[
        int, typer.Option(min=0, help="Giới hạn yêu cầu mỗi phút / rate limit, 0 = không.")
    ] = 0,
    historic: Annotated[
        bool, typer.Option(help="Bật các hàm năm 2016 của cổng BHXH / functions of 2016.")
    ] = False,
    month_window: Annotated[
        bool, typer.Option(help="Khoá tháng của hồ sơ từ mồng 6 / months close.")
    ] = False,
    allow_ip: Annotated[
        list[str] | None,
        typer.Option(help="vss=10.1.2.0/24: chỉ IP đã đăng ký, lặp lại được / registered only."),
    ] = None,
    facilities: Annotated[
        Path | None, typer.Option(help="CSV code,name: cơ sở của bạn / your facilities.")
    ] = None,
    reports: Annotated[
        Path, typer.Option(help="Nơi ghi báo cáo của bộ kiểm tra / where kits write.")
    ] = Path("bao-cao"),
    admin_token: Annotated[
        str | None, typer.Option(envvar="VNHEALTH_ADMIN_TOKEN", help="Khoá quản trị / admin.")
    ] = None,
) -> None:
    """Mở máy chủ thử cho .NET, Java, PHP… / Serve the sandbox to any language."""
    from vnhealth.sandbox import FaultPlan, VirtualClock
    from vnhealth.sandbox import Settings as SandboxSettings
    from vnhealth.sandbox.gateways import MODULES
    from vnhealth.sandbox.server import SystemClock
    from vnhealth.sandbox.server import serve as run_server
    from vnhealth.signing import TrustStore

    shown = tuple(MODULES) if gateways == "all" else tuple(gateways.split(","))
    unknown = [key for key in shown if key not in MODULES]
    if unknown:
        raise SandboxError("ERR-SBX-01", name=unknown[0][:20])
    run_server(
        port=port,
        host=host,
        seed=seed,
        state=state,
        ready_file=ready_file,
        trust=TrustStore([trust.read_bytes()]) if trust else None,
        admin_token=admin_token,
        faults=FaultPlan.load(faults) if faults else None,
        clock=VirtualClock(base=SystemClock()) if virtual_clock else None,
        shown=shown,
        site=_console(reports),
        tls=tls,
        facilities=_facilities(facilities) if facilities else None,
        settings=SandboxSettings(
            verdict_delay=dt.timedelta(seconds=2),
            per_minute=per_minute,
            historic=historic,
            month_window=month_window,
            addresses=_addresses(allow_ip or []),
        ),
    )


def _console(reports: Path) -> Callable[[Exchange, str, str], Site]:
    """The pages at ``/``; a new secret for their sessions with every start."""
    from vnhealth.console import Console, Desk, KitRuns
    from vnhealth.sandbox.server import SystemClock

    def site(exchange: Exchange, token: str, base_url: str) -> Site:
        secret = secrets.token_bytes(32)
        kits = KitRuns(reports)
        desk = Desk(reports, clock=SystemClock(), base_url=base_url)
        return Console(
            exchange, token=token, secret=secret, base_url=base_url, kits=kits, desk=desk
        )

    return site


def _addresses(given: list[str]) -> dict[str, tuple[str, ...]]:
    """Networks by gateway from ``gateway=network``."""
    from ipaddress import ip_network

    from vnhealth.sandbox.gateways import MODULES

    found: dict[str, tuple[str, ...]] = {}
    for one in given:
        gateway, _, network = one.partition("=")
        try:
            ip_network(network)
        except ValueError:
            raise SandboxError("SBX-SET-01", name="allow-ip") from None
        if gateway not in MODULES:
            raise SandboxError("ERR-SBX-01", name=gateway[:20])
        found[gateway] = (*found.get(gateway, ()), network)
    return found


def _facilities(path: Path) -> list[Facility]:
    """The facilities of a CSV file with the columns code (five characters) and name."""
    from vnhealth.sandbox import Facility

    rows = csv.DictReader(path.read_text("utf-8-sig").splitlines())
    found = [Facility((row.get("code") or "").strip(), row.get("name") or "") for row in rows]
    if not found or any(len(f.code) != FACILITY_CODE for f in found):
        raise SandboxError("SBX-SET-01", name="facilities")
    return found


@app.command()
def load(
    source: Annotated[Path, typer.Argument(help="Tệp hoặc thư mục XML / file or folder.")],
    state: Annotated[
        str, typer.Option(help="Tệp SQLite hoặc postgresql://… của máy chủ / the server's state.")
    ],
    gateway: Annotated[str, typer.Option(help="vss | province | national")] = "vss",
    seed: Annotated[int, typer.Option(help="Hạt giống của máy chủ / the server's seed.")] = 7,
    trust: Annotated[Path | None, typer.Option(help="CA tin cậy (PEM) / trusted CA.")] = None,
    facilities: Annotated[
        Path | None, typer.Option(help="CSV code,name: cơ sở của bạn / your facilities.")
    ] = None,
    format: Annotated[str, typer.Option("--format", help="human | json")] = "human",
) -> None:
    """Nạp hàng loạt hồ sơ vào trạng thái của máy chủ thử, khi máy chủ không chạy.

    / Load claim files in bulk into the state of a sandbox server that does not run.
    """
    from vnhealth.cli._sandbox_load import files_of, show
    from vnhealth.sandbox import Exchange, default_facilities
    from vnhealth.sandbox.server import SystemClock, open_store
    from vnhealth.signing import TrustStore

    with closing(open_store(state, seed)) as store:
        exchange = Exchange(
            clock=SystemClock(),
            seed=seed,
            store=store,
            facilities=_facilities(facilities) if facilities else default_facilities(),
            trust=TrustStore([trust.read_bytes()]) if trust else None,
        )
        paths = files_of(source)
        loaded = exchange.load(tracked(paths, "tệp / files", len(paths)), gateway)
    show(loaded, format)


@app.command()
def openapi(
    gateways: Annotated[str, typer.Option(help="all | vss,province…")] = "all",
) -> None:
    """Mô tả OpenAPI 3.1 của mọi cổng. / The OpenAPI 3.1 description of the gateways."""
    from vnhealth.sandbox._openapi import openapi as describe

    print_json(describe(None if gateways == "all" else gateways.split(",")))


@app.command("faults")
def list_faults(
    format: Annotated[str, typer.Option("--format", help="human | json")] = "human",
) -> None:
    """Mọi lỗi mà môi trường thử gây ra được. / Every fault the sandbox can make."""
    from dataclasses import asdict

    from vnhealth.sandbox.faults import fault_kinds

    kinds = [kind for variants in fault_kinds().values() for kind in variants]
    if format == "json":
        print_json([asdict(kind) for kind in kinds])
        return
    for kind in kinds:
        out.print(f"{kind.name:18} {kind.title_vi} / {kind.title_en}", markup=False)


@app.command()
def fidelity(
    format: Annotated[str, typer.Option("--format", help="human | json")] = "human",
) -> None:
    """Mỗi hành vi được mô phỏng và bằng chứng của nó. / Every behaviour with its evidence."""
    from dataclasses import asdict

    from vnhealth.protocol import behaviours

    rows = [{**asdict(b), "last_checked": b.last_checked.isoformat()} for b in behaviours()]
    if format == "json":
        print_json(rows)
        return
    for row in rows:
        out.print(f"{row['gateway']:14} {row['confidence']:16} {row['behaviour']}", markup=False)


@app.command()
def storm(
    plans: Annotated[int, typer.Option(min=1, help="Số đêm bão / how many nights.")] = 100,
    seed: Annotated[int, typer.Option(help="Hạt giống / seed.")] = 7,
    gateways: Annotated[str, typer.Option(help="vss,province…")] = "vss,province",
    format: Annotated[str, typer.Option("--format", help="human | json")] = "human",
) -> None:
    """Cho máy khách mẫu qua nhiều đêm lỗi ngẫu nhiên, trong thời gian ảo.

    / Run the reference client through random fault plans in virtual time.
    """
    from vnhealth.conformance.storm import storm as run_storm

    with progress("đêm / nights", plans) as advance:
        result = run_storm(
            plans, seed=seed, gateways=gateways.split(","), progress=lambda done: advance(1)
        )
    found = result.to_dict()
    if format == "json":
        print_json(found)
    else:
        for name, value in found.items():
            out.print(f"{name:16} {value}", markup=False)
    if not result.clean:
        raise typer.Exit(1)


@app.command()
def record(
    base_url: Annotated[str, typer.Argument(help="Địa chỉ gốc của cổng / the gateway.")],
    cassette: Annotated[Path, typer.Argument(help="Tệp phiên mới / new cassette.")],
    gateway: Annotated[
        str,
        typer.Option(help="vss, hanoi…: khi tên máy không nói lên / if the host does not tell."),
    ] = "",
    port: Annotated[int, typer.Option(help="0 = cổng trống bất kỳ / any free port.")] = 8131,
    ready_file: Annotated[
        Path | None, typer.Option(help="Ghi địa chỉ khi đã nghe / written once it listens.")
    ] = None,
) -> None:
    """Đứng giữa hệ thống của bạn và cổng, ghi phiên không kèm giá trị nào (chỉ trên máy này).

    / Stand between your system and a gateway; record the session without its values.
    """
    import time

    from vnhealth.protocol import gateways
    from vnhealth.sandbox.recording import Cassette
    from vnhealth.sandbox.recording._proxy import serve_proxy

    if gateway and gateway not in gateways():
        raise SandboxError("ERR-SBX-01", name=gateway[:20])
    serve_proxy(
        base_url,
        Cassette(cassette, gateway=gateway, seconds=time.monotonic),
        port=port,
        ready=lambda address: out.print(f"{address} -> {base_url}", markup=False),
        ready_file=ready_file,
    )


@app.command()
def drift(
    cassette: Annotated[Path, typer.Argument(help="Tệp phiên đã ghi / recorded session.")],
    format: Annotated[str, typer.Option("--format", help="human | json")] = "human",
    strict: Annotated[
        bool, typer.Option(help="Mã 1 cả khi giá trị bị che có thể là lý do / doubtful ones too.")
    ] = False,
) -> None:
    """Những trả lời của phiên thật mà môi trường thử sẽ không đưa ra.

    / Answers of a real session that the sandbox would not have given.
    """
    from vnhealth.sandbox import Exchange
    from vnhealth.sandbox.recording import replay

    if not cassette.is_file():
        raise SandboxError("SBX-REC-03", name=cassette.name)
    found = replay(cassette, Exchange.default())
    if format == "json":
        print_json(found.to_dict())
    else:
        for difference in found.differences:
            out.print(difference.line(Settings.lang), markup=False)
        counts = f"{found.compared}/{found.exchanges}"
        out.print(say(f"Đã so {counts} lượt gọi.", f"{counts} exchanges compared."), markup=False)
    if not found.clean or (strict and found.differences):
        raise typer.Exit(Exit.FINDINGS)
