"""Verdicts, counts and notices of the insurance gateway: vnhealth-defined, no circular has them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import partial
from typing import Any

from vnhealth.protocol import vss
from vnhealth.protocol.vss_notices import notice_infos
from vnhealth.sandbox._core import Answer, Call, Core, Handler
from vnhealth.sandbox._forms import Refused, guarded, json_response
from vnhealth.sandbox._notices import Notice, Notices
from vnhealth.sandbox._results import error_object, file_result, record_row
from vnhealth.sandbox.gateways._vss_session import header_account, receipt_refusal

__all__ = ["handlers", "query_day", "refusal"]

refusal = receipt_refusal


def handlers(core: Core) -> Mapping[str, Handler]:
    """By file, by record, by day."""
    calls = {
        "result": partial(_result, core),
        "result_by_record": partial(_by_record, core),
        "result_by_day": partial(_by_day, core),
        "reconciliation": partial(_reconciliation, core),
        "notices": partial(_notices, core, Notices(core)),
    }
    return {name: guarded(call, refusal, "205") for name, call in calls.items()}


def _result(core: Core, call: Call) -> Answer:
    """The verdict on a file by its maGiaoDich."""
    account = header_account(core, call)
    found = core.ledger.store.submission(vss.GATEWAY, call.args["maGiaoDich"])
    if found is None or not account.may_send(found.facility):
        raise Refused("404")
    found = core.ledger.settled(found)
    body = file_result(found, core.ledger.store.records(found.number))
    return Answer(json_response(body), "200", found.facility, found.transaction)


def _by_record(core: Core, call: Call) -> Answer:
    """The verdict on the latest record with this key (MA_LK; SO_BIEN_BAN for minutes)."""
    account = header_account(core, call)
    params = call.request.params()
    kind = vss.KINDS.get(params.get("loaiHoSo", vss.HO_SO_CLAIM))
    facility = params.get("maCSKCB", account.scope)
    if kind is None or not params.get("maLk") or not account.may_send(facility):
        raise Refused("205")
    store = core.ledger.store
    record = core.ledger.current(vss.GATEWAY, facility, kind, params["maLk"])
    if record is None:
        raise Refused("404")
    found = core.ledger.settled(store.numbered(record.submission))
    kept = tuple(r for r in store.records(found.number) if r.key == record.key)
    return Answer(json_response(file_result(found, kept)), "200", found.facility, found.transaction)


def _by_day(core: Core, call: Call) -> Answer:
    """The claims received between two days with their states, latest versions, page by page."""
    account = header_account(core, call)
    params = call.request.params()
    since, until = query_day(params, "tuNgay"), query_day(params, "denNgay")
    page = params.get("trang", "1")
    if not page.isascii() or not page.isdigit() or int(page[:9]) < 1:
        raise Refused("205", "trang")
    core.ledger.settle_due(vss.GATEWAY, account.scope)
    found = [
        (submission, record)
        for submission, record in core.ledger.store.listing(
            vss.GATEWAY, account.scope, since, until
        )
        if submission.kind in vss.CLAIM_KINDS and record.current
    ]
    start = (int(page[:9]) - 1) * vss.LIST_PAGE
    rows = [record_row(*one) for one in found[start : start + vss.LIST_PAGE]]
    body = {"maKetQua": "200", "tongSo": len(found), "dsHoSo": rows}
    return Answer(json_response(body), "200", account.scope)


def _reconciliation(core: Core, call: Call) -> Answer:
    """Counts per day of receipt, after nhanKQTiepNhanHS4210."""
    account = header_account(core, call)
    params = call.request.params()
    since, until = query_day(params, "tuNgay"), query_day(params, "denNgay")
    days = [
        {
            "ngayGui": f"{row.day:%d/%m/%Y}",
            "maCSKCB": row.facility,
            "loaiHoSo": vss.HO_SO[row.kind],
            "tongSo": row.sent,
            "soHSThanhCong": row.accepted,
            "soHSCanhBao": row.warned,
            "soHSLoi": row.refused,
            "soHSCho": row.pending,
            "soHSThayThe": row.replaced,
            "soHSHuy": row.cancelled,
            "soHSNhan": row.received,
        }
        for row in core.ledger.reconcile(vss.GATEWAY, account.scope, since, until)
    ]
    body = {"maKetQua": "200", "dsKQGuiHosoNgay": days}
    return Answer(json_response(body), "200", account.scope)


def _notices(core: Core, notices: Notices, call: Call) -> Answer:
    """What was told of the account's records between two days."""
    account = header_account(core, call)
    params = call.request.params()
    since, until = query_day(params, "tuNgay"), query_day(params, "denNgay")
    told = [_notice(notice) for notice in notices.between(account.scope, since, until)]
    body = {"maKetQua": "200", "dsThongBao": told}
    return Answer(json_response(body), "200", account.scope)


def _notice(notice: Notice) -> dict[str, Any]:
    answer_by = notice.answer_by
    return {
        "loaiThongBao": notice_infos()[notice.kind].word,
        "thoiGianThongBao": vss.format_received(notice.at),
        "hanSua": None if answer_by is None else vss.format_received(answer_by),
        "maGiaoDich": notice.submission.transaction,
        "maCSKCB": notice.submission.facility,
        "loaiHoSo": vss.HO_SO[notice.submission.kind],
        "maLk": notice.record.key,
        "dsLoi": [error_object(finding) for finding in notice.findings],
    }


def query_day(params: Mapping[str, str], name: str) -> dt.date:
    """A day of a query as dd/MM/yyyy. Raises `Refused`."""
    try:
        return dt.datetime.strptime(params.get(name, ""), "%d/%m/%Y").date()
    except ValueError:
        raise Refused("205", name) from None
