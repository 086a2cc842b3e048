"""A session of one facility never carries a file of another, and nothing unfit goes out."""

import pickle

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vnhealth.errors import CodecError, ConformanceError, SpecError
from vnhealth.findings import catalogue
from vnhealth.sync import (
    AuthFailed,
    Credentials,
    NotSent,
    Rejected,
    RemoteError,
    RepositoryClient,
    SyncError,
    VssClient,
)
from vnhealth.sync import _errors as errors
from vnhealth.sync._body import in_scope


@pytest.mark.parametrize(
    ("envelope", "row"), [("01002", "01002"), ("01001", "01002"), ("01002", "01001"), ("", "79001")]
)
def test_a_file_of_another_facility_is_not_sent(face, script, kho, make, envelope, row):
    xml = make.claim_file(envelope, row_facility=row)
    for client, send in (
        (face.vss(script), lambda c: c.submit(xml, edition="3176")),
        (face.repository(kho), lambda c: c.submit(xml)),
    ):
        with pytest.raises(NotSent) as caught:
            send(client)
        assert caught.value.code == "ERR-SYNC-13"
        assert not caught.value.retryable
    assert script.requests == kho.requests == []


def test_a_check_in_of_another_facility_is_not_sent(face, script, make):
    with pytest.raises(NotSent):
        face.vss(script).check_in(make.checkin_file("01002"), edition="3176")
    assert script.requests == []


@pytest.mark.parametrize("xml", [b"<GIAMDINHHS/>", b"<CHI_TIEU_TRANG_THAI_KCB/>"])
def test_a_file_without_facility_is_not_sent(face, script, xml):
    client = face.vss(script)
    send = client.submit if b"GIAM" in xml else client.check_in
    with pytest.raises(NotSent) as caught:
        send(xml, edition="3176")
    assert caught.value.code == "ERR-SYNC-15"


def test_a_file_goes_only_by_the_call_that_is_for_it(face, script, make):
    client = face.vss(script)
    for send, xml in (
        (client.submit, make.checkin_file()),
        (client.check_in, make.claim_file()),
        (client.submit, b"<TONG_HOP><MA_LK>A</MA_LK><MA_CSKCB>01001</MA_CSKCB></TONG_HOP>"),
    ):
        with pytest.raises(NotSent) as caught:
            send(xml, edition="3176")
        assert caught.value.code == "ERR-SYNC-14"
    assert script.requests == []


@pytest.mark.parametrize("xml", [b"", b"<html/>", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"])
def test_what_cannot_be_read_is_not_sent(face, script, xml):
    with pytest.raises(CodecError):
        face.vss(script).submit(xml, edition="3176")
    assert script.requests == []


def test_calls_that_do_not_exist(face, script, kho, make):
    with pytest.raises(NotSent) as wrong:
        face.vss(script).submit(make.claim_file(), edition="4210")
    assert wrong.value.code == "ERR-SYNC-14"
    with pytest.raises(SpecError):
        face.repository(kho, gateway="national").check_in(make.checkin_file())
    with pytest.raises(SpecError):
        face.repository(kho, gateway="nowhere")


def test_the_account_of_a_province_sends_for_its_facilities_only(face, kho, make):
    kho.logins[0] = (200, make.repository_login(ma_don_vi="01"))
    kho.calls.append((202, {"success": True, "code": "ACCEPTED"}))
    account = Credentials("https://gw.example", "01_SYT", make.password, "01")
    client = face.repository(kho, account)
    assert client.submit(make.claim_file("01001")).facility == "01001"
    assert client.submit(make.claim_file("01002")).facility == "01002"
    for act in (
        lambda: client.submit(make.claim_file("79001")),
        lambda: client.cancel("A", reason="x", request_id="1", facility="79001"),
        lambda: client.restore("A", reason="x", request_id="1", facility="79001"),
        lambda: client.status("A", facility="79001"),
    ):
        with pytest.raises(NotSent):
            act()
    assert len(kho.sent) == 2


@given(facility=st.text("0179A ", max_size=7), scope=st.text("0179A ", max_size=7))
def test_scope_is_equality_or_the_province(facility, scope):
    expected = facility == scope if len(scope) != 2 else facility[:2] == scope
    assert in_scope(facility, scope) == (expected and (len(scope) != 2 or len(facility) == 5))


def test_only_what_its_contract_allows_goes_to_the_de_identified_store(face, kho, make):
    client = face.repository(kho, gateway="national_deid")
    for xml in (make.claim_file(), b"", b"<VNHEALTH_DEID></VNHEALTH_DEID>", make.checkin_file()):
        with pytest.raises(ConformanceError) as caught:
            client.submit(xml)
        assert caught.value.findings
    assert kho.requests == []


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://gw.example", "ERR-SYNC-16"),
        ("ftp://gw.example", "ERR-SYNC-17"),
        ("gw.example", "ERR-SYNC-17"),
        ("https://", "ERR-SYNC-17"),
        ("https://user:pw@gw.example", "ERR-SYNC-17"),
        ("https://gw.example?x=1", "ERR-SYNC-17"),
        ("https://gw.example:port", "ERR-SYNC-17"),
        ("https://[bad", "ERR-SYNC-17"),
    ],
)
def test_an_address_that_is_not_safe_is_refused(url, code):
    for make_client in (VssClient, RepositoryClient):
        with pytest.raises(NotSent) as caught:
            make_client(Credentials(url, "01001_BV", "p", "01001"))
        assert caught.value.code == code
        assert "pw" not in str(caught.value)


def test_plain_http_needs_the_loopback_or_a_word():
    for url, options in (
        ("http://127.0.0.1:8130/vss", {}),
        ("http://localhost/vss", {}),
        ("http://[::1]:80/vss", {}),
        ("http://gw.example", {"allow_http": True}),
        ("http://sandbox.invalid/vss", {"transport": httpx.MockTransport(lambda r: None)}),
    ):
        with VssClient(Credentials(url, "01001_BV", "p", "01001"), **options) as client:
            assert repr(client) == "<VssClient vss 01001>"


@pytest.mark.parametrize("blank", ["username", "facility"])
def test_an_incomplete_account_is_refused(blank):
    values = {"base_url": "https://a.b", "username": "u", "password": "p", "facility": "01001"}
    with pytest.raises(NotSent):
        VssClient(Credentials.from_mapping({**values, blank: ""}))


def test_every_error_has_its_texts_and_survives_pickling():
    codes = {info.code for info in catalogue if info.source == "sync"}
    for name in errors.__all__:
        kind = getattr(errors, name)
        assert issubclass(kind, SyncError)
        assert kind is SyncError or kind.default_code in codes
        error = kind(gateway="vss", status=503, remote_code="1", request_id="R", retry_after_s=2.0)
        copy = pickle.loads(pickle.dumps(error))
        assert (type(copy), str(copy), copy.params) == (kind, str(error), error.params)
        if issubclass(kind, RemoteError):
            assert (copy.status, copy.remote_code, copy.request_id) == (503, "1", "R")
            assert copy.retry_after_s == 2.0
    assert (AuthFailed("ERR-SYNC-08").status, Rejected().retry_after_s) == (0, None)


def test_every_code_is_used_and_every_used_code_has_texts():
    import re
    from pathlib import Path

    import vnhealth.sync

    folder = Path(vnhealth.sync.__file__).parent
    text = "".join(p.read_text("utf-8") for p in folder.rglob("*.py"))
    used = set(re.findall(r'"((?:ERR-)?SYNC-\d\d)"', text))
    held = {info.code for info in catalogue if info.source == "sync"}
    assert used == held


def test_clients_cannot_be_pickled(make):
    client = make.Face(None).vss(make.Script()).client
    with pytest.raises(TypeError):
        pickle.dumps(client)
