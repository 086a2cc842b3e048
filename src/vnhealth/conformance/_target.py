"""A server under test: the kit's own client speaks to it, a line in between hears everything."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any, cast

import httpx

from vnhealth.conformance._keys import Pki
from vnhealth.conformance._line import Heard, Tap
from vnhealth.conformance._model import Reason, Scenario
from vnhealth.conformance._stage import Staged
from vnhealth.conformance._subject import Results, work_order
from vnhealth.conformance.clients import Workplace
from vnhealth.conformance.clients._probe import ProbeClient
from vnhealth.errors import ConformanceError
from vnhealth.protocol import gateways
from vnhealth.sandbox import Clock, Exchange, Request, Response
from vnhealth.sandbox.server import SystemClock

__all__ = ["Target"]


class _Line(httpx.BaseTransport):
    """Carries requests to the server and keeps them with their answers."""

    def __init__(self, inner: httpx.BaseTransport, prefix: str, clock: Clock) -> None:
        self._inner = inner
        self._prefix = prefix
        self._clock = clock
        self._calls = {e.path.lower(): name for name, e in gateways()["vss"].endpoints.items()}
        self.heard: list[Heard] = []
        self.life = 1

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One exchange. A failed one is kept too, with status 0."""
        try:
            response = self._inner.handle_request(request)
            body, status = response.read(), response.status_code
        except httpx.HTTPError:
            self._keep(request, 0, b"")
            raise
        self._keep(request, status, body)
        return httpx.Response(status, headers=response.headers, content=body, request=request)

    def _keep(self, request: httpx.Request, status: int, body: bytes) -> None:
        path = request.url.path.removeprefix(self._prefix)
        try:
            code = str(json.loads(body).get("maKetQua", ""))
        except (ValueError, AttributeError):
            code = ""
        asked = Request(
            request.method,
            path,
            dict(request.headers),
            request.url.query.decode("ascii"),
            request.read(),
        )
        self.heard.append(
            Heard(
                n=len(self.heard) + 1,
                at=self._clock.now(),
                life=1,
                request=asked,
                response=Response(status, body),
                gateway="vss",
                call=self._calls.get(path.lower(), ""),
                code=code,
                facility="",
            )
        )


class Target:
    """A server of the insurance gateway's kind at an address.

    ``account`` has username, password and facility (one for which the kit has no say in who it is:
    the staged records take its code). The kit's test certificates must be trusted by the server, or
    its signature check be off.
    """

    kind = "server_target"
    real_time = True

    def __init__(
        self,
        base_url: str,
        account: Mapping[str, str],
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        missing = [n for n in ("username", "password", "facility") if not account.get(n)]
        if missing:
            raise ConformanceError("ERR-CERT-10", what=", ".join(missing))
        self._base_url = base_url.rstrip("/")
        self._account = dict(account)
        self._transport = transport

    def cannot(self, scenario: Scenario, staged: Staged) -> Reason | None:
        """A server is asked everything."""
        return None

    def clock(self, start: dt.datetime) -> Clock:
        """The clock of the machine."""
        return SystemClock()

    def run(self, staged: Staged, exchange: Exchange, pki: Pki) -> tuple[Tap, Results]:
        """See `Subject`."""
        import time

        clock = SystemClock()
        inner = self._transport or httpx.HTTPTransport()
        line = _Line(inner, httpx.URL(self._base_url).path, clock)
        order: dict[str, Any] = work_order(staged, exchange, "http://target.invalid", clock.now())
        order["gateways"] = {"vss": {"base_url": self._base_url, "accounts": [self._account]}}
        disk: dict[str, str] = {}
        place = Workplace(
            order=json.loads(json.dumps(order)),
            transport=line,
            clock=clock.now,
            sleep=time.sleep,
            disk=disk,
            signers=dict(pki.signers),
        )
        ProbeClient(place).run()
        if self._transport is None:
            inner.close()
        return cast(Tap, line), Results.of(disk.get("results.json"))
