"""Requests, answers and plans without any HTTP library.

A plan is a generator: it yields steps (send this, wait so long, do this one at a time), is given
what came of each, and returns a typed result. `vnhealth.sync._drivers` runs plans, blocking or on
an event loop; nothing else differs between the two kinds of client.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, TypeAlias, TypeVar

__all__ = ["Guarded", "HttpAnswer", "HttpRequest", "Lost", "Plan", "Send", "Step", "Wait"]

T = TypeVar("T")

REQUEST_ID_HEADERS = ("x-request-id", "x-hoc-tracking-id", "x-correlation-id")


@dataclass(frozen=True, slots=True, repr=False)
class HttpRequest:
    """One request; ``target`` is path and query, percent-encoded. Its repr shows no part of it.

    ``origin`` is empty unless it goes to another host than the account's.
    """

    name: str
    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    origin: str = ""

    def __repr__(self) -> str:
        return f"<HttpRequest {self.name} {len(self.body)} bytes>"


@dataclass(frozen=True, slots=True, repr=False)
class HttpAnswer:
    """One answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def document(self) -> dict[str, Any] | None:
        r"""The body as a JSON object, or None.

        Taken as well: a byte-order mark, text that is not quite UTF-8, an object inside a JSON
        string (as some ASP.NET services answer).

        >>> HttpAnswer(200, body=b'\xef\xbb\xbf{"a": 1}').document()
        {'a': 1}
        >>> HttpAnswer(200, body=b'"{}"').document(), HttpAnswer(200, body=b"<html>").document()
        ({}, None)
        """
        value: Any = self.body
        for _ in range(2):
            value = _parsed(value)
            if not isinstance(value, str):
                break
        return value if isinstance(value, dict) else None

    @property
    def date(self) -> dt.datetime | None:
        """The server's clock by the header Date, aware, or None."""
        try:
            found = parsedate_to_datetime(self.headers.get("date", ""))
        except (ValueError, TypeError):
            return None
        return found if found.tzinfo else found.replace(tzinfo=dt.UTC)

    @property
    def retry_after_s(self) -> float | None:
        """Seconds to wait by the header Retry-After (a number or a date), or None."""
        text = self.headers.get("retry-after", "").strip()
        if text.isascii() and text.isdigit():
            return float(text[:9])
        sent = self.date
        try:
            until = parsedate_to_datetime(text)
        except (ValueError, TypeError):
            return None
        if sent is None:
            return None
        if until.tzinfo is None:
            until = until.replace(tzinfo=dt.UTC)
        return max((until - sent).total_seconds(), 0.0)

    @property
    def request_id(self) -> str:
        """The number that the gateway gave this exchange, for its support desk; may be empty."""
        found = (self.headers.get(name, "") for name in REQUEST_ID_HEADERS)
        return next((value[:100] for value in found if value), "")

    def __repr__(self) -> str:
        return f"<HttpAnswer {self.status} {len(self.body)} bytes>"


def _parsed(value: str | bytes) -> Any:
    if isinstance(value, str):
        text = value
    else:
        try:
            text = value.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = value.decode("utf-8", "replace")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


@dataclass(frozen=True, slots=True)
class Lost:
    """There is no answer. ``sent`` is False only when the request certainly did not go out.

    ``reason`` is one of connect, tls, connect_timeout, timeout, broken, too_large.
    """

    reason: str
    sent: bool


@dataclass(frozen=True, slots=True)
class Send:
    """Step: send a request; gives `HttpAnswer` or `Lost`. ``attempt`` counts from 1."""

    request: HttpRequest
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Wait:
    """Step: let time pass; gives None."""

    seconds: float


@dataclass(frozen=True, slots=True, repr=False)
class Guarded:
    """Step: run a plan while no other guarded plan of this client runs; gives its result."""

    plan: Plan[Any]


Step: TypeAlias = Send | Wait | Guarded
Plan: TypeAlias = Generator[Step, Any, T]
