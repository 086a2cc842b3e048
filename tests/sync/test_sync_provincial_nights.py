"""Bad nights at the provincial gateways: nothing that was acknowledged is lost, nothing sent twice."""

import base64
import random

import pytest

from vnhealth.findings import Findings
from vnhealth.sandbox import Checked, Exchange, Fault, RecordVerdict
from vnhealth.sandbox._peek import peek
from vnhealth.sync import Credentials, RetryPolicy, Status, SyncError, connect

TROUBLES = [
    ("F01", "body"),
    ("F01", "http"),
    ("F02", "number"),
    ("F04", "server"),
    ("F04", "timeout"),
    ("F07", "revoked"),
    ("F07", "short"),
    ("F09", "html"),
    ("F09", "html_ok"),
    ("F09", "empty"),
    ("F09", "truncated"),
    ("F10", "silent"),
    ("F16", "answer"),
    ("F18", "rate_limit"),
    ("F18", "refused"),
    ("F18", "reset"),
    ("F19", "skew"),
    ("N01", "latency"),
    ("N02", "reset"),
    ("N04", "cut"),
    ("N05", "silent"),
]
FILES = 8
CHECKS = ("emrhub", "hanoi_hssk")


def judge(file):
    verdicts = tuple(RecordVerdict(key, Findings()) for key in peek(file.body).keys)
    return Checked(Findings(), verdicts, "missing")


def claim(key):
    row = f"<TONG_HOP><MA_LK>{key}</MA_LK></TONG_HOP>".encode()
    return (
        "<GIAMDINHHS><THONGTINDONVI><MACSKCB>01001</MACSKCB></THONGTINDONVI><THONGTINHOSO>"
        "<NGAYLAP>20260803</NGAYLAP><SOLUONGHOSO>1</SOLUONGHOSO><DANHSACHHOSO><HOSO><FILEHOSO>"
        f"<LOAIHOSO>XML1</LOAIHOSO><NOIDUNGFILE>{base64.b64encode(row).decode()}</NOIDUNGFILE>"
        "</FILEHOSO></HOSO></DANHSACHHOSO></THONGTINHOSO><CHUKYDONVI/></GIAMDINHHS>"
    ).encode()


def night(clinic, key, seed):
    """An exchange after a night, and what the client believes of each file."""
    rng = random.Random(f"{key} {seed}")
    exchange = Exchange.default(seed=7, checker=judge)
    for fault, variant in rng.sample(TROUBLES, 4):
        where = f"{key}.login" if (fault, variant) == ("F07", "short") else f"{key}.*"
        exchange.faults.add(Fault(fault, variant=variant, on=where, probability=0.2))
    clock = exchange.clock
    who = exchange.credentials("01001", key)
    kind = "health_check" if key in CHECKS else "claim"
    gate = connect(
        key,
        Credentials(who.base_url, who.username, who.password, who.facility, sign=clinic.signer()),
        transport=exchange.transport(),
        clock=clock.now,
        sleep=lambda seconds: clock.advance(seconds=seconds),
        retry=RetryPolicy(attempts=3, jitter=0),
    )
    believed = {}
    for number in range(FILES):
        name = f"LK{number}"
        person = f"0011010001{number:02d}"
        file = clinic.health_check(name, number=person) if key in CHECKS else claim(name)
        for _ in range(6):
            try:
                (believed[name],) = gate.submit(file, kind=kind)
            except SyncError:
                clock.advance(minutes=2)
                continue
            if believed[name].status is not Status.MISSING:
                break
    return exchange, believed


@pytest.mark.parametrize("key", ["hanoi", "dienbien", "cantho", "hoc", *CHECKS])
@pytest.mark.parametrize("seed", range(12))
def test_a_bad_night_loses_nothing_and_doubles_nothing(clinic, key, seed):
    exchange, believed = night(clinic, key, seed)
    store = exchange.store
    held = {}
    for submission in map(store.numbered, range(1, store.next_number("submission"))):
        for record in store.records(submission.number):
            held.setdefault(record.key, []).append(record)
    for name, outcome in believed.items():
        if outcome.received:
            assert name in held
        if outcome.status is Status.REFUSED:
            assert name not in held
    if key != "cantho":
        assert all(len(records) == 1 for records in held.values())
    assert all(row.balanced for row in exchange.reconcile())


def test_the_nights_are_bad_and_yet_most_files_arrive(clinic):
    nights = [night(clinic, key, seed) for key in ("hanoi", "dienbien") for seed in range(4)]
    struck = sum(len(exchange.faults.injected) for exchange, _ in nights)
    received = sum(o.received for _, believed in nights for o in believed.values())
    assert struck > 40
    assert received > 4 * FILES
