"""The structured result of verifying a signature."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from vnhealth.errors import SignatureError
from vnhealth.findings import Finding, Findings, Severity, catalogue

__all__ = ["Refusal", "SignatureReport", "SignatureStatus", "finding"]


class SignatureStatus(StrEnum):
    """The outcome of `vnhealth.signing.verify`; one of nine."""

    VALID = "valid"
    """Intact, accepted algorithms, and a certificate that the trust store vouches for."""
    MISSING = "missing"
    """No signature: CHUKYDONVI is empty or absent."""
    MALFORMED = "malformed"
    """Not XML, unsafe XML, or a signature that does not have the required parts."""
    DIGEST_MISMATCH = "digest_mismatch"
    """The document is not the one that was signed."""
    SIGNATURE_MISMATCH = "signature_mismatch"
    """The signature value does not belong to this certificate and these signed parts."""
    UNKNOWN_CERTIFICATE = "unknown_certificate"
    """Intact, but the signer is not trusted, not registered, or may not sign."""
    EXPIRED = "expired"
    """Intact and known, but outside the validity of a certificate (over, or not yet begun)."""
    ALGORITHM_REFUSED = "algorithm_refused"
    """SHA-1, MD5, HMAC, a short RSA key, or anything else the profile does not name."""
    WRAPPING = "wrapping"
    """The signature could cover something other than this document as it will be read."""


STATUS_OF = {
    "SIGN-01": SignatureStatus.MISSING,
    "SIGN-02": SignatureStatus.MALFORMED,
    "SIGN-03": SignatureStatus.DIGEST_MISMATCH,
    "SIGN-04": SignatureStatus.SIGNATURE_MISMATCH,
    "SIGN-05": SignatureStatus.UNKNOWN_CERTIFICATE,
    "SIGN-06": SignatureStatus.EXPIRED,
    "SIGN-07": SignatureStatus.EXPIRED,
    "SIGN-08": SignatureStatus.ALGORITHM_REFUSED,
    "SIGN-09": SignatureStatus.WRAPPING,
    "SIGN-10": SignatureStatus.UNKNOWN_CERTIFICATE,
    "SIGN-11": SignatureStatus.UNKNOWN_CERTIFICATE,
    "SIGN-14": SignatureStatus.VALID,
}
"""Which status each deciding code stands for (SIGN-12 and SIGN-13 are notes beside a status)."""


class Refusal(Exception):
    """Stops a verification with a deciding code; ``what`` is a technical term without values."""

    def __init__(self, code: str, what: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.what = what


def finding(code: str, holder: str, what: str = "") -> Finding:
    """A finding of this layer with the severity of the catalogue."""
    severity = Severity(catalogue.info(code).severity)
    return Finding(code, severity, tag=holder, params={"what": what} if what else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureReport:
    """What is known of the signature of one document.

    Only ``covered`` may be trusted, and it is set only when ``status`` is valid: the bytes of the
    document without the Signature element and without XML comments (the signature covers neither; a
    comment inside a value can make two readers see two values). ``trusted`` is False when no trust
    store was given: then *valid* means intact, and says nothing about who signed.

    ``certificate`` is the DER of the signer's certificate as soon as it could be read,
    ``fingerprint`` its SHA-256 in hex, ``subject`` and ``issuer`` its X.509 names (RFC 4514),
    ``facilities`` the facility codes for which the trust store has this very certificate
    registered.
    """

    status: SignatureStatus
    code: str
    findings: Findings
    trusted: bool = False
    covered: bytes | None = field(default=None, repr=False)
    certificate: bytes | None = field(default=None, repr=False)
    fingerprint: str | None = None
    subject: str | None = field(default=None, repr=False)
    issuer: str | None = field(default=None, repr=False)
    not_before: dt.datetime | None = None
    not_after: dt.datetime | None = None
    facilities: tuple[str, ...] = ()

    @property
    def is_valid(self) -> bool:
        """True when the status is valid; look at ``trusted`` too."""
        return self.status is SignatureStatus.VALID

    def raise_for_status(self) -> None:
        """Raise `vnhealth.errors.SignatureError` (ERR-SIGN-08) unless valid."""
        if not self.is_valid:
            raise SignatureError("ERR-SIGN-08", status=self.status.value, finding=self.code)

    def to_dict(self, lang: str = "vi", *, values: bool = False) -> dict[str, Any]:
        """A JSON-ready object; the names in the certificate only when ``values`` are asked for."""
        out: dict[str, Any] = {
            "status": self.status.value,
            "code": self.code,
            "trusted": self.trusted,
            "fingerprint": self.fingerprint,
            "not_before": self.not_before.isoformat() if self.not_before else None,
            "not_after": self.not_after.isoformat() if self.not_after else None,
            "facilities": list(self.facilities),
            "findings": self.findings.to_list(lang, values=values),
        }
        if values:
            out |= {"subject": self.subject, "issuer": self.issuer}
        return out
