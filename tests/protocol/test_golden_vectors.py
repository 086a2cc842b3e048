"""Golden vectors: a request, and the exact bytes of the answer.

Each file of ``tests/golden/protocol/<gateway>`` is one exchange with its evidence; the files of a
folder are played in order against one sandbox (seed 7, frozen clock, a fixed checker).
``{{password}}``, ``{{token}}`` and ``{{id_token}}`` stand for values of earlier answers and
``{{transaction}}`` for that of the latest receipt; ``#advance 300`` moves the clock.

``python tests/protocol/test_golden_vectors.py`` writes the answers anew: look at the difference.
"""

import base64
import re
from pathlib import Path

import pytest

from vnhealth.findings import Finding, Findings, Severity
from vnhealth.protocol import gateways
from vnhealth.protocol.vss import password_hash
from vnhealth.sandbox import Checked, Exchange, RecordVerdict, Request
from vnhealth.sandbox._peek import peek

FOLDER = Path(__file__).parents[1] / "golden" / "protocol"
ANSWER = "\n=== answer\n"
EVIDENCE = {"official", "two vendors", "one vendor", "document", "vnhealth-defined", "assumption"}


def judge(file):
    records = []
    for key in peek(file.body).keys:
        wrong = Finding("GW-DOC-05", Severity.ERROR, table="XML3", row=4, tag="SO_LUONG")
        records.append(RecordVerdict(key, Findings([wrong] if key and key[0] == "R" else [])))
    return Checked(Findings(), tuple(records), "missing")


def encode(text):
    """``[[base64 … ]]`` is Base64 in a form; the rest goes as it stands."""

    def coded(match):
        plain = match[1].strip().encode()
        return base64.b64encode(plain).decode().replace("+", "%2B").replace("=", "%3D")

    return re.sub(r"\[\[base64(.*?)\]\]", coded, text, flags=re.DOTALL).encode()


class Player:
    def __init__(self, gateway):
        self.exchange = Exchange.default(seed=7, checker=judge)
        self.gateway = gateways()[gateway]
        password = self.exchange.credentials("01001", gateway).password
        hashed = password_hash(password)
        self.known = {"password": password, "hash": hashed, "hash_lower": hashed.lower()}

    def play(self, text):
        """The answer to the request of one file, as text."""
        for name, value in self.known.items():
            text = text.replace("{{" + name + "}}", value)
        lines = text.splitlines()
        for line in lines:
            if line.startswith("#advance "):
                self.exchange.clock.advance(seconds=int(line.split()[1]))
        text = "\n".join(line for line in lines if not line.startswith("#"))
        head, _, body = text.partition("\n\n")
        first, *headers = head.splitlines()
        method, target = first.split(" ")
        path, _, query = target.partition("?")
        pairs = dict(line.split(": ", 1) for line in headers)
        data = encode(body.rstrip("\n"))
        answer = self.exchange.handle(Request(method, path, pairs, query, data))
        self.learn(answer.json())
        shown = [str(answer.status), *(f"{n}: {v}" for n, v in answer.headers)]
        return "\n".join(shown) + "\n\n" + answer.body.decode() + "\n"

    def learn(self, value):
        key = value.get("APIKey") or value.get("data") or {}
        self.known["token"] = key.get("access_token", self.known.get("token", ""))
        self.known["id_token"] = key.get("id_token", self.known.get("id_token", ""))
        new = value.get("maGiaoDich") or key.get("tracking_id")
        self.known["transaction"] = new or self.known.get("transaction", "")


def folders():
    return sorted(path for path in FOLDER.iterdir() if path.is_dir())


def played(folder):
    player = Player(folder.name)
    for path in sorted(folder.glob("*.http")):
        request, _, answer = path.read_text("utf-8").partition(ANSWER)
        yield path, request, answer, player.play(request)


@pytest.mark.parametrize("folder", folders(), ids=lambda path: path.name)
def test_answers_are_the_recorded_bytes(folder):
    count = 0
    for path, request, expected, got in played(folder):
        assert got == expected, path.name
        evidence = re.search(r"^#evidence (.+?) \| (.+)$", request, re.MULTILINE)
        assert evidence, path.name
        assert evidence[1] in EVIDENCE, path.name
        count += 1
    assert count >= 3


def test_every_gateway_has_vectors():
    assert {folder.name for folder in folders()} == set(gateways())


if __name__ == "__main__":
    for where in folders():
        for file, asked, _, answered in played(where):
            file.write_text(asked + ANSWER + answered, "utf-8")
