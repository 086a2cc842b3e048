"""Running a kit: scenario after scenario, and what all of it comes to."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vnhealth.conformance import evidence
from vnhealth.conformance._facts import Sums, kit_facts, scenario_traffic, standards
from vnhealth.conformance._model import Case, CaseResult, Kit, Result, Scenario
from vnhealth.conformance._play import judge, play
from vnhealth.conformance._requirements import Requirement, requirements, requirements_of
from vnhealth.conformance._subject import Command, Subject
from vnhealth.conformance._waivers import Waiver
from vnhealth.errors import ConformanceError

__all__ = ["OUTCOMES", "Run", "run_kit"]

OUTCOMES = ("PASS", "PASS_WITH_WARNINGS", "CONDITIONAL", "FAIL", "INCONCLUSIVE")
WORST = (
    Result.ERROR,
    Result.FAIL,
    Result.INCONCLUSIVE,
    Result.EXPECTED_FAILURE,
    Result.PASS,
    Result.SKIP,
    Result.NOT_APPLICABLE,
)
"""When several tests verify a requirement, the first of these that occurs decides."""


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


def run_kit(
    kit: Kit,
    subject: Subject,
    *,
    seed: int,
    role: str = "",
    waivers: tuple[Waiver, ...] = (),
    commitment: str = "",
    only: tuple[str, ...] = (),
    progress: Callable[[Scenario], None] | None = None,
) -> Run:
    """Run all scenarios of a role against a subject.

    With ``commitment`` the seed is a secret: then neither it nor the traffic's details stand in the
    facts. ``waivers`` must have been checked already. ``role`` is the
    largest one of the kit unless given. ``only`` names scenarios; all others are
    skipped then. Raises `ConformanceError` (ERR-CERT-10) for a name that is none.
    """
    role = role or kit.roles[-1]
    if set(only) - {scenario.id for scenario in kit.scenarios}:
        raise ConformanceError("ERR-CERT-10", what="only")
    results: list[CaseResult] = []
    traffic: list[dict[str, Any]] = []
    sums = Sums()
    for scenario in kit.scenarios:
        left_out = _left_out(scenario, role, subject, only)
        if left_out is not None:
            results += [CaseResult(case, scenario.id, left_out) for case in scenario.cases]
            continue
        watch = play(scenario, subject, seed)
        judged = [_waived(judge(scenario, case, watch), waivers) for case in scenario.cases]
        results += judged
        traffic.append(scenario_traffic(scenario, watch, seed, hidden=bool(commitment)))
        sums.add(scenario, watch, judged)
        if progress is not None:
            progress(scenario)
    by_requirement = _by_requirement(kit, role, results)
    outcome = _outcome(by_requirement)
    facts = {
        "kit": kit_facts(kit, role, None if commitment else seed, commitment),
        "standards": standards(),
        "summary": _summary(results, by_requirement),
        "requirements": _requirement_rows(by_requirement, results, traffic),
        "tests": [_test_row(r, hidden=bool(commitment)) for r in results],
        "waivers": [w.to_dict() for w in waivers if any(r.waiver == w.test for r in results)],
        "traffic": {
            "count": sum(s["count"] for s in traffic),
            "root": evidence.traffic_root(traffic),
            "scenarios": traffic,
        },
        **sums.to_dict(),
    }
    return Run(kit, subject.kind, outcome, tuple(results), by_requirement, facts)


def _left_out(
    scenario: Scenario, role: str, subject: Subject, only: tuple[str, ...]
) -> Result | None:
    if scenario.roles and role not in scenario.roles:
        return Result.NOT_APPLICABLE
    real_time = scenario.virtual and isinstance(subject, Command)
    return Result.SKIP if real_time or (only and scenario.id not in only) else None


def _waived(result: CaseResult, waivers: tuple[Waiver, ...]) -> CaseResult:
    known = {w.test for w in waivers}
    if result.result is not Result.FAIL or result.case.id not in known:
        return result
    return CaseResult(
        result.case, result.scenario, Result.EXPECTED_FAILURE, result.steps, result.case.id
    )


def _by_requirement(kit: Kit, role: str, results: list[CaseResult]) -> dict[str, Result]:
    reach = kit.roles.index(role)
    found = {}
    for name, requirement in requirements_of(kit).items():
        kinds = {r.result for r in results if name in r.case.verifies}
        if not requirement.testable:
            found[name] = Result.NOT_TESTABLE
        elif kit.roles.index(requirement.role) > reach:
            found[name] = Result.NOT_APPLICABLE
        else:
            found[name] = next((kind for kind in WORST if kind in kinds), Result.SKIP)
    return found


def _outcome(found: Mapping[str, Result]) -> str:
    must = {r for name, r in found.items() if requirements()[name].level == "must"}
    should = {r for name, r in found.items() if requirements()[name].level == "should"}
    if Result.FAIL in must:
        return "FAIL"
    if must & {Result.INCONCLUSIVE, Result.ERROR}:
        return "INCONCLUSIVE"
    if Result.EXPECTED_FAILURE in must | should:
        return "CONDITIONAL"
    doubtful = {Result.FAIL, Result.INCONCLUSIVE, Result.ERROR, Result.SKIP}
    return "PASS_WITH_WARNINGS" if should & doubtful or Result.SKIP in must else "PASS"


def _counts(found: Mapping[str, Result], wanted: Callable[[Requirement], bool]) -> dict[str, int]:
    chosen = Counter(r.value for name, r in found.items() if wanted(requirements()[name]))
    return dict(sorted(chosen.items()))


def _summary(results: list[CaseResult], found: Mapping[str, Result]) -> dict[str, Any]:
    groups = sorted({name.split("-")[1] for name in found})
    return {
        "tests": dict(sorted(Counter(r.result.value for r in results).items())),
        "must": _counts(found, lambda r: r.level == "must"),
        "should": _counts(found, lambda r: r.level == "should"),
        "groups": {
            group: dict(
                sorted(
                    Counter(r.value for n, r in found.items() if n.split("-")[1] == group).items()
                )
            )
            for group in groups
        },
    }


def _requirement_rows(
    found: Mapping[str, Result], results: list[CaseResult], traffic: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    roots = {s["id"]: s["root"] for s in traffic}
    rows = []
    for name, result in found.items():
        known = requirements()[name]
        mine = [r for r in results if name in r.case.verifies]
        scenes = sorted({r.scenario for r in mine if r.scenario in roots})
        together = hashlib.sha256("".join(roots[s] for s in scenes).encode()).hexdigest()
        rows.append(
            {
                "id": name,
                "level": known.level,
                "role": known.role,
                "basis": known.basis,
                "clause": known.clause,
                "confidence": known.confidence,
                "text_vi": known.text_vi,
                "text_en": known.text_en,
                "result": result.value,
                "tests": [r.case.id for r in mine],
                "evidence": together if scenes else "",
                "reason_vi": known.reason_vi,
                "reason_en": known.reason_en,
            }
        )
    return rows


def _test_row(result: CaseResult, *, hidden: bool) -> dict[str, Any]:
    case: Case = result.case
    steps = [
        {
            "text_vi": s.step.text_vi,
            "text_en": s.step.text_en,
            "result": s.result.value,
            "detail": "" if hidden else s.detail,
        }
        for s in result.steps
    ]
    return {
        "id": case.id,
        "scenario": result.scenario,
        "verifies": list(case.verifies),
        "title_vi": case.title_vi,
        "title_en": case.title_en,
        "result": result.result.value,
        "steps": steps,
        "waiver": result.waiver,
    }
