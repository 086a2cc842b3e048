"""Electronic signatures of the claim files: XMLDSig enveloped in CHUKYDONVI.

`sign` adds a signature without changing another byte; `verify` returns a `SignatureReport` and
never raises on a document. Keys come through the `Signer` protocol (PEM, PKCS#12, or a function
that asks an HSM, a USB token or a remote service); trust comes from a `TrustStore`. The form of the
signature is a `SignatureProfile`: the circulars fix its place only, so another profile can replace
`VSS`.

Only what a valid report gives as ``covered`` is trusted.
"""

from vnhealth.signing._authority import TestAuthority
from vnhealth.signing._profile import VSS, SignatureProfile
from vnhealth.signing._report import SignatureReport, SignatureStatus
from vnhealth.signing._sign import sign
from vnhealth.signing._signers import CallbackSigner, KeySigner, PemSigner, Pkcs12Signer, Signer
from vnhealth.signing._trust import TrustStore
from vnhealth.signing._verify import verify

__all__ = [
    "VSS",
    "CallbackSigner",
    "KeySigner",
    "PemSigner",
    "Pkcs12Signer",
    "SignatureProfile",
    "SignatureReport",
    "SignatureStatus",
    "Signer",
    "TestAuthority",
    "TrustStore",
    "sign",
    "verify",
]
