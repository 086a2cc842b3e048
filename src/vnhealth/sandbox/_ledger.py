"""The books of the sandbox: what was acknowledged, what became of it, and that it balances.

Every record that was ever acknowledged is in exactly one of: pending, accepted, refused, replaced,
cancelled. The ledger is the only code that changes records.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from traceback import extract_tb
from typing import TYPE_CHECKING, Any

from vnhealth.findings import Finding, Findings
from vnhealth.sandbox._check import Checked, Checker, File, marked, own, state_of
from vnhealth.sandbox._clock import Clock
from vnhealth.sandbox._ids import IdMaker
from vnhealth.sandbox._model import Reconciliation, Record, Submission, digest
from vnhealth.sandbox._store import Store
from vnhealth.sandbox.faults._conditions import Conditions, RefusedByFault

if TYPE_CHECKING:
    from vnhealth.signing import TrustStore

__all__ = ["Intake", "Ledger", "judged"]

BATCH = 200
BOM = b"\xef\xbb\xbf"
DUPLICATE, CHECKIN_FIRST = "F11", "F20"
"""Marks that hold only for a second file with a key, and for a claim without check-in."""
FIRST_DAY = dt.date(1970, 1, 1)
LAST_DAY = dt.date(9999, 12, 31)


@dataclass(frozen=True, slots=True, repr=False)
class Intake:
    """A file that passed the door. ``keys`` are the records seen in it (None: not seen)."""

    gateway: str
    kind: str
    edition: str
    facility: str
    username: str
    body: bytes
    keys: tuple[str | None, ...]
    signature: str = ""

    def __repr__(self) -> str:
        return f"<Intake {self.gateway} {self.kind} {len(self.body)} bytes>"


class Ledger:
    """Accepts, judges when due, cancels, restores and counts."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        ids: IdMaker,
        checkers: Callable[[str, str], Checker],
        *,
        trust: TrustStore | None,
        signatures: str,
    ) -> None:
        self.store = store
        self._clock = clock
        self._ids = ids
        self._checkers = checkers
        self._trust = trust
        self._signatures = signatures
        self.conditions = Conditions()
        """The faults that work on the call being answered; set by the exchange."""

    def accept(self, intake: Intake, delay: dt.timedelta, *, tracking: bool = False) -> Submission:
        """Keep a file and its records; records with the same keys are replaced from now on."""
        now = self._clock.now()
        self.conditions.saw_intake(intake.facility, intake.keys, now)
        if self.conditions.no_bom is not None and intake.body.startswith(BOM):
            raise RefusedByFault(self.conditions.no_bom)
        marks = self._marks(intake)
        with self.store.transaction():
            number = self.store.next_number("submission")
            due = now + delay + self.conditions.late
            submission = self.entry(intake, number, now, due, tracking=tracking)
            if marks:
                self.store.put("marks", str(number), " ".join(marks))
            for key in () if DUPLICATE in marks else intake.keys:
                self._replace_earlier(submission, key)
            records = [Record(number, index, key) for index, key in enumerate(intake.keys)]
            self.store.add(submission, intake.body, records)
        return submission

    def entry(
        self, intake: Intake, number: int, now: dt.datetime, due: dt.datetime, *, tracking: bool
    ) -> Submission:
        """What the books say of a file that came in ``now`` under a number."""
        return Submission(
            number=number,
            gateway=intake.gateway,
            kind=intake.kind,
            edition=intake.edition,
            facility=intake.facility,
            username=intake.username,
            transaction=(
                self._ids.tracking(intake.gateway, number)
                if tracking
                else self._ids.transaction(intake.gateway, number, now)
            ),
            received=now,
            due=due,
            digest=digest(intake.body),
            size=len(intake.body),
            opaque=None in intake.keys,
            signature=intake.signature,
        )

    def _marks(self, intake: Intake) -> list[str]:
        """Marks of the fault plan that hold for this file."""
        found = []
        for mark in self.conditions.marks:
            if mark == DUPLICATE and not self._known(intake, intake.kind):
                continue
            if mark == CHECKIN_FIRST and (intake.kind != "claim" or self._known(intake, "checkin")):
                continue
            found.append(mark)
        self.conditions.happened.update(found)
        return found

    def _marked(self, number: int) -> list[str]:
        """The marks of a submission."""
        return (self.store.get("marks", str(number)) or "").split()

    def _known(self, intake: Intake, kind: str) -> bool:
        """True when a record of this kind with a key of the file was received before."""
        found = (
            self.store.current(intake.gateway, intake.facility, kind, key)
            for key in intake.keys
            if key is not None
        )
        return any(record is not None for record in found)

    def current(self, gateway: str, facility: str, kind: str, key: str) -> Record | None:
        """The latest record of this key, also when it stood in a file that had to be read first."""
        self._settle_opaque(gateway, facility)
        return self.store.current(gateway, facility, kind, key)

    def _settle_opaque(self, gateway: str, facility: str) -> None:
        while due := self.store.due(self._clock.now(), BATCH, gateway, facility, opaque=True):
            for submission in due:
                self._settle(submission)

    def _replace_earlier(self, submission: Submission, key: str | None) -> int | None:
        """Note that a submission carries this key; gives the number of a later one, if any."""
        if key is None:
            return None
        earlier = self.store.current(submission.gateway, submission.facility, submission.kind, key)
        if earlier is None or earlier.submission == submission.number:
            return None
        if earlier.submission > submission.number:
            counts = DUPLICATE not in self._marked(earlier.submission)
            return earlier.submission if counts else None
        self.store.update(replace(earlier, replaced_by=submission.number))
        return None

    def settle_due(self, gateway: str = "", facility: str = "", *, limit: int | None = None) -> int:
        """Judge every submission whose time has come (at most ``limit``); gives how many."""
        done = 0
        while limit is None or done < limit:
            size = BATCH if limit is None else min(BATCH, limit - done)
            due = self.store.due(self._clock.now(), size, gateway, facility)
            if due:
                with self.store.transaction():
                    for submission in due:
                        self._settle(submission)
            done += len(due)
            if len(due) < size:
                break
        return done

    def settled(self, submission: Submission) -> Submission:
        """The same submission, judged if its time has come."""
        self._settle_opaque(submission.gateway, submission.facility)
        submission = self.store.numbered(submission.number)
        if submission.settled or submission.due > self._clock.now():
            return submission
        return self._settle(submission)

    def _settle(self, submission: Submission) -> Submission:
        """Judge one. The moment of the verdict is ``due``, whenever it is asked for."""
        marks = self._marked(submission.number)
        body = self.store.body(submission.number)
        checked = marked(self.verdict(submission, body, submission.due), marks)
        done = replace(
            submission, settled=True, signature=checked.signature or submission.signature
        )
        with self.store.transaction():
            known = self.store.records(submission.number)
            records = []
            for index, record in enumerate(judged(known, checked)):
                if record.key is not None and record.current and DUPLICATE not in marks:
                    later = self._replace_earlier(submission, record.key)
                    record = replace(record, replaced_by=later)
                records.append(replace(record, index=index))
            self.store.settle(done, records)
        return done

    def verdict(self, whose: Intake | Submission, body: bytes, at: dt.datetime) -> Checked:
        """What the checker of the gateway says of a file whose verdict is due at a moment.

        A checker that fails refuses the file and says so, instead of blocking all others.
        """
        file = File(
            body=body,
            kind=whose.kind,
            facility=whose.facility,
            edition=whose.edition,
            at=at,
            trust=self._trust,
            signatures=self._signatures,
        )
        try:
            return self._checkers(whose.gateway, whose.kind)(file)
        except ImportError:
            raise
        except Exception as error:
            return Checked(Findings([own("SBX-CHK-01", what=_place(error))]))

    def set_cancelled(self, record: Record, cancelled: bool) -> None:
        """Withdraw a record or take that back; at once, whatever its verdict."""
        with self.store.transaction():
            self.store.update(replace(record, cancelled=cancelled))

    def set_replaced(self, record: Record, by: Submission) -> None:
        """Note that a record was replaced by a later one that has another key."""
        with self.store.transaction():
            self.store.update(replace(record, replaced_by=by.number))

    def reconcile(
        self,
        gateway: str = "",
        facility: str = "",
        since: dt.date = FIRST_DAY,
        until: dt.date = LAST_DAY,
    ) -> tuple[Reconciliation, ...]:
        """Counts by gateway, facility, kind and day of receipt, after judging what is due."""
        self.settle_due(gateway, facility)
        return tuple(self.store.counts(gateway, facility, since, until))


def _place(error: Exception) -> str:
    """Kind and place of a failure; never its message, which could hold a value."""
    frame = extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}, {Path(frame.filename).stem}:{frame.lineno}"


def judged(known: Sequence[Record], checked: Checked) -> list[Record]:
    """The records of a submission after its verdict; none that was acknowledged gets lost.

    A record seen on receipt keeps its place. Records that only the reading found are added; where
    nothing was seen on receipt, the first one found takes the empty place.
    """
    number = known[0].submission
    by_key = {verdict.key: verdict.findings for verdict in checked.records}
    whole = checked.whole
    missing = () if by_key or not whole.ok else (own("GW-DOC-05"),)
    places = list(known)
    seen = {place.key for place in known}
    for key in by_key:
        if key is not None and key not in seen:
            empty = next((i for i, p in enumerate(places) if p.key is None), None)
            if empty is None or None in by_key:
                places.append(Record(number, len(places), key))
            else:
                places[empty] = replace(places[empty], key=key)
    found = []
    for place in places:
        if place.key in by_key:
            said: Findings = whole + by_key[place.key]
        else:
            said = whole + ((own("GW-DOC-05"),) if by_key else missing)
        found.append(replace(place, state=state_of(said), findings=_plain(said)))
    return found


def _plain(findings: Sequence[Finding]) -> tuple[dict[str, Any], ...]:
    """Findings as the store keeps them: only the names of the values, to be shown masked."""
    return tuple(
        {
            "code": f.code,
            "severity": f.severity.value,
            "table": f.table,
            "row": f.row,
            "tag": f.tag,
            "params": dict(f.params),
            "values": sorted(f.values),
        }
        for f in findings
    )
