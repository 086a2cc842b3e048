"""Wrong clients of the repositories: sessions, files, books, withdrawals, the feed."""

from __future__ import annotations

import json
from typing import Any

from vnhealth.conformance.clients import PlainStoresClient
from vnhealth.conformance.clients._place import Task
from vnhealth.conformance.zoo._bug import Bug, Patch, bug

__all__ = ["SENDERS"]

Base = PlainStoresClient
Rows = dict[str, list[dict[str, str]]]


def _wrong(name: str, expected: str, vi: str, en: str, **patches: Patch) -> Bug:
    return bug(f"rep-{name}", expected, vi, en, base=Base, **patches)


def _login_each_time(self: Base, gateway: str, facility: str) -> str:
    self.tokens.pop(f"{gateway} {facility}", None)
    return Base.bearer(self, gateway, facility)


def _password_in_results(self: Base) -> None:
    Base.finish(self)
    found = json.loads(self.place.disk["results.json"])
    found["account"] = self.order["gateways"]["province"]["accounts"]
    self.place.disk["results.json"] = json.dumps(found)


def _with_bom(self: Base, task: Task, data: bytes) -> None:
    Base.bring(self, task, b"\xef\xbb\xbf" + data)


def _as_utf16(self: Base, task: Task, call: str, body: bytes = b"", **more: Any) -> dict[str, Any]:
    if call == "submit":
        more["kind"] = "text/xml; charset=utf-16"
        text = body.decode().replace('encoding="utf-8"', 'encoding="utf-16"')
        body = text.encode("utf-16")
    return Base.store_call(self, task, call, body, **more)


def _first_service_only(self: Base, task: Task, table: str) -> list[dict[str, str]]:
    rows = Base.rows(self, task, table)
    return rows[:1] if table == "XML3" else rows


def _unsigned(self: Base, file: bytes, task: Task) -> bytes:
    return file


def _touched_after_signing(self: Base, file: bytes, task: Task) -> bytes:
    return Base.sign(self, file, task).replace(b"<SOLUONGHOSO>", b"<SOLUONGHOSO> ", 1)


def _no_zero(self: Base, tag: str, text: str) -> str:
    return Base.cell(self, tag, text.lstrip("0") if tag == "SO_CCCD" else text)


def _last_lost(self: Base) -> list[Task]:
    tasks = list(Base.tasks(self))
    last = max(i for i, t in enumerate(tasks) if t["task"] == "store")
    return tasks[:last] + tasks[last + 1 :]


def _twice(self: Base, task: Task) -> None:
    Base.do_store(self, task)
    state = dict(self.notes[task["id"]])
    self.notes[task["id"]] = {}
    changed = {
        **task,
        "tables": {**task["tables"], "XML1": _noted(task["tables"]["XML1"], "gửi lại")},
    }
    Base.do_store(self, changed)
    self.keep(task, **state)


def _noted(rows: list[dict[str, str]], text: str) -> list[dict[str, str]]:
    return [{**row, "GHI_CHU": text} for row in rows]


def _receipt_is_verdict(self: Base, task: Task) -> None:
    Base.do_store(self, task)
    if self.notes[task["id"]].get("transaction"):
        self.keep(task, state="accepted")


def _tracking_forgotten(self: Base) -> None:
    for note in self.notes.values():
        note["transaction"] = ""
    Base.finish(self)


def _old_again(self: Base, task: Task) -> None:
    """What is sent as a correction is the first version once more."""
    same = [t for t in self.order["tasks"] if t.get("ma_lk") == task["ma_lk"] and "tables" in t]
    Base.do_store(self, {**task, "tables": same[0]["tables"]})


def _new_key_when_corrected(self: Base, task: Task) -> None:
    same = [t for t in self.order["tasks"] if t.get("ma_lk") == task["ma_lk"] and "tables" in t]
    if same[0]["id"] == task["id"]:
        Base.do_store(self, task)
        return
    key = task["ma_lk"][:-1] + "X"
    tables = {n: [{**row, "MA_LK": key} for row in rows] for n, rows in task["tables"].items()}
    Base.do_store(self, {**task, "ma_lk": key, "tables": tables})


def _one_request_id(self: Base, task: Task, call: str, reason: str) -> None:
    Base.withdraw(self, {**task, "request_id": "YC-1"}, call, reason)


def _new_id_each_try(self: Base, task: Task, call: str, body: bytes = b"", **more: Any) -> Any:
    if call in ("cancel", "restore"):
        number = len(self.place.disk.setdefault("tries", ""))
        self.place.disk["tries"] += "x"
        fields = {**json.loads(body), "MA_YEU_CAU": f"YC-{number}"}
        body = json.dumps(fields, ensure_ascii=False).encode()
    return Base.store_call(self, task, call, body, **more)


def _not_to(gateway: str) -> Patch:
    return lambda self: [t for t in Base.tasks(self) if t.get("gateway") != gateway]


def _name_in_feed(self: Base, facility: str, claims: list[Rows]) -> bytes:
    name = claims[0]["XML1"][0]["HO_TEN"]
    made = Base.pseudonymised(self, facility, claims)
    return made.replace(b"<XML1>", f"<XML1><HO_TEN>{name}</HO_TEN>".encode(), 1)


def _claim_to_feed(self: Base, task: Task) -> None:
    Base.do_deid(self, task)
    first = next(t for t in self.order["tasks"] if t["task"] == "store")
    self.store_call(task, "submit", self.file(first, "claim"), kind="application/xml")


def _tag_in_feed(self: Base, facility: str, claims: list[Rows]) -> bytes:
    made = Base.pseudonymised(self, facility, claims)
    return made.replace(b"<XML1>", b"<XML1><GHI_CHU>x</GHI_CHU>", 1)


def _form_each_try(self: Base, task: Task, data: bytes) -> None:
    """Every try makes the file anew, with the number of the try in it."""
    for attempt in range(18):
        tables = {**task["tables"], "XML1": _noted(task["tables"]["XML1"], f"lần {attempt}")}
        file = self.file({**task, "tables": tables}, "claim")
        self.keep(task, state="sending")
        said = self.store_call(task, "submit", file, kind="application/xml")
        if said.get("success"):
            self.keep(task, state="pending", transaction=said["data"]["tracking_id"])
            return
        self.place.sleep(self.pause(attempt))


def _gives_up(self: Base, task: Task, data: bytes) -> None:
    said = self.store_call(task, "submit", data, kind="application/xml")
    taken = bool(said.get("success"))
    tracking = said["data"]["tracking_id"] if taken else ""
    self.keep(task, state="pending" if taken else "refused", transaction=tracking)


def _refused_again(self: Base, task: Task, data: bytes) -> None:
    Base.bring(self, task, data)
    if self.notes[task["id"]].get("state") == "refused":
        self.notes[task["id"]] = {}
        Base.bring(self, task, data)


def _warned_is_refused(self: Base, task: Task) -> None:
    Base.look(self, task)
    if self.notes[task["id"]].get("state") == "accepted_with_warnings":
        self.keep(task, state="refused")


def _no_new_login(self: Base, task: Task, call: str, body: bytes = b"", **more: Any) -> Any:
    if self.notes.get(task["id"], {}).get("lost"):
        return {}
    said = Base.store_call(self, task, call, body, **more)
    logins = self.tokens.setdefault("seen", {})
    token = self.tokens.get(f"province {task['facility']}", {}).get("token", "")
    if logins.setdefault(task["facility"], token) != token:
        self.keep(task, lost=True, transaction="", state="unknown")
    return said


def _other_file_each_life(self: Base, task: Task, kind: str) -> bytes:
    text = f"lần chạy {len(self.place.disk.get('lives', ''))}"
    tables = {**task["tables"], "XML1": _noted(task["tables"]["XML1"], text)}
    return Base.file(self, {**task, "tables": tables}, kind)


def _counts_its_lives(self: Base, place: Any) -> None:
    Base.__init__(self, place)
    place.disk["lives"] = place.disk.get("lives", "") + "x"
    self.notes = {}


SENDERS = (
    _wrong("login-each-time", "RPS-01", "Đăng nhập cho từng tệp", "Logs in for each file",
           bearer=_login_each_time),
    _wrong("other-facility", "RPS-02", "MACSKCB trong tệp là cơ sở khác",
           "MACSKCB of the file is another facility",
           wrapped=lambda self, facility, cases: Base.wrapped(self, "01992", cases)),
    _wrong("password-in-results", "RPS-03", "Ghi mật khẩu vào kết quả",
           "Writes its password into the results", finish=_password_in_results),
    _wrong("bom", "RPC-01", "Tệp có BOM ở đầu", "Files begin with a byte-order mark",
           bring=_with_bom),
    _wrong("utf-16", "RPC-01", "Gửi tệp UTF-16", "Sends files in UTF-16", store_call=_as_utf16),
    _wrong("rows-lost", "RPC-02", "Chỉ gửi dịch vụ đầu tiên", "Sends the first service only",
           rows=_first_service_only),
    _wrong("zeros-lost", "RPC-03", "Số định danh mất số 0 đứng đầu",
           "Citizen ids lose their leading zero", cell=_no_zero),
    _wrong("unsigned", "RPC-04", "Không ký tệp", "Does not sign", sign=_unsigned),
    _wrong("touched-after-signing", "RPC-04", "Sửa tệp sau khi ký", "Changes files after signing",
           sign=_touched_after_signing),
    _wrong("last-lost", "RPB-01", "Bỏ sót hồ sơ cuối", "Drops the last record", tasks=_last_lost),
    _wrong("sent-twice", "RPB-02", "Gửi mỗi hồ sơ hai lần với ghi chú khác",
           "Sends each record twice with another note", do_store=_twice),
    _wrong("receipt-is-verdict", "RPB-07", "Coi tiếp nhận là chấp nhận",
           "Takes receipt for acceptance", do_store=_receipt_is_verdict),
    _wrong("never-asks", "RPB-03", "Không hỏi kết quả", "Never asks for verdicts",
           do_settle=lambda self, task: None),
    _wrong("tracking-forgotten", "RPB-04", "Không giữ tracking_id", "Forgets tracking ids",
           finish=_tracking_forgotten),
    _wrong("no-reconciliation", "RPB-05", "Không đối soát", "Never reconciles",
           do_reconcile=lambda self, task: None),
    _wrong("counts-swapped", "RPB-05", "Ghi nhầm số từ chối thành số chấp nhận",
           "Swaps refused and accepted in the counts",
           store_count=lambda self, row: Base.store_count(
               self, {**row, "accepted": row["refused"], "refused": row["accepted"]})),
    _wrong("old-again", "RPB-06", "Gửi lại bản cũ thay cho bản sửa",
           "Sends the old version in place of the correction", do_store=_old_again),
    _wrong("new-key", "RPB-06", "Bản sửa mang MA_LK mới", "The correction has a new MA_LK",
           do_store=_new_key_when_corrected),
    _wrong("one-request-id", "RPW-01", "Mọi yêu cầu chung một mã", "One request id for everything",
           withdraw=_one_request_id),
    _wrong("never-restores", "RPW-01", "Huỷ rồi không khôi phục", "Never restores",
           do_restore=lambda self, task: None),
    _wrong("new-id-each-try", "RPW-02", "Mỗi lần thử một mã yêu cầu mới",
           "A new request id at each try", store_call=_new_id_each_try),
    _wrong("national-left-out", "RPN-01", "Không gửi kho quốc gia", "Leaves the national store out",
           tasks=_not_to("national")),
    _wrong("name-in-feed", "RPP-01", "Họ tên trong tệp đã khử định danh",
           "A name in the de-identified file", pseudonymised=_name_in_feed),
    _wrong("claim-to-feed", "RPP-01", "Gửi hồ sơ gốc tới kho không định danh",
           "Sends a record as it was to the de-identified store", do_deid=_claim_to_feed),
    _wrong("hiv-in-feed", "RPP-02", "Gửi cả hồ sơ HIV", "Sends cases of HIV as well",
           withheld=lambda self, tables: False),
    _wrong("tag-in-feed", "RPP-03", "Thêm thẻ ngoài danh sách cho phép",
           "Adds a tag outside the allow list", pseudonymised=_tag_in_feed),
    _wrong("form-each-try", "RPT-LOST", "Mỗi lần thử là một tệp khác",
           "Each try is another file", bring=_form_each_try),
    _wrong("gives-up", "RPT-CUT", "Coi trả lời hỏng là bị từ chối",
           "Takes a broken answer for a refusal", bring=_gives_up),
    _wrong("gives-up-on-error", "RPT-ERR", "Bỏ hồ sơ khi máy chủ lỗi",
           "Drops a record on a server error", bring=_gives_up),
    _wrong("hasty", "RPT-RATE", "Thử lại ngay khi bị giới hạn tốc độ",
           "Tries again at once when it was too fast", pause=lambda self, attempt: 1.0),
    _wrong("stops-after-session", "RPT-AUTH", "Phiên bị thu hồi thì bỏ các hồ sơ còn lại",
           "Drops what is left when the session is revoked", store_call=_no_new_login),
    _wrong("refused-again", "RPT-BAD", "Gửi lại nguyên xi tệp bị từ chối",
           "Pushes a refused file", bring=_refused_again),
    _wrong("warned-is-refused", "RPT-WARN", "Coi cảnh báo là từ chối",
           "Takes warnings for a refusal", look=_warned_is_refused),
    _wrong("one-look", "RPT-LATE", "Chỉ hỏi kết quả một lần", "Asks for verdicts once",
           looks=lambda self: 1),
    _wrong("other-file-each-life", "RPT-KILL", "Chạy lại thì tạo tệp khác",
           "Makes other files after a restart", __init__=_counts_its_lives,
           file=_other_file_each_life),
    _wrong("stops-on-kill", "RPT-KILB", "Bị tắt rồi thì bỏ phần còn lại",
           "Does nothing more once it was killed",
           tasks=lambda self: [] if self.notes else Base.tasks(self)),
)  # fmt: skip
