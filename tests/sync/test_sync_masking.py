"""No password, token or patient value shows anywhere: repr, str, logs, errors, tracebacks."""

import json
import logging
import traceback

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vnhealth.protocol.vss import password_hash
from vnhealth.sync import Outcome, RawAnswer, SyncError
from vnhealth.sync._mask import mask_json, shape

NAME, KEY, CITIZEN, CARD = "NGUYỄN VĂN BÍ MẬT", "LKX9Z8Y7", "001090123456", "DN4010123456789"


class Recorder(logging.Handler):
    def __init__(self):
        super().__init__(logging.DEBUG)
        self.lines = []

    def emit(self, record):
        self.lines.append(f"{record.getMessage()} {record.args!r}")

    def __enter__(self):
        root = logging.getLogger()
        self.before = root.level
        root.addHandler(self)
        root.setLevel(logging.DEBUG)
        return self

    def __exit__(self, *_):
        root = logging.getLogger()
        root.removeHandler(self)
        root.setLevel(self.before)


def shown(thing):
    """Every text that a person or a log would see of a result."""
    yield repr(thing)
    yield str(thing)
    if isinstance(thing, Outcome):
        yield from (
            repr(thing.findings),
            thing.findings.to_json("vi"),
            thing.findings.to_json("en"),
        )
        yield from (f.text(lang) + f.hint(lang) for f in thing.findings for lang in ("vi", "en"))
        yield from map(repr, (*thing.findings, *thing.records, thing.raw))
        yield str(thing.raw)
        yield f"{thing.findings!r}{thing.records!r}{[thing]!r}"


def of_error(error):
    yield from (repr(error), str(error), error.message("vi"), error.message("en"))
    yield from (error.hint("vi"), error.hint("en"), repr(error.args), repr(error.params))
    yield "".join(traceback.format_exception(error))


SECRETS = st.sampled_from(["password", "hash", "access", "id", NAME, KEY, CITIZEN, CARD])


def echo(value, place, status):
    """Answers in which a careless gateway repeats what it was sent."""
    return {
        "code": (status, {"maKetQua": value, "code": value, "success": False}),
        "transaction": (status, {"maKetQua": "200", "maGiaoDich": value, "thongDiep": value}),
        "refused": (status, {"maKetQua": "205", "thongDiep": f"sai {value}"}),
        "key": (status, {"maKetQua": "205", value: {value: value}}),
        "envelope": (
            status,
            {
                "success": False,
                "code": "INVALID_REQUEST",
                "message": value,
                "data": {"tracking_id": value, "status": value, "received_at": value},
                "errors": [{"code": value, "message": value, "table": value, "field": value},
                           value],
                "warnings": value,
            },
        ),
        "result": (
            status,
            {
                "maKetQua": "200",
                "maGiaoDich": value,
                "trangThai": value,
                "thoiGianTiepNhan": value,
                "chuKy": value,
                "dsHoSo": [{"maLk": value, "trangThai": "TU_CHOI",
                            "dsLoi": [{"maLoi": value, "moTaLoi": value, "bang": value,
                                       "dong": value, "chiTieu": value, "mucDo": value}]}],
                "success": True, "code": "OK", "data": {"items": [{"ma_lk": value,
                "ma_cskcb": value, "status": value}], "total": 1},
                "dsKQGuiHosoNgay": [{"ngayGui": "03/08/2026", "maCSKCB": value,
                                     "loaiHoSo": value}],
            },
        ),
        "page": (status, f"<html><title>{value}</title><!-- {value} -->".encode()),
        "header": (status, b"", {"X-Request-Id": "R1", "Content-Type": f"text/{CITIZEN}"}),
    }[place]  # fmt: skip


PLACES = ["code", "transaction", "refused", "key", "envelope", "result", "page", "header"]


@settings(deadline=None)
@given(
    secret=SECRETS,
    place=st.sampled_from(PLACES),
    status=st.sampled_from([200, 202, 400, 401, 403, 404, 422, 429, 500, 503]),
    at_login=st.booleans(),
)
def test_an_echo_is_never_shown(make, secret, place, status, at_login):
    import datetime as dt

    named = {"password": make.password, "hash": password_hash(make.password)}
    named |= {"access": make.access, "id": make.id_token}
    value = named.get(secret, secret)
    hidden = [*named.values(), NAME, KEY, CITIZEN, CARD]
    xml = make.claim_file(ma_lk=KEY, name=NAME)
    day = dt.date(2026, 8, 3)
    face = make.Face(None)
    seen = []
    with Recorder() as log:
        for build, acts in (
            (
                face.vss,
                [
                    lambda c: c.submit(xml, edition="3176"),
                    lambda c: c.status(CITIZEN),
                    lambda c: c.status_of(KEY),
                    lambda c: c.reconciliation(day, day),
                ],
            ),
            (
                face.repository,
                [
                    lambda c: c.submit(xml),
                    lambda c: c.status(KEY),
                    lambda c: c.list_records(day, day),
                    lambda c: c.cancel(KEY, reason=NAME, request_id="1"),
                    lambda c: c.whoami(),
                ],
            ),
        ):
            for act in acts:
                script = make.Script()
                login = make.vss_login if build == face.vss else make.repository_login
                script.logins.append((200, login(expires_in=3600)))
                script.calls.append((200, b""))
                (script.logins if at_login else script.calls)[0] = echo(value, place, status)
                driven = build(script)
                try:
                    found = act(driven)
                except SyncError as error:
                    seen += of_error(error)
                else:
                    seen += [] if isinstance(found, str) else shown(found)
                gate = driven.client._gate
                seen += [repr(driven.client), repr(vars(gate)), repr(vars(gate.session))]
                seen.append(repr(vars(driven.client._driver)))
    text = "\n".join([*seen, *log.lines])
    assert [s for s in hidden if s in text] == []
    assert "MẬT" not in text


def test_the_log_tells_what_happened_without_values(face, script, make):
    script.calls.extend([(200, make.receipt()), httpx.ReadTimeout("x")])
    client = face.vss(script)
    with Recorder() as log:
        client.submit(make.claim_file(ma_lk=KEY), edition="3176")
        client.submit(make.claim_file(ma_lk=KEY), edition="3176")
    text = "\n".join(log.lines)
    assert "vss: login, session 1" in text
    assert "vss.claim_3176" in text
    assert "unknown after ERR-SYNC-04" in text
    assert KEY not in text


def test_the_raw_answer_is_kept_and_revealed_only_on_request(face, script, make):
    body = make.receipt("205", None, f"MA_LK {KEY} sai")
    script.calls.append((400, body, {"Content-Type": "application/json", "X-Request-Id": "R77"}))
    raw = face.vss(script).submit(make.claim_file(), edition="3176").raw
    assert isinstance(raw, RawAnswer)
    assert json.loads(raw.reveal()) == body
    assert json.loads(raw.text) == {**body, "thongDiep": "•••"}
    assert (raw.status, raw.request_id, raw.content_type) == (400, "R77", "application/json")
    assert KEY not in str(raw)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(value=JSON)
def test_masking_keeps_the_form_and_no_text(value):
    masked = mask_json(value)
    json.dumps(masked)
    texts = [masked] if isinstance(masked, str) else []
    assert all(text in ("", "•••") for text in texts)


@given(text=st.text())
def test_the_shape_of_a_text_has_no_letter_of_it(text):
    assert not any(char.isalpha() and char != "x" for char in shape(text))
    assert not any(char.isdecimal() and char != "9" for char in shape(text))


def test_deep_and_wide_answers_are_cut():
    deep = "x"
    for _ in range(50):
        deep = [deep]
    assert "•••" in str(mask_json(deep))
    assert len(mask_json({"n": list(range(100))})["n"]) == 20


def test_secrets_have_no_way_out(make):
    import copy
    import pickle

    client = make.Face(None).vss(make.Script()).client
    secret = client._gate.session.secret
    assert f"{secret}{secret!r}" == "••••••"
    for leave in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            leave(secret)
    assert make.password not in str(vars(client._gate))
    assert not hasattr(secret, "__dict__")
