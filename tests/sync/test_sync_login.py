"""Sessions: one token, left in time, renewed once, and never a storm of logins."""

import asyncio
import datetime as dt
import email.utils
import threading
from urllib.parse import parse_qs

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vnhealth.sync import AuthFailed, ConnectionFailed, RateLimited, TimedOut, Unavailable
from vnhealth.sync._session import Secret, Session


def submit(client, make):
    return client.submit(make.claim_file(), edition="3176")


def test_the_login_is_the_published_form(face, script, make):
    script.calls.append((200, make.receipt()))
    submit(face.vss(script), make)
    login, sent = script.requests
    assert str(login.url) == "https://gw.example/vss/api/token/take"
    assert login.headers["content-type"] == "application/x-www-form-urlencoded"
    fields = parse_qs(login.content.decode())
    assert fields["username"] == ["01001_BV"]
    assert len(fields["password"][0]) == 32
    assert fields["password"][0] == fields["password"][0].upper()
    assert sent.headers["accessToken"] == make.access
    assert sent.headers["tokenId"] == make.id_token
    assert sent.headers["passwordHash"] == fields["password"][0]
    assert make.password not in login.content.decode()


def test_a_claim_travels_in_the_published_form(face, script, make):
    script.calls.append((200, make.receipt()))
    client = face.vss(script)
    for edition, path in (
        ("130", "guiHoSoXmlQD130"),
        ("4750", "guiHoSoXmlQD4750"),
        ("3176", "guiHoSoXmlQD3176"),
        ("1931", "guiHoSoXmlQD3176"),
    ):
        client.submit(b"\xef\xbb\xbf" + make.claim_file(), edition=edition)
        sent = script.sent[-1]
        fields = parse_qs(sent.content.decode())
        assert sent.url.path == f"/vss/api/qd130/{path}"
        assert list(fields) == ["username", "loaiHoSo", "maTinh", "maCSKCB", "fileHSBase64"]
        assert (fields["maTinh"], fields["maCSKCB"], fields["loaiHoSo"]) == (
            ["01"],
            ["01001"],
            ["130"],
        )
        assert not fields["fileHSBase64"][0].startswith("77u"), "a byte-order mark was sent"
    client.check_in(make.checkin_file(), edition="4750")
    assert script.sent[-1].url.path == "/vss/api/qd130/checkInKcbQd4750"
    assert parse_qs(script.sent[-1].content.decode())["loaiHoSo"] == ["0"]


@pytest.mark.parametrize(
    ("expires", "minutes"),
    [
        ("2026-08-03T02:00:00.1234567Z", 60),
        ("2026-08-03T02:00:00", 60),
        ("2026-08-03T09:00:00+07:00", 60),
        (3600, 60),
        ("3600", 60),
        (int(dt.datetime(2026, 8, 3, 2, tzinfo=dt.UTC).timestamp()), 60),
        (None, 50),
        ("soon", 50),
        ("2026-08-02T23:00:00Z", 50),
        ({"odd": 1}, 50),
    ],
)
def test_a_token_is_kept_until_a_minute_before_its_end(face, script, make, expires, minutes):
    script.logins[0] = (200, make.vss_login(expires_in=expires))
    script.calls.append((200, make.receipt()))
    client = face.vss(script)
    submit(client, make)
    face.time.sleep((minutes - 1) * 60 - 1)
    submit(client, make)
    assert script.login_count == 1
    face.time.sleep(2)
    script.logins[0] = (200, make.vss_login(expires_in=3600))
    submit(client, make)
    assert script.login_count == 2


def test_a_short_token_is_not_renewed_for_every_call(face, script, make):
    script.logins[0] = (200, make.vss_login(expires_in=30))
    script.calls.append((200, make.receipt()))
    client = face.vss(script)
    for _ in range(5):
        submit(client, make)
    assert script.login_count == 1


@pytest.mark.parametrize("hours", [-7, 7])
def test_the_servers_clock_decides_about_the_end_of_a_token(face, script, make, hours):
    face.time.now += dt.timedelta(hours=hours)
    date = email.utils.format_datetime(make.start, usegmt=True)
    script.logins[0] = (200, make.vss_login(), {"Date": date})
    script.calls.append((200, make.receipt()))
    client = face.vss(script)
    submit(client, make)
    face.time.sleep(58 * 60)
    submit(client, make)
    assert script.login_count == 1
    face.time.sleep(2 * 60)
    script.logins[0] = (200, make.vss_login(expires_in=3600))
    submit(client, make)
    assert script.login_count == 2


@pytest.mark.parametrize(
    "refusal",
    [
        (401, {"maKetQua": "401", "thongDiep": "het phien"}),
        (200, {"maKetQua": "401"}),
        (200, {"maKetQua": 401}),
        (401, b"<html>"),
        (401, b""),
    ],
)
def test_a_refused_session_is_renewed_once(face, script, make, refusal):
    script.calls.extend([refusal, (200, make.receipt())])
    outcome = submit(face.vss(script), make)
    assert outcome.received
    assert (script.login_count, len(script.sent)) == (2, 2)


def test_a_wrong_parameter_is_no_reason_to_log_in_again(face, script, make):
    script.calls.append((401, make.receipt("205", None)))
    outcome = submit(face.vss(script), make)
    assert outcome.refused
    assert script.login_count == 1


def test_a_session_refused_twice_ends_in_an_error_and_a_pause(face, script, make):
    script.calls.append((401, make.receipt("401", None)))
    client = face.vss(script)
    with pytest.raises(AuthFailed) as caught:
        submit(client, make)
    assert caught.value.code == "ERR-SYNC-07"
    assert (script.login_count, len(script.sent)) == (2, 2)
    for _ in range(20):
        with pytest.raises(AuthFailed):
            submit(client, make)
    assert (script.login_count, len(script.sent)) == (2, 2)
    face.time.sleep(61)
    script.calls[0] = (200, make.receipt())
    assert submit(client, make).received
    assert script.login_count == 3


@pytest.mark.parametrize(
    "refusal",
    [
        (401, {"maKetQua": "401", "APIKey": None}),
        (200, {"maKetQua": "401", "APIKey": None}),
        (200, {"maKetQua": 402}),
        (403, {"maKetQua": "403", "APIKey": None}),
        (401, b""),
    ],
)
def test_a_refused_password_is_not_tried_again_by_itself(face, script, make, refusal):
    script.logins[0] = refusal
    client = face.vss(script)
    for _ in range(10):
        with pytest.raises(AuthFailed) as caught:
            submit(client, make)
        assert not caught.value.retryable
    assert script.login_count == 1
    assert script.sent == []
    with pytest.raises(AuthFailed):
        client.login()
    assert script.login_count == 2
    script.logins[0] = (200, make.vss_login())
    script.calls.append((200, make.receipt()))
    client.login()
    assert submit(client, make).received


@pytest.mark.parametrize("owner", ["01002_BV", "79001_BV"])
def test_a_session_of_somebody_else_is_never_used(face, script, make, owner):
    script.logins[0] = (200, make.vss_login(username=owner))
    client = face.vss(script)
    for _ in range(3):
        with pytest.raises(AuthFailed) as caught:
            submit(client, make)
    assert caught.value.code == "ERR-SYNC-08"
    assert (script.login_count, script.sent) == (1, [])


def test_a_session_of_another_unit_is_never_used(face, kho, make):
    kho.logins[0] = (200, make.repository_login(ma_don_vi="01002"))
    client = face.repository(kho)
    with pytest.raises(AuthFailed) as caught:
        client.submit(make.claim_file())
    assert caught.value.code == "ERR-SYNC-09"
    assert kho.sent == []


@pytest.mark.parametrize(
    "odd",
    [
        (200, {"maKetQua": "200"}),
        (200, {"maKetQua": "200", "APIKey": None}),
        (200, {"maKetQua": "200", "APIKey": {"access_token": "a b\nc"}}),
        (200, {"maKetQua": "200", "APIKey": {"access_token": "tô-ken"}}),
        (200, {"maKetQua": "200", "APIKey": {"access_token": ""}}),
        (200, b"[]"),
        (200, b"<html>maintenance</html>"),
        (500, b""),
    ],
)
def test_a_login_without_a_usable_token_is_unavailable(face, script, make, odd):
    script.logins[0] = odd
    with pytest.raises(Unavailable) as caught:
        submit(face.vss(script), make)
    assert caught.value.retryable
    assert script.sent == []


def test_a_login_without_result_code_but_with_a_token_is_taken(face, script, make):
    login = make.vss_login()
    del login["maKetQua"]
    script.logins[0] = (200, login)
    script.calls.append((200, make.receipt()))
    assert submit(face.vss(script), make).received


def test_a_login_is_tried_again_while_the_gateway_is_away(face, script, make):
    script.logins.clear()
    script.logins.extend(
        [httpx.ReadTimeout("x"), (503, b"", {"Retry-After": "7"}), (200, make.vss_login())]
    )
    script.calls.append((200, make.receipt()))
    assert submit(face.vss(script), make).received
    assert script.login_count == 3
    assert face.time.slept[1] == 7


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED]"), ConnectionFailed),
        (httpx.ConnectTimeout("x"), ConnectionFailed),
        (httpx.ReadTimeout("x"), TimedOut),
        (httpx.ReadError("x"), ConnectionFailed),
        ((429, b""), RateLimited),
    ],
)
def test_a_login_that_never_works_says_why(face, script, make, failure, error):
    script.logins[0] = failure
    with pytest.raises(error) as caught:
        face.vss(script).login()
    assert caught.value.retryable
    assert script.login_count == 3


def second_session(request):
    """Accepts only the session that the second login opens."""
    fresh = request.headers["accessToken"] == "second"
    return (200, {"maKetQua": "200"}) if fresh else (401, {"maKetQua": "401"})


@pytest.mark.parametrize("revoked", [False, True])
def test_many_threads_share_one_login(make, script, revoked):
    started = threading.Barrier(8)
    if revoked:
        script.calls.append(second_session)
    else:
        script.calls.append((200, make.receipt()))
    client = make.Face(None).vss(script)
    if revoked:
        client.login()

    def login(request):
        threading.Event().wait(0.05)  # long enough for all others to want one too
        return (200, make.vss_login(access_token="second"))

    script.logins[0] = login

    def work():
        started.wait()
        submit(client, make)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert script.login_count == 1 + revoked
    assert sum(r.headers["accessToken"] == "second" for r in script.sent) == 8


class SlowLogin(httpx.AsyncBaseTransport):
    """Lets other tasks run while somebody logs in."""

    def __init__(self, script):
        self.script = script

    async def handle_async_request(self, request):
        await request.aread()
        if request.url.path.endswith("/api/token/take"):
            await asyncio.sleep(0.02)
        return httpx.MockTransport(self.script).handle_request(request)


@pytest.mark.parametrize("revoked", [False, True])
def test_many_tasks_share_one_login(make, script, revoked):
    script.calls.append(second_session)
    with asyncio.Runner() as runner:
        client = make.Face(runner).vss(SlowLogin(script)).client
        if revoked:
            runner.run(client.login())
        script.logins[0] = (200, make.vss_login(access_token="second"))

        async def work():
            files = (client.submit(make.claim_file(), edition="3176") for _ in range(10))
            return await asyncio.gather(*files)

        outcomes = runner.run(work())
    assert all(outcome.received for outcome in outcomes)
    assert script.login_count == 1 + revoked


@given(
    life=st.integers(-(10**6), 10**7),
    skew=st.integers(0, 10**4),
    step=st.integers(0, 10**6),
)
def test_a_token_is_never_used_after_its_end(life, skew, step):
    moment = [dt.datetime(2026, 8, 3, tzinfo=dt.UTC)]
    session = Session("u", Secret("s"), lambda: moment[0], dt.timedelta(seconds=skew))
    ends = moment[0] + dt.timedelta(seconds=life)
    session.opened("t", "i", ends, dt.timedelta(minutes=50))
    assert session.usable() is not None, "a fresh token must serve at least one call"
    moment[0] += dt.timedelta(seconds=step)
    if session.usable() is not None and life > 0:
        assert moment[0] < ends
