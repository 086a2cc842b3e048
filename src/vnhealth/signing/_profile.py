"""Which signature is made and which is accepted, as one replaceable value."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["VSS", "SignatureProfile"]

DS = "http://www.w3.org/2000/09/xmldsig#"
ENVELOPED = DS + "enveloped-signature"
C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"

CANONICALIZATIONS = {C14N: False, EXC_C14N: True}
"""Canonical forms this package can compute; the value says whether it is the exclusive one."""

SIGNATURE_HASHES = {
    RSA_SHA256: "sha256",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384": "sha384",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512": "sha512",
}
"""RSA PKCS#1 v1.5 methods this package can check. SHA-1, MD5 and HMAC are left out on purpose."""

DIGEST_HASHES = {
    SHA256: "sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
}
"""Digest methods this package can check."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureProfile:
    """The form of the signature: algorithms, place, limits.

    Signing always makes RSA-SHA256 over a SHA-256 digest, because that is what a `Signer` gives;
    ``signature_methods`` and ``digest_methods`` are the URIs accepted when verifying. URIs that
    this package cannot compute are refused even when listed.

    ``roots``
        local names of the root elements that carry a signature; empty means any.
    ``holder``
        the last child of the root, in which the signature stands.
    ``create_holder``
        whether signing adds the holder when the document has none.
    ``prefix``
        namespace prefix of the elements written, empty for the default namespace. The default is
        ``ds``: xmlsec, Java and signxml all verify it, while signxml 5.2.0 wrongly refuses every
        good signature in the default namespace under inclusive C14N (lxml writes stray
        ``xmlns=""`` when it canonicalises a subtree).
    ``allow_implied_c14n``
        accept a reference whose only transform is *enveloped*; the octets are the same, because
        XMLDSig then applies C14N 1.0 by default.
    ``min_rsa_bits``, ``max_bytes``
        weaker keys and longer documents are refused.

    Legal source: the circulars name only the place (CHUKYDONVI, last child of the root); the
    gateway guide of decision 3176 names SHA-256. That it is an enveloped XMLDSig with ``URI=""`` is
    the record of one vendor (confidence *practice*): which is why a profile can be replaced.

    >>> from dataclasses import replace
    >>> replace(VSS, prefix="").prefix
    ''
    """

    name: str
    roots: frozenset[str] = frozenset()
    holder: str = "CHUKYDONVI"
    create_holder: bool = True
    prefix: str = "ds"
    canonicalization: str = C14N
    signature_methods: frozenset[str] = frozenset({RSA_SHA256})
    digest_methods: frozenset[str] = frozenset({SHA256})
    allow_implied_c14n: bool = True
    min_rsa_bits: int = 2048
    max_bytes: int = 64 * 2**20

    def __post_init__(self) -> None:
        if self.canonicalization not in CANONICALIZATIONS:
            raise ValueError("this canonicalization is not implemented")
        for name in (self.holder, self.prefix or "x"):
            if not name.isascii() or not name.replace("_", "x").replace("-", "x").isalnum():
                raise ValueError("holder and prefix must be ASCII XML names")


VSS = SignatureProfile(
    name="vss",
    roots=frozenset({"GIAMDINHHS", "CHI_TIEU_TRANG_THAI_KCB", "CHI_TIEU_GIAM_DINH_YKHOA"}),
)
"""The default: claim envelope, stand-alone XML0 and stand-alone XML12 of the VSS gateway."""
