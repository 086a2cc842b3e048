"""The de-identified store refuses whatever names a person, before anything is kept."""

import pytest

HIDDEN = "0912345678"


def test_a_file_with_a_direct_identifier_is_refused_and_not_kept(exchange, caller, files):
    client = caller("national_deid")
    bad = files.deid(files.token, xml1=f"<STT>1</STT><DIEN_THOAI>{HIDDEN}</DIEN_THOAI>")
    reply = client.send(bad)
    assert (reply.status, reply.json()["code"]) == (422, "DIRECT_IDENTIFIER_REFUSED")
    (error,) = reply.json()["errors"]
    assert (error["code"], error["table"], error["field"]) == ("GW-DEID-03", "XML1", "DIEN_THOAI")
    assert HIDDEN.encode() not in reply.body
    assert exchange.reconcile() == ()
    assert client.json("list")["data"]["total"] == 0


def test_an_identified_claim_file_is_refused(exchange, caller, files):
    reply = caller("national_deid").send(files.claim("A1"))
    assert reply.status == 422
    assert exchange.reconcile() == ()


@pytest.mark.parametrize("kind", ["vss", "province", "national"])
def test_a_deidentified_file_of_another_facility_cannot_pass_elsewhere(
    exchange, caller, files, kind
):
    """At an identified store it is kept and then refused by the reading, never a claim."""
    exchange = type(exchange).default(seed=7)
    client = files.caller(exchange, kind).login()
    client.send(files.deid(files.token))
    exchange.clock.advance(minutes=5)
    assert all(row.accepted == 0 for row in exchange.reconcile())


def test_several_records_with_their_own_status(exchange, caller, files):
    client = caller("national_deid")
    tokens = ["A" + pair * 13 for pair in ("B2", "C3")]
    assert client.send(files.deid(*tokens)).json()["code"] == "ACCEPTED"
    exchange.clock.advance(minutes=5)
    (row,) = exchange.reconcile()
    assert (row.kind, row.sent, row.accepted) == ("deid", 2, 2)
    assert client.json("status", f"ma_lk={tokens[1]}")["data"]["status"] == "ACCEPTED"


def test_what_our_own_deidentification_makes_is_taken(exchange, files):
    """Maker and taker were written against the contract, not against each other."""
    from vnhealth import deid, synth

    claims = synth.generate(encounters=40, edition="3176", seed=5, facility="01991")
    key = deid.Key.from_bytes(bytes(range(32)))
    made = deid.apply(claims, key=key, recipient="national", purpose="test", facility="01991")
    client = files.caller(exchange, "national_deid", "01991").login()
    assert made.records > 30
    assert client.send(made.data).json()["code"] == "ACCEPTED"
    exchange.clock.advance(minutes=5)
    (row,) = exchange.reconcile()
    assert (row.sent, row.accepted) == (made.records, made.records)
