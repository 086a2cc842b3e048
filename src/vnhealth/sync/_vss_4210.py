"""The questions of 4210 as the client of the insurance gateway sees them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from vnhealth.protocol import vss
from vnhealth.protocol.vss_4210 import DayTotal, FileError, FileTotal
from vnhealth.sync import _read
from vnhealth.sync._codes import known_code
from vnhealth.sync._errors import Rejected, RemoteError
from vnhealth.sync._gate import Gate
from vnhealth.sync._wire import HttpAnswer, Plan

__all__ = ["Questions4210"]

HO_SO = vss.HO_SO["claim_4210"]


class Questions4210(Gate):
    """What became of files of decision 4210, by the gateway's own calls."""

    def days_4210(
        self, since: dt.date, until: dt.date, facility: str | None
    ) -> Plan[tuple[DayTotal, ...]]:
        """Totals per day of receipt."""
        days = {"tuNgay": f"{since:%d/%m/%Y}", "denNgay": f"{until:%d/%m/%Y}"}
        rows = yield from self._asked("days_4210", "dsKQGuiHosoNgay", facility, **days)
        return tuple(DayTotal.from_object(row) for row in rows)

    def files_4210(self, day: dt.date, facility: str | None) -> Plan[tuple[FileTotal, ...]]:
        """The files of a day."""
        asked = {"ngayGui": f"{day:%d/%m/%Y}"}
        rows = yield from self._asked("files_4210", "dsHoSo", facility, **asked)
        return tuple(FileTotal.from_object(row) for row in rows)

    def errors_4210(self, transaction: str, facility: str | None) -> Plan[tuple[FileError, ...]]:
        """The errors of a file."""
        asked = {"maGiaoDich": transaction}
        rows = yield from self._asked("errors_4210", "dsLoi", facility, **asked)
        return tuple(FileError.from_object(row) for row in rows)

    def _asked(
        self, call: str, name: str, facility: str | None, **query: str
    ) -> Plan[list[dict[str, Any]]]:
        place = self.check_scope(facility or self.scope)
        endpoint = self.gateway.endpoint(call)
        answer = yield from self.ask(endpoint, query={"loaiHoSo": HO_SO, "maCSKCB": place, **query})
        return _read.rows(self.good(call, answer), name)

    def good(self, call: str, answer: HttpAnswer) -> dict[str, Any]:
        """The document of an answer with the code 200; else an error by what the code means."""
        code = self._code(answer) or ""
        if code == "200":
            return answer.document() or {}
        params = self._params(call, answer, code)
        raise Rejected(**params) if known_code(self.key, code) else RemoteError(**params)
