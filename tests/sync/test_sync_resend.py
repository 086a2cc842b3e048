"""Nothing is lost and nothing is sent twice: lost answers, refusals to connect, random bad nights."""

import datetime as dt

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vnhealth.findings import Findings
from vnhealth.sandbox import Checked, Exchange
from vnhealth.sync import (
    ConnectionFailed,
    NotSent,
    RateLimited,
    Rejected,
    RetryPolicy,
    Status,
    SyncError,
    Unavailable,
)

TODAY = dt.date(2026, 8, 3)


@pytest.mark.parametrize(
    ("failure", "cause"),
    [
        (httpx.ReadTimeout("x"), "ERR-SYNC-04"),
        (httpx.WriteTimeout("x"), "ERR-SYNC-04"),
        (httpx.ReadError("x"), "ERR-SYNC-03"),
        (httpx.WriteError("x"), "ERR-SYNC-03"),
        (httpx.RemoteProtocolError("x"), "ERR-SYNC-03"),
        (httpx.DecodingError("x"), "ERR-SYNC-03"),
        (OSError("x"), "ERR-SYNC-03"),
        ((502, b""), "ERR-SYNC-12"),
        ((500, b"<html>"), "ERR-SYNC-12"),
    ],
)
def test_a_lost_answer_is_unknown_and_not_sent_again(face, script, make, failure, cause):
    script.calls.append(failure)
    outcome = face.vss(script).submit(make.claim_file(), edition="3176")
    assert outcome.status is Status.UNKNOWN
    assert outcome.cause == cause
    assert not outcome.received
    assert len(script.sent) == 1
    assert outcome.keys == ("LK0001",)


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (httpx.ConnectError("x"), ConnectionFailed),
        (httpx.ConnectTimeout("x"), ConnectionFailed),
        (httpx.PoolTimeout("x"), ConnectionFailed),
        ((429, b""), RateLimited),
        ((503, b""), Unavailable),
    ],
)
def test_what_was_not_taken_is_sent_again_and_then_raises(face, script, make, failure, error):
    script.calls.append(failure)
    with pytest.raises(error) as caught:
        face.vss(script).submit(make.claim_file(), edition="3176")
    assert caught.value.retryable
    assert len(script.sent) == 3
    script.calls.append((200, make.receipt()))
    assert face.vss(script).submit(make.claim_file(), edition="3176").attempts == 2


def test_a_long_pause_asked_for_is_left_to_the_caller(face, script, make):
    script.calls.append((503, b"", {"Retry-After": "3600"}))
    with pytest.raises(Unavailable) as caught:
        face.vss(script).submit(make.claim_file(), edition="3176")
    assert caught.value.retry_after_s == 3600
    assert face.time.slept == []


def test_a_pause_can_be_asked_for_by_date(face, script, make):
    headers = {"Date": "Mon, 03 Aug 2026 01:00:00 GMT", "Retry-After": "Mon, 03 Aug 2026 01:00:09"}
    script.calls.extend([(503, b"", headers), (200, make.receipt())])
    assert face.vss(script).submit(make.claim_file(), edition="3176").received
    assert face.time.slept == [9]


def test_the_replacement_rule_can_be_trusted_on_demand(face, script, make):
    script.calls.extend([httpx.ReadTimeout("x"), (200, make.receipt())])
    client = face.vss(script, retry=RetryPolicy(resend_replaces=True))
    assert client.submit(make.claim_file(), edition="3176").received
    assert len(script.sent) == 2


def test_an_error_after_a_lost_answer_is_still_unknown(face, kho, make):
    """The first try may have arrived: what follows cannot prove that it did not."""
    for after in (httpx.ConnectError("x"), (503, b""), (404, b"<html>"), (401, b"")):
        kho.calls.clear()
        kho.calls.extend([httpx.ReadTimeout("x"), after])
        outcome = face.repository(kho).submit(make.claim_file())
        assert outcome.status is Status.UNKNOWN


def test_a_repository_recognises_the_file_so_it_is_sent_again(face, kho, make):
    duplicate = {"success": True, "code": "ACCEPTED_DUPLICATE", "data": {"tracking_id": "T1"}}
    kho.calls.extend([httpx.ReadTimeout("x"), (200, duplicate)])
    outcome = face.repository(kho).submit(make.claim_file())
    assert outcome.status is Status.DUPLICATE
    assert outcome.received
    assert (outcome.transaction, outcome.attempts) == ("T1", 2)


class Night(httpx.BaseTransport):
    """A transport into a sandbox whose line fails by plan, one letter per request:

    c no connection · b busy · l taken but the answer is lost · g taken but 502 · t session revoked
    """

    def __init__(self, inner, plan):
        self.inner = inner
        self.plan = list(plan)
        self.logins = 0

    def handle_request(self, request):
        fault = self.plan.pop(0) if self.plan else "."
        if fault == "c":
            raise httpx.ConnectError("x")
        if fault == "b":
            return httpx.Response(503)
        login = request.url.path.endswith("token/take") or request.url.path.endswith("/token")
        self.logins += login
        if fault == "t" and not login:
            return httpx.Response(401)
        answer = self.inner.handle_request(request)
        if fault == "l":
            raise httpx.ReadTimeout("x")
        return httpx.Response(502) if fault == "g" else answer


class AsyncNight(httpx.AsyncBaseTransport):
    def __init__(self, inner, plan):
        self.blocking = Night(inner, plan)

    async def handle_async_request(self, request):
        await request.aread()
        return self.blocking.handle_request(request)


def accept_all(file):
    """A checker without opinions: these tests are about the line, not about the files."""
    return Checked(Findings(), (), "")


def held(exchange, gateway):
    rows = exchange.reconcile(gateway, "01001", TODAY, dt.date(2026, 12, 31))
    assert all(row.balanced for row in rows)
    return sum(row.received for row in rows)


def line(face, exchange, plan):
    if face.runner is None:
        return Night(exchange.transport(), plan)
    return AsyncNight(exchange.transport(), plan)


def test_confirm_tells_arrived_from_not_arrived(face, make):
    ex = Exchange.default(seed=7)
    transport = line(face, ex, ".l")
    client = face.vss(transport, ex.credentials("01001"))
    lost = client.submit(make.claim_file(), edition="3176")
    assert lost.status is Status.UNKNOWN
    found = client.confirm(lost, known=())
    assert found.received
    assert found.transaction
    again = client.resend(lost, make.claim_file(), known=())
    assert again.transaction == found.transaction
    assert held(ex, "vss") == 1


def test_a_lost_correction_is_not_taken_for_its_earlier_version(face, make):
    ex = Exchange.default(seed=7)
    client = face.vss(line(face, ex, "..l"), ex.credentials("01001"))
    first = client.submit(make.claim_file(), edition="3176")
    corrected = make.claim_file(name="TÊN ĐÃ SỬA")
    lost = client.submit(corrected, edition="3176")
    found = client.confirm(lost, known={first.transaction})
    assert found.received
    assert found.transaction != first.transaction
    assert held(ex, "vss") == 2


def test_a_correction_that_never_arrived_is_missing(face, script, make):
    script.calls.append((502, b""))
    client = face.vss(script)
    lost = client.submit(make.claim_file(), edition="3176")
    earlier = {"maKetQua": "200", "maGiaoDich": "G0", "trangThai": "DA_XU_LY", "dsHoSo": []}
    script.calls[0] = (200, earlier)
    assert client.confirm(lost, known={"G0"}).status is Status.MISSING
    assert client.confirm(lost, known=()).transaction == "G0"
    script.calls[0] = (200, {**earlier, "maGiaoDich": None})
    assert client.confirm(lost, known={"G0"}) == lost


def test_resend_sends_only_what_is_missing(face, script, make):
    script.calls.append((502, b""))
    client = face.vss(script)
    lost = client.submit(make.claim_file(), edition="4750")
    script.calls.clear()
    script.calls.extend([(404, {"maKetQua": "404"}), (200, make.receipt())])
    outcome = client.resend(lost, make.claim_file(), known=())
    assert outcome.received
    assert script.sent[-1].url.path.endswith("guiHoSoXmlQD4750")
    count = len(script.sent)
    assert client.resend(outcome, make.claim_file(), known=()) == outcome
    assert len(script.sent) == count


def test_resend_stops_where_the_gateway_cannot_be_asked(face, script, make):
    """The real gateway publishes no status call: never guess there."""
    script.calls.append((502, b""))
    client = face.vss(script)
    lost = client.submit(make.claim_file(), edition="3176")
    script.calls[0] = (404, b"<html>")
    with pytest.raises(Rejected):
        client.resend(lost, make.claim_file(), known=())
    assert script.sent[-1].method == "GET"


def test_resend_is_for_the_very_same_file(face, script, make):
    script.calls.append((502, b""))
    client = face.vss(script)
    lost = client.submit(make.claim_file(), edition="3176")
    with pytest.raises(NotSent) as caught:
        client.resend(lost, make.claim_file(name="KHÁC"), known=())
    assert caught.value.code == "ERR-SYNC-18"


FAULTS = st.text("cblgt.", max_size=14)


@given(plan=FAULTS)
def test_after_any_night_every_file_is_held_exactly_once(make, plan):
    ex = Exchange.default(seed=7, checker=accept_all)
    face = make.Face(None)
    transport = Night(ex.transport(), plan)
    client = face.vss(transport, ex.credentials("01001"))
    files = {key: make.claim_file(ma_lk=key) for key in ("LK1", "LK2", "LK3")}
    outcomes = {}
    for _ in range(40):
        for key, xml in files.items():
            before = held(ex, "vss")
            known = outcomes.get(key)
            try:
                if known is None:
                    outcome = client.submit(xml, edition="3176")
                elif known.status in (Status.UNKNOWN, Status.MISSING):
                    outcome = client.resend(known, xml, known=())
                else:
                    continue
            except SyncError:
                assert held(ex, "vss") == before, "an error was raised although the file was taken"
                face.time.sleep(61)
                continue
            assert held(ex, "vss") <= before + 1
            outcomes[key] = outcome
        if len(outcomes) == 3 and all(o.received for o in outcomes.values()):
            break
    assert sorted(outcomes) == ["LK1", "LK2", "LK3"]
    assert all(outcome.received for outcome in outcomes.values())
    assert held(ex, "vss") == 3
    assert transport.logins <= 2 + len(plan)


@given(plan=FAULTS)
def test_a_repository_holds_every_file_once_after_any_night(make, plan):
    ex = Exchange.default(seed=7, checker=accept_all)
    face = make.Face(None)
    transport = Night(ex.transport(), plan)
    client = face.repository(transport, ex.credentials("01001", "province"))
    waiting = {key: make.claim_file(ma_lk=key) for key in ("LK1", "LK2")}
    for _ in range(40):
        for key, xml in list(waiting.items()):
            before = held(ex, "province")
            try:
                outcome = client.submit(xml)
            except SyncError:
                assert held(ex, "province") == before
                face.time.sleep(61)
                continue
            if outcome.received:
                del waiting[key]
    assert not waiting
    assert held(ex, "province") == 2
