"""The sandbox beside canned answers, moto, a bare server and FastAPI.

    python -m benchmarks.bench_sandbox [--seconds 3] [--rounds 5] [--night 5000]

In process: CPU time per submission. Servers: requests per second by the same load generator from
another process, in turns; "durable" means that each answer goes out after its commit to SQLite with
``synchronous=FULL``. ``--night`` sends so many claims in virtual time and prints the memory.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx

from benchmarks.harness import in_turns
from vnhealth import codecs, synth
from vnhealth.protocol import vss
from vnhealth.sandbox import Exchange, Facility, Request, SqliteStore

CLAIM = next(synth.generate(encounters=1, seed=7))
CODE = str(CLAIM.xml1.ma_cskcb)
FILE = synth.render(CLAIM)
PATH = "/api/qd130/guiHoSoXmlQD3176"
EACH = 20


def form(
    exchange: Exchange, base_url: str = "http://sandbox.invalid"
) -> tuple[str, dict[str, str], bytes]:
    """Address, headers and body of a submission under a good session."""
    who = exchange.credentials(CODE, base_url=base_url)
    hashed = vss.password_hash(who.password)
    with httpx.Client(transport=exchange.transport()) as client:
        login = {"username": who.username, "password": hashed}
        keys = client.post("http://sandbox.invalid/vss/api/token/take", data=login).json()["APIKey"]
    headers = {
        "accessToken": keys["access_token"],
        "tokenId": keys["id_token"],
        "passwordHash": hashed,
        "content-type": vss.FORM_CONTENT_TYPE,
    }
    fields = {
        "username": who.username,
        "loaiHoSo": "130",
        "maTinh": CODE[:2],
        "maCSKCB": CODE,
        "fileHSBase64": base64.b64encode(FILE).decode(),
    }
    return who.base_url + PATH, headers, vss.encode_form(fields)


def new_exchange(**more: Any) -> Exchange:
    """The sandbox with the facility of the sample file."""
    return Exchange.default(seed=7, facilities=[Facility(CODE)], **more)


def in_process(rounds: int) -> dict[str, Any]:
    """Submission beside a canned answer of respx plus the reader's own time, and beside moto."""
    import respx

    exchange = new_exchange()
    url, headers, body = form(exchange)
    live = httpx.Client(transport=exchange.transport())
    router = respx.MockRouter(assert_all_called=False)
    router.post(url).mock(return_value=httpx.Response(200, json={"maKetQua": "200"}))
    canned = httpx.Client(transport=httpx.MockTransport(router.handler))

    def submit() -> None:
        for _ in range(EACH):
            live.post(url, content=body, headers=headers)

    def codec() -> None:
        for _ in range(EACH):
            codecs.read(FILE)

    def answer() -> None:
        for _ in range(EACH):
            canned.post(url, content=body, headers=headers)
        codec()

    request = Request("POST", f"/vss{PATH}", headers, "", body)

    def handle() -> None:
        for _ in range(EACH):
            exchange.handle(request)

    nobody = httpx.MockTransport(lambda _: httpx.Response(200, content=b"{}"))
    alone = httpx.Client(transport=nobody)

    def client_alone() -> None:
        for _ in range(EACH):
            alone.post(url, content=body, headers=headers)

    contenders: dict[str, Callable[[], object]] = {
        "submit": submit,
        "canned": answer,
        "handle": handle,
        "client": client_alone,
        "codec": codec,
    }
    stop = _moto(contenders)
    found = in_turns(contenders, rounds, lambda: None)
    stop()
    us = {name: statistics.median(times) / EACH * 1e6 for name, times in found.items()}
    facts: dict[str, Any] = {
        "submit_us": round(us["submit"], 1),
        "to_canned_and_codec": round(us["submit"] / us["canned"], 3),
        "goal_to_canned_and_codec": "<= 1.15",
        "http_client_alone_us": round(us["client"], 1),
        "codec_us": round(us["codec"], 1),
        "without_http_client_us": round(us["handle"], 1),
    }
    if "moto" in us:
        facts |= {
            "times_moto": round(us["moto"] / us["submit"], 1),
            "times_moto_without_codec": round(us["moto"] / (us["submit"] - us["codec"]), 1),
            "goal_times_moto": ">= 8; moto stores the bytes and reads none of them",
            "times_moto_without_http_client": round(us["moto"] / us["handle"], 1),
        }
    return facts


def _moto(contenders: dict[str, Callable[[], object]]) -> Callable[[], None]:
    """Adds moto storing the same file in its mock of S3, when it is installed."""
    try:
        import boto3
        from moto import mock_aws
    except ImportError:
        return lambda: None
    mock = mock_aws()
    mock.start()
    client = boto3.client(
        "s3", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    client.create_bucket(Bucket="claims")

    def put() -> None:
        for number in range(EACH):
            client.put_object(Bucket="claims", Key=str(number), Body=FILE)

    contenders["moto"] = put
    return mock.stop


# servers

ECHO = """
import json
BODY = json.dumps({"maKetQua": "200"}).encode()
HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())]
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})
"""
FASTAPI = """
import base64, sqlite3, hashlib
from fastapi import FastAPI, Form, Header
db = sqlite3.connect("fastapi.sqlite", isolation_level=None, check_same_thread=False)
db.execute("PRAGMA journal_mode=WAL"); db.execute("PRAGMA synchronous=FULL")
db.execute("CREATE TABLE files (number INTEGER PRIMARY KEY, digest TEXT, body BLOB)")
app = FastAPI()
@app.post("/vss/api/qd130/guiHoSoXmlQD3176")
async def take(username: str = Form(), loaiHoSo: str = Form(), maTinh: str = Form(),
               maCSKCB: str = Form(), fileHSBase64: str = Form(), accessToken: str = Header(),
               tokenId: str = Header(), passwordHash: str = Header()):
    body = base64.b64decode(fileHSBase64, validate=True)
    cursor = db.execute("INSERT INTO files (digest, body) VALUES (?, ?)",
                        (hashlib.sha256(body).hexdigest(), body))
    return {"maKetQua": "200", "maGiaoDich": str(cursor.lastrowid)}
"""
OURS = """
from benchmarks.bench_sandbox import new_exchange
from vnhealth.sandbox import SqliteStore
from vnhealth.sandbox.asgi import app as front
app = front(new_exchange(store=SqliteStore("ours.sqlite")), judge=False)
"""


@contextmanager
def server(folder: Path, name: str, source: str) -> Iterator[int]:
    """One of the servers in a process of its own; gives its port."""
    (folder / f"{name}.py").write_text(source)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        *(sys.executable, "-m", "uvicorn", f"{name}:app", "--port", str(port)),
        *("--log-level", "critical", "--no-access-log", "--lifespan", "off"),
    ]
    env = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{Path(__file__).parents[1]}"}
    process = subprocess.Popen(command, cwd=folder, env=env)
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


def servers(seconds: float, rounds: int, connections: int = 32) -> dict[str, Any]:
    """Requests per second of the bare server, of FastAPI and of the sandbox, in turns."""
    _, headers, body = form(new_exchange())
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    wire = (
        f"POST /vss{PATH} HTTP/1.1\r\nHost: x\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    sources = {"echo": ECHO, "fastapi": FASTAPI, "sandbox": OURS}
    rates: dict[str, list[float]] = {name: [] for name in sources}
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        (folder / "request").write_bytes(wire)
        with ExitStack() as stack:
            ports = {
                name: stack.enter_context(server(folder, f"{name}_app", source))
                for name, source in sources.items()
            }
            for _ in range(rounds):
                for name, port in ports.items():
                    rates[name].append(_rate(folder, port, connections, seconds))
    middle = {name: statistics.median(found) for name, found in rates.items()}
    return {
        **{f"{name}_per_second": round(rate) for name, rate in middle.items()},
        "to_echo": round(middle["sandbox"] / middle["echo"], 3),
        "goal_to_echo": ">= 0.20",
        "times_fastapi": round(middle["sandbox"] / middle["fastapi"], 2),
        "goal_times_fastapi": ">= 1.5",
    }


def _rate(folder: Path, port: int, connections: int, seconds: float) -> float:
    command = [sys.executable, "-m", "benchmarks.load", "127.0.0.1", str(port), "request"]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(
        [*command, str(connections), str(seconds)],
        cwd=folder, env=env, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return float(json.loads(done.stdout)["per_second"])


def starts() -> dict[str, Any]:
    """Milliseconds to a sandbox in process, and seconds to a server of the command line."""
    times = []
    for _ in range(9):
        start = time.perf_counter()
        new_exchange()
        times.append(time.perf_counter() - start)
    with tempfile.TemporaryDirectory() as text:
        ready = Path(text) / "ready.json"
        command = [sys.executable, "-m", "vnhealth", "sandbox", "serve", "--port", "0"]
        start = time.perf_counter()
        process = subprocess.Popen(
            [*command, "--ready-file", str(ready)], stdout=subprocess.DEVNULL, cwd=text
        )
        while not ready.exists():
            time.sleep(0.005)
        cold = time.perf_counter() - start
        process.terminate()
        process.wait()
    return {
        "start_in_process_ms": round(statistics.median(times) * 1e3, 1),
        "goal_start_in_process_ms": "< 50",
        "cold_server_s": round(cold, 2),
        "goal_cold_server_s": "< 1.5",
    }


def night(count: int) -> dict[str, Any]:
    """So many claims in one virtual night into a durable store; seconds and memory."""
    with tempfile.TemporaryDirectory() as text:
        exchange = new_exchange(store=SqliteStore(Path(text) / "night.sqlite"))
        url, headers, _ = form(exchange)
        plain = base64.b64encode(FILE)
        assert plain
        start, first = time.perf_counter(), 0
        with httpx.Client(transport=exchange.transport()) as client:
            for number in range(count):
                if number and number % 2000 == 0:
                    exchange.clock.advance(minutes=10)  # type: ignore[attr-defined]
                    url, headers, _ = form(exchange)
                client.post(url, content=_numbered(exchange, number), headers=headers)
                if number == count // 10:
                    first = _rss()
        exchange.clock.advance(hours=6)  # type: ignore[attr-defined]
        judged = exchange.settle()
        (row,) = exchange.reconcile()
        found = {
            "night_records": count,
            "night_seconds": round(time.perf_counter() - start, 1),
            "night_judged": judged,
            "night_balanced": row.balanced and row.sent == count,
            "night_growth_mb": round((_rss() - first) / 1024, 1),
        }
        exchange.close()
        return found


def _numbered(exchange: Exchange, number: int) -> bytes:
    """A submission of the sample under a link id of its own."""
    key = f"{number:015}"
    claim = CLAIM.replace(
        **{
            name.lower(): tuple(row.replace(ma_lk=key) for row in rows)
            for name, rows in CLAIM.tables.items()
        }
    )
    fields = {
        "username": exchange.credentials(CODE).username,
        "loaiHoSo": "130",
        "maTinh": CODE[:2],
        "maCSKCB": CODE,
        "fileHSBase64": base64.b64encode(synth.render(claim)).decode(),
    }
    return vss.encode_form(fields)


def _rss() -> int:
    status = Path("/proc/self/status")
    return int(status.read_text().partition("VmRSS:")[2].split()[0]) if status.exists() else 0


def main() -> None:
    """Measure all of it and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--night", type=int, default=2000)
    o = parser.parse_args()
    found = {**starts(), **in_process(o.rounds), **servers(o.seconds, o.rounds), **night(o.night)}
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
