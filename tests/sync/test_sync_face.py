"""One face for all gateways: the same calls everywhere, and a coded refusal of what is not there."""

import datetime as dt

import httpx
import pytest

from vnhealth.errors import SpecError
from vnhealth.protocol import gateways
from vnhealth.sandbox import Exchange
from vnhealth.sync import (
    Capabilities,
    Credentials,
    NotSent,
    NotSupported,
    RetryPolicy,
    Status,
    connect,
    connect_async,
)
from vnhealth.sync._gate import Gate
from vnhealth.sync._registry import GATES, gate_class

DAY = dt.date(2026, 8, 3)


@pytest.fixture
def open_gate(face):
    """Makes the one face of a gateway, blocking or asynchronous, behind `Driven`."""

    def made(key, transport, account=None, **options):
        if not hasattr(transport, "handle_request") and callable(transport):
            transport = httpx.MockTransport(transport)
        account = account or Credentials("https://gw.example", "01001_BV", "mat-khau", "01001")
        return face._make(connect, connect_async, (key, account), transport, options)

    return made


@pytest.fixture
def exchange():
    return Exchange.default(seed=11)


@pytest.mark.parametrize("key", sorted(GATES))
def test_every_client_names_what_its_gateway_has(key):
    assert key in gateways()
    gate = gate_class(key)
    assert issubclass(gate, Gate)
    has = gate.capabilities
    assert has.kinds
    for call, what in (("look_up", "status"), ("results", "results"), ("reconciliation", "counts")):
        assert (getattr(gate, call) is not getattr(Gate, call)) is has.has(what), what
    assert (gate.ask_about is not Gate.ask_about) or not has.lookups


def test_a_gateway_without_a_client_and_one_that_nobody_knows():
    with pytest.raises(SpecError):
        gate_class("nowhere")
    with pytest.raises(SpecError):
        connect("nowhere", Credentials("https://gw.example", "u", "p", "01001"))


def test_the_same_calls_at_two_gateways(face, open_gate, exchange, make):
    for key in ("vss", "province"):
        gate = open_gate(key, face.transport(exchange), exchange.credentials("01001", key))
        (outcome,) = gate.submit(make.claim_file())
        assert outcome.status is Status.PENDING
        exchange.clock.advance(minutes=6)
        assert gate.status(outcome).final
        assert sum(row.sent for row in gate.reconciliation(DAY, DAY)) == 1


def test_one_outcome_per_file_in_their_order(face, open_gate, exchange, make):
    gate = open_gate("vss", face.transport(exchange), exchange.credentials("01001"))
    files = [make.claim_file(ma_lk=f"LK{n}") for n in range(3)]
    outcomes = gate.submit(*files)
    assert [o.keys for o in outcomes] == [("LK0",), ("LK1",), ("LK2",)]
    assert len({o.transaction for o in outcomes}) == 3


def test_the_file_chooses_its_call_unless_told(open_gate, script, make):
    script.calls.append((200, make.receipt()))
    gate = open_gate("vss", script)
    gate.submit(make.claim_file())
    gate.submit(make.claim_file(), edition="4750")
    gate.submit(make.checkin_file(), kind="checkin")
    paths = [request.url.path.rpartition("/")[2] for request in script.sent]
    assert paths == ["guiHoSoXmlQD3176", "guiHoSoXmlQD4750", "checkInKcbQd3176"]


def test_a_later_file_that_stayed_here_is_not_sent(open_gate, script, make):
    script.calls.extend([(200, make.receipt()), httpx.ConnectError("x")])
    gate = open_gate("vss", script, retry=RetryPolicy(attempts=1))
    first, second = gate.submit(make.claim_file(), make.claim_file(ma_lk="LK2"))
    assert first.status is Status.PENDING
    assert second.status is Status.NOT_SENT
    assert second.cause == "ERR-SYNC-02"
    assert not second.received
    assert not second.final


def test_a_file_of_another_facility_never_goes_out(open_gate, script, make):
    gate = open_gate("vss", script)
    with pytest.raises(NotSent):
        gate.submit(make.claim_file(facility="01002"))
    assert script.requests == []


@pytest.mark.parametrize(
    ("key", "ask"),
    [
        ("hoc", lambda gate: gate.results(DAY, DAY)),
        ("vss", lambda gate: gate.lookup("who_is", HO_TEN="x")),
        ("vss", lambda gate: gate.submit(b"{}", kind="prescription")),
        ("national", lambda gate: gate.submit(b"<x/>", kind="checkin")),
        ("national_deid", lambda gate: gate.lookup("who_is", HO_TEN="x")),
    ],
)
def test_what_a_gateway_lacks_is_refused_with_a_code(open_gate, script, key, ask):
    with pytest.raises(NotSupported) as caught:
        ask(open_gate(key, script))
    assert caught.value.code == "ERR-SYNC-19"
    assert caught.value.params["gateway"] == key
    assert script.requests == []


def test_all_pages_of_the_list(face, open_gate, exchange, make, monkeypatch):
    monkeypatch.setattr("vnhealth.sync._repository.PAGE", 2)
    account = exchange.credentials("01001", "province")
    gate = open_gate("province", face.transport(exchange), account)
    gate.submit(*[make.claim_file(ma_lk=f"LK{n}") for n in range(5)])
    assert sorted(r.ma_lk for r in gate.results(DAY, DAY)) == [f"LK{n}" for n in range(5)]


def test_a_lookup_shows_no_person(face, open_gate, exchange, make):
    account = exchange.credentials("01001", "province")
    gate = open_gate("province", face.transport(exchange), account)
    found = gate.lookup("who_is", HO_TEN="NGUYỄN VĂN BÍ MẬT")
    assert not found
    assert repr(found) == "<Found province.who_is code=OK 0 rows>"


def test_capabilities_answer_for_kinds_calls_and_questions():
    has = Capabilities(kinds=("claim",), status=True, lookups=("who_is",))
    assert [has.has(w) for w in ("claim", "status", "who_is", "results", "batch")] == [
        True,
        True,
        True,
        False,
        False,
    ]
