"""Driver health checks at the host of the insurance gateway: judged at once, corrected by EDIT."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from vnhealth.findings import Findings
from vnhealth.protocol import result_code, vss, vss_driver
from vnhealth.protocol.vss_driver import DriverReply
from vnhealth.sandbox._check import Checked, Checker, File, RecordVerdict
from vnhealth.sandbox._core import Answer, Call, Core, Handler, restored
from vnhealth.sandbox._forms import Refused, guarded, json_object
from vnhealth.sandbox._http import Request, Response
from vnhealth.sandbox._ledger import Intake
from vnhealth.sandbox._model import Account, Record, State
from vnhealth.sandbox._results import taken_and_judged
from vnhealth.sandbox.gateways._vss_session import http_status

__all__ = ["CHECKERS", "handlers", "refusal"]

KIND = "gksk"
TAKEN, NOT_TAKEN = "1", "0"


def handlers(core: Core) -> Mapping[str, Handler]:
    """The one call."""
    return {"gksk": guarded(partial(_taken, core), refusal, "205")}


def refusal(code: str, detail: str) -> Answer:
    """MSG_STATE 0. HTTP 200 whatever is wrong with the body, as clients read only the state."""
    known = result_code(vss.GATEWAY, code)
    text = known.meaning_vi if known else ""
    status = 200 if known is not None and known.outcome == "refused" else http_status(code)
    reply = DriverReply(NOT_TAKEN, f"{text}: {detail}" if detail else text)
    return Answer(Response(status, reply.to_bytes()), code)


def check_driver(file: File) -> Checked:
    """The verdict on the form of a driver health check; the signed XML inside is not looked at."""
    body = json.loads(file.body)
    return Checked(Findings(), (RecordVerdict(str(body["SO"]), vss_driver.inspect(body)),))


CHECKERS: Mapping[str, Checker] = {KIND: check_driver}


def _taken(core: Core, call: Call) -> Answer:
    account = _account(core, call.request)
    body = json_object(call.request)
    number = str(body.get("SO", "")).strip()
    facility = vss_driver.facility_of(number)
    if not facility:
        raise Refused("205", "SO")
    if not account.may_send(facility) or body.get("IDBENHVIEN") != facility:
        raise Refused("403", "IDBENHVIEN")
    _new_or_known(core, facility, number, body)
    kept, records = taken_and_judged(core, _intake(account, facility, number, body), tracking=True)
    reply = DriverReply(
        state=NOT_TAKEN if records[0].state is State.REFUSED else TAKEN,
        text=_text(records[0]),
        facility=facility,
        number=number,
        uuid=kept.transaction,
        facility_name=str(body.get("BENHVIEN") or ""),
    )
    return Answer(Response(200, reply.to_bytes()), reply.state, facility, kept.transaction)


def _account(core: Core, request: Request) -> Account:
    username = request.header(vss_driver.HEADER_USERNAME)
    hashed = request.header(vss_driver.HEADER_PASSWORD)
    account = core.account(vss.GATEWAY, username, hashed, hashed=True)
    if account is None or not username.endswith(vss.DRIVER_SUFFIX):
        raise Refused("401")
    if account.locked:
        raise Refused("403")
    return account


def _new_or_known(core: Core, facility: str, number: str, body: Mapping[str, Any]) -> None:
    """ADD is for a number that is not taken yet, EDIT for one that is. Raises `Refused`.

    A correction that is wrong itself leaves the earlier one in force.
    """
    earlier = core.ledger.current(vss.GATEWAY, facility, KIND, number)
    known = earlier is not None and earlier.state is not State.REFUSED
    state = body.get("STATE")
    if (state == "ADD" and known) or (state == "EDIT" and not known):
        raise Refused("205", "STATE")
    wrong = vss_driver.inspect(body)
    if known and wrong:
        raise Refused("205", " ".join(finding.tag or "" for finding in wrong))


def _intake(account: Account, facility: str, number: str, body: Mapping[str, Any]) -> Intake:
    kept = {**body, "SO": number}
    return Intake(
        gateway=vss.GATEWAY,
        kind=KIND,
        edition="",
        facility=facility,
        username=account.username,
        body=json.dumps(kept).encode(),
        keys=(number,),
    )


def _text(record: Record) -> str:
    return " ".join(finding.message_vi for finding in restored(record.findings)) or "Thành công"
