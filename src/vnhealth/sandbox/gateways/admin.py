"""The sandbox's own calls under ``/_sandbox``: health, journal, counts and clock."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from vnhealth.errors import SandboxError
from vnhealth.findings import catalogue
from vnhealth.sandbox._clock import VirtualClock
from vnhealth.sandbox._core import Answer, Core
from vnhealth.sandbox._http import BadBody, Request, Response
from vnhealth.sandbox._ids import same
from vnhealth.sandbox._journal import Journal
from vnhealth.sandbox._ledger import FIRST_DAY, LAST_DAY
from vnhealth.sandbox._openapi import openapi

__all__ = ["PREFIX", "Admin", "Operation", "problem"]

PREFIX = "/_sandbox"
MAX_STEP = 400 * 86_400
"""Seconds by which the clock may be moved at once: a little more than a year."""


def problem(status: int, code: str, **params: str) -> Answer:
    """An answer of the sandbox itself (not of a gateway), with its permanent code."""
    info = catalogue.info(code)
    body = {
        "code": code,
        "message": info.message("vi", params),
        "message_en": info.message("en", params),
        "hint": info.hint("vi", params),
        "hint_en": info.hint("en", params),
    }
    return Answer(Response(status, _json(body)), code)


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


Operation = tuple[str, Callable[[Request], Answer]]
"""The name of a call and what answers it."""


class Admin:
    """All but health and openapi.json need ``Authorization: Bearer <admin token>``.

    Without an admin token they are closed: in process the exchange itself offers the same.
    """

    def __init__(
        self, core: Core, journal: Journal, token: str | None, more: Mapping[str, Operation]
    ) -> None:
        self._core = core
        self._more = more
        self._journal = journal
        self._token = token

    def handle(self, request: Request) -> tuple[str, Answer]:
        """The operation and its answer."""
        calls: dict[str, Operation] = {
            "GET /journal": ("journal", self._journal_call),
            "GET /reconciliation": ("reconciliation", self._reconciliation),
            "GET /clock": ("clock", self._clock),
            "POST /clock/advance": ("advance", self._advance),
            **self._more,
        }
        asked = f"{request.method} {request.path[len(PREFIX) :]}"
        if asked == "GET /health":
            return "health", Answer(Response(200, b'{"status":"ok"}'), "OK")
        if asked == "GET /openapi.json":
            return "openapi", Answer(Response(200, _json(openapi())), "OK")
        operation, call = calls.get(asked, ("", None))
        if call is None:
            return "", problem(501, "SBX-HTTP-01")
        scheme, _, given = request.header("authorization").partition(" ")
        if self._token is None or scheme.lower() != "bearer" or not same(self._token, given):
            return operation, problem(403, "SBX-HTTP-04")
        try:
            return operation, call(request)
        except BadBody:
            return operation, problem(400, "SBX-HTTP-03")
        except SandboxError as error:
            return operation, problem(400, error.code, **error.params)

    def _journal_call(self, request: Request) -> Answer:
        params = request.params()
        after = params.get("after", "0")
        if not after.isascii() or not after.isdigit():
            raise BadBody
        entries = self._journal.entries(
            gateway=params.get("gateway", ""),
            operation=params.get("operation", ""),
            code=params.get("code", ""),
            after=int(after[:18]),
        )
        body = {"count": self._journal.count, "entries": [e.to_dict() for e in entries]}
        return Answer(Response(200, _json(body)), "OK")

    def _reconciliation(self, request: Request) -> Answer:
        params = request.params()
        rows = self._core.ledger.reconcile(
            params.get("gateway", ""), params.get("facility", ""), FIRST_DAY, LAST_DAY
        )
        names = ("received", "sent", "accepted", "warned", "refused", "pending", "cancelled")
        body = [
            {
                "gateway": row.gateway,
                "facility": row.facility,
                "kind": row.kind,
                "day": row.day.isoformat(),
                **{name: getattr(row, name) for name in (*names, "replaced", "balanced")},
            }
            for row in rows
        ]
        return Answer(Response(200, _json({"rows": body})), "OK")

    def _clock(self, request: Request) -> Answer:
        now = self._core.clock.now().isoformat()
        virtual = isinstance(self._core.clock, VirtualClock)
        return Answer(Response(200, _json({"now": now, "virtual": virtual})), "OK")

    def _advance(self, request: Request) -> Answer:
        clock = self._core.clock
        if not isinstance(clock, VirtualClock):
            return problem(409, "SBX-HTTP-06")
        fields = request.json()
        seconds = fields.get("seconds") if isinstance(fields, dict) else None
        if not isinstance(seconds, int | float) or not 0 <= seconds <= MAX_STEP:
            raise BadBody
        clock.advance(seconds=seconds)
        return self._clock(request)
