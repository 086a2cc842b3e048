"""What the gateways share when they read requests and write answers.

A gateway raises `Refused` (or lets `BadBody` through) anywhere below a handler that `guarded`
wraps; its own form of a refusal is written in one place. The multipart reader is a small one of
our own: the whole body is in memory already and bounded by the exchange.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pybase64

from vnhealth.protocol import result_code
from vnhealth.protocol._json import compact
from vnhealth.sandbox._core import Answer, Call, Core, Handler
from vnhealth.sandbox._http import JSON, BadBody, Request, Response
from vnhealth.sandbox._model import Account

__all__ = [
    "Part",
    "Refused",
    "bearer_account",
    "clear_account",
    "compact",
    "for_account",
    "from_base64",
    "guarded",
    "json_object",
    "json_response",
    "multipart",
    "said",
    "texts",
]

MAX_PARTS = 32
MAX_PART_HEAD = 4096
_BOUNDARY = re.compile(r";\s*boundary=(?:\"([^\"]{1,70})\"|([^\s;\"]{1,70}))", re.IGNORECASE)
_PARAMETER = re.compile(r";\s*(name|filename)=(?:\"([^\"]*)\"|([^\s;\"]*))", re.IGNORECASE)


class Refused(Exception):
    """A request was refused with a result code; ``detail`` names the field, never its value."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


def guarded(handler: Handler, refusal: Callable[[str, str], Answer], bad_body: str) -> Handler:
    """The handler with refusals turned into answers; ``bad_body`` is the code of a bad body."""

    def run(call: Call) -> Answer:
        try:
            return handler(call)
        except BadBody:
            return refusal(bad_body, "")
        except Refused as refused:
            return refusal(refused.code, refused.detail)

    return run


def said(gateway: str, code: str, detail: str = "", status: int | None = None) -> tuple[int, str]:
    """The HTTP status of a code (or the one given) and its meaning, with the name of a field.

    >>> said("vss", "205", "maTinh")
    (400, 'Sai tham số hoặc tệp không phải Base64: maTinh')
    """
    known = result_code(gateway, code)
    text = known.meaning_vi if known else ""
    http = status or (known.http if known else 400)
    return http, f"{text}: {detail}" if detail else text


def clear_account(core: Core, gateway: str, fields: Mapping[str, str], wrong: str) -> Account:
    """The account of ``username`` and ``password`` in clear text; else `Refused` with ``wrong``."""
    account = core.account(gateway, fields.get("username", ""), fields.get("password", ""))
    if account is None or account.locked:
        raise Refused(wrong)
    return account


def bearer_account(core: Core, gateway: str, request: Request) -> Account | None:
    """Whose token the Authorization header carries, unless false, over or of another gateway."""
    scheme, _, token = request.header("authorization").partition(" ")
    found = core.session_account(gateway, token.strip())
    return found[1] if found and scheme.lower() == "bearer" else None


def for_account(
    core: Core, gateway: str, handler: Callable[[Call, Account], Answer], code: str
) -> Handler:
    """A handler for callers with a session; without one it raises `Refused` with the code."""

    def run(call: Call) -> Answer:
        account = bearer_account(core, gateway, call.request)
        if account is None:
            raise Refused(code)
        return handler(call, account)

    return run


def json_response(
    value: Any, status: int = 200, headers: Iterable[tuple[str, str]] = ()
) -> Response:
    """A compact JSON answer, with more headers after the content type."""
    return Response(status, compact(value), (("Content-Type", JSON), *headers))


def json_object(request: Request) -> dict[str, Any]:
    """The body as one JSON object. Raises `BadBody`.

    >>> json_object(Request("POST", "/", body=b'{"a": 1}'))
    {'a': 1}
    """
    value = request.json()
    if not isinstance(value, dict):
        raise BadBody
    return value


def texts(fields: Mapping[str, Any]) -> dict[str, str]:
    """Fields that are texts or bytes, as text; all others are left out.

    >>> texts({"a": b"x", "b": "y", "c": None})
    {'a': 'x', 'b': 'y'}
    """
    return {
        name: value if isinstance(value, str) else value.decode("utf-8", "replace")
        for name, value in fields.items()
        if isinstance(value, str | bytes)
    }


def from_base64(coded: str | bytes) -> bytes:
    """Base64, in lines or not. Raises `BadBody` when it is none or empty.

    A blank (a ``+`` that was not percent-encoded in a form) is refused.
    """
    try:
        packed = coded if isinstance(coded, bytes) else coded.encode("ascii")
        found: bytes = pybase64.b64decode(
            packed.replace(b"\r", b"").replace(b"\n", b""), validate=True
        )
    except ValueError:
        raise BadBody from None
    if not found:
        raise BadBody
    return found


@dataclass(frozen=True, slots=True, repr=False)
class Part:
    """One part of a multipart body; ``filename`` is None for a plain field."""

    name: str
    filename: str | None
    data: bytes

    @property
    def text(self) -> str:
        """The content as UTF-8 text."""
        return self.data.decode("utf-8", "replace")

    def __repr__(self) -> str:
        return f"<Part {len(self.data)} bytes>"


def multipart(request: Request) -> dict[str, Part]:
    r"""The parts of a ``multipart/form-data`` body by name; of equal names the last one counts.

    Names and file names may be quoted or not (.NET sends them bare). Raises `BadBody` when it is
    no such body, is not closed, or has too many parts.

    >>> body = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n'
    >>> head = {"Content-Type": "multipart/form-data; boundary=x"}
    >>> multipart(Request("POST", "/", head, body=body))["a"].text
    '1'
    """
    found = _BOUNDARY.search(request.header("content-type"))
    if request.content_type != "multipart/form-data" or found is None:
        raise BadBody
    line = b"\r\n--" + (found[1] or found[2]).encode("ascii", "replace")
    pieces = (b"\r\n" + request.body).split(line, MAX_PARTS + 2)
    if len(pieces) < 2 or len(pieces) > MAX_PARTS + 2 or not pieces[-1].startswith(b"--"):
        raise BadBody
    parts = [_part(piece) for piece in pieces[1:-1]]
    return {part.name: part for part in parts}


def _part(piece: bytes) -> Part:
    head, blank, data = piece.partition(b"\r\n\r\n")
    if not blank or len(head) > MAX_PART_HEAD:
        raise BadBody
    for row in head.decode("utf-8", "replace").split("\r\n"):
        label, _, value = row.partition(":")
        if label.strip().lower() == "content-disposition":
            named = {
                m[1].lower(): m[2] if m[2] is not None else m[3] for m in _PARAMETER.finditer(value)
            }
            if named.get("name"):
                return Part(named["name"], named.get("filename"), data)
    raise BadBody
