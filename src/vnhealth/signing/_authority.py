"""A certificate authority for tests and the sandbox, made at run time and never stored."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from vnhealth.signing._certificates import aware
from vnhealth.signing._signers import KeySigner
from vnhealth.signing._trust import TrustStore

__all__ = ["TestAuthority"]

KeyMaker = Callable[[], rsa.RSAPrivateKey]


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class TestAuthority:
    """A private certificate authority for tests, named as such in every certificate it makes.

    Its certificates prove nothing about a real facility. Keys exist only in memory unless the
    caller exports them. Validity comes from the caller's clock; serial numbers from ``rng`` when
    given. RSA keys come from the operating system's random source and cannot be seeded; pass
    ``new_key`` to supply them (then the same inputs give the same certificates, byte for byte).

    The facility code stands in the subject as ``UID=MA_CSKCB:<code>``. That is a convention of this
    test authority, not of any authority in Viet Nam. Times without a zone are Viet Nam time.

    >>> start = dt.datetime(2026, 1, 1)
    >>> ca = TestAuthority(not_before=start, not_after=start.replace(year=2030))
    >>> ca.issue("79001", not_before=start, not_after=start.replace(year=2027))
    <KeySigner ...>
    """

    __test__ = False
    COMMON_NAME = "vnhealth TEST CA - not for production"

    def __init__(
        self,
        *,
        not_before: dt.datetime,
        not_after: dt.datetime,
        rng: random.Random | None = None,
        new_key: KeyMaker = _new_key,
    ) -> None:
        self._rng = rng
        self._new_key = new_key
        self._key = new_key()
        self._name = x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "vnhealth test"),
                x509.NameAttribute(NameOID.COMMON_NAME, self.COMMON_NAME),
            ]
        )
        self._certificate = self._build(
            self._name, self._key.public_key(), not_before, not_after, is_ca=True
        )

    @property
    def certificate(self) -> bytes:
        """The certificate of the authority, DER."""
        return self._certificate.public_bytes(Encoding.DER)

    @property
    def certificate_pem(self) -> bytes:
        """The certificate of the authority, PEM, for other tools."""
        return self._certificate.public_bytes(Encoding.PEM)

    def issue(self, facility: str, *, not_before: dt.datetime, not_after: dt.datetime) -> KeySigner:
        """A new key and certificate for a facility code, valid from and until these moments."""
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "vnhealth test"),
                x509.NameAttribute(NameOID.USER_ID, f"MA_CSKCB:{facility}"),
                x509.NameAttribute(NameOID.COMMON_NAME, f"TEST facility {facility}"),
            ]
        )
        key = self._new_key()
        made = self._build(subject, key.public_key(), not_before, not_after, is_ca=False)
        return KeySigner(key, made.public_bytes(Encoding.DER))

    def export_pkcs12(self, signer: KeySigner, password: bytes) -> bytes:
        """Key, certificate and this authority as an encrypted PKCS#12 file."""
        return signer.to_pkcs12(password, self.certificate_pem)

    def trust_store(self) -> TrustStore:
        """A store that trusts this authority alone."""
        return TrustStore([self.certificate])

    def _build(
        self,
        subject: x509.Name,
        key: rsa.RSAPublicKey,
        not_before: dt.datetime,
        not_after: dt.datetime,
        *,
        is_ca: bool,
    ) -> x509.Certificate:
        serial = self._rng.getrandbits(158) | 1 if self._rng else x509.random_serial_number()
        own = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(serial)
            .not_valid_before(aware(not_before))
            .not_valid_after(aware(not_after))
            .add_extension(x509.BasicConstraints(is_ca, 0 if is_ca else None), critical=True)
            .add_extension(_usage(is_ca=is_ca), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own), critical=False
            )
            .sign(self._key, hashes.SHA256())
        )

    def __repr__(self) -> str:
        return "<TestAuthority>"


def _usage(*, is_ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_ca,
        content_commitment=not is_ca,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        encipher_only=False,
        decipher_only=False,
    )
