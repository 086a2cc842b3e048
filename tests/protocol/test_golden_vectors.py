"""Golden vectors: a request, and the exact bytes of the answer.

Each file of ``tests/golden/protocol/<gateway>`` is one exchange with its evidence; the files of a
folder are played in order against one sandbox (seed 7, frozen clock, a fixed checker).
``{{password}}``, ``{{token}}`` and ``{{id_token}}`` stand for values of earlier answers and
``{{transaction}}`` for that of the latest receipt, ``{{password of NAME}}`` for that of another account of the facility; ``#advance 300`` moves the clock.

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


LEARNT = {
    "token": ("access_token", "accessToken", "token"),
    "id_token": ("id_token", "idToken"),
    "refresh": ("refresh_token", "refreshToken"),
    "consent": ("ma_dong_y",),
    "answer": ("ma_xac_thuc",),
    "transaction": ("maGiaoDich", "tracking_id", "IdLanGui", "result", "txn_id"),
}


def judge(file):
    records = []
    for key in peek(file.body).keys:
        wrong = Finding("GW-DOC-05", Severity.ERROR, table="XML3", row=4, tag="SO_LUONG")
        records.append(RecordVerdict(key, Findings([wrong] if key and key[0] == "R" else [])))
    return Checked(Findings(), tuple(records), "missing")


def encode(text):
    """``[[base64 … ]]`` is Base64 in a form, ``[[base64json … ]]`` in JSON; the rest stays."""

    def coded(match):
        packed = base64.b64encode(match[2].strip().encode()).decode()
        return packed if match[1] else packed.replace("+", "%2B").replace("=", "%3D")

    return re.sub(r"\[\[base64(json)?(.*?)\]\]", coded, text, flags=re.DOTALL).encode()


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
        text = re.sub(r"\{\{password of (\w+)\}\}", self.password_of, text)
        text = re.sub(r"\{\{hash of (\w+)\}\}", self.hash_of, text)
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
        if "multipart" in pairs.get("Content-Type", ""):
            data = data.replace(b"\n", b"\r\n")
        answer = self.exchange.handle(Request(method, path, pairs, query, data))
        self.learn(answer.json())
        shown = [str(answer.status), *(f"{n}: {v}" for n, v in answer.headers)]
        return "\n".join(shown) + "\n\n" + answer.body.decode() + "\n"

    def password_of(self, match):
        """Where a gateway has several accounts for the facility."""
        return self.exchange.credentials("01001", self.gateway.key, username=match[1]).password

    def hash_of(self, match):
        return password_hash(self.password_of(match))

    def learn(self, value):
        for name, keys in LEARNT.items():
            self.known[name] = first(value, keys) or self.known.get(name, "")


def first(value, keys):
    """The first text under one of these keys, in nested objects too."""
    if not isinstance(value, dict):
        return ""
    texts = [value[key] for key in keys if isinstance(value.get(key), str)]
    rows = value.get("fileResults") or []
    return next((t for t in texts if t), "") or next(
        (t for t in (first(v, keys) for v in [*value.values(), *rows]) if t), ""
    )


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


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_gateway_has_a_page(language):
    pages = Path(__file__).parents[2] / "docs" / language / "how-to" / "gateways"
    assert set(gateways()) <= {page.stem for page in pages.glob("*.md")}


if __name__ == "__main__":
    for where in folders():
        for file, asked, _, answered in played(where):
            file.write_text(asked + ANSWER + answered, "utf-8")
