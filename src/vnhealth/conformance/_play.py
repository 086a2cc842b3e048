"""Playing a scenario: a fresh sandbox, the client, and what the tests make of it."""

from __future__ import annotations

import datetime as dt

from vnhealth.conformance._keys import pki
from vnhealth.conformance._model import Case, CaseResult, Result, Scenario
from vnhealth.conformance._stage import Stage, Strike, staged
from vnhealth.conformance._subject import Subject
from vnhealth.conformance._watch import Watch
from vnhealth.sandbox import Clock, Exchange, Facility, Settings
from vnhealth.sandbox.faults import Fault, FaultPlan

__all__ = ["FACILITIES", "exchange_of", "judge", "play"]

FACILITIES = ("01991", "79991")
REAL_DELAY_S = 1


def _fault(strike: Strike) -> Fault:
    return Fault(
        strike.fault,
        on=strike.on,
        nth=strike.nth,
        variant=strike.variant,
        times=strike.times,
    )


def exchange_of(stage: Stage, seed: int, clock: Clock, delay_s: float) -> Exchange:
    """A fresh sandbox for a stage, with its faults and what lies there before the client begins.

    Verdicts come after so many seconds.
    """
    exchange = Exchange.default(
        seed,
        clock=clock,
        facilities=[Facility(code) for code in FACILITIES],
        trust=pki(FACILITIES).trust,
        settings=Settings(
            verdict_delay=dt.timedelta(seconds=delay_s),
            vss_token=dt.timedelta(seconds=stage.token_s),
        ),
        faults=FaultPlan([_fault(s) for s in stage.strikes], seed=seed),
    )
    stage.prepare(staged(stage, seed), exchange)
    return exchange


def play(scenario: Scenario, subject: Subject, seed: int) -> Watch:
    """Stage a scenario, let the subject work, and give what was seen."""
    found = staged(scenario.stage, seed)
    delay = REAL_DELAY_S if subject.real_time else scenario.stage.verdict_delay_s
    exchange = exchange_of(scenario.stage, seed, subject.clock(found.start), delay)
    keys = pki(FACILITIES)
    tap, results = subject.run(found, exchange, keys)
    return Watch(found, exchange, tap, results, keys)


def judge(scenario: Scenario, case: Case, watch: Watch) -> CaseResult:
    """What a test makes of what was seen: the worst of its steps decides."""
    steps = tuple(step.look(watch) for step in case.steps)
    kinds = {s.result for s in steps}
    for result in (Result.ERROR, Result.FAIL, Result.INCONCLUSIVE):
        if result in kinds:
            return CaseResult(case, scenario.id, result, steps)
    return CaseResult(case, scenario.id, Result.PASS, steps)
