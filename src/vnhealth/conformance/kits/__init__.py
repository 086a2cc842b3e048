"""The kits of this package, by their permanent ids, and the client that each has of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType

from vnhealth.conformance._model import Kit
from vnhealth.conformance._subject import Client
from vnhealth.conformance.clients import ProbeClient, ReferenceClient, Workplace
from vnhealth.conformance.clients._probe_rx import PrescriptionProbe
from vnhealth.conformance.clients._probe_store import DeidProbe, StoreProbe
from vnhealth.conformance.clients._reference_axis import ReferenceAxisClient
from vnhealth.conformance.clients._reference_rx import ReferencePrescriber
from vnhealth.conformance.kits._axis import KIT as AXIS
from vnhealth.conformance.kits._claim3176 import KIT as CLAIM_3176
from vnhealth.conformance.kits._eprescription import KIT as EPRESCRIPTION
from vnhealth.conformance.kits._eprescription_server import KIT as EPRESCRIPTION_SERVER
from vnhealth.conformance.kits._pharmacy import KIT as PHARMACY
from vnhealth.conformance.kits._repository import KIT as REPOSITORY
from vnhealth.conformance.kits._repository_server import DEID, PROVINCE
from vnhealth.conformance.kits._server3176 import KIT as SERVER_3176
from vnhealth.errors import ConformanceError

__all__ = ["CLAIM_3176", "KITS", "SERVER_3176", "client_of", "kit", "kit_of"]

CLIENTS: tuple[tuple[Kit, Callable[[Workplace], Client]], ...] = (
    (CLAIM_3176, ReferenceClient),
    (SERVER_3176, ProbeClient),
    (EPRESCRIPTION, ReferencePrescriber),
    (PHARMACY, ReferencePrescriber),
    (EPRESCRIPTION_SERVER, PrescriptionProbe),
    (REPOSITORY, ReferenceClient),
    (PROVINCE, StoreProbe),
    (DEID, DeidProbe),
    (AXIS, ReferenceAxisClient),
)
"""Each kit with its own client: the reference of a self-test, or what asks a server."""

KITS: tuple[Kit, ...] = tuple(kit for kit, _ in CLIENTS)


def kit(name: str) -> Kit:
    """A kit by its id. Raises `ConformanceError` (ERR-CERT-05).

    >>> len(kit("bhyt-claim-3176").cases()) > 60
    True
    """
    for found in KITS:
        if found.id == name:
            return found
    raise ConformanceError("ERR-CERT-05", name=name[:40])


def client_of(kit: Kit) -> Callable[[Workplace], Client]:
    """The client that a kit has of its own.

    >>> client_of(kit("bhyt-claim-3176")).__name__
    'ReferenceClient'
    """
    return next(client for known, client in CLIENTS if known.id == kit.id)


@cache
def _owners() -> Mapping[str, Kit]:
    return MappingProxyType({case.id: found for found in KITS for case in found.cases()})


def kit_of(case: str) -> Kit:
    """The kit that a test belongs to, by its id. Raises `KeyError`.

    >>> kit_of("SES-01").id
    'bhyt-claim-3176'
    """
    return _owners()[case]
