"""httpx transports into an exchange: no socket, no server, the same state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from vnhealth.sandbox._http import Request

if TYPE_CHECKING:
    from vnhealth.sandbox._exchange import Exchange

__all__ = ["AsyncSandboxTransport", "SandboxTransport"]


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
    headers = [*answer.headers, ("Content-Length", str(len(answer.body)))]
    return httpx.Response(answer.status, headers=headers, content=answer.body, request=request)


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
