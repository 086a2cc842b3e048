"""Both directions against signxml, and the default-namespace trap that decided our prefix."""

from dataclasses import replace

import pytest
from lxml import etree
from signxml import InvalidSignature, XMLSigner, XMLVerifier, methods

from vnhealth.signing import VSS, sign, verify

C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"


class CarefulVerifier(XMLVerifier):
    excise_empty_xmlns_declarations = True


def test_signxml_accepts_every_common_shape_we_sign(documents, exotic, signer):
    """Not the exotic ones: it leaves xml:* attributes and nodes around the root out."""
    common = [document for name, document in documents.items() if name not in exotic]
    for document in common:
        XMLVerifier().verify(sign(document, signer), x509_cert=signer._leaf.handle)
    assert len(common) > 15


def test_the_default_namespace_is_why_we_write_a_prefix(documents, signer, trust, at):
    unprefixed = sign(documents["plain"], signer, profile=replace(VSS, prefix=""))
    assert b'<Signature xmlns="http://www.w3.org/2000/09/xmldsig#">' in unprefixed
    assert verify(unprefixed, trust=trust, at=at).status == "valid"
    CarefulVerifier().verify(unprefixed, x509_cert=signer._leaf.handle)
    with pytest.raises(InvalidSignature):
        XMLVerifier().verify(unprefixed, x509_cert=signer._leaf.handle)


def test_our_canonical_subtree_does_not_fall_into_the_trap():
    from vnhealth.signing import _canonical, _profile

    inner = etree.fromstring('<a><S xmlns="urn:d"><I><T><U/></T></I></S></a>')[0][0]
    octets = _canonical.canonical_subtree(inner, _profile.C14N)
    assert octets == b'<I xmlns="urn:d"><T><U></U></T></I>'


@pytest.mark.parametrize("namespaces", [{"ds": "http://www.w3.org/2000/09/xmldsig#"}, None])
def test_we_accept_what_signxml_signs(namespaces, documents, signer, trust, at):
    writer = XMLSigner(method=methods.enveloped, c14n_algorithm=C14N)
    if namespaces:
        writer.namespaces = namespaces
    root = etree.fromstring(documents["crlf"])
    placeholder = etree.SubElement(
        root[-1], "{http://www.w3.org/2000/09/xmldsig#}Signature", Id="placeholder"
    )
    assert placeholder is not None
    signed = writer.sign(root, key=signer._key, cert=[signer._leaf.handle])
    report = verify(etree.tostring(signed), trust=trust, at=at)
    assert report.status == "valid"
