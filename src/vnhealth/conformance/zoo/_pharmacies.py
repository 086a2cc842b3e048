"""Wrong clients of pharmacies: look-ups, sales, reports."""

from __future__ import annotations

import json
from typing import Any

from vnhealth.conformance.clients import Answer
from vnhealth.conformance.clients._pharmacist import PlainPharmacist
from vnhealth.conformance.clients._place import NoAnswer, Task
from vnhealth.conformance.zoo._bug import Bug, Patch, bug

__all__ = ["PHARMACIES"]

Base = PlainPharmacist


def _wrong(name: str, expected: str, vi: str, en: str, **patches: Patch) -> Bug:
    return bug(f"pha-{name}", expected, vi, en, base=Base, **patches)


def _sold(change: Patch) -> Patch:
    """The lines of a report changed."""

    def message(self: Base, task: Task) -> dict[str, Any]:
        found = Base.message(self, task)
        return {**found, "thong_tin_thuoc": [change(line) for line in found["thong_tin_thuoc"]]}

    return message


def _key_in_address(self: Base, path: str) -> str:
    account = self.order["gateways"][self.gateway]["accounts"][-1]
    return f"{Base.url(self, path)}?app-key={account['password']}"


def _answers_all_good(self: Base) -> None:
    self.lookups = [{**found, "code": "200"} for found in self.lookups]
    Base.finish(self)


def _patients_in_results(self: Base) -> None:
    Base.finish(self)
    found = json.loads(self.place.disk["results.json"])
    task = next(t for t in self.order["tasks"] if t["task"] == "find")
    answer = self.asked_for(task)
    found["log"] = self.receipt(answer).get("ho_ten_benh_nhan") if answer else ""
    self.place.disk["results.json"] = json.dumps(found, ensure_ascii=False)


def _sells_at_once(self: Base, task: Task) -> None:
    self.deliver(task, "report_sale")


def _new_invoice_each_try(self: Base, task: Task, kind: str, file: bytes) -> Answer:
    tries = self.notes.get(task["id"], {}).get("tries", 0)
    number = f"{task['invoice']}/{tries}" if tries else task["invoice"]
    return Base.post(
        self, task, kind, self.encoded(Base.message(self, {**task, "invoice": number}))
    )


def _silence_is_success(self: Base, task: Task, kind: str, lost: NoAnswer) -> bool:
    self.keep(task, state="refused")
    return True


def _last_dropped(self: Base) -> list[Task]:
    tasks = list(Base.tasks(self))
    last = max(i for i, t in enumerate(tasks) if t["task"] == "sell")
    return tasks[:last] + tasks[last + 1 :]


def _amendment_is_new(self: Base, task: Task) -> dict[str, Any]:
    sold = [t for t in self.order["tasks"] if t.get("invoice") == task["invoice"]]
    again = sold[0]["id"] != task["id"]
    number = f"{task['invoice']}S" if again else task["invoice"]
    return Base.message(self, {**task, "invoice": number})


def _invoice_a_medicine(self: Base, task: Task, kind: str) -> None:
    for index, medicine in enumerate(task["medicines"]):
        number = f"{task['invoice']}-{index}"
        part = {**task, "id": f"{task['id']}-{index}", "invoice": number, "medicines": [medicine]}
        Base.deliver(self, part, kind)


def _amendment_dropped(self: Base) -> list[Task]:
    seen: set[tuple[str, str]] = set()
    found = []
    for task in Base.tasks(self):
        key = (task["code"], task.get("invoice", ""))
        if task["task"] == "sell" and key in seen:
            continue
        seen.add(key)
        found.append(task)
    return found


def _all_sold(self: Base) -> None:
    for task in self.order["tasks"]:
        if task["task"] == "sell":
            self.keep(task, state="accepted")
    Base.finish(self)


def _nothing_kept(self: Base, task: Task, **facts: Any) -> None:
    Base.keep(self, task, **facts)
    self.place.disk.pop("notes.json", None)


PHARMACIES = (
    _wrong("key-in-address", "PHA-01", "Khoá ứng dụng nằm trong địa chỉ",
           "The application key stands in the address", url=_key_in_address),
    _wrong("no-look-up", "PHA-02", "Không tra cứu đơn được đưa đến",
           "Looks no prescription up", do_find=lambda self, task: None),
    _wrong("answers-all-good", "PHA-10", "Ghi mọi lần tra cứu là có đơn",
           "Notes every look-up as found", finish=_answers_all_good),
    _wrong("sells-at-once", "PHA-03", "Báo bán mà không tra đơn",
           "Reports without looking up", do_find=lambda self, task: None,
           do_sell=_sells_at_once),
    _wrong("amounts-whole", "PHA-04", "Báo đủ số kê dù chỉ bán một phần",
           "Reports one piece of each whatever was sold",
           message=_sold(lambda line: {**line, "so_luong_ban": "1"})),
    _wrong("own-codes", "PHA-04", "Ghi mã thuốc của nhà thuốc thay cho mã đã kê",
           "Names its own medicine code in place of the prescribed one",
           message=_sold(lambda line: {**line, "ten_thuoc": line["ma_thuoc"]})),
    _wrong("last-dropped", "PHF-ERR", "Bỏ sót lần bán cuối", "Drops the last sale",
           tasks=_last_dropped),
    _wrong("invoice-a-medicine", "PHA-05", "Mỗi thuốc một hoá đơn", "An invoice for each medicine",
           deliver=_invoice_a_medicine),
    _wrong("amendment-is-new", "PHA-06", "Sửa báo cáo thành một hoá đơn mới",
           "A correction becomes a new invoice", message=_amendment_is_new),
    _wrong("amendment-dropped", "PHA-06", "Không báo lại khi sửa",
           "Corrections are not reported", tasks=_amendment_dropped),
    _wrong("patients-in-results", "PHA-07", "Ghi họ tên người bệnh vào nhật ký kết quả",
           "Writes patients' names into its results", finish=_patients_in_results),
    _wrong("all-sold", "PHF-BAD", "Ghi mọi lần bán là đã báo", "Notes every sale as reported",
           finish=_all_sold),
    _wrong("old-sold", "PHA-09", "Bán theo đơn quá hạn", "Sells from a prescription out of date",
           may_sell=lambda self, answer: answer.status == 200),
    _wrong("new-invoice-on-retry", "PHF-LOST", "Thử lại với số hoá đơn mới",
           "Tries again under a new invoice", post=_new_invoice_each_try),
    _wrong("silence-is-refusal", "PHF-LOST", "Coi im lặng là bị từ chối",
           "Takes silence for a refusal", after_silence=_silence_is_success),
    _wrong("refused-pushed", "PHF-BAD", "Gửi lại mãi báo cáo bị từ chối",
           "Pushes a refused report", is_final=lambda self, answer, said: False),
    _wrong("drops-on-error", "PHF-ERR", "Bỏ báo cáo khi máy chủ lỗi",
           "Drops a report on a server error",
           is_final=lambda self, answer, said: answer.status != 401),
    _wrong("stops-on-kill", "PHF-KILL", "Bị tắt rồi thì bỏ phần còn lại",
           "Does nothing more once it was killed", tasks=lambda self: []
           if self.notes else Base.tasks(self)),
)  # fmt: skip
