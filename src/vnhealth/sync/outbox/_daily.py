"""A job that runs once for every day and makes up for the days on which it did not run.

From province to nation: the records that were accepted on a day go on to the identified national
store and, de-identified, to the other one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from vnhealth.localtime import ICT
from vnhealth.sync._errors import NotSent
from vnhealth.sync.outbox._outbox import Outbox
from vnhealth.sync.outbox._schema import delivery, event
from vnhealth.sync.outbox._states import State

__all__ = ["DailyJob", "DayDone", "Forward"]

Forward = Callable[[bytes], bytes | None]
"""Makes the file for a destination from an accepted one; None: nothing of it may go there."""

AGAIN = "cập nhật theo bản mới của hồ sơ nguồn"
"""Reason of a later version whose source was corrected."""
ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DayDone:
    """What the job did for one day: accepted records, deliveries added, files kept back."""

    day: dt.date
    records: int
    added: int
    kept_back: int


class DailyJob:
    """Forwards what one destination has accepted to others, day by day.

    ``forward`` says for each further destination how its file is made: for the identified store the
    file as it is, for the de-identified one a function over `vnhealth.deid`. The days that are done
    are kept in the database of the outbox under ``name``: after an outage the job begins where it
    stopped, and a day that was cut short is simply done again, which adds nothing twice.
    """

    def __init__(
        self, outbox: Outbox, *, name: str, source: str, forward: Mapping[str, Forward]
    ) -> None:
        self.outbox = outbox
        self.name = name
        self.source = source
        self.forward = dict(forward)

    def run(self, *, first: dt.date) -> list[DayDone]:
        """Do every day that is over and not done yet, from ``first`` on."""
        today = self.outbox.clock().astimezone(ICT).date()
        last = self.last_done()
        day = first if last is None else max(first, last + ONE_DAY)
        done = []
        while day < today:
            done.append(self._do(day))
            day += ONE_DAY
        return done

    def last_done(self) -> dt.date | None:
        """The last day that is done, None when there is none."""
        mine = (event.c.what == "daily") & (event.c.text == self.name)
        with self.outbox.engine.begin() as db:
            found: dt.date | None = db.execute(
                sa.select(sa.func.max(event.c.day)).where(mine)
            ).scalar()
        return found

    def _do(self, day: dt.date) -> DayDone:
        start = dt.datetime.combine(day, dt.time(), ICT)
        rows = self.outbox.deliveries(
            delivery.c.destination == self.source,
            delivery.c.kind == "claim",
            delivery.c.state.in_([State.ACCEPTED, State.WARNED]),
            delivery.c.updated_at >= start,
            delivery.c.updated_at < start + ONE_DAY,
        )
        added = kept_back = 0
        for row in rows:
            body = self.outbox.body(row["facility"], row["key"], number=row["number"])
            for destination, make in self.forward.items():
                data = make(body)
                if data is None:
                    kept_back += 1
                else:
                    added += self._add(data, destination)
        with self.outbox.engine.begin() as db:
            now = self.outbox.clock()
            db.execute(event.insert().values(at=now, what="daily", day=day, text=self.name))
        return DayDone(day, len(rows), added, kept_back)

    def _add(self, data: bytes, destination: str) -> int:
        try:
            return self.outbox.add(data, to=[destination]).deliveries
        except NotSent as error:
            if error.code != "ERR-SYNC-21":
                raise
            return self.outbox.correct(data, reason=AGAIN, to=[destination]).deliveries
