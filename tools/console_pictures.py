"""Pictures of the console for the documentation, taken in a headless Chromium.

    python tools/console_pictures.py docs

Writes docs/{vi,en}/assets/console-*.png from a sandbox with invented records.
"""

from __future__ import annotations

import base64
import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from vnhealth import synth
from vnhealth.console import Console
from vnhealth.protocol import vss
from vnhealth.sandbox import Exchange, Facility, Fault, Request
from vnhealth.sandbox.server import running

TOKEN = "picture"
PAGES = {"overview": "/", "entry": "/_console/journal/4", "faults": "/_console/faults"}


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


def main() -> int:
    """Take the pictures."""
    folder = Path(sys.argv[1])
    exchange = filled()
    with (
        running(
            exchange,
            site=lambda base: Console(exchange, token=TOKEN, secret=b"p" * 32, base_url=base),
        ) as base,
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
                file = folder / language / "assets" / f"console-{name}.png"
                file.parent.mkdir(exist_ok=True)
                page.screenshot(path=file)
        chromium.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
