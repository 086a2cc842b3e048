"""Results of the assessment as of 2016, behind the switch ``historic``.

The three calls are official (917/QĐ-BHXH) and were not renewed in 2017. The file that two of them
give is not described anywhere: the CSV in it is defined by this project.
"""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from vnhealth.protocol import vss
from vnhealth.sandbox._amounts import amounts
from vnhealth.sandbox._core import Answer, Call, Core, Handler
from vnhealth.sandbox._forms import Refused, json_response
from vnhealth.sandbox._model import Record, State, Submission
from vnhealth.sandbox.gateways._vss_917 import historic, refusal, today
from vnhealth.sandbox.gateways._vss_session import facility_of

__all__ = ["handlers", "refusal"]

KINDS = ("claim", "claim_4210")
CLOSED = 6
"""Day of the next month from which a month is assessed: its files may come until the fifth."""
ASSESSED = {
    State.PENDING: ("0", "Chưa giám định"),
    State.ACCEPTED: ("2", "Chấp nhận"),
    State.WARNED: ("2", "Chấp nhận, có cảnh báo"),
    State.REFUSED: ("4", "Từ chối"),
}
"""trang_thai and mieu_ta of a record (917/QĐ-BHXH, annex 4); 1 and 3 never occur here."""


def handlers(core: Core) -> Mapping[str, Handler]:
    """Rounds of a month, the records of a round, the sums of a month or quarter."""
    calls = {"rounds_917": _rounds, "assessed_917": _assessed, "settlement_917": _settlement}
    return historic(core, calls)


def _rounds(core: Core, call: Call) -> Answer:
    """The rounds of a month: one, when files were received in it and it is closed."""
    params = call.request.params()
    facility = facility_of(core, params)[1]
    year, month = _number(params, "nam"), _number(params, "thang")
    since, until = _month(year, month)
    rounds = []
    if _closed(core, until) and any(_rows(core, facility, since, until)):
        created = until + dt.timedelta(days=CLOSED)
        rounds.append(
            {
                "tenDotGD": f"Giám định tháng {month:02d}/{year}",
                "maDotGD": f"{facility}{year}{month:02d}",
                "thangGD": month,
                "namGD": year,
                "loaiGD": "1",
                "ngayTao": f"{created:%d/%m/%Y}",
            }
        )
    return Answer(json_response({"maKetQua": "200", "dsDotGD": rounds}), "200", facility)


def _assessed(core: Core, call: Call) -> Answer:
    """What became of each record of a round."""
    params = call.request.params()
    facility, code = facility_of(core, params)[1], params.get("maDotGD", "")
    digits = code.removeprefix(facility)
    if code == digits or len(digits) != len("202608") or not _is_number(digits):
        raise Refused("404")
    since, until = _month(int(digits[:4]), int(digits[4:]))
    if not _closed(core, until):
        raise Refused("404")
    lines = ["ma_lk,trang_thai,mieu_ta,xuat_toan"]
    for _, record, money in _paid(core, facility, since, until):
        state, said = ASSESSED[record.state]
        lines.append(f"{_quoted(record.key)},{state},{_quoted(said)},{_taken_off(record, money)}")
    return _file(lines, facility)


def _settlement(core: Core, call: Call) -> Answer:
    """Sums of a month (loaiQT 0) or a quarter (1)."""
    params = call.request.params()
    facility = facility_of(core, params)[1]
    year, number = _number(params, "nam"), _number(params, "giaTri")
    match params.get("loaiQT"):
        case "0":
            since, until = _month(year, number)
        case "1":
            since, until = _month(year, number * 3 - 2)[0], _month(year, number * 3)[1]
        case _:
            raise Refused("205", "loaiQT")
    if not _closed(core, until):
        raise Refused("404")
    rows = list(_paid(core, facility, since, until))
    asked = sum((money for *_, money in rows), Decimal(0))
    refused = sum((_taken_off(record, money) for _, record, money in rows), Decimal(0))
    line = f"{len(rows)},{asked},{refused},{asked - refused}"
    return _file(["so_ho_so,t_bhtt,xuat_toan,quyet_toan", line], facility)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _number(params: Mapping[str, str], name: str) -> int:
    text = params.get(name, "")
    if not _is_number(text) or len(text) > 4:
        raise Refused("205", name)
    return int(text)


def _month(year: int, month: int) -> tuple[dt.date, dt.date]:
    """First and last day. Raises `Refused`."""
    try:
        first = dt.date(year, month, 1)
        return first, (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
    except (ValueError, OverflowError):
        raise Refused("205", "thang") from None


def _closed(core: Core, until: dt.date) -> bool:
    return today(core) >= until + dt.timedelta(days=CLOSED)


def _rows(
    core: Core, facility: str, since: dt.date, until: dt.date
) -> Iterator[tuple[Submission, Record]]:
    """The claims of a facility that still count, by day of receipt."""
    core.ledger.settle_due(vss.GATEWAY, facility)
    for submission, record in core.ledger.store.listing(vss.GATEWAY, facility, since, until):
        if submission.kind in KINDS and record.current and not record.cancelled:
            yield submission, record


def _paid(
    core: Core, facility: str, since: dt.date, until: dt.date
) -> Iterator[tuple[Submission, Record, Decimal]]:
    """The same with T_BHTT; the sums of a file are read once."""
    number, sums = 0, {}
    for submission, record in _rows(core, facility, since, until):
        if submission.number != number:
            number = submission.number
            sums = dict(amounts(core.ledger.store.body(number), "T_BHTT"))
        yield submission, record, sums.get(record.key or "", Decimal(0))


def _taken_off(record: Record, money: Decimal) -> Decimal:
    return money if record.state is State.REFUSED else Decimal(0)


def _quoted(text: str | None) -> str:
    return '"' + (text or "").replace('"', '""') + '"'


def _file(lines: Iterable[str], facility: str) -> Answer:
    packed = base64.b64encode(("\r\n".join(lines) + "\r\n").encode("utf-8", "replace")).decode()
    body = {"maKetQua": "200", "fileBase64String": packed}
    return Answer(json_response(body), "200", facility)
