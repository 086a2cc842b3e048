"""Whatever is called in whatever order: every acknowledged record is in exactly one count."""

import datetime as dt
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from vnhealth.sandbox import Exchange, MemoryStore, SqliteStore, VirtualClock

KEYS = st.sampled_from(["A1", "A2", "W3", "R4"])
REPOSITORIES = st.sampled_from(["province", "national"])
FACILITIES = st.sampled_from(["01001", "79002"])


def machine(files, make_store, reopen):
    """A state machine with a model of its own: the latest answer per record."""

    class Machine(RuleBasedStateMachine):
        def __init__(self):
            super().__init__()
            self.clock = VirtualClock()
            self.store = make_store()
            self.latest = {}
            self.cancelled = set()
            self.acknowledged = 0
            self.requests = 0
            self.open()

        def open(self):
            self.exchange = Exchange.default(
                seed=7, clock=self.clock, store=self.store, checker=files.judge
            )

        def client(self, gateway, facility):
            return files.caller(self.exchange, gateway, facility).login()

        def note(self, gateway, facility, kind, keys, due):
            for key in keys:
                self.latest[gateway, facility, kind, key] = due
                self.cancelled.discard((gateway, facility, kind, key))
            self.acknowledged += len(keys)

        @rule(facility=FACILITIES, keys=st.lists(KEYS, min_size=1, max_size=3, unique=True))
        def claim(self, facility, keys):
            client = self.client("vss", facility)
            assert client.send(files.claim(*keys, facility=facility)).status == 200
            self.note("vss", facility, "claim", keys, self.due())

        @rule(facility=FACILITIES, key=KEYS)
        def checkin(self, facility, key):
            reply = self.client("vss", facility).send(
                files.checkin(key, facility=facility), "checkin_3176"
            )
            assert reply.status == 200
            self.note("vss", facility, "checkin", [key], self.due())

        @rule(gateway=REPOSITORIES, facility=FACILITIES, key=KEYS, version=st.integers(1, 2))
        def submit(self, gateway, facility, key, version):
            file = files.claim(key, facility=facility, extra=f"<X>{version}</X>")
            reply = self.client(gateway, facility).send(file).json()
            if reply["code"] != "ACCEPTED_DUPLICATE":
                self.note(gateway, facility, "claim", [key], self.due())

        @rule(facility=FACILITIES)
        def unreadable(self, facility):
            assert self.client("vss", facility).send(b"not xml at all").status == 200
            self.acknowledged += 1
            number = self.acknowledged
            self.latest["vss", facility, "claim", f"?{number}"] = self.due()

        @rule(facility=FACILITIES, key=KEYS)
        def refused_at_the_door(self, facility, key):
            other = "79002" if facility == "01001" else "01001"
            assert self.client("vss", facility).send(files.claim(key, facility=other)).status == 403

        @rule(gateway=REPOSITORIES, facility=FACILITIES, key=KEYS, restore=st.booleans())
        def cancel(self, gateway, facility, key, restore):
            self.requests += 1
            reason = "LY_DO" if restore else "LY_DO_HUY"
            reply = self.client(gateway, facility).post(
                "restore" if restore else "cancel",
                **{"MA_LK": key, "MA_CSKCB": facility, reason: "x"},
                MA_YEU_CAU=f"Y{self.requests}",
            )
            place = (gateway, facility, "claim", key)
            if reply.status == 200:
                assert place in self.latest
                (self.cancelled.discard if restore else self.cancelled.add)(place)
            else:
                assert restore is (place not in self.cancelled) or place not in self.latest

        @rule(minutes=st.integers(0, 7))
        def wait(self, minutes):
            self.clock.advance(minutes=minutes)

        @rule()
        def judge_some(self):
            self.exchange.settle(limit=1)

        @rule(gateway=REPOSITORIES, facility=FACILITIES, key=KEYS)
        def ask(self, gateway, facility, key):
            reply = self.client(gateway, facility).call("status", query=f"ma_lk={key}")
            assert (reply.status == 200) is ((gateway, facility, "claim", key) in self.latest)

        @rule()
        def restart(self):
            self.store = reopen(self.store)
            self.open()

        def due(self):
            return self.clock.now() + dt.timedelta(minutes=5)

        @invariant()
        def books_balance(self):
            rows = self.exchange.reconcile()
            assert all(row.balanced for row in rows)
            assert sum(row.received for row in rows) == self.acknowledged
            live = {k: due for k, due in self.latest.items() if k not in self.cancelled}
            now = self.clock.now()
            pending = [k for k, due in live.items() if due > now]
            judged = [k[3] for k, due in live.items() if due <= now]
            assert sum(row.sent for row in rows) == len(live)
            assert sum(row.pending for row in rows) == len(pending)
            assert sum(row.refused for row in rows) == sum(k[0] in "R?" for k in judged)
            assert sum(row.warned for row in rows) == sum(k[0] == "W" for k in judged)
            assert sum(row.cancelled for row in rows) == len(self.cancelled)

        def teardown(self):
            self.exchange.close()

    return Machine


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_any_order_of_calls_keeps_the_books_balanced(files, kind):
    with tempfile.TemporaryDirectory() as folder:
        numbers = iter(range(10**6))

        def make():
            if kind == "memory":
                return MemoryStore()
            return SqliteStore(Path(folder) / f"{next(numbers)}.db")

        paths = {}

        def make_store():
            store = make()
            if kind == "sqlite":
                paths[id(store)] = store._db.execute("PRAGMA database_list").fetchone()[2]
            return store

        def reopen(store):
            if kind == "memory":
                return store
            path = paths.pop(id(store))
            store.close()
            new = SqliteStore(path)
            paths[id(new)] = path
            return new

        run_state_machine_as_test(
            machine(files, make_store, reopen),
            settings=settings(max_examples=50, stateful_step_count=30, deadline=None),
        )
