"""Test authority, signers, trust store and document shapes; all made at run time."""

import base64
import datetime as dt
import hashlib

import pytest
from lxml import etree

from vnhealth.signing import TestAuthority as Authority
from vnhealth.signing import _canonical, _profile

XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'

SHAPES = {
    "plain": "<GIAMDINHHS><A>1</A><CHUKYDONVI/></GIAMDINHHS>",
    "canonical": "<GIAMDINHHS><A>1</A><CHUKYDONVI></CHUKYDONVI></GIAMDINHHS>",
    "declared": f"{DECLARATION}\n<GIAMDINHHS>\n  <A>Nguyễn</A>\n  <CHUKYDONVI/>\n</GIAMDINHHS>\n",
    "crlf": f"{DECLARATION}\r\n<GIAMDINHHS {XSI}>\r\n<A/>\r\n <CHUKYDONVI />\r\n</GIAMDINHHS>\n",
    "missing_holder": f"{DECLARATION}<GIAMDINHHS {XSI}><A b='1'/>\n</GIAMDINHHS>",
    "blank_holder": "<GIAMDINHHS><A>1</A><CHUKYDONVI>\n  </CHUKYDONVI></GIAMDINHHS>",
    "default_namespace": '<GIAMDINHHS xmlns="urn:x"><A>1</A><CHUKYDONVI/></GIAMDINHHS>',
    "prefixed": '<n:GIAMDINHHS xmlns:n="urn:x"><n:A>1</n:A></n:GIAMDINHHS>',
    "prefix_taken": '<GIAMDINHHS xmlns:ds="urn:x"><ds:A>1</ds:A><CHUKYDONVI/></GIAMDINHHS>',
    "cdata": "<GIAMDINHHS><A><![CDATA[</GIAMDINHHS><CHUKYDONVI/>]]></A><CHUKYDONVI/></GIAMDINHHS>",
    "inner_comment": "<GIAMDINHHS><A>1<!-- <CHUKYDONVI/> -->0</A><CHUKYDONVI/></GIAMDINHHS>",
    "reference": "<GIAMDINHHS><A>&#13;&amp;&lt;&#x1EC5;</A><CHUKYDONVI/></GIAMDINHHS>",
    "quotes": "<GIAMDINHHS a='>' b=\"/>\"><A/><CHUKYDONVI c='\"'/></GIAMDINHHS>",
    "checkin": "<CHI_TIEU_TRANG_THAI_KCB><B>1</B><CHUKYDONVI/></CHI_TIEU_TRANG_THAI_KCB>",
    "assessment": "<CHI_TIEU_GIAM_DINH_YKHOA><B>1</B><CHUKYDONVI/></CHI_TIEU_GIAM_DINH_YKHOA>",
}
EXOTIC = {
    "xml_attributes": '<GIAMDINHHS xml:lang="vi"><A/><CHUKYDONVI xml:id="c"/></GIAMDINHHS>',
    "around_root": "<?p q?><!-- c --><GIAMDINHHS><A>1</A></GIAMDINHHS><?r?><!-- </GIAMDINHHS> -->",
}


def _documents():
    found = {name: text.encode() for name, text in {**SHAPES, **EXOTIC}.items()}
    found["bom"] = b"\xef\xbb\xbf" + SHAPES["declared"].encode()
    wide = SHAPES["declared"].replace("utf-8", "utf-16").replace("Nguyễn", "Nguyễn 😀")
    found["utf16_le"] = b"\xff\xfe" + wide.encode("utf-16-le")
    found["utf16_be"] = b"\xfe\xff" + wide.encode("utf-16-be")
    latin = SHAPES["declared"].replace("utf-8", "windows-1252").replace("Nguyễn", "é")
    found["windows_1252"] = latin.encode("cp1252")
    return found


DOCUMENTS = _documents()


def pytest_generate_tests(metafunc):
    if "shape" in metafunc.fixturenames:
        metafunc.parametrize("shape", sorted(DOCUMENTS))


@pytest.fixture
def document(shape):
    return DOCUMENTS[shape]


@pytest.fixture(scope="session")
def documents():
    return DOCUMENTS


@pytest.fixture(scope="session")
def exotic():
    return frozenset(EXOTIC)


@pytest.fixture(scope="session")
def start():
    return dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@pytest.fixture(scope="session")
def at():
    return dt.datetime(2026, 8, 1, tzinfo=dt.UTC)


@pytest.fixture(scope="session")
def authority(start):
    return Authority(not_before=start, not_after=start.replace(year=2030))


@pytest.fixture(scope="session")
def signer(authority, start):
    return authority.issue("79001", not_before=start, not_after=start.replace(year=2027))


@pytest.fixture(scope="session")
def stranger(start):
    """A facility of an authority that nobody trusts."""
    other = Authority(not_before=start, not_after=start.replace(year=2030))
    return other.issue("79001", not_before=start, not_after=start.replace(year=2027))


@pytest.fixture(scope="session")
def trust(authority):
    return authority.trust_store()


@pytest.fixture(scope="session")
def forge(signer):
    """Make a right signature over wrong parts: everything an attacker with a key could write.

    ``forge(body)`` signs ``<GIAMDINHHS>body<CHUKYDONVI>…``; the arguments replace pieces of it.
    """
    ds = _profile.DS

    def make(
        body="<A>1</A>",
        *,
        uri=' URI=""',
        transforms=(_profile.ENVELOPED, _profile.C14N),
        inner="",
        c14n=_profile.C14N,
        method=_profile.RSA_SHA256,
        digest_method=_profile.SHA256,
        hash_name="sha256",
        references=1,
        extra="",
        key_info=None,
        sign=signer.sign,
        template="<GIAMDINHHS>{body}<CHUKYDONVI>{signature}</CHUKYDONVI></GIAMDINHHS>",
        wrap=None,
    ):
        root = _canonical.parse(template.format(body=body, signature="").encode())
        digest = hashlib.new(hash_name, _canonical.canonical_document(root, _profile.C14N)).digest()
        chain = "".join(f'<Transform Algorithm="{t}">{inner}</Transform>' for t in transforms)
        reference = (
            f"<Reference{uri}><Transforms>{chain}</Transforms>"
            f'<DigestMethod Algorithm="{digest_method}"/>'
            f"<DigestValue>{base64.b64encode(digest).decode()}</DigestValue></Reference>"
        )
        info = (
            f'<SignedInfo xmlns="{ds}"><CanonicalizationMethod Algorithm="{c14n}"/>'
            f'<SignatureMethod Algorithm="{method}"/>{reference * references}</SignedInfo>'
        )
        octets = etree.tostring(etree.fromstring(info), method="c14n")
        value = base64.encodebytes(sign(octets)).decode()
        if key_info is None:
            cert = base64.encodebytes(signer.certificate).decode()
            key_info = f"<X509Data><X509Certificate>\n{cert}</X509Certificate></X509Data>"
        signature = (
            f'<Signature xmlns="{ds}">{info}<SignatureValue>\n{value}</SignatureValue>'
            f"<KeyInfo>{key_info}</KeyInfo>{extra}</Signature>"
        )
        if wrap is not None:
            return wrap(body, signature).encode()
        return template.format(body=body, signature=signature).encode()

    return make
