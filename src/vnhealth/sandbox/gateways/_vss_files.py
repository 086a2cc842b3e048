"""Files of the 130 family at the insurance gateway: check-in, claims, assessment minutes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from vnhealth.protocol import gateway, vss
from vnhealth.protocol.vss import Receipt
from vnhealth.sandbox._core import Answer, Call, Core, Handler
from vnhealth.sandbox._forms import Refused, from_base64, guarded, texts
from vnhealth.sandbox._http import BadBody, Response
from vnhealth.sandbox._ledger import Intake
from vnhealth.sandbox._model import Account, Submission
from vnhealth.sandbox._peek import Peek, peek, peek_minutes
from vnhealth.sandbox.gateways._vss_month import check_month
from vnhealth.sandbox.gateways._vss_session import header_account, receipt_refusal

__all__ = ["check_numbers", "handlers", "keep", "refusal"]

refusal = receipt_refusal


def handlers(core: Core) -> Mapping[str, Handler]:
    """Every call that takes the form with fileHSBase64."""
    submit = guarded(partial(_submit, core), refusal, "205")
    calls = gateway(vss.GATEWAY).endpoints.values()
    return {call.name: submit for call in calls if call.auth == "vss" and call.record}


def _submit(core: Core, call: Call) -> Answer:
    """A file: kept now, judged later."""
    account = header_account(core, call)
    raw = call.request.fields()
    coded = raw.pop("fileHSBase64", b"")
    fields = texts(raw)
    facility = fields.get("maCSKCB", "").strip()
    if fields.get("username", "") != account.username or not account.may_send(facility):
        raise Refused("403")
    check_numbers(call, fields, facility)
    body = _decoded(coded)
    if len(body) > core.settings.max_file:
        raise Refused("1001")
    if call.endpoint.record == vss.HO_SO_CLAIM:
        check_month(core, body)
    kept = keep(core, call, account, facility, body)
    receipt = Receipt("200", kept.transaction, vss.format_received(kept.received))
    return Answer(Response(200, receipt.to_bytes()), "200", facility, kept.transaction)


def check_numbers(call: Call, fields: Mapping[str, str], facility: str) -> None:
    """The numbers of record and province that go with every file. Raises `Refused`."""
    if fields.get("loaiHoSo") != call.endpoint.record:
        raise Refused("205", "loaiHoSo")
    if fields.get("maTinh") != facility[:2]:
        raise Refused("205", "maTinh")


def keep(core: Core, call: Call, account: Account, facility: str, body: bytes) -> Submission:
    """Acknowledge a file. Raises `Refused` when it names another facility."""
    kind = vss.KINDS[call.endpoint.record]
    seen = _seen(kind, body)
    if seen.facility is not None and seen.facility != facility:
        raise Refused("403")
    intake = Intake(
        gateway=vss.GATEWAY,
        kind=kind,
        edition=call.endpoint.edition,
        facility=facility,
        username=account.username,
        body=body,
        keys=seen.keys,
    )
    return core.ledger.accept(intake, core.settings.delay(vss.GATEWAY))


def _seen(kind: str, body: bytes) -> Peek:
    return peek_minutes(body) if kind == "gdyk" else peek(body)


def _decoded(coded: str | bytes) -> bytes:
    try:
        return from_base64(coded)
    except BadBody:
        raise Refused("205", "fileHSBase64") from None
