"""The only module that talks HTTP: runs plans over an httpx transport, blocking or on a loop.

httpx transports are used without a `httpx.Client` around them: the client would write every address
with its query (and so MA_LK) into the log, follow redirects, keep cookies and read proxies from the
environment. None of that is wanted here.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import anyio
import httpx

from vnhealth.errors import VnHealthError
from vnhealth.sync._retry import Timeouts
from vnhealth.sync._wire import Guarded, HttpAnswer, HttpRequest, Lost, Plan, Send, Wait

__all__ = ["AsyncDriver", "SyncDriver"]

T = TypeVar("T")

MAX_ANSWER = 32 * 2**20
"""Largest answer that is read."""


class _TooLarge(Exception):
    pass


class _Driver:
    """What both drivers share."""

    def __init__(self, origin: str, timeouts: Timeouts) -> None:
        self._origin = origin
        self._timeouts = timeouts
        limit = httpx.Timeout(timeouts.total_s, connect=timeouts.connect_s)
        self._extensions = {"timeout": limit.as_dict()}

    def _request(self, request: HttpRequest) -> httpx.Request:
        return httpx.Request(
            request.method,
            (request.origin or self._origin) + request.target,
            headers=dict(request.headers),
            content=request.body if request.method != "GET" else None,
            extensions=self._extensions,
        )


def _answer(response: httpx.Response, body: bytes) -> HttpAnswer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return HttpAnswer(response.status_code, headers, body)


def _lost(error: Exception) -> Lost:
    """From what a transport raised; only a failed connection is certain not to have sent."""
    if isinstance(error, _TooLarge):
        return Lost("too_large", sent=True)
    if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
        return Lost("connect_timeout", sent=False)
    if isinstance(error, httpx.ConnectError | httpx.ProxyError | httpx.UnsupportedProtocol):
        text = str(error)
        return Lost("tls" if "SSL" in text or "TLS" in text else "connect", sent=False)
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return Lost("timeout", sent=True)
    return Lost("broken", sent=True)


def _secure(verify: ssl.SSLContext | None) -> ssl.SSLContext | bool:
    return True if verify is None else verify


class SyncDriver(_Driver):
    """Runs plans in the calling thread."""

    def __init__(
        self,
        origin: str,
        timeouts: Timeouts,
        transport: httpx.BaseTransport | None,
        *,
        sleep: Callable[[float], None],
        verify: ssl.SSLContext | None,
        proxy: str | None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(origin, timeouts)
        self._own = transport is None
        self._transport = transport or httpx.HTTPTransport(verify=_secure(verify), proxy=proxy)
        self._sleep = sleep
        self._monotonic = monotonic
        self._lock = threading.Lock()

    def run(self, plan: Plan[T]) -> T:
        """Run a plan to its end."""
        step: Callable[[], Any] = lambda: next(plan)  # noqa: E731
        while True:
            try:
                wanted = step()
            except StopIteration as stop:
                result: T = stop.value
                return result
            try:
                got = self._do(wanted)
            except VnHealthError as error:
                step = _thrower(plan, error)
            else:
                step = _sender(plan, got)

    def _do(self, step: Send | Wait | Guarded) -> Any:
        if isinstance(step, Send):
            return self._exchange(step.request)
        if isinstance(step, Wait):
            return self._sleep(step.seconds)
        with self._lock:
            return self.run(step.plan)

    def _exchange(self, request: HttpRequest) -> HttpAnswer | Lost:
        until = self._monotonic() + self._timeouts.total_s
        try:
            response = self._transport.handle_request(self._request(request))
            try:
                return _answer(response, self._read(response, until))
            finally:
                response.close()
        except (httpx.RequestError, OSError, _TooLarge) as error:
            return _lost(error)

    def _read(self, response: httpx.Response, until: float) -> bytes:
        body = bytearray()
        for piece in response.iter_bytes():
            body += piece
            if len(body) > MAX_ANSWER:
                raise _TooLarge
            if self._monotonic() > until:
                raise TimeoutError
        return bytes(body)

    def close(self) -> None:
        """Close the connections, unless the transport was given by the caller."""
        if self._own:
            self._transport.close()


class AsyncDriver(_Driver):
    """Runs plans on an event loop (asyncio, or trio where anyio finds it)."""

    def __init__(
        self,
        origin: str,
        timeouts: Timeouts,
        transport: httpx.AsyncBaseTransport | None,
        *,
        sleep: Callable[[float], Awaitable[None]],
        verify: ssl.SSLContext | None,
        proxy: str | None,
    ) -> None:
        super().__init__(origin, timeouts)
        self._own = transport is None
        self._transport = transport or httpx.AsyncHTTPTransport(verify=_secure(verify), proxy=proxy)
        self._sleep = sleep
        self._lock = anyio.Lock()

    async def run(self, plan: Plan[T]) -> T:
        """Run a plan to its end."""
        step: Callable[[], Any] = lambda: next(plan)  # noqa: E731
        while True:
            try:
                wanted = step()
            except StopIteration as stop:
                result: T = stop.value
                return result
            try:
                got = await self._do(wanted)
            except VnHealthError as error:
                step = _thrower(plan, error)
            else:
                step = _sender(plan, got)

    async def _do(self, step: Send | Wait | Guarded) -> Any:
        if isinstance(step, Send):
            return await self._exchange(step.request)
        if isinstance(step, Wait):
            return await self._sleep(step.seconds)
        async with self._lock:
            return await self.run(step.plan)

    async def _exchange(self, request: HttpRequest) -> HttpAnswer | Lost:
        try:
            with anyio.fail_after(self._timeouts.total_s):
                response = await self._transport.handle_async_request(self._request(request))
                try:
                    return _answer(response, await self._read(response))
                finally:
                    await response.aclose()
        except (httpx.RequestError, OSError, _TooLarge) as error:
            return _lost(error)

    async def _read(self, response: httpx.Response) -> bytes:
        body = bytearray()
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) > MAX_ANSWER:
                raise _TooLarge
        return bytes(body)

    async def close(self) -> None:
        """Close the connections, unless the transport was given by the caller."""
        if self._own:
            await self._transport.aclose()


def _sender(plan: Plan[Any], got: Any) -> Callable[[], Any]:
    return lambda: plan.send(got)


def _thrower(plan: Plan[Any], error: VnHealthError) -> Callable[[], Any]:
    return lambda: plan.throw(error)
