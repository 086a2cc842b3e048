"""Direction (b): a server under test; the sandbox passes, servers that are wrong do not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from vnhealth.cli import run
from vnhealth.conformance import Target, evidence, kit, run_kit
from vnhealth.conformance._keys import pki
from vnhealth.conformance._play import FACILITIES
from vnhealth.errors import ConformanceError
from vnhealth.sandbox import Exchange, Facility, Settings
from vnhealth.sandbox.server import SystemClock, running
from vnhealth.sandbox.transport import SandboxTransport

KIT = kit("bhyt-server-3176")
Change = Callable[[httpx.Request, httpx.Response], httpx.Response]


def server() -> Exchange:
    import datetime as dt

    return Exchange.default(
        3,
        clock=SystemClock(),
        facilities=[Facility("01991")],
        trust=pki(FACILITIES).trust,
        settings=Settings(verdict_delay=dt.timedelta()),
    )


class Wrong(httpx.BaseTransport):
    """A server whose answers are changed on the way."""

    def __init__(self, exchange: Exchange, change: Change) -> None:
        self._inner = SandboxTransport(exchange)
        self._change = change

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._change(request, self._inner.handle_request(request))


def results(change: Change) -> dict[str, str]:
    exchange = server()
    account = exchange.credentials("01991").to_dict()
    target = Target(account["base_url"], account, transport=Wrong(exchange, change))
    found = run_kit(KIT, target, seed=7)
    return {r.case.id: r.result.value for r in found.results}


def test_a_right_server_passes() -> None:
    assert set(results(lambda request, response: response).values()) == {"pass"}


def edited(part: str, **fields: object) -> Change:
    """Members of the answers to calls whose path holds a text, put in place."""

    def change(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        if part not in request.url.path:
            return response
        said = {**json.loads(response.read()), **fields}
        return httpx.Response(200, json=said, request=request)

    return change


def crashing(request: httpx.Request, response: httpx.Response) -> httpx.Response:
    if response.status_code == 400:
        return httpx.Response(500, text="Traceback", request=request)
    return response


@pytest.mark.parametrize(
    ("change", "caught"),
    [
        (edited("token/take", maKetQua="200", APIKey={"access_token": "a"}), "SRV-02"),
        (edited("token/take", maKetQua="500"), "SRV-01"),
        (edited("guiHoSo", maKetQua="200", maGiaoDich="G1"), "SRV-03"),
        (edited("guiHoSo", maKetQua="200", maGiaoDich="G1"), "SRV-04"),
        (edited("guiHoSo", maKetQua="200", maGiaoDich="G1"), "SRV-05"),
        (crashing, "SRV-05"),
        (edited("guiHoSo", maGiaoDich=None), "SRV-06"),
        (edited("guiHoSo", thoiGianTiepNhan="2026-08-03"), "SRV-06"),
        (edited("khongCo", maKetQua="200"), "SRV-10"),
        (edited("guiHoSo", maGiaoDich="G1"), "SRV-07"),
        (edited("token/take", APIKey={"access_token": "a,b", "id_token": "c"}), "SRV-08"),
        (edited("guiHoSo", thongDiep="vnhealth-probe-entity"), "SRV-09"),
        (edited("ket-qua", trangThai="DA_XU_LY", dsHoSo=[], maKetQua="200"), "SRV-11"),
    ],
)
def test_a_wrong_server_is_caught(change: Change, caught: str) -> None:
    assert results(change)[caught] == "fail"


@pytest.mark.e2e
def test_a_server_at_an_address_is_certified(tmp_path: Path) -> None:
    exchange = server()
    with running(exchange) as base_url:
        account = exchange.credentials("01991", base_url=base_url).to_dict()
        file = tmp_path / "account.json"
        file.write_text(json.dumps(account))
        args = ["--target", account["base_url"], "--account", str(file)]
        assert run(["certify", *args, "--out", str(tmp_path / "out")]) == 0
    data = (tmp_path / "out" / "evidence.json").read_bytes()
    found = evidence.verify(data)
    assert (found.problem, found.kind, found.outcome) == ("", "server_target", "PASS")
    assert account["password"].encode() not in data


def test_an_account_without_password_is_refused() -> None:
    with pytest.raises(ConformanceError, match="ERR-CERT-10"):
        Target("http://localhost", {"username": "a", "facility": "01991"})
    assert run(["certify", "--kit", "bhyt-server-3176", "--his-command", "true"]) == 3


def test_the_authority_can_be_handed_to_a_server(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    assert run(["certify", "ca", str(file)]) == 0
    assert file.read_bytes().startswith(b"-----BEGIN CERTIFICATE-----")
