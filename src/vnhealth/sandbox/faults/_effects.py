"""What each fault does: before a call is handled, while it is, or to its answer."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from vnhealth.localtime import ICT
from vnhealth.protocol import Endpoint, result_code, result_codes
from vnhealth.protocol.vss import parse_expiry
from vnhealth.sandbox._clock import VirtualClock
from vnhealth.sandbox._core import Answer, Core, Front
from vnhealth.sandbox._http import Response, Wire
from vnhealth.sandbox.faults._conditions import Conditions
from vnhealth.sandbox.faults._plan import FaultPlan
from vnhealth.sandbox.faults._rule import Fault

__all__ = ["Scene", "after", "before", "prepare", "refused"]

HTML = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
NIGHT = (22, 5)
"""Hours of the maintenance window, Viet Nam time."""


class Scene:
    """The call that faults strike: where it goes and what answers there."""

    def __init__(self, core: Core, front: Front, endpoint: Endpoint, plan: FaultPlan) -> None:
        self.core = core
        self.front = front
        self.endpoint = endpoint
        self.plan = plan

    @property
    def now(self) -> dt.datetime:
        """The present moment of the sandbox."""
        return self.core.clock.now()


def refused(scene: Scene, fault: Fault) -> Answer:
    """A refusal in the gateway's own form: its code where it has it, else one alike."""
    gateway = scene.endpoint.gateway
    code, outcome = fault.option("code"), fault.option("outcome")
    if not code or result_code(gateway, code) is None:
        alike = (c.code for c in result_codes(gateway) if c.outcome == outcome)
        code = next(alike, code)
    status = fault.option("status")
    return scene.front.refuse(scene.endpoint, code, int(status) if status else None)


# before


def _page(scene: Scene, fault: Fault) -> Answer | None:
    return _html(fault) if fault.option("amount") == "before" else None


def _html(fault: Fault) -> Answer:
    headers = (("Content-Type", "text/html"),)
    return Answer(Response(int(fault.option("status")), HTML, headers), "")


def _rate_limit(scene: Scene, fault: Fault) -> Answer:
    status = fault.option("status")
    codes = (c.code for c in result_codes(scene.endpoint.gateway) if str(c.http) == status)
    code = next(codes, "")
    answer = Answer(Response(int(status)), code)
    if code:
        answer = scene.front.refuse(scene.endpoint, code, int(status))
    wait = (("Retry-After", fault.option("amount")),)
    return replace(answer, response=answer.response.with_headers(wait))


def _maintenance(scene: Scene, fault: Fault) -> Answer | None:
    start, end = NIGHT
    hour = scene.now.astimezone(ICT).hour
    if end <= hour < start:
        return None
    return _html(fault)


def _wire(scene: Scene, fault: Fault) -> Answer:
    return Answer(Response(503, b"", (), Wire.named(fault.option("amount"))), "")


BEFORE: dict[str, Callable[[Scene, Fault], Answer | None]] = {
    "refuse": refused,
    "page": _page,
    "rate_limit": _rate_limit,
    "maintenance": _maintenance,
    "wire": _wire,
}


def before(scene: Scene, faults: Iterable[Fault]) -> tuple[Answer, Fault] | None:
    """The answer of the first fault that lets no call through, and which it was."""
    for fault in faults:
        effect = BEFORE.get(fault.kind.effect)
        answer = effect(scene, fault) if effect else None
        if answer is not None:
            return answer, fault
    return None


# while it is handled


def prepare(conditions: Conditions, faults: Iterable[Fault]) -> None:
    """Set what faults change inside the core."""
    for fault in faults:
        amount = fault.option("amount")
        match fault.kind.effect:
            case "lenient":
                conditions.lenient = True
            case "partial":
                conditions.partial = True
            case "revoke":
                conditions.revoke = True
            case "late":
                conditions.late += dt.timedelta(seconds=float(amount))
            case "short_token":
                conditions.life = dt.timedelta(seconds=float(amount))
            case "mark":
                conditions.marks += (amount,)
            case "duplicate" | "checkin_first":
                conditions.marks += (fault.fault,)
            case "no_bom":
                conditions.no_bom = fault
            case _:
                pass


# to the answer


def _object(answer: Answer) -> dict[str, Any] | None:
    try:
        value = json.loads(answer.response.body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _with_object(answer: Answer, value: object) -> Answer:
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return _with_body(answer, body)


def _with_body(answer: Answer, body: bytes) -> Answer:
    return replace(answer, response=replace(answer.response, body=body))


def _retype(scene: Scene, fault: Fault, answer: Answer) -> Answer:
    value = _object(answer)
    if value is None:
        return answer
    form = fault.option("amount")
    if form == "casing":
        return _with_object(answer, {k[:1].upper() + k[1:]: v for k, v in value.items()})
    coded = [k for k, v in value.items() if isinstance(v, str) and v.isdigit() and len(v) < 5]
    for key in coded:
        value[key] = int(value[key]) if form == "number" else value[key] == "200"
    return _with_object(answer, value)


def _expiry(scene: Scene, fault: Fault, answer: Answer) -> Answer:
    value = _object(answer)
    for place in (value, *(v for v in (value or {}).values() if isinstance(v, dict))):
        for key in [k for k in place or () if k.lower() in ("expires_in", "expiresin")]:
            assert place is not None
            ends = parse_expiry(place.pop(key), scene.now)
            if fault.option("amount") == "seconds" and ends is not None:
                place[key] = round((ends - scene.now).total_seconds())
    return answer if value is None else _with_object(answer, value)


def _body(scene: Scene, fault: Fault, answer: Answer) -> Answer:
    body = answer.response.body
    match fault.option("amount"):
        case "empty":
            return _with_body(answer, b"")
        case "truncated":
            return _with_body(answer, body[: len(body) // 2])
        case _:
            return _with_body(answer, b"\xef\xbb\xbf" + body)


def _page_after(scene: Scene, fault: Fault, answer: Answer) -> Answer:
    page = _html(fault).response
    return replace(answer, response=replace(page, wire=answer.response.wire))


def _wire_after(scene: Scene, fault: Fault, answer: Answer) -> Answer:
    wire = Wire.named(fault.option("amount"))
    return replace(answer, response=replace(answer.response, wire=wire))


def _skew(scene: Scene, fault: Fault, answer: Answer) -> Answer:
    shift = Wire(skew=60 * float(fault.option("amount")))
    return replace(answer, response=replace(answer.response, wire=shift))


def _midnight(scene: Scene, fault: Fault, answer: Answer) -> Answer:
    clock = scene.core.clock
    if isinstance(clock, VirtualClock):
        local = scene.now.astimezone(ICT)
        clock.jump(local.replace(hour=0, minute=0, second=1, microsecond=0) + dt.timedelta(days=1))
    return answer


def _hide(scene: Scene, fault: Fault, answer: Answer) -> Answer:
    until = scene.now + dt.timedelta(seconds=float(fault.option("amount")))
    on = f"{scene.endpoint.gateway}.*"
    hidden = Fault("F12", on=on, variant="queries", until=until, facility=answer.facility)
    scene.plan.add(hidden)
    return answer


AFTER: dict[str, Callable[[Scene, Fault, Answer], Answer]] = {
    "retype": _retype,
    "expiry": _expiry,
    "body": _body,
    "page": _page_after,
    "wire_after": _wire_after,
    "skew": _skew,
    "midnight": _midnight,
    "hide": _hide,
}


def after(scene: Scene, faults: Iterable[Fault], answer: Answer) -> Answer:
    """The answer as the faults leave it."""
    for fault in faults:
        effect = AFTER.get(fault.kind.effect)
        if effect is not None:
            answer = effect(scene, fault, answer)
    return answer
