"""Every status of a verification, its permanent code, and what is handed out as covered."""

import datetime as dt
import json
import re
from dataclasses import replace

import pytest
from lxml import etree

from vnhealth.errors import SignatureError
from vnhealth.localtime import ICT
from vnhealth.signing import VSS, SignatureProfile, TrustStore, sign, verify
from vnhealth.signing import _profile as p

PLAIN = b"<GIAMDINHHS><A>1</A><CHUKYDONVI></CHUKYDONVI></GIAMDINHHS>"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"


@pytest.fixture(scope="session")
def signed(signer):
    return sign(PLAIN, signer)


@pytest.fixture
def status(trust, at):
    def check(document, **more):
        arguments = {"trust": trust, "at": at, **more}
        report = verify(document, **arguments)
        assert (report.covered is None) is (report.status != "valid")
        assert report.findings[0].tag == "CHUKYDONVI"
        return report.status.value, report.code

    return check


def test_valid(signed, signer, trust, at):
    report = verify(signed, trust=trust, at=at)
    assert (report.status, report.code, report.trusted) == ("valid", "SIGN-14", True)
    assert report.covered == PLAIN
    assert report.certificate == signer.certificate
    assert report.fingerprint == signer.fingerprint
    assert "MA_CSKCB:79001" in report.subject
    assert "TEST CA" in report.issuer
    assert report.not_before <= at <= report.not_after
    assert report.findings.ok
    report.raise_for_status()


def test_covered_is_the_document_without_signature_and_comments(shape, document, signer, trust, at):
    signed = sign(document, signer)
    report = verify(signed, trust=trust, at=at)
    assert report.status == "valid"
    has_comment = shape in ("inner_comment", "around_root")
    assert ("SIGN-13" in report.findings.codes) is has_comment
    if not shape.startswith("utf16"):
        assert b"Signature" not in report.covered
        assert b"<!--" not in report.covered
        expected = re.sub(rb"<ds:Signature.*</ds:Signature>", b"", signed, flags=re.DOTALL)
        assert report.covered == re.sub(rb"<!--.*?-->", b"", expected)
    canonical = {"method": "c14n", "with_comments": False}
    tree = etree.fromstring(signed).getroottree()
    (signature,) = tree.xpath("//*[local-name()='Signature']")
    signature.getparent().text = (signature.getparent().text or "") + (signature.tail or "")
    signature.getparent().remove(signature)
    again = etree.fromstring(report.covered).getroottree()
    assert etree.tostring(again, **canonical) == etree.tostring(tree, **canonical)


@pytest.mark.parametrize(
    "document",
    [
        b"<GIAMDINHHS><A/><CHUKYDONVI/></GIAMDINHHS>",
        b"<GIAMDINHHS><A/><CHUKYDONVI> \n</CHUKYDONVI></GIAMDINHHS>",
        b"<GIAMDINHHS><A/></GIAMDINHHS>",
        b"<GIAMDINHHS/>",
        b"<GIAMDINHHS><!-- <ds:Signature/> --></GIAMDINHHS>",
    ],
)
def test_missing(document, status):
    assert status(document) == ("missing", "SIGN-01")


def test_an_unsigned_file_is_a_warning_not_an_error(trust, at):
    findings = verify(b"<GIAMDINHHS/>", trust=trust, at=at).findings
    assert findings.ok
    assert findings.counts()["warning"] == 1


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"\x00",
        b"no xml",
        b"<GIAMDINHHS><A></GIAMDINHHS>",
        b"<GIAMDINHHS><CHUKYDONVI>MIIB</CHUKYDONVI></GIAMDINHHS>",
        b"<GIAMDINHHS><CHUKYDONVI><A/></CHUKYDONVI></GIAMDINHHS>",
        b"<GIAMDINHHS><CHUKYDONVI><Signature/></CHUKYDONVI></GIAMDINHHS>",
        b"<GIAMDINHHS><CHUKYDONVI><Signature></CHUKYDONVI></GIAMDINHHS>",
        b"<GIAMDINHHS><CHUKYDONVI><Signature></Signature></CHUKYDONVI></GIAMDINHHS>",
        b'<!DOCTYPE a [<!ENTITY x "y">]><GIAMDINHHS>&x;<CHUKYDONVI/></GIAMDINHHS>',
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1/x"><GIAMDINHHS/>',
        b"<GIAMDINHHS><A>" + b"9" * 11_000_000 + b"</A></GIAMDINHHS>",
        b"<A>" * 400 + b"</A>" * 400,
    ],
)
def test_malformed(document, status):
    assert status(document) == ("malformed", "SIGN-02")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (rb"<ds:KeyInfo>.*</ds:KeyInfo>", b""),
        (rb"<ds:X509Certificate>.*</ds:X509Certificate>", b""),
        (rb"(<ds:X509Certificate>)[^<]*", rb"\1AAAA"),
        (rb"(<ds:X509Certificate>.*</ds:X509Certificate>)", rb"\1" * 9),
        (rb"(<ds:SignatureValue>)[^<]*", rb"\1*"),
        (rb"<ds:SignatureValue>", "<ds:SignatureValue>é".encode()),
        (rb"<ds:SignatureValue>", b"<ds:SignatureValue><!-- -->"),
        (rb"<ds:SignatureValue>", b"<ds:SignatureValue><b/>"),
        (rb"<ds:SignatureValue>", b"x<ds:SignatureValue>"),
        (rb"<ds:SignedInfo>", b"x<ds:SignedInfo>"),
        (rb"<ds:SignedInfo>.*</ds:SignedInfo>", b""),
        (rb"<ds:SignedInfo>.*</ds:SignedInfo>", b"<ds:SignedInfo/>"),
        (rb"<ds:Reference.*</ds:Reference>", b""),
        (rb"<ds:DigestValue>.*</ds:DigestValue>", b""),
        (rb"<ds:Transforms>", b"<ds:Transforms><ds:Other/>"),
        (rb"<GIAMDINHHS>", b"<GIAMDINHHS xmlns:x='rel'>"),
        (rb"<ds:SignedInfo>", b"<ds:SignedInfo xmlns:x='rel'>"),
        (rb"xmldsig#\">", b"other#\">"),
        (rb"<ds:Signature xmlns:ds", b"<ds:Signature xmlns:xx"),
    ],
)  # fmt: skip
def test_a_signature_of_another_shape_is_malformed(old, new, signed, status):
    changed, count = re.subn(old, new, signed, count=1, flags=re.DOTALL)
    assert count == 1
    assert status(changed) == ("malformed", "SIGN-02")


def test_slack_bits_of_base64_are_not_tolerated(signed, status):
    (value,) = re.findall(rb"<ds:SignatureValue>(.*)</ds:SignatureValue>", signed)
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    assert value.endswith(b"==")
    sibling = alphabet[alphabet.index(value[-3]) ^ 1 :][:1]
    changed = signed.replace(value, value[:-3] + sibling + b"==")
    assert status(changed) == ("malformed", "SIGN-02")


@pytest.mark.parametrize("width", [64, 76])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"&#13;\n"])
def test_wrapped_base64_outside_the_signed_parts_is_accepted(width, end, signed, status):
    def wrap(found):
        value = found[2]
        return found[1] + end.join(value[i : i + width] for i in range(0, len(value), width)) + end

    pattern = rb"(<ds:(?:SignatureValue|X509Certificate)>)([^<]*)"
    assert status(re.sub(pattern, wrap, signed)) == ("valid", "SIGN-14")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<A>1</A>", b"<A>2</A>"),
        (b"<A>1</A>", b"\n  <A>1</A>"),
        (b"<A>1</A>", b"<A>1 </A>"),
        (b"<A>1</A>", b"<A b=''>1</A>"),
        (b"<A>1</A>", b"<A><?p?>1</A>"),
        (b"<GIAMDINHHS>", b"<GIAMDINHHS xmlns:x='urn:x'>"),
        (b"<CHUKYDONVI>", b"<CHUKYDONVI>\n"),
        (b"</CHUKYDONVI>", b"\n</CHUKYDONVI>"),
        (b"<A>1</A>", b"<A>1</A><!-- --><B/>"),
    ],
)
def test_a_changed_document_is_a_digest_mismatch(old, new, signed, status):
    assert signed.count(old) == 1
    assert status(signed.replace(old, new)) == ("digest_mismatch", "SIGN-03")


def test_re_indenting_after_signing_breaks_the_digest(signed, status):
    tree = etree.fromstring(signed)
    etree.indent(tree, space="  ")
    assert status(etree.tostring(tree)) == ("digest_mismatch", "SIGN-03")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<A>1</A>", b"<A>&#49;</A>"),
        (b"<A>1</A>", b"<A ><![CDATA[1]]></A  >"),
        (b"<GIAMDINHHS>", b'<?xml version="1.0" encoding="UTF-8"?>\n\n<GIAMDINHHS>'),
        (b"<GIAMDINHHS>", b"\xef\xbb\xbf<GIAMDINHHS>"),
    ],
)
def test_a_change_that_canonical_xml_ignores_stays_valid(old, new, signed, status):
    assert status(signed.replace(old, new)) == ("valid", "SIGN-14")


def test_a_comment_slipped_into_a_value_is_not_part_of_what_is_trusted(signed, trust, at):
    twelve = sign_like(signed)
    report = verify(twelve, trust=trust, at=at)
    assert report.status == "valid"
    assert report.covered == PLAIN
    assert "SIGN-13" in report.findings.codes


def sign_like(signed):
    return signed.replace(b"<A>1</A>", b"<A><!-- 9 -->1<!-- 0 --></A>")


def test_another_declared_encoding_is_not_believed(signer, trust, at):
    signed = sign("<GIAMDINHHS><A>é</A><CHUKYDONVI></CHUKYDONVI></GIAMDINHHS>".encode(), signer)
    assert verify(signed, trust=trust, at=at).status == "valid"
    relabelled = b'<?xml version="1.0" encoding="windows-1252"?>' + signed
    assert verify(relabelled, trust=trust, at=at).status == "digest_mismatch"
    assert verify(b"\xef\xbb\xbf" + relabelled, trust=trust, at=at).status == "malformed"


def test_a_signature_by_another_key_is_a_signature_mismatch(forge, stranger, status):
    assert status(forge(sign=stranger.sign)) == ("signature_mismatch", "SIGN-04")


def test_a_changed_signed_info_is_a_signature_mismatch(signed, status):
    changed = signed.replace(b"<ds:SignedInfo>", b"<ds:SignedInfo Id='a'>")
    assert status(changed) == ("signature_mismatch", "SIGN-04")


def test_a_namespace_slipped_between_root_and_signature_is_seen(forge, status):
    assert status(forge()) == ("valid", "SIGN-14")
    changed = forge().replace(b"<CHUKYDONVI>", b"<CHUKYDONVI xmlns:x='urn:x'>")
    assert status(changed) == ("digest_mismatch", "SIGN-03")


def test_a_stranger_is_an_unknown_certificate(stranger, status, trust, at):
    assert status(sign(PLAIN, stranger)) == ("unknown_certificate", "SIGN-05")
    assert status(sign(PLAIN, stranger), trust=TrustStore()) == ("unknown_certificate", "SIGN-05")
    report = verify(sign(PLAIN, stranger), trust=trust, at=at)
    assert report.fingerprint == stranger.fingerprint


def test_without_a_trust_store_valid_means_intact_only(stranger, at, signed):
    report = verify(sign(PLAIN, stranger), trust=None, at=at)
    assert (report.status, report.trusted) == ("valid", False)
    assert "SIGN-12" in report.findings.codes
    assert verify(signed, trust=None, at=at.replace(year=2029)).code == "SIGN-06"


def test_expired_and_not_yet_valid(signed, status, at):
    assert status(signed, at=at.replace(year=2028)) == ("expired", "SIGN-06")
    assert status(signed, at=at.replace(year=2025)) == ("expired", "SIGN-07")


def test_the_limits_of_validity_belong_to_it_and_naive_times_are_local(signed, status, signer):
    first = verify(signed, trust=None, at=dt.datetime(2026, 8, 1)).not_before
    assert status(signed, at=first) == ("valid", "SIGN-14")
    second = dt.timedelta(seconds=1)
    assert status(signed, at=first - second) == ("expired", "SIGN-07")
    local = first.astimezone(ICT).replace(tzinfo=None)
    assert status(signed, at=local) == ("valid", "SIGN-14")
    assert status(signed, at=local - second) == ("expired", "SIGN-07")


@pytest.mark.parametrize(
    "change",
    [
        {"method": p.DS + "rsa-sha1"},
        {"method": MORE + "rsa-md5"},
        {"method": p.DS + "hmac-sha1"},
        {"method": MORE + "hmac-sha256"},
        {"method": p.DS + "dsa-sha1"},
        {"method": MORE + "ecdsa-sha256"},
        {"method": MORE + "rsa-sha512"},
        {"method": ""},
        {"digest_method": p.DS + "sha1", "hash_name": "sha1"},
        {"digest_method": MORE + "md5", "hash_name": "md5"},
        {"digest_method": "http://www.w3.org/2001/04/xmlenc#sha512", "hash_name": "sha512"},
        {"c14n": p.C14N + "#WithComments"},
        {"c14n": p.EXC_C14N},
        {"transforms": (p.ENVELOPED, p.EXC_C14N)},
    ],
)
def test_refused_algorithms(change, forge, status):
    assert status(forge(**change)) == ("algorithm_refused", "SIGN-08")


def test_a_refused_algorithm_is_named_when_it_is_a_known_weak_one(forge, trust, at):
    report = verify(forge(method=p.DS + "rsa-sha1"), trust=trust, at=at)
    assert "SHA1" in report.findings[0].message_en


def test_parameters_of_a_method_are_refused(forge, status):
    changed = forge().replace(
        b'rsa-sha256"/>', b'rsa-sha256"><HMACOutputLength>0</HMACOutputLength></SignatureMethod>'
    )
    assert status(changed) == ("algorithm_refused", "SIGN-08")


def test_the_reference_without_explicit_canonicalisation_is_the_same(forge, status):
    forged = forge(transforms=(p.ENVELOPED,))
    assert status(forged) == ("valid", "SIGN-14")
    strict = replace(VSS, allow_implied_c14n=False)
    assert status(forged, profile=strict) == ("algorithm_refused", "SIGN-08")


def test_a_profile_may_accept_more(forge, status):
    document = forge(digest_method="http://www.w3.org/2001/04/xmlenc#sha512", hash_name="sha512")
    wider = replace(
        VSS, digest_methods=VSS.digest_methods | {"http://www.w3.org/2001/04/xmlenc#sha512"}
    )
    assert status(document, profile=wider) == ("valid", "SIGN-14")
    sha1 = replace(VSS, digest_methods=frozenset({p.DS + "sha1"}))
    weak = forge(digest_method=p.DS + "sha1", hash_name="sha1")
    assert status(weak, profile=sha1) == ("algorithm_refused", "SIGN-08")


def test_an_exclusive_profile_signs_and_verifies(documents, signer, status):
    exclusive = replace(VSS, canonicalization=p.EXC_C14N)
    signed = sign(documents["crlf"], signer, profile=exclusive)
    assert status(signed, profile=exclusive) == ("valid", "SIGN-14")
    assert status(signed) == ("algorithm_refused", "SIGN-08")


def test_a_profile_for_any_root_and_another_holder(signer, status):
    other = SignatureProfile(name="other", holder="CHU_KY")
    signed = sign(b"<donthuoc><a/></donthuoc>", signer, profile=other)
    report = verify(signed, trust=None, at=dt.datetime(2026, 8, 1), profile=other)
    assert report.status == "valid"
    assert report.covered == b"<donthuoc><a/><CHU_KY></CHU_KY></donthuoc>"


@pytest.mark.parametrize(
    "bad", [{"canonicalization": "urn:x"}, {"holder": "A B"}, {"prefix": "d:"}, {"holder": ""}]
)
def test_an_impossible_profile_is_refused(bad):
    with pytest.raises(ValueError):
        replace(VSS, **bad)


def test_a_document_above_the_limit_is_malformed(signed, status):
    assert status(signed, profile=replace(VSS, max_bytes=99)) == ("malformed", "SIGN-02")


def test_raise_for_status_carries_status_and_code_only(trust, at):
    with pytest.raises(SignatureError) as caught:
        verify(b"<GIAMDINHHS/>", trust=trust, at=at).raise_for_status()
    assert caught.value.code == "ERR-SIGN-08"
    assert "SIGN-01" in str(caught.value)


def test_the_report_shows_no_names_unless_asked(signed, trust, at):
    report = verify(signed, trust=trust, at=at)
    assert "79001" not in repr(report)
    assert "79001" not in json.dumps(report.to_dict())
    shown = report.to_dict("en", values=True)
    assert "79001" in json.dumps(shown)
    assert shown["status"] == "valid"
    assert json.dumps(verify(b"", trust=trust, at=at).to_dict())
