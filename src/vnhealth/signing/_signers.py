"""Keys that sign: PEM, PKCS#12, and anything remote behind a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key, pkcs12

from vnhealth.errors import SignatureError
from vnhealth.signing._certificates import Certificate, load_certificates

__all__ = ["CallbackSigner", "KeySigner", "PemSigner", "Pkcs12Signer", "Signer"]


@runtime_checkable
class Signer(Protocol):
    """Whatever holds a key: a file, an HSM, a USB token, a remote signing service.

    Two members are enough, so that any class of your own can be one. `vnhealth.signing.sign` checks
    the answer against ``certificate`` before it writes anything.
    """

    @property
    def certificate(self) -> bytes:
        """The signer's X.509 certificate, DER."""
        ...

    def sign(self, data: bytes) -> bytes:
        """The raw RSA PKCS#1 v1.5 signature with SHA-256 over ``data`` (not over its hash)."""
        ...


class KeySigner:
    """A signer whose private key is in this process.

    Raises `vnhealth.errors.SignatureError`: ERR-SIGN-07 unless the key is RSA of at least 2048
    bits, ERR-SIGN-06 when key and certificate do not belong together.
    """

    def __init__(self, key: object, certificate: bytes) -> None:
        if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < 2048:
            raise SignatureError("ERR-SIGN-07")
        self._leaf = _match(load_certificates(certificate), key)
        self._key = key

    @property
    def certificate(self) -> bytes:
        """The certificate, DER."""
        return self._leaf.der

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, hex."""
        return self._leaf.fingerprint

    def sign(self, data: bytes) -> bytes:
        """RSA-SHA256 over ``data``."""
        return self._key.sign(data, padding.PKCS1v15(), hashes.SHA256())

    def to_pkcs12(self, password: bytes, authorities: bytes = b"") -> bytes:
        """Key and certificate (and PEM authorities, if given) as an encrypted PKCS#12 file."""
        from cryptography.hazmat.primitives.serialization import BestAvailableEncryption

        chain = [c.handle for c in load_certificates(authorities)] if authorities else None
        return pkcs12.serialize_key_and_certificates(
            b"vnhealth", self._key, self._leaf.handle, chain, BestAvailableEncryption(password)
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._leaf.fingerprint[:16]}>"


class PemSigner(KeySigner):
    """A private key and a certificate in PEM, in one file or two.

    When ``certificate`` holds a chain, the one that belongs to the key is used. Raises
    `vnhealth.errors.SignatureError` (ERR-SIGN-05) when the key cannot be opened.
    """

    def __init__(
        self, key: bytes, certificate: bytes | None = None, *, password: bytes | None = None
    ) -> None:
        try:
            opened = load_pem_private_key(key, password)
        except Exception:  # the library's own text may tell about the password
            raise SignatureError("ERR-SIGN-05", kind="PEM") from None
        super().__init__(opened, key if certificate is None else certificate)


class Pkcs12Signer(KeySigner):
    """A PKCS#12 file (``.p12``, ``.pfx``) as the certificate authorities of Viet Nam hand out.

    The password is not kept. Raises `vnhealth.errors.SignatureError` (ERR-SIGN-05) when the file
    cannot be opened: wrong password, or not PKCS#12, or without key or certificate.
    """

    def __init__(self, data: bytes, password: bytes | None = None) -> None:
        try:
            key, certificate, _ = pkcs12.load_key_and_certificates(data, password)
            der = certificate.public_bytes(Encoding.DER) if certificate else b""
        except Exception:  # as above
            raise SignatureError("ERR-SIGN-05", kind="PKCS#12") from None
        if key is None or not der:
            raise SignatureError("ERR-SIGN-05", kind="PKCS#12")
        super().__init__(key, der)


class CallbackSigner:
    """A key elsewhere: ``callback`` gets the bytes to sign and returns the RSA-SHA256 signature.

    ``certificate`` is DER or PEM. Errors raised by the callback reach the caller unchanged.
    """

    def __init__(self, certificate: bytes, callback: Callable[[bytes], bytes]) -> None:
        self._leaf = load_certificates(certificate)[0]
        self._callback = callback

    @property
    def certificate(self) -> bytes:
        """The certificate, DER."""
        return self._leaf.der

    def sign(self, data: bytes) -> bytes:
        """What the callback returns."""
        return self._callback(data)

    def __repr__(self) -> str:
        return f"<CallbackSigner {self._leaf.fingerprint[:16]}>"


def verify_rsa(key: object, signature: bytes, data: bytes, hash_name: str) -> bool:
    """True when an RSA PKCS#1 v1.5 signature is right; False for any other kind of key."""
    if not isinstance(key, rsa.RSAPublicKey):
        return False
    try:
        key.verify(signature, data, padding.PKCS1v15(), _HASHES[hash_name])
    except InvalidSignature:
        return False
    return True


_HASHES = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}


def _match(certificates: tuple[Certificate, ...], key: rsa.RSAPrivateKey) -> Certificate:
    for certificate in certificates:
        if certificate.public_key == key.public_key():
            return certificate
    raise SignatureError("ERR-SIGN-06")
