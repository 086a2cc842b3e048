"""Notices of a gateway reach the outbox: kept once, and a deadline to correct runs from them."""

import datetime as dt

import pytest

from vnhealth.findings import Finding, Findings, Severity
from vnhealth.protocol.vss_notices import NoticeKind
from vnhealth.sandbox import Checked, RecordVerdict
from vnhealth.sync import Capabilities, Notice, NotSupported, connect
from vnhealth.sync.outbox import alarms, collect_notices, deadlines

SINCE, UNTIL = dt.date(2026, 8, 1), dt.date(2026, 8, 31)
TOTALS = Findings([Finding("BHYT-CLAIM-103", Severity.ERROR, table="XML1", tag="T_TONGCHI_BV")])


def differing(file):
    """Totals of everything differ, unless the patient is called B."""
    from vnhealth.codecs import read

    return Checked(
        records=tuple(
            RecordVerdict(claim.ma_lk, Findings() if b"\xe1\xba\xa4" in file.body else TOTALS)
            for claim in read(file.body).claims
        )
    )


@pytest.fixture
def night(night_class):
    found = night_class(checker=differing)
    yield found
    found.box.close()


def gates(night, key="vss"):
    """A connection to one gateway for the days after the night."""
    account = night.exchange.credentials("01001", key)
    gate = connect(key, account, transport=night.exchange.transport(), clock=night.clock.now)
    return lambda destination, facility: gate if destination == key else None


def collected(night):
    return collect_notices(night.box, gates(night), since=SINCE, until=UNTIL)


def test_a_notice_is_kept_once_and_starts_the_two_days(night):
    night.add()
    night.run()
    received = night.box.deliveries()[0]["received_at"]
    night.clock.jump(received + dt.timedelta(hours=47))
    assert collected(night) == ()
    night.clock.advance(hours=1)
    (told,) = collected(night)
    assert (told.new, told.notice.kind, told.delivery_id) == (True, NoticeKind.TOTALS, 1)
    assert told.notice.at == received.replace(microsecond=0) + dt.timedelta(hours=48)
    assert [told.new for told in collected(night)] == [False]
    (kept,) = [r for r in night.box.receipts(1) if r["status"] == "notice"]
    assert kept["findings"][0]["code"] == "BHYT-CLAIM-103"
    assert "LK1" not in repr(told) + repr(told.notice)


class Telling:
    """A gateway that tells of one record what it is given."""

    capabilities = Capabilities(notices=True)

    def __init__(self, *notices):
        self._notices = notices

    def notices(self, since, until):
        return self._notices


def test_the_clock_runs_from_the_notice_for_a_file_that_was_accepted(night_class):
    night = night_class()
    night.add()
    night.run()
    (row,) = night.box.deliveries()
    assert row["state"] == "accepted"
    at = row["received_at"] + dt.timedelta(hours=48)
    late, totals = (
        Notice(kind=kind, at=at, ma_lk="LK1", transaction=row["transaction"])
        for kind in (NoticeKind.LATE, NoticeKind.TOTALS)
    )
    night.clock.jump(at + dt.timedelta(days=5))
    telling = Telling(late)
    collect_notices(night.box, lambda *_: telling, since=SINCE, until=UNTIL)
    assert alarms(night.box) == []
    telling = Telling(late, totals)
    collect_notices(night.box, lambda *_: telling, since=SINCE, until=UNTIL)
    (alarm,) = alarms(night.box)
    assert (alarm.flow, alarm.level) == ("correction", "missed")
    assert alarm.due == deadlines()["correction"].due(at)


def test_a_refused_file_has_one_deadline_and_a_correction_ends_it(night):
    night.add()
    night.run()
    night.clock.advance(days=2)
    collected(night)
    night.clock.advance(days=4)
    late = alarms(night.box)
    assert [(a.flow, a.level) for a in late] == [("correction", "missed")]
    night.box.correct(night.claim("LK1", name="TRẤN B"), reason="sửa tổng")
    assert [a.flow for a in alarms(night.box) if a.delivery_id == 1] == ["correction"]
    night.run()
    assert [a for a in alarms(night.box) if a.delivery_id == 1] == []


def test_notices_about_files_that_did_not_go_out_from_here_are_left_out(night):
    night.add()
    night.run()
    account = night.exchange.credentials("01001", "vss")
    other = connect("vss", account, transport=night.exchange.transport(), clock=night.clock.now)
    other.submit(night.claim("LK9"), edition="3176")
    night.clock.advance(hours=49)
    assert [told.delivery_id for told in collected(night)] == [1]


def test_a_gateway_without_such_a_call_is_not_asked(night):
    province = gates(night, "province")("province", "01001")
    assert not province.capabilities.has("notices")
    with pytest.raises(NotSupported):
        province.notices(SINCE, UNTIL)
    assert collect_notices(night.box, gates(night, "province"), since=SINCE, until=UNTIL) == ()
