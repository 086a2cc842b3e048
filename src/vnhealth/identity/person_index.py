"""Who is this? An index over people that answers from a few blocked keys, not from all people.

A person is stored under her code with the comparable forms of her record and under a handful of
keys (numbers, insurance code, phone, name with birth date, name with year and commune, commune with
birth date), each as a checksum. A question reads only the people who share a key, and the ladder
of `vnhealth.identity.matching` judges them; so the cost follows the number of namesakes born on one
day and of people with one phone, not the number of people. SQLite is built in; PostgreSQL (or any
database of SQLAlchemy) is an extra, see `vnhealth.identity.person_index_sql`.

The index holds comparable forms of names and numbers: it is as sensitive as the records.

Legal source: none; that the losing record of a merge stays and can be had back is the project's own
policy (Luật Căn cước 2023 article 12 lets one person have had two numbers).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import NamedTuple, Protocol, Self
from zlib import crc32

from vnhealth.errors import IdentityError
from vnhealth.identity.matching import Decision, Scope, compare_prepared
from vnhealth.identity.person_record import PersonRecord, PreparedRecord, prepare

__all__ = ["SHARED_KEY_LIMIT", "Candidate", "IndexStore", "PersonIndex", "keys_of_form"]

SHARED_KEY_LIMIT = 500
"""A key shared by more people (the phone of a clinic) is no help in finding one; it is skipped."""

_PART, _KEY, _WORD = "\x1f", "\x1e", " "


class Candidate(NamedTuple):
    """A person who is or may be the one asked for. ``code`` is the person to use: after a merge the
    survivor, while ``found_as`` is the record that matched. The representation shows no code.
    """

    code: str
    found_as: str
    decision: Decision

    def __repr__(self) -> str:
        return f"<Candidate {self.decision.outcome} {self.decision.rule}>"


class IndexStore(Protocol):
    """What a database must do for the index. Rows are (code, form, survivor)."""

    def add(self, code: str, form: str, keys: Sequence[int]) -> None:
        """Store a person, replacing what was stored under the code."""

    def load(self, rows: Iterable[tuple[str, str, Sequence[int]]]) -> int:
        """Store many new people at once; gives how many."""

    def remove(self, code: str) -> bool:
        """Forget a person; False when the code is unknown."""

    def candidates(self, keys: Sequence[int]) -> Sequence[tuple[str, str, str | None]]:
        """Give each person who has one of the keys, once."""

    def set_survivor(self, code: str, survivor: str | None) -> bool:
        """Note into whom a person was merged; False when the code is unknown."""

    def survivor(self, code: str) -> str | None:
        """Give into whom a person was merged; raise LookupError for an unknown code."""

    def count(self) -> int:
        """Give the number of stored people."""

    def close(self) -> None:
        """Let go of the database."""


def _digests(blocks: Sequence[str]) -> list[int]:
    """Give each key as an integer: a letter for its kind and a checksum of 32 bits. Two keys may
    share one, which costs a comparison and never an answer.
    """
    return [crc32(key.encode()) | ord(key[0]) << 32 for key in blocks]


def _pack(ready: PreparedRecord) -> str:
    flags = "".join("01"[flag] for flag in (ready.marked, ready.newborn, ready.anonymous))
    sets = (ready.ids12, ready.strong, ready.numbers, ready.suspect)
    first = (ready.skeleton, ready.date, ready.bhxh, flags, ready.plain, ready.key, ready.year)
    rest = (ready.month, ready.sex, ready.phone, ready.ward)
    numbers = (_WORD.join(sorted(one)) for one in sets)
    return _PART.join((*first, *rest, *numbers, _KEY.join(ready.blocks)))


def _plainly_different(ready: PreparedRecord, parts: list[str]) -> bool:
    """Say the same as `plainly_different`, before the stored form is unpacked."""
    return (
        parts[0] != ready.skeleton
        and (not parts[1] or parts[1] != ready.date)
        and (not parts[2] or parts[2] != ready.bhxh)
        and parts[3][2] == "0"
        and not ready.anonymous
        and ready.numbers.isdisjoint(parts[13].split())
    )


def _unpack(parts: list[str]) -> PreparedRecord:
    skeleton, date, bhxh, flags, plain, key, year, month, sex, phone, ward, a, b, c, d, _ = parts
    words = plain.split()
    return PreparedRecord(
        skeleton,
        plain,
        frozenset(words),
        (words[0], words[-1]) if words else (),
        key,
        flags[0] == "1",
        flags[1] == "1",
        flags[2] == "1",
        year,
        month,
        date,
        sex,
        frozenset(a.split()),
        frozenset(b.split()),
        frozenset(c.split()),
        frozenset(d.split()),
        bhxh,
        phone,
        ward,
    )


def keys_of_form(form: str) -> list[int]:
    """Give the digests under which a stored form is found; for stores that replace a person."""
    *_, blocks = form.rsplit(_PART, 1)
    return _digests(blocks.split(_KEY)) if blocks else []


_ORDER = {"match": 0, "review": 1}


class PersonIndex:
    """People by code, found again by what a new record says of them.

    >>> with PersonIndex.open() as index:
    ...     index.add("BN1", PersonRecord("Nguyễn Văn Hòa", "1901-03-05", "1", "001001000123"))
    ...     found = index.who_is(PersonRecord("NGUYEN VAN HOA", "5/3/1901", "1"))
    ...     [(one.code, one.decision.outcome) for one in found]
    [('BN1', 'match')]
    """

    def __init__(self, store: IndexStore) -> None:
        self._store = store

    @classmethod
    def open(cls, path: str | os.PathLike[str] = ":memory:") -> PersonIndex:
        """Open or make an index in a SQLite file; in memory without a path.

        Raises `IdentityError` (``ID-INDEX_UNREACHABLE``) when the file cannot be opened or is no
        index.
        """
        from vnhealth.identity._index_sqlite import SqliteStore

        return cls(SqliteStore(path))

    @classmethod
    def connect(cls, url: str) -> PersonIndex:
        """Open or make an index in a database by its SQLAlchemy address (extra ``postgres``)."""
        from vnhealth.identity.person_index_sql import SqlStore

        return cls(SqlStore(url))

    def add(self, code: str, record: PersonRecord) -> None:
        """Store a person; a person stored under this code before is replaced."""
        ready = prepare(record)
        self._store.add(code, _pack(ready), _digests(ready.blocks))

    def load(
        self,
        people: Iterable[tuple[str, PersonRecord]],
        progress: Callable[[int], None] = lambda _: None,
    ) -> int:
        """Store many people whose codes are new, much faster than one by one; gives how many.

        All or none: raises `IdentityError` (``ID-CODE_TWICE``) when a code is there already.
        ``progress`` is called with the number done since its last call.
        """

        def rows() -> Iterator[tuple[str, str, Sequence[int]]]:
            done = 0
            for code, record in people:
                ready = prepare(record)
                yield code, _pack(ready), _digests(ready.blocks)
                done += 1
                if done == 1000:
                    progress(done)
                    done = 0
            progress(done)

        return self._store.load(rows())

    def who_is(
        self, record: PersonRecord, scope: Scope | str = Scope.FACILITY
    ) -> tuple[Candidate, ...]:
        """Give the people who are (match) or may be (review) the one of this record, best first."""
        ready, scope = prepare(record), Scope(scope)
        found = []
        for code, form, survivor in self._store.candidates(_digests(ready.blocks)):
            parts = form.split(_PART)
            if _plainly_different(ready, parts):
                continue
            decision = compare_prepared(ready, _unpack(parts), scope)
            if decision.outcome != "no":
                last = code if survivor is None else self._last(code, survivor)
                found.append(Candidate(last, code, decision))
        if len(found) > 1:
            found.sort(key=lambda one: (_ORDER[one.decision.outcome], one.decision.rule, one.code))
        return tuple(found)

    def _last(self, code: str, survivor: str | None) -> str:
        """Follow merges to the end; a survivor that was removed ends the way before it."""
        seen = {code}
        while survivor is not None and survivor not in seen:
            try:
                code, survivor = survivor, self._store.survivor(survivor)
            except LookupError:
                break
            seen.add(code)
        return code

    def merge(self, loser: str, survivor: str) -> None:
        """From now on answer ``survivor`` where ``loser`` is found; the record of the loser stays.

        Raises `IdentityError` (``ID-MERGE_SELF``, ``ID-PERSON_UNKNOWN``).
        """
        self._store_knows(survivor)
        if self._last(survivor, self._store.survivor(survivor)) == loser:
            raise IdentityError("ID-MERGE_SELF")
        self._set(loser, survivor)

    def undo_merge(self, loser: str) -> None:
        """Answer the person herself again; raises `IdentityError` (``ID-PERSON_UNKNOWN``)."""
        self._set(loser, None)

    def remove(self, code: str) -> None:
        """Forget a person; raises `IdentityError` (``ID-PERSON_UNKNOWN``)."""
        if not self._store.remove(code):
            raise IdentityError("ID-PERSON_UNKNOWN")

    def _store_knows(self, code: str) -> None:
        try:
            self._store.survivor(code)
        except LookupError:
            raise IdentityError("ID-PERSON_UNKNOWN") from None

    def _set(self, code: str, survivor: str | None) -> None:
        if not self._store.set_survivor(code, survivor):
            raise IdentityError("ID-PERSON_UNKNOWN")

    def __len__(self) -> int:
        return self._store.count()

    def close(self) -> None:
        """Close the database."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<PersonIndex {type(self._store).__name__}>"
