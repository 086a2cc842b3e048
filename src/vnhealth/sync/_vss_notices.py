"""What the insurer tells of its own accord, as the client of its gateway sees it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from vnhealth.findings import Findings
from vnhealth.protocol.vss_notices import notice_infos
from vnhealth.sync import _read
from vnhealth.sync._outcome import Notice
from vnhealth.sync._verdict import told_errors
from vnhealth.sync._vss_4210 import Questions4210
from vnhealth.sync._wire import Plan

__all__ = ["VssNotices"]


class VssNotices(Questions4210):
    """The part of the gateway that tells of late, faulty and differing records."""

    def notices(self, since: dt.date, until: dt.date) -> Plan[tuple[Notice, ...]]:
        """Those given between two days; the call is vnhealth-defined."""
        query = {"tuNgay": f"{since:%d/%m/%Y}", "denNgay": f"{until:%d/%m/%Y}"}
        answer = yield from self.ask(self.gateway.endpoint("notices"), query=query)
        document = self.good("notices", answer)
        return tuple(self._notices(_read.rows(document, "dsThongBao")))

    def _notices(self, rows: list[dict[str, Any]]) -> Iterator[Notice]:
        """Rows of a kind or a time that cannot be read are left out."""
        kinds = {info.word: kind for kind, info in notice_infos().items()}
        for index, row in enumerate(rows):
            kind = kinds.get(_read.text(row, "loaiThongBao"))
            at = _read.moment(_read.text(row, "thoiGianThongBao"))
            if kind is not None and at is not None:
                yield Notice(
                    kind=kind,
                    at=at,
                    answer_by=_read.moment(_read.text(row, "hanSua")),
                    ma_lk=_read.text(row, "maLk") or None,
                    transaction=_read.text(row, "maGiaoDich") or None,
                    facility=_read.facility(_read.text(row, "maCSKCB")),
                    findings=Findings(told_errors(self.key, row, index)),
                )
