"""A correct pharmacy client of the e-prescription system, without code of `vnhealth.sync`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from vnhealth.conformance.clients._place import Answer, Task
from vnhealth.conformance.clients._prescriber import PlainPrescriber
from vnhealth.localtime import ICT
from vnhealth.protocol import donthuoc

__all__ = ["PlainPharmacist", "out_of_date", "sale_message"]


def sale_message(task: Task) -> dict[str, Any]:
    """The report of a sale."""
    shop = task["shop"]
    sale = donthuoc.Sale(
        ma_don_thuoc=task["code"],
        thong_tin_thuoc=tuple(
            donthuoc.SoldMedicine(
                ma_thuoc_da_ke_don=m["prescribed"],
                ma_thuoc=m["code"],
                ten_thuoc=m["name"],
                don_vi_tinh=m["unit"],
                so_luong_ban=m["amount"],
            )
            for m in task["medicines"]
        ),
        ma_dinh_danh_co_so_cung_ung_thuoc=shop["id"],
        ten_co_so_cung_ung_thuoc=shop["name"],
        so_dien_thoai_co_so_cung_ung_thuoc=shop["phone"],
        dia_chi_co_so_cung_ung_thuoc=shop["address"],
        ma_hoa_don=task["invoice"],
    )
    return donthuoc.to_object(sale)


def out_of_date(prescription: Mapping[str, Any], now: dt.datetime) -> bool:
    """True when medicines may no longer be bought on a prescription.

    >>> now = dt.datetime(2026, 8, 8, 12, tzinfo=ICT)
    >>> [out_of_date({"ngay_gio_ke_don": f"2026-08-0{day} 08:00:00"}, now) for day in (2, 3)]
    [True, False]
    """
    written = dt.date.fromisoformat(prescription["ngay_gio_ke_don"][:10])
    return (now.astimezone(ICT).date() - written).days > donthuoc.VALID_DAYS


class PlainPharmacist(PlainPrescriber):
    """Looks prescriptions up, sells from them, and reports each sale under its invoice."""

    def session_headers(self, facility: str) -> dict[str, str]:
        """The two headers that stand for a session."""
        account = self.account(facility)
        return {
            donthuoc.HEADER_APP_NAME: account["username"],
            donthuoc.HEADER_APP_KEY: account["password"],
        }

    def shop_account(self, task: Task) -> str:
        """The account of the pharmacy."""
        return f"QT{task['facility']}"

    def do_find(self, task: Task) -> None:
        """Look a prescription up and note the answer."""
        answer = self.asked_for(task)
        if answer is not None:
            self.lookups.append({"task": task["id"], "code": str(answer.status)})

    def asked_for(self, task: Task) -> Answer | None:
        """The answer about the prescription of a task."""
        path = self.endpoint("fetch").path.replace("{ma}", self.wanted_code(task))
        return self.patient(self.shop_account(task), "fetch", path)

    def wanted_code(self, task: Task) -> str:
        """The code as it stands in an address."""
        return quote(task["code"], safe="")

    def do_sell(self, task: Task) -> None:
        """Sell what may be sold, and report it."""
        if self.notes.get(task["id"], {}).get("tries"):
            self.deliver(task, "report_sale")
            return
        answer = self.asked_for(task)
        if answer is not None and self.may_sell(answer):
            self.deliver(task, "report_sale")

    def may_sell(self, answer: Answer) -> bool:
        """True when the prescription is there and still good."""
        return answer.status == 200 and not out_of_date(self.receipt(answer), self.place.clock())

    def message(self, task: Task) -> dict[str, Any]:
        """The report of a sale."""
        return sale_message(task)

    def post(self, task: Task, kind: str, file: bytes) -> Answer:
        """Send it as the pharmacy."""
        self.keep(task, tries=self.notes.get(task["id"], {}).get("tries", 0) + 1)
        return self.under_session(self.shop_account(task), self.endpoint(kind), body=file)

    def note_receipt(self, task: Task, kind: str, answer: Answer) -> None:
        """Taken is final here."""
        self.keep(task, state="accepted", transaction=task["invoice"])

    def is_transient(self, answer: Answer, said: str) -> bool:
        """A prescription that was found holds no sentence."""
        found = answer.status == 200 and "ma_don_thuoc" in self.receipt(answer)
        return not found and super().is_transient(answer, said)

    def finish(self) -> None:
        """One entry for each sale."""
        self.write_results(("sell",))
