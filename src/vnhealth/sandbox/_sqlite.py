"""A store in one SQLite file: what was acknowledged survives a power cut."""

from __future__ import annotations

import sqlite3
from os import PathLike, fspath

from vnhealth.errors import SandboxError
from vnhealth.sandbox._sql import TABLES, SqlStore

__all__ = ["SqliteStore"]

VERSION = 1
BEGIN = "BEGIN IMMEDIATE"


class SqliteStore(SqlStore):
    """One file in write-ahead mode with ``synchronous=FULL``: durable when a transaction ends.

    Raises `SandboxError` when the file is no such store (SBX-STATE-01) or is in use (SBX-STATE-02).
    One process at a time.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        connection = _connect(path)
        super().__init__(connection, BEGIN)
        self._connection = connection
        try:
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._prepare()
            self.make_ready()
        except sqlite3.OperationalError:
            self._connection.close()
            raise SandboxError("SBX-STATE-02") from None
        except sqlite3.DatabaseError:
            self._connection.close()
            raise SandboxError("SBX-STATE-01") from None

    def _prepare(self) -> None:
        found = self._db.execute("PRAGMA user_version").fetchone()[0]
        if found == 0 and not self._db.execute("SELECT 1 FROM sqlite_master").fetchone():
            schema = TABLES.format(number="INTEGER", bytes="BLOB")
            self._connection.executescript(
                f"BEGIN; {schema} PRAGMA user_version = {VERSION}; COMMIT;"
            )
        elif found != VERSION:
            self._connection.close()
            raise SandboxError("SBX-STATE-01")

    def close(self) -> None:
        """See `Store`."""
        self._connection.close()

    def __repr__(self) -> str:
        return "<SqliteStore>"


def _connect(path: str | PathLike[str]) -> sqlite3.Connection:
    try:
        return sqlite3.connect(
            fspath(path), isolation_level=None, check_same_thread=False, timeout=5
        )
    except sqlite3.OperationalError:
        raise SandboxError("SBX-STATE-02") from None
