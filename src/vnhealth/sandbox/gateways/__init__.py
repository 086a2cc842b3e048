"""One small module per gateway over the shared core.

A module has ``front(core, key)``, which gives the `Front` of a gateway. It is imported when the
first request for the gateway comes, so that a sandbox with many gateways starts at once.
"""

from __future__ import annotations

from importlib import import_module

from vnhealth.sandbox._core import Core, Front

__all__ = ["MODULES", "front"]

MODULES = {
    "vss": "vss",
    "province": "repository",
    "national": "repository",
    "national_deid": "repository",
    "hanoi": "hanoi",
    "dienbien": "dienbien",
    "cantho": "cantho",
    "hoc": "hoc",
    "donthuoc": "donthuoc",
    "ecds": "ecds",
    "fhir_report": "fhir_report",
    "identity": "identity",
    "vinhlong": "vinhlong",
    "emrhub": "emrhub",
    "hanoi_hssk": "hanoi_hssk",
}
"""The module of this package that answers for a gateway."""


def front(core: Core, key: str) -> Front:
    """The handlers of a gateway over a core."""
    module = import_module(f"{__name__}.{MODULES[key]}")
    found: Front = module.front(core, key)
    return found
