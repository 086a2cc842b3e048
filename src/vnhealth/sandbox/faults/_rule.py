"""One rule of a fault plan: which fault, where, when, how often."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from typing import Any

from vnhealth.errors import SandboxError
from vnhealth.protocol import Endpoint
from vnhealth.sandbox.faults._kinds import FaultKind, fault_kind, strikes_at

__all__ = ["Fault"]


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule.

    ``fault`` and ``variant`` name the fault; ``on`` is a pattern over ``gateway.operation``.
    ``nth`` are numbers of matching calls from 1, ``every`` takes each n-th, ``probability`` decides
    by the seed of the plan; without any of them each matching call is struck. ``times`` limits how
    often the rule strikes, ``since`` and ``until`` (aware) when. ``facility`` and ``key`` (a
    pattern over MA_LK) narrow it to records; they are known only when a file is received.
    ``options`` override ``code``, ``status`` and ``amount`` of the fault.

    Raises `SandboxError`: SBX-FLT-01 for an unknown fault, SBX-FLT-02 for a bad rule.

    >>> Fault("F10", on="vss.claim_*", nth=(2,)).kind.effect
    'wire_after'
    """

    fault: str
    on: str = "*"
    variant: str = ""
    nth: tuple[int, ...] = ()
    every: int = 0
    probability: float = 0.0
    times: int = 0
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    facility: str = ""
    key: str = ""
    options: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        fault_kind(self.fault, self.variant)
        object.__setattr__(self, "nth", tuple(self.nth))
        bounds = [m for m in (self.since, self.until) if m is not None]
        if (
            not 0 <= self.probability <= 1
            or min((self.every, self.times, *(n - 1 for n in self.nth))) < 0
            or any(moment.tzinfo is None for moment in bounds)
        ):
            raise SandboxError("SBX-FLT-02")

    @property
    def kind(self) -> FaultKind:
        """The variant that is meant."""
        return fault_kind(self.fault, self.variant)

    def option(self, name: str) -> str:
        """An argument of the effect: of this rule, else of the fault."""
        given = (self.options or {}).get(name)
        return str(given) if given is not None else str(getattr(self.kind, name))

    def covers(self, endpoint: Endpoint, now: dt.datetime) -> bool:
        """True when the rule is about this call at this moment."""
        name = f"{endpoint.gateway}.{endpoint.name}"
        return (
            (self.since is None or self.since <= now)
            and (self.until is None or now < self.until)
            and fnmatchcase(name, self.on)
            and strikes_at(self.kind, endpoint)
        )

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready object with what differs from the defaults."""
        found: dict[str, Any] = {}
        for item in fields(self):
            value = getattr(self, item.name)
            if value != item.default:
                found[item.name] = value.isoformat() if isinstance(value, dt.datetime) else value
        return {name: list(v) if isinstance(v, tuple) else v for name, v in found.items()}

    @classmethod
    def from_dict(cls, value: Mapping[Any, Any]) -> Fault:
        """A rule from such an object. Raises `SandboxError` (SBX-FLT-01, SBX-FLT-02).

        >>> Fault.from_dict({"fault": "F18", "nth": [1, 3]}).nth
        (1, 3)
        """
        # YAML reads a bare "on" as true.
        given = {"on" if name is True else name: held for name, held in value.items()}
        try:
            for name in ("since", "until"):
                moment = given.get(name)
                if isinstance(moment, str):
                    given[name] = dt.datetime.fromisoformat(moment)
            return cls(**given)
        except (TypeError, ValueError, AttributeError):
            raise SandboxError("SBX-FLT-02") from None
