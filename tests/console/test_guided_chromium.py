"""A guided run in a real headless Chromium, with a script that plays the hospital system."""

import datetime as dt
import json
import subprocess
import sys
import time
import zipfile

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate

from vnhealth.conformance.clients import PlainClient, Workplace
from vnhealth.signing import KeySigner

pytestmark = [pytest.mark.xdist_group("chromium"), pytest.mark.e2e]


class Hospital(PlainClient):
    """Looks for verdicts as often as a person at the screen would."""

    def look_pause(self):
        return 1.0

    def pause(self, attempt):
        return 0.3


def downloaded(tab, name, folder):
    with tab.expect_download() as kept:
        tab.locator(f'a[href$="{name}"]').click()
    file = folder / name
    kept.value.save_as(file)
    return file


def hospital(tab, folder):
    """Set up from what the page hands out; gives what the screen of the system shows."""
    order = json.loads(downloaded(tab, "work-order.json", folder).read_text("utf-8"))
    assert order["gateways"]["vss"]["base_url"] in tab.locator("main").inner_text()
    keys = zipfile.ZipFile(downloaded(tab, "keys.zip", folder))
    signers = {}
    for code, names in order["signing"].items():
        certificate = load_pem_x509_certificate(keys.read(names["certificate"]))
        key = load_pem_private_key(keys.read(names["key"]), None)
        signers[code] = KeySigner(key, certificate.public_bytes(Encoding.DER))
    disk = {}
    with httpx.HTTPTransport() as transport:
        place = Workplace(
            order=order,
            transport=transport,
            clock=lambda: dt.datetime.fromisoformat(order["now"]),
            sleep=time.sleep,
            disk=disk,
            signers=signers,
        )
        Hospital(place).run()
    return json.loads(disk["results.json"])


def begin(tab, scenario, role="clinic"):
    tab.goto("/_console/kits")
    tab.get_by_text("Chạy với hệ thống của bạn").first.click()
    form = tab.locator('form[action$="guided/start"]').first
    form.locator("select[name=role]").select_option(role)
    form.locator("select[name=only]").select_option(scenario)
    form.get_by_label("Tên phần mềm").fill("HIS Mẫu")
    form.get_by_role("button").focus()
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/guided")


def write_down(tab, results):
    """The person writes what the system shows into the form."""
    for row in results["records"]:
        tab.locator(f'select[name="state-{row["task"]}"]').select_option(row["state"])
        tab.locator(f'input[name="ending-{row["task"]}"]').fill(row["transaction"][-6:])
    for row in results["counts"]:
        for name in ("sent", "accepted", "refused", "pending"):
            place = f"count-{row['facility']}-{row['kind']}-{name}"
            tab.locator(f'input[name="{place}"]').fill(str(row[name]))


def test_a_person_is_led_to_witnessed_evidence(tab, new_tab, broken, tmp_path):
    begin(tab, "DAY")
    assert "HIS Mẫu" not in tab.url
    assert tab.locator(".steps .verdict.waiting").count() > 10
    assert broken(tab) == []
    tab.get_by_role("button", name="Tạm dừng").click()
    tab.get_by_role("status").wait_for()
    tab.close()

    tab = new_tab()
    tab.goto("/_console/guided")
    tab.get_by_role("button", name="Tiếp tục").click()
    tab.get_by_role("button", name="Tạm dừng").wait_for()
    tab.get_by_role("link", name="Bước sau").click()
    assert "task=t002" in tab.url
    results = hospital(tab, tmp_path)
    tab.locator(".steps .verdict.waiting").first.wait_for(state="detached", timeout=15_000)
    assert tab.locator(".steps .verdict.wrong").count() == 0
    assert tab.locator(".steps .verdict.done").count() == tab.locator(".steps li").count()
    for dark in ("light", "dark"):
        tab.emulate_media(color_scheme=dark)
        assert broken(tab) == []
    tab.set_viewport_size({"width": 360, "height": 740})
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360
    write_down(tab, results)
    tab.get_by_role("button", name="Kết luận kịch bản này").click()
    tab.get_by_role("link", name="evidence.json").wait_for()
    assert "chưa có người chứng kiến" in tab.locator("main").inner_text()
    assert broken(tab) == []
    tab.get_by_label("Họ tên").fill("Trần Thị Mẫu")
    tab.get_by_label("Đơn vị", exact=True).fill("Sở Y tế mẫu")
    tab.get_by_role("button", name="Ký").click()
    tab.get_by_text("Có người chứng kiến").wait_for()
    assert "Trần Thị Mẫu" in tab.locator("main").inner_text()
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360
    file = downloaded(tab, "evidence.json", tmp_path)
    command = [sys.executable, "-m", "vnhealth", "certify", "verify", str(file), "--format", "json"]
    done = subprocess.run(command, capture_output=True, check=False)
    said = json.loads(done.stdout)
    assert (done.returncode, said["kind"], said["witnessed"]) == (0, "vendor_client", True)
    assert said["outcome"] == "PASS_WITH_WARNINGS", "the other scenarios were not asked for"
    assert tab.said == []


def test_a_wrong_value_shows_while_the_person_watches(tab, tmp_path, monkeypatch):
    monkeypatch.setattr(
        Hospital,
        "cell",
        lambda self, tag, text: (
            text.lstrip("0") if tag == "MA_LOAI_KCB" else PlainClient.cell(self, tag, text)
        ),
        raising=False,
    )
    begin(tab, "EDN-3176")
    claim = tab.locator(".steps li", has_text="Gửi hồ sơ").first
    claim.get_by_role("link").focus()
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/guided?task=*")
    hospital(tab, tmp_path)
    tab.get_by_text("XML1[0].MA_LOAI_KCB").wait_for(timeout=15_000)
    assert claim.locator(".verdict.wrong").is_visible()
    tab.get_by_role("link", name="English").click()
    assert tab.locator("h1").inner_text().startswith("Guided run")
    assert tab.said == []
