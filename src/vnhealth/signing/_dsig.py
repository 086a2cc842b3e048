"""The Signature element: writing one, and reading one strictly.

Reading accepts exactly one shape: SignedInfo with one Reference to the whole document,
SignatureValue, KeyInfo with a certificate. All else is refused by name rather than interpreted,
which is what keeps wrapping attacks out: there is no second reference, no XPath, no Object, no
comment to hide behind.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from lxml import etree

from vnhealth.signing._canonical import XML_ERRORS, canonical_subtree, parse
from vnhealth.signing._layout import Layout, Span, Tag
from vnhealth.signing._profile import (
    CANONICALIZATIONS,
    DIGEST_HASHES,
    DS,
    ENVELOPED,
    RSA_SHA256,
    SHA256,
    SIGNATURE_HASHES,
    SignatureProfile,
)
from vnhealth.signing._report import Refusal

__all__ = [
    "Parts",
    "in_context",
    "read_signature",
    "render_signature",
    "render_signed_info",
    "strict_base64",
]

MAX_CERTIFICATES = 8
_SPACE = " \t\r\n"
_WEAK = ("md5", "md2", "sha1", "ripemd160", "hmac", "dsa")


@dataclass(frozen=True, slots=True)
class Parts:
    """What a Signature says: nothing in it has been verified yet."""

    signed_info: bytes
    signature_hash: str
    signature_value: bytes
    digest_hash: str
    digest: bytes
    certificates: tuple[bytes, ...]


def render_signed_info(digest: bytes, profile: SignatureProfile) -> bytes:
    """SignedInfo as it stands in the document (prefix declared by its parent)."""
    pre = f"{profile.prefix}:" if profile.prefix else ""
    c14n = profile.canonicalization
    value = base64.b64encode(digest).decode()

    def algorithm(name: str, uri: str) -> str:
        return f'<{pre}{name} Algorithm="{uri}"></{pre}{name}>'

    transforms = algorithm("Transform", ENVELOPED) + algorithm("Transform", c14n)
    return (
        f"<{pre}SignedInfo>"
        f"{algorithm('CanonicalizationMethod', c14n)}{algorithm('SignatureMethod', RSA_SHA256)}"
        f'<{pre}Reference URI=""><{pre}Transforms>{transforms}</{pre}Transforms>'
        f"{algorithm('DigestMethod', SHA256)}<{pre}DigestValue>{value}</{pre}DigestValue>"
        f"</{pre}Reference></{pre}SignedInfo>"
    ).encode()


def render_signature(
    signed_info: bytes, value: bytes, certificate: bytes, profile: SignatureProfile
) -> bytes:
    """The Signature element; ``value`` and ``certificate`` are raw bytes, empty while unsigned."""
    pre = f"{profile.prefix}:" if profile.prefix else ""
    xmlns = f"xmlns:{profile.prefix}" if profile.prefix else "xmlns"
    return b"".join(
        (
            f'<{pre}Signature {xmlns}="{DS}">'.encode(),
            signed_info,
            f"<{pre}SignatureValue>".encode(),
            base64.b64encode(value),
            f"</{pre}SignatureValue><{pre}KeyInfo><{pre}X509Data><{pre}X509Certificate>".encode(),
            base64.b64encode(certificate),
            f"</{pre}X509Certificate></{pre}X509Data></{pre}KeyInfo></{pre}Signature>".encode(),
        )
    )


def in_context(layout: Layout, open_holder: bytes, signature: bytes) -> etree._Element:
    """The Signature element below the root and CHUKYDONVI tags of its document, and nothing else.

    Canonicalising SignedInfo needs the namespaces in scope, not the content. Raises `XML_ERRORS`.
    """
    names = [layout.root.name, open_holder.split(None, 1)[0].strip(b"<>/")]
    root = parse(
        b"".join(
            (
                f'<?xml version="1.0" encoding="{layout.encoding}"?>'.encode(),
                layout.text(layout.root),
                open_holder,
                signature,
                b"</%b></%b>" % (names[1], names[0]),
            )
        )
    )
    return root[0][0]


def read_signature(layout: Layout, holder: Tag, span: Span, profile: SignatureProfile) -> Parts:
    """Take a Signature apart. Raises `Refusal` for everything that is not the accepted shape."""
    try:
        element = in_context(layout, layout.text(holder), layout.text(span))
    except (*XML_ERRORS, IndexError):
        raise Refusal("SIGN-02", "Signature") from None
    _no_hidden_nodes(element)
    if element.tag != _ds("Signature"):
        raise Refusal("SIGN-02", "Signature/@xmlns")
    names = [_local(child) for child in element]
    if "Object" in names:
        raise Refusal("SIGN-09", "Object")
    if names != ["SignedInfo", "SignatureValue", "KeyInfo"]:
        raise Refusal("SIGN-02", "Signature/*")
    signed_info, value, key_info = element
    method = _child(signed_info, 0, "CanonicalizationMethod")
    if method.get("Algorithm") != profile.canonicalization or len(method):
        raise Refusal("SIGN-08", "CanonicalizationMethod")
    signature_hash = _hash(
        _child(signed_info, 1, "SignatureMethod"), profile.signature_methods, SIGNATURE_HASHES
    )
    references = [_local(child) for child in signed_info[2:]]
    if references != ["Reference"]:
        raise Refusal("SIGN-09" if references.count("Reference") > 1 else "SIGN-02", "Reference")
    digest_hash, digest = _reference(signed_info[2], profile)
    try:
        octets = canonical_subtree(signed_info, profile.canonicalization)
    except XML_ERRORS:
        raise Refusal("SIGN-02", "SignedInfo") from None
    return Parts(
        signed_info=octets,
        signature_hash=signature_hash,
        signature_value=_base64(value),
        digest_hash=digest_hash,
        digest=digest,
        certificates=_certificates(key_info),
    )


def _reference(reference: etree._Element, profile: SignatureProfile) -> tuple[str, bytes]:
    if reference.get("URI") != "":
        raise Refusal("SIGN-09", "Reference/@URI")
    if [_local(child) for child in reference] != ["Transforms", "DigestMethod", "DigestValue"]:
        raise Refusal("SIGN-02", "Reference/*")
    transforms, method, value = reference
    if any(_local(child) != "Transform" for child in transforms):
        raise Refusal("SIGN-02", "Transforms/*")
    chain = [child.get("Algorithm") for child in transforms]
    if any(len(child) for child in transforms) or chain[:1] != [ENVELOPED] or len(chain) > 2:
        raise Refusal("SIGN-09", "Transforms")
    if len(chain) == 2 and chain[1] != profile.canonicalization:
        known = chain[1] in CANONICALIZATIONS
        raise Refusal("SIGN-08" if known else "SIGN-09", "Transforms")
    if len(chain) == 1 and not (
        profile.allow_implied_c14n and not CANONICALIZATIONS[profile.canonicalization]
    ):
        raise Refusal("SIGN-08", "Transforms")
    return _hash(method, profile.digest_methods, DIGEST_HASHES), _base64(value)


def _hash(method: etree._Element, accepted: frozenset[str], known: dict[str, str]) -> str:
    uri = method.get("Algorithm") or ""
    if uri in accepted and uri in known and not len(method):
        return known[uri]
    tail = uri.rpartition("#")[2].lower()
    weak = next((name for name in _WEAK if name in tail.replace("-", "")), "")
    raise Refusal("SIGN-08", " ".join(filter(None, (_local(method), weak.upper()))))


def _certificates(key_info: etree._Element) -> tuple[bytes, ...]:
    found = list(key_info.iterfind(f"{_ds('X509Data')}/{_ds('X509Certificate')}"))
    if not 0 < len(found) <= MAX_CERTIFICATES:
        raise Refusal("SIGN-02", "X509Certificate")
    return tuple(_base64(element) for element in found)


def _base64(element: etree._Element) -> bytes:
    """The bytes of an element; line breaks are fine, other characters and slack bits are not."""
    name = _local(element)
    try:
        text = (element.text or "").encode("ascii").translate(None, _SPACE.encode())
    except ValueError:
        raise Refusal("SIGN-02", name) from None
    if len(element):
        raise Refusal("SIGN-02", name)
    return strict_base64(text, name)


def strict_base64(text: bytes, name: str) -> bytes:
    """The bytes of a base64 text without blanks and slack bits. Raises `Refusal` with the name."""
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refusal("SIGN-02", name) from None
    if not value or base64.b64encode(value) != text:
        raise Refusal("SIGN-02", name)
    return value


def _no_hidden_nodes(element: etree._Element) -> None:
    for node in element.iter():
        if not isinstance(node.tag, str):
            raise Refusal("SIGN-02", "Signature//comment()")
        loose = node.tail if node is not element else None
        if (loose and loose.strip(_SPACE)) or (len(node) and (node.text or "").strip(_SPACE)):
            raise Refusal("SIGN-02", "Signature//text()")


def _child(parent: etree._Element, index: int, name: str) -> etree._Element:
    if len(parent) <= index or _local(parent[index]) != name:
        raise Refusal("SIGN-02", name)
    return parent[index]


def _local(element: etree._Element) -> str:
    """The local name in the XMLDSig namespace, or nothing for any other element."""
    prefix, _, name = str(element.tag).rpartition("}")
    return name if prefix == "{" + DS else ""


def _ds(name: str) -> str:
    return "{" + DS + "}" + name
