"""A call answered under the faults of a plan."""

from __future__ import annotations

from vnhealth.sandbox._core import Answer, Call, Core, Front, Handler
from vnhealth.sandbox.faults._conditions import Conditions, RefusedByFault, Struck
from vnhealth.sandbox.faults._effects import Scene, after, before, prepare, refused
from vnhealth.sandbox.faults._plan import FaultPlan
from vnhealth.sandbox.faults._rule import Fault

__all__ = ["answered"]

CONDITIONAL = {"duplicate", "checkin_first"}


def answered(
    core: Core, front: Front, plan: FaultPlan, call: Call, handler: Handler
) -> tuple[Answer, list[Fault]]:
    """The answer, and the faults that had a part in it.

    Some faults are known only once the account or the records of the call are: then it is handled
    again under them. Nothing was kept until then.
    """
    scene = Scene(core, front, call.endpoint, plan)
    asked: set[str] = set()
    struck = plan.at_call(call.endpoint, scene.now) if len(plan) else []
    while True:
        stopped = before(scene, struck)
        if stopped is not None:
            return stopped[0], [stopped[1]]
        conditions = Conditions(plan=plan, endpoint=call.endpoint, asked=asked)
        prepare(conditions, struck)
        core.ledger.conditions = conditions
        try:
            answer = handler(call)
        except Struck as more:
            struck = [*struck, *more.faults]
        except RefusedByFault as stop:
            return refused(scene, stop.fault), [stop.fault]
        else:
            return after(scene, struck, answer), _told(struck, conditions)
        finally:
            core.ledger.conditions = Conditions()


def _told(struck: list[Fault], conditions: Conditions) -> list[Fault]:
    """The faults that took effect: some need a second file, or a missing check-in."""
    return [
        fault
        for fault in struck
        if fault.kind.effect != "no_bom"
        and (fault.kind.effect not in CONDITIONAL or fault.fault in conditions.happened)
    ]
