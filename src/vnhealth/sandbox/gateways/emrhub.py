"""The ministry's data axis (EMRHub): login, push with its checks, signed answers, keys.

The call ``keys`` is vnhealth-defined: it gives out what really comes with the registration.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from typing import Any

from vnhealth.identity import cccd
from vnhealth.protocol import Endpoint, emrhub, health_check, result_code
from vnhealth.protocol.emrhub import Push, Reply
from vnhealth.protocol.health_inspect import HealthFile, HealthRecord, inspect
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
from vnhealth.sandbox._store import local_day

__all__ = ["front"]

LIFE = dt.timedelta(seconds=emrhub.TOKEN_SECONDS)
MESSAGE, DOCTOR, FACILITY, AXIS = "message", "doctor", "facility", "axis"
WANTED = {
    "txn_type": (emrhub.TXN_TYPE,),
    "receiver_id": emrhub.RECEIVERS,
    "msg_type": ("101",),
    "data_type": emrhub.DATA_TYPES,
}
BAD, FOREIGN = "CM_INVALID_REQUEST", "CM_AUTH_PERMISSION"
SAVED, NOT_SAVED = "PS_DS_SAVE_SUCCESS", "PS_DS_SAVE_FAIL"
DUPLICATE_MONTHS = 6
DOCUMENT_KEYS = (
    (health_check.CKS_DOCTOR, DOCTOR, health_check.file_for_doctor),
    (health_check.CKS_FACILITY, FACILITY, health_check.file_for_facility),
)


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
        body = {"sender_id": account.scope}
        for purpose in (MESSAGE, DOCTOR, FACILITY):
            body[f"{purpose}_key"] = self._keys.private_pem(purpose, account.scope)
        body["axis_key"] = self._keys.public_pem(AXIS, "")
        return Answer(json_response(body), "CM_SUCCESS", account.scope)

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
        space, asked = f"emrhub:message:{account.scope}", digest(call.request.body)
        known = self._core.ledger.store.get(space, number)
        if known is not None:
            return self._again(json.loads(known), asked)
        try:
            code, kept, detail = self._judged(push, account)
        except Refused as no:
            code, kept, detail = no.code, "", no.detail
        reply = self._reply(push, account, code, kept, detail)
        http = said(emrhub.GATEWAY, code)[0]
        with self._core.ledger.store.transaction():
            if kept:
                text = json.dumps({"asked": asked, "code": code, "body": reply.decode()})
                self._core.ledger.store.put(space, number, text)
        return Answer(Response(http, reply), code, account.scope, kept)

    def _again(self, kept: dict[str, str], asked: str) -> Answer:
        """The same message again gives the same answer; another one may not take its number."""
        if kept["asked"] != asked:
            raise Refused(BAD, "msg_id")
        return Answer(Response(200, kept["body"].encode()), kept["code"])

    def _judged(self, push: Push, account: Account) -> tuple[str, str, str]:
        """The code, the transaction of the file, which was kept, and its errors.

        Raises `Refused` when the file was not kept.
        """
        body = self._signed_body(push, account)
        found = inspect(body)
        if not found.readable:
            raise Refused(BAD, "data")
        if found.sender != account.scope:
            raise Refused(FOREIGN, "MACSKCB")
        self._look_at_signatures(body, account)
        self._look_at_person(found)
        intake = Intake(
            gateway=emrhub.GATEWAY,
            kind=KIND,
            edition="",
            facility=account.scope,
            username=account.username,
            body=body,
            keys=tuple(dict.fromkeys(record.key for record in found.records)),
        )
        with self._core.ledger.store.transaction():
            kept, records = taken_and_judged(self._core, intake, tracking=True)
            refused = any(record.state is State.REFUSED for record in records)
            if not refused:
                self._remember(found)
        return (
            (NOT_SAVED if refused else SAVED),
            kept.transaction,
            "; ".join(f"{f.tag or 'FILE'}: {f.message_vi} [{f.code}]" for f in errors_of(records)),
        )

    def _signed_body(self, push: Push, account: Account) -> bytes:
        """The file of a message whose signature is right."""
        if not push.signature:
            raise Refused("PS_DS_RSA_SIGNATURE_MISSING")
        signature = push.raw_signature
        over = push.signed_texts()
        if not any(self._keys.right(MESSAGE, account.scope, signature, t) for t in over):
            raise Refused("PS_DS_RSA_SIGNATURE_INVALID")
        try:
            return from_base64(push.text)
        except BadBody:
            raise Refused(BAD, "data") from None

    def _look_at_signatures(self, body: bytes, account: Account) -> None:
        """The two signatures inside the file."""
        for name, purpose, signed in DOCUMENT_KEYS:
            value = health_check.signature_of(body, name)
            if not value:
                raise Refused("PS_DS_CA_SIGNATURE_MISSING", name)
            try:
                raw = base64.b64decode(value, validate=True)
            except binascii.Error:
                raw = b""
            if not self._keys.right(purpose, account.scope, raw, signed(body)):
                raise Refused("PS_DS_CA_SIGNATURE_INVALID", name)

    def _look_at_person(self, found: HealthFile) -> None:
        for record in found.records:
            if _contradicts(record):
                raise Refused("PS_DS_VERIFY_FAIL", "SO_CCCD")
            if self._seen_lately(record):
                raise Refused("PS_CCCD_DUPLICATE_IN_6_MONTHS", "SO_CCCD")

    def _place(self, record: HealthRecord) -> str:
        """A name for a person that only this sandbox can make from the number."""
        return self._core.ids.letters(32, "emrhub person", record.fields["SO_CCCD"])

    def _seen_lately(self, record: HealthRecord) -> bool:
        last = self._core.ledger.store.get("emrhub:person", self._place(record))
        if not record.fields["SO_CCCD"] or last is None:
            return False
        today = local_day(self._core.clock.now())
        return today < _months_after(dt.date.fromisoformat(last), DUPLICATE_MONTHS)

    def _remember(self, found: HealthFile) -> None:
        today = local_day(self._core.clock.now()).isoformat()
        for record in found.records:
            self._core.ledger.store.put("emrhub:person", self._place(record), today)

    def _reply(self, push: Push, account: Account, code: str, kept: str, detail: str) -> bytes:
        store = self._core.ledger.store
        unique = kept or self._core.ids.tracking("emrhub reply", store.next_number("emrhub reply"))
        bare = unique.replace("-", "")
        now = self._core.clock.now()
        text = said(emrhub.GATEWAY, code)[1]
        header = {
            "version": emrhub.VERSION,
            "sender_id": push.header["receiver_id"],
            "receiver_id": account.scope,
            "txn_id": f"DS-{account.scope}-{bare}",
            "txn_type": emrhub.TXN_TYPE,
            "res_code": code,
            "res_msg": text,
            "msg_type": "102",
            "msg_id": health_check.message_id(account.scope, local_day(now), bare),
            "send_datetime": push.header["send_datetime"],
            "ref_msg_id": push.header["msg_id"],
            "res_datetime": health_check.milliseconds(now),
        }
        data = {
            "data_state": "0" if code == SAVED else "1",
            "data_state_msg": detail or text,
            "message_check_ca": "INVALID" if "_CA_" in code else "VALID",
            "message_notify": "",
        }
        reply = Reply(header, data)
        return reply.signed(lambda over: self._keys.sign(AXIS, "", over)).to_bytes()


def _contradicts(record: HealthRecord) -> bool:
    """True when a number of 12 digits says another sex or year of birth than the record."""
    number = cccd.parse(record.fields["SO_CCCD"])
    if number.outcome != "yes":
        return False
    same_sex = record.fields["GIOI_TINH"] in (number.details["sex"], "", "3")
    same_year = record.birth_year in (number.details["birth_year"], "")
    return not (same_sex and same_year)


def _months_after(day: dt.date, months: int) -> dt.date:
    """The same day some months later; the first of the next month when there is none."""
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    try:
        return day.replace(year=year, month=month)
    except ValueError:
        return dt.date(year, month + 1, 1)
