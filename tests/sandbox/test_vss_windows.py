"""When and from where the insurance gateway takes a file: months that close, registered addresses."""

import httpx
import pytest

from vnhealth import synth
from vnhealth.codecs import write
from vnhealth.sandbox import Exchange, Request, Settings
from vnhealth.sandbox.server import running


@pytest.mark.parametrize("edition", ["130", "4750", "3176"])
def test_a_month_closes_for_the_130_family_as_well(files, edition):
    exchange = Exchange.default(seed=7, settings=Settings(month_window=True))
    claim = next(synth.generate(encounters=1, edition=edition, seed=7, facility="01991"))
    client = files.caller(exchange, "vss", "01991")

    def send(year, month):
        row = claim.xml1.replace(nam_qt=year, thang_qt=month)
        client.login()
        reply = client.send(write(claim.replace(xml1=row)), f"claim_{edition}")
        return reply.status, reply.json()["maKetQua"]

    assert send(2026, 8) == send(2026, 7) == (200, "200")
    assert send(2026, 6) == send(2026, 9) == (400, "701")
    exchange.clock.advance(days=3)
    assert (send(2026, 8), send(2026, 7)) == ((200, "200"), (400, "701"))
    client.login()
    assert client.send(b"<GIAMDINHHS/>").status == 200
    assert client.send(files.checkin("A1", facility="01991"), "checkin_3176").status == 200


def test_without_the_switch_no_month_is_closed(files):
    exchange = Exchange.default(seed=7)
    claim = next(synth.generate(encounters=1, edition="3176", seed=7, facility="01991"))
    row = claim.xml1.replace(nam_qt=2020, thang_qt=1)
    client = files.caller(exchange, "vss", "01991").login()
    assert client.send(write(claim.replace(xml1=row))).status == 200


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("10.1.2.9", 401),
        ("10.1.3.9", 403),
        ("", 401),
        ("2001:db8::1", 401),
        ("::1", 403),
        ("somebody", 403),
    ],
)
def test_only_registered_addresses_may_connect(address, status):
    networks = {"vss": ("10.1.2.0/24", "2001:db8::/32")}
    exchange = Exchange.default(seed=7, settings=Settings(addresses=networks))
    login = "/vss/api/token/take"
    answer = exchange.handle(Request("POST", login, body=b"username=x", address=address))
    assert answer.status == status
    other = exchange.handle(Request("POST", "/province/api/xac-thuc/token", address=address))
    assert other.status != 403


def test_the_server_knows_where_a_request_came_from():
    settings = Settings(addresses={"vss": ("192.0.2.1/32",), "hoc": ("127.0.0.0/8",)})
    with running(Exchange.default(seed=7, settings=settings)) as base:
        assert httpx.post(base + "/vss/api/token/take").status_code == 403
        assert httpx.get(base + "/hoc/nowhere").status_code == 501
