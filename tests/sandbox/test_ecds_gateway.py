"""Disease surveillance: cases one by one or in batches, each with an outcome of its own."""

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
from vnhealth.protocol.ecds import MAX_BATCH, SEX, Case, Reply, case_object
from vnhealth.protocol.ecds_check import check_case
from vnhealth.sandbox import Exchange, Request


def case(**changed):
    fields = {
        "maIcd10Benh": "A97",
        "loaiChanDoan": 1,
        "ngayKhoiPhat": "2026-08-01",
        "ngayNhapVien": "2026-08-02",
        "hoVaTen": "Nguyễn Văn Mẫu",
        "ngaySinh": "1980-03-05",
        "maGioiTinh": SEX["1"],
        "maXaHienNay": "00001",
        "hoTenNguoiBaoCao": "Trần Thị Mẫu",
    }
    return case_object(Case(**{**fields, **changed}))


class Client:
    """One facility at the surveillance gateway."""

    def __init__(self, exchange, facility="01001"):
        self.exchange = exchange
        self.who = exchange.credentials(facility, "ecds")
        self.headers = {}
        self.refresh_token = ""

    def call(self, name, value=None, **args):
        endpoint = gateway("ecds").endpoint(name)
        path = "/ecds" + endpoint.path.format(**args)
        body = b"" if value is None else json.dumps(value).encode()
        return self.exchange.handle(Request(endpoint.method, path, self.headers, "", body))

    def data(self, name, value=None, **args):
        reply = Reply.from_json(self.call(name, value, **args).json())
        assert reply.ok, reply.code
        return reply.data

    def opened(self, data):
        self.headers = {"Authorization": f"Bearer {data['accessToken']}"}
        self.refresh_token = data["refreshToken"]
        return self

    def login(self):
        fields = {"username": self.who.username, "password": self.who.password}
        return self.opened(self.data("login", fields))


@pytest.fixture
def exchange():
    return Exchange.default(seed=7)


@pytest.fixture
def client(exchange):
    return Client(exchange).login()


def test_every_answer_has_the_four_keys(client):
    for reply in (client.call("submit", case()), client.call("submit", {}), client.call("list")):
        assert list(reply.json()) == ["thanhCong", "maLoi", "thongDiep", "duLieu"]


@pytest.mark.parametrize("fields", [{}, {"username": "01001"}, {"username": 1, "password": None}])
def test_wrong_logins(exchange, fields):
    reply = Client(exchange).call("login", fields)
    assert (reply.status, reply.json()["maLoi"]) == (401, "INVALID_CREDENTIALS")


def test_a_refresh_token_works_once_and_only_for_that(client):
    first = client.refresh_token
    stolen = Client(client.exchange)
    stolen.headers = {"Authorization": f"Bearer {first}"}
    assert stolen.call("list").status == 401
    client.opened(client.data("refresh", {"refreshToken": first}))
    assert client.call("list").status == 200
    assert client.call("refresh", {"refreshToken": first}).status == 401
    access = client.headers["Authorization"].split()[1]
    assert client.call("refresh", {"refreshToken": access}).status == 401
    client.exchange.clock.advance(days=7)
    assert client.call("refresh", {"refreshToken": client.refresh_token}).status == 401


def test_a_locked_account_is_not_renewed(client):
    client.exchange.lock_account("ecds", "01001")
    assert client.call("refresh", {"refreshToken": client.refresh_token}).status == 401


def test_a_session_ends_after_an_hour_and_is_renewed(client):
    client.exchange.clock.advance(hours=1)
    assert client.call("submit", case()).status == 401
    client.opened(client.data("refresh", {"refreshToken": client.refresh_token}))
    assert client.call("submit", case()).status == 200


@pytest.mark.parametrize(
    ("name", "fields", "some"),
    [
        ("benh", {}, "B05"),
        ("tinh", {}, "86"),
        ("xa", {"maTinh": "79"}, "79001"),
        ("thon", {"maXa": "00001"}, "00001-2"),
        ("dan-toc", {"tuKhoa": "kinh"}, "01"),
        ("quoc-gia", {}, "000"),
        ("nghe-nghiep", {}, "00"),
        ("thuoc-sot-ret", {}, "PQ"),
        ("phan-loai-lam-sang", {"maIcd10Benh": "A97"}, "A97.2"),
    ],
)
def test_catalogues_and_their_filters(client, name, fields, some):
    rows = client.data("catalogue", fields, ten=name)
    assert some in {row["ma"] for row in rows}
    assert all(list(row) == ["ma", "ten"] and row["ten"] for row in rows)
    assert client.data("catalogue", {"tuKhoa": "không có tên này"}, ten=name) == []


def test_a_filter_leaves_the_rest_out(client):
    assert client.data("catalogue", {"maIcd10Benh": "B05"}, ten="phan-loai-lam-sang") == []
    assert client.call("catalogue", {}, ten="khac").status == 404


@pytest.mark.parametrize(
    ("changed", "tag"),
    [
        ({"maGioiTinh": "1"}, "maGioiTinh"),
        ({"ngayKhoiPhat": "01/08/2026"}, "ngayKhoiPhat"),
        ({"ngayKhoiPhat": "2026-08-09"}, "ngayKhoiPhat"),
        ({"ngayRaVien": "2026-08-01"}, "ngayRaVien"),
        ({"ngaySinh": None}, "ngaySinh"),
        ({"tuoi": -1}, "tuoi"),
        ({"maIcd10Benh": "Z99"}, "maIcd10Benh"),
        ({"maPhanLoaiLamSang": "2"}, "maPhanLoaiLamSang"),
        ({"maThonHienNay": "00002-1"}, "maThonHienNay"),
        ({"maDanToc": "99"}, "maDanToc"),
        ({"maCoSoDieuTri": "79001"}, "maCoSoDieuTri"),
        ({"hoVaTen": " "}, "hoVaTen"),
    ],
)
def test_what_is_wrong_with_a_case_is_named_and_nothing_kept(client, changed, tag):
    reply = client.call("submit", case(**changed))
    assert (reply.status, reply.json()["maLoi"]) == (400, "INVALID")
    errors = reply.json()["duLieu"]["danhSachLoi"]
    assert tag in {error["truong"] for error in errors}
    assert "Mẫu" not in reply.body.decode()
    assert client.exchange.reconcile() == ()


def test_a_right_case_has_nothing_to_say():
    assert not check_case(case(tuoi=46, ngaySinh=None))
    assert repr(Case(**case())) == "<Case>"


def test_a_case_sent_with_its_number_is_an_update(client):
    number = client.data("submit", case())["maCaBenh"]
    assert client.data("submit", case(maCaBenh=number, tuoi=46))["maCaBenh"] == number
    (shown,) = client.data("list", {"maIcd10Benh": "A97"})["danhSach"]
    assert shown["tuoi"] == 46
    (row,) = client.exchange.reconcile()
    assert (row.kind, row.received, row.sent, row.replaced) == ("case", 2, 1, 1)
    assert client.call("submit", case(maCaBenh="CB1")).status == 404


def test_another_facility_neither_sees_nor_updates_it(client):
    number = client.data("submit", case())["maCaBenh"]
    other = Client(client.exchange, "79001").login()
    assert other.data("list")["danhSach"] == []
    assert other.call("submit", case(maCaBenh=number)).status == 404


def test_a_batch_has_an_outcome_per_item(client):
    batch = [case(), case(hoVaTen=""), "x", case(maCaBenh="CB1")]
    data = client.data("submit_batch", batch)
    assert (data["tongSo"], data["soThanhCong"], data["soThatBai"]) == (4, 1, 3)
    assert [item["thanhCong"] for item in data["ketQua"]] == [True, False, False, False]
    assert [item["maLoi"] for item in data["ketQua"]] == [None, "INVALID", "INVALID", "NOT_FOUND"]
    assert [item["viTri"] for item in data["ketQua"]] == [0, 1, 2, 3]
    assert len(client.data("list")["danhSach"]) == 1


@pytest.mark.parametrize("size", [0, MAX_BATCH, MAX_BATCH + 1])
def test_the_size_of_a_batch(client, size):
    reply = client.call("submit_batch", [case()] * size)
    assert reply.status == (200 if size == MAX_BATCH else 400)


def test_pages_and_filters_of_the_list(client):
    client.data("submit_batch", [case()] * 5)
    page = client.data("list", {"trang": "2", "kichThuoc": "2"})
    assert (page["tongSo"], len(page["danhSach"])) == (5, 2)
    assert client.data("list", {"denNgay": "2026-08-02"})["tongSo"] == 0
    for wrong in ({"trang": "0"}, {"kichThuoc": "x"}, {"tuNgay": "03/08/2026"}):
        assert client.call("list", wrong).status == 400


class Machine(RuleBasedStateMachine):
    """Against a model: live cases by number, and how many reports were ever taken."""

    def __init__(self):
        super().__init__()
        self.exchange = Exchange.default(seed=7)
        self.clients = {f: Client(self.exchange, f).login() for f in ("01001", "79001")}
        self.live = {}
        self.taken = 0

    facilities = st.sampled_from(["01001", "79001"])

    @rule(facility=facilities, items=st.lists(st.sampled_from(["new", "old", "wrong"]), max_size=4))
    def batch(self, facility, items):
        known = [number for number, of in self.live.items() if of == facility][-1:]
        numbers = [known[0] if item == "old" and known else None for item in items]
        cases = [
            case(maCaBenh=number, hoVaTen="" if item == "wrong" else "Mẫu")
            for item, number in zip(items, numbers, strict=True)
        ]
        reply = self.clients[facility].call("submit_batch", cases)
        if not items:
            assert reply.status == 400
            return
        results = reply.json()["duLieu"]["ketQua"]
        assert [r["thanhCong"] for r in results] == [item != "wrong" for item in items]
        for result in results:
            if result["thanhCong"]:
                self.live[result["maCaBenh"]] = facility
                self.taken += 1

    @rule(facility=facilities, hours=st.sampled_from([0, 1]))
    def session(self, facility, hours):
        client = self.clients[facility]
        other = client.exchange.handle(
            Request("GET", "/province/api/xac-thuc/thong-tin", client.headers)
        )
        assert other.status == 401
        self.exchange.clock.advance(hours=hours)
        for one in self.clients.values():
            if hours:
                assert one.call("list").status == 401
                one.opened(one.data("refresh", {"refreshToken": one.refresh_token}))

    @invariant()
    def books(self):
        rows = self.exchange.reconcile()
        assert all(row.balanced and not row.pending for row in rows)
        assert sum(row.received for row in rows) == self.taken
        assert sum(row.sent for row in rows) == len(self.live)
        for facility, client in self.clients.items():
            shown = {row["maCaBenh"] for row in client.data("list")["danhSach"]}
            assert shown == {number for number, of in self.live.items() if of == facility}


def test_any_order_of_calls_keeps_the_books():
    run_state_machine_as_test(
        Machine, settings=settings(max_examples=20, stateful_step_count=15, deadline=None)
    )


def test_the_same_seed_gives_the_same_bytes():
    def night():
        client = Client(Exchange.default(seed=11)).login()
        return client.headers, client.call("submit", case()).body, client.call("list").body

    assert night() == night()
