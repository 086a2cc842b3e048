"""The faults that are known, one row per variant in ``sandbox/data/faults.csv``."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from vnhealth.errors import SandboxError
from vnhealth.protocol import Endpoint

__all__ = ["FaultKind", "fault_kind", "fault_kinds", "strikes_at"]


@dataclass(frozen=True, slots=True)
class FaultKind:
    """One variant of a fault.

    ``where`` is login, call (all but login), submit, batch (submits with a result per file), query
    or any. ``effect`` names what is done, with ``code``, ``outcome``, ``status`` and ``amount`` as
    its arguments. A ``lasting`` one meets a magic value every time, others only the first time.
    ``evidence`` as in `vnhealth.protocol.Behaviour`; ``client_vi`` and ``client_en`` say what a
    good client does.
    """

    fault: str
    variant: str
    where: str
    effect: str
    code: str
    outcome: str
    status: str
    amount: str
    lasting: str
    evidence: str
    title_vi: str
    title_en: str
    client_vi: str
    client_en: str

    @property
    def name(self) -> str:
        """Fault and variant, as the journal shows them."""
        return f"{self.fault}/{self.variant}"


@cache
def fault_kinds() -> Mapping[str, tuple[FaultKind, ...]]:
    """Variants by fault, the usual one first.

    >>> [kind.variant for kind in fault_kinds()["F01"]]
    ['body', 'http', 'forbidden']
    """
    text = (files("vnhealth.sandbox") / "data" / "faults.csv").read_text("utf-8")
    found: dict[str, list[FaultKind]] = {}
    for row in csv.DictReader(text.splitlines()):
        found.setdefault(row["fault"], []).append(FaultKind(**row))
    return MappingProxyType({name: tuple(kinds) for name, kinds in found.items()})


def fault_kind(fault: str, variant: str = "") -> FaultKind:
    """A variant of a fault (the usual one without a name).

    Raises `SandboxError` (SBX-FLT-01) when there is none.

    >>> fault_kind("F10").name
    'F10/silent'
    """
    for kind in fault_kinds().get(fault, ()):
        if variant in ("", kind.variant):
            return kind
    raise SandboxError("SBX-FLT-01", name=f"{fault[:8]}/{variant[:20]}".rstrip("/"))


def strikes_at(kind: FaultKind, endpoint: Endpoint) -> bool:
    """True when a fault can happen at a call of this sort."""
    if kind.where == "any":
        return True
    if kind.where in ("login", "call"):
        return (endpoint.auth == "none" and "login" in endpoint.name) == (kind.where == "login")
    if endpoint.auth == "none":
        return False
    if kind.where == "batch":
        return "batch" in endpoint.content.split()
    return bool(endpoint.record) == (kind.where != "query")
