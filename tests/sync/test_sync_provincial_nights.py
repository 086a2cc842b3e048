"""Bad nights at the provincial gateways: nothing that was acknowledged is lost, nothing sent twice."""

import base64
import json
import random
from functools import cache

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from vnhealth.findings import Findings
from vnhealth.protocol.health_check import facility_number, sign_file
from vnhealth.sandbox import Checked, Exchange, Fault, RecordVerdict, Request
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


@cache
def keys():
    """The keys that the sandbox gives out in place of a registration."""
    exchange = Exchange.default(seed=7)
    who = exchange.credentials("01001", "emrhub")
    body = json.dumps({"username": who.username, "password": who.password}).encode()
    reply = exchange.handle(Request("POST", "/emrhub/api/auth/login", body=body)).json()
    head = {"Authorization": "Bearer " + reply["data"]["token"]}
    given = exchange.handle(Request("GET", "/emrhub/api/vnhealth/khoa-ky", head)).json()
    names = ("message_key", "doctor_key", "facility_key")
    return {name: load_pem_private_key(given[name].encode(), None) for name in names}


def signer(name):
    return lambda data: keys()[name].sign(data, padding.PKCS1v15(), hashes.SHA256())


@cache
def health_check(name):
    number = f"0011010001{name.removeprefix('LK').zfill(2)}"
    file = (
        f"<KHAMSUCKHOE><THONGTINDONVI><MACSKCB>{facility_number('01001')}</MACSKCB>"
        "</THONGTINDONVI><THONGTINHOSO><SOLUONGHOSO>1</SOLUONGHOSO><DANHSACHHOSO><HOSO><FILEHOSO>"
        f"<LOAIHOSO>XML1</LOAIHOSO><NOIDUNGFILE><A><MA_LK>{name}</MA_LK><HO_TEN>A</HO_TEN>"
        "<NGAY_SINH>05031901</NGAY_SINH><GIOI_TINH>2</GIOI_TINH><MATINH_CU_TRU>01</MATINH_CU_TRU>"
        f"<MAXA_CU_TRU>00001</MAXA_CU_TRU><SO_CCCD>{number}</SO_CCCD></A></NOIDUNGFILE>"
        "</FILEHOSO></HOSO></DANHSACHHOSO></THONGTINHOSO><CHUKYDONVI><CKS_NGUOI_KET_LUAN/>"
        "<CKS_BENH_VIEN/></CHUKYDONVI></KHAMSUCKHOE>"
    )
    return sign_file(file.encode(), signer("doctor_key"), signer("facility_key"))


def night(key, seed):
    """An exchange after a night, and what the client believes of each file."""
    rng = random.Random(f"{key} {seed}")
    exchange = Exchange.default(seed=7, checker=judge)
    for fault, variant in rng.sample(TROUBLES, 4):
        where = f"{key}.login" if (fault, variant) == ("F07", "short") else f"{key}.*"
        exchange.faults.add(Fault(fault, variant=variant, on=where, probability=0.2))
    clock = exchange.clock
    who = exchange.credentials("01001", key)
    sign = signer("message_key")
    kind, make = ("health_check", health_check) if key in CHECKS else ("claim", claim)
    gate = connect(
        key,
        Credentials(who.base_url, who.username, who.password, who.facility, sign=sign),
        transport=exchange.transport(),
        clock=clock.now,
        sleep=lambda seconds: clock.advance(seconds=seconds),
        retry=RetryPolicy(attempts=3, jitter=0),
    )
    believed = {}
    for number in range(FILES):
        name = f"LK{number}"
        for _ in range(6):
            try:
                (believed[name],) = gate.submit(make(name), kind=kind)
            except SyncError:
                clock.advance(minutes=2)
                continue
            if believed[name].status is not Status.MISSING:
                break
    return exchange, believed


@pytest.mark.parametrize("key", ["hanoi", "dienbien", "cantho", "hoc", *CHECKS])
@pytest.mark.parametrize("seed", range(12))
def test_a_bad_night_loses_nothing_and_doubles_nothing(key, seed):
    exchange, believed = night(key, seed)
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


def test_the_nights_are_bad_and_yet_most_files_arrive():
    nights = [night(key, seed) for key in ("hanoi", "dienbien") for seed in range(4)]
    struck = sum(len(exchange.faults.injected) for exchange, _ in nights)
    received = sum(o.received for _, believed in nights for o in believed.values())
    assert struck > 40
    assert received > 4 * FILES
