"""A correct client of the insurance gateway that shares no code with `vnhealth.sync`.

Small methods on purpose: the wrong clients of `vnhealth.conformance.zoo` change one of them each.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from vnhealth.conformance.clients._place import Answer, NoAnswer, Task, Workplace
from vnhealth.conformance.clients._plain_files import PlainFiles
from vnhealth.protocol import Endpoint, gateways

__all__ = ["PlainClient"]

SETTLED = {
    "CHAP_NHAN": "accepted",
    "CHAP_NHAN_CO_CANH_BAO": "accepted_with_warnings",
    "TU_CHOI": "refused",
    "DA_THAY_THE": "replaced",
}
TRANSIENT = ("408", "500", "10")
NO_SESSION = ("401",)
ATTEMPTS = 18
LOOKS = 90


class Refused(Exception):
    """The gateway does not let this account in; nothing more is sent for it."""


class PlainClient(PlainFiles):
    """Does the tasks of a work order, in order, and writes down what came of each."""

    def __init__(self, place: Workplace) -> None:
        super().__init__(place)
        self.order = place.order
        self.notes: dict[str, dict[str, Any]] = json.loads(place.disk.get("notes.json", "{}"))
        self.tokens: dict[str, dict[str, Any]] = {}
        self.barred: set[str] = set()
        self.counts: list[dict[str, Any]] = []
        self.lookups: list[dict[str, str]] = []

    def run(self) -> None:
        """Everything, then the results."""
        for task in self.tasks():
            try:
                getattr(self, f"do_{task['task']}")(task)
            except Refused:
                continue
        self.finish()

    def tasks(self) -> Iterable[Task]:
        """The tasks in the order in which they are done."""
        return list(self.order["tasks"])

    # what survives a crash

    def keep(self, task: Task, **facts: Any) -> None:
        """Write down what is known of a task before going on."""
        note = self.notes.setdefault(task["id"], {})
        note.update(facts)
        self.place.disk["notes.json"] = json.dumps(self.notes)

    def finish(self) -> None:
        """Write the results: one entry per file, and the day's counts."""
        records = [
            {
                "task": task["id"],
                "ma_lk": task["ma_lk"],
                "state": self.notes.get(task["id"], {}).get("state", "not_sent"),
                "transaction": self.notes.get(task["id"], {}).get("transaction", ""),
            }
            for task in self.sent_files()
        ]
        results = {
            "schema": "vnhealth-results/1",
            "records": records,
            "counts": self.counts,
            "lookups": self.lookups,
        }
        self.place.disk["results.json"] = json.dumps(results, ensure_ascii=False)

    def sent_files(self) -> list[Task]:
        """The files of the order that have an entry in the results."""
        kinds = ("checkin", "claim", "correct", "store")
        return [task for task in self.order["tasks"] if task["task"] in kinds]

    # tasks

    def do_lookup(self, task: Task) -> None:
        """Ask the register about a card, again while it cannot be read."""
        facility = task["facility"]
        body = json.dumps(self.question(task), ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json; charset=utf-8"}
        for attempt in range(ATTEMPTS):
            held = self.token(facility)
            query = {
                "token": held["access_token"],
                "id_token": held["id_token"],
                "username": self.account(facility)["username"],
                "password": self.password_hash(self.account(facility)["password"]),
            }
            url = f"{self.url(self.endpoint(self.register()).path)}?{urlencode(query)}"
            try:
                answer = self.place.send("POST", url, headers, body)
            except NoAnswer:
                answer = None
            code = self.code_of(self.receipt(answer)) if answer else ""
            if self.card_code_final(code):
                self.lookups.append({"task": task["id"], "code": code})
                return
            self.place.sleep(self.pause(attempt))

    def register(self) -> str:
        """The call that knows cards."""
        return "card"

    def card_code_final(self, code: str) -> bool:
        """True when the register gave its answer."""
        return bool(code) and code not in ("10", "408", "500", "501")

    def question(self, task: Task) -> dict[str, str]:
        """The body of a question."""
        return {
            "maThe": task["card"],
            "hoTen": task["name"],
            "ngaySinh": task["birth_date"],
            "hoTenCb": task["officer"],
            "cccdCb": task["officer_id"],
        }

    def do_checkin(self, task: Task) -> None:
        """Send a check-in."""
        self.deliver(task, "checkin")

    def do_claim(self, task: Task) -> None:
        """Send a claim."""
        self.deliver(task, "claim")

    def do_correct(self, task: Task) -> None:
        """Send the whole claim again, corrected, under the same MA_LK."""
        self.deliver(task, "claim")

    def do_settle(self, task: Task) -> None:
        """Ask for verdicts until none is open, patiently."""
        for _ in range(self.looks()):
            open_tasks = [t for t in self.sent_before(task) if self.is_open(t)]
            if not open_tasks:
                return
            self.place.sleep(self.look_pause())
            for one in open_tasks:
                self.look(one)

    def do_reconcile(self, task: Task) -> None:
        """Take the gateway's counts of a day."""
        day = dt.date.fromisoformat(task["day"])
        query = {"tuNgay": f"{day:%d/%m/%Y}", "denNgay": f"{day:%d/%m/%Y}"}
        answer = self.ask(task["facility"], "reconciliation", query)
        for row in self.value(answer or {}, "dsKQGuiHosoNgay") or ():
            self.counts.append(self.count_of(row))

    def count_of(self, row: dict[str, Any]) -> dict[str, Any]:
        """A day's row in the words of the results."""
        return {
            "facility": row["maCSKCB"],
            "kind": "checkin" if row["loaiHoSo"] == "0" else "claim",
            "sent": row["tongSo"],
            "accepted": row["soHSThanhCong"],
            "refused": row["soHSLoi"],
            "pending": row["soHSCho"],
        }

    # files

    def deliver(self, task: Task, kind: str) -> None:
        """Bring one file to the gateway exactly once, whatever happens on the way."""
        note = self.notes.get(task["id"], {})
        if note.get("transaction") or note.get("state") == "refused":
            return
        if note.get("state") == "sending" and self.arrived(task, kind):
            return
        file = self.file(task, kind)
        for attempt in range(ATTEMPTS):
            self.keep(task, state="sending")
            if self.try_once(task, kind, file):
                return
            self.place.sleep(self.pause(attempt))
        self.keep(task, state="unknown")

    def try_once(self, task: Task, kind: str, file: bytes) -> bool:
        """Send it once; True when the gateway has it, or refused it for good."""
        try:
            answer = self.post(task, kind, file)
        except NoAnswer as lost:
            return self.after_silence(task, kind, lost)
        return self.after_answer(task, kind, answer)

    def after_silence(self, task: Task, kind: str, lost: NoAnswer) -> bool:
        """No answer: it may have arrived, so ask before anything else."""
        return lost.sent and self.arrived(task, kind)

    def after_answer(self, task: Task, kind: str, answer: Answer) -> bool:
        """Read the body, not only the status."""
        said = self.receipt(answer)
        code, transaction = self.code_of(said), self.value(said, "maGiaoDich")
        if self.is_receipt(answer, code) and transaction:
            self.keep(task, state="pending", transaction=transaction)
            return True
        if self.is_final(answer, code):
            self.keep(task, state="refused", code=code)
            return True
        if code in TRANSIENT or not code:
            return self.arrived(task, kind) if self.may_have_arrived(answer) else False
        return False

    def receipt(self, answer: Answer) -> dict[str, Any]:
        """The JSON object of an answer; an empty one when it is none."""
        found = answer.json()
        return found if isinstance(found, dict) else {}

    def code_of(self, said: dict[str, Any]) -> str:
        """The result code as text, whatever type and spelling it has."""
        return str(self.value(said, "maKetQua") or "").strip()

    def value(self, said: dict[str, Any], name: str) -> Any:
        """A value by its key, whatever the case of its letters."""
        return next((v for k, v in said.items() if k.lower() == name.lower()), None)

    def is_receipt(self, answer: Answer, code: str) -> bool:
        """True when the gateway took the file."""
        return code == "200"

    def is_final(self, answer: Answer, code: str) -> bool:
        """True when sending the same again is useless."""
        return bool(code) and code not in ("200", *TRANSIENT, *NO_SESSION)

    def may_have_arrived(self, answer: Answer) -> bool:
        """True unless the answer says that nothing was taken."""
        return answer.status not in (429, 503)

    def arrived(self, task: Task, kind: str) -> bool:
        """Ask the gateway for this record; True when the version at hand is there."""
        found = self.record(task, kind)
        transaction = self.value(found or {}, "maGiaoDich")
        if not transaction or transaction in self.known_transactions(task):
            return False
        self.keep(task, state="pending", transaction=transaction)
        return True

    def known_transactions(self, task: Task) -> set[str]:
        """The transactions of other files."""
        return {
            str(note["transaction"])
            for number, note in self.notes.items()
            if number != task["id"] and note.get("transaction")
        }

    def pause(self, attempt: int) -> float:
        """Seconds before the next try."""
        return float(min(30 * 2**attempt, 3600))

    # verdicts

    def looks(self) -> int:
        """How often open files are looked at."""
        return LOOKS

    def look_pause(self) -> float:
        """Seconds between two looks."""
        return 300.0

    def sent_before(self, task: Task) -> list[Task]:
        """The files of the tasks above."""
        tasks = self.order["tasks"]
        return [t for t in tasks[: tasks.index(task)] if t.get("tables")]

    def is_open(self, task: Task) -> bool:
        """True while there is no verdict."""
        return self.notes.get(task["id"], {}).get("state") == "pending"

    def look(self, task: Task) -> None:
        """Ask once for the verdict on a file."""
        path = f"/{self.notes[task['id']]['transaction']}"
        answer = self.ask(task["facility"], "result", {}, path)
        if answer is None or self.value(answer, "trangThai") != "DA_XU_LY":
            return
        states = [self.state_of(row) for row in self.value(answer, "dsHoSo") or ()]
        self.keep(task, state=states[0] if states else "refused")

    def state_of(self, row: dict[str, Any]) -> str:
        """The verdict on a record in the words of the results."""
        return SETTLED.get(self.value(row, "trangThai") or "", "unknown")

    def record(self, task: Task, kind: str) -> dict[str, Any] | None:
        """What the gateway holds under this MA_LK, None when it holds nothing."""
        query = {
            "maLk": task["ma_lk"],
            "loaiHoSo": "0" if kind == "checkin" else "130",
            "maCSKCB": task["facility"],
        }
        return self.ask(task["facility"], "result_by_record", query)

    def ask(
        self, facility: str, call: str, query: dict[str, str], path: str = ""
    ) -> dict[str, Any] | None:
        """A question, asked again while there is no proper answer. None for "not there"."""
        endpoint = self.endpoint(call)
        target = endpoint.path.replace("/{maGiaoDich}", path)
        for attempt in range(ATTEMPTS):
            try:
                answer = self.call(facility, endpoint.method, target, query)
            except NoAnswer:
                answer = None
            said = self.receipt(answer) if answer is not None else {}
            code = self.code_of(said)
            if code == "200":
                return said
            if self.is_final_question(answer, code):
                return None
            self.place.sleep(self.pause(attempt))
        return None

    def is_final_question(self, answer: Answer | None, code: str) -> bool:
        """True when asking again is useless."""
        return answer is not None and bool(code) and code not in (*TRANSIENT, *NO_SESSION)

    # sessions

    def account(self, facility: str) -> dict[str, str]:
        """The account of a facility."""
        accounts = self.order["gateways"]["vss"]["accounts"]
        return next(dict(a) for a in accounts if a["facility"] == facility)

    def password_hash(self, password: str) -> str:
        """MD5 in upper case, as the gateway wants it."""
        return hashlib.md5(password.encode(), usedforsecurity=False).hexdigest().upper()

    def token(self, facility: str) -> dict[str, Any]:
        """The session of a facility, made when there is none or it is nearly over."""
        held = self.tokens.get(facility)
        if held is not None and self.usable(held):
            return held
        if facility in self.barred:
            raise Refused
        return self.login(facility)

    def usable(self, held: dict[str, Any]) -> bool:
        """True while a session has some time left, by the time that passed here since."""
        return bool(self.place.clock() < held["until"])

    def login(self, facility: str) -> dict[str, Any]:
        """One session. Raises `Refused` when the account is not let in."""
        account = self.account(facility)
        form = {
            "username": account["username"],
            "password": self.password_hash(account["password"]),
        }
        for attempt in range(ATTEMPTS):
            said = self.login_once(form)
            key = self.value(said, "APIKey")
            if isinstance(key, dict) and key.get("access_token"):
                held = {**key, "until": self.end_of(key, said.get("date", ""))}
                self.tokens[facility] = held
                return held
            if self.code_of(said) in ("401", "402", "403"):
                self.barred.add(facility)
                raise Refused
            self.place.sleep(self.pause(attempt))
        raise Refused

    def login_once(self, form: dict[str, str]) -> dict[str, Any]:
        """One try; an empty object when there was no proper answer."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        url = self.url(self.endpoint("login").path)
        try:
            answer = self.place.send("POST", url, headers, urlencode(form).encode())
        except NoAnswer:
            return {}
        date = {name.lower(): value for name, value in answer.headers.items()}.get("date", "")
        return {**self.receipt(answer), "date": date}

    def end_of(self, key: dict[str, Any], date: str) -> dt.datetime:
        """When a session ends by the clock of this machine, with a margin.

        The gateway tells an end in its own time; how long that is follows from its Date header.
        """
        now = self.place.clock()
        life = self.life_of(key.get("expires_in"), self.gateway_time(date) or now)
        if life is None or life <= dt.timedelta():
            life = dt.timedelta(minutes=50)
        return now + life - min(dt.timedelta(seconds=60), life / 2)

    def gateway_time(self, date: str) -> dt.datetime | None:
        """The moment of a Date header."""
        try:
            found = dt.datetime.strptime(date, "%a, %d %b %Y %H:%M:%S GMT")
        except ValueError:
            return None
        return found.replace(tzinfo=dt.UTC)

    def life_of(self, told: object, now: dt.datetime) -> dt.timedelta | None:
        """How long a session lasts: from a date-time, or from seconds; None when not told."""
        text = str(told or "")
        if text.isdigit():
            return dt.timedelta(seconds=int(text))
        try:
            end = dt.datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=dt.UTC)
        except ValueError:
            return None
        return end - now

    def session_headers(self, facility: str) -> dict[str, str]:
        """The three headers that prove who calls."""
        held = self.token(facility)
        return {
            "accessToken": held["access_token"],
            "tokenId": held["id_token"],
            "passwordHash": self.password_hash(self.account(facility)["password"]),
        }

    # calls

    def endpoint(self, call: str) -> Endpoint:
        """A call of the insurance gateway."""
        return gateways()["vss"].endpoint(call)

    def url(self, path: str) -> str:
        """The address of a path."""
        return str(self.order["gateways"]["vss"]["base_url"]) + path

    def call(
        self,
        facility: str,
        method: str,
        path: str,
        query: dict[str, str] | None = None,
        form: dict[str, str] | None = None,
    ) -> Answer:
        """A call under the session; when that was refused, one login and one more try."""
        url = self.url(path) + (f"?{urlencode(query)}" if query else "")
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
        body = self.encode(form) if form else b""
        answer = self.place.send(method, url, {**headers, **self.session_headers(facility)}, body)
        if self.session_refused(answer):
            self.tokens.pop(facility, None)
            again = {**headers, **self.session_headers(facility)}
            answer = self.place.send(method, url, again, body)
            if self.session_refused(answer):
                self.barred.add(facility)
                self.tokens.pop(facility, None)
        return answer

    def session_refused(self, answer: Answer) -> bool:
        """True when the session is not taken, by the body or by the status."""
        return self.code_of(self.receipt(answer)) in NO_SESSION or answer.status == 401

    def encode(self, form: dict[str, str]) -> bytes:
        """A form body; the plus sign of Base64 is percent-encoded."""
        return urlencode(form).encode()

    def post(self, task: Task, kind: str, file: bytes) -> Answer:
        """Send a file by the call of its kind and edition."""
        facility = task["facility"]
        endpoint = self.endpoint(self.call_of(task, kind))
        form = {
            "username": self.account(facility)["username"],
            "loaiHoSo": self.file_kind(kind),
            "maTinh": facility[:2],
            "maCSKCB": facility,
            "fileHSBase64": self.base64(file),
        }
        return self.call(facility, endpoint.method, endpoint.path, form=form)

    def file_kind(self, kind: str) -> str:
        """The value of loaiHoSo."""
        return "0" if kind == "checkin" else "130"

    def base64(self, file: bytes) -> str:
        """The file as the gateway takes it."""
        return base64.b64encode(file).decode("ascii")
