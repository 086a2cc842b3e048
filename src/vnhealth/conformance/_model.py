"""The words of a kit: steps, tests, scenarios, and what can come of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from vnhealth.conformance._stage import Stage
from vnhealth.conformance._watch import Watch

__all__ = [
    "Case",
    "CaseResult",
    "Kit",
    "Reason",
    "Result",
    "Scenario",
    "Step",
    "StepResult",
    "Undecided",
    "step",
]


class Result(StrEnum):
    """What came of a step, a test or a requirement."""

    PASS = "pass"  # noqa: S105 - not a password
    FAIL = "fail"
    SKIP = "skip"
    """Not run, because the caller asked for less."""
    NOT_APPLICABLE = "not_applicable"
    """Not for this role, gateway or edition."""
    ERROR = "error"
    """The kit itself broke."""
    INCONCLUSIVE = "inconclusive"
    """Nothing was seen that would decide it."""
    EXPECTED_FAILURE = "expected_failure"
    """It failed, and a signed waiver says so beforehand."""
    NOT_TESTABLE = "not_testable"
    """A requirement that no test can decide; the reason stands with it."""


class Reason(NamedTuple):
    """Why a test was not run, in both languages."""

    vi: str
    en: str


class Undecided(Exception):
    """A step cannot be decided: what it looks at did not happen. The text names no value."""


Check = Callable[[Watch], str]
"""Gives an empty text when all is well, else what is wrong: places and counts, never values."""


@dataclass(frozen=True, slots=True)
class Step:
    """One expectation, in both languages."""

    text_vi: str
    text_en: str
    check: Check

    def look(self, watch: Watch) -> StepResult:
        """Whether it holds."""
        try:
            detail = self.check(watch)
        except Undecided as undecided:
            return StepResult(self, Result.INCONCLUSIVE, str(undecided))
        except Exception as error:
            return StepResult(self, Result.ERROR, type(error).__name__)
        return StepResult(self, Result.FAIL if detail else Result.PASS, detail)


def step(text_vi: str, text_en: str) -> Callable[[Check], Step]:
    """Make a step of a check."""
    return lambda check: Step(text_vi, text_en, check)


@dataclass(frozen=True, slots=True)
class StepResult:
    """What came of a step; ``detail`` holds places and counts."""

    step: Step
    result: Result
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """A test: its permanent short id, the requirements it verifies, what it expects."""

    id: str
    verifies: tuple[str, ...]
    title_vi: str
    title_en: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A stage and the tests that look at it. ``roles`` limits it to some roles.

    ``virtual`` ones need time that can be moved: a program that does not follow the clock of the
    sandbox skips them.
    """

    id: str
    title_vi: str
    title_en: str
    stage: Stage
    cases: tuple[Case, ...]
    roles: tuple[str, ...] = ()
    virtual: bool = False


@dataclass(frozen=True, slots=True)
class Kit:
    """A kit: scenarios under a permanent id. Roles go from the smallest to the largest."""

    id: str
    version: str
    title_vi: str
    title_en: str
    scenarios: tuple[Scenario, ...]
    roles: tuple[str, ...]
    groups: dict[str, str] = field(default_factory=dict)

    @property
    def gateway(self) -> str:
        """The gateway that it is about."""
        return self.scenarios[0].stage.gateways[0]

    def cases(self) -> list[Case]:
        """All tests in order."""
        return [case for scenario in self.scenarios for case in scenario.cases]


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What came of a test."""

    case: Case
    scenario: str
    result: Result
    steps: tuple[StepResult, ...] = ()
    waiver: str = ""
    reason: Reason | None = None
    """Why it was not run."""
