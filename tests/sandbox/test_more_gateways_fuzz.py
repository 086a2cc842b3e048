"""Whatever is sent to prescriptions, surveillance, identity, Vĩnh Long and the report gateway."""

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vnhealth.protocol import gateway
from vnhealth.protocol._fields import fields_of
from vnhealth.protocol.vss import encode_form, password_hash
from vnhealth.sandbox import Exchange, Request, SqliteStore, VirtualClock

KEYS = ["donthuoc", "ecds", "identity", "vinhlong", "fhir_report"]
EXCHANGE = Exchange.default(seed=7)
SECRET = "BÍ MẬT 001099012345"

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
scalars |= st.sampled_from([SECRET, "2026-08-03", "03/08/2026", "01001aaaaaa1-c", "A97", "M"])
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


def names_of(key):
    """Names of fields that the calls of a gateway read."""
    found = {"donthuoc": ["prescription", "sale", "medicine", "sold"], "ecds": ["case"]}
    listed = [field.name for part in found.get(key, []) for field in fields_of(key, part)]
    return listed + [
        *("refreshToken", "tuKhoa", "trang", "tuNgay", "ma_giao_dich", "muc_dich", "ma_dong_y"),
        *("so_dinh_danh", "ho_ten", "ngay_sinh", "thoi_diem", "van_ban_sha256", "ly_do", "header"),
        *("data", "signature", "resourceType", "entry", "type", "identifier", "op", "path"),
    ]


def login(key, exchange=EXCHANGE):
    """Headers of a session; for a pharmacy its key beside it."""
    username = "BS01001" if key == "donthuoc" else ""
    who = exchange.credentials("01001", key, username=username)
    password = password_hash(who.password) if key == "fhir_report" else who.password
    fields = {"username": who.username, "password": password}
    call = "login"
    if key == "donthuoc":
        call = "login_doctor"
        fields = {
            "ma_lien_thong_bac_si": who.username,
            "password": password,
            "ma_lien_thong_co_so_kham_chua_benh": "01001",
        }
    where = gateway(key)
    path = where.prefix + where.endpoint(call).path
    body = json.dumps(fields).encode()
    reply = exchange.handle(Request("POST", path, {}, "", body)).json()
    inner = reply.get("data") or reply.get("duLieu") or reply
    token = inner.get("access_token") or inner.get("accessToken") or inner.get("token")
    pharmacy = exchange.credentials("01001", "donthuoc", username="QT01001")
    return {
        "Authorization": f"Bearer {token}",
        "app-name": pharmacy.username,
        "app-key": pharmacy.password,
    }


HEADERS = {key: login(key) for key in KEYS}
CALLS = [(key, name) for key in KEYS for name in gateway(key).endpoints]
KINDS = st.sampled_from(
    ["application/json", "application/xml", "application/fhir+json", "text/plain"]
)


@pytest.mark.parametrize(("key", "name"), CALLS)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_no_body_or_query_breaks_a_call_or_is_echoed(key, name, data):
    endpoint = gateway(key).endpoint(name)
    known = st.dictionaries(st.sampled_from(names_of(key)), values, max_size=8)
    drawn = data.draw(st.one_of(known, values, st.binary(max_size=30)))
    body = drawn if isinstance(drawn, bytes) else json.dumps(drawn).encode()
    if endpoint.content == "form":
        coded = base64.b64encode(body).decode()
        body = encode_form({"fileHSBase64": coded, "grant_type": "refresh_token", "token": coded})
    query = data.draw(st.text(alphabet="abcdefgmlkpost_D=&0123456789%", max_size=20))
    path = gateway(key).prefix + endpoint.path
    for part in ("{ma}", "{id}", "{ten}"):
        path = path.replace(part, data.draw(st.sampled_from(["benh", "A1", "%", "x" * 300])))
    headers = {"Content-Type": data.draw(KINDS), **HEADERS[key]}
    reply = EXCHANGE.handle(Request(endpoint.method, path, headers, query, body))
    assert reply.status < 500
    reply.json()
    if reply.status >= 400 and reply.status != 422:
        assert SECRET not in reply.body.decode()
    assert SECRET not in repr(list(EXCHANGE.journal))
    assert all(row.balanced for row in EXCHANGE.reconcile(key))


@pytest.mark.parametrize("key", KEYS)
def test_a_session_and_what_was_sent_outlive_a_restart(key, tmp_path):
    clock = VirtualClock()
    first = Exchange.default(seed=7, clock=clock, store=SqliteStore(tmp_path / "a.db"))
    headers = login(key, first)
    first.close()
    second = Exchange.default(seed=7, clock=clock, store=SqliteStore(tmp_path / "a.db"))
    call = {"donthuoc": "submit", "ecds": "list", "identity": "withdraw"}.get(key, "")
    call = call or {"vinhlong": "whoami", "fhir_report": "logs"}[key]
    endpoint = gateway(key).endpoint(call)
    path = gateway(key).prefix + endpoint.path
    reply = second.handle(Request(endpoint.method, path, headers, "", b""))
    assert reply.status in (200, 400, 422)
    second.close()


@pytest.mark.parametrize("key", KEYS)
def test_a_locked_account_has_no_session_and_gets_none(key):
    exchange = Exchange.default(seed=7)
    headers = login(key, exchange)
    who = exchange.credentials("01001", key, username="BS01001" if key == "donthuoc" else "")
    exchange.lock_account(key, who.username)
    for name, endpoint in gateway(key).endpoints.items():
        if endpoint.auth == "bearer":
            path = gateway(key).prefix + endpoint.path
            reply = exchange.handle(Request(endpoint.method, path, headers, "", b"{}"))
            assert reply.status == 401, name
    assert login(key, exchange)["Authorization"] == "Bearer None"
