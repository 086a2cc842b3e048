"""The statements of the stores that speak SQL; SQLite and PostgreSQL take the same ones."""

from __future__ import annotations

import datetime as dt
import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Protocol

from vnhealth.sandbox._model import Reconciliation, Record, State, Submission
from vnhealth.sandbox._store import Wanted, is_prefix, local_day

__all__ = ["INDEXES", "TABLES", "Database", "SqlStore", "record_values", "submission_values"]

TABLES = """
CREATE TABLE counters (name TEXT PRIMARY KEY, value BIGINT NOT NULL);
CREATE TABLE texts (space TEXT, key TEXT, value TEXT NOT NULL, PRIMARY KEY (space, key));
CREATE TABLE submissions (
  number {number} PRIMARY KEY, gateway TEXT NOT NULL, kind TEXT NOT NULL, edition TEXT NOT NULL,
  facility TEXT NOT NULL, username TEXT NOT NULL, transaction_id TEXT NOT NULL,
  received BIGINT NOT NULL, due BIGINT NOT NULL, digest TEXT NOT NULL, size BIGINT NOT NULL,
  opaque INTEGER NOT NULL, settled INTEGER NOT NULL, signature TEXT NOT NULL, day TEXT NOT NULL);
CREATE UNIQUE INDEX by_transaction ON submissions (transaction_id, gateway);
CREATE TABLE bodies (number {number} PRIMARY KEY, body {bytes} NOT NULL);
CREATE TABLE records (
  number BIGINT NOT NULL, position INTEGER NOT NULL, gateway TEXT NOT NULL,
  facility TEXT NOT NULL, kind TEXT NOT NULL, key TEXT, state TEXT NOT NULL,
  replaced_by BIGINT, cancelled INTEGER NOT NULL, findings TEXT NOT NULL,
  PRIMARY KEY (number, position));
"""
"""``{number}`` is the type of a key that is a number, ``{bytes}`` that of raw bytes."""
INDEXES = {
    "by_due": "submissions (due, number) WHERE settled = 0",
    "by_waiting": "submissions (gateway, facility, due, number) WHERE settled = 0",
    "by_opaque": "submissions (gateway, facility, due, number) WHERE settled = 0 AND opaque = 1",
    "by_day": "submissions (day, gateway, facility)",
    "by_key": "records (gateway, facility, kind, key) WHERE replaced_by IS NULL",
}
"""Those that no constraint needs; made when a store is opened that has not got them.

``python -m benchmarks.bench_stores`` shows what each of them is good for and what it costs.
"""
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)
SUBMISSION = (
    "s.number, s.gateway, s.kind, s.edition, s.facility, s.username, s.transaction_id, s.received,"
    " s.due, s.digest, s.size, s.opaque, s.settled, s.signature"
)
RECORD = "r.number, r.position, r.key, r.state, r.replaced_by, r.cancelled, r.findings"
JOINED = "FROM submissions s JOIN records r USING (number)"
PORTION = 500
"""Records that are read at a time where all of them are gone through, keys asked for at once."""
UPSERT = (
    "ON CONFLICT (number) DO UPDATE SET settled = excluded.settled, signature = excluded.signature"
)
INSERT_RECORD = "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
INNER = ("SAVEPOINT step", ("ROLLBACK TO step", "RELEASE step"), "RELEASE step")
"""How a transaction inside another one begins, is undone by itself, and is kept."""


class Database(Protocol):
    """The little of a connection that the statements need; parameters are question marks."""

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> Any:
        """Run a statement; gives a cursor."""
        ...

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> Any:
        """Run a statement for each row."""
        ...


class SqlStore(ABC):
    """A `vnhealth.sandbox.Store` over a database; subclasses connect and commit."""

    def __init__(self, db: Database, begin: str) -> None:
        self._db = db
        self._begin = begin
        self._lock = threading.RLock()
        self._depth = 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """See `Store`."""
        with self._lock:
            begin, undo, keep = INNER if self._depth else (self._begin, ("ROLLBACK",), "COMMIT")
            self._db.execute(begin)
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                for statement in undo:
                    self._db.execute(statement)
                raise
            self._depth -= 1
            self._db.execute(keep)

    def make_ready(self) -> None:
        """Make the indexes that are missing."""
        for name, what in INDEXES.items():
            self._db.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {what}")

    def _together(self) -> AbstractContextManager[None]:
        """Statements that stand or fall with the transaction that is open, if one is."""
        return nullcontext() if self._depth else self.transaction()

    def add_many(self, items: Sequence[tuple[Submission, bytes, Sequence[Record]]]) -> None:
        """See `Store`."""
        with self._together():
            for submission, body, records in items:
                self.add(submission, body, records)

    @abstractmethod
    def close(self) -> None:
        """See `Store`."""

    def next_number(self, name: str, count: int = 1) -> int:
        """See `Store`."""
        row = self._db.execute(
            "INSERT INTO counters VALUES (?, ?) ON CONFLICT (name)"
            " DO UPDATE SET value = counters.value + excluded.value RETURNING value",
            (name, count),
        ).fetchone()
        return int(row[0]) - count + 1

    def add(self, submission: Submission, body: bytes, records: Sequence[Record]) -> None:
        """See `Store`."""
        with self._together():
            self._db.execute("INSERT INTO bodies VALUES (?, ?)", (submission.number, body))
            self._put(submission, records)

    def settle(self, submission: Submission, records: Sequence[Record]) -> None:
        """See `Store`."""
        with self._together():
            self._db.execute("DELETE FROM records WHERE number = ?", (submission.number,))
            self._put(submission, records)

    def _put(self, s: Submission, records: Sequence[Record]) -> None:
        values = submission_values(s)
        marks = ", ".join("?" * len(values))
        self._db.execute(f"INSERT INTO submissions VALUES ({marks}) {UPSERT}", values)  # noqa: S608
        for record in records:
            self._db.execute(INSERT_RECORD, record_values(s, record))

    def update(self, record: Record) -> None:
        """See `Store`."""
        self._db.execute(
            "UPDATE records SET key = ?, state = ?, replaced_by = ?, cancelled = ?, findings = ?"
            " WHERE number = ? AND position = ?",
            (
                *(record.key, record.state.value, record.replaced_by),
                *(int(record.cancelled), _findings(record), record.submission, record.index),
            ),
        )

    def submission(self, gateway: str, transaction: str) -> Submission | None:
        """See `Store`."""
        row = self._db.execute(
            f"SELECT {SUBMISSION} FROM submissions s WHERE gateway = ? AND transaction_id = ?",  # noqa: S608
            (gateway, transaction),
        ).fetchone()
        return None if row is None else _submission(row)

    def numbered(self, number: int) -> Submission:
        """See `Store`."""
        row = self._db.execute(
            f"SELECT {SUBMISSION} FROM submissions s WHERE number = ?",  # noqa: S608
            (number,),
        ).fetchone()
        if row is None:
            raise LookupError(number)
        return _submission(row)

    def body(self, number: int) -> bytes:
        """See `Store`."""
        row = self._db.execute("SELECT body FROM bodies WHERE number = ?", (number,)).fetchone()
        if row is None:
            raise LookupError(number)
        return bytes(row[0])

    def records(self, number: int) -> tuple[Record, ...]:
        """See `Store`."""
        rows = self._db.execute(
            f"SELECT {RECORD} FROM records r WHERE number = ? ORDER BY position",  # noqa: S608
            (number,),
        )
        return tuple(_record(row) for row in rows)

    def current(self, gateway: str, facility: str, kind: str, key: str) -> Record | None:
        """See `Store`."""
        return self.current_ones(gateway, facility, kind, (key,)).get(key)

    def current_ones(
        self, gateway: str, facility: str, kind: str, keys: Sequence[str]
    ) -> dict[str, Record]:
        """See `Store`."""
        found: dict[str, Record] = {}
        for start in range(0, len(keys), PORTION):
            some = keys[start : start + PORTION]
            rows = self._db.execute(
                f"SELECT {RECORD} FROM records r WHERE gateway = ? AND facility = ? AND kind = ?"  # noqa: S608
                f" AND key IN ({', '.join('?' * len(some))}) AND replaced_by IS NULL"
                " ORDER BY number, position",
                (gateway, facility, kind, *some),
            )
            found.update((str(row[2]), _record(row)) for row in rows)
        return found

    def due(
        self, at: dt.datetime, limit: int, gateway: str, facility: str, *, opaque: bool = False
    ) -> list[Submission]:
        """See `Store`."""
        which = "settled = 0 AND opaque = 1" if opaque else "settled = 0"
        where, values = _scope(gateway, facility)
        rows = self._db.execute(
            f"SELECT {SUBMISSION} FROM submissions s WHERE {which} AND due <= ?{where}"  # noqa: S608
            " ORDER BY due, number LIMIT ?",
            (_micros(at), *values, limit),
        )
        return [_submission(row) for row in rows.fetchall()]

    def listing(
        self, gateway: str, facility: str, since: dt.date, until: dt.date
    ) -> Iterator[tuple[Submission, Record]]:
        """See `Store`."""
        where, values = _scope(gateway, facility)
        rows = self._db.execute(
            f"SELECT {SUBMISSION}, {RECORD} {JOINED} WHERE s.day BETWEEN ? AND ?{where}"
            " ORDER BY s.day, s.number, r.position",
            (since.isoformat(), until.isoformat(), *values),
        )
        yield from map(_both, rows)

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
        where, values = _scope(gateway, facility)
        where += f" AND r.replaced_by IS NULL AND s.kind IN ({', '.join('?' * len(wanted.kinds))})"
        if not wanted.cancelled:
            where += " AND r.cancelled = 0"
        if wanted.refused is not None:
            where += f" AND r.state {'=' if wanted.refused else '<>'} '{State.REFUSED}'"
        source = f"{JOINED} WHERE s.day BETWEEN ? AND ?{where}"
        given = (since.isoformat(), until.isoformat(), *values, *wanted.kinds)
        total = self._db.execute(f"SELECT count(*) {source}", given).fetchone()[0]
        rows = self._db.execute(
            f"SELECT {SUBMISSION}, {RECORD} {source} ORDER BY s.day, s.number, r.position"
            " LIMIT ? OFFSET ?",
            (*given, limit, offset),
        )
        return [_both(row) for row in rows.fetchall()], int(total)

    def latest(self, gateway: str, limit: int) -> list[tuple[Submission, Record]]:
        """See `Store`."""
        where, values = ("WHERE r.gateway = ?", (gateway,)) if gateway else ("", ())
        rows = self._db.execute(
            f"SELECT {SUBMISSION}, {RECORD} {JOINED} {where}"
            " ORDER BY r.number DESC, r.position DESC LIMIT ?",
            (*values, limit),
        )
        return [_both(row) for row in rows.fetchall()]

    def after(self, number: int, gateway: str = "") -> Iterator[tuple[Submission, Record]]:
        """See `Store`."""
        where, values = ("AND r.gateway = ?", (gateway,)) if gateway else ("", ())
        place = (number + 1, -1)
        while True:
            rows = self._db.execute(
                f"SELECT {SUBMISSION}, {RECORD} {JOINED}"
                f" WHERE (r.number, r.position) > (?, ?) {where}"
                " ORDER BY r.number, r.position LIMIT ?",
                (*place, *values, PORTION),
            )
            found = [_both(row) for row in rows.fetchall()]
            yield from found
            if len(found) < PORTION:
                return
            last = found[-1][1]
            place = (last.submission, last.index)

    def counts(
        self, gateway: str, facility: str, since: dt.date, until: dt.date
    ) -> list[Reconciliation]:
        """See `Store`."""
        where, values = _scope(gateway, facility)
        live = "r.replaced_by IS NULL AND r.cancelled = 0"
        rows = self._db.execute(
            "SELECT s.gateway, s.facility, s.kind, s.day, count(*),"
            f" count(*) FILTER (WHERE {live}),"
            f" count(*) FILTER (WHERE {live} AND r.state IN ('accepted','accepted_with_warnings')),"
            f" count(*) FILTER (WHERE {live} AND r.state = 'accepted_with_warnings'),"
            f" count(*) FILTER (WHERE {live} AND r.state = 'refused'),"
            f" count(*) FILTER (WHERE {live} AND r.state = 'pending'),"
            " count(*) FILTER (WHERE r.replaced_by IS NULL AND r.cancelled = 1),"
            " count(*) FILTER (WHERE r.replaced_by IS NOT NULL)"
            f" {JOINED} WHERE s.day BETWEEN ? AND ?{where}"
            " GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4",
            (since.isoformat(), until.isoformat(), *values),
        )
        return [
            Reconciliation(row[0], row[1], row[2], dt.date.fromisoformat(row[3]), *row[4:])
            for row in rows.fetchall()
        ]

    def get(self, space: str, key: str) -> str | None:
        """See `Store`."""
        row = self._db.execute(
            "SELECT value FROM texts WHERE space = ? AND key = ?", (space, key)
        ).fetchone()
        return None if row is None else str(row[0])

    def put(self, space: str, key: str, value: str) -> None:
        """See `Store`."""
        self._db.execute(
            "INSERT INTO texts VALUES (?, ?, ?) ON CONFLICT (space, key)"
            " DO UPDATE SET value = excluded.value",
            (space, key, value),
        )

    def scan(self, space: str, prefix: str = "") -> list[tuple[str, str]]:
        """See `Store`."""
        found = self._db.execute(
            "SELECT key, value FROM texts WHERE space = ?"
            " AND substr(key, 1, length(CAST(? AS TEXT))) = ? ORDER BY key",
            (space, prefix, prefix),
        )
        return [(str(key), str(value)) for key, value in found]

    def contents(self) -> tuple[dict[str, int], tuple[tuple[str, str, str], ...]]:
        """See `Store`."""
        counters = self._db.execute("SELECT name, value FROM counters ORDER BY name")
        texts = self._db.execute("SELECT space, key, value FROM texts ORDER BY space, key")
        return dict(counters.fetchall()), tuple(texts.fetchall())

    def replace_contents(
        self, counters: Mapping[str, int], texts: Iterable[tuple[str, str, str]]
    ) -> None:
        """See `Store`."""
        with self.transaction():
            for table in ("submissions", "bodies", "records", "counters", "texts"):
                self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - names of this module
            self._db.executemany("INSERT INTO counters VALUES (?, ?)", counters.items())
            self._db.executemany("INSERT INTO texts VALUES (?, ?, ?)", texts)


def _scope(gateway: str, facility: str) -> tuple[str, tuple[str, ...]]:
    """Conditions on a submission and their values: only what is asked, so that an index serves."""
    where, values = "", []
    if gateway:
        where += " AND s.gateway = ?"
        values.append(gateway)
    if is_prefix(facility):
        where += f" AND substr(s.facility, 1, {len(facility)}) = ?"
        values.append(facility)
    elif facility:
        where += " AND s.facility = ?"
        values.append(facility)
    return where, tuple(values)


def _micros(moment: dt.datetime) -> int:
    return (moment - EPOCH) // MICROSECOND


def _moment(micros: int) -> dt.datetime:
    return EPOCH + micros * MICROSECOND


def _findings(record: Record) -> str:
    return json.dumps(record.findings, ensure_ascii=False) if record.findings else "[]"


def _submission(row: Sequence[Any]) -> Submission:
    return Submission(
        number=row[0],
        gateway=row[1],
        kind=row[2],
        edition=row[3],
        facility=row[4],
        username=row[5],
        transaction=row[6],
        received=_moment(row[7]),
        due=_moment(row[8]),
        digest=row[9],
        size=row[10],
        opaque=bool(row[11]),
        settled=bool(row[12]),
        signature=row[13],
    )


def _both(row: Sequence[Any]) -> tuple[Submission, Record]:
    """From a row of both tables."""
    return _submission(row[:14]), _record(row[14:])


def _record(row: Sequence[Any]) -> Record:
    return Record(
        submission=row[0],
        index=row[1],
        key=row[2],
        state=State(row[3]),
        replaced_by=row[4],
        cancelled=bool(row[5]),
        findings=tuple(json.loads(row[6])),
    )


def submission_values(s: Submission) -> tuple[Any, ...]:
    """A row of the table of submissions."""
    return (
        *(s.number, s.gateway, s.kind, s.edition, s.facility, s.username, s.transaction),
        *(_micros(s.received), _micros(s.due), s.digest, s.size, int(s.opaque)),
        *(int(s.settled), s.signature),
        local_day(s.received).isoformat(),
    )


def record_values(s: Submission, r: Record) -> tuple[Any, ...]:
    """A row of the table of records."""
    return (
        *(r.submission, r.index, s.gateway, s.facility, s.kind, r.key, r.state.value),
        *(r.replaced_by, int(r.cancelled), _findings(r)),
    )
