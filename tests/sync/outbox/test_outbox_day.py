"""Deadlines and alarms, metrics, the reconciliation of a day, the daily job, payment, receipts."""

import datetime as dt
import io
import json
import logging
import zipfile
from decimal import Decimal

import pytest

from vnhealth import signing
from vnhealth.codecs import read
from vnhealth.localtime import ICT, LocalTime
from vnhealth.reports import reconciliation_html, reconciliation_xlsx
from vnhealth.rules import Calendar
from vnhealth.sync import NotSent, SyncError
from vnhealth.sync.outbox import (
    DailyJob,
    Facts,
    Outbox,
    alarms,
    deadlines,
    facts_of,
    metrics,
    reconcile,
)

DAY = dt.date(2026, 8, 3)


def at(text):
    return dt.datetime.fromisoformat(text).replace(tzinfo=ICT)


@pytest.mark.parametrize(
    ("flow", "start", "due"),
    [
        ("claim_at_once", "2026-08-03T10:00", "2026-08-03T23:59:59"),
        ("claim_at_once", "2026-08-29T10:00", "2026-09-03T23:59:59"),
        ("claim_week", "2026-08-24T10:00", "2026-09-07T23:59:59"),
        ("claim_month", "2026-08-31T10:00", "2026-09-04T23:59:59"),
        ("checkin_first_cost", "2026-08-03T10:00", "2026-08-03T11:00"),
        ("health_check", "2026-08-03T10:00", "2026-08-04T10:00"),
        ("correction", "2026-08-28T10:00", "2026-09-04T23:59:59"),
        ("notice_late", "2026-08-03T10:00", "2026-08-03T16:00"),
        ("notice_structure", "2026-08-03T10:00", "2026-08-04T10:00"),
        ("notice_totals", "2026-08-03T10:00", "2026-08-05T10:00"),
    ],
)
def test_deadlines_count_working_days_of_the_calendar(flow, start, due):
    days = Calendar(
        years=frozenset({2026}),
        off=frozenset(dt.date(2026, 8, 31) + dt.timedelta(days=n) for n in range(3)),
    )
    assert deadlines()[flow].due(at(start), days) == at(due)


def test_every_deadline_names_its_basis_and_a_unit_that_is_known():
    for deadline in deadlines().values():
        assert deadline.basis
        assert deadline.start in ("ended", "refused", "received", "late")
        assert deadline.due(at("2026-08-03T10:00")) > at("2026-08-03T10:00")


def test_alarms_come_near_are_missed_and_can_be_excused(night):
    night.add()
    assert alarms(night.box) == []
    night.clock.advance(hours=15)
    (near,) = alarms(night.box)
    assert (near.flow, near.level) == ("claim_at_once", "near")
    night.clock.advance(days=1)
    (missed,) = alarms(night.box)
    assert missed.level == "missed"
    night.box.excuse(night.ended, night.clock.now(), reason="mất điện, biên bản 12")
    (excused,) = alarms(night.box)
    assert excused.level == "excused"
    night.run()
    assert alarms(night.box) == []


def test_a_refused_file_has_to_be_corrected_in_time(night):
    night.add(name=night.wrong)
    night.run()
    night.clock.advance(days=4)
    assert [(a.flow, a.level) for a in alarms(night.box)] == [("correction", "missed")]


def test_a_gateway_that_stays_silent_raises_an_alarm(night_class):
    night = night_class()
    night.exchange.settings.delays["vss"] = dt.timedelta(days=9)
    night.add()
    night.run(until=night.clock.now() + dt.timedelta(hours=24))
    received = night.box.deliveries()[0]["received_at"]
    night.clock.jump(received + dt.timedelta(hours=24))
    assert [(a.flow, a.level) for a in alarms(night.box)] == [("notice_structure", "near")]
    night.clock.advance(seconds=1)
    assert [(a.flow, a.level) for a in alarms(night.box)] == [("notice_structure", "missed")]
    night.clock.advance(hours=24)
    assert [(a.flow, a.level) for a in alarms(night.box)] == [
        ("notice_structure", "missed"),
        ("notice_totals", "missed"),
    ]


def test_metrics_count_and_name_nobody(night):
    night.add("LK-BIMAT", name="NGUYỄN BÍ MẬT")
    night.line.down = True
    night.run(until=night.clock.now() + dt.timedelta(hours=1))
    text = metrics(night.box)
    assert 'deliveries{destination="vss",kind="claim",state="ready"} 1' in text
    assert 'route_open{destination="vss",facility="01001",state="open"} 1' in text
    assert "oldest_ready_seconds" in text
    assert "BIMAT" not in text


def test_logs_receipts_and_reprs_hold_no_value(night, caplog):
    caplog.set_level(logging.DEBUG)
    night.add("LK-BIMAT", name="NGUYỄN BÍ MẬT")
    night.line.plan = ["lost_after", "html"]
    night.run()
    (row,) = night.box.deliveries()
    kept = json.dumps(night.box.receipts(row["id"]), default=str, ensure_ascii=False)
    facts = facts_of(night.claim("LK-BIMAT", name="BÍ MẬT"), at=night.clock.now())
    shown = caplog.text + kept + repr(night.box) + repr(facts)
    assert "BIMAT" not in shown
    assert "BÍ MẬT" not in shown
    assert "01001_BV" not in kept


def test_a_day_balances_with_the_gateway(night_class):
    night = night_class(gateways=("vss", "province"))
    for key in ("LK1", "LK2", "LK3"):
        night.add(key, to=("vss", "province"))
    night.add("LK4", to=("vss", "province"), name=night.wrong)
    night.run()
    book = reconcile(night.box, DAY, night.worker._connections)
    for line in book.lines:
        assert (line.produced, line.sent, line.accepted, line.refused) == (4, 4, 3, 1)
        assert line.gateway.received == line.received == 4
        assert line.balanced
        assert (line.total, line.fund) == (Decimal(1000000), Decimal(800000))
        assert line.accepted_fund == Decimal(600000)
    assert sorted((gap.destination, gap.why) for gap in book.gaps) == [
        ("province", "refused"),
        ("vss", "refused"),
    ]
    night.correct("LK4")
    night.run()
    assert reconcile(night.box, DAY, night.worker._connections).balanced


def test_what_did_not_leave_and_what_is_in_doubt_are_gaps(night):
    night.add("LK1")
    night.line.plan = ["lost_before"]
    night.worker.run_once()
    night.line.down = True
    night.add("LK2")
    book = reconcile(night.box, DAY)
    (line,) = book.lines
    assert (line.produced, line.sent, line.pending, line.missing) == (2, 1, 1, 1)
    assert line.balanced
    assert not book.balanced
    assert sorted(gap.why for gap in book.gaps) == ["in_doubt", "not_sent"]


def test_a_record_that_the_gateway_lost_is_found_and_sent_again(night_class, monkeypatch):
    night = night_class(gateways=("province",))
    night.add("LK1", to=["province"])
    night.run()
    connections = night.worker._connections
    gateway = connections("province", "01001")
    real = gateway.results
    monkeypatch.setattr(gateway, "results", lambda since, until: ())
    book = reconcile(night.box, DAY, connections)
    assert [gap.why for gap in book.gaps] == ["lost"]
    monkeypatch.setattr(gateway, "results", real)
    assert reconcile(night.box, DAY, connections).balanced


def test_a_record_that_only_the_gateway_knows_is_listed(night_class):
    night = night_class(gateways=("province",))
    night.add("LK1", to=["province"])
    night.run()
    gateway = night.worker._connections("province", "01001")
    gateway.submit(night.claim("LK9"))
    book = reconcile(night.box, DAY, night.worker._connections)
    assert [(gap.key, gap.why) for gap in book.gaps] == [("LK9", "foreign")]
    assert not book.lines[0].balanced


def test_the_reports_show_keys_only_when_asked(night):
    night.add("LK-BIMAT", name=night.wrong)
    night.run()
    book = reconcile(night.box, DAY, night.worker._connections)
    pages = []
    for keys in (False, True):
        page, sheet = io.StringIO(), io.BytesIO()
        reconciliation_html(book, page, keys=keys)
        reconciliation_xlsx(book, sheet, keys=keys)
        inside = zipfile.ZipFile(sheet).read("xl/sharedStrings.xml").decode()
        pages.append((page.getvalue(), inside))
    assert all("BIMAT" not in text for text in pages[0])
    assert all("BIMAT" in text for text in pages[1])
    assert all("bị từ chối" in text for text in pages[0])
    assert "250.000" in pages[0][0]
    assert "http" not in pages[0][0].replace("http-equiv", "")


def test_the_daily_job_makes_up_for_missed_days(night_class):
    night = night_class(gateways=("province", "national"))
    job = DailyJob(
        night.box, name="quốc gia", source="province", forward={"national": lambda body: body}
    )
    for day in range(3):
        night.add(f"LK{day}", to=["province"])
        night.run()
        night.clock.advance(days=1)
    assert [(d.day.day, d.records, d.added) for d in job.run(first=DAY)] == [
        (3, 1, 1),
        (4, 1, 1),
        (5, 1, 1),
    ]
    night.run()
    assert set(night.states("national").values()) == {"accepted"}
    assert len(night.states("national")) == 3
    assert job.run(first=DAY) == []


def test_the_daily_job_keeps_back_what_may_not_go_on(night_class):
    night = night_class(gateways=("province",))
    night.add("LK1", to=["province"])
    night.run()
    night.clock.advance(days=1)
    job = DailyJob(
        night.box,
        name="khử định danh",
        source="province",
        forward={"national_deid": lambda _: None},
    )
    (done,) = job.run(first=DAY)
    assert (done.records, done.added, done.kept_back) == (1, 0, 1)
    assert night.states("national_deid") == {}


def test_what_goes_to_the_store_without_identities_is_made_once(night_class, tmp_path):
    from vnhealth import deid, synth
    from vnhealth.cli._outbox_day import file_makers

    night = night_class(gateways=("province", "national", "national_deid"), checker=None)
    claims = list(synth.generate(encounters=3, edition="3176", seed=7, facility="01991", day=DAY))
    for claim in claims:
        night.box.add(synth.render(claim), to=["province"])
    night.run()
    night.clock.advance(days=1)
    deid.Key.create_file(tmp_path / "khoa", "A")
    makers = file_makers(["national", "national_deid"], tmp_path / "khoa")
    job = DailyJob(night.box, name="tỉnh", source="province", forward=makers)
    (done,) = job.run(first=DAY)
    assert (done.records, done.added, done.kept_back) == (3, 6, 0)
    again = DailyJob(night.box, name="làm lại", source="province", forward=makers)
    assert again.run(first=DAY)[0].added == 0
    night.run()
    assert set(night.states("national_deid").values()) == {"accepted"}
    assert set(night.states("national").values()) <= {"accepted", "accepted_with_warnings"}
    sent = "".join(
        night.box.body("01991", row["key"], kind="deid").decode()
        for row in night.box.deliveries()
        if row["kind"] == "deid"
    )
    assert not [c for c in claims if c.ma_lk in sent or c.xml1.ho_ten in sent]


def test_payment_is_completed_and_sent_again(night):
    night.add()
    night.run()
    night.box.complete_payment("01001", "LK1", paid_at=LocalTime.parse("202608031000"))
    night.run()
    assert night.states()["LK1", "claim", 2] == "accepted"
    paid = read(night.box.body("01001", "LK1")).claims[0]
    assert paid.xml1.ngay_ttoan.text == "202608031000"
    assert night.box.versions("01001", "LK1")[1]["reason"] == "NGAY_TTOAN"


def test_a_signed_file_keeps_the_serial_and_has_to_be_signed_anew(night):
    year = dt.timedelta(days=365)
    now = night.clock.now()
    authority = signing.TestAuthority(not_before=now - year, not_after=now + year)
    signer = authority.issue("01001", not_before=now - year, not_after=now + year)

    def sign(data):
        return signing.sign(data, signer)

    night.box.add(sign(night.claim("LK1")), to=["vss"])
    (version,) = night.box.versions("01001", "LK1")
    assert int(version["certificate"], 16) > 0
    assert version["edition"] == "1931"
    paid_at = LocalTime.parse("202608031000")
    with pytest.raises(NotSent) as caught:
        night.box.complete_payment("01001", "LK1", paid_at=paid_at)
    assert caught.value.code == "ERR-SYNC-28"
    night.box.complete_payment("01001", "LK1", paid_at=paid_at, sign=sign)
    assert read(night.box.body("01001", "LK1")).signature == "present"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"<CHI_TIEU_TRANG_THAI_KCB/>", "ERR-SYNC-20"),
        (b"<GIAMDINHHS/>", "ERR-SYNC-20"),
    ],
)
def test_a_file_without_exactly_one_record_is_refused(night, data, code):
    with pytest.raises(NotSent) as caught:
        night.box.add(data, to=["vss"])
    assert caught.value.code == code


def test_a_record_that_is_not_here(night):
    for ask in (
        lambda: night.correct("LK9"),
        lambda: night.box.body("01001", "LK9"),
        lambda: night.box.correct(b"{}", reason="x", facts=Facts(kind="k", facility="1", key="1")),
    ):
        with pytest.raises(NotSent) as caught:
            ask()
        assert caught.value.code == "ERR-SYNC-23"


def test_receipts_are_kept_longer_than_the_portal_keeps_them(night):
    night.add()
    night.run()
    with pytest.raises(SyncError) as caught:
        night.box.purge_receipts(older_than=dt.timedelta(days=60))
    assert caught.value.code == "ERR-SYNC-27"
    night.clock.advance(days=300)
    assert night.box.purge_receipts(older_than=dt.timedelta(days=365)) == 0
    night.clock.advance(days=100)
    assert night.box.purge_receipts(older_than=dt.timedelta(days=365)) == 2


def test_an_outbox_of_another_version_is_refused(tmp_path, night):
    import sqlite3

    url = f"sqlite:///{tmp_path / 'hop-thu.db'}"
    Outbox(url, clock=night.clock.now).close()
    with sqlite3.connect(tmp_path / "hop-thu.db") as db:
        db.execute("UPDATE outbox_meta SET version = 0")
    db.close()
    with pytest.raises(SyncError) as caught:
        Outbox(url, clock=night.clock.now)
    assert caught.value.code == "ERR-SYNC-25"
