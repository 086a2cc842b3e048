"""Both directions against xmlsec (libxmlsec1)."""

import re

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from lxml import etree

from vnhealth.signing import PemSigner, sign, verify

xmlsec = pytest.importorskip("xmlsec", reason="python-xmlsec is not installed")


@pytest.fixture(scope="session")
def pem(signer):
    return signer._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def xmlsec_accepts(document, certificate):
    root = etree.fromstring(document)
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(certificate, xmlsec.KeyFormat.CERT_DER)
    try:
        context.verify(xmlsec.tree.find_node(root, xmlsec.constants.NodeSignature))
    except xmlsec.Error:
        return False
    return True


def xmlsec_sign(document, pem, certificate, prefix, *, method=None, digest=None, c14n=None):
    root = etree.fromstring(document)
    holder = next(root.iterchildren("{*}CHUKYDONVI"), None)
    if holder is None:
        holder = etree.SubElement(root, etree.QName(etree.QName(root).namespace, "CHUKYDONVI"))
    signature = xmlsec.template.create(
        root, c14n or xmlsec.Transform.C14N, method or xmlsec.Transform.RSA_SHA256, ns=prefix
    )
    holder.append(signature)
    reference = xmlsec.template.add_reference(signature, digest or xmlsec.Transform.SHA256, uri="")
    xmlsec.template.add_transform(reference, xmlsec.Transform.ENVELOPED)
    xmlsec.template.add_transform(reference, c14n or xmlsec.Transform.C14N)
    data = xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(signature))
    xmlsec.template.x509_data_add_certificate(data)
    xmlsec.template.x509_data_add_subject_name(data)
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(pem, xmlsec.KeyFormat.PEM)
    context.key.load_cert_from_memory(certificate, xmlsec.KeyFormat.CERT_DER)
    context.sign(signature)
    return etree.tostring(root.getroottree(), encoding="utf-8")


def test_xmlsec_accepts_every_shape_we_sign(document, signer):
    assert xmlsec_accepts(sign(document, signer), signer.certificate)


def test_xmlsec_refuses_ours_after_a_change(documents, signer):
    signed = sign(documents["plain"], signer)
    assert not xmlsec_accepts(signed.replace(b"<A>1", b"<A>2"), signer.certificate)


@pytest.mark.parametrize("prefix", [None, "ds"])
def test_we_accept_what_xmlsec_signs(prefix, document, pem, signer, trust, at):
    signed = xmlsec_sign(document, pem, signer.certificate, prefix)
    report = verify(signed, trust=trust, at=at)
    assert report.status == "valid"
    changed = re.sub(rb"(</(?:n:)?CHUKYDONVI>)(?!.*CHUKYDONVI)", rb" \1", signed, flags=re.DOTALL)
    assert changed != signed
    assert verify(changed, trust=trust, at=at).status == "digest_mismatch"


@pytest.mark.parametrize(
    "weak",
    [
        {"method": "RSA_SHA1"},
        {"digest": "SHA1"},
        {"method": "RSA_SHA512"},
        {"digest": "SHA512"},
        {"c14n": "EXCL_C14N"},
    ],
)
def test_other_algorithms_of_xmlsec_are_refused(weak, documents, pem, signer, trust, at):
    chosen = {name: getattr(xmlsec.Transform, value) for name, value in weak.items()}
    try:
        signed = xmlsec_sign(documents["plain"], pem, signer.certificate, None, **chosen)
    except xmlsec.Error:
        pytest.skip("this build of xmlsec does not make it any more")
    assert verify(signed, trust=trust, at=at).status == "algorithm_refused"


def test_whatever_we_accept_xmlsec_accepts(documents, signer, trust, at):
    signed = sign(documents["declared"], signer)
    compared = 0
    for place in range(len(signed)):
        damaged = bytearray(signed)
        damaged[place] ^= 0x20
        document = bytes(damaged)
        if verify(document, trust=trust, at=at).status == "valid":
            compared += 1
            assert xmlsec_accepts(document, signer.certificate)
    assert compared > 0


def test_a_pem_signer_makes_what_xmlsec_makes(documents, pem, signer):
    """The same signature value from two programs: canonical forms agree byte for byte."""
    ours = sign(documents["plain"], PemSigner(pem, signer.certificate))
    theirs = xmlsec_sign(documents["plain"], pem, signer.certificate, "ds")
    pattern = re.compile(rb"<ds:(DigestValue|SignatureValue)>([^<]*)<")
    mine = [b"".join(value.split()) for _, value in pattern.findall(ours)]
    other = [b"".join(value.split()) for _, value in pattern.findall(theirs)]
    assert mine[0] == other[0]
