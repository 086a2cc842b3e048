"""The signature that this package writes, recognised and canonicalised as bytes, without a parser.

Everything here says yes or "not me"; what it does not take goes the general way, with the same
result (tests hold both against each other).
"""

from __future__ import annotations

import base64
import re
from functools import lru_cache

from vnhealth.signing._dsig import Parts, render_signature, render_signed_info, strict_base64
from vnhealth.signing._layout import Layout, Span, Tag
from vnhealth.signing._profile import CANONICALIZATIONS, DS, RSA_SHA256, SHA256, SignatureProfile

__all__ = ["canonical_signed_info", "own_signature"]

_DECLARATION = rb" xmlns:([A-Za-z]++)=\"(http://www\.w3\.org/2001/XMLSchema(?:-instance)?+)\""
_ROOT = re.compile(rb"<[A-Z_]++((?:" + _DECLARATION + rb")*+)>")
_DECLARED = re.compile(_DECLARATION)


def canonical_signed_info(
    layout: Layout, holder: bytes, signed_info: bytes, profile: SignatureProfile
) -> bytes | None:
    """The canonical octets of a SignedInfo as `render_signed_info` makes it.

    ``holder`` is the opening tag around the signature. None unless the root has no attribute but
    declarations of the XML Schema namespaces, and the holder none.
    """
    if layout.encoding != "utf-8" or holder != b"<%b>" % profile.holder.encode():
        return None
    root = _ROOT.fullmatch(layout.view, layout.root.start, layout.root.end)
    declared = _DECLARED.findall(root[1]) if root else []
    own = profile.prefix.encode()
    prefixes = [prefix for prefix, _ in declared]
    if root is None or own in prefixes or len(set(prefixes)) < len(prefixes):
        return None
    if any(prefix.lower().startswith(b"xml") for prefix in prefixes):
        return None
    scope = [] if CANONICALIZATIONS[profile.canonicalization] else declared
    written = b"".join(
        b' xmlns:%b="%b"' % (prefix, uri) if prefix else b' xmlns="%b"' % uri
        for prefix, uri in sorted([(own, DS.encode()), *scope])
    )
    start = signed_info.index(b">")
    return signed_info[:start] + written + signed_info[start:]


def own_signature(
    layout: Layout, holder: Tag, span: Span, profile: SignatureProfile
) -> Parts | None:
    """A Signature taken apart, when it is written as this package writes it."""
    if RSA_SHA256 not in profile.signature_methods or SHA256 not in profile.digest_methods:
        return None
    found = _pattern(profile).fullmatch(layout.view, span.start, span.end)
    if found is None:
        return None
    signed_info, digest, value, certificate = found.groups()
    canonical = canonical_signed_info(layout, layout.text(holder), signed_info, profile)
    if canonical is None:
        return None
    return Parts(
        signed_info=canonical,
        signature_hash="sha256",
        signature_value=strict_base64(value, "SignatureValue"),
        digest_hash="sha256",
        digest=strict_base64(digest, "DigestValue"),
        certificates=(strict_base64(certificate, "X509Certificate"),),
    )


@lru_cache(maxsize=16)
def _pattern(profile: SignatureProfile) -> re.Pattern[bytes]:
    """Made from what is written, so that it cannot differ from it."""
    digest, value, certificate = b"d" * 32, b"v", b"c"
    signed_info = render_signed_info(digest, profile)
    text = re.escape(render_signature(signed_info, value, certificate, profile))
    text = text.replace(re.escape(signed_info), b"(%b)" % re.escape(signed_info))
    for raw in (digest, value, certificate):
        text = text.replace(b">%b<" % re.escape(base64.b64encode(raw)), rb">([A-Za-z0-9+/=]++)<")
    return re.compile(text)
