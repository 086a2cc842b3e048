"""The person index in PostgreSQL, or another database that SQLAlchemy speaks to (extra).

The same two tables as in SQLite. `SqlStore.load` uses COPY when the driver is psycopg 3. Give the
address of the database from your own configuration; it is never part of a message.

>>> from vnhealth.identity.person_index import PersonIndex
>>> PersonIndex.connect("no-such-database://")  # doctest: +ELLIPSIS
Traceback (most recent call last):
...
vnhealth.errors.IdentityError: ... [ID-INDEX_...]

Legal source: none; see `vnhealth.identity.person_index`.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from vnhealth.errors import IdentityError
from vnhealth.identity.person_index import SHARED_KEY_LIMIT, keys_of_form

__all__ = ["SqlStore"]

_BATCH = 5000
_PERSON, _KEY, _SHARED = "vnh_person", "vnh_person_key", "vnh_shared_key"


class SqlStore:
    """See `vnhealth.identity.person_index.IndexStore`.

    Raises `IdentityError` (``ID-INDEX_EXTRA``) without SQLAlchemy, (``ID-INDEX_UNREACHABLE``) when
    the database does not answer.
    """

    def __init__(self, url: str) -> None:
        try:
            self._sql: Any = importlib.import_module("sqlalchemy")
        except ImportError:
            raise IdentityError("ID-INDEX_EXTRA") from None
        try:
            self._engine = self._sql.create_engine(url, pool_pre_ping=True, hide_parameters=True)
            self._define()
            self._meta.create_all(self._engine)
        except (self._sql.exc.SQLAlchemyError, ImportError):
            raise IdentityError("ID-INDEX_UNREACHABLE") from None
        with self._engine.connect() as base:
            rows = base.execute(self._sql.select(self._shared_key.c.key))
            self._shared = {row[0] for row in rows}

    def _define(self) -> None:
        sql = self._sql
        self._meta = sql.MetaData()
        big = sql.BigInteger().with_variant(sql.Integer, "sqlite")
        self._person = sql.Table(
            _PERSON,
            self._meta,
            sql.Column("id", big, primary_key=True, autoincrement=True),
            sql.Column("code", sql.Text, nullable=False, unique=True),
            sql.Column("form", sql.Text, nullable=False),
            sql.Column("survivor", sql.Text),
        )
        self._person_key = sql.Table(
            _KEY,
            self._meta,
            sql.Column("key", sql.BigInteger, primary_key=True),
            sql.Column("person", sql.BigInteger, primary_key=True),
        )
        self._shared_key = sql.Table(
            _SHARED, self._meta, sql.Column("key", sql.BigInteger, primary_key=True)
        )
        person, held = self._person.c, self._person_key.c
        wanted = sql.select(held.person).where(held.key.in_(sql.bindparam("keys", expanding=True)))
        self._find = sql.select(person.code, person.form, person.survivor).where(
            person.id.in_(wanted)
        )

    def add(self, code: str, form: str, keys: Sequence[int]) -> None:
        """Store a person, replacing what was stored under the code."""
        sql, person, held = self._sql, self._person, self._person_key
        with self._engine.begin() as base:
            row = base.execute(
                sql.select(person.c.id, person.c.form).where(person.c.code == code)
            ).first()
            if row:
                place, old = row
                base.execute(
                    sql.delete(held).where(
                        held.c.person == place, held.c.key.in_(keys_of_form(old))
                    )
                )
                base.execute(sql.update(person).where(person.c.id == place).values(form=form))
            else:
                done = base.execute(sql.insert(person).values(code=code, form=form))
                place = done.inserted_primary_key[0]
            if keys:
                unique = [{"key": key, "person": place} for key in set(keys)]
                base.execute(sql.insert(held), unique)
            for key in set(keys) - self._shared:
                few = sql.select(held.c.key).where(held.c.key == key).limit(SHARED_KEY_LIMIT + 1)
                count = sql.select(sql.func.count()).select_from(few.subquery())
                if base.execute(count).scalar_one() > SHARED_KEY_LIMIT:
                    base.execute(sql.insert(self._shared_key).values(key=key))
                    self._shared.add(key)

    def load(self, rows: Iterable[tuple[str, str, Sequence[int]]]) -> int:
        """Store many people in one transaction."""
        driver = self._engine.dialect.dbapi
        try:
            return self._load(rows)
        except (self._sql.exc.IntegrityError, driver.IntegrityError):
            raise IdentityError("ID-CODE_TWICE") from None

    def _load(self, rows: Iterable[tuple[str, str, Sequence[int]]]) -> int:
        sql, person, held = self._sql, self._person, self._person_key
        with self._engine.begin() as base:
            start = base.execute(sql.select(sql.func.coalesce(sql.func.max(person.c.id), 0)))
            first = place = start.scalar_one()
            people: list[tuple[int, str, str]] = []
            keys: list[tuple[int, int]] = []
            for code, form, own in rows:
                place += 1
                people.append((place, code, form))
                keys.extend((key, place) for key in set(own))
                if len(people) == _BATCH:
                    self._store_batch(base, people, keys)
            self._store_batch(base, people, keys)
            if base.dialect.name == "postgresql":
                base.execute(
                    sql.text(f"SELECT setval(pg_get_serial_sequence('{_PERSON}', 'id'), :last)"),
                    {"last": max(place, 1)},
                )
            many = (
                sql.select(held.c.key)
                .where(held.c.key.not_in(sql.select(self._shared_key.c.key)))
                .group_by(held.c.key)
                .having(sql.func.count() > SHARED_KEY_LIMIT)
            )
            base.execute(sql.insert(self._shared_key).from_select(["key"], many))
            found = base.execute(sql.select(self._shared_key.c.key))
            self._shared = {row[0] for row in found}
        return int(place - first)

    def _store_batch(
        self, base: Any, people: list[tuple[int, str, str]], keys: list[tuple[int, int]]
    ) -> None:
        raw = base.connection.driver_connection
        if people and base.dialect.driver == "psycopg":
            with raw.cursor() as cursor:
                self._copy(cursor, f"COPY {_PERSON} (id, code, form) FROM STDIN", people)
                self._copy(cursor, f"COPY {_KEY} (key, person) FROM STDIN", keys)
        elif people:
            names = ("id", "code", "form")
            rows = [dict(zip(names, row, strict=True)) for row in people]
            base.execute(self._sql.insert(self._person), rows)
            pairs = [{"key": key, "person": place} for key, place in keys]
            if pairs:
                base.execute(self._sql.insert(self._person_key), pairs)
        people.clear()
        keys.clear()

    @staticmethod
    def _copy(cursor: Any, command: str, rows: Sequence[tuple[Any, ...]]) -> None:
        with cursor.copy(command) as stream:
            for row in rows:
                stream.write_row(row)

    def remove(self, code: str) -> bool:
        """Forget a person and her keys."""
        sql, person, held = self._sql, self._person, self._person_key
        with self._engine.begin() as base:
            row = base.execute(
                sql.select(person.c.id, person.c.form).where(person.c.code == code)
            ).first()
            if not row:
                return False
            keys = keys_of_form(row[1])
            base.execute(sql.delete(held).where(held.c.person == row[0], held.c.key.in_(keys)))
            base.execute(sql.delete(person).where(person.c.id == row[0]))
            return True

    def candidates(self, keys: Sequence[int]) -> Sequence[tuple[str, str, str | None]]:
        """Give each person who has one of the keys, once."""
        wanted = [key for key in keys if key not in self._shared]
        if not wanted:
            return []
        with self._reading() as base:
            rows = base.execute(self._find, {"keys": wanted}).all()
        return [(row[0], row[1], row[2]) for row in rows]

    def set_survivor(self, code: str, survivor: str | None) -> bool:
        """Note into whom a person was merged."""
        person = self._person
        change = self._sql.update(person).where(person.c.code == code).values(survivor=survivor)
        with self._engine.begin() as base:
            return bool(base.execute(change).rowcount == 1)

    def survivor(self, code: str) -> str | None:
        """Give into whom a person was merged."""
        person = self._person
        with self._reading() as base:
            row = base.execute(
                self._sql.select(person.c.survivor).where(person.c.code == code)
            ).first()
        if row is None:
            raise LookupError
        found: str | None = row[0]
        return found

    def count(self) -> int:
        """Give the number of stored people."""
        with self._reading() as base:
            total = self._sql.select(self._sql.func.count()).select_from(self._person)
            return int(base.execute(total).scalar_one())

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    @contextmanager
    def _reading(self) -> Iterator[Any]:
        with self._engine.connect() as base:
            yield base
