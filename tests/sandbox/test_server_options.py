"""The server's edge: settings that are refused, the state's seed, and a server in a thread."""

import httpx
import pytest

from vnhealth.errors import SandboxError
from vnhealth.sandbox import SqliteStore
from vnhealth.sandbox.server import running, serve


def refused(**options):
    with pytest.raises(SandboxError) as caught:
        serve(echo=lambda text: None, **options)
    return caught.value.code


def test_other_hosts_need_an_admin_token():
    assert refused(host="0.0.0.0", port=0) == "SBX-SET-02"
    assert refused(host="example.invalid", port=0) == "SBX-SET-02"


@pytest.mark.e2e
def test_a_taken_port_is_refused(exchange):
    with running(exchange) as url:
        port = int(url.rpartition(":")[2])
        assert refused(port=port) == "SBX-SERVE-02"


@pytest.mark.e2e
def test_a_state_made_with_another_seed_is_refused(tmp_path):
    store = SqliteStore(tmp_path / "state.db")
    store.put("exchange", "seed", "8")
    store.close()
    assert refused(port=0, state=tmp_path / "state.db", seed=7) == "SBX-STATE-03"


@pytest.mark.e2e
def test_a_server_in_a_thread_shares_the_state(exchange, files):
    client = files.caller(exchange, "province").login()
    headers = {**client.headers, "Content-Type": "application/xml"}
    path = client.gateway.prefix + client.gateway.endpoint("submit").path
    with running(exchange) as url, httpx.Client(base_url=url, headers=headers) as http:
        for index in range(5):
            assert http.post(path, content=files.claim(f"A{index}")).status_code == 202
        refused_type = http.post(path, content=b"x", headers={"Content-Type": "text/plain"})
        assert refused_type.status_code == 415
    (row,) = exchange.reconcile()
    assert row.sent == 5
