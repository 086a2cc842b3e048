"""httpx transports into an exchange: no socket, no server, the same state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from vnhealth.sandbox._clock import VirtualClock
from vnhealth.sandbox._http import Request, Response, Wire

if TYPE_CHECKING:
    from vnhealth.sandbox._exchange import Exchange

__all__ = ["AsyncSandboxTransport", "SandboxTransport"]

LONG = 60.0
"""Seconds that a client without a time limit is kept waiting for an answer that never comes."""


def _answer(exchange: Exchange, request: httpx.Request, body: bytes) -> httpx.Response:
    url = request.url
    answer = exchange.handle(
        Request(
            method=request.method,
            path=url.path,
            headers=request.headers,
            query=url.query.decode("ascii"),
            body=body,
            host=url.host,
        )
    )
    if answer.wire is not None:
        _carry(exchange, request, answer)
    headers = [*answer.headers, ("Content-Length", str(len(answer.body)))]
    return httpx.Response(answer.status, headers=headers, content=answer.body, request=request)


def _carry(exchange: Exchange, request: httpx.Request, answer: Response) -> None:
    """What a fault does on the line; time passes on the clock of the exchange only."""
    wire = answer.wire or Wire()
    patience = (request.extensions.get("timeout") or {}).get("read")
    if wire.refuse:
        raise httpx.ConnectError("connection refused by the fault plan", request=request)
    if wire.reset:
        raise httpx.ReadError("connection reset by the fault plan", request=request)
    length = wire.delay + (len(answer.body) / wire.drip if wire.drip else 0.0)
    if wire.silent or (patience is not None and length >= patience):
        _pass(exchange, LONG if patience is None else patience)
        raise httpx.ReadTimeout("no answer in time", request=request)
    _pass(exchange, length)
    if wire.cut is not None:
        raise httpx.RemoteProtocolError("the answer was cut by the fault plan", request=request)


def _pass(exchange: Exchange, seconds: float) -> None:
    if isinstance(exchange.clock, VirtualClock):
        exchange.clock.advance(seconds=seconds)


class SandboxTransport(httpx.BaseTransport):
    """For `httpx.Client`.

    >>> from vnhealth.sandbox import Exchange
    >>> ex = Exchange.default(seed=7)
    >>> who = ex.credentials("01001", "province")
    >>> with httpx.Client(transport=ex.transport(), base_url=who.base_url) as client:
    ...     reply = client.post("/api/xac-thuc/token",
    ...                         json={"username": who.username, "password": who.password})
    >>> reply.json()["code"]
    'OK'
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request of a client."""
        return _answer(self._exchange, request, request.read())


class AsyncSandboxTransport(httpx.AsyncBaseTransport):
    """For `httpx.AsyncClient`."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request of a client."""
        return _answer(self._exchange, request, await request.aread())
