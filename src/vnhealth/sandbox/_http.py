"""Requests and answers without any HTTP library: what the core of the sandbox sees."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

from vnhealth.errors import SandboxError

__all__ = ["BadBody", "Request", "Response", "Wire"]

JSON = "application/json; charset=utf-8"
MAX_FIELDS = 64


class BadBody(Exception):
    """The body is not what its content type says; holds no part of it."""


@dataclass(frozen=True, slots=True, repr=False)
class Request:
    """One request. Header names are compared without case; ``query`` has no question mark.

    ``address`` is where it came from; empty in process.

    >>> r = Request("POST", "/vss/api/token/take", {"Content-Type": "application/json"}, body=b"{}")
    >>> r.header("content-type"), r.json()
    ('application/json', {})
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    query: str = ""
    body: bytes = b""
    host: str = ""
    address: str = ""

    def __post_init__(self) -> None:
        lowered = {name.lower(): value for name, value in self.headers.items()}
        object.__setattr__(self, "headers", lowered)

    def header(self, name: str) -> str:
        """The value of a header, or an empty text."""
        return self.headers.get(name.lower(), "")

    @property
    def content_type(self) -> str:
        """The media type without its parameters, in lower case."""
        return self.header("content-type").partition(";")[0].strip().lower()

    def params(self) -> dict[str, str]:
        """The query as text by name (the last of equal names counts)."""
        try:
            return dict(parse_qsl(self.query, keep_blank_values=True, max_num_fields=MAX_FIELDS))
        except ValueError:
            raise BadBody from None

    def form(self) -> dict[str, bytes]:
        """The fields of a form body, percent-decoded. Raises `BadBody`."""
        found: dict[str, bytes] = {}
        pairs = self.body.split(b"&", MAX_FIELDS)
        if len(pairs) > MAX_FIELDS:
            raise BadBody
        for pair in pairs:
            name, _, value = pair.partition(b"=")
            if name:
                key = unquote_to_bytes(name.replace(b"+", b" ")).decode("utf-8", "replace")
                found[key] = unquote_to_bytes(value.replace(b"+", b" "))
        return found

    def json(self) -> Any:
        """The body as JSON. Raises `BadBody`."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise BadBody from None

    def fields(self) -> dict[str, str | bytes]:
        """Fields of a JSON object when type or body say so, else of a form.

        Values of other types than text and number are left out. Raises `BadBody`.
        """
        if self.body[:1] != b"{" and "json" not in self.content_type:
            return dict(self.form())
        value = self.json()
        if not isinstance(value, dict) or len(value) > MAX_FIELDS:
            raise BadBody
        return {
            key: found if isinstance(found, str) else str(found)
            for key, found in value.items()
            if isinstance(found, str | int) and not isinstance(found, bool)
        }

    def __repr__(self) -> str:
        return f"<Request {self.method[:10]} {len(self.body)} bytes>"


@dataclass(frozen=True, slots=True)
class Wire:
    """What happens to an answer on its way; the fronts carry it out.

    ``refuse``: no connection. ``reset``: the line breaks before the first byte. ``silent``: nothing
    comes until the client gives up. ``delay``: seconds before the answer. ``cut``: bytes of the
    body after which the line breaks. ``drip``: bytes per second. ``skew``: seconds by which the
    Date header is ahead.
    """

    refuse: bool = False
    reset: bool = False
    silent: bool = False
    delay: float = 0.0
    cut: int | None = None
    drip: float = 0.0
    skew: float = 0.0

    @classmethod
    def named(cls, text: str) -> Wire:
        """From a name and an amount.

        >>> Wire.named("cut:20").cut, Wire.named("silent").silent
        (20, True)
        """
        name, _, amount = text.partition(":")
        match name:
            case "latency":
                return cls(delay=float(amount))
            case "cut":
                return cls(cut=int(amount))
            case "drip":
                return cls(drip=float(amount))
            case "refuse" | "reset" | "silent":
                return cls(**{name: True})
            case _:
                raise ValueError("no such effect")


@dataclass(frozen=True, slots=True, repr=False)
class Response:
    """One answer. Header names are as they go on the wire; ``wire`` is what a fault does to it.

    >>> Response(200, b'{"a":1}').json()
    {'a': 1}
    """

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = (("Content-Type", JSON),)
    wire: Wire | None = None

    def json(self) -> Any:
        """The body as JSON. Raises `SandboxError` (SBX-HTTP-05) when it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            raise SandboxError("SBX-HTTP-05") from None

    def header(self, name: str) -> str:
        """The value of a header, or an empty text."""
        wanted = name.lower()
        return next((v for n, v in self.headers if n.lower() == wanted), "")

    def with_headers(self, more: Iterable[tuple[str, str]]) -> Response:
        """A copy with more headers."""
        return Response(self.status, self.body, (*self.headers, *more), self.wire)

    def __repr__(self) -> str:
        return f"<Response {self.status} {len(self.body)} bytes>"
