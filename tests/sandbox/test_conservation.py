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

KEYS = st.sampled_from(["A1", "W2", "R3"])
IDENTIFIED = st.sampled_from(["province", "national"])
DEID = "national_deid"
REPOSITORIES = IDENTIFIED | st.just(DEID)
TOKENS = {"A1": "A" + "B2" * 13, "W2": "A" + "C3" * 13, "R3": "A" + "D4" * 13}
"""Names of the records at the de-identified store, which accepts all of them."""
FACILITIES = st.sampled_from(["01001", "79002"])


class Sent:
    """What the test knows of one acknowledged record."""

    def __init__(self, place, due, *, opaque=False, readable=True):
        self.place = place
        self.due = due
        self.opaque = opaque
        self.readable = readable
        self.cancelled = False

    def known(self, now):
        """Whether its MA_LK is known by now."""
        return self.readable and (not self.opaque or self.due <= now)

    def state(self, now):
        if self.due > now:
            return "pending"
        if not self.readable:
            return "refused"
        first = "A" if self.opaque else self.place[3][0]
        return {"R": "refused", "W": "warned"}.get(first, "accepted")


def record_of(gateway, key):
    """Kind and name of a record at a repository."""
    return ("deid", TOKENS[key]) if gateway == DEID else ("claim", key)


def machine(files, make_store, reopen):
    """A state machine with a model of its own: every record that was acknowledged, in order."""

    class Machine(RuleBasedStateMachine):
        def __init__(self):
            super().__init__()
            self.clock = VirtualClock()
            self.store = make_store()
            self.sent = []
            self.requests = 0
            self.open()

        def open(self):
            self.exchange = Exchange.default(
                seed=7, clock=self.clock, store=self.store, checker=files.judge
            )

        def client(self, gateway, facility):
            return files.caller(self.exchange, gateway, facility).login()

        def note(self, gateway, facility, kind, keys, **more):
            due = self.clock.now() + dt.timedelta(minutes=5)
            self.sent += [Sent((gateway, facility, kind, key), due, **more) for key in keys]

        def latest(self, *place):
            now = self.clock.now()
            return next((s for s in reversed(self.sent) if s.place == place and s.known(now)), None)

        @rule(facility=FACILITIES, keys=st.lists(KEYS, min_size=1, max_size=3, unique=True))
        def claim(self, facility, keys):
            client = self.client("vss", facility)
            assert client.send(files.claim(*keys, facility=facility)).status == 200
            self.note("vss", facility, "claim", keys)

        @rule(facility=FACILITIES, key=KEYS)
        def checkin(self, facility, key):
            reply = self.client("vss", facility).send(
                files.checkin(key, facility=facility), "checkin_3176"
            )
            assert reply.status == 200
            self.note("vss", facility, "checkin", [key])

        @rule(gateway=REPOSITORIES, facility=FACILITIES, key=KEYS, version=st.integers(1, 2))
        def submit(self, gateway, facility, key, version):
            kind, name = record_of(gateway, key)
            if kind == "deid":
                file = files.deid(name, facility=facility, xml1=f"<STT>{version}</STT>")
            else:
                file = files.claim(name, facility=facility, extra=f"<X>{version}</X>")
            reply = self.client(gateway, facility).send(file).json()
            assert reply["code"] in ("ACCEPTED", "ACCEPTED_DUPLICATE")
            if reply["code"] != "ACCEPTED_DUPLICATE":
                self.note(gateway, facility, kind, [name])

        @rule(facility=FACILITIES, key=KEYS)
        def a_claim_never_gets_into_the_deidentified_store(self, facility, key):
            assert self.client(DEID, facility).send(files.claim(key)).status == 422

        @rule(gateway=IDENTIFIED, facility=FACILITIES, key=KEYS)
        def opaque(self, gateway, facility, key):
            reply = self.client(gateway, facility).send(f"OPAQUE {key}".encode())
            assert reply.json()["code"] == "ACCEPTED"
            self.note(gateway, facility, "claim", [key], opaque=True)

        @rule(facility=FACILITIES)
        def unreadable(self, facility):
            assert self.client("vss", facility).send(b"not xml at all").status == 200
            self.note("vss", facility, "claim", ["?"], readable=False)

        @rule(facility=FACILITIES, key=KEYS)
        def refused_at_the_door(self, facility, key):
            other = "79002" if facility == "01001" else "01001"
            assert self.client("vss", facility).send(files.claim(key, facility=other)).status == 403

        @rule(gateway=REPOSITORIES, facility=FACILITIES, key=KEYS, restore=st.booleans())
        def cancel(self, gateway, facility, key, restore):
            self.requests += 1
            reason = "LY_DO" if restore else "LY_DO_HUY"
            kind, name = record_of(gateway, key)
            reply = self.client(gateway, facility).post(
                "restore" if restore else "cancel",
                **{"MA_LK": name, "MA_CSKCB": facility, reason: "x"},
                MA_YEU_CAU=f"Y{self.requests}",
            )
            record = self.latest(gateway, facility, kind, name)
            if record is None:
                assert reply.status == 404
            else:
                assert reply.status == (200 if record.cancelled is restore else 409)
                record.cancelled = not restore

        @rule(minutes=st.integers(0, 7))
        def wait(self, minutes):
            self.clock.advance(minutes=minutes)

        @rule()
        def judge_some(self):
            self.exchange.settle(limit=1)

        @rule(gateway=REPOSITORIES, facility=FACILITIES, key=KEYS)
        def ask(self, gateway, facility, key):
            kind, name = record_of(gateway, key)
            reply = self.client(gateway, facility).call("status", query=f"ma_lk={name}")
            record = self.latest(gateway, facility, kind, name)
            assert reply.status == (404 if record is None else 200)
            if record is not None:
                words = {
                    "pending": "QUEUED",
                    "refused": "REJECTED",
                    "warned": "ACCEPTED_WITH_WARNING",
                }
                state = words.get(record.state(self.clock.now()), "ACCEPTED")
                shown = "CANCELLED" if record.cancelled else state
                assert reply.json()["data"]["status"] == shown

        @rule()
        def restart(self):
            self.store = reopen(self.store)
            self.open()

        @rule()
        def books_balance(self):
            rows = self.exchange.reconcile()
            now = self.clock.now()
            assert all(row.balanced for row in rows)
            live = [s for s in self.sent if not s.known(now) or s is self.latest(*s.place)]
            states = [s.state(now) for s in live if not s.cancelled]
            total = {
                name: sum(getattr(row, name) for row in rows)
                for name in ("received", "sent", "pending", "accepted", "warned", "refused")
            }
            assert total == {
                "received": len(self.sent),
                "sent": len(states),
                "pending": states.count("pending"),
                "accepted": states.count("accepted") + states.count("warned"),
                "warned": states.count("warned"),
                "refused": states.count("refused"),
            }
            assert sum(row.cancelled for row in rows) == sum(s.cancelled for s in live)

        @invariant()
        def every_row_balances(self):
            """Without judging anything: straight from the store."""
            rows = self.store.counts("", "", dt.date(2026, 1, 1), dt.date(2027, 1, 1))
            assert all(row.balanced for row in rows)
            assert sum(row.received for row in rows) == len(self.sent)

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
            settings=settings(
                max_examples=50 if kind == "memory" else 15, stateful_step_count=30, deadline=None
            ),
        )


@pytest.mark.parametrize("opaque_first", [True, False])
def test_a_record_found_late_takes_its_place_in_the_order_of_receipt(files, opaque_first):
    exchange = Exchange.default(seed=7, checker=files.judge)
    client = files.caller(exchange, "province").login()
    order = [b"OPAQUE A1", files.claim("A1")]
    ids = [
        client.send(file).json()["data"]["tracking_id"]
        for file in (order if opaque_first else order[::-1])
    ]
    assert [(r.received, r.sent) for r in exchange.reconcile()] == [(2, 2)]
    exchange.clock.advance(minutes=5)
    assert client.json("status", "ma_lk=A1")["data"]["tracking_id"] == ids[1]
    (row,) = exchange.reconcile()
    assert (row.received, row.sent, row.replaced) == (2, 1, 1)
    states = [client.json("status", f"tracking_id={i}")["data"]["status"] for i in ids]
    assert states == ["REPLACED", "ACCEPTED"]
