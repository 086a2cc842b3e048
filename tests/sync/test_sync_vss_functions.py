"""Card look-up, minutes, 4210 files and driver checks against the sandbox, blocking and async."""

import base64
import datetime as dt

import pytest

from vnhealth import synth
from vnhealth.codecs import write, write_standalone
from vnhealth.errors import CodecError, ConformanceError
from vnhealth.protocol import vss_4210
from vnhealth.protocol.vss_lookup import card_codes
from vnhealth.sandbox import Exchange
from vnhealth.sandbox._cards import officers
from vnhealth.sync import (
    AsyncDriverClient,
    AuthFailed,
    Credentials,
    DriverClient,
    NotSent,
    Officer,
    Rejected,
    RemoteError,
    Status,
    Unavailable,
    connect,
)

FACILITY = "01991"
DAY = dt.date(2026, 8, 3)
CCCD, NAME = next(iter(officers().items()))
OFFICER = Officer(NAME, CCCD)


@pytest.fixture
def exchange():
    return Exchange.default(seed=7)


@pytest.fixture
def vss(face, exchange):
    account = exchange.credentials(FACILITY)
    return face.vss(face.transport(exchange), account, clock=exchange.clock.now)


def insured():
    facility = synth.facilities()[0]
    for home in synth.households(7, "01"):
        person = home.father
        card = synth.card_of(person, DAY, facility, local=False)
        if card is not None and person.precision == "day":
            return person, card
    raise AssertionError


# cards


def test_a_card_is_looked_up(vss):
    person, card = insured()
    found = vss.look_up_card(card.number, person.name, person.born.date(), officer=OFFICER)
    assert found.code == "000"
    assert found.card_to_use == card.number
    assert found.visits[0].record
    assert found.lookups == ()
    again = vss.look_up_card(person.cccd, person.name, person.born.year, officer=OFFICER)
    assert [event.code for event in again.lookups] == ["000"]
    assert person.name not in repr(again)


def ask(client, code, **changed):
    fields = {"card": f"9999999{code}", "name": "Ai Đó", "birth_date": 1990, "officer": OFFICER}
    fields.update(changed)
    return client.look_up_card(
        fields["card"], fields["name"], fields["birth_date"], officer=fields["officer"]
    )


@pytest.mark.parametrize("code", [c for c, row in card_codes().items() if row.kind != "session"])
def test_every_code_is_a_reply_or_an_error_by_its_kind(vss, code):
    kind = card_codes()[code].kind
    if kind == "request":
        with pytest.raises(Rejected):
            ask(vss, code)
    elif kind == "failure":
        with pytest.raises(Unavailable):
            ask(vss, code)
    else:
        found = ask(vss, code)
        assert (found.code, found.meaning.kind) == (code, kind)
        assert bool(found.card_to_use) == found.meaning.usable


def test_the_new_card_is_the_one_to_use_once_the_old_one_is_over(vss):
    over, soon = ask(vss, "003"), ask(vss, "004")
    assert over.card_to_use == over.new_card
    assert soon.card_to_use == soon.card
    assert soon.new_card


@pytest.mark.parametrize("code", ["401", "501"])
def test_a_refused_session_is_renewed_once(vss, exchange, code):
    with pytest.raises(AuthFailed) as refused:
        ask(vss, code)
    assert refused.value.code == "ERR-SYNC-07"
    assert [e.operation for e in exchange.journal] == ["login", "card", "login", "card"]


def test_a_session_that_ended_meanwhile_is_renewed(face, exchange):
    account = exchange.credentials(FACILITY)
    client = face.vss(face.transport(exchange), account)
    client.login()
    exchange.clock.advance(hours=2)
    assert ask(client, "000").code == "000"


@pytest.mark.parametrize("changed", [{"card": " "}, {"name": ""}, {"officer": Officer("", CCCD)}])
def test_an_empty_field_does_not_go_out(vss, exchange, changed):
    with pytest.raises(NotSent) as refused:
        ask(vss, "000", **changed)
    assert refused.value.code == "ERR-SYNC-40"
    assert len(exchange.journal) == 0


def test_the_one_face_asks_by_the_names_of_the_wire(exchange):
    account = exchange.credentials(FACILITY)
    gate = connect("vss", account, transport=exchange.transport(), clock=exchange.clock.now)
    fields = {"hoTen": "Ai Đó", "ngaySinh": "1990", "hoTenCb": NAME, "cccdCb": CCCD}
    found = gate.lookup("card", maThe="9999999000", **fields)
    assert found
    assert found.rows[0]["maThe"].endswith("9999999000")
    gone = gate.lookup("card", maThe="9999999050", **fields)
    assert (bool(gone), gone.code) == (False, "050")
    assert "Ai Đó" not in repr(found) + str(found.raw)


def test_a_code_that_nobody_knows_is_an_error(face, script):
    script.calls.append((200, {"maKetQua": "777", "ghiChu": "?"}))
    with pytest.raises(RemoteError):
        ask(face.vss(script), "000")


def test_the_session_travels_in_the_query_of_the_older_functions(face, script, make):
    script.calls.append((200, {"maKetQua": "000", "maThe": "1"}))
    ask(face.vss(script), "000")
    (sent,) = script.sent
    assert sent.url.params["token"] == make.access
    assert sent.url.params["id_token"] == make.id_token
    assert "accesstoken" not in sent.headers
    assert make.password not in str(sent.url)


# minutes


def test_minutes_from_receipt_to_verdict(vss, exchange):
    rows = list(synth.assessments(2, seed=7, edition="130"))
    sent = vss.submit_minutes(write_standalone(rows, edition="130"))
    assert (sent.status, sent.call) == (Status.PENDING, "gdyk")
    assert sent.keys == tuple(row.so_bien_ban for row in rows)
    exchange.clock.advance(minutes=5)
    done = vss.refresh(sent)
    assert done.accepted
    assert [record.ma_lk for record in done.records] == list(sent.keys)


def test_only_minutes_go_out_as_minutes(vss, exchange):
    claim = next(synth.generate(encounters=1, edition="3176", seed=7, facility=FACILITY))
    with pytest.raises(NotSent):
        vss.submit_minutes(write(claim))
    with pytest.raises(CodecError):
        vss.submit_minutes(b"no XML")
    assert len(exchange.journal) == 0


# decision 4210


@pytest.fixture
def old_claims():
    return list(synth.generate(encounters=2, edition="4210", seed=7, facility=FACILITY))


def test_a_file_of_4210_goes_by_its_own_call(vss, exchange, old_claims):
    xml = write(old_claims[0])
    sent = vss.submit(xml, edition="4210")
    assert (sent.status, sent.call, sent.kind) == (Status.PENDING, "send_4210", "claim_4210")
    assert exchange.store.body(1) == xml
    exchange.clock.advance(minutes=5)
    assert vss.refresh(sent).accepted
    (day,) = vss.days_4210(DAY, DAY)
    assert (day.records, day.good, day.bad) == (1, 1, 0)
    assert day.money == old_claims[0].xml1.t_tongchi
    (file,) = vss.files_4210(DAY)
    assert (file.transaction, file.records) == (sent.transaction, 1)
    assert vss.errors_4210(sent.transaction) == ()


def test_errors_of_a_file_of_4210(vss, exchange, old_claims):
    wrong = old_claims[1].replace(xml1=old_claims[1].xml1.replace(t_tongchi=1))
    sent = vss.submit(write(wrong), edition="4210")
    exchange.clock.advance(minutes=5)
    errors = vss.errors_4210(sent.transaction)
    assert {error.code for error in errors} == {"202"}
    with pytest.raises(Rejected):
        vss.errors_4210("nothing")


def test_the_one_face_finds_the_call_by_the_file(exchange, old_claims):
    account = exchange.credentials(FACILITY)
    gate = connect("vss", account, transport=exchange.transport(), clock=exchange.clock.now)
    (sent,) = gate.submit(write(old_claims[0]))
    assert sent.call == "send_4210"
    exchange.clock.advance(minutes=5)
    assert gate.status(sent).accepted
    (again,) = gate.submit(write(old_claims[0]), kind="claim")
    assert gate.resend(again, write(old_claims[0]), known=()).status is Status.PENDING


@pytest.mark.parametrize("edition", ["130", "3176"])
def test_an_old_file_does_not_go_out_by_a_new_call(vss, old_claims, edition):
    with pytest.raises(NotSent) as refused:
        vss.submit(write(old_claims[0]), edition=edition)
    assert refused.value.code == "ERR-SYNC-14"


def test_a_lost_file_of_4210_is_asked_about_before_it_goes_out_again(face, script, old_claims):
    script.calls.append((504, "<html>"))
    xml = write(old_claims[0])
    account = Credentials("https://gw.example/vss", "01001_BV", "p", FACILITY)
    lost = face.vss(script, account).submit(xml, edition="4210")
    assert (lost.status, lost.attempts) == (Status.UNKNOWN, 1)
    (sent,) = script.sent
    assert sent.content == vss_4210.as_numbers(xml)


# driver health checks


@pytest.fixture
def driver(face, exchange):
    def make(username=f"{FACILITY}_HSSK", **options):
        account = exchange.credentials(FACILITY, username=username)
        transport = face.transport(exchange)
        return face._make(DriverClient, AsyncDriverClient, (account,), transport, options)

    return make


def check(**changed):
    return {
        "SO": f"00012/GKSKLX/{FACILITY}/26",
        "HOTEN": "Nguyễn Văn Mẫu",
        "GIOITINHVAL": "0",
        "NGAYSINH": "01/02/1990",
        "IDBENHVIEN": FACILITY,
        "NGAYKETLUAN": "03/08/2026",
        "BACSYKETLUAN": "Trần Thị Mẫu",
        "KETLUAN": "Đủ sức khoẻ",
        "HANGBANGLAI": "B2",
        "STATE": "ADD",
        "SIGNDATA": base64.b64encode(b"<GKSK/>").decode(),
        **changed,
    }


def test_a_driver_check_is_judged_at_once(driver, exchange):
    client = driver()
    sent = client.send(check())
    assert (sent.status, sent.code, sent.keys) == (Status.ACCEPTED, "1", (check()["SO"],))
    assert len(sent.transaction) == 36
    assert client.send(check()).refused
    assert client.send(check(STATE="EDIT")).accepted
    assert [entry.operation for entry in exchange.journal] == ["gksk"] * 3


def test_a_wrong_check_does_not_go_out(driver, exchange):
    client = driver()
    with pytest.raises(ConformanceError) as wrong:
        client.send(check(GIOITINHVAL="2", KETLUAN=""))
    assert {f.tag for f in wrong.value.findings} == {"KETLUAN", "GIOITINHVAL"}
    for changed in ({"SO": "00012/GKSKLX/79001/26"}, {"IDBENHVIEN": "79001"}):
        with pytest.raises(NotSent):
            client.send(check(**changed))
    assert len(exchange.journal) == 0


def test_a_refused_account_is_not_tried_again(driver, exchange):
    client = driver()
    exchange.lock_account("vss", f"{FACILITY}_HSSK")
    refused = client.send(check())
    assert refused.refused
    wrong = driver(f"{FACILITY}_BV")
    for _ in range(2):
        with pytest.raises(AuthFailed):
            wrong.send(check())
    assert [entry.code for entry in exchange.journal] == ["403", "401"]


def test_a_login_clears_a_refusal_and_sends_nothing(driver, exchange):
    client = driver()
    client.send(check())
    client.login()
    assert client.send(check(STATE="EDIT")).accepted
    wrong = driver(f"{FACILITY}_BV")
    with pytest.raises(AuthFailed):
        wrong.send(check())
    wrong.login()
    with pytest.raises(AuthFailed):
        wrong.send(check())
    assert [entry.operation for entry in exchange.journal] == ["gksk"] * 4


def test_a_lost_check_is_unknown_and_a_lost_correction_is_repeated(face, script):
    account = Credentials("https://gw.example/vss", "01001_HSSK", "p", FACILITY)

    def client():
        transport = face.vss(script).client._driver._transport
        return face._make(DriverClient, AsyncDriverClient, (account,), transport, {})

    script.calls.append((504, "<html>"))
    assert client().send(check()).status is Status.UNKNOWN
    assert len(script.sent) == 1
    script.calls.append((200, {"MSG_STATE": 1, "MSG_TEXT": "", "SO": check()["SO"]}))
    assert client().send(check(STATE="EDIT")).accepted


def test_a_register_that_fails_is_asked_again_and_then_given_up(face, script):
    script.calls.append((200, {"maKetQua": "10", "ghiChu": "?"}))
    with pytest.raises(Unavailable):
        ask(face.vss(script), "000")
    assert len(script.sent) == 3
