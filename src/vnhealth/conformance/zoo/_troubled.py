"""Wrong behaviour under faults and after a crash."""

from __future__ import annotations

import datetime as dt
from typing import Any

from vnhealth.conformance.clients import Answer, NoAnswer, PlainClient
from vnhealth.conformance.zoo._bug import bug

__all__ = ["TROUBLED"]

Base = PlainClient
Task = dict[str, Any]


def _gives_up(self: Base, task: Task, kind: str, lost: NoAnswer) -> bool:
    self.keep(task, state="not_sent")
    return True


def _calls_it_sent(self: Base, task: Task, kind: str, lost: NoAnswer) -> bool:
    self.keep(task, state="accepted")
    return True


def _after_status(self: Base, task: Task, kind: str, answer: Answer) -> bool:
    if 200 <= answer.status < 300:
        said = self.receipt(answer)
        self.keep(task, state="accepted", transaction=self.value(said, "maGiaoDich") or "")
        return True
    return Base.after_answer(self, task, kind, answer)


def _integer_codes(self: Base, said: dict[str, Any]) -> str:
    found = self.value(said, "maKetQua")
    return found if isinstance(found, str) else ""


def _exact_keys(self: Base, said: dict[str, Any], name: str) -> Any:
    return said.get(name)


def _strict_json(self: Base, answer: Answer) -> dict[str, Any]:
    found = answer.json()
    if found is None:
        raise ValueError("no JSON")
    assert isinstance(found, dict)
    return found


def _storm(self: Base, facility: str) -> dict[str, Any]:
    account = self.account(facility)
    form = {"username": account["username"], "password": self.password_hash(account["password"])}
    for _ in range(30):
        key = self.login_once(form).get("APIKey")
        if isinstance(key, dict):
            return Base.login(self, facility)
    return Base.login(self, facility)


def _login_refused_for_good(self: Base, form: dict[str, str]) -> dict[str, Any]:
    said = Base.login_once(self, form)
    return said if self.value(said, "APIKey") else {"maKetQua": "401"}


def _login_after_any_refusal(self: Base, answer: Answer) -> bool:
    return self.code_of(self.receipt(answer)) not in ("", "200") or answer.status == 401


def _no_second_try(self: Base, answer: Answer) -> bool:
    return False


def _forever(self: Base, held: dict[str, Any]) -> bool:
    return True


def _needs_end(self: Base, told: object, now: dt.datetime) -> dt.timedelta | None:
    found = Base.life_of(self, told, now)
    return dt.timedelta(days=3000) if found is None or str(told).isdigit() else found


def _date_is_now(self: Base, key: dict[str, Any], date: str) -> dt.datetime:
    ahead = self.gateway_time(date) or self.place.clock()
    life = self.life_of(key.get("expires_in"), ahead) or dt.timedelta(minutes=50)
    skew = abs(ahead - self.place.clock())
    return self.place.clock() + (dt.timedelta() if skew > dt.timedelta(hours=1) else life)


def _everything_final(self: Base, answer: Answer, code: str) -> bool:
    return code != "200"


def _nothing_final(self: Base, answer: Answer, code: str) -> bool:
    return False


def _three_tries(self: Base, attempt: int) -> float:
    if attempt >= 2:
        raise RuntimeError("tried often enough")
    return 1.0


def _missing_means_lost(self: Base, task: Task) -> None:
    path = f"/{self.notes[task['id']]['transaction']}"
    if self.ask(task["facility"], "result", {}, path) is None:
        self.post(
            task,
            "claim" if task["task"] != "checkin" else "checkin",
            self.file(task, "checkin" if task["task"] == "checkin" else "claim"),
        )
    Base.look(self, task)


def _resends_pending(self: Base, task: Task) -> None:
    Base.look(self, task)
    if self.is_open(task):
        kind = "checkin" if task["task"] == "checkin" else "claim"
        self.post(task, kind, self.file(task, kind))


def _warning_is_refusal(self: Base, row: dict[str, Any]) -> str:
    found = Base.state_of(self, row)
    return "refused" if found == "accepted_with_warnings" else found


def _sent_before_sending(self: Base, task: Task, kind: str, file: bytes) -> bool:
    self.keep(task, state="pending", transaction="?")
    return Base.try_once(self, task, kind, file)


def _no_disk(self: Base, task: Task, **facts: Any) -> None:
    self.notes.setdefault(task["id"], {}).update(facts)


def _remembers_only_sent(self: Base, task: Task, **facts: Any) -> None:
    if facts.get("state") != "sending":
        Base.keep(self, task, **facts)


def _never_asks(self: Base, task: Task, kind: str) -> bool:
    return False


def _believes_lost_is_sent(self: Base, task: Task, kind: str) -> None:
    if self.notes.get(task["id"], {}).get("state") == "sending":
        self.keep(task, state="accepted", transaction="?")
        return
    Base.deliver(self, task, kind)


def _rest_of_queue_lost(self: Base) -> list[Task]:
    tasks = list(self.order["tasks"])
    if not self.notes:
        return tasks
    begun = [t for t in tasks if t["id"] in self.notes]
    return [*begun, *(t for t in tasks if t["task"] in ("settle", "reconcile"))]


def _checkin_skipped(self: Base, task: Task) -> None:
    try:
        answer = self.post(task, "checkin", self.file(task, "checkin"))
    except NoAnswer:
        return
    self.after_answer(task, "checkin", answer)


def _checkins_later(self: Base) -> None:
    for task in self.tasks():
        if task["task"] == "checkin":
            try:
                self.after_answer(
                    task, "checkin", self.post(task, "checkin", self.file(task, "checkin"))
                )
            except NoAnswer:
                continue
        elif task["task"] == "settle":
            for late in self.sent_before(task):
                if late["task"] == "checkin":
                    self.deliver(late, "checkin")
            self.do_settle(task)
        else:
            getattr(self, f"do_{task['task']}")(task)
    self.finish()


TROUBLED = (
    bug("body-not-read", "FLT-01", "Chỉ xem mã HTTP, bỏ qua maKetQua", "Looks at HTTP status only",
        after_answer=_after_status, session_refused=_no_second_try),
    bug("session-refusal-is-final", "FLT-01", "Phiên hết hạn thì bỏ hồ sơ",
        "Drops the record when the session is over", session_refused=_no_second_try,
        is_final=_everything_final),
    bug("logs-in-after-403", "FLT-01F", "Đăng nhập lại khi không có quyền",
        "Logs in again after 403",
        session_refused=_login_after_any_refusal, is_final=_nothing_final),
    bug("codes-by-type", "FLT-02", "So mã kết quả theo kiểu chữ", "Compares codes by type",
        code_of=_integer_codes, arrived=_never_asks),
    bug("keys-by-case", "FLT-02", "So tên khoá phân biệt hoa thường", "Compares keys by case",
        value=_exact_keys, arrived=_never_asks),
    bug("login-storm", "FLT-03", "Đăng nhập dồn dập khi bị khoá", "A storm of logins when locked",
        login=_storm),
    bug("login-error-is-final", "FLT-03S", "Máy chủ lỗi khi đăng nhập thì bỏ cuộc",
        "Gives up on a server error at login",
        login_once=_login_refused_for_good),
    bug("server-error-is-final", "FLT-04", "Coi lỗi máy chủ là lỗi vĩnh viễn",
        "Takes a server error for permanent", is_final=_everything_final),
    bug("permanent-is-retried", "FLT-04P", "Thử lại mãi lỗi vĩnh viễn", "Retries permanent errors",
        is_final=_nothing_final),
    bug("new-login-after-205", "FLT-04P", "Đăng nhập lại khi sai tham số",
        "Logs in again after a bad parameter", session_refused=_login_after_any_refusal),
    bug("201-is-success", "FLT-05", "Coi HTTP 201 là thành công", "Takes HTTP 201 for success",
        after_answer=_after_status),
    bug("session-eternal", "FLT-07N", "Coi phiên không bao giờ hết hạn",
        "Takes a session for eternal",
        usable=_forever, session_refused=_no_second_try, looks=lambda self: 60),
    bug("token-eternal-in-clinic", "TOK-01", "Không đăng nhập lại khi phiên hết hạn",
        "Never logs in again when a session ends", usable=_forever,
        session_refused=_no_second_try),
    bug("no-end-means-eternal", "FLT-07M", "Không có thời hạn thì coi là vĩnh viễn",
        "Without an end a session is eternal", life_of=_needs_end,
        session_refused=_no_second_try, looks=lambda self: 60),
    bug("own-account-not-checked", "FLT-08", "Không tự kiểm cơ sở trước khi gửi",
        "Does not check the facility before sending",
        account=lambda self, facility: dict(self.order["gateways"]["vss"]["accounts"][0]),
        token=lambda self, facility: Base.token(self, self.order["tasks"][0]["facility"])),
    bug("html-is-success", "FLT-09", "Coi trang HTML với mã 200 là thành công",
        "Takes an HTML page with status 200 for success", after_answer=_after_status),
    bug("html-is-fatal", "FLT-09", "Dừng hẳn khi trả lời không phải JSON",
        "Dies of an answer that is no JSON", receipt=_strict_json),
    bug("truncated-is-resent", "FLT-09T", "Trả lời cắt cụt thì gửi lại ngay",
        "Sends again after a truncated answer", may_have_arrived=lambda self, answer: False),
    bug("silence-is-resent", "FLT-10", "Không trả lời thì gửi lại ngay",
        "Sends again after silence", after_silence=lambda self, task, kind, lost: False),
    bug("silence-is-loss", "FLT-10", "Không trả lời thì coi là chưa gửi",
        "Takes silence for not sent", after_silence=_gives_up),
    bug("silence-is-success", "FLT-18C", "Không trả lời thì coi là đã gửi",
        "Takes silence for sent", after_silence=_calls_it_sent),
    bug("duplicates-after-silence", "FLT-11", "Gửi trùng làm hồ sơ thành lỗi",
        "A second send makes the record an error", arrived=_never_asks),
    bug("invisible-is-lost", "FLT-12", "Chưa tra thấy thì gửi lại",
        "Sends again what is not visible",
        look=_missing_means_lost),
    bug("late-is-lost", "FLT-13", "Chờ lâu thì gửi lại", "Sends again what takes long",
        look=_resends_pending),
    bug("gives-up-waiting", "FLT-13", "Bỏ cuộc sau một giờ chờ kết quả", "Gives up after an hour",
        looks=lambda self: 12),
    bug("warning-is-refusal", "FLT-14", "Coi cảnh báo là từ chối", "Takes a warning for a refusal",
        state_of=_warning_is_refusal),
    bug("bom-under-fault", "FLT-16", "Gửi tệp có BOM", "Sends files with a byte-order mark",
        sign=lambda self, file, task: b"\xef\xbb\xbf" + Base.sign(self, file, task)),
    bug("edition-at-midnight", "FLT-17", "Chọn chuẩn theo giờ máy lúc nửa đêm",
        "Takes the edition of the machine's day",
        call_of=lambda self, task, kind: kind + "_4750"),
    bug("no-back-off", "FLT-18", "Thử lại ngay khi bị giới hạn", "Tries again at once when limited",
        pause=lambda self, attempt: 0.01),
    bug("three-tries-only", "FLT-18N", "Chỉ thử ba lần rồi dừng", "Three tries, then it stops",
        pause=_three_tries),
    bug("reset-is-fatal", "FLT-18C", "Đứt kết nối thì bỏ hồ sơ", "Drops the record on a reset",
        after_silence=_gives_up),
    bug("clock-of-its-own", "FLT-19", "Tính hạn phiên sai khi đồng hồ lệch",
        "Reckons the session wrongly when clocks differ", end_of=_date_is_now),
    bug("checkin-lost-in-outage", "FLT-20", "Mất check-in khi đứt kết nối",
        "Loses check-ins in an outage", do_checkin=_checkin_skipped),
    bug("claims-overtake", "FLT-20", "Hồ sơ vượt trước check-in khi gửi bù",
        "Claims overtake check-ins when catching up", run=_checkins_later),
    bug("no-memory", "CRS-12", "Không ghi nhớ gì, chạy lại gửi hết",
        "Remembers nothing, sends all again",
        keep=_no_disk),
    bug("no-note-before-sending", "CRS-12", "Không ghi trước khi gửi",
        "Notes nothing before sending",
        keep=_remembers_only_sent),
    bug("asks-nobody-after-crash", "CRS-12", "Chạy lại không hỏi cổng", "Asks nobody after a crash",
        arrived=_never_asks),
    bug("marked-before-sent", "CRS-21", "Đánh dấu đã gửi trước khi gửi",
        "Marks as sent before sending",
        try_once=_sent_before_sending),
    bug("doubt-is-success", "CRS-23", "Chạy lại coi hồ sơ dở là đã xong",
        "After a crash takes a begun record for done", deliver=_believes_lost_is_sent),
    bug("queue-lost", "CRS-21", "Chạy lại mất phần còn lại của hàng đợi",
        "Loses the rest of the queue after a crash", tasks=_rest_of_queue_lost),
)  # fmt: skip
