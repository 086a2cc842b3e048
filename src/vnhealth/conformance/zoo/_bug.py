"""A wrong client: a plain one with a single patch, and the test that has to catch it. A wrong
server: the sandbox with its answers changed on the way.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from vnhealth.conformance._keys import pki
from vnhealth.conformance._play import FACILITIES
from vnhealth.conformance._subject import InProcess, Subject, accounts
from vnhealth.conformance._target import Target
from vnhealth.conformance.clients import PlainClient, Workplace
from vnhealth.conformance.kits import client_of, kit_of
from vnhealth.sandbox import Exchange, Facility, Settings
from vnhealth.sandbox.server import SystemClock
from vnhealth.sandbox.transport import SandboxTransport

__all__ = ["Bug", "Change", "Patch", "WrongServer", "bug", "said", "said_where"]

Patch = Callable[..., Any]
Change = Callable[[httpx.Request, httpx.Response], httpx.Response]


@dataclass(frozen=True, slots=True)
class Bug:
    """One bug. ``expected`` is the test that must catch it, ``patches`` what it replaces."""

    id: str
    expected: str
    text_vi: str
    text_en: str
    patches: dict[str, Patch]
    base: type[PlainClient] = PlainClient

    def client(self, place: Workplace) -> PlainClient:
        """The plain client with this bug."""
        made = type("WrongClient", (self.base,), dict(self.patches))
        found = made(place)
        assert isinstance(found, PlainClient)
        return found

    def subject(self, seed: int) -> Subject:
        """What is put to the test."""
        return InProcess(self.client)

    def to_dict(self) -> dict[str, str]:
        """A JSON-ready object."""
        return _described(self, ", ".join(sorted(self.patches)))


def bug(
    name: str,
    expected: str,
    text_vi: str,
    text_en: str,
    *,
    base: type[PlainClient] = PlainClient,
    **patches: Patch,
) -> Bug:
    """A bug; every patch must replace a method that there is.

    >>> bug("x", "DAY", "", "", no_such_method=len)
    Traceback (most recent call last):
        ...
    AttributeError: no_such_method
    """
    for method in patches:
        if not hasattr(base, method):
            raise AttributeError(method)
    return Bug(name, expected, text_vi, text_en, patches, base)


@dataclass(frozen=True, slots=True)
class WrongServer:
    """One bug of a server. ``change`` makes of each right answer the one that it gives."""

    id: str
    expected: str
    text_vi: str
    text_en: str
    change: Change

    def subject(self, seed: int) -> Subject:
        """A sandbox of its own behind the change."""
        kit = kit_of(self.expected)
        exchange = Exchange.default(
            seed,
            clock=SystemClock(),
            facilities=[Facility(code) for code in FACILITIES],
            trust=pki(FACILITIES).trust,
            settings=Settings(verdict_delay=dt.timedelta()),
        )
        base_url = exchange.credentials(FACILITIES[0], kit.gateway).base_url
        return Target(
            base_url,
            accounts(exchange, kit.gateway, FACILITIES[0]),
            transport=_Changed(exchange, self.change),
            gateway=kit.gateway,
            probe=client_of(kit),
        )

    def to_dict(self) -> dict[str, str]:
        """A JSON-ready object."""
        return _described(self, "")


def _described(wrong: Bug | WrongServer, patched: str) -> dict[str, str]:
    return {
        "id": wrong.id,
        "kit": kit_of(wrong.expected).id,
        "bug": wrong.text_vi,
        "bug_en": wrong.text_en,
        "expected": wrong.expected,
        "patched": patched,
    }


class _Changed(httpx.BaseTransport):
    """A sandbox whose answers are changed on the way."""

    def __init__(self, exchange: Exchange, change: Change) -> None:
        self._inner = SandboxTransport(exchange)
        self._change = change

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One exchange."""
        return self._change(request, self._inner.handle_request(request))


def said(part: str, status: int, value: object) -> Change:
    """Gives one answer to all calls whose path holds a text."""
    return said_where(part, lambda request, response: True, status, value)


def said_where(
    part: str, when: Callable[[httpx.Request, httpx.Response], bool], status: int, value: object
) -> Change:
    """Gives it when a condition holds; where both are objects, members are put in place."""

    def change(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        if part not in request.url.path or not when(request, response):
            return response
        held = json.loads(response.read() or b"null")
        merged = {**held, **value} if isinstance(held, dict) and isinstance(value, dict) else value
        return httpx.Response(status, json=merged, request=request)

    return change
