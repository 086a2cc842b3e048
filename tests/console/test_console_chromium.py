"""The console in a real headless Chromium: keyboard, narrow screens, dark, no console error."""

import subprocess
import sys

import pytest

from vnhealth.console._pages import PAGES

PATHS = ["/", *(f"/_console/{name}" for name in PAGES if name), "/_console/journal/2"]

pytestmark = pytest.mark.xdist_group("chromium")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_page_is_usable_by_all(tab, broken, dark):
    tab.emulate_media(color_scheme="dark" if dark else "light")
    for path in PATHS:
        tab.goto(path)
        assert broken(tab) == [], path
    assert tab.said == []


def test_nothing_is_cut_off_on_a_narrow_screen(tab):
    tab.set_viewport_size({"width": 360, "height": 740})
    for path in PATHS:
        tab.goto(path)
        wide = tab.evaluate("document.documentElement.scrollWidth")
        assert wide <= 360, (path, wide)


def test_the_keyboard_alone_leads_through(tab):
    tab.goto("/")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "main"
    tab.goto("/_console/faults")
    tab.locator("select[name=fault]").focus()
    tab.keyboard.press("ArrowDown")
    for _ in range(5):
        tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    tab.locator("button.danger").wait_for()
    assert tab.locator("main tbody").first.inner_text().startswith("F01/http")


def test_the_journal_follows_what_comes_in(tab, exchange):
    from vnhealth.sandbox import Request

    tab.goto("/_console/journal")
    before = tab.locator("[data-live] tbody tr").count()
    exchange.handle(Request("GET", "/province/api/xac-thuc/thong-tin"))
    tab.locator("[data-live] tbody tr").nth(before).wait_for()
    tab.get_by_role("link", name="1", exact=False).first.click()
    assert tab.said == []


def test_the_other_language_stays(tab):
    tab.get_by_role("link", name="English").click()
    assert tab.locator("h1").inner_text() == "Overview"
    tab.goto("/_console/time")
    assert tab.locator("html").get_attribute("lang") == "en"


def test_a_kit_runs_and_its_evidence_can_be_checked(tab, tmp_path):
    tab.goto("/_console/kits")
    tab.get_by_role("button", name="Chạy tự kiểm tra").first.click()
    tab.wait_for_url("**/kits")
    tab.get_by_role("link", name="evidence.json").wait_for(timeout=180_000)
    with tab.expect_download() as kept:
        tab.get_by_role("link", name="evidence.json").click()
    file = tmp_path / "evidence.json"
    kept.value.save_as(file)
    done = subprocess.run(
        [sys.executable, "-m", "vnhealth", "certify", "verify", str(file)], capture_output=True
    )
    assert done.returncode == 0
    assert tab.locator(".state.accepted").first.is_visible()
    assert tab.said == []
