"""What workers do to the database: take, begin, settle. Every move is one transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from vnhealth.findings import Finding
from vnhealth.localtime import ICT
from vnhealth.sync._outcome import Outcome, Status
from vnhealth.sync.outbox._policy import Policy
from vnhealth.sync.outbox._schema import delivery, payload, reading, receipt, version
from vnhealth.sync.outbox._states import OPEN, State, check_move

__all__ = ["Job", "Queue", "place"]

FIRST = {State.UNKNOWN: 0, State.READY: 1, State.PENDING: 2}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Job:
    """A delivery with a worker. ``lease`` proves that it is still his.

    ``body`` is empty for one that waits for its verdict only.
    """

    id: int
    version_id: int
    number: int
    destination: str
    facility: str
    kind: str
    key: str
    state: State
    digest: str
    edition: str
    body: bytes
    call: str
    transaction: str | None
    attempts: int
    looks: int
    sent_at: dt.datetime | None
    received_at: dt.datetime | None
    lease: str

    def __repr__(self) -> str:
        return f"<Job {self.id} {self.destination} {self.state}>"


class Queue:
    """The deliveries of a database, as workers see them."""

    def __init__(self, engine: sa.Engine, policy: Policy) -> None:
        self.engine = engine
        self.policy = policy

    def routes(self, now: dt.datetime) -> list[tuple[str, str]]:
        """Destinations and facilities that have something to do now."""
        work = delivery.c
        wanted = sa.select(work.destination, work.facility).where(_due(now)).distinct()
        lost = sa.select(delivery.c.id).where(_lost(now)).limit(1)
        with reading(self.engine) as db:
            expired = db.execute(lost).first() is not None
        if expired:
            self._expire(now)
        with reading(self.engine) as db:
            rows = db.execute(wanted.order_by(work.destination, work.facility))
            return [(row.destination, row.facility) for row in rows]

    def _expire(self, now: dt.datetime) -> None:
        """What a dead worker was sending may have arrived or not."""
        with self.engine.begin() as db:
            ids = self._locked_ids(db, sa.select(delivery.c.id).where(_lost(now)))
            if ids:
                db.execute(
                    delivery.update()
                    .where(delivery.c.id.in_(ids))
                    .values(
                        state=State.UNKNOWN,
                        cause="ERR-SYNC-30",
                        lease=None,
                        lease_until=None,
                        next_at=now,
                        updated_at=now,
                    )
                )

    def _locked_ids(self, db: sa.Connection, wanted: sa.Select[tuple[int]]) -> list[int]:
        """Rows that no other worker has in hand at this moment (SQLite has one writer anyhow)."""
        if self.engine.dialect.name == "postgresql":
            wanted = wanted.with_for_update(skip_locked=True)
        return [row.id for row in db.execute(wanted)]

    def take(self, route: tuple[str, str], worker: str, now: dt.datetime, limit: int) -> list[Job]:
        """Lease what is due on a route: doubts first, then by deadline, questions last.

        Two workers never get the same delivery, and never two versions of one record.
        """
        work = delivery.c
        order = sa.case({state.value: rank for state, rank in FIRST.items()}, value=work.state)
        wanted = (
            sa.select(work.id)
            .where(work.destination == route[0], work.facility == route[1], _due(now), _in_order())
            .order_by(order, work.due_at.asc().nulls_last(), work.id)
            .limit(limit)
        )
        with self.engine.begin() as db:
            ids = self._leased(db, wanted, worker, now)
            return self._jobs(db, ids, worker) if ids else []

    def _leased(
        self, db: sa.Connection, wanted: sa.Select[tuple[int]], lease: str, now: dt.datetime
    ) -> list[int]:
        """The rows of a selection, under a lease from now on."""
        ids = self._locked_ids(db, wanted)
        if ids:
            until = now + self.policy.lease
            changed = delivery.update().where(delivery.c.id.in_(ids))
            db.execute(changed.values(lease=lease, lease_until=until))
        return ids

    def _jobs(self, db: sa.Connection, ids: Sequence[int], worker: str) -> list[Job]:
        question = delivery.c.state == State.PENDING
        body = sa.case((question, sa.literal(b"", sa.LargeBinary)), else_=payload.c.body)
        found = db.execute(
            sa.select(
                delivery, version.c.number, version.c.digest, version.c.edition, body.label("body")
            )
            .join(version, version.c.id == delivery.c.version_id)
            .join(payload, payload.c.digest == version.c.digest)
            .where(delivery.c.id.in_(ids))
        )
        jobs = {row.id: _job(row, worker) for row in found}
        return [jobs[one] for one in ids]

    def begin(self, job: Job, now: dt.datetime) -> bool:
        """Note that a file goes out now; False when it is no longer this worker's to send."""
        sending = (
            delivery.update()
            .where(_mine(job), delivery.c.lease_until > now, delivery.c.state == State.READY)
            .values(
                state=State.SENDING,
                sent_at=now,
                attempts=delivery.c.attempts + 1,
                lease_until=now + self.policy.lease,
                updated_at=now,
            )
        )
        with self.engine.begin() as db:
            return db.execute(sending).rowcount == 1

    def release(self, job: Job) -> None:
        """Give a delivery back that was not begun."""
        with self.engine.begin() as db:
            db.execute(delivery.update().where(_mine(job)).values(lease=None, lease_until=None))

    def postpone(
        self, job: Job, state: State, now: dt.datetime, until: dt.datetime | None, cause: str
    ) -> None:
        """No answer about the file: to ``state`` with a cause, again at ``until`` (None: never)."""
        looked = 0 if job.state is State.READY else 1
        with self.engine.begin() as db:
            state, until = self._moved(db, job, state, until)
            db.execute(
                delivery.update()
                .where(_mine(job))
                .values(
                    state=state,
                    cause=cause,
                    next_at=until,
                    looks=delivery.c.looks + looked,
                    lease=None,
                    lease_until=None,
                    updated_at=now,
                )
            )

    def settle(
        self,
        job: Job,
        outcome: Outcome,
        state: State,
        now: dt.datetime,
        until: dt.datetime | None,
    ) -> None:
        """Keep what the gateway said: the receipt always, the state while the lease is ours."""
        changed: dict[str, Any] = {
            "code": outcome.code[:60],
            "cause": outcome.cause,
            "lease": None,
            "lease_until": None,
            "updated_at": now,
            "looks": 0 if job.state is State.READY else delivery.c.looks + 1,
            **{
                name: value
                for name in ("call", "transaction", "received_at", "judged_at")
                if (value := getattr(outcome, name))
            },
        }
        with self.engine.begin() as db:
            changed["state"], changed["next_at"] = self._moved(db, job, state, until)
            ours = db.execute(delivery.update().where(_mine(job)).values(**changed)).rowcount
            if job.state is not State.PENDING or state is not State.PENDING:
                db.execute(receipt.insert().values(delivery_id=job.id, at=now, **_kept(outcome)))
            if ours and holds(outcome):
                self._replace_earlier(db, job, now)

    def _moved(
        self, db: sa.Connection, job: Job, state: State, until: dt.datetime | None
    ) -> tuple[State, dt.datetime | None]:
        """The state to go to; what did not arrive and has a later version stays here for good."""
        if state is State.READY and db.execute(_later(job)).first() is not None:
            state, until = State.REPLACED, None
        check_move(State.SENDING if job.state is State.READY else job.state, state)
        return state, until

    def _replace_earlier(self, db: sa.Connection, job: Job, now: dt.datetime) -> None:
        """The gateway holds this version: the earlier ones no longer count there."""
        earlier = sa.select(version.c.id).where(
            version.c.facility == job.facility,
            version.c.kind == job.kind,
            version.c.key == job.key,
            version.c.number < job.number,
        )
        db.execute(
            delivery.update()
            .where(
                delivery.c.destination == job.destination,
                delivery.c.version_id.in_(earlier),
                delivery.c.state.notin_([State.REPLACED, State.SENDING, State.UNKNOWN]),
            )
            .values(state=State.REPLACED, next_at=None, updated_at=now)
        )

    def known(self, job: Job) -> frozenset[str]:
        """Transactions that the destination has given for earlier sendings of the record."""
        same = (
            (delivery.c.destination == job.destination)
            & (delivery.c.facility == job.facility)
            & (delivery.c.kind == job.kind)
            & (delivery.c.key == job.key)
        )
        wanted = (
            sa.select(receipt.c.transaction)
            .join(delivery, delivery.c.id == receipt.c.delivery_id)
            .where(same, receipt.c.transaction.is_not(None))
        )
        with reading(self.engine) as db:
            return frozenset(row.transaction for row in db.execute(wanted))

    def counts_on(self, job: Job, day: dt.date) -> tuple[int, int]:
        """How many of the files that the job's destination took on a day wait, and how many all."""
        waits = sa.func.sum(sa.case((delivery.c.state == State.PENDING, 1), else_=0))
        wanted = sa.select(waits, sa.func.count()).where(_received_on(job, day))
        with reading(self.engine) as db:
            pending, received = db.execute(wanted).one()
        return int(pending or 0), int(received)

    def take_pending(self, job: Job, day: dt.date, now: dt.datetime) -> list[Job]:
        """Lease, with the job's own lease, what else of that day waits for a verdict."""
        work = delivery.c
        free = work.lease_until.is_(None) | (work.lease_until <= now)
        wanted = (
            sa.select(work.id)
            .where(_received_on(job, day), work.state == State.PENDING, free)
            .order_by(work.id)
            .limit(self.policy.questions)
        )
        with self.engine.begin() as db:
            ids = self._leased(db, wanted, job.lease, now)
            return self._jobs(db, ids, job.lease) if ids else []

    def next_at(self, now: dt.datetime) -> dt.datetime | None:
        """When there will be something to do; None when there is nothing left."""
        work = delivery.c
        times = (
            sa.select(sa.func.min(work.next_at)).where(
                work.state.in_([State.READY, State.UNKNOWN, State.PENDING]), work.next_at > now
            ),
            sa.select(sa.func.min(work.lease_until)).where(work.lease_until > now),
        )
        with reading(self.engine) as db:
            found = [db.execute(one).scalar() for one in times]
        return min((moment for moment in found if moment is not None), default=None)


def holds(outcome: Outcome) -> bool:
    """True when the gateway has the file in its books, whatever it thinks of it."""
    return outcome.received or (outcome.status is Status.REFUSED and bool(outcome.transaction))


def _later(job: Job) -> sa.Select[tuple[int]]:
    """Deliveries of later versions of the same record at the same destination."""
    return sa.select(delivery.c.id).where(
        delivery.c.destination == job.destination,
        delivery.c.facility == job.facility,
        delivery.c.kind == job.kind,
        delivery.c.key == job.key,
        delivery.c.version_id > job.version_id,
    )


def _lost(now: dt.datetime) -> sa.ColumnElement[bool]:
    return (delivery.c.state == State.SENDING) & (delivery.c.lease_until <= now)


def _mine(job: Job) -> sa.ColumnElement[bool]:
    return (delivery.c.id == job.id) & (delivery.c.lease == job.lease)


def _due(now: dt.datetime) -> sa.ColumnElement[bool]:
    work = delivery.c
    free = work.lease_until.is_(None) | (work.lease_until <= now)
    return work.state.in_(list(FIRST)) & (work.next_at <= now) & free


def _received_on(job: Job, day: dt.date) -> sa.ColumnElement[bool]:
    """What the job's destination took of its facility on a day (Viet Nam time)."""
    start = dt.datetime.combine(day, dt.time(), ICT)
    work = delivery.c
    return (
        (work.destination == job.destination)
        & (work.facility == job.facility)
        & (work.received_at >= start)
        & (work.received_at < start + dt.timedelta(days=1))
    )


def _in_order() -> sa.ColumnElement[bool]:
    """Nothing of the same record is still open that has to be settled first.

    For a file that is ready: another version, or for a claim its check-in.
    """
    other = delivery.alias()
    same = (
        (other.c.destination == delivery.c.destination)
        & (other.c.facility == delivery.c.facility)
        & (other.c.key == delivery.c.key)
        & (other.c.id != delivery.c.id)
    )
    earlier_version = (other.c.kind == delivery.c.kind) & (
        other.c.version_id < delivery.c.version_id
    )
    check_in = (other.c.kind == "checkin") & (delivery.c.kind == "claim")
    blocking = sa.exists().where(same, other.c.state.in_(list(OPEN)), earlier_version | check_in)
    return (delivery.c.state != State.READY) | ~blocking


def _job(row: Any, worker: str) -> Job:
    return Job(
        id=row.id,
        version_id=row.version_id,
        number=row.number,
        destination=row.destination,
        facility=row.facility,
        kind=row.kind,
        key=row.key,
        state=State(row.state),
        digest=row.digest,
        edition=row.edition,
        body=bytes(row.body),
        call=row.call,
        transaction=row.transaction,
        attempts=row.attempts,
        looks=row.looks,
        sent_at=row.sent_at,
        received_at=row.received_at,
        lease=worker,
    )


def _kept(outcome: Outcome) -> dict[str, Any]:
    """An outcome without any value: what a receipt holds."""
    raw = outcome.raw
    return {
        "status": outcome.status.value,
        "code": outcome.code[:60],
        "cause": outcome.cause,
        "transaction": outcome.transaction,
        "request_id": "" if raw is None else raw.request_id,
        "answer": "" if raw is None else str(raw),
        "findings": [place(finding) for finding in outcome.findings],
    }


def place(finding: Finding) -> dict[str, Any]:
    """A finding as a receipt keeps it: code and place, no value."""
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "table": finding.table,
        "row": finding.row,
        "tag": finding.tag,
        "remote_code": getattr(finding, "remote_code", ""),
    }
