"""Verifying the signature of a document."""

from __future__ import annotations

import datetime as dt
import hashlib

from vnhealth.findings import Findings
from vnhealth.signing._canonical import XML_ERRORS, canonical_document, parse
from vnhealth.signing._certificates import Certificate, aware, read_certificate
from vnhealth.signing._dsig import Parts, read_signature
from vnhealth.signing._layout import Layout, LayoutError, Span, Tag, read_layout
from vnhealth.signing._own import own_signature
from vnhealth.signing._place import check_place
from vnhealth.signing._profile import VSS, SignatureProfile
from vnhealth.signing._report import STATUS_OF, Refusal, SignatureReport, finding
from vnhealth.signing._signers import verify_rsa
from vnhealth.signing._trust import TrustStore, outside

__all__ = ["verify"]


def verify(
    document: bytes,
    *,
    trust: TrustStore | None,
    at: dt.datetime,
    facility: str | None = None,
    profile: SignatureProfile = VSS,
) -> SignatureReport:
    """Check the signature of a document; never raises on any bytes.

    ``at`` is the moment at which certificates must be valid (without a zone: Viet Nam time).
    ``trust=None`` checks that the document is intact and says nothing about who signed: the report
    then has ``trusted=False`` and carries SIGN-12. With ``facility`` the certificate must not be
    one registered for another facility, nor differ from those registered for this one.

    The first problem decides the status, in this order: form of the document and of the signature,
    algorithms, digest, signature value, trust, validity. Trust only ``report.covered``.

    >>> report = verify(b"<GIAMDINHHS><CHUKYDONVI/></GIAMDINHHS>", trust=None,
    ...                 at=dt.datetime(2026, 8, 1))
    >>> report.status.value, report.code, report.covered
    ('missing', 'SIGN-01', None)
    """
    leaf: Certificate | None = None
    try:
        layout = _layout(document, profile)
        holder, span = _find(layout, profile)
        parts = own_signature(layout, holder, span, profile)
        parts = parts or read_signature(layout, holder, span, profile)
        leaf, extras = _certificates(parts)
        if leaf.rsa_bits < profile.min_rsa_bits:
            raise Refusal("SIGN-08", "RSA")
        covered = _check_digest(layout, span, parts, profile)
        if not verify_rsa(
            leaf.public_key, parts.signature_value, parts.signed_info, parts.signature_hash
        ):
            raise Refusal("SIGN-04")
        if trust is None:
            refused = outside([(leaf.not_before, leaf.not_after)], at)
        else:
            refused = trust.refusal(leaf, extras, at, facility)
        if refused:
            raise Refusal(refused)
    except Refusal as refusal:
        return _report(refusal.code, refusal.what, leaf, trust, profile)
    notes = ["SIGN-12"] if trust is None else []
    notes += ["SIGN-13"] if layout.comments else []
    return _report("SIGN-14", "", leaf, trust, profile, notes=notes, covered=covered)


def _layout(document: bytes, profile: SignatureProfile) -> Layout:
    try:
        return read_layout(document, profile.holder, profile.max_bytes)
    except LayoutError as error:
        raise Refusal("SIGN-02", error.what) from None


def _find(layout: Layout, profile: SignatureProfile) -> tuple[Tag, Span]:
    """The last CHUKYDONVI, and the range of the only Signature inside it."""
    tags = layout.signatures
    if not tags:
        raise _unsigned(layout, profile)
    if len(tags) > 2 or (len(tags) == 2 and tags[1].closes == tags[0].closes):
        raise Refusal("SIGN-09", "Signature")
    if len(tags) != 2 or tags[0].closes or tags[0].name != tags[1].name or tags[0].empty:
        raise Refusal("SIGN-02", "Signature")
    opened, closed = layout.holder, layout.holder_end
    if opened is None or closed is None or not opened.end <= tags[0].start < closed.start:
        raise Refusal("SIGN-09", profile.holder)
    return opened, Span(tags[0].start, tags[1].end)


def _unsigned(layout: Layout, profile: SignatureProfile) -> Refusal:
    try:
        root = parse(layout.encode(layout.view))
    except XML_ERRORS:
        return Refusal("SIGN-02", "XML")
    for holder in root.iterchildren("{*}" + profile.holder):
        if len(holder) or (holder.text or "").strip():
            return Refusal("SIGN-02", profile.holder)
    return Refusal("SIGN-01")


def _certificates(parts: Parts) -> tuple[Certificate, list[Certificate]]:
    """The signer's certificate and the others: the signer is the first that is not a CA."""
    try:
        found = [read_certificate(der) for der in parts.certificates]
    except ValueError:
        raise Refusal("SIGN-02", "X509Certificate") from None
    leaf = next((certificate for certificate in found if not certificate.is_ca), found[0])
    return leaf, [certificate for certificate in found if certificate is not leaf]


def _check_digest(layout: Layout, span: Span, parts: Parts, profile: SignatureProfile) -> bytes:
    """The covered bytes, when their canonical form has the digest that was signed.

    First the bytes as they are: if their hash is the signed one they are what the signer digested,
    and nothing needs parsing. Only then the canonical form, computed from the very bytes that are
    handed out, so that they cannot differ from what was checked.
    """
    if layout.is_plain and _is_alone(layout, span, profile) and layout.root_end:
        view = memoryview(layout.view)
        octets = hashlib.new(parts.digest_hash, view[layout.root.start : span.start])
        octets.update(view[span.end : layout.root_end.end])
        if octets.digest() == parts.digest:
            return layout.cut([span])
    covered = layout.cut([span, *layout.comments])
    try:
        root = parse(covered)
        canonical = canonical_document(root, profile.canonicalization)
    except XML_ERRORS:
        raise Refusal("SIGN-02", "XML") from None
    problem = check_place(root, profile)
    if problem:
        raise Refusal("SIGN-09", problem)
    if hashlib.new(parts.digest_hash, canonical).digest() != parts.digest:
        raise Refusal("SIGN-03")
    return covered


def _is_alone(layout: Layout, span: Span, profile: SignatureProfile) -> bool:
    """True when the signature alone fills CHUKYDONVI, and the root is an expected one."""
    opened, closed = layout.holder, layout.holder_end
    return (
        opened is not None
        and closed is not None
        and layout.is_blank(opened.end, span.start)
        and layout.is_blank(span.end, closed.start)
        and (not profile.roots or layout.root.local in profile.roots)
    )


def _report(
    code: str,
    what: str,
    leaf: Certificate | None,
    trust: TrustStore | None,
    profile: SignatureProfile,
    *,
    notes: list[str] | None = None,
    covered: bytes | None = None,
) -> SignatureReport:
    found = [finding(code, profile.holder, what)]
    found += [finding(note, profile.holder) for note in notes or []]
    return SignatureReport(
        status=STATUS_OF[code],
        code=code,
        findings=Findings(found),
        trusted=code == "SIGN-14" and trust is not None,
        covered=covered,
        certificate=leaf.der if leaf else None,
        fingerprint=leaf.fingerprint if leaf else None,
        subject=leaf.subject if leaf else None,
        issuer=leaf.issuer if leaf else None,
        not_before=aware(leaf.not_before) if leaf else None,
        not_after=aware(leaf.not_after) if leaf else None,
        facilities=trust.facilities_of(leaf.fingerprint) if leaf and trust else (),
    )
