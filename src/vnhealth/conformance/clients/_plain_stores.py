"""The plain client at the repositories and at the axis of Hà Nội."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlencode

from vnhealth.conformance.clients._place import Answer, NoAnswer, Task
from vnhealth.conformance.clients._plain import ATTEMPTS, LOOKS, SETTLED, PlainClient, Refused
from vnhealth.protocol import Endpoint, gateways
from vnhealth.protocol.deid_contract import withheld_prefixes
from vnhealth.protocol.hanoi import PROVINCE

__all__ = ["PlainStoresClient"]

TAKEN = ("ACCEPTED", "ACCEPTED_WITH_WARNING", "ACCEPTED_DUPLICATE")
LATER = ("", "RATE_LIMITED")
"""No answer that means anything, or one that says to wait."""
VERDICTS = {
    "ACCEPTED": "accepted",
    "ACCEPTED_WITH_WARNING": "accepted_with_warnings",
    "REJECTED": "refused",
    "REPLACED": "replaced",
    "CANCELLED": "cancelled",
}
STORES = {"store": "province", "deid": "national_deid"}
PSEUDONYMS = b"vnhealth plain client"
KEPT = ("GIOI_TINH", "SO_NGAY_DTRI", "MA_LOAI_KCB")
"""The little that this client reports of a visit: no date, no place, no person."""


class PlainStoresClient(PlainClient):
    """Does every task there is: those of the insurance gateway, and the four below."""

    def do_store(self, task: Task) -> None:
        """Send a claim to the province."""
        self.bring(task, self.file(task, "claim"))

    def do_deid(self, task: Task) -> None:
        """Send what may be known of these claims; cases of HIV stay at home."""
        wanted = set(task["ma_lk"])
        claims = {
            t["ma_lk"]: t["tables"] for t in self.order["tasks"] if "XML1" in t.get("tables", ())
        }
        kept = [claims[key] for key in sorted(wanted) if not self.withheld(claims[key])]
        self.bring(task, self.pseudonymised(task["facility"], kept))

    def do_cancel(self, task: Task) -> None:
        """Cancel a record of the province."""
        self.withdraw(task, "cancel", "LY_DO_HUY")

    def do_restore(self, task: Task) -> None:
        """Undo it."""
        self.withdraw(task, "restore", "LY_DO")

    def do_axis(self, task: Task) -> None:
        """Several files in one call; only those that were not taken go again."""
        files = [{**file, "facility": task["facility"]} for file in task["files"]]
        for attempt in range(ATTEMPTS):
            left = [f for f in files if not self.notes.get(f["id"], {}).get("transaction")]
            if not left:
                break
            self.send_batch(task["facility"], left)
            self.place.sleep(self.pause(attempt))
        for _ in range(LOOKS):
            open_files = [f for f in files if self.is_open(f)]
            if not open_files:
                return
            self.place.sleep(self.look_pause())
            for file in open_files:
                self.look_axis(file)

    def do_reconcile(self, task: Task) -> None:
        """Take the counts of a day from the store that the task names, else from the insurance."""
        if "gateway" not in task:
            super().do_reconcile(task)
            return
        query = {"from_date": task["day"], "to_date": task["day"]}
        for attempt in range(ATTEMPTS):
            said = self.store_call(task, "reconciliation", query=query)
            if said.get("code", "") not in LATER:
                break
            self.place.sleep(self.pause(attempt))
        for row in (said.get("data") or {}).get("days", ()):
            self.counts.append(self.store_count(row))

    def store_count(self, row: dict[str, Any]) -> dict[str, Any]:
        """A day's row of a store in the words of the results."""
        names = ("kind", "sent", "accepted", "refused", "pending")
        return {"facility": row["ma_cskcb"], **{name: row[name] for name in names}}

    # the repositories

    def bring(self, task: Task, data: bytes) -> None:
        """Send a file until the store has it: the very same bytes again do no harm there."""
        note = self.notes.get(task["id"], {})
        if note.get("transaction") or note.get("state") == "refused":
            return
        for attempt in range(ATTEMPTS):
            self.keep(task, state="sending")
            said = self.store_call(task, "submit", data, kind="application/xml")
            code = str(said.get("code", ""))
            if code in TAKEN:
                self.keep(task, state="pending", transaction=said["data"]["tracking_id"])
                return
            if code not in LATER:
                self.keep(task, state="refused", code=code)
                return
            self.place.sleep(self.pause(attempt))

    def withdraw(self, task: Task, call: str, reason: str) -> None:
        """Cancel or restore under the request id of the task, which makes it safe to repeat."""
        fields = {
            "MA_LK": task["ma_lk"],
            "MA_CSKCB": task["facility"],
            reason: task["reason"],
            "MA_YEU_CAU": task["request_id"],
        }
        body = json.dumps(fields, ensure_ascii=False).encode()
        for attempt in range(ATTEMPTS):
            if self.store_call(task, call, body).get("code", "") not in LATER:
                return
            self.place.sleep(self.pause(attempt))

    def look(self, task: Task) -> None:
        """Ask once for the verdict, at the gateway that holds the file."""
        if task["task"] not in STORES:
            super().look(task)
            return
        tracking = self.notes[task["id"]]["transaction"]
        said = self.store_call(task, "status", query={"tracking_id": tracking})
        found = said.get("data") or {}
        rows = found.get("items", [found]) if isinstance(found, dict) else []
        states = [VERDICTS.get(str(row.get("status"))) for row in rows]
        if states and states[0]:
            self.keep(task, state=states[0])

    def sent_before(self, task: Task) -> list[Task]:
        """The files of the tasks above."""
        tasks = self.order["tasks"]
        above = tasks[: tasks.index(task)]
        return [t for t in above if t.get("tables") or t["task"] == "deid"]

    def sent_files(self) -> list[Task]:
        """The files of a batch are entries of their own."""
        found = super().sent_files()
        return found + [file for t in self.order["tasks"] for file in t.get("files", ())]

    def store_call(
        self,
        task: Task,
        call: str,
        body: bytes = b"",
        *,
        kind: str = "application/json",
        query: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        """A call under a session, made anew once when it is over; empty without an answer."""
        gateway = task.get("gateway") or STORES.get(task["task"], "province")
        endpoint = gateways()[gateway].endpoint(call)
        for _ in range(2):
            token = self.bearer(gateway, task["facility"])
            said = self.exchange(gateway, endpoint, body, kind, query, token) if token else {}
            if said.get("code") != "UNAUTHORIZED":
                return said
            self.tokens.pop(f"{gateway} {task['facility']}", None)
        return {}

    def bearer(self, gateway: str, facility: str) -> str:
        """The session at a store or at the axis; empty when there is none.

        Raises `Refused` for an account that was not let in before.
        """
        name = f"{gateway} {facility}"
        if name in self.barred:
            raise Refused
        if name not in self.tokens:
            account = self.account_at(gateway, facility)
            body = json.dumps({**account, "code": facility}).encode()
            said = self.exchange(gateway, gateways()[gateway].endpoint("login"), body)
            key = said.get("data") or said.get("apiKey") or {}
            token = key.get("access_token") or key.get("accessToken")
            if not token:
                if said.get("code", "") not in LATER:
                    self.barred.add(name)
                return ""
            self.tokens[name] = {"token": token}
        return str(self.tokens[name]["token"])

    def account_at(self, gateway: str, facility: str) -> dict[str, str]:
        """User name and password of a facility there."""
        accounts = self.order["gateways"][gateway]["accounts"]
        found = next(a for a in accounts if a["facility"] == facility)
        return {"username": found["username"], "password": found["password"]}

    def exchange(
        self,
        gateway: str,
        endpoint: Endpoint,
        body: bytes = b"",
        kind: str = "application/json",
        query: dict[str, str] | None = None,
        token: str = "",
        path: str = "",
    ) -> dict[str, Any]:
        """One request; the JSON object of the answer, an empty one when it is none."""
        url = self.order["gateways"][gateway]["base_url"] + (path or endpoint.path)
        headers = {"Content-Type": kind} | ({"Authorization": f"Bearer {token}"} if token else {})
        asked = f"{url}?{urlencode(query)}" if query else url
        try:
            answer: Answer = self.place.send(endpoint.method, asked, headers, body)
        except NoAnswer:
            return {}
        return self.receipt(answer)

    # de-identified records

    def withheld(self, tables: dict[str, list[dict[str, str]]]) -> bool:
        """True for a case of HIV, by its table or by its diagnoses."""
        row = tables["XML1"][0]
        codes = [row.get("MA_BENH_CHINH", ""), *row.get("MA_BENH_KT", "").split(";")]
        return "XML6" in tables or any(c.startswith(withheld_prefixes()) for c in codes)

    def pseudonymised(self, facility: str, claims: list[dict[str, list[dict[str, str]]]]) -> bytes:
        """A file of the contract of the store, with the least that it takes."""
        policy = hashlib.sha256(" ".join(KEPT).encode()).hexdigest()
        parts = [
            f"<PHIEN_BAN>1</PHIEN_BAN><NHAN>pseudonymised</NHAN><MA_CSKCB>{facility}</MA_CSKCB>"
            f"<CHINH_SACH>{policy}</CHINH_SACH><SO_LUONG>{len(claims)}</SO_LUONG>"
        ]
        for tables in claims:
            row = tables["XML1"][0]
            cells = "".join(f"<{t}>{row[t]}</{t}>" for t in KEPT if row.get(t))
            token = self.token_of(row["MA_LK"])
            parts.append(f"<HOSO><MA_LK>{token}</MA_LK><XML1>{cells}</XML1></HOSO>")
        return f"<VNHEALTH_DEID>{''.join(parts)}</VNHEALTH_DEID>".encode()

    def token_of(self, key: str) -> str:
        """A pseudonym that only this client can make again."""
        made = hmac.digest(PSEUDONYMS, key.encode(), "sha256")
        return "A" + base64.b32encode(made).decode("ascii")[:26]

    # the axis of Hà Nội

    def send_batch(self, facility: str, files: list[Task]) -> None:
        """Note per file what became of it."""
        for file in files:
            self.keep(file, state="sending")
        body = {
            "loaiHoSo": "3176",
            "maTinh": PROVINCE,
            "maCSKCB": facility,
            "files": [self.base64(self.file(file, "claim")) for file in files],
        }
        endpoint = gateways()["hanoi"].endpoint("submit")
        token = self.bearer("hanoi", facility)
        said = self.exchange("hanoi", endpoint, json.dumps(body).encode(), token=token)
        for file, row in zip(files, said.get("fileResults") or (), strict=False):
            if row.get("maGiaoDich"):
                self.keep(file, state="pending", transaction=row["maGiaoDich"])

    def look_axis(self, file: Task) -> None:
        """Ask once for the verdict on a file of a batch."""
        endpoint = gateways()["hanoi"].endpoint("status")
        path = endpoint.path.replace("{maGiaoDich}", self.notes[file["id"]]["transaction"])
        token = self.bearer("hanoi", file["facility"])
        said = self.exchange("hanoi", endpoint, token=token, path=path)
        if said.get("trangThai") == "DA_XU_LY":
            states = [SETTLED.get(row.get("trangThai", "")) for row in said.get("dsHoSo") or ()]
            self.keep(file, state=states[0] if states and states[0] else "refused")
