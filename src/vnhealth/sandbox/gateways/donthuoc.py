"""The national e-prescription system: facilities and doctors send, pharmacies fetch and report."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from vnhealth.findings import Findings
from vnhealth.protocol import Endpoint, donthuoc
from vnhealth.protocol._fields import amount, error
from vnhealth.protocol.donthuoc import USED_BEFORE, code_key
from vnhealth.protocol.donthuoc_check import check_prescription, check_sale
from vnhealth.sandbox._check import Checked, File, RecordVerdict
from vnhealth.sandbox._core import Answer, Call, Core, Front, Handler
from vnhealth.sandbox._forms import Refused, guarded, json_object, json_response, said, texts
from vnhealth.sandbox._jwt import jwt_of, token_in
from vnhealth.sandbox._ledger import Intake
from vnhealth.sandbox._model import Account, digest

__all__ = ["front"]

LIFE = timedelta(seconds=donthuoc.TOKEN_SECONDS)
AT_ONCE = timedelta()
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

    Spaces of the store: which doctors belong to a facility, which number a code has, which code
    took the place of another, phones, and what was sold.
    """

    def __init__(self, core: Core, key: str) -> None:
        self._core = core
        self._key = key
        self._store = core.ledger.store

    def handlers(self) -> Mapping[str, Handler]:
        """The handler of every endpoint."""
        logins: dict[str, Handler] = {"login": self.login, "login_doctor": self.login_doctor}
        calls: dict[str, Handler] = {
            "link_doctor": self.link_doctor,
            "unlink_doctor": self.link_doctor,
            "submit": self.submit,
            "fetch": self.fetch,
            "search": self.search,
            "report_sale": self.report_sale,
        }
        return {
            **{name: guarded(call, _refusal, "401") for name, call in logins.items()},
            **{name: guarded(call, _refusal, "422") for name, call in calls.items()},
        }

    # sessions

    def login(self, call: Call) -> Answer:
        """A facility by its code; the password in clear text (``mat_khau`` at one client)."""
        fields = texts(json_object(call.request))
        name = fields.get("ma_lien_thong_co_so_kham_chua_benh", "")
        account = self._account(name, fields.get("password") or fields.get("mat_khau", ""))
        if account.username != account.scope:
            raise Refused("401")
        return self._opened(account, account.scope, call.endpoint)

    def login_doctor(self, call: Call) -> Answer:
        """A doctor at a facility that linked her; 404 when there is no such doctor."""
        fields = texts(json_object(call.request))
        name = fields.get("ma_lien_thong_bac_si", "")
        if not self._is_doctor(name):
            raise Refused("404")
        account = self._account(name, fields.get("password", ""))
        facility = fields.get("ma_lien_thong_co_so_kham_chua_benh", "")
        if not self._linked(account, facility):
            raise Refused("403")
        return self._opened(account, facility, call.endpoint)

    def _account(self, username: str, password: str) -> Account:
        account = self._core.account(self._key, username, password)
        if account is None or account.locked:
            raise Refused("403" if account else "401")
        return account

    def _is_doctor(self, username: str) -> bool:
        account = self._core.accounts.get((self._key, username))
        return account is not None and username == f"BS{account.scope}"

    def _linked(self, doctor: Account, facility: str) -> bool:
        """Doctors start out linked to the facility that their code names."""
        kept = self._store.get("donthuoc:doctor", f"{facility}/{doctor.username}")
        return doctor.scope == facility if kept is None else kept == "linked"

    def _opened(self, account: Account, facility: str, endpoint: Endpoint) -> Answer:
        session = self._core.new_session(account, LIFE)
        self._store.put("donthuoc:session", str(session.number), facility)
        issuer = f"https://api.donthuocquocgia.vn{endpoint.path}"
        token = jwt_of(self._core.ids, session, self._core.clock.now(), iss=issuer)
        return Answer(json_response({"token": token, "token_type": "bearer"}), "200", facility)

    def _session(self, call: Call) -> tuple[Account, str]:
        """Account and facility of the session; a doctor's ends when the link to her is cut."""
        scheme, _, text = call.request.header("authorization").partition(" ")
        token = token_in(self._core.ids, text.strip())
        found = self._core.session_account(self._key, token)
        if scheme.lower() != "bearer" or found is None:
            raise Refused("401")
        session, account = found
        facility = self._store.get("donthuoc:session", str(session.number)) or ""
        if account.username != facility and not self._linked(account, facility):
            raise Refused("401")
        return account, facility

    def link_doctor(self, call: Call) -> Answer:
        """A facility links a doctor, or cuts the link."""
        account, facility = self._session(call)
        if account.username != facility:
            raise Refused("403")
        doctor = texts(json_object(call.request)).get("ma_lien_thong_bac_si", "")
        if not self._is_doctor(doctor):
            raise Refused("404")
        linked = call.endpoint.name == "link_doctor"
        self._store.put("donthuoc:doctor", f"{facility}/{doctor}", "linked" if linked else "cut")
        done = "Thêm" if linked else "Xoá"
        return _well({"success": f"{done} bác sĩ {donthuoc.WELL}"}, facility)

    # prescriptions

    def submit(self, call: Call) -> Answer:
        """A doctor's prescription: taken or refused at once, never changed afterwards."""
        account, facility = self._session(call)
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
            kept = self._core.ledger.accept(intake, AT_ONCE)
            self._core.ledger.settled(kept)
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

    def _pharmacy(self, call: Call) -> Account:
        """Pharmacy software proves itself on every call by two headers."""
        header = call.request.header
        name, secret = header(donthuoc.HEADER_APP_NAME), header(donthuoc.HEADER_APP_KEY)
        account = self._account(name, secret)
        if account.username != f"QT{account.scope}":
            raise Refused("401")
        return account

    def fetch(self, call: Call) -> Answer:
        """The prescription of a code; 404 when it is unknown or was replaced."""
        account = self._pharmacy(call)
        key = code_key(call.args["ma"])
        return _well(self._shown(self._prescription(key)), account.scope)

    def search(self, call: Call) -> Answer:
        """The prescriptions of a phone number (the form of the answer is an assumption)."""
        account = self._pharmacy(call)
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
        account = self._pharmacy(call)
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
            kept = self._core.ledger.accept(intake, AT_ONCE)
            self._core.ledger.settled(kept)
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
