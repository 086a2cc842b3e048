"""Wrong clients of the ministry's data axis: sessions, messages, signatures, lost answers."""

from __future__ import annotations

import datetime as dt
import json
import unicodedata
from typing import Any

from vnhealth.conformance.clients import Answer
from vnhealth.conformance.clients._axis import PlainAxisClient
from vnhealth.conformance.clients._place import NoAnswer, Task
from vnhealth.conformance.zoo._bug import Bug, Patch, bug
from vnhealth.localtime import ICT
from vnhealth.protocol.health_check import Sign, message_id

__all__ = ["AXIS_SENDERS"]

Base = PlainAxisClient


def _wrong(name: str, expected: str, vi: str, en: str, **patches: Patch) -> Bug:
    return bug(f"axs-{name}", expected, vi, en, base=Base, **patches)


def _header(**changes: Any) -> Patch:
    """Fields of the header put in place; a function gets client and task."""

    def header(self: Base, task: Task) -> dict[str, Any]:
        found = Base.header(self, task)
        for name, value in changes.items():
            found[name] = value(self, task) if callable(value) else value
        return found

    return header


def _yesterday(self: Base, task: Task) -> str:
    day = (self.place.clock() - dt.timedelta(days=1)).astimezone(ICT).date()
    return message_id(task["facility"], day, self.unique(task))


def _person(**changes: Any) -> Patch:
    def person(self: Base, task: Task) -> dict[str, str]:
        found = Base.person(self, task)
        return {**found, **{name: change(found[name]) for name, change in changes.items()}}

    return person


def _doctor_signs_all(self: Base, sender: str, purpose: str) -> Sign:
    return Base.signer(self, sender, "doctor" if purpose == "message" else purpose)


def _one_document_key(self: Base, sender: str, purpose: str) -> Sign:
    return Base.signer(self, sender, "doctor" if purpose == "facility" else purpose)


def _with_bom(self: Base, task: Task) -> bytes:
    return b"\xef\xbb\xbf" + Base.document(self, task)


def _new_message_each_try(self: Base, task: Task, kind: str, file: bytes) -> Answer:
    tries = self.notes[task["id"]].get("tries", 0)
    self.keep(task, tries=tries + 1, message="")
    return Base.post(self, task, kind, self.file(task, kind))


def _unique_each_try(self: Base, task: Task) -> str:
    tries = self.notes.get(task["id"], {}).get("tries", 0)
    return f"{tries:04x}{Base.unique(self, task)[4:]}"


def _status_decides(self: Base, answer: Answer, code: str) -> bool:
    return answer.status == 200


def _txn_forgotten(self: Base, task: Task, kind: str, answer: Answer) -> None:
    self.keep(task, state="accepted", transaction="")


def _silence_is_success(self: Base, task: Task, kind: str, lost: NoAnswer) -> bool:
    self.keep(task, state="accepted")
    return True


def _password_in_results(self: Base) -> None:
    Base.finish(self)
    found = json.loads(self.place.disk["results.json"])
    found["account"] = self.order["gateways"][self.gateway]["accounts"]
    self.place.disk["results.json"] = json.dumps(found)


def _last_lost(self: Base) -> list[Task]:
    return list(Base.tasks(self))[:-1]


def _nothing_kept(self: Base, task: Task, **facts: Any) -> None:
    self.notes.setdefault(task["id"], {}).update(facts)
    self.place.disk["notes.json"] = "{}"


def _random_unique(self: Base, task: Task) -> str:
    lives = self.place.disk.get("lives", "")
    return f"{len(lives):04x}{Base.unique(self, task)[4:]}"


def _counts_its_lives(self: Base, place: Any) -> None:
    place.disk["lives"] = place.disk.get("lives", "") + "x"
    Base.__init__(self, place)


def _one_session_only(
    self: Base, name: str, endpoint: Any, path: str = "", body: bytes = b""
) -> Answer:
    return self.request(endpoint, path or endpoint.path, self.session_headers(name), body)


AXIS_SENDERS = (
    _wrong("login-each-time", "AXS-01", "Đăng nhập cho từng tệp", "Logs in for each file",
           token=lambda self, name: self.login(name)),
    _wrong("password-in-results", "AXS-02", "Ghi mật khẩu vào kết quả",
           "Writes its password into the results", finish=_password_in_results),
    _wrong("seconds", "AXM-01", "Thời điểm gửi tính bằng giây", "The moment in seconds",
           header=_header(send_datetime=lambda self, task: int(self.place.clock().timestamp()))),
    _wrong("no-service-type", "AXM-01", "Thiếu service-type", "Leaves service-type out",
           service=lambda self: {}),
    _wrong("code-of-five", "AXM-01", "sender_id là mã 5 ký tự", "sender_id is the code of five",
           header=_header(sender_id="01991")),
    _wrong("id-of-yesterday", "AXM-02", "msg_id mang ngày hôm trước",
           "msg_id has the day before", header=_header(msg_id=_yesterday)),
    _wrong("wrong-message-key", "AXM-03", "Ký thông điệp bằng khoá của bác sĩ",
           "Signs messages with the doctor's key", signer=_doctor_signs_all),
    _wrong("one-document-key", "AXM-04", "Bác sĩ ký thay cơ sở",
           "The doctor signs for the facility", signer=_one_document_key),
    _wrong("bom", "AXM-05", "Tệp có BOM ở đầu", "Files begin with a byte-order mark",
           document=_with_bom),
    _wrong("zero-lost", "AXM-06", "Số định danh mất số 0 đứng đầu",
           "Identity numbers lose their leading zero",
           person=_person(SO_CCCD=lambda text: text.lstrip("0"))),
    _wrong("marks-lost", "AXM-06", "Họ tên mất dấu", "Names lose their marks",
           person=_person(HO_TEN=lambda text: unicodedata.normalize("NFD", text).encode(
               "ascii", "ignore").decode())),
    _wrong("last-lost", "AXT-01", "Bỏ sót tệp cuối", "Drops the last file", tasks=_last_lost),
    _wrong("status-decides", "AXT-04", "Coi HTTP 200 là thành công",
           "Takes HTTP 200 for success", is_receipt=_status_decides),
    _wrong("txn-forgotten", "AXT-03", "Không giữ txn_id", "Forgets txn_id",
           note_receipt=_txn_forgotten),
    _wrong("refused-pushed", "AXT-04", "Gửi lại mãi lượt bị từ chối",
           "Pushes a refused examination", is_final=lambda self, answer, code: False),
    _wrong("new-message-each-try", "AXF-LOST", "Thử lại với msg_id mới",
           "Tries again under a new msg_id", post=_new_message_each_try, unique=_unique_each_try),
    _wrong("cut-is-refusal", "AXF-CUT", "Coi trả lời hỏng là bị từ chối",
           "Takes a broken answer for a refusal",
           is_transient=lambda self, answer, said: answer.status >= 500),
    _wrong("silence-is-success", "AXF-ERR", "Coi im lặng là thành công",
           "Takes silence for success", after_silence=_silence_is_success),
    _wrong("keeps-dead-session", "AXF-AUTH", "Không đăng nhập lại khi phiên hết hạn",
           "Does not log in again", under_session=_one_session_only),
    _wrong("login-storm", "AXF-LOCK", "Đăng nhập dồn dập khi tài khoản bị khoá",
           "Logs in again and again though locked",
           is_transient=lambda self, answer, said: "SUCCESS" not in said),
    _wrong("other-id-each-life", "AXF-KILL", "Chạy lại thì tạo msg_id khác",
           "Makes other ids after a restart", __init__=_counts_its_lives, keep=_nothing_kept,
           unique=_random_unique),
)  # fmt: skip
