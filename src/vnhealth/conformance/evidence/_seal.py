"""Signatures over evidence: Ed25519, or a key with an X.509 certificate (RSA, EC on P-256)."""

from __future__ import annotations

import hashlib
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
)
from cryptography.x509 import load_der_x509_certificate, load_pem_x509_certificates

from vnhealth.errors import SignatureError

__all__ = ["Sealer", "checks_out", "fingerprint_of"]

PrivateKey = ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
SHA256 = hashes.SHA256()
HALF = 32
"""Bytes of each half of a P-256 signature, kept as WebCrypto has it."""


class Sealer:
    """A private key that signs evidence. ``public`` is what evidence says of it.

    >>> sealer = Sealer.new()
    >>> checks_out(sealer.public, b"text", sealer.sign(b"text"))
    True
    """

    def __init__(self, key: PrivateKey, certificate: bytes = b"") -> None:
        self._key = key
        spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.public: dict[str, str] = {"algorithm": _algorithm(key), "key": spki.hex()}
        if certificate:
            self.public["certificate"] = certificate.hex()

    @classmethod
    def new(cls) -> Sealer:
        """A new Ed25519 key from the random source of the system."""
        return cls(ed25519.Ed25519PrivateKey.generate())

    @classmethod
    def from_pem(
        cls, key: bytes, certificate: bytes = b"", password: bytes | None = None
    ) -> Sealer:
        """From PEM. Raises `SignatureError`: ERR-SIGN-05 unreadable, ERR-SIGN-06 no match,
        ERR-SIGN-07 for a kind or size of key that is not taken.
        """
        try:
            opened = load_pem_private_key(key, password)
        except Exception:  # the library's own text may tell about the password
            raise SignatureError("ERR-SIGN-05", kind="PEM") from None
        if not isinstance(opened, PrivateKey):
            raise SignatureError("ERR-SIGN-07")
        _algorithm(opened)
        return cls(opened, _matching(certificate, opened) if certificate else b"")

    def sign(self, data: bytes) -> bytes:
        """The signature over ``data``."""
        if isinstance(self._key, ed25519.Ed25519PrivateKey):
            return self._key.sign(data)
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(data, padding.PKCS1v15(), SHA256)
        r, s = decode_dss_signature(self._key.sign(data, ec.ECDSA(SHA256)))
        return r.to_bytes(HALF, "big") + s.to_bytes(HALF, "big")

    def to_pem(self) -> bytes:
        """The private key as unencrypted PEM (PKCS#8)."""
        return self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the public key (SubjectPublicKeyInfo), hexadecimal."""
        return fingerprint_of(self.public)

    def __repr__(self) -> str:
        return f"<Sealer {self.public['algorithm']} {self.fingerprint[:16]}>"


def _algorithm(key: PrivateKey) -> str:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= 2048:
        return "rsa-sha256"
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return "ecdsa-p256-sha256"
    raise SignatureError("ERR-SIGN-07")


def _matching(data: bytes, key: PrivateKey) -> bytes:
    try:
        found = load_pem_x509_certificates(data)
    except ValueError:
        raise SignatureError("ERR-SIGN-09") from None
    for certificate in found:
        if certificate.public_key() == key.public_key():
            return certificate.public_bytes(Encoding.DER)
    raise SignatureError("ERR-SIGN-06")


def fingerprint_of(public: dict[str, Any]) -> str:
    """SHA-256 of the public key that evidence names, hexadecimal."""
    return hashlib.sha256(bytes.fromhex(public["key"])).hexdigest()


def checks_out(public: dict[str, Any], data: bytes, signature: bytes) -> bool:
    """True when the signature is right; False on anything odd, never an error."""
    try:
        spki = bytes.fromhex(public["key"])
        key = load_der_public_key(spki)
        if "certificate" in public:
            held = load_der_x509_certificate(bytes.fromhex(public["certificate"])).public_key()
            if held.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != spki:
                return False
        _verify(key, public["algorithm"], signature, data)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, KeyError, TypeError):
        return False
    return True


def _verify(key: object, algorithm: str, signature: bytes, data: bytes) -> None:
    if algorithm == "ed25519" and isinstance(key, ed25519.Ed25519PublicKey):
        key.verify(signature, data)
    elif algorithm == "rsa-sha256" and isinstance(key, rsa.RSAPublicKey):
        if key.key_size < 2048:
            raise ValueError("short key")
        key.verify(signature, data, padding.PKCS1v15(), SHA256)
    elif algorithm == "ecdsa-p256-sha256" and isinstance(key, ec.EllipticCurvePublicKey):
        if len(signature) != 2 * HALF:
            raise ValueError("length")
        r, s = int.from_bytes(signature[:HALF], "big"), int.from_bytes(signature[HALF:], "big")
        key.verify(encode_dss_signature(r, s), data, ec.ECDSA(SHA256))
    else:
        raise ValueError("algorithm")
