"""The course of a run as a state machine: which scenario is next, and what came of the others.

Two fronts move it: `run_kit` without anybody at the screen, `Guided` with a person who works at a
hospital system. Both give the same evidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vnhealth.conformance import evidence
from vnhealth.conformance._facts import (
    kit_facts,
    scenario_sums,
    scenario_traffic,
    standards,
    summed,
)
from vnhealth.conformance._model import (
    CaseResult,
    Kit,
    Reason,
    Result,
    Scenario,
    StepResult,
)
from vnhealth.conformance._play import judge
from vnhealth.conformance._verdict import (
    by_requirement,
    outcome,
    requirement_rows,
    summary,
    test_row,
    waived,
)
from vnhealth.conformance._waivers import Waiver
from vnhealth.conformance._watch import Watch
from vnhealth.errors import ConformanceError

__all__ = ["Course", "Page", "Run"]

OTHER_ROLE = Reason("Không thuộc vai trò được kiểm", "Not part of the role under test")
NOT_ASKED = Reason("Người chạy không chọn kịch bản này", "Not among the scenarios asked for")


@dataclass(slots=True)
class Run:
    """What a run found. ``facts`` is the part of the evidence that depends on nothing else."""

    kit: Kit
    kind: str
    outcome: str
    results: tuple[CaseResult, ...]
    requirements: Mapping[str, Result]
    facts: dict[str, Any] = field(repr=False)

    @property
    def exit_code(self) -> int:
        """0 pass, 1 fail, 2 inconclusive."""
        return {"FAIL": 1, "INCONCLUSIVE": 2}.get(self.outcome, 0)


@dataclass(frozen=True, slots=True)
class Page:
    """What is kept of a scenario that is over: results, hashes and counts, never a value.

    ``traffic`` and ``sums`` are None when it was left out.
    """

    scenario: str
    results: tuple[CaseResult, ...]
    traffic: dict[str, Any] | None = field(default=None, repr=False)
    sums: dict[str, Any] | None = field(default=None, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready object."""
        results = [
            {
                "id": r.case.id,
                "result": r.result.value,
                "steps": [[s.result.value, s.detail] for s in r.steps],
                "waiver": r.waiver,
                "reason": list(r.reason) if r.reason else None,
            }
            for r in self.results
        ]
        kept = {"traffic": self.traffic, "sums": self.sums}
        return {"scenario": self.scenario, "results": results, **kept}

    @classmethod
    def from_dict(cls, scenario: Scenario, found: Mapping[str, Any]) -> Page:
        """The page of a scenario, from `to_dict`."""
        results = []
        for case, row in zip(scenario.cases, found["results"], strict=True):
            steps = tuple(
                StepResult(step, Result(result), detail)
                for step, (result, detail) in zip(case.steps, row["steps"], strict=False)
            )
            why = Reason(*row["reason"]) if row["reason"] else None
            result = Result(row["result"])
            results.append(CaseResult(case, scenario.id, result, steps, row["waiver"], why))
        return cls(scenario.id, tuple(results), found["traffic"], found["sums"])


class Course:
    """A run under way: scenarios in order, one current, a `Page` for each that is over.

    With ``commitment`` the seed is a secret: then neither it nor the traffic's details stand in the
    facts. ``waivers`` must have been checked already. ``role`` is the largest one of the kit unless
    given. ``only`` names scenarios; all others are skipped. Raises `ConformanceError`
    (ERR-CERT-10) for a name or role that is none.
    """

    def __init__(
        self,
        kit: Kit,
        *,
        seed: int,
        role: str = "",
        waivers: tuple[Waiver, ...] = (),
        commitment: str = "",
        only: tuple[str, ...] = (),
    ) -> None:
        self.kit = kit
        self.seed = seed
        self.role = role or kit.roles[-1]
        if set(only) - {scenario.id for scenario in kit.scenarios}:
            raise ConformanceError("ERR-CERT-10", what="only")
        if self.role not in kit.roles:
            raise ConformanceError("ERR-CERT-10", what="role")
        self.pages: list[Page] = []
        self._only = only
        self._waivers = waivers
        self._commitment = commitment
        self._pass_over()

    @property
    def current(self) -> Scenario | None:
        """The scenario whose turn it is; None when all are over."""
        at = len(self.pages)
        return self.kit.scenarios[at] if at < len(self.kit.scenarios) else None

    def judge(self, watch: Watch, left_out: Mapping[str, Reason] | None = None) -> Page:
        """Close the current scenario with what was seen; ``left_out`` tests are not applicable."""
        scenario = self._open()
        results = tuple(
            CaseResult(case, scenario.id, Result.NOT_APPLICABLE, reason=left_out[case.id])
            if left_out and case.id in left_out
            else waived(judge(scenario, case, watch), self._waivers)
            for case in scenario.cases
        )
        hidden = bool(self._commitment)
        traffic = scenario_traffic(scenario, watch, self.seed, hidden=hidden)
        sums = scenario_sums(scenario, watch, results)
        return self._close(Page(scenario.id, results, traffic, sums))

    def skip(self, reason: Reason) -> Page:
        """Close the current scenario without running it."""
        return self._close(self._left_out(self._open(), Result.SKIP, reason))

    def take_up(self, pages: list[dict[str, Any]]) -> None:
        """Go on where an earlier course of the same kit, seed and role was (`Page.to_dict`)."""
        scenarios = {scenario.id: scenario for scenario in self.kit.scenarios}
        self.pages = [Page.from_dict(scenarios[p["scenario"]], p) for p in pages]
        self._pass_over()

    def run(self, kind: str) -> Run:
        """All of it, once nothing is current any more."""
        assert self.current is None
        results = tuple(result for page in self.pages for result in page.results)
        traffic = [page.traffic for page in self.pages if page.traffic is not None]
        found = by_requirement(self.kit, self.role, results)
        hidden = bool(self._commitment)
        waivers = [w for w in self._waivers if any(r.waiver == w.test for r in results)]
        facts = {
            "kit": kit_facts(self.kit, self.role, None if hidden else self.seed, self._commitment),
            "standards": standards(),
            "summary": summary(results, found),
            "requirements": requirement_rows(found, results, traffic),
            "tests": [test_row(r, hidden=hidden) for r in results],
            "waivers": [w.to_dict() for w in waivers],
            "traffic": {
                "count": sum(s["count"] for s in traffic),
                "root": evidence.traffic_root(traffic),
                "scenarios": traffic,
            },
            **summed([page.sums for page in self.pages if page.sums is not None]),
        }
        return Run(self.kit, kind, outcome(found), results, found, facts)

    def _open(self) -> Scenario:
        scenario = self.current
        assert scenario is not None
        return scenario

    def _close(self, page: Page) -> Page:
        self.pages.append(page)
        self._pass_over()
        return page

    def _pass_over(self) -> None:
        """Close what is not for this role, or was not asked for."""
        while (scenario := self.current) is not None:
            if scenario.roles and self.role not in scenario.roles:
                page = self._left_out(scenario, Result.NOT_APPLICABLE, OTHER_ROLE)
            elif self._only and scenario.id not in self._only:
                page = self._left_out(scenario, Result.SKIP, NOT_ASKED)
            else:
                return
            self.pages.append(page)

    def _left_out(self, scenario: Scenario, result: Result, reason: Reason) -> Page:
        cases = (CaseResult(c, scenario.id, result, reason=reason) for c in scenario.cases)
        return Page(scenario.id, tuple(cases))
