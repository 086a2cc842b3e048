"""The outbox itself: put files in, correct them, look at what became of them."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from vnhealth.codecs import read, write
from vnhealth.localtime import ICT, LocalTime
from vnhealth.protocol.deadlines import first_due
from vnhealth.rules import Calendar
from vnhealth.sync._body import digest_of, plain
from vnhealth.sync._errors import NotSent, SyncError
from vnhealth.sync._session import Clock
from vnhealth.sync.outbox._facts import Facts, catalogues_on, facts_of
from vnhealth.sync.outbox._policy import Policy
from vnhealth.sync.outbox._queue import Queue
from vnhealth.sync.outbox._routes import Routes
from vnhealth.sync.outbox._schema import (
    connect_to,
    delivery,
    event,
    payload,
    reading,
    receipt,
    version,
)
from vnhealth.sync.outbox._states import State, check_move

__all__ = ["Added", "Outbox"]

log = logging.getLogger("vnhealth.outbox")
"""Moves of deliveries: numbers, destinations, states and codes only."""

SHORTEST_RETENTION = dt.timedelta(days=60)
"""The portal keeps its own receipts so long; ours stay longer."""


@dataclass(frozen=True, slots=True)
class Added:
    """What became of a file that was put in: its version, whether that is new, new deliveries."""

    version_id: int
    number: int
    new: bool
    deliveries: int


class Outbox:
    """A durable outbox in an SQLite file or a PostgreSQL database.

    ``clock`` gives the present moment, aware. A file that was put in is there until somebody
    removes the database: `vnhealth.sync.outbox.Worker` sends it to each of its destinations, in
    order, as often as needed, and never twice as new. One file holds one record (one MA_LK).

    >>> import datetime as dt
    >>> box = Outbox("sqlite://", clock=lambda: dt.datetime(2026, 8, 3, 1, tzinfo=dt.UTC))
    >>> box.add(b"{}", to=["ecds"], facts=Facts(kind="case", facility="01001", key="CA1"))
    Added(version_id=1, number=1, new=True, deliveries=1)
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Clock,
        policy: Policy | None = None,
        calendar: Calendar | None = None,
    ) -> None:
        self.clock = clock
        self.policy = policy or Policy()
        self.calendar = calendar
        self.engine = connect_to(url)
        self.queue = Queue(self.engine, self.policy)
        self.routes = Routes(self.engine, self.policy)

    # putting in

    def add(
        self,
        data: bytes,
        *,
        to: Iterable[str],
        facts: Facts | None = None,
    ) -> Added:
        """Keep a file and have it sent to destinations (keys of gateways). Durable on return.

        ``facts`` are read from XML of the standards; for other files they have to be given. The
        same bytes again do nothing, except that destinations may be added. Raises `NotSent`:
        ERR-SYNC-20 unless the file holds exactly one record, ERR-SYNC-21 when the record is here
        with other content (see `correct`); `vnhealth.errors.CodecError` for an unreadable file.
        """
        return self._put(data, list(to), facts, reason=None)

    def correct(
        self,
        data: bytes,
        *,
        reason: str,
        to: Iterable[str] | None = None,
        facts: Facts | None = None,
    ) -> Added:
        """A corrected version of a record that is here, under the same MA_LK.

        It goes to the destinations of the earlier version, or to those given; an earlier version
        that has not left yet does not leave any more, and all versions are kept. Raises `NotSent`:
        ERR-SYNC-22 without a reason, ERR-SYNC-23 for a record that is not here.
        """
        if not reason.strip():
            raise NotSent("ERR-SYNC-22")
        return self._put(data, None if to is None else list(to), facts, reason=reason.strip())

    def complete_payment(
        self,
        facility: str,
        key: str,
        *,
        paid_at: LocalTime,
        sign: Callable[[bytes], bytes] | None = None,
    ) -> Added:
        """Write NGAY_TTOAN into the latest claim with this MA_LK and send that again.

        A signed file has to be signed anew: without ``sign`` that raises `NotSent` (ERR-SYNC-28).
        """
        document = read(self.body(facility, key))
        if document.signature == "present" and sign is None:
            raise NotSent("ERR-SYNC-28")
        claim = document.claims[0]
        paid = claim.replace(xml1=claim.xml1.replace(ngay_ttoan=paid_at))
        data = write(document.with_claims([paid]))
        return self.correct(sign(data) if sign else data, reason="NGAY_TTOAN")

    def _put(
        self, data: bytes, to: list[str] | None, facts: Facts | None, reason: str | None
    ) -> Added:
        now = self.clock()
        facts = facts or facts_of(plain(data), at=now)
        for last_try in (False, True):
            try:
                return self._put_once(plain(data), to, facts, reason, now)
            except sa.exc.IntegrityError:
                if last_try:
                    raise
        raise AssertionError("not reached")

    def _put_once(
        self,
        body: bytes,
        to: list[str] | None,
        facts: Facts,
        reason: str | None,
        now: dt.datetime,
    ) -> Added:
        digest = digest_of(body)
        with self.engine.begin() as db:
            last = self._last(db, facts)
            if last is None and reason is not None:
                raise NotSent("ERR-SYNC-23")
            if last is not None and last.digest == digest:
                more = self._deliver(db, last.id, facts, to or [], now)
                return Added(last.id, last.number, new=False, deliveries=more)
            if last is not None and reason is None:
                raise NotSent("ERR-SYNC-21")
            if to is None:
                to = self._destinations(db, last.id)
            number = 1 if last is None else last.number + 1
            self._keep(db, digest, body)
            added = self._new_version(db, facts, digest, number, reason or "", now)
            self._drop_unsent(db, facts, to, now)
            more = self._deliver(db, added, facts, to, now)
        log.info("version %d of %s added for %s", added, facts.kind, ",".join(to))
        return Added(added, number, new=True, deliveries=more)

    def _keep(self, db: sa.Connection, digest: str, body: bytes) -> None:
        held = sa.select(payload.c.digest).where(payload.c.digest == digest)
        if db.execute(held).first() is None:
            db.execute(payload.insert().values(digest=digest, body=body, size=len(body)))

    def _new_version(
        self,
        db: sa.Connection,
        facts: Facts,
        digest: str,
        number: int,
        reason: str,
        now: dt.datetime,
    ) -> int:
        day = (facts.ended_at or now).astimezone(ICT).date()
        done = db.execute(
            version.insert().values(
                kind=facts.kind,
                facility=facts.facility,
                key=facts.key,
                number=number,
                digest=digest,
                reason=reason,
                edition=facts.edition,
                catalogues=dict(catalogues_on(day)),
                certificate=facts.certificate,
                ended_at=facts.ended_at,
                total=None if facts.total is None else str(facts.total),
                fund=None if facts.fund is None else str(facts.fund),
                created_at=now,
            )
        )
        return int(done.inserted_primary_key[0])  # type: ignore[index]

    def _drop_unsent(
        self, db: sa.Connection, facts: Facts, to: Sequence[str], now: dt.datetime
    ) -> None:
        """Earlier versions that have not left stay here from now on."""
        db.execute(
            delivery.update()
            .where(
                _of_record(facts),
                delivery.c.destination.in_(to),
                delivery.c.state.in_([State.READY, State.HELD]),
            )
            .values(state=State.REPLACED, next_at=None, updated_at=now)
        )

    def _deliver(
        self, db: sa.Connection, version_id: int, facts: Facts, to: Sequence[str], now: dt.datetime
    ) -> int:
        known = sa.select(delivery.c.destination).where(delivery.c.version_id == version_id)
        there = {row.destination for row in db.execute(known)}
        flow, due = first_due(facts.kind, facts.ended_at, self.calendar) or ("", None)
        missing = [name for name in dict.fromkeys(to) if name not in there]
        for destination in missing:
            db.execute(
                delivery.insert().values(
                    version_id=version_id,
                    destination=destination,
                    facility=facts.facility,
                    kind=facts.kind,
                    key=facts.key,
                    state=State.READY,
                    next_at=now,
                    due_at=due,
                    flow=flow,
                    updated_at=now,
                )
            )
        return len(missing)

    def _last(self, db: sa.Connection, facts: Facts) -> Any:
        wanted = sa.select(version).where(
            version.c.facility == facts.facility,
            version.c.kind == facts.kind,
            version.c.key == facts.key,
        )
        return db.execute(wanted.order_by(version.c.number.desc()).limit(1)).first()

    def _destinations(self, db: sa.Connection, version_id: int) -> list[str]:
        wanted = sa.select(delivery.c.destination).where(delivery.c.version_id == version_id)
        return [row.destination for row in db.execute(wanted.order_by(delivery.c.destination))]

    # what a person decides

    def retry(self, ids: Iterable[int], *, reason: str) -> int:
        """Send deliveries again: held, refused or cancelled ones, and those that a gateway lost.

        ``reason`` is kept. Gives how many were changed; those in another state, or replaced by a
        later version, stay. Locked accounts of their destinations are tried again as well.
        """
        if not reason.strip():
            raise NotSent("ERR-SYNC-22")
        now = self.clock()
        wanted = list(ids)
        again = [State.HELD, State.REFUSED, State.CANCELLED, State.PENDING]
        for state in again:
            check_move(state, State.READY)
        chosen = (delivery.c.id.in_(wanted)) & delivery.c.state.in_(again) & ~_has_later()
        with self.engine.begin() as db:
            routes = sa.select(delivery.c.destination, delivery.c.facility).where(chosen).distinct()
            for row in db.execute(routes).all():
                self.routes.unlock(db, (row.destination, row.facility))
            changed = db.execute(
                delivery.update()
                .where(chosen)
                .values(state=State.READY, next_at=now, cause="", updated_at=now)
            ).rowcount
            self._note(db, now, "retry", text=f"{changed}: {reason.strip()}"[:1000])
        return changed

    def unlock(self, destination: str, facility: str) -> None:
        """Try an account again after it was repaired."""
        with self.engine.begin() as db:
            self.routes.unlock(db, (destination, facility))

    def excuse(
        self,
        since: dt.datetime,
        until: dt.datetime,
        *,
        reason: str,
        destination: str = "",
    ) -> None:
        """Note a case of force majeure (power, network, disaster) with its proof.

        Legal source: 48/2017/TT-BYT article 8. Deadlines that it overlaps are shown as excused; the
        other side still has to be told at once. Raises `NotSent` (ERR-SYNC-22) without a reason.
        """
        if not reason.strip():
            raise NotSent("ERR-SYNC-22")
        with self.engine.begin() as db:
            self._note(
                db,
                self.clock(),
                "force_majeure",
                destination=destination,
                since=since,
                until=until,
                text=reason.strip()[:1000],
            )

    def _note(self, db: sa.Connection, now: dt.datetime, what: str, **values: Any) -> None:
        db.execute(event.insert().values(at=now, what=what, **values))

    def events(self, what: str) -> list[dict[str, Any]]:
        """What was noted: force_majeure, retry."""
        wanted = sa.select(event).where(event.c.what == what).order_by(event.c.id)
        with reading(self.engine) as db:
            return [dict(row._mapping) for row in db.execute(wanted)]

    def purge_receipts(self, *, older_than: dt.timedelta) -> int:
        """Remove receipts older than that; gives how many.

        Raises `SyncError` (ERR-SYNC-27) for 60 days or less: so long the portal has them itself.
        """
        if older_than <= SHORTEST_RETENTION:
            raise SyncError("ERR-SYNC-27", days=SHORTEST_RETENTION.days)
        with self.engine.begin() as db:
            old = receipt.c.at < self.clock() - older_than
            return db.execute(receipt.delete().where(old)).rowcount

    # looking

    def body(self, facility: str, key: str, *, kind: str = "claim", number: int = 0) -> bytes:
        """The bytes of a version (0: the latest). Raises `NotSent` (ERR-SYNC-23)."""
        wanted = (
            sa.select(payload.c.body)
            .join(version, version.c.digest == payload.c.digest)
            .where(version.c.facility == facility, version.c.kind == kind, version.c.key == key)
            .order_by(version.c.number.desc())
        )
        if number:
            wanted = wanted.where(version.c.number == number)
        with reading(self.engine) as db:
            found = db.execute(wanted.limit(1)).scalar()
        if found is None:
            raise NotSent("ERR-SYNC-23")
        return bytes(found)

    def versions(self, facility: str, key: str, *, kind: str = "claim") -> list[dict[str, Any]]:
        """All versions of a record, oldest first, without their bytes."""
        wanted = sa.select(version).where(
            version.c.facility == facility, version.c.kind == kind, version.c.key == key
        )
        with reading(self.engine) as db:
            rows = db.execute(wanted.order_by(version.c.number))
            return [dict(row._mapping) for row in rows]

    def deliveries(self, *where: sa.ColumnElement[bool]) -> list[dict[str, Any]]:
        """Deliveries with facts of their versions, by number; conditions over `delivery`."""
        wanted = sa.select(
            delivery,
            *(version.c[name] for name in VERSION_FACTS),
        ).join(version, version.c.id == delivery.c.version_id)
        with reading(self.engine) as db:
            rows = db.execute(wanted.where(*where).order_by(delivery.c.id))
            return [dict(row._mapping) for row in rows]

    def receipts(self, delivery_id: int) -> list[dict[str, Any]]:
        """What the gateway said of a delivery, oldest first, masked."""
        wanted = sa.select(receipt).where(receipt.c.delivery_id == delivery_id)
        with reading(self.engine) as db:
            rows = db.execute(wanted.order_by(receipt.c.id))
            return [dict(row._mapping) for row in rows]

    def counts(self) -> dict[tuple[str, str, str], int]:
        """How many deliveries by destination, kind and state."""
        work = delivery.c
        wanted = sa.select(work.destination, work.kind, work.state, sa.func.count().label("n"))
        with reading(self.engine) as db:
            rows = db.execute(wanted.group_by(work.destination, work.kind, work.state))
            return {(row.destination, row.kind, row.state): row.n for row in rows}

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()

    def __enter__(self) -> Outbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Outbox {self.engine.dialect.name}>"


VERSION_FACTS = (
    "number",
    "digest",
    "reason",
    "edition",
    "certificate",
    "ended_at",
    "total",
    "fund",
    "created_at",
)


def _has_later() -> sa.ColumnElement[bool]:
    later = delivery.alias()
    return sa.exists().where(
        later.c.destination == delivery.c.destination,
        later.c.facility == delivery.c.facility,
        later.c.kind == delivery.c.kind,
        later.c.key == delivery.c.key,
        later.c.version_id > delivery.c.version_id,
    )


def _of_record(facts: Facts) -> sa.ColumnElement[bool]:
    return (
        (delivery.c.facility == facts.facility)
        & (delivery.c.kind == facts.kind)
        & (delivery.c.key == facts.key)
    )
