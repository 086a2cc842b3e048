"""Running a kit without anybody at the screen: scenario after scenario, one course."""

from __future__ import annotations

from collections.abc import Callable

from vnhealth.conformance._course import Course, Run
from vnhealth.conformance._model import Kit, Scenario
from vnhealth.conformance._play import play
from vnhealth.conformance._stage import staged
from vnhealth.conformance._subject import Subject
from vnhealth.conformance._waivers import Waiver

__all__ = ["run_kit"]


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

    See `Course` for the options. What the subject cannot do is skipped, with the reason. Raises
    `ConformanceError` (ERR-CERT-10) for a name of ``only`` that is none.
    """
    course = Course(kit, seed=seed, role=role, waivers=waivers, commitment=commitment, only=only)
    while (scenario := course.current) is not None:
        why_not = subject.cannot(scenario, staged(scenario.stage, seed))
        if why_not is not None:
            course.skip(why_not)
            continue
        course.judge(play(scenario, subject, seed))
        if progress is not None:
            progress(scenario)
    return course.run(subject.kind)
