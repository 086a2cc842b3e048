"""Clients of prescriptions, surveillance, identity, Vĩnh Long and the report gateway, in process."""

import asyncio
import base64
import datetime as dt
import json
from dataclasses import replace

import httpx
import pytest

from vnhealth.errors import ConformanceError
from vnhealth.findings import Finding, Findings, Severity
from vnhealth.protocol.donthuoc import (
    Diagnosis,
    Medicine,
    Prescription,
    Sale,
    SoldMedicine,
    to_object,
)
from vnhealth.protocol.ecds import Case, case_object
from vnhealth.protocol.health_check import facility_number
from vnhealth.protocol.identity import Consent
from vnhealth.sandbox import Checked, Exchange, Fault, RecordVerdict
from vnhealth.sandbox._peek import peek
from vnhealth.sync import (
    AuthFailed,
    Credentials,
    NotSent,
    NotSupported,
    Status,
    connect,
    connect_async,
)
from vnhealth.synth import people

KEYS = ["donthuoc", "ecds", "identity", "vinhlong", "fhir_report"]
SECRET = "NGUYỄN VĂN BÍ MẬT"
DAY = dt.date(2026, 8, 3)


def judge(file):
    records = []
    for key in peek(file.body).keys:
        wrong = Finding("BHYT-VAL-01", Severity.ERROR, table="XML1", row=0, tag="STT")
        records.append(RecordVerdict(key, Findings([wrong] if key and key[0] == "R" else [])))
    return Checked(Findings(), tuple(records), "missing")


def account(exchange, key, facility="01001", username="", **more):
    username = username or (f"BS{facility}" if key == "donthuoc" else "")
    who = exchange.credentials(facility, key, username=username)
    return Credentials(who.base_url, who.username, who.password, who.facility, **more)


def gate(exchange, key, who=None, **options):
    who = who or account(exchange, key)
    clock = exchange.clock
    return connect(
        key,
        who,
        transport=exchange.transport(),
        clock=clock.now,
        sleep=lambda seconds: clock.advance(seconds=seconds),
        **options,
    )


def faulty(fault, on, **rule):
    exchange = Exchange.default(seed=7, checker=judge)
    exchange.faults.add(Fault(fault, on=on, **rule))
    return exchange


def count(exchange, pattern):
    return sum(entry.operation.startswith(pattern) for entry in exchange.journal)


@pytest.fixture
def exchange():
    return Exchange.default(seed=7, checker=judge)


def prescription(code="01001aaaaaa1-c", **changed):
    fields = {
        "loai_don_thuoc": "c",
        "ma_don_thuoc": code,
        "ho_ten_benh_nhan": SECRET,
        "ngay_sinh_benh_nhan": "05/03/1980",
        "gioi_tinh": "2",
        "dia_chi": "Xã Mẫu",
        "chan_doan": (Diagnosis(ma_chan_doan="J18.9", ten_chan_doan="Viêm phổi"),),
        "thong_tin_don_thuoc": (
            Medicine(
                ma_thuoc="40.154",
                ten_thuoc="Amoxicilin",
                don_vi_tinh="viên",
                so_luong="20",
                cach_dung="Ngày uống 2 viên",
            ),
        ),
        "ngay_gio_ke_don": "2026-08-03 08:00:00",
        "so_dien_thoai_nguoi_kham_benh": "0900000001",
    }
    return json.dumps(to_object(Prescription(**{**fields, **changed}))).encode()


def sale(code="01001aaaaaa1-c", amount="5"):
    sold = SoldMedicine(
        ma_thuoc_da_ke_don="40.154",
        ma_thuoc="40.154",
        ten_thuoc="Amoxicilin",
        don_vi_tinh="viên",
        so_luong_ban=amount,
    )
    report = Sale(
        ma_don_thuoc=code,
        thong_tin_thuoc=(sold,),
        ma_dinh_danh_co_so_cung_ung_thuoc="QT-MAU",
        ten_co_so_cung_ung_thuoc="Quầy thuốc mẫu",
        ma_hoa_don="H1",
    )
    return json.dumps(to_object(report)).encode()


def case(**changed):
    fields = {
        "maIcd10Benh": "A97",
        "loaiChanDoan": 1,
        "ngayKhoiPhat": "2026-08-01",
        "hoVaTen": SECRET,
        "ngaySinh": "1980-03-05",
        "maGioiTinh": "M",
        "maXaHienNay": "00001",
        "hoTenNguoiBaoCao": "Trần Thị Mẫu",
    }
    return json.dumps(case_object(Case(**{**fields, **changed}))).encode()


def claim(key="A1", facility="01001"):
    part = base64.b64encode(f"<TONG_HOP><MA_LK>{key}</MA_LK></TONG_HOP>".encode()).decode()
    return (
        f"<GIAMDINHHS><THONGTINDONVI><MACSKCB>{facility}</MACSKCB></THONGTINDONVI><THONGTINHOSO>"
        "<NGAYLAP>20260803</NGAYLAP><SOLUONGHOSO>1</SOLUONGHOSO><DANHSACHHOSO><HOSO><FILEHOSO>"
        f"<LOAIHOSO>XML1</LOAIHOSO><NOIDUNGFILE>{part}</NOIDUNGFILE></FILEHOSO></HOSO>"
        "</DANHSACHHOSO></THONGTINHOSO><CHUKYDONVI/></GIAMDINHHS>"
    ).encode()


def health_check(key="K1", facility="01001", name=SECRET):
    return (
        f"<KHAMSUCKHOE><THONGTINDONVI><MACSKCB>{facility_number(facility)}</MACSKCB>"
        "</THONGTINDONVI><THONGTINHOSO><SOLUONGHOSO>1</SOLUONGHOSO><DANHSACHHOSO><HOSO><FILEHOSO>"
        f"<LOAIHOSO>XML1</LOAIHOSO><NOIDUNGFILE><A><MA_LK>{key}</MA_LK><HO_TEN>{name}</HO_TEN>"
        "<NGAY_SINH>05031901</NGAY_SINH><GIOI_TINH>2</GIOI_TINH><MATINH_CU_TRU>01</MATINH_CU_TRU>"
        "<MAXA_CU_TRU>00001</MAXA_CU_TRU><SO_CCCD>001101000123</SO_CCCD></A></NOIDUNGFILE>"
        "</FILEHOSO></HOSO></DANHSACHHOSO></THONGTINHOSO><CHUKYDONVI/></KHAMSUCKHOE>"
    ).encode()


def personal(request="R1", unit="01001"):
    header = f"<SENDER_CODE>{unit}</SENDER_CODE><REQUEST_ID>{request}</REQUEST_ID>"
    return f"<HOSO><HEADER>{header}</HEADER></HOSO>".encode()


def consent(person, **changed):
    fields = {
        "purpose": "KHAM_CHUA_BENH",
        "actor": "CHINH_CHU",
        "channel": "QUAY",
        "at": "2026-08-03T08:00:00+07:00",
        "text_digest": "a" * 64,
        "number": person.cccd,
    }
    return Consent(**{**fields, **changed}).to_bytes()


FILES = {
    "donthuoc": ("prescription", prescription()),
    "ecds": ("case", case()),
    "identity": ("consent", consent(next(people(1, seed=7)))),
    "vinhlong": ("health_check", health_check()),
    "fhir_report": ("claim", claim()),
}


@pytest.mark.parametrize("key", KEYS)
def test_every_gateway_takes_a_file_and_shows_nothing_of_it(exchange, key):
    kind, file = FILES[key]
    client = gate(exchange, key)
    (outcome,) = client.submit(file, kind=kind)
    assert outcome.status in (Status.ACCEPTED, Status.PENDING)
    assert outcome.code
    shown = f"{outcome!r} {outcome.raw} {client!r}"
    assert SECRET not in shown
    assert client.facility == "01001"
    with pytest.raises(NotSupported):
        client.submit(file, kind="no such kind")
    with pytest.raises(NotSupported):
        client.lookup("no such question")


@pytest.mark.parametrize("key", KEYS)
def test_the_asynchronous_client_does_the_same(exchange, key):
    kind, file = FILES[key]

    async def go():
        options = {"transport": exchange.async_transport(), "clock": exchange.clock.now}
        async with connect_async(key, account(exchange, key), **options) as client:
            return await client.submit(file, kind=kind)

    (outcome,) = asyncio.run(go())
    assert outcome.status in (Status.ACCEPTED, Status.PENDING)


@pytest.mark.parametrize("key", KEYS)
def test_a_wrong_password_is_tried_once(exchange, key):
    who = replace(account(exchange, key), password="sai")
    client = gate(exchange, key, who)
    kind, file = FILES[key]
    for _ in range(3):
        with pytest.raises(AuthFailed):
            client.submit(file, kind=kind)
    assert count(exchange, "login") == 1


@pytest.mark.parametrize("key", KEYS)
def test_a_session_that_is_over_is_opened_anew(exchange, key):
    kind, file = FILES[key]
    client = gate(exchange, key)
    client.login()
    exchange.clock.advance(days=8)
    (outcome,) = client.submit(file, kind=kind)
    assert outcome.status in (Status.ACCEPTED, Status.PENDING)


@pytest.mark.parametrize("key", KEYS)
def test_a_revoked_session_is_opened_once_more(key):
    exchange = faulty("F07", f"{key}.*", variant="revoked", times=1)
    kind, file = FILES[key]
    (outcome,) = gate(exchange, key).submit(file, kind=kind)
    assert outcome.status in (Status.ACCEPTED, Status.PENDING)


@pytest.mark.parametrize(
    ("key", "kind", "file", "error"),
    [
        ("donthuoc", "prescription", prescription("79001aaaaaa1-c"), NotSent),
        ("donthuoc", "prescription", prescription(gioi_tinh="M"), ConformanceError),
        ("donthuoc", "prescription", b"[]", NotSent),
        ("donthuoc", "sale", b"{}", ConformanceError),
        ("ecds", "case", case(maCoSoDieuTri="79001"), NotSent),
        ("ecds", "case", case(hoVaTen=""), ConformanceError),
        ("ecds", "case", b"x", NotSent),
        ("identity", "consent", b"x", NotSent),
        ("vinhlong", "claim", claim(facility="79001"), NotSent),
        ("vinhlong", "health_check", health_check(facility="79001"), NotSent),
        ("vinhlong", "health_check", b"<A/>", NotSent),
        ("vinhlong", "personal", personal(unit="79001"), NotSent),
        ("vinhlong", "personal", b"<A/>", NotSent),
        ("fhir_report", "claim", claim(facility="79001"), NotSent),
    ],
)
def test_what_is_wrong_or_of_another_facility_never_goes_out(exchange, key, kind, file, error):
    with pytest.raises(error) as caught:
        gate(exchange, key).submit(file, kind=kind)
    assert SECRET not in str(caught.value)
    assert exchange.journal.count == 0


# prescriptions


def test_doctor_pharmacy_and_facility_each_do_their_part(exchange):
    doctor = gate(exchange, "donthuoc")
    (outcome,) = doctor.submit(prescription(), kind="prescription")
    assert outcome.status is Status.ACCEPTED
    who = account(exchange, "donthuoc", username="QT01001", role="pharmacy")
    pharmacy = gate(exchange, "donthuoc", who)
    found = pharmacy.lookup("prescription", code="01001AAAAAA1-C")
    assert found.rows[0]["ma_don_thuoc"] == "01001aaaaaa1-c"
    assert SECRET not in repr(found)
    assert pharmacy.lookup("prescriptions_by_phone", phone="0900000001").rows == found.rows
    assert not pharmacy.lookup("prescription", code="01001aaaaaa9-c")
    (sold,) = pharmacy.submit(sale(), kind="sale")
    assert (sold.status, sold.keys) == (Status.ACCEPTED, ("01001aaaaaa1-c/H1",))
    (refused,) = pharmacy.submit(sale(amount="21"), kind="sale")
    assert refused.refused
    assert count(exchange, "login") == 1
    facility = gate(exchange, "donthuoc", account(exchange, "donthuoc", username="01001"))
    assert facility.lookup("link_doctor", doctor="BS79001").code == "200"
    assert facility.lookup("unlink_doctor", doctor="BS00000").code == "404"


def test_a_role_that_nobody_has_and_a_wrong_key(exchange):
    with pytest.raises(NotSent):
        gate(exchange, "donthuoc", account(exchange, "donthuoc", role="nurse"))
    who = replace(account(exchange, "donthuoc", username="QT01001", role="pharmacy"), password="x")
    with pytest.raises(AuthFailed):
        gate(exchange, "donthuoc", who).lookup("prescription", code="01001aaaaaa1-c")


def test_a_used_code_is_a_refusal_unless_our_own_try_had_arrived(exchange):
    doctor = gate(exchange, "donthuoc")
    doctor.submit(prescription(), kind="prescription")
    (again,) = doctor.submit(prescription(), kind="prescription")
    assert again.refused
    assert "đã được sử dụng" in again.findings[0].text("vi", values=True)
    lossy = faulty("F10", "donthuoc.submit", times=1)
    (outcome,) = gate(lossy, "donthuoc").submit(prescription(), kind="prescription")
    assert (outcome.status, outcome.attempts) == (Status.DUPLICATE, 2)
    assert lossy.reconcile()[0].received == 1


# surveillance


def test_a_batch_has_an_outcome_for_each_case(exchange):
    client = gate(exchange, "ecds")
    cases = [case(), case(maCaBenh="CB1"), case(maIcd10Benh="Z99")]
    taken, unknown, wrong = client.submit(*cases, kind="case")
    assert taken.status is Status.ACCEPTED
    assert taken.transaction.startswith("CB260803")
    assert (unknown.status, unknown.code) == (Status.REFUSED, "NOT_FOUND")
    assert [f.remote_code for f in wrong.findings] == ["GW-ECDS-03"]
    (update,) = client.submit(case(maCaBenh=taken.transaction), kind="case")
    assert update.transaction == taken.transaction
    (row,) = client.results(DAY, DAY)
    assert (row.ma_lk, row.status) == (taken.transaction, Status.ACCEPTED)
    assert row.received_at.date() == DAY


def test_more_than_fifty_cases_go_out_in_lots(exchange):
    client = gate(exchange, "ecds")
    outcomes = client.submit(*[case()] * 120, kind="case")
    assert len({o.transaction for o in outcomes}) == 120
    assert count(exchange, "submit_batch") == 3
    assert len(client.results(DAY, DAY)) == 120


def test_a_lot_that_fails_later_leaves_the_earlier_outcomes():
    exchange = faulty("N02", "ecds.submit_batch", nth=(2, 3, 4))
    outcomes = gate(exchange, "ecds").submit(*[case()] * 60, kind="case")
    assert {o.status for o in outcomes[:50]} == {Status.ACCEPTED}
    assert {o.status for o in outcomes[50:]} <= {Status.UNKNOWN, Status.NOT_SENT}


def test_a_lost_case_is_not_sent_again_by_itself():
    exchange = faulty("F10", "ecds.submit", times=1)
    (outcome,) = gate(exchange, "ecds").submit(case(), kind="case")
    assert outcome.status is Status.UNKNOWN
    assert exchange.reconcile()[0].received == 1


def test_catalogues(exchange):
    found = gate(exchange, "ecds").lookup("catalogue", name="benh", tuKhoa="sởi")
    assert [row["ma"] for row in found.rows] == ["B05"]
    assert not gate(exchange, "ecds").lookup("catalogue", name="khac")


# identity


def test_consent_then_question_then_withdrawal(exchange):
    person = next(p for p in people(9, seed=7) if p.precision == "day")
    client = gate(exchange, "identity")
    (agreed,) = client.submit(consent(person), kind="consent")
    asked = {
        "transaction": "GD1",
        "purpose": "KHAM_CHUA_BENH",
        "consent": agreed.transaction,
        "name": person.name,
        "birth_date": f"{person.born:%d/%m/%Y}",
        "number": person.cccd,
    }
    found = client.lookup("verify", **asked)
    assert (found.code, found.rows[0]["ket_qua"]) == ("ANSWERED", "KHOP")
    number = found.rows[0]["ma_xac_thuc"]
    assert client.lookup("result", number=number, transaction="GD1").rows == found.rows
    assert not client.lookup("result", number=number, transaction="GD2")
    other = client.lookup("verify", **{**asked, "transaction": "GD2"})
    assert (other.code, other.rows) == ("CONSENT_USED", ())
    assert client.lookup("withdraw", consent=agreed.transaction, reason="x").code == "WITHDRAWN"
    assert client.lookup("verify", **asked).code == "CONSENT_WITHDRAWN"
    assert person.cccd not in repr(found)


def test_a_consent_that_says_too_little_is_refused(exchange):
    person = next(people(1, seed=7))
    (outcome,) = gate(exchange, "identity").submit(consent(person, channel=""), kind="consent")
    assert (outcome.status, outcome.code) == (Status.REFUSED, "INVALID_REQUEST")


# Vĩnh Long


def test_a_health_check_until_the_ministry_has_it(exchange):
    client = gate(exchange, "vinhlong")
    good, bad = client.submit(health_check("K1"), health_check("K2", name=""), kind="health_check")
    assert good.status is bad.status is Status.PENDING
    assert good.transaction != bad.transaction
    exchange.clock.advance(minutes=5)
    assert client.status(good).status is Status.ACCEPTED
    judged = client.status(bad)
    assert (judged.status, judged.findings[0].remote_code) == (Status.REFUSED, "GW-KSK-07")
    (again,) = client.submit(health_check("K1"), kind="health_check")
    assert again.transaction == good.transaction
    assert exchange.reconcile()[0].received == 2


def test_what_the_ministry_has_by_message(exchange):
    client = gate(exchange, "vinhlong")
    (outcome,) = client.submit(health_check(), kind="health_check")
    reply = json.loads(outcome.raw.reveal())
    message = reply["header"]["ref_msg_id"]
    (row,) = client.lookup("forwarded", message=message).rows
    assert (row["byt_status"], row["source_channel"]) == ("PENDING", "BYT_PROXY")


def test_encounters_and_personal_records_there(exchange):
    client = gate(exchange, "vinhlong")
    (encounter,) = client.submit(claim("R1"))
    (record,) = client.submit(personal(), kind="personal")
    (again,) = client.submit(personal(), kind="personal")
    assert (record.status, again.status) == (Status.PENDING, Status.DUPLICATE)
    exchange.clock.advance(minutes=5)
    assert client.status(encounter).status is Status.REFUSED
    with pytest.raises(NotSupported):
        client.status(record)
    with pytest.raises(NotSupported):
        client.reconciliation(DAY, DAY)
    (row,) = client.results(DAY, DAY)
    assert row.ma_lk == "R1"


def test_the_sender_of_a_health_check_is_the_number_of_the_account(exchange):
    who = account(exchange, "vinhlong", gln=facility_number("79001"))
    with pytest.raises(NotSent):
        gate(exchange, "vinhlong", who).submit(health_check(), kind="health_check")


# the report gateway


def test_the_verdict_stands_in_the_log(exchange):
    client = gate(exchange, "fhir_report")
    good, bad = client.submit(claim("A1"), claim("R1"))
    assert good.status is Status.PENDING
    assert client.status(good).status is Status.PENDING
    exchange.clock.advance(minutes=5)
    assert client.status(good).status is Status.ACCEPTED
    assert client.status(bad).status is Status.REFUSED
    states = {row.transaction: row.status for row in client.results(DAY, DAY)}
    assert states == {good.transaction: Status.ACCEPTED, bad.transaction: Status.REFUSED}


def test_results_over_more_than_sixty_days(exchange):
    client = gate(exchange, "fhir_report")
    (first,) = client.submit(claim("A1"))
    exchange.clock.advance(days=100)
    (second,) = client.submit(claim("A2"))
    rows = client.results(DAY, DAY + dt.timedelta(days=100))
    assert [row.transaction for row in rows] == [second.transaction, first.transaction]
    lost = client.status(replace(first, transaction="no such"))
    assert lost.status is Status.PENDING


# answers that no contract has


def scripted(exchange, key, reply):
    """A client whose submissions are answered by ``reply``; everything else by the sandbox."""
    inner = exchange.transport()

    def answer(request):
        if "login" in request.url.path or "token" in request.url.path or "nhap" in request.url.path:
            return inner.handle_request(request)
        status, body = reply
        return httpx.Response(status, content=body)

    clock = exchange.clock
    return connect(
        key,
        account(exchange, key),
        transport=httpx.MockTransport(answer),
        clock=clock.now,
        sleep=lambda seconds: clock.advance(seconds=seconds),
    )


@pytest.mark.parametrize(
    ("key", "reply", "status"),
    [
        ("donthuoc", (200, '"Gửi đơn thuốc thành công"'), Status.ACCEPTED),
        ("donthuoc", (200, '{"success": "Đơn không hợp lệ"}'), Status.REFUSED),
        ("donthuoc", (200, '{"token": "x"}'), Status.UNKNOWN),
        ("donthuoc", (200, "[]"), Status.UNKNOWN),
        ("donthuoc", (200, "<html>"), Status.UNKNOWN),
        ("donthuoc", (422, '{"danh_sach_cac_loi": "sai"}'), Status.REFUSED),
        ("ecds", (200, '{"thanhCong": true, "duLieu": null}'), Status.ACCEPTED),
        ("ecds", (200, '{"thanhCong": false, "maLoi": "E7"}'), Status.REFUSED),
        ("ecds", (200, '{"thanhCong": "yes"}'), Status.UNKNOWN),
        ("vinhlong", (200, '{"header": {"res_code": "HOC_NEW"}}'), Status.UNKNOWN),
        ("vinhlong", (400, '{"header": {"res_code": "HOC_NEW"}}'), Status.REFUSED),
        ("vinhlong", (202, '{"header": {"res_code": "HOC_BYT_FORWARD_PAUSED"}}'), Status.PENDING),
        ("fhir_report", (200, '{"logId": "1", "metadata": {"status": "done"}}'), Status.UNKNOWN),
        ("fhir_report", (200, '{"items": []}'), Status.UNKNOWN),
        ("fhir_report", (200, '{"logId": "1", "metadata": {"status": "error"}}'), Status.REFUSED),
        ("identity", (200, '{"success": true, "code": "NEW", "data": {}}'), Status.PENDING),
    ],
)
def test_a_doubtful_answer_is_no_acceptance(exchange, key, reply, status):
    kind, file = FILES[key]
    (outcome,) = scripted(exchange, key, (reply[0], reply[1].encode())).submit(file, kind=kind)
    assert outcome.status is status


@pytest.mark.parametrize(
    ("items", "statuses"),
    [
        ('[{"viTri": 1, "thanhCong": true, "maCaBenh": "C2"}]', ["unknown", "accepted"]),
        ('[{"thanhCong": true, "maCaBenh": "C2"}]', ["unknown", "unknown"]),
        (
            '[{"viTri": 0, "thanhCong": false, "maLoi": "SERVER_ERROR"},'
            ' {"viTri": 1, "thanhCong": false, "maLoi": "MOI"}]',
            ["missing", "refused"],
        ),
    ],
)
def test_an_item_that_a_batch_leaves_out_is_unknown(exchange, items, statuses):
    body = f'{{"thanhCong": true, "duLieu": {{"ketQua": {items}}}}}'.encode()
    outcomes = scripted(exchange, "ecds", (200, body)).submit(case(), case(), kind="case")
    assert [outcome.status.value for outcome in outcomes] == statuses
