"""Verification never raises, and no byte can be changed without being seen."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from vnhealth.signing import SignatureReport, sign, verify
from vnhealth.signing._canonical import parse
from vnhealth.signing._certificates import read_certificate

DOCUMENT = (
    '<?xml version="1.0" encoding="utf-8"?>\r\n<GIAMDINHHS xmlns:xsi="urn:x">\r\n'
    " <A>Nguyễn</A>\r\n <CHUKYDONVI/>\r\n</GIAMDINHHS>\r\n"
).encode()


def canonical(document):
    tree = etree.fromstring(document).getroottree()
    return etree.tostring(tree, method="c14n", with_comments=False)


@pytest.fixture(scope="session")
def signed(signer):
    return sign(DOCUMENT, signer)


@pytest.mark.parametrize("flip", [0x01, 0x20, 0x80])
def test_every_flipped_byte_is_refused_or_means_the_same(flip, signed, signer, trust, at):
    original = canonical(verify(signed, trust=trust, at=at).covered)
    accepted = 0
    for place in range(0, len(signed), 2 if flip == 0x80 else 1):
        damaged = bytearray(signed)
        damaged[place] ^= flip
        report = verify(bytes(damaged), trust=trust, at=at)
        if report.status == "valid":
            accepted += 1
            assert canonical(report.covered) == original
            assert report.fingerprint == signer.fingerprint
    assert accepted < 20


def test_every_truncation_is_refused(signed, trust, at):
    whole = len(signed.rstrip())
    for length in range(0, whole, 7):
        assert verify(signed[:length], trust=trust, at=at).status == "malformed"


def test_the_parser_itself_refuses_a_doctype_and_endless_certificates():
    with pytest.raises(ValueError):
        parse(b"<!DOCTYPE a><a/>")
    with pytest.raises(ValueError):
        read_certificate(b"0" * 20_000)


@given(data=st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_arbitrary_bytes_give_a_report(data, trust, at):
    report = verify(data, trust=trust, at=at)
    assert isinstance(report, SignatureReport)
    assert report.status in ("malformed", "missing")


PIECES = [
    b"<GIAMDINHHS>", b"</GIAMDINHHS>", b"<CHUKYDONVI>", b"</CHUKYDONVI>", b"<CHUKYDONVI/>",
    b"<ds:Signature>", b'<Signature xmlns="http://www.w3.org/2000/09/xmldsig#">', b"</Signature>",
    b"</ds:Signature>", b"<SignedInfo>", b"</SignedInfo>", b"<!--", b"-->", b"<![CDATA[", b"]]>",
    b"<?x", b"?>", b"<!DOCTYPE", b">", b"<", b"'", b'"', b"&amp;", b"&", b"\x00", b"\xef\xbb\xbf",
    b"\xff\xfe", b'<?xml version="1.0" encoding="utf-16"?>', b" ", b"A", b"/", b"=",
]  # fmt: skip


@given(data=st.lists(st.sampled_from(PIECES), max_size=14).map(b"".join))
@settings(max_examples=100, deadline=None)
def test_shuffled_markup_gives_a_report(data, trust, at):
    report = verify(data, trust=trust, at=at)
    assert report.status != "valid"
    assert report.covered is None


@given(
    cuts=st.lists(st.tuples(st.integers(0, 3500), st.integers(0, 40)), min_size=1, max_size=3),
    piece=st.sampled_from(PIECES),
)
@settings(max_examples=100, deadline=None)
def test_mutated_signatures_give_a_report(cuts, piece, signed, trust, at):
    damaged = signed
    for start, length in cuts:
        damaged = damaged[:start] + piece + damaged[start + length :]
    report = verify(damaged, trust=trust, at=at)
    if report.status == "valid":
        expected = verify(signed, trust=trust, at=at).covered
        assert canonical(report.covered) == canonical(expected)
