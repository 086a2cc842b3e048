"""Hà Nội, Điện Biên, Cần Thơ and HOC: whatever is called in whatever order, the books balance."""

import base64
import datetime as dt
import json

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from vnhealth.protocol import gateway, hanoi, hoc, vss
from vnhealth.sandbox import Exchange, Fault, Request

KEYS = st.lists(st.sampled_from(["A1", "W2", "R3"]), min_size=1, max_size=3, unique=True)
FACILITIES = st.sampled_from(["01001", "79002"])
GATEWAYS = ["hanoi", "dienbien", "cantho", "hoc"]
LIFE = {"hanoi": 3600, "dienbien": 7200, "cantho": 10800, "hoc": 1800}
AT_ONCE = {"dienbien", "cantho"}
JSON = {"Content-Type": "application/json"}
MULTIPART = {"Content-Type": "multipart/form-data; boundary=frontier"}


def multipart(**parts):
    body = b""
    for name, value in parts.items():
        data = value if isinstance(value, bytes) else value.encode()
        body += b'--frontier\r\nContent-Disposition: form-data; name="%b"' % name.encode()
        body += b"\r\n\r\n" + data + b"\r\n"
    return body + b"--frontier--\r\n"


class Wire:
    """The wire of each gateway, and a record of all that was said on it."""

    def __init__(self, key, make):
        self.key = key
        self.make = make
        self.exchange = make()
        self.said = []

    def call(self, name, body, headers, **args):
        endpoint = gateway(self.key).endpoint(name)
        path = gateway(self.key).prefix + endpoint.path.format(**args)
        request = Request(endpoint.method, path, headers, body=body)
        reply = self.exchange.handle(request)
        self.said.append((request, reply))
        return reply

    def wait(self, seconds):
        self.exchange.clock.advance(seconds=seconds)
        self.said.append((seconds, None))

    def login(self, facility, password=""):
        who = self.exchange.credentials(facility, self.key)
        fields = {"username": who.username, "password": password or who.password}
        if self.key == "hanoi":
            body, headers = hanoi.login_body(*fields.values(), facility), JSON
        elif self.key == "hoc":
            more = {"grant_type": "password", "client_id": hoc.CLIENT_ID}
            body, headers = vss.encode_form({**more, **fields}), {}
        else:
            body, headers = multipart(**fields), MULTIPART
        return self.call("login", body, headers)

    def token(self, facility):
        value = self.login(facility).json()
        found = value.get("apiKey") or value
        return found.get("accessToken") or found.get("access_token") or found["token"]

    def send(self, token, facility, *files):
        head = {"Authorization": f"Bearer {token}"}
        if self.key == "hanoi":
            coded = [base64.b64encode(file).decode() for file in files]
            return self.call("submit", hanoi.submit_body(facility, coded), {**head, **JSON})
        if self.key == "hoc":
            head |= {"tinh": facility[:2], "csyt": facility, "Content-Type": "application/xml"}
            return self.call("submit", files[0], head)
        part = {"files": files[0]} if self.key == "dienbien" else {"type": "3176", "file": files[0]}
        return self.call("submit", multipart(**part), {**head, **MULTIPART})

    def same_bytes_again(self):
        """The same seed and the same calls give the same bytes."""
        other = self.make()
        for request, reply in self.said:
            if reply is None:
                other.clock.advance(seconds=request)
            else:
                again = other.handle(request)
                assert (again.status, again.headers, again.body) == (
                    reply.status,
                    reply.headers,
                    reply.body,
                )


@pytest.fixture(params=GATEWAYS)
def wire(request, files):
    return Wire(request.param, lambda: Exchange.default(seed=7, checker=files.judge))


def machine(key, files):
    """A state machine with a model of its own: every acknowledged record, in order."""

    class Machine(RuleBasedStateMachine):
        def __init__(self):
            super().__init__()
            self.wire = Wire(key, lambda: Exchange.default(seed=7, checker=files.judge))
            self.sent = []
            self.tokens = []

        @property
        def now(self):
            return self.wire.exchange.clock.now()

        @rule(facility=FACILITIES)
        def login(self, facility):
            self.tokens.append((self.wire.token(facility), facility, self.now))

        @rule(facility=FACILITIES)
        def wrong_password(self, facility):
            assert self.wire.login(facility, "no").status == 401

        @rule(facility=FACILITIES, keys=KEYS, which=st.integers(0, 9), double=st.booleans())
        def send(self, facility, keys, which, double):
            if not self.tokens:
                return
            token, owner, since = self.tokens[which % len(self.tokens)]
            file = files.claim(*keys, facility=facility)
            copies = 2 if double and key == "hanoi" else 1
            reply = self.wire.send(token, facility, *[file] * copies)
            over = self.now >= since + dt.timedelta(seconds=LIFE[key])
            assert (reply.status == 401) == over
            if over or owner != facility:
                assert reply.status >= 400
                return
            assert reply.status in (200, 201)
            self.wrong_is_told(reply, keys)
            due = self.now + dt.timedelta(minutes=0 if key in AT_ONCE else 5)
            self.sent += [(facility, k, due) for _ in range(copies) for k in keys]

        def wrong_is_told(self, reply, keys):
            value, wrong = reply.json(), "R3" in keys
            if key == "dienbien":
                assert (reply.status, value["trangThai"]) == ((201, 2) if wrong else (200, 1))
            elif key == "cantho":
                found = value["response3176"]
                assert found["TotalFailed"] == wrong
                assert found["Inserted"] + found["Updated"] == len(keys) - wrong
            elif key == "hanoi":
                assert value["totalFailed"] == 0
            else:
                assert value["code"] == 200

        @rule(facility=FACILITIES, keys=KEYS)
        def file_of_another(self, facility, keys):
            """The call names the right facility, the file another one."""
            other = "79002" if facility == "01001" else "01001"
            file = files.claim(*keys, facility=other)
            reply = self.wire.send(self.wire.token(facility), facility, file)
            if key == "hanoi":
                assert reply.json()["totalSuccess"] == 0
            else:
                assert reply.status in (400, 403)

        @rule(seconds=st.sampled_from([1, 299, 1800, 3600]))
        def wait(self, seconds):
            self.wire.wait(seconds)

        @rule()
        def books_balance(self):
            rows = self.wire.exchange.reconcile()
            latest = dict(((f, k), due) for f, k, due in self.sent)
            pending = [k for k, due in latest.items() if due > self.now]
            refused = [k for k in latest if k not in pending and k[1] == "R3"]
            assert sum(row.received for row in rows) == len(self.sent)
            assert sum(row.sent for row in rows) == len(latest)
            assert sum(row.pending for row in rows) == len(pending)
            assert sum(row.refused for row in rows) == len(refused)
            assert sum(row.accepted for row in rows) == len(latest) - len(pending) - len(refused)

        @invariant()
        def every_row_balances(self):
            store = self.wire.exchange.store
            rows = store.counts("", "", dt.date(2026, 1, 1), dt.date(2027, 1, 1))
            assert all(row.balanced for row in rows)
            assert sum(row.received for row in rows) == len(self.sent)

        def teardown(self):
            self.wire.same_bytes_again()

    return Machine


@pytest.mark.parametrize("key", GATEWAYS)
def test_any_order_of_calls_keeps_the_books_balanced(files, key):
    run_state_machine_as_test(
        machine(key, files),
        settings=settings(max_examples=15, stateful_step_count=20, deadline=None),
    )


def test_a_token_of_one_gateway_opens_no_other(wire, files):
    for key in GATEWAYS:
        if key != wire.key:
            other = Wire(key, lambda: wire.exchange)
            assert wire.send(other.token("01001"), "01001", files.claim("A1")).status == 401
    assert wire.exchange.reconcile() == ()


def test_a_locked_account_is_refused_and_its_token_ends(wire, files):
    token = wire.token("01001")
    wire.exchange.lock_account(wire.key, "01001")
    assert wire.send(token, "01001", files.claim("A1")).status == 401
    assert wire.login("01001").status == 401


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff=%zz", b"--frontier--"])
@pytest.mark.parametrize("headers", [{}, JSON, MULTIPART])
def test_bodies_that_are_none(wire, body, headers):
    assert wire.call("login", body, headers).status in (400, 401)
    head = {"Authorization": f"Bearer {wire.token('01001')}", "tinh": "01", "csyt": "01001"}
    assert wire.call("submit", body, {**headers, **head}).status == 400
    assert wire.exchange.reconcile() == ()


def test_refusals_for_the_fault_plan_have_the_form_of_the_gateway(wire):
    front = wire.exchange.front(wire.key)
    for endpoint in gateway(wire.key).endpoints.values():
        answer = front.refuse(endpoint, "401", None)
        assert (answer.response.status, answer.code) == (401, "401")
        assert isinstance(answer.response.json(), dict)
        assert front.refuse(endpoint, "401", 200).response.status == 200


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"maTinh": "01"}, 400),
        ({"loaiHoSo": "4210"}, 400),
        ({"maCSKCB": "01002"}, 403),
        ({"files": []}, 400),
        ({"files": "PEE+"}, 400),
        ({"files": ["PEE+"] * 201}, 400),
    ],
)
def test_hanoi_looks_at_every_field(files, changed, status):
    wire = Wire("hanoi", lambda: Exchange.default(seed=7, checker=files.judge))
    head = {**JSON, "Authorization": f"Bearer {wire.token('01001')}"}
    good = json.loads(hanoi.submit_body("01001", ["PEE+"]))
    reply = wire.call("submit", json.dumps({**good, **changed}).encode(), head)
    assert (reply.status, reply.json()["maKetQua"]) == (status, str(status))


def test_hanoi_gives_a_transaction_to_each_file_and_a_reason_to_each_other(files):
    wire = Wire("hanoi", lambda: Exchange.default(seed=7, checker=files.judge))
    token = wire.token("01001")
    right, foreign = files.claim("A1"), files.claim("A2", facility="79002")
    value = wire.send(token, "01001", right, foreign, b"", right).json()
    assert (value["maKetQua"], value["totalSuccess"], value["totalFailed"]) == ("200", 2, 2)
    taken = [bool(row["maGiaoDich"]) for row in value["fileResults"]]
    assert taken == [True, False, False, True]
    assert [row["maKetQua"] for row in value["fileResults"]] == ["200", "403", "400", "200"]
    head = {"Authorization": f"Bearer {token}"}
    first, last = value["fileResults"][0]["maGiaoDich"], value["fileResults"][3]["maGiaoDich"]
    wire.wait(300)
    words = [
        wire.call("status", b"", head, maGiaoDich=number).json()["dsHoSo"][0]["trangThai"]
        for number in (first, last)
    ]
    assert words == ["DA_THAY_THE", "CHAP_NHAN"]
    other = {"Authorization": f"Bearer {wire.token('79002')}"}
    assert wire.call("status", b"", other, maGiaoDich=first).status == 404


def test_hoc_takes_check_ins_as_their_own_kind(files):
    wire = Wire("hoc", lambda: Exchange.default(seed=7, checker=files.judge))
    head = {"Authorization": f"Bearer {wire.token('01001')}", "tinh": "01", "csyt": "01001"}
    xml = {"Content-Type": "application/xml"}
    assert wire.call("checkin", files.checkin("A1"), {**head, **xml}).json()["code"] == 200
    assert wire.call("submit", files.claim("A1"), {**head, **xml}).json()["code"] == 200
    assert {row.kind for row in wire.exchange.reconcile()} == {"checkin", "claim"}
    assert wire.call("submit", files.claim("A1"), {**head, **JSON}).status == 400
    coded = base64.b64encode(files.claim("A2")).decode()
    body = {"ma_tinh": "01", "ma_csyt": "01001", "du_lieu_chi_tiet": coded}
    assert wire.call("submit", json.dumps(body).encode(), {**head, **JSON}).status == 200
    assert wire.call("submit", files.claim("A1"), {**head, **xml, "tinh": "79"}).status == 400


def under(files, key, fault, **rule):
    """The wire of a gateway whose submissions meet a fault."""
    exchange = Exchange.default(seed=7, checker=files.judge)
    exchange.faults.add(Fault(fault, on=f"{key}.submit", **rule))
    return Wire(key, lambda: exchange)


def test_half_of_a_batch_may_fail_at_hanoi(files):
    wire = under(files, "hanoi", "F06")
    batch = [files.claim(key) for key in ("A1", "A2", "A3", "A4")]
    value = wire.send(wire.token("01001"), "01001", *batch).json()
    assert (value["maKetQua"], value["totalSuccess"], value["totalFailed"]) == ("200", 2, 2)
    assert [row["maKetQua"] for row in value["fileResults"]] == ["200", "500", "200", "500"]
    assert sum(row.received for row in wire.exchange.reconcile()) == 2


def test_a_byte_order_mark_spoils_one_file_of_a_batch(files):
    wire = under(files, "hanoi", "F16")
    batch = [b"\xef\xbb\xbf" + files.claim("A1"), files.claim("A2")]
    value = wire.send(wire.token("01001"), "01001", *batch).json()
    assert [row["maKetQua"] for row in value["fileResults"]] == ["400", "200"]


@pytest.mark.parametrize("key", GATEWAYS)
def test_a_careless_gateway_takes_a_body_of_another_facility(files, key):
    wire = under(files, key, "F08")
    reply = wire.send(wire.token("01001"), "01001", files.claim("A1", facility="79002"))
    assert reply.status == 200
    assert [row.facility for row in wire.exchange.reconcile()] == ["79002"]


def test_received_but_wrong_at_dienbien(files):
    wire = under(files, "dienbien", "F05")
    reply = wire.send(wire.token("01001"), "01001", files.claim("A1"))
    assert (reply.status, reply.json()["trangThai"]) == (201, 2)
