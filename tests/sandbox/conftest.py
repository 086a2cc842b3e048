"""Helpers for tests of the sandbox: small files, a checker that judges by the MA_LK, a client."""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from vnhealth.findings import Finding, Findings, Severity
from vnhealth.protocol import gateway, vss
from vnhealth.sandbox import Checked, Exchange, File, RecordVerdict, Request, Response
from vnhealth.sandbox._peek import peek


def claim_file(*keys: str, facility: str = "01001", extra: str = "") -> bytes:
    """A claim envelope with one small record per key."""
    records = ""
    for key in keys:
        part = f"<TONG_HOP><MA_LK>{key}</MA_LK><STT>1</STT>{extra}</TONG_HOP>".encode()
        coded = base64.b64encode(part).decode()
        records += (
            "<HOSO><FILEHOSO><LOAIHOSO>XML1</LOAIHOSO>"
            f"<NOIDUNGFILE>{coded}</NOIDUNGFILE></FILEHOSO></HOSO>"
        )
    return (
        f"<GIAMDINHHS><THONGTINDONVI><MACSKCB>{facility}</MACSKCB></THONGTINDONVI><THONGTINHOSO>"
        f"<NGAYLAP>20260803</NGAYLAP><SOLUONGHOSO>{len(keys)}</SOLUONGHOSO>"
        f"<DANHSACHHOSO>{records}</DANHSACHHOSO></THONGTINHOSO><CHUKYDONVI/></GIAMDINHHS>"
    ).encode()


def checkin_file(*keys: str, facility: str = "01001") -> bytes:
    """A check-in file with one row per key."""
    rows = "".join(
        f"<TRANG_THAI_KCB><MA_LK>{key}</MA_LK><MA_CSKCB>{facility}</MA_CSKCB></TRANG_THAI_KCB>"
        for key in keys
    )
    return (
        f"<CHI_TIEU_TRANG_THAI_KCB><DSACH_TRANG_THAI_KCB>{rows}</DSACH_TRANG_THAI_KCB>"
        "<CHUKYDONVI/></CHI_TIEU_TRANG_THAI_KCB>"
    ).encode()


TOKEN = "A" + "B2" * 13


def deid_file(*tokens: str, facility: str = "01001", xml1: str = "<STT>1</STT>") -> bytes:
    """A de-identified file of the contract."""
    records = "".join(f"<HOSO><MA_LK>{t}</MA_LK><XML1>{xml1}</XML1></HOSO>" for t in tokens)
    return (
        "<VNHEALTH_DEID><PHIEN_BAN>1</PHIEN_BAN><NHAN>pseudonymised</NHAN>"
        f"<MA_CSKCB>{facility}</MA_CSKCB><CHINH_SACH>{'0' * 64}</CHINH_SACH>"
        f"<SO_LUONG>{len(tokens)}</SO_LUONG>{records}</VNHEALTH_DEID>"
    ).encode()


def judge(file: File) -> Checked:
    """R… is refused, W… gets a warning, everything else is accepted.

    The MA_LK of ``OPAQUE A1`` cannot be seen before the file is judged.
    """
    found = []
    if file.body.startswith(b"OPAQUE "):
        verdict = RecordVerdict(file.body.split()[1].decode(), Findings())
        return Checked(Findings(), (verdict,), "missing")
    for key in peek(file.body).keys:
        severity = {"R": Severity.ERROR, "W": Severity.WARNING}.get((key or "R")[0])
        said = (
            [Finding("BHYT-VAL-01", severity, table="XML1", row=0, tag="STT")] if severity else []
        )
        found.append(RecordVerdict(key, Findings(said)))
    return Checked(Findings(), tuple(found), "missing")


class Caller:
    """Speaks to an exchange as one account of one gateway."""

    def __init__(self, exchange: Exchange, key: str, facility: str = "01001") -> None:
        self.exchange = exchange
        self.gateway = gateway(key)
        self.who = exchange.credentials(facility, key)
        self.headers: dict[str, str] = {}

    def call(
        self,
        name: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        query: str = "",
        **args: str,
    ) -> Response:
        endpoint = self.gateway.endpoint(name)
        path = self.gateway.prefix + endpoint.path.format(**args)
        sent = {**self.headers, **(headers or {})}
        return self.exchange.handle(Request(endpoint.method, path, sent, query, body))

    def login(self) -> "Caller":
        if self.gateway.key == "vss":
            hashed = vss.password_hash(self.who.password)
            form = vss.encode_form({"username": self.who.username, "password": hashed})
            reply = self.call("login", form, {"Content-Type": vss.FORM_CONTENT_TYPE}).json()
            self.headers = {
                "accessToken": reply["APIKey"]["access_token"],
                "tokenId": reply["APIKey"]["id_token"],
                "passwordHash": hashed,
            }
        else:
            body = {"username": self.who.username, "password": self.who.password}
            reply = self.call("login", json.dumps(body).encode()).json()
            self.headers = {"Authorization": "Bearer " + reply["data"]["access_token"]}
        return self

    def send(self, file: bytes, name: str = "", **changed: str) -> Response:
        """Send a file; at the insurance gateway with the form, else raw."""
        if self.gateway.key != "vss":
            return self.call(name or "submit", file, {"Content-Type": "application/xml"})
        name = name or "claim_3176"
        fields = {
            "username": self.who.username,
            "loaiHoSo": self.gateway.endpoint(name).record,
            "maTinh": self.who.facility[:2],
            "maCSKCB": self.who.facility,
            "fileHSBase64": base64.b64encode(file).decode(),
            **changed,
        }
        return self.call(name, vss.encode_form(fields), {"Content-Type": vss.FORM_CONTENT_TYPE})

    def session(self) -> dict[str, str]:
        """The session as the older functions of the insurance gateway want it in the query."""
        return {
            "token": self.headers["accessToken"],
            "id_token": self.headers["tokenId"],
            "username": self.who.username,
            "password": self.headers["passwordHash"],
        }

    def json(self, name: str, query: str = "", **args: str) -> Any:
        return self.call(name, query=query, **args).json()

    def post(self, name: str, **fields: str) -> Response:
        body = json.dumps(fields).encode()
        return self.call(name, body, {"Content-Type": "application/json"})


@pytest.fixture
def exchange() -> Exchange:
    return Exchange.default(seed=7, checker=judge)


@pytest.fixture
def caller(exchange: Exchange) -> Callable[..., Caller]:
    """A logged-in caller: caller("province"), caller("vss", "79001")."""
    return lambda key="vss", facility="01001": Caller(exchange, key, facility).login()


@pytest.fixture
def files() -> Any:
    """The makers of small files: files.claim, files.checkin, files.deid, files.token."""

    class Files:
        claim = staticmethod(claim_file)
        checkin = staticmethod(checkin_file)
        deid = staticmethod(deid_file)
        token = TOKEN
        judge = staticmethod(judge)
        caller = Caller

    return Files


@pytest.fixture(scope="module")
def module_caller() -> type[Caller]:
    """The class behind `caller`, for fixtures of a whole module."""
    return Caller
