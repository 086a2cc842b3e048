"""The default checker: real reading, real rules, real signatures, synthetic records."""

import datetime as dt

import pytest

from vnhealth import synth
from vnhealth.codecs import write_standalone
from vnhealth.sandbox import Exchange, Facility, Settings, default_facilities
from vnhealth.sandbox._peek import peek
from vnhealth.signing import TestAuthority, sign

START = dt.datetime(2026, 1, 1)
END = dt.datetime(2027, 1, 1)


@pytest.fixture(scope="module")
def claims():
    return list(synth.generate(encounters=3, edition="3176", seed=7, facility="01991"))


@pytest.fixture(scope="module")
def authority():
    return TestAuthority(not_before=START, not_after=END.replace(year=2030))


@pytest.fixture
def caller(files):
    return lambda exchange, key="vss": files.caller(exchange, key, "01991").login()


def verdict(exchange, client, file, name=""):
    receipt = client.send(file, name).json()
    assert receipt["maKetQua"] == "200"
    exchange.clock.advance(minutes=5)
    return client.json("result", maGiaoDich=receipt["maGiaoDich"])


def codes(result):
    return {e["maLoi"] for r in result["dsHoSo"] for e in r["dsLoi"] if e["mucDo"] == "error"}


def test_every_invented_facility_has_an_account():
    known = {f.code for f in default_facilities()}
    assert {f.code for f in synth.facilities()} <= known


def test_a_clean_record_is_accepted_and_its_check_in_too(claims, caller):
    exchange = Exchange.default()
    client = caller(exchange)
    result = verdict(exchange, client, synth.render(claims[0]))
    assert codes(result) == set()
    assert result["chuKy"] == "missing"
    checkin = write_standalone(synth.checkin(claims[0]), edition="3176")
    assert codes(verdict(exchange, client, checkin, "checkin_3176")) == set()
    assert [(r.kind, r.sent, r.accepted) for r in exchange.reconcile()] == [
        *(("checkin", 1, 1), ("claim", 1, 1)),
    ]


def test_a_wrong_field_is_named_and_the_repaired_record_accepted(claims, caller):
    exchange = Exchange.default()
    client = caller(exchange)
    good = synth.render(claims[0], dialect="inline_xml")
    assert b"<GIOI_TINH>" in good
    head, _, tail = good.partition(b"<GIOI_TINH>")
    bad = head + b"<GIOI_TINH>9" + tail[1:]
    refused = verdict(exchange, client, bad)
    (record,) = refused["dsHoSo"]
    assert record["trangThai"] == "TU_CHOI"
    assert any(e["chiTieu"] == "GIOI_TINH" and e["bang"] == "XML1" for e in record["dsLoi"])
    assert all(e["moTaLoi"] and e["maLoi"] for e in record["dsLoi"])
    repaired = verdict(exchange, client, good)
    assert repaired["dsHoSo"][0]["trangThai"] != "TU_CHOI"
    (row,) = exchange.reconcile()
    assert (row.received, row.sent, row.accepted, row.replaced) == (2, 1, 1, 1)


@pytest.mark.parametrize("dialect", [*synth.DIALECTS, *synth.SWITCHES])
def test_records_are_seen_on_receipt_or_found_when_read(claims, caller, dialect):
    """Whatever the vendor's dialect: three records come in, three verdicts come out."""
    file = synth.render(claims, dialect=dialect)
    exchange = Exchange.default()
    result = verdict(exchange, caller(exchange), file)
    assert {r["maLk"] for r in result["dsHoSo"]} == {c.ma_lk for c in claims}
    (row,) = exchange.reconcile()
    assert (row.sent, row.pending, row.balanced) == (3, 0, True)


def test_the_first_look_sees_what_reading_sees(claims):
    keys = tuple(c.ma_lk for c in claims)
    for name in synth.SWITCHES:
        seen = peek(synth.render(claims, dialect=name)).keys
        assert seen == keys or len(seen) == 1, name


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (b"<GIAMDINHHS><a></GIAMDINHHS>", None),
        (
            b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><GIAMDINHHS>&b;</GIAMDINHHS>',
            None,
        ),
        (b"<html/>", None),
        (b"\x00\x01", None),
        (b"PK\x03\x04", "GW-DOC-01"),
        (b"<GIAMDINHHS><THONGTINHOSO/></GIAMDINHHS>", "GW-DOC-02"),
    ],
)
def test_files_that_are_no_claim_are_refused_later_with_a_code(caller, file, code):
    exchange = Exchange.default()
    result = verdict(exchange, caller(exchange), file)
    (record,) = result["dsHoSo"]
    assert (record["maLk"], record["trangThai"]) == (None, "TU_CHOI")
    assert code is None or code in codes(result)
    assert "SBX-CHK-01" not in codes(result)
    assert "root:" not in str(record)


def test_a_file_of_the_wrong_kind_is_refused(claims, caller):
    exchange = Exchange.default()
    client = caller(exchange)
    checkin = write_standalone(synth.checkin(claims[0]), edition="3176")
    assert "GW-DOC-01" in codes(verdict(exchange, client, checkin))
    envelope = synth.render(claims[1])
    assert "GW-DOC-01" in codes(verdict(exchange, client, envelope, "checkin_3176"))


def test_a_hidden_other_facility_is_refused_when_read(claims, caller):
    """Spaced so that the first look misses it; the reading does not."""
    file = synth.render(claims[0]).replace(b"<MACSKCB>01991<", b"<MACSKCB><!-- -->79991<")
    exchange = Exchange.default()
    assert "GW-DOC-04" in codes(verdict(exchange, caller(exchange), file))


class Signed:
    def __init__(self, authority, claim):
        self.plain = synth.render(claim)
        self.own = authority.issue("01991", not_before=START, not_after=END)
        self.short = authority.issue("01991", not_before=START, not_after=dt.datetime(2026, 2, 1))

    def tampered(self):
        whole = sign(self.plain, self.own)
        return whole.replace(b"<NGAYLAP>2026", b"<NGAYLAP>2025", 1)


@pytest.fixture(scope="module")
def signed(authority, claims):
    return Signed(authority, claims[0])


def test_a_signed_record_is_accepted(authority, signed, caller):
    exchange = Exchange.default(trust=authority.trust_store())
    result = verdict(exchange, caller(exchange), sign(signed.plain, signed.own))
    assert (result["chuKy"], codes(result)) == ("valid", set())


def test_signatures_are_required_when_there_is_a_trust_store(authority, signed, caller):
    exchange = Exchange.default(trust=authority.trust_store())
    client = caller(exchange)
    files = {
        "missing": signed.plain,
        "digest_mismatch": signed.tampered(),
        "expired": sign(signed.plain, signed.short),
    }
    for status, file in files.items():
        result = verdict(exchange, client, file)
        assert result["chuKy"] == status
        assert result["dsHoSo"][0]["trangThai"] == "TU_CHOI"
        assert any(code.startswith("SIGN-") for code in codes(result))


def test_a_signature_is_judged_at_the_moment_of_the_verdict(authority, claims, caller):
    exchange = Exchange.default(trust=authority.trust_store())
    until = dt.datetime(2026, 8, 3, 8, 3)
    key = authority.issue("01991", not_before=START, not_after=until)
    result = verdict(exchange, caller(exchange), sign(synth.render(claims[1]), key))
    assert result["chuKy"] == "expired"


def test_warnings_instead_of_refusals_on_request(authority, signed, caller):
    settings = Settings(signatures="warn")
    exchange = Exchange.default(trust=authority.trust_store(), settings=settings)
    result = verdict(exchange, caller(exchange), signed.plain)
    assert result["dsHoSo"][0]["trangThai"] == "CHAP_NHAN_CO_CANH_BAO"


def test_a_certificate_registered_for_another_facility(authority, signed, caller):
    trust = authority.trust_store().with_registered("79991", signed.own.certificate)
    exchange = Exchange.default(trust=trust)
    result = verdict(exchange, caller(exchange), sign(signed.plain, signed.own))
    assert "GW-SIG-01" in codes(result)


def test_signature_status_at_the_repository(authority, signed, caller):
    exchange = Exchange.default(trust=authority.trust_store())
    client = caller(exchange, "province")
    first = client.send(sign(signed.plain, signed.own)).json()["data"]
    assert first["signature_status"] == "PENDING"
    exchange.clock.advance(minutes=5)
    data = client.json("status", f"tracking_id={first['tracking_id']}")["data"]
    assert (data["signature_status"], data["status"][:8]) == ("VALID", "ACCEPTED")


def test_a_checker_that_fails_refuses_and_says_so(claims, files):
    def broken(file):
        raise KeyError(file.kind)

    exchange = Exchange.default(checker=broken, facilities=[Facility("01991")])
    client = files.caller(exchange, "vss", "01991").login()
    assert codes(verdict(exchange, client, synth.render(claims[0]))) == {"SBX-CHK-01"}
