"""Requests that wait together share one commit; one that fails inside takes only itself back."""

import asyncio

import pytest

from vnhealth.sandbox import Exchange, MemoryStore, Request, SqliteStore
from vnhealth.sandbox.asgi import app


@pytest.fixture(params=["memory", "sqlite"])
def store(request, tmp_path):
    return MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "a.sqlite")


async def post(front, path, headers, body):
    sent = []
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": [(k.lower().encode(), v.encode()) for k, v in headers.items()],
        "client": ("127.0.0.1", 1),
    }

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        sent.append(message)

    await front(scope, receive, send)
    return sent[0]["status"], sent[1]["body"]


def test_many_at_once_are_answered_in_order_and_all_kept(files, store):
    exchange = Exchange.default(seed=7, checker=files.judge, store=store)
    client = files.caller(exchange, "province").login()
    headers = {**client.headers, "Content-Type": "application/xml"}
    front = app(exchange, judge=False)
    bodies = [files.claim(f"A{n}") for n in range(20)]
    bodies.insert(10, files.claim("B1", facility="79001"))

    async def all_at_once():
        path = "/province/api/kham-chua-benh/hoan-tat"
        return await asyncio.gather(*(post(front, path, headers, body) for body in bodies))

    answers = asyncio.run(all_at_once())
    assert [status for status, _ in answers] == [202] * 10 + [403] + [202] * 10
    assert sum(row.sent for row in exchange.reconcile("province")) == 20
    numbers = [entry.transaction for entry in exchange.journal if entry.transaction]
    assert len(set(numbers)) == 20


def fails(store, key):
    """Write and then fail inside a transaction."""
    with store.transaction():
        store.put("a", key, "undone")
        raise RuntimeError


def outer_fails(store, key):
    with store.transaction():
        with store.transaction():
            store.put("a", key, "undone with the outer one")
        raise RuntimeError


def test_a_step_inside_a_transaction_can_be_undone_alone(tmp_path):
    store = SqliteStore(tmp_path / "a.sqlite")
    with store.transaction():
        store.put("a", "1", "kept")
        with pytest.raises(RuntimeError):
            fails(store, "2")
        with store.transaction():
            store.put("a", "3", "kept")
    with pytest.raises(RuntimeError):
        outer_fails(store, "4")
    assert store.scan("a") == [("1", "kept"), ("3", "kept")]
    store.close()


def test_one_request_needs_no_group(exchange):
    (answer,) = exchange.handle_together([Request("GET", "/_sandbox/health")])
    assert answer.status == 200
