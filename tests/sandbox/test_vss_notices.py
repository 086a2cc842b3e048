"""What the insurer tells of its own accord, each notice exactly at its moment of virtual time."""

import datetime as dt
from urllib.parse import urlencode

import pytest

from vnhealth.findings import Finding, Findings, Severity, catalogue
from vnhealth.protocol import vss, vss_4210
from vnhealth.protocol.vss_notices import NoticeKind, notice_infos
from vnhealth.sandbox import Checked, Exchange, RecordVerdict, Settings
from vnhealth.sandbox._peek import peek

JSON = {"Content-Type": vss.JSON_CONTENT_TYPE}
ON_TIME = "<NGAY_RA>202608030700</NGAY_RA>"
LAST_WEEK = "<NGAY_RA>202607300700</NGAY_RA>"
DAYS = "tuNgay=01/08/2026&denNgay=31/08/2026"
ERRORS = {"T": ("BHYT-CLAIM-103",), "S": ("BHYT-VAL-01",), "B": ("BHYT-CLAIM-101", "BHYT-VAL-01")}


def by_first_letter(file):
    """T: totals differ, S: a field is wrong, B: both; everything else is accepted."""
    found = []
    for key in peek(file.body).keys:
        said = [Finding(code, Severity.ERROR, table="XML1") for code in ERRORS.get(key[0], ())]
        said.append(Finding("BHYT-VAL-02", Severity.WARNING, table="XML1"))
        found.append(RecordVerdict(key, Findings(said)))
    return Checked(Findings(), tuple(found))


@pytest.fixture
def exchange():
    return Exchange.default(seed=7, checker=by_first_letter)


@pytest.fixture
def client(files, exchange):
    return files.caller(exchange, "vss", "01001").login()


def told(client, days=DAYS):
    """Kind and key of all notices that stand now; a session lives an hour only."""
    client.login()
    answer = client.json("notices", query=days)
    assert answer["maKetQua"] == "200"
    return [(row["loaiThongBao"], row["maLk"]) for row in answer["dsThongBao"]]


def send(client, files, key, extra=ON_TIME):
    client.login()
    return client.send(files.claim(key, extra=extra)).json()["maGiaoDich"]


def test_every_kind_has_its_limit_and_codes_of_the_catalogue():
    limits = {kind: info.limit for kind, info in notice_infos().items()}
    assert {kind: (d.limit, d.unit) for kind, d in limits.items()} == {
        NoticeKind.LATE: (6, "hours"),
        NoticeKind.STRUCTURE: (24, "hours"),
        NoticeKind.TOTALS: (48, "hours"),
    }
    assert all("12/2026/TT-BTC" in d.basis for d in limits.values())
    assert all(code in catalogue for info in notice_infos().values() for code in info.codes)


@pytest.mark.parametrize(
    ("key", "extra", "hours", "word"),
    [
        ("A1", LAST_WEEK, 6, "GUI_MUON"),
        ("S1", ON_TIME, 24, "LOI_CAU_TRUC"),
        ("T1", ON_TIME, 48, "LECH_TONG"),
    ],
)
def test_a_notice_stands_from_its_moment_on_and_not_a_second_before(
    client, files, exchange, key, extra, hours, word
):
    send(client, files, key, extra)
    exchange.clock.advance(dt.timedelta(hours=hours, seconds=-1))
    assert told(client) == []
    exchange.clock.advance(seconds=1)
    assert told(client) == [(word, key)]
    exchange.clock.advance(days=5)
    assert told(client) == [(word, key)]


def test_a_record_can_be_late_and_wrong_in_both_ways(client, files, exchange):
    transaction = send(client, files, "B1", LAST_WEEK)
    exchange.clock.advance(hours=48)
    client.login()
    rows = client.json("notices", query=DAYS)["dsThongBao"]
    assert [(row["loaiThongBao"], row["thoiGianThongBao"], row["hanSua"]) for row in rows] == [
        ("GUI_MUON", "20260803140000", None),
        ("LOI_CAU_TRUC", "20260804080000", "20260806235959"),
        ("LECH_TONG", "20260805080000", "20260807235959"),
    ]
    assert {row["maGiaoDich"] for row in rows} == {transaction}
    assert [[e["maLoi"] for e in row["dsLoi"]] for row in rows] == [
        [],
        ["BHYT-VAL-01"],
        ["BHYT-CLAIM-101"],
    ]


def test_a_clean_record_in_time_is_not_told_of(client, files, exchange):
    send(client, files, "A1")
    exchange.clock.advance(days=9)
    assert told(client) == []


def test_a_record_that_ended_on_a_day_off_may_come_on_the_next_working_day(client, files, exchange):
    send(client, files, "A1", "<NGAY_RA>202608011000</NGAY_RA>")
    exchange.clock.advance(days=2)
    send(client, files, "A2", "<NGAY_RA>202608011000</NGAY_RA>")
    exchange.clock.advance(days=2)
    assert told(client) == [("GUI_MUON", "A2")]


def test_a_correction_before_the_moment_leaves_nothing_to_tell_and_is_not_late(
    client, files, exchange
):
    send(client, files, "S1")
    exchange.clock.advance(hours=23)
    send(client, files, "S1", LAST_WEEK)
    exchange.clock.advance(hours=10)
    assert told(client) == []
    exchange.clock.advance(hours=14)
    assert told(client) == [("LOI_CAU_TRUC", "S1")]


def test_a_correction_after_the_moment_does_not_take_the_notice_back(client, files, exchange):
    send(client, files, "S1")
    exchange.clock.advance(hours=25)
    send(client, files, "S1", LAST_WEEK)
    assert told(client) == [("LOI_CAU_TRUC", "S1")]


def test_moments_are_settings_and_no_notice_comes_before_its_verdict(files):
    settings = Settings(
        verdict_delay=dt.timedelta(hours=3), notices={"structure": dt.timedelta(hours=1)}
    )
    exchange = Exchange.default(seed=7, checker=by_first_letter, settings=settings)
    client = files.caller(exchange, "vss", "01001").login()
    send(client, files, "S1")
    exchange.clock.advance(hours=2)
    assert told(client) == []
    exchange.clock.advance(hours=1)
    assert told(client) == [("LOI_CAU_TRUC", "S1")]


def test_only_the_days_that_were_asked_for_and_only_ones_own(client, files, exchange):
    send(client, files, "S1")
    exchange.clock.advance(days=3)
    assert told(client, "tuNgay=04/08/2026&denNgay=04/08/2026") == [("LOI_CAU_TRUC", "S1")]
    assert told(client, "tuNgay=05/08/2026&denNgay=31/08/2026") == []
    assert told(files.caller(exchange, "vss", "79001")) == []
    client.login()
    assert client.call("notices", query="tuNgay=x").json()["maKetQua"] == "205"


def test_files_of_4210_are_told_of_too_and_check_ins_are_not(client, files, exchange):
    client.send(files.checkin("S1"), "checkin_3176")
    query = {**client.session(), "loaiHoSo": "3", "maTinh": "01", "maCSKCB": "01001"}
    body = vss_4210.as_numbers(files.claim("S2"))
    sent = client.call("send_4210", body, JSON, query=urlencode(query))
    assert sent.json()["maKetQua"] == "200"
    exchange.clock.advance(hours=24)
    assert told(client) == [("LOI_CAU_TRUC", "S2")]


def test_a_restored_snapshot_tells_the_same(client, files, exchange):
    send(client, files, "S1")
    before = exchange.snapshot()
    exchange.clock.advance(hours=24)
    assert told(client) == [("LOI_CAU_TRUC", "S1")]
    exchange.restore(before)
    assert told(client) == []
    send(client, files, "A2", LAST_WEEK)
    exchange.clock.advance(hours=6)
    assert told(client) == [("GUI_MUON", "A2")]
