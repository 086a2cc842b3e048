"""Who is trusted: certificate authorities, and certificates registered for facilities."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from vnhealth.signing._certificates import (
    Certificate,
    aware,
    issued_by,
    load_certificates,
)

__all__ = ["TrustStore"]

MAX_CHAIN = 5
MAX_EXTRAS = 4
MAX_CACHED = 1024

Window = tuple[dt.datetime, dt.datetime]


class TrustStore:
    """Trusted CA certificates, plus certificates registered for facility codes. Immutable.

    A signer's certificate is accepted when it is registered, or (unless ``require_registration``)
    when a chain leads to one of ``authorities``. Checked for a chain: names match byte for byte,
    each signature is right and made with SHA-2, every issuer is a CA (basicConstraints), keeps its
    path length and may sign certificates (keyUsage, when present), keys are RSA of at least 2048
    bits or EC of at least 256, no unknown critical extension, at most 5 certificates, all valid at
    the moment asked for. For the signer: not a CA, and keyUsage (when present) allows
    digitalSignature or nonRepudiation. Not checked: revocation (CRL, OCSP), extended key usage,
    policies; a CA that constrains names with a critical extension is refused, not interpreted.

    Certificates are given as DER bytes or PEM bytes (several in one file are fine).
    Raises `vnhealth.errors.SignatureError` (ERR-SIGN-09) for unreadable ones.

    Legal source: the gateway guide has facilities register their certificate in the portal first.

    >>> TrustStore()
    <TrustStore authorities=0 facilities=0>
    """

    def __init__(
        self,
        authorities: Iterable[bytes] = (),
        registered: Mapping[str, Iterable[bytes]] | None = None,
        *,
        require_registration: bool = False,
    ) -> None:
        self._authorities = tuple(c for data in authorities for c in load_certificates(data))
        self._registered = {
            facility: frozenset(c.fingerprint for data in given for c in load_certificates(data))
            for facility, given in (registered or {}).items()
        }
        self.require_registration = require_registration
        self._windows: dict[tuple[str, ...], tuple[Window, ...]] = {}
        self._lock = threading.Lock()

    @property
    def registered(self) -> Mapping[str, frozenset[str]]:
        """Fingerprints (SHA-256, hex) of the certificates registered for each facility code."""
        return MappingProxyType(self._registered)

    def with_registered(self, facility: str, certificate: bytes) -> TrustStore:
        """A store that also has this certificate registered for this facility."""
        new = TrustStore(require_registration=self.require_registration)
        new._authorities = self._authorities
        added = frozenset(c.fingerprint for c in load_certificates(certificate))
        known = self._registered.get(facility, frozenset())
        new._registered = {**self._registered, facility: known | added}
        return new

    def facilities_of(self, fingerprint: str) -> tuple[str, ...]:
        """The facility codes for which the certificate with this fingerprint is registered."""
        return tuple(sorted(f for f, known in self._registered.items() if fingerprint in known))

    def refusal(
        self,
        leaf: Certificate,
        extras: Iterable[Certificate],
        at: dt.datetime,
        facility: str | None = None,
    ) -> str | None:
        """The code of the reason why this certificate is not accepted at this moment, or None."""
        owners = self.facilities_of(leaf.fingerprint)
        windows = [(leaf.not_before, leaf.not_after)] if owners else []
        windows += self._chains(leaf, tuple(extras)[:MAX_EXTRAS])
        if not windows:
            return "SIGN-05"
        if not leaf.may_sign_documents or leaf.unknown_critical:
            return "SIGN-11"
        claimed = facility is not None and (bool(owners) or facility in self._registered)
        if (claimed and facility not in owners) or (self.require_registration and not owners):
            return "SIGN-10"
        return outside(windows, at)

    def _chains(self, leaf: Certificate, extras: tuple[Certificate, ...]) -> tuple[Window, ...]:
        """The validity of every chain to an authority (kept, since the signatures cost most)."""
        key = (leaf.fingerprint, *(extra.fingerprint for extra in extras))
        found = self._windows.get(key)
        if found is None:
            found = tuple(self._walk((leaf,), extras))
            with self._lock:
                if len(self._windows) >= MAX_CACHED:
                    self._windows.clear()
                self._windows[key] = found
        return found

    def _walk(
        self, chain: tuple[Certificate, ...], extras: tuple[Certificate, ...]
    ) -> Iterator[Window]:
        child, below = chain[-1], len(chain) - 1
        for issuer in (*self._authorities, *extras):
            if issuer in chain:
                continue
            if issuer.path_length is not None and issuer.path_length < below:
                continue
            if not issued_by(child, issuer):
                continue
            longer = (*chain, issuer)
            if issuer in self._authorities:
                yield (max(c.not_before for c in longer), min(c.not_after for c in longer))
            elif len(longer) < MAX_CHAIN:
                yield from self._walk(longer, extras)

    def __repr__(self) -> str:
        sizes = f"authorities={len(self._authorities)} facilities={len(self._registered)}"
        return f"<TrustStore {sizes}>"


def outside(windows: Iterable[Window], at: dt.datetime) -> str | None:
    """SIGN-07 when every window is still to come, SIGN-06 when none is open, None when one is.

    >>> day = dt.datetime(2026, 8, 1, tzinfo=dt.timezone.utc)
    >>> outside([(day, day.replace(year=2027))], day.replace(year=2025))
    'SIGN-07'
    """
    moment = aware(at)
    known = list(windows)
    if any(start <= moment <= end for start, end in known):
        return None
    return "SIGN-07" if all(moment < start for start, _ in known) else "SIGN-06"
