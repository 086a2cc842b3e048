"""A store in one SQLite file: what was acknowledged survives a power cut."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from os import PathLike, fspath
from typing import Any

from vnhealth.errors import SandboxError
from vnhealth.sandbox._model import Reconciliation, Record, State, Submission
from vnhealth.sandbox._store import local_day

__all__ = ["SqliteStore"]

VERSION = 1
SCHEMA = """
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE texts (space TEXT, key TEXT, value TEXT NOT NULL, PRIMARY KEY (space, key))
  WITHOUT ROWID;
CREATE TABLE submissions (
  number INTEGER PRIMARY KEY, gateway TEXT NOT NULL, kind TEXT NOT NULL, edition TEXT NOT NULL,
  facility TEXT NOT NULL, username TEXT NOT NULL, transaction_id TEXT NOT NULL,
  received INTEGER NOT NULL, due INTEGER NOT NULL, digest TEXT NOT NULL, size INTEGER NOT NULL,
  opaque INTEGER NOT NULL, settled INTEGER NOT NULL, signature TEXT NOT NULL, day TEXT NOT NULL);
CREATE UNIQUE INDEX by_transaction ON submissions (gateway, transaction_id);
CREATE INDEX by_due ON submissions (due, number) WHERE settled = 0;
CREATE INDEX by_opaque ON submissions (due, number) WHERE settled = 0 AND opaque = 1;
CREATE INDEX by_day ON submissions (day, gateway, facility);
CREATE TABLE bodies (number INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE records (
  number INTEGER NOT NULL, position INTEGER NOT NULL, gateway TEXT NOT NULL,
  facility TEXT NOT NULL, kind TEXT NOT NULL, key TEXT, state TEXT NOT NULL,
  replaced_by INTEGER, cancelled INTEGER NOT NULL, findings TEXT NOT NULL,
  PRIMARY KEY (number, position)) WITHOUT ROWID;
CREATE INDEX by_key ON records (gateway, facility, kind, key) WHERE replaced_by IS NULL;
"""
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)
SUBMISSION = (
    "s.number, s.gateway, s.kind, s.edition, s.facility, s.username, s.transaction_id, s.received,"
    " s.due, s.digest, s.size, s.opaque, s.settled, s.signature"
)
RECORD = "r.number, r.position, r.key, r.state, r.replaced_by, r.cancelled, r.findings"
OUTER = ("BEGIN IMMEDIATE", ("ROLLBACK",), "COMMIT")
INNER = ("SAVEPOINT step", ("ROLLBACK TO step", "RELEASE step"), "RELEASE step")
"""How a transaction begins, is undone and is kept; one inside another can be undone by itself."""
WHERE = "(?1 = '' OR s.gateway = ?1) AND substr(s.facility, 1, length(?2)) = ?2"


class SqliteStore:
    """One file in write-ahead mode with ``synchronous=FULL``: durable when a transaction ends.

    Raises `SandboxError` when the file is no such store (SBX-STATE-01) or is in use (SBX-STATE-02).
    One process at a time.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._db = _connect(path)
        try:
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._prepare()
        except sqlite3.OperationalError:
            self._db.close()
            raise SandboxError("SBX-STATE-02") from None
        except sqlite3.DatabaseError:
            self._db.close()
            raise SandboxError("SBX-STATE-01") from None

    def _prepare(self) -> None:
        found = self._db.execute("PRAGMA user_version").fetchone()[0]
        if found == 0 and not self._db.execute("SELECT 1 FROM sqlite_master").fetchone():
            self._db.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
        elif found != VERSION:
            self._db.close()
            raise SandboxError("SBX-STATE-01")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """See `Store`."""
        with self._lock:
            begin, undo, keep = OUTER if self._depth == 0 else INNER
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

    def next_number(self, name: str) -> int:
        """See `Store`."""
        row = self._db.execute(
            "INSERT INTO counters VALUES (?, 1) ON CONFLICT (name)"
            " DO UPDATE SET value = value + 1 RETURNING value",
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
        values = (
            *(s.number, s.gateway, s.kind, s.edition, s.facility, s.username, s.transaction),
            *(_micros(s.received), _micros(s.due), s.digest, s.size, s.opaque),
            *(s.settled, s.signature),
            local_day(s.received).isoformat(),
        )
        marks = ", ".join("?" * len(values))
        self._db.execute(f"INSERT OR REPLACE INTO submissions VALUES ({marks})", values)  # noqa: S608
        self._db.executemany(
            "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    *(r.submission, r.index, s.gateway, s.facility, s.kind, r.key, r.state.value),
                    *(r.replaced_by, r.cancelled, _findings(r)),
                )
                for r in records
            ],
        )

    def update(self, record: Record) -> None:
        """See `Store`."""
        self._db.execute(
            "UPDATE records SET key = ?, state = ?, replaced_by = ?, cancelled = ?, findings = ?"
            " WHERE number = ? AND position = ?",
            (
                *(record.key, record.state.value, record.replaced_by, record.cancelled),
                *(_findings(record), record.submission, record.index),
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
            f"SELECT {SUBMISSION} FROM submissions s WHERE {which} AND due <= ?3 AND {WHERE}"  # noqa: S608
            " ORDER BY due, number LIMIT ?4",
            (gateway, facility, _micros(at), limit),
        )
        return [_submission(row) for row in rows.fetchall()]

    def listing(
        self, gateway: str, facility: str, since: dt.date, until: dt.date
    ) -> Iterator[tuple[Submission, Record]]:
        """See `Store`."""
        rows = self._db.execute(
            f"SELECT {SUBMISSION}, {RECORD} FROM submissions s JOIN records r USING (number)"  # noqa: S608
            f" WHERE {WHERE} AND s.day BETWEEN ?3 AND ?4 ORDER BY s.number, r.position",
            (gateway, facility, since.isoformat(), until.isoformat()),
        )
        for row in rows:
            yield _submission(row[:14]), _record(row[14:])

    def counts(
        self, gateway: str, facility: str, since: dt.date, until: dt.date
    ) -> list[Reconciliation]:
        """See `Store`."""
        live = "r.replaced_by IS NULL AND NOT r.cancelled"
        rows = self._db.execute(
            "SELECT s.gateway, s.facility, s.kind, s.day, count(*),"  # noqa: S608
            f" count(*) FILTER (WHERE {live}),"
            f" count(*) FILTER (WHERE {live} AND r.state IN ('accepted','accepted_with_warnings')),"
            f" count(*) FILTER (WHERE {live} AND r.state = 'accepted_with_warnings'),"
            f" count(*) FILTER (WHERE {live} AND r.state = 'refused'),"
            f" count(*) FILTER (WHERE {live} AND r.state = 'pending'),"
            " count(*) FILTER (WHERE r.replaced_by IS NULL AND r.cancelled),"
            " count(*) FILTER (WHERE r.replaced_by IS NOT NULL)"
            " FROM submissions s JOIN records r USING (number)"
            f" WHERE {WHERE} AND s.day BETWEEN ?3 AND ?4"
            " GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4",
            (gateway, facility, since.isoformat(), until.isoformat()),
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
        self._db.execute("INSERT OR REPLACE INTO texts VALUES (?, ?, ?)", (space, key, value))

    def scan(self, space: str, prefix: str = "") -> list[tuple[str, str]]:
        """See `Store`."""
        found = self._db.execute(
            "SELECT key, value FROM texts WHERE space = ?1 AND substr(key, 1, length(?2)) = ?2"
            " ORDER BY key",
            (space, prefix),
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

    def close(self) -> None:
        """See `Store`."""
        self._db.close()

    def __repr__(self) -> str:
        return "<SqliteStore>"


def _connect(path: str | PathLike[str]) -> sqlite3.Connection:
    try:
        return sqlite3.connect(
            fspath(path), isolation_level=None, check_same_thread=False, timeout=5
        )
    except sqlite3.OperationalError:
        raise SandboxError("SBX-STATE-02") from None


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
