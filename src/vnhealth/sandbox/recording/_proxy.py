"""A local reverse proxy that records: for systems in any language, which get another base URL."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from pathlib import Path

import httpx

from vnhealth.errors import SandboxError
from vnhealth.sandbox.asgi import Message, Receive, Scope, Send
from vnhealth.sandbox.gateways.admin import problem
from vnhealth.sandbox.recording._cassette import Cassette
from vnhealth.sandbox.recording._transport import AsyncRecordingTransport
from vnhealth.sandbox.server import OPTIONS, listen, uvicorn_classes

__all__ = ["proxy", "serve_proxy"]

HOST = "127.0.0.1"
PATIENCE = 120.0
MAX_BODY = 64 * 1024 * 1024
_OF_ONE_LINE = frozenset(
    {b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"te"}
    | {b"trailer", b"transfer-encoding", b"upgrade", b"host", b"content-length"}
)
Headers = Iterable[tuple[bytes, bytes]]


def proxy(
    base_url: str, cassette: Cassette, transport: httpx.AsyncBaseTransport | None = None
) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """An ASGI application that passes every request on to ``base_url`` and records it.

    Headers of one line only (Connection, Host and the like) are not passed on. What cannot be
    reached is answered 502 (SBX-REC-05), a body over 64 MiB 413. Raises `SandboxError` (SBX-REC-04)
    for a base URL that is none.
    """
    url = httpx.URL(base_url)
    if url.scheme not in ("http", "https") or not url.host or url.query or url.fragment:
        raise SandboxError("SBX-REC-04")
    through = AsyncRecordingTransport(transport or httpx.AsyncHTTPTransport(), cassette)

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = await _body(receive)
        if body is None:
            refusal = problem(413, "SBX-HTTP-02", limit=str(MAX_BODY)).response
            await _send(send, 413, _wire(refusal.headers), refusal.body)
            return
        request = httpx.Request(
            scope["method"],
            _target(url, scope),
            headers=[*_passed(scope["headers"])],
            content=body,
            extensions={"timeout": httpx.Timeout(PATIENCE).as_dict()},
        )
        try:
            answer = await through.handle_async_request(request)
        except httpx.TransportError:
            failure = problem(502, "SBX-REC-05").response
            await _send(send, 502, _wire(failure.headers), failure.body)
            return
        raw = b"".join([part async for part in answer.aiter_raw()])
        await _send(send, answer.status_code, _passed(answer.headers.raw), raw)

    return run


def serve_proxy(
    base_url: str,
    cassette: Cassette,
    *,
    port: int,
    ready: Callable[[str], None],
    ready_file: str | os.PathLike[str] | None = None,
) -> None:
    """Run the proxy on this machine (127.0.0.1) until it is stopped.

    ``ready`` is called with its address before the first request; ``ready_file`` gets it too.
    Raises `SandboxError`: SBX-SERVE-01 without uvicorn, SBX-SERVE-02 when the port is taken.
    """
    server_class, config_class = uvicorn_classes()
    served = proxy(base_url, cassette)
    with listen(HOST, port) as listening:
        address = f"http://{HOST}:{listening.getsockname()[1]}"
        server = server_class(config_class(served, **{**OPTIONS, "lifespan": "off"}))
        if ready_file is not None:
            Path(ready_file).write_text(address + "\n", "utf-8")
        ready(address)
        with suppress(KeyboardInterrupt):
            asyncio.run(server.serve(sockets=[listening]))


def _target(base: httpx.URL, scope: Scope) -> httpx.URL:
    """The place at the gateway; the path is passed on as it was written."""
    path = base.raw_path.rstrip(b"/") + scope.get("raw_path", scope["path"].encode())
    query: bytes = scope["query_string"]
    return base.copy_with(raw_path=path + (b"?" + query if query else b""))


def _passed(headers: Headers) -> list[tuple[bytes, bytes]]:
    return [(name, value) for name, value in headers if name.lower() not in _OF_ONE_LINE]


def _wire(headers: Iterable[tuple[str, str]]) -> Headers:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]


async def _body(receive: Receive) -> bytes | None:
    """The whole body, or None when it is too large."""
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message: Message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        more = message.get("more_body", False)
        if size > MAX_BODY:
            return None
    return b"".join(parts)


async def _send(send: Send, status: int, headers: Headers, body: bytes) -> None:
    length = (b"content-length", str(len(body)).encode())
    lowered = [(name.lower(), value) for name, value in headers]
    start = {"type": "http.response.start", "status": status, "headers": [*lowered, length]}
    await send(start)
    await send({"type": "http.response.body", "body": body})
