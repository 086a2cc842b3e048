"""A store in PostgreSQL, for a repository of many facilities: the same statements, and COPY."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

from vnhealth.errors import SandboxError
from vnhealth.sandbox._model import Record, Submission
from vnhealth.sandbox._sql import TABLES, SqlStore, record_values, submission_values

if TYPE_CHECKING:
    import psycopg

__all__ = ["PostgresStore"]

SCHEMA = "vnhealth_sandbox"
LOCK = 5_108_130
"""Number of the advisory lock that one server holds on a database."""
KINDS = {
    "submissions": "int8 text text text text text text int8 int8 text int8 int4 int4 text text",
    "bodies": "int8 bytea",
    "records": "int8 int4 text text text text text int8 int4 text",
}
"""The types of the columns, which a COPY in binary has to be told."""


@cache
def _translated(sql: str) -> bytes:
    """A statement with the marks of psycopg."""
    return sql.replace("?", "%s").encode()


class _Statements:
    """A connection of psycopg that takes question marks."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Any:
        """Run a statement; gives a cursor."""
        return self._connection.execute(_translated(sql), tuple(parameters) or None)

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> Any:
        """Run a statement for each row."""
        with self._connection.cursor() as cursor:
            cursor.executemany(_translated(sql), parameters)


class PostgresStore(SqlStore):
    """Tables of the schema ``vnhealth_sandbox``, made when they are not there.

    One server at a time (SBX-STATE-02). Needs the extra ``vnhealth[postgres]``; raises
    `SandboxError` SBX-STATE-05 without it or when the database cannot be reached.
    """

    def __init__(self, url: str) -> None:
        try:
            import psycopg
        except ImportError:
            raise SandboxError("SBX-STATE-05") from None
        try:
            connection = psycopg.connect(url, autocommit=True)
        except psycopg.Error:
            raise SandboxError("SBX-STATE-05") from None
        super().__init__(_Statements(connection), "BEGIN")
        self._connection = connection
        locked = self._db.execute("SELECT pg_try_advisory_lock(?)", (LOCK,)).fetchone()[0]
        if not locked:
            connection.close()
            raise SandboxError("SBX-STATE-02")
        self._prepare()

    def _prepare(self) -> None:
        self._db.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        self._db.execute(f"SET search_path TO {SCHEMA}")
        known = self._db.execute("SELECT to_regclass(?)", (f"{SCHEMA}.submissions",)).fetchone()[0]
        if known is None:
            with self.transaction():
                for statement in TABLES.format(number="BIGINT", bytes="BYTEA").split(";"):
                    if statement.strip():
                        self._db.execute(statement)
            self._pack_faster()
        self.make_ready()

    def make_ready(self) -> None:
        """Make the indexes that are missing, and tell the planner how large the tables are."""
        super().make_ready()
        self._db.execute("ANALYZE submissions, records")

    def _pack_faster(self) -> None:
        """Let the server pack bodies with lz4: half its work at an intake. Not all are built so."""
        from psycopg import Error

        with suppress(Error):
            self._db.execute("ALTER TABLE bodies ALTER body SET COMPRESSION lz4")

    def add_many(self, items: Sequence[tuple[Submission, bytes, Sequence[Record]]]) -> None:
        """See `Store`; by COPY."""
        with self._together():
            self._copy("submissions", (submission_values(s) for s, _, _ in items))
            self._copy("bodies", ((s.number, body) for s, body, _ in items))
            self._copy("records", (record_values(s, r) for s, _, kept in items for r in kept))

    def _copy(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        with (
            self._connection.cursor() as cursor,
            cursor.copy(f"COPY {table} FROM STDIN (FORMAT BINARY)".encode()) as copy,
        ):
            copy.set_types(KINDS[table].split())
            for row in rows:
                copy.write_row(row)

    def close(self) -> None:
        """See `Store`."""
        self._connection.close()

    def __repr__(self) -> str:
        return "<PostgresStore>"
