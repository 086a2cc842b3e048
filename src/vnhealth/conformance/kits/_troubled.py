"""Scenarios with one trouble each: faults at the gateway's side, or the death of the client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vnhealth.conformance import expect as x
from vnhealth.conformance._model import Case, Scenario, Step
from vnhealth.conformance._stage import Kill, Stage, Strike

__all__ = ["Troubles"]


@dataclass(frozen=True)
class Troubles:
    """The troubled scenarios of a kit: prefixes of their ids, and the stage that they play on."""

    scenario: str
    test: str
    stage: type[Stage]
    encounters: int

    def faults(
        self,
        name: str,
        requirement: str,
        vi: str,
        en: str,
        strikes: tuple[Strike, ...],
        steps: tuple[Step, ...],
        *,
        virtual: bool = False,
        **stage: Any,
    ) -> Scenario:
        """The faults must have been met, and the steps hold in spite of them."""
        met = tuple(x.injected(fault) for fault in dict.fromkeys(s.fault for s in strikes))
        case = Case(f"{self.test}-{name}", (requirement,), vi, en, (*met, *steps))
        staged = self.stage(**{"encounters": self.encounters, "strikes": strikes, **stage})
        return Scenario(f"{self.scenario}-{name}", vi, en, staged, (case,), virtual=virtual)

    def death(
        self, name: str, requirement: str, vi: str, en: str, kill: Kill, steps: tuple[Step, ...]
    ) -> Scenario:
        """The client is killed once and started again, and the steps hold in spite of it."""
        case = Case(f"{self.test}-{name}", (requirement,), vi, en, (x.restarted(1), *steps))
        staged = self.stage(encounters=3, kills=(kill,))
        return Scenario(f"{self.scenario}-{name}", vi, en, staged, (case,))
