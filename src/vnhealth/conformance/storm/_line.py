"""The line between the client and the sandbox, on which the client's process may die."""

from __future__ import annotations

import random

import httpx

from vnhealth.sandbox import Exchange

__all__ = ["Died", "MortalLine"]


class Died(BaseException):
    """The worker's process ended here; not an `Exception`, as nothing in the worker sees it."""


class MortalLine(httpx.BaseTransport):
    """Hands requests to an exchange. With ``chance`` the worker dies at a call: before it goes out
    or after the gateway has answered.
    """

    def __init__(self, exchange: Exchange, rng: random.Random, chance: float) -> None:
        self._inner = exchange.transport()
        self._rng = rng
        self.chance = chance
        self.deaths = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer, or die."""
        fate = self._rng.random()
        if fate < self.chance / 2:
            self.deaths += 1
            raise Died
        answer = self._inner.handle_request(request)
        if fate < self.chance:
            self.deaths += 1
            raise Died
        return answer
