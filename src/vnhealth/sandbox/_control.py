"""The sandbox's own calls that change it: faults, time, snapshots, state; and the inspector."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from vnhealth.sandbox._clock import VirtualClock
from vnhealth.sandbox._core import Answer
from vnhealth.sandbox._forms import compact
from vnhealth.sandbox._http import BadBody, Request, Response
from vnhealth.sandbox._inspect import inspect_entry
from vnhealth.sandbox._moments import MOMENTS, moment_named
from vnhealth.sandbox._state import Snapshot
from vnhealth.sandbox.faults import Fault, FaultPlan, fault_kinds
from vnhealth.sandbox.gateways.admin import Operation, problem

if TYPE_CHECKING:
    from vnhealth.sandbox._exchange import Exchange

__all__ = ["Control"]

MAX_NAME = 64
MAX_SNAPSHOTS = 50
NO_CLOCK = "SBX-HTTP-06"


def _ok(value: Any) -> Answer:
    return Answer(Response(200, compact(value)), "OK")


class Control:
    """Calls by method and path below ``/_sandbox``."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def calls(self) -> dict[str, Operation]:
        """What is answered, by method and path."""
        found: dict[str, tuple[str, Callable[[Request], Answer]]] = {
            "GET /faults": ("faults", self.faults),
            "PUT /faults": ("faults", self.set_faults),
            "POST /faults": ("faults", self.add_fault),
            "DELETE /faults": ("faults", self.clear_faults),
            "POST /clock/jump": ("jump", self.jump),
            "POST /clock/freeze": ("freeze", self.freeze),
            "GET /snapshots": ("snapshots", self.snapshots),
            "POST /snapshots": ("snapshots", self.take),
            "POST /snapshots/restore": ("restore", self.restore),
            "POST /reset": ("reset", self.reset),
            "GET /state": ("state", self.state),
            "PUT /state": ("state", self.set_state),
            "GET /inspect": ("inspect", self.inspect),
        }
        return found

    # faults

    def faults(self, request: Request) -> Answer:
        """The plan, what it did, and all faults there are."""
        plan = self._exchange.faults
        return _ok(
            {
                **plan.to_dict(),
                "injected": [
                    {"entry": i.entry, "fault": i.fault, "variant": i.variant}
                    for i in plan.injected
                ],
                "known": [
                    {
                        "fault": kind.fault,
                        "variant": kind.variant,
                        "where": kind.where,
                        "evidence": kind.evidence,
                        "title": kind.title_vi,
                        "title_en": kind.title_en,
                    }
                    for kinds in fault_kinds().values()
                    for kind in kinds
                ],
            }
        )

    def set_faults(self, request: Request) -> Answer:
        """Put a plan in place of the present one."""
        self._exchange.faults = FaultPlan.from_dict(_object(request))
        return self.faults(request)

    def add_fault(self, request: Request) -> Answer:
        """Add one rule."""
        self._exchange.faults.add(Fault.from_dict(_object(request)))
        return self.faults(request)

    def clear_faults(self, request: Request) -> Answer:
        """Take all rules away."""
        self._exchange.faults.clear()
        return self.faults(request)

    # time

    def jump(self, request: Request) -> Answer:
        """Go to a moment (ISO with time zone) or to the next one of a name."""
        clock = self._exchange.clock
        if not isinstance(clock, VirtualClock):
            return problem(409, NO_CLOCK)
        to = str(_object(request).get("to", ""))
        try:
            named = to in MOMENTS
            moment = moment_named(to, clock.now()) if named else dt.datetime.fromisoformat(to)
            if moment.tzinfo is None:
                raise BadBody
            clock.jump(moment)
        except (ValueError, OverflowError):
            raise BadBody from None
        return _ok({"now": clock.now().isoformat(), "virtual": True})

    def freeze(self, request: Request) -> Answer:
        """Let time stand still."""
        clock = self._exchange.clock
        if not isinstance(clock, VirtualClock):
            return problem(409, NO_CLOCK)
        clock.freeze()
        return _ok({"now": clock.now().isoformat(), "virtual": True})

    # state

    def snapshots(self, request: Request) -> Answer:
        """Names and moments of the snapshots taken."""
        rows = [
            {"name": name, "at": kept.at.isoformat(), "submissions": len(kept.submissions)}
            for name, kept in self._exchange.snapshots.items()
        ]
        return _ok({"snapshots": rows})

    def take(self, request: Request) -> Answer:
        """Take a snapshot under a name; an older one of that name is replaced."""
        name = _name(request)
        if len(self._exchange.snapshots) >= MAX_SNAPSHOTS and name not in self._exchange.snapshots:
            raise BadBody
        self._exchange.snapshots[name] = self._exchange.snapshot()
        return self.snapshots(request)

    def restore(self, request: Request) -> Answer:
        """Put a snapshot back."""
        kept = self._exchange.snapshots.get(_name(request))
        if kept is None:
            raise BadBody
        self._exchange.restore(kept)
        return self.snapshots(request)

    def reset(self, request: Request) -> Answer:
        """Be as new."""
        self._exchange.reset()
        return _ok({"now": self._exchange.clock.now().isoformat()})

    def state(self, request: Request) -> Answer:
        """The whole state as a file."""
        headers = (("Content-Type", "application/gzip"),)
        return Answer(Response(200, self._exchange.snapshot().to_bytes(), headers), "OK")

    def set_state(self, request: Request) -> Answer:
        """Put the state of such a file in place of the present one."""
        self._exchange.restore(Snapshot.from_bytes(request.body))
        return _ok({"now": self._exchange.clock.now().isoformat()})

    # looking closer

    def inspect(self, request: Request) -> Answer:
        """One entry of the journal (``?entry=3``), decoded; values are masked."""
        number = request.params().get("entry", "")
        if not number.isascii() or not number.isdigit():
            raise BadBody
        found = inspect_entry(self._exchange, int(number[:18]))
        if found is None:
            raise BadBody
        return _ok(found)


def _object(request: Request) -> dict[str, Any]:
    value = request.json()
    if not isinstance(value, dict):
        raise BadBody
    return value


def _name(request: Request) -> str:
    name = _object(request).get("name")
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME:
        raise BadBody
    return name
