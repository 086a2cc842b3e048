"""The exchange as an ASGI application: `app` gives one for uvicorn or any other server."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Protocol

from vnhealth.sandbox._exchange import Exchange
from vnhealth.sandbox._http import Request, Response, Wire
from vnhealth.sandbox.gateways.admin import problem

__all__ = ["Site", "app"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

PAUSE = 0.1
"""Seconds without a request before files are judged; also between two looks for due ones."""


Abort = Callable[[Scope], None]


class Site(Protocol):
    """Pages that share the server with the gateways."""

    def owns(self, path: str) -> bool:
        """True for the paths that are answered here."""
        ...

    def handle(self, request: Request) -> Response:
        """The answer to a request."""
        ...


def app(
    exchange: Exchange,
    *,
    judge: bool = True,
    abort: Abort | None = None,
    site: Site | None = None,
) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """An ASGI application over an exchange.

    With ``judge`` a background task makes verdicts that are due while no requests come, so that
    nobody waits for one; answers are the same without it. Requests are answered on the event loop:
    one after the other, in the order of arrival; those that wait at the same moment share one
    commit, and each is durable before its answer goes out. ``abort``
    breaks the connection of a scope; without it, a fault that does so leaves an incomplete answer.
    ``site`` answers the paths that it owns.
    """
    idle = _Idle()
    rate = _Rate(exchange)
    queue = _Queue(exchange)

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(exchange, receive, send, idle if judge else None)
        elif scope["type"] == "http":
            idle.asked = True
            answer = rate.over(scope) or await _respond(queue, scope, receive, site)
            if answer.wire is None:
                await _send(send, answer)
            else:
                await _send_faulty(_Line(scope, receive, send, abort), answer, answer.wire)

    return run


async def _respond(queue: _Queue, scope: Scope, receive: Receive, site: Site | None) -> Response:
    limit = queue.exchange.settings.max_body
    body = await _body(receive, limit)
    if body is None:
        return problem(413, "SBX-HTTP-02", limit=str(limit)).response
    headers = _headers(scope["headers"])
    request = Request(
        method=scope["method"],
        path=scope["path"],
        headers=headers,
        query=scope["query_string"].decode("latin-1"),
        body=body,
        host=headers.get("host", ""),
        address=_address(scope),
    )
    if site is not None and site.owns(request.path):
        return site.handle(request)
    return await queue.handle(request)


def _address(scope: Scope) -> str:
    """Where a request came from; empty when that is not known."""
    return str((scope.get("client") or ("",))[0])


def _headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in raw}


async def _body(receive: Receive, limit: int) -> bytes | None:
    """The whole body; None when it passes the limit or the client went away."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            return None
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


async def _send(send: Send, answer: Response) -> None:
    await _start(send, answer)
    await send({"type": "http.response.body", "body": answer.body})


async def _start(send: Send, answer: Response) -> None:
    headers = [(n.lower().encode("latin-1"), v.encode("latin-1")) for n, v in answer.headers]
    headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})


class _Rate:
    """Counts the requests of each address in the running minute of the exchange's clock."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._minute = 0
        self._counts: Counter[str] = Counter()

    def over(self, scope: Scope) -> Response | None:
        """The refusal of a request beyond the limit, else None."""
        limit = self._exchange.settings.per_minute
        if not limit:
            return None
        now = int(self._exchange.clock.now().timestamp())
        if now // 60 != self._minute:
            self._minute = now // 60
            self._counts.clear()
        address = _address(scope)
        self._counts[address] += 1
        if self._counts[address] <= limit:
            return None
        refusal = problem(429, "SBX-HTTP-08", limit=str(limit)).response
        return refusal.with_headers((("Retry-After", str(60 - now % 60)),))


class _Line:
    """One connection of a client, which a fault may break."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, abort: Abort | None) -> None:
        self.scope = scope
        self.receive = receive
        self.send = send
        self._abort = abort

    def cut(self) -> None:
        """Break the connection; what was not sent is lost."""
        if self._abort is not None:
            self._abort(self.scope)


async def _send_faulty(line: _Line, answer: Response, wire: Wire) -> None:
    """Send an answer the way a fault wants it, in real time."""
    if wire.refuse or wire.reset:
        line.cut()
        return
    if wire.silent:
        while (await line.receive())["type"] != "http.disconnect":
            pass
        return
    await asyncio.sleep(wire.delay)
    if wire.cut is not None:
        await _start(line.send, answer)
        part = answer.body[: wire.cut]
        await line.send({"type": "http.response.body", "body": part, "more_body": True})
        await asyncio.sleep(PAUSE)
        line.cut()
    elif wire.drip:
        await _start(line.send, answer)
        for byte in answer.body:
            await asyncio.sleep(1 / wire.drip)
            part = bytes((byte,))
            await line.send({"type": "http.response.body", "body": part, "more_body": True})
        await line.send({"type": "http.response.body", "body": b""})
    else:
        await _send(line.send, answer)


class _Queue:
    """Answers the requests that wait at the same moment with one commit (group commit)."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self._waiting: list[tuple[Request, asyncio.Future[Response]]] = []

    async def handle(self, request: Request) -> Response:
        """The answer to a request, once what it changed is durable."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Response] = loop.create_future()
        self._waiting.append((request, future))
        if len(self._waiting) == 1:
            loop.call_soon(self._answer)
        return await future

    def _answer(self) -> None:
        waiting, self._waiting = self._waiting, []
        try:
            answers = self.exchange.handle_together([request for request, _ in waiting])
        except Exception as error:
            for _, future in waiting:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), answer in zip(waiting, answers, strict=True):
            if not future.done():
                future.set_result(answer)


class _Idle:
    """Whether a request came since somebody looked."""

    asked = False


async def _judge(exchange: Exchange, idle: _Idle) -> None:
    while True:
        idle.asked = False
        await asyncio.sleep(PAUSE)
        while not idle.asked and exchange.settle(limit=1):
            await asyncio.sleep(0)


async def _lifespan(exchange: Exchange, receive: Receive, send: Send, idle: _Idle | None) -> None:
    task: asyncio.Task[None] | None = None
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            if idle is not None:
                task = asyncio.create_task(_judge(exchange, idle))
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
            exchange.close()
            await send({"type": "lifespan.shutdown.complete"})
            return
