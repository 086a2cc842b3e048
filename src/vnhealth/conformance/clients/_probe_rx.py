"""A client that asks a server for e-prescriptions what it must answer, and what it must refuse."""

from __future__ import annotations

import json
from typing import Any

from vnhealth.conformance._stage_rx import LETTERS
from vnhealth.conformance.clients._pharmacist import sale_message
from vnhealth.conformance.clients._place import Task
from vnhealth.conformance.clients._prescriber import (
    PlainPrescriber,
    prescription_message,
    random_part,
)
from vnhealth.conformance.clients._probe import ProbeClient
from vnhealth.protocol import donthuoc

__all__ = ["PrescriptionProbe"]

FOREIGN = "98765"
SHOP = {"id": "CSCU-MAU-01", "name": "Nhà thuốc Mẫu số 1", "phone": "", "address": ""}
Message = dict[str, Any]


class PrescriptionProbe(ProbeClient, PlainPrescriber):
    """Two logins, good and bad prescriptions, look-ups and sales, in a fixed order."""

    def run(self) -> None:
        """All probes; a probe that gets no answer is left out."""
        accounts = self.order["gateways"][self.gateway]["accounts"]
        self.by_role: dict[str, dict[str, str]] = {a["role"]: a for a in reversed(accounts)}
        self.asked_login()
        first, second = [t for t in self.order["tasks"] if t["task"] == "prescribe"][:2]
        messages = self.prescribed(first, second)
        self.dispensed(messages)
        self._probe("unknown_call", "GET", "/api/v1/khong-co-loi-goi-nay", self.pharmacy())
        results = {"schema": "vnhealth-results/1", "records": [], "probes": self.probes}
        self.place.disk["results.json"] = json.dumps(results)

    def asked(self, label: str, call: str, value: Any, headers: dict[str, str]) -> Message:
        """A probe with a JSON body; gives the object that came back."""
        endpoint = self.endpoint(call)
        headers = {"Content-Type": "application/json; charset=utf-8", **headers}
        body = value if isinstance(value, bytes) else self.encoded(value)
        answer = self._probe(label, endpoint.method, endpoint.path, headers, body)
        return self.receipt(answer) if answer else {}

    # logins

    def asked_login(self) -> None:
        """Right and wrong ones."""
        facility, doctor = self.by_role["facility"], self.by_role["doctor"]
        here = {"ma_lien_thong_co_so_kham_chua_benh": facility["username"]}
        who = {"ma_lien_thong_bac_si": doctor["username"], **here}
        wrong = {**who, "password": doctor["password"] + "x"}
        self.asked("wrong_login", "login_doctor", wrong, {})
        nobody = {**who, "ma_lien_thong_bac_si": "BS00000X", "password": doctor["password"]}
        self.asked("unknown_doctor", "login_doctor", nobody, {})
        given = {**here, "password": facility["password"]}
        self.asked("login", "login", given, {})
        right = {**who, "password": doctor["password"]}
        said = self.asked("login_doctor", "login_doctor", right, {})
        self.bearer = {"Authorization": f"Bearer {said.get('token', '')}"}

    # prescriptions

    def made(self, task: Task, name: str, replaces: str = "", facility: str = "") -> Message:
        """A message with a code of the account's facility."""
        start = facility or self.by_role["facility"]["facility"]
        middle = random_part(str(self.place.clock()), name)
        return prescription_message(task, f"{start}{middle}-{LETTERS[task['kind']]}", replaces)

    def prescribed(self, first: Task, second: Task) -> dict[str, Message]:
        """Sends good and bad prescriptions; gives the good ones."""
        rx1, rx2 = self.made(first, "rx1"), self.made(second, "rx2")
        later = self.made(first, "rx3", rx1["ma_don_thuoc"])
        self.asked("no_session", "submit", rx1, {})
        self.asked("rx1", "submit", rx1, self.bearer)
        self.asked("again", "submit", {**rx1, "loi_dan": ""}, self.bearer)
        self.asked("rx2", "submit", rx2, self.bearer)
        nameless = {**self.made(second, "nameless"), "ho_ten_benh_nhan": ""}
        self.asked("incomplete", "submit", nameless, self.bearer)
        self.asked("bad_code", "submit", {**rx2, "ma_don_thuoc": "1"}, self.bearer)
        foreign = self.made(second, "foreign", facility=FOREIGN)
        self.asked("foreign", "submit", foreign, self.bearer)
        self.asked("no_json", "submit", b'{"ma_don_thuoc": ', self.bearer)
        self.asked("replacement", "submit", later, self.bearer)
        return {"rx1": rx1, "rx2": rx2}

    # pharmacies

    def pharmacy(self) -> dict[str, str]:
        """The headers of the pharmacy."""
        account = self.by_role["pharmacy"]
        return {
            donthuoc.HEADER_APP_NAME: account["username"],
            donthuoc.HEADER_APP_KEY: account["password"],
        }

    def dispensed(self, messages: dict[str, Message]) -> None:
        """Looks prescriptions up and reports sales."""
        start = self.by_role["facility"]["facility"]
        for label, code, headers in (
            ("no_key", messages["rx2"]["ma_don_thuoc"], {}),
            ("fetch", messages["rx2"]["ma_don_thuoc"], self.pharmacy()),
            ("fetch_unknown", f"{start}zz9zz9z-c", self.pharmacy()),
            ("fetch_replaced", messages["rx1"]["ma_don_thuoc"], self.pharmacy()),
        ):
            path = self.endpoint("fetch").path.replace("{ma}", code)
            self._probe(label, "GET", path, headers)
        sale = sale_message(self.sold(messages["rx2"], 1))
        self.asked("sale", "report_sale", sale, self.pharmacy())
        much = sale_message(self.sold(messages["rx2"], 1000))
        self.asked("too_much", "report_sale", {**much, "ma_hoa_don": "HD2"}, self.pharmacy())
        stray = {**sale, "ma_don_thuoc": f"{start}zz9zz9z-c", "ma_hoa_don": "HD3"}
        self.asked("stray_sale", "report_sale", stray, self.pharmacy())
        self.asked("sale_no_key", "report_sale", {**sale, "ma_hoa_don": "HD4"}, {})

    def sold(self, message: Message, amount: int) -> Task:
        """A sale of so much of the first medicine."""
        medicine = message["thong_tin_don_thuoc"][0]
        line = {
            "prescribed": medicine["ma_thuoc"],
            "code": medicine["ma_thuoc"],
            "name": medicine["ten_thuoc"],
            "unit": medicine["don_vi_tinh"],
            "amount": str(amount),
        }
        code = message["ma_don_thuoc"]
        return {"code": code, "invoice": "HD1", "shop": SHOP, "medicines": [line]}
