"""The e-prescription system: codes of their own for everything, nothing changed once sent."""

import base64
import json

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from vnhealth.protocol import gateway
from vnhealth.protocol.donthuoc import (
    SEX,
    Diagnosis,
    Medicine,
    Prescription,
    Sale,
    SoldMedicine,
    to_object,
)
from vnhealth.protocol.donthuoc_check import check_prescription
from vnhealth.sandbox import Exchange, Request
from vnhealth.sandbox._inspect import inspect_entry

CODES = ["01001aaaaaa1-c", "01001aaaaaa2-c", "01001aaaaaa3-c"]


def prescription(code=CODES[0], **changed):
    fields = {
        "loai_don_thuoc": code[-1].lower(),
        "ma_don_thuoc": code,
        "ho_ten_benh_nhan": "Nguyễn Văn Mẫu",
        "ngay_sinh_benh_nhan": "05/03/1980",
        "gioi_tinh": SEX["1"],
        "dia_chi": "Xã Mẫu",
        "chan_doan": (Diagnosis(ma_chan_doan="J18.9", ten_chan_doan="Viêm phổi"),),
        "thong_tin_don_thuoc": (
            Medicine(
                ma_thuoc="40.154",
                ten_thuoc="Amoxicilin",
                don_vi_tinh="viên",
                so_luong="20",
                cach_dung="Ngày uống 2 viên",
            ),
        ),
        "ngay_gio_ke_don": "2026-08-03 08:00:00",
    }
    return to_object(Prescription(**{**fields, **changed}))


def sale(code=CODES[0], amount="5", invoice="H1", medicine="40.154"):
    sold = SoldMedicine(
        ma_thuoc_da_ke_don=medicine,
        ma_thuoc=medicine,
        ten_thuoc="Amoxicilin",
        don_vi_tinh="viên",
        so_luong_ban=amount,
    )
    return to_object(
        Sale(
            ma_don_thuoc=code,
            thong_tin_thuoc=(sold,),
            ma_dinh_danh_co_so_cung_ung_thuoc="QT-MAU",
            ten_co_so_cung_ung_thuoc="Quầy thuốc mẫu",
            ma_hoa_don=invoice,
        )
    )


class Client:
    """A facility, its doctor and a pharmacy over one exchange."""

    def __init__(self, exchange, facility="01001"):
        self.exchange = exchange
        self.facility = facility
        self.headers = {}

    def password(self, name):
        of = name.removeprefix("BS").removeprefix("QT")
        return self.exchange.credentials(of, "donthuoc", username=name).password

    def call(self, name, value=None, headers=None, query="", **args):
        endpoint = gateway("donthuoc").endpoint(name)
        path = "/donthuoc" + endpoint.path.format(**args)
        body = b"" if value is None else json.dumps(value).encode()
        sent = self.headers if headers is None else headers
        return self.exchange.handle(Request(endpoint.method, path, sent, query, body))

    def take(self, reply):
        assert reply.status == 200
        self.headers = {"Authorization": f"Bearer {reply.json()['token']}"}
        return self

    def as_facility(self):
        fields = {
            "ma_lien_thong_co_so_kham_chua_benh": self.facility,
            "password": self.password(self.facility),
        }
        return self.take(self.call("login", fields))

    def login_doctor(self, doctor="", password=None):
        doctor = doctor or f"BS{self.facility}"
        fields = {
            "ma_lien_thong_bac_si": doctor,
            "password": self.password(doctor) if password is None else password,
            "ma_lien_thong_co_so_kham_chua_benh": self.facility,
        }
        return self.call("login_doctor", fields)

    def as_doctor(self, doctor=""):
        return self.take(self.login_doctor(doctor))

    @property
    def pharmacy(self):
        name = f"QT{self.facility}"
        return {"app-name": name, "app-key": self.password(name)}


@pytest.fixture
def exchange():
    return Exchange.default(seed=7)


@pytest.fixture
def doctor(exchange):
    return Client(exchange).as_doctor()


def test_the_end_of_a_session_stands_only_in_the_token(doctor, exchange):
    reply = doctor.login_doctor().json()
    assert list(reply) == ["token", "token_type"]
    payload = reply["token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    assert claims["exp"] - claims["iat"] == 7 * 86400
    assert claims["iss"].endswith("/api/auth/dang-nhap-bac-si")
    exchange.clock.advance(days=7)
    assert doctor.call("submit", prescription()).status == 401


def test_one_client_names_the_password_otherwise(exchange):
    client = Client(exchange)
    fields = {
        "ma_lien_thong_co_so_kham_chua_benh": "01001",
        "mat_khau": client.password("01001"),
    }
    assert client.call("login", fields).status == 200


@pytest.mark.parametrize(
    ("doctor", "password", "status"),
    [("BS00000", "x", 404), ("BS01001", "x", 401), ("01001", "x", 404), ("BS79001", None, 403)],
)
def test_logins_of_doctors_that_are_refused(exchange, doctor, password, status):
    assert Client(exchange).login_doctor(doctor, password).status == status


def test_a_doctor_works_where_she_is_linked_and_as_long(exchange):
    here = Client(exchange).as_facility()
    assert here.call("link_doctor", {"ma_lien_thong_bac_si": "BS79001"}).status == 200
    guest = Client(exchange).as_doctor("BS79001")
    assert guest.call("submit", prescription()).status == 200
    assert here.call("unlink_doctor", {"ma_lien_thong_bac_si": "BS79001"}).status == 200
    assert guest.call("submit", prescription(CODES[1])).status == 401
    assert guest.login_doctor("BS79001").status == 403
    assert Client(exchange, "79001").as_doctor().headers


def test_only_facilities_link_and_only_doctors_prescribe(exchange, doctor):
    assert doctor.call("link_doctor", {"ma_lien_thong_bac_si": "BS79001"}).status == 403
    facility = Client(exchange).as_facility()
    assert facility.call("submit", prescription()).status == 403
    assert facility.call("link_doctor", {"ma_lien_thong_bac_si": "QT01001"}).status == 404
    assert exchange.reconcile() == ()


def test_a_sent_prescription_is_never_changed(doctor, exchange):
    reply = doctor.call("submit", prescription())
    assert list(reply.json()) == ["success", "checksum"]
    assert "thành công" in reply.json()["success"]
    for again in (CODES[0], CODES[0].upper()):
        refused = doctor.call("submit", prescription(again, dia_chi="Xã khác"))
        assert refused.status == 422
        assert "đã được sử dụng trước đó" in refused.json()["success"]
    (row,) = exchange.reconcile()
    assert (row.kind, row.received, row.accepted) == ("prescription", 1, 1)


@pytest.mark.parametrize(
    ("changed", "tag"),
    [
        ({"gioi_tinh": "M"}, "gioi_tinh"),
        ({"gioi_tinh": "0"}, "gioi_tinh"),
        ({"ngay_sinh_benh_nhan": "1980-03-05"}, "ngay_sinh_benh_nhan"),
        ({"ngay_gio_ke_don": "03/08/2026 08:00"}, "ngay_gio_ke_don"),
        ({"ma_don_thuoc": "01001aaaaaaa1-c"}, "ma_don_thuoc"),
        ({"ma_don_thuoc": "79001aaaaaa1-c"}, "ma_don_thuoc"),
        ({"loai_don_thuoc": "h"}, "loai_don_thuoc"),
        ({"chan_doan": ()}, "chan_doan"),
        ({"thong_tin_don_thuoc": ()}, "thong_tin_don_thuoc"),
        ({"ngay_sinh_benh_nhan": "04/08/2020"}, "thong_tin_nguoi_giam_ho"),
        ({"ho_ten_benh_nhan": "  "}, "ho_ten_benh_nhan"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_kept(doctor, exchange, changed, tag):
    value = prescription(**changed)
    assert tag in {f.tag for f in check_prescription(value, facility="01001")}
    reply = doctor.call("submit", value)
    assert reply.status == 422
    assert list(reply.json()) == ["success", "danh_sach_cac_loi", "checksum"]
    assert all(isinstance(item, str) for item in reply.json()["danh_sach_cac_loi"])
    assert "Mẫu" not in reply.body.decode()
    assert exchange.reconcile() == ()


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"chan_doan":[1]}', b'"x"', b"\xff"])
def test_bodies_that_are_no_prescription(doctor, exchange, body):
    path = "/donthuoc/api/v1/gui-don-thuoc"
    reply = exchange.handle(Request("POST", path, doctor.headers, "", body))
    assert reply.status == 422
    assert exchange.reconcile() == ()


@pytest.mark.parametrize(
    ("type_", "letter"), [("y", "T"), ("y", "y"), ("n", "N"), ("h", "h"), ("c", "C")]
)
def test_types_of_circulars_and_of_older_systems(doctor, type_, letter):
    value = prescription(f"01001bbbbbb1-{letter}", loai_don_thuoc=type_)
    assert doctor.call("submit", value).status == 200


def test_a_child_with_a_guardian_is_taken(doctor):
    value = prescription(ngay_sinh_benh_nhan="01/01/2024", thong_tin_nguoi_giam_ho="Mẹ: Mẫu")
    assert doctor.call("submit", value).status == 200


def test_a_correction_is_a_new_prescription_in_place_of_the_old(doctor, exchange):
    doctor.call("submit", prescription())
    new = prescription(CODES[1], ma_don_thuoc_thay_the=CODES[0])
    assert doctor.call("submit", new).status == 200
    again = prescription(CODES[2], ma_don_thuoc_thay_the=CODES[0])
    assert doctor.call("submit", again).status == 422
    (row,) = exchange.reconcile()
    assert (row.received, row.sent, row.replaced) == (2, 1, 1)
    assert doctor.call("fetch", headers=doctor.pharmacy, ma=CODES[0]).status == 404
    reply = doctor.call("fetch", headers=doctor.pharmacy, ma=CODES[1].upper())
    assert reply.json()["ma_don_thuoc"] == CODES[1]


def test_a_sold_or_foreign_prescription_cannot_be_replaced(doctor, exchange):
    doctor.call("submit", prescription())
    assert doctor.call("report_sale", sale(), doctor.pharmacy).status == 200
    new = prescription(CODES[1], ma_don_thuoc_thay_the=CODES[0])
    assert doctor.call("submit", new).status == 422
    other = Client(exchange, "79001").as_doctor()
    foreign = prescription("79001aaaaaa1-c", ma_don_thuoc_thay_the=CODES[0])
    assert other.call("submit", foreign).status == 422


def test_a_pharmacy_sees_what_it_needs_and_finds_by_phone(doctor):
    doctor.call("submit", prescription(so_dien_thoai_nguoi_kham_benh="0900000001"))
    seen = doctor.call("fetch", headers=doctor.pharmacy, ma=CODES[0]).json()
    assert not set(seen) & {"ma_dinh_danh_cong_dan", "ma_so_the_bao_hiem_y_te", "signature"}
    found = doctor.call("search", headers=doctor.pharmacy, query="phone=0900000001").json()
    assert found == [seen]
    assert doctor.call("search", headers=doctor.pharmacy, query="phone=09").json() == []
    assert doctor.call("search", headers=doctor.pharmacy).status == 422


@pytest.mark.parametrize("headers", [{}, {"app-name": "QT01001", "app-key": "x"}])
def test_a_pharmacy_needs_its_key(doctor, headers):
    assert doctor.call("fetch", headers=headers, ma=CODES[0]).status == 401
    wrong = {"app-name": "BS01001", "app-key": doctor.password("BS01001")}
    assert doctor.call("report_sale", sale(), wrong).status == 401


def test_not_more_is_sold_than_prescribed(doctor, exchange):
    doctor.call("submit", prescription())
    for amount, invoice, status in (("15", "H1", 200), ("6", "H2", 422), ("20", "H1", 200)):
        reply = doctor.call("report_sale", sale(amount=amount, invoice=invoice), doctor.pharmacy)
        assert reply.status == status
    assert isinstance(reply.json(), str)
    assert doctor.call("report_sale", sale(medicine="99"), doctor.pharmacy).status == 422
    assert doctor.call("report_sale", sale(invoice="H" * 21), doctor.pharmacy).status == 422
    assert doctor.call("report_sale", sale(CODES[1]), doctor.pharmacy).status == 404
    sales = next(row for row in exchange.reconcile() if row.kind == "sale")
    assert (sales.received, sales.sent, sales.replaced) == (2, 1, 1)


def test_nothing_of_a_patient_reaches_the_journal(doctor, exchange):
    doctor.call("submit", prescription())
    doctor.call("fetch", headers=doctor.pharmacy, ma=CODES[0])
    kept = repr(list(exchange.journal))
    assert "Mẫu" not in kept
    assert CODES[0] not in kept
    assert repr(Diagnosis(ma_chan_doan="B20", ten_chan_doan="x")) == "<Diagnosis>"


class Machine(RuleBasedStateMachine):
    """Against a model: the live codes, what took whose place, and what was sold."""

    def __init__(self):
        super().__init__()
        self.exchange = Exchange.default(seed=7)
        self.client = Client(self.exchange).as_doctor()
        self.live = {}
        self.replaced = set()
        self.reports = 0

    @rule(code=st.sampled_from(CODES), old=st.sampled_from(["", *CODES]))
    def send(self, code, old):
        reply = self.client.call("submit", prescription(code, ma_don_thuoc_thay_the=old))
        known = code in self.live or code in self.replaced
        possible = not old or (old in self.live and not self.live[old])
        assert reply.status == (200 if possible and not known else 422)
        if reply.status == 200:
            self.live[code] = {}
            if old:
                del self.live[old]
                self.replaced.add(old)

    @rule(code=st.sampled_from(CODES), invoice=st.sampled_from(["H1", "H2"]), n=st.integers(1, 15))
    def sell(self, code, invoice, n):
        report = sale(code, str(n), invoice)
        reply = self.client.call("report_sale", report, self.client.pharmacy)
        if code not in self.live:
            assert reply.status == 404
            return
        others = sum(m for name, m in self.live[code].items() if name != invoice)
        assert reply.status == (200 if others + n <= 20 else 422)
        if reply.status == 200:
            self.live[code][invoice] = n
            self.reports += 1

    @rule(facility=st.sampled_from(["01001", "79001"]), days=st.integers(0, 8))
    def session(self, facility, days):
        other = Client(self.exchange, facility).as_doctor()
        self.exchange.clock.advance(days=days)
        wanted = 401 if days >= 7 else 422
        assert other.call("submit", {}).status == wanted
        wrong = self.exchange.handle(
            Request("GET", "/province/api/xac-thuc/thong-tin", other.headers)
        )
        assert wrong.status == 401
        self.client.as_doctor()

    @invariant()
    def books(self):
        rows = {row.kind: row for row in self.exchange.reconcile()}
        assert all(row.balanced and not row.pending for row in self.exchange.reconcile())
        kept = [r for r in self.exchange.reconcile() if r.kind == "prescription"]
        assert sum(r.sent for r in kept) == len(self.live)
        assert sum(r.received for r in kept) == len(self.live) + len(self.replaced)
        assert (
            sum(r.received for r in self.exchange.reconcile() if r.kind == "sale") == self.reports
        )
        assert set(rows) <= {"prescription", "sale"}


def test_any_order_of_calls_keeps_the_books():
    run_state_machine_as_test(
        Machine, settings=settings(max_examples=25, stateful_step_count=20, deadline=None)
    )


def test_the_same_seed_gives_the_same_bytes():
    def night():
        client = Client(Exchange.default(seed=11)).as_doctor()
        first = client.call("submit", prescription()).body
        return client.headers, first, client.call("fetch", headers=client.pharmacy, ma=CODES[0])

    one, two = night(), night()
    assert one[:2] == two[:2]
    assert one[2].body == two[2].body


def test_the_inspector_shows_the_form_of_a_message_and_no_value(doctor, exchange):
    doctor.call("submit", prescription())
    entry = next(e for e in exchange.journal if e.operation == "submit")
    seen = inspect_entry(exchange, entry.number)
    assert seen["message"]["ho_ten_benh_nhan"] == "xxxxxx xxx xxx"
    assert seen["message"]["thong_tin_don_thuoc"][0]["so_luong"] == "00"
    assert "Mẫu" not in repr(seen)
    assert CODES[0] not in repr(seen)
    doctor.call("fetch", headers=doctor.pharmacy, ma=CODES[0])
    entry = next(e for e in exchange.journal if e.operation == "fetch")
    assert "app-key" in inspect_entry(exchange, entry.number)["curl"]
