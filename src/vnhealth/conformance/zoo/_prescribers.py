"""Wrong clients of the e-prescription system: codes, messages, doctors, lost answers."""

from __future__ import annotations

import datetime as dt
import json
import unicodedata
from typing import Any

from vnhealth.conformance.clients import Answer, Workplace
from vnhealth.conformance.clients._place import NoAnswer, Task
from vnhealth.conformance.clients._prescriber import PlainPrescriber, random_part
from vnhealth.conformance.zoo._bug import Bug, Patch, bug
from vnhealth.protocol import donthuoc

__all__ = ["PRESCRIBERS"]

Base = PlainPrescriber


def _wrong(name: str, expected: str, vi: str, en: str, **patches: Patch) -> Bug:
    return bug(f"rx-{name}", expected, vi, en, base=Base, **patches)


def _with(**changes: Any) -> Patch:
    """Fields of the message put in place; a function gets the message and the task."""

    def message(self: Base, task: Task) -> dict[str, Any]:
        found = Base.message(self, task)
        for name, value in changes.items():
            found[name] = value(found, task) if callable(value) else value
        return found

    return message


def _utc(message: dict[str, Any], task: Task) -> str:
    moment = dt.datetime.fromisoformat(task["written_at"]).astimezone(dt.UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _month_first(message: dict[str, Any], task: Task) -> str:
    return f"{dt.date.fromisoformat(task['patient']['birth_date']):%m/%d/%Y}"


def _medicines(change: Patch) -> Patch:
    return _with(thong_tin_don_thuoc=lambda m, task: change(m["thong_tin_don_thuoc"]))


def _counted(self: Base, task: Task) -> str:
    return str(task["id"])[1:].zfill(7)


def _by_hand(self: Base, value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False).replace('\\"', "'")
    return text.encode()


def _new_code_each_try(self: Base, task: Task, kind: str, file: bytes) -> Answer:
    note = self.notes.get(task["id"], {})
    if note.get("tries"):
        middle = random_part(task["id"], str(note["tries"]))
        self.keep(task, code=f"{task['facility']}{middle}-{self.code_end(task)}")
        file = self.file(task, kind)
    return Base.post(self, task, kind, file)


def _counts_its_lives(self: Base, place: Workplace) -> None:
    Base.__init__(self, place)
    place.disk["lives"] = place.disk.get("lives", "") + "x"


def _new_code_each_life(self: Base, task: Task) -> str:
    middle = random_part(task["id"], self.place.disk["lives"])
    return f"{self.code_start(task)}{middle}-{self.code_end(task)}"


def _nothing_kept(self: Base, task: Task, **facts: Any) -> None:
    self.notes.setdefault(task["id"], {}).update(facts)
    self.place.disk["notes.json"] = "{}"


def _one_doctor_for_all(self: Base, task: Task, kind: str, file: bytes) -> Answer:
    return Base.post(self, {**task, "doctor": f"BS{task['facility']}"}, kind, file)


def _password_in_message(self: Base, task: Task) -> dict[str, Any]:
    password = self.account(task["doctor"])["password"]
    return {**Base.message(self, task), "password": password}


def _patient_in_address(self: Base, path: str) -> str:
    patients = [t["patient"] for t in self.order["tasks"] if "patient" in t]
    return Base.url(self, path) + f"?dinhdanh={patients[0]['citizen_id']}"


def _patient_in_results(self: Base) -> None:
    Base.finish(self)
    found = json.loads(self.place.disk["results.json"])
    found["log"] = [t["patient"]["name"] for t in self.order["tasks"] if "patient" in t]
    self.place.disk["results.json"] = json.dumps(found, ensure_ascii=False)


def _changed_under_code(self: Base, task: Task) -> str:
    earlier = task.get("replaces")
    return str(self.notes[earlier]["code"]) if earlier else Base.code(self, task)


def _silence_is_success(self: Base, task: Task, kind: str, lost: NoAnswer) -> bool:
    self.keep(task, state="accepted", transaction=self.code(task))
    return True


def _gives_up(self: Base, task: Task, kind: str, lost: NoAnswer) -> bool:
    self.keep(task, state="unknown")
    return True


def _last_dropped(self: Base) -> list[Task]:
    tasks = list(Base.tasks(self))
    last = max(i for i, t in enumerate(tasks) if t["task"] == "prescribe")
    return tasks[:last] + tasks[last + 1 :]


def _without(word: str) -> Patch:
    return lambda self: [t for t in Base.tasks(self) if t["task"] != word]


def _twice(self: Base, task: Task) -> None:
    Base.do_prescribe(self, task)
    again = {**task, "id": task["id"] + "x"}
    Base.do_prescribe(self, again)


def _no_bom_read(self: Base, answer: Answer) -> str:
    if answer.body.startswith(b"\xef\xbb\xbf"):
        return ""
    return Base.said(self, answer)


def _decomposed(message: dict[str, Any], task: Task) -> str:
    return unicodedata.normalize("NFD", task["patient"]["name"])


def _used_is_refusal(self: Base, task: Task, kind: str, answer: Answer) -> bool:
    if self.is_receipt(answer, self.said(answer)):
        self.note_receipt(task, kind, answer)
        return True
    self.keep(task, state="refused")
    return self.is_final(answer, self.said(answer))


PRESCRIBERS = (
    _wrong("facility-session", "RXS-01", "Gửi đơn bằng phiên của cơ sở",
           "Sends under the session of the facility",
           post=lambda self, task, kind, file: Base.post(
               self, {**task, "doctor": task["facility"]}, kind, file)),
    _wrong("login-each-time", "RXS-02", "Đăng nhập cho từng đơn", "Logs in for each prescription",
           token=lambda self, name: self.login(name)),
    _wrong("patient-in-address", "RXS-03", "Số định danh nằm trong địa chỉ",
           "A citizen id stands in the address", url=_patient_in_address),
    _wrong("patient-in-log", "RXS-03", "Ghi họ tên người bệnh vào nhật ký kết quả",
           "Writes patients' names into the log of its results", finish=_patient_in_results),
    _wrong("password-in-message", "RXS-04", "Gửi kèm mật khẩu trong đơn",
           "The password travels in the prescription", message=_password_in_message),
    _wrong("code-short", "RXC-01", "Mã đơn thiếu một ký tự", "The code is one character short",
           code_middle=lambda self, task: Base.code_middle(self, task)[:-1]),
    _wrong("code-national", "RXC-02", "Mã đơn không bắt đầu bằng mã cơ sở",
           "The code does not begin with the facility", code_start=lambda self, task: "98765"),
    _wrong("code-always-c", "RXC-03", "Loại đơn luôn là c", "The type is always c",
           code_end=lambda self, task: "c",
           message=_with(loai_don_thuoc="c")),
    _wrong("code-shared", "RXC-04", "Mọi đơn chung một mã", "All prescriptions share a code",
           code=lambda self, task: f"{task['facility']}abc1234-c",
           message=_with(loai_don_thuoc="c")),
    _wrong("code-counted", "RXC-05", "Mã đơn là số đếm", "Codes are counted up",
           code_middle=_counted),
    _wrong("code-forgotten", "RXC-06", "Không giữ mã đơn đã gửi", "Forgets the code that it sent",
           note_receipt=lambda self, task, kind, answer: self.keep(
               task, state="accepted", transaction="")),
    _wrong("sex-of-xml", "RXM-01", "Gửi mã giới tính của bảng XML",
           "Sends the sex code of the claim tables",
           message=_with(gioi_tinh=lambda m, task: task["patient"]["sex"])),
    _wrong("moment-utc", "RXM-02", "Giờ kê đơn theo UTC", "The moment in UTC",
           message=_with(ngay_gio_ke_don=_utc)),
    _wrong("birth-us", "RXM-02", "Ngày sinh theo kiểu tháng trước ngày",
           "The birth date with the month first",
           message=_with(ngay_sinh_benh_nhan=_month_first)),
    _wrong("name-decomposed", "RXM-03", "Họ tên ở dạng Unicode tổ hợp",
           "Names in decomposed Unicode", message=_with(ho_ten_benh_nhan=_decomposed)),
    _wrong("name-plain", "RXM-03", "Họ tên mất dấu", "Names lose their marks",
           message=_with(ho_ten_benh_nhan=lambda m, task: unicodedata.normalize(
               "NFD", task["patient"]["name"]).encode("ascii", "ignore").decode())),
    _wrong("json-by-hand", "RXM-03", "Ghép JSON bằng tay, đổi dấu ngoặc kép",
           "Builds JSON by hand and alters quotation marks", encoded=_by_hand),
    _wrong("id-as-number", "RXM-04", "Số định danh thành số, mất số 0 đứng đầu",
           "The citizen id becomes a number and loses its zero",
           message=_with(ma_dinh_danh_cong_dan=lambda m, task: str(
               int(task["patient"]["citizen_id"])))),
    _wrong("card-as-id", "RXM-04", "Số thẻ BHYT nằm ở trường số định danh",
           "The insurance card stands in the field of the citizen id",
           message=_with(ma_dinh_danh_cong_dan=lambda m, task: task["patient"]["insurance_card"])),
    _wrong("no-guardian", "RXM-05", "Đơn của trẻ nhỏ không nêu người giám hộ",
           "No guardian for small children", message=_with(thong_tin_nguoi_giam_ho="")),
    _wrong("diagnosis-name-only", "RXM-06", "Chẩn đoán không có tên", "Diagnoses without names",
           message=_with(chan_doan=lambda m, task: [
               {**d, "ten_chan_doan": d["ma_chan_doan"]} for d in m["chan_doan"]])),
    _wrong("medicine-lost", "RXM-07", "Chỉ gửi thuốc đầu tiên", "Sends the first medicine only",
           message=_medicines(lambda rows: rows[:1])),
    _wrong("amount-of-a-day", "RXM-07", "Gửi số lượng một ngày thay cho cả đợt",
           "Sends the amount of one day for the whole course",
           message=_medicines(lambda rows: [{**r, "so_luong": "1"} for r in rows])),
    _wrong("last-dropped", "RXT-01", "Bỏ sót đơn cuối buổi", "Drops the last prescription",
           tasks=_last_dropped),
    _wrong("sent-twice", "RXT-02", "Gửi mỗi đơn hai lần với hai mã",
           "Sends each prescription twice under two codes", do_prescribe=_twice),
    _wrong("drops-on-error", "RXF-ERR", "Bỏ đơn khi máy chủ lỗi", "Drops it on a server error",
           is_transient=lambda self, answer, said: not said),
    _wrong("any-200-is-good", "RXF-CODE", "Coi mọi HTTP 2xx là thành công",
           "Takes every HTTP 2xx for success",
           is_receipt=lambda self, answer, said: answer.status < 300),
    _wrong("refused-pushed", "RXF-BAD", "Gửi lại mãi đơn bị từ chối",
           "Pushes a refused prescription again and again",
           is_final=lambda self, answer, said: False),
    _wrong("new-code-on-retry", "RXF-LOST", "Thử lại với mã mới", "Tries again under a new code",
           post=_new_code_each_try),
    _wrong("silence-is-success", "RXF-LINE", "Coi im lặng là thành công",
           "Takes silence for success", after_silence=_silence_is_success),
    _wrong("used-is-refusal", "RXF-LOST", "Coi “mã đã dùng” sau khi mất trả lời là bị từ chối",
           "Takes a used code after a lost answer for a refusal",
           after_answer=_used_is_refusal),
    _wrong("gives-up", "RXF-LOST", "Bỏ cuộc khi không có trả lời", "Gives up without an answer",
           after_silence=_gives_up),
    _wrong("bom-unread", "RXF-BOM", "Không đọc được trả lời có BOM",
           "Cannot read answers with a BOM", said=_no_bom_read),
    _wrong("hasty", "RXF-RATE", "Thử lại ngay khi bị giới hạn tốc độ",
           "Tries again at once when it was too fast", pause=lambda self, attempt: 1.0),
    _wrong("page-is-refusal", "RXF-PAGE", "Coi trang HTML là từ chối",
           "Takes a page of HTML for a refusal",
           is_transient=lambda self, answer, said: answer.status in (408, 429)),
    _wrong("keeps-dead-session", "RXF-AUTH", "Không đăng nhập lại khi phiên hết hạn",
           "Does not log in again when the session is over",
           under_session=lambda self, name, endpoint, path="", body=b"": self.request(
               endpoint, path or endpoint.path, self.session_headers(name), body)),
    _wrong("login-storm", "RXF-LOCK", "Đăng nhập dồn dập khi tài khoản bị khoá",
           "Logs in again and again though locked",
           is_transient=lambda self, answer, said: donthuoc.WELL not in said.lower()),
    _wrong("forgets-on-crash", "RXF-KILL", "Không ghi nhớ gì qua lần bị tắt",
           "Remembers nothing over being killed", keep=_nothing_kept),
    _wrong("code-of-the-run", "RXF-KILL", "Mỗi lần chạy tạo mã mới cho cùng một đơn",
           "Each run makes new codes", __init__=_counts_its_lives, code=_new_code_each_life),
    _wrong("changed-under-code", "RXT-08", "Sửa đơn dưới chính mã cũ",
           "Changes a prescription under its old code", code=_changed_under_code),
    _wrong("replacement-unnamed", "RXT-08", "Đơn thay thế không nêu đơn bị thay",
           "The replacement does not name what it replaces",
           replaced_code=lambda self, task: ""),
    _wrong("doctor-not-linked", "RXD-01", "Không thêm bác sĩ vào cơ sở",
           "Never links the doctor", do_link_doctor=lambda self, task: None),
    _wrong("doctor-stays", "RXD-02", "Không xoá liên kết bác sĩ đã nghỉ",
           "Never cuts the link of a doctor who left", do_unlink_doctor=lambda self, task: None),
    _wrong("one-doctor-for-all", "RXD-03", "Mọi đơn dưới tên một bác sĩ",
           "All prescriptions under one doctor", post=_one_doctor_for_all),
)  # fmt: skip
