"""The ministry's data axis (EMRHub): login, push with its checks, signed answers, keys.

The call ``keys`` is vnhealth-defined: it gives out what really comes with the registration.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from vnhealth.protocol import Endpoint, emrhub, health_check, result_code
from vnhealth.protocol.emrhub import Push, Reply
from vnhealth.protocol.health_inspect import inspect
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
from vnhealth.sandbox._health import KIND, check_health_file, checked_header
from vnhealth.sandbox._http import BadBody, Response
from vnhealth.sandbox._keys import IssuedKeys
from vnhealth.sandbox._ledger import Intake
from vnhealth.sandbox._model import Account, State, digest
from vnhealth.sandbox._results import errors_of, taken_and_judged
from vnhealth.sandbox.gateways._emrhub_checks import (
    AXIS,
    DOCTOR,
    FACILITY,
    MESSAGE,
    Examinations,
    check_file_signatures,
    check_message_signature,
    check_persons,
)

__all__ = ["front"]

LIFE = dt.timedelta(seconds=emrhub.TOKEN_SECONDS)
WANTED = {
    "txn_type": (emrhub.TXN_TYPE,),
    "receiver_id": emrhub.RECEIVERS,
    "msg_type": ("101",),
    "data_type": emrhub.DATA_TYPES,
}
BAD, FOREIGN = "CM_INVALID_REQUEST", "CM_AUTH_PERMISSION"
SAVED, NOT_SAVED = "PS_DS_SAVE_SUCCESS", "PS_DS_SAVE_FAIL"


def front(core: Core, key: str) -> Front:
    """The data axis."""
    gateway = Emrhub(core)
    handlers = {
        "login": guarded(gateway.login, gateway.refusal, "CM_AUTH_ACCOUNT_FAIL"),
        "push": guarded(gateway.push, gateway.refusal, BAD),
        "keys": guarded(gateway.keys, gateway.refusal, BAD),
    }
    return Front(handlers, gateway.refused, check_health_file)


class Emrhub:
    """Handlers by endpoint name."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._keys = IssuedKeys(core.ids.seed)
        self._examinations = Examinations(core)

    # answers

    def refused(self, endpoint: Endpoint, code: str, status: int | None) -> Answer:
        """A refusal as the fault plan asks for it."""
        return self.refusal(code, "", status)

    def refusal(self, code: str, detail: str, status: int | None = None) -> Answer:
        """An answer without data: what was wrong before the file was looked at."""
        http, text = said(emrhub.GATEWAY, code, detail, status)
        header = self._header(code, text)
        return Answer(Response(http, Reply(header).to_bytes()), code)

    def _header(self, code: str, text: str) -> dict[str, Any]:
        now = health_check.milliseconds(self._core.clock.now())
        known = result_code(emrhub.GATEWAY, code)
        return {
            "version": emrhub.VERSION,
            "success": known is not None and known.outcome == "accepted",
            "send_datetime": now,
            "res_datetime": now,
            "res_code": code,
            "res_msg": text,
        }

    def login(self, call: Call) -> Answer:
        """JSON with the password in clear text."""
        fields = texts(json_object(call.request))
        account = clear_account(self._core, emrhub.GATEWAY, fields, "CM_AUTH_ACCOUNT_FAIL")
        session = self._core.new_session(account, LIFE)
        data = {
            "token": self._core.ids.token(session),
            "refresh_token": self._core.ids.token(session, "refresh"),
            "duration": emrhub.TOKEN_SECONDS,
            "role": "facility",
        }
        text = said(emrhub.GATEWAY, "CM_SUCCESS")[1]
        reply = Reply(self._header("CM_SUCCESS", text), data)
        return Answer(Response(200, reply.to_bytes()), "CM_SUCCESS", account.scope)

    def _account(self, call: Call) -> Account:
        account = bearer_account(self._core, emrhub.GATEWAY, call.request)
        if account is None:
            raise Refused("CM_AUTH_EXPIRED")
        return account

    def keys(self, call: Call) -> Answer:
        """vnhealth-defined: the keys that stand for those given out on registration."""
        account = self._account(call)
        sender = account.username
        body = {"sender_id": sender}
        for purpose in (MESSAGE, DOCTOR, FACILITY):
            body[f"{purpose}_key"] = self._keys.private_pem(purpose, sender)
        body["axis_key"] = self._keys.public_pem(AXIS, "")
        return Answer(json_response(body), "CM_SUCCESS", sender)

    # push

    def push(self, call: Call) -> Answer:
        """A health-check file in an envelope; every step has its own code."""
        account = self._account(call)
        if call.request.header("service-type") != emrhub.SERVICE_TYPE:
            raise Refused(BAD, "service-type")
        try:
            push = Push.from_json(json_object(call.request))
        except ValueError as error:
            raise Refused(BAD, str(error)) from None
        number = checked_header(push.header, account, WANTED, bad=BAD, foreign=FOREIGN)
        with self._core.ledger.store.transaction():
            return self._answered(push, account, number)

    def _answered(self, push: Push, account: Account, number: str) -> Answer:
        """The answer; that and the file are kept together or not at all."""
        store = self._core.ledger.store
        space, asked = f"emrhub:message:{push.sender}", digest(push.text.encode())
        known = store.get(space, number)
        if known is not None:
            return self._again(json.loads(known), asked)
        try:
            code, kept, detail = self._judged(push, account)
        except Refused as no:
            code, kept, detail = no.code, "", no.detail
        reply = self._reply(push, code, kept, detail)
        if kept:
            text = json.dumps({"asked": asked, "code": code, "body": reply.decode()})
            store.put(space, number, text)
        return Answer(Response(said(emrhub.GATEWAY, code)[0], reply), code, push.sender, kept)

    def _again(self, kept: dict[str, str], asked: str) -> Answer:
        """The same message again gives the same answer; another one may not take its number."""
        if kept["asked"] != asked:
            raise Refused(BAD, "msg_id")
        return Answer(Response(200, kept["body"].encode()), kept["code"])

    def _judged(self, push: Push, account: Account) -> tuple[str, str, str]:
        """The code, the transaction of the file, which was kept, and its errors.

        Raises `Refused` when the file was not kept.
        """
        check_message_signature(self._keys, push)
        try:
            body = from_base64(push.text)
        except BadBody:
            raise Refused(BAD, "data") from None
        found = inspect(body)
        if not found.readable:
            raise Refused(BAD, "data")
        if found.sender != push.sender:
            raise Refused(FOREIGN, "MACSKCB")
        check_file_signatures(self._keys, push.sender, body)
        check_persons(found)
        self._examinations.check(found)
        intake = Intake(
            gateway=emrhub.GATEWAY,
            kind=KIND,
            edition="",
            facility=push.sender,
            username=account.username,
            body=body,
            keys=tuple(dict.fromkeys(record.key for record in found.records)),
        )
        kept, records = taken_and_judged(self._core, intake, tracking=True)
        refused = any(record.state is State.REFUSED for record in records)
        if not refused:
            self._examinations.remember(found)
        return (
            (NOT_SAVED if refused else SAVED),
            kept.transaction,
            "; ".join(f"{f.tag or 'FILE'}: {f.message_vi} [{f.code}]" for f in errors_of(records)),
        )

    def _reply(self, push: Push, code: str, kept: str, detail: str) -> bytes:
        store = self._core.ledger.store
        unique = kept or self._core.ids.tracking("emrhub reply", store.next_number("emrhub reply"))
        bare = unique.replace("-", "")
        now = self._core.clock.now()
        text = said(emrhub.GATEWAY, code)[1]
        header = emrhub.reply_header(push.header, unique=bare, code=code, text=text, now=now)
        data = {
            "data_state": "0" if code == SAVED else "1",
            "data_state_msg": detail or text,
            "message_check_ca": "INVALID" if "_CA_" in code else "VALID",
            "message_notify": "",
        }
        reply = Reply(header, data)
        return reply.signed(lambda over: self._keys.sign(AXIS, "", over)).to_bytes()
