"""The national e-prescription system: facilities and doctors send, pharmacies fetch and report."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from vnhealth.findings import Findings
from vnhealth.protocol import Endpoint, donthuoc
from vnhealth.protocol._fields import amount, error
from vnhealth.protocol.donthuoc import USED_BEFORE, code_key
from vnhealth.protocol.donthuoc_check import check_prescription, check_sale
from vnhealth.sandbox._check import Checked, File, RecordVerdict
from vnhealth.sandbox._core import Answer, Call, Core, Front, Handler
from vnhealth.sandbox._forms import Refused, guarded, json_object, json_response, said
from vnhealth.sandbox._ledger import Intake
from vnhealth.sandbox._model import Account, digest
from vnhealth.sandbox._results import taken_and_judged
from vnhealth.sandbox.gateways._donthuoc_sessions import Sessions

__all__ = ["front"]

SENT = f"Gửi đơn thuốc {donthuoc.WELL}"
SOLD = f"Cập nhật đơn thuốc {donthuoc.WELL}"
USED = f"Đơn thuốc {USED_BEFORE}"
WRONG = "Dữ liệu không hợp lệ"
FETCHED = (
    *("ma_don_thuoc", "loai_don_thuoc", "ho_ten_benh_nhan", "ngay_sinh_benh_nhan", "gioi_tinh"),
    *("dia_chi", "chan_doan", "thong_tin_don_thuoc", "dot_dung_thuoc", "loi_dan", "luu_y"),
    *("ngay_gio_ke_don", "ngay_tai_kham"),
)
"""What a pharmacy is shown of a prescription."""


def front(core: Core, key: str) -> Front:
    """The e-prescription system."""
    return Front(Donthuoc(core, key).handlers(), _refused, check_carried)


def check_carried(file: File) -> Checked:
    """What was taken is right: everything else was refused at the door and is not kept."""
    body = json.loads(file.body)
    key = code_key(str(body["ma_don_thuoc"]))
    if file.kind == "sale":
        key = _sale_key(key, str(body["ma_hoa_don"]))
    return Checked(Findings(), (RecordVerdict(key, Findings()),), "")


def _sale_key(code: str, invoice: str) -> str:
    return f"{code}/{invoice.strip()}"


def _refused(endpoint: Endpoint, code: str, status: int | None) -> Answer:
    """A refusal as the fault plan asks for it; all calls share one form."""
    return _refusal(code, "", status)


def _refusal(code: str, detail: str, status: int | None = None) -> Answer:
    http, text = said(donthuoc.GATEWAY, code, detail, status)
    return Answer(json_response({"success": text, "danh_sach_cac_loi": [text]}, http), code)


class Donthuoc:
    """Handlers by endpoint name.

    Spaces of the store: which number a code has, which code took the place of another, phones, and
    what was sold.
    """

    def __init__(self, core: Core, key: str) -> None:
        self._core = core
        self._key = key
        self._store = core.ledger.store
        self._sessions = Sessions(core, key)

    def handlers(self) -> Mapping[str, Handler]:
        """The handler of every endpoint."""
        logins: dict[str, Handler] = {
            "login": self._sessions.login,
            "login_doctor": self._sessions.login_doctor,
        }
        calls: dict[str, Handler] = {
            "link_doctor": self._sessions.link_doctor,
            "unlink_doctor": self._sessions.link_doctor,
            "submit": self.submit,
            "fetch": self.fetch,
            "search": self.search,
            "report_sale": self.report_sale,
        }
        return {
            **{name: guarded(call, _refusal, "401") for name, call in logins.items()},
            **{name: guarded(call, _refusal, "422") for name, call in calls.items()},
        }

    # prescriptions

    def submit(self, call: Call) -> Answer:
        """A doctor's prescription: taken or refused at once, never changed afterwards."""
        account, facility = self._sessions.session(call)
        if account.username == facility:
            raise Refused("403")
        value = json_object(call.request)
        found = check_prescription(value, facility=facility)
        if not found.ok:
            return _wrong(WRONG, found, call)
        key = code_key(value["ma_don_thuoc"])
        if self._store.get("donthuoc:code", key) is not None:
            return _wrong(USED, Findings(), call)
        earlier = code_key(str(value.get("ma_don_thuoc_thay_the") or ""))
        if earlier and not self._replaceable(earlier, facility):
            return _wrong(WRONG, Findings([error("GW-RX-07", "ma_don_thuoc_thay_the")]), call)
        intake = self._intake(call, "prescription", facility, account, key)
        with self._store.transaction():
            kept, _ = taken_and_judged(self._core, intake)
            self._store.put("donthuoc:code", key, str(kept.number))
            phone = str(value.get("so_dien_thoai_nguoi_kham_benh") or "").strip()
            if phone:
                self._store.put("donthuoc:phone", f"{phone}/{key}", "")
            if earlier:
                (record,) = self._store.records(self._number(earlier))
                self._core.ledger.set_replaced(record, kept)
                self._store.put("donthuoc:replaced", earlier, key)
        body = {"success": SENT, "checksum": kept.digest}
        return _well(body, facility, kept.transaction)

    def _intake(self, call: Call, kind: str, facility: str, account: Account, key: str) -> Intake:
        return Intake(
            gateway=self._key,
            kind=kind,
            edition="",
            facility=facility,
            username=account.username,
            body=call.request.body,
            keys=(key,),
        )

    def _number(self, key: str) -> int:
        return int(self._store.get("donthuoc:code", key) or 0)

    def _replaceable(self, key: str, facility: str) -> bool:
        number = self._number(key)
        return (
            number > 0
            and self._store.numbered(number).facility == facility
            and self._store.get("donthuoc:replaced", key) is None
            and not self._store.scan("donthuoc:sold", key + "/")
        )

    # pharmacies

    def fetch(self, call: Call) -> Answer:
        """The prescription of a code; 404 when it is unknown or was replaced."""
        account = self._sessions.pharmacy(call)
        key = code_key(call.args["ma"])
        return _well(self._shown(self._prescription(key)), account.scope)

    def search(self, call: Call) -> Answer:
        """The prescriptions of a phone number (the form of the answer is an assumption)."""
        account = self._sessions.pharmacy(call)
        phone = call.request.params().get("phone", "").strip()
        if not phone:
            raise Refused("422", "phone")
        found = self._store.scan("donthuoc:phone", phone + "/")
        keys = [name.rpartition("/")[2] for name, _ in found]
        live = [key for key in keys if self._store.get("donthuoc:replaced", key) is None]
        return _well([self._shown(self._prescription(key)) for key in live], account.scope)

    def _prescription(self, key: str) -> dict[str, Any]:
        number = self._number(key)
        if not number or self._store.get("donthuoc:replaced", key) is not None:
            raise Refused("404")
        found: dict[str, Any] = json.loads(self._store.body(number))
        submission = self._store.numbered(number)
        return {
            **found,
            "ten_bac_si": submission.username,
            "ten_co_so_kham_chua_benh": submission.facility,
        }

    def _shown(self, prescription: Mapping[str, Any]) -> dict[str, Any]:
        names = (*FETCHED, "ten_bac_si", "ten_co_so_kham_chua_benh")
        return {name: prescription[name] for name in names if name in prescription}

    def report_sale(self, call: Call) -> Answer:
        """What was sold of a prescription; the same invoice again takes the place of the first."""
        account = self._sessions.pharmacy(call)
        value = json_object(call.request)
        found = check_sale(value)
        if not found.ok:
            return _wrong(WRONG, found, call)
        key = code_key(value["ma_don_thuoc"])
        sale = _sale_key(key, str(value["ma_hoa_don"]))
        sold = _amounts(value["thong_tin_thuoc"], "ma_thuoc_da_ke_don", "so_luong_ban")
        too_much = self._too_much(self._prescription(key), key, sale, sold)
        if too_much:
            return _wrong(WRONG, too_much, call)
        with self._store.transaction():
            intake = self._intake(call, "sale", account.scope, account, sale)
            kept, _ = taken_and_judged(self._core, intake)
            amounts = {name: str(number) for name, number in sold.items()}
            self._store.put("donthuoc:sold", sale, json.dumps(amounts))
        return _well(SOLD, account.scope, kept.transaction)

    def _too_much(
        self, prescription: Mapping[str, Any], key: str, sale: str, sold: Mapping[str, Decimal]
    ) -> Findings:
        left = _amounts(prescription["thong_tin_don_thuoc"], "ma_thuoc", "so_luong")
        for name, text in self._store.scan("donthuoc:sold", key + "/"):
            if name != sale:
                for medicine, number in json.loads(text).items():
                    left[medicine] -= Decimal(number)
        over = (name for name, number in sold.items() if number > left.get(name, Decimal(0)))
        rows = [error("GW-RX-06", "so_luong_ban") for _ in over]
        return Findings(dict.fromkeys(rows))


def _amounts(items: list[Any], name: str, number: str) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for item in items:
        medicine = str(item[name]).strip()
        found[medicine] = found.get(medicine, Decimal(0)) + (amount(item[number]) or Decimal(0))
    return found


def _well(body: Any, facility: str, transaction: str = "") -> Answer:
    return Answer(json_response(body), "200", facility, transaction)


def _wrong(text: str, found: Findings, call: Call) -> Answer:
    """HTTP 422: a sentence, the list of errors, and the checksum of what was sent."""
    body = {
        "success": text,
        "danh_sach_cac_loi": [f.message_vi for f in found] or [text],
        "checksum": digest(call.request.body),
    }
    return Answer(json_response(body, 422), "422")
