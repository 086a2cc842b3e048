"""Card look-up at the insurance gateway: every code, the new card, who asked, what is withdrawn."""

import datetime as dt
import json

import pytest

from vnhealth import synth
from vnhealth.protocol import gateway, vss
from vnhealth.protocol.vss_lookup import CardQuestion, card_codes
from vnhealth.sandbox import Exchange, Request, SqliteStore
from vnhealth.sandbox._cards import officers
from vnhealth.sandbox._inspect import curl

JSON = {"Content-Type": "application/json"}
TODAY = dt.date(2026, 8, 3)
OFFICER_ID, OFFICER = next(iter(officers().items()))
SHOWN = [code for code, row in card_codes().items() if row.shows_card]


def insured():
    """An invented adult with a card and a full birth date."""
    facility = synth.facilities()[0]
    for home in synth.households(7, "01"):
        person = home.father
        card = synth.card_of(person, TODAY, facility, local=False)
        if card is not None and person.precision == "day":
            return person, card
    raise AssertionError


PERSON, CARD = insured()


class Clerk:
    """Asks with the session in the query."""

    def __init__(self, caller):
        self.caller = caller
        self.query = caller.session()

    def reply(self, *, call="card", query=None, body=None, headers=JSON, **changed):
        fields = {
            "maThe": CARD.number,
            "hoTen": PERSON.name,
            "ngaySinh": f"{PERSON.born:%d/%m/%Y}",
            "hoTenCb": OFFICER,
            "cccdCb": OFFICER_ID,
            **changed,
        }
        sent = json.dumps(fields).encode() if body is None else body(fields)
        words = vss.encode_form(self.query if query is None else query).decode()
        path = gateway("vss").prefix + gateway("vss").endpoint(call).path
        return self.caller.exchange.handle(Request("POST", path, headers, words, sent))

    def ask(self, **changed):
        return self.reply(**changed).json()


@pytest.fixture
def clerk(caller):
    return Clerk(caller())


def test_a_patient_of_a_synthetic_day_is_found_with_a_history(clerk):
    reply = clerk.reply()
    assert reply.status == 200
    found = reply.json()
    assert list(found) == [
        *("maKetQua", "ghiChu", "maThe", "hoTen", "ngaySinh", "gioiTinh", "diaChi", "maDKBD"),
        *("cqBHXH", "gtTheTu", "gtTheDen", "maKV", "ngayDu5Nam", "maSoBHXH", "maTheCu"),
        *("maTheMoi", "gtTheTuMoi", "gtTheDenMoi", "maDKBDMoi", "tenDKBDMoi"),
        *("dsLichSuKCB2018", "dsLichSuKT2018"),
    ]
    assert (found["maKetQua"], found["maThe"], found["maSoBHXH"]) == (
        *("000", CARD.number, PERSON.bhxh),
    )
    assert (found["gtTheTu"], found["gtTheDen"]) == ("01/01/2026", "31/12/2026")
    assert found["gioiTinh"] == "Nam"
    visit = found["dsLichSuKCB2018"][0]
    assert list(visit)[:8] == [
        *("maHoSo", "maCSKCB", "ngayVao", "ngayRa", "tenBenh", "tinhTrang", "kqDieuTri", "lyDoVV"),
    ]
    assert len(visit["ngayVao"]) == 12
    assert visit["ngayVao"] < visit["ngayRa"] < f"{TODAY:%Y%m%d}"
    assert found["dsLichSuKT2018"] == []


def test_the_claims_of_a_day_can_be_looked_up(clerk):
    cards = 0
    for claim in synth.generate(encounters=30, edition="3176", seed=7, day=TODAY):
        row = claim.xml1
        number = (row.ma_the_bhyt or "").split(";")[0]
        if len(number) != 15 or number.startswith("TE") or number[3:5] != "01":
            continue
        cards += 1
        born = row.ngay_sinh.text
        year_only = born[4:8] == "0000"
        asked = born[:4] if year_only else f"{born[6:8]}/{born[4:6]}/{born[:4]}"
        assert clerk.ask(maThe=number, hoTen=row.ho_ten, ngaySinh=asked)["maKetQua"] == "000"
    assert cards > 10


@pytest.mark.parametrize("number", [PERSON.bhxh, PERSON.cccd, f" {CARD.number.lower()} "])
def test_other_numbers_of_the_same_person(clerk, number):
    assert clerk.ask(maThe=number)["maThe"] == CARD.number


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"maThe": "GD401"}, "051"),
        ({"maThe": CARD.number[:3] + "79" + CARD.number[5:]}, "052"),
        ({"maThe": CARD.number[:2] + "5" + CARD.number[3:]}, "053"),
        ({"maThe": "XN" + CARD.number[2:]}, "051"),
        ({"maThe": "0112345678"}, "050"),
        ({"maThe": "DN4790112345678"}, "050"),
        ({"maThe": "QN5970112345678"}, "001"),
        ({"maThe": "CA5970112345678"}, "002"),
        ({"hoTen": "Hoàng Thị Khác"}, "060"),
        ({"hoTen": " ".join(word[0] + "x" for word in PERSON.name.split())}, "061"),
        ({"hoTen": PERSON.name.upper()}, "000"),
        ({"ngaySinh": "01/01/1901"}, "070"),
        ({"ngaySinh": str(PERSON.born.year)}, "000"),
        ({"ngaySinh": f"{PERSON.born:%d%m%Y}"}, "000"),
        ({"ngaySinh": "1901"}, "070"),
        ({"cccdCb": "001090123456"}, "054"),
        ({"hoTenCb": "Người Khác"}, "055"),
    ],
)
def test_what_the_question_gets_wrong(clerk, changed, code):
    reply = clerk.reply(**changed)
    found = reply.json()
    assert (reply.status, found["maKetQua"]) == (200, code)
    if code != "000":
        assert (found["maThe"], found["hoTen"], found["dsLichSuKCB2018"]) == (None, None, [])


@pytest.mark.parametrize(
    ("changed", "note"),
    [
        ({"hoTenCb": ""}, "Null hoTenCb"),
        ({"maThe": ""}, "Null maThe"),
        ({"ngaySinh": "31/02/1990"}, "ngaySinh"),
        ({"ngaySinh": "5/3"}, "ngaySinh"),
    ],
)
def test_a_field_that_is_missing_or_odd(clerk, changed, note):
    found = clerk.ask(**changed)
    assert (found["maKetQua"], found["ghiChu"]) == ("205", note)


@pytest.mark.parametrize("code", card_codes())
@pytest.mark.parametrize("before", ["", "GD401"])
def test_a_magic_number_gives_each_code_from_any_language(clerk, code, before):
    reply = clerk.reply(maThe=f"{before}9999999{code}", hoTen="Ai Cũng Được", ngaySinh="1990")
    assert reply.status == (401 if code == "401" else 400 if code == "205" else 200)
    found = reply.json()
    assert found["maKetQua"] == code
    assert found["ghiChu"] == card_codes()[code].meaning_vi
    assert bool(found["maThe"]) == (code in SHOWN)
    assert bool(found["dsLichSuKCB2018"]) == (code in SHOWN)


def test_a_magic_number_without_a_code_is_unknown(clerk):
    assert clerk.ask(maThe="9999999777")["maKetQua"] == "050"


def test_an_old_card_names_the_new_one(clerk):
    for code, until, since in (
        ("003", "31/12/2025", "01/01/2026"),
        ("004", "31/12/2026", "01/01/2027"),
    ):
        found = clerk.ask(maThe=f"GD4019999999{code}")
        assert (found["gtTheDen"], found["gtTheTuMoi"]) == (until, since)
        assert found["maTheMoi"] == f"HN2019999999{code}"
        assert found["maDKBDMoi"]
        assert found["tenDKBDMoi"]
    assert clerk.ask(maThe="9999999010")["gtTheDen"] == "31/12/2025"
    assert clerk.ask(maThe="9999999000")["maTheMoi"] is None


def test_every_look_up_is_noted_for_the_next_one(clerk, caller):
    clerk.ask()
    clerk.caller.exchange.clock.advance(minutes=3)
    clerk.ask(hoTen="Hoàng Thị Khác")
    other = Clerk(caller("vss", "79001"))
    found = other.ask(maThe=PERSON.cccd)["dsLichSuKT2018"]
    assert [(row["userKT"], row["thoiGianKT"], row["maLoi"]) for row in found] == [
        ("01001_BV", "202608030800", "000"),
        ("01001_BV", "202608030803", "060"),
    ]
    assert found[1]["thongBao"] == card_codes()["060"].meaning_vi


def test_only_the_latest_twenty_are_listed(clerk):
    for _ in range(22):
        clerk.ask()
    assert len(clerk.ask()["dsLichSuKT2018"]) == 20


def as_form(fields):
    return vss.encode_form(fields)


@pytest.mark.parametrize("form", [True, False])
def test_a_form_and_a_session_in_the_body_are_taken(clerk, form):
    headers = {"Content-Type": vss.FORM_CONTENT_TYPE} if form else JSON

    def body(fields):
        both = {**fields, **clerk.query}
        return as_form(both) if form else json.dumps(both).encode()

    assert clerk.ask(body=body, headers=headers, query={})["maKetQua"] == "000"


def test_a_bearer_header_is_taken(clerk):
    token = clerk.query["token"]
    found = clerk.ask(query={}, headers={**JSON, "Authorization": f"Bearer {token}"})
    assert found["maKetQua"] == "000"
    wrong = clerk.reply(query={}, headers={**JSON, "Authorization": f"Bearer {token}x"})
    assert (wrong.status, wrong.json()["maKetQua"]) == (200, "501")


@pytest.mark.parametrize(
    ("name", "code"),
    [("token", "501"), ("id_token", "501"), ("username", "401"), ("password", "401")],
)
@pytest.mark.parametrize("how", ["missing", "changed", "foreign"])
def test_each_part_of_the_session_is_needed(clerk, caller, name, code, how):
    query = dict(clerk.query)
    if how == "missing":
        del query[name]
    elif how == "changed":
        query[name] += "!"
    else:
        query[name] = Clerk(caller("vss", "79001")).query[name]
    reply = clerk.reply(query=query)
    assert (reply.status, reply.json()["maKetQua"]) == (401 if code == "401" else 200, code)


def test_a_session_that_is_over_is_told_with_http_200(clerk):
    clerk.caller.exchange.clock.advance(minutes=61)
    reply = clerk.reply()
    assert (reply.status, reply.json()["maKetQua"]) == (200, "501")


@pytest.mark.parametrize("name", ["card_595", "card_2018", "card_2019"])
def test_withdrawn_functions_say_so(clerk, name):
    reply = clerk.reply(call=name)
    assert (reply.status, reply.json()["maKetQua"]) == (404, "410")


@pytest.mark.parametrize("name", ["card", "card_2018"])
def test_browsers_may_call_the_look_up(exchange, clerk, name):
    path = "/vss" + gateway("vss").endpoint(name).path
    preflight = exchange.handle(Request("OPTIONS", path, {"Origin": "http://localhost"}))
    assert preflight.status == 204
    assert preflight.header("access-control-allow-origin") == "*"
    assert clerk.reply(call=name).header("access-control-allow-origin") == "*"


def test_no_value_of_a_person_stands_in_a_representation():
    question = CardQuestion(CARD.number, PERSON.name, "1990", OFFICER, OFFICER_ID)
    assert repr(question) == "<CardQuestion>"


def test_the_audit_list_outlives_a_restart(tmp_path, files):
    for earlier in (0, 1):
        exchange = Exchange.default(seed=7, store=SqliteStore(tmp_path / "state.db"))
        found = Clerk(files.caller(exchange, "vss").login()).ask()
        assert len(found["dsLichSuKT2018"]) == earlier
        exchange.close()


def test_a_call_with_its_session_in_the_query_can_be_copied_as_curl():
    shown = curl(gateway("vss").endpoint("card"))
    assert shown.splitlines()[0] == (
        'curl -X POST "$BASE_URL/api/egw/KQNhanLichSuKCB2024?token=$token&id_token=$id_token'
        '&username=$username&password=$password" \\'
    )
    assert '-H "Username: $Username"' in curl(gateway("vss").endpoint("gksk"))
    assert "fileHSBase64" not in curl(gateway("vss").endpoint("zip_4210"))
