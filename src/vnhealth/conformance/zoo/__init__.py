"""A zoo of deliberately wrong clients: each has one bug, each must be caught, by the right test."""

from __future__ import annotations

from vnhealth.conformance._model import Result
from vnhealth.conformance._play import judge, play
from vnhealth.conformance._subject import InProcess
from vnhealth.conformance.kits import CLAIM_3176
from vnhealth.conformance.zoo._bug import Bug, bug
from vnhealth.conformance.zoo._content import CONTENT
from vnhealth.conformance.zoo._sending import SENDING
from vnhealth.conformance.zoo._troubled import TROUBLED

__all__ = ["ZOO", "Bug", "bug", "caught_by"]

ZOO: tuple[Bug, ...] = (*SENDING, *CONTENT, *TROUBLED)


def caught_by(found: Bug, *, seed: int = 7, everywhere: bool = False) -> list[str]:
    """The tests that fail for a wrong client.

    Only the scenario of the expected test is played, unless ``everywhere``.
    """
    failed = []
    for scenario in CLAIM_3176.scenarios:
        mine = found.expected in {case.id for case in scenario.cases}
        if not mine and (not everywhere or scenario.roles == ("full",)):
            continue
        watch = play(scenario, InProcess(found.client), seed)
        for case in scenario.cases:
            if judge(scenario, case, watch).result is Result.FAIL:
                failed.append(case.id)
    return failed
