"""The tables of the outbox, for SQLite and PostgreSQL."""

from __future__ import annotations

import datetime as dt
from contextlib import AbstractContextManager
from typing import Any

import sqlalchemy as sa

from vnhealth.sync._errors import SyncError

__all__ = [
    "VERSION",
    "connect_to",
    "delivery",
    "event",
    "payload",
    "reading",
    "receipt",
    "route",
    "version",
]

VERSION = 1
"""Of the tables; another one in the database is refused."""

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)


class Moment(sa.types.TypeDecorator[dt.datetime]):
    """An aware time as microseconds since 1970: exact and ordered in every database."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Any) -> int | None:
        """To the database."""
        return None if value is None else (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: int | None, dialect: Any) -> dt.datetime | None:
        """From the database, in UTC."""
        return None if value is None else EPOCH + value * MICROSECOND


def _number() -> sa.Column[int]:
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column("id", kind, primary_key=True, autoincrement=True)


tables = sa.MetaData()

meta = sa.Table("outbox_meta", tables, sa.Column("version", sa.Integer, nullable=False))

payload = sa.Table(
    "outbox_payload",
    tables,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
)
"""Bytes as they go out; a row is never changed."""

version = sa.Table(
    "outbox_version",
    tables,
    _number(),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("facility", sa.String(20), nullable=False),
    sa.Column("key", sa.String(200), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("digest", sa.ForeignKey("outbox_payload.digest"), nullable=False),
    sa.Column("reason", sa.String(500), nullable=False, default=""),
    sa.Column("edition", sa.String(20), nullable=False, default=""),
    sa.Column("catalogues", sa.JSON, nullable=False),
    sa.Column("certificate", sa.String(80), nullable=False, default=""),
    sa.Column("ended_at", Moment),
    sa.Column("total", sa.String(40)),
    sa.Column("fund", sa.String(40)),
    sa.Column("created_at", Moment, nullable=False),
    sa.UniqueConstraint("facility", "kind", "key", "number"),
    sa.Index("outbox_version_created", "created_at"),
)
"""One version of one record; ``key`` is its MA_LK. A row is never changed."""

delivery = sa.Table(
    "outbox_delivery",
    tables,
    _number(),
    sa.Column("version_id", sa.ForeignKey("outbox_version.id"), nullable=False),
    sa.Column("destination", sa.String(40), nullable=False),
    sa.Column("facility", sa.String(20), nullable=False),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("key", sa.String(200), nullable=False),
    sa.Column("state", sa.String(30), nullable=False),
    sa.Column("next_at", Moment),
    sa.Column("due_at", Moment),
    sa.Column("flow", sa.String(40), nullable=False, default=""),
    sa.Column("lease", sa.String(80)),
    sa.Column("lease_until", Moment),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("looks", sa.Integer, nullable=False, default=0),
    sa.Column("code", sa.String(60), nullable=False, default=""),
    sa.Column("cause", sa.String(40), nullable=False, default=""),
    sa.Column("transaction", sa.String(200)),
    sa.Column("call", sa.String(60), nullable=False, default=""),
    sa.Column("sent_at", Moment),
    sa.Column("received_at", Moment),
    sa.Column("judged_at", Moment),
    sa.Column("updated_at", Moment, nullable=False),
    sa.UniqueConstraint("version_id", "destination"),
    sa.Index("outbox_delivery_work", "state", "next_at"),
    sa.Index("outbox_delivery_record", "destination", "facility", "key"),
)
"""One version on its way to one destination; the only rows that change."""

receipt = sa.Table(
    "outbox_receipt",
    tables,
    _number(),
    sa.Column("delivery_id", sa.ForeignKey("outbox_delivery.id"), nullable=False, index=True),
    sa.Column("at", Moment, nullable=False, index=True),
    sa.Column("status", sa.String(30), nullable=False),
    sa.Column("code", sa.String(60), nullable=False),
    sa.Column("cause", sa.String(40), nullable=False),
    sa.Column("transaction", sa.String(200)),
    sa.Column("request_id", sa.String(100), nullable=False),
    sa.Column("answer", sa.Text, nullable=False),
    sa.Column("findings", sa.JSON, nullable=False),
)
"""What a gateway said, masked; kept longer than the portal keeps its own."""

route = sa.Table(
    "outbox_route",
    tables,
    sa.Column("destination", sa.String(40), primary_key=True),
    sa.Column("facility", sa.String(20), primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False, default=0),
    sa.Column("opened", sa.Integer, nullable=False, default=0),
    sa.Column("closed_until", Moment),
    sa.Column("locked", sa.Boolean, nullable=False, default=False),
    sa.Column("pace", sa.Integer, nullable=False, default=0),
    sa.Column("cause", sa.String(40), nullable=False, default=""),
)
"""The circuit breaker of an account at a destination."""

event = sa.Table(
    "outbox_event",
    tables,
    _number(),
    sa.Column("at", Moment, nullable=False),
    sa.Column("what", sa.String(30), nullable=False, index=True),
    sa.Column("destination", sa.String(40), nullable=False, default=""),
    sa.Column("since", Moment),
    sa.Column("until", Moment),
    sa.Column("day", sa.Date),
    sa.Column("text", sa.String(1000), nullable=False, default=""),
)
"""Force majeure that was reported, and the days that a daily job has done."""


def connect_to(url: str) -> sa.Engine:
    """An engine with the tables in place.

    ``url`` is an SQLAlchemy URL (``sqlite:///outbox.db``, ``postgresql+psycopg://...``). SQLite
    runs with a write-ahead log that is flushed at every commit, and one writer at a time. Raises
    `SyncError` (ERR-SYNC-25) when the database was made by another version of the outbox.
    """
    options: dict[str, Any] = {}
    if url.startswith("sqlite"):
        options["connect_args"] = {"timeout": 60}
    engine = sa.create_engine(url, **options)
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
    with engine.begin() as db:
        if engine.dialect.name == "postgresql":
            db.execute(sa.text("SELECT pg_advisory_xact_lock(8130)"))
        tables.create_all(db)
        found = db.execute(sa.select(meta.c.version)).scalar()
        if found is None:
            db.execute(meta.insert().values(version=VERSION))
        elif found != VERSION:
            raise SyncError("ERR-SYNC-25", found=found, wanted=VERSION)
    return engine


def reading(engine: sa.Engine) -> AbstractContextManager[sa.Connection]:
    """A transaction that only reads: it waits for no writer."""
    return engine.execution_options(only_reads=True).begin()


def _prepare_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    """Take the write lock at once: a read that turns into a write cannot fail half way."""
    only_reads = connection.get_execution_options().get("only_reads")
    connection.exec_driver_sql("BEGIN" if only_reads else "BEGIN IMMEDIATE")
