"""The kits of this package, by their permanent ids."""

from __future__ import annotations

from vnhealth.conformance._model import Kit
from vnhealth.conformance.kits._claim3176 import KIT as CLAIM_3176
from vnhealth.conformance.kits._server3176 import KIT as SERVER_3176
from vnhealth.errors import ConformanceError

__all__ = ["CLAIM_3176", "KITS", "SERVER_3176", "kit"]

KITS: tuple[Kit, ...] = (CLAIM_3176, SERVER_3176)


def kit(name: str) -> Kit:
    """A kit by its id. Raises `ConformanceError` (ERR-CERT-05).

    >>> len(kit("bhyt-claim-3176").cases()) > 60
    True
    """
    for found in KITS:
        if found.id == name:
            return found
    raise ConformanceError("ERR-CERT-05", name=name[:40])
