"""Health checks: the ministry's axis with all its codes, and the health record of Hà Nội."""

import base64
import datetime as dt
import json
from functools import cache

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from vnhealth.protocol import gateway
from vnhealth.protocol.emrhub import Reply, push_header
from vnhealth.protocol.hanoi_hssk import submit_body
from vnhealth.protocol.health_check import (
    checksum_text,
    facility_number,
    sign_file,
    signed_message,
)
from vnhealth.sandbox import Exchange, Request, SqliteStore

FACILITIES = st.sampled_from(["01001", "79002"])
GATEWAYS = ["emrhub", "hanoi_hssk"]
LIFE = {"emrhub": 360_000, "hanoi_hssk": 3600}
JSON = {"Content-Type": "application/json", "service-type": "100"}
PERSONS = [f"0011010001{n:02d}" for n in range(9)]


def health_file(key="A1", *, sender="", lack="", **changed):
    values = {
        "MA_LK": key,
        "HO_TEN": "Trần Thị Mẫu",
        "NGAY_SINH": "05031901",
        "GIOI_TINH": "2",
        "MATINH_CU_TRU": "01",
        "MAXA_CU_TRU": "00001",
        "SO_CCCD": PERSONS[0],
        **changed,
    }
    inner = "".join(f"<{tag}>{v}</{tag}>" for tag, v in values.items() if tag != lack)
    return (
        "<KHAMSUCKHOE><THONGTINDONVI>"
        f"<MACSKCB>{sender or facility_number('01001')}</MACSKCB></THONGTINDONVI><THONGTINHOSO>"
        "<NGAYLAP>20260803</NGAYLAP><SOLUONGHOSO>1</SOLUONGHOSO><DANHSACHHOSO><HOSO><FILEHOSO>"
        f"<LOAIHOSO>XML1</LOAIHOSO><NOIDUNGFILE><A>{inner}</A></NOIDUNGFILE></FILEHOSO></HOSO>"
        "</DANHSACHHOSO></THONGTINHOSO><CHUKYDONVI><CKS_NGUOI_KET_LUAN/><CKS_BENH_VIEN/>"
        "</CHUKYDONVI></KHAMSUCKHOE>"
    ).encode()


class Wire:
    """One account after another at one gateway; everything said is kept for a second run."""

    def __init__(self, key, exchange=None):
        self.key = key
        self.exchange = exchange or Exchange.default(seed=7)
        self.said = []
        self.messages = 0

    @property
    def now(self):
        return self.exchange.clock.now()

    def call(self, name, body=b"", headers=JSON):
        endpoint = gateway(self.key).endpoint(name)
        path = gateway(self.key).prefix + endpoint.path
        request = Request(endpoint.method, path, headers, body=body)
        reply = self.exchange.handle(request)
        self.said.append((request, reply))
        return reply

    def wait(self, **step):
        self.exchange.clock.advance(**step)
        self.said.append((step, None))

    def login(self, facility, password=""):
        who = self.exchange.credentials(facility, self.key)
        body = {"username": who.username, "password": password or who.password}
        return self.call("login", json.dumps(body).encode())

    def token(self, facility="01001"):
        value = self.login(facility).json()
        return value["access_token"] if "access_token" in value else value["data"]["token"]

    def keys(self, token):
        return self.call("keys", headers={"Authorization": f"Bearer {token}"}).json()

    def push(self, token, facility, file, **how):
        """Send a file; at the axis signed in all three places with the keys given out."""
        head = {**JSON, "Authorization": f"Bearer {token}"}
        return self.call(
            "push" if self.key == "emrhub" else "submit", self.body(facility, file, **how), head
        )

    def body(self, facility, file, *, number=None, as_object=False, signed=True, message="message"):
        self.messages += 1
        sender = facility_number(facility)
        unique = f"{self.messages if number is None else number:032x}"
        if self.key == "hanoi_hssk":
            text = base64.b64encode(file).decode()
            return submit_body(sender, self.now, self.now.date(), unique, text)
        keys = Signer(facility)
        if signed:
            file = sign_file(file, keys.of("doctor"), keys.of("facility"))
        header = push_header(sender, self.now, unique, self.now.date())
        text = base64.b64encode(file).decode()
        data = {"file_content": text} if as_object else text
        return signed_message(header, data, keys.of(message))

    def same_bytes_again(self):
        other = Exchange.default(seed=7)
        for request, reply in self.said:
            if reply is None:
                other.clock.advance(**request)
            else:
                again = other.handle(request)
                assert (again.status, again.body) == (reply.status, reply.body)


class Signer:
    """The keys of a facility: those of a seed are asked for once."""

    def __init__(self, facility):
        self.given, self.keys = issued(facility)

    def of(self, purpose):
        return lambda data: self.keys[purpose].sign(data, padding.PKCS1v15(), hashes.SHA256())


@cache
def issued(facility):
    wire = Wire("emrhub")
    given = wire.keys(wire.token(facility))
    names = ("message", "doctor", "facility")
    return given, {n: load_pem_private_key(given[f"{n}_key"].encode(), None) for n in names}


@pytest.fixture
def axis():
    return Wire("emrhub")


def code(reply):
    return reply.json()["header"]["res_code"]


def machine(key):
    class Machine(RuleBasedStateMachine):
        def __init__(self):
            super().__init__()
            self.wire = Wire(key)
            self.tokens = []
            self.sent = []
            self.seen = {}

        @rule(facility=FACILITIES)
        def login(self, facility):
            self.tokens.append((self.wire.token(facility), facility, self.wire.now))

        @rule(facility=FACILITIES)
        def wrong_password(self, facility):
            assert self.wire.login(facility, "no").status == 401

        @rule(
            facility=FACILITIES,
            ma_lk=st.sampled_from(["A1", "A2"]),
            person=st.sampled_from(PERSONS[:3]),
            lack=st.sampled_from(["", "", "MAXA_CU_TRU"]),
            which=st.integers(0, 9),
        )
        def send(self, facility, ma_lk, person, lack, which):
            if not self.tokens:
                return
            token, owner, since = self.tokens[which % len(self.tokens)]
            sender = facility_number(facility)
            file = health_file(ma_lk, sender=sender, SO_CCCD=person, lack=lack)
            reply = self.wire.push(token, facility, file)
            over = self.wire.now >= since + dt.timedelta(seconds=LIFE[key])
            assert (reply.status == 401) == over
            if over or owner != facility:
                assert reply.status >= 400
            elif key == "hanoi_hssk":
                assert reply.json()["status"] == 200
                self.note(facility, ma_lk, lack, dt.timedelta(minutes=5))
            else:
                self.saved(reply, facility, ma_lk, person, lack)

        def saved(self, reply, facility, ma_lk, person, lack):
            if person in self.seen and self.wire.now < self.seen[person] + dt.timedelta(days=180):
                assert code(reply) == "PS_CCCD_DUPLICATE_IN_6_MONTHS"
                return
            assert code(reply) == ("PS_DS_SAVE_FAIL" if lack else "PS_DS_SAVE_SUCCESS")
            if not lack:
                self.seen[person] = self.wire.now
            self.note(facility, ma_lk, lack, dt.timedelta())

        def note(self, facility, ma_lk, lack, delay):
            self.sent.append((facility, ma_lk, bool(lack), self.wire.now + delay))

        @rule(step=st.sampled_from([{"seconds": 299}, {"hours": 1}, {"days": 200}]))
        def wait(self, step):
            self.wire.wait(**step)

        @rule()
        def books_balance(self):
            rows = self.wire.exchange.reconcile()
            latest = {(f, k): (wrong, due) for f, k, wrong, due in self.sent}
            judged = [wrong for wrong, due in latest.values() if due <= self.wire.now]
            assert sum(row.received for row in rows) == len(self.sent)
            assert sum(row.sent for row in rows) == len(latest)
            assert sum(row.pending for row in rows) == len(latest) - len(judged)
            assert sum(row.refused for row in rows) == sum(judged)
            assert {row.facility for row in rows} <= {
                facility_number("01001"),
                facility_number("79002"),
            }

        @invariant()
        def every_row_balances(self):
            store = self.wire.exchange.store
            rows = store.counts("", "", dt.date(2026, 1, 1), dt.date(2100, 1, 1))
            assert all(row.balanced for row in rows)
            assert sum(row.received for row in rows) == len(self.sent)

        def teardown(self):
            self.wire.same_bytes_again()

    return Machine


@pytest.mark.parametrize("key", GATEWAYS)
def test_any_order_of_calls_keeps_the_books_balanced(key):
    run_state_machine_as_test(
        machine(key), settings=settings(max_examples=8, stateful_step_count=15, deadline=None)
    )


@pytest.mark.parametrize("as_object", [False, True])
def test_the_axis_saves_and_signs_its_answer(axis, as_object):
    token = axis.token()
    reply = axis.push(token, "01001", health_file(), as_object=as_object)
    assert code(reply) == "PS_DS_SAVE_SUCCESS"
    found = Reply.from_json(reply.json())
    over = checksum_text(
        found.header, json.dumps(found.data, ensure_ascii=False, separators=(",", ":"))
    )
    key = load_pem_public_key(Signer("01001").given["axis_key"].encode())
    key.verify(base64.b64decode(found.signature), over, padding.PKCS1v15(), hashes.SHA256())
    assert found.header["txn_id"].startswith("DS-9520000010010-")


def test_an_object_may_be_signed_over_the_whole_object(axis):
    sign = Signer("01001")
    file = sign_file(health_file(), sign.of("doctor"), sign.of("facility"))
    data = {"file_content": base64.b64encode(file).decode()}
    header = push_header("9520000010010", axis.now, "1" * 32, axis.now.date())
    over = checksum_text(header, json.dumps(data, separators=(",", ":")))
    signature = base64.b64encode(sign.of("message")(over)).decode()
    body = json.dumps({"header": header, "data": data, "signature": signature}).encode()
    head = {**JSON, "Authorization": f"Bearer {axis.token()}"}
    assert code(axis.call("push", body, head)) == "PS_DS_SAVE_SUCCESS"


def test_the_same_message_gives_the_same_answer_and_another_may_not_take_its_number(axis):
    token = axis.token()
    body = axis.body("01001", health_file())
    head = {**JSON, "Authorization": f"Bearer {token}"}
    first = axis.call("push", body, head)
    other = axis.body("01001", health_file("A2", SO_CCCD=PERSONS[1]), number=1)
    assert code(axis.call("push", other, head)) == "CM_INVALID_REQUEST"
    axis.wait(days=1)
    assert axis.call("push", body, head).body == first.body
    (row,) = axis.exchange.reconcile("emrhub")
    assert (row.received, row.accepted) == (1, 1)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"signed": False}, "PS_DS_CA_SIGNATURE_MISSING"),
        ({"message": "doctor"}, "PS_DS_RSA_SIGNATURE_INVALID"),
    ],
)
def test_wrong_signatures(axis, how, said):
    assert code(axis.push(axis.token(), "01001", health_file(), **how)) == said
    assert axis.exchange.reconcile("emrhub") == ()


def test_a_signed_file_cannot_be_changed(axis):
    keys = Signer("01001")
    file = sign_file(health_file(), keys.of("doctor"), keys.of("facility"))
    swapped = sign_file(health_file(), keys.of("facility"), keys.of("doctor"))
    changed = file.replace(b"TRU>00001<", b"TRU>00002<")
    no_base64 = file.replace(b"<CKS_BENH_VIEN>", b"<CKS_BENH_VIEN>!")
    token = axis.token()
    for wrong in (swapped, changed, no_base64):
        reply = axis.push(token, "01001", wrong, signed=False)
        assert code(reply) == "PS_DS_CA_SIGNATURE_INVALID"


@pytest.mark.parametrize(
    "changed",
    [
        {"GIOI_TINH": "1"},
        {"NGAY_SINH": "05031902"},
        {"NGAY_SINH": "19020305"},
    ],
)
def test_a_person_whose_number_says_otherwise_is_not_verified(axis, changed):
    assert code(axis.push(axis.token(), "01001", health_file(**changed))) == "PS_DS_VERIFY_FAIL"


def test_one_examination_in_six_months_over_all_facilities(axis):
    number = facility_number("79002")
    tokens = {facility: axis.token(facility) for facility in ("01001", "79002")}
    assert code(axis.push(tokens["01001"], "01001", health_file())) == "PS_DS_SAVE_SUCCESS"
    again = health_file("B1", sender=number)
    reply = axis.push(tokens["79002"], "79002", again)
    assert code(reply) == "PS_CCCD_DUPLICATE_IN_6_MONTHS"
    axis.wait(days=183)
    token = axis.token("79002")
    assert code(axis.push(token, "79002", again)) == "PS_CCCD_DUPLICATE_IN_6_MONTHS"
    axis.wait(days=1)
    assert code(axis.push(token, "79002", again)) == "PS_DS_SAVE_SUCCESS"


def test_the_end_of_six_months_in_a_short_month():
    axis = Wire("emrhub")
    axis.wait(days=28)
    assert axis.now.astimezone().date() == dt.date(2026, 8, 31)
    assert code(axis.push(axis.token(), "01001", health_file())) == "PS_DS_SAVE_SUCCESS"
    axis.wait(days=181)
    assert code(axis.push(axis.token(), "01001", health_file("A2"))).endswith("6_MONTHS")
    axis.wait(days=1)
    assert code(axis.push(axis.token(), "01001", health_file("A2"))) == "PS_DS_SAVE_SUCCESS"


def test_a_refused_file_does_not_count_as_an_examination(axis):
    token = axis.token()
    reply = axis.push(token, "01001", health_file(lack="HO_TEN"))
    assert code(reply) == "PS_DS_SAVE_FAIL"
    assert "GW-KSK-07" in reply.json()["data"]["data_state_msg"]
    assert code(axis.push(token, "01001", health_file())) == "PS_DS_SAVE_SUCCESS"
    (row,) = axis.exchange.reconcile("emrhub")
    assert (row.received, row.replaced, row.accepted) == (2, 1, 1)


@pytest.mark.parametrize(
    "changed",
    [
        {"sender_id": "01001"},
        {"receiver_id": "HCC"},
        {"txn_type": "sync_ehr"},
        {"msg_type": "102"},
        {"data_type": "json/base64"},
        {"msg_id": "1"},
        {"msg_id": "9520000010010260803" + "g" * 32},
        {"msg_id": None},
        {"send_datetime": 1785718800},
    ],
)
@pytest.mark.parametrize("key", GATEWAYS)
def test_every_field_of_the_header_counts(key, changed):
    wire = Wire(key)
    message = json.loads(wire.body("01001", health_file()))
    message["header"] |= changed
    head = {**JSON, "Authorization": f"Bearer {wire.token()}"}
    name = "push" if key == "emrhub" else "submit"
    assert wire.call(name, json.dumps(message).encode(), head).status == 400
    assert wire.exchange.reconcile(key) == ()


@pytest.mark.parametrize("key", GATEWAYS)
@pytest.mark.parametrize("part", ["header", "data", "signature"])
@pytest.mark.parametrize("value", [None, 1, [], {}, "!"])
def test_messages_of_another_shape(key, part, value):
    wire = Wire(key)
    message = {**json.loads(wire.body("01001", health_file())), part: value}
    head = {**JSON, "Authorization": f"Bearer {wire.token()}"}
    name = "push" if key == "emrhub" else "submit"
    reply = wire.call(name, json.dumps(message).encode(), head)
    taken = key == "hanoi_hssk" and (part, value) == ("signature", "!")
    assert bool(wire.exchange.reconcile(key)) == taken
    assert taken or reply.status == 400 or code(reply).startswith("PS_DS_RSA_SIGNATURE")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.mark.parametrize("key", GATEWAYS)
def test_no_message_breaks_a_gateway(key):
    wire = Wire(key)
    head = {**JSON, "Authorization": f"Bearer {wire.token()}"}
    good = json.loads(wire.body("01001", health_file()))
    name = "push" if key == "emrhub" else "submit"

    @settings(max_examples=60, deadline=None)
    @given(field=st.sampled_from(sorted(good["header"])), value=ANYTHING, whole=st.booleans())
    def send(field, value, whole):
        message = {"header": value, "data": value, "signature": value} if whole else good
        if not whole:
            message = {**good, "header": {**good["header"], field: value, "more": value}}
        reply = wire.call(name, json.dumps(message).encode(), head)
        assert reply.status in (200, 400, 403)

    send()
    assert (
        wire.call(name, b'{"header":{"a":"\\ud800"},"data":"\\ud800","signature":""}', head).status
        == 400
    )


def test_the_axis_wants_its_service_type(axis):
    head = {"Authorization": f"Bearer {axis.token()}"}
    reply = axis.call("push", axis.body("01001", health_file()), head)
    assert (reply.status, code(reply)) == (400, "CM_INVALID_REQUEST")


def test_files_of_another_kind(axis, files):
    token = axis.token()
    assert code(axis.push(token, "01001", files.claim("A1"))) == "CM_INVALID_REQUEST"
    foreign = health_file(sender=facility_number("79002"))
    assert code(axis.push(token, "01001", foreign)) == "CM_AUTH_PERMISSION"


@pytest.mark.parametrize("key", GATEWAYS)
def test_a_token_of_one_gateway_opens_no_other(key):
    wire = Wire(key)
    for other in ("vss", "hanoi_hssk" if key == "emrhub" else "emrhub"):
        token = Wire(other, wire.exchange).token() if other != "vss" else "x.y"
        assert wire.push(token, "01001", health_file()).status == 401
    assert wire.exchange.reconcile() == ()


@pytest.mark.parametrize("key", GATEWAYS)
def test_refusals_for_the_fault_plan_have_the_form_of_the_gateway(key):
    front = Exchange.default(seed=7).front(key)
    said = "CM_AUTH_EXPIRED" if key == "emrhub" else "401"
    for endpoint in gateway(key).endpoints.values():
        answer = front.refuse(endpoint, said, None)
        assert (answer.response.status, answer.code) == (401, said)
        assert front.refuse(endpoint, said, 200).response.status == 200


def test_hanoi_judges_later_and_tells_nobody():
    wire = Wire("hanoi_hssk")
    token = wire.token()
    wire.push(token, "01001", health_file())
    wire.push(token, "01001", health_file("A2", lack="SO_CCCD"))
    assert [row.pending for row in wire.exchange.reconcile()] == [2]
    wire.wait(minutes=5)
    assert [(row.accepted, row.refused) for row in wire.exchange.reconcile()] == [(1, 1)]


def test_what_the_axis_remembers_outlives_the_process(tmp_path):
    def opened():
        return Wire("emrhub", Exchange.default(seed=7, store=SqliteStore(tmp_path / "s.db")))

    axis = opened()
    body = axis.body("01001", health_file())
    head = {**JSON, "Authorization": f"Bearer {axis.token()}"}
    first = axis.call("push", body, head)
    axis.exchange.close()
    axis = opened()
    assert axis.call("push", body, head).body == first.body
    other = axis.body("01001", health_file("A2"), number=2)
    assert code(axis.call("push", other, head)) == "PS_CCCD_DUPLICATE_IN_6_MONTHS"
    (row,) = axis.exchange.reconcile("emrhub")
    assert (row.received, row.accepted) == (1, 1)
    axis.exchange.close()


def test_an_answer_that_could_not_be_kept_keeps_no_file_either(tmp_path, monkeypatch):
    store = SqliteStore(tmp_path / "s.db")
    axis = Wire("emrhub", Exchange.default(seed=7, store=store))
    head = {**JSON, "Authorization": f"Bearer {axis.token()}"}
    body = axis.body("01001", health_file())
    kept = store.put

    def full(space, key, value):
        if space.startswith("emrhub:message"):
            raise OSError("disk full")
        kept(space, key, value)

    monkeypatch.setattr(store, "put", full)
    with pytest.raises(OSError, match="full"):
        axis.call("push", body, head)
    monkeypatch.undo()
    assert axis.exchange.reconcile("emrhub") == ()
    assert code(axis.call("push", body, head)) == "PS_DS_SAVE_SUCCESS"
    axis.exchange.close()
