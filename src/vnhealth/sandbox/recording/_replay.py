"""Replay a cassette against the sandbox, with invented values, and list what it answers otherwise.

Only what a shape can show is compared: status, keys and their order, types, result codes. Where a
verdict hangs on values (a name, a signature, a price), the invented ones may get another; that is
reported as not certain.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from vnhealth.errors import SandboxError
from vnhealth.protocol import gateways
from vnhealth.sandbox._clock import VirtualClock
from vnhealth.sandbox._exchange import Exchange
from vnhealth.sandbox.recording._cassette import Cassette, Recorded, answer_shape
from vnhealth.sandbox.recording._compare import NOT_EMULATED, Difference, compare
from vnhealth.sandbox.recording._route import Route
from vnhealth.sandbox.recording._shape import Memory
from vnhealth.sandbox.recording._synthetic import Forge

__all__ = ["Drift", "replay"]


@dataclass(frozen=True, slots=True)
class Drift:
    """What a replay found.

    ``exchanges`` were in the cassette, ``compared`` had an answer to compare; the rest were
    failures of the line.
    """

    exchanges: int
    compared: int
    differences: tuple[Difference, ...]

    @property
    def certain(self) -> tuple[Difference, ...]:
        """Those that no value can explain."""
        return tuple(found for found in self.differences if found.certain)

    @property
    def clean(self) -> bool:
        """True when nothing certain was found."""
        return not self.certain

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: counts, and the differences in the order of the cassette."""
        return {
            "exchanges": self.exchanges,
            "compared": self.compared,
            "certain": len(self.certain),
            "uncertain": len(self.differences) - len(self.certain),
            "differences": [found.to_dict() for found in self.differences],
        }


def replay(cassette: str | os.PathLike[str] | Iterable[Recorded], exchange: Exchange) -> Drift:
    """Send requests of the shapes of a cassette to an exchange, in order, and compare the answers.

    Virtual time passes as it did in the session, where the cassette has times. The exchange keeps
    what it was sent: use one of its own. Raises `SandboxError` (SBX-REC-02) for a file that is no
    cassette.
    """
    if isinstance(cassette, str | os.PathLike):
        cassette = Cassette.read(cassette)
    return _Replay(exchange).run(cassette)


class _Replay:
    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._forges: dict[str, Forge] = {}
        self._answers: dict[int, Any] = {}
        self._passed = 0.0

    def run(self, lines: Iterable[Recorded]) -> Drift:
        exchanges = compared = 0
        differences: list[Difference] = []
        for recorded in lines:
            exchanges += 1
            compared += recorded.answer is not None
            self._wait(recorded)
            try:
                differences += self._differences(recorded)
            except (LookupError, TypeError, ValueError, AttributeError):
                raise SandboxError("SBX-REC-02", line=recorded.number) from None
        return Drift(exchanges, compared, tuple(differences))

    def _wait(self, recorded: Recorded) -> None:
        if recorded.after is not None and isinstance(self._exchange.clock, VirtualClock):
            self._exchange.clock.advance(seconds=max(recorded.after - self._passed, 0.0))
            self._passed = max(recorded.after, self._passed)

    def _differences(self, recorded: Recorded) -> Iterator[Difference]:
        known = gateways().get(recorded.gateway)
        endpoint = known.endpoints.get(recorded.operation) if known else None
        if endpoint is None:
            if recorded.answer is not None:
                status = str(recorded.answer["status"])
                operation = recorded.gateway or "?"
                yield Difference(NOT_EMULATED, recorded.number, operation, "$", status, "501")
            return
        forge = self._forge(recorded.gateway)
        if endpoint.auth != "none":
            self._log_in(forge)
        answer = self._exchange.handle(forge.request(recorded, endpoint))
        value = _json(answer.body)
        self._answers[recorded.number] = value
        if endpoint.name.startswith(("login", "refresh")) and answer.status == 200:
            forge.learn(value)
        if recorded.answer is not None:
            shape = answer_shape(answer, Route(recorded.gateway, endpoint), Memory())
            yield from compare(recorded, shape)

    def _forge(self, gateway: str) -> Forge:
        if gateway not in self._forges:
            self._forges[gateway] = Forge(self._exchange, gateway, self._answers)
        return self._forges[gateway]

    def _log_in(self, forge: Forge) -> None:
        """For sessions whose login is not in the cassette."""
        request = forge.login()
        if request is not None:
            forge.learn(_json(self._exchange.handle(request).body))


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
