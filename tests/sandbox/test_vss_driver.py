"""Driver health checks: an account of its own in the headers, judged at once, corrected by EDIT."""

import base64
import json

import pytest

from vnhealth.protocol import vss, vss_driver
from vnhealth.sandbox import Request

PATH = "/vss/api/hssk/gksk"
NUMBER = "00012/GKSKLX/01001/26"


class Desk:
    def __init__(self, exchange, facility="01001", username=""):
        self.exchange = exchange
        name = username or f"{facility}_HSSK"
        who = exchange.credentials(facility, "vss", username=name)
        self.headers = {"Username": name, "Password": vss.password_hash(who.password)}

    def reply(self, body, **headers):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.exchange.handle(Request("POST", PATH, {**self.headers, **headers}, body=data))

    def send(self, **changed):
        return self.reply(check(**changed)).json()


def check(**changed):
    body = {
        "SO": NUMBER,
        "HOTEN": "Nguyễn Văn Mẫu",
        "GIOITINHVAL": 0,
        "NGAYSINH": "01/02/1990",
        "IDBENHVIEN": "01001",
        "BENHVIEN": "Bệnh viện mẫu",
        "NONGDOCON": "0",
        "DVINONGDOCON": 1,
        "MATUY": 0,
        "NGAYKETLUAN": "03/08/2026",
        "BACSYKETLUAN": "Trần Thị Mẫu",
        "KETLUAN": "Đủ sức khoẻ",
        "HANGBANGLAI": "B2",
        "STATE": "ADD",
        "SIGNDATA": base64.b64encode(b"<GKSK/>").decode(),
    }
    return {name: value for name, value in {**body, **changed}.items() if value is not None}


@pytest.fixture
def desk(exchange):
    return Desk(exchange)


def test_a_check_is_taken_at_once(desk):
    found = desk.send()
    assert list(found) == ["MSG_STATE", "MSG_TEXT", "IDBENHVIEN", "SO", "UUID", "BENHVIEN"]
    assert (found["MSG_STATE"], found["SO"], found["IDBENHVIEN"]) == ("1", NUMBER, "01001")
    assert len(found["UUID"]) == 36
    (row,) = desk.exchange.reconcile()
    assert (row.kind, row.sent, row.accepted) == ("gksk", 1, 1)


def test_a_number_is_added_once_and_corrected_by_edit(desk):
    assert desk.send(STATE="EDIT")["MSG_STATE"] == "0"
    first = desk.send()["UUID"]
    assert desk.send()["MSG_STATE"] == "0"
    second = desk.send(STATE="EDIT", KETLUAN="Không đủ sức khoẻ")
    assert second["MSG_STATE"] == "1"
    assert second["UUID"] != first
    (row,) = desk.exchange.reconcile()
    assert (row.received, row.sent, row.accepted, row.replaced) == (2, 1, 1, 1)


def test_a_wrong_correction_leaves_the_earlier_one_in_force(desk):
    desk.send()
    found = desk.send(STATE="EDIT", NGAYSINH="1990")
    assert found["MSG_STATE"] == "0"
    assert "NGAYSINH" in found["MSG_TEXT"]
    (row,) = desk.exchange.reconcile()
    assert (row.received, row.accepted) == (1, 1)


@pytest.mark.parametrize(
    "changed",
    [
        {"HOTEN": None},
        {"HOTEN": " "},
        {"GIOITINHVAL": 2},
        {"GIOITINHVAL": True},
        {"NGAYSINH": "1990-02-01"},
        {"MATUY": "âm tính"},
        {"DVINONGDOCON": "2"},
        {"NGAYKHAMLAI": "32/01/2027"},
        {"SIGNDATA": "???"},
        {"SIGNDATA": None},
        {"STATE": "NEW"},
        {"HANGBANGLAI": ["B2"]},
    ],
)
def test_a_wrong_field_is_named_and_the_number_may_be_added_again(desk, changed):
    found = desk.send(**changed)
    assert found["MSG_STATE"] == "0"
    assert next(iter(changed)) in found["MSG_TEXT"]
    (row,) = desk.exchange.reconcile()
    assert (row.sent, row.refused) == (1, 1)
    assert desk.send()["MSG_STATE"] == "1"


@pytest.mark.parametrize(
    "changed",
    [
        {"SO": None},
        {"SO": "12"},
        {"SO": "00012/GKSKLX/79001/26"},
        {"IDBENHVIEN": "79001"},
        {"IDBENHVIEN": None},
    ],
)
def test_a_number_of_somebody_else_is_not_kept(desk, changed):
    assert desk.send(**changed)["MSG_STATE"] == "0"
    assert desk.exchange.reconcile() == ()


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"<a/>", b'{"SO": {}}'])
def test_a_body_that_is_none(desk, body):
    assert desk.reply(body).json()["MSG_STATE"] == "0"


def test_half_a_character_breaks_nothing(desk):
    body = json.dumps(check(BENHVIEN="x\ud800y", HOTEN="\udfff")).encode()
    assert desk.reply(body).json()["BENHVIEN"] == "x?y"


@pytest.mark.parametrize("headers", [{"Username": "x"}, {"Password": "0"}, {"Password": ""}])
def test_a_wrong_account(desk, headers):
    reply = desk.reply(check(), **headers)
    assert (reply.status, reply.json()["MSG_STATE"]) == (401, "0")
    assert desk.exchange.reconcile() == ()


def test_a_locked_account(desk):
    desk.exchange.lock_account("vss", "01001_HSSK")
    assert desk.send()["MSG_STATE"] == "0"


def test_accounts_are_for_one_purpose(exchange):
    claims = Desk(exchange, username="01001_BV")
    assert claims.reply(check()).status == 401
    checks = Desk(exchange)
    login = vss.encode_form(
        {"username": checks.headers["Username"], "password": checks.headers["Password"]}
    )
    head = {"Content-Type": vss.FORM_CONTENT_TYPE}
    reply = exchange.handle(Request("POST", "/vss/api/token/take", head, body=login))
    assert reply.json() == {"maKetQua": "401", "APIKey": None}
    assert exchange.credentials("01001").username == "01001_BV"


def test_the_table_of_fields_is_whole():
    assert all(field.required in ("yes", "no") for field in vss_driver.fields().values())
    assert not vss_driver.inspect(check())
