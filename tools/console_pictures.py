"""Pictures of the console for the documentation, taken in a headless Chromium.

    python tools/console_pictures.py docs

Writes docs/{vi,en}/assets/console-*.png from a sandbox with invented records.
"""

from __future__ import annotations

import base64
import datetime as dt
import shutil
import sys
import tempfile
from pathlib import Path
from typing import cast

from playwright.sync_api import sync_playwright

from vnhealth import synth
from vnhealth.conformance._keys import pki
from vnhealth.conformance._play import FACILITIES
from vnhealth.conformance.clients import PlainClient, Workplace
from vnhealth.console import Console, Desk
from vnhealth.protocol import vss
from vnhealth.sandbox import Exchange, Facility, Fault, Request, Settings, VirtualClock
from vnhealth.sandbox.server import running
from vnhealth.sandbox.transport import SandboxTransport

TOKEN = "picture"
PAGES = {
    "overview": "/",
    "entry": "/_console/journal/4",
    "faults": "/_console/faults",
    "guided": "/_console/guided",
}
DONE = 12
"""Tasks of the guided run that are done when its picture is taken."""


def filled() -> Exchange:
    """A sandbox after a short morning: some records, one of them wrong, one fault, one odd call."""
    claims = list(synth.generate(encounters=6, seed=11, faults=0.2))
    code = str(claims[0].xml1.ma_cskcb)
    exchange = Exchange.default(seed=7, facilities=[Facility(code)])
    who = exchange.credentials(code)
    hashed = vss.password_hash(who.password)
    form = {"Content-Type": vss.FORM_CONTENT_TYPE}
    login = vss.encode_form({"username": who.username, "password": hashed})
    key = exchange.handle(Request("POST", "/vss/api/token/take", form, "", login)).json()["APIKey"]
    headers = {
        **form,
        "accessToken": key["access_token"],
        "tokenId": key["id_token"],
        "passwordHash": hashed,
    }
    exchange.faults.add(Fault("F01", on="vss.claim_*", nth=(2,)))
    for claim in claims:
        fields = {
            "username": who.username,
            "loaiHoSo": "130",
            "maTinh": code[:2],
            "maCSKCB": code,
            "fileHSBase64": base64.b64encode(synth.render(claim)).decode(),
        }
        path = "/vss/api/qd130/guiHoSoXmlQD3176"
        exchange.handle(Request("POST", path, headers, "", vss.encode_form(fields)))
        exchange.clock.advance(minutes=2)  # type: ignore[attr-defined]
    exchange.handle(Request("POST", "/vss/api/qd130/guiHoSoXmlQD31766", headers))
    exchange.settle()
    return exchange


class Door:
    """The address of a guided run, for a client in this process."""

    settings = Settings()
    clock = VirtualClock()

    def __init__(self, desk: Desk) -> None:
        self.handle = desk.handle


def half_done(folder: Path, base_url: str) -> Desk:
    """A guided run of which the first tasks are done."""
    desk = Desk(folder, clock=VirtualClock(), base_url=base_url)
    desk.start("bhyt-claim-3176", seed=7, role="clinic", only="", about={})
    assert desk.run is not None
    order = desk.run.order()
    order["tasks"] = order["tasks"][:DONE]
    place = Workplace(
        order=order,
        transport=SandboxTransport(cast(Exchange, Door(desk))),
        clock=desk.run.scene.clock.now,
        sleep=lambda seconds: None,
        disk={},
        signers=dict(pki(FACILITIES).signers),
    )
    PlainClient(place).run()
    desk.run.advance(dt.timedelta(minutes=1))
    return desk


def main() -> int:
    """Take the pictures."""
    folder = Path(sys.argv[1])
    exchange = filled()

    def site(base: str) -> Console:
        desk = half_done(Path(kept), base)
        return Console(exchange, token=TOKEN, secret=b"p" * 32, base_url=base, desk=desk)

    with (
        tempfile.TemporaryDirectory() as kept,
        running(exchange, site=site) as base,
        sync_playwright() as driver,
    ):
        chromium = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for language in ("vi", "en"):
            page = chromium.new_page(base_url=base, viewport={"width": 1100, "height": 720})
            page.goto("/")
            page.locator("input[name=token]").fill(TOKEN)
            page.keyboard.press("Enter")
            page.wait_for_url("**/")
            page.goto(f"/_console/language?to={language}&back=/")
            for name, path in PAGES.items():
                page.goto(path)
                page.evaluate("document.querySelector('[data-live] .steps')?.scrollIntoView()")
                file = folder / language / "assets" / f"console-{name}.png"
                file.parent.mkdir(exist_ok=True)
                page.screenshot(path=file)
        chromium.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
