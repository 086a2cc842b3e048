"""The FHIR/XML report gateway: tokens that renew, files that wait, resources judged by form, a log."""

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
from vnhealth.protocol.fhir_form import check_form, keys_in
from vnhealth.protocol.fhir_report import XmlReply
from vnhealth.protocol.vss import encode_form, password_hash
from vnhealth.sandbox import Exchange, Request

FORM = "application/x-www-form-urlencoded"
LOCATION = {"resourceType": "Location", "identifier": [{"value": "K01"}], "name": "Khoa"}
OUTCOME = [{"op": "replace", "path": "/outcome", "value": "complete"}]


class Client:
    """One facility at the report gateway."""

    def __init__(self, exchange, facility="01001"):
        self.exchange = exchange
        self.who = exchange.credentials(facility, "fhir_report")
        self.headers = {}
        self.refresh_token = ""

    def call(self, name, body=b"", query="", kind="application/fhir+json", **args):
        endpoint = gateway("fhir_report").endpoint(name)
        path = "/fhir-report" + endpoint.path.format(**args)
        headers = {"Content-Type": kind, **self.headers}
        return self.exchange.handle(Request(endpoint.method, path, headers, query, body))

    def form(self, name, **fields):
        return self.call(name, encode_form(fields), kind=FORM)

    def opened(self, reply):
        assert reply.status == 200
        self.headers = {"Authorization": "Bearer " + reply.json()["access_token"]}
        self.refresh_token = reply.json()["refresh_token"]
        return self

    def login(self, password=None):
        hashed = password_hash(self.who.password) if password is None else password
        fields = {"username": self.who.username, "password": hashed}
        return self.call("login", json.dumps(fields).encode(), kind="application/json")

    def renew(self, token=None):
        token = self.refresh_token if token is None else token
        return self.form("refresh", grant_type="refresh_token", refresh_token=token)

    def send(self, file, name="submit"):
        return self.form(name, fileHSBase64=base64.b64encode(file).decode())

    def fhir(self, name, value, **args):
        return self.call(name, json.dumps(value).encode(), **args)

    def log(self, query=""):
        return self.call("logs", query=query).json()["items"]


@pytest.fixture
def exchange(files):
    return Exchange.default(seed=7, checker=files.judge)


@pytest.fixture
def client(exchange):
    client = Client(exchange)
    return client.opened(client.login())


def test_the_password_travels_as_md5(exchange):
    client = Client(exchange)
    hashed = password_hash(client.who.password)
    reply = client.login()
    names = ["access_token", "refresh_token", "token_type", "expires_in", "username"]
    assert list(reply.json()) == names
    assert reply.json()["expires_in"] == "2026-08-03T02:00:00Z"
    assert client.login(hashed.lower()).status == 200
    refused = client.login(client.who.password)
    assert refused.status == 401
    assert list(refused.json()) == ["status", "error", "message"]


def test_a_refresh_token_rotates_and_can_be_revoked(client):
    first = client.refresh_token
    client.opened(client.renew())
    assert client.renew(first).status == 401
    assert client.form("revoke", token=client.refresh_token).status == 200
    assert client.form("revoke", token="x").status == 200
    assert client.form("revoke").status == 400
    assert client.renew().status == 401
    assert client.call("logs").status == 200
    wrong = client.form("refresh", grant_type="password", refresh_token=first)
    assert wrong.status == 401


def test_tokens_end(client):
    client.exchange.clock.advance(hours=1)
    assert client.call("logs").status == 401
    client.opened(client.renew())
    client.exchange.clock.advance(days=7)
    assert client.renew().status == 401


@pytest.mark.parametrize("what", ["claim", "checkin"])
def test_a_file_waits_and_its_verdict_stands_in_the_log(client, files, what):
    name = "submit" if what == "claim" else "checkin"
    good = XmlReply.from_json(client.send(getattr(files, what)("A1"), name).json())
    bad = XmlReply.from_json(client.send(getattr(files, what)("R1"), name).json())
    assert good.state == bad.state == "pending"
    client.exchange.clock.advance(minutes=5)
    rows = {row["id"]: json.loads(row["metadata"]) for row in client.log("resourceType=xml")}
    assert rows[good.log_id]["status"] == "success"
    assert (rows[bad.log_id]["status"], rows[bad.log_id]["code"]) == ("error", "422")
    action = {row["action"] for row in client.log()}
    assert action == {"submitXml" if what == "claim" else "checkIn"}


@pytest.mark.parametrize("coded", ["", "???", "QUJ"])
def test_files_that_are_no_base64(client, coded):
    reply = client.form("submit", fileHSBase64=coded)
    assert (reply.status, list(reply.json())) == (422, ["status", "error", "message"])
    assert client.exchange.reconcile() == ()


def test_a_file_of_another_facility_is_refused(client, files):
    assert client.send(files.claim("A1", facility="79001")).status == 403


def test_a_resource_of_the_right_form_is_taken(client):
    reply = client.fhir("location", LOCATION)
    assert list(reply.json()) == ["logId", "metadata"]
    assert reply.json()["metadata"]["resourceType"] == "OperationOutcome"
    (row,) = client.log()
    assert (row["action"], row["resourceType"]) == ("submitFhir", "json")
    assert json.loads(row["resourceData"]) == LOCATION
    again = client.fhir("location", {**LOCATION, "name": "Khoa khác"})
    assert again.status == 200
    (counts,) = client.exchange.reconcile()
    assert (counts.kind, counts.received, counts.replaced, counts.accepted) == ("fhir", 2, 1, 1)


@pytest.mark.parametrize(
    ("target", "value", "tag"),
    [
        ("Location", {"resourceType": "Location"}, "Location.name"),
        ("Location", {"resourceType": "Patient"}, "Location"),
        ("Location", [], "Location"),
        ("Location", 1, "Location"),
        ("Practitioner", {"resourceType": "Practitioner"}, "Practitioner.identifier"),
        ("PractitionerRole", {"resourceType": "PractitionerRole"}, "PractitionerRole.practitioner"),
        ("CodeSystem/icd-11", {"resourceType": "CodeSystem"}, "CodeSystem.id"),
        ("CodeSystem/icd-10-vn", {"resourceType": "CodeSystem", "id": "x"}, "CodeSystem.id"),
        ("Organization", {"resourceType": "Bundle", "type": "batch"}, "Bundle.type"),
        ("Organization", {"resourceType": "Bundle", "type": "transaction"}, "Bundle.entry"),
        ("Organization", {"resourceType": "Bundle", "entry": [{}]}, "Bundle.entry.request"),
        ("Organization", LOCATION, "Bundle"),
        ("Coverage/1", {}, "Coverage"),
        ("Coverage/1", [], "Coverage"),
        ("Coverage/1", [1], "Coverage"),
        ("Coverage/1", [{"op": "set", "path": "/a", "value": 1}], "Coverage"),
        ("Coverage/1", [{"op": "replace", "path": "/a"}], "Coverage"),
        ("Coverage/1", [{"op": "move", "path": "/a"}], "Coverage"),
        ("Coverage/1", [{"op": "remove", "path": "a"}], "Coverage"),
        (
            "ClaimResponse/1",
            [{"op": "add", "path": "/outcome", "value": "x"}],
            "ClaimResponse.outcome",
        ),
    ],
)
def test_what_is_wrong_with_a_form_is_named(target, value, tag):
    assert tag in {f.tag for f in check_form(target, value)}
    assert keys_in(target, value)


def test_a_wrong_form_is_logged_with_its_outcome(client):
    reply = client.fhir("location", {"resourceType": "Location", "name": "x"})
    assert reply.status == 422
    (issue,) = reply.json()["metadata"]["issue"]
    assert (issue["severity"], issue["expression"]) == ("error", ["Location.identifier"])
    (row,) = client.log(f"id={reply.json()['logId']}")
    assert json.loads(row["metadata"]) == reply.json()["metadata"]


def test_organisations_come_in_one_transaction(client):
    def entry(kind, value):
        resource = {
            "resourceType": "Organization",
            "identifier": [{"value": value}],
            "name": "x",
            "type": [{"coding": [{"code": kind}]}],
        }
        return {"resource": resource, "request": {"method": "PUT", "url": f"Organization/{value}"}}

    bundle = {"resourceType": "Bundle", "type": "transaction"}
    entries = [entry("prov", "1"), entry("dept", "2"), entry("govt", "3")]
    assert client.fhir("organization", {**bundle, "entry": entries}).status == 200
    (row,) = client.exchange.reconcile()
    assert row.accepted == 3
    wrong = {**bundle, "entry": [entry("team", "4")]}
    assert client.fhir("organization", wrong).status == 422


def test_a_claim_response_is_about_a_claim(client, files):
    assert client.fhir("patch_claim_response", OUTCOME, id="A1").status == 404
    client.send(files.claim("A1"))
    assert client.fhir("patch_claim_response", OUTCOME, id="A1").status == 200
    assert (
        client.fhir("patch_coverage", [{"op": "test", "path": "/a", "value": 1}], id="X").status
        == 200
    )


def test_other_media_types_and_no_json(client):
    assert client.call("location", b"{}", kind=FORM).status == 422
    for body in (b"", b"{", b"\xff"):
        assert client.call("location", body).status == 422
    assert client.exchange.reconcile() == ()


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("fromDate=20260604&toDate=20260803", 200),
        ("fromDate=20260603&toDate=20260803", 400),
        ("fromDate=20260804&toDate=20260803", 400),
        ("fromDate=2026-08-03", 400),
        ("pageSize=100", 200),
        ("pageSize=101", 400),
        ("page=0", 400),
        ("resourceType=pdf", 400),
    ],
)
def test_limits_of_the_log(client, query, status):
    assert client.call("logs", query=query).status == status


def test_pages_of_the_log_latest_first(client):
    ids = [client.fhir("location", {**LOCATION, "name": str(n)}).json()["logId"] for n in range(25)]
    assert [row["id"] for row in client.log()] == ids[:4:-1]
    assert [row["id"] for row in client.log("page=2")] == ids[4::-1]
    other = Client(client.exchange, "79001")
    assert other.opened(other.login()).log() == []


class Machine(RuleBasedStateMachine):
    """Against a model: how many records were sent of each kind, and which keys are live."""

    files = None

    def __init__(self):
        super().__init__()
        self.exchange = Exchange.default(seed=7, checker=self.files.judge)
        self.client = Client(self.exchange)
        self.client.opened(self.client.login())
        self.sent = []

    @rule(key=st.sampled_from(["A1", "R2"]))
    def claim(self, key):
        assert self.client.send(self.files.claim(key)).status == 200
        self.sent.append(("claim", key))

    @rule(key=st.sampled_from(["K1", "K2"]), right=st.booleans())
    def location(self, key, right):
        resource = {**LOCATION, "identifier": [{"value": key}], "name": "x" if right else ""}
        assert self.client.fhir("location", resource).status == (200 if right else 422)
        self.sent.append(("fhir", key))

    @rule(key=st.sampled_from(["A1", "R2"]))
    def outcome(self, key):
        reply = self.client.fhir("patch_claim_response", OUTCOME, id=key)
        known = ("claim", key) in self.sent
        assert reply.status == (200 if known else 404)
        if known:
            self.sent.append(("fhir", f"ClaimResponse {key}"))

    @rule(minutes=st.sampled_from([1, 5, 60]))
    def wait(self, minutes):
        other = self.exchange.handle(
            Request("GET", "/province/api/xac-thuc/thong-tin", self.client.headers)
        )
        assert other.status == 401
        self.exchange.clock.advance(minutes=minutes)
        if self.client.call("logs").status == 401:
            self.client.opened(self.client.renew())

    @invariant()
    def books(self):
        rows = self.exchange.reconcile()
        assert all(row.balanced for row in rows)
        assert sum(row.received for row in rows) == len(self.sent)
        assert sum(row.sent for row in rows) == len(set(self.sent))
        assert all(not row.pending for row in rows if row.kind == "fhir")


def test_any_order_of_calls_keeps_the_books(files):
    Machine.files = files
    run_state_machine_as_test(
        Machine, settings=settings(max_examples=20, stateful_step_count=15, deadline=None)
    )


def test_the_same_seed_gives_the_same_bytes(files):
    def night():
        client = Client(Exchange.default(seed=11, checker=files.judge))
        client.opened(client.login())
        return client.send(files.claim("A1")).body, client.call("logs").body

    assert night() == night()
