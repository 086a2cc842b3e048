"""Functions of 2016: away unless the switch is on; visits, rounds, results, settlement."""

import base64
import csv
import io
import json

import pytest

from vnhealth import synth
from vnhealth.codecs import write
from vnhealth.protocol import gateway, vss
from vnhealth.sandbox import Exchange, Request, Settings

CALLS = ("history_917", "detail_917", "rounds_917", "assessed_917", "settlement_917")


class Asker:
    def __init__(self, caller):
        self.caller = caller
        self.renew()

    def renew(self):
        self.caller.login()
        self.query = {**self.caller.session(), "maCSKCB": self.caller.who.facility}

    def reply(self, name, body=b"", **more):
        query = vss.encode_form({**self.query, **more}).decode()
        path = "/vss" + gateway("vss").endpoint(name).path
        head = {"Content-Type": "application/json"}
        return self.caller.exchange.handle(Request("POST", path, head, query, body))

    def ask(self, name, body=b"", **more):
        return self.reply(name, body, **more).json()

    def table(self, name, **more):
        found = self.ask(name, **more)
        assert list(found) == ["maKetQua", "fileBase64String"]
        text = base64.b64decode(found["fileBase64String"]).decode()
        return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def asker(files):
    exchange = Exchange.default(seed=7, checker=files.judge, settings=Settings(historic=True))
    return Asker(files.caller(exchange, "vss"))


def person():
    for home in synth.households(7, "01"):
        if home.father.insured and home.father.precision == "day":
            return home.father
    raise AssertionError


def question(**changed):
    who = person()
    fields = {
        "maThe": who.bhxh,
        "hoTen": who.name,
        "ngaySinh": f"{who.born:%d/%m/%Y}",
        "gioiTinh": "1",
        "maCSKCB": "01001",
        "ngayBD": "01/08/2026",
        "ngayKT": "03/08/2026",
        **changed,
    }
    return json.dumps(fields).encode()


@pytest.mark.parametrize("name", CALLS)
def test_they_are_away_by_default(caller, name):
    reply = Asker(caller()).reply(name, question())
    assert (reply.status, reply.json()) == (404, {"maKetQua": "410"})


@pytest.mark.parametrize("name", CALLS)
def test_a_session_is_needed(asker, name):
    reply = asker.reply(name, question(), token="x", nam="2026", thang="8", maHoSo="1")
    assert (reply.status, reply.json()["maKetQua"]) == (401, "401")


def test_visits_and_one_of_them(asker):
    found = asker.ask("history_917", question())
    assert found["maKetQua"] == "00"
    visit = found["dsLichSuKCB"][0]
    assert list(visit) == [
        *("maHoSo", "maCSKCB", "tuNgay", "denNgay", "tenBenh", "tinhTrang", "kqDieuTri"),
    ]
    record = asker.ask("detail_917", maHoSo=visit["maHoSo"])["hoSoKCB"]
    assert list(record) == ["xml1", "dsXml2", "dsXml3", "dsXml4", "dsXml5"]
    assert record["xml1"]["ngay_vao"] == visit["tuNgay"]
    assert (record["xml1"]["trang_thai"], record["xml1"]["xuat_toan"]) == ("2", 0)


@pytest.mark.parametrize("number", ["", "1", "0000000009", "0000009990", "x" * 10, "²" * 10])
def test_a_visit_that_is_none(asker, number):
    assert asker.ask("detail_917", maHoSo=number) == {"maKetQua": "404"}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"ngayBD": "01/02/2027", "ngayKT": "02/02/2027"}, "01"),
        ({"ngayBD": "01/02/2025", "ngayKT": "02/02/2025"}, "02"),
        ({"ngayKT": "05/01/2027"}, "03"),
        ({"ngayBD": "30/12/2025", "ngayKT": "05/01/2026"}, "04"),
        ({"maThe": "0112345678"}, "05"),
        ({"maThe": "?"}, "05"),
        ({"hoTen": "Người Khác"}, "06"),
        ({"ngaySinh": "1901"}, "07"),
        ({"gioiTinh": "2"}, "08"),
        ({"ngayBD": "2026-08-01"}, "205"),
        ({"ngaySinh": "x"}, "205"),
        *(({"maThe": f"99999990{code:02d}"}, f"{code:02d}") for code in range(10)),
    ],
)
def test_the_codes_of_2016(asker, changed, code):
    found = asker.ask("history_917", question(**changed))
    assert found["maKetQua"] == code
    assert bool(found.get("dsLichSuKCB")) == (code in ("00", "04"))


def test_a_month_is_assessed_after_its_fifth_day_is_over(asker, files):
    client = asker.caller
    client.send(files.claim("A1"))
    client.send(files.claim("R2"))
    asker.caller.exchange.clock.advance(days=32)
    asker.renew()
    month = {"nam": "2026", "thang": "8"}
    assert asker.ask("rounds_917", **month)["dsDotGD"] == []
    assert asker.ask("assessed_917", maDotGD="01001202608") == {"maKetQua": "404"}
    asker.caller.exchange.clock.advance(days=2)
    asker.renew()
    (found,) = asker.ask("rounds_917", **month)["dsDotGD"]
    assert list(found) == ["tenDotGD", "maDotGD", "thangGD", "namGD", "loaiGD", "ngayTao"]
    assert found["ngayTao"] == "06/09/2026"
    rows = asker.table("assessed_917", maDotGD=found["maDotGD"])
    assert [(r["ma_lk"], r["trang_thai"]) for r in rows] == [("A1", "2"), ("R2", "4")]
    assert asker.ask("rounds_917", nam="2026", thang="7")["dsDotGD"] == []


def test_sums_of_a_month_and_of_a_quarter(files):
    exchange = Exchange.default(seed=7, settings=Settings(historic=True))
    asker = Asker(files.caller(exchange, "vss", "01991"))
    claims = list(synth.generate(encounters=3, edition="3176", seed=7, facility="01991"))
    wrong = claims[1].replace(xml1=claims[1].xml1.replace(t_tongchi_bv=1))
    for claim in (claims[0], wrong):
        asker.caller.send(write(claim))
    exchange.clock.advance(days=70)
    asker.renew()
    (month,) = asker.table("settlement_917", nam="2026", loaiQT="0", giaTri="8")
    sums = [claim.xml1.t_bhtt for claim in (claims[0], wrong)]
    assert int(month["so_ho_so"]) == 2
    assert month["t_bhtt"] == str(sum(sums))
    assert month["xuat_toan"] == str(sums[1])
    assert month["quyet_toan"] == str(sums[0])
    (quarter,) = asker.table("settlement_917", nam="2026", loaiQT="1", giaTri="3")
    assert quarter == month
    assert asker.ask("settlement_917", nam="2026", loaiQT="1", giaTri="4") == {"maKetQua": "404"}


@pytest.mark.parametrize(
    ("name", "more", "code"),
    [
        ("rounds_917", {"nam": "2026", "thang": "13"}, "205"),
        ("rounds_917", {"nam": "0", "thang": "1"}, "205"),
        ("rounds_917", {"nam": "9999", "thang": "12"}, "205"),
        ("rounds_917", {}, "205"),
        ("rounds_917", {"nam": "2026", "thang": "8", "maCSKCB": "79001"}, "403"),
        ("assessed_917", {"maDotGD": "79001202608"}, "404"),
        ("assessed_917", {"maDotGD": "01001"}, "404"),
        ("settlement_917", {"nam": "2026", "loaiQT": "2", "giaTri": "1"}, "205"),
        ("settlement_917", {"nam": "2026", "loaiQT": "1", "giaTri": "5"}, "205"),
    ],
)
def test_wrong_questions(asker, name, more, code):
    assert asker.ask(name, **more) == {"maKetQua": code}
