"""openssl as a judge of keys, chains and raw signatures; skipped where it is missing."""

import base64
import re
import shutil
import subprocess

import pytest
from lxml import etree

from vnhealth.signing import Pkcs12Signer, TrustStore, sign, verify

PLAIN = b"<GIAMDINHHS><A>1</A><CHUKYDONVI/></GIAMDINHHS>"


@pytest.fixture(scope="session")
def openssl():
    program = shutil.which("openssl")
    if not program:
        pytest.skip("no openssl on this machine")

    def run(*arguments):
        return subprocess.run(
            [program, *map(str, arguments)], check=True, capture_output=True, text=True
        ).stdout

    return run


def test_openssl_accepts_chain_and_raw_signature(openssl, authority, signer, tmp_path):
    (tmp_path / "ca.pem").write_bytes(authority.certificate_pem)
    (tmp_path / "leaf.der").write_bytes(signer.certificate)
    openssl("x509", "-inform", "DER", "-in", tmp_path / "leaf.der", "-out", tmp_path / "leaf.pem")
    when = ("-attime", "1785542400")  # 2026-08-01
    answer = openssl("verify", *when, "-CAfile", tmp_path / "ca.pem", tmp_path / "leaf.pem")
    assert answer.strip().endswith("OK")

    signed = sign(PLAIN, signer)
    info = re.search(rb"<ds:SignedInfo>.*</ds:SignedInfo>", signed)[0]
    declared = b'<ds:SignedInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">'
    (tmp_path / "info").write_bytes(info.replace(b"<ds:SignedInfo>", declared))
    value = re.search(rb"<ds:SignatureValue>([^<]*)", signed)[1]
    (tmp_path / "value").write_bytes(base64.b64decode(value))
    public = openssl("x509", "-in", tmp_path / "leaf.pem", "-noout", "-pubkey")
    (tmp_path / "key.pem").write_text(public)
    answer = openssl(
        "dgst", "-sha256", "-verify", tmp_path / "key.pem", "-signature", tmp_path / "value",
        tmp_path / "info",
    )  # fmt: skip
    assert "Verified OK" in answer


def test_openssl_opens_our_pkcs12(openssl, authority, signer, tmp_path):
    (tmp_path / "keys.p12").write_bytes(authority.export_pkcs12(signer, b"bi-mat"))
    shown = openssl(
        "pkcs12", "-in", tmp_path / "keys.p12", "-passin", "pass:bi-mat", "-nodes", "-info"
    )
    assert shown.count("BEGIN CERTIFICATE") == 2
    assert shown.count("BEGIN PRIVATE KEY") == 1


@pytest.mark.parametrize(("hash_name", "code"), [("sha256", "SIGN-14"), ("sha1", "SIGN-05")])
def test_a_certificate_made_by_openssl(hash_name, code, openssl, tmp_path, at):
    """An independent authority; a certificate signed with SHA-1 does not lead to it."""
    new = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "36500")
    ca = ("-keyout", tmp_path / "ca.key", "-out", tmp_path / "ca.pem", "-subj", "/CN=TEST other CA")
    usage = ("-addext", "keyUsage=critical,keyCertSign")
    openssl(*new, *ca, *usage)
    request = ("req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=TEST facility 79002")
    openssl(*request, "-keyout", tmp_path / "leaf.key", "-out", tmp_path / "leaf.csr")
    openssl(
        "x509", "-req", f"-{hash_name}", "-in", tmp_path / "leaf.csr", "-days", "36500",
        "-CA", tmp_path / "ca.pem", "-CAkey", tmp_path / "ca.key", "-set_serial", "5",
        "-out", tmp_path / "leaf.pem",
    )  # fmt: skip
    openssl(
        "pkcs12", "-export", "-inkey", tmp_path / "leaf.key", "-in", tmp_path / "leaf.pem",
        "-passout", "pass:bi-mat", "-out", tmp_path / "leaf.p12",
    )  # fmt: skip
    made = Pkcs12Signer((tmp_path / "leaf.p12").read_bytes(), b"bi-mat")
    store = TrustStore([(tmp_path / "ca.pem").read_bytes()])
    when = at.replace(year=2050)
    report = verify(sign(PLAIN, made), trust=store, at=when)
    assert report.code == code
    assert etree.fromstring(sign(PLAIN, made))[-1].tag == "CHUKYDONVI"
