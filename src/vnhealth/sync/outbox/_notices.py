"""What gateways tell of their own accord about files that they hold: asked for, kept, shown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from vnhealth.protocol.vss_notices import NoticeKind
from vnhealth.sync._outcome import Notice
from vnhealth.sync.outbox._outbox import Outbox
from vnhealth.sync.outbox._queue import place
from vnhealth.sync.outbox._schema import delivery, reading, receipt
from vnhealth.sync.outbox._worker import Connections

__all__ = ["Told", "collect_notices", "earliest_notices", "told_of"]

NOTICE = "notice"
"""Status of a receipt that is a notice; its code is the kind."""


@dataclass(frozen=True, slots=True, repr=False)
class Told:
    """A notice about a delivery; ``new`` unless it was kept before."""

    delivery_id: int
    destination: str
    notice: Notice
    new: bool

    def __repr__(self) -> str:
        return f"<Told {self.delivery_id} {self.notice.kind}>"


def collect_notices(
    outbox: Outbox, connections: Connections, *, since: dt.date, until: dt.date
) -> tuple[Told, ...]:
    """Ask every gateway that tells such things for the notices of some days, and keep them.

    A notice is kept as a receipt of its delivery, once however often it is asked for; those about
    files that did not go out from here are left out. Raises `vnhealth.errors.SyncError` when a
    gateway does not answer.
    """
    found: list[Told] = []
    for destination, facility in _routes(outbox):
        gateway = connections(destination, facility)
        if gateway is not None and gateway.capabilities.notices:
            for notice in gateway.notices(since, until):
                found += _kept(outbox, destination, facility, notice)
    return tuple(found)


def _routes(outbox: Outbox) -> list[tuple[str, str]]:
    wanted = sa.select(delivery.c.destination, delivery.c.facility).distinct()
    with reading(outbox.engine) as db:
        rows = db.execute(wanted.order_by(delivery.c.destination, delivery.c.facility))
        return [(row.destination, row.facility) for row in rows]


def _kept(outbox: Outbox, destination: str, facility: str, notice: Notice) -> Iterator[Told]:
    """Keep a notice with the delivery of its transaction."""
    wanted = sa.select(delivery.c.id).where(
        delivery.c.destination == destination,
        delivery.c.facility == facility,
        delivery.c.key == notice.ma_lk,
        delivery.c.transaction == notice.transaction,
    )
    with outbox.engine.begin() as db:
        for (number,) in db.execute(wanted).all():
            same = sa.select(receipt.c.id).where(
                receipt.c.delivery_id == number,
                receipt.c.status == NOTICE,
                receipt.c.code == notice.kind,
            )
            new = db.execute(same).first() is None
            if new:
                db.execute(
                    receipt.insert().values(
                        delivery_id=number,
                        at=notice.at,
                        status=NOTICE,
                        code=notice.kind,
                        cause="",
                        transaction=notice.transaction,
                        request_id="",
                        answer="",
                        findings=[place(finding) for finding in notice.findings],
                    )
                )
            yield Told(number, destination, notice, new)


TO_CORRECT = (receipt.c.status == NOTICE) & receipt.c.code.in_(
    [NoticeKind.STRUCTURE, NoticeKind.TOTALS]
)


def told_of() -> sa.ColumnElement[bool]:
    """The deliveries that a notice wants corrected."""
    return delivery.c.id.in_(sa.select(receipt.c.delivery_id).where(TO_CORRECT))


def earliest_notices(outbox: Outbox) -> dict[int, dt.datetime]:
    """When a delivery was first said to need a correction, by its number."""
    first = sa.func.min(receipt.c.at).label("at")
    wanted = sa.select(receipt.c.delivery_id, first).where(TO_CORRECT)
    wanted = wanted.group_by(receipt.c.delivery_id)
    with reading(outbox.engine) as db:
        return {row.delivery_id: row.at for row in db.execute(wanted)}
