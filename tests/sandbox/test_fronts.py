"""One state behind the plain call, httpx and ASGI; a journal without values; nothing else."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from vnhealth.protocol import gateways, vss
from vnhealth.sandbox import Exchange, Request, Settings
from vnhealth.sandbox.asgi import app


def login_form(who):
    return {"username": who.username, "password": vss.password_hash(who.password)}


def headers_of(reply, who):
    key = reply.json()["APIKey"]
    return {
        "accessToken": key["access_token"],
        "tokenId": key["id_token"],
        "passwordHash": vss.password_hash(who.password),
    }


def test_httpx_client_in_process(exchange, files):
    who = exchange.credentials("01001")
    with httpx.Client(transport=exchange.transport(), base_url=who.base_url) as client:
        reply = client.post("/api/token/take", data=login_form(who))
        assert reply.headers["content-type"] == "application/json; charset=utf-8"
        assert reply.headers["date"] == "Mon, 03 Aug 2026 01:00:00 GMT"
        status = client.get(
            "/api/vnhealth/ket-qua", params={"maLk": "Ă&1"}, headers=headers_of(reply, who)
        )
    assert status.json()["maKetQua"] == "404"


def test_async_client_and_asgi_see_the_same_state(exchange, files):
    who = exchange.credentials("01001", "province")

    async def run():
        transports = (exchange.async_transport(), httpx.ASGITransport(app(exchange, judge=False)))
        codes = []
        for transport in transports:
            async with httpx.AsyncClient(transport=transport, base_url=who.base_url) as client:
                body = {"username": who.username, "password": who.password}
                token = (await client.post("/api/xac-thuc/token", json=body)).json()["data"]
                headers = {
                    "Authorization": "Bearer " + token["access_token"],
                    "Content-Type": "application/xml",
                }
                sent = await client.post(
                    "/api/kham-chua-benh/hoan-tat", content=files.claim("A1"), headers=headers
                )
                codes.append(sent.json()["code"])
        return codes

    assert asyncio.run(run()) == ["ACCEPTED", "ACCEPTED_DUPLICATE"]


def test_every_real_host_leads_to_its_gateway_without_a_prefix(exchange):
    for gateway in gateways().values():
        for host in gateway.hosts:
            path = gateway.endpoint("login").path
            reply = exchange.handle(Request("POST", path, host=host.upper() + ":443"))
            assert reply.status in (400, 401)
            assert exchange.journal[-1].gateway == gateway.key


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("POST", "/api/token/take"), ("GET", "/vss"), ("GET", "/vssx/api"), ("X", "//")],
)
def test_anything_else_is_501_with_a_code(exchange, method, path):
    reply = exchange.handle(Request(method, path))
    assert (reply.status, reply.json()["code"]) == (501, "SBX-HTTP-01")
    assert reply.json()["message"]


def test_large_bodies_are_refused_before_they_are_looked_at(files):
    exchange = Exchange.default(settings=Settings(max_body=1000))
    reply = exchange.handle(Request("POST", "/vss/api/token/take", body=b"x" * 1001))
    assert (reply.status, reply.json()["code"]) == (413, "SBX-HTTP-02")


def test_large_files_are_refused_by_the_gateway(files):
    exchange = Exchange.default(settings=Settings(max_file=100))
    reply = files.caller(exchange, "vss").login().send(files.claim("A1"))
    assert (reply.status, reply.json()["maKetQua"]) == (400, "1001")


def test_the_server_stops_reading_a_body_that_passes_the_limit():
    exchange = Exchange.default(settings=Settings(max_body=10))
    sent, asked = [], []

    async def receive():
        asked.append(1)
        return {"type": "http.request", "body": b"x" * 8, "more_body": True}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b""}
    asyncio.run(app(exchange)(scope, receive, send))
    assert (sent[0]["status"], len(asked)) == (413, 2)


def test_same_seed_clock_and_requests_give_the_same_bytes(files):
    def play():
        exchange = Exchange.default(seed=11, checker=files.judge)
        client = files.caller(exchange, "vss").login()
        answers = [client.send(files.claim("A1")), client.send(files.checkin("A1"), "checkin_130")]
        exchange.clock.advance(minutes=5)
        answers.append(client.call("result_by_record", query="maLk=A1"))
        return [(a.status, a.headers, a.body) for a in answers], client.headers

    assert play() == play()
    other = Exchange.default(seed=12).credentials("01001").password
    assert other != Exchange.default(seed=11).credentials("01001").password


def test_the_journal_holds_no_value(exchange, files):
    secret = "SECRET77"
    client = files.caller(exchange, "vss").login()
    client.send(files.claim(secret))
    client.call("result_by_record", query=f"maLk={secret}")
    client.call("result", maGiaoDich=secret)
    exchange.handle(Request("GET", f"/vss/api/{secret}", query=secret))
    exchange.handle(Request(secret, "/vss/api/token/take"))
    text = json.dumps([entry.to_dict() for entry in exchange.journal]) + repr(exchange.journal)
    for value in (secret, client.who.password, *client.headers.values()):
        assert value not in text
    assert [e.operation for e in exchange.journal] == [
        *("login", "claim_3176", "result_by_record", "result", "", ""),
    ]
    assert exchange.journal[1].code == "200"
    assert len(exchange.journal.entries(operation="login", after=0)) == 1


def test_reprs_hold_no_value(exchange, files):
    client = files.caller(exchange, "vss").login()
    reply = client.send(files.claim("SECRET77"))
    record = exchange.store.records(1)[0]
    shown = repr(exchange) + repr(reply) + repr(record) + repr(exchange.store) + repr(client.who)
    assert "SECRET77" not in shown
    assert client.who.password not in shown


def test_admin_calls_need_the_token():
    closed = Exchange.default()
    opened = Exchange.default(admin_token="key")
    bearer = {"Authorization": "Bearer key"}
    health = Request("GET", "/_sandbox/health")
    journal = Request("GET", "/_sandbox/journal", bearer)
    assert closed.handle(health).json() == {"status": "ok"}
    assert closed.handle(journal).status == 403
    assert opened.handle(Request("GET", "/_sandbox/journal")).json()["code"] == "SBX-HTTP-04"
    assert opened.handle(Request("GET", "/_sandbox/nothing", bearer)).status == 501
    opened.handle(health)
    found = opened.handle(Request("GET", "/_sandbox/journal", bearer, "operation=health")).json()
    assert [e["status"] for e in found["entries"]] == [200]
    wrong = opened.handle(Request("GET", "/_sandbox/journal", bearer, "after=x"))
    assert wrong.json()["code"] == "SBX-HTTP-03"


def test_admin_clock_and_reconciliation(files):
    exchange = Exchange.default(admin_token="key", checker=files.judge)
    bearer = {"Authorization": "Bearer key"}
    files.caller(exchange, "vss").login().send(files.claim("A1"))
    move = Request("POST", "/_sandbox/clock/advance", bearer, body=b'{"seconds": 300}')
    assert exchange.handle(move).json() == {"now": "2026-08-03T01:05:00+00:00", "virtual": True}
    for body in (b'{"seconds": -1}', b'{"seconds": 1e300}', b"[]", b"x"):
        assert exchange.handle(Request("POST", move.path, bearer, body=body)).status == 400
    (row,) = exchange.handle(Request("GET", "/_sandbox/reconciliation", bearer)).json()["rows"]
    assert (row["sent"], row["accepted"], row["balanced"]) == (1, 1, True)


def test_the_plugin_fixture(vnhealth_exchange):
    assert vnhealth_exchange.clock.frozen
    assert vnhealth_exchange.credentials("79001").username == "79001_BV"


def test_a_clock_never_goes_back(exchange):
    with pytest.raises(ValueError, match="back"):
        exchange.clock.advance(minutes=-1)


def test_many_threads_lose_and_double_nothing(exchange, files):
    client = files.caller(exchange, "vss").login()
    with ThreadPoolExecutor(8) as pool:
        sent = pool.map(lambda i: client.send(files.claim(f"A{i}")).json(), range(200))
        numbers = {reply["maGiaoDich"] for reply in sent}
    assert len(numbers) == 200
    (row,) = exchange.reconcile()
    assert (row.received, row.sent, row.balanced) == (200, 200, True)
    assert [e.number for e in exchange.journal] == list(range(1, 202))


def test_files_are_judged_while_nobody_asks(exchange, files, monkeypatch):
    monkeypatch.setattr("vnhealth.sandbox.asgi.PAUSE", 0)
    files.caller(exchange, "vss").login().send(files.claim("A1"))
    exchange.clock.advance(minutes=5)

    async def run():
        queue = asyncio.Queue()
        sent = []

        async def send(message):
            sent.append(message["type"])

        task = asyncio.create_task(app(exchange)({"type": "lifespan"}, queue.get, send))
        await queue.put({"type": "lifespan.startup"})
        while not exchange.store.numbered(1).settled:
            await asyncio.sleep(0)
        await queue.put({"type": "lifespan.shutdown"})
        await task
        return sent

    assert asyncio.run(run()) == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
