"""The 4210 family: every form of a body, the zip, the three questions over the same ledger."""

import base64
import io
import json
import zipfile

import pytest

from vnhealth import synth
from vnhealth.codecs import write
from vnhealth.protocol import gateway, vss, vss_4210
from vnhealth.sandbox import Exchange, Request, Settings

FORM = vss.FORM_CONTENT_TYPE
BOUNDARY = "--gioi-han"
WEEKDAY = "03/08/2026"


class Sender:
    """Calls with the session and the numbers in the query."""

    def __init__(self, caller):
        self.exchange = caller.exchange
        self.query = {
            **caller.session(),
            "loaiHoSo": "3",
            "maTinh": caller.who.facility[:2],
            "maCSKCB": caller.who.facility,
        }

    def call(self, name, body=b"", content_type="application/json", **changed):
        words = {k: v for k, v in {**self.query, **changed}.items() if v is not None}
        path = "/vss" + gateway("vss").endpoint(name).path
        head = {"Content-Type": content_type}
        query = vss.encode_form(words).decode()
        return self.exchange.handle(Request("POST", path, head, query, body))

    def send(self, file, **changed):
        return self.call("send_4210", vss_4210.as_numbers(file), **changed).json()

    def ask(self, name, **changed):
        return self.call(name, **changed).json()


@pytest.fixture
def sender(caller):
    return Sender(caller())


def multipart(name, data):
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
    return head.encode() + data + f"\r\n--{BOUNDARY}--\r\n".encode()


def coded(data):
    return base64.b64encode(data).decode()


def zipped(*files, folder=False):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        if folder:
            archive.mkdir("ho-so")
        for number, data in enumerate(files):
            archive.writestr(f"{number}.xml", data)
    return packed.getvalue()


FORMS = {
    "array of numbers": lambda xml: (vss_4210.as_numbers(xml), "application/json"),
    "array with blanks": lambda xml: (json.dumps(list(xml)).encode(), "text/plain"),
    "raw XML labelled JSON": lambda xml: (xml, "application/json"),
    "raw XML with byte-order mark": lambda xml: (b"\xef\xbb\xbf" + xml, "application/xml"),
    "Base64 in a JSON string": lambda xml: (json.dumps(coded(xml)).encode(), "application/json"),
    "plain Base64": lambda xml: (coded(xml).encode() + b"\r\n", "text/plain"),
    "object with numbers": lambda xml: (
        json.dumps({"fileHS": list(xml)}).encode(),
        "application/json",
    ),
    "object with Base64": lambda xml: (
        json.dumps({"fileHS": coded(xml)}).encode(),
        "application/json",
    ),
    "form field with XML": lambda xml: (vss.encode_form({"fileHS": xml.decode()}), FORM),
    "form field with Base64": lambda xml: (vss.encode_form({"fileHS": coded(xml)}), FORM),
    "multipart": lambda xml: (
        multipart("fileHS", xml),
        f"multipart/form-data; boundary={BOUNDARY}",
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_body_keeps_the_same_bytes(sender, files, form):
    xml = files.claim("A1")
    body, content_type = FORMS[form](xml)
    reply = sender.call("send_4210", body, content_type)
    assert reply.status == 200
    assert list(reply.json()) == ["maKetQua", "maGiaoDich"]
    assert reply.json()["maKetQua"] == "200"
    stored = sender.exchange.store.body(1)
    assert stored.removeprefix(b"\xef\xbb\xbf") == xml


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "205"),
        (b"[1,2,", "205"),
        (b"[300]", "205"),
        (b'["60"]', "205"),
        (b"{}", "205"),
        (b'{"fileHS": {"fileHS": 1}}', "205"),
        (b'"???"', "205"),
        (b"[" * 100_000, "205"),
        (b"[104,105]", "123"),
        (b'"aGk="', "123"),
    ],
)
def test_a_body_that_is_no_file(sender, body, code):
    reply = sender.call("send_4210", body)
    assert reply.json() == {"maKetQua": code, "maGiaoDich": None}
    assert reply.status == 400
    assert sender.exchange.reconcile() == ()


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"token": "x"}, "401"),
        ({"id_token": None}, "401"),
        ({"username": "79001_BV"}, "401"),
        ({"password": "0"}, "401"),
        ({"maCSKCB": "79001", "maTinh": "79"}, "403"),
        ({"maTinh": "79"}, "205"),
        ({"loaiHoSo": "130"}, "205"),
        ({"loaiHoSo": "5"}, "205"),
    ],
)
def test_the_query_has_to_be_right(sender, files, changed, code):
    assert sender.send(files.claim("A1"), **changed)["maKetQua"] == code
    assert sender.exchange.reconcile() == ()


def test_a_session_is_asked_for_before_the_body_is_looked_at(sender):
    assert sender.call("send_4210", b"???", token="x").json()["maKetQua"] == "401"
    assert sender.call("zip_4210", b"???", token="x").json()["maKetQua"] == "401"


def test_a_session_never_carries_the_file_of_another_facility(sender, files):
    assert sender.send(files.claim("A1", facility="79001"))["maKetQua"] == "403"


def test_the_limit_of_a_file_depends_on_the_hour(files):
    exchange = Exchange.default(seed=7, checker=files.judge, settings=Settings(max_file=2000))
    sender = Sender(files.caller(exchange, "vss").login())
    large = files.claim("A1", extra="x" * 3000)
    assert sender.send(large)["maKetQua"] == "1001"
    exchange.clock.advance(hours=4)
    sender = Sender(files.caller(exchange, "vss").login())
    assert sender.send(large)["maKetQua"] == "200"
    assert sender.send(files.claim("A2", extra="x" * 9000))["maKetQua"] == "1001"


def test_a_zip_in_a_quoted_base64_field(sender, files):
    xml = files.claim("A1")
    for quoted in (f'"{coded(zipped(xml))}"', coded(zipped(xml, folder=True))):
        body = vss.encode_form({"FileHoSoJson": quoted})
        assert sender.call("zip_4210", body, FORM).json()["maKetQua"] == "200"
    part = multipart("FileHoSoJson", f'"{coded(zipped(xml))}"'.encode())
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    assert sender.call("zip_4210", part, kind).json()["maKetQua"] == "200"
    assert [sender.exchange.store.body(n) for n in (1, 2, 3)] == [xml] * 3


@pytest.mark.parametrize(
    ("packed", "code"),
    [
        (b"PK\x03\x04 damaged", "123"),
        (b"<a/>", "123"),
        (zipped(), "123"),
        (zipped(b"<a/>", b"<b/>"), "123"),
        (zipped(b"no xml"), "123"),
        (zipped(b"<" + b"0" * (21 * 2**20)), "1001"),
    ],
)
def test_a_zip_that_holds_no_file(sender, packed, code):
    body = vss.encode_form({"FileHoSoJson": f'"{coded(packed)}"'})
    assert sender.call("zip_4210", body, FORM).json() == {"maKetQua": code, "maGiaoDich": None}


def test_totals_by_day_and_by_file(sender, files):
    first = sender.send(files.claim("A1", "R2"))["maGiaoDich"]
    second = sender.send(files.claim("A1"))["maGiaoDich"]
    files.caller(sender.exchange, "vss").login().send(files.claim("B1"))
    between = {"tuNgay": "01/08/2026", "denNgay": "31/08/2026"}
    (day,) = sender.ask("days_4210", **between)["dsKQGuiHosoNgay"]
    assert (day["tongSo"], day["soHSThanhCong"], day["soHSLoi"]) == (3, 0, 0)
    sender.exchange.clock.advance(minutes=5)
    (day,) = sender.ask("days_4210", **between)["dsKQGuiHosoNgay"]
    assert list(day) == ["ngayGui", "tongSo", "soHSThanhCong", "soHSLoi", "tongTien"]
    assert (day["ngayGui"], day["tongSo"]) == (WEEKDAY, 3)
    assert (day["soHSThanhCong"], day["soHSLoi"]) == (1, 1)
    rows = sender.ask("files_4210", ngayGui=WEEKDAY)["dsHoSo"]
    assert list(rows[0]) == [
        *("ngayGui", "maGiaoDich", "soLuongHoSo", "slHoSoDung", "slHoSoLoi", "tongTien", "mieuTa"),
    ]
    shown = [(r["maGiaoDich"], r["soLuongHoSo"], r["slHoSoDung"], r["slHoSoLoi"]) for r in rows]
    assert shown == [(first, 2, 0, 1), (second, 1, 1, 0)]
    assert sender.ask("files_4210", ngayGui="04/08/2026")["dsHoSo"] == []
    assert [row.kind for row in sender.exchange.reconcile()] == ["claim", "claim_4210"]


def test_money_and_errors_of_real_looking_files(files):
    exchange, caller_class = Exchange.default(seed=7), files.caller
    files = list(synth.generate(encounters=2, edition="4210", seed=7, facility="01991"))
    sender = Sender(caller_class(exchange, "vss", "01991").login())
    good = sender.send(write(files[0]))["maGiaoDich"]
    wrong = files[1].replace(xml1=files[1].xml1.replace(t_tongchi=1))
    bad = sender.send(write(wrong))["maGiaoDich"]
    broken = sender.send(b"<GIAMDINHHS><MACSKCB>01991</MACSKCB>")["maGiaoDich"]
    new = next(synth.generate(encounters=1, edition="3176", seed=7, facility="01991"))
    other = sender.send(write(new))["maGiaoDich"]
    exchange.clock.advance(minutes=5)
    rows = {r["maGiaoDich"]: r for r in sender.ask("files_4210", ngayGui=WEEKDAY)["dsHoSo"]}
    assert rows[good]["slHoSoDung"] == 1
    assert rows[good]["tongTien"] == files[0].xml1.t_tongchi
    assert sender.ask("errors_4210", maGiaoDich=good) == {"maKetQua": "200", "dsLoi": []}
    for transaction, code in ((bad, "202"), (broken, "201"), (other, "202")):
        errors = sender.ask("errors_4210", maGiaoDich=transaction)["dsLoi"]
        assert list(errors[0]) == ["maLoi", "moTaLoi"]
        assert {error["maLoi"] for error in errors} == {code}
    assert "T_TONGCHI" in sender.ask("errors_4210", maGiaoDich=bad)["dsLoi"][0]["moTaLoi"]


def test_a_month_closes_on_the_fifth_of_the_next(files):
    exchange = Exchange.default(seed=7, settings=Settings(month_window=True))
    claim = next(synth.generate(encounters=1, edition="4210", seed=7, facility="01991"))
    caller = files.caller(exchange, "vss", "01991")

    def send(year, month):
        row = claim.xml1.replace(nam_qt=year, thang_qt=month)
        return Sender(caller.login()).send(write(claim.replace(xml1=row)))["maKetQua"]

    assert [send(2026, 8), send(2026, 7)] == ["200", "200"]
    assert [send(2026, 6), send(2026, 9), send(2025, 8)] == ["701", "701", "701"]
    exchange.clock.advance(days=3)
    assert [send(2026, 8), send(2026, 7)] == ["200", "701"]
    assert Sender(caller.login()).send(b"<GIAMDINHHS/>")["maKetQua"] == "200"


def test_errors_of_others_are_not_found(sender, caller, files):
    number = sender.send(files.claim("R1"))["maGiaoDich"]
    other = Sender(caller("vss", "79001"))
    reply = other.call("errors_4210", maGiaoDich=number)
    assert (reply.status, reply.json()) == (404, {"maKetQua": "404"})
    claim = caller().send(files.claim("R1")).json()["maGiaoDich"]
    assert sender.ask("errors_4210", maGiaoDich=claim)["maKetQua"] == "404"


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("days_4210", {"tuNgay": "2026-08-01", "denNgay": WEEKDAY}),
        ("days_4210", {}),
        ("files_4210", {"ngayGui": ""}),
        ("files_4210", {"ngayGui": WEEKDAY, "loaiHoSo": "5"}),
    ],
)
def test_a_wrong_question(sender, name, changed):
    reply = sender.call(name, **changed)
    assert (reply.status, reply.json()) == (400, {"maKetQua": "205"})
