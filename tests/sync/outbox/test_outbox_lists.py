"""Many verdicts are one question where the gateway lists the records of a day."""

import datetime as dt

import pytest

from vnhealth.sync import Status, connect
from vnhealth.sync._vss import VssGate

NIGHT = 20


@pytest.fixture(params=["vss", "province"])
def night(request, night_class):
    found = night_class(gateways=(request.param,))
    found.place = request.param
    for number in range(NIGHT):
        found.add(f"LK{number}", to=[request.param])
    yield found
    found.box.close()


def questions(night):
    """How many calls went out that were neither logins nor files."""
    sent = {night.line.calls[1]}
    return [c for c in night.line.calls if c not in sent and not c.endswith(("/take", "/token"))]


def test_one_list_answers_for_all_of_them(night):
    night.run()
    assert set(night.states(night.place).values()) == {"accepted"}
    assert night.worker.tally.sent == NIGHT
    assert len(questions(night)) == night.worker.tally.asked < NIGHT
    rows = night.box.deliveries()
    assert all(row["judged_at"] == row["received_at"] + dt.timedelta(minutes=5) for row in rows)
    for row in rows:
        assert [r["status"] for r in night.box.receipts(row["id"])] == ["pending", "accepted"]


def test_what_was_refused_is_asked_about_by_itself_for_its_findings(night):
    night.add("LK-X", to=[night.place], name=night.wrong)
    night.run()
    states = night.states(night.place)
    assert states.pop(("LK-X", "claim", 1)) == "refused"
    assert set(states.values()) == {"accepted"}
    last = night.box.receipts(NIGHT + 1)[-1]
    assert [finding["code"] for finding in last["findings"]] == ["GW-DOC-05"]


def test_a_list_that_does_not_come_loses_nothing(night):
    while not night.submissions(night.place) or night.worker.wakes_at() is None:
        night.worker.run_once()
    night.line.plan = ["busy", "html", "lost_after", "lost_before"]
    night.run()
    assert set(night.states(night.place).values()) == {"accepted"}
    assert len(night.submissions(night.place)) == NIGHT


def test_a_few_questions_on_a_full_day_go_one_by_one(night):
    night.run()
    asked = night.worker.tally.asked
    for number in range(4):
        night.add(f"LATE{number}", to=[night.place])
    night.run()
    assert night.worker.tally.asked - asked >= 4
    assert set(night.states(night.place).values()) == {"accepted"}


def test_more_than_a_batch_of_questions_is_one_list(night_class):
    night = night_class(batch=10)
    for number in range(35):
        night.add(f"LK{number}")
    while night.worker.tally.sent < 35:
        night.worker.run_once()
    night.clock.advance(hours=2)
    before = night.worker.tally.asked
    night.worker.run_once()
    assert set(night.states().values()) == {"accepted"}
    assert night.worker.tally.asked - before == 1
    night.box.close()


def test_the_list_has_pages_and_latest_versions_of_claims_only(night_class):
    night = night_class()
    account = night.exchange.credentials("01001", "vss")
    gate = connect("vss", account, transport=night.line, clock=night.clock.now)
    gate.submit(night.checkin("LK0"), kind="checkin", edition="3176")
    for name in ("NGUYỄN VĂN A", night.wrong):
        gate.submit(night.claim("LK0", name=name), edition="3176")
    for number in range(1, 501):
        gate.submit(night.claim(f"LK{number}"), edition="3176")
    today = night.clock.now().date()
    assert {r.status for r in gate.results(today, today)} == {Status.PENDING}
    night.clock.advance(minutes=5)
    before = len(night.line.calls)
    found = gate.results(today, today)
    assert len(night.line.calls) - before == 2
    assert len({record.ma_lk for record in found}) == len(found) == 501
    by_key = {record.ma_lk: record for record in found}
    assert by_key["LK0"].status is Status.REFUSED
    assert by_key["LK1"].status is Status.ACCEPTED
    assert by_key["LK1"].transaction
    assert gate.results(today - dt.timedelta(days=1), today - dt.timedelta(days=1)) == ()


def waiting_night(night_class, files=8):
    """A night in which so many files were sent and are due for a question."""
    night = night_class()
    for number in range(files):
        night.add(f"LK{number}")
    while night.worker.tally.sent < files:
        night.worker.run_once()
    night.clock.advance(hours=2)
    night.line.calls.clear()
    return night


def test_files_go_out_before_questions(night_class):
    night = waiting_night(night_class)
    night.add("NEW")
    night.worker.run_once()
    calls = [call.rpartition("/")[2] for call in night.line.calls if not call.endswith("/take")]
    assert calls == ["guiHoSoXmlQD3176", "ket-qua-ngay"]
    night.box.close()


def test_a_gateway_that_says_it_has_no_list_is_asked_one_by_one(night_class, monkeypatch):
    def lacking(self, since, until):
        raise self.lacks("results")

    night = waiting_night(night_class)
    monkeypatch.setattr(VssGate, "results", lacking)
    night.run()
    assert set(night.states().values()) == {"accepted"}
    assert {call.rpartition("/")[0].rpartition("/")[2] for call in night.line.calls} == {
        *("token", "ket-qua"),
    }
    night.box.close()
