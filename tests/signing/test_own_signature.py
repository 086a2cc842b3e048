"""What is recognised as bytes is what the general way reads; nothing else is recognised."""

import random
from dataclasses import replace

import pytest

from vnhealth.signing import VSS, _verify, sign
from vnhealth.signing._dsig import read_signature
from vnhealth.signing._layout import read_layout
from vnhealth.signing._own import own_signature
from vnhealth.signing._profile import EXC_C14N, SHA256
from vnhealth.signing._report import Refusal

XSD = b' xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
XSI = b' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
PROFILES = [
    replace(VSS, prefix=prefix, canonicalization=method)
    for prefix in ("ds", "", "a", "zz")
    for method in (VSS.canonicalization, EXC_C14N)
]
RECOGNISED = {"plain", "canonical", "declared", "blank_holder", "checkin", "assessment", "cdata"}
RECOGNISED |= {"crlf", "missing_holder", "inner_comment", "reference"}


def both_ways(document, profile):
    layout = read_layout(document, profile.holder, profile.max_bytes)
    holder, span = _verify._find(layout, profile)
    own = own_signature(layout, holder, span, profile)
    return own, read_signature(layout, holder, span, profile)


@pytest.mark.parametrize("profile", PROFILES, ids=lambda p: f"{p.prefix}-{p.canonicalization[-9:]}")
def test_both_ways_read_the_same(document, shape, profile, signer):
    own, general = both_ways(sign(document, signer, profile=profile), profile)
    if own is not None:
        assert own == general
    assert own is not None or shape not in RECOGNISED


@pytest.mark.parametrize("profile", PROFILES, ids=lambda p: f"{p.prefix}-{p.canonicalization[-9:]}")
@pytest.mark.parametrize("declared", [b"", XSD, XSI, XSD + XSI, XSI + XSD])
def test_declarations_of_the_root_are_in_scope(declared, profile, signer):
    document = b"<GIAMDINHHS%b><CHUKYDONVI></CHUKYDONVI></GIAMDINHHS>" % declared
    own, general = both_ways(sign(document, signer, profile=profile), profile)
    assert own is not None
    assert own == general


def test_a_damaged_signature_is_never_read_otherwise(signer):
    document = b"<GIAMDINHHS%b><A>1</A><CHUKYDONVI></CHUKYDONVI></GIAMDINHHS>" % (XSD + XSI)
    signed = sign(document, signer)
    start, dice, taken = signed.index(b"<ds:Signature"), random.Random(6), 0
    for _ in range(1500):
        at = dice.randrange(start, len(signed) - 40)
        byte = dice.choice([b"", b" ", b"\n", b"<", b"A", b"=", b'"', b"/", b"&#65;", b"<!---->"])
        damaged = signed[:at] + byte + signed[at + dice.choice([0, 1]) :]
        try:
            layout = read_layout(damaged, VSS.holder, VSS.max_bytes)
            holder, span = _verify._find(layout, VSS)
            own = own_signature(layout, holder, span, VSS)
        except (ValueError, Refusal):
            continue
        if own is not None:
            taken += 1
            assert own == read_signature(layout, holder, span, VSS)
    assert taken > 100


def test_what_the_profile_refuses_is_not_recognised(signer):
    signed = sign(b"<GIAMDINHHS><CHUKYDONVI/></GIAMDINHHS>", signer)
    strict = replace(VSS, digest_methods=frozenset())
    layout = read_layout(signed, VSS.holder, VSS.max_bytes)
    holder, span = _verify._find(layout, VSS)
    assert SHA256 in VSS.digest_methods
    assert own_signature(layout, holder, span, VSS) is not None
    assert own_signature(layout, holder, span, strict) is None
