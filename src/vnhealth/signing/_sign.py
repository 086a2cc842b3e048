"""Signing a document without touching a byte outside CHUKYDONVI."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from vnhealth.errors import SignatureError
from vnhealth.signing._canonical import XML_ERRORS, canonical_document, canonical_subtree, parse
from vnhealth.signing._certificates import load_certificates
from vnhealth.signing._dsig import in_context, render_signature, render_signed_info
from vnhealth.signing._layout import Layout, LayoutError, Span, read_layout
from vnhealth.signing._own import canonical_signed_info
from vnhealth.signing._place import check_place
from vnhealth.signing._profile import DIGEST_HASHES, SHA256, VSS, SignatureProfile
from vnhealth.signing._signers import KeySigner, Signer, verify_rsa

__all__ = ["sign"]


def sign(
    document: bytes, signer: Signer, *, profile: SignatureProfile = VSS, canonical: bool = False
) -> bytes:
    """The document with an enveloped signature as the content of CHUKYDONVI.

    All other bytes stay as they are: declaration, BOM, line ends, indentation, attribute quotes. An
    empty CHUKYDONVI is opened; a missing one is added as the last child of the root. The result
    must not be re-indented or re-encoded afterwards: that breaks the digest.

    ``canonical=True`` is a promise that the bytes from the root's opening tag to its closing tag
    are already canonical XML (our writers give such), and saves parsing them; a false promise makes
    a signature that no one accepts. The promise is ignored where the place would be uncertain.

    Raises `vnhealth.errors.SignatureError`: ERR-SIGN-02 for bytes that are no safe XML, ERR-SIGN-03
    when a signature stands in the document, ERR-SIGN-04 when CHUKYDONVI is not where it must be,
    ERR-SIGN-06 when the signer's answer does not fit its certificate, ERR-SIGN-07 for a key that is
    not RSA or too short.

    >>> import datetime as dt
    >>> from vnhealth.signing import TestAuthority, verify
    >>> start = dt.datetime(2026, 1, 1)
    >>> ca = TestAuthority(not_before=start, not_after=start.replace(year=2030))
    >>> signer = ca.issue("79001", not_before=start, not_after=start.replace(year=2027))
    >>> signed = sign(b"<GIAMDINHHS><A>1</A><CHUKYDONVI/></GIAMDINHHS>", signer)
    >>> verify(signed, trust=ca.trust_store(), at=start.replace(month=8)).status.value
    'valid'
    """
    try:
        layout = read_layout(document, profile.holder, profile.max_bytes)
    except LayoutError as error:
        raise SignatureError("ERR-SIGN-02", what=error.what) from None
    if layout.signatures:
        raise SignatureError("ERR-SIGN-03")
    place = _place(layout, profile)
    digest = hashlib.new(
        DIGEST_HASHES[SHA256], _octets(layout, place, profile, canonical=canonical)
    )
    signed_info = render_signed_info(digest.digest(), profile)
    data = canonical_signed_info(layout, place.holder, signed_info, profile)
    if data is None:
        try:
            draft = render_signature(signed_info, b"", b"", profile)
            element = in_context(layout, place.holder, draft)
            data = canonical_subtree(element[0], profile.canonicalization)
        except (*XML_ERRORS, IndexError):
            raise SignatureError("ERR-SIGN-02", what="XML") from None
    value = _ask(signer, data, profile)
    signature = render_signature(signed_info, value, signer.certificate, profile)
    return place.around(layout, signature)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the signature goes: ``span`` becomes before + signature + after."""

    span: Span
    before: bytes
    after: bytes
    holder: bytes

    def around(self, layout: Layout, signature: bytes) -> bytes:
        return layout.put(self.span, self.before + signature + self.after)


def _place(layout: Layout, profile: SignatureProfile) -> _Place:
    if layout.root_end is None:
        raise SignatureError("ERR-SIGN-04", what=f"{layout.root.local}/>")
    tag = layout.holder
    if tag is None:
        if not profile.create_holder:
            raise SignatureError("ERR-SIGN-04", what=profile.holder)
        name = layout.root.prefix + profile.holder.encode()
        opened = b"<%b>" % name
        at = layout.root_end.start
        return _Place(Span(at, at), opened, b"</%b>" % name, opened)
    if tag.empty:
        opened = layout.text(tag)[:-2].rstrip() + b">"
        return _Place(tag, opened, b"</%b>" % tag.name, opened)
    if layout.holder_end is None:
        raise SignatureError("ERR-SIGN-02", what="XML")
    at = layout.holder_end.start
    return _Place(Span(at, at), b"", b"", layout.text(tag))


def _octets(
    layout: Layout, place: _Place, profile: SignatureProfile, *, canonical: bool
) -> bytes | memoryview:
    """What the digest is computed over: the canonical document without the signature."""
    if canonical and layout.is_plain and layout.holder and layout.holder_end and layout.root_end:
        inside = layout.is_blank(layout.holder.end, layout.holder_end.start)
        if inside and layout.root.local in (profile.roots or {layout.root.local}):
            return memoryview(layout.view)[layout.root.start : layout.root_end.end]
    try:
        root = parse(place.around(layout, b""))
        problem = check_place(root, profile)
        octets = canonical_document(root, profile.canonicalization)
    except XML_ERRORS:
        raise SignatureError("ERR-SIGN-02", what="XML") from None
    if problem:
        raise SignatureError("ERR-SIGN-04", what=problem)
    return octets


def _ask(signer: Signer, data: bytes, profile: SignatureProfile) -> bytes:
    leaf = load_certificates(signer.certificate)[0]
    if leaf.rsa_bits < profile.min_rsa_bits:
        raise SignatureError("ERR-SIGN-07")
    value = signer.sign(data)
    if not isinstance(signer, KeySigner) and not verify_rsa(leaf.public_key, value, data, "sha256"):
        raise SignatureError("ERR-SIGN-06")
    return value
