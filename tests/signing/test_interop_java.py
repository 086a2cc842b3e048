"""Both directions against javax.xml.crypto; skipped where there is no JDK."""

import shutil
import subprocess
from pathlib import Path

import pytest

from vnhealth.signing import sign, verify

SOURCE = Path(__file__).parent / "java" / "CrossCheck.java"


@pytest.fixture(scope="session")
def java(tmp_path_factory):
    javac, machine = shutil.which("javac"), shutil.which("java")
    if not javac or not machine:
        pytest.skip("no Java (javac and java) on this machine")
    classes = tmp_path_factory.mktemp("classes")
    subprocess.run([javac, "-d", str(classes), str(SOURCE)], check=True, capture_output=True)

    def run(*arguments):
        command = [machine, "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", str(classes)]
        done = subprocess.run(
            [*command, "CrossCheck", *map(str, arguments)],
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return dict(line.split() for line in done.stdout.splitlines())

    return run


def test_java_accepts_every_shape_we_sign_and_no_tampered_one(java, documents, signer, tmp_path):
    certificate = tmp_path / "certificate.der"
    certificate.write_bytes(signer.certificate)
    expected = {}
    for name, document in documents.items():
        signed = sign(document, signer)
        (tmp_path / f"{name}.xml").write_bytes(signed)
        expected[f"{name}.xml"] = "true"
        if not name.startswith("utf16"):
            (tmp_path / f"{name}-bad.xml").write_bytes(
                signed.replace(b"</ds:Signature>", b"</ds:Signature> ")
            )
            expected[f"{name}-bad.xml"] = "false"
    answers = java("verify", certificate, *(tmp_path / name for name in expected))
    assert answers == expected


@pytest.mark.parametrize("prefix", ["-", "ds", "dsig"])
def test_we_accept_what_java_signs(prefix, java, documents, authority, signer, trust, at, tmp_path):
    keys = tmp_path / "keys.p12"
    keys.write_bytes(authority.export_pkcs12(signer, b"changeit"))
    names = [
        name for name in documents if name not in ("missing_holder", "prefixed", "around_root")
    ]
    pairs = []
    for name in names:
        (tmp_path / name).write_bytes(documents[name])
        pairs += [tmp_path / name, tmp_path / f"{name}.signed"]
    java("sign", keys, "changeit", prefix, *pairs)
    for name in names:
        signed = (tmp_path / f"{name}.signed").read_bytes()
        assert verify(signed, trust=trust, at=at).status == "valid", name
        if not name.startswith("utf16"):
            changed = signed.replace(b"</CHUKYDONVI>", b" </CHUKYDONVI>")
            assert verify(changed, trust=trust, at=at).status == "digest_mismatch", name
