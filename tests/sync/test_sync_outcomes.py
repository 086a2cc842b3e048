"""What is made of answers: the body decides, every documented variation is read."""

import datetime as dt
import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vnhealth.findings import Severity
from vnhealth.sync import (
    Outcome,
    RateLimited,
    Rejected,
    RemoteError,
    Status,
    SyncError,
    TimedOut,
    Unavailable,
)
from vnhealth.sync._outcome import ORDER, worst


def submit(client, make):
    return client.submit(make.claim_file(), edition="3176")


def test_a_receipt_is_not_a_verdict(face, script, make):
    script.calls.append((200, make.receipt()))
    outcome = submit(face.vss(script), make)
    assert outcome.status is Status.PENDING
    assert outcome.received
    assert not outcome.accepted
    assert not outcome.final
    assert outcome.transaction == "G1"
    assert outcome.received_at.isoformat() == "2026-08-03T08:00:05+07:00"
    assert outcome.keys == ("LK0001",)
    assert outcome.call == "claim_3176"
    assert outcome.attempts == 1


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, {"maKetQua": "200", "maGiaoDich": "G1"}, Status.PENDING),
        (200, {"maKetQua": 200, "maGiaoDich": 17}, Status.PENDING),
        (200, {"MaKetQua": "200", "MaGiaoDich": "G1"}, Status.PENDING),
        (200, {"maKetQua": " 200 "}, Status.PENDING),
        (200, {"maGiaoDich": "G1"}, Status.PENDING),
        (400, {"maKetQua": "200", "maGiaoDich": "G1"}, Status.PENDING),
        (503, {"maKetQua": "200", "maGiaoDich": "G1"}, Status.PENDING),
        (200, {"maKetQua": "205", "thongDiep": "sai"}, Status.REFUSED),
        (400, {"maKetQua": "205"}, Status.REFUSED),
        (200, {"maKetQua": 403}, Status.REFUSED),
        (403, {"maKetQua": "403"}, Status.REFUSED),
        (200, {"maKetQua": "1001"}, Status.REFUSED),
        (200, {"maKetQua": "701"}, Status.REFUSED),
        (200, {"maKetQua": "202"}, Status.REFUSED),
        (400, {"maKetQua": "999"}, Status.REFUSED),
        (200, {"maKetQua": "999"}, Status.UNKNOWN),
        (400, {"maKetQua": "999", "maGiaoDich": "G1"}, Status.UNKNOWN),
        (200, {"maKetQua": "500"}, Status.UNKNOWN),
        (200, {"maKetQua": "408"}, Status.UNKNOWN),
        (500, {"maKetQua": "999"}, Status.UNKNOWN),
        (200, b"<html>ok</html>", Status.UNKNOWN),
        (200, b"", Status.UNKNOWN),
        (200, b'{"maKetQua": "20', Status.UNKNOWN),
        (200, b"[1, 2]", Status.UNKNOWN),
        (200, {"other": 1}, Status.UNKNOWN),
        (502, b"<html>bad gateway</html>", Status.UNKNOWN),
        (504, b"", Status.UNKNOWN),
        (200, b'\xef\xbb\xbf{"maKetQua": "200"}', Status.PENDING),
        (
            200,
            '{"maKetQua":"200","thongDiep":"\u0110\xe3 nh\u1eadn"}'.encode("cp1258", "replace"),
            Status.PENDING,
        ),
        (200, json.dumps(json.dumps({"maKetQua": "200"})), Status.PENDING),
        (200, b'{"maKetQua": "200", "thoiGianTiepNhan": "hom qua"}', Status.PENDING),
    ],
)
def test_every_documented_answer_to_a_file(face, script, make, status, body, expected):
    script.calls.append((status, body))
    outcome = submit(face.vss(script), make)
    assert outcome.status is expected
    assert len(script.sent) == 1, "a file that may have been taken must not go out again"
    assert outcome.refused == bool(outcome.findings)
    assert outcome.raw.status == status


@pytest.mark.parametrize(
    ("status", "body", "error", "tries"),
    [
        (404, b"<html>", Rejected, 1),
        (404, {"Message": "No HTTP resource was found"}, Rejected, 1),
        (403, b"Forbidden", Rejected, 1),
        (413, b"<html>too large</html>", Rejected, 1),
        (302, b"", Rejected, 1),
        (501, {"code": "SBX-HTTP-01"}, Rejected, 1),
        (429, b"", RateLimited, 3),
        (503, b"<html>bao tri</html>", Unavailable, 3),
        (503, {"maKetQua": "408"}, Unavailable, 3),
    ],
)
def test_an_answer_that_rules_out_reception_raises(face, script, make, status, body, error, tries):
    script.calls.append((status, body))
    with pytest.raises(error) as caught:
        submit(face.vss(script), make)
    assert caught.value.status == status
    assert len(script.sent) == tries
    assert caught.value.code.startswith("ERR-SYNC-")
    assert caught.value.message("vi") != caught.value.message("en")


def test_a_refusal_speaks_both_languages_and_hides_the_gateways_own_words(face, script, make):
    script.calls.append((200, make.receipt("205", None, "MA_LK LK0001 sai")))
    (finding,) = submit(face.vss(script), make).findings
    assert finding.code == "SYNC-01"
    assert finding.remote_code == "205"
    assert finding.severity is Severity.ERROR
    assert "205" in finding.message_vi
    assert "sai tham số" in finding.message_vi
    assert "wrong parameter" in finding.message_en
    assert "LK0001" not in finding.message_vi
    assert finding.text("vi", values=True) == "MA_LK LK0001 sai"
    assert finding.to_dict("en")["code"] == "SYNC-01"


def result(*records, state="DA_XU_LY"):
    return {
        "maKetQua": "200",
        "maGiaoDich": "G1",
        "trangThai": state,
        "thoiGianTiepNhan": "20260803080005",
        "thoiGianXuLy": "20260803080505" if state == "DA_XU_LY" else None,
        "dsHoSo": list(records),
    }


def record(state, *errors, key="LK0001"):
    return {"maLk": key, "trangThai": state, "dsLoi": list(errors)}


ERROR = {
    "maLoi": "BHYT-VAL-01",
    "moTaLoi": "SO_LUONG: “12x” không phải là số.",
    "mucDo": "error",
    "bang": "XML3",
    "dong": 11,
    "chiTieu": "SO_LUONG",
}


def test_a_verdict_names_the_place(face, script, make):
    script.calls.append((200, result(record("TU_CHOI", ERROR))))
    client = face.vss(script)
    outcome = client.status("G1")
    assert outcome.status is Status.REFUSED
    assert outcome.final
    (finding,) = outcome.findings
    assert (finding.code, finding.path, finding.encounter) == (
        "BHYT-VAL-01",
        "XML3[11].SO_LUONG",
        0,
    )
    assert finding.text(values=True).startswith("SO_LUONG: “12x”")
    assert "12x" not in finding.message_vi
    assert outcome.judged_at - outcome.received_at == dt.timedelta(minutes=5)
    (seen,) = client.results("G1")
    assert (seen.ma_lk, seen.status) == ("LK0001", Status.REFUSED)
    assert str(script.sent[0].url) == "https://gw.example/vss/api/vnhealth/ket-qua/G1"
    assert script.sent[0].method == "GET"


def test_a_transaction_cannot_leave_its_path_segment(face, script):
    script.calls.append((200, result()))
    face.vss(script).status("../doi-soat?x=1#")
    path = script.sent[0].url.raw_path
    assert path == b"/vss/api/vnhealth/ket-qua/..%2Fdoi-soat%3Fx%3D1%23"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (result(record("CHAP_NHAN")), Status.ACCEPTED),
        (result(record("CHAP_NHAN_CO_CANH_BAO")), Status.ACCEPTED_WITH_WARNINGS),
        (result(record("CHAP_NHAN"), record("TU_CHOI", key="B")), Status.REFUSED),
        (result(record("CHO_XU_LY"), state="CHO_XU_LY"), Status.PENDING),
        (result(record("DA_THAY_THE")), Status.REPLACED),
        (result(record("MOI")), Status.UNKNOWN),
        (result(), Status.PENDING),
        ({"maKetQua": 404}, Status.MISSING),
    ],
)
def test_every_verdict(face, script, body, expected):
    script.calls.append((200, body))
    assert face.vss(script).status("G1").status is expected


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ((403, {"maKetQua": "403"}), Rejected),
        ((200, {"maKetQua": "999"}), RemoteError),
        ((404, b"<html>"), Rejected),
        ((200, b"<html>"), Unavailable),
        (httpx.ReadTimeout("x"), TimedOut),
    ],
)
def test_a_question_without_an_answer_raises(face, script, reply, error):
    script.calls.append(reply)
    with pytest.raises(error):
        face.vss(script).status("G1")


def test_questions_are_repeated_while_the_line_is_bad(face, script):
    script.calls.extend([httpx.ReadTimeout("x"), (502, b""), (200, result(record("CHAP_NHAN")))])
    assert face.vss(script).status("G1").accepted
    assert len(script.sent) == 3
    assert face.time.slept[0] < face.time.slept[1] <= 2.5


def test_waiting_polls_until_the_verdict(face, script, make):
    script.calls.extend(
        [
            (200, make.receipt()),
            (404, {"maKetQua": "404"}),
            (200, result(record("CHO_XU_LY"), state="CHO_XU_LY")),
            httpx.ConnectError("x"),
            httpx.ConnectError("x"),
            httpx.ConnectError("x"),
            (200, result(record("CHAP_NHAN"))),
        ]
    )
    client = face.vss(script)
    outcome = client.wait(submit(client, make), timeout_s=3600, every_s=600)
    assert outcome.status is Status.ACCEPTED
    assert outcome.keys == ("LK0001",)
    assert face.time.slept.count(600) == 3


def test_waiting_gives_up_without_losing_the_outcome(face, script, make):
    script.calls.extend([(200, make.receipt()), (404, {"maKetQua": "404"})])
    client = face.vss(script)
    outcome = client.wait(submit(client, make), timeout_s=30, every_s=10)
    assert outcome.status is Status.PENDING, "not yet listed is not lost"
    assert outcome.transaction == "G1"
    assert face.time.slept == [10, 10, 10]


def test_reconciliation_rows(face, script):
    row = {"ngayGui": "03/08/2026", "maCSKCB": "01001", "loaiHoSo": "130", "tongSo": "3"}
    row |= {"soHSThanhCong": 2, "soHSLoi": 1, "soHSNhan": 3, "soHSCho": None}
    script.calls.append((200, {"maKetQua": "200", "dsKQGuiHosoNgay": [row, {"ngayGui": "?"}]}))
    day = dt.date(2026, 8, 3)
    (count,) = face.vss(script).reconciliation(day, day)
    assert (count.kind, count.sent, count.accepted, count.refused) == ("claim", 3, 2, 1)
    assert count.balanced
    assert script.sent[0].url.params["tuNgay"] == "03/08/2026"


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (202, {"success": True, "code": "ACCEPTED", "data": {"tracking_id": "T1"}}, "accepted"),
        (202, {"success": True, "code": "ACCEPTED",
               "data": {"tracking_id": "T1", "status": "QUEUED"}}, "pending"),
        (200, {"success": True, "code": "ACCEPTED_DUPLICATE",
               "data": {"tracking_id": "T1", "status": "QUEUED"}}, "duplicate"),
        (200, {"success": True, "code": "ACCEPTED_WITH_WARNING", "data": None,
               "warnings": ["chua ky"]}, "accepted_with_warnings"),
        (200, {"code": "ACCEPTED"}, "accepted"),
        (200, {"success": True, "code": "NEW_WORD"}, "pending"),
        (503, {"success": True, "code": "ACCEPTED", "data": {"status": "QUEUED"}}, "pending"),
        (200, {"success": False, "code": "MACSKCB_MISMATCH"}, "refused"),
        (413, {"success": False, "code": "PAYLOAD_TOO_LARGE"}, "refused"),
        (422, {"success": False, "code": "NEW_WORD", "errors": [{"code": "E1"}]}, "refused"),
        (200, {"success": False, "code": "NEW_WORD"}, "refused"),
    ],
)  # fmt: skip
def test_every_documented_answer_of_a_repository(face, kho, make, status, body, expected):
    kho.calls.append((status, body))
    outcome = face.repository(kho).submit(make.claim_file())
    assert outcome.status == expected
    sent = kho.sent[0]
    assert sent.headers["content-type"] == "application/xml"
    assert sent.headers["authorization"] == f"Bearer {make.access}"
    assert sent.content == make.claim_file()


@pytest.mark.parametrize("field", ["expires_at", "expires_in"])
def test_a_repository_token_ends_by_either_field(face, kho, make, field):
    kho.logins[0] = (200, make.repository_login(**{field: None}))
    kho.calls.append((202, {"success": True, "code": "ACCEPTED"}))
    client = face.repository(kho)
    client.submit(make.claim_file())
    face.time.sleep(10800 - 61)
    client.submit(make.claim_file())
    assert kho.login_count == 1
    face.time.sleep(2)
    client.submit(make.claim_file())
    assert kho.login_count == 2


def test_a_list_has_pages(face, kho):
    items = [{"ma_lk": "A", "status": "ACCEPTED", "tracking_id": "T", "ma_cskcb": "01001"}]
    kho.calls.append((200, {"success": True, "code": "OK", "data": {"items": items, "total": 3}}))
    day = dt.date(2026, 8, 3)
    client = face.repository(kho)
    page = client.list_records(day, day, page=1, page_size=2, error_status="has_error")
    assert not page.last
    assert (page.total, page.items[0].status) == (3, Status.ACCEPTED)
    assert dict(kho.sent[0].url.params) == {
        "from_date": "2026-08-03",
        "to_date": "2026-08-03",
        "page": "1",
        "page_size": "2",
        "error_status": "has_error",
        "include_cancelled": "false",
    }
    assert client.list_records(day, day, page=2, page_size=2).last


def test_commands_carry_their_idempotency_key_and_may_be_repeated(face, kho):
    kho.calls.extend([httpx.ReadTimeout("x"), (200, {"success": True, "code": "CANCELLED"})])
    client = face.repository(kho)
    outcome = client.cancel("LK0001", reason="nhập nhầm", request_id="R1")
    assert outcome.status is Status.CANCELLED
    first, second = kho.sent
    assert first.content == second.content
    assert json.loads(first.content) == {
        "MA_LK": "LK0001",
        "MA_CSKCB": "01001",
        "LY_DO_HUY": "nhập nhầm",
        "MA_YEU_CAU": "R1",
    }
    kho.calls[0] = (409, {"success": False, "code": "NOT_CANCELLED"})
    assert client.restore("LK0001", reason="x", request_id="R2").refused
    kho.calls[0] = (404, {"success": False, "code": "NOT_FOUND"})
    assert client.restore("LK0001", reason="x", request_id="R3").status is Status.MISSING


def test_every_status_has_a_place_in_the_order():
    assert set(ORDER) == set(Status)
    assert worst([]) is None


ANSWERS = st.one_of(
    st.binary(max_size=60),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["maKetQua", "maGiaoDich", "thongDiep", "dsHoSo", "dsLoi", "trangThai", "bang"]
                    + ["APIKey", "code", "success", "data", "errors", "warnings", "status", "items"]
                ),
                inner,
                max_size=5,
            )
        ),
        max_leaves=12,
    ),
)


@given(body=ANSWERS, status=st.integers(200, 599))
def test_no_answer_can_break_a_client(make, body, status):
    face = make.Face(None)
    for build, act in (
        (face.vss, lambda c: c.submit(make.claim_file(), edition="3176")),
        (face.vss, lambda c: c.status("G1")),
        (face.vss, lambda c: c.reconciliation(dt.date(2026, 8, 3), dt.date(2026, 8, 3))),
        (face.repository, lambda c: c.submit(make.claim_file())),
        (face.repository, lambda c: c.status("LK0001")),
        (face.repository, lambda c: c.list_records(dt.date(2026, 8, 3), dt.date(2026, 8, 3))),
    ):
        script = make.Script()
        login = make.vss_login if build == face.vss else make.repository_login
        script.logins.append((200, login(expires_in=3600)))
        script.calls.append((status, body))
        try:
            found = act(build(script))
        except SyncError:
            continue
        if isinstance(found, Outcome):
            repr(found), str(found.raw), found.findings.to_json()


@given(body=ANSWERS, status=st.integers(200, 599))
def test_no_answer_can_break_a_login(make, body, status):
    face = make.Face(None)
    for build in (face.vss, face.repository):
        script = make.Script()
        script.logins.append((status, body))
        with pytest.raises(SyncError):
            build(script).login()
