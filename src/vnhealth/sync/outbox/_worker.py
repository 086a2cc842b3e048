"""A worker: takes what is due, sends it, asks about what is in doubt, and writes down all of it."""

from __future__ import annotations

import datetime as dt
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from vnhealth.errors import VnHealthError
from vnhealth.localtime import ICT
from vnhealth.sync._errors import AuthFailed, NotSupported, RemoteError, SyncError
from vnhealth.sync._face import Gateway
from vnhealth.sync._outcome import Outcome, RecordOutcome, Status
from vnhealth.sync._retry import RetryPolicy
from vnhealth.sync.outbox._outbox import Outbox
from vnhealth.sync.outbox._queue import Job
from vnhealth.sync.outbox._routes import Route
from vnhealth.sync.outbox._states import State, state_of

__all__ = ["Connections", "Tally", "Worker"]

log = logging.getLogger("vnhealth.outbox")

SHORTEST_NAP_S = 1.0
"""Questions that come due within a second go out together."""

TOLD_BY_A_LIST = (Status.ACCEPTED, Status.PENDING)
"""States that need no findings."""

FEWEST_FOR_A_LIST = 5
ROWS_PER_QUESTION = 50
"""Lists come in pages of 100 and more; half a page of rows costs about as much as one question."""

Connections = Callable[[str, str], Gateway | None]
"""Gives the connection for a destination and a facility, or None when there is no account."""


@dataclass(slots=True)
class Tally:
    """What a worker did: files sent, questions asked, and the states it left deliveries in."""

    sent: int = 0
    asked: int = 0
    failed: int = 0
    states: dict[str, int] = field(default_factory=dict)

    def add(self, state: State) -> None:
        """Count a state."""
        self.states[state.value] = self.states.get(state.value, 0) + 1


class Worker:
    """Sends what lies in an outbox. Any number may run, in any number of processes.

    ``connections`` gives the client for a destination and a facility (see `vnhealth.sync.connect`;
    let it make one try per call, `RetryPolicy` with ``attempts=1``: the outbox itself is patient).
    ``name`` has to differ between workers; ``seed`` is that of the jitter.
    """

    def __init__(
        self, outbox: Outbox, connections: Connections, *, name: str, seed: int = 0
    ) -> None:
        self.outbox = outbox
        self.tally = Tally()
        self._connections = connections
        self._name = name
        self._takes = 0
        self._route = Route(destination="", facility="")
        self._locked: set[tuple[str, str]] = set()
        self._rng = random.Random(f"{seed}:{name}")

    def run_once(self) -> int:
        """Do everything that is due now, destination by destination; gives how much that was."""
        done = 0
        for key in self.outbox.queue.routes(self._now()):
            done += self._run_route(key)
        return done

    def run(self, *, sleep: Callable[[float], None], until: dt.datetime | None = None) -> None:
        """Work until nothing is left that goes on by itself, or until a moment."""
        while until is None or self._now() < until:
            if self.run_once():
                continue
            wake = self.wakes_at()
            if wake is None or (until is not None and wake >= until):
                return
            sleep(max((wake - self._now()).total_seconds(), SHORTEST_NAP_S))

    def wakes_at(self) -> dt.datetime | None:
        """When there is something to do again; None when nothing goes on by itself."""
        now = self._now()
        times = [self.outbox.queue.next_at(now)]
        waiting = set(self.outbox.queue.routes(now))
        for route in self.outbox.routes.all():
            if (route.destination, route.facility) in waiting and not route.locked:
                times.append(route.closed_until)
        return min((at for at in times if at is not None and at > now), default=None)

    def _now(self) -> dt.datetime:
        return self.outbox.clock()

    def _run_route(self, key: tuple[str, str]) -> int:
        batch = self.outbox.policy.batch
        route = self.outbox.routes.get(key)
        allowed = route.allowed(self._now(), batch)
        if not allowed:
            return 0
        self._route = route
        self._takes += 1
        lease = f"{self._name}:{self._takes}"
        jobs = self.outbox.queue.take(key, lease, self._now(), allowed)
        gateway = self._connections(*key) if jobs else None
        if gateway is not None and key in self._locked:
            self._log_in_again(key, gateway)
        taken = len(jobs)
        lists = gateway is not None and gateway.capabilities.results
        while jobs and self._route.allowed(self._now(), batch):
            if lists and gateway is not None and jobs[0].state is State.PENDING:
                jobs, lists = self._ask_for_days(jobs, gateway), False
            else:
                self._do(jobs.pop(0), gateway)
        self._release(jobs)
        return taken - len(jobs)

    def _log_in_again(self, key: tuple[str, str], gateway: Gateway) -> None:
        """Somebody repaired the account: forget that it was refused."""
        self._locked.discard(key)
        try:
            gateway.login()
        except SyncError as error:
            lock = isinstance(error, AuthFailed)
            self._route_failed(key, error.code, lock=lock)

    def _do(self, job: Job, gateway: Gateway | None) -> None:
        if gateway is None and job.state in (State.PENDING, State.UNKNOWN):
            self._postpone(job, job.state, self._look_s(job), "ERR-SYNC-26")
        elif gateway is None:
            self._hold(job, "ERR-SYNC-26")
        elif job.state is State.READY:
            self._send(job, gateway)
        elif job.state is State.UNKNOWN:
            self._confirm(job, gateway)
        else:
            self._refresh(job, gateway)

    # sending

    def _send(self, job: Job, gateway: Gateway) -> None:
        if not self.outbox.queue.begin(job, self._now()):
            return
        self.tally.sent += 1
        try:
            (outcome,) = gateway.submit(job.body, kind=job.kind, edition=job.edition)
        except SyncError as error:
            self._not_taken(job, error)
        except VnHealthError as error:
            self._hold(job, error.code)
        else:
            self._settle(job, outcome)

    def _not_taken(self, job: Job, error: SyncError) -> None:
        """The gateway certainly did not take it."""
        self._note_failure(job, error)
        if error.retryable or isinstance(error, AuthFailed):
            pause = self.outbox.policy.send.wait_s(job.attempts + 1, self._rng)
            self._postpone(job, State.READY, pause, error.code)
        else:
            self._hold(job, error.code)

    def _note_failure(self, job: Job, error: SyncError) -> None:
        self.tally.failed += 1
        if not (error.retryable or isinstance(error, RemoteError)):
            return
        asked = error.retry_after_s if isinstance(error, RemoteError) else None
        lock = isinstance(error, AuthFailed)
        self._route_failed((job.destination, job.facility), error.code, asked, lock=lock)

    def _route_failed(
        self, key: tuple[str, str], cause: str, asked_s: float | None = None, *, lock: bool = False
    ) -> None:
        if lock:
            self._locked.add(key)
        self._route = self.outbox.routes.failed(
            key, self._now(), self._rng, cause=cause, asked_s=asked_s, lock=lock
        )
        log.warning("%s: %s, circuit %s", key[0], cause, self._route.state)

    # asking

    def _confirm(self, job: Job, gateway: Gateway) -> None:
        """Find out whether a file arrived before it may go out again."""
        if not gateway.capabilities.status:
            self._cannot_ask(job, gateway)
            return
        doubt = gateway.in_doubt(job.body, kind=job.kind, edition=job.edition)
        self.tally.asked += 1
        try:
            found = gateway.confirm(doubt, known=self.outbox.queue.known(job))
        except NotSupported:
            self._cannot_ask(job, gateway)
        except SyncError as error:
            self._note_failure(job, error)
            self._postpone(job, State.UNKNOWN, self._look_s(job), error.code)
        else:
            self._confirmed(job, gateway, found)

    def _confirmed(self, job: Job, gateway: Gateway, found: Outcome) -> None:
        self._answered(job)
        missing = found.status is Status.MISSING
        if found.status is Status.UNKNOWN or (missing and not self._believed(job, gateway)):
            self._postpone(job, State.UNKNOWN, self._look_s(job), "ERR-SYNC-31")
        else:
            self._settle(job, found)

    def _believed(self, job: Job, gateway: Gateway) -> bool:
        """Whether "I do not hold it" can be true by now; where a resend is harmless, at once."""
        if gateway.capabilities.repeatable or job.sent_at is None:
            return True
        return self._now() >= job.sent_at + self.outbox.policy.visible_after

    def _cannot_ask(self, job: Job, gateway: Gateway) -> None:
        if gateway.capabilities.repeatable or self.outbox.policy.resend_replaces:
            self._postpone(job, State.READY, 0.0, "")
        else:
            self._hold(job, "ERR-SYNC-29")

    def _refresh(self, job: Job, gateway: Gateway) -> None:
        """Ask for the verdict on what was acknowledged."""
        if not gateway.capabilities.status:
            self._postpone(job, State.PENDING, None, "")
            return
        self.tally.asked += 1
        try:
            found = gateway.refresh(_acknowledged(job))
        except NotSupported:
            self._postpone(job, State.PENDING, None, "")
        except SyncError as error:
            self._note_failure(job, error)
            self._postpone(job, State.PENDING, self._look_s(job), error.code)
        else:
            self._answered(job)
            self._settle(job, found)

    def _ask_for_days(self, jobs: list[Job], gateway: Gateway) -> list[Job]:
        """Let the gateway's lists of days answer many questions at once; gives what is left.

        A list answers for everything of its day, also for what would be asked about later.
        """
        days: dict[dt.date, list[Job]] = {}
        for job in jobs:
            if job.state is State.PENDING and job.received_at is not None:
                days.setdefault(job.received_at.astimezone(ICT).date(), []).append(job)
        answered: set[int] = set()
        for day, due in days.items():
            pending, received = self.outbox.queue.counts_on(due[0], day)
            if pending >= FEWEST_FOR_A_LIST and pending * ROWS_PER_QUESTION >= received:
                later = self.outbox.queue.take_pending(due[0], day, self._now())
                answered |= self._ask_for_day(day, due, later, gateway)
        return [job for job in jobs if job.id not in answered]

    def _ask_for_day(
        self, day: dt.date, due: list[Job], later: list[Job], gateway: Gateway
    ) -> set[int]:
        """Settle what the list of a day accepts or has not judged; gives the jobs that are done.

        Lists hold no findings: a record in any other state is asked about by itself, at once. What
        the list does not show keeps its own time.
        """
        self.tally.asked += 1
        try:
            rows = gateway.results(day, day)
        except NotSupported:
            self._release(later)
            return set()
        except SyncError as error:
            self._note_failure(due[0], error)
            for job in due + later:
                self._postpone(job, State.PENDING, self._look_s(job), error.code)
            return {job.id for job in due}
        self._answered(due[0])
        listed = {record.transaction: record for record in rows if record.transaction}
        shown = {
            job.id: listed[job.transaction] for job in due + later if job.transaction in listed
        }
        done = {job_id for job_id, record in shown.items() if record.status in TOLD_BY_A_LIST}
        for job in due + later:
            if job.id in done:
                self._settle(job, _listed(job, shown[job.id]))
        for job in later:
            if job.id in shown and job.id not in done:
                self._postpone(job, State.PENDING, 0.0, "")
        self._release([job for job in later if job.id not in shown])
        return done

    def _release(self, jobs: list[Job]) -> None:
        """Give back what was taken and not done."""
        for job in jobs:
            self.outbox.queue.release(job)

    # writing down

    def _settle(self, job: Job, outcome: Outcome) -> None:
        state = state_of(outcome)
        if job.state is State.PENDING and state in (State.UNKNOWN, State.READY):
            state = State.PENDING
        if outcome.status is Status.UNKNOWN:
            self._route_failed((job.destination, job.facility), outcome.cause)
        elif job.state is State.READY:
            self._answered(job)
        self.tally.add(state)
        pause = {
            State.READY: 0.0,
            State.UNKNOWN: self._look_s(job),
            State.PENDING: self._look_s(job),
        }.get(state)
        now = self._now()
        self.outbox.queue.settle(job, outcome, state, now, _after(now, pause))
        log.info("delivery %d at %s: %s", job.id, job.destination, state.value)

    def _answered(self, job: Job) -> None:
        if not self._route.healthy:
            key = (job.destination, job.facility)
            self.outbox.routes.succeeded(key)
            self._route = self.outbox.routes.get(key)

    def _look_s(self, job: Job) -> float:
        looks = 0 if job.state is State.READY else job.looks
        return self.outbox.policy.look.wait_s(looks + 1, self._rng)

    def _hold(self, job: Job, cause: str) -> None:
        log.error("delivery %d at %s is held: %s", job.id, job.destination, cause)
        self._postpone(job, State.HELD, None, cause)

    def _postpone(self, job: Job, state: State, pause: float | None, cause: str) -> None:
        self.tally.add(state)
        now = self._now()
        self.outbox.queue.postpone(job, state, now, _after(now, pause), cause)


def _after(now: dt.datetime, pause: float | None) -> dt.datetime | None:
    return None if pause is None else now + dt.timedelta(seconds=pause)


def _acknowledged(job: Job) -> Outcome:
    """The outcome of a delivery as it was written down."""
    return Outcome(
        gateway=job.destination,
        status=Status.PENDING,
        call=job.call,
        kind=job.kind,
        facility=job.facility,
        keys=(job.key,),
        digest=job.digest,
        transaction=job.transaction,
        received_at=job.received_at,
    )


def _listed(job: Job, record: RecordOutcome) -> Outcome:
    """The outcome of a delivery as the list of a day shows it."""
    return replace(
        _acknowledged(job),
        status=record.status,
        judged_at=record.judged_at,
        signature=record.signature,
    )


ONE_TRY = RetryPolicy(attempts=1)
"""For the connections of a worker."""
