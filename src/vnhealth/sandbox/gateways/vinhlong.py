"""The gateway of Vĩnh Long: the provincial repository, health checks, personal records.

Encounters are answered by `vnhealth.sandbox.gateways.repository`, which follows the same document.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from vnhealth.findings import Findings
from vnhealth.protocol import emrhub, repository
from vnhealth.protocol.emrhub import Push, Reply
from vnhealth.protocol.health_check import facility_number
from vnhealth.protocol.health_inspect import inspect
from vnhealth.protocol.repository import ACCEPTED, ACCEPTED_DUPLICATE, format_moment
from vnhealth.protocol.vinhlong import (
    MAX_LIST_DAYS,
    MAX_REQUEST_ID,
    TRACKING_HEADER,
    Channel,
    MinistryStatus,
    Validation,
    read_personal_record,
)
from vnhealth.sandbox._check import Checked, File, RecordVerdict, own
from vnhealth.sandbox._core import Answer, Call, Core, Front, Handler
from vnhealth.sandbox._forms import from_base64, json_object, said
from vnhealth.sandbox._health import KIND, check_health_file, checked_header
from vnhealth.sandbox._http import BadBody, Response
from vnhealth.sandbox._ledger import Intake
from vnhealth.sandbox._model import Account, Record, State, Submission, digest
from vnhealth.sandbox.gateways.repository import Denied, Repository

__all__ = ["front"]

PERSONAL = "personal"
WANTED = {
    "txn_type": (emrhub.TXN_TYPE,),
    "msg_type": ("101",),
    "data_type": emrhub.DATA_TYPES,
}
BAD = "CM_INVALID_REQUEST"
SAVED = "PS_DS_SAVE_SUCCESS"


def front(core: Core, key: str) -> Front:
    """The gateway of Vĩnh Long."""
    found = Vinhlong(core, key)
    checkers = {KIND: check_health, PERSONAL: check_personal}
    return Front(found.handlers(), found.refused, checkers=checkers)


def check_health(file: File) -> Checked:
    """The verdict on a health check, whose sender is the 13-digit number of the facility."""
    return check_health_file(replace(file, facility=facility_number(file.facility)))


def check_personal(file: File) -> Checked:
    """The header of a personal record was looked at on receipt; its content is not judged."""
    record = read_personal_record(file.body)
    if record is None:
        return Checked(Findings([own("GW-DOC-02")]))
    return Checked(Findings(), (RecordVerdict(record.request_id, Findings()),))


class Vinhlong(Repository):
    """Handlers by endpoint name."""

    def handlers(self) -> Mapping[str, Handler]:
        """Those of a repository, and the calls for health checks and personal records."""
        more = {
            "health_push": self.health_push,
            "health_legacy": self.health_legacy,
            "health_list": self.health_list,
            "health_status": self.health_status,
            "health_forwarded": self.health_forwarded,
            "personal": self.personal,
        }
        return {
            **super().handlers(),
            **{name: self.guarded(handler) for name, handler in more.items()},
        }

    # health checks

    def health_legacy(self, call: Call, account: Account) -> Answer:
        """The call of V1.3, switched off on 18/09/2026."""
        raise Denied("KSK_LEGACY_API_DISABLED")

    def health_push(self, call: Call, account: Account) -> Answer:
        """A health check in the ministry's envelope; the signature of the message may be empty."""
        if len(call.request.body) > repository.MAX_XML_BYTES:
            raise Denied("PAYLOAD_TOO_LARGE")
        try:
            push = Push.from_json(json_object(call.request))
        except ValueError:
            raise Denied(BAD) from None
        sender = replace(account, scope=facility_number(account.scope))
        number = checked_header(push.header, sender, WANTED, bad=BAD, foreign="ORG_MISMATCH")
        space, asked = f"{self._gateway}:message:{account.scope}", digest(call.request.body)
        known = self._core.ledger.store.get(space, number)
        if known is not None:
            kept = json.loads(known)
            if kept["asked"] != asked:
                raise Denied("REQUEST_ID_CONFLICT")
            return self._pushed(kept["tracking"], kept["reply"].encode(), account)
        submission = self._take(account, KIND, *_health_body(push))
        reply = self._reply(push, submission)
        text = {"asked": asked, "tracking": submission.transaction, "reply": reply.decode()}
        self._core.ledger.store.put(space, number, json.dumps(text))
        return self._pushed(submission.transaction, reply, account)

    def _take(
        self, account: Account, kind: str, body: bytes, keys: tuple[str | None, ...]
    ) -> Submission:
        intake = Intake(
            gateway=self._gateway,
            kind=kind,
            edition="",
            facility=account.scope,
            username=account.username,
            body=body,
            keys=keys,
        )
        delay = self._core.settings.delay(self._gateway)
        return self._core.ledger.accept(intake, delay, tracking=True)

    def _reply(self, push: Push, kept: Submission) -> bytes:
        text = said(self._gateway, SAVED)[1]
        header = emrhub.reply_header(
            push.header,
            unique=kept.transaction.replace("-", ""),
            code=SAVED,
            text=text,
            now=kept.received,
        )
        data = {"data_state": "0", "data_state_msg": text, "message_notify": ""}
        return Reply(header, data).to_bytes()

    def _pushed(self, tracking: str, reply: bytes, account: Account) -> Answer:
        response = Response(200, reply).with_headers(((TRACKING_HEADER, tracking),))
        return Answer(response, SAVED, account.scope, tracking)

    def health_list(self, call: Call, account: Account) -> Answer:
        """Health checks received between two days, at most three months."""
        since, until = self.days(call.request.params())
        if until - since > timedelta(days=MAX_LIST_DAYS):
            raise Denied("INVALID_REQUEST")
        return self.record_list(call, account, (KIND,), _health_item)

    def health_status(self, call: Call, account: Account) -> Answer:
        """The latest health check with this MA_LK, with what is wrong in its form."""
        return self.record_status(call, account, KIND, _health_item)

    def health_forwarded(self, call: Call, account: Account) -> Answer:
        """Reconciliation with the ministry: what became of one message."""
        params = call.request.params()
        if params.get("sender_id") != facility_number(account.scope):
            raise Denied("ORG_MISMATCH")
        store, ledger = self._core.ledger.store, self._core.ledger
        number = params.get("msg_id", "")
        known = store.get(f"{self._gateway}:message:{account.scope}", number)
        if known is None:
            raise Denied("NOT_FOUND")
        found = store.submission(self._gateway, json.loads(known)["tracking"])
        assert found is not None
        found = ledger.settled(found)
        rows = [
            {"msg_id": number, "source_channel": Channel.BYT_PROXY, **_forwarded(found, record)}
            for record in store.records(found.number)
        ]
        return self.answer("OK", {"requests": rows}, facility=account.scope)

    # personal records

    def personal(self, call: Call, account: Account) -> Answer:
        """A personal record of 831/QĐ-BYT; its REQUEST_ID is the idempotency key."""
        if call.request.content_type not in repository.XML_CONTENT_TYPES:
            raise Denied("UNSUPPORTED_MEDIA_TYPE")
        if len(call.request.body) > repository.MAX_XML_BYTES:
            raise Denied("PAYLOAD_TOO_LARGE")
        record = read_personal_record(call.request.body)
        if record is None or len(record.request_id) > MAX_REQUEST_ID:
            raise Denied("INVALID_REQUEST")
        if record.sender != account.scope:
            raise Denied("ORG_MISMATCH")
        earlier = self._core.ledger.current(
            self._gateway, account.scope, PERSONAL, record.request_id
        )
        if earlier is not None:
            first = self._core.ledger.store.numbered(earlier.submission)
            if first.digest != digest(call.request.body):
                raise Denied("REQUEST_ID_CONFLICT")
            return self._received_personal(first, ACCEPTED_DUPLICATE)
        kept = self._take(account, PERSONAL, call.request.body, (record.request_id,))
        return self._received_personal(kept, ACCEPTED)

    def _received_personal(self, kept: Submission, code: str) -> Answer:
        data = {
            "tracking_id": kept.transaction,
            "status": repository.RecordStatus.QUEUED,
            "received_at": format_moment(kept.received),
        }
        return self.answer(code, data, facility=kept.facility, transaction=kept.transaction)


def _health_body(push: Push) -> tuple[bytes, tuple[str | None, ...]]:
    """The file in a message and the records in it; refused when it is no health-check file."""
    try:
        body = from_base64(push.text)
    except BadBody:
        raise Denied(BAD) from None
    found = inspect(body)
    if not found.readable:
        raise Denied(BAD)
    return body, tuple(dict.fromkeys(record.key for record in found.records))


def _forwarded(submission: Submission, record: Record) -> dict[str, Any]:
    """Where a health check stands: its form is judged when due, then it goes to the ministry."""
    pending, wrong = record.state is State.PENDING, record.state is State.REFUSED
    status = MinistryStatus.PENDING if pending else MinistryStatus.BYT_ACCEPTED
    validation = Validation.INVALID if wrong else Validation.VALID
    return {
        "tracking_id": submission.transaction,
        "hoc_status": "RECEIVED" if record.current else "REPLACED",
        "hoc_validation_status": None if pending else validation,
        "byt_status": None if wrong else status,
        "byt_res_code": None if pending or wrong else SAVED,
        "received_at": format_moment(submission.received),
    }


def _health_item(submission: Submission, record: Record) -> dict[str, Any]:
    shown = _forwarded(submission, record)
    return {
        "ma_lk": record.key,
        "ma_cskcb": submission.facility,
        "tracking_id": shown["tracking_id"],
        "validation_status": shown["hoc_validation_status"],
        "byt_status": shown["byt_status"],
        "received_at": shown["received_at"],
    }
