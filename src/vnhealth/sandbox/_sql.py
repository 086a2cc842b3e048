"""The statements of the stores that speak SQL; SQLite and PostgreSQL take the same ones."""

from __future__ import annotations

import datetime as dt
import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, Protocol

from vnhealth.sandbox._model import Reconciliation, Record, State, Submission
from vnhealth.sandbox._store import local_day

__all__ = ["TABLES", "Database", "SqlStore", "record_values", "submission_values"]

TABLES = """
CREATE TABLE counters (name TEXT PRIMARY KEY, value BIGINT NOT NULL);
CREATE TABLE texts (space TEXT, key TEXT, value TEXT NOT NULL, PRIMARY KEY (space, key));
CREATE TABLE submissions (
  number BIGINT PRIMARY KEY, gateway TEXT NOT NULL, kind TEXT NOT NULL, edition TEXT NOT NULL,
  facility TEXT NOT NULL, username TEXT NOT NULL, transaction_id TEXT NOT NULL,
  received BIGINT NOT NULL, due BIGINT NOT NULL, digest TEXT NOT NULL, size BIGINT NOT NULL,
  opaque INTEGER NOT NULL, settled INTEGER NOT NULL, signature TEXT NOT NULL, day TEXT NOT NULL);
CREATE UNIQUE INDEX by_transaction ON submissions (gateway, transaction_id);
CREATE INDEX by_due ON submissions (due, number) WHERE settled = 0;
CREATE INDEX by_opaque ON submissions (due, number) WHERE settled = 0 AND opaque = 1;
CREATE INDEX by_day ON submissions (day, gateway, facility);
CREATE TABLE bodies (number BIGINT PRIMARY KEY, body {bytes} NOT NULL);
CREATE TABLE records (
  number BIGINT NOT NULL, position INTEGER NOT NULL, gateway TEXT NOT NULL,
  facility TEXT NOT NULL, kind TEXT NOT NULL, key TEXT, state TEXT NOT NULL,
  replaced_by BIGINT, cancelled INTEGER NOT NULL, findings TEXT NOT NULL,
  PRIMARY KEY (number, position));
CREATE INDEX by_key ON records (gateway, facility, kind, key) WHERE replaced_by IS NULL;
"""
"""``{bytes}`` is the type of raw bytes."""
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)
SUBMISSION = (
    "s.number, s.gateway, s.kind, s.edition, s.facility, s.username, s.transaction_id, s.received,"
    " s.due, s.digest, s.size, s.opaque, s.settled, s.signature"
)
RECORD = "r.number, r.position, r.key, r.state, r.replaced_by, r.cancelled, r.findings"
WHERE = (
    "(CAST(? AS TEXT) = '' OR s.gateway = ?) AND substr(s.facility, 1, length(CAST(? AS TEXT))) = ?"
)
UPSERT = (
    "ON CONFLICT (number) DO UPDATE SET settled = excluded.settled, signature = excluded.signature"
)
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

    def add_many(
        self, items: Iterable[tuple[Submission, bytes, Sequence[Record]]], *, batch: int = 1000
    ) -> int:
        """Keep many submissions, so many to a commit; gives how many."""
        count = 0
        waiting = iter(items)
        while part := list(islice(waiting, batch)):
            with self.transaction():
                for submission, body, records in part:
                    self.add(submission, body, records)
            count += len(part)
        return count

    @abstractmethod
    def close(self) -> None:
        """See `Store`."""

    def next_number(self, name: str) -> int:
        """See `Store`."""
        row = self._db.execute(
            "INSERT INTO counters VALUES (?, 1) ON CONFLICT (name)"
            " DO UPDATE SET value = counters.value + 1 RETURNING value",
            (name,),
        ).fetchone()
        return int(row[0])

    def add(self, submission: Submission, body: bytes, records: Sequence[Record]) -> None:
        """See `Store`."""
        with self.transaction():
            self._db.execute("INSERT INTO bodies VALUES (?, ?)", (submission.number, body))
            self._put(submission, records)

    def settle(self, submission: Submission, records: Sequence[Record]) -> None:
        """See `Store`."""
        with self.transaction():
            self._db.execute("DELETE FROM records WHERE number = ?", (submission.number,))
            self._put(submission, records)

    def _put(self, s: Submission, records: Sequence[Record]) -> None:
        values = submission_values(s)
        marks = ", ".join("?" * len(values))
        self._db.execute(f"INSERT INTO submissions VALUES ({marks}) {UPSERT}", values)  # noqa: S608
        self._db.executemany(
            "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [record_values(s, r) for r in records],
        )

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
        row = self._db.execute(
            f"SELECT {RECORD} FROM records r WHERE gateway = ? AND facility = ? AND kind = ?"  # noqa: S608
            " AND key = ? AND replaced_by IS NULL ORDER BY number DESC, position DESC",
            (gateway, facility, kind, key),
        ).fetchone()
        return None if row is None else _record(row)

    def due(
        self, at: dt.datetime, limit: int, gateway: str, facility: str, *, opaque: bool = False
    ) -> list[Submission]:
        """See `Store`."""
        which = "settled = 0 AND opaque = 1" if opaque else "settled = 0"
        rows = self._db.execute(
            f"SELECT {SUBMISSION} FROM submissions s WHERE {which} AND due <= ? AND {WHERE}"  # noqa: S608
            " ORDER BY due, number LIMIT ?",
            (_micros(at), *_scope(gateway, facility), limit),
        )
        return [_submission(row) for row in rows.fetchall()]

    def listing(
        self, gateway: str, facility: str, since: dt.date, until: dt.date
    ) -> Iterator[tuple[Submission, Record]]:
        """See `Store`."""
        rows = self._db.execute(
            f"SELECT {SUBMISSION}, {RECORD} FROM submissions s JOIN records r USING (number)"  # noqa: S608
            f" WHERE {WHERE} AND s.day BETWEEN ? AND ? ORDER BY s.number, r.position",
            (*_scope(gateway, facility), since.isoformat(), until.isoformat()),
        )
        for row in rows:
            yield _submission(row[:14]), _record(row[14:])

    def counts(
        self, gateway: str, facility: str, since: dt.date, until: dt.date
    ) -> list[Reconciliation]:
        """See `Store`."""
        live = "r.replaced_by IS NULL AND r.cancelled = 0"
        rows = self._db.execute(
            "SELECT s.gateway, s.facility, s.kind, s.day, count(*),"  # noqa: S608
            f" count(*) FILTER (WHERE {live}),"
            f" count(*) FILTER (WHERE {live} AND r.state IN ('accepted','accepted_with_warnings')),"
            f" count(*) FILTER (WHERE {live} AND r.state = 'accepted_with_warnings'),"
            f" count(*) FILTER (WHERE {live} AND r.state = 'refused'),"
            f" count(*) FILTER (WHERE {live} AND r.state = 'pending'),"
            " count(*) FILTER (WHERE r.replaced_by IS NULL AND r.cancelled = 1),"
            " count(*) FILTER (WHERE r.replaced_by IS NOT NULL)"
            " FROM submissions s JOIN records r USING (number)"
            f" WHERE {WHERE} AND s.day BETWEEN ? AND ?"
            " GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4",
            (*_scope(gateway, facility), since.isoformat(), until.isoformat()),
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


def _scope(gateway: str, facility: str) -> tuple[str, str, str, str]:
    """The parameters of `WHERE`."""
    return gateway, gateway, facility, facility


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
