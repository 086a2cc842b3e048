"""The insurance gateway answers on the published wire and judges later."""

import base64
import json

import pytest

from vnhealth.protocol import gateway, vss
from vnhealth.sandbox import Request

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}


def take(exchange, body, headers):
    return exchange.handle(Request("POST", "/vss/api/token/take", headers, body=body))


@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("as_json", [False, True])
def test_login_takes_form_and_json_and_either_case_of_the_hash(exchange, lower, as_json):
    who = exchange.credentials("01001")
    hashed = vss.password_hash(who.password)
    fields = {"username": who.username, "password": hashed.lower() if lower else hashed}
    body = json.dumps(fields).encode() if as_json else vss.encode_form(fields)
    reply = take(exchange, body, JSON if as_json else FORM)
    assert reply.status == 200
    assert list(reply.json()) == ["maKetQua", "APIKey"]
    key = reply.json()["APIKey"]
    assert list(key) == ["access_token", "id_token", "token_type", "username", "expires_in"]
    assert key["expires_in"] == "2026-08-03T02:00:00.0000000Z"
    assert not set(",: ") & set(key["access_token"] + key["id_token"])
    assert key["access_token"] != key["id_token"]
    assert b'"maKetQua":"200","APIKey":{"access_token":"' in reply.body


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"username=01001_BV&password=x", FORM),
        (b"username=nobody&password=x", FORM),
        (b"", FORM),
        (b"[]", JSON),
        (b"{", JSON),
        (b"\xff\xfe=%zz", FORM),
        (b'{"username":{},"password":null}', JSON),
    ],
)
def test_a_wrong_login_is_401_with_an_empty_key(exchange, body, headers):
    reply = take(exchange, body, headers)
    assert (reply.status, reply.body) == (401, b'{"maKetQua":"401","APIKey":null}')


def test_the_clear_password_is_not_a_hash(exchange):
    who = exchange.credentials("01001")
    form = vss.encode_form({"username": who.username, "password": who.password})
    assert take(exchange, form, FORM).status == 401


def test_a_locked_account_gets_403_and_its_token_ends(exchange, caller, files):
    client = caller()
    exchange.lock_account("vss", "01001_BV")
    assert client.send(files.claim("A1")).json()["maKetQua"] == "401"
    hashed = vss.password_hash(client.who.password)
    form = vss.encode_form({"username": client.who.username, "password": hashed})
    assert take(exchange, form, FORM).json() == {"maKetQua": "403", "APIKey": None}


@pytest.mark.parametrize("edition", ["130", "4750", "3176"])
@pytest.mark.parametrize("what", ["checkin", "claim"])
def test_every_path_gives_a_receipt(exchange, caller, files, what, edition):
    file = getattr(files, what)("A1")
    reply = caller().send(file, f"{what}_{edition}")
    assert reply.status == 200
    assert list(reply.json()) == ["maKetQua", "maGiaoDich", "thoiGianTiepNhan", "thongDiep"]
    assert reply.json()["maKetQua"] == "200"
    assert reply.json()["thoiGianTiepNhan"] == "20260803080000"
    (row,) = exchange.reconcile()
    assert (row.kind, row.sent, row.pending) == (what, 1, 1)


def test_paths_do_not_mind_case(exchange, files):
    client = files.caller(exchange, "vss").login()
    path = gateway("vss").endpoint("claim_3176").path.upper()
    reply = exchange.handle(Request("POST", "/vss" + path, client.headers, body=b"x=1"))
    assert reply.json()["maKetQua"] == "403"


def test_json_is_taken_in_place_of_the_form(caller, files):
    client = caller()
    fields = {
        "username": "01001_BV",
        "loaiHoSo": 130,
        "maTinh": "01",
        "maCSKCB": "01001",
        "fileHSBase64": base64.b64encode(files.claim("A1")).decode(),
    }
    reply = client.call("claim_3176", json.dumps(fields).encode(), JSON)
    assert reply.json()["maKetQua"] == "200"


@pytest.mark.parametrize("name", ["accessToken", "tokenId", "passwordHash"])
@pytest.mark.parametrize("how", ["missing", "changed", "foreign"])
def test_each_of_the_three_headers_is_needed(exchange, caller, files, name, how):
    client = caller()
    if how == "missing":
        del client.headers[name]
    elif how == "changed":
        client.headers[name] = client.headers[name][:-1] + "!"
    else:
        client.headers[name] = caller("vss", "79001").headers[name]
    reply = client.send(files.claim("A1"))
    assert (reply.status, reply.json()["maKetQua"]) in ((401, "401"), (403, "403"))
    assert exchange.reconcile() == ()


def test_a_token_ends_after_an_hour(exchange, caller, files):
    client = caller()
    exchange.clock.advance(minutes=59, seconds=59)
    assert client.send(files.claim("A1")).status == 200
    exchange.clock.advance(seconds=1)
    reply = client.send(files.claim("A1"))
    assert (reply.status, reply.json()["maKetQua"]) == (401, "401")
    assert client.login().send(files.claim("A1")).status == 200


def test_a_token_of_another_gateway_is_no_token(caller, files):
    bearer = caller("province").headers["Authorization"].split()[1]
    client = caller()
    client.headers["accessToken"] = bearer
    assert client.send(files.claim("A1")).status == 401


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"username": "79001_BV"}, "403"),
        ({"maCSKCB": "79001", "maTinh": "79"}, "403"),
        ({"maCSKCB": ""}, "403"),
        ({"loaiHoSo": "0"}, "205"),
        ({"maTinh": "79"}, "205"),
        ({"fileHSBase64": ""}, "205"),
        ({"fileHSBase64": "???"}, "205"),
        ({"fileHSBase64": "QUJD QUJD"}, "205"),
        ({"fileHSBase64": "QUJ"}, "205"),
        ({"fileHSBase64": "é"}, "205"),
    ],
)
def test_wrong_fields_are_refused_at_the_door(exchange, caller, files, changed, code):
    reply = caller().send(files.claim("A1"), **changed)
    assert reply.json()["maKetQua"] == code
    assert reply.status in (400, 403)
    assert reply.json()["maGiaoDich"] is None
    assert exchange.reconcile() == ()


@pytest.mark.parametrize("what", ["claim", "checkin"])
def test_a_token_never_carries_the_file_of_another_facility(exchange, caller, files, what):
    reply = caller().send(getattr(files, what)("A1", facility="79001"), f"{what}_3176")
    assert (reply.status, reply.json()["maKetQua"]) == (403, "403")
    assert exchange.reconcile() == ()


def test_a_plus_sign_that_was_not_escaped_is_refused_not_repaired(caller):
    client = caller()
    body = (
        b"username=01001_BV&loaiHoSo=130&maTinh=01&maCSKCB=01001&fileHSBase64="
        + base64.b64encode(b"\xfb\xef\xbe" * 5)
    )
    assert b"+" in body
    assert client.call("claim_3176", body, FORM).json()["maKetQua"] == "205"


def test_base64_in_lines_is_taken(caller, files):
    coded = base64.encodebytes(files.claim("A1")).decode()
    assert coded.count("\n") > 1
    assert caller().send(b"", fileHSBase64=coded).json()["maKetQua"] == "200"


def test_verdict_comes_when_due_and_names_the_field(exchange, caller, files):
    client = caller()
    receipt = client.send(files.claim("R1")).json()
    number = receipt["maGiaoDich"]
    before = client.json("result", maGiaoDich=number)
    assert (before["trangThai"], before["thoiGianXuLy"]) == ("CHO_XU_LY", None)
    assert before["dsHoSo"] == [{"maLk": "R1", "trangThai": "CHO_XU_LY", "dsLoi": []}]
    exchange.clock.advance(minutes=5)
    after = client.json("result", maGiaoDich=number)
    assert (after["trangThai"], after["thoiGianXuLy"]) == ("DA_XU_LY", "20260803080500")
    (record,) = after["dsHoSo"]
    assert record["trangThai"] == "TU_CHOI"
    (error,) = record["dsLoi"]
    assert (error["maLoi"], error["bang"], error["dong"], error["chiTieu"]) == (
        *("BHYT-VAL-01", "XML1", 0, "STT"),
    )


def test_three_outcomes_are_kept_apart(exchange, caller, files):
    client = caller()
    for key in ("A1", "W1", "R1"):
        client.send(files.claim(key))
    exchange.clock.advance(minutes=5)
    states = [client.json("result_by_record", f"maLk={k}") for k in ("A1", "W1", "R1")]
    assert [s["dsHoSo"][0]["trangThai"] for s in states] == [
        *("CHAP_NHAN", "CHAP_NHAN_CO_CANH_BAO", "TU_CHOI"),
    ]
    (row,) = exchange.reconcile("vss")
    assert (row.sent, row.accepted, row.warned, row.refused, row.pending) == (3, 2, 1, 1, 0)


def test_the_same_record_again_replaces_and_gets_a_new_number(exchange, caller, files):
    client = caller()
    first = client.send(files.claim("A1")).json()["maGiaoDich"]
    second = client.send(files.claim("A1")).json()["maGiaoDich"]
    assert first != second
    exchange.clock.advance(minutes=5)
    assert client.json("result", maGiaoDich=first)["dsHoSo"][0]["trangThai"] == "DA_THAY_THE"
    assert client.json("result_by_record", "maLk=A1")["maGiaoDich"] == second
    (row,) = exchange.reconcile()
    assert (row.received, row.sent, row.accepted, row.replaced) == (2, 1, 1, 1)


def test_a_check_in_does_not_replace_the_claim(exchange, caller, files):
    client = caller()
    client.send(files.claim("A1"))
    client.send(files.checkin("A1"), "checkin_3176")
    assert [(r.kind, r.sent) for r in exchange.reconcile()] == [("checkin", 1), ("claim", 1)]
    assert client.json("result_by_record", "maLk=A1&loaiHoSo=0")["dsHoSo"][0]["maLk"] == "A1"


def test_results_of_others_are_not_found(caller, files):
    number = caller().send(files.claim("A1")).json()["maGiaoDich"]
    other = caller("vss", "79001")
    assert other.call("result", maGiaoDich=number).status == 404
    assert other.call("result", maGiaoDich="nothing").status == 404
    assert other.call("result_by_record", query="maLk=A1").status == 404
    assert other.json("result_by_record", "maLk=A1&maCSKCB=01001")["maKetQua"] == "205"


def test_reconciliation_in_the_words_of_the_gateway(exchange, caller, files):
    client = caller()
    for key in ("A1", "R1", "A1"):
        client.send(files.claim(key))
    exchange.clock.advance(days=1)
    client.login().send(files.claim("A2"))
    reply = client.json("reconciliation", "tuNgay=01/08/2026&denNgay=31/08/2026")
    days = reply["dsKQGuiHosoNgay"]
    assert [d["ngayGui"] for d in days] == ["03/08/2026", "04/08/2026"]
    shown = {name: days[0][name] for name in ("tongSo", "soHSThanhCong", "soHSLoi", "soHSCho")}
    assert shown == {"tongSo": 2, "soHSThanhCong": 1, "soHSLoi": 1, "soHSCho": 0}
    assert (days[0]["soHSNhan"], days[0]["soHSThayThe"]) == (3, 1)
    assert days[1]["soHSCho"] == 1
    assert client.json("reconciliation", "tuNgay=2026-08-01&denNgay=x")["maKetQua"] == "205"


def test_an_envelope_without_records_is_taken_and_refused_later(exchange, caller):
    client = caller()
    receipt = client.send(b"<GIAMDINHHS><MACSKCB>01001</MACSKCB></GIAMDINHHS>").json()
    assert receipt["maKetQua"] == "200"
    exchange.clock.advance(minutes=5)
    (record,) = client.json("result", maGiaoDich=receipt["maGiaoDich"])["dsHoSo"]
    assert record["trangThai"] == "TU_CHOI"
