"""A sandbox with something in it, and its console."""

import base64
import datetime as dt
import shutil

import pytest

from vnhealth import synth
from vnhealth.console import Console, Desk, KitRuns
from vnhealth.protocol import vss
from vnhealth.sandbox import Exchange, Facility, Request, VirtualClock
from vnhealth.sandbox.server import SystemClock, running

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
TOKEN = "ma-quan-tri"


class Browser:
    """Speaks to a console in process and keeps its cookies."""

    def __init__(self, console):
        self.console = console
        self.cookies = {}

    def ask(self, method, path, body=""):
        path, _, query = path.partition("?")
        cookie = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        request = Request(method, path, {"Cookie": cookie}, query, body.encode())
        answer = self.console.handle(request)
        for name, value in answer.headers:
            if name == "Set-Cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        return answer

    def sign_in(self):
        answer = self.ask("POST", "/_console/sign-in", f"token={TOKEN}")
        assert answer.status == 303
        return self


@pytest.fixture
def claim():
    return next(synth.generate(encounters=1, seed=7))


@pytest.fixture
def exchange(claim):
    """One record was sent and judged, one call was not modelled."""
    code = str(claim.xml1.ma_cskcb)
    exchange = Exchange.default(seed=7, facilities=[Facility(code)])
    who = exchange.credentials(code)
    login = vss.encode_form({"username": who.username, "password": vss.password_hash(who.password)})
    form = {"Content-Type": vss.FORM_CONTENT_TYPE}
    key = exchange.handle(Request("POST", "/vss/api/token/take", form, "", login)).json()["APIKey"]
    body = vss.encode_form(
        {
            "username": who.username,
            "loaiHoSo": "130",
            "maTinh": code[:2],
            "maCSKCB": code,
            "fileHSBase64": base64.b64encode(synth.render(claim)).decode(),
        }
    )
    headers = {
        **form,
        "accessToken": key["access_token"],
        "tokenId": key["id_token"],
        "passwordHash": vss.password_hash(who.password),
    }
    exchange.handle(Request("POST", "/vss/api/qd130/guiHoSoXmlQD3176", headers, "", body))
    exchange.handle(Request("POST", "/vss/api/qd130/guiHoSoXmlQD31766"))
    exchange.clock.advance(minutes=30)
    exchange.settle()
    return exchange


@pytest.fixture
def desk(tmp_path):
    clock = VirtualClock(dt.datetime(2026, 11, 2, 1, tzinfo=dt.UTC))
    return Desk(tmp_path, clock=clock, base_url="http://127.0.0.1:1")


@pytest.fixture
def console(exchange, desk):
    base = "http://127.0.0.1:1"
    return Console(exchange, token=TOKEN, secret=b"s" * 32, base_url=base, desk=desk)


@pytest.fixture
def browser(console):
    return Browser(console)


@pytest.fixture
def served(exchange, tmp_path):
    """The console on a real port, with kits and a desk for guided runs."""
    kits = KitRuns(tmp_path)

    def site(base):
        desk = Desk(tmp_path, clock=SystemClock(), base_url=base)
        return Console(exchange, token=TOKEN, secret=b"s" * 32, base_url=base, kits=kits, desk=desk)

    with running(exchange, site=site) as base:
        yield base
    kits.close()


@pytest.fixture
def chromium():
    """A headless Chromium without a network beyond this machine."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def new_tab(served, chromium):
    """Opens a tab and signs in; what the page complains about is collected in ``tab.said``.

    Nothing moves: while a colour fades into another, axe sees a contrast that nobody reads.
    """

    def opened():
        still = chromium.new_context(base_url=served, locale="vi-VN", reduced_motion="reduce")
        page = still.new_page()
        page.said = []
        page.on("console", lambda m: page.said.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.goto("/")
        page.get_by_label("Mã quản trị").fill(TOKEN)
        page.keyboard.press("Enter")
        page.wait_for_url("**/")
        return page

    return opened


@pytest.fixture
def tab(new_tab):
    return new_tab()


@pytest.fixture
def broken():
    """What an assistive tool would stumble over in a page, by the rules of axe-core."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is missing")

    def found(page):
        return [
            (rule["id"], [node["target"] for node in rule["nodes"]][:3])
            for rule in axe.Axe().run(page).response["violations"]
        ]

    return found
