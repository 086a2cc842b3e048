"""A signature on a manifest: who vouches for a batch, and that nothing of it was changed since."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

__all__ = ["Signer", "seal", "seal_holds"]

ALGORITHM = "RSA-PKCS1v15-SHA256"


@runtime_checkable
class Signer(Protocol):
    """Whatever holds a signing key; the signers of `vnhealth.signing` fit."""

    @property
    def certificate(self) -> bytes:
        """The signer's X.509 certificate, DER."""
        ...

    def sign(self, data: bytes) -> bytes:
        """The raw RSA PKCS#1 v1.5 signature with SHA-256 over ``data``."""
        ...


def _signed_bytes(manifest: Mapping[str, Any]) -> bytes:
    """The manifest without its seal, in one form: sorted keys, no blanks, UTF-8."""
    inner = {name: value for name, value in manifest.items() if name != "signature"}
    return json.dumps(inner, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def seal(manifest: Mapping[str, Any], signer: Signer) -> dict[str, Any]:
    """The manifest (as `Manifest.to_dict` gives it) with a signature over everything in it."""
    value = signer.sign(_signed_bytes(manifest))
    return {
        **manifest,
        "signature": {
            "algorithm": ALGORITHM,
            "certificate": base64.b64encode(signer.certificate).decode(),
            "value": base64.b64encode(value).decode(),
        },
    }


def seal_holds(manifest: Mapping[str, Any], data: bytes | None = None) -> bool:
    """True when the seal fits the manifest, and the data (when given) are those it speaks of.

    Says nothing about who owns the certificate; that is for your list of trusted ones.

    >>> seal_holds({"manifest": 1})
    False
    """
    found = manifest.get("signature")
    if not isinstance(found, Mapping) or found.get("algorithm") != ALGORITHM:
        return False
    try:
        certificate = base64.b64decode(found["certificate"], validate=True)
        value = base64.b64decode(found["value"], validate=True)
        key = x509.load_der_x509_certificate(certificate).public_key()
        if not isinstance(key, rsa.RSAPublicKey):
            return False
        key.verify(value, _signed_bytes(manifest), padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, KeyError, TypeError, ValueError, binascii.Error):
        return False
    if data is None:
        return True
    described = manifest.get("data")
    digest = hashlib.sha256(data).hexdigest()
    return isinstance(described, Mapping) and described.get("sha256") == digest
