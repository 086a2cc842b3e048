"""What the small checker of health-check files finds, and that it never breaks."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vnhealth.protocol.health_check import (
    CKS_DOCTOR,
    CKS_FACILITY,
    facility_number,
    file_for_doctor,
    file_for_facility,
    sign_file,
    signature_of,
)
from vnhealth.protocol.health_inspect import REQUIRED, inspect

NUMBER = facility_number("01001")
GOOD = {
    "MA_LK": "K1",
    "HO_TEN": "Trần Thị Mẫu",
    "NGAY_SINH": "05031901",
    "GIOI_TINH": "2",
    "MATINH_CU_TRU": "01",
    "MAXA_CU_TRU": "00001",
    "SO_CCCD": "001101000123",
}


def file(*, sender=NUMBER, count="1", kinds=("XML1",), hoso=1, content="", **changed):
    inner = "".join(f"<{tag}>{value}</{tag}>" for tag, value in (GOOD | changed).items())
    parts = "".join(
        f"<FILEHOSO><LOAIHOSO>{kind}</LOAIHOSO><NOIDUNGFILE>{content or f'<A>{inner}</A>'}"
        "</NOIDUNGFILE></FILEHOSO>"
        for kind in kinds
    )
    return (
        f"<KHAMSUCKHOE><THONGTINDONVI><MACSKCB>{sender}</MACSKCB></THONGTINDONVI><THONGTINHOSO>"
        f"<SOLUONGHOSO>{count}</SOLUONGHOSO><DANHSACHHOSO>{f'<HOSO>{parts}</HOSO>' * hoso}"
        "</DANHSACHHOSO></THONGTINHOSO><CHUKYDONVI><CKS_NGUOI_KET_LUAN/><CKS_BENH_VIEN/>"
        "</CHUKYDONVI></KHAMSUCKHOE>"
    ).encode()


def said(data):
    found = inspect(data)
    return {f.code for f in found.findings} | {f.code for r in found.records for f in r.findings}


@pytest.mark.parametrize("born", ["05031901", "19010305", "190103050800", "19010000"])
def test_a_clean_file_has_no_findings(born):
    found = inspect(file(NGAY_SINH=born))
    assert said(file(NGAY_SINH=born)) == set()
    assert (found.sender, found.records[0].key, found.readable) == (NUMBER, "K1", True)
    assert found.records[0].birth_year == "1901"
    assert "Mẫu" not in repr(found) + repr(found.records[0])


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "GW-KSK-01"),
        (b"<KHAMSUCKHOE>", "GW-KSK-01"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><KHAMSUCKHOE/>', "GW-KSK-01"),
        (b"<GIAMDINHHS/>", "GW-KSK-02"),
        (file(sender="01001"), "GW-KSK-03"),
        (file(count="2"), "GW-KSK-04"),
        (file(hoso=2, count="2"), "GW-KSK-04"),
        (file(kinds=("XML13",)), "GW-KSK-05"),
        (file(kinds=("XML1", "XML1")), "GW-KSK-05"),
        (file(content=base64.b64encode(b"<A/>").decode()), "GW-KSK-06"),
        (file(NGAY_SINH="1901-03-05"), "GW-KSK-08"),
        (file(NGAY_SINH="32011990"), "GW-KSK-08"),
        (file(GIOI_TINH="M"), "GW-KSK-09"),
        (file(MA_LK=""), "GW-KSK-10"),
        (file(SO_CCCD="12345"), "GW-KSK-11"),
        *((file(**{tag: ""}), "GW-KSK-07") for tag in REQUIRED),
    ],
)
def test_each_finding(data, code):
    assert code in said(data)


def test_a_byte_order_mark_does_not_hide_a_file():
    assert said(b"\xef\xbb\xbf" + file()) == set()


@given(st.binary(max_size=60))
def test_no_bytes_break_it(data):
    inspect(data)
    inspect(b"<KHAMSUCKHOE>" + data + b"</KHAMSUCKHOE>")


@given(st.text("<>/ A&;é", max_size=30))
def test_signing_changes_nothing_but_the_two_elements(text):
    plain = file(HO_TEN="X").replace(b"X", text.encode())
    signed = sign_file(plain, lambda data: data[:3], lambda data: data[-3:])
    assert file_for_doctor(signed) == file_for_doctor(plain)
    assert signature_of(signed, CKS_DOCTOR) == base64.b64encode(plain[:3])
    assert signature_of(file_for_facility(signed), CKS_FACILITY) == b""
    assert signature_of(file_for_facility(signed), CKS_DOCTOR) == base64.b64encode(plain[:3])


@pytest.mark.parametrize("code", ["", "01", "ABCDE", "0100A", "010011"])
def test_only_codes_of_five_digits_get_a_number(code):
    assert facility_number(code) == code
