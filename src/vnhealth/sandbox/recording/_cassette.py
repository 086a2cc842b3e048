"""The file of a session: one JSON object per exchange and line, made of shapes only."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from vnhealth.errors import SandboxError
from vnhealth.protocol._json import compact
from vnhealth.sandbox._forms import multipart
from vnhealth.sandbox._http import BadBody, Request, Response
from vnhealth.sandbox.recording._route import Route, locate
from vnhealth.sandbox.recording._shape import Memory, Scrubber, Shape
from vnhealth.sandbox.recording._words import HEADERS, MEDIA, shown_key

__all__ = ["Cassette", "Recorded", "answer_shape"]

VERSION = 1
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True)
class Recorded:
    """One exchange of a cassette.

    ``operation`` is the name of the call at ``gateway``, empty when the registry has none.
    ``after`` is the time since the first exchange, in seconds, or None. ``answer`` is None when the
    line failed; ``failed`` then says how.
    """

    number: int
    gateway: str
    operation: str
    method: str
    request: Mapping[str, Any]
    answer: Mapping[str, Any] | None
    failed: str = ""
    after: float | None = None


class Cassette:
    """Writes the exchanges of one session to a file, and reads them.

    ``words`` are more names of fields that may be shown, where a gateway has some of its own.
    ``seconds`` gives the time (`time.monotonic`, say) when it shall be kept. An existing file is
    not written to: SBX-REC-01.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        gateway: str = "",
        words: tuple[str, ...] = (),
        seconds: Callable[[], float] | None = None,
    ) -> None:
        self.path = Path(path)
        self._gateway = gateway
        self._words = frozenset(words)
        self._seconds = seconds
        self._start: float | None = None
        self._memory = Memory()
        self._count = 0
        self._lock = threading.Lock()
        try:
            self.path.open("xb").close()
        except OSError:
            raise SandboxError("SBX-REC-01", name=self.path.name) from None

    def add(self, request: Request, answer: Response | None, failed: str = "") -> None:
        """Scrub one exchange and append it; ``failed`` names the error when there is no answer."""
        with self._lock:
            route = locate(request.method, request.host, request.path, self._gateway)
            self._count += 1
            line: dict[str, Any] = {
                "v": VERSION,
                "n": self._count,
                "gateway": route.gateway,
                "operation": route.endpoint.name if route.endpoint else "",
                "method": request.method if request.method in METHODS else "?",
                "request": self._request(request, route),
                "answer": None,
            }
            if self._seconds is not None:
                line["after"] = self._after(self._seconds())
            if answer is not None:
                line["answer"] = answer_shape(answer, route, self._memory, self._words)
                self._memory.learn(self._count, _json_or_none(answer.body))
            else:
                line["failed"] = failed
            with self.path.open("ab") as file:
                file.write(compact(line) + b"\n")

    def _after(self, now: float) -> float:
        if self._start is None:
            self._start = now
        return round(now - self._start, 3)

    def _request(self, request: Request, route: Route) -> dict[str, Any]:
        scrub = Scrubber(self._memory, route.endpoint, answer=False, words=self._words)
        names = list(request.headers)
        query = dict(parse_qsl(request.query, keep_blank_values=True))
        content, body = _body(request, scrub)
        return {
            "headers": [name for name in names if name in HEADERS],
            "other_headers": sum(name not in HEADERS for name in names),
            "media": _media(request.content_type),
            "path": {name: scrub.text(value, name) for name, value in route.args.items()},
            "query": scrub.value(query),
            "content": content,
            "body": body,
        }

    @staticmethod
    def read(path: str | os.PathLike[str]) -> Iterator[Recorded]:
        """The exchanges of a file. Raises `SandboxError` (SBX-REC-02) where a line is none."""
        with Path(path).open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    yield _recorded(json.loads(line))
                except (ValueError, KeyError, TypeError, AttributeError):
                    raise SandboxError("SBX-REC-02", line=number) from None


def _recorded(line: Mapping[str, Any]) -> Recorded:
    if line["v"] != VERSION:
        raise ValueError("another version")
    return Recorded(
        number=int(line["n"]),
        gateway=line["gateway"],
        operation=line["operation"],
        method=line["method"],
        request=line["request"],
        answer=line["answer"],
        failed=line.get("failed", ""),
        after=line.get("after"),
    )


def answer_shape(
    answer: Response, route: Route, memory: Memory, words: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """An answer as a cassette keeps it: status, names of headers, media type, shape of the body."""
    scrub = Scrubber(memory, route.endpoint, answer=True, words=words)
    value = _json_or_none(answer.body)
    is_json = value is not None or answer.body.strip() == b"null"
    names = [name.lower() for name, _ in answer.headers]
    return {
        "status": answer.status,
        "headers": [name for name in names if name in HEADERS],
        "media": _media(answer.header("content-type").partition(";")[0].strip().lower()),
        "content": "json" if is_json else "other",
        "body": scrub.value(value) if is_json else scrub.raw(answer.body),
    }


def _media(name: str) -> str:
    return name if name in MEDIA else "?" if name else ""


def _json_or_none(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _body(request: Request, scrub: Scrubber) -> tuple[str, Shape]:
    """What kind of body it is, and its shape."""
    body = request.body
    if not body:
        return "none", {"is": "null"}
    try:
        if request.content_type == "multipart/form-data":
            return "multipart", _multipart(request, scrub)
        if "json" in request.content_type or body[:1] in b"{[":
            return "json", scrub.value(request.json())
        if request.content_type == "application/x-www-form-urlencoded":
            fields = [_field(scrub, name, value) for name, value in request.form().items()]
            return "form", {"is": "object", "fields": fields}
    except BadBody:
        return "other", {"is": "bytes", "length": len(body)}
    return "other", scrub.raw(body)


def _field(scrub: Scrubber, name: str, value: bytes) -> list[Any]:
    return [shown_key(name, scrub.words), scrub.raw(value, name)]


def _multipart(request: Request, scrub: Scrubber) -> Shape:
    fields = []
    for part in multipart(request).values():
        name, shape = _field(scrub, part.name, part.data)
        fields.append([name, {"is": "file", "of": shape} if part.filename is not None else shape])
    return {"is": "object", "fields": fields}
