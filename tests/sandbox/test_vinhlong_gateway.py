"""Vĩnh Long: the provincial calls, health checks on their way to the ministry, personal records."""

import base64
import json

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from vnhealth.protocol import gateway
from vnhealth.protocol.health_check import facility_number
from vnhealth.protocol.vinhlong import read_personal_record
from vnhealth.sandbox import Exchange, Request


def health_file(key, facility="01001", name="Nguyễn Văn Mẫu"):
    return (
        f"<KHAMSUCKHOE><THONGTINDONVI><MACSKCB>{facility_number(facility)}</MACSKCB>"
        "</THONGTINDONVI><THONGTINHOSO><SOLUONGHOSO>1</SOLUONGHOSO><DANHSACHHOSO><HOSO><FILEHOSO>"
        f"<LOAIHOSO>XML1</LOAIHOSO><NOIDUNGFILE><HANH_CHINH><MA_LK>{key}</MA_LK>"
        f"<HO_TEN>{name}</HO_TEN><NGAY_SINH>05031980</NGAY_SINH><GIOI_TINH>1</GIOI_TINH>"
        "<MATINH_CU_TRU>01</MATINH_CU_TRU><MAXA_CU_TRU>00001</MAXA_CU_TRU>"
        "<SO_CCCD>001080990001</SO_CCCD></HANH_CHINH></NOIDUNGFILE></FILEHOSO></HOSO>"
        "</DANHSACHHOSO></THONGTINHOSO><CHUKYDONVI/></KHAMSUCKHOE>"
    ).encode()


def message_id(number, facility="01001"):
    return f"{facility_number(facility)}260803{number:032x}"


def message(number, key="KSK1", facility="01001", **more):
    header = {
        "version": "1.0.6",
        "sender_id": facility_number(facility),
        "receiver_id": "TDLBYT",
        "txn_type": "sync_checkup",
        "msg_id": message_id(number, facility),
        "msg_type": "101",
        "data_type": "xml/base64",
        "send_datetime": "1785718800000",
    }
    data = base64.b64encode(health_file(key, facility, **more)).decode()
    return {"header": header, "data": data, "signature": ""}


def personal(request_id, unit="01001", body="a"):
    header = f"<SENDER_CODE>{unit}</SENDER_CODE><REQUEST_ID>{request_id}</REQUEST_ID>"
    return f"<HOSO><HEADER>{header}</HEADER><BODY>{body}</BODY></HOSO>".encode()


class Client:
    """One facility at the gateway of Vĩnh Long."""

    def __init__(self, exchange, facility="01001"):
        self.exchange = exchange
        self.facility = facility
        self.headers = {}

    def call(self, name, body=b"", query="", kind="application/json"):
        endpoint = gateway("vinhlong").endpoint(name)
        headers = {"Content-Type": kind, **self.headers}
        path = "/vinhlong" + endpoint.path
        return self.exchange.handle(Request(endpoint.method, path, headers, query, body))

    def login(self):
        who = self.exchange.credentials(self.facility, "vinhlong")
        fields = {"username": who.username, "password": who.password}
        data = self.call("login", json.dumps(fields).encode()).json()["data"]
        self.headers = {"Authorization": "Bearer " + data["access_token"]}
        return self

    def push(self, number, **more):
        body = json.dumps(message(number, facility=self.facility, **more)).encode()
        return self.call("health_push", body)

    def forwarded(self, number):
        sender = facility_number(self.facility)
        query = f"sender_id={sender}&msg_id={message_id(number, self.facility)}"
        return self.call("health_forwarded", query=query)

    def personal(self, request_id, **more):
        return self.call("personal", personal(request_id, **more), kind="application/xml")


@pytest.fixture
def exchange():
    return Exchange.default(seed=7)


@pytest.fixture
def client(exchange):
    return Client(exchange).login()


def code(reply):
    return reply.json()["code"]


def test_encounters_are_those_of_the_provincial_contract(exchange, client, files):
    exchange = Exchange.default(seed=7, checker=files.judge)
    client = Client(exchange).login()
    reply = client.call("submit", files.claim("R1"), kind="application/xml")
    assert code(reply) == "ACCEPTED"
    exchange.clock.advance(minutes=5)
    assert client.call("status", query="ma_lk=R1").json()["data"]["status"] == "REJECTED"
    assert not {"checkin", "who_is", "reconciliation"} & set(gateway("vinhlong").endpoints)


def test_a_health_check_is_passed_on_to_the_ministry(client):
    reply = client.push(1)
    assert reply.json()["header"]["res_code"] == "PS_DS_SAVE_SUCCESS"
    assert reply.json()["header"]["ref_msg_id"] == message_id(1)
    tracking = reply.header("X-HOC-Tracking-Id")
    (row,) = client.forwarded(1).json()["data"]["requests"]
    assert (row["tracking_id"], row["byt_status"]) == (tracking, "PENDING")
    assert row["hoc_validation_status"] is None
    client.exchange.clock.advance(minutes=5)
    (row,) = client.forwarded(1).json()["data"]["requests"]
    assert (row["hoc_validation_status"], row["byt_status"]) == ("VALID", "BYT_ACCEPTED")


def test_a_wrong_health_check_stays_here_with_its_errors(client):
    client.push(1, name="")
    client.exchange.clock.advance(minutes=5)
    (row,) = client.forwarded(1).json()["data"]["requests"]
    assert (row["hoc_validation_status"], row["byt_status"]) == ("INVALID", None)
    status = client.call("health_status", query="ma_lk=KSK1").json()
    assert status["data"]["validation_status"] == "INVALID"
    assert [error["field"] for error in status["errors"]] == ["HO_TEN"]


def test_the_same_message_gives_the_same_bytes_and_another_may_not_take_its_number(client):
    first = client.push(1)
    again = client.push(1)
    assert (again.body, again.header("x-hoc-tracking-id")) == (
        first.body,
        first.header("x-hoc-tracking-id"),
    )
    assert code(client.push(1, key="KSK2")) == "REQUEST_ID_CONFLICT"
    client.push(2)
    (row,) = client.exchange.reconcile()
    assert (row.kind, row.received, row.replaced) == ("health_check", 2, 1)
    (old,) = client.forwarded(1).json()["data"]["requests"]
    assert old["hoc_status"] == "REPLACED"


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m["header"].update(msg_type="102"),
        lambda m: m["header"].update(msg_id="x"),
        lambda m: m["header"].update(send_datetime="2026"),
        lambda m: m.update(data="???"),
        lambda m: m.update(data=base64.b64encode(b"<GIAMDINHHS/>").decode()),
        lambda m: m.update(header=None),
    ],
)
def test_messages_that_are_none(client, change):
    value = message(1)
    change(value)
    reply = client.call("health_push", json.dumps(value).encode())
    assert (reply.status, code(reply)) == (400, "CM_INVALID_REQUEST")
    assert client.exchange.reconcile() == ()


def test_a_health_check_of_another_facility_is_refused(client):
    body = json.dumps(message(1, facility="79001")).encode()
    assert code(client.call("health_push", body)) == "ORG_MISMATCH"
    query = f"sender_id={facility_number('79001')}&msg_id={message_id(1)}"
    assert code(client.call("health_forwarded", query=query)) == "ORG_MISMATCH"
    assert code(client.forwarded(9)) == "NOT_FOUND"


def test_what_is_too_large_or_switched_off(client):
    assert code(client.call("health_push", b"{" + b" " * 10 * 2**20)) == "PAYLOAD_TOO_LARGE"
    big = personal("R1", body="x" * 10 * 2**20)
    assert code(client.call("personal", big, kind="text/xml")) == "PAYLOAD_TOO_LARGE"
    reply = client.call("health_legacy", b"{}")
    assert (reply.status, code(reply)) == (410, "KSK_LEGACY_API_DISABLED")


def test_a_list_of_health_checks_covers_three_months_at_most(client):
    client.push(1)
    client.personal("R1")
    rows = client.call("health_list", query="from_date=2026-08-01&to_date=2026-08-31").json()
    assert [row["ma_lk"] for row in rows["data"]["items"]] == ["KSK1"]
    long = client.call("health_list", query="from_date=2026-01-01&to_date=2026-08-31")
    assert code(long) == "INVALID_REQUEST"
    assert client.call("list").json()["data"]["items"] == []


def test_personal_records_and_their_request_ids(client):
    first = client.personal("R1")
    again = client.personal("R1")
    assert (code(first), code(again)) == ("ACCEPTED", "ACCEPTED_DUPLICATE")
    assert first.json()["data"]["tracking_id"] == again.json()["data"]["tracking_id"]
    assert code(client.personal("R1", body="b")) == "REQUEST_ID_CONFLICT"
    assert code(client.personal("R2", unit="79001")) == "ORG_MISMATCH"
    assert code(client.personal("R" * 101)) == "INVALID_REQUEST"
    assert code(client.personal("R" * 100)) == "ACCEPTED"
    assert client.call("personal", b"{}").status == 415


@pytest.mark.parametrize("data", [b"", b"x", b"<A/>", b"<A><HEADER/></A>", b"<!DOCTYPE a><A/>"])
def test_files_without_a_header(client, data):
    assert read_personal_record(data) is None
    assert code(client.call("personal", data, kind="application/xml")) == "INVALID_REQUEST"


class Machine(RuleBasedStateMachine):
    """Against a model: messages by number, records by key, personal records by REQUEST_ID."""

    facilities = st.sampled_from(["01001", "79001"])

    def __init__(self):
        super().__init__()
        self.exchange = Exchange.default(seed=7)
        self.clients = {f: Client(self.exchange, f).login() for f in ("01001", "79001")}
        self.messages = {}
        self.personal = {}

    @rule(facility=facilities, number=st.integers(1, 4), key=st.sampled_from(["K1", "K2"]))
    def push(self, facility, number, key):
        reply = self.clients[facility].push(number, key=key)
        known = self.messages.get((facility, number))
        assert reply.status == (409 if known not in (None, key) else 200)
        if known is None:
            self.messages[facility, number] = key

    @rule(facility=facilities, request=st.sampled_from(["R1", "R2"]), body=st.sampled_from("ab"))
    def send_personal(self, facility, request, body):
        reply = self.clients[facility].personal(request, unit=facility, body=body)
        known = self.personal.setdefault((facility, request), body)
        wanted = ("ACCEPTED", "ACCEPTED_DUPLICATE") if known == body else ("REQUEST_ID_CONFLICT",)
        assert code(reply) in wanted

    @rule(facility=facilities, minutes=st.sampled_from([0, 5, 180]))
    def wait(self, facility, minutes):
        client = self.clients[facility]
        other = self.exchange.handle(
            Request("GET", "/province/api/xac-thuc/thong-tin", client.headers)
        )
        assert other.status == 401
        self.exchange.clock.advance(minutes=minutes)
        if minutes == 180:
            for one in self.clients.values():
                assert one.call("whoami").status == 401
                one.login()

    @invariant()
    def books(self):
        rows = self.exchange.reconcile()
        assert all(row.balanced for row in rows)
        health = [row for row in rows if row.kind == "health_check"]
        live = {(facility, key) for (facility, _), key in self.messages.items()}
        assert sum(row.received for row in health) == len(self.messages)
        assert sum(row.sent for row in health) == len(live)
        records = [row for row in rows if row.kind == "personal"]
        assert sum(row.received for row in records) == len(self.personal)


def test_any_order_of_calls_keeps_the_books():
    run_state_machine_as_test(
        Machine, settings=settings(max_examples=20, stateful_step_count=15, deadline=None)
    )


def test_the_same_seed_gives_the_same_bytes():
    def night():
        client = Client(Exchange.default(seed=11)).login()
        return client.headers, client.push(1).body, client.personal("R1").body

    assert night() == night()
