"""Verdicts in the words of the insurance gateway, and files taken for any gateway.

Gateways that publish no status call show verdicts in these words too (vnhealth-defined): a client
then reads one vocabulary.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

from vnhealth.findings import Finding, Severity
from vnhealth.protocol import vss
from vnhealth.protocol.vss import RecordState
from vnhealth.sandbox._core import Core, restored
from vnhealth.sandbox._forms import Refused
from vnhealth.sandbox._ledger import Intake
from vnhealth.sandbox._model import Account, Record, State, Submission
from vnhealth.sandbox._peek import peek

__all__ = [
    "claim_intake",
    "error_object",
    "errors_of",
    "file_result",
    "record_row",
    "taken_and_judged",
]

STATES = {
    State.PENDING: RecordState.PENDING,
    State.ACCEPTED: RecordState.ACCEPTED,
    State.WARNED: RecordState.ACCEPTED_WITH_WARNINGS,
    State.REFUSED: RecordState.REFUSED,
}
AT_ONCE = dt.timedelta(0)


def file_result(submission: Submission, records: tuple[Record, ...]) -> dict[str, Any]:
    """The verdict on a file: maKetQua, maGiaoDich, trangThai, times, chuKy, dsHoSo."""
    done = submission.settled
    return {
        "maKetQua": "200",
        "maGiaoDich": submission.transaction,
        "trangThai": "DA_XU_LY" if done else RecordState.PENDING,
        "thoiGianTiepNhan": vss.format_received(submission.received),
        "thoiGianXuLy": vss.format_received(submission.due) if done else None,
        "chuKy": submission.signature or None,
        "dsHoSo": [_record(record) for record in records],
    }


def record_row(submission: Submission, record: Record) -> dict[str, Any]:
    """A record in the list of a day: its state and times, no findings."""
    done = submission.settled
    return {
        "maGiaoDich": submission.transaction,
        "maCSKCB": submission.facility,
        "loaiHoSo": vss.HO_SO[submission.kind],
        "maLk": record.key,
        "trangThai": STATES[record.state],
        "thoiGianTiepNhan": vss.format_received(submission.received),
        "thoiGianXuLy": vss.format_received(submission.due) if done else None,
        "chuKy": submission.signature or None,
    }


def _record(record: Record) -> dict[str, Any]:
    state = STATES[record.state] if record.current else RecordState.REPLACED
    errors = [error_object(finding) for finding in restored(record.findings)]
    return {"maLk": record.key, "trangThai": state, "dsLoi": errors}


def error_object(finding: Finding) -> dict[str, Any]:
    """One entry of dsLoi."""
    return {
        "maLoi": finding.code,
        "moTaLoi": finding.message_vi,
        "mucDo": finding.severity.value,
        "bang": finding.table,
        "dong": finding.row,
        "chiTieu": finding.tag,
        "goiY": finding.hint("vi"),
        "canCu": finding.basis,
    }


def errors_of(records: Iterable[Record]) -> Iterator[Finding]:
    """The findings of severity error of some records, in order."""
    for record in records:
        yield from (f for f in restored(record.findings) if f.severity is Severity.ERROR)


def claim_intake(
    gateway: str,
    account: Account,
    body: bytes,
    *,
    kind: str = "claim",
    facility: str = "",
    foreign: str,
) -> Intake:
    """A file of the account's facility, ready for the ledger; ``facility`` is that of the call.

    Raises `Refused` with the code ``foreign`` when the file names a facility that the account may
    not send for.
    """
    seen = peek(body)
    facility = seen.facility or facility or account.scope
    if not account.may_send(facility):
        raise Refused(foreign, "MACSKCB")
    return Intake(
        gateway=gateway,
        kind=kind,
        edition="",
        facility=facility,
        username=account.username,
        body=body,
        keys=seen.keys,
    )


def taken_and_judged(
    core: Core, intake: Intake, *, tracking: bool = False
) -> tuple[Submission, tuple[Record, ...]]:
    """Keep a file and judge it in the same breath, as gateways do that answer with the verdict."""
    kept = core.ledger.settled(core.ledger.accept(intake, AT_ONCE, tracking=tracking))
    return kept, core.ledger.store.records(kept.number)
