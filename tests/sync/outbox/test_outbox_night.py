"""Nothing is lost and nothing arrives twice as new, whatever the line does and whoever dies."""

import datetime as dt

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from vnhealth.errors import VnHealthError
from vnhealth.sandbox import Fault
from vnhealth.sync import NotSent
from vnhealth.sync.outbox import MOVES, SENT, State

KEYS = ("LK1", "LK2")
SETTLED = {"accepted", "accepted_with_warnings", "refused", "replaced"}


def test_a_quiet_night(night):
    night.add("LK1")
    night.add("LK2", name=night.wrong)
    night.run()
    assert night.states() == {
        ("LK1", "claim", 1): "accepted",
        ("LK2", "claim", 1): "refused",
    }
    assert len(night.submissions()) == 2
    assert night.worker.tally.sent == 2


def test_a_lost_answer_is_asked_about_and_not_sent_again(night):
    night.add()
    night.line.plan = ["lost_after"]
    night.run()
    assert night.states() == {("LK1", "claim", 1): "accepted"}
    assert len(night.submissions()) == 1
    assert night.worker.tally.sent == 1


def test_a_lost_file_is_sent_again_once_the_gateway_can_be_believed(night):
    night.add()
    night.line.plan = ["lost_before"]
    start = night.clock.now()
    night.run()
    assert night.states() == {("LK1", "claim", 1): "accepted"}
    (row,) = night.box.deliveries()
    assert row["sent_at"] - start >= night.box.policy.visible_after
    assert night.worker.tally.sent == 2


@pytest.mark.parametrize("fate", ["die_before", "die_after"])
def test_a_worker_that_dies_while_sending_leaves_a_doubt(night, fate):
    night.add()
    night.line.plan = [fate]
    with pytest.raises(night.died):
        night.run()
    assert night.states() == {("LK1", "claim", 1): "sending"}
    night.worker = night.new_worker()
    assert night.worker.run_once() == 0
    night.run()
    assert night.states() == {("LK1", "claim", 1): "accepted"}
    assert len(night.submissions()) == 1


def test_the_check_in_goes_before_the_claim(night):
    night.add("LK1", kind="claim")
    night.add("LK1", kind="checkin")
    night.line.plan = ["lost_after"]
    night.worker.run_once()
    assert night.states() == {
        ("LK1", "claim", 1): "ready",
        ("LK1", "checkin", 1): "unknown",
    }
    night.run()
    assert set(night.states().values()) == {"accepted"}
    assert [kind for kind, _ in night.submissions()] == ["checkin", "claim"]


def test_a_claim_does_not_wait_for_a_check_in_that_was_refused(night):
    night.add("LK1", kind="checkin", name=night.wrong)
    night.add("LK1", kind="claim")
    night.run()
    assert night.states()["LK1", "claim", 1] == "accepted"


def test_a_correction_keeps_all_versions_and_replaces(night):
    night.add(name=night.wrong)
    night.run()
    with pytest.raises(NotSent) as caught:
        night.add(name="TRẦN THỊ B")
    assert caught.value.code == "ERR-SYNC-21"
    with pytest.raises(NotSent) as caught:
        night.correct(reason="  ")
    assert caught.value.code == "ERR-SYNC-22"
    night.correct(reason="sửa họ tên")
    night.run()
    assert night.states() == {
        ("LK1", "claim", 1): "replaced",
        ("LK1", "claim", 2): "accepted",
    }
    assert [v["reason"] for v in night.box.versions("01001", "LK1")] == ["", "sửa họ tên"]
    assert night.box.body("01001", "LK1", number=1) == night.claim("LK1", name=night.wrong)


def test_a_version_that_has_not_left_stays_here_when_it_is_corrected(night):
    night.add()
    night.correct()
    night.run()
    assert night.states() == {
        ("LK1", "claim", 1): "replaced",
        ("LK1", "claim", 2): "accepted",
    }
    assert len(night.submissions()) == 1


def test_a_correction_waits_until_it_is_known_what_became_of_the_version_before(night):
    night.add()
    night.line.plan = ["lost_after"]
    night.worker.run_once()
    night.correct()
    night.worker.run_once()
    assert len(night.submissions()) == 1
    night.run()
    assert night.states() == {
        ("LK1", "claim", 1): "replaced",
        ("LK1", "claim", 2): "accepted",
    }
    assert len(night.submissions()) == 2


def test_a_lost_correction_is_not_taken_for_the_version_before(night):
    night.add()
    night.run()
    night.correct()
    night.line.plan = ["lost_before"]
    night.run()
    assert night.states()["LK1", "claim", 2] == "accepted"
    assert len(night.submissions()) == 2


def test_a_version_that_never_arrived_is_not_sent_after_its_correction(night):
    night.add()
    night.line.plan = ["lost_before"]
    night.worker.run_once()
    night.correct()
    night.run()
    assert night.states() == {
        ("LK1", "claim", 1): "replaced",
        ("LK1", "claim", 2): "accepted",
    }
    assert len(night.submissions()) == 1


def test_the_same_file_again_does_nothing(night):
    first = night.add()
    again = night.add()
    assert (first.new, again.new) == (True, False)
    assert again.version_id == first.version_id
    night.run()
    night.add()
    night.run()
    assert len(night.submissions()) == 1


def test_a_destination_can_be_added_later(night_class):
    night = night_class(gateways=("vss", "province"))
    night.add()
    night.run()
    night.add(to=["vss", "province"])
    night.run()
    assert night.states("province") == {("LK1", "claim", 1): "accepted"}
    assert len(night.submissions("vss")) == 1


def test_what_cannot_go_on_by_itself_is_held_and_can_be_retried(night_class):
    night = night_class(gateways=())
    night.add()
    night.run()
    (row,) = night.box.deliveries()
    assert (row["state"], row["cause"]) == ("held", "ERR-SYNC-26")
    night.gateways = ("vss",)
    assert night.box.retry([row["id"]], reason="đã thêm tài khoản") == 1
    night.run()
    assert night.states() == {("LK1", "claim", 1): "accepted"}
    (note,) = night.box.events("retry")
    assert note["text"].endswith("đã thêm tài khoản")


def test_a_long_outage_spools_probes_and_catches_up_slowly(night):
    for number in range(40):
        night.add(f"LK{number}")
    night.line.down = True
    night.run(until=night.clock.now() + dt.timedelta(hours=2))
    (route,) = night.box.routes.all()
    assert route.state == "open"
    assert len(night.line.calls) < 40
    night.line.down = False
    night.run(until=route.closed_until + dt.timedelta(seconds=1))
    assert night.box.routes.get(("vss", "01001")).state in ("catching_up", "closed")
    night.run()
    assert set(night.states().values()) == {"accepted"}
    assert night.box.routes.get(("vss", "01001")).state == "closed"
    assert len(night.submissions()) == 40


def test_a_refused_account_is_tried_once_and_again_after_somebody_repaired_it(night):
    night.exchange.lock_account("vss", "01001_BV")
    night.add("LK1")
    night.add("LK2")
    night.run()
    logins = [path for path in night.line.calls if path.endswith("take")]
    assert len(logins) == 1
    assert night.box.routes.get(("vss", "01001")).state == "locked"
    assert set(night.states().values()) == {"ready"}
    night.exchange.lock_account("vss", "01001_BV", locked=False)
    night.box.unlock("vss", "01001")
    night.run()
    assert set(night.states().values()) == {"accepted"}


def test_a_gateway_that_asks_for_a_pause_gets_it(night):
    night.add()
    night.exchange.faults.add(Fault("F18", on="vss.claim_3176", nth=[1]))
    night.run()
    assert night.states() == {("LK1", "claim", 1): "accepted"}


def test_two_workers_never_take_the_same_delivery(night):
    for number in range(6):
        night.add(f"LK{number}")
    now = night.clock.now()
    mine = night.box.queue.take(("vss", "01001"), "a", now, 4)
    others = night.box.queue.take(("vss", "01001"), "b", now, 4)
    assert len(mine) == 4
    assert len(others) == 2
    assert not {job.id for job in mine} & {job.id for job in others}
    night.clock.advance(minutes=11)
    again = night.box.queue.take(("vss", "01001"), "b", night.clock.now(), 10)
    assert len(again) == 6
    assert not night.box.queue.begin(mine[0], night.clock.now())


def test_a_late_answer_of_a_worker_that_lost_its_lease_is_only_a_receipt(night):
    night.add()
    (job,) = night.box.queue.take(("vss", "01001"), "a", night.clock.now(), 1)
    assert night.box.queue.begin(job, night.clock.now())
    night.clock.advance(minutes=11)
    night.box.queue.routes(night.clock.now())
    assert night.states() == {("LK1", "claim", 1): "unknown"}
    from vnhealth.sync import Outcome, Status

    late = Outcome(gateway="vss", status=Status.PENDING, transaction="G1")
    night.box.queue.settle(job, late, State.PENDING, night.clock.now(), None)
    assert night.states() == {("LK1", "claim", 1): "unknown"}
    (kept,) = night.box.receipts(job.id)
    assert kept["transaction"] == "G1"


def test_a_move_that_the_machine_does_not_have(night):
    from vnhealth.sync.outbox._states import check_move

    for old, allowed in MOVES.items():
        for new in set(State) - allowed - {old}:
            with pytest.raises(VnHealthError) as caught:
                check_move(old, new)
            assert caught.value.code == "ERR-SYNC-24"


def test_a_gateway_that_shows_late_what_it_took_is_believed_late(night_class):
    night = night_class(visible_after=dt.timedelta(hours=3))
    night.exchange.faults.add(Fault("F10", on="vss.claim_3176", nth=[1]))
    night.exchange.faults.add(Fault("F12", variant="queries", on="vss.result_by_record", times=3))
    night.add()
    night.run()
    assert night.states() == {("LK1", "claim", 1): "accepted"}
    assert len(night.submissions()) == 1


@pytest.mark.parametrize(
    ("gateway", "lost"),
    [
        ("national", "accepted"),
        ("vinhlong", "accepted"),
        ("fhir_report", "accepted"),
        ("hanoi", "held"),
        ("dienbien", "held"),
        ("hoc", "held"),
        ("cantho", "accepted"),
    ],
)
def test_a_lost_answer_at_any_gateway_doubles_nothing(night_class, gateway, lost):
    night = night_class(gateways=(gateway,))
    night.add("LK1", to=[gateway])
    night.line.plan = ["lost_after"]
    night.run()
    night.add("LK2", to=[gateway])
    night.run()
    states = night.states(gateway)
    arrived = night.submissions(gateway)
    assert len(arrived) == len(set(arrived)) == 2
    assert states["LK1", "claim", 1] == lost
    assert states["LK2", "claim", 1] in ("accepted", "accepted_with_warnings", "pending")


def machine(night_class, gateways):
    class Nights(RuleBasedStateMachine):
        """Files come in and are corrected, the line fails, workers die, time passes."""

        def __init__(self):
            super().__init__()
            self.night = night_class(gateways=gateways)
            self.versions = {}
            self.check_in_first = set()

        def teardown(self):
            self.finish()
            self.nothing_arrives_twice_as_new()
            self.night.box.close()

        @rule(key=st.sampled_from(KEYS), wrong=st.booleans())
        def claim(self, key, wrong):
            count = self.versions.setdefault(key, 0)
            name = f"{self.night.wrong if wrong else 'NGƯỜI'} {count}"
            if count == 0:
                self.night.add(key, to=gateways, name=name)
            else:
                self.night.correct(key, name=name)
            self.versions[key] += 1

        @rule(key=st.sampled_from(KEYS))
        def check_in(self, key):
            self.night.add(key, kind="checkin", to=gateways)
            if key not in self.versions:
                self.check_in_first.add(key)

        @rule(
            fates=st.lists(st.sampled_from(("", *night_class.fates)), min_size=1, max_size=6),
            minutes=st.sampled_from([1, 7, 45, 300]),
        )
        def bad_hours(self, fates, minutes):
            self.night.line.plan = fates
            self.night.run(until=self.night.clock.now() + dt.timedelta(minutes=minutes))
            self.night.line.plan = []

        @rule(fate=st.sampled_from(["die_before", "die_after"]), calls=st.integers(0, 4))
        def a_worker_dies(self, fate, calls):
            self.night.line.plan = [""] * calls + [fate]
            try:
                self.night.worker.run_once()
            except night_class.died:
                self.night.worker = self.night.new_worker()
            self.night.line.plan = []

        @rule()
        def work(self):
            self.night.worker.run_once()

        @rule(minutes=st.sampled_from([1, 7, 45, 300]))
        def time_passes(self, minutes):
            self.night.clock.advance(minutes=minutes)

        @precondition(lambda self: self.versions)
        @rule()
        def finish(self):
            self.night.line.plan = []
            self.night.run()
            for gateway in gateways:
                states = self.night.states(gateway)
                assert set(states.values()) <= SETTLED
                for (key, kind, number), state in states.items():
                    last = max(n for k, d, n in states if (k, d) == (key, kind))
                    assert (state == "replaced") == (number < last)

        @invariant()
        def nothing_arrives_twice_as_new(self):
            for gateway in gateways:
                arrived = self.night.submissions(gateway)
                assert len(arrived) == len(set(arrived))

        @invariant()
        def the_books_of_the_gateway_hold_what_was_acknowledged(self):
            for gateway in gateways:
                arrived = {digest for _, digest in self.night.submissions(gateway)}
                for row in self.night.box.deliveries():
                    if row["destination"] == gateway and row["transaction"]:
                        assert row["digest"] in arrived

        @invariant()
        def sent_is_accepted_refused_and_pending(self):
            for gateway in gateways:
                arrived = len(self.night.submissions(gateway))
                states = list(self.night.states(gateway).values())
                certain = [s for s in states if s in SENT and s not in ("sending", "unknown")]
                doubtful = [s for s in states if s in ("sending", "unknown")]
                replaced = states.count("replaced")
                assert len(certain) <= arrived <= len(certain) + len(doubtful) + replaced

        @invariant()
        def a_check_in_that_was_first_arrives_first(self):
            for gateway in gateways:
                arrived = {digest for _, digest in self.night.submissions(gateway)}
                rows = [r for r in self.night.box.deliveries() if r["destination"] == gateway]
                late = {r["key"] for r in rows if r["kind"] == "checkin"} & self.check_in_first
                late -= {
                    r["key"] for r in rows if r["kind"] == "checkin" and r["digest"] in arrived
                }
                assert not any(r["key"] in late and r["digest"] in arrived for r in rows)

    return Nights


@pytest.mark.parametrize("gateways", [("vss",), ("vss", "province")], ids=["one", "two"])
def test_any_night(night_class, gateways):
    run_state_machine_as_test(
        machine(night_class, gateways),
        settings=settings(max_examples=25, stateful_step_count=15, deadline=None),
    )
