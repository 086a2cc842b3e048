"""Clients of the provincial gateways and of health checks against the sandbox, in process."""

import asyncio
import base64
import dataclasses

import httpx
import pytest

from vnhealth.findings import Finding, Findings, Severity
from vnhealth.sandbox import Checked, Exchange, Fault, RecordVerdict
from vnhealth.sandbox._peek import peek
from vnhealth.sync import (
    AuthFailed,
    ConnectionFailed,
    Credentials,
    NotSent,
    NotSupported,
    Status,
    connect,
    connect_async,
)

CLAIMS = ["hanoi", "dienbien", "cantho", "hoc"]
CHECKS = ["emrhub", "hanoi_hssk"]
SECRET = "NGUYỄN VĂN BÍ MẬT"


def judge(file):
    records = []
    for key in peek(file.body).keys:
        wrong = Finding("BHYT-VAL-01", Severity.ERROR, table="XML1", row=0, tag="STT")
        records.append(RecordVerdict(key, Findings([wrong] if key and key[0] == "R" else [])))
    return Checked(Findings(), tuple(records), "missing")


def claims(*keys, facility="01001"):
    parts = ""
    for key in keys:
        row = f"<TONG_HOP><MA_LK>{key}</MA_LK><HO_TEN>{SECRET}</HO_TEN></TONG_HOP>"
        coded = base64.b64encode(row.encode()).decode()
        parts += (
            "<HOSO><FILEHOSO><LOAIHOSO>XML1</LOAIHOSO>"
            f"<NOIDUNGFILE>{coded}</NOIDUNGFILE></FILEHOSO></HOSO>"
        )
    return (
        f"<GIAMDINHHS><THONGTINDONVI><MACSKCB>{facility}</MACSKCB></THONGTINDONVI><THONGTINHOSO>"
        f"<NGAYLAP>20260803</NGAYLAP><SOLUONGHOSO>{len(keys)}</SOLUONGHOSO><DANHSACHHOSO>{parts}"
        "</DANHSACHHOSO></THONGTINHOSO><CHUKYDONVI/></GIAMDINHHS>"
    ).encode()


class Site:
    """A sandbox, its clock, and clients of either kind."""

    def __init__(self, blocking, clinic):
        self.blocking = blocking
        self.clinic = clinic
        self.exchange = Exchange.default(seed=7, checker=judge)

    def account(self, key, **changed):
        who = self.exchange.credentials("01001", key)
        sign = self.clinic.signer() if key == "emrhub" else None
        found = Credentials(who.base_url, who.username, who.password, who.facility, sign=sign)
        return dataclasses.replace(found, **changed)

    def gate(self, key, **changed):
        clock = self.exchange.clock
        options = {"clock": clock.now}
        if self.blocking:
            options["sleep"] = lambda seconds: clock.advance(seconds=seconds)
            options["transport"] = self.exchange.transport()
            return connect(key, self.account(key, **changed), **options)
        return Awaited(
            connect_async(
                key,
                self.account(key, **changed),
                transport=self.exchange.async_transport(),
                sleep=self._sleep,
                **options,
            )
        )

    async def _sleep(self, seconds):
        self.exchange.clock.advance(seconds=seconds)

    def logins(self, key):
        return sum(e.operation == "login" for e in self.exchange.journal.entries(gateway=key))

    def books(self, key):
        (row,) = self.exchange.reconcile(key)
        return (row.received, row.replaced, row.accepted, row.refused, row.pending)


class Awaited:
    """An asynchronous client whose methods are run to their end."""

    def __init__(self, client):
        self._client = client

    def __getattr__(self, name):
        found = getattr(self._client, name)
        if not callable(found):
            return found
        return lambda *args, **more: asyncio.run(found(*args, **more))


@pytest.fixture(params=[True, False], ids=["blocking", "async"])
def site(request, clinic):
    return Site(request.param, clinic)


@pytest.mark.parametrize("key", CLAIMS)
def test_a_file_that_is_right(site, key):
    (outcome,) = site.gate(key).submit(claims("A1"))
    at_once = key in ("dienbien", "cantho")
    assert outcome.status is (Status.ACCEPTED if at_once else Status.PENDING)
    assert outcome.transaction
    assert (outcome.keys, outcome.facility) == (("A1",), "01001")
    assert SECRET not in repr(outcome) + str(outcome.raw)


@pytest.mark.parametrize("key", ["dienbien", "cantho"])
def test_a_file_that_is_wrong_is_refused_whatever_the_http_status(site, key):
    (outcome,) = site.gate(key).submit(claims("A1", "R2"))
    assert outcome.status is Status.REFUSED
    (finding,) = outcome.findings
    assert finding.encounter == 1
    assert "BHYT-VAL-01" in finding.text("vi", values=True)
    assert "BHYT-VAL-01" not in finding.text("vi")
    assert site.books(key) == (2, 0, 1, 1, 0)


def test_dienbien_errors_become_findings_with_their_place(site):
    (outcome,) = site.gate("dienbien").submit(claims("R1", "A2", "R3"))
    assert [(f.encounter, f.table, f.tag) for f in outcome.findings] == [
        (0, "XML1", "STT"),
        (2, "XML1", "STT"),
    ]


def test_cantho_tells_each_record(site):
    (outcome,) = site.gate("cantho").submit(claims("A1", "R2"))
    assert [(r.ma_lk, r.status) for r in outcome.records] == [
        ("A1", Status.ACCEPTED),
        ("R2", Status.REFUSED),
    ]


def test_hanoi_sends_several_files_in_one_call_and_asks_for_each(site):
    gate = site.gate("hanoi")
    files = [claims(f"A{n}") for n in range(24)] + [claims("R1")]
    outcomes = gate.submit(*files)
    assert [o.status for o in outcomes] == [Status.PENDING] * 25
    assert len({o.transaction for o in outcomes}) == 25
    entries = site.exchange.journal.entries(gateway="hanoi", operation="submit")
    assert len(list(entries)) == 2
    site.exchange.clock.advance(minutes=5)
    assert gate.status(outcomes[0]).status is Status.ACCEPTED
    refused = gate.status(outcomes[-1])
    assert (refused.status, refused.findings[0].code) == (Status.REFUSED, "BHYT-VAL-01")


def test_hanoi_sends_again_only_the_files_that_failed(site):
    gate = site.gate("hanoi")
    site.exchange.faults.add(Fault("F06", on="hanoi.submit", times=1))
    files = [claims("A1"), claims("A2")]
    first, second = gate.submit(*files)
    assert (first.status, second.status) == (Status.PENDING, Status.MISSING)
    again = gate.resend(second, files[1], known=())
    assert again.status is Status.PENDING
    assert site.books("hanoi") == (2, 0, 0, 0, 2)


@pytest.mark.parametrize("key", [*CLAIMS, *CHECKS])
def test_a_lost_answer_is_unknown_unless_a_second_send_does_no_harm(site, key):
    gate = site.gate(key)
    gate.login()
    call = "push" if key == "emrhub" else "submit"
    site.exchange.faults.add(Fault("N02", on=f"{key}.{call}", times=1))
    file = site.clinic.health_check() if key in CHECKS else claims("A1")
    (outcome,) = gate.submit(file, kind="health_check" if key in CHECKS else "claim")
    repeatable = gate.capabilities.repeatable
    assert repeatable == (key in ("cantho", "emrhub"))
    assert outcome.status is (Status.ACCEPTED if repeatable else Status.UNKNOWN)
    received, replaced, *_ = site.books(key)
    assert received - replaced == 1


def test_hanoi_cannot_be_asked_about_a_file_without_a_transaction(site):
    gate = site.gate("hanoi")
    site.exchange.faults.add(Fault("F10", on="hanoi.submit", times=1))
    (outcome,) = gate.submit(claims("A1"))
    assert (outcome.status, outcome.transaction) == (Status.UNKNOWN, None)
    for ask in (
        lambda: gate.status(outcome),
        lambda: gate.resend(outcome, claims("A1"), known=()),
    ):
        with pytest.raises(NotSupported):
            ask()
    assert site.books("hanoi") == (1, 0, 0, 0, 1)


@pytest.mark.parametrize("key", [*CLAIMS, *CHECKS])
def test_one_login_serves_many_files_and_a_new_one_follows_when_it_is_over(site, key):
    gate = site.gate(key)
    before = site.logins(key)
    kind = "health_check" if key in CHECKS else "claim"
    files = [
        site.clinic.health_check(f"K{n}", number=f"0011010001{n:02d}")
        if key in CHECKS
        else claims(f"A{n}")
        for n in range(3)
    ]
    before = site.logins(key)
    gate.submit(files[0], kind=kind)
    gate.submit(files[1], kind=kind)
    assert site.logins(key) == before + 1
    site.exchange.clock.advance(hours=101)
    gate.submit(files[2], kind=kind)
    assert site.logins(key) == before + 2


@pytest.mark.parametrize("key", [*CLAIMS, *CHECKS])
def test_a_token_taken_back_costs_one_login_more(site, key):
    gate = site.gate(key)
    kind = "health_check" if key in CHECKS else "claim"
    file = site.clinic.health_check() if key in CHECKS else claims("A1")
    gate.login()
    before = site.logins(key)
    call = "push" if key == "emrhub" else "submit"
    site.exchange.faults.add(Fault("F07", variant="revoked", on=f"{key}.{call}", times=1))
    (outcome,) = gate.submit(file, kind=kind)
    assert outcome.received
    assert site.logins(key) == before + 1


@pytest.mark.parametrize("key", [*CLAIMS, *CHECKS])
def test_a_wrong_password_is_tried_once(site, key):
    gate = site.gate(key, password="wrong")
    before = site.logins(key)
    for _ in range(3):
        with pytest.raises(AuthFailed):
            gate.submit(
                site.clinic.unsigned() if key in CHECKS else claims("A1"),
                kind="health_check" if key in CHECKS else "claim",
            )
    assert site.logins(key) == before + 1


@pytest.mark.parametrize("key", CLAIMS)
def test_a_file_of_another_facility_never_goes_out(site, key):
    with pytest.raises(NotSent):
        site.gate(key).submit(claims("A1", facility="79002"))
    assert site.logins(key) == 0


@pytest.mark.parametrize("key", CHECKS)
def test_a_health_check_of_another_facility_or_of_another_kind_never_goes_out(site, key):
    gate = site.gate(key)
    before = site.logins(key)
    for file in (site.clinic.unsigned(facility="79002"), claims("A1"), b"<KHAMSUCKHOE/>"):
        with pytest.raises(NotSent):
            gate.submit(file, kind="health_check")
    with pytest.raises(NotSupported):
        gate.submit(site.clinic.unsigned())
    assert site.logins(key) == before


def test_the_axis_saves_refuses_and_knows_the_same_file(site):
    gate = site.gate("emrhub")
    file = site.clinic.health_check()
    (saved,) = gate.submit(file, kind="health_check")
    (again,) = gate.submit(file, kind="health_check")
    assert saved.status is again.status is Status.ACCEPTED
    assert saved.transaction == again.transaction
    other = site.clinic.health_check("K2")
    (duplicate,) = gate.submit(other, kind="health_check")
    assert (duplicate.status, duplicate.code) == (Status.REFUSED, "PS_CCCD_DUPLICATE_IN_6_MONTHS")
    assert "PS_CCCD_DUPLICATE_IN_6_MONTHS" in duplicate.findings[0].text("en")
    (unsigned,) = gate.submit(
        site.clinic.unsigned("K3", number="001101000199"), kind="health_check"
    )
    assert unsigned.code == "PS_DS_CA_SIGNATURE_MISSING"
    incomplete = site.clinic.health_check("K4", number="001101000188", commune="")
    (refused,) = gate.submit(incomplete, kind="health_check")
    assert refused.code == "PS_DS_SAVE_FAIL"
    assert "GW-KSK-07" in refused.findings[0].text("vi", values=True)
    assert site.books("emrhub") == (2, 0, 1, 1, 0)


def test_the_axis_needs_a_key_for_messages(site):
    with pytest.raises(NotSent, match="sign"):
        site.gate("emrhub", sign=None)


def test_check_ins_go_to_hoc_by_their_own_call(site):
    file = (
        b"<CHI_TIEU_TRANG_THAI_KCB><DSACH_TRANG_THAI_KCB><TRANG_THAI_KCB><MA_LK>A1</MA_LK>"
        b"<STT>1</STT><MA_CSKCB>01001</MA_CSKCB></TRANG_THAI_KCB></DSACH_TRANG_THAI_KCB>"
        b"<CHUKYDONVI/></CHI_TIEU_TRANG_THAI_KCB>"
    )
    (outcome,) = site.gate("hoc").submit(file, kind="checkin")
    assert (outcome.status, outcome.call) == (Status.PENDING, "checkin")


@pytest.mark.parametrize("key", ["dienbien", "cantho", "hoc", *CHECKS])
def test_what_a_gateway_lacks_is_said(site, key):
    gate = site.gate(key)
    kind = "health_check" if key in CHECKS else "claim"
    file = site.clinic.health_check() if key in CHECKS else claims("A1")
    (outcome,) = gate.submit(file, kind=kind)
    for ask in (lambda: gate.status(outcome), lambda: gate.lookup("card")):
        with pytest.raises(NotSupported):
            ask()


@pytest.mark.parametrize("key", CLAIMS)
@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(502, content=b"<html>"),
        httpx.Response(200, content=b"<html>"),
        httpx.Response(200, json={"maKetQua": {}, "code": [], "response3176": 1}),
        httpx.Response(200, content=b""),
    ],
)
def test_an_answer_that_is_none_is_never_a_verdict(key, answer):
    exchange = Exchange.default(seed=7)
    who = exchange.credentials("01001", key)
    inside = exchange.transport()

    def wire(request):
        if request.url.path.endswith(("take", "token", "get-token")):
            return inside.handle_request(request)
        return httpx.Response(answer.status_code, content=answer.content)

    account = Credentials(who.base_url, who.username, who.password, who.facility)
    options = {"transport": httpx.MockTransport(wire), "clock": exchange.clock.now}
    gate = connect(key, account, sleep=lambda _: None, **options)
    (outcome,) = gate.submit(claims("A1"))
    assert outcome.status is Status.UNKNOWN


@pytest.mark.parametrize("key", CLAIMS)
def test_a_closed_door_is_an_error_and_no_outcome(key):
    def wire(request):
        raise httpx.ConnectError("closed")

    account = Credentials("https://gw.example", "01001", "x", "01001")
    gate = connect(key, account, transport=httpx.MockTransport(wire), sleep=lambda _: None)
    with pytest.raises(ConnectionFailed):
        gate.submit(claims("A1"))
