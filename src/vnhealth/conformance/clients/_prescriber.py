"""A correct client of the e-prescription system that shares no code with `vnhealth.sync`."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import Any

from vnhealth.conformance._stage_rx import LETTERS
from vnhealth.conformance.clients._place import Answer, NoAnswer, Task
from vnhealth.conformance.clients._plain_json import PlainJsonClient
from vnhealth.protocol import donthuoc

__all__ = ["PlainPrescriber", "prescription_message", "random_part"]

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
RANDOM = 7


def random_part(*seeds: str) -> str:
    """Seven of 0-9 and a-z that follow from texts: the same after a restart, unlike any other.

    >>> random_part("01991", "t001"), len(random_part("01991", "t002"))
    ('t09d28i', 7)
    """
    number = int.from_bytes(hashlib.sha256("\n".join(seeds).encode()).digest()[:8], "big")
    return "".join(DIGITS[number // 36**place % 36] for place in range(RANDOM))


def prescription_message(task: Task, code: str, replaces: str = "") -> dict[str, Any]:
    """The message of a task: sex, days and the moment in the forms of this gateway."""
    patient = task["patient"]
    moment = dt.datetime.fromisoformat(task["written_at"])
    message = donthuoc.Prescription(
        loai_don_thuoc=LETTERS[task["kind"]],
        ma_don_thuoc=code,
        ho_ten_benh_nhan=patient["name"],
        ma_dinh_danh_y_te=patient["id"],
        ma_dinh_danh_cong_dan=patient["citizen_id"],
        ngay_sinh_benh_nhan=donthuoc.format_day(dt.date.fromisoformat(patient["birth_date"])),
        can_nang=patient["weight"],
        gioi_tinh=donthuoc.SEX[patient["sex"]],
        ma_so_the_bao_hiem_y_te=patient["insurance_card"],
        thong_tin_nguoi_giam_ho=patient["guardian"],
        dia_chi=patient["address"],
        chan_doan=tuple(
            donthuoc.Diagnosis(ma_chan_doan=d["code"], ten_chan_doan=d["name"])
            for d in task["diagnoses"]
        ),
        thong_tin_don_thuoc=tuple(
            donthuoc.Medicine(
                ma_thuoc=m["code"],
                ten_thuoc=m["name"],
                don_vi_tinh=m["unit"],
                so_luong=m["amount"],
                cach_dung=m["usage"],
            )
            for m in task["medicines"]
        ),
        loi_dan=task["advice"],
        so_dien_thoai_nguoi_kham_benh=patient["phone"],
        ngay_gio_ke_don=donthuoc.format_moment(moment),
        ma_don_thuoc_thay_the=replaces,
    )
    return donthuoc.to_object(message)


class PlainPrescriber(PlainJsonClient):
    """Doctors' prescriptions, one message each, under the session of the doctor who wrote it."""

    gateway = donthuoc.GATEWAY

    def credentials(self, name: str) -> tuple[str, dict[str, str]]:
        """Facilities log in by one call, doctors by another."""
        account = self.account(name)
        facility = {"ma_lien_thong_co_so_kham_chua_benh": self.workplace_of(name)}
        fields = {**facility, "password": account["password"]}
        if account["role"] == "doctor":
            return "login_doctor", {"ma_lien_thong_bac_si": name, **fields}
        return "login", fields

    def workplace_of(self, name: str) -> str:
        """The facility at which an account works in this order."""
        tasks = self.order["tasks"]
        here = (t["facility"] for t in tasks if t.get("doctor") == name)
        return str(next(here, self.account(name)["facility"]))

    def opened(self, answer: Answer) -> dict[str, Any] | None:
        """The token is all that the answer holds."""
        return self.held(self.value(self.receipt(answer), "token"))

    # tasks

    def do_link_doctor(self, task: Task) -> None:
        """The facility takes a doctor in."""
        self.patient(task["facility"], "link_doctor", body=self.doctor_named(task))

    def do_unlink_doctor(self, task: Task) -> None:
        """The facility lets a doctor go."""
        self.patient(task["facility"], "unlink_doctor", body=self.doctor_named(task))

    def doctor_named(self, task: Task) -> bytes:
        """The body that names a doctor."""
        return self.encoded({"ma_lien_thong_bac_si": task["doctor"]})

    def do_prescribe(self, task: Task) -> None:
        """Send a prescription."""
        self.deliver(task, "submit")

    def do_replace(self, task: Task) -> None:
        """Send a new prescription that takes the place of an earlier one."""
        self.deliver(task, "submit")

    # messages

    def code(self, task: Task) -> str:
        """The code of a prescription: made once, kept for good."""
        known = self.notes.get(task["id"], {}).get("code")
        if not known:
            known = f"{self.code_start(task)}{self.code_middle(task)}-{self.code_end(task)}"
            self.keep(task, code=known)
        return str(known)

    def code_start(self, task: Task) -> str:
        """The facility."""
        return str(task["facility"])

    def code_middle(self, task: Task) -> str:
        """What makes it unique."""
        return random_part(self.order["now"], task["facility"], task["id"])

    def code_end(self, task: Task) -> str:
        """The kind."""
        return LETTERS[task["kind"]]

    def replaced_code(self, task: Task) -> str:
        """The code of the prescription that this one takes the place of."""
        earlier = task.get("replaces", "")
        return str(self.notes.get(earlier, {}).get("code", "")) if earlier else ""

    def message(self, task: Task) -> dict[str, Any]:
        """The message of a task."""
        return prescription_message(task, self.code(task), self.replaced_code(task))

    def file(self, task: Task, kind: str) -> bytes:
        """The message as it goes out."""
        return self.encoded(self.message(task))

    # sending

    def post(self, task: Task, kind: str, file: bytes) -> Answer:
        """Send it as the doctor who wrote it; count how often it went out."""
        self.keep(task, tries=self.notes.get(task["id"], {}).get("tries", 0) + 1)
        return self.under_session(task["doctor"], self.endpoint(kind), body=file)

    def arrived(self, task: Task, kind: str) -> bool:
        """Nobody can be asked: the same prescription goes out again under the same code."""
        return False

    def said(self, answer: Answer) -> str:
        """The sentence of an answer: a bare text, or that of ``success`` or ``message``."""
        try:
            value = json.loads(answer.body.removeprefix(b"\xef\xbb\xbf"))
        except ValueError:
            return ""
        if isinstance(value, dict):
            value = self.value(value, "success") or self.value(value, "message")
        return value.strip() if isinstance(value, str) else ""

    def is_receipt(self, answer: Answer, code: str) -> bool:
        """The status and the sentence both say so."""
        return answer.status == 200 and donthuoc.WELL in code.lower()

    def after_answer(self, task: Task, kind: str, answer: Answer) -> bool:
        """A code that was used before was used by the try whose answer got lost."""
        used = donthuoc.USED_BEFORE in self.said(answer).lower()
        if used and self.notes[task["id"]]["tries"] > 1:
            self.note_receipt(task, kind, answer)
            return True
        return super().after_answer(task, kind, answer)

    def note_receipt(self, task: Task, kind: str, answer: Answer) -> None:
        """Taken is final here."""
        self.keep(task, state="accepted", transaction=self.code(task))

    def after_silence(self, task: Task, kind: str, lost: NoAnswer) -> bool:
        """It is not known whether it arrived: say so until the next try."""
        return False

    def finish(self) -> None:
        """One entry for each prescription, with its code."""
        self.write_results(("prescribe", "replace"))

    def write_results(self, kinds: tuple[str, ...]) -> None:
        """Write the entries of some kinds of tasks, and what was looked up."""
        records = [
            {
                "task": task["id"],
                "state": self.notes.get(task["id"], {}).get("state", "not_sent"),
                "transaction": self.notes.get(task["id"], {}).get("transaction", ""),
            }
            for task in self.order["tasks"]
            if task["task"] in kinds
        ]
        results = {"schema": "vnhealth-results/1", "records": records, "lookups": self.lookups}
        self.place.disk["results.json"] = json.dumps(results, ensure_ascii=False)
