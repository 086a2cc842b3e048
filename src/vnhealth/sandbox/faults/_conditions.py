"""What holds for the call that is being answered: the faults that work while it is handled."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from vnhealth.protocol import Endpoint
from vnhealth.sandbox.faults._plan import FaultPlan
from vnhealth.sandbox.faults._rule import Fault

__all__ = ["Conditions", "RefusedByFault", "Struck"]


class Struck(Exception):
    """Faults were found while a call was handled; it has to be answered again under them."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("a fault of the plan")
        self.faults = tuple(faults)


class RefusedByFault(Exception):
    """The file is refused by a fault that only its content brings about."""

    def __init__(self, fault: Fault) -> None:
        super().__init__("refused by the fault plan")
        self.fault = fault


@dataclass(slots=True, repr=False)
class Conditions:
    """The faults that work inside the core while one call is handled.

    ``lenient``: any facility passes. ``partial``: a part of a batch is refused. ``revoke``: the
    caller's tokens end now. ``late`` is added to the time of a verdict, ``life`` shortens a new
    session. ``marks`` change the verdict on what is received. ``no_bom`` refuses a file with a
    byte-order mark. ``happened`` names marks that took effect.
    """

    lenient: bool = False
    partial: bool = False
    revoke: bool = False
    late: dt.timedelta = dt.timedelta()
    life: dt.timedelta | None = None
    marks: tuple[str, ...] = ()
    no_bom: Fault | None = None
    happened: set[str] = field(default_factory=set)
    plan: FaultPlan | None = None
    endpoint: Endpoint | None = None
    asked: set[str] = field(default_factory=set)

    def saw_account(self, facility: str, now: dt.datetime) -> None:
        """An account was found. Raises `Struck` when rules or a magic facility say so."""
        if self.plan is not None and self.endpoint is not None and "account" not in self.asked:
            self.asked.add("account")
            found = self.plan.at_account(self.endpoint, now, facility)
            if found:
                raise Struck(found)

    def saw_intake(self, facility: str, keys: Sequence[str | None], now: dt.datetime) -> None:
        """A file came through the door. Raises `Struck` when rules or a magic MA_LK say so."""
        if self.plan is not None and self.endpoint is not None and "intake" not in self.asked:
            self.asked.add("intake")
            found = self.plan.at_intake(self.endpoint, now, facility, keys)
            if found:
                raise Struck(found)
