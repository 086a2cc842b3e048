"""Bad nights at five more gateways: every file that was taken is known, none counts twice."""

import json
import random

import pytest

from vnhealth.protocol.donthuoc import Diagnosis, Medicine, Prescription, to_object
from vnhealth.protocol.ecds import Case, case_object
from vnhealth.protocol.health_check import facility_number
from vnhealth.protocol.identity import Consent
from vnhealth.sandbox import Exchange, Fault
from vnhealth.sandbox.faults import fault_kinds
from vnhealth.sync import RetryPolicy, Status, SyncError, connect

TROUBLES = [
    kind
    for fault in (
        "F01",
        "F04",
        "F07",
        "F09",
        "F10",
        "F16",
        "F18",
        "F19",
        "N01",
        "N02",
        "N04",
        "N05",
    )
    for kind in fault_kinds()[fault]
    if kind.lasting == "no"
]
FILES = 8


def prescription(number):
    message = Prescription(
        loai_don_thuoc="c",
        ma_don_thuoc=f"01001aaaaaa{number}-c",
        ho_ten_benh_nhan="Nguyễn Văn Mẫu",
        ngay_sinh_benh_nhan="05/03/1980",
        gioi_tinh="2",
        dia_chi="Xã Mẫu",
        chan_doan=(Diagnosis(ma_chan_doan="J18.9", ten_chan_doan="Viêm phổi"),),
        thong_tin_don_thuoc=(
            Medicine(
                ma_thuoc="40.154",
                ten_thuoc="Amoxicilin",
                don_vi_tinh="viên",
                so_luong="20",
                cach_dung="Ngày uống 2 viên",
            ),
        ),
        ngay_gio_ke_don="2026-08-03 08:00:00",
    )
    return json.dumps(to_object(message)).encode()


def case(number):
    message = Case(
        maIcd10Benh="A97",
        loaiChanDoan=1,
        ngayKhoiPhat="2026-08-01",
        hoVaTen=f"Người bệnh {number}",
        tuoi=30,
        maGioiTinh="M",
        maXaHienNay="00001",
        hoTenNguoiBaoCao="Trần Thị Mẫu",
    )
    return json.dumps(case_object(message)).encode()


def consent(number):
    return Consent(
        purpose="KHAM_CHUA_BENH",
        actor="CHINH_CHU",
        channel="QUAY",
        at="2026-08-03T08:00:00+07:00",
        text_digest="a" * 64,
        number=f"00108099000{number}",
    ).to_bytes()


def health_check(number):
    return (
        f"<KHAMSUCKHOE><THONGTINDONVI><MACSKCB>{facility_number('01001')}</MACSKCB>"
        "</THONGTINDONVI><THONGTINHOSO><SOLUONGHOSO>1</SOLUONGHOSO><DANHSACHHOSO><HOSO><FILEHOSO>"
        f"<LOAIHOSO>XML1</LOAIHOSO><NOIDUNGFILE><A><MA_LK>K{number}</MA_LK></A></NOIDUNGFILE>"
        "</FILEHOSO></HOSO></DANHSACHHOSO></THONGTINHOSO><CHUKYDONVI/></KHAMSUCKHOE>"
    ).encode()


def claim(number):
    return (
        "<GIAMDINHHS><THONGTINDONVI><MACSKCB>01001</MACSKCB></THONGTINDONVI><THONGTINHOSO>"
        "<SOLUONGHOSO>1</SOLUONGHOSO><DANHSACHHOSO><HOSO><FILEHOSO><LOAIHOSO>XML1</LOAIHOSO>"
        f"<NOIDUNGFILE><TONG_HOP><MA_LK>LK{number}</MA_LK></TONG_HOP></NOIDUNGFILE></FILEHOSO>"
        "</HOSO></DANHSACHHOSO></THONGTINHOSO><CHUKYDONVI/></GIAMDINHHS>"
    ).encode()


SENT = {
    "donthuoc": ("prescription", prescription),
    "ecds": ("case", case),
    "identity": ("consent", consent),
    "vinhlong": ("health_check", health_check),
    "fhir_report": ("claim", claim),
}


def night(key, seed):
    """An exchange after a night, and what the client believes of each file."""
    rng = random.Random(f"{key} {seed}")
    exchange = Exchange.default(seed=7)
    for kind in rng.sample(TROUBLES, 4):
        fault = Fault(kind.fault, variant=kind.variant, on=f"{key}.*", probability=0.2)
        exchange.faults.add(fault)
    clock = exchange.clock
    username = "BS01001" if key == "donthuoc" else ""
    gate = connect(
        key,
        exchange.credentials("01001", key, username=username),
        transport=exchange.transport(),
        clock=clock.now,
        sleep=lambda seconds: clock.advance(seconds=seconds),
        retry=RetryPolicy(attempts=3, jitter=0),
    )
    kind, make = SENT[key]
    believed = []
    for number in range(FILES):
        for _ in range(6):
            try:
                (outcome,) = gate.submit(make(number), kind=kind)
            except SyncError:
                clock.advance(minutes=2)
                continue
            believed.append(outcome)
            break
    return exchange, believed


@pytest.mark.parametrize("key", sorted(SENT))
@pytest.mark.parametrize("seed", range(12))
def test_a_bad_night_loses_nothing_and_doubles_nothing(key, seed):
    exchange, believed = night(key, seed)
    rows = exchange.reconcile(key)
    assert all(row.balanced for row in rows)
    taken = sum(row.received for row in rows)
    sure = sum(outcome.received for outcome in believed)
    doubtful = sum(outcome.status is Status.UNKNOWN for outcome in believed)
    assert sure <= taken <= sure + doubtful
    assert sum(row.replaced for row in rows) == 0


def test_the_nights_are_bad_and_yet_most_files_arrive():
    nights = [night(key, seed) for key in sorted(SENT) for seed in range(4)]
    struck = sum(len(exchange.faults.injected) for exchange, _ in nights)
    arrived = sum(o.received for _, believed in nights for o in believed)
    assert struck > len(nights)
    assert arrived > len(nights) * FILES * 0.6
