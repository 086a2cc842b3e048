"""The health operations centre (HOC): a token in Keycloak's form, raw XML, a receipt only."""

from __future__ import annotations

import datetime as dt

from vnhealth.protocol import Endpoint, hoc
from vnhealth.protocol.hoc import Receipt
from vnhealth.sandbox._core import Answer, Call, Core, Front
from vnhealth.sandbox._forms import (
    Refused,
    bearer_account,
    clear_account,
    from_base64,
    guarded,
    json_object,
    said,
    texts,
)
from vnhealth.sandbox._http import Request, Response
from vnhealth.sandbox._results import claim_intake

__all__ = ["front"]

LIFE = dt.timedelta(seconds=hoc.TOKEN_SECONDS)
TOKEN_TEXTS = {
    "invalid_request": "Missing form parameter",
    "invalid_grant": "Invalid user credentials",
    "unsupported_grant_type": "Unsupported grant_type",
}
"""Descriptions as Keycloak writes them, in English."""


def front(core: Core, key: str) -> Front:
    """The operations centre."""
    gateway = Hoc(core)
    submit = guarded(gateway.submit, _refusal, "400")
    handlers = {
        "login": guarded(gateway.login, _token_refusal, "invalid_request"),
        "checkin": submit,
        "submit": submit,
    }
    return Front(handlers, refused)


def refused(endpoint: Endpoint, code: str, status: int | None) -> Answer:
    """A refusal in the form of this call."""
    form = _token_refusal if endpoint.name == "login" else _refusal
    return form(code, "", status)


def _token_refusal(code: str, detail: str, status: int | None = None) -> Answer:
    http, _ = said(hoc.GATEWAY, code, detail, status)
    error = code if code in TOKEN_TEXTS else "invalid_grant"
    text = f"{TOKEN_TEXTS[error]}: {detail}" if detail else TOKEN_TEXTS[error]
    return Answer(Response(http, hoc.token_error(error, text)), code)


def _refusal(code: str, detail: str, status: int | None = None) -> Answer:
    http, text = said(hoc.GATEWAY, code, detail, status)
    number = int(code) if code.isascii() and code.isdigit() else http
    return Answer(Response(http, Receipt(number, text).to_bytes()), code)


class Hoc:
    """Handlers by endpoint name."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def login(self, call: Call) -> Answer:
        """The password grant of OAuth 2 as a form; any client_id is taken."""
        fields = texts(call.request.form())
        for name in ("grant_type", "client_id"):
            if not fields.get(name):
                raise Refused("invalid_request", name)
        if fields["grant_type"] != hoc.GRANT:
            raise Refused("unsupported_grant_type")
        account = clear_account(self._core, hoc.GATEWAY, fields, "invalid_grant")
        session = self._core.new_session(account, LIFE)
        ids = self._core.ids
        body = hoc.token_reply(
            ids.token(session),
            ids.token(session, "refresh"),
            ids.tracking("hoc session", session.number),
            hoc.TOKEN_SECONDS,
        )
        return Answer(Response(200, body), "200", account.scope)

    def submit(self, call: Call) -> Answer:
        """A check-in or claim file of the facility that the headers name."""
        request = call.request
        account = bearer_account(self._core, hoc.GATEWAY, request)
        if account is None:
            raise Refused("401")
        body = _file(request)
        facility = request.header(hoc.HEADER_FACILITY)
        if not account.may_send(facility):
            raise Refused("403", hoc.HEADER_FACILITY)
        if request.header(hoc.HEADER_PROVINCE) != facility[:2]:
            raise Refused("400", hoc.HEADER_PROVINCE)
        intake = claim_intake(
            hoc.GATEWAY,
            account,
            body,
            kind=call.endpoint.record,
            facility=facility,
            foreign="403",
        )
        kept = self._core.ledger.accept(intake, self._core.settings.delay(hoc.GATEWAY))
        reply = Receipt(200, "success", kept.transaction)
        return Answer(Response(200, reply.to_bytes()), "200", kept.facility, kept.transaction)


def _file(request: Request) -> bytes:
    """The file of a request: raw XML as the client sends it, or the JSON of the document."""
    if request.content_type == "application/json":
        return from_base64(texts(json_object(request)).get(hoc.JSON_FILE, ""))
    if request.content_type not in hoc.XML_CONTENT_TYPES or not request.body:
        raise Refused("400", "XML")
    return request.body
