"""What is measured: groups of contenders that are timed in turns with their base."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from lxml import etree

from benchmarks import peers
from benchmarks.archives import memory, processes
from benchmarks.corpus import Corpus
from benchmarks.harness import Figure, figure, in_turns
from vnhealth import codecs, deid, rules, signing, synth
from vnhealth.signing._layout import read_layout
from vnhealth.spec import Edition

Tick = Callable[[], None]
FLOOR = "lxml trees of envelope and inner files, no field read"
EDITION = Edition.QD4750
COPIES = 6
"""So many of each file, that the start of a command does not count."""
BASES = {
    "decode_any": "floor_any",
    "decode_scattered": "floor_scattered",
    "rules_clean": "floor_clean",
}
"""Where the base is not ``floor``."""
C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"


def floor(files: list[bytes]) -> None:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    for data in files:
        for node in etree.fromstring(data, parser).iter("NOIDUNGFILE"):
            etree.fromstring(base64.b64decode(node.text or ""), parser)


def read_all(files: list[bytes]) -> None:
    for data in files:
        codecs.read(data)


def stream_all(files: list[bytes]) -> None:
    for data in files:
        for _ in codecs.iter_claims(data):
            pass


def decode(corpus: Corpus, rounds: int, tick: Tick) -> Iterator[Figure]:
    claims = [codecs.read(data).claims[0] for data in corpus.official]
    key = deid.Key.from_bytes(hashlib.sha256(b"benchmark").digest())
    engine = deid.Deidentifier(key, recipient="bench", purpose="bench", facility="01001")

    def check() -> None:
        for claim in claims:
            rules.check(claim)

    clean = list(synth.generate(encounters=len(claims), edition=EDITION.value, seed=4750))
    sound = [
        synth.render([c], edition=EDITION.value, facility=c.xml1.ma_cskcb, dialect="php")
        for c in clean
    ]
    decoded = [codecs.read(data).claims[0] for data in sound]

    def check_clean() -> None:
        for claim in decoded:
            rules.check(claim)

    def deidentify() -> None:
        for claim in claims:
            engine.record(claim)

    fresh = [
        deid.Deidentifier(key, recipient="bench", purpose="bench", facility="01001")
        for _ in range(rounds + 1)
    ]
    known = min(10, len(claims) // 2)
    for one in fresh:
        for claim in claims[:known]:
            one.record(claim)

    def deidentify_strangers() -> None:
        one = fresh.pop()
        for claim in claims[known:]:
            one.record(claim)

    def deidentify_new_people() -> None:
        engine.people.clear()
        deidentify()

    def pipeline() -> None:
        for data in corpus.official:
            engine.record(codecs.read(data).claims[0])

    found = in_turns(
        {
            "floor": lambda: floor(corpus.official),
            "floor_any": lambda: floor(corpus.shuffled),
            "decode_official": lambda: read_all(corpus.official),
            "decode_any": lambda: read_all(corpus.shuffled),
            "floor_scattered": lambda: floor(corpus.scattered),
            "decode_scattered": lambda: read_all(corpus.scattered),
            "decode_stream": lambda: stream_all(corpus.official),
            "rules": check,
            "floor_clean": lambda: floor(sound),
            "rules_clean": check_clean,
            "deid_step": deidentify,
            "deid_people": deidentify_new_people,
            "deid_new": deidentify_strangers,
            "pipeline": pipeline,
        },
        rounds,
        tick,
    )
    goals = {
        "decode_official": "≤ 0.85",
        "decode_any": "≤ 1.6",
        "decode_scattered": "≤ 1.6",
        "decode_stream": "",
        "rules": "≤ 0.35",
        "rules_clean": "≤ 0.35",
        "deid_step": "≤ 0.35",
        "deid_people": "",
        "pipeline": "≤ 1.8",
    }
    for name, goal in goals.items():
        base = found[BASES.get(name, "floor")]
        yield figure(name, found[name], base, called=FLOOR, units=len(corpus.official), goal=goal)
    share = len(claims) / (len(claims) - known)
    yield figure(
        "deid_new",
        [seconds * share for seconds in found["deid_new"]],
        found["floor"],
        called=FLOOR + "; every person, doctor and amount met for the first time",
        units=len(claims),
    )
    rows = sum(len(found) for claim in claims for found in claim.tables.values())
    pace = rows / statistics.median(found["deid_step"])
    yield Figure("deid_rows", pace, "rows de-identified a second and core", 0.0, 0.0, "≥ 20,000")
    yield check_folder(corpus, rounds, tick)


def check_folder(corpus: Corpus, rounds: int, tick: Tick) -> Figure:
    """Encounters per second of CPU of ``vnhealth check --format json`` in this process."""
    from vnhealth import cli

    with tempfile.TemporaryDirectory() as held:
        folder = Path(held) / "in"
        folder.mkdir()
        files = corpus.official * COPIES
        for number, data in enumerate(files):
            (folder / f"{number}.xml").write_bytes(data)
        out = Path(held) / "findings.json"
        options = [
            "--quiet",
            "check",
            str(folder),
            "--format",
            "json",
            "--jobs",
            "1",
            "--out",
            str(out),
        ]

        def run() -> None:
            assert cli.run(options) in (0, 1)

        seconds = sorted(in_turns({"run": run}, rounds, tick)["run"])
        assert out.stat().st_size
    count = len(files)
    middle = seconds[len(seconds) // 2]
    spread = (seconds[-1 - len(seconds) // 10] - seconds[len(seconds) // 10]) / middle
    called = "encounters/s per core: folder read, judged, findings written as JSON"
    return Figure("check_folder", count / middle, called, spread, middle * 1e6 / count, "≥ 1000")


def encode(corpus: Corpus, rounds: int, tick: Tick) -> Iterator[Figure]:
    documents = [codecs.read(data) for data in corpus.official]
    writable = []
    for document in documents:
        claims = [c.replace(xml1=c.xml1.replace(ma_nghe_nghiep="00000")) for c in document.claims]
        writable.append(claims)
    trees = []
    for claims in writable:
        data = codecs.write(claims, edition=EDITION, facility="79001", created=dt.date(2026, 1, 1))
        nodes = etree.fromstring(data).iter("NOIDUNGFILE")
        trees.append([etree.fromstring(base64.b64decode(n.text or "")) for n in nodes])

    def base() -> None:
        for parts in trees:
            b"".join(base64.b64encode(etree.tostring(tree)) for tree in parts)

    def ours() -> None:
        for claims in writable:
            codecs.write(claims, edition=EDITION, facility="79001", created=dt.date(2026, 1, 1))

    found = in_turns({"base": base, "encode": ours}, rounds, tick)
    yield figure(
        "encode",
        found["encode"],
        found["base"],
        called="etree.tostring of ready trees + base64",
        units=len(writable),
        goal="≤ 1.35",
    )


def versus(corpus: Corpus, rounds: int, tick: Tick) -> Iterator[Figure | str]:
    """Peers against the same files: how many times faster vnhealth is, and what a peer costs.

    The second says why the first differs from machine to machine: both peers and vnhealth are
    measured against the same lxml trees.
    """
    files = corpus.official[:24]
    parts = peers.inner(files)
    made = {
        "vs_pydantic": (peers.pydantic_reader(parts), "≥ 3.3"),
        "vs_xsdata": (peers.xsdata_reader(parts), "≥ 18"),
        "vs_pydantic_xml": (peers.pydantic_xml_reader(parts), "≥ 12"),
        "vs_xmlschema": (peers.xmlschema_reader(parts), "≥ 45"),
        "vs_lxml_xsd": (peers.xsd_validator(parts), ""),
    }
    there: dict[str, Callable[[], object]] = {n: run for n, (run, _) in made.items() if run}
    ours: dict[str, Callable[[], object]] = {
        "floor": lambda: floor(files),
        "ours": lambda: read_all(files),
    }
    found = in_turns({**ours, **there}, max(3, rounds // 3), tick)
    for name, (run, goal) in made.items():
        if run is None:
            yield f"{name}: not installed"
            continue
        yield figure(
            name,
            found["ours"],
            found[name],
            called="vnhealth decode of the same files (times faster)",
            units=len(files),
            goal=goal,
            inverse=True,
        )
        peer = name.replace("vs_", "peer_")
        yield replace(
            figure(peer, found[name], found["floor"], called=FLOOR, units=len(files)), better=""
        )


def repeated(run: Callable[[], object], times: int) -> Callable[[], None]:
    """The same thing many times; what it gives is not kept."""

    def many() -> None:
        for _ in range(times):
            run()

    return many


def signatures(corpus: Corpus, rounds: int, tick: Tick) -> Iterator[Figure | str]:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    now = dt.datetime(2026, 8, 3, tzinfo=dt.UTC)
    year = dt.timedelta(days=365)
    authority = signing.TestAuthority(not_before=now - year, not_after=now + year)
    signer = authority.issue("79001", not_before=now - year, not_after=now + year)
    trust = authority.trust_store()
    claim = codecs.read(corpus.official[0]).claims[0]
    claim = claim.replace(xml1=claim.xml1.replace(ma_nghe_nghiep="00000"))
    document = codecs.write([claim], edition=EDITION, facility="79001", created=now.date())
    signed = signing.sign(document, signer, canonical=True)
    foreign = signed.replace(b"<HOSO>\n", b"<HOSO  >\n", 1)
    assert signing.verify(foreign, trust=trust, at=now).is_valid
    key = rsa.generate_private_key(65537, 2048)
    public = key.public_key()
    raw = key.sign(document, padding.PKCS1v15(), hashes.SHA256())
    times = range(60)

    def rsa_sign() -> None:
        for _ in times:
            key.sign(b"x" * 300, padding.PKCS1v15(), hashes.SHA256())

    def rsa_verify() -> None:
        for _ in times:
            public.verify(raw, document, padding.PKCS1v15(), hashes.SHA256())

    contenders: dict[str, Callable[[], object]] = {
        "rsa_sign": rsa_sign,
        "rsa_verify": rsa_verify,
        "sign": repeated(lambda: signing.sign(document, signer, canonical=True), len(times)),
        "verify_own": repeated(lambda: signing.verify(signed, trust=trust, at=now), len(times)),
        "verify_foreign": repeated(
            lambda: signing.verify(foreign, trust=trust, at=now), len(times)
        ),
        "verify_untrusted": repeated(
            lambda: signing.verify(signed, trust=None, at=now), len(times)
        ),
        "verify_new_signer": repeated(
            lambda: signing.verify(signed, trust=authority.trust_store(), at=now), len(times)
        ),
        "verify_wrapping": repeated(
            lambda: read_layout(signed, signing.VSS.holder, signing.VSS.max_bytes), len(times)
        ),
    }
    peer = _signxml(authority, document)
    if peer is not None:
        contenders["signxml"] = repeated(peer, len(times))
    found = in_turns(contenders, rounds, tick)
    bases = {
        "sign": ("rsa_sign", "RSA-2048 sign alone", "≤ 1.25"),
        "verify_own": ("rsa_verify", "RSA-2048 verify alone", "≤ 4"),
        "verify_foreign": ("rsa_verify", "RSA-2048 verify alone", "≤ 10"),
        "verify_untrusted": ("rsa_verify", "RSA-2048 verify alone", ""),
        "verify_new_signer": ("rsa_verify", "RSA-2048 verify alone", ""),
        "verify_wrapping": ("rsa_verify", "RSA-2048 verify alone", ""),
    }
    for name, (base, called, goal) in bases.items():
        yield figure(name, found[name], found[base], called=called, units=len(times), goal=goal)
    if peer is None:
        yield "vs_signxml: not installed"
        return
    yield figure(
        "vs_signxml",
        found["sign"],
        found["signxml"],
        called="vnhealth sign of the same file (times faster)",
        units=len(times),
        inverse=True,
    )


def _signxml(authority: signing.TestAuthority, document: bytes) -> Callable[[], object] | None:
    try:
        import signxml
    except ImportError:
        return None
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.serialization import pkcs12

    now = dt.datetime(2026, 8, 3, tzinfo=dt.UTC)
    year = dt.timedelta(days=365)
    signer = authority.issue("79002", not_before=now - year, not_after=now + year)
    key, certificate, _ = pkcs12.load_key_and_certificates(
        authority.export_pkcs12(signer, b"bench"), b"bench"
    )
    assert certificate is not None
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    root = etree.fromstring(document)

    def run() -> object:
        return signxml.XMLSigner(c14n_algorithm=C14N).sign(root, key=key, cert=pem)

    return run


def sandbox(corpus: Corpus, rounds: int, tick: Tick) -> Iterator[Figure]:
    """A submission through httpx in process, beside a canned answer through httpx."""
    import httpx

    from vnhealth.protocol import vss
    from vnhealth.sandbox import Exchange

    exchange = Exchange.default(seed=7)
    account = exchange.credentials("01001")
    digest = vss.password_hash(account.password)
    live = httpx.Client(transport=exchange.transport())
    body = {"username": account.username, "password": digest}
    keys = live.post(account.base_url + "/api/token/take", data=body).json()["APIKey"]
    headers = {
        "accessToken": keys["access_token"],
        "tokenId": keys["id_token"],
        "passwordHash": digest,
        "content-type": "application/x-www-form-urlencoded",
    }
    file = corpus.official[0].replace(b"<MACSKCB>", b"<MACSKCB>01001</MACSKCB><X>", 1)
    form = vss.encode_form(
        {
            "username": account.username,
            "loaiHoSo": "130",
            "maTinh": "01",
            "maCSKCB": "01001",
            "fileHSBase64": base64.b64encode(file).decode(),
        }
    )
    url = account.base_url + "/api/qd130/guiHoSoXmlQD4750"
    assert live.post(url, content=form, headers=headers).json()["maKetQua"] == "200"
    canned = httpx.Client(
        transport=httpx.MockTransport(lambda _: httpx.Response(200, json={"maKetQua": "200"}))
    )
    times = range(40)
    found = in_turns(
        {
            "base": lambda: [canned.post(url, content=form, headers=headers) for _ in times],
            "sandbox_submit": lambda: [
                live.post(url, content=form, headers=headers) for _ in times
            ],
        },
        rounds,
        tick,
    )
    yield figure(
        "sandbox_submit",
        found["sandbox_submit"],
        found["base"],
        called="canned answer through httpx in process; bench_sandbox takes the codec's time off",
        units=len(times),
    )


def start(corpus: Corpus, rounds: int, tick: Tick) -> Iterator[Figure]:
    """Milliseconds of wall time that an import adds to a bare interpreter."""
    import time

    def wall(code: str) -> float:
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        return (time.perf_counter() - begin) * 1000

    bare = sorted(wall("pass") for _ in range(7))[3]
    for name, code, goal in (
        ("import_vnhealth_ms", "import vnhealth", "≤ 60"),
        ("import_bhyt_ms", "from vnhealth import bhyt", ""),
    ):
        taken = sorted(wall(code) for _ in range(7))[3] - bare
        yield Figure(name, max(taken, 0.0), "ms over a bare interpreter", 0.0, 0.0, goal)
        tick()


GROUPS = {
    "decode": decode,
    "encode": encode,
    "versus": versus,
    "signatures": signatures,
    "sandbox": sandbox,
    "processes": processes,
    "memory": memory,
    "start": start,
}
