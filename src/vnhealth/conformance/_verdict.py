"""What the results of tests come to: by requirement, in sum, and as rows of the evidence."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from vnhealth.conformance._model import Case, CaseResult, Kit, Result
from vnhealth.conformance._requirements import Requirement, requirements, requirements_of
from vnhealth.conformance._waivers import Waiver

__all__ = ["by_requirement", "outcome", "requirement_rows", "summary", "test_row", "waived"]

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


def waived(result: CaseResult, waivers: tuple[Waiver, ...]) -> CaseResult:
    """A failure for which there is a waiver is an expected one."""
    known = {w.test for w in waivers}
    if result.result is not Result.FAIL or result.case.id not in known:
        return result
    return CaseResult(
        result.case, result.scenario, Result.EXPECTED_FAILURE, result.steps, result.case.id
    )


def by_requirement(kit: Kit, role: str, results: Sequence[CaseResult]) -> dict[str, Result]:
    """What came of each requirement of a kit: the worst of the tests that verify it."""
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


def outcome(found: Mapping[str, Result]) -> str:
    """What all of it comes to."""
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


def summary(results: Sequence[CaseResult], found: Mapping[str, Result]) -> dict[str, Any]:
    """Counts by result: tests, requirements by level, requirements by group."""
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


def requirement_rows(
    found: Mapping[str, Result], results: Sequence[CaseResult], traffic: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The table of requirements, each with a hash over the exchanges that decided it."""
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


def test_row(result: CaseResult, *, hidden: bool) -> dict[str, Any]:
    """A test with its steps; details are left out of a run with a secret seed."""
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
        "reason_vi": result.reason.vi if result.reason else "",
        "reason_en": result.reason.en if result.reason else "",
    }
