"""Verdicts in the words of the insurance gateway: one reader for all gateways that show them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vnhealth.findings import Findings, Severity
from vnhealth.protocol.vss import RecordState
from vnhealth.sync import _read
from vnhealth.sync._mask import raw_answer
from vnhealth.sync._outcome import (
    GatewayFinding,
    Outcome,
    RecordOutcome,
    Status,
    gateway_finding,
    worst,
)
from vnhealth.sync._wire import HttpAnswer

__all__ = ["file_outcome", "listed_record", "told_errors"]

STATES = {
    RecordState.PENDING: Status.PENDING,
    RecordState.ACCEPTED: Status.ACCEPTED,
    RecordState.ACCEPTED_WITH_WARNINGS: Status.ACCEPTED_WITH_WARNINGS,
    RecordState.REFUSED: Status.REFUSED,
    RecordState.REPLACED: Status.REPLACED,
}


def file_outcome(gateway: str, call: str, answer: HttpAnswer, document: dict[str, Any]) -> Outcome:
    """The verdict on a file: maGiaoDich, trangThai, times, chuKy, dsHoSo with dsLoi."""
    received = _read.moment(_read.text(document, "thoiGianTiepNhan"))
    judged = _read.moment(_read.text(document, "thoiGianXuLy"))
    transaction = _read.text(document, "maGiaoDich") or None
    signature = _read.text(document, "chuKy")
    records = tuple(
        RecordOutcome(
            ma_lk=_read.text(row, "maLk") or None,
            status=_state(row),
            transaction=transaction,
            received_at=received,
            judged_at=judged,
            signature=signature,
            findings=Findings(told_errors(gateway, row, index)),
        )
        for index, row in enumerate(_read.rows(document, "dsHoSo"))
    )
    done = _read.text(document, "trangThai") != RecordState.PENDING
    status = worst(r.status for r in records) if done else Status.PENDING
    return Outcome(
        gateway=gateway,
        status=status or Status.PENDING,
        code="200",
        call=call,
        message=_read.text(document, "thongDiep"),
        transaction=transaction,
        received_at=received,
        judged_at=judged,
        signature=signature,
        findings=Findings(f for record in records for f in record.findings),
        records=records,
        raw=raw_answer(answer),
    )


def listed_record(row: dict[str, Any]) -> RecordOutcome:
    """A record in the list of a day."""
    return RecordOutcome(
        ma_lk=_read.text(row, "maLk") or None,
        status=_state(row),
        facility=_read.facility(_read.text(row, "maCSKCB")),
        transaction=_read.text(row, "maGiaoDich") or None,
        received_at=_read.moment(_read.text(row, "thoiGianTiepNhan")),
        judged_at=_read.moment(_read.text(row, "thoiGianXuLy")),
        signature=_read.text(row, "chuKy"),
    )


def told_errors(gateway: str, row: dict[str, Any], index: int) -> Iterator[GatewayFinding]:
    """The findings of dsLoi of one record."""
    for error in _read.rows(row, "dsLoi"):
        yield gateway_finding(
            gateway,
            _read.text(error, "maLoi"),
            _read.severity(_read.text(error, "mucDo"), Severity.ERROR),
            encounter=index,
            table=_read.table(_read.text(error, "bang")),
            row=_read.index(error, "dong"),
            tag=_read.tag(_read.text(error, "chiTieu")),
            text=_read.text(error, "moTaLoi"),
            hint=_read.text(error, "goiY"),
            basis=_read.text(error, "canCu"),
        )


def _state(row: dict[str, Any]) -> Status:
    try:
        return STATES[RecordState(_read.text(row, "trangThai"))]
    except ValueError:
        return Status.UNKNOWN
