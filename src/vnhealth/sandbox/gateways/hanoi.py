"""The health-data axis of Hà Nội: a bearer token, several files in one call, an answer for each.

The answer of the status call is vnhealth-defined; see `vnhealth.protocol.hanoi`.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from vnhealth.protocol import Endpoint, hanoi
from vnhealth.protocol.hanoi import BatchReply, FileResult, LoginReply
from vnhealth.sandbox._core import Answer, Call, Core, Front
from vnhealth.sandbox._forms import (
    Refused,
    bearer_account,
    clear_account,
    from_base64,
    guarded,
    json_object,
    json_response,
    said,
    texts,
)
from vnhealth.sandbox._http import BadBody, Response
from vnhealth.sandbox._model import Account
from vnhealth.sandbox._results import claim_intake, file_result
from vnhealth.sandbox.faults._conditions import RefusedByFault

__all__ = ["front"]

MAX_FILES = 200
LIFE = dt.timedelta(seconds=hanoi.TOKEN_SECONDS)


def front(core: Core, key: str) -> Front:
    """The axis of Hà Nội."""
    gateway = Hanoi(core)
    handlers = {
        "login": guarded(gateway.login, _login_refusal, "401"),
        "submit": guarded(gateway.submit, _refusal, "400"),
        "status": guarded(gateway.status, _refusal, "400"),
    }
    return Front(handlers, refused)


def refused(endpoint: Endpoint, code: str, status: int | None) -> Answer:
    """A refusal in the form of this call."""
    form = _login_refusal if endpoint.name == "login" else _refusal
    return form(code, "", status)


def _login_refusal(code: str, detail: str, status: int | None = None) -> Answer:
    http, text = said(hanoi.GATEWAY, code, detail, status)
    return Answer(Response(http, LoginReply(False, message=text).to_bytes()), code)


def _refusal(code: str, detail: str, status: int | None = None) -> Answer:
    http, text = said(hanoi.GATEWAY, code, detail, status)
    return Answer(Response(http, BatchReply(code, message=text).to_bytes()), code)


def _not_taken(code: str, detail: str) -> FileResult:
    return FileResult(None, code, said(hanoi.GATEWAY, code, detail)[1])


class Hanoi:
    """Handlers by endpoint name."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def login(self, call: Call) -> Answer:
        """JSON with the password in clear text and the facility code."""
        fields = texts(json_object(call.request))
        account = clear_account(self._core, hanoi.GATEWAY, fields, "401")
        if not account.may_send(fields.get("code", "")):
            raise Refused("401")
        session = self._core.new_session(account, LIFE)
        reply = LoginReply(
            ok=True,
            access_token=self._core.ids.token(session),
            id_token=self._core.ids.token(session, "id"),
            username=account.username,
            expires_in=hanoi.TOKEN_SECONDS,
        )
        return Answer(Response(200, reply.to_bytes()), "200", account.scope)

    def _account(self, call: Call) -> Account:
        account = bearer_account(self._core, hanoi.GATEWAY, call.request)
        if account is None:
            raise Refused("401")
        return account

    def submit(self, call: Call) -> Answer:
        """Files in Base64; each is taken or refused by itself."""
        account = self._account(call)
        fields = json_object(call.request)
        files = fields.get("files")
        if not isinstance(files, list) or not 0 < len(files) <= MAX_FILES:
            raise Refused("400", "files")
        if fields.get("loaiHoSo") not in hanoi.HO_SO:
            raise Refused("400", "loaiHoSo")
        if fields.get("maTinh") != hanoi.PROVINCE:
            raise Refused("400", "maTinh")
        facility = str(fields.get("maCSKCB"))
        if not account.may_send(facility):
            raise Refused("403", "maCSKCB")
        store = self._core.ledger.store
        with store.transaction():
            batch = self._core.ids.tracking("hanoi batch", store.next_number("hanoi batch"))
            results = tuple(self._taken(account, facility, *item) for item in enumerate(files))
        code = "200" if any(result.taken for result in results) else "400"
        reply = BatchReply(code, batch, results)
        first = next((r.transaction for r in results if r.transaction), "")
        return Answer(Response(200, reply.to_bytes()), code, facility, first)

    def _taken(self, account: Account, facility: str, index: int, coded: Any) -> FileResult:
        """One file of a call; the fault of a half-failed batch refuses every second one."""
        ledger = self._core.ledger
        try:
            if not isinstance(coded, str):
                raise BadBody
            if ledger.conditions.partial and index % 2:
                raise Refused("500")
            intake = claim_intake(
                hanoi.GATEWAY, account, from_base64(coded), facility=facility, foreign="403"
            )
            kept = ledger.accept(intake, self._core.settings.delay(hanoi.GATEWAY))
        except BadBody:
            return _not_taken("400", "Base64")
        except RefusedByFault:
            return _not_taken("400", "BOM")
        except Refused as no:
            return _not_taken(no.code, no.detail)
        return FileResult(kept.transaction)

    def status(self, call: Call) -> Answer:
        """vnhealth-defined: the verdict on a file by its maGiaoDich."""
        account = self._account(call)
        store = self._core.ledger.store
        found = store.submission(hanoi.GATEWAY, call.args["maGiaoDich"])
        if found is None or not account.may_send(found.facility):
            raise Refused("404")
        found = self._core.ledger.settled(found)
        body = file_result(found, store.records(found.number))
        return Answer(json_response(body), "200", found.facility, found.transaction)
