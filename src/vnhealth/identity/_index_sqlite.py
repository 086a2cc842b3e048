"""The person index in a SQLite file."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterable, Sequence

from vnhealth.errors import IdentityError
from vnhealth.identity.person_index import SHARED_KEY_LIMIT, keys_of_form

__all__ = ["SqliteStore"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS person (
    id INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE, form TEXT NOT NULL, survivor TEXT);
CREATE TABLE IF NOT EXISTS person_key (
    key INTEGER NOT NULL, person INTEGER NOT NULL, PRIMARY KEY (key, person)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS shared_key (key INTEGER PRIMARY KEY);
"""
_PRAGMAS = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA mmap_size = 8589934592;
PRAGMA cache_size = -65536;
"""
_BATCH = 20_000
_FIND = """
SELECT code, form, survivor FROM person
WHERE id IN (SELECT person FROM person_key WHERE key IN (@))
"""


class SqliteStore:
    """See `vnhealth.identity.person_index.IndexStore`. One connection, usable from any thread."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._lock = threading.RLock()
        try:
            self._base = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        except sqlite3.Error:
            raise IdentityError("ID-INDEX_UNREACHABLE") from None
        try:
            self._base.executescript(_PRAGMAS + _SCHEMA)
        except sqlite3.Error:
            self._base.close()
            raise IdentityError("ID-INDEX_UNREACHABLE") from None
        self._shared = {key for (key,) in self._base.execute("SELECT key FROM shared_key")}
        self._queries: dict[int, str] = {}

    def add(self, code: str, form: str, keys: Sequence[int]) -> None:
        """Store a person, replacing what was stored under the code."""
        with self._lock, self._transaction():
            row = self._base.execute("SELECT id FROM person WHERE code = ?", (code,)).fetchone()
            if row:
                place = row[0]
                self._drop_keys(place)
                self._base.execute("UPDATE person SET form = ? WHERE id = ?", (form, place))
            else:
                sql = "INSERT INTO person (code, form) VALUES (?, ?)"
                place = self._base.execute(sql, (code, form)).lastrowid
            self._base.executemany(
                "INSERT OR IGNORE INTO person_key VALUES (?, ?)", [(key, place) for key in keys]
            )
            for key in keys:
                self._note_shared(key)

    def load(self, rows: Iterable[tuple[str, str, Sequence[int]]]) -> int:
        """Store many people; the keys are sorted once, which keeps the tree compact."""
        try:
            return self._load(rows)
        except sqlite3.IntegrityError:
            raise IdentityError("ID-CODE_TWICE") from None

    def _load(self, rows: Iterable[tuple[str, str, Sequence[int]]]) -> int:
        with self._lock, self._transaction():
            last = self._base.execute("SELECT coalesce(max(id), 0) FROM person").fetchone()
            start: int = last[0]
            self._base.execute("CREATE TEMP TABLE incoming (key INTEGER, person INTEGER)")
            place = start
            people: list[tuple[int, str, str]] = []
            keys: list[tuple[int, int]] = []
            for code, form, own in rows:
                place += 1
                people.append((place, code, form))
                keys.extend((key, place) for key in own)
                if len(people) == _BATCH:
                    self._store_batch(people, keys)
            self._store_batch(people, keys)
            self._base.execute(
                "INSERT OR IGNORE INTO person_key SELECT key, person FROM incoming "
                "ORDER BY key, person"
            )
            self._base.execute("DROP TABLE incoming")
            self._base.execute(
                "INSERT OR IGNORE INTO shared_key SELECT key FROM person_key GROUP BY key "
                "HAVING count(*) > ?",
                (SHARED_KEY_LIMIT,),
            )
            self._shared = {key for (key,) in self._base.execute("SELECT key FROM shared_key")}
        return place - start

    def _store_batch(self, people: list[tuple[int, str, str]], keys: list[tuple[int, int]]) -> None:
        self._base.executemany("INSERT INTO person (id, code, form) VALUES (?, ?, ?)", people)
        self._base.executemany("INSERT INTO incoming VALUES (?, ?)", keys)
        people.clear()
        keys.clear()

    def remove(self, code: str) -> bool:
        """Forget a person and her keys."""
        with self._lock, self._transaction():
            row = self._base.execute("SELECT id FROM person WHERE code = ?", (code,)).fetchone()
            if not row:
                return False
            self._drop_keys(row[0])
            self._base.execute("DELETE FROM person WHERE id = ?", row)
            return True

    def _drop_keys(self, place: int) -> None:
        form = self._base.execute("SELECT form FROM person WHERE id = ?", (place,)).fetchone()[0]
        self._base.executemany(
            "DELETE FROM person_key WHERE key = ? AND person = ?",
            [(key, place) for key in keys_of_form(form)],
        )

    def candidates(self, keys: Sequence[int]) -> Sequence[tuple[str, str, str | None]]:
        """Give each person who has one of the keys, once."""
        if self._shared:
            keys = [key for key in keys if key not in self._shared]
        size = len(keys)
        sql = self._queries.get(size)
        if sql is None:
            sql = self._queries[size] = _FIND.replace("@", ",".join("?" * size))
        with self._lock:
            return self._base.execute(sql, keys).fetchall()

    def set_survivor(self, code: str, survivor: str | None) -> bool:
        """Note into whom a person was merged."""
        sql = "UPDATE person SET survivor = ? WHERE code = ?"
        with self._lock:
            return self._base.execute(sql, (survivor, code)).rowcount == 1

    def survivor(self, code: str) -> str | None:
        """Give into whom a person was merged."""
        sql = "SELECT survivor FROM person WHERE code = ?"
        with self._lock:
            row = self._base.execute(sql, (code,)).fetchone()
        if row is None:
            raise LookupError
        found: str | None = row[0]
        return found

    def count(self) -> int:
        """Give the number of stored people."""
        with self._lock:
            found: int = self._base.execute("SELECT count(*) FROM person").fetchone()[0]
        return found

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._base.close()

    def _note_shared(self, key: int) -> None:
        if key in self._shared:
            return
        sql = "SELECT count(*) FROM (SELECT 1 FROM person_key WHERE key = ? LIMIT ?)"
        limit = SHARED_KEY_LIMIT + 1
        if self._base.execute(sql, (key, limit)).fetchone()[0] == limit:
            self._base.execute("INSERT OR IGNORE INTO shared_key VALUES (?)", (key,))
            self._shared.add(key)

    def _transaction(self) -> _Transaction:
        return _Transaction(self._base)


class _Transaction:
    def __init__(self, base: sqlite3.Connection) -> None:
        self._base = base

    def __enter__(self) -> None:
        self._base.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._base.execute("COMMIT" if kind is None else "ROLLBACK")
