"""Over real sockets: the sandbox behind uvicorn, and servers that misbehave below HTTP."""

import contextlib
import logging
import socket
import threading
import time

import pytest

from vnhealth import codecs, synth
from vnhealth.sandbox import Exchange, Facility
from vnhealth.sandbox.asgi import app
from vnhealth.sync import (
    ConnectionFailed,
    Credentials,
    RetryPolicy,
    Status,
    TimedOut,
    Timeouts,
)

pytestmark = pytest.mark.e2e
ONCE = RetryPolicy(attempts=1)


def listening():
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen(8)
    return sock, sock.getsockname()[1]


@pytest.fixture
def server():
    uvicorn = pytest.importorskip("uvicorn")
    exchange = Exchange.default(seed=7, facilities=[Facility("01991")])
    sock, port = listening()
    config = uvicorn.Config(app(exchange, judge=False), log_level="error", date_header=False)
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [sock]})
    thread.start()
    while not running.started and thread.is_alive():
        time.sleep(0.01)
    yield exchange, f"http://127.0.0.1:{port}"
    running.should_exit = True
    thread.join(10)
    sock.close()


def test_a_day_over_a_socket(face, server, caplog):
    exchange, url = server
    claims = list(synth.generate(encounters=5, edition="3176", seed=7, facility="01991"))
    vss = face.vss(None, exchange.credentials("01991", base_url=url))
    province = face.repository(None, exchange.credentials("01991", "province", base_url=url))
    with caplog.at_level(logging.DEBUG):
        outcomes = [vss.submit(codecs.write(c), edition="3176") for c in claims]
        copies = [province.submit(codecs.write(c)) for c in claims]
        exchange.clock.advance(hours=1)
        outcomes = [vss.refresh(outcome) for outcome in outcomes]
        by_key = [vss.status_of(claim.ma_lk) for claim in claims]
    assert all(o.accepted for o in outcomes)
    assert all(c.received for c in copies)
    assert [o.transaction for o in by_key] == [o.transaction for o in outcomes]
    assert len(exchange.journal.entries(operation="login")) == 3
    for claim in claims:
        assert claim.ma_lk not in caplog.text
        assert claim.xml1.ho_ten not in caplog.text


def test_nobody_is_listening(face):
    sock, port = listening()
    sock.close()
    client = face.vss(None, Credentials(f"http://127.0.0.1:{port}", "u", "p", "01001"))
    with pytest.raises(ConnectionFailed) as caught:
        client.login()
    assert caught.value.params["reason"] == "connect"
    assert len(face.time.slept) == 2


@contextlib.contextmanager
def raw_server(*behaviours):
    """One behaviour per connection: a function of the connected socket."""
    sock, port = listening()
    over = threading.Event()

    def work():
        for behave in behaviours:
            with contextlib.suppress(OSError):
                connected, _ = sock.accept()
                with connected, contextlib.suppress(OSError):
                    receive(connected)
                    behave(connected, over)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        over.set()
        sock.shutdown(socket.SHUT_RDWR)
        sock.close()
        thread.join(10)


def receive(connected):
    data = b""
    while b"\r\n\r\n" not in data:
        data += connected.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    size = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
    while len(body) < size:
        body += connected.recv(65536)


def reply(body, size=None):
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {size or len(body)}\r\nConnection: close\r\n\r\n"
    return lambda connected, over: connected.sendall(head.encode() + body)


def silence(connected, over):
    over.wait(4)


def drip(connected, over):
    connected.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    for _ in range(200):
        if over.wait(0.02):
            break
        connected.sendall(b" ")


LOGIN = b'{"maKetQua":"200","APIKey":{"access_token":"t","id_token":"i","expires_in":3600}}'


@pytest.mark.parametrize("behave", [silence, drip], ids=["silent", "drip"])
def test_a_request_as_a_whole_has_a_limit(face, make, behave):
    with raw_server(reply(LOGIN), behave) as url:
        account = Credentials(url, "u", "p", "01001")
        limits = Timeouts(connect_s=0.3, total_s=0.3)
        client = face.vss(None, account, retry=ONCE, timeouts=limits)
        outcome = client.submit(make.claim_file(), edition="3176")
        assert outcome.status is Status.UNKNOWN
        assert outcome.cause == TimedOut.default_code


@pytest.mark.parametrize(
    "behave",
    [lambda connected, over: None, reply(b'{"maKetQua":', 400), reply(b"x" * 10, 5)],
    ids=["closed", "cut", "too-long"],
)
def test_an_answer_that_breaks_off_is_unknown(face, make, behave):
    with raw_server(reply(LOGIN), behave) as url:
        client = face.vss(None, Credentials(url, "u", "p", "01001"), retry=ONCE)
        outcome = client.submit(make.claim_file(), edition="3176")
    assert outcome.status is Status.UNKNOWN


def test_an_endless_answer_is_not_read(face, make, monkeypatch):
    from vnhealth.sync import _drivers

    monkeypatch.setattr(_drivers, "MAX_ANSWER", 1000)
    with raw_server(reply(b"x" * 5000)) as url:
        client = face.vss(None, Credentials(url, "u", "p", "01001"), retry=ONCE)
        with pytest.raises(ConnectionFailed) as caught:
            client.login()
    assert caught.value.params["reason"] == "too_large"
