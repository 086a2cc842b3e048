"""A server under test: the kit's own client speaks to it, a line in between hears everything."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import httpx

from vnhealth.conformance._keys import Pki
from vnhealth.conformance._line import Heard, Tap
from vnhealth.conformance._model import Reason, Scenario
from vnhealth.conformance._stage import Staged
from vnhealth.conformance._subject import Client, Results, work_order
from vnhealth.conformance.clients import Workplace
from vnhealth.conformance.clients._probe import ProbeClient
from vnhealth.errors import ConformanceError
from vnhealth.protocol import gateways
from vnhealth.sandbox import Clock, Exchange, Request, Response
from vnhealth.sandbox.server import SystemClock

__all__ = ["Target"]


class _Line(httpx.BaseTransport):
    """Carries requests to the server and keeps them with their answers."""

    def __init__(self, inner: httpx.BaseTransport, prefix: str, clock: Clock, gateway: str) -> None:
        self._inner = inner
        self._prefix = prefix
        self._clock = clock
        self._gateway = gateway
        endpoints = gateways()[gateway].endpoints.items()
        self._calls = {e.path.lower().partition("{")[0]: name for name, e in endpoints}
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
                gateway=self._gateway,
                call=self._call(path.lower()),
                code=_code(body, status),
                facility="",
            )
        )

    def _call(self, path: str) -> str:
        """The name of a call; paths that end in a value are known by what stands before it."""
        known = self._calls.get(path)
        begins = (
            name for start, name in self._calls.items() if start.endswith("/") and start in path
        )
        return known or next(begins, "")


def _code(body: bytes, status: int) -> str:
    """The result code of an answer: in the body at most gateways, else the status."""
    try:
        said = json.loads(body)
    except ValueError:
        return ""
    named = said if isinstance(said, dict) else {}
    return str(named.get("maKetQua") or named.get("code") or status)


Account = Mapping[str, str]


class Target:
    """A server at an address that is of the kind of a gateway.

    ``account`` has username, password and facility (any: the staged records take its code); a list
    of them with roles where the gateway wants several. The kit's test certificates must be trusted
    by the server, or its signature check be off. ``probe`` is the client of the kit that asks it.
    """

    kind = "server_target"
    real_time = True

    def __init__(
        self,
        base_url: str,
        account: Account | Sequence[Account],
        transport: httpx.BaseTransport | None = None,
        *,
        gateway: str = "vss",
        probe: Callable[[Workplace], Client] = ProbeClient,
    ) -> None:
        self._accounts = [dict(a) for a in ([account] if isinstance(account, Mapping) else account)]
        names = ("username", "password", "facility")
        missing = dict.fromkeys(n for a in self._accounts or [{}] for n in names if not a.get(n))
        if missing:
            raise ConformanceError("ERR-CERT-10", what=", ".join(missing))
        self._base_url = base_url.rstrip("/")
        self._transport = transport
        self._gateway = gateway
        self._probe = probe

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
        line = _Line(inner, httpx.URL(self._base_url).path, clock, self._gateway)
        order: dict[str, Any] = work_order(staged, exchange, "http://target.invalid", clock.now())
        at = {"base_url": self._base_url, "accounts": self._accounts}
        order["gateways"] = {self._gateway: at}
        home, given = staged.stage.facilities[0], self._accounts[0]["facility"]
        disk: dict[str, str] = {}
        place = Workplace(
            order=json.loads(json.dumps(order).replace(f'"{home}"', f'"{given}"')),
            transport=line,
            clock=clock.now,
            sleep=time.sleep,
            disk=disk,
            signers={given: pki.signers[home]},
        )
        self._probe(place).run()
        if self._transport is None:
            inner.close()
        return cast(Tap, line), Results.of(disk.get("results.json"))
