"""Where a client works: its order, its line to the gateways, its clock, and what survives it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

import httpx

__all__ = ["Answer", "NoAnswer", "Task", "Workplace"]

Task = dict[str, Any]

TIMEOUT_S = 30.0


class NoAnswer(Exception):
    """Nothing came back. ``sent`` is False when the request certainly did not go out."""

    def __init__(self, *, sent: bool) -> None:
        super().__init__("no answer")
        self.sent = sent


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON, None when it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass(slots=True, repr=False)
class Workplace:
    """A work order and all that a client may use to do it.

    ``disk`` outlives the client, everything else dies with it. What a client finds it writes to
    ``disk["results.json"]``.
    """

    order: dict[str, Any]
    transport: httpx.BaseTransport
    clock: Callable[[], dt.datetime]
    sleep: Callable[[float], None]
    disk: MutableMapping[str, str]
    signers: dict[str, Any] = field(default_factory=dict)

    def send(self, method: str, url: str, headers: dict[str, str], body: bytes = b"") -> Answer:
        """One request. Raises `NoAnswer`."""
        request = httpx.Request(
            method,
            url,
            headers=headers,
            content=body if method == "POST" else None,
            extensions={"timeout": httpx.Timeout(TIMEOUT_S).as_dict()},
        )
        try:
            response = self.transport.handle_request(request)
            content = response.read()
        except (httpx.ConnectError, httpx.ConnectTimeout):
            raise NoAnswer(sent=False) from None
        except (httpx.HTTPError, OSError):
            raise NoAnswer(sent=True) from None
        return Answer(response.status_code, dict(response.headers), content)

    def __repr__(self) -> str:
        return f"<Workplace {self.order.get('case', '')}>"
