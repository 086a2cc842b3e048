"""Whatever a gateway answers, its client gives an outcome or an error of its own, never a guess."""

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vnhealth.protocol.health_check import facility_number
from vnhealth.sync import Credentials, RetryPolicy, Status, SyncError, connect

CLAIMS = ("hanoi", "dienbien", "cantho", "hoc")
GATEWAYS = (*CLAIMS, "emrhub", "hanoi_hssk")
KEYS = [
    *("maKetQua", "apiKey", "accessToken", "expiresIn", "fileResults", "maGiaoDich", "thongDiep"),
    *("access_token", "expiresTime", "trangThai", "maLoi", "success", "token", "time", "message"),
    *("response3176", "TotalFailed", "TotalSucceed", "Inserted", "Updated", "ListLoi", "MA_LK"),
    *("code", "result", "expires_in", "header", "data", "res_code", "txn_id", "duration", "status"),
    "IdLanGui",
]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-1, 300)
    | st.sampled_from([1.0, "200", "1", "2", "x", "500", "CM_SUCCESS", "PS_DS_SAVE_SUCCESS"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYS), inner),
    max_leaves=8,
)
LOGIN = {
    "hanoi": {"maKetQua": True, "apiKey": {"accessToken": "t"}},
    "dienbien": {"access_token": "t"},
    "cantho": {"success": True, "token": "t"},
    "hoc": {"access_token": "t"},
    "emrhub": {"header": {"res_code": "CM_SUCCESS"}, "data": {"token": "t"}},
    "hanoi_hssk": {"code": 200, "access_token": "t"},
}


def submitted(make, clinic, key, login, answer, status):
    """What comes of one file when the gateway answers so."""
    calls = []

    def wire(request):
        calls.append(request)
        first = len(calls) == 1
        return httpx.Response(200 if first else status, json=login if first else answer)

    own = key in CLAIMS
    facility = "01001" if own else facility_number("01001")
    account = Credentials("https://gw.example", "u", "p", facility, sign=lambda data: b"s")
    gate = connect(
        key,
        account,
        transport=httpx.MockTransport(wire),
        sleep=lambda _: None,
        retry=RetryPolicy(attempts=1),
    )
    file = make.claim_file() if own else clinic.unsigned()
    return gate.submit(file, kind="claim" if own else "health_check")[0]


@pytest.mark.parametrize("key", GATEWAYS)
def test_any_answer_to_a_file_is_an_outcome_or_an_error_of_ours(make, clinic, key):
    @settings(max_examples=100, deadline=None)
    @given(answer=VALUES, status=st.sampled_from([200, 201, 400, 401, 404, 500]))
    def check(answer, status):
        try:
            outcome = submitted(make, clinic, key, LOGIN[key], answer, status)
        except SyncError:
            return
        assert isinstance(outcome.status, Status)

    check()


@pytest.mark.parametrize("key", GATEWAYS)
def test_any_answer_to_a_login_is_a_session_or_an_error_of_ours(make, clinic, key):
    @settings(max_examples=50, deadline=None)
    @given(login=VALUES)
    def check(login):
        try:
            submitted(make, clinic, key, login, {}, 502)
        except SyncError:
            return

    check()


@pytest.mark.parametrize(
    ("key", "status", "answer", "expected"),
    [
        ("cantho", 200, {"response3176": {"TotalFailed": 0, "Inserted": 1}}, "accepted"),
        ("cantho", 200, {"response3176": {"TotalFailed": "0", "TotalSucceed": "1"}}, "accepted"),
        ("cantho", 200, {"response3176": {"TotalFailed": 0}}, "unknown"),
        ("cantho", 200, {"response3176": {"TotalFailed": 1.0, "Inserted": 1}}, "unknown"),
        ("cantho", 200, {"response3176": {"Inserted": 1}}, "unknown"),
        (
            "cantho",
            200,
            {"response3176": {"TotalFailed": 0, "Inserted": 1, "ListLoi": [{"MA_LK": "LK0001"}]}},
            "refused",
        ),
        ("dienbien", 200, {"trangThai": 1, "maGiaoDich": "G"}, "accepted"),
        ("dienbien", 201, {"trangThai": 1, "maGiaoDich": "G"}, "accepted"),
        ("dienbien", 200, {"trangThai": 2, "maGiaoDich": "G"}, "refused"),
        ("dienbien", 201, {"trangThai": "2", "maLoi": "Lỗi khác"}, "refused"),
        ("dienbien", 200, {"trangThai": None, "maGiaoDich": "G"}, "unknown"),
        ("hanoi", 200, {"maKetQua": 200, "fileResults": [{"maGiaoDich": "G"}]}, "pending"),
        ("hanoi", 200, {"maKetQua": "200", "totalSuccess": 1}, "unknown"),
        ("hanoi", 200, {"maKetQua": "200", "fileResults": [{}, {}]}, "unknown"),
        (
            "hanoi",
            200,
            {"maKetQua": "200", "fileResults": [{"maGiaoDich": "G", "maKetQua": "7"}]},
            "unknown",
        ),
        ("hanoi", 200, {"maKetQua": "200", "fileResults": [{"maKetQua": "500"}]}, "missing"),
        ("hoc", 200, {"code": "200", "message": "success", "result": "G"}, "pending"),
        ("hoc", 400, {"code": 400, "message": "x", "result": None}, "refused"),
        ("emrhub", 200, {"header": {"res_code": "PS_SYNC_SUCCESS"}}, "accepted"),
        ("emrhub", 200, {"header": {"res_code": "PS_DS_VERIFY_SUCCESS"}}, "pending"),
        ("emrhub", 200, {"header": {"res_code": "PS_SIGNATURE_INVALID"}}, "refused"),
        ("emrhub", 200, {"header": {"res_code": "PS_NEW"}}, "unknown"),
        ("hanoi_hssk", 200, {"status": "200", "maGiaoDich": "G"}, "pending"),
    ],
)
def test_answers_seen_or_feared(make, clinic, key, status, answer, expected):
    assert submitted(make, clinic, key, LOGIN[key], answer, status).status == expected
