"""Functions of 2016 behind the switch ``historic``: the visits of a person.

They are official (917/QĐ-BHXH) and nobody has seen them answer for years.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from vnhealth.localtime import ICT
from vnhealth.protocol.vss_lookup import Visit, card_codes, read_birth_date
from vnhealth.sandbox import _cards
from vnhealth.sandbox._core import Answer, Call, Core, Handler
from vnhealth.sandbox._forms import Refused, guarded, json_response, texts
from vnhealth.sandbox.gateways._vss_results import query_day
from vnhealth.sandbox.gateways._vss_session import http_status, query_account

__all__ = ["handlers", "historic", "refusal", "today"]

HistoricCall = Callable[[Core, Call], Answer]


def handlers(core: Core) -> Mapping[str, Handler]:
    """Looking visits up, and one visit."""
    return historic(core, {"history_917": _history, "detail_917": _detail})


def historic(core: Core, calls: Mapping[str, HistoricCall]) -> Mapping[str, Handler]:
    """The handlers of calls, or their absence when the switch is off."""
    if not core.settings.historic:
        return dict.fromkeys(calls, lambda call: refusal("410", ""))
    return {name: guarded(partial(call, core), refusal, "205") for name, call in calls.items()}


def refusal(code: str, detail: str) -> Answer:
    """The code alone."""
    return Answer(json_response({"maKetQua": code}, http_status(code)), code)


def today(core: Core) -> dt.date:
    """The day in Viet Nam."""
    return core.clock.now().astimezone(ICT).date()


def _history(core: Core, call: Call) -> Answer:
    """Visits by card number and person; the codes are those of 2016."""
    account = query_account(core, call.request.params())
    fields = texts(call.request.fields())
    born = read_birth_date(fields.get("ngaySinh", ""))
    stay = (query_day(fields, "ngayBD"), query_day(fields, "ngayKT"))
    if born is None:
        raise Refused("205", "ngaySinh")
    code, visits = _compared(core, fields, born, stay)
    body = {"maKetQua": code, "dsLichSuKCB": [_shown(visit) for visit in visits]}
    return Answer(json_response(body), code, account.scope)


def _compared(
    core: Core, fields: Mapping[str, str], born: dt.date | int, stay: tuple[dt.date, dt.date]
) -> tuple[str, tuple[Visit, ...]]:
    on, name = today(core), fields.get("hoTen", "")
    digits = _cards.card_digits(fields.get("maThe", ""))
    if digits.startswith(_cards.MAGIC) and digits[-2:] in card_codes("2016"):
        magic = _cards.magic_holder(digits, name, born, on)
        return digits[-2:], _visits(digits[-2:], magic, on)
    found = _cards.holders(core.ids.seed, digits, on) if digits else ()
    if not found:
        return "05", ()
    holder = next((h for h in found if h.is_called(name)), found[0])
    code = _code(holder, name, born, fields.get("gioiTinh", ""), stay)
    return code, _visits(code, holder, on)


def _code(
    holder: _cards.Holder, name: str, born: dt.date | int, sex: str, stay: tuple[dt.date, dt.date]
) -> str:
    since, until = stay
    checks = (
        ("06", not holder.is_called(name)),
        ("07", not holder.born_on(born)),
        ("08", _cards.SEX.get(sex) != holder.sex),
        ("01", since > holder.valid_to),
        ("02", until < holder.valid_from),
        ("03", until > holder.valid_to),
        ("04", since < holder.valid_from),
    )
    return next((code for code, wrong in checks if wrong), "00")


def _visits(code: str, holder: _cards.Holder, on: dt.date) -> tuple[Visit, ...]:
    return _cards.visits_of(holder, on) if card_codes("2016")[code].usable else ()


def _shown(visit: Visit) -> dict[str, str]:
    return {
        "maHoSo": visit.record,
        "maCSKCB": visit.facility,
        "tuNgay": visit.entered,
        "denNgay": visit.left,
        "tenBenh": visit.disease,
        "tinhTrang": visit.condition,
        "kqDieuTri": visit.outcome,
    }


def _detail(core: Core, call: Call) -> Answer:
    """One invented visit in the form of the record object."""
    params = call.request.params()
    account, on = query_account(core, params), today(core)
    number = params.get("maHoSo", "")
    holder = _cards.holder_at(core.ids.seed, number[:-1], on)
    visits = _cards.visits_of(holder, on) if holder else ()
    visit = next((v for v in visits if v.record == number), None)
    if holder is None or visit is None:
        raise Refused("404")
    xml1 = {
        "ho_ten": holder.name,
        "ma_the": holder.card,
        "ma_cskcb": visit.facility,
        "ngay_vao": visit.entered,
        "ngay_ra": visit.left,
        "ten_benh": visit.disease,
        "tinh_trang_rv": visit.condition,
        "ket_qua_dtri": visit.outcome,
        "trang_thai": "2",
        "mieu_ta": "Chấp nhận",
        "xuat_toan": 0,
    }
    parts: dict[str, Any] = {"xml1": xml1, **{f"dsXml{n}": [] for n in range(2, 6)}}
    return Answer(json_response({"maKetQua": "200", "hoSoKCB": parts}), "200", account.scope)
