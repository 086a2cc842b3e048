"""Whatever is sent to the insurance gateway, it answers in its own form and never breaks."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vnhealth.protocol import gateway, vss
from vnhealth.protocol.vss_driver import fields as driver_fields
from vnhealth.sandbox import Exchange, Request, Settings

CALLS = gateway("vss").endpoints
FIRST_KEY = {"gksk": "MSG_STATE"}
NAMES = (
    *("username", "loaiHoSo", "maTinh", "maCSKCB", "fileHSBase64", "fileHS", "FileHoSoJson"),
    *("maThe", "hoTen", "ngaySinh", "hoTenCb", "cccdCb", "gioiTinh", "ngayBD", "ngayKT"),
    *("tuNgay", "denNgay", "ngayGui", "maGiaoDich", "maLk", "maHoSo", "maDotGD", "nam", "thang"),
    *("loaiQT", "giaTri", "token", "id_token", "password"),
    *driver_fields(),
)
WORDS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["3", "130", "12", "0", "01", "01001", "03/08/2026", "2026", "9999999000"]),
    st.sampled_from(["00012/GKSKLX/01001/26", "ADD", "EDIT", "PEdLU0svPg==", "[60]", '"PGEvPg=="']),
    st.sampled_from(["001090990001", "Trần Văn Tra Cứu", "01001202608", "9999990000"]),
)
VALUES = st.one_of(
    WORDS, st.just("\ud800"), st.integers(), st.booleans(), st.none(), st.lists(WORDS, max_size=2)
)
OBJECTS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=12)
FORMS = st.dictionaries(st.sampled_from(NAMES), WORDS, max_size=12)
BODIES = st.one_of(
    st.binary(max_size=40),
    OBJECTS.map(lambda value: json.dumps(value).encode()),
    FORMS.map(vss.encode_form),
    st.lists(st.integers(0, 300), max_size=5).map(lambda value: json.dumps(value).encode()),
)
KINDS = st.sampled_from(
    ["application/json", vss.FORM_CONTENT_TYPE, "text/xml", "multipart/form-data; boundary=x", ""]
)


@pytest.fixture(scope="module")
def open_gateway(module_caller):
    """A sandbox with the old functions, and everything that a session needs anywhere."""
    exchange = Exchange.default(seed=7, settings=Settings(historic=True, month_window=True))
    driver = exchange.credentials("01001", username="01001_HSSK")
    caller = module_caller(exchange, "vss").login()
    headers = {
        **caller.headers,
        "Username": driver.username,
        "Password": vss.password_hash(driver.password),
    }
    return exchange, headers, caller.session()


@pytest.mark.parametrize("name", CALLS)
@given(body=BODIES, kind=KINDS, more=FORMS)
def test_every_call_answers_anything_in_its_own_form(open_gateway, name, body, kind, more):
    exchange, headers, query = open_gateway
    path = "/vss" + CALLS[name].path.replace("{maGiaoDich}", "x")
    words = vss.encode_form({**more, **query}).decode()
    sent = Request(CALLS[name].method, path, {**headers, "Content-Type": kind}, words, body)
    reply = exchange.handle(sent)
    assert reply.status < 500
    assert next(iter(reply.json())) == FIRST_KEY.get(name, "maKetQua")


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(("code", "status"), [("500", 500), ("401", None), ("777", 503)])
def test_the_fault_plan_refuses_in_the_form_of_each_call(open_gateway, name, code, status):
    answer = open_gateway[0].front("vss").refuse(CALLS[name], code, status)
    assert answer.code == code
    assert answer.response.status == (status or 401)
    first, value = next(iter(answer.response.json().items()))
    assert (first, value) == (("MSG_STATE", "0") if name == "gksk" else ("maKetQua", code))
