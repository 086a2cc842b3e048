"""The line between a client and the sandbox: it carries, notes every exchange, and can cut."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from vnhealth.conformance._stage import Kill
from vnhealth.sandbox import Exchange, Request, Response

__all__ = ["Heard", "Killed", "Tap", "heard"]


class Killed(BaseException):
    """The client dies here, as by kill -9: nothing of it runs on."""


@dataclass(frozen=True, slots=True, repr=False)
class Heard:
    """One request and its answer, as bytes, with what the sandbox knew of them.

    ``life`` counts the starts of the client, from 1. ``fault`` is what was injected.
    """

    n: int
    at: dt.datetime
    life: int
    request: Request = field(repr=False)
    response: Response = field(repr=False)
    gateway: str
    call: str
    code: str
    facility: str
    fault: str = ""

    def __repr__(self) -> str:
        return f"<Heard {self.n} {self.gateway}.{self.call} {self.response.status}>"


def heard(
    exchange: Exchange, n: int, request: Request, response: Response, *, life: int = 1
) -> Heard:
    """What is noted of the exchange that was answered last."""
    entry = exchange.journal[-1]
    injected = [i for i in exchange.faults.injected[-4:] if i.entry == entry.number]
    return Heard(
        n=n,
        at=entry.at,
        life=life,
        request=request,
        response=response,
        gateway=entry.gateway,
        call=entry.operation,
        code=entry.code,
        facility=entry.facility,
        fault="+".join(f"{i.fault}/{i.variant}" for i in injected),
    )


class Tap:
    """An exchange that keeps what it was asked and what it answered.

    ``kills`` are met in order; ``on_kill`` ends the client (by default `Killed` is raised into it).
    """

    def __init__(
        self,
        exchange: Exchange,
        kills: tuple[Kill, ...] = (),
        on_kill: Callable[[], None] | None = None,
    ) -> None:
        self.exchange = exchange
        self.settings = exchange.settings
        self.clock = exchange.clock
        self.heard: list[Heard] = []
        self.life = 1
        self._kills = list(kills)
        self._matched = 0
        self._on_kill = on_kill or _raise

    def handle(self, request: Request) -> Response:
        """Answer a request through the exchange."""
        kill = self._due(request)
        if kill is not None and not kill.answered:
            self._on_kill()
            return Response(503)
        response = self.exchange.handle(request)
        number = len(self.heard) + 1
        self.heard.append(heard(self.exchange, number, request, response, life=self.life))
        if kill is not None and kill.answered:
            self._on_kill()
        return response

    def handle_together(self, requests: Sequence[Request]) -> list[Response]:
        """Answer several that came at the same time, one after the other."""
        return [self.handle(request) for request in requests]

    def _due(self, request: Request) -> Kill | None:
        if not self._kills:
            return None
        kill = self._kills[0]
        if kill.call and kill.call not in request.path:
            return None
        self._matched += 1
        if self._matched < kill.nth:
            return None
        self._kills.pop(0)
        self._matched = 0
        return kill

    def settle(self, *, limit: int | None = None) -> int:
        """See `Exchange.settle`."""
        return self.exchange.settle(limit=limit)

    def close(self) -> None:
        """The exchange stays open: it is looked at when the client is done."""


def _raise() -> None:
    raise Killed
