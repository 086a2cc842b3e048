"""Faults, time, snapshots and the inspector: the same over HTTP and in process, on both stores."""

import datetime as dt
import json

import pytest

from vnhealth import synth
from vnhealth.errors import SandboxError
from vnhealth.localtime import ICT
from vnhealth.sandbox import Exchange, Fault, MemoryStore, Request, Snapshot, SqliteStore
from vnhealth.sandbox._moments import MOMENTS, moment_named

ADMIN = {"Authorization": "Bearer admin", "Content-Type": "application/json"}


@pytest.fixture(params=["memory", "sqlite"])
def controlled(request, files, tmp_path):
    store = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "a.sqlite")
    exchange = Exchange.default(seed=7, checker=files.judge, store=store, admin_token="admin")
    yield exchange
    exchange.close()


def ask(exchange, method, path, value=None, *, raw=None, query=""):
    body = raw if raw is not None else (b"" if value is None else json.dumps(value).encode())
    return exchange.handle(Request(method, "/_sandbox" + path, ADMIN, query, body))


def test_rules_are_set_added_and_taken_away_over_http(controlled, files):
    answer = ask(controlled, "PUT", "/faults", {"seed": 3, "faults": [{"fault": "F10"}]})
    assert answer.json()["faults"] == [{"fault": "F10"}]
    ask(controlled, "POST", "/faults", {"fault": "F01", "on": "vss.claim_*", "nth": [1]})
    assert [f.fault for f in controlled.faults] == ["F10", "F01"]
    files.caller(controlled, "vss").login().send(files.claim("A1"))
    told = ask(controlled, "GET", "/faults").json()
    assert told["injected"] == [{"entry": 4, "fault": "F01", "variant": "body"}]
    assert {row["fault"] for row in told["known"]} >= {"F01", "F20", "N05"}
    assert ask(controlled, "DELETE", "/faults").json()["faults"] == []
    assert ask(controlled, "POST", "/faults", {"fault": "F77"}).json()["code"] == "SBX-FLT-01"
    assert ask(controlled, "PUT", "/faults", raw=b"{").status == 400


@pytest.mark.parametrize("name", MOMENTS)
def test_time_jumps_to_named_moments_only_forward(controlled, name):
    before = controlled.clock.now()
    moment = ask(controlled, "POST", "/clock/jump", {"to": name}).json()["now"]
    assert dt.datetime.fromisoformat(moment) == moment_named(name, before) > before
    assert ask(controlled, "POST", "/clock/jump", {"to": before.isoformat()}).status == 400
    assert ask(controlled, "POST", "/clock/jump", {"to": "2027-01-01T00:00:00"}).status == 400
    assert ask(controlled, "POST", "/clock/freeze").json()["now"] == moment


def test_a_moment_that_is_now_means_the_next_one():
    fifth = dt.datetime(2026, 12, 5, tzinfo=ICT)
    assert moment_named("fifth", fifth).isoformat() == "2027-01-05T00:00:00+07:00"
    end = dt.datetime(2026, 12, 31, 17, tzinfo=ICT)
    assert moment_named("month_end", end).isoformat() == "2027-01-31T17:00:00+07:00"


def books(exchange):
    return exchange.reconcile(), [
        (s.number, s.transaction, exchange.store.body(s.number), r)
        for s, r in exchange.store.listing("", "", dt.date.min, dt.date.max)
    ]


def test_a_snapshot_brings_everything_back(controlled, files):
    client = files.caller(controlled, "vss").login()
    client.send(files.claim("A1", "R2"))
    controlled.faults.add(Fault("F18", on="province.*"))
    kept = books(controlled)
    ask(controlled, "POST", "/snapshots", {"name": "before"})
    controlled.clock.advance(minutes=20)
    client.send(files.claim("A1", "A3"))
    controlled.faults.clear()
    assert books(controlled) != kept
    ask(controlled, "POST", "/snapshots/restore", {"name": "before"})
    assert books(controlled) == kept
    assert [f.fault for f in controlled.faults] == ["F18"]
    again = client.send(files.claim("A4")).json()["maGiaoDich"]
    ask(controlled, "POST", "/snapshots/restore", {"name": "before"})
    assert client.send(files.claim("A4")).json()["maGiaoDich"] == again
    assert ask(controlled, "POST", "/snapshots/restore", {"name": "other"}).status == 400
    assert [s["name"] for s in ask(controlled, "GET", "/snapshots").json()["snapshots"]] == [
        "before"
    ]


def test_state_goes_from_one_sandbox_to_another(controlled, files):
    files.caller(controlled, "vss").login().send(files.claim("A1", "R2"))
    controlled.clock.advance(minutes=20)
    kept = books(controlled)
    packed = ask(controlled, "GET", "/state").body
    other = Exchange.default(seed=7, checker=files.judge, admin_token="admin")
    assert ask(other, "PUT", "/state", raw=packed).status == 200
    assert books(other) == kept
    assert other.clock.now() == controlled.clock.now()
    ask(other, "POST", "/reset")
    assert books(other) == ((), [])
    foreign = Exchange.default(seed=8, admin_token="admin")
    assert ask(foreign, "PUT", "/state", raw=packed).json()["code"] == "SBX-STATE-03"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x",
        b"\x1f\x8b",
        Snapshot(7, dt.datetime(2026, 1, 1, tzinfo=ICT), {}, (), ()).to_bytes()[:-9],
    ],
)
def test_a_damaged_state_is_refused(data):
    with pytest.raises(SandboxError) as error:
        Snapshot.from_bytes(data)
    assert error.value.code == "SBX-STATE-04"


def test_control_needs_the_admin_token(exchange):
    for method, path in (("GET", "/faults"), ("GET", "/state"), ("POST", "/reset")):
        assert exchange.handle(Request(method, "/_sandbox" + path)).status == 403


def test_the_inspector_decodes_a_claim_and_masks_every_value(files):
    exchange = Exchange.default(seed=7, admin_token="admin")
    (claim,) = synth.generate(encounters=1, seed=1, edition="3176")
    client = files.caller(exchange, "vss", claim.xml1.ma_cskcb).login()
    client.send(synth.render(claim))
    exchange.clock.advance(minutes=30)
    exchange.settle()
    found = ask(exchange, "GET", "/inspect", query="entry=2")
    value = found.json()
    assert value["entry"]["operation"] == "claim_3176"
    assert {row["table"] for row in value["tables"]} >= {"XML1", "XML3"}
    xml1 = next(row for row in value["tables"] if row["table"] == "XML1")["rows"][0]
    assert set("".join(xml1.values())) & set("123456789") == set()
    assert value["curl"].startswith('curl -X POST "$BASE_URL/api/qd130/guiHoSoXmlQD3176"')
    assert claim.xml1.ho_ten not in found.body.decode()
    assert ask(exchange, "GET", "/inspect", query="entry=99").status == 400


def test_the_inspector_says_where_a_tag_belongs(files):
    from vnhealth.sandbox._inspect import inspect_entry

    exchange = Exchange.default(seed=7)
    client = files.caller(exchange, "vss").login()
    client.send(files.claim("A1", extra="<MA_THUOC>1</MA_THUOC><HO_TENN>x</HO_TENN>"))
    hints = {hint["tag"]: hint["message_en"] for hint in inspect_entry(exchange, 2)["hints"]}
    assert hints["MA_THUOC"].startswith("Tag MA_THUOC is right but belongs to XML")
    assert hints["HO_TENN"] == "Was HO_TEN meant instead of HO_TENN?"


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/vss/api/qd130/guiHoSoXmlQD31766", "POST /vss/api/qd130/guiHoSoXmlQD3176"),
        ("/api/qd130/guiHoSoXmlQD4750", "POST /vss/api/qd130/guiHoSoXmlQD4750"),
        ("/zzz", ""),
    ],
)
def test_a_call_that_is_not_modelled_has_a_near_miss(exchange, path, meant):
    assert exchange.handle(Request("POST", path)).status == 501
    assert exchange.journal[-1].near_miss == meant
