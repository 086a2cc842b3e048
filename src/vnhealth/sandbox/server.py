"""The exchange as a server for any language. Needs the extra ``vnhealth[sandbox]`` (uvicorn).

This module is the edge of the program: only here the system clock and system randomness are used.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import os
import secrets
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vnhealth.errors import SandboxError
from vnhealth.sandbox._clock import Clock
from vnhealth.sandbox._core import Settings
from vnhealth.sandbox._exchange import OWN, Exchange, default_facilities
from vnhealth.sandbox._model import Credentials, Facility
from vnhealth.sandbox._postgres import PostgresStore
from vnhealth.sandbox._sqlite import SqliteStore
from vnhealth.sandbox._store import MemoryStore, Store
from vnhealth.sandbox._tls import tls_files
from vnhealth.sandbox._welcome import first_request, welcome
from vnhealth.sandbox.asgi import Site, app
from vnhealth.sandbox.faults import FaultPlan
from vnhealth.sandbox.gateways import MODULES

if TYPE_CHECKING:
    from vnhealth.signing import TrustStore

__all__ = [
    "DEFAULT_PORT",
    "SystemClock",
    "listen",
    "open_store",
    "running",
    "serve",
    "uvicorn_classes",
]

DEFAULT_PORT = 8130
POSTGRES = ("postgresql://", "postgres://")
OPTIONS: dict[str, Any] = {
    "log_level": "warning",
    "access_log": False,
    "date_header": False,
    "server_header": False,
    "timeout_graceful_shutdown": 5,
}


class SystemClock:
    """The clock of the machine."""

    def now(self) -> dt.datetime:
        """The present moment in UTC."""
        return dt.datetime.now(dt.UTC)


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def serve(
    *,
    port: int = DEFAULT_PORT,
    host: str = "127.0.0.1",
    seed: int = 7,
    state: str | os.PathLike[str] | None = None,
    ready_file: str | os.PathLike[str] | None = None,
    facilities: Iterable[Facility] | None = None,
    trust: TrustStore | None = None,
    settings: Settings | None = None,
    admin_token: str | None = None,
    clock: Clock | None = None,
    faults: FaultPlan | None = None,
    shown: Iterable[str] = tuple(MODULES),
    tls: str | os.PathLike[str] | None = None,
    site: Callable[[Exchange, str, str], Site] | None = None,
    echo: Callable[[str], None] = _say,
) -> None:
    """Serve until interrupted.

    ``port`` 0 takes any free one. ``state`` is an SQLite file, or the URL of a PostgreSQL
    database, that keeps everything acknowledged
    (made with one seed, refused with another: SBX-STATE-03); without it memory is used. Once it
    listens, ``ready_file`` is written in one step: a JSON object with a key per gateway, each
    ``{"base_url", "username", "password", "facility", "first_request"}``; an old one is removed
    first. ``shown`` are the gateways named there and in the greeting; all of them answer.
    ``faults`` is a plan to begin with. ``tls`` is a folder with ``ca.pem``, ``server.pem`` and
    ``server-key.pem``, made at the first start: then the server speaks https only.
    ``site`` makes the pages at ``/`` from the exchange, the admin token and the base URL.
    ``admin_token`` is made at random unless given; a host other than the loopback needs one
    (SBX-SET-02). Verdicts come after two seconds unless ``settings`` say otherwise.

    Raises `SandboxError`: SBX-SERVE-01 without uvicorn, SBX-SERVE-02 when the port is taken.
    """
    if admin_token is None and not _loopback(host):
        raise SandboxError("SBX-SET-02")
    token = admin_token or secrets.token_urlsafe(18)
    server_class, config_class = uvicorn_classes()
    if ready_file is not None:
        Path(ready_file).unlink(missing_ok=True)
    with listen(host, port) as listening:
        exchange = Exchange(
            clock=clock or SystemClock(),
            seed=seed,
            store=MemoryStore() if state is None else open_store(state, seed),
            facilities=default_facilities() if facilities is None else facilities,
            trust=trust,
            settings=settings or Settings(verdict_delay=dt.timedelta(seconds=2)),
            admin_token=token,
            faults=faults,
        )
        options = dict(OPTIONS)
        if tls is not None:
            files = tls_files(Path(tls), host, SystemClock().now())
            options |= {"ssl_certfile": files.certificate, "ssl_keyfile": files.key}
        base_url = _base_url(host, listening, "http" if tls is None else "https")
        accounts = {
            key: exchange.credentials(exchange.facilities[0].code, key, base_url=base_url)
            for key in shown
        }

        def ready() -> None:
            if ready_file is not None:
                _write_ready(Path(ready_file), accounts)
            echo(welcome(accounts, token, base_url))

        class Server(server_class):  # type: ignore[misc, valid-type]
            async def startup(self, sockets: list[socket.socket] | None = None) -> None:
                await super().startup(sockets)
                if self.started:
                    ready()

        with suppress(KeyboardInterrupt):
            lines = _Lines()
            pages = site(exchange, token, base_url) if site is not None else None
            served = app(exchange, abort=lines.abort, site=pages)
            server = Server(config_class(served, **options))
            lines.server = server
            server.run(sockets=[listening])


@contextmanager
def running(
    exchange: Exchange,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    site: Callable[[str], Site] | None = None,
) -> Iterator[str]:
    """Serve an exchange from a thread of this process for the length of a ``with`` block.

    Yields the base URL; for tests of clients that need a real socket. The exchange stays open.
    Raises `SandboxError` as `serve` does, SBX-SERVE-03 when the server does not come up.
    """
    server_class, config_class = uvicorn_classes()
    listening = listen(host, port)
    lines = _Lines()
    base_url = _base_url(host, listening)
    pages = site(base_url) if site is not None else None
    served = app(exchange, abort=lines.abort, site=pages)
    server = lines.server = server_class(config_class(served, **OPTIONS, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        while not server.started:
            if not thread.is_alive():
                raise SandboxError("SBX-SERVE-03")
            thread.join(0.01)
        yield base_url
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def uvicorn_classes() -> tuple[Any, Any]:
    """The classes Server and Config. Raises `SandboxError` (SBX-SERVE-01) without uvicorn."""
    try:
        from uvicorn import Config, Server
    except ImportError:
        raise SandboxError("SBX-SERVE-01") from None
    return Server, Config


class _Lines:
    """Finds the connection of a request in a uvicorn server, so that a fault can break it."""

    server: Any = None

    def abort(self, scope: MutableMapping[str, Any]) -> None:
        """Break the connection that a request came by."""
        for line in tuple(self.server.server_state.connections):
            if line.client == scope["client"]:
                line.transport.abort()


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def listen(host: str, port: int) -> socket.socket:
    """A socket of this address. Raises `SandboxError` (SBX-SERVE-02) when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio turns Nagle's algorithm off: else every answer waits 40 ms.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError:
        listening.close()
        raise SandboxError("SBX-SERVE-02", port=port) from None
    return listening


def _base_url(host: str, listening: socket.socket, scheme: str = "http") -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}:{listening.getsockname()[1]}"


def open_store(state: str | os.PathLike[str], seed: int) -> Store:
    """The store of a server with this seed: an SQLite file, or a PostgreSQL database by its URL.

    Raises `SandboxError` (SBX-STATE-01 to 05), SBX-STATE-03 for one made with another seed.
    """
    text = os.fspath(state)
    store = PostgresStore(text) if text.startswith(POSTGRES) else SqliteStore(text)
    with store.transaction():
        known = store.get(OWN, "seed")
        if known is None:
            store.put(OWN, "seed", str(seed))
    if known not in (None, str(seed)):
        store.close()
        raise SandboxError("SBX-STATE-03")
    return store


def _write_ready(path: Path, accounts: dict[str, Credentials]) -> None:
    ready = {
        key: {**account.to_dict(), "first_request": first_request(key, account)}
        for key, account in accounts.items()
    }
    text = json.dumps(ready, indent=2)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text + "\n", "utf-8")
    os.replace(temporary, path)
