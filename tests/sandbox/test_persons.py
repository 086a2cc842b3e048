"""The repositories know one person over several facilities, and say so without showing anybody."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from vnhealth import codecs, synth
from vnhealth.sandbox import Exchange, Request, SqliteStore

DAY = dt.date(2026, 8, 3)
QUESTION = ("HO_TEN", "NGAY_SINH", "GIOI_TINH", "SO_CCCD", "MA_THE_BHYT", "DIEN_THOAI")


def call(ex: Exchange, facility: str, method: str, path: str, body: bytes, kind: str) -> dict:
    account = ex.credentials(facility, "province")
    login = json.dumps({"username": account.username, "password": account.password}).encode()
    asked = Request(
        "POST", "/province/api/xac-thuc/token", {"content-type": "application/json"}, body=login
    )
    token = ex.handle(asked).json()["data"]["access_token"]
    headers = {"authorization": f"Bearer {token}", "content-type": kind}
    return ex.handle(Request(method, "/province" + path, headers, body=body)).json()


def send(ex: Exchange, facility: str, claim: object) -> None:
    xml = codecs.write(claim, facility=facility, created=DAY)  # type: ignore[arg-type]
    got = call(ex, facility, "POST", "/api/kham-chua-benh/hoan-tat", xml, "application/xml")
    assert got["success"], got["code"]


def ask(ex: Exchange, facility: str, row: object) -> list[dict]:
    fields = {tag: row.text(tag) for tag in QUESTION}  # type: ignore[attr-defined]
    body = json.dumps(fields, ensure_ascii=False).encode()
    path = "/api/vnhealth/nguoi-benh/tra-cuu"
    return call(ex, facility, "POST", path, body, "application/json")["data"]["items"]


@pytest.fixture(params=["memory", "sqlite"])
def exchange(request: pytest.FixtureRequest, tmp_path: Path) -> Exchange:
    if request.param == "memory":
        return Exchange.default(seed=7)
    return Exchange.default(seed=7, store=SqliteStore(tmp_path / "state.sqlite"))


def test_one_person_over_two_facilities(exchange: Exchange) -> None:
    claim = next(
        iter(
            synth.generate(
                encounters=1, edition="3176", seed=5, facility="01991", day=DAY, visits=["01"]
            )
        )
    )
    person = claim.xml1
    assert ask(exchange, "01991", person) == []
    send(exchange, "01991", claim)
    exchange.clock.advance(dt.timedelta(hours=3))  # type: ignore[attr-defined]
    first = ask(exchange, "01991", person)
    assert [(i["ket_qua"], i["so_ho_so"]) for i in first] == [("match", 1)]
    tables = {
        name.lower(): [row.replace(ma_lk="KHAC-01") for row in claim.rows(name)]
        for name in ("XML2", "XML3", "XML4", "XML5")
    }
    moved = person.replace(ma_lk="KHAC-01", ma_cskcb="01001")
    again = type(claim)(xml1=moved, **tables)
    send(exchange, "01001", again)
    exchange.clock.advance(dt.timedelta(hours=3))  # type: ignore[attr-defined]
    second = ask(exchange, "01001", person)
    assert [(i["ma_nguoi"], i["so_ho_so"]) for i in second] == [(first[0]["ma_nguoi"], 2)]
    text = json.dumps(second, ensure_ascii=False)
    assert not [v for tag in QUESTION if (v := person.text(tag)) and len(v) > 1 and v in text]


def test_a_question_without_a_name_is_refused() -> None:
    ex = Exchange.default(seed=7)
    body = json.dumps({"SO_CCCD": "001099012345"}).encode()
    got = call(ex, "01001", "POST", "/api/vnhealth/nguoi-benh/tra-cuu", body, "application/json")
    assert got["code"] == "INVALID_REQUEST"


def test_after_a_reset_nobody_is_known_and_new_records_are_seen(exchange: Exchange) -> None:
    (claim,) = synth.generate(encounters=1, edition="3176", seed=5, facility="01991", day=DAY)
    for _ in range(2):
        send(exchange, "01991", claim)
        assert ask(exchange, "01991", claim.xml1) == []
        exchange.clock.advance(dt.timedelta(hours=3))  # type: ignore[attr-defined]
        assert [i["so_ho_so"] for i in ask(exchange, "01991", claim.xml1)] == [1]
        exchange.reset()
        assert ask(exchange, "01991", claim.xml1) == []


def test_a_reset_forgets_what_a_file_held_at_the_start(tmp_path: Path) -> None:
    (claim,) = synth.generate(encounters=1, edition="3176", seed=5, facility="01991", day=DAY)
    first = Exchange.default(seed=7, store=SqliteStore(tmp_path / "state.sqlite"))
    send(first, "01991", claim)
    first.close()
    again = Exchange.default(seed=7, store=SqliteStore(tmp_path / "state.sqlite"))
    assert len(again.reconcile()) == 1
    again.reset()
    assert again.reconcile() == ()
    again.close()
