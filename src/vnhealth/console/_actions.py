"""What the forms of the console do; each gives the page to go to afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from vnhealth.console._guided import GUIDED_ACTIONS
from vnhealth.console._visit import Visit
from vnhealth.sandbox import Fault, VirtualClock
from vnhealth.sandbox._moments import moment_named

__all__ = ["ACTIONS"]

MAX_MINUTES = 400 * 24 * 60


def add_fault(visit: Visit, form: Mapping[str, str]) -> str:
    """Add a rule to the fault plan."""
    fault, _, variant = form["fault"].partition("/")
    visit.exchange.faults.add(
        Fault(
            fault,
            variant=variant,
            on=form.get("on") or "*",
            nth=tuple(int(part) for part in form.get("nth", "").split(",") if part.strip()),
            probability=float(form.get("probability") or 0),
            times=int(form.get("times") or 0),
        )
    )
    return "faults"


def clear_faults(visit: Visit, form: Mapping[str, str]) -> str:
    """Take all rules away."""
    visit.exchange.faults.clear()
    return "faults"


def advance(visit: Visit, form: Mapping[str, str]) -> str:
    """Move the virtual clock by minutes."""
    minutes = float(form["minutes"])
    if not 0 <= minutes <= MAX_MINUTES:
        raise ValueError("out of range")
    _virtual(visit).advance(minutes=minutes)
    return "time"


def jump(visit: Visit, form: Mapping[str, str]) -> str:
    """Move the virtual clock to a named moment."""
    clock = _virtual(visit)
    clock.jump(moment_named(form["to"], clock.now()))
    return "time"


def _virtual(visit: Visit) -> VirtualClock:
    clock = visit.exchange.clock
    if not isinstance(clock, VirtualClock):
        raise ValueError("the clock is the real one")
    return clock


def take(visit: Visit, form: Mapping[str, str]) -> str:
    """Take a snapshot under a name."""
    name = form["name"].strip()
    if not 0 < len(name) <= 64:
        raise ValueError("no name")
    visit.exchange.snapshots[name] = visit.exchange.snapshot()
    return "time"


def restore(visit: Visit, form: Mapping[str, str]) -> str:
    """Put a snapshot back."""
    visit.exchange.restore(visit.exchange.snapshots[form["name"]])
    return "time"


def reset(visit: Visit, form: Mapping[str, str]) -> str:
    """Be as new."""
    visit.exchange.reset()
    return "time"


def unmask(visit: Visit, form: Mapping[str, str]) -> str:
    """Show or hide MA_LK on the page of records; it is noted in the journal either way."""
    visit.view.unmasked = form.get("show") == "1"
    visit.exchange.note("unmask" if visit.view.unmasked else "mask")
    return "records"


def run_kit(visit: Visit, form: Mapping[str, str]) -> str:
    """Start a self-test of a kit."""
    if visit.kits is None:
        raise ValueError("no kits")
    visit.kits.start(form["kit"], int(form.get("seed") or 7))
    return "kits"


ACTIONS: dict[str, Callable[[Visit, Mapping[str, str]], str]] = {
    "faults/add": add_fault,
    "faults/clear": clear_faults,
    "time/advance": advance,
    "time/jump": jump,
    "time/snapshot": take,
    "time/restore": restore,
    "time/reset": reset,
    "records/unmask": unmask,
    "kits/run": run_kit,
    **GUIDED_ACTIONS,
}
