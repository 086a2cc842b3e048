"""A pack: the catalogues installed on this machine, looked up by day."""

from __future__ import annotations

import datetime as dt
import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from vnhealth.catalogs import _builtin, _store
from vnhealth.catalogs._installed import Installed, check_stored, read_installed
from vnhealth.catalogs._judge import judge, outside, state_of
from vnhealth.catalogs._keys import keys, parts, systems
from vnhealth.catalogs._model import Effect, Entry, Miss, Row, Source, State, finding
from vnhealth.errors import CatalogError
from vnhealth.findings import Findings

__all__ = ["Pack", "Successor"]

_REMEMBERED = 65_536
_ROWS = (
    "SELECT source, code, name_vi, name_en, parent, valid_from, valid_to, replaced_by, attrs "
    "FROM entry WHERE system = ? AND key = ? ORDER BY source, seq"
)

_RULES = "SELECT source, effect, list, min_days, max_days FROM rule WHERE system = ? AND key = ?"


@dataclass(frozen=True, slots=True)
class Successor:
    """A unit that took over another one: wholly, or a part of it."""

    code: str
    whole: bool


class Pack:
    """Installed catalogues over what the package holds itself; safe to share between threads.

    With ``path`` None there is nothing but the latter. It is what `vnhealth.rules.check` wants as
    ``catalog``: `has` and `state`. Of two files of one form and facility whose days overlap the one
    imported later counts; the older stays for `vnhealth.catalogs.diff`.

    Raises `vnhealth.errors.CatalogError` (ERR-CAT-03) for a file that is no pack.

    >>> pack = Pack(None)
    >>> pack.resolve("icd10", "J18.9", on=dt.date(2026, 3, 1)).found
    True
    >>> pack.resolve("icd10", "J18.9", on=dt.date(2026, 8, 1)).state.value
    'not_covered'
    """

    def __init__(self, path: str | os.PathLike[str] | None) -> None:
        self.path = Path(path) if path is not None else None
        self._lock = threading.Lock()
        self._connection = _store.connect(self.path) if self.path is not None else None
        self._states: dict[tuple[str, str, dt.date], State] = {}
        self._held: dict[tuple[str, dt.date], bool] = {}
        self._effects: dict[tuple[str, str, dt.date], tuple[Effect, ...]] = {}
        self._daggers: dict[str, frozenset[str]] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return (Pack, (self.path,))

    def __repr__(self) -> str:
        return f"<Pack {self.path.name if self.path else '-'}>"

    def close(self) -> None:
        """Close the file; the pack is not usable afterwards."""
        if self._connection is not None:
            self._connection.close()

    def __enter__(self) -> Pack:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _all(self, query: str, *values: object) -> list[Any]:
        if self._connection is None:
            return []
        with self._lock, self._readable():
            return self._connection.execute(query, values).fetchall()

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            name = self.path.name if self.path else ""
            raise CatalogError("ERR-CAT-03", path=name, reason=type(error).__name__) from None

    @cached_property
    def installed(self) -> tuple[Installed, ...]:
        """The imported files, in the order of import."""
        if self._connection is None:
            return ()
        with self._lock, self._readable():
            return read_installed(self._connection)

    @cached_property
    def _sources(self) -> Mapping[str, tuple[Source, ...]]:
        found: dict[str, list[Source]] = {system: [] for system in systems()}
        for one in self.installed:
            for source in one.systems:
                if source.entries:
                    found[source.system].append(source)
        for system, sources in found.items():
            sources += _builtin.held_sources(system)
        return {system: tuple(sources) for system, sources in found.items()}

    @cached_property
    def _by_id(self) -> Mapping[tuple[int, str], Source]:
        return {
            (source.id, source.system): source for one in self.installed for source in one.systems
        }

    def sources(self, system: str) -> tuple[Source, ...]:
        """The editions of a catalogue, installed ones first.

        Raises `vnhealth.errors.CatalogError` (ERR-CAT-04) for an unknown catalogue.
        """
        try:
            return self._sources[system]
        except KeyError:
            raise CatalogError("ERR-CAT-04", name=system[:40]) from None

    def rows(self, system: str, code: str) -> tuple[Row, ...]:
        """All rows of a code over all editions and days."""
        for key in keys(system, code):
            found = self._rows(system, key)
            if found:
                return found
        return ()

    def _rows(self, system: str, key: str) -> tuple[Row, ...]:
        stored = [
            row
            for row in self._stored(system, key)
            if (row.source.id, row.attrs.get("MA_CSKCB", "")) not in self._superseded
        ]
        return (*stored, *_builtin.held_rows(system, key))

    def _stored(self, system: str, key: str) -> list[Row]:
        return [
            Row(
                self._by_id[source, system],
                code,
                name_vi,
                name_en,
                parent,
                _day(start),
                _day(end),
                tuple(replaced.split(";")) if replaced else (),
                json.loads(attrs) if attrs else {},
            )
            for source, code, name_vi, name_en, parent, start, end, replaced, attrs in self._all(
                _ROWS, system, key
            )
        ]

    @cached_property
    def _filed(self) -> Mapping[int, frozenset[str]]:
        """The facilities of each form."""
        held: dict[int, set[str]] = {}
        for source, facility in self._all("SELECT source, facility FROM filed"):
            held.setdefault(source, set()).add(facility)
        return {source: frozenset(facilities) for source, facilities in held.items()}

    @cached_property
    def _superseded(self) -> frozenset[tuple[int, str]]:
        """(source, facility) of forms that a later import of the same form has taken over."""
        forms = [one for one in self.installed if one.id in self._filed]
        return frozenset(
            (older.id, facility)
            for older in forms
            for newer in forms
            if older.id < newer.id
            and older.layout == newer.layout
            and older.systems[0].overlaps(newer.systems[0])
            for facility in self._filed[older.id] & self._filed[newer.id]
        )

    def entries(self, system: str, code: str, on: dt.date) -> tuple[Row, ...]:
        """All rows of a code that are valid on a day: lots of a drug, prices of a service."""
        return tuple(row for row in self.rows(system, code) if row.start <= on <= row.end)

    def resolve(self, system: str, code: str, *, on: dt.date) -> Entry | Miss:
        """The entry of a code on a day, or a precise miss; see `vnhealth.catalogs.resolve`."""
        if system not in systems():
            rows = _builtin.code_set_rows(system, code)
            return judge(system, code, on, rows, _builtin.code_set_sources(system))
        if not keys(system, code):
            return outside(system, code, on)
        found = judge(
            system,
            code,
            on,
            self.rows(system, code),
            self.sources(system),
            successors=lambda: [one.code for one in self.successors(system, code)],
            effects=self.effects(system, code, on),
        )
        each = parts(system, code)
        if not found.found and each:
            several = [self.resolve(system, part, on=on) for part in each]
            return next((one for one in several if not one.found), several[0])
        return found

    def has(self, system: str, on: dt.date) -> bool:
        """True when codes of a catalogue can be judged on a day: a complete edition is in force."""
        place = (system, on)
        held = self._held.get(place)
        if held is None:
            held = any(source.closes(on) for source in self._sources.get(system, ()))
            self._remember(self._held, place, held)
        return held

    def state(self, system: str, code: str, on: dt.date) -> str:
        """One of valid, unknown, ended, future.

        Valid is also what nothing can be said against: a code made by rule, or one that only a
        partial list could hold.
        """
        place = (system, code, on)
        found = self._states.get(place)
        if found is None:
            found = self._state(system, code, on)
            self._remember(self._states, place, found)
        return found.value if found in _SAID else State.VALID.value

    def _state(self, system: str, code: str, on: dt.date) -> State:
        if not keys(system, code):
            return State.OUTSIDE
        found = state_of(self.rows(system, code), self.sources(system), on)
        each = parts(system, code)
        if found is not State.VALID and each:
            several = [self._state(system, part, on) for part in each]
            return next((one for one in several if one is not State.VALID), State.VALID)
        return found

    @staticmethod
    def _remember(memory: dict[Any, Any], place: Any, value: Any) -> None:
        if len(memory) >= _REMEMBERED:
            memory.clear()
        memory[place] = value

    def effects(self, system: str, code: str, on: dt.date) -> tuple[Effect, ...]:
        """The coding rules on a code by the edition in force on a day (ICD-10 only).

        >>> Pack(None).effects("icd10", "G01*", dt.date(2026, 3, 1))[0].effect
        'NOT_AS_MAIN'
        """
        if system != "icd10":
            return ()
        place = (system, code, on)
        found = self._effects.get(place)
        if found is None:
            found = self._effects_on(system, code, on)
            self._remember(self._effects, place, found)
        return found

    def _effects_on(self, system: str, code: str, on: dt.date) -> tuple[Effect, ...]:
        covering = [source for source in self.sources(system) if source.covers(on)]
        (key,) = keys(system, code)
        if any(source.id for source in covering):
            stored = self._all(_RULES, system, key)
            held = {source.id: source.name for source in covering}
            return tuple(
                Effect(effect, name, low, high, held[source])
                for source, effect, name, low, high in stored
                if source in held
            )
        return _builtin.effects(system, key) if covering else ()

    def pairs(self, kind: str, *, left: str = "", right: str = "") -> tuple[tuple[str, str], ...]:
        """Links by key: ``dagger`` (dagger, asterisk), ``service`` (service, procedure)."""
        column, value = ("left_key", left) if left else ("right_key", right)
        query = f"SELECT left_key, right_key FROM link WHERE kind = ? AND {column} = ?"  # noqa: S608
        return tuple((one, other) for one, other in self._all(query, kind, value))

    def daggers(self, code: str) -> frozenset[str]:
        """The keys of the dagger codes of which an asterisk code needs one (4469, appendix A1).

        Empty when the code is no asterisk code, or the appendix is not installed.
        """
        (key,) = keys("icd10", code)
        held = self._daggers.get(key)
        if held is None:
            held = frozenset(left for left, _ in self.pairs("dagger", right=key))
            self._remember(self._daggers, key, held)
        return held

    def facilities(self, system: str) -> frozenset[str]:
        """The facilities (MA_CSKCB) whose own list of a catalogue is installed (forms 01 to 06)."""
        return frozenset(
            facility
            for one in self.installed
            if one.systems[0].system == system
            for facility in self._filed.get(one.id, ())
        )

    def successors(self, system: str, code: str) -> tuple[Successor, ...]:
        """The units that took over an old one: several when it was split, then none is *the* one.

        Communes need the installed map (layout ``admin-map``); provinces are held.

        >>> Pack(None).successors("province", "02")
        (Successor(code='08', whole=True),)
        """
        if system == "province":
            rows = _builtin.held_rows(system, code)
            return tuple(Successor(one, True) for row in rows for one in row.replaced_by)
        if system != "commune":
            return ()
        found = self._all(
            "SELECT DISTINCT right_key, note FROM link "
            "WHERE kind = 'succession' AND left_key = ? ORDER BY right_key",
            code.strip(),
        )
        return tuple(Successor(new, share == "whole") for new, share in found)

    def verify(self) -> Findings:
        """Compare what the pack holds with what was written: the file, row counts, hashes.

        CAT-70 to CAT-72 are errors; CAT-50 and CAT-51 say that a file is not the one that was
        measured, which is no fault.
        """
        if self._connection is None:
            return Findings()
        try:
            installed = self.installed
        except CatalogError:
            return Findings([finding("CAT-72")])
        with self._lock:
            return check_stored(self._connection, installed)


_SAID = frozenset((State.UNKNOWN, State.ENDED, State.FUTURE))


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None
