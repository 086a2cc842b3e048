"""Where the sandbox keeps what it acknowledged: the store protocol, and one in memory."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import islice
from typing import Protocol

from vnhealth.localtime import ICT
from vnhealth.sandbox._model import Reconciliation, Record, State, Submission

__all__ = ["MemoryStore", "Store", "Wanted", "is_prefix", "local_day"]

Key = tuple[str, str, str, str]
COUNTED = {
    State.PENDING: ("pending",),
    State.ACCEPTED: ("accepted",),
    State.WARNED: ("accepted", "warned"),
    State.REFUSED: ("refused",),
}


def local_day(moment: dt.datetime) -> dt.date:
    """The day in Viet Nam to which a moment belongs."""
    return moment.astimezone(ICT).date()


PROVINCE = 2
"""Characters of a province's code; a facility's code is longer and begins with them."""


def is_prefix(facility: str) -> bool:
    """True for the code of a province, which stands for all facilities there.

    >>> is_prefix("79"), is_prefix("79001"), is_prefix("")
    (True, False, False)
    """
    return 0 < len(facility) <= PROVINCE


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which current records a page shows: their kinds, withdrawn ones too, or by the verdict."""

    kinds: tuple[str, ...]
    cancelled: bool = False
    refused: bool | None = None

    def __contains__(self, kept: tuple[Submission, Record]) -> bool:
        submission, record = kept
        return (
            submission.kind in self.kinds
            and record.current
            and (self.cancelled or not record.cancelled)
            and self.refused in (None, record.state is State.REFUSED)
        )


class Store(Protocol):
    """What the ledger needs of a store.

    ``facility`` in queries is a full code, a province (all facilities there), or empty for all.
    Whatever is written inside one `transaction` is durable when it ends, or not written at all.
    """

    def transaction(self) -> AbstractContextManager[object]:
        """Group writes; may be nested, the outermost one counts."""
        ...

    def next_number(self, name: str, count: int = 1) -> int:
        """The next number of a counter, from 1, never given twice; the first of so many."""
        ...

    def add(self, submission: Submission, body: bytes, records: Sequence[Record]) -> None:
        """Keep a new submission, its bytes and its records."""
        ...

    def add_many(self, items: Sequence[tuple[Submission, bytes, Sequence[Record]]]) -> None:
        """Keep many new submissions with one commit, in the fastest way there is."""
        ...

    def settle(self, submission: Submission, records: Sequence[Record]) -> None:
        """Put a submission and all its records in place of what was kept of it."""
        ...

    def update(self, record: Record) -> None:
        """Put a record in place of the one with the same submission and index."""
        ...

    def submission(self, gateway: str, transaction: str) -> Submission | None:
        """The submission with this transaction id."""
        ...

    def numbered(self, number: int) -> Submission:
        """The submission with this number; `LookupError` when there is none."""
        ...

    def body(self, number: int) -> bytes:
        """The bytes of a submission; `LookupError` when there is none."""
        ...

    def records(self, number: int) -> tuple[Record, ...]:
        """The records of a submission in order."""
        ...

    def current(self, gateway: str, facility: str, kind: str, key: str) -> Record | None:
        """The latest record of this key."""
        ...

    def current_ones(
        self, gateway: str, facility: str, kind: str, keys: Sequence[str]
    ) -> dict[str, Record]:
        """The latest record of each of these keys that has one."""
        ...

    def due(
        self, at: dt.datetime, limit: int, gateway: str, facility: str, *, opaque: bool = False
    ) -> list[Submission]:
        """Submissions without verdict whose time has come, earliest first; or opaque ones only."""
        ...

    def listing(
        self, gateway: str, facility: str, since: dt.date, until: dt.date
    ) -> Iterator[tuple[Submission, Record]]:
        """Records received between two days (inclusive), by day and in order of receipt."""
        ...

    def page(
        self,
        gateway: str,
        facility: str,
        since: dt.date,
        until: dt.date,
        wanted: Wanted,
        *,
        offset: int,
        limit: int,
    ) -> tuple[list[tuple[Submission, Record]], int]:
        """Some of those of a `listing` that are wanted, and how many these are in all."""
        ...

    def latest(self, gateway: str, limit: int) -> list[tuple[Submission, Record]]:
        """The records received last, the last one first; an empty gateway means all."""
        ...

    def after(self, number: int, gateway: str = "") -> Iterator[tuple[Submission, Record]]:
        """The records of all submissions with a higher number, in order; memory stays flat."""
        ...

    def counts(
        self, gateway: str, facility: str, since: dt.date, until: dt.date
    ) -> list[Reconciliation]:
        """Counts by gateway, facility, kind and day, sorted; an empty gateway means all."""
        ...

    def get(self, space: str, key: str) -> str | None:
        """A small text kept under a name."""
        ...

    def put(self, space: str, key: str, value: str) -> None:
        """Keep a small text under a name."""
        ...

    def scan(self, space: str, prefix: str = "") -> list[tuple[str, str]]:
        """Names with this beginning and their texts, sorted by name."""
        ...

    def contents(self) -> tuple[dict[str, int], tuple[tuple[str, str, str], ...]]:
        """All counters, and all small texts as (space, key, value)."""
        ...

    def replace_contents(
        self, counters: Mapping[str, int], texts: Iterable[tuple[str, str, str]]
    ) -> None:
        """Forget everything and keep these counters and texts."""
        ...

    def close(self) -> None:
        """Release files; the store is not used afterwards."""
        ...


class MemoryStore:
    """Keeps everything in dictionaries; gone when the process ends."""

    def __init__(self) -> None:
        self._counters: dict[str, int] = {}
        self._submissions: dict[int, Submission] = {}
        self._bodies: dict[int, bytes] = {}
        self._records: dict[int, tuple[Record, ...]] = {}
        self._transactions: dict[tuple[str, str], int] = {}
        self._current: dict[Key, tuple[int, int]] = {}
        self._texts: dict[tuple[str, str], str] = {}
        self._queue: list[tuple[dt.datetime, int]] = []
        self._opaque: list[tuple[dt.datetime, int]] = []

    def transaction(self) -> AbstractContextManager[object]:
        """Nothing to do: memory is as durable as the process."""
        return nullcontext()

    def next_number(self, name: str, count: int = 1) -> int:
        """See `Store`."""
        number = self._counters.get(name, 0) + 1
        self._counters[name] = number + count - 1
        return number

    def add(self, submission: Submission, body: bytes, records: Sequence[Record]) -> None:
        """See `Store`."""
        self._bodies[submission.number] = body
        self._transactions[submission.gateway, submission.transaction] = submission.number
        heappush(self._queue, (submission.due, submission.number))
        if submission.opaque:
            heappush(self._opaque, (submission.due, submission.number))
        self.settle(submission, records)

    def add_many(self, items: Sequence[tuple[Submission, bytes, Sequence[Record]]]) -> None:
        """See `Store`."""
        for submission, body, records in items:
            self.add(submission, body, records)

    def settle(self, submission: Submission, records: Sequence[Record]) -> None:
        """See `Store`."""
        self._submissions[submission.number] = submission
        self._records[submission.number] = tuple(records)
        for record in records:
            self._index(submission, record)

    def update(self, record: Record) -> None:
        """See `Store`."""
        kept = list(self._records[record.submission])
        kept[record.index] = record
        self._records[record.submission] = tuple(kept)
        self._index(self._submissions[record.submission], record)

    def _index(self, submission: Submission, record: Record) -> None:
        if record.key is not None and record.current:
            key = (submission.gateway, submission.facility, submission.kind, record.key)
            self._current[key] = (record.submission, record.index)

    def submission(self, gateway: str, transaction: str) -> Submission | None:
        """See `Store`."""
        number = self._transactions.get((gateway, transaction))
        return None if number is None else self._submissions[number]

    def numbered(self, number: int) -> Submission:
        """See `Store`."""
        return self._submissions[number]

    def body(self, number: int) -> bytes:
        """See `Store`."""
        return self._bodies[number]

    def records(self, number: int) -> tuple[Record, ...]:
        """See `Store`."""
        return self._records.get(number, ())

    def current(self, gateway: str, facility: str, kind: str, key: str) -> Record | None:
        """See `Store`."""
        found = self._current.get((gateway, facility, kind, key))
        return None if found is None else self._records[found[0]][found[1]]

    def current_ones(
        self, gateway: str, facility: str, kind: str, keys: Sequence[str]
    ) -> dict[str, Record]:
        """See `Store`."""
        found = ((key, self.current(gateway, facility, kind, key)) for key in keys)
        return {key: record for key, record in found if record is not None}

    def due(
        self, at: dt.datetime, limit: int, gateway: str, facility: str, *, opaque: bool = False
    ) -> list[Submission]:
        """See `Store`."""
        queue = self._opaque if opaque else self._queue
        found: list[Submission] = []
        passed: list[tuple[dt.datetime, int]] = []
        while queue and queue[0][0] <= at and len(found) < limit:
            item = heappop(queue)
            submission = self._submissions[item[1]]
            if submission.settled:
                continue
            passed.append(item)
            if _matches(submission, gateway, facility):
                found.append(submission)
        for item in passed:
            heappush(queue, item)
        return found

    def _selected(
        self, gateway: str, facility: str, since: dt.date, until: dt.date
    ) -> Iterator[tuple[Submission, dt.date]]:
        for submission in list(self._submissions.values()):
            if _matches(submission, gateway, facility):
                day = local_day(submission.received)
                if since <= day <= until:
                    yield submission, day

    def listing(
        self, gateway: str, facility: str, since: dt.date, until: dt.date
    ) -> Iterator[tuple[Submission, Record]]:
        """See `Store`."""
        for submission, _ in self._selected(gateway, facility, since, until):
            for record in self._records[submission.number]:
                yield submission, record

    def page(
        self,
        gateway: str,
        facility: str,
        since: dt.date,
        until: dt.date,
        wanted: Wanted,
        *,
        offset: int,
        limit: int,
    ) -> tuple[list[tuple[Submission, Record]], int]:
        """See `Store`."""
        found = [row for row in self.listing(gateway, facility, since, until) if row in wanted]
        return found[offset : offset + limit], len(found)

    def latest(self, gateway: str, limit: int) -> list[tuple[Submission, Record]]:
        """See `Store`."""
        found = (
            (self._submissions[number], record)
            for number in sorted(self._submissions, reverse=True)
            if gateway in ("", self._submissions[number].gateway)
            for record in reversed(self._records[number])
        )
        return list(islice(found, limit))

    def after(self, number: int, gateway: str = "") -> Iterator[tuple[Submission, Record]]:
        """See `Store`."""
        for known in sorted(n for n in self._submissions if n > number):
            submission = self._submissions[known]
            if gateway in ("", submission.gateway):
                for record in self._records[known]:
                    yield submission, record

    def counts(
        self, gateway: str, facility: str, since: dt.date, until: dt.date
    ) -> list[Reconciliation]:
        """See `Store`."""
        found: dict[tuple[str, str, str, dt.date], dict[str, int]] = {}
        for submission, received in self._selected(gateway, facility, since, until):
            place = (submission.gateway, submission.facility, submission.kind, received)
            tally = found.setdefault(place, {})
            for record in self._records[submission.number]:
                for name in counted(record):
                    tally[name] = tally.get(name, 0) + 1
        return [
            Reconciliation(gateway, facility, kind, day, **tally)
            for (gateway, facility, kind, day), tally in sorted(found.items())
        ]

    def get(self, space: str, key: str) -> str | None:
        """See `Store`."""
        return self._texts.get((space, key))

    def put(self, space: str, key: str, value: str) -> None:
        """See `Store`."""
        self._texts[space, key] = value

    def scan(self, space: str, prefix: str = "") -> list[tuple[str, str]]:
        """See `Store`."""
        return sorted(
            (key, value)
            for (place, key), value in self._texts.items()
            if place == space and key.startswith(prefix)
        )

    def contents(self) -> tuple[dict[str, int], tuple[tuple[str, str, str], ...]]:
        """See `Store`."""
        texts = ((space, key, value) for (space, key), value in sorted(self._texts.items()))
        return dict(self._counters), tuple(texts)

    def replace_contents(
        self, counters: Mapping[str, int], texts: Iterable[tuple[str, str, str]]
    ) -> None:
        """See `Store`."""
        MemoryStore.__init__(self)
        self._counters.update(counters)
        self._texts.update(((space, key), value) for space, key, value in texts)

    def close(self) -> None:
        """See `Store`."""

    def __repr__(self) -> str:
        return f"<MemoryStore {len(self._submissions)} submissions>"


def _matches(submission: Submission, gateway: str, facility: str) -> bool:
    if gateway not in ("", submission.gateway):
        return False
    if is_prefix(facility):
        return submission.facility.startswith(facility)
    return facility in ("", submission.facility)


def counted(record: Record) -> tuple[str, ...]:
    """The counts of `Reconciliation` that a record belongs to."""
    if not record.current:
        return ("received", "replaced")
    if record.cancelled:
        return ("received", "cancelled")
    return ("received", "sent", *COUNTED[record.state])
