"""What is late or nearly so, and the numbers that a monitoring system reads."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from vnhealth.protocol.deadlines import Deadline, for_kind
from vnhealth.sync.outbox._notices import earliest_notices, told_of
from vnhealth.sync.outbox._outbox import Outbox
from vnhealth.sync.outbox._schema import delivery
from vnhealth.sync.outbox._states import State

__all__ = ["Alarm", "alarms", "metrics"]

STARTS = {
    State.READY: ("ended", "ended_at"),
    State.SENDING: ("ended", "ended_at"),
    State.UNKNOWN: ("ended", "ended_at"),
    State.HELD: ("ended", "ended_at"),
    State.REFUSED: ("refused", "updated_at"),
    State.PENDING: ("received", "received_at"),
}
"""Which clocks run in a state, and from when."""

TOLD = (State.PENDING, State.ACCEPTED, State.WARNED, State.REFUSED)
"""States in which a notice of the gateway still waits for a correction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A deadline that is near or ``missed``; ``excused`` by force majeure that was noted."""

    delivery_id: int
    destination: str
    facility: str
    kind: str
    flow: str
    due: dt.datetime
    missed: bool
    excused: bool

    @property
    def level(self) -> str:
        """near, missed or excused."""
        return "excused" if self.excused else "missed" if self.missed else "near"


def alarms(outbox: Outbox) -> list[Alarm]:
    """All deadlines that are near or missed now, the earliest first."""
    now = outbox.clock()
    excuses = outbox.events("force_majeure")
    told = earliest_notices(outbox)
    running = delivery.c.state.in_(list(STARTS)) | told_of()
    found = []
    for row in outbox.deliveries(running):
        for event, start in _starts(row, told.get(row["id"])).items():
            for deadline in for_kind(row["kind"], event):
                due = deadline.due(start, outbox.calendar)
                if now >= due - deadline.near:
                    found.append(_alarm(row, deadline, start, due, now, excuses))
    return sorted(found, key=lambda alarm: (alarm.due, alarm.delivery_id, alarm.flow))


def _starts(row: Mapping[str, Any], told: dt.datetime | None) -> dict[str, dt.datetime]:
    """What started the clocks of a delivery, and when; a notice counts like a refusal."""
    state = State(row["state"])
    event, column = STARTS.get(state, ("", ""))
    found = {event: row[column]} if event and row[column] is not None else {}
    if told is not None and state in TOLD:
        found["refused"] = min(told, found.get("refused", told))
    return found


def _alarm(
    row: Mapping[str, Any],
    deadline: Deadline,
    start: dt.datetime,
    due: dt.datetime,
    now: dt.datetime,
    excuses: Iterable[Mapping[str, Any]],
) -> Alarm:
    excused = any(
        excuse["destination"] in ("", row["destination"])
        and excuse["since"] <= due
        and excuse["until"] >= start
        for excuse in excuses
    )
    return Alarm(
        delivery_id=row["id"],
        destination=row["destination"],
        facility=row["facility"],
        kind=row["kind"],
        flow=deadline.flow,
        due=due,
        missed=now > due,
        excused=excused,
    )


def metrics(outbox: Outbox) -> str:
    """The state of an outbox in the text format of Prometheus; no value of any record.

    >>> box = Outbox("sqlite://", clock=lambda: dt.datetime(2026, 8, 3, tzinfo=dt.UTC))
    >>> metrics(box).splitlines()[1]
    '# TYPE vnhealth_outbox_deliveries gauge'
    """
    now = outbox.clock()
    counts = outbox.counts()
    oldest: dict[str, dt.datetime] = {}
    for row in outbox.deliveries(delivery.c.state == State.READY):
        name = row["destination"]
        oldest[name] = min(row["created_at"], oldest.get(name, now))
    levels = Counter((alarm.flow, alarm.level) for alarm in alarms(outbox))
    blocks = [
        _block(
            "deliveries",
            "Deliveries by destination, kind and state.",
            [
                ({"destination": place, "kind": kind, "state": state}, n)
                for (place, kind, state), n in counts.items()
            ],
        ),
        _block(
            "oldest_ready_seconds",
            "Age of the oldest file that has not left.",
            [({"destination": p}, (now - at).total_seconds()) for p, at in oldest.items()],
        ),
        _block(
            "alarms",
            "Deadlines near, missed or excused.",
            [({"flow": flow, "level": level}, n) for (flow, level), n in levels.items()],
        ),
        _block(
            "route_open",
            "1 when a destination is left alone or its account is locked.",
            [
                (
                    {"destination": r.destination, "facility": r.facility, "state": r.state},
                    int(r.state in ("open", "locked")),
                )
                for r in outbox.routes.all()
            ],
        ),
    ]
    return "".join(blocks)


def _block(name: str, text: str, rows: list[tuple[dict[str, str], float]]) -> str:
    full = f"vnhealth_outbox_{name}"
    lines = [f"# HELP {full} {text}", f"# TYPE {full} gauge"]
    for labels, value in sorted(rows, key=lambda row: sorted(row[0].items())):
        shown = ",".join(f'{key}="{value}"' for key, value in labels.items())
        lines.append(f"{full}{{{shown}}} {value:g}")
    return "\n".join(lines) + "\n"
