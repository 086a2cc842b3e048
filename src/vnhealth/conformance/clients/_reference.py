"""The reference client: this library's own `vnhealth.sync`, as a hospital would use it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from vnhealth import bhyt, deid, signing
from vnhealth.conformance.clients._place import Task, Workplace
from vnhealth.localtime import ICT
from vnhealth.records import Claim, Record, record_class
from vnhealth.spec import Edition, Family, edition_at
from vnhealth.sync import (
    AuthFailed,
    Credentials,
    Officer,
    Outcome,
    RepositoryClient,
    Status,
    SyncError,
    VssClient,
    connect,
)

__all__ = ["ReferenceClient"]

Client = VssClient | RepositoryClient
ATTEMPTS = 18
WAIT_S = 12 * 3600.0
POLL_S = 300.0
NOTE = "note "
"""How the name begins under which a task's note is kept."""
FILES = ("checkin", "claim", "correct", "store", "deid")


class ReferenceClient:
    """Does the tasks of a work order with one client per account."""

    def __init__(self, place: Workplace) -> None:
        self.place = place
        self.notes: dict[str, dict[str, str]] = {
            name.removeprefix(NOTE): json.loads(text)
            for name, text in place.disk.items()
            if name.startswith(NOTE)
        }
        self.counts: list[dict[str, Any]] = []
        self.lookups: list[dict[str, str]] = []
        self._clients: dict[tuple[str, str], Client] = {}
        self._outcomes: dict[str, Outcome] = {}

    def run(self) -> None:
        """Everything in order, then the results."""
        for task in self.place.order["tasks"]:
            with suppress(AuthFailed):
                self._do(task)
        self._finish()

    def _do(self, task: Task) -> None:
        does: dict[str, Callable[[Task], None]] = {
            "lookup": self._lookup,
            "checkin": self._checkin,
            "claim": self._submit,
            "correct": self._submit,
            "settle": self._settle,
            "reconcile": self._reconcile,
            "store": self._store,
            "cancel": self._cancel,
            "restore": self._restore,
            "deid": self._deid,
            "axis": self._axis,
        }
        does[task["task"]](task)

    def _client(self, gateway: str, facility: str) -> Any:
        found = self._clients.get((gateway, facility))
        if found is None:
            held = self.place.order["gateways"][gateway]
            account = next(a for a in held["accounts"] if a["facility"] == facility)
            credentials = Credentials.from_mapping({**account, "base_url": held["base_url"]})
            options: dict[str, Any] = {
                "transport": self.place.transport,
                "clock": self.place.clock,
                "sleep": self.place.sleep,
            }
            if gateway == "vss":
                found = VssClient(credentials, **options)
            else:
                found = RepositoryClient(credentials, gateway, **options)
            self._clients[gateway, facility] = found
        return found

    def _keep(self, task: Task, **facts: str) -> None:
        note = self.notes.setdefault(task["id"], {})
        note.update(facts)
        self.place.disk[NOTE + task["id"]] = json.dumps(note)

    def _lookup(self, task: Task) -> None:
        text = task["birth_date"]
        whole = "/" in text
        born = dt.datetime.strptime(text, "%d/%m/%Y").date() if whole else int(text)
        officer = Officer(task["officer"], task["officer_id"])
        client = self._client("vss", task["facility"])
        for attempt in range(ATTEMPTS):
            try:
                reply = client.look_up_card(task["card"], task["name"], born, officer=officer)
            except SyncError as error:
                if not error.retryable:
                    return
                self.place.sleep(min(30.0 * 2**attempt, 3600.0))
            else:
                self.lookups.append({"task": task["id"], "code": reply.code})
                return

    # files

    def _records(self, task: Task, name: str) -> list[Record]:
        made = record_class(Family.F130, name)
        return [made.from_row(row) for row in _coded(task, name)]

    def _edition(self, task: Task) -> Edition:
        tables = task["tables"]
        moment = tables["XML1"][0]["NGAY_RA"] if "XML1" in tables else tables["XML0"][0]["NGAY_VAO"]
        return edition_at(dt.datetime.strptime(moment[:8], "%Y%m%d").date())

    def _claim(self, task: Task) -> Claim:
        tables = {name: tuple(self._records(task, name)) for name in task["tables"]}
        return Claim.from_tables(Family.F130, tables)

    def _today(self) -> dt.date:
        return self.place.clock().astimezone(ICT).date()

    def _signed(self, task: Task, data: bytes) -> bytes:
        signer = self.place.signers.get(task["facility"])
        return signing.sign(data, signer) if signer else data

    def _envelope(self, task: Task) -> bytes:
        claim, facility = self._claim(task), task["facility"]
        data = bhyt.write(
            claim, edition=self._edition(task), facility=facility, created=self._today()
        )
        return self._signed(task, data)

    def _checkin(self, task: Task) -> None:
        edition = self._edition(task)
        rows = self._records(task, "XML0")
        data = self._signed(task, bhyt.write_standalone(rows, edition=edition))
        client = self._client("vss", task["facility"])
        self._deliver(
            task,
            data,
            client,
            send=lambda: client.check_in(data, edition=edition),
            find=lambda: client.status_of(task["ma_lk"], kind="checkin"),
        )

    def _submit(self, task: Task) -> None:
        edition = self._edition(task)
        data = self._envelope(task)
        client = self._client("vss", task["facility"])
        self._deliver(
            task,
            data,
            client,
            send=lambda: client.submit(data, edition=edition),
            find=lambda: client.status_of(task["ma_lk"]),
        )

    def _store(self, task: Task) -> None:
        client = self._client(task.get("gateway", "province"), task["facility"])
        data = self._envelope(task)
        self._deliver(
            task,
            data,
            client,
            send=lambda: client.submit(data),
            find=lambda: client.status(task["ma_lk"]),
        )

    def _deliver(
        self,
        task: Task,
        data: bytes,
        client: Any,
        *,
        send: Callable[[], Outcome],
        find: Callable[[], Outcome],
    ) -> None:
        """Bring one file to the gateway exactly once, also when an earlier life began it."""
        note = self.notes.get(task["id"], {})
        if note.get("transaction") or note.get("state") == "refused":
            return
        if note.get("state") == "sending":
            found = find()
            if found.transaction and found.transaction not in self._known(task):
                self._note(task, found)
                return
        outcome: Outcome | None = None
        for attempt in range(ATTEMPTS):
            self._keep(task, state="sending")
            try:
                if outcome is None:
                    outcome = send()
                else:
                    outcome = client.resend(outcome, data, known=self._known(task))
            except SyncError as error:
                if not error.retryable:
                    break
            if outcome is not None and outcome.status not in (Status.UNKNOWN, Status.MISSING):
                self._outcomes[task["id"]] = outcome
                self._note(task, outcome)
                return
            self.place.sleep(min(30.0 * 2**attempt, 3600.0))
        self._keep(task, state="not_sent" if outcome is None else "unknown")

    def _known(self, task: Task) -> set[str]:
        return {
            note["transaction"]
            for number, note in self.notes.items()
            if number != task["id"] and note.get("transaction")
        }

    def _note(self, task: Task, outcome: Outcome) -> None:
        self._keep(task, state=outcome.status.value, transaction=outcome.transaction or "")

    # verdicts

    def _settle(self, task: Task) -> None:
        tasks = self.place.order["tasks"]
        for one in tasks[: tasks.index(task)]:
            note = self.notes.get(one["id"], {})
            if one["task"] in FILES and note.get("state") in ("pending", "duplicate"):
                gateway = {"store": "province", "deid": "national_deid"}.get(one["task"], "vss")
                gateway = one.get("gateway", gateway)
                self._look(one, self._client(gateway, one["facility"]))

    def _look(self, task: Task, client: Any) -> None:
        outcome = self._outcomes.get(task["id"])
        if outcome is None:
            transaction = self.notes[task["id"]]["transaction"]
            outcome = self._asked(client, transaction)
        self._note(task, client.wait(outcome, timeout_s=WAIT_S, every_s=POLL_S))

    def _asked(self, client: Any, transaction: str) -> Outcome:
        """The outcome of a file that an earlier life sent."""
        if isinstance(client, VssClient):
            return client.status(transaction)
        found: Outcome = client.status_by_tracking(transaction)
        return found

    def _reconcile(self, task: Task) -> None:
        day = dt.date.fromisoformat(task["day"])
        client = self._client(task.get("gateway", "vss"), task["facility"])
        for row in client.reconciliation(day, day):
            self.counts.append(
                {
                    "facility": row.facility,
                    "kind": row.kind,
                    "sent": row.sent,
                    "accepted": row.accepted,
                    "refused": row.refused,
                    "pending": row.pending,
                }
            )

    # the repositories

    def _cancel(self, task: Task) -> None:
        self._client("province", task["facility"]).cancel(
            task["ma_lk"], reason=task["reason"], request_id=task["request_id"]
        )

    def _restore(self, task: Task) -> None:
        self._client("province", task["facility"]).restore(
            task["ma_lk"], reason=task["reason"], request_id=task["request_id"]
        )

    def _deid(self, task: Task) -> None:
        wanted = set(task["ma_lk"])
        files = {t["ma_lk"]: t for t in self.place.order["tasks"] if "XML1" in t.get("tables", ())}
        key = deid.Key.from_bytes(hashlib.sha256(b"vnhealth kit").digest())
        out = deid.apply(
            [self._claim(files[lk]) for lk in sorted(wanted)],
            key=key,
            recipient="national_deid",
            purpose="statistics",
            facility=task["facility"],
        )
        client = self._client("national_deid", task["facility"])
        self._deliver(
            task,
            out.data,
            client,
            send=lambda: client.submit(out.data),
            find=lambda: client.submit(out.data),
        )

    def _axis(self, task: Task) -> None:
        """Several files in one call: only those that were not taken go again."""
        held = self.place.order["gateways"]["hanoi"]
        account = next(a for a in held["accounts"] if a["facility"] == task["facility"])
        gate = connect(
            "hanoi",
            Credentials.from_mapping({**account, "base_url": held["base_url"]}),
            transport=self.place.transport,
            clock=self.place.clock,
            sleep=self.place.sleep,
        )
        left = [{**file, "facility": task["facility"]} for file in task["files"]]
        for attempt in range(ATTEMPTS):
            outcomes = gate.submit(*(self._envelope(file) for file in left))
            for file, outcome in zip(left, outcomes, strict=True):
                self._note(file, outcome)
                self._outcomes[file["id"]] = outcome
            left = [f for f in left if not self.notes[f["id"]]["transaction"]]
            if not left:
                break
            self.place.sleep(min(30.0 * 2**attempt, 3600.0))
        self.place.sleep(POLL_S)
        for file in task["files"]:
            outcome = self._outcomes[file["id"]]
            if outcome.transaction:
                self._note(file, gate.status(outcome))

    def _finish(self) -> None:
        tasks = self.place.order["tasks"]
        sent = [t for t in tasks if t["task"] in FILES and t["task"] != "deid"]
        sent += [file for t in tasks for file in t.get("files", ())]
        records = [
            {
                "task": task["id"],
                "ma_lk": task["ma_lk"],
                "state": self.notes.get(task["id"], {}).get("state", "not_sent"),
                "transaction": self.notes.get(task["id"], {}).get("transaction", ""),
            }
            for task in sent
        ]
        results = {
            "schema": "vnhealth-results/1",
            "records": records,
            "counts": self.counts,
            "lookups": self.lookups,
        }
        self.place.disk["results.json"] = json.dumps(results, ensure_ascii=False)


def _coded(task: Task, name: str) -> list[dict[str, str]]:
    """The rows of a table; empty cells with a choice take the code of the day the visit ended."""
    rows = [dict(row) for row in task["tables"][name]]
    for place, codes in task.get("choices", {}).items():
        table, _, tag = place.partition(".")
        ended = dt.datetime.strptime(task["tables"]["XML1"][0]["NGAY_RA"][:8], "%Y%m%d").date()
        in_force = (c["code"] for c in codes if c["from"] <= ended.isoformat() <= c["until"])
        code = next(in_force)
        for row in rows if table == name else ():
            row[tag] = row[tag] or code
    return rows
