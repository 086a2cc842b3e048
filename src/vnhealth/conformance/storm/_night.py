"""One night: files go into an outbox, the weather is bad, and in the end the books are compared."""

from __future__ import annotations

import datetime as dt
import math
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from vnhealth.conformance.storm._line import Died, MortalLine
from vnhealth.conformance.storm._weather import weather
from vnhealth.protocol import result_code
from vnhealth.sandbox import Exchange, FaultPlan, State, Submission, VirtualClock
from vnhealth.sandbox import Record as Kept
from vnhealth.sync import Gateway, connect
from vnhealth.sync.outbox import ONE_TRY, Outbox, Worker
from vnhealth.sync.outbox import State as Stand

__all__ = ["Night", "NightResult"]

START = dt.datetime(2026, 8, 3, 1, tzinfo=dt.UTC)
MAX_STEPS = 5_000
PATIENCE = dt.timedelta(days=4)
"""How long after the weather the client may take to bring everything to an end."""
MORNINGS = 4
SESSION = dt.timedelta(minutes=55)
ACCEPTED = (State.ACCEPTED, State.WARNED)


@dataclass(frozen=True, slots=True)
class NightResult:
    """What came of a night, in deliveries (one file to one gateway).

    ``sent`` = accepted + refused + pending at the end. ``lost`` were given to the outbox and are
    not in the gateway's books at the end. ``doubled`` were accepted as new more than once.
    ``unbalanced`` counts moments at which the books of both sides did not agree,
    ``needless_logins`` those without a reason.
    """

    number: int
    sent: int
    accepted: int
    refused: int
    pending: int
    lost: int
    doubled: int
    unbalanced: int
    needless_logins: int
    faults: int
    deaths: int
    hours: float

    @property
    def clean(self) -> bool:
        """True when nothing was lost or doubled, the books agreed, and no login was needless."""
        return not (self.lost or self.doubled or self.unbalanced or self.needless_logins)


class Night:
    """A sandbox with a random fault plan and a client, both by the seed.

    ``files`` are check-in and claim files of one facility, each with its kind.
    """

    def __init__(
        self,
        number: int,
        seed: int,
        files: Sequence[tuple[str, bytes]],
        facility: str,
        gateways: tuple[str, ...],
    ) -> None:
        self.number = number
        self._rng = random.Random(f"storm {seed} {number}")
        self._start = start = START + dt.timedelta(minutes=self._rng.randrange(24 * 60))
        self.clock = VirtualClock(start)
        rules, self._calm = weather(self._rng, gateways, start)
        plan = FaultPlan(rules, seed=self._rng.randrange(2**31))
        self.exchange = Exchange.default(seed=7, clock=self.clock, faults=plan)
        self._line = MortalLine(self.exchange, self._rng, self._rng.choice((0.0, 0.02, 0.1)))
        self.outbox = Outbox("sqlite://", clock=self.clock.now)
        self._facility = facility
        self._gateways = gateways
        self._files = tuple(files)
        self._gates: dict[str, Gateway] = {}
        self._workers = 0
        self._unbalanced = 0

    def run(self) -> NightResult:
        """Live through the night; gives what came of it."""
        for _, body in self._files:
            self.outbox.add(body, to=self._gateways)
        self._work(self._calm)
        self.clock.jump(max(self._calm, self.clock.now()))
        self._line.chance = 0.0
        for _ in range(MORNINGS):
            self._work(self.clock.now() + PATIENCE)
            if not self._mend():
                break
        return self._result()

    # the client

    def _work(self, until: dt.datetime) -> None:
        worker = self._new_worker()
        for _ in range(MAX_STEPS):
            try:
                done = worker.run_once()
            except Died:
                worker = self._new_worker()
                continue
            self._look()
            if done:
                continue
            wake = worker.wakes_at()
            if wake is None or wake >= until:
                return
            self.clock.jump(max(wake, self.clock.now()))

    def _new_worker(self) -> Worker:
        """A process begins: it knows nothing but what the outbox holds."""
        self._workers += 1
        self._gates.clear()
        return Worker(self.outbox, self._gate, name=f"w{self._workers}", seed=self.number)

    def _gate(self, destination: str, facility: str) -> Gateway:
        if destination not in self._gates:
            self._gates[destination] = connect(
                destination,
                self.exchange.credentials(facility, destination),
                transport=self._line,
                clock=self.clock.now,
                sleep=lambda seconds: void(self.clock.advance(seconds=seconds)),
                retry=ONE_TRY,
            )
        return self._gates[destination]

    def _mend(self) -> int:
        """What a person does in the morning: unlock accounts, send again what is held or was
        refused at the door. Nothing was left to do when this gives 0.
        """
        locked = [route for route in self.outbox.routes.all() if route.locked]
        for route in locked:
            self.outbox.unlock(route.destination, route.facility)
        stuck = [
            d["id"]
            for d in self.outbox.deliveries()
            if d["state"] == Stand.HELD or (d["state"] == Stand.REFUSED and not d["transaction"])
        ]
        return len(locked) + self.outbox.retry(stuck, reason="after the night")

    # the books

    def _look(self) -> None:
        """At every moment all deliveries are there, and what was acknowledged is in the books."""
        held = self.outbox.deliveries()
        books = {
            (s.gateway, s.transaction)
            for gateway in self._gateways
            for s, _ in self._records(gateway)
        }
        whole = len(held) == len(self._files) * len(self._gateways)
        known = all((d["destination"], d["transaction"]) in books for d in held if d["transaction"])
        if not (whole and known):
            self._unbalanced += 1

    def _records(self, gateway: str) -> list[tuple[Submission, Kept]]:
        return list(self.exchange.store.listing(gateway, "", dt.date.min, dt.date.max))

    def _result(self) -> NightResult:
        self.exchange.settle()
        stands = Counter(Stand(d["state"]) for d in self.outbox.deliveries())
        accepted = stands[Stand.ACCEPTED] + stands[Stand.WARNED]
        pending = stands[Stand.PENDING] + stands[Stand.UNKNOWN] + stands[Stand.SENDING]
        lost, doubled = self._compare()
        return NightResult(
            number=self.number,
            sent=accepted + stands[Stand.REFUSED] + pending,
            accepted=accepted,
            refused=stands[Stand.REFUSED],
            pending=pending,
            lost=lost,
            doubled=doubled,
            unbalanced=self._unbalanced,
            needless_logins=self._needless_logins(),
            faults=len(self.exchange.faults.injected),
            deaths=self._line.deaths,
            hours=round((self.clock.now() - self._start).total_seconds() / 3600, 1),
        )

    def _compare(self) -> tuple[int, int]:
        """Deliveries that the gateways do not hold, and those accepted as new more than once."""
        lost = doubled = 0
        digests = {d["digest"] for d in self.outbox.deliveries()}
        for gateway in self._gateways:
            records = self._records(gateway)
            held = {submission.digest for submission, _ in records}
            good = Counter(s.digest for s, record in records if record.state in ACCEPTED)
            lost += len(digests - held)
            doubled += sum(1 for count in good.values() if count > 1)
        return lost, doubled

    def _needless_logins(self) -> int:
        """Logins beyond those with a reason: a new worker, a session refused or at its end, a login
        that a fault spoiled. More than none is a storm in the making.
        """
        logins = spoiled = 0
        for entry in self.exchange.journal:
            if entry.operation.startswith("login"):
                logins += 1
                spoiled += bool(entry.faults)
            else:
                known = result_code(entry.gateway, entry.code)
                spoiled += known is not None and known.outcome == "auth"
        hours = math.ceil((self.clock.now() - self._start) / SESSION)
        return max(logins - spoiled - (self._workers + hours) * len(self._gateways), 0)


def void(_: object) -> None:
    """Forget a value."""
