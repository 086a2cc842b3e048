"""The pages of the console: closed to strangers, masked, forms guarded, two languages, small."""

import re
from importlib.resources import files

import pytest

from vnhealth.conformance import KITS, Result, evidence
from vnhealth.conformance._guidance import SIGHTS
from vnhealth.conformance._report import OUTCOMES
from vnhealth.console._pages import PAGES
from vnhealth.console._texts import LANGUAGES, _rows
from vnhealth.protocol import gateways
from vnhealth.sandbox import Fault
from vnhealth.sandbox._inspect import masked
from vnhealth.sandbox._moments import MOMENTS

PATHS = ["/", *(f"/_console/{name}" for name in PAGES if name), "/_console/journal/2"]

TASKS = evidence.schema("work-order")["properties"]["tasks"]["items"]


def csrf(answer):
    return re.search(r'name="csrf" value="([^"]+)"', answer.body.decode())[1]


@pytest.mark.parametrize("path", [*PATHS, "/_console/time/state", "/_console/nowhere"])
def test_strangers_are_sent_to_the_door(browser, path):
    answer = browser.ask("GET", path)
    assert (answer.status, answer.header("Location")) == (303, "/_console/sign-in")
    assert answer.body == b""


def test_a_wrong_token_opens_nothing(browser):
    assert browser.ask("POST", "/_console/sign-in", "token=x").status == 403
    assert browser.ask("GET", "/").status == 303


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_whole_closed_small_and_masked(browser, claim, path, language):
    browser.sign_in()
    browser.ask("GET", f"/_console/language?to={language}&back=/")
    answer = browser.ask("GET", path)
    text = answer.body.decode()
    assert answer.status == 200
    assert f'<html lang="{language}">' in text
    assert len(answer.body) < 200_000
    assert text.count("<h1>") == 1
    for header, value in (
        ("Content-Security-Policy", "default-src 'none'"),
        ("Referrer-Policy", "no-referrer"),
    ):
        assert answer.header(header).startswith(value)
    assert not re.search(r"(src|href)=\"(https?:)?//", text)
    assert not re.search(r"<script(?! src=)|style=|\son\w+=", text)
    for value in (claim.xml1.ho_ten, claim.ma_lk, claim.xml1.so_cccd, claim.xml1.ma_the_bhyt):
        assert not value or str(value) not in text


def test_every_text_is_in_both_languages_and_used():
    package = files("vnhealth.console")
    pages = "".join(page.read_text("utf-8") for page in (package / "templates").iterdir())
    code = "".join(m.read_text("utf-8") for m in package.iterdir() if m.name.endswith(".py"))
    by_rule = {
        *MOMENTS,
        *(f"contract_{g.contract}" for g in gateways().values()),
        *(role for kit in KITS for role in kit.roles),
        *(str(r) for r in Result),
        *OUTCOMES,
        *(name for name in TASKS["properties"]),
        *SIGHTS,
    }
    for key, row in _rows().items():
        assert row["vi"], key
        assert row["en"], key
        assert key in by_rule or re.search(rf"[\"']{key}[\"']", pages + code), key


def test_an_entry_shows_what_was_sent_and_what_was_meant(browser):
    browser.sign_in()
    entry = browser.ask("GET", "/_console/journal/2").body.decode()
    assert "claim_3176" in entry
    assert "XML1" in entry
    assert "curl -X POST" in entry
    missed = browser.ask("GET", "/_console/journal/3").body.decode()
    assert "POST /vss/api/qd130/guiHoSoXmlQD3176" in missed
    assert browser.ask("GET", "/_console/journal/99").status == 404
    assert browser.ask("GET", "/_console/journal/x").status == 404


def test_the_overview_counts_the_last_days_only(browser, exchange):
    browser.sign_in()
    tile = '<div class="tile received"><b>{}</b>'
    assert tile.format(1) in browser.ask("GET", "/").body.decode()
    exchange.clock.advance(days=30)
    text = browser.ask("GET", "/").body.decode()
    assert tile.format(1) in text
    assert "Nhận từ 03/08/2026" in text
    exchange.clock.advance(days=1)
    assert tile.format(0) in browser.ask("GET", "/").body.decode()


@pytest.mark.parametrize(
    "path",
    ["faults/add", "faults/clear", "time/advance", "time/reset", "records/unmask", "kits/run"],
)
def test_a_form_of_another_page_does_nothing(browser, exchange, path):
    browser.sign_in()
    exchange.faults.add(Fault("F10"))
    before = (exchange.clock.now(), exchange.reconcile())
    for body in ("", "csrf=x", "csrf=x&fault=F01/body&minutes=3&show=1"):
        assert browser.ask("POST", f"/_console/{path}", body).status == 400
    assert (exchange.clock.now(), exchange.reconcile()) == before
    assert len(exchange.faults) == 1


def test_faults_are_added_and_cleared(browser, exchange):
    browser.sign_in()
    token = csrf(browser.ask("GET", "/_console/faults"))
    form = f"csrf={token}&fault=F10/silent&on=vss.*&nth=1,3&times=2"
    assert browser.ask("POST", "/_console/faults/add", form).status == 303
    (rule,) = exchange.faults
    assert (rule.kind.name, rule.on, rule.nth, rule.times) == ("F10/silent", "vss.*", (1, 3), 2)
    wrong = f"csrf={token}&fault=F10/silent&probability=7"
    assert browser.ask("POST", "/_console/faults/add", wrong).status == 400
    assert len(exchange.faults) == 1
    browser.ask("POST", "/_console/faults/clear", f"csrf={token}")
    assert len(exchange.faults) == 0


def test_time_and_snapshots(browser, exchange):
    browser.sign_in()
    token = csrf(browser.ask("GET", "/_console/time"))
    before = exchange.clock.now()
    browser.ask("POST", "/_console/time/snapshot", f"csrf={token}&name=a")
    browser.ask("POST", "/_console/time/advance", f"csrf={token}&minutes=90")
    assert (exchange.clock.now() - before).total_seconds() == 5400
    browser.ask("POST", "/_console/time/jump", f"csrf={token}&to=month_end")
    assert exchange.clock.now().isoformat().startswith("2026-08-31T10:00")
    browser.ask("POST", "/_console/time/restore", f"csrf={token}&name=a")
    assert exchange.clock.now() == before
    assert browser.ask("POST", "/_console/time/jump", f"csrf={token}&to=never").status == 400
    assert browser.ask("GET", "/_console/time/state").body[:2] == b"\x1f\x8b"


def test_showing_a_link_id_is_noted(browser, exchange, claim):
    browser.sign_in()
    page = browser.ask("GET", "/_console/records")
    assert claim.ma_lk not in page.body.decode()
    browser.ask("POST", "/_console/records/unmask", f"csrf={csrf(page)}&show=1")
    assert claim.ma_lk in browser.ask("GET", "/_console/records").body.decode()
    assert exchange.journal[-1].operation == "unmask"
    assert claim.xml1.ho_ten not in browser.ask("GET", "/_console/records").body.decode()


def test_notices_of_the_insurer_show_from_their_moment_on(browser, exchange, claim):
    browser.sign_in()
    assert "Hồ sơ gửi muộn" not in browser.ask("GET", "/_console/records").body.decode()
    exchange.clock.advance(hours=6)
    page = browser.ask("GET", "/_console/records").body.decode()
    assert "Hồ sơ gửi muộn" in page
    assert claim.ma_lk not in page
    other = browser.ask("GET", "/_console/records?gateway=province").body.decode()
    assert "Hồ sơ gửi muộn" not in other


@pytest.mark.parametrize(
    "back", ["//evil.example", "https://evil.example", "/vss/api", "/_console//x"]
)
def test_the_language_switch_leads_nowhere_else(browser, back):
    browser.sign_in()
    answer = browser.ask("GET", f"/_console/language?to=en&back={back}")
    assert answer.header("Location") == "/"


def test_signing_out_closes_the_console(browser):
    browser.sign_in()
    browser.ask("GET", "/_console/sign-out")
    assert browser.ask("GET", "/").status == 303


def test_only_the_console_s_own_paths_are_taken(console):
    assert console.owns("/")
    assert console.owns("/_console/journal")
    assert not console.owns("/vss/api/token/take")
    assert not console.owns("/_sandbox/health")


def test_decomposed_letters_are_masked_whole():
    assert masked("Nguye\u0302\u0303n Thi\u0323 A\u0301nh 12") == "xxxxxx xxx xxx 00"
