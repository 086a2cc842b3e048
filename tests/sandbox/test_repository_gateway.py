"""The repositories: tracking, duplicates, replacement, cancellation, reconciliation."""

import pytest

from vnhealth.sandbox import Request

XML = {"Content-Type": "application/xml"}
REPOSITORIES = ("province", "national", "national_deid")


@pytest.fixture(params=REPOSITORIES)
def key(request):
    return request.param


@pytest.fixture
def file(files, key):
    """A file for any repository by a short name of its record."""

    def make(name, facility="01001", note="<STT>1</STT>"):
        if key == "national_deid":
            return files.deid("A" + name * 13, facility=facility, xml1=note)
        return files.claim(name, facility=facility, extra=note)

    return make


@pytest.fixture
def name(key):
    return (lambda text: "A" + text * 13) if key == "national_deid" else (lambda text: text)


def test_envelope_and_token(exchange, key, files):
    client = files.caller(exchange, key)
    body = b'{"username":"%s","password":"%s"}' % (
        client.who.username.encode(),
        client.who.password.encode(),
    )
    reply = client.call("login", body)
    assert list(reply.json()) == ["success", "code", "message", "data", "warnings", "errors"]
    data = reply.json()["data"]
    assert list(data) == ["access_token", "token_type", "expires_in", "expires_at", "ma_don_vi"]
    assert (data["expires_in"], data["ma_don_vi"]) == (10800, "01001")
    assert data["expires_at"] == "2026-08-03T11:00:00+07:00"


@pytest.mark.parametrize("body", [b"", b"[]", b'{"username":"01001","password":"x"}', b"\xff"])
def test_wrong_login(exchange, key, files, body):
    reply = files.caller(exchange, key).call("login", body)
    assert (reply.status, reply.json()["code"]) == (401, "INVALID_CREDENTIALS")
    assert reply.json()["success"] is False


def test_locked_account(exchange, key, files):
    client = files.caller(exchange, key)
    exchange.lock_account(key, "01001")
    body = f'{{"username":"01001","password":"{client.who.password}"}}'.encode()
    assert client.call("login", body).json()["code"] == "ACCOUNT_LOCKED"


def test_whoami_and_the_end_of_the_token(exchange, caller, key):
    client = caller(key)
    assert client.json("whoami")["data"]["ma_don_vi"] == "01001"
    exchange.clock.advance(hours=3)
    assert client.call("whoami").status == 401


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer x.y", "Basic abc", "Bearer é", "x" * 900])
def test_no_session(caller, key, value):
    client = caller(key)
    client.headers["Authorization"] = value
    reply = client.call("whoami")
    assert (reply.status, reply.json()["code"]) == (401, "UNAUTHORIZED")


def test_acceptance_duplicate_and_replacement(exchange, caller, key, file, name):
    client = caller(key)
    first = client.send(file("B2"))
    assert (first.status, first.json()["code"]) == (202, "ACCEPTED")
    data = first.json()["data"]
    assert list(data) == ["tracking_id", "status", "signature_status", "received_at"]
    assert (data["status"], data["received_at"]) == ("QUEUED", "2026-08-03T08:00:00+07:00")
    again = client.send(file("B2"))
    assert (again.status, again.json()["code"]) == (200, "ACCEPTED_DUPLICATE")
    assert again.json()["data"]["tracking_id"] == data["tracking_id"]
    changed = client.send(file("B2", note="<STT>2</STT>")).json()
    assert changed["code"] == "ACCEPTED"
    assert changed["data"]["tracking_id"] != data["tracking_id"]
    (row,) = exchange.reconcile(key)
    assert (row.received, row.sent, row.replaced) == (2, 1, 1)
    first_again = client.send(file("B2"))
    assert first_again.json()["code"] == "ACCEPTED"
    old = client.json("status", f"tracking_id={data['tracking_id']}")
    assert old["data"]["status"] == "REPLACED"


def test_status_by_record(exchange, caller, key, file, name):
    client = caller(key)
    query = f"ma_lk={name('B2')}"
    never = client.call("status", query=query)
    assert (never.status, never.json()["code"]) == (404, "NOT_FOUND")
    client.send(file("B2"))
    assert client.json("status", query)["data"]["status"] == "QUEUED"
    exchange.clock.advance(minutes=5)
    done = client.json("status", query)["data"]
    assert done["status"] == "ACCEPTED"
    assert done["processed_at"] == "2026-08-03T08:05:00+07:00"
    assert caller(key, "79001").call("status", query=query).status == 404


def test_refused_records_show_errors_and_warned_ones_warnings(exchange, caller, files):
    client = caller("province")
    client.send(files.claim("R1"))
    client.send(files.claim("W1"))
    exchange.clock.advance(minutes=5)
    refused = client.json("status", "ma_lk=R1")
    assert refused["data"]["status"] == "REJECTED"
    assert refused["errors"][0]["code"] == "BHYT-VAL-01"
    assert refused["errors"][0]["field"] == "STT"
    warned = client.json("status", "ma_lk=W1")
    assert (warned["errors"], warned["warnings"][0]["severity"]) == ([], "warning")


def test_cancel_and_restore(exchange, caller, key, file, name):
    client = caller(key)
    client.send(file("B2"))
    ask = {"MA_LK": name("B2"), "MA_CSKCB": "01001", "LY_DO_HUY": "gửi nhầm", "MA_YEU_CAU": "Y1"}
    first = client.post("cancel", **ask)
    assert (first.status, first.json()["code"]) == (200, "CANCELLED")
    (row,) = exchange.reconcile(key)
    assert (row.received, row.sent, row.cancelled) == (1, 0, 1)
    exchange.clock.advance(minutes=1)
    assert client.post("cancel", **ask).body == first.body
    assert client.post("cancel", **{**ask, "LY_DO_HUY": "khác"}).status == 409
    other = client.post("cancel", **{**ask, "MA_YEU_CAU": "Y2"})
    assert (other.status, other.json()["code"]) == (409, "ALREADY_CANCELLED")
    query = f"ma_lk={name('B2')}"
    assert client.json("status", query)["data"]["status"] == "CANCELLED"
    back = {"MA_LK": name("B2"), "MA_CSKCB": "01001", "LY_DO": "đúng rồi", "MA_YEU_CAU": "Y3"}
    assert client.post("restore", **back).json()["code"] == "RESTORED"
    assert client.post("restore", **{**back, "MA_YEU_CAU": "Y4"}).json()["code"] == "NOT_CANCELLED"
    exchange.clock.advance(minutes=5)
    assert client.json("status", query)["data"]["status"] == "ACCEPTED"


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"MA_LK": "none"}, 404, "NOT_FOUND"),
        ({"MA_CSKCB": "79001"}, 403, "MACSKCB_MISMATCH"),
        ({"MA_CSKCB": "1"}, 400, "INVALID_REQUEST"),
        ({"LY_DO_HUY": " "}, 400, "INVALID_REQUEST"),
        ({"MA_YEU_CAU": "x" * 101}, 400, "INVALID_REQUEST"),
    ],
)
def test_cancellations_that_are_refused(caller, key, file, name, changed, status, code):
    client = caller(key)
    client.send(file("B2"))
    ask = {"MA_LK": name("B2"), "MA_CSKCB": "01001", "LY_DO_HUY": "x", "MA_YEU_CAU": "Y1"}
    reply = client.post("cancel", **{**ask, **changed})
    assert (reply.status, reply.json()["code"]) == (status, code)


def test_a_cancelled_record_can_be_sent_again(exchange, caller, key, file, name):
    client = caller(key)
    client.send(file("B2"))
    client.post("cancel", MA_LK=name("B2"), MA_CSKCB="01001", LY_DO_HUY="x", MA_YEU_CAU="Y1")
    assert client.send(file("B2")).json()["code"] == "ACCEPTED"
    (row,) = exchange.reconcile(key)
    assert (row.received, row.sent, row.cancelled, row.replaced) == (2, 1, 0, 1)


def test_facilities_do_not_mix(exchange, caller, key, file):
    reply = caller(key, "79001").send(file("B2", facility="01001"))
    assert (reply.status, reply.json()["code"]) == (403, "MACSKCB_MISMATCH")
    assert exchange.reconcile() == ()


def test_a_health_department_sends_for_its_province_only(exchange, caller, key, file, name):
    client = caller(key, "01")
    assert client.send(file("B2", facility="01002")).json()["code"] == "ACCEPTED"
    assert client.send(file("B2", facility="79001")).json()["code"] == "MACSKCB_MISMATCH"
    status = client.json("status", f"ma_lk={name('B2')}&ma_cskcb=01002")
    assert status["data"]["ma_cskcb"] == "01002"
    assert client.json("status", f"ma_lk={name('B2')}")["code"] == "INVALID_REQUEST"
    assert [d["ma_cskcb"] for d in client.json("reconciliation")["data"]["days"]] == ["01002"]


def test_bodies_that_are_not_taken(exchange, caller, key, file):
    client = caller(key)
    assert client.call("submit", file("B2"), {"Content-Type": "application/json"}).status == 415
    assert client.call("submit", b"", XML).json()["code"] == "INVALID_REQUEST"
    big = client.call("submit", b" " * (10 * 2**20 + 1), XML)
    assert (big.status, big.json()["code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert exchange.reconcile() == ()


def test_several_records_in_a_file_are_taken_with_a_warning(exchange, caller, files):
    reply = caller("province").send(files.claim("A1", "R2", "W3")).json()
    assert reply["code"] == "ACCEPTED_WITH_WARNING"
    assert reply["warnings"][0]["code"] == "GW-DOC-03"
    exchange.clock.advance(minutes=5)
    (row,) = exchange.reconcile("province")
    assert (row.sent, row.accepted, row.refused) == (3, 2, 1)


def test_list_in_pages(exchange, caller, files):
    client = caller("province")
    for index in range(5):
        client.send(files.claim(f"A{index}"))
    client.send(files.claim("R9"))
    exchange.clock.advance(minutes=5)
    page = client.json("list", "page=2&page_size=4")["data"]
    assert (page["total"], [i["ma_lk"] for i in page["items"]]) == (6, ["A4", "R9"])
    wrong = client.json("list", "error_status=has_error")["data"]
    assert [i["ma_lk"] for i in wrong["items"]] == ["R9"]
    assert client.json("list", "error_status=no_error")["data"]["total"] == 5
    client.post("cancel", MA_LK="A0", MA_CSKCB="01001", LY_DO_HUY="x", MA_YEU_CAU="Y1")
    assert client.json("list")["data"]["total"] == 5
    assert client.json("list", "include_cancelled=true")["data"]["total"] == 6
    assert client.json("list", "from_date=2026-08-04&to_date=2026-08-05")["data"]["total"] == 0


@pytest.mark.parametrize(
    "query", ["page=0", "page=x", "page_size=101", "error_status=x", "from_date=03/08/2026"]
)
def test_list_parameters_are_checked(caller, query):
    assert caller("province").json("list", query)["code"] == "INVALID_REQUEST"


def test_check_in_files_are_kept_apart(exchange, caller, files):
    client = caller("province")
    assert client.send(files.checkin("A1", "A2"), "checkin").json()["code"] == "ACCEPTED"
    assert client.json("status", "ma_lk=A1")["code"] == "NOT_FOUND"
    assert client.json("status", "ma_lk=A1&loai=checkin")["data"]["status"] == "QUEUED"


def test_reconciliation_balances(exchange, caller, key, file):
    client = caller(key)
    client.send(file("B2"))
    client.send(file("C3"))
    exchange.clock.advance(minutes=5)
    (day,) = client.json("reconciliation")["data"]["days"]
    assert day["date"] == "2026-08-03"
    assert (day["sent"], day["accepted"], day["balanced"]) == (2, 2, True)


def test_unknown_calls_are_501_and_wrong_methods_405(exchange, key):
    prefix = "/" + key.replace("_", "-")
    unknown = exchange.handle(Request("GET", prefix + "/api/kham-suc-khoe/qd-2062/ho-so"))
    assert (unknown.status, unknown.json()["code"]) == (501, "SBX-HTTP-01")
    wrong = exchange.handle(Request("GET", prefix + "/api/xac-thuc/token"))
    assert (wrong.status, wrong.json()["code"]) == (405, "SBX-HTTP-07")
