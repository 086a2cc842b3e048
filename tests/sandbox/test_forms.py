"""What the gateways share when they read bodies: multipart, Base64, JSON objects, refusals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vnhealth.sandbox import Exchange, Request, Response
from vnhealth.sandbox._core import Answer
from vnhealth.sandbox._forms import (
    MAX_PARTS,
    Refused,
    bearer_account,
    from_base64,
    guarded,
    json_object,
    multipart,
    texts,
)
from vnhealth.sandbox._http import BadBody

HEAD = {"Content-Type": "multipart/form-data; boundary=----frontier"}


def request(body, head=HEAD):
    return Request("POST", "/", head, body=body)


def field(name, data, more=b""):
    disposition = b'Content-Disposition: form-data; name="' + name + b'"' + more
    return b"------frontier\r\n" + disposition + b"\r\n\r\n" + data + b"\r\n"


END = b"------frontier--\r\n"


@given(st.binary(max_size=200))
def test_any_bytes_of_a_file_come_back(data):
    body = field(b"a", b"1") + field(b"files", data, b'; filename="hoso.xml"') + END
    if b"\r\n------frontier" in b"\r\n" + data:
        return
    parts = multipart(request(body))
    assert (parts["files"].data, parts["files"].filename) == (data, "hoso.xml")
    assert (parts["a"].text, parts["a"].filename) == ("1", None)


@given(st.binary(max_size=120))
def test_no_body_breaks_the_reader(data):
    for body in (data, field(b"a", data) + END, b"------frontier" + data + b"\r\n" + END):
        try:
            multipart(request(body))
        except BadBody:
            continue


def test_names_without_quotes_and_a_quoted_boundary_as_dot_net_sends_them():
    head = {"Content-Type": 'multipart/form-data; boundary="----frontier"'}
    body = (
        b"------frontier\r\nContent-Type: text/xml\r\nContent-Disposition: form-data; name=files; "
        b"filename=hoso.xml; filename*=utf-8''hoso.xml\r\n\r\n<A/>\r\n------frontier--\r\n"
    )
    part = multipart(request(body, head))["files"]
    assert (part.data, part.filename) == (b"<A/>", "hoso.xml")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x",
        field(b"a", b"1"),
        b"------frontier\r\nContent-Disposition: form-data\r\n\r\n1\r\n" + END,
        b"------frontier\r\nno blank line\r\n" + END,
        field(b"a", b"1") * (MAX_PARTS + 1) + END,
    ],
)
def test_bodies_that_are_none(body):
    with pytest.raises(BadBody):
        multipart(request(body))


def test_as_many_parts_as_allowed():
    body = b"".join(field(b"n%d" % n, b"1") for n in range(MAX_PARTS)) + END
    assert len(multipart(request(body))) == MAX_PARTS


@pytest.mark.parametrize("kind", ["", "application/json", "multipart/form-data"])
def test_another_content_type_is_refused(kind):
    with pytest.raises(BadBody):
        multipart(request(field(b"a", b"1") + END, {"Content-Type": kind}))


@pytest.mark.parametrize("coded", ["", "a b=", "YQ", "€", b"\xff", "\n"])
def test_what_is_no_base64(coded):
    with pytest.raises(BadBody):
        from_base64(coded)


def test_base64_may_stand_in_lines():
    assert from_base64("Y\r\nQ==\n") == from_base64(b"YQ==") == b"a"


@pytest.mark.parametrize("body", [b"[]", b"1", b"{", b"\xff"])
def test_only_an_object_is_an_object(body):
    with pytest.raises(BadBody):
        json_object(request(body))


def test_texts_leave_other_values_out():
    assert texts({"a": 1, "b": True, "c": {}, "d": "x", "e": "ô".encode()}) == {"d": "x", "e": "ô"}


def test_refusals_become_answers():
    def refusal(code, detail):
        return Answer(Response(400), f"{code} {detail}")

    def raising(error):
        def handler(call):
            raise error

        return guarded(handler, refusal, "BAD")(None).code

    assert raising(BadBody()) == "BAD "
    assert raising(Refused("403", "maCSKCB")) == "403 maCSKCB"


@pytest.mark.parametrize(
    ("gateway", "scheme", "known"),
    [
        ("province", "Bearer ", True),
        ("province", "bearer ", True),
        ("province", "Basic ", False),
        ("national", "Bearer ", False),
        ("province", "", False),
    ],
)
def test_a_bearer_token_belongs_to_one_gateway(caller, exchange: Exchange, gateway, scheme, known):
    token = caller("province").headers["Authorization"].removeprefix("Bearer ")
    sent = Request("POST", "/", {"Authorization": scheme + token})
    account = bearer_account(exchange._core, gateway, sent)
    assert (account.scope if account else None) == ("01001" if known else None)
