"""A scripted gateway, virtual time, and one face over the blocking and the asynchronous clients."""

import asyncio
import base64
import contextlib
import datetime as dt
import json
from collections import deque
from functools import cached_property

import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from vnhealth.protocol.health_check import facility_number, sign_file
from vnhealth.sandbox import Exchange, Request
from vnhealth.sync import (
    AsyncRepositoryClient,
    AsyncVssClient,
    Credentials,
    RepositoryClient,
    VssClient,
)

START = dt.datetime(2026, 8, 3, 1, tzinfo=dt.UTC)
PASSWORD = "mat-khau-S3cret"
SECRET_NAME = "NGUYỄN VĂN BÍ MẬT"
ACCESS, ID_TOKEN = "ACCESStoken123", "IDtoken456"
LOGIN_PATHS = ("/api/token/take", "/api/xac-thuc/token")


class Time:
    """Virtual time: sleeping moves it."""

    def __init__(self):
        self.now = START
        self.slept = []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += dt.timedelta(seconds=seconds)

    async def async_sleep(self, seconds):
        self.sleep(seconds)


class Script:
    """Answers from a list per kind of call (the last one stays); remembers what it was asked."""

    def __init__(self):
        self.logins = deque()
        self.calls = deque()
        self.requests = []

    def __call__(self, request):
        self.requests.append(request)
        login = request.url.path.endswith(LOGIN_PATHS)
        queue = self.logins if login else self.calls
        reply = queue.popleft() if len(queue) > 1 else queue[0]
        if callable(reply):
            reply = reply(request)
        if isinstance(reply, Exception):
            raise reply
        status, body, *headers = reply
        if not isinstance(body, bytes | str):
            body = json.dumps(body)
        return httpx.Response(status, content=body, headers=headers[0] if headers else {})

    @property
    def sent(self):
        return [r for r in self.requests if not r.url.path.endswith(LOGIN_PATHS)]

    @property
    def login_count(self):
        return len(self.requests) - len(self.sent)


class Driven:
    """A client whose methods return plain results, whether it is blocking or not."""

    def __init__(self, client, runner):
        self._client, self._runner = client, runner

    def __getattr__(self, name):
        found = getattr(self._client, name)
        if self._runner is None:
            return found
        return lambda *args, **kwargs: self._runner.run(found(*args, **kwargs))

    def __repr__(self):
        return repr(self._client)

    @property
    def client(self):
        return self._client


class Face:
    """Makes clients of one kind."""

    def __init__(self, runner):
        self.runner = runner
        self.time = Time()
        self.made = []

    def close(self):
        for driven in self.made:
            (driven.close if self.runner is None else driven.aclose)()

    def _make(self, blocking, asynchronous, args, transport, options):
        options = {"clock": self.time, **options}
        if self.runner is None:
            options.setdefault("sleep", self.time.sleep)
            driven = Driven(blocking(*args, transport=transport, **options), None)
        else:
            options.setdefault("sleep", self.time.async_sleep)
            driven = Driven(asynchronous(*args, transport=transport, **options), self.runner)
        self.made.append(driven)
        return driven

    def transport(self, exchange):
        return exchange.transport() if self.runner is None else exchange.async_transport()

    def vss(self, transport, account=None, **options):
        if isinstance(transport, Script):
            transport = httpx.MockTransport(transport)
        account = account or Credentials("https://gw.example/vss", "01001_BV", PASSWORD, "01001")
        return self._make(VssClient, AsyncVssClient, (account,), transport, options)

    def repository(self, transport, account=None, gateway="province", **options):
        if isinstance(transport, Script):
            transport = httpx.MockTransport(transport)
        account = account or Credentials("https://gw.example/kho", "01001", PASSWORD, "01001")
        return self._make(
            RepositoryClient, AsyncRepositoryClient, (account, gateway), transport, options
        )


@pytest.fixture(params=["blocking", "async"])
def face(request):
    with contextlib.ExitStack() as stack:
        blocking = request.param == "blocking"
        found = Face(None if blocking else stack.enter_context(asyncio.Runner()))
        stack.callback(found.close)
        yield found


@pytest.fixture
def script():
    """A gateway that opens a session for an hour and then says nothing by itself."""
    found = Script()
    found.logins.append((200, vss_login()))
    return found


@pytest.fixture
def kho():
    found = Script()
    found.logins.append((200, repository_login()))
    return found


def vss_login(**changed):
    key = {
        "access_token": ACCESS,
        "id_token": ID_TOKEN,
        "token_type": "bearer",
        "username": "01001_BV",
        "expires_in": "2026-08-03T02:00:00.1234567Z",
    }
    key.update(changed)
    return {"maKetQua": "200", "APIKey": {k: v for k, v in key.items() if v is not None}}


def repository_login(**changed):
    data = {
        "access_token": ACCESS,
        "token_type": "Bearer",
        "expires_in": 10800,
        "expires_at": "2026-08-03T11:00:00+07:00",
        "ma_don_vi": "01001",
    }
    data.update(changed)
    kept = {k: v for k, v in data.items() if v is not None}
    return {"success": True, "code": "OK", "message": "", "data": kept, "errors": []}


def receipt(code="200", transaction="G1", message="", received="20260803080005"):
    return {
        "maKetQua": code,
        "maGiaoDich": transaction,
        "thoiGianTiepNhan": received,
        "thongDiep": message,
    }


def claim_file(facility="01001", ma_lk="LK0001", row_facility=None, name=SECRET_NAME):
    row = (
        f"<TONG_HOP><MA_LK>{ma_lk}</MA_LK><STT>1</STT><HO_TEN>{name}</HO_TEN>"
        f"<MA_CSKCB>{row_facility or facility}</MA_CSKCB></TONG_HOP>"
    )
    part = base64.b64encode(row.encode()).decode()
    return (
        f"<GIAMDINHHS><THONGTINDONVI><MACSKCB>{facility}</MACSKCB></THONGTINDONVI><THONGTINHOSO>"
        "<NGAYLAP>20260803</NGAYLAP><SOLUONGHOSO>1</SOLUONGHOSO><DANHSACHHOSO><HOSO><FILEHOSO>"
        f"<LOAIHOSO>XML1</LOAIHOSO><NOIDUNGFILE>{part}</NOIDUNGFILE></FILEHOSO></HOSO>"
        "</DANHSACHHOSO></THONGTINHOSO><CHUKYDONVI/></GIAMDINHHS>"
    ).encode()


def checkin_file(facility="01001", ma_lk="LK0001"):
    return (
        "<CHI_TIEU_TRANG_THAI_KCB><DSACH_TRANG_THAI_KCB><TRANG_THAI_KCB>"
        f"<MA_LK>{ma_lk}</MA_LK><STT>1</STT><MA_CSKCB>{facility}</MA_CSKCB>"
        "</TRANG_THAI_KCB></DSACH_TRANG_THAI_KCB><CHUKYDONVI/></CHI_TIEU_TRANG_THAI_KCB>"
    ).encode()


@pytest.fixture(scope="session")
def make():
    """The builders above, for tests."""

    class Make:
        pass

    found = Make()
    for builder in (vss_login, repository_login, receipt, claim_file, checkin_file, Script):
        setattr(found, builder.__name__, builder)
    found.password, found.access, found.id_token, found.start = PASSWORD, ACCESS, ID_TOKEN, START
    found.Driven, found.Face = Driven, Face
    return found


class Clinic:
    """Files of health checks, signed with the keys that the sandbox of seed 7 gives out."""

    @cached_property
    def keys(self):
        exchange = Exchange.default(seed=7)
        who = exchange.credentials("01001", "emrhub")
        body = json.dumps({"username": who.username, "password": who.password}).encode()
        reply = exchange.handle(Request("POST", "/emrhub/api/auth/login", body=body)).json()
        head = {"Authorization": "Bearer " + reply["data"]["token"]}
        given = exchange.handle(Request("GET", "/emrhub/api/vnhealth/khoa-ky", head)).json()
        names = ("message_key", "doctor_key", "facility_key")
        return {name: load_pem_private_key(given[name].encode(), None) for name in names}

    def signer(self, name="message_key"):
        return lambda data: self.keys[name].sign(data, padding.PKCS1v15(), hashes.SHA256())

    def unsigned(self, key="K1", *, facility="01001", commune="00001", number="001101000123"):
        return (
            f"<KHAMSUCKHOE><THONGTINDONVI><MACSKCB>{facility_number(facility)}</MACSKCB>"
            "</THONGTINDONVI><THONGTINHOSO><SOLUONGHOSO>1</SOLUONGHOSO><DANHSACHHOSO><HOSO>"
            f"<FILEHOSO><LOAIHOSO>XML1</LOAIHOSO><NOIDUNGFILE><A><MA_LK>{key}</MA_LK>"
            f"<HO_TEN>{SECRET_NAME}</HO_TEN><NGAY_SINH>05031901</NGAY_SINH>"
            "<GIOI_TINH>2</GIOI_TINH><MATINH_CU_TRU>01</MATINH_CU_TRU>"
            f"<MAXA_CU_TRU>{commune}</MAXA_CU_TRU><SO_CCCD>{number}</SO_CCCD></A></NOIDUNGFILE>"
            "</FILEHOSO></HOSO></DANHSACHHOSO></THONGTINHOSO><CHUKYDONVI><CKS_NGUOI_KET_LUAN/>"
            "<CKS_BENH_VIEN/></CHUKYDONVI></KHAMSUCKHOE>"
        ).encode()

    def health_check(self, key="K1", **more):
        file = self.unsigned(key, **more)
        return sign_file(file, self.signer("doctor_key"), self.signer("facility_key"))


@pytest.fixture(scope="session")
def clinic():
    return Clinic()
