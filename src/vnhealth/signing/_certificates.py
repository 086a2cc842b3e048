"""Reading certificates, and the rules a chain must keep."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from vnhealth.errors import SignatureError
from vnhealth.localtime import ICT

__all__ = ["Certificate", "aware", "issued_by", "load_certificates", "read_certificate"]

MAX_DER = 16 * 1024
_STRONG = frozenset({"sha256", "sha384", "sha512"})
_UNDERSTOOD = (x509.BasicConstraints, x509.KeyUsage)
_T = TypeVar("_T", bound=x509.ExtensionType)


@dataclass(frozen=True, slots=True)
class Certificate:
    """The facts of one certificate that verification needs."""

    der: bytes = field(repr=False)
    fingerprint: str
    subject: str = field(repr=False)
    issuer: str = field(repr=False)
    subject_der: bytes = field(repr=False)
    issuer_der: bytes = field(repr=False)
    not_before: dt.datetime
    not_after: dt.datetime
    public_key: object = field(repr=False)
    rsa_bits: int
    is_strong_key: bool
    strong_hash: bool
    is_ca: bool
    path_length: int | None
    may_sign_documents: bool
    may_sign_certificates: bool
    unknown_critical: bool
    handle: x509.Certificate = field(repr=False)


@lru_cache(maxsize=512)
def read_certificate(der: bytes) -> Certificate:
    """The facts of a DER certificate. Raises `ValueError` for anything that cannot be read."""
    if len(der) > MAX_DER:
        raise ValueError("certificate too long")
    try:
        return _read(der)
    except Exception:  # cryptography raises many kinds for damaged fields; their texts hold values
        raise ValueError("unreadable certificate") from None


def _read(der: bytes) -> Certificate:
    cert = x509.load_der_x509_certificate(der)
    key = cert.public_key()
    algorithm = cert.signature_hash_algorithm
    constraints = _extension(cert, x509.BasicConstraints)
    usage = _extension(cert, x509.KeyUsage)
    is_ca = bool(constraints and constraints.ca)
    return Certificate(
        der=der,
        fingerprint=hashlib.sha256(der).hexdigest(),
        subject=cert.subject.rfc4514_string(),
        issuer=cert.issuer.rfc4514_string(),
        subject_der=cert.subject.public_bytes(),
        issuer_der=cert.issuer.public_bytes(),
        not_before=cert.not_valid_before_utc,
        not_after=cert.not_valid_after_utc,
        public_key=key,
        rsa_bits=key.key_size if isinstance(key, rsa.RSAPublicKey) else 0,
        is_strong_key=_is_strong(key),
        strong_hash=algorithm is not None and algorithm.name in _STRONG,
        is_ca=is_ca,
        path_length=constraints.path_length if constraints else None,
        may_sign_documents=not is_ca
        and (usage is None or usage.digital_signature or usage.content_commitment),
        may_sign_certificates=is_ca and (usage is None or usage.key_cert_sign),
        unknown_critical=any(
            e.critical and not isinstance(e.value, _UNDERSTOOD) for e in cert.extensions
        ),
        handle=cert,
    )


def _extension(cert: x509.Certificate, kind: type[_T]) -> _T | None:
    try:
        return cert.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _is_strong(key: object) -> bool:
    """True for RSA of at least 2048 bits and elliptic curves of at least 256."""
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size >= 2048
    return isinstance(key, ec.EllipticCurvePublicKey) and key.key_size >= 256


def issued_by(child: Certificate, issuer: Certificate) -> bool:
    """True when ``issuer`` is a CA that may sign, its key is strong, and it signed ``child``."""
    if child.issuer_der != issuer.subject_der or not child.strong_hash:
        return False
    if not issuer.may_sign_certificates or issuer.unknown_critical or not issuer.is_strong_key:
        return False
    try:
        child.handle.verify_directly_issued_by(issuer.handle)
    except Exception:  # wrong signature, other key type, unsupported algorithm: all mean "no"
        return False
    return True


@lru_cache(maxsize=64)
def load_certificates(data: bytes) -> tuple[Certificate, ...]:
    """Read one DER certificate or any number of PEM ones.

    Raises `vnhealth.errors.SignatureError` (ERR-SIGN-09) when there is none.
    """
    try:
        if b"-----BEGIN" in data:
            handles: Iterable[x509.Certificate] = x509.load_pem_x509_certificates(data)
        else:
            handles = [x509.load_der_x509_certificate(data)]
        return tuple(read_certificate(h.public_bytes(Encoding.DER)) for h in handles)
    except Exception:  # cryptography's own texts may quote the input
        raise SignatureError("ERR-SIGN-09") from None


def aware(moment: dt.datetime) -> dt.datetime:
    """The moment with a zone; one without is taken as Viet Nam time."""
    return moment if moment.tzinfo else moment.replace(tzinfo=ICT)
