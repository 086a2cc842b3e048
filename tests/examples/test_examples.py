"""The client examples in other languages send a real file to a real socket and read the verdict."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from vnhealth import synth
from vnhealth.sandbox import Exchange, Facility, Settings
from vnhealth.sandbox.server import running

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a ready file and a claim, and the exchange that waits for it."""
    folder = tmp_path_factory.mktemp("examples")
    (claim,) = synth.generate(encounters=1, seed=7)
    code = str(claim.xml1.ma_cskcb)
    (folder / "claim.xml").write_bytes(synth.render(claim))
    exchange = Exchange.default(
        seed=7,
        facilities=[Facility(code)],
        settings=Settings(verdict_delay=Settings().verdict_delay * 0),
    )
    with running(exchange) as base:
        account = exchange.credentials(code, base_url=base).to_dict()
        (folder / "ready.json").write_text(json.dumps({"vss": account}))
        yield folder, exchange


def send(place, *command, cwd=None):
    folder, exchange = place
    before = exchange.journal.count
    done = subprocess.run(
        [*command, str(folder / "ready.json"), str(folder / "claim.xml")],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=cwd,
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout.split()
    operations = [e.operation for e in exchange.journal.entries(after=before)]
    assert operations == ["login", "claim_3176", "result"]
    assert said[0] == exchange.journal[-1].transaction
    assert said[1].startswith("CHAP_NHAN")


@pytest.mark.skipif(shutil.which("java") is None, reason="java is not installed")
def test_java(place):
    send(place, "java", str(EXAMPLES / "java" / "SendClaim.java"))


@pytest.mark.skipif(shutil.which("php") is None, reason="php is not installed")
def test_php(place):
    send(place, "php", str(EXAMPLES / "php" / "send_claim.php"))


@pytest.mark.skipif(shutil.which("dotnet") is None, reason="dotnet is not installed")
def test_csharp_on_dotnet(place):
    send(place, "dotnet", "run", "--project", str(EXAMPLES / "csharp"), "--")


LIBRARIES = ("System.Net.Http", "System.Runtime.Serialization", "System.Xml.Linq")


@pytest.mark.skipif(
    not (shutil.which("mono") and shutil.which("mcs")), reason="mono and mcs are not installed"
)
def test_csharp_on_the_old_framework(place, tmp_path):
    """As the compiler of .NET Framework takes it: C# 5, no package."""
    program = tmp_path / "SendClaim.exe"
    built = subprocess.run(
        ["mcs", "-langversion:5", "-warnaserror", f"-out:{program}"]
        + [f"-r:{name}" for name in LIBRARIES]
        + [str(EXAMPLES / "csharp" / "SendClaim.cs")],
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    send(place, "mono", str(program))


@pytest.mark.skipif(shutil.which("npm") is None, reason="node and npm are not installed")
def test_typescript(place, tmp_path):
    for name in ("package.json", "tsconfig.json", "send_claim.ts"):
        shutil.copy(EXAMPLES / "typescript" / name, tmp_path)
    quiet = {**os.environ, "npm_config_update_notifier": "false"}
    got = subprocess.run(
        ["npm", "install", "--silent", "--no-audit", "--no-fund"],
        cwd=tmp_path,
        env=quiet,
        capture_output=True,
        timeout=120,
    )
    if got.returncode:
        pytest.skip("typescript could not be installed")
    compiler = tmp_path / "node_modules" / ".bin" / "tsc"
    built = subprocess.run([compiler, "-p", tmp_path], capture_output=True, text=True)
    assert built.returncode == 0, built.stdout
    send(place, "node", str(tmp_path / "send_claim.js"))
