"""The rows of the gateways hold together."""

import base64
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vnhealth.findings import catalogue
from vnhealth.protocol import behaviours, deid_contract, gateways, result_code, vss
from vnhealth.protocol.repository import Envelope
from vnhealth.sandbox import Exchange, Request
from vnhealth.spec import Family, record_fields, tables

EVIDENCE = {"official", "two vendors", "one vendor", "document", "vnhealth-defined", "assumption"}


def as_base64(data):
    return base64.b64encode(data).decode()


DERIVED = {"NHOM_TUOI", "MUC_HUONG_THE", "THE_CON_HAN"}


def test_published_paths_keep_their_casing():
    paths = {name: e.path for name, e in gateways()["vss"].endpoints.items()}
    assert paths["login"] == "/api/token/take"
    assert paths["checkin_4750"] == "/api/qd130/checkInKcbQd4750"
    assert paths["claim_4750"] == "/api/qd130/guiHoSoXmlQD4750"
    assert paths["claim_130"] == "/api/qd130/guiHoSoXmlQD130"
    assert paths["checkin_3176"] == "/api/qd130/checkInKcbQd3176"


def test_what_this_project_defines_is_called_so():
    assert gateways()["vss"].official
    for gateway in gateways().values():
        assert gateway.contract in ("official", "vendor", "vnhealth")
        for endpoint in gateway.endpoints.values():
            assert endpoint.evidence in EVIDENCE
            own = "/api/vnhealth/" in endpoint.path or gateway.key.startswith("national")
            if own:
                assert endpoint.evidence == "vnhealth-defined"


def test_every_behaviour_has_its_evidence_and_every_gateway_its_behaviours():
    assert {b.gateway for b in behaviours()} == set(gateways())
    seen = set()
    for row in behaviours():
        assert row.evidence in EVIDENCE
        assert row.confidence in ("high", "medium", "low")
        assert row.modelled in ("yes", "no", "partly")
        assert isinstance(row.last_checked, dt.date)
        seen.add((row.gateway, row.behaviour))
    assert len(seen) == len(behaviours())


def test_every_call_of_a_gateway_is_answered_by_the_sandbox():
    """No row without a handler."""
    exchange = Exchange.default()
    for key, gateway in gateways().items():
        assert set(exchange.front(key).handlers) >= set(gateway.endpoints)


def test_codes_of_the_layer_speak_two_languages_and_name_their_basis():
    for info in catalogue:
        if info.source in ("protocol", "sandbox"):
            assert info.code.startswith(("GW-", "SBX-"))
            assert info.message_vi
            assert info.message_en
            assert info.hint_vi
            assert info.confidence in ("official", "gateway", "practice", "draft", "own")


def test_deid_fields_are_fields_of_the_standard_or_derived():
    for table, fields in deid_contract.allowed_fields().items():
        if table.startswith("XML"):
            assert table in tables("3176")
            known = {f.tag for f in record_fields(Family.F130, table)}
            if table in tables("4210"):
                known |= {f.tag for f in record_fields(Family.F4210, table)}
            assert fields.keys() - known <= DERIVED, table


@pytest.mark.parametrize(
    "text", ["2026-08-03T02:00:00.1234567Z", "2026-08-03T09:00:00+07:00", "1785722400", "3600"]
)
def test_expiry_in_every_form_that_gateways_use(text):
    now = dt.datetime(2026, 8, 3, 1, tzinfo=dt.UTC)
    found = vss.parse_expiry(text, now)
    assert found.replace(microsecond=0) == now + dt.timedelta(hours=1)


@given(st.text(max_size=40))
def test_expiry_never_raises(text):
    found = vss.parse_expiry(text, dt.datetime(2026, 8, 3, 1, tzinfo=dt.UTC))
    assert found is None or found.tzinfo is not None


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=20) | st.binary().map(as_base64)))
def test_forms_come_back_as_they_went(fields):
    request = Request("POST", "/", body=vss.encode_form(fields))
    got = {name: value.decode() for name, value in request.form().items()}
    assert got == {name: value for name, value in fields.items() if name}


@pytest.mark.parametrize("value", [None, [], {}, {"maKetQua": None}, "x", {"code": None}])
def test_answers_that_are_none(value):
    for shape in (vss.Receipt, vss.LoginReply, Envelope):
        with pytest.raises(ValueError, match="answer"):
            shape.from_json(value)


def test_outcomes_of_codes():
    assert result_code("vss", "205").outcome == "refused"
    assert result_code("national_deid", "DIRECT_IDENTIFIER_REFUSED").http == 422
    assert result_code("vss", "no such") is None
