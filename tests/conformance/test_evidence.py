"""The evidence file: canonical, signed, checked offline, and changed by nobody unseen."""

from __future__ import annotations

import datetime as dt
import json
import os
import random
import re
import shutil
import subprocess
import time
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from vnhealth.conformance import evidence
from vnhealth.conformance.evidence import Sealer
from vnhealth.errors import ConformanceError

AT = dt.datetime(2026, 8, 3, 8, 0, tzinfo=dt.UTC)


def traffic(scenarios: int, calls: int) -> dict[str, Any]:
    found = []
    for s in range(scenarios):
        leaves = [
            {
                "n": n + 1,
                "at": "2026-08-03T08:00:00+07:00",
                "gateway": "vss",
                "call": "claim_3176",
                "method": "POST",
                "status": 200,
                "code": "200",
                "fault": "",
                "request": f"{n:064x}",
                "answer": f"{n + 1:064x}",
            }
            for n in range(calls)
        ]
        root = evidence.scenario_root(leaves)
        found.append({"id": f"S{s}", "count": calls, "root": root, "leaves": leaves})
    return {
        "count": scenarios * calls,
        "root": evidence.traffic_root(found),
        "scenarios": found,
    }


def payload(kind: str = "vendor_client", calls: int = 4) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "kit": {
            "id": "k", "version": "1", "tests_sha256": "", "requirements_sha256": "",
            "role": "clinic", "gateway": "vss", "edition": "1931",
        },
        "standards": [],
        "summary": {"tests": {"pass": 1}, "must": {}, "should": {}, "groups": {}},
        "requirements": [],
        "tests": [],
        "waivers": [],
        "faults": [],
        "quality": {
            "sent": 1, "accepted": 1, "refused": 0, "pending": 0, "codes": [], "total_dong": 0,
        },
        "security": {},
        "privacy": {},
        "load": None,
        "parity": {},
        "traffic": traffic(3, calls),
    }  # fmt: skip
    run = {
        "number": "1", "issuer": "Đơn vị thử", "date": AT.isoformat(), "started": AT.isoformat(),
        "finished": AT.isoformat(), "machine": {}, "vendor": {}, "attestations": [],
        "valid_until": "2027-08-03",
    }  # fmt: skip
    return {"kind": kind, "outcome": "PASS", "facts": facts, "run": run}


def keys() -> dict[str, Sealer]:
    made = {
        "rsa": rsa.generate_private_key(public_exponent=65537, key_size=2048),
        "ec": ec.generate_private_key(ec.SECP256R1()),
    }
    pem = {
        name: key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        for name, key in made.items()
    }
    return {"ed25519": Sealer.new(), **{name: Sealer.from_pem(p) for name, p in pem.items()}}


def changed_bytes(data: bytes, count: int, seed: int) -> list[tuple[int, int]]:
    """Different places and different values, seeded."""
    rng = random.Random(seed)
    found: dict[tuple[int, int], None] = {}
    while len(found) < count:
        at = rng.randrange(len(data))
        new = rng.choice(b'0123456789abcdef {}[]":,\n\xff\x00') if rng.random() < 0.7 else None
        value = rng.randrange(256) if new is None else new
        if value != data[at]:
            found[at, value] = None
    return list(found)


def undetected(data: bytes, changes: list[tuple[int, int]]) -> list[tuple[int, int]]:
    missed = []
    for at, value in changes:
        if evidence.verify(data[:at] + bytes([value]) + data[at + 1 :]).intact:
            missed.append((at, value))
    return missed


@pytest.mark.parametrize("name", ["ed25519", "rsa", "ec"])
def test_every_kind_of_key_seals_and_a_byte_more_or_less_breaks_it(name: str) -> None:
    sealer = keys()[name]
    data = evidence.seal(payload(), sealer)
    found = evidence.verify(data, key=sealer.fingerprint)
    assert found.intact
    assert found.trusted
    assert found.kind == "vendor_client"
    assert not evidence.verify(data + b"\n").intact
    assert not evidence.verify(data[:-1]).intact
    assert not evidence.verify(b"\xef\xbb\xbf" + data).intact
    assert undetected(data, changed_bytes(data, 60, 1)) == []


def test_hundreds_of_changed_bytes_are_all_seen() -> None:
    data = evidence.seal(payload(), Sealer.new())
    data = evidence.countersign(
        data, Sealer.new(), name="Người chứng kiến", unit="Sở Y tế mẫu", role="witness", at=AT
    )
    assert evidence.verify(data).witnessed
    assert undetected(data, changed_bytes(data, 600, 2)) == []
    end = len(data) - 900
    tail = [(at, data[at] ^ 1) for at in range(end, len(data))]
    assert undetected(data, tail) == []


@pytest.mark.slow
def test_ten_thousand_changed_bytes_are_all_seen_and_a_check_takes_no_second() -> None:
    data = evidence.seal(payload(calls=300), Sealer.new())
    started = time.process_time()
    assert evidence.verify(data).intact
    assert time.process_time() - started < 1
    small = evidence.seal(payload(calls=3), Sealer.new())
    assert undetected(small, changed_bytes(small, 10_000, 3)) == []


def test_whoever_signs_anew_is_found_by_the_key() -> None:
    mine = Sealer.new()
    data = evidence.seal(payload(), mine)
    forged = json.loads(data)["payload"]
    forged = {name: forged[name] for name in ("kind", "outcome", "facts", "run")}
    again = evidence.seal({**forged, "outcome": "PASS"}, Sealer.new())
    assert evidence.verify(again).intact
    assert evidence.verify(again, key=mine.fingerprint).problem == "key"


def resealed(change: Any) -> bytes:
    """A file whose payload was changed after the sums were made, and signed all the same."""
    sealer = Sealer.new()
    document = json.loads(evidence.seal(payload(), sealer))
    change(document["payload"])
    signed = b"vnhealth-evidence/1\n" + evidence.canonical(document["payload"])
    document["signature"] = sealer.sign(signed).hex()
    return evidence.canonical(document) + b"\n"


def test_sums_that_do_not_add_up_are_seen_though_the_signature_is_right() -> None:
    def status(p: dict[str, Any]) -> None:
        p["facts"]["traffic"]["scenarios"][1]["leaves"][0]["status"] = 500
        p["facts_sha256"] = evidence.facts_digest(p["facts"])

    def outcome(p: dict[str, Any]) -> None:
        p["facts"]["quality"]["sent"] = 2

    def banner(p: dict[str, Any]) -> None:
        p["banner"]["vi"] = "Giấy chứng nhận"

    def kind(p: dict[str, Any]) -> None:
        p["kind"] = "certificate"

    assert [evidence.verify(resealed(c)).problem for c in (status, outcome, banner, kind)] == [
        "traffic", "facts", "facts", "schema",
    ]  # fmt: skip


def test_a_self_test_cannot_be_witnessed() -> None:
    data = evidence.seal(payload("self_test"), Sealer.new())
    with pytest.raises(ConformanceError, match="ERR-CERT-04"):
        evidence.countersign(data, Sealer.new(), name="A", unit="B", role="witness", at=AT)
    signed = evidence.countersign(data, Sealer.new(), name="A", unit="B", role="vendor", at=AT)
    found = evidence.verify(signed)
    assert found.intact
    assert not found.witnessed


def test_a_payload_outside_the_schema_is_not_sealed() -> None:
    with pytest.raises(ConformanceError, match="ERR-CERT-02"):
        evidence.seal({**payload(), "outcome": "CERTIFIED"}, Sealer.new())


@given(st.binary(max_size=200))
def test_no_bytes_raise(data: bytes) -> None:
    assert not evidence.verify(data).intact


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(json_values)
def test_canonical_form_is_one_and_comes_back(value: Any) -> None:
    data = evidence.canonical(value)
    assert evidence.parse_canonical(data) == value
    assert evidence.canonical(json.loads(data)) == data


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=20), st.data())
def test_a_proof_leads_to_the_root_for_its_own_leaf_only(parts: list[bytes], data: Any) -> None:
    leaves = [evidence.leaf_hash(part) for part in parts]
    root = evidence.merkle_root(leaves)
    index = data.draw(st.integers(0, len(leaves) - 1))
    proof = evidence.merkle_proof(leaves, index)
    assert evidence.proves(leaves[index], proof, root)
    assert not evidence.proves(evidence.leaf_hash(b"something else"), proof, root)


@given(st.lists(st.binary(max_size=4), max_size=40))
def test_a_stream_has_the_root_of_the_tree(parts: list[bytes]) -> None:
    leaves = [evidence.leaf_hash(part) for part in parts]
    stream = evidence.MerkleStream()
    for leaf in leaves:
        stream.add(leaf)
    assert (stream.count, stream.root()) == (len(leaves), evidence.merkle_root(leaves))


@pytest.mark.e2e
@pytest.mark.skipif(shutil.which("node") is None, reason="no node on this machine")
@pytest.mark.parametrize("old", ["", "1"], ids=["own-ed25519", "without-ed25519"])
def test_the_static_page_agrees(tmp_path: Path, old: str) -> None:
    """The script of the page, run by node, says of each file what the command says.

    Also where the engine does not know Ed25519 and the page has to reckon by itself.
    """
    page = (files("vnhealth.conformance.evidence") / "data" / "verify.html").read_text("utf-8")
    assert "http:" not in page
    assert "https:" not in page
    script = re.search(r"<script>(.*)</script>", page, re.DOTALL)
    assert script
    cases = {}
    for name, sealer in keys().items():
        cases[name] = evidence.seal(payload(), sealer)
    good = evidence.countersign(
        cases["ed25519"], Sealer.new(), name="A", unit="B", role="witness", at=AT
    )
    cases["witnessed"] = good
    for n, (at, value) in enumerate(changed_bytes(good, 80, 5)):
        cases[f"changed{n}"] = good[:at] + bytes([value]) + good[at + 1 :]
    for name, data in cases.items():
        (tmp_path / f"{name}.json").write_bytes(data)
    runner = (
        script[1]
        + """
const fs = require("fs");
const known = crypto.subtle.importKey.bind(crypto.subtle);
crypto.subtle.importKey = (form, key, how, ...more) => how === "Ed25519" && process.env.OLD
  ? Promise.reject(new DOMException("not known", "NotSupportedError")) : known(form, key, how, ...more);
(async () => {
  const found = {};
  for (const name of process.argv.slice(2)) {
    const answer = await verifyEvidence(new Uint8Array(fs.readFileSync(name + ".json")));
    found[name] = answer.problem === "";
  }
  console.log(JSON.stringify(found));
})();
"""
    )
    (tmp_path / "run.cjs").write_text(runner, "utf-8")
    done = subprocess.run(
        ["node", "run.cjs", *cases],
        cwd=tmp_path,
        env={**os.environ, "OLD": old},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said == {name: evidence.verify(data).intact for name, data in cases.items()}
    assert [name for name in cases if said[name]] == ["ed25519", "rsa", "ec", "witnessed"]
