"""What became of files of decision 4210: by day, by file, by error; over the same ledger."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import groupby

from vnhealth.findings import Finding, Severity
from vnhealth.protocol import vss
from vnhealth.protocol.vss_4210 import DayTotal, FileError, FileTotal
from vnhealth.sandbox._amounts import amounts
from vnhealth.sandbox._core import Answer, Call, Core, Handler, restored
from vnhealth.sandbox._forms import Refused, guarded, json_response
from vnhealth.sandbox._model import Record, State, Submission
from vnhealth.sandbox._store import local_day
from vnhealth.sandbox.gateways._vss_4210 import KIND
from vnhealth.sandbox.gateways._vss_results import query_day
from vnhealth.sandbox.gateways._vss_session import facility_of, http_status

__all__ = ["handlers", "refusal"]

Row = tuple[Submission, Record]
GOOD = (State.ACCEPTED, State.WARNED)
DAY = "%d/%m/%Y"


def handlers(core: Core) -> Mapping[str, Handler]:
    """The three questions of 4210."""
    queries = _Queries(core)
    calls = {"days_4210": queries.days, "files_4210": queries.files, "errors_4210": queries.errors}
    return {name: guarded(call, refusal, "205") for name, call in calls.items()}


def refusal(code: str, detail: str) -> Answer:
    """The code alone."""
    return Answer(json_response({"maKetQua": code}, http_status(code)), code)


class _Queries:
    def __init__(self, core: Core) -> None:
        self._core = core
        self._amounts: dict[int, Mapping[str, Decimal]] = {}

    def days(self, call: Call) -> Answer:
        """Totals per day of receipt between two days."""
        facility, params = self._facility(call)
        rows = self._rows(facility, query_day(params, "tuNgay"), query_day(params, "denNgay"))
        days = []
        for day, group in groupby(rows, key=lambda row: local_day(row[0].received)):
            records, good, bad, money = self._total(group)
            days.append(DayTotal(f"{day:{DAY}}", records, good, bad, money).to_object())
        return _listed("dsKQGuiHosoNgay", days, facility)

    def files(self, call: Call) -> Answer:
        """The files of one day."""
        facility, params = self._facility(call)
        day = query_day(params, "ngayGui")
        files = []
        for number, group in groupby(self._rows(facility, day, day), key=lambda r: r[0].number):
            submission = self._core.ledger.store.numbered(number)
            total = self._total(group)
            note = "Đã xử lý" if submission.settled else "Chờ xử lý"
            row = FileTotal(f"{day:{DAY}}", submission.transaction, *total, note)
            files.append(row.to_object())
        return _listed("dsHoSo", files, facility)

    def errors(self, call: Call) -> Answer:
        """The errors of one file, by its maGiaoDich."""
        params = call.request.params()
        account, facility = facility_of(self._core, params)
        store = self._core.ledger.store
        found = store.submission(vss.GATEWAY, params.get("maGiaoDich", ""))
        if found is None or found.kind != KIND or not account.may_send(found.facility):
            raise Refused("404")
        found = self._core.ledger.settled(found)
        errors = [
            _error(record, finding).to_object()
            for record in store.records(found.number)
            for finding in restored(record.findings)
            if finding.severity is Severity.ERROR
        ]
        return _listed("dsLoi", errors, facility, found.transaction)

    def _facility(self, call: Call) -> tuple[str, dict[str, str]]:
        params = call.request.params()
        facility = facility_of(self._core, params)[1]
        if params.get("loaiHoSo") != vss.HO_SO[KIND]:
            raise Refused("205", "loaiHoSo")
        return facility, params

    def _rows(self, facility: str, since: dt.date, until: dt.date) -> Iterator[Row]:
        self._core.ledger.settle_due(vss.GATEWAY, facility)
        listing = self._core.ledger.store.listing(vss.GATEWAY, facility, since, until)
        return (row for row in listing if row[0].kind == KIND)

    def _total(self, rows: Iterable[Row]) -> tuple[int, int, int, Decimal]:
        """Records, good ones, bad ones, money; replaced and pending ones are neither."""
        records, good, bad, money = 0, 0, 0, Decimal(0)
        for submission, record in rows:
            records += 1
            if record.current:
                good += record.state in GOOD
                bad += record.state is State.REFUSED
                money += self._money(submission).get(record.key or "", Decimal(0))
        return records, good, bad, money

    def _money(self, submission: Submission) -> Mapping[str, Decimal]:
        """T_TONGCHI by MA_LK of a file; empty for one that cannot be read."""
        known = self._amounts.get(submission.number)
        if known is None:
            known = amounts(self._core.ledger.store.body(submission.number), "T_TONGCHI")
            self._amounts[submission.number] = known
        return known


def _error(record: Record, finding: Finding) -> FileError:
    """One of the gateway's own codes; our code and place stand in the text."""
    if finding.code.startswith("ERR-XML"):
        code = "201"
    else:
        code = "204" if finding.code == "GW-DOC-02" else "202"
    place = " ".join(str(part) for part in (finding.table, finding.row, finding.tag) if part)
    named = (record.key, place, f"{finding.message_vi} [{finding.code}]")
    return FileError(code, ": ".join(part for part in named if part))


def _listed(
    name: str, rows: list[dict[str, object]], facility: str, transaction: str = ""
) -> Answer:
    body = {"maKetQua": "200", name: rows}
    return Answer(json_response(body), "200", facility, transaction)
