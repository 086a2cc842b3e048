"""What is put to the test: a work order goes in, what was heard and said comes out."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, cast

from vnhealth.conformance._keys import Pki
from vnhealth.conformance._line import Killed, Tap
from vnhealth.conformance._stage import Staged
from vnhealth.conformance.clients import Workplace
from vnhealth.conformance.evidence import schema, violations
from vnhealth.localtime import ICT
from vnhealth.protocol import gateway
from vnhealth.sandbox import Clock, Exchange, VirtualClock
from vnhealth.sandbox.transport import SandboxTransport

if TYPE_CHECKING:
    from vnhealth.conformance._model import Reason, Scenario

__all__ = ["MAX_LIVES", "Client", "InProcess", "Results", "Subject", "accounts", "work_order"]

MAX_LIVES = 6
ROLES = {"donthuoc": ("facility", "doctor", "pharmacy")}
"""What the accounts of a facility are for, in their order in the facts of the gateway."""


class Client(Protocol):
    """Anything that does a work order."""

    def run(self) -> None:
        """Do all tasks and write the results."""
        ...


@dataclass(slots=True)
class Results:
    """What a client says it did. ``broken`` says why there is nothing usable."""

    states: dict[str, str] = field(default_factory=dict)
    transactions: dict[str, str] = field(default_factory=dict)
    counts: list[dict[str, Any]] = field(default_factory=list)
    broken: str = ""
    text: str = field(default="", repr=False)

    @classmethod
    def of(cls, text: str | None) -> Results:
        """From the text of results.json."""
        if text is None:
            return cls(broken="no results")
        try:
            found = json.loads(text)
        except ValueError:
            return cls(broken="no JSON")
        wrong = next(violations(found, schema("results")), None)
        if wrong is not None:
            return cls(broken=wrong)
        states = {r["task"]: r["state"] for r in found["records"]}
        transactions = {r["task"]: r.get("transaction", "") for r in found["records"]}
        return cls(states, transactions, found.get("counts", []), text=text)


class Subject(Protocol):
    """Runs a staged scenario; the tap hears what it does."""

    kind: str

    @property
    def real_time(self) -> bool:
        """True when waiting for the gateway takes real time."""
        ...

    def cannot(self, scenario: Scenario, staged: Staged) -> Reason | None:
        """Why it cannot do a scenario; None when it can."""
        ...

    def clock(self, start: dt.datetime) -> Clock:
        """The clock of the sandbox for a scenario that begins at ``start``."""
        ...

    def run(self, staged: Staged, exchange: Exchange, pki: Pki) -> tuple[Tap, Results]:
        """Start the client, again after each kill, until it ends by itself."""
        ...


def work_order(
    staged: Staged, exchange: Exchange, base_url: str, now: dt.datetime
) -> dict[str, Any]:
    """The work order as a client gets it."""
    gateways = {}
    wanted = list(staged.stage.gateways)
    wanted += ["national_deid"] if staged.stage.deid else []
    wanted += ["hanoi"] if staged.stage.axis else []
    for key in wanted:
        gateways[key] = {
            "base_url": base_url.rstrip("/") + gateway(key).prefix,
            "accounts": [
                account
                for code in staged.stage.facilities
                for account in accounts(exchange, key, code)
            ],
        }
    return {
        "schema": "vnhealth-work-order/1",
        "now": now.astimezone(ICT).isoformat(timespec="seconds"),
        "gateways": gateways,
        "signing": {
            code: {"key": f"keys/{code}.key.pem", "certificate": f"keys/{code}.cert.pem"}
            for code in staged.stage.facilities
        },
        "tasks": list(staged.tasks),
    }


def accounts(exchange: Exchange, key: str, facility: str) -> list[dict[str, str]]:
    """The accounts of a facility at a gateway; with a role where it has several there."""
    roles = ROLES.get(key, ("",))
    forms = gateway(key).accounts if key in ROLES else ("",)
    found = []
    for role, form in zip(roles, forms, strict=True):
        name = form.format(facility=facility)
        a = exchange.credentials(facility, key, username=name)
        account = {"username": a.username, "password": a.password, "facility": a.facility}
        found.append({**account, "role": role} if role else account)
    return found


class InProcess:
    """A client of this process, in virtual time: no socket, no waiting."""

    def __init__(self, make: Callable[[Workplace], Client], kind: str = "self_test") -> None:
        self._make = make
        self.kind = kind
        self.real_time = False

    def cannot(self, scenario: Scenario, staged: Staged) -> Reason | None:
        """It is given everything."""
        return None

    def clock(self, start: dt.datetime) -> Clock:
        """Time that stands still until somebody sleeps."""
        return VirtualClock(start)

    def run(self, staged: Staged, exchange: Exchange, pki: Pki) -> tuple[Tap, Results]:
        """See `Subject`. A client that raises is dead like one that was killed, but for good."""
        tap = Tap(exchange, staged.stage.kills)
        clock = cast(VirtualClock, exchange.clock)
        skew = dt.timedelta(seconds=staged.stage.skew_s)
        order = work_order(staged, exchange, "http://sandbox.invalid", clock.now())
        disk: dict[str, str] = {}
        for life in range(1, MAX_LIVES + 1):
            tap.life = life
            place = Workplace(
                order=json.loads(json.dumps(order)),
                transport=SandboxTransport(cast(Exchange, tap)),
                clock=lambda: clock.now() + skew,
                sleep=lambda seconds: _slept(clock, seconds),
                disk=disk,
                signers=dict(pki.signers),
            )
            try:
                self._make(place).run()
            except Killed:
                continue
            except Exception as error:
                found = Results.of(disk.get("results.json"))
                found.broken = type(error).__name__
                return tap, found
            break
        return tap, Results.of(disk.get("results.json"))


def _slept(clock: VirtualClock, seconds: float) -> None:
    clock.advance(seconds=max(seconds, 0.0))
