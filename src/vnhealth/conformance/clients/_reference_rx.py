"""The reference client of the e-prescription system: `vnhealth.sync`, as a hospital or a pharmacy
would use it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from vnhealth.conformance._stage_rx import GATEWAY, LETTERS
from vnhealth.conformance.clients._pharmacist import out_of_date, sale_message
from vnhealth.conformance.clients._place import Task, Workplace
from vnhealth.conformance.clients._prescriber import prescription_message, random_part
from vnhealth.protocol.donthuoc import USED_BEFORE
from vnhealth.sync import (
    AuthFailed,
    Credentials,
    Found,
    Gateway,
    Outcome,
    Status,
    SyncError,
    connect,
)

__all__ = ["ReferencePrescriber"]

ATTEMPTS = 18


class ReferencePrescriber:
    """Does the tasks of a work order with one connection per account."""

    def __init__(self, place: Workplace) -> None:
        self.place = place
        self.notes: dict[str, dict[str, str]] = json.loads(place.disk.get("notes.json", "{}"))
        self.lookups: list[dict[str, str]] = []
        self._gates: dict[str, Gateway] = {}

    def run(self) -> None:
        """Everything in order, then the results."""
        does: dict[str, Callable[[Task], None]] = {
            "link_doctor": self._doctor,
            "unlink_doctor": self._doctor,
            "prescribe": self._prescribe,
            "replace": self._prescribe,
            "find": self._find,
            "sell": self._sell,
        }
        for task in self.place.order["tasks"]:
            with suppress(AuthFailed):
                does[task["task"]](task)
        self._finish()

    def _gate(self, name: str, facility: str) -> Gateway:
        """The connection of an account that works at a facility."""
        if name not in self._gates:
            held = self.place.order["gateways"][GATEWAY]
            account = next(a for a in held["accounts"] if a["username"] == name)
            credentials = Credentials(
                held["base_url"], name, account["password"], facility, role=account["role"]
            )
            self._gates[name] = connect(
                GATEWAY,
                credentials,
                transport=self.place.transport,
                clock=self.place.clock,
                sleep=self.place.sleep,
            )
        return self._gates[name]

    def _keep(self, task: Task, **facts: str) -> None:
        self.notes.setdefault(task["id"], {}).update(facts)
        self.place.disk["notes.json"] = json.dumps(self.notes)

    def _pause(self, attempt: int) -> None:
        self.place.sleep(min(30.0 * 2**attempt, 3600.0))

    def _asked(self, gate: Gateway, question: str, **fields: str) -> Found | None:
        for attempt in range(ATTEMPTS):
            try:
                return gate.lookup(question, **fields)
            except SyncError as error:
                if not error.retryable:
                    raise
            self._pause(attempt)
        return None

    def _doctor(self, task: Task) -> None:
        gate = self._gate(task["facility"], task["facility"])
        self._asked(gate, task["task"], doctor=task["doctor"])

    # prescriptions

    def _code(self, task: Task) -> str:
        known = self.notes.get(task["id"], {}).get("code")
        if known:
            return known
        middle = random_part("reference", self.place.order["now"], task["facility"], task["id"])
        code = f"{task['facility']}{middle}-{LETTERS[task['kind']]}"
        self._keep(task, code=code)
        return code

    def _prescribe(self, task: Task) -> None:
        code = self._code(task)
        earlier = self.notes.get(task.get("replaces", ""), {}).get("code", "")
        gate = self._gate(task["doctor"], task["facility"])
        self._deliver(task, gate, "prescription", prescription_message(task, code, earlier), code)

    def _deliver(
        self, task: Task, gate: Gateway, kind: str, message: dict[str, Any], name: str
    ) -> None:
        """Send a message until it is taken or refused; the gateway cannot be asked about it."""
        note = self.notes.get(task["id"], {})
        if note.get("state") not in (None, "sending"):
            return
        doubt = note.get("state") == "sending"
        data = json.dumps(message, ensure_ascii=False).encode()
        for attempt in range(ATTEMPTS):
            self._keep(task, state="sending")
            try:
                (outcome,) = gate.submit(data, kind=kind)
            except SyncError as error:
                if not error.retryable:
                    break
            else:
                if outcome.status is not Status.UNKNOWN:
                    self._note(task, outcome, name, doubt)
                    return
                doubt = True
            self._pause(attempt)
        self._keep(task, state="unknown" if doubt else "not_sent")

    def _note(self, task: Task, outcome: Outcome, name: str, doubt: bool) -> None:
        """A code that was used before was used by the try whose answer got lost."""
        state = outcome.status.value
        if doubt and USED_BEFORE in outcome.message.lower():
            state = Status.DUPLICATE.value
        taken = state in (Status.ACCEPTED.value, Status.DUPLICATE.value)
        self._keep(task, state=state, transaction=name if taken else "")

    # pharmacies

    def _find(self, task: Task) -> None:
        found = self._prescription(task)
        if found is not None:
            self.lookups.append({"task": task["id"], "code": found.code})

    def _prescription(self, task: Task) -> Found | None:
        gate = self._gate(f"QT{task['facility']}", task["facility"])
        return self._asked(gate, "prescription", code=task["code"])

    def _sell(self, task: Task) -> None:
        found = self._prescription(task)
        if found is None or not found.rows or out_of_date(found.rows[0], self.place.clock()):
            return
        gate = self._gate(f"QT{task['facility']}", task["facility"])
        self._deliver(task, gate, "sale", sale_message(task), task["invoice"])

    def _finish(self) -> None:
        records = [
            {
                "task": task["id"],
                "state": self.notes.get(task["id"], {}).get("state", "not_sent"),
                "transaction": self.notes.get(task["id"], {}).get("transaction", ""),
            }
            for task in self.place.order["tasks"]
            if task["task"] in ("prescribe", "replace", "sell")
        ]
        results = {"schema": "vnhealth-results/1", "records": records, "lookups": self.lookups}
        self.place.disk["results.json"] = json.dumps(results, ensure_ascii=False)
