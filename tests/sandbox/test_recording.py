"""A cassette holds no value of the session, and its replay finds what the sandbox does not do."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vnhealth.errors import SandboxError
from vnhealth.sandbox import Exchange, Request, Response
from vnhealth.sandbox.recording import (
    AsyncRecordingTransport,
    Cassette,
    Drift,
    Recorded,
    RecordingTransport,
    replay,
)
from vnhealth.sandbox.recording._compare import compare
from vnhealth.sync import connect, connect_async

GATEWAYS = ("vss", "province", "hanoi", "dienbien", "cantho", "hoc", "vinhlong", "fhir_report")
KEYS = ("MADOTKHAM771", "MADOTKHAM772")
NAME = "Nguyễn Thị Thử Nghiệm"
CARD = "DN4797935711824"


def file_of(claim_file: Callable[..., bytes], *keys: str) -> bytes:
    return claim_file(*keys, extra=f"<HO_TEN>{NAME}</HO_TEN><MA_THE_BHYT>{CARD}</MA_THE_BHYT>")


def session(path: Path, gateway: str, body: bytes, seed: int = 7) -> tuple[Exchange, Any]:
    exchange = Exchange.default(seed=seed)
    through = RecordingTransport(exchange.transport(), Cassette(path))
    account = exchange.credentials("01001", gateway)
    client = connect(gateway, account, transport=through, clock=exchange.clock.now)
    outcomes = client.submit(body)
    return exchange, outcomes


@pytest.fixture
def claim_file(files: Any) -> Callable[..., bytes]:
    return files.claim


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "phien.jsonl"


def forms(value: str) -> Iterator[bytes]:
    """A value as it could stand in a file: plain, as JSON writes it, in Base64 at any offset."""
    plain = value.encode()
    yield plain
    yield json.dumps(value)[1:-1].encode()
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + plain)
        yield coded[4 if shift else 0 : len(coded) - 4]


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_no_value_of_a_session_is_in_its_cassette(path, gateway, claim_file) -> None:
    exchange, outcomes = session(path, gateway, file_of(claim_file, *KEYS))
    account = exchange.credentials("01001", gateway)
    values = [*KEYS, NAME, CARD, account.username, account.password, "01001_BV"]
    values += [o.transaction for o in outcomes if o.transaction]
    written = path.read_bytes()
    assert written.count(b"\n") == 2
    for value in values:
        if value != "01001" or gateway == "vss":
            for shown in forms(value):
                assert shown not in written
    assert b"egw." not in written
    assert b"/api/" not in written


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_a_session_with_the_sandbox_shows_no_drift(path, gateway, claim_file) -> None:
    session(path, gateway, file_of(claim_file, *KEYS))
    found = replay(path, Exchange.default(seed=8))
    assert found.differences == ()
    assert (found.exchanges, found.compared, found.clean) == (2, 2, True)
    assert found.to_dict()["certain"] == 0


WORD = st.text("abcdefghijklmnopqrstuvwxyzĂÂÊÔƠƯ", min_size=6, max_size=14).map("Zq".__add__)
SECRETS = st.lists(WORD, min_size=6, max_size=6, unique=True)


def json_around(words: list[str]) -> Any:
    """A message in which every word stands somewhere: value, key, list, packed text."""
    xml = f"<HOSO><HO_TEN>{words[2]}</HO_TEN><{words[3]}>1</{words[3]}></HOSO>"
    return {
        "hoTen": words[0],
        words[1]: 1,
        "code": words[4],
        "data": base64.b64encode(xml.encode()).decode(),
        "body": json.dumps({"ds": [words[5], {words[0]: words[2]}]}),
    }


@settings(max_examples=60)
@given(SECRETS, st.sampled_from(["json", "form", "xml", "query"]))
def test_scrubbing_holds_for_any_value_at_any_place(tmp_path_factory, words, kind) -> None:
    path = tmp_path_factory.mktemp("c") / "c.jsonl"
    message = json_around(words)
    headers = {
        "Authorization": f"Bearer {words[0]}",
        words[1].encode("ascii", "ignore").decode(): "x",
    }
    body, query = json.dumps(message).encode(), ""
    if kind == "form":
        body = str(httpx.QueryParams({k: str(v) for k, v in message.items()})).encode()
        headers["content-type"] = "application/x-www-form-urlencoded"
    elif kind == "xml":
        body = base64.b64decode(message["data"])
    elif kind == "query":
        body, query = b"", str(httpx.QueryParams({words[0]: words[1], "maThe": words[2]}))
    cassette = Cassette(path)
    where = f"/vinhlong/api/kham-chua-benh/{words[3]}"
    for at in (where, "/vss/api/vnhealth/ket-qua/" + words[4]):
        request = Request("POST", at, headers, query, body, words[5] + ".vn")
        cassette.add(request, Response(200, json.dumps(message).encode()))
        cassette.add(Request("GET", at, headers, query), None, "ReadTimeout")
    written = path.read_bytes()
    for word in words:
        for shown in forms(word):
            assert shown not in written
    assert [found.number for found in Cassette.read(path)] == [1, 2, 3, 4]


def changed(path: Path, change: Callable[[dict[str, Any]], None]) -> Drift:
    """The drift after a change to the last exchange of a cassette."""
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    change(lines[-1])
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return replay(path, Exchange.default(seed=8))


def answer_fields(line: dict[str, Any]) -> list[Any]:
    fields: list[Any] = line["answer"]["body"]["fields"]
    return fields


def another_status(line: dict[str, Any]) -> None:
    line["answer"]["status"] = 201


def another_order(line: dict[str, Any]) -> None:
    answer_fields(line).reverse()


def another_key(line: dict[str, Any]) -> None:
    answer_fields(line).append(["thongDiep", {"is": "text", "length": 3}])


def another_type(line: dict[str, Any]) -> None:
    answer_fields(line)[1][1] = {"is": "number", "form": "000"}


def a_number_for_a_code(line: dict[str, Any]) -> None:
    answer_fields(line)[0][1] = {"is": "code", "code": "205", "type": "number"}
    line["answer"]["status"] = 400


def an_unknown_code(line: dict[str, Any]) -> None:
    answer_fields(line)[0][1] = {"is": "text", "length": 3, "form": "000"}


def an_unknown_call(line: dict[str, Any]) -> None:
    line["operation"] = ""


def a_page(line: dict[str, Any]) -> None:
    line["answer"]["body"] = {"is": "text", "length": 900}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (another_status, "SBX-DRIFT-02"),
        (another_order, "SBX-DRIFT-03"),
        (another_key, "SBX-DRIFT-03"),
        (another_type, "SBX-DRIFT-04"),
        (a_number_for_a_code, "SBX-DRIFT-04"),
        (an_unknown_code, "SBX-DRIFT-06"),
        (an_unknown_call, "SBX-DRIFT-01"),
        (a_page, "SBX-DRIFT-04"),
    ],
)
def test_what_the_sandbox_does_not_do_is_found(path, claim_file, change, code) -> None:
    session(path, "vss", file_of(claim_file, *KEYS))
    found = changed(path, change)
    assert [d.code for d in found.certain] == [code]
    assert found.certain[0].exchange == 2
    assert code in found.certain[0].line("en")
    assert found.to_dict()["differences"][0]["message_en"]


def test_another_code_may_come_from_the_values_but_not_with_any_status(path, claim_file) -> None:
    session(path, "vss", file_of(claim_file, *KEYS))

    def refused(line: dict[str, Any]) -> None:
        answer_fields(line)[0][1]["code"] = "205"
        line["answer"]["status"] = 400

    found = changed(path, refused)
    assert [(d.code, d.certain) for d in found.differences] == [("SBX-DRIFT-05", False)]
    assert found.clean

    def strange(line: dict[str, Any]) -> None:
        line["answer"]["status"] = 302

    found = changed(path, strange)
    assert [d.code for d in found.certain] == ["SBX-DRIFT-02"]


def test_a_session_without_its_login_is_replayed_with_one(path, claim_file) -> None:
    session(path, "hanoi", file_of(claim_file, *KEYS))
    last = list(Cassette.read(path))[-1:]
    assert replay(last, Exchange.default(seed=8)).differences == ()


def test_records_that_are_the_same_stay_the_same(path, claim_file) -> None:
    exchange = Exchange.default(seed=7)
    through = RecordingTransport(exchange.transport(), Cassette(path))
    account = exchange.credentials("01001", "dienbien")
    client = connect("dienbien", account, transport=through, clock=exchange.clock.now)
    for keys in (KEYS[:1], KEYS, KEYS[:1]):
        client.submit(file_of(claim_file, *keys))
    other = Exchange.default(seed=8)
    assert replay(path, other).differences == ()
    assert sum(row.received for row in other.reconcile("dienbien")) == 4


def test_answers_pass_unchanged_and_failures_are_recorded(path) -> None:
    packed = httpx.Response(200, text="<html>lỗi</html>", headers={"x-tracking-id": "1"})

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("take"):
            raise httpx.ReadTimeout("late", request=request)
        return packed

    through = RecordingTransport(httpx.MockTransport(answer), Cassette(path, gateway="vss"))
    with httpx.Client(transport=through, base_url="http://cong.example/goc") as client:
        with pytest.raises(httpx.ReadTimeout):
            client.post("/api/token/take", data={"username": "a"})
        with client.stream("GET", "/khac") as got:
            assert b"".join(got.iter_raw()) == "<html>lỗi</html>".encode()
        assert got.headers["x-tracking-id"] == "1"
    first, second = Cassette.read(path)
    assert (first.operation, first.failed, first.answer) == ("login", "ReadTimeout", None)
    assert (second.gateway, second.operation) == ("vss", "")
    found = replay(path, Exchange.default(seed=7))
    assert [d.code for d in found.differences] == ["SBX-DRIFT-01"]
    assert (found.exchanges, found.compared) == (2, 1)


def test_the_asynchronous_transport_records_the_same(tmp_path, claim_file) -> None:
    session(tmp_path / "a.jsonl", "province", file_of(claim_file, *KEYS))

    async def run() -> None:
        exchange = Exchange.default(seed=7)
        cassette = Cassette(tmp_path / "b.jsonl")
        through = AsyncRecordingTransport(exchange.async_transport(), cassette)
        account = exchange.credentials("01001", "province")
        client = connect_async("province", account, transport=through, clock=exchange.clock.now)
        await client.submit(file_of(claim_file, *KEYS))
        await client.aclose()

    asyncio.run(run())
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()


def test_time_is_kept_and_passes_in_the_replay(path) -> None:
    ticks = iter([100.0, 160.5])
    cassette = Cassette(path, seconds=lambda: next(ticks))
    for _ in range(2):
        cassette.add(Request("POST", "/vss/api/token/take"), None, "ReadTimeout")
    assert [found.after for found in Cassette.read(path)] == [0.0, 60.5]
    exchange = Exchange.default(seed=7)
    start = exchange.clock.now()
    replay(path, exchange)
    assert (exchange.clock.now() - start).total_seconds() == 60.5


def test_a_file_is_never_written_over(path) -> None:
    path.write_text("mine")
    with pytest.raises(SandboxError, match="SBX-REC-01"):
        Cassette(path)
    assert path.read_text() == "mine"


@pytest.mark.parametrize("line", ["{}", "no", '{"v":9}', "[]"])
def test_what_is_no_cassette_is_refused(path, line) -> None:
    path.write_text(line + "\n")
    with pytest.raises(SandboxError, match="SBX-REC-02"):
        replay(path, Exchange.default(seed=7))


def test_a_damaged_shape_is_refused(path, claim_file) -> None:
    session(path, "vss", file_of(claim_file, *KEYS))
    with pytest.raises(SandboxError, match="SBX-REC-02"):
        changed(path, lambda line: line["request"].pop("query"))


@pytest.mark.parametrize(
    ("words", "shown"), [((), b'["?xxxxxxxxx",'), (("truongMoi",), b'["truongMoi",')]
)
def test_own_words_are_shown_only_when_named(path, words, shown) -> None:
    cassette = Cassette(path, words=words)
    cassette.add(Request("POST", "/vss/api/token/take"), Response(200, b'{"truongMoi": 1}'))
    assert shown in path.read_bytes()


def shape_of(*fields: tuple[str, Any], status: int = 200) -> dict[str, Any]:
    """An answer of these fields, as a cassette keeps it."""
    return {"status": status, "body": {"is": "object", "fields": [list(f) for f in fields]}}


TEXT: dict[str, Any] = {"is": "text", "length": 3}
EMPTY_LIST: dict[str, Any] = {"is": "list", "count": 0, "items": []}


def differences(gateway: str, theirs: dict[str, Any], ours: dict[str, Any]) -> list[Any]:
    recorded = Recorded(1, gateway, "login", "POST", {}, theirs)
    return [(d.code, d.certain) for d in compare(recorded, ours)]


def test_fields_whose_names_are_masked_are_told_apart_by_their_place() -> None:
    two = shape_of(("?xxxxx", TEXT), ("?xxxxx", EMPTY_LIST))
    assert differences("ecds", two, two) == []
    turned = shape_of(("?xxxxx", EMPTY_LIST), ("?xxxxx", TEXT))
    assert differences("ecds", two, turned) == [("SBX-DRIFT-04", True)] * 2


def test_without_codes_another_known_status_is_another_verdict() -> None:
    ours = shape_of(("token", TEXT))
    refused = shape_of(("success", TEXT), status=401)
    assert differences("donthuoc", refused, ours) == [("SBX-DRIFT-05", False)]
    strange = shape_of(("success", TEXT), status=302)
    assert differences("donthuoc", strange, ours) == [
        ("SBX-DRIFT-05", False),
        ("SBX-DRIFT-02", True),
    ]


def test_codes_in_the_header_of_a_message_count() -> None:
    def header(code: str) -> dict[str, Any]:
        return {"is": "object", "fields": [["res_code", {"is": "code", "code": code}]]}

    saved = shape_of(("header", header("PS_DS_SAVE_SUCCESS")), ("data", TEXT))
    missing = shape_of(("header", header("PS_DS_CA_SIGNATURE_MISSING")))
    assert differences("emrhub", saved, missing) == [("SBX-DRIFT-05", False)]


def test_an_empty_field_may_come_from_the_values() -> None:
    full, empty = shape_of(("chuKy", TEXT)), shape_of(("chuKy", {"is": "null"}))
    assert differences("vss", full, empty) == [("SBX-DRIFT-04", False)]


def test_a_file_packed_in_itself_many_times_does_not_stop_the_session(path) -> None:
    body = b"<HOSO>1</HOSO>"
    for _ in range(20):
        body = b"<A>" * 200 + base64.b64encode(body) + b"</A>" * 200
    request = Request("POST", "/vinhlong/api/kham-chua-benh/hoan-tat", body=body)
    Cassette(path).add(request, Response(200, body))
    (found,) = Cassette.read(path)
    assert found.operation == "submit"
    assert replay(path, Exchange.default(seed=8)).exchanges == 1
