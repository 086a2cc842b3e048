"""The guided run through the pages: forms, steps, pausing, evidence, a restart in between."""

import datetime as dt
import html
import io
import json
import re
import zipfile
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate

from vnhealth.conformance import KITS, evidence
from vnhealth.conformance.clients import PlainClient, Workplace
from vnhealth.console import Console, Desk
from vnhealth.sandbox import Settings, VirtualClock
from vnhealth.sandbox.transport import SandboxTransport
from vnhealth.signing import KeySigner

BASE = "http://127.0.0.1:1"


class Door:
    """The address of the guided run, as a transport in this process wants it."""

    settings = Settings()

    def __init__(self, console):
        self.handle = console.handle
        self.clock = VirtualClock()


class System:
    """A hospital system that was set up from what the pages hand out, and nothing else."""

    def __init__(self, browser, make=PlainClient):
        self.browser = browser
        self.make = make

    def work(self):
        order = json.loads(self.browser.ask("GET", "/_console/guided/work-order.json").body)
        packed = self.browser.ask("GET", "/_console/guided/keys.zip").body
        keys = zipfile.ZipFile(io.BytesIO(packed))
        signers = {
            code: KeySigner(
                load_pem_private_key(keys.read(names["key"]), None),
                load_pem_x509_certificate(keys.read(names["certificate"])).public_bytes(
                    Encoding.DER
                ),
            )
            for code, names in order["signing"].items()
        }
        disk = {}
        place = Workplace(
            order=order,
            transport=SandboxTransport(Door(self.browser.console)),
            clock=lambda: dt.datetime.fromisoformat(order["now"]),
            sleep=lambda seconds: submit(self.browser, "advance", minutes=max(seconds / 60, 0.01)),
            disk=disk,
            signers=signers,
        )
        self.make(place).run()
        return json.loads(disk["results.json"])


def submit(browser, action, **fields):
    token = browser.token
    answer = browser.ask("POST", f"/_console/guided/{action}", urlencode({"csrf": token, **fields}))
    assert answer.status == 303, answer.body.decode()
    return answer


@pytest.fixture
def person(browser):
    """Somebody who signed in."""
    browser.sign_in()
    page = browser.ask("GET", "/_console/faults").body.decode()
    browser.token = re.search(r'name="csrf" value="([^"]+)"', page)[1]
    return browser


def start(person, only="EDN-3176", **more):
    return submit(
        person, "start", kit="bhyt-claim-3176", role="clinic", seed="7", only=only, **more
    )


def fields_of(results):
    """What the person types from the screen of the system."""
    fields = {}
    for row in results["records"]:
        fields[f"state-{row['task']}"] = row["state"]
        fields[f"ending-{row['task']}"] = row["transaction"][-6:]
    for row in results["counts"]:
        for name in ("sent", "accepted", "refused", "pending"):
            fields[f"count-{row['facility']}-{row['kind']}-{name}"] = row[name]
    return fields


def text(person, path="/_console/guided"):
    return person.ask("GET", path).body.decode()


def test_a_person_is_led_through_a_scenario_to_signed_evidence(person, desk):
    start(person, "DAY", **{"vendor-name": "Công ty Mẫu", "issuer": "Phòng CNTT"})
    page = text(person)
    assert "http://127.0.0.1:1/kit/vss" in page
    assert page.count('class="verdict waiting"') > 10
    assert "Tiếp đón" in page
    results = System(person).work()
    page = text(person)
    assert 'class="verdict waiting"' not in page
    assert 'class="verdict wrong"' not in page
    submit(person, "close", **fields_of(results))
    page = text(person)
    assert "ĐẠT" in page
    assert "chưa có người chứng kiến" in page
    data = person.ask("GET", "/_console/guided/evidence.json").body
    found = evidence.verify(data)
    assert (found.problem, found.kind, found.witnessed) == ("", "vendor_client", False)
    facts = json.loads(data)["payload"]["facts"]
    assert {t["result"] for t in facts["tests"] if t["scenario"] == "DAY"} == {
        "pass",
        "not_applicable",
    }
    submit(person, "witness", name="Trần Thị Mẫu", unit="Sở Y tế mẫu", role="witness")
    assert "Trần Thị Mẫu, Sở Y tế mẫu" in text(person)
    assert evidence.verify(desk.evidence).witnessed
    report = person.ask("GET", "/_console/guided/bao-cao.html").body.decode()
    assert 'class="band witnessed"' in report
    assert "Công ty Mẫu" in report


def test_a_wrong_system_is_told_where(person):
    class Lower(PlainClient):
        def password_hash(self, password):
            return super().password_hash(password).lower()

        def cell(self, tag, value):
            return super().cell(tag, value.lstrip("0") if tag == "MA_LOAI_KCB" else value)

    start(person, "DAY")
    results = System(person, Lower).work()
    page = text(person)
    claim = re.search(r'task=(t\d+)"[^>]*>Gửi hồ sơ[^<]*</a> <span class="verdict wrong"', page)[1]
    assert "XML1[0].MA_LOAI_KCB" in text(person, f"/_console/guided?task={claim}")
    submit(person, "close", **fields_of(results))
    page = text(person)
    assert "KHÔNG ĐẠT" in page
    assert "SES-01" in page
    assert "].MA_LOAI_KCB" in page


def test_a_reason_to_skip_stands_in_the_report(person):
    start(person)
    submit(person, "skip", reason="HIS chưa gửi được")
    assert "HIS chưa gửi được" in person.ask("GET", "/_console/guided/bao-cao.html").body.decode()


def test_what_is_told_is_kept_and_shown_again(person, desk):
    start(person)
    submit(person, "tell", **{"state-t001": "accepted", "ending-t001": "abc123", "card-x": "000"})
    assert desk.run.told.states == {"t001": "accepted"}
    page = text(person)
    assert '<option value="accepted" selected>' in page
    assert 'value="abc123"' in page
    submit(person, "tell", **{"state-t001": "nonsense"})
    assert desk.run.told.states == {"t001": "accepted"}


def test_pausing_closes_the_address_and_stops_the_time(person, desk):
    start(person)
    before = desk.run.scene.clock.now()
    submit(person, "pause")
    assert "Đang tạm dừng" in text(person)
    assert person.ask("POST", "/kit/vss/api/token/take").status == 503
    submit(person, "resume")
    assert person.ask("POST", "/kit/vss/api/token/take").status == 401
    assert desk.run.scene.clock.now() == before


def test_a_killed_system_is_waited_for(person, desk):
    start(person, "CRS-1")
    desk.run._halt()
    assert "tắt ngang HIS" in text(person)
    assert person.ask("POST", "/kit/vss/api/token/take").status == 503
    submit(person, "restarted")
    assert "tắt ngang HIS" not in text(person)


def test_the_run_goes_on_after_a_restart_of_the_server(person, desk, exchange, tmp_path):
    submit(person, "start", kit="bhyt-claim-3176", role="clinic", seed="7", only="")
    submit(person, "skip", reason="Để sau")
    kept = (tmp_path / "guided-001" / "guided.json").read_text("utf-8")
    assert "Để sau" in kept
    clock = VirtualClock(dt.datetime(2026, 11, 2, 9, tzinfo=dt.UTC))
    again = Desk(tmp_path, clock=clock, base_url=BASE)
    person.console = Console(
        exchange, token="ma-quan-tri", secret=b"s" * 32, base_url=BASE, desk=again
    )
    assert again.run.scenario.id == desk.run.scenario.id == "COR"
    assert "COR" in text(person)


def test_nothing_kept_on_disk_holds_a_staged_value(person, desk, tmp_path):
    start(person)
    names = {
        row["HO_TEN"] for send in desk.run.scene.staged.sends for row in send.tables.get("XML1", ())
    }
    assert names
    submit(person, "close", **fields_of(System(person).work()))
    written = [p.read_bytes().decode() for p in (tmp_path / "guided-001").iterdir()]
    assert len(written) == 7
    assert [n for n in names for content in written if n in content] == []


def test_only_one_run_at_a_time_and_giving_up_frees_the_desk(person, desk):
    start(person)
    token = urlencode({"csrf": person.token, "kit": "bhyt-claim-3176", "role": "clinic"})
    assert person.ask("POST", "/_console/guided/start", token).status == 400
    submit(person, "abandon")
    assert desk.run is None
    assert "Chưa có lượt chạy" in text(person)
    start(person, "COR")


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("start", {"kit": "no-such-kit", "role": "clinic"}),
        ("start", {"kit": "bhyt-server-3176"}),
        ("start", {"kit": "bhyt-claim-3176", "role": "x"}),
        ("close", {}),
        ("advance", {"minutes": "5"}),
        ("witness", {"name": "A", "unit": "B"}),
    ],
)
def test_forms_that_cannot_be_done_are_refused(person, action, fields):
    body = urlencode({"csrf": person.token, **fields})
    assert person.ask("POST", f"/_console/guided/{action}", body).status == 400


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("skip", {"reason": " "}),
        ("advance", {"minutes": "-3"}),
        ("advance", {"minutes": "1e9"}),
        ("tell", {"count-01991-claim-sent": "x"}),
    ],
)
def test_odd_values_change_nothing(person, desk, action, fields):
    start(person)
    before = desk.run.to_dict()
    body = urlencode({"csrf": person.token, **fields})
    assert person.ask("POST", f"/_console/guided/{action}", body).status == 400
    assert desk.run.to_dict() == before


def test_a_key_that_is_none_signs_nothing(person, desk):
    start(person)
    submit(person, "skip", reason="Không chạy")
    body = urlencode({"csrf": person.token, "name": "A", "unit": "B", "key": "-----BEGIN x"})
    answer = person.ask("POST", "/_console/guided/witness", body)
    assert answer.status == 400
    assert json.loads(desk.evidence)["witnesses"] == []


def test_strangers_see_nothing_of_it_but_the_system_needs_no_sign_in(browser, person):
    start(person)
    browser.cookies = {}
    for path in (
        "/_console/guided",
        "/_console/guided/work-order.json",
        "/_console/guided/keys.zip",
    ):
        assert browser.ask("GET", path).status == 303
    assert browser.ask("POST", "/kit/vss/api/token/take").status == 401
    assert browser.ask("POST", "/_console/guided/close", "csrf=x").status == 303


def test_file_names_lead_nowhere_else(person):
    start(person)
    submit(person, "skip", reason="Không chạy")
    for name in ("guided.json", "../guided-001/evidence.json", "x", "%2e%2e/guided.json"):
        assert person.ask("GET", f"/_console/guided/{name}").status == 404


@pytest.mark.parametrize("kit", [k for k in KITS if "server" not in k.roles], ids=lambda k: k.id)
@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_step_of_every_kit_has_its_page(person, desk, kit, language):
    person.ask("GET", f"/_console/language?to={language}&back=/")
    submit(person, "start", kit=kit.id, role=kit.roles[-1], seed="7", only="")
    seen = set()
    while desk.run.scenario is not None:
        for guide in desk.run.guides():
            if guide.task["task"] in seen:
                continue
            seen.add(guide.task["task"])
            answer = person.ask("GET", f"/_console/guided?task={guide.id}")
            assert answer.status == 200
            assert len(answer.body) < 200_000
            assert guide.texts[f"do_{language}"] in html.unescape(answer.body.decode())
        submit(person, "skip", reason="-")
    assert seen
