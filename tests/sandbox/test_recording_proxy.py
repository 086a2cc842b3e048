"""The recording proxy passes everything on, tells when it cannot, and writes no value."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from vnhealth.cli import _app
from vnhealth.errors import SandboxError
from vnhealth.protocol.vss import password_hash
from vnhealth.sandbox import Exchange
from vnhealth.sandbox.recording import Cassette, replay
from vnhealth.sandbox.recording._proxy import proxy
from vnhealth.sandbox.server import running


def through_proxy(cassette: Path, inner: httpx.AsyncBaseTransport, *calls: httpx.Request):
    """The answers to some calls by way of a proxy in this process."""
    served = proxy("http://gate.example/base", Cassette(cassette, gateway="vss"), inner)

    async def run() -> list[httpx.Response]:
        transport = httpx.ASGITransport(served)
        async with httpx.AsyncClient(transport=transport) as client:
            return [await client.send(call) for call in calls]

    return asyncio.run(run())


def test_calls_and_answers_pass_unchanged(tmp_path) -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(418, content=b"\x00bytes", headers=[("Set-Cookie", "a"), ("X", "b")])

    call = httpx.Request(
        "PUT", "http://p/api/a%2Fb?q=%C4%91", content=b"body", headers={"Own": "1", "TE": "x"}
    )
    (got,) = through_proxy(tmp_path / "c.jsonl", httpx.MockTransport(answer), call)
    assert (got.status_code, got.content) == (418, b"\x00bytes")
    assert (got.headers["set-cookie"], got.headers["x"]) == ("a", "b")
    (request,) = seen
    assert str(request.url) == "http://gate.example/base/api/a%2Fb?q=%C4%91"
    assert (request.method, request.content, request.headers["own"]) == ("PUT", b"body", "1")
    assert request.headers["host"] == "gate.example"
    assert "te" not in request.headers


def test_a_gateway_that_cannot_be_reached_is_said_and_recorded(tmp_path) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no", request=request)

    call = httpx.Request("POST", "http://p/api/token/take", content=b"{}")
    (got,) = through_proxy(tmp_path / "c.jsonl", httpx.MockTransport(answer), call)
    assert (got.status_code, got.json()["code"]) == (502, "SBX-REC-05")
    (found,) = Cassette.read(tmp_path / "c.jsonl")
    assert (found.operation, found.failed) == ("login", "ConnectError")


@pytest.mark.parametrize("url", ["", "gate.example", "ftp://gate.example", "http://g/?a=1"])
def test_a_base_url_that_is_none_is_refused(tmp_path, url) -> None:
    with pytest.raises(SandboxError, match="SBX-REC-04"):
        proxy(url, Cassette(tmp_path / "c.jsonl"))


@pytest.mark.e2e
def test_the_command_records_and_the_drift_of_it_is_none(tmp_path) -> None:
    exchange = Exchange.default(seed=7)
    who = exchange.credentials("01001", "vss")
    ready, cassette = tmp_path / "ready.txt", tmp_path / "c.jsonl"
    with running(exchange) as base:
        command = [sys.executable, "-m", "vnhealth", "sandbox", "record", base + "/vss"]
        command += [str(cassette), "--port", "0", "--ready-file", str(ready)]
        command += ["--gateway", "vss"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as started:
            while not (ready.exists() and ready.read_text().endswith("\n")):
                assert started.poll() is None
                time.sleep(0.05)
            form = {"username": who.username, "password": password_hash(who.password)}
            got = httpx.post(ready.read_text().strip() + "/api/token/take", data=form)
            started.terminate()
    assert got.json()["maKetQua"] == "200"
    assert who.username.encode() not in cassette.read_bytes()
    assert replay(cassette, Exchange.default(seed=8)).differences == ()


def run(*args: str):
    if not _app.app.registered_groups:
        _app.register()
    return CliRunner().invoke(_app.app, ["sandbox", "drift", *args])


def test_the_exit_code_of_drift_says_whether_something_is_certain(tmp_path) -> None:
    path = tmp_path / "c.jsonl"
    exchange = Exchange.default(seed=7)
    from vnhealth.sandbox.recording import RecordingTransport

    through = RecordingTransport(exchange.transport(), Cassette(path))
    with httpx.Client(transport=through, base_url="http://s.invalid/vss") as client:
        client.post("/api/token/take", data={"username": "a", "password": "b"})
    text = path.read_text("utf-8")
    doubtful = run(str(path), "--format", "json")
    assert doubtful.exit_code == 0
    assert '"SBX-DRIFT-05"' in doubtful.stdout
    assert run(str(path), "--strict").exit_code == 1
    path.write_text(text.replace('"status":', '"status":9'), "utf-8")
    certain = run(str(path))
    assert certain.exit_code == 1
    assert "[SBX-DRIFT-02]" in certain.stdout
