"""The electronic health record of Hà Nội (HSSK): health-check files are queued, nothing more."""

from __future__ import annotations

import datetime as dt

from vnhealth.protocol import Endpoint, hanoi_hssk
from vnhealth.protocol.hanoi_hssk import LoginReply, Receipt
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
from vnhealth.sandbox._health import KIND, check_health_file, checked_header
from vnhealth.sandbox._http import Response
from vnhealth.sandbox._results import claim_intake

__all__ = ["front"]

LIFE = dt.timedelta(seconds=hanoi_hssk.TOKEN_SECONDS)
WANTED = {
    "version": ("1.0",),
    "receiver_id": (hanoi_hssk.RECEIVER,),
    "txn_type": (hanoi_hssk.TXN_TYPE,),
    "msg_type": ("101",),
    "data_type": (hanoi_hssk.DATA_TYPE,),
}


def front(core: Core, key: str) -> Front:
    """The health record of Hà Nội."""
    gateway = HanoiHssk(core)
    handlers = {
        "login": guarded(gateway.login, _login_refusal, "401"),
        "submit": guarded(gateway.submit, _refusal, "400"),
    }
    return Front(handlers, refused, check_health_file)


def refused(endpoint: Endpoint, code: str, status: int | None) -> Answer:
    """A refusal in the form of this call."""
    form = _login_refusal if endpoint.name == "login" else _refusal
    return form(code, "", status)


def _login_refusal(code: str, detail: str, status: int | None = None) -> Answer:
    http, text = said(hanoi_hssk.GATEWAY, code, detail, status)
    return Answer(Response(http, LoginReply(int(code), message=text).to_bytes()), code)


def _refusal(code: str, detail: str, status: int | None = None) -> Answer:
    http, text = said(hanoi_hssk.GATEWAY, code, detail, status)
    return Answer(Response(http, Receipt(None, text, int(code)).to_bytes()), code)


class HanoiHssk:
    """Handlers by endpoint name."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def login(self, call: Call) -> Answer:
        """JSON with the password in clear text."""
        fields = texts(json_object(call.request))
        account = clear_account(self._core, hanoi_hssk.GATEWAY, fields, "401")
        token = self._core.ids.token(self._core.new_session(account, LIFE))
        return Answer(Response(200, LoginReply(200, token).to_bytes()), "200", account.scope)

    def submit(self, call: Call) -> Answer:
        """An envelope with one file; ``signature`` has to be a text and is not looked at."""
        account = bearer_account(self._core, hanoi_hssk.GATEWAY, call.request)
        if account is None:
            raise Refused("401")
        value = json_object(call.request)
        checked_header(value.get("header"), account, WANTED, bad="400", foreign="403")
        data = value.get("data")
        content = data.get("content") if isinstance(data, dict) else None
        if not isinstance(content, str):
            raise Refused("400", "data")
        if not isinstance(value.get("signature"), str):
            raise Refused("400", "signature")
        body = from_base64(content)
        intake = claim_intake(hanoi_hssk.GATEWAY, account, body, kind=KIND, foreign="403")
        kept = self._core.ledger.accept(intake, self._core.settings.delay(hanoi_hssk.GATEWAY))
        text = said(hanoi_hssk.GATEWAY, "200")[1]
        reply = Receipt(kept.transaction, text, 200)
        return Answer(Response(200, reply.to_bytes()), "200", kept.facility, kept.transaction)
