"""Wrong sending: sessions, check-ins, claims, corrections, verdicts, reconciliation."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any
from urllib.parse import urlencode

from vnhealth.conformance.clients import PlainClient
from vnhealth.conformance.zoo._bug import bug

__all__ = ["SENDING"]

Base = PlainClient


def _login_each_time(self: Base, facility: str) -> dict[str, Any]:
    return self.login(facility)


def _header_left_out(name: str) -> Any:
    return lambda self, facility: {
        k: v for k, v in Base.session_headers(self, facility).items() if k != name
    }


def _token_in_address(self: Base, path: str) -> str:
    held = next(iter(self.tokens.values()), {})
    return Base.url(self, path) + f"?token={held.get('access_token', '')}"


def _number_in_address(self: Base, path: str) -> str:
    number = self.order["tasks"][0]["tables"]["XML0"][0]["SO_CCCD"]
    return Base.url(self, path) + f"?cccd={number}"


def _password_in_results(self: Base) -> None:
    Base.finish(self)
    found = json.loads(self.place.disk["results.json"])
    found["account"] = self.order["gateways"]["vss"]["accounts"]
    self.place.disk["results.json"] = json.dumps(found)


def _iso_birth_date(self: Base, task: dict[str, Any]) -> dict[str, str]:
    parts = task["birth_date"].split("/")
    return {**Base.question(self, task), "ngaySinh": "-".join(reversed(parts)) + "T00:00"}


def _cards_all_good(self: Base) -> None:
    self.lookups = [{**found, "code": "000"} for found in self.lookups]
    Base.finish(self)


def _claims_first(self: Base) -> list[dict[str, Any]]:
    tasks = Base.tasks(self)
    return sorted(tasks, key=lambda t: t["task"] == "checkin")[: len(list(tasks))]


def _late_checkins(self: Base) -> list[dict[str, Any]]:
    tasks = list(Base.tasks(self))
    late = [t for t in tasks if t["task"] == "checkin"]
    claims = [t for t in tasks if t["task"] == "claim"]
    return [*claims, *late, *(t for t in tasks if t["task"] not in ("checkin", "claim"))]


def _without(wanted: Any) -> Any:
    return lambda self: [t for t in Base.tasks(self) if wanted(t)]


def _last_claim_lost(self: Base) -> list[dict[str, Any]]:
    tasks = list(Base.tasks(self))
    last = max(i for i, t in enumerate(tasks) if t["task"] == "claim")
    return tasks[:last] + tasks[last + 1 :]


def _uninsured_lost(task: dict[str, Any]) -> bool:
    rows = task.get("tables", {}).get("XML1")
    return task["task"] != "claim" or bool(rows[0]["MA_THE_BHYT"])


def _second_checkin_lost(self: Base) -> list[dict[str, Any]]:
    seen: set[str] = set()
    found = []
    for task in Base.tasks(self):
        if task["task"] == "checkin":
            if task["ma_lk"] in seen:
                continue
            seen.add(task["ma_lk"])
        found.append(task)
    return found


def _twice(self: Base, task: dict[str, Any]) -> None:
    Base.do_claim(self, task)
    self.post(task, "claim", self.file(task, "claim"))


def _checkin_twice(self: Base, task: dict[str, Any]) -> None:
    Base.do_checkin(self, task)
    self.post(task, "checkin", self.file(task, "checkin"))


def _all_in_one(self: Base, task: dict[str, Any]) -> bytes:
    cases = [self.case(t) for t in self.order["tasks"] if t["task"] == "claim"][:3]
    return self.wrapped(task["facility"], [self.case(task), *cases])


def _call_always(edition: str) -> Any:
    return lambda self, task, kind: f"{kind}_{edition}"


def _other_facility_envelope(self: Base, facility: str, cases: list[str]) -> bytes:
    return Base.wrapped(self, "01992", cases)


def _form(**changes: str) -> Any:
    return lambda self, form: urlencode(
        {**form, **(changes if "fileHSBase64" in form else {})}
    ).encode()


def _first_account(self: Base, facility: str) -> dict[str, str]:
    return dict(self.order["gateways"]["vss"]["accounts"][0])


def _one_session_for_all(self: Base, facility: str) -> dict[str, Any]:
    return Base.token(self, self.order["tasks"][0]["facility"])


def _new_key(self: Base, task: dict[str, Any]) -> None:
    tables = json.loads(json.dumps(task["tables"]))
    for rows in tables.values():
        for row in rows:
            row["MA_LK"] = row["MA_LK"][:-1] + "Z"
    Base.do_correct(self, {**task, "tables": tables})


def _old_version(self: Base, task: dict[str, Any]) -> None:
    first = next(
        t for t in self.order["tasks"] if t["task"] == "claim" and t["ma_lk"] == task["ma_lk"]
    )
    Base.do_correct(self, {**task, "tables": first["tables"]})


def _summary_only(self: Base, task: dict[str, Any]) -> None:
    Base.do_correct(self, {**task, "tables": {"XML1": task["tables"]["XML1"]}})


def _receipt_is_success(self: Base, task: dict[str, Any], **facts: Any) -> None:
    if facts.get("state") == "pending":
        facts["state"] = "accepted"
    Base.keep(self, task, **facts)


def _says(**states: str) -> Any:
    return lambda self, row: states.get(Base.state_of(self, row), Base.state_of(self, row))


def _forgets_transaction(self: Base) -> None:
    for note in self.notes.values():
        note.pop("transaction", None)
    Base.finish(self)


def _foreign_transaction(self: Base) -> None:
    held = [note.get("transaction", "") for note in self.notes.values()]
    for note, other in zip(self.notes.values(), [*held[1:], ""], strict=True):
        note["transaction"] = other
    Base.finish(self)


def _wrong_day(self: Base, task: dict[str, Any]) -> None:
    day = dt.date.fromisoformat(task["day"]) - dt.timedelta(days=1)
    Base.do_reconcile(self, {**task, "day": day.isoformat()})


def _own_counts(self: Base, task: dict[str, Any]) -> None:
    Base.do_reconcile(self, task)
    files = sum(1 for t in self.order["tasks"] if t["task"] in ("checkin", "claim"))
    self.counts = [{**c, "sent": files, "accepted": files} for c in self.counts]


def _no_results(self: Base) -> None:
    self.place.disk["results.json"] = "{}"


SENDING = (
    bug("password-lower-case", "SES-01", "MD5 viết thường", "MD5 in lower case",
        password_hash=lambda self, p: Base.password_hash(self, p).lower()),
    bug("password-clear", "SES-01", "Gửi mật khẩu chữ rõ", "Sends the clear password",
        password_hash=lambda self, p: p),
    bug("password-hashed-twice", "SES-03", "Băm mật khẩu hai lần và bỏ tiêu đề",
        "Hashes the password twice and drops the header",
        session_headers=_header_left_out("passwordHash")),
    bug("login-for-each-call", "SES-02", "Đăng nhập cho từng lời gọi", "Logs in for each call",
        token=_login_each_time),
    bug("no-token-id", "SES-03", "Thiếu tiêu đề tokenId", "Leaves tokenId out",
        session_headers=_header_left_out("tokenId")),
    bug("no-access-token", "SES-03", "Thiếu tiêu đề accessToken", "Leaves accessToken out",
        session_headers=_header_left_out("accessToken")),
    bug("token-in-address", "SES-04", "Để phiên trong địa chỉ", "Puts the session into the address",
        url=_token_in_address),
    bug("number-in-address", "SES-04", "Để số định danh trong địa chỉ",
        "Puts the person number into the address", url=_number_in_address),
    bug("password-in-results", "SES-04", "Ghi mật khẩu ra tệp kết quả",
        "Writes the password into its results", finish=_password_in_results),
    bug("no-checkin", "CHK-01", "Không gửi check-in", "Sends no check-in",
        do_checkin=lambda self, task: None),
    bug("second-checkin-lost", "DOC-03", "Bỏ check-in lần hai tại khoa",
        "Leaves the second check-in out", tasks=_second_checkin_lost),
    bug("checkin-after-claim", "CHK-02", "Gửi check-in sau hồ sơ", "Sends check-ins after claims",
        tasks=_late_checkins),
    bug("checkin-at-the-end", "CHK-02", "Gửi check-in cuối ngày", "Sends check-ins at day's end",
        tasks=_claims_first),
    bug("checkin-as-claim", "CLM-05", "Check-in mang loaiHoSo 130", "Check-ins carry loaiHoSo 130",
        file_kind=lambda self, kind: "130"),
    bug("claim-kind-3176", "CLM-05", "Hồ sơ mang loaiHoSo 3176", "Claims carry loaiHoSo 3176",
        file_kind=lambda self, kind: "0" if kind == "checkin" else "3176"),
    bug("province-cut", "CLM-05", "maTinh mất số 0 đầu", "maTinh loses its leading zero",
        encode=lambda self, form: urlencode(
            {k: v.lstrip("0") if k == "maTinh" else v for k, v in form.items()}).encode()),
    bug("province-of-residence", "CLM-05", "maTinh là tỉnh cư trú", "maTinh is that of residence",
        encode=_form(maTinh="46")),
    bug("no-card-lookup", "CRD-01", "Không tra cứu thẻ", "Looks no card up",
        do_lookup=lambda self, task: None),
    bug("withdrawn-lookup", "CRD-01", "Tra cứu bằng hàm đã bị bỏ", "Uses a withdrawn look-up",
        register=lambda self: "card_2019"),
    bug("lookup-born-iso", "CRD-01", "Gửi ngày sinh dạng ISO", "Birth date in ISO form",
        question=_iso_birth_date),
    bug("lookup-always-good", "CRD-02", "Coi mọi thẻ là hợp lệ", "Takes every card for good",
        finish=_cards_all_good),
    bug("lookup-until-good", "CRD-03", "Hỏi lại mãi tới khi thẻ hợp lệ",
        "Asks until a card is good",
        card_code_final=lambda self, code: code == "000"),
    bug("last-claim-lost", "CLM-01", "Bỏ sót hồ sơ cuối lô", "Drops the last claim of a batch",
        tasks=_last_claim_lost),
    bug("uninsured-left-out", "CLM-01", "Không gửi người không có thẻ",
        "Leaves people without insurance out", tasks=_without(_uninsured_lost)),
    bug("in-patients-left-out", "CLM-01", "Không gửi lượt nội trú", "Leaves in-patients out",
        tasks=_without(lambda t: t["task"] != "claim" or "XML7" not in t["tables"])),
    bug("every-claim-twice", "CLM-02", "Gửi mỗi hồ sơ hai lần", "Sends every claim twice",
        do_claim=_twice),
    bug("every-checkin-twice", "CLM-02", "Gửi mỗi check-in hai lần", "Sends every check-in twice",
        do_checkin=_checkin_twice),
    bug("many-in-one-file", "CLM-03", "Gộp nhiều lượt vào một tệp",
        "Puts visits together in a file",
        envelope=_all_in_one),
    bug("always-4750", "CLM-04", "Luôn gửi theo 4750", "Always sends by 4750",
        call_of=_call_always("4750")),
    bug("always-130", "CLM-04", "Luôn gửi theo 130", "Always sends by 130",
        call_of=_call_always("130")),
    bug("always-3176", "EDN-4750", "Luôn gửi theo 3176, kể cả lượt cũ",
        "Always sends by 3176, old visits too", call_of=_call_always("3176")),
    bug("edition-of-today", "EDN-4750", "Chọn chuẩn theo ngày năm sau", "Edition by another day",
        call_of=lambda self, task, kind: kind + "_3176"),
    bug("wrong-facility-in-file", "CLM-06", "MACSKCB trong tệp sai", "A wrong MACSKCB in the file",
        wrapped=_other_facility_envelope),
    bug("wrong-user-name", "CLM-06", "Sai tên tài khoản trong biểu mẫu", "A wrong user name",
        encode=_form(username="admin")),
    bug("first-account-for-all", "MUL-01", "Dùng một tài khoản cho mọi cơ sở",
        "Uses one account for all facilities", account=_first_account),
    bug("session-shared", "MUL-01", "Dùng chung phiên giữa các cơ sở",
        "Shares a session between facilities", token=_one_session_for_all),
    bug("second-site-lost", "MUL-02", "Bỏ sót cơ sở thứ hai", "Forgets the second facility",
        tasks=_without(lambda t: t.get("facility", "01991") == "01991")),
    bug("correction-not-sent", "COR-01", "Không gửi lại hồ sơ đã sửa", "Sends no correction",
        do_correct=lambda self, task: None),
    bug("correction-new-key", "COR-02", "Gửi lại bằng MA_LK mới", "Corrects under a new MA_LK",
        do_correct=_new_key),
    bug("correction-old-version", "COR-03", "Gửi lại bản cũ", "Sends the old version again",
        do_correct=_old_version),
    bug("correction-summary-only", "COR-04", "Chỉ gửi lại bảng tổng hợp",
        "Sends only the summary again", do_correct=_summary_only),
    bug("refused-is-accepted", "COR-05", "Coi hồ sơ bị từ chối là được chấp nhận",
        "Takes a refused record for accepted", state_of=_says(refused="accepted")),
    bug("refused-is-unknown", "COR-05", "Không hiểu trạng thái bị từ chối",
        "Does not know the word for refused", state_of=_says(refused="unknown")),
    bug("receipt-is-success", "FLT-15", "Coi tiếp nhận là chấp nhận",
        "Takes a receipt for acceptance", keep=_receipt_is_success),
    bug("never-asks", "VER-02", "Không hỏi kết quả", "Never asks for verdicts",
        do_settle=lambda self, task: None),
    bug("asks-once-too-early", "VER-02", "Hỏi một lần ngay khi gửi", "Asks once, at once",
        looks=lambda self: 1, look_pause=lambda self: 0.0),
    bug("accepted-is-unknown", "VER-02", "Không hiểu trạng thái được chấp nhận",
        "Does not know the word for accepted",
        state_of=_says(accepted="unknown", accepted_with_warnings="unknown")),
    bug("asks-every-second", "VER-03", "Hỏi kết quả mỗi giây", "Asks every second",
        look_pause=lambda self: 1.0, looks=lambda self: 2000),
    bug("transactions-forgotten", "VER-04", "Không giữ mã giao dịch", "Forgets transaction ids",
        finish=_forgets_transaction),
    bug("transactions-mixed-up", "VER-04", "Lẫn mã giao dịch giữa các hồ sơ",
        "Mixes transaction ids up", finish=_foreign_transaction),
    bug("no-reconciliation", "REC-01", "Không đối soát", "Does not reconcile",
        do_reconcile=lambda self, task: None),
    bug("reconciles-yesterday", "REC-01", "Đối soát nhầm ngày", "Reconciles another day",
        do_reconcile=_wrong_day),
    bug("counts-of-its-own", "REC-02", "Ghi số tự đếm thay cho số của cổng",
        "Writes its own counts for the gateway's", do_reconcile=_own_counts),
    bug("no-results", "OUT-01", "Không ghi kết quả", "Writes no results", finish=_no_results),
)  # fmt: skip
