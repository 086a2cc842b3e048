"""Wrapping attacks: a right signature that covers something else than what will be read."""

import base64

import pytest

from vnhealth.signing import _profile as p
from vnhealth.signing import sign, verify

PLAIN = b"<GIAMDINHHS><A>1</A><CHUKYDONVI></CHUKYDONVI></GIAMDINHHS>"


@pytest.fixture
def status(trust, at):
    def check(document):
        report = verify(document, trust=trust, at=at)
        assert report.covered is None
        return report.status.value

    return check


@pytest.fixture(scope="session")
def signature(signer):
    signed = sign(PLAIN, signer)
    return signed[signed.index(b"<ds:Signature") : signed.index(b"</CHUKYDONVI>")]


@pytest.mark.parametrize(
    "change",
    [
        {"uri": ' URI="#a"'},
        {"uri": ' URI="#xpointer(/)"'},
        {"uri": ' URI="http://127.0.0.1/a.xml"'},
        {"uri": ""},
        {"references": 2},
        {"transforms": (p.ENVELOPED, "http://www.w3.org/TR/1999/REC-xslt-19991116")},
        {"transforms": (p.ENVELOPED, "http://www.w3.org/TR/1999/REC-xpath-19991116", p.C14N)},
        {"transforms": (p.ENVELOPED, "http://www.w3.org/2002/06/xmldsig-filter2", p.C14N)},
        {"transforms": (p.ENVELOPED, "http://www.w3.org/2000/09/xmldsig#base64")},
        {"transforms": (p.ENVELOPED, p.C14N, p.C14N)},
        {"transforms": (p.C14N,)},
        {"transforms": ()},
        {"inner": "<XPath>//A</XPath>"},
        {"extra": '<Object Id="a"><GIAMDINHHS><A>9</A></GIAMDINHHS></Object>'},
        {"template": "<GIAMDINHHS>{signature}{body}<CHUKYDONVI></CHUKYDONVI></GIAMDINHHS>"},
        {"template": "<GIAMDINHHS>{body}<CHUKYDONVI><A>{signature}</A></CHUKYDONVI></GIAMDINHHS>"},
        {"template": "<GIAMDINHHS>{body}<CHUKYDONVI><A/>{signature}</CHUKYDONVI></GIAMDINHHS>"},
        {"template": "<GIAMDINHHS>{body}<CHUKYDONVI>x{signature}</CHUKYDONVI></GIAMDINHHS>"},
        {"template": "<GIAMDINHHS><CHUKYDONVI>{signature}</CHUKYDONVI>{body}</GIAMDINHHS>"},
        {"template": "<GIAMDINHHS><B>{body}<CHUKYDONVI>{signature}</CHUKYDONVI></B></GIAMDINHHS>"},
        {"template": "<GIAMDINHHS>{body}{signature}</GIAMDINHHS>"},
        {"template": "<other>{body}<CHUKYDONVI>{signature}</CHUKYDONVI></other>"},
        {"template": "<GIAMDINHHS><CHUKYDONVI/><CHUKYDONVI>{signature}</CHUKYDONVI></GIAMDINHHS>"},
    ],
)  # fmt: skip
def test_a_right_signature_in_a_dangerous_form_is_wrapping(change, forge, status):
    assert status(forge(**change)) == "wrapping"


def test_two_signatures(signature, status):
    document = PLAIN.replace(b"</CHUKYDONVI>", signature + signature + b"</CHUKYDONVI>")
    assert status(document) == "wrapping"


def test_two_signatures_in_two_places(signature, status):
    document = PLAIN.replace(b"</CHUKYDONVI>", signature + b"</CHUKYDONVI>")
    assert status(document.replace(b"</A>", signature + b"</A>")) == "wrapping"


def test_the_signed_document_moved_below_a_false_one(signer, status):
    signed = sign(PLAIN, signer)
    wrapped = b"<GIAMDINHHS><A>9</A>" + signed + b"<CHUKYDONVI></CHUKYDONVI></GIAMDINHHS>"
    assert status(wrapped) == "wrapping"


def test_the_signed_document_moved_into_the_holder_of_a_false_one(signer, status):
    signed = sign(PLAIN, signer)
    wrapped = b"<GIAMDINHHS><A>9</A><CHUKYDONVI>" + signed + b"</CHUKYDONVI></GIAMDINHHS>"
    assert status(wrapped) in ("wrapping", "malformed")


def test_the_signature_moved_into_another_document(signature, status):
    other = b"<GIAMDINHHS><A>9</A><CHUKYDONVI>" + signature + b"</CHUKYDONVI></GIAMDINHHS>"
    assert status(other) == "digest_mismatch"


def test_a_signature_hidden_from_the_tree_does_not_count(signature, status):
    for opener, closer in ((b"<!--", b"-->"), (b"<![CDATA[", b"]]>"), (b"<?p ", b"?>")):
        holder = b"<CHUKYDONVI>" + opener + signature + closer + b"</CHUKYDONVI>"
        document = PLAIN.replace(b"<CHUKYDONVI></CHUKYDONVI>", holder)
        assert status(document) in ("missing", "malformed")


def test_a_holder_hidden_from_the_tree_does_not_count(signature, status):
    fake = b"<CHUKYDONVI>" + signature + b"</CHUKYDONVI>"
    hidden = b"<GIAMDINHHS><A>1</A><!-- " + fake + b" --><CHUKYDONVI></CHUKYDONVI></GIAMDINHHS>"
    assert status(hidden) == "missing"


def test_a_signature_element_of_another_namespace_beside_the_right_one(signature, status):
    document = PLAIN.replace(b"</CHUKYDONVI>", signature + b"</CHUKYDONVI>")
    assert status(document.replace(b"<A>", b"<Signature/><A>")) == "wrapping"


@pytest.mark.parametrize("certificates", [0, 9])
def test_too_few_or_too_many_certificates(certificates, forge, status, signer):
    one = f"<X509Certificate>{base64.b64encode(signer.certificate).decode()}</X509Certificate>"
    key_info = f"<X509Data>{one * certificates}</X509Data>"
    assert status(forge(key_info=key_info)) == "malformed"


def test_a_key_value_without_certificate_is_never_used(forge, status):
    numbers = "<Modulus>AQAB</Modulus><Exponent>AQAB</Exponent>"
    key = f"<KeyValue><RSAKeyValue>{numbers}</RSAKeyValue></KeyValue>"
    assert status(forge(key_info=key)) == "malformed"


def test_other_key_hints_beside_the_certificate_are_ignored(forge, trust, at, signer):
    one = f"<X509Certificate>{base64.b64encode(signer.certificate).decode()}</X509Certificate>"
    hints = (
        "<KeyName>x</KeyName><KeyValue><RSAKeyValue><Modulus>AQAB</Modulus>"
        "<Exponent>AQAB</Exponent></RSAKeyValue></KeyValue>"
        f"<X509Data><X509SubjectName>CN=x</X509SubjectName>{one}</X509Data>"
    )
    assert verify(forge(key_info=hints), trust=trust, at=at).status == "valid"
