"""The circuit breaker: an account at a destination that fails is left alone for a while."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, replace

import sqlalchemy as sa

from vnhealth.sync.outbox._policy import Policy
from vnhealth.sync.outbox._schema import reading, route

__all__ = ["Route", "Routes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """State of an account at a destination.

    ``failures`` in a row, ``opened`` how often the circuit opened since the last success,
    ``closed_until`` when it may be tried again, ``locked`` that a person has to repair the account,
    ``pace`` how many files go out at once while catching up after an outage (0: no limit).
    """

    destination: str
    facility: str
    failures: int = 0
    opened: int = 0
    closed_until: dt.datetime | None = None
    locked: bool = False
    pace: int = 0
    cause: str = ""

    def allowed(self, now: dt.datetime, batch: int) -> int:
        """How many files may go out now: none, one as a probe, a few while catching up, or all.

        >>> Route(destination="vss", facility="01001", opened=1).allowed(dt.datetime.now(dt.UTC), 9)
        1
        """
        if self.locked or (self.closed_until is not None and now < self.closed_until):
            return 0
        if self.opened:
            return 1
        return min(self.pace, batch) if self.pace else batch

    @property
    def healthy(self) -> bool:
        """True when there is nothing that a success would change."""
        return not (self.failures or self.opened or self.pace or self.locked)

    @property
    def state(self) -> str:
        """locked, open (left alone, or next file is a probe), catching_up or closed (normal)."""
        if self.locked:
            return "locked"
        if self.opened:
            return "open"
        return "catching_up" if self.pace else "closed"


class Routes:
    """The routes of a database."""

    def __init__(self, engine: sa.Engine, policy: Policy) -> None:
        self._engine = engine
        self._policy = policy

    def all(self) -> list[Route]:
        """Every route that ever failed."""
        with reading(self._engine) as db:
            rows = db.execute(sa.select(route).order_by(route.c.destination, route.c.facility))
            return [Route(**row._mapping) for row in rows]

    def get(self, key: tuple[str, str]) -> Route:
        """One route; a fresh one when it never failed."""
        with reading(self._engine) as db:
            return self._get(db, key)

    def _get(self, db: sa.Connection, key: tuple[str, str]) -> Route:
        row = db.execute(sa.select(route).where(_is(key))).first()
        return Route(**row._mapping) if row else Route(destination=key[0], facility=key[1])

    def failed(
        self,
        key: tuple[str, str],
        now: dt.datetime,
        rng: random.Random,
        *,
        cause: str,
        asked_s: float | None = None,
        lock: bool = False,
    ) -> Route:
        """Count a failure; ``asked_s`` is the pause that the gateway wants, ``lock`` for ever."""
        with self._engine.begin() as db:
            found = self._get(db, key)
            failures = found.failures + 1
            found = replace(found, failures=failures, cause=cause, locked=found.locked or lock)
            if found.opened or asked_s is not None or failures >= self._policy.failures:
                opened = found.opened + 1
                pause = max(self._policy.circuit.wait_s(opened, rng), asked_s or 0.0)
                until = now + dt.timedelta(seconds=pause)
                found = replace(found, opened=opened, closed_until=until, pace=0)
            self._save(db, found)
        return found

    def succeeded(self, key: tuple[str, str]) -> None:
        """The destination answered: close the circuit, and go on slowly at first."""
        with self._engine.begin() as db:
            found = self._get(db, key)
            if found.healthy:
                return
            pace = 2 if found.opened else found.pace * 2
            if pace >= self._policy.batch:
                pace = 0
            self._save(db, Route(destination=key[0], facility=key[1], pace=pace))

    def unlock(self, db: sa.Connection, key: tuple[str, str]) -> None:
        """Forget all failures of a route."""
        self._save(db, Route(destination=key[0], facility=key[1]))

    def _save(self, db: sa.Connection, found: Route) -> None:
        values = {
            "failures": found.failures,
            "opened": found.opened,
            "closed_until": found.closed_until,
            "locked": found.locked,
            "pace": found.pace,
            "cause": found.cause,
        }
        key = (found.destination, found.facility)
        if db.execute(route.update().where(_is(key)).values(**values)).rowcount == 0:
            db.execute(route.insert().values(destination=key[0], facility=key[1], **values))


def _is(key: tuple[str, str]) -> sa.ColumnElement[bool]:
    return (route.c.destination == key[0]) & (route.c.facility == key[1])
