"""Assessment minutes (XML12) at the insurance gateway: their own call, known by SO_BIEN_BAN."""

import pytest

from vnhealth import synth
from vnhealth.codecs import write_standalone
from vnhealth.protocol import gateway, vss
from vnhealth.sandbox import Exchange
from vnhealth.sandbox._peek import peek_minutes


@pytest.fixture
def council(files):
    """An account of a medical council, at a sandbox with the real checker."""
    return files.caller(Exchange.default(seed=7), "vss").login()


def minutes(count=2, **changed):
    rows = [row.replace(**changed) for row in synth.assessments(count, seed=7, edition="130")]
    return write_standalone(rows, edition="130")


def numbers(file):
    return list(peek_minutes(file).keys)


def test_the_published_path_and_number():
    endpoint = gateway("vss").endpoint("gdyk")
    assert (endpoint.path, endpoint.record) == ("/api/qd130/guiDuLieuGdykQd130", "12")
    assert vss.KINDS["12"] == "gdyk"


def test_minutes_are_taken_judged_and_found_by_their_number(council):
    file = minutes()
    receipt = council.send(file, "gdyk").json()
    assert list(receipt) == ["maKetQua", "maGiaoDich", "thoiGianTiepNhan", "thongDiep"]
    assert receipt["maKetQua"] == "200"
    council.exchange.clock.advance(minutes=5)
    found = council.json("result", maGiaoDich=receipt["maGiaoDich"])
    assert [row["maLk"] for row in found["dsHoSo"]] == numbers(file)
    assert all(row["trangThai"].startswith("CHAP_NHAN") for row in found["dsHoSo"])
    one = council.json("result_by_record", f"loaiHoSo=12&maLk={numbers(file)[1]}")
    assert [row["maLk"] for row in one["dsHoSo"]] == numbers(file)[1:]
    (row,) = council.exchange.reconcile()
    assert (row.kind, row.sent, row.accepted) == ("gdyk", 2, 2)


def test_an_error_belongs_to_its_own_minutes(council):
    good, bad = synth.assessments(2, seed=7, edition="130")
    file = write_standalone([good, bad.replace(ho_ten="")], edition="130")
    receipt = council.send(file, "gdyk").json()
    council.exchange.clock.advance(minutes=5)
    rows = council.json("result", maGiaoDich=receipt["maGiaoDich"])["dsHoSo"]
    assert [row["trangThai"] == "TU_CHOI" for row in rows] == [False, True]
    errors = [error["chiTieu"] for error in rows[1]["dsLoi"] if error["mucDo"] == "error"]
    assert errors == ["HO_TEN"]


def test_the_same_number_again_replaces(council):
    council.send(minutes(1), "gdyk")
    council.send(minutes(2), "gdyk")
    (row,) = council.exchange.reconcile()
    assert (row.received, row.sent, row.replaced) == (3, 2, 1)


@pytest.mark.parametrize("name", ["claim_130", "checkin_130"])
def test_minutes_at_another_call_are_refused_and_the_reverse(council, files, name):
    wrong = council.send(minutes(1), name).json()
    other = council.send(files.claim("A1"), "gdyk").json()
    council.exchange.clock.advance(minutes=5)
    for receipt in (wrong, other):
        (record,) = council.json("result", maGiaoDich=receipt["maGiaoDich"])["dsHoSo"]
        assert record["trangThai"] == "TU_CHOI"
        assert "GW-DOC-01" in {error["maLoi"] for error in record["dsLoi"]}


def test_the_number_of_the_form_is_needed(council):
    assert council.send(minutes(1), "gdyk", loaiHoSo="130").json()["maKetQua"] == "205"


def test_minutes_without_a_number_are_kept_too(council):
    assert numbers(b"<GIAM_DINH_YKHOA><X/></GIAM_DINH_YKHOA>") == [None]
    receipt = council.send(b"<GIAM_DINH_YKHOA><X/></GIAM_DINH_YKHOA>", "gdyk").json()
    council.exchange.clock.advance(minutes=5)
    (record,) = council.json("result", maGiaoDich=receipt["maGiaoDich"])["dsHoSo"]
    assert record["trangThai"] == "TU_CHOI"
