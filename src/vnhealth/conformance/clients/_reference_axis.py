"""The reference client of the ministry's data axis: `vnhealth.sync`, as a facility would use it."""

from __future__ import annotations

from contextlib import suppress

from vnhealth.conformance.clients._axis import PlainAxisClient
from vnhealth.conformance.clients._place import Task, Workplace
from vnhealth.protocol import emrhub
from vnhealth.sync import AuthFailed, Credentials, Gateway, Outcome, Status, SyncError, connect

__all__ = ["ReferenceAxisClient"]

ATTEMPTS = 18


class ReferenceAxisClient(PlainAxisClient):
    """Sends by one connection a facility; the files are made as the plain client makes them."""

    def __init__(self, place: Workplace) -> None:
        super().__init__(place)
        self._gates: dict[str, Gateway] = {}

    def do_push(self, task: Task) -> None:
        """Send a health check until it is taken or refused."""
        note = self.notes.get(task["id"], {})
        if note.get("state") not in (None, "sending"):
            return
        with suppress(AuthFailed):
            gate = self._gate(task["facility"])
            document = str(note.get("document", "")).encode() or self.document(task)
            self.keep(task, document=document.decode(), state="sending")
            self._deliver(task, gate, document)

    def _gate(self, sender: str) -> Gateway:
        if sender in self._gates:
            return self._gates[sender]
        held = self.order["gateways"][self.gateway]
        account = self.account(sender)
        credentials = Credentials(
            held["base_url"],
            account["username"],
            account["password"],
            sender,
            sign=self.signer(sender, "message"),
        )
        self._gates[sender] = connect(
            emrhub.GATEWAY,
            credentials,
            transport=self.place.transport,
            clock=self.place.clock,
            sleep=self.place.sleep,
        )
        return self._gates[sender]

    def _deliver(self, task: Task, gate: Gateway, document: bytes) -> None:
        for attempt in range(ATTEMPTS):
            try:
                (outcome,) = gate.submit(document, kind="health_check")
            except SyncError as error:
                if not error.retryable:
                    return
            else:
                if outcome.status is not Status.UNKNOWN:
                    self._note(task, outcome)
                    return
            self.place.sleep(self.pause(attempt))
        self.keep(task, state="unknown")

    def _note(self, task: Task, outcome: Outcome) -> None:
        self.keep(task, state=outcome.status.value, transaction=outcome.transaction or "")
