"""Judging one value against the code set of its field on a day."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from functools import cache

from vnhealth import spec
from vnhealth.findings import Severity
from vnhealth.rules._load import rows
from vnhealth.spec import CodeSet, Field

__all__ = ["Codes", "codes_of"]

Verdict = tuple[str, Severity, Mapping[str, str]]

_DEPARTMENT = re.compile(r"K([0-9]{2}(?:[0-9]{2}){0,2})(?:\.[0-9A-Z]{1,4})?", re.ASCII)


class Codes:
    """The codes of a field on a day: what may stand there, and what to say of the rest.

    ``plain`` holds the codes that may stand alone. A value of several codes is taken apart. A code
    outside the set is an error when the set is complete, a warning when it is known to be partial.
    """

    def __init__(self, versions: tuple[CodeSet, ...], on: dt.date, separator: str) -> None:
        self._versions = versions
        self._on = on
        self._separator = separator
        self._held = [v for v in versions if _covers(v, on)]
        self.name = versions[0].name
        self.plain = frozenset(
            code.code for v in self._held for code in v.codes.values() if code.valid_on(on)
        ) | _ranged(self.name, on)

    @property
    def judges(self) -> bool:
        """False when no version is held for the day, or only samples: then nothing follows."""
        return bool(self._held) and all(v.closed != "open" for v in self._held)

    def judge(self, text: str) -> Iterator[Verdict]:
        """What is wrong with a value: not in the set, ended, or not yet in force."""
        if text in self.plain or not self.judges:
            return
        items = text.split(";") if self._separator == ";" else [text]
        for item in items:
            for code in self._parts(item):
                if code and code not in self.plain:
                    yield self._verdict(code)
                    return

    def _parts(self, item: str) -> list[str]:
        """Departments may be joined (K0102) or divided (K01.1); other codes stand alone."""
        item = item.strip()
        if self.name == "ma_khoa" and item not in self.plain:
            match = _DEPARTMENT.fullmatch(item)
            if match:
                digits = match[1]
                return [f"K{digits[i : i + 2]}" for i in range(0, len(digits), 2)]
        return [item]

    def _verdict(self, code: str) -> Verdict:
        closed = all(v.closed == "yes" for v in self._held)
        severity = Severity.ERROR if closed else Severity.WARNING
        params = {"set": self.name, "version": self._held[-1].version}
        starts, ended = self._elsewhere(code)
        if ended:
            return "BHYT-FLD-08", severity, {**params, "ended": ended.isoformat()}
        if starts:
            return "BHYT-FLD-09", severity, {**params, "starts": starts.isoformat()}
        return "BHYT-FLD-04", severity, params

    def _elsewhere(self, code: str) -> tuple[dt.date | None, dt.date | None]:
        """From which later day, or until which earlier day, the code may be used."""
        starts = [day for first, last, day in _ranges(self.name) if first <= code <= last]
        ended = []
        for version in self._versions:
            entry = version.get(code)
            if entry is None:
                continue
            begin = entry.valid_from or version.valid_from
            end = entry.valid_to or version.valid_to
            if begin and begin > self._on:
                starts.append(begin)
            if end and end < self._on:
                ended.append(end)
        later = [day for day in starts if day > self._on]
        return min(later, default=None), max(ended, default=None)


def _covers(version: CodeSet, on: dt.date) -> bool:
    return (version.valid_from is None or version.valid_from <= on) and (
        version.valid_to is None or on <= version.valid_to
    )


@cache
def _ranges(name: str) -> tuple[tuple[str, str, dt.date], ...]:
    return tuple(
        (row["first"], row["last"], dt.date.fromisoformat(row["valid_from"]))
        for row in rows("code_ranges")
        if row["set"] == name
    )


def _ranged(name: str, on: dt.date) -> frozenset[str]:
    """Codes known only as a range (K49 to K60), expanded."""
    found = set()
    for first, last, day in _ranges(name):
        if day <= on:
            head = first[:1]
            width = len(first) - 1
            found |= {f"{head}{n:0{width}d}" for n in range(int(first[1:]), int(last[1:]) + 1)}
    return frozenset(found)


def codes_of(field: Field, on: dt.date) -> Codes | None:
    """The judge of a field's codes on a day; None when nothing may be concluded."""
    codes = Codes(spec.code_set_versions(field.code_set), on, field.separator)
    return codes if codes.judges else None
