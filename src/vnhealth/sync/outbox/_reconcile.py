"""Daily reconciliation: what was produced against what each destination holds, with the gaps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from vnhealth.localtime import ICT
from vnhealth.sync._errors import NotSupported, Rejected
from vnhealth.sync._face import Gateway
from vnhealth.sync._outcome import DayCount, Status
from vnhealth.sync.outbox._outbox import Outbox
from vnhealth.sync.outbox._states import SENT, State
from vnhealth.sync.outbox._worker import Connections

__all__ = ["DayBook", "Gap", "Line", "reconcile"]

RESENDABLE = ("held", "lost")
REASONS = {
    State.READY: "not_sent",
    State.HELD: "held",
    State.SENDING: "in_doubt",
    State.UNKNOWN: "in_doubt",
    State.REFUSED: "refused",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One destination, facility and kind of file on one day.

    ``produced`` counts records whose latest version was made on that day; ``missing`` are those
    that have not left. ``produced = sent + missing + cancelled`` and ``sent = accepted + refused +
    pending``; a record in doubt is pending. ``total`` is T_TONGCHI_BV of all that was produced,
    ``fund`` T_BHTT, ``accepted_fund`` T_BHTT of what was accepted, in đồng. ``received`` counts
    files that the gateway acknowledged on that day by our books, ``gateway`` its own counts (None:
    it cannot be asked).
    """

    destination: str
    facility: str
    kind: str
    produced: int = 0
    sent: int = 0
    accepted: int = 0
    warned: int = 0
    refused: int = 0
    pending: int = 0
    missing: int = 0
    cancelled: int = 0
    total: Decimal = Decimal(0)
    fund: Decimal = Decimal(0)
    accepted_fund: Decimal = Decimal(0)
    received: int = 0
    gateway: DayCount | None = None

    @property
    def balanced(self) -> bool:
        """Both equations hold, and the gateway counts as many files as we do."""
        books = (
            self.produced == self.sent + self.missing + self.cancelled
            and self.sent == self.accepted + self.refused + self.pending
        )
        return books and (self.gateway is None or self.gateway.received == self.received)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Gap:
    """A record that needs attention.

    ``why`` is not_sent, held, in_doubt, refused, lost (acknowledged, but the gateway does not list
    it) or foreign (the gateway lists it, this outbox does not know it; then ``delivery_id`` is 0).
    """

    delivery_id: int
    destination: str
    facility: str
    kind: str
    key: str
    why: str
    cause: str = ""

    def __repr__(self) -> str:
        return f"<Gap {self.destination} {self.delivery_id} {self.why}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class DayBook:
    """The reconciliation of one day."""

    day: dt.date
    lines: tuple[Line, ...] = ()
    gaps: tuple[Gap, ...] = field(default=(), repr=False)

    @property
    def balanced(self) -> bool:
        """True when every line balances and nothing needs attention."""
        return not self.gaps and all(line.balanced for line in self.lines)

    def resendable(self) -> tuple[int, ...]:
        """Deliveries that `Outbox.retry` can send again without a correction."""
        return tuple(gap.delivery_id for gap in self.gaps if gap.why in RESENDABLE)


def reconcile(outbox: Outbox, day: dt.date, connections: Connections | None = None) -> DayBook:
    """Compare the books of a day (Viet Nam time) with what the gateways say that can be asked.

    Raises `vnhealth.errors.SyncError` when a gateway that should answer does not.
    """
    rows = outbox.deliveries()
    today = [row for row in rows if _day(row["created_at"]) == day and row["state"] != "replaced"]
    received = [row for row in rows if _day(row["received_at"]) == day]
    lines, gaps = [], [_gap(row) for row in today if State(row["state"]) in REASONS]
    for group in sorted({_group(row) for row in [*today, *received]}):
        mine = [row for row in today if _group(row) == group]
        line = _line(group, mine, [row for row in received if _group(row) == group])
        gateway = connections(*group[:2]) if connections else None
        if gateway is not None:
            line = replace(line, gateway=_asked(gateway, day, line))
            gaps += _listed(gateway, day, group, rows)
        lines.append(line)
    return DayBook(day=day, lines=tuple(lines), gaps=tuple(gaps))


def _day(moment: dt.datetime | None) -> dt.date | None:
    return None if moment is None else moment.astimezone(ICT).date()


def _group(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return row["destination"], row["facility"], row["kind"]


def _gap(row: Mapping[str, Any], why: str = "") -> Gap:
    return Gap(
        delivery_id=row["id"],
        destination=row["destination"],
        facility=row["facility"],
        kind=row["kind"],
        key=row["key"],
        why=why or REASONS[State(row["state"])],
        cause=row["cause"] or row["code"],
    )


def _line(
    group: tuple[str, str, str],
    rows: Sequence[Mapping[str, Any]],
    received: Sequence[Mapping[str, Any]],
) -> Line:
    def count(*states: State) -> int:
        return sum(row["state"] in states for row in rows)

    taken = (State.ACCEPTED, State.WARNED)
    return Line(
        destination=group[0],
        facility=group[1],
        kind=group[2],
        produced=len(rows),
        sent=count(*SENT),
        accepted=count(*taken),
        warned=count(State.WARNED),
        refused=count(State.REFUSED),
        pending=count(State.PENDING, State.SENDING, State.UNKNOWN),
        missing=count(State.READY, State.HELD),
        cancelled=count(State.CANCELLED),
        total=_money(rows, "total"),
        fund=_money(rows, "fund"),
        accepted_fund=_money([row for row in rows if row["state"] in taken], "fund"),
        received=len(received),
    )


def _money(rows: Iterable[Mapping[str, Any]], name: str) -> Decimal:
    return sum((Decimal(row[name]) for row in rows if row[name]), Decimal(0))


def _asked(gateway: Gateway, day: dt.date, line: Line) -> DayCount | None:
    """The gateway's own counts; None where it has no such call."""
    if not gateway.capabilities.counts:
        return None
    try:
        days = gateway.reconciliation(day, day)
    except (NotSupported, Rejected):
        return None
    for count in days:
        if (count.day, count.facility, count.kind) == (day, line.facility, line.kind):
            return count
    return DayCount(day=day, facility=line.facility, kind=line.kind)


def _listed(
    gateway: Gateway,
    day: dt.date,
    group: tuple[str, str, str],
    rows: Sequence[Mapping[str, Any]],
) -> list[Gap]:
    """Compare with the gateway's list of the day, where it has one (claims and such)."""
    if not gateway.capabilities.results or group[2] == "checkin":
        return []
    destination, facility, kind = group
    listed = {
        record.ma_lk
        for record in gateway.results(day, day)
        if record.ma_lk and record.status is not Status.CANCELLED
    }
    ours = [row for row in rows if _group(row) == group]
    held = [row for row in ours if _day(row["received_at"]) == day and _counts_there(row)]
    gaps = [_gap(row, "lost") for row in held if row["key"] not in listed]
    known = {row["key"] for row in ours}
    gaps += [
        Gap(
            delivery_id=0,
            destination=destination,
            facility=facility,
            kind=kind,
            key=key,
            why="foreign",
        )
        for key in sorted(listed - known)
    ]
    return gaps


def _counts_there(row: Mapping[str, Any]) -> bool:
    return State(row["state"]) in SENT
