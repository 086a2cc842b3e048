"""A real server is killed in the middle of submissions; nothing acknowledged is lost."""

import contextlib
import json
import random
import subprocess
import sys
import threading
import time

import httpx
import pytest

from vnhealth.sandbox.gateways import MODULES

pytestmark = pytest.mark.e2e

PROGRAM = """
import datetime as dt
from vnhealth.sandbox import Settings
from vnhealth.sandbox.server import serve
serve(port=0, seed=7, state="state.db", ready_file="ready.json", admin_token="key",
      settings=Settings(verdict_delay=dt.timedelta(hours=1)), echo=lambda text: None)
"""
SUBMISSIONS = 220
KILLS = 14
BACK = (httpx.TransportError,)


class Server:
    """A server process over one state file, started again whenever it was killed."""

    def __init__(self, folder):
        self.folder = folder
        self.process = None
        self.starts = 0

    def start(self):
        self.stop()
        self.starts += 1
        (self.folder / "ready.json").unlink(missing_ok=True)
        self.process = subprocess.Popen([sys.executable, "-c", PROGRAM], cwd=self.folder)
        for _ in range(600):
            with contextlib.suppress(FileNotFoundError):
                return json.loads((self.folder / "ready.json").read_text())
            assert self.process.poll() is None
            time.sleep(0.05)
        raise AssertionError("the server did not come up")

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def server(tmp_path):
    made = Server(tmp_path)
    yield made
    made.stop()


class Sender:
    """A plain client that resends what was not acknowledged, under the same MA_LK."""

    def __init__(self, server, files):
        self.server = server
        self.files = files
        self.http = httpx.Client(timeout=20)
        self.connect()

    def connect(self):
        self.ready = self.server.start()["province"]
        for _ in range(3):
            with contextlib.suppress(*BACK):
                login = {"username": self.ready["username"], "password": self.ready["password"]}
                reply = self.http.post(self.url("/api/xac-thuc/token"), json=login).json()
                self.headers = {"Authorization": "Bearer " + reply["data"]["access_token"]}
                return
        raise AssertionError("no login")

    def url(self, path):
        return self.ready["base_url"] + path

    def submit(self, key):
        file = self.files.claim(key, extra=f"<X>{'x' * 12_000}</X>")
        headers = {**self.headers, "Content-Type": "application/xml"}
        url = self.url("/api/kham-chua-benh/hoan-tat")
        return self.http.post(url, content=file, headers=headers).json()

    def ask(self, path):
        return self.http.get(self.url(path), headers=self.headers).json()


def test_no_acknowledged_record_is_lost(server, files):
    chance = random.Random(20260803)
    kill_at = set(chance.sample(range(SUBMISSIONS), KILLS))
    sender = Sender(server, files)
    acknowledged = {}
    codes = []
    for index in range(SUBMISSIONS):
        key = f"K{index:04d}"
        if index in kill_at:
            process = server.process
            timer = threading.Timer(chance.uniform(0, 0.003), process.kill)
            timer.start()
        else:
            timer = None
        reply = None
        while reply is None:
            try:
                reply = sender.submit(key)
            except BACK:
                sender.connect()
        if timer is not None:
            timer.join()
        assert reply["success"], reply["code"]
        codes.append(reply["code"])
        acknowledged[key] = reply["data"]["tracking_id"]
    server.stop()
    sender.connect()
    for key, tracking in acknowledged.items():
        path = f"/api/kham-chua-benh/ho-so/trang-thai?tracking_id={tracking}"
        assert sender.ask(path)["data"]["ma_lk"] == key
    (day,) = sender.ask("/api/kham-chua-benh/doi-soat")["data"]["days"]
    assert (day["sent"], day["pending"], day["balanced"]) == (SUBMISSIONS, SUBMISSIONS, True)
    assert day["replaced"] == 0
    assert len(set(acknowledged.values())) == SUBMISSIONS
    assert server.starts > KILLS // 2
    assert set(codes) <= {"ACCEPTED", "ACCEPTED_DUPLICATE"}
    sender.http.close()


def test_ready_file_and_first_request(server):
    ready = server.start()
    assert set(ready) == set(MODULES)
    for account in ready.values():
        assert set(account) == {"base_url", "username", "password", "facility", "first_request"}
    root = ready["vss"]["base_url"].removesuffix("/vss")
    with httpx.Client(base_url=root) as client:
        assert client.get("/_sandbox/health").json() == {"status": "ok"}
        assert client.get("/_sandbox/journal").status_code == 403
        bearer = {"Authorization": "Bearer key"}
        assert client.get("/_sandbox/journal", headers=bearer).json()["count"] >= 2
        clock = client.post("/_sandbox/clock/advance", headers=bearer, json={"seconds": 1})
        assert clock.json()["code"] == "SBX-HTTP-06"
        assert client.get("/").json()["code"] == "SBX-HTTP-01"
