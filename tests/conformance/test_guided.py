"""A guided run: a person at a hospital system, step by step, with the evidence of a scripted run."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any, cast

import pytest

from vnhealth.conformance import (
    KITS,
    Command,
    Guided,
    InProcess,
    Kit,
    client_of,
    evidence,
    kit,
    report_files,
    run_kit,
)
from vnhealth.conformance import run_section as section
from vnhealth.conformance._keys import pki
from vnhealth.conformance._model import Result
from vnhealth.conformance._play import FACILITIES
from vnhealth.conformance.clients import PlainClient, ReferenceClient, Workplace
from vnhealth.conformance.evidence import Sealer
from vnhealth.errors import ConformanceError
from vnhealth.sandbox import Exchange, Request, Settings, VirtualClock
from vnhealth.sandbox.transport import SandboxTransport

KIT = kit("bhyt-claim-3176")
NOW = dt.datetime(2026, 11, 2, 1, 0, tzinfo=dt.UTC)


class Door:
    """The address of a guided run as the transport of a client in this process wants it."""

    settings = Settings()

    def __init__(self, guided: Guided) -> None:
        self.guided = guided
        self.handle = guided.handle

    @property
    def clock(self) -> VirtualClock:
        return self.guided.scene.clock


class Killed(BaseException):
    pass


def begin(*only: str, role: str = "", make: Any = Guided) -> Guided:
    return make(
        KIT,
        base_url="http://sandbox.invalid",
        clock=VirtualClock(NOW),
        seed=7,
        role=role,
        only=only,
    )


def work(guided: Guided, make: Any = PlainClient) -> dict[str, Any]:
    """A hospital system does the scenario at hand; the person restarts it when it has to be."""
    disk: dict[str, str] = {}

    def sleep(seconds: float) -> None:
        if guided.halted:
            raise Killed
        guided.advance(dt.timedelta(seconds=max(seconds, 0.001)))

    while True:
        place = Workplace(
            order=guided.order(),
            transport=SandboxTransport(cast(Exchange, Door(guided))),
            clock=guided.scene.clock.now,
            sleep=sleep,
            disk=disk,
            signers=dict(pki(FACILITIES).signers),
        )
        try:
            make(place).run()
        except Killed:
            guided.restarted()
            continue
        return json.loads(disk["results.json"])


def tell(guided: Guided, results: dict[str, Any]) -> None:
    """The person reads from the screen of the system and writes it down."""
    for row in results["records"]:
        guided.told.states[row["task"]] = row["state"]
        code = row["transaction"]
        guided.told.endings[row["task"]] = code if "-" in code else code[-8:]
    guided.told.counts = results.get("counts", [])
    guided.told.lookups = {row["task"]: row["code"] for row in results.get("lookups", ())}


def bad(page: Any) -> list[str]:
    return [
        f"{r.case.id} {s.step.text_en}: {s.result} {s.detail}"
        for r in page.results
        for s in r.steps
        if s.result is not Result.PASS
    ]


@pytest.mark.parametrize("name", ["DAY", "COR", "TOK", "CRD", "F12", "F18N", "LOD"])
def test_a_correct_system_passes_step_by_step(name: str) -> None:
    guided = begin(name)
    assert {g.sight.state for g in guided.guides()} == {"waiting"}
    results = work(guided)
    assert {g.sight.state for g in guided.guides()} == {"done"}
    tell(guided, results)
    page = guided.close()
    assert bad(page) == []
    assert guided.scenario is None


@pytest.mark.parametrize("other", [k for k in KITS if "server" not in k.roles], ids=lambda k: k.id)
def test_every_kit_for_clients_can_be_guided(other: Kit) -> None:
    guided = Guided(
        other,
        base_url="http://sandbox.invalid",
        clock=VirtualClock(NOW),
        seed=7,
        only=(other.scenarios[0].id,),
    )
    assert all(guide.texts["do_vi"] for guide in guided.guides())
    tell(guided, work(guided, client_of(other)))
    assert {g.sight.state for g in guided.guides()} == {"done"}
    assert bad(guided.close()) == []


@pytest.mark.parametrize("name", ["CRS-1", "CRS-4"])
def test_the_system_is_killed_by_the_person_and_goes_on(name: str) -> None:
    guided = begin(name)
    tell(guided, work(guided))
    assert bad(guided.close()) == []


def test_while_it_has_to_be_killed_nothing_answers() -> None:
    guided = begin("CRS-2")
    login = Request("POST", "/vss/api/token/take")
    guided._halt()
    assert guided.handle(login).status == 503
    guided.restarted()
    assert guided.handle(login).status == 401
    assert guided.heard()[-1].life == 2


def test_the_same_findings_as_a_scripted_run() -> None:
    guided = begin("COR", "F10", role="clinic")
    while guided.scenario is not None:
        guided.told.file = json.dumps(work(guided))
        guided.close()
    run = guided.run()
    scripted = run_kit(KIT, InProcess(PlainClient), seed=7, role="clinic", only=("COR", "F10"))
    assert run.requirements == scripted.requirements
    assert run.outcome == scripted.outcome
    assert [r.result for r in run.results] == [r.result for r in scripted.results]


def test_the_evidence_can_be_checked_witnessed_and_reported() -> None:
    guided = begin("DAY", role="clinic")
    tell(guided, work(guided))
    guided.close()
    run = guided.run()
    assert run.kind == Command.kind == "vendor_client"
    assert next(r for r in run.results if r.case.id == "OUT-01").result is Result.NOT_APPLICABLE
    particulars = section({"issuer": "A"}, run, started=NOW, finished=NOW)
    payload = {"kind": run.kind, "outcome": run.outcome, "facts": run.facts, "run": particulars}
    data = evidence.seal(payload, Sealer.new())
    data = evidence.countersign(
        data, Sealer.new(), name="Trần Thị Mẫu", unit="Sở Y tế mẫu", role="witness", at=NOW
    )
    found = evidence.verify(data)
    assert found.witnessed
    assert found.kind == "vendor_client"
    report = report_files(data)["bao-cao.html"].decode()
    assert 'class="band witnessed"' in report
    assert "Trần Thị Mẫu" in report
    assert "kể lại HIS hiện gì" in report


def test_a_wrong_value_is_named_by_its_place_and_never_shown() -> None:
    class Swapping(PlainClient):
        def cell(self, tag: str, text: str) -> str:
            return super().cell(tag, text.swapcase() if tag == "HO_TEN" else text)

    guided = begin("EDN-3176")
    work(guided, Swapping)
    claims = [g for g in guided.guides() if g.task["task"] == "claim"]
    assert claims
    assert all(g.sight.state == "wrong" for g in claims)
    assert all(place.endswith(".HO_TEN") for g in claims for place in g.sight.places)


def test_a_missing_row_and_a_refusal_are_seen() -> None:
    class Short(PlainClient):
        def rows(self, task: dict[str, Any], table: str) -> list[dict[str, str]]:
            found = super().rows(task, table)
            return found[:-1] if table == "XML3" and len(found) > 1 else found

    guided = begin("EDN-3176")
    work(guided, Short)
    places = [place for g in guided.guides() for place in g.sight.places]
    assert any(place.startswith("XML3: ") for place in places)
    values = {v for g in guided.guides() for v in g.details.values() if len(v) > 8}
    assert not any(value in place for value in values for place in places)


def test_a_system_that_numbers_its_visits_itself_is_followed() -> None:
    guided = begin("EDN-3176")
    keys = list(dict.fromkeys(s.ma_lk for s in guided.scene.staged.sends))
    names = {key: f"HIS-{n}" for n, key in enumerate(keys)}

    class Own(PlainClient):
        def tasks(self) -> list[dict[str, Any]]:
            text = json.dumps(self.order)
            for old, new in names.items():
                text = text.replace(json.dumps(old), json.dumps(new))
            self.order = json.loads(text)
            return list(super().tasks())

    results = work(guided, Own)
    assert {g.sight.state for g in guided.guides() if g.tables} == {"waiting"}
    guided.rename(names)
    assert {g.sight.state for g in guided.guides()} == {"done"}
    tell(guided, results)
    assert bad(guided.close()) == []


def test_time_stands_still_while_paused_and_nobody_is_let_in() -> None:
    clock = VirtualClock(NOW)
    guided = Guided(KIT, base_url="http://x", clock=clock, seed=7, only=("DAY",))
    first = guided.scene.clock.now()
    clock.advance(minutes=5)
    guided.tick()
    assert guided.scene.clock.now() - first == dt.timedelta(minutes=5)
    guided.pause()
    clock.advance(hours=5)
    assert guided.handle(Request("POST", "/vss/api/token/take")).status == 503
    guided.resume()
    assert guided.scene.clock.now() - first == dt.timedelta(minutes=5)
    assert guided.handle(Request("POST", "/vss/api/token/take")).status == 401
    with pytest.raises(ValueError, match="range"):
        guided.advance(dt.timedelta(days=40))


def test_it_goes_on_after_a_restart_of_the_server() -> None:
    guided = begin("DAY", "EDN-3176", role="clinic")
    tell(guided, work(guided))
    guided.close()
    guided.repeat()
    kept = json.loads(json.dumps(guided.to_dict()))
    again = begin("DAY", "EDN-3176", role="clinic")
    again.take_up(kept)
    assert again.scenario is not None
    assert again.scenario.id == "EDN-3176"
    for one in (guided, again):
        tell(one, work(one))
        one.close()
    assert again.run().facts == guided.run().facts
    assert again.run().facts["kit"]["guided"] == {"again": {"EDN-3176": 1}}
    with pytest.raises(ConformanceError, match="ERR-CERT-10"):
        again.take_up({**kept, "version": "0"})


def test_a_skipped_scenario_keeps_its_reason() -> None:
    guided = begin("DAY", "COR", role="clinic")
    guided.skip("HIS chưa có chức năng này")
    guided.skip("Hết giờ")
    run = guided.run()
    day = next(t for t in run.facts["tests"] if t["id"] == "SES-01")
    assert (day["result"], day["reason_vi"]) == ("skip", "HIS chưa có chức năng này")
    assert run.outcome == "PASS_WITH_WARNINGS"


def test_a_kit_for_servers_is_not_guided() -> None:
    with pytest.raises(ConformanceError, match="ERR-CERT-10"):
        Guided(kit("bhyt-server-3176"), base_url="", clock=VirtualClock(NOW), seed=7)


def test_the_reference_client_passes_guided_too() -> None:
    guided = begin("PRO")
    tell(guided, work(guided, ReferenceClient))
    assert {g.sight.state for g in guided.guides()} == {"done"}
    assert bad(guided.close()) == []
