"""Identity checks: nothing without consent, one transaction each, one word back, nothing kept."""

import datetime as dt
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

from vnhealth.identity.names import skeleton
from vnhealth.protocol import gateway
from vnhealth.protocol.identity import Consent, Question, withdrawal_body
from vnhealth.sandbox import Exchange, Request
from vnhealth.synth import people

PEOPLE = list(people(60, seed=7))
ONE = next(p for p in PEOPLE if p.precision == "day")
OTHER = next(p for p in PEOPLE if p.name != ONE.name and p.precision == "day")


class Client:
    """One facility at the identity gateway."""

    def __init__(self, exchange, facility="01001"):
        self.exchange = exchange
        self.who = exchange.credentials(facility, "identity")
        self.headers = {}

    def call(self, name, body=b"", query="", **args):
        endpoint = gateway("identity").endpoint(name)
        path = "/identity" + endpoint.path.format(**args)
        return self.exchange.handle(Request(endpoint.method, path, self.headers, query, body))

    def login(self):
        fields = {"username": self.who.username, "password": self.who.password}
        reply = self.call("login", json.dumps(fields).encode()).json()
        self.headers = {"Authorization": "Bearer " + reply["data"]["access_token"]}
        return self

    def consent(self, person=ONE, *, by_name=False, **changed):
        fields = {
            "purpose": "KHAM_CHUA_BENH",
            "actor": "CHINH_CHU",
            "channel": "QUAY",
            "at": "2026-08-03T08:00:00+07:00",
            "text_digest": "a" * 64,
            "number": "" if by_name else person.cccd,
            "name": person.name if by_name else "",
            "birth_date": f"{person.born:%d/%m/%Y}" if by_name else "",
        }
        return self.call("consent", Consent(**{**fields, **changed}).to_bytes())

    def agreed(self, person=ONE, **more):
        return self.consent(person, **more).json()["data"]["ma_dong_y"]

    def ask(self, consent, transaction="GD1", person=ONE, call="verify", **changed):
        fields = {
            "transaction": transaction,
            "purpose": "KHAM_CHUA_BENH",
            "consent": consent,
            "name": person.name,
            "birth_date": f"{person.born:%Y-%m-%d}",
            "number": person.cccd if call == "verify" else "",
        }
        return self.call(call, Question(**{**fields, **changed}).to_bytes())


@pytest.fixture
def exchange():
    return Exchange.default(seed=7)


@pytest.fixture
def client(exchange):
    return Client(exchange).login()


def code(reply):
    return reply.json()["code"]


def result(reply):
    return reply.json()["data"]["ket_qua"]


def test_the_right_person_matches_and_the_answer_says_no_more(client):
    reply = client.ask(client.agreed())
    assert result(reply) == "KHOP"
    assert set(reply.json()["data"]) == {
        "ma_xac_thuc",
        "ma_giao_dich",
        "ket_qua",
        "thoi_diem",
        "het_han",
    }


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "Lê Thị Khác Hẳn", "birth_date": "01/02/1950"},
        {"name": OTHER.name},
        {"birth_date": "1950-02-01"},
    ],
)
def test_another_name_or_date_is_no_match(client, changed):
    assert result(client.ask(client.agreed(), **changed)) == "KHONG_KHOP"


def test_a_number_nobody_has_is_no_match_like_any_other(client):
    number = "001099999999"
    consent = client.agreed(number=number)
    assert result(client.ask(consent, number=number)) == "KHONG_KHOP"


def test_spelling_without_marks_still_matches(client):
    assert result(client.ask(client.agreed(), name=skeleton(ONE.name).upper())) == "KHOP"


def test_nothing_is_answered_without_consent_of_this_person_for_this_purpose(client):
    assert code(client.ask("")) == "CONSENT_REQUIRED"
    assert code(client.ask("DY00000001AAAAAA")) == "CONSENT_REQUIRED"
    assert code(client.ask(client.agreed(OTHER))) == "CONSENT_OTHER_PERSON"
    consent = client.agreed(purpose="SO_SUC_KHOE")
    assert code(client.ask(consent)) == "CONSENT_OTHER_PURPOSE"
    assert {row.kind for row in client.exchange.reconcile()} == {"consent"}


def test_a_consent_of_another_facility_is_none(client):
    other = Client(client.exchange, "79001").login()
    assert code(other.ask(client.agreed())) == "CONSENT_REQUIRED"


@pytest.mark.parametrize(
    "changed",
    [
        {"purpose": "NGHIEN_CUU"},
        {"actor": ""},
        {"channel": " "},
        {"text_digest": "abc"},
        {"at": "2026-08-03T08:00:00"},
        {"at": "2026-08-03T08:00:01+07:00"},
        {"at": "hôm nay"},
        {"number": ""},
        {"number": "123"},
    ],
)
def test_a_consent_says_all_it_has_to(client, changed):
    assert code(client.consent(**changed)) == "INVALID_REQUEST"
    assert client.exchange.reconcile() == ()


def test_nothing_is_ticked_beforehand(client):
    body = json.loads(
        Consent(
            purpose="KHAM_CHUA_BENH",
            actor="CHINH_CHU",
            channel="QUAY",
            at="2026-08-03T08:00:00+07:00",
            text_digest="a" * 64,
            number=ONE.cccd,
        ).to_bytes()
    )
    for value in (False, "true", None):
        body["da_biet_du_lieu_nhay_cam"] = value
        assert code(client.call("consent", json.dumps(body).encode())) == "INVALID_REQUEST"


def test_a_consent_serves_one_transaction(client):
    consent = client.agreed()
    first = client.ask(consent, "GD1")
    again = client.ask(consent, "GD1")
    assert code(again) == "ANSWERED_BEFORE"
    assert again.json()["data"] == first.json()["data"]
    assert code(client.ask(consent, "GD2")) == "CONSENT_USED"
    assert code(client.ask(client.agreed(), "GD1", name="Khác")) == "REQUEST_ID_CONFLICT"


def test_a_result_belongs_to_its_transaction_for_a_day(client):
    data = client.ask(client.agreed()).json()["data"]
    number = data["ma_xac_thuc"]
    assert result(client.call("result", query="ma_giao_dich=GD1", ma=number)) == "KHOP"
    for query in ("", "ma_giao_dich=GD2"):
        assert code(client.call("result", query=query, ma=number)) == "RESULT_NOT_TRANSFERABLE"
    other = Client(client.exchange, "79001").login()
    assert code(other.call("result", query="ma_giao_dich=GD1", ma=number)) == "NOT_FOUND"
    client.exchange.clock.advance(hours=24)
    client.login()
    assert code(client.call("result", query="ma_giao_dich=GD1", ma=number)) == "RESULT_EXPIRED"


def test_a_withdrawal_ends_reading(client):
    consent = client.agreed()
    number = client.ask(consent).json()["data"]["ma_xac_thuc"]
    assert code(client.call("withdraw", withdrawal_body(consent, "x"))) == "WITHDRAWN"
    reply = client.call("result", query="ma_giao_dich=GD1", ma=number)
    assert code(reply) == "CONSENT_WITHDRAWN"
    assert code(client.call("withdraw", withdrawal_body(consent, "x"))) == "CONSENT_WITHDRAWN"
    assert code(client.call("withdraw", withdrawal_body(consent, ""))) == "INVALID_REQUEST"
    assert code(client.call("withdraw", withdrawal_body("DY9", "x"))) == "NOT_FOUND"
    unused = client.agreed()
    client.call("withdraw", withdrawal_body(unused, "x"))
    assert code(client.ask(unused, "GD2")) == "CONSENT_WITHDRAWN"


def test_a_look_up_finds_by_more_than_the_name_and_gives_no_number_away(client):
    more = {"phone": ONE.phone, "commune": ONE.place.commune, "sex": ONE.sex}
    found = client.ask(client.agreed(by_name=True), "GD1", call="look_up", **more)
    assert result(found) == "TIM_THAY"
    assert ONE.cccd not in found.body.decode()
    doubtful = client.ask(client.agreed(by_name=True), "GD2", call="look_up")
    assert result(doubtful) == "CAN_DOI_CHIEU"
    stranger = {"name": "Hồ Nguyệt Chẳng Có", "birth_date": "01/02/1950"}
    consent = client.agreed(by_name=True, **stranger)
    nobody = client.ask(consent, "GD3", call="look_up", **stranger)
    assert result(nobody) == "KHONG_TIM_THAY"
    with_number = client.ask(client.agreed(), "GD4", call="look_up", number=ONE.cccd)
    assert code(with_number) == "INVALID_REQUEST"


def test_guessing_ends_after_five_wrong_answers(client):
    for n in range(5):
        reply = client.ask(client.agreed(), f"GD{n}", name="Lê Thị Khác", birth_date="1950-01-01")
        assert result(reply) == "KHONG_KHOP"
    assert code(client.ask(client.agreed(), "GD9")) == "TOO_MANY_MISMATCHES"
    assert result(client.ask(client.agreed(OTHER), "GD10", person=OTHER)) == "KHOP"
    client.exchange.clock.advance(days=1)
    client.login()
    assert result(client.ask(client.agreed(), "GD11")) == "KHOP"


def test_nothing_that_was_asked_is_kept(client):
    client.ask(client.agreed())
    client.ask(client.agreed(by_name=True), "GD2", call="look_up", phone=ONE.phone)
    store = client.exchange.store
    kept = [store.body(number).decode() for number in range(1, 5)]
    kept += [repr(list(client.exchange.journal)), repr(vars(store))]
    for text in kept:
        assert ONE.cccd not in text
        assert ONE.name not in text
        assert ONE.phone not in text
    assert repr(Question(transaction="1", purpose="P", consent="D", name="N", birth_date="1")) == (
        "<Question P>"
    )


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"ma_giao_dich":1}', b"\xff"])
@pytest.mark.parametrize("call", ["consent", "withdraw", "verify", "look_up"])
def test_bodies_that_are_no_question(client, call, body):
    assert client.call(call, body).status in (400, 404)
    assert client.exchange.reconcile() == ()


class Machine(RuleBasedStateMachine):
    """Against a model: consents (purpose of one use, withdrawn or not) and answered questions."""

    def __init__(self):
        super().__init__()
        self.exchange = Exchange.default(seed=7)
        self.client = Client(self.exchange).login()
        self.consents = []
        self.used = {}
        self.withdrawn = set()
        self.answered = {}
        self.ends = {}

    @rule()
    def agree(self):
        self.consents.append(self.client.agreed())

    @rule(which=st.integers(0, 3), transaction=st.sampled_from(["A", "B", "C"]))
    def ask(self, which, transaction):
        consent = self.consents[which] if which < len(self.consents) else "DY0"
        got = code(self.client.ask(consent, transaction))
        if transaction in self.answered:
            same = self.answered[transaction] == consent
            wanted = "ANSWERED_BEFORE" if same else "REQUEST_ID_CONFLICT"
            if same and consent in self.withdrawn:
                wanted = "CONSENT_WITHDRAWN"
            elif same and self.exchange.clock.now() >= self.ends[transaction]:
                wanted = "RESULT_EXPIRED"
        elif consent not in self.consents:
            wanted = "CONSENT_REQUIRED"
        elif consent in self.withdrawn:
            wanted = "CONSENT_WITHDRAWN"
        elif consent in self.used:
            wanted = "CONSENT_USED"
        else:
            wanted = "ANSWERED"
            self.used[consent] = self.answered[transaction] = consent
            self.ends[transaction] = self.exchange.clock.now() + dt.timedelta(hours=24)
        assert got == wanted

    @rule(which=st.integers(0, 3))
    def withdraw(self, which):
        if which < len(self.consents):
            self.client.call("withdraw", withdrawal_body(self.consents[which], "x"))
            self.withdrawn.add(self.consents[which])

    @rule(hours=st.sampled_from([1, 3]))
    def session(self, hours):
        token = self.client.headers
        other = self.exchange.handle(Request("GET", "/province/api/xac-thuc/thong-tin", token))
        assert other.status == 401
        self.exchange.clock.advance(hours=hours)
        assert self.client.call("withdraw").status == (401 if hours == 3 else 400)
        self.client.login()

    @invariant()
    def books(self):
        rows = self.exchange.reconcile()
        assert all(row.balanced and not row.pending for row in rows)
        counts = {
            kind: sum(row.received for row in rows if row.kind == kind)
            for kind in ("consent", "answer")
        }
        assert counts == {"consent": len(self.consents), "answer": len(self.answered)}
        assert sum(row.cancelled for row in rows) == len(self.withdrawn)


def test_any_order_of_calls_keeps_the_books():
    run_state_machine_as_test(
        Machine, settings=settings(max_examples=20, stateful_step_count=12, deadline=None)
    )
