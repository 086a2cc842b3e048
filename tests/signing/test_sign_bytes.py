"""Signing changes nothing outside CHUKYDONVI, and refuses what it cannot sign well."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from vnhealth.errors import SignatureError
from vnhealth.signing import VSS, CallbackSigner, sign, verify

PLAIN = b"<GIAMDINHHS><A>1</A><CHUKYDONVI/></GIAMDINHHS>"


def codec_of(document):
    if document.startswith(b"\xff\xfe"):
        return "utf-16-le"
    return "utf-16-be" if document.startswith(b"\xfe\xff") else "latin-1"


def outside(text):
    """The text before and after CHUKYDONVI, at its last place in the document."""
    start = max(text.rfind("<CHUKYDONVI"), text.rfind("<n:CHUKYDONVI"))
    end = text.rfind("CHUKYDONVI")
    return text[:start], text[text.index(">", end) + 1 :]


def test_every_byte_outside_the_holder_stays(shape, document, signer, trust, at):
    signed = sign(document, signer)
    codec = codec_of(document)
    before, after = outside(signed.decode(codec))
    original = document.decode(codec)
    assert original.startswith(before)
    assert original.endswith(after)
    between = original[len(before) : len(original) - len(after)]
    if shape in ("missing_holder", "prefixed", "around_root"):
        assert between == ""
    else:
        assert between.startswith("<CHUKYDONVI")
        assert between.endswith((">", "</CHUKYDONVI>"))
    assert verify(signed, trust=trust, at=at).status == "valid"


def test_an_opened_holder_keeps_its_attributes(signer):
    signed = sign(b"<GIAMDINHHS><A/><CHUKYDONVI  a='1'  /></GIAMDINHHS>", signer)
    assert b"<CHUKYDONVI  a='1'><ds:Signature" in signed


def test_a_missing_holder_is_made_with_the_prefix_of_the_root(documents, signer):
    signed = sign(documents["prefixed"], signer)
    assert signed.endswith(b"</ds:Signature></n:CHUKYDONVI></n:GIAMDINHHS>")


def test_a_profile_may_forbid_making_the_holder(documents, signer):
    with pytest.raises(SignatureError) as caught:
        sign(documents["missing_holder"], signer, profile=replace(VSS, create_holder=False))
    assert caught.value.code == "ERR-SIGN-04"


def test_the_signature_has_the_recorded_form(signer):
    root = etree.fromstring(sign(PLAIN, signer))
    assert root[-1].tag == "CHUKYDONVI"
    (signature,) = root[-1]
    ns = {"d": "http://www.w3.org/2000/09/xmldsig#"}
    algorithms = [str(a) for a in signature.xpath(".//@Algorithm")]
    assert algorithms == [
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
        "http://www.w3.org/2001/04/xmlenc#sha256",
    ]
    assert [str(uri) for uri in signature.xpath(".//@URI")] == [""]
    assert len(signature.findall("d:KeyInfo/d:X509Data/d:X509Certificate", ns)) == 1


def test_the_same_document_and_key_give_the_same_bytes(document, signer):
    assert sign(document, signer) == sign(document, signer)


def test_the_canonical_promise_saves_work_but_changes_nothing(document, shape, signer):
    if shape in (
        "declared",
        "crlf",
        "bom",
        "quotes",
        "blank_holder",
        "missing_holder",
        "reference",
    ):
        document = etree.tostring(etree.fromstring(document), method="c14n")
    assert sign(document, signer, canonical=True) == sign(document, signer)


def test_a_broken_canonical_promise_does_not_verify(signer, trust, at):
    signed = sign(
        b"<GIAMDINHHS><A b='1'/><CHUKYDONVI></CHUKYDONVI></GIAMDINHHS>", signer, canonical=True
    )
    report = verify(signed.replace(b"b='1'", b'b="1"'), trust=trust, at=at)
    assert report.status == "digest_mismatch"


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (b"", "ERR-SIGN-02"),
        (b"GIAMDINHHS", "ERR-SIGN-02"),
        (b"<GIAMDINHHS><A></GIAMDINHHS>", "ERR-SIGN-02"),
        (b"<GIAMDINHHS><A>\xff</A></GIAMDINHHS>", "ERR-SIGN-02"),
        (b"<GIAMDINHHS><!-- <A/></GIAMDINHHS>", "ERR-SIGN-02"),
        (b"<GIAMDINHHS><CHUKYDONVI></GIAMDINHHS>", "ERR-SIGN-02"),
        (b"<GIAMDINHHS><CHUKYDONVI a='</GIAMDINHHS>", "ERR-SIGN-02"),
        (b"<GIAMDINHHS a='1", "ERR-SIGN-02"),
        (b"</GIAMDINHHS>", "ERR-SIGN-02"),
        (b"<GIAMDINHHS><A/></B>", "ERR-SIGN-02"),
        (b"<!DOCTYPE GIAMDINHHS><GIAMDINHHS></GIAMDINHHS>", "ERR-SIGN-02"),
        (b"<GIAMDINHHS><!ENTITY a 'b'></GIAMDINHHS>", "ERR-SIGN-02"),
        (b'<?xml version="1.1"?><GIAMDINHHS></GIAMDINHHS>', "ERR-SIGN-02"),
        (b'<?xml version="1.0" encoding="utf-16"?><GIAMDINHHS></GIAMDINHHS>', "ERR-SIGN-02"),
        (b'<?xml version="1.0" encoding="utf-7"?><GIAMDINHHS></GIAMDINHHS>', "ERR-SIGN-02"),
        (b'<?xml version="1.0" encoding="shift_jis"?><GIAMDINHHS></GIAMDINHHS>', "ERR-SIGN-02"),
        (b'<?xml version="1.0" encoding="none-such"?><GIAMDINHHS></GIAMDINHHS>', "ERR-SIGN-02"),
        (b'\xef\xbb\xbf<?xml version="1.0" encoding="cp1252"?><GIAMDINHHS/>', "ERR-SIGN-02"),
        ('\ufeff<?xml version="1.0" encoding="utf-8"?><A/>'.encode("utf-16-le"), "ERR-SIGN-02"),
        (b"\xff\xfe<\x00a", "ERR-SIGN-02"),
        ("<GIAMDINHHS></GIAMDINHHS>".encode("utf-16-le"), "ERR-SIGN-02"),
        ('<?xml version="1.0"?><GIAMDINHHS></GIAMDINHHS>'.encode("utf-16-be"), "ERR-SIGN-02"),
        (b'<GIAMDINHHS xmlns:a="rel"><CHUKYDONVI a:b=""/></GIAMDINHHS>', "ERR-SIGN-02"),
        (b"<GIAMDINHHS/>", "ERR-SIGN-04"),
        (b"<html><CHUKYDONVI/></html>", "ERR-SIGN-04"),
        (b"<GIAMDINHHS><CHUKYDONVI/><A/></GIAMDINHHS>", "ERR-SIGN-04"),
        (b"<GIAMDINHHS><CHUKYDONVI/><CHUKYDONVI/></GIAMDINHHS>", "ERR-SIGN-04"),
        (b"<GIAMDINHHS><A><CHUKYDONVI/></A></GIAMDINHHS>", "ERR-SIGN-04"),
        (b"<GIAMDINHHS><CHUKYDONVI>x</CHUKYDONVI></GIAMDINHHS>", "ERR-SIGN-04"),
        (b"<GIAMDINHHS><CHUKYDONVI><?p?>x</CHUKYDONVI></GIAMDINHHS>", "ERR-SIGN-04"),
        (b"<GIAMDINHHS><CHUKYDONVI><A/></CHUKYDONVI></GIAMDINHHS>", "ERR-SIGN-04"),
    ],
)
def test_what_cannot_be_signed_is_refused(document, code, signer):
    with pytest.raises(SignatureError) as caught:
        sign(document, signer)
    assert caught.value.code == code
    assert caught.value.message("vi") != caught.value.message("en")


def test_a_canonical_promise_does_not_skip_the_namespaces_in_scope(signer):
    with pytest.raises(SignatureError) as caught:
        sign(
            b'<GIAMDINHHS xmlns:a="rel"><CHUKYDONVI></CHUKYDONVI></GIAMDINHHS>',
            signer,
            canonical=True,
        )
    assert caught.value.code == "ERR-SIGN-02"


def test_a_signed_document_is_not_signed_twice(signer):
    with pytest.raises(SignatureError) as caught:
        sign(sign(PLAIN, signer), signer)
    assert caught.value.code == "ERR-SIGN-03"


def test_a_document_above_the_limit_is_refused(signer):
    with pytest.raises(SignatureError) as caught:
        sign(PLAIN, signer, profile=replace(VSS, max_bytes=20))
    assert caught.value.code == "ERR-SIGN-02"


def test_an_answer_by_the_wrong_key_is_never_written(signer, stranger):
    with pytest.raises(SignatureError) as caught:
        sign(PLAIN, CallbackSigner(signer.certificate, stranger.sign))
    assert caught.value.code == "ERR-SIGN-06"


TRAPS = st.sampled_from(
    [
        "<!-- <CHUKYDONVI/> -->",
        "<!-- <ds:Signature> ' -->",
        "<![CDATA[</GIAMDINHHS><CHUKYDONVI>]]>",
        "<![CDATA[<!-- <Signature>]]>",
        "<?p <CHUKYDONVI> ?>",
        "<B c='>' d='--&gt; /'/>",
        "<SignatureX/>",
        "<CHUKYDONVI2>x</CHUKYDONVI2>",
        "x ]] > --> '",
        "<N><CHUKYDONVI/></N>",
        "&#60;CHUKYDONVI&#62;",
        "\r\n",
    ]
)


@given(
    before=st.lists(TRAPS, max_size=4).map("".join),
    holder=st.sampled_from(["", "<CHUKYDONVI/>", "<CHUKYDONVI\n></CHUKYDONVI >"]),
    after=st.sampled_from(["", "\n", "<!-- </CHUKYDONVI> -->", "<?q </GIAMDINHHS> ?>"]),
    end=st.sampled_from(["", "\n<!-- </GIAMDINHHS> -->\n", "<?r <CHUKYDONVI/> ?>"]),
)
@settings(max_examples=100, deadline=None)
def test_no_look_alike_misleads_the_search(before, holder, after, end, signer, trust, at):
    head, tail = f"<GIAMDINHHS>{before}", f"{after}</GIAMDINHHS>{end}"
    document = (head + holder + tail).encode()
    if "<N>" in before and not holder:
        with pytest.raises(SignatureError, match="ERR-SIGN-04"):
            sign(document, signer)
        return
    signed = sign(document, signer)
    report = verify(signed, trust=trust, at=at)
    assert report.status == "valid"
    children = [child.tag for child in etree.fromstring(report.covered).iterchildren("*")]
    assert children[-1] == "CHUKYDONVI"
    if holder:
        assert signed.startswith((head + "<CHUKYDONVI").encode())
        assert signed.endswith(tail.encode())
    else:
        assert signed.startswith((head + after + "<CHUKYDONVI>").encode())


@given(
    text=st.text(
        st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="<>&\ufffe\uffff"),
        max_size=40,
    ),
    space=st.text("\r\n\t ", max_size=5),
    attribute=st.text(st.sampled_from("ab '>é/"), max_size=8),
)
@settings(max_examples=60, deadline=None)
def test_any_content_survives_and_verifies(text, space, attribute, signer, trust, at):
    document = (
        f'<GIAMDINHHS a="{attribute}">{space}<A>{text}</A>{space}<CHUKYDONVI/>{space}</GIAMDINHHS>'
    ).encode()
    signed = sign(document, signer)
    report = verify(signed, trust=trust, at=at)
    assert report.status == "valid"
    assert report.covered == document.replace(b"<CHUKYDONVI/>", b"<CHUKYDONVI></CHUKYDONVI>")
