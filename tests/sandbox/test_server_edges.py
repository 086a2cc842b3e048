"""TLS, rate limits, own facilities and the OpenAPI description of the server."""

import json
import ssl
import subprocess
import sys

import httpx
import pytest

from vnhealth.protocol import gateways
from vnhealth.sandbox import Exchange, Facility, Settings
from vnhealth.sandbox._openapi import openapi
from vnhealth.sandbox.server import running


def command(*args):
    return subprocess.run(
        [sys.executable, "-m", "vnhealth", "sandbox", *args], capture_output=True, text=True
    )


def test_every_call_is_described_with_its_evidence():
    described = openapi()
    found = {
        operation["operationId"]: operation
        for methods in described["paths"].values()
        for operation in methods.values()
    }
    wanted = {f"{g.key}.{e.name}" for g in gateways().values() for e in g.endpoints.values()}
    assert set(found) == wanted
    assert all(operation["x-evidence"] for operation in found.values())
    done = command("openapi", "--gateways", "vss")
    assert next(iter(json.loads(done.stdout)["paths"])).startswith("/vss/")


def test_the_description_is_served_without_a_token():
    with running(Exchange.default()) as base:
        assert httpx.get(base + "/_sandbox/openapi.json").json()["openapi"] == "3.1.0"


def test_more_requests_than_allowed_are_told_to_wait():
    exchange = Exchange.default(settings=Settings(per_minute=3))
    with running(exchange) as base, httpx.Client(base_url=base) as client:
        codes = [client.get("/_sandbox/health").status_code for _ in range(5)]
        assert codes == [200, 200, 200, 429, 429]
        refused = client.get("/_sandbox/health")
        assert (refused.headers["retry-after"], refused.json()["code"]) == ("60", "SBX-HTTP-08")
        exchange.clock.advance(minutes=1)
        assert client.get("/_sandbox/health").status_code == 200


def test_the_server_speaks_tls_with_a_ca_of_its_own(tmp_path):
    ready = tmp_path / "ready.json"
    script = (
        "from vnhealth.sandbox.server import serve\n"
        f"serve(port=0, tls={str(tmp_path / 'tls')!r}, ready_file={str(ready)!r}, shown=['vss'])\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            for line in server.stdout:
                if "first request" in line:
                    break
            base = json.loads(ready.read_text())["vss"]["base_url"]
            trusting = ssl.create_default_context(cafile=tmp_path / "tls" / "ca.pem")
            root = base.removesuffix("/vss")
            assert base.startswith("https://")
            assert httpx.get(root + "/_sandbox/health", verify=trusting).status_code == 200
            with pytest.raises(httpx.ConnectError):
                httpx.get(root + "/_sandbox/health")
        finally:
            server.kill()
    assert (tmp_path / "tls" / "server-key.pem").stat().st_mode & 0o077 == 0


def test_facilities_of_ones_own(tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("code,name\n123,x\n")
    done = command("serve", "--port", "0", "--facilities", str(bad))
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert "SBX-SET-01" in done.stderr + done.stdout
    exchange = Exchange.default(facilities=[Facility("56001", "Của tôi")])
    assert exchange.credentials("56001").username == "56001_BV"


def test_an_unknown_gateway_is_refused():
    done = command("serve", "--port", "0", "--gateways", "vss,nowhere")
    assert done.returncode != 0
    assert "ERR-SBX-01" in done.stderr + done.stdout


@pytest.mark.parametrize("name", ["fidelity", "faults", "openapi"])
def test_lists_are_json_for_scripts(name):
    form = [] if name == "openapi" else ["--format", "json"]
    done = command(name, *form)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    if name == "fidelity":
        assert {row["gateway"] for row in found} == set(gateways())
        assert {row["evidence"] for row in found} <= {
            *("official", "two vendors", "one vendor"),
            *("document", "vnhealth-defined", "assumption"),
        }
