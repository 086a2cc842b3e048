"""httpx transports that record what passes through another transport."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from typing import cast

import httpx

from vnhealth.sandbox._http import Request, Response
from vnhealth.sandbox.recording._cassette import Cassette

__all__ = ["AsyncRecordingTransport", "RecordingTransport"]


class RecordingTransport(httpx.BaseTransport):
    """Passes everything on to ``inner``, unchanged, and adds each exchange to the cassette.

    >>> import tempfile, pathlib
    >>> from vnhealth.sandbox import Exchange
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "session.jsonl"
    >>> through = RecordingTransport(Exchange.default(seed=7).transport(), Cassette(path))
    >>> with httpx.Client(transport=through, base_url="http://sandbox.invalid/vss") as client:
    ...     status = client.post("/api/token/take", data={"username": "an"}).status_code
    >>> [(found.gateway, found.operation) for found in Cassette.read(path)]
    [('vss', 'login')]
    """

    def __init__(self, inner: httpx.BaseTransport, cassette: Cassette) -> None:
        self._inner = inner
        self._cassette = cassette

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Pass a request on and record it with its answer, or with the failure of the line."""
        asked = _request(request, request.read())
        try:
            response = self._inner.handle_request(request)
            raw = b"".join(_stream(response))
        except httpx.TransportError as error:
            self._cassette.add(asked, None, type(error).__name__)
            raise
        response.close()
        return _record(self._cassette, asked, response, raw)

    def close(self) -> None:
        """Close the transport inside."""
        self._inner.close()


class AsyncRecordingTransport(httpx.AsyncBaseTransport):
    """The same for `httpx.AsyncClient`."""

    def __init__(self, inner: httpx.AsyncBaseTransport, cassette: Cassette) -> None:
        self._inner = inner
        self._cassette = cassette

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass a request on and record it with its answer, or with the failure of the line."""
        asked = _request(request, await request.aread())
        try:
            response = await self._inner.handle_async_request(request)
            raw = b"".join([part async for part in _async_stream(response)])
        except httpx.TransportError as error:
            self._cassette.add(asked, None, type(error).__name__)
            raise
        await response.aclose()
        return _record(self._cassette, asked, response, raw)

    async def aclose(self) -> None:
        """Close the transport inside."""
        await self._inner.aclose()


def _stream(response: httpx.Response) -> Iterable[bytes]:
    return cast("httpx.SyncByteStream", response.stream)


def _async_stream(response: httpx.Response) -> AsyncIterable[bytes]:
    return cast("httpx.AsyncByteStream", response.stream)


def _request(request: httpx.Request, body: bytes) -> Request:
    url = request.url
    query = url.query.decode("ascii")
    return Request(request.method, url.path, request.headers, query, body, url.host)


def _record(
    cassette: Cassette, asked: Request, response: httpx.Response, raw: bytes
) -> httpx.Response:
    """Record an answer as it reads decoded; give it on as it came."""
    decoded = httpx.Response(response.status_code, headers=response.headers, content=raw)
    cassette.add(asked, Response(response.status_code, decoded.content, _pairs(response)))
    return httpx.Response(
        response.status_code,
        headers=response.headers,
        stream=httpx.ByteStream(raw),
        extensions=response.extensions,
    )


def _pairs(response: httpx.Response) -> tuple[tuple[str, str], ...]:
    return tuple(response.headers.multi_items())
