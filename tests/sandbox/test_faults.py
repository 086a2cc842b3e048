"""Every fault of the catalogue can be made to happen, the same way each time, and is told of."""

import base64
import json

import httpx
import pytest

from vnhealth.errors import SandboxError
from vnhealth.protocol import result_code, vss
from vnhealth.sandbox import Exchange, Fault, FaultPlan
from vnhealth.sandbox.faults import MAGIC_FACILITIES, fault_kinds
from vnhealth.sandbox.server import running

KINDS = [kind for kinds in fault_kinds().values() for kind in kinds]


def codes(answer):
    return [
        error["maLoi"] for record in answer.json()["dsHoSo"] for error in record.get("dsLoi", ())
    ]


def sent(caller, files, fault, **rule):
    """The answer to a claim that meets a fault, and the caller."""
    client = caller()
    client.exchange.faults.add(Fault(fault, on="vss.claim_3176", **rule))
    return client, client.send(files.claim("A1"))


def told(exchange):
    return [f"{i.fault}/{i.variant}" for i in exchange.faults.injected]


def test_the_twenty_faults_and_the_line_faults_are_there():
    assert {f"F{n:02}" for n in range(1, 21)} | {f"N{n:02}" for n in range(1, 6)} == set(
        fault_kinds()
    )
    assert len({kind.name for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize(
    ("fault", "variant", "status", "code"),
    [
        ("F01", "body", 200, "401"),
        ("F01", "http", 401, "401"),
        ("F01", "forbidden", 200, "403"),
        ("F04", "parameters", 400, "205"),
        ("F04", "long", 400, "1001"),
    ],
)
def test_a_refusal_comes_in_the_form_of_the_gateway_and_keeps_nothing(
    caller, files, fault, variant, status, code
):
    client, answer = sent(caller, files, fault, variant=variant)
    assert (answer.status, answer.json()["maKetQua"]) == (status, code)
    assert client.exchange.reconcile() == ()
    assert told(client.exchange) == [f"{fault}/{variant}"]
    assert client.exchange.journal[-1].faults == (f"{fault}/{variant}",)


def test_a_refusal_may_come_with_201(caller, files):
    _, answer = sent(caller, files, "F05")
    assert answer.status == 201
    assert result_code("vss", answer.json()["maKetQua"]).outcome == "refused"


@pytest.mark.parametrize(
    ("variant", "begin"),
    [("number", b'{"maKetQua":200,'), ("casing", b'{"MaKetQua":"200","MaGiaoDich"')],
)
def test_result_codes_change_their_type_or_casing(caller, files, variant, begin):
    _, answer = sent(caller, files, "F02", variant=variant)
    assert answer.body.startswith(begin)


def test_a_login_answers_true_or_with_codes_of_its_own(exchange, caller, files):
    exchange.faults.add(Fault("F02", variant="boolean", nth=(1,)))
    answer = files.caller(exchange, "vss").call("login", b"username=01001_BV&password=x")
    assert answer.json() == {"maKetQua": False, "APIKey": None}
    exchange.faults.add(Fault("F03", variant="locked"))
    client = files.caller(exchange, "vss")
    answer = client.call("login", b"username=01001_BV&password=x")
    assert answer.json() == {"maKetQua": "403", "APIKey": None}


def test_a_session_is_short_or_taken_back(exchange, caller, files):
    exchange.faults.add(Fault("F07", variant="short"))
    client = caller()
    exchange.clock.advance(minutes=3)
    assert client.send(files.claim("A1")).json()["maKetQua"] == "401"
    exchange.faults.clear()
    client.login()
    exchange.faults.add(Fault("F07", variant="revoked", nth=(2,)))
    said = [client.send(files.claim(key)).json()["maKetQua"] for key in ("A1", "A2", "A3")]
    assert said == ["200", "401", "401"]
    assert client.login().send(files.claim("A4")).json()["maKetQua"] == "200"


@pytest.mark.parametrize(
    ("variant", "value"),
    [("seconds", b'"expires_in":3600'), ("missing", b'"username":"01001_BV"}')],
)
def test_the_end_of_a_session_is_told_otherwise(exchange, files, variant, value):
    exchange.faults.add(Fault("F07", variant=variant, on="vss.login"))
    client = files.caller(exchange, "vss")
    hashed = vss.password_hash(client.who.password)
    answer = client.call("login", f"username=01001_BV&password={hashed}".encode())
    assert value in answer.body


def test_a_body_of_another_facility_passes_only_under_the_lenient_fault(caller, files):
    client = caller()
    other = {"maCSKCB": "79001", "maTinh": "79"}
    assert client.send(files.claim("A1", facility="79001"), **other).json()["maKetQua"] == "403"
    client.exchange.faults.add(Fault("F08"))
    assert client.send(files.claim("A1", facility="79001"), **other).json()["maKetQua"] == "200"


@pytest.mark.parametrize(
    ("variant", "kept", "begin"),
    [
        ("html", 0, b"<html>"),
        ("html_ok", 1, b"<html>"),
        ("empty", 1, b""),
        ("truncated", 1, b'{"maKetQua":"200"'),
    ],
)
def test_an_answer_that_is_no_json(caller, files, variant, kept, begin):
    client, answer = sent(caller, files, "F09", variant=variant)
    assert answer.body.startswith(begin)
    assert (b'"}' in answer.body) is False
    assert sum(row.sent for row in client.exchange.reconcile()) == kept


def test_the_first_of_two_sends_counts(caller, files):
    client = caller()
    client.exchange.faults.add(Fault("F11"))
    first, second = (client.send(files.claim("A1")).json()["maGiaoDich"] for _ in range(2))
    client.exchange.clock.advance(minutes=30)
    assert codes(client.call("result", maGiaoDich=second)) == ["SBX-F11"]
    assert codes(client.call("result", maGiaoDich=first)) == []
    (row,) = client.exchange.reconcile()
    assert (row.sent, row.accepted, row.refused, row.balanced) == (2, 1, 1, True)
    assert told(client.exchange) == ["F11/error"]


def test_an_accepted_record_is_not_shown_for_two_hours(caller, files):
    client, answer = sent(caller, files, "F12", times=1)
    number = answer.json()["maGiaoDich"]
    client.exchange.clock.advance(minutes=30)
    assert client.call("result", maGiaoDich=number).json()["maKetQua"] == "404"
    client.exchange.clock.advance(hours=2)
    client.login()
    assert client.call("result", maGiaoDich=number).json()["trangThai"] == "DA_XU_LY"


def test_a_verdict_comes_hours_later(caller, files):
    client, answer = sent(caller, files, "F13")
    number = answer.json()["maGiaoDich"]
    client.exchange.clock.advance(minutes=50)
    assert client.call("result", maGiaoDich=number).json()["trangThai"] == "CHO_XU_LY"
    client.exchange.clock.advance(hours=6)
    client.login()
    assert client.call("result", maGiaoDich=number).json()["trangThai"] == "DA_XU_LY"


@pytest.mark.parametrize(
    ("fault", "variant", "code"),
    [
        ("F14", "", "SBX-F14"),
        *(("F15", kind.variant, "SBX-F15") for kind in fault_kinds()["F15"]),
        ("F20", "", "SBX-F20"),
    ],
)
def test_a_verdict_gets_a_finding_of_the_plan(caller, files, fault, variant, code):
    client, answer = sent(caller, files, fault, variant=variant)
    client.exchange.clock.advance(minutes=30)
    assert codes(client.call("result", maGiaoDich=answer.json()["maGiaoDich"])) == [code]


def test_a_claim_after_its_check_in_is_not_late(caller, files):
    client = caller()
    client.exchange.faults.add(Fault("F20"))
    client.send(files.checkin("A1"), "checkin_3176")
    answer = client.send(files.claim("A1"))
    client.exchange.clock.advance(minutes=30)
    assert codes(client.call("result", maGiaoDich=answer.json()["maGiaoDich"])) == []
    assert told(client.exchange) == []


def test_byte_order_marks(caller, files):
    client = caller()
    client.exchange.faults.add(Fault("F16", on="vss.claim_*"))
    assert client.send(files.claim("A1")).json()["maKetQua"] == "200"
    assert client.send(b"\xef\xbb\xbf" + files.claim("A2")).json()["maKetQua"] == "205"
    assert told(client.exchange) == ["F16/refuse"]
    client.exchange.faults.add(Fault("F16", variant="answer", on="vss.claim_*"))
    assert client.send(files.claim("A3")).body.startswith(b"\xef\xbb\xbf{")


def test_midnight_passes_and_clocks_differ(caller, files):
    client, answer = sent(caller, files, "F17")
    assert client.exchange.clock.now().isoformat() == "2026-08-03T17:00:01+00:00"
    assert answer.json()["thoiGianTiepNhan"].startswith("20260803")
    client.exchange.faults.clear()
    client.exchange.faults.add(Fault("F19"))
    client.login()
    assert client.call("reconciliation").header("Date") == "Tue, 04 Aug 2026 00:00:01 GMT"


def test_rate_limits_and_the_maintenance_window(caller, files):
    client, answer = sent(caller, files, "F18", nth=(1,))
    assert (answer.status, answer.header("Retry-After")) == (429, "30")
    client.exchange.faults.add(Fault("F18", variant="maintenance"))
    assert client.send(files.claim("A2")).status == 200
    client.exchange.clock.advance(hours=14, minutes=1)
    assert client.call("login").status == 503


LINES = [
    ("F10", "", httpx.ReadTimeout, 1),
    ("F18", "refused", httpx.TransportError, 0),
    ("F18", "reset", httpx.TransportError, 0),
    ("N02", "", httpx.TransportError, 1),
    ("N03", "", httpx.TimeoutException, 1),
    ("N04", "", httpx.RemoteProtocolError, 1),
    ("N05", "", httpx.ReadTimeout, 1),
]


def post_claim(client, caller, files, key):
    """Send by httpx what the caller would send."""
    form = {
        "username": caller.who.username,
        "loaiHoSo": "130",
        "maTinh": "01",
        "maCSKCB": "01001",
        "fileHSBase64": base64.b64encode(files.claim(key)).decode(),
    }
    return client.post("/vss/api/qd130/guiHoSoXmlQD3176", data=form, headers=caller.headers)


@pytest.mark.parametrize(("fault", "variant", "error", "kept"), LINES)
def test_faults_of_the_line_in_process(caller, files, fault, variant, error, kept):
    who = caller()
    who.exchange.faults.add(Fault(fault, variant=variant, on="vss.claim_3176"))
    before = who.exchange.clock.now()
    with (
        httpx.Client(
            transport=who.exchange.transport(), base_url="http://sandbox.invalid", timeout=5
        ) as client,
        pytest.raises(error),
    ):
        post_claim(client, who, files, "A1")
    assert sum(row.sent for row in who.exchange.reconcile()) == kept
    if issubclass(error, httpx.TimeoutException):
        assert (who.exchange.clock.now() - before).total_seconds() == 5


@pytest.mark.parametrize(
    ("fault", "variant", "error", "kept"), [line for line in LINES if line[0] != "N03"]
)
def test_faults_of_the_line_over_a_socket(caller, files, fault, variant, error, kept):
    who = caller()
    who.exchange.faults.add(Fault(fault, variant=variant, on="vss.claim_3176"))
    with running(who.exchange) as base, httpx.Client(base_url=base, timeout=0.5) as client:
        with pytest.raises((error, httpx.TransportError)):
            post_claim(client, who, files, "A1").read()
        who.exchange.faults.clear()
        assert post_claim(client, who, files, "A2").status_code == 200
    assert sum(row.sent for row in who.exchange.reconcile()) == kept + 1


def test_an_answer_that_drips_over_a_socket_arrives_whole(caller, files):
    who = caller()
    who.exchange.faults.add(Fault("N03", on="vss.claim_3176", options={"amount": "drip:2000"}))
    with running(who.exchange) as base, httpx.Client(base_url=base) as client:
        assert post_claim(client, who, files, "A1").json()["maKetQua"] == "200"


def test_latency_passes_on_the_clock_of_the_exchange(caller, files):
    who = caller()
    who.exchange.faults.add(Fault("N01", on="vss.claim_3176"))
    before = who.exchange.clock.now()
    with httpx.Client(
        transport=who.exchange.transport(), base_url="http://sandbox.invalid", timeout=30
    ) as client:
        assert post_claim(client, who, files, "A1").status_code == 200
    assert (who.exchange.clock.now() - before).total_seconds() == 8


def test_magic_values_need_no_plan(caller, files):
    client = caller()
    assert client.send(files.claim("VNH-F04-1")).json()["maKetQua"] != "200"
    assert client.send(files.claim("VNH-F04-1")).json()["maKetQua"] == "200"
    assert client.send(files.claim("VNH-F04.parameters-1")).json()["maKetQua"] == "205"
    assert client.send(files.claim("VNH-F04.parameters-1")).json()["maKetQua"] == "205"
    assert client.send(files.claim("VNH-F99-1")).json()["maKetQua"] == "200"
    assert client.send(files.claim("VNH-F09.empty-1")).body == b""


def test_magic_facilities_meet_their_fault(exchange, files):
    assert set(MAGIC_FACILITIES) == {f"99F{n:02}" for n in range(1, 21)}
    client = files.caller(exchange, "vss", "99F01").login()
    said = [client.send(files.claim("A1", facility="99F01")).json()["maKetQua"] for _ in range(2)]
    assert said == ["401", "200"]


def run(seed):
    exchange = Exchange.default(seed=7, faults=FaultPlan(seed=seed))
    for fault in fault_kinds():
        exchange.faults.add(Fault(fault, probability=0.02))
    with httpx.Client(transport=exchange.transport(), base_url="http://sandbox.invalid") as client:
        for _ in range(300):
            try:
                client.post("/vss/api/token/take", data={"username": "x", "password": "y"})
            except httpx.TransportError:
                continue
    return exchange.faults.injected


def test_the_same_seed_gives_the_same_faults():
    assert run(1) == run(1) != run(2)
    assert len({i.fault for i in run(1)}) > 5


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        {"faults": [{"fault": "F77"}]},
        {"faults": [{"fault": "F01", "variant": "x"}]},
        {"faults": [{"fault": "F01", "probability": 2}]},
        {"faults": [{"fault": "F01", "nth": [0]}]},
        {"faults": [{"fault": "F01", "since": "2026-01-01T00:00:00"}]},
        {"faults": [{"fault": "F01", "colour": "red"}]},
        {"faults": ["F01"]},
    ],
)
def test_a_bad_plan_is_refused(value):
    with pytest.raises(SandboxError):
        FaultPlan.from_dict(value)


def test_a_plan_is_read_from_yaml(tmp_path):
    file = tmp_path / "plan.yaml"
    file.write_text(
        "seed: 3\nfaults:\n  - {fault: F10, on: 'vss.claim_*', nth: [2]}\n"
        "  - {fault: F18, variant: maintenance, since: 2026-08-03T22:00:00+07:00}\n"
    )
    plan = FaultPlan.load(file)
    assert FaultPlan.from_dict(plan.to_dict()).to_dict() == plan.to_dict()
    assert [f.kind.name for f in plan] == ["F10/silent", "F18/maintenance"]
    file.write_text("a: [")
    with pytest.raises(SandboxError):
        FaultPlan.load(file)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_each_kind_says_what_it_is(kind):
    assert kind.title_vi
    assert kind.title_en
    assert kind.client_vi
    assert kind.client_en
    assert kind.evidence in {"official", "two vendors", "one vendor", "document", "assumption"}
    assert kind.where in {"login", "call", "submit", "batch", "query", "any"}


def test_a_half_of_a_batch_is_refused(exchange, files):
    client = files.caller(exchange, "hanoi", "01001")
    login = {
        "username": client.who.username,
        "password": client.who.password,
        "code": client.who.facility,
    }
    token = client.post("login", **login).json()["apiKey"]["accessToken"]
    client.headers = {"Authorization": f"Bearer {token}"}
    exchange.faults.add(Fault("F06"))
    body = {
        "loaiHoSo": "3176",
        "maTinh": "HN",
        "maCSKCB": "01001",
        "files": [base64.b64encode(files.claim(key)).decode() for key in ("A1", "A2", "A3")],
    }
    answer = client.call("submit", json.dumps(body).encode()).json()
    assert (answer["totalSuccess"], answer["totalFailed"]) == (2, 1)
    assert sum(row.sent for row in exchange.reconcile("hanoi")) == 2
    assert told(exchange) == ["F06/partial"]
