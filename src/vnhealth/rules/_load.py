"""Reads the guards of the rules from ``data/rules.csv`` and the dated exceptions of fields."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import cast

from vnhealth.findings import Severity
from vnhealth.rules._model import Rule, Scope
from vnhealth.spec import Edition

__all__ = ["FieldException", "change_days", "field_exceptions", "rows", "rules"]


def rows(name: str) -> list[dict[str, str]]:
    """The rows of a CSV file in ``rules/data``."""
    path = files("vnhealth.rules") / "data" / f"{name}.csv"
    return list(csv.DictReader(path.read_text("utf-8").splitlines()))


def _day(text: str) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def _switches(text: str) -> tuple[tuple[dt.date, Severity], ...]:
    pairs = (part.split() for part in text.split(";") if part.strip())
    return tuple((dt.date.fromisoformat(day), Severity(severity)) for day, severity in pairs)


@cache
def rules() -> Mapping[str, Rule]:
    """All rules by code, in the order of the file."""
    found = {}
    for row in rows("rules"):
        found[row["code"]] = Rule(
            code=row["code"],
            source_id=row["source_id"],
            scope=cast(Scope, row["scope"]),
            tables=tuple(row["tables"].split()),
            tags=tuple(row["tags"].split()),
            editions=frozenset(Edition(text) for text in row["editions"].split()),
            valid_from=_day(row["valid_from"]),
            valid_to=_day(row["valid_to"]),
            severity_from=_switches(row["severity_from"]),
            exact=Decimal(row["exact"] or 0),
            implies=tuple(row["implies"].split()),
            example_on=row["example_on"],
            draft=row["state"] == "draft",
        )
    return found


@dataclass(frozen=True, slots=True)
class FieldException:
    """On these days a field check on this field has another severity (None: not made at all)."""

    table: str
    tag: str
    code: str
    valid_from: dt.date | None
    valid_to: dt.date | None
    severity: Severity | None
    basis: str

    def holds(self, on: dt.date) -> bool:
        """True on the days between, both inclusive."""
        return (self.valid_from is None or self.valid_from <= on) and (
            self.valid_to is None or on <= self.valid_to
        )


@cache
def field_exceptions() -> Mapping[tuple[str, str], tuple[FieldException, ...]]:
    """Exceptions by (table, tag)."""
    found: dict[tuple[str, str], tuple[FieldException, ...]] = {}
    for row in rows("field_exceptions"):
        severity = None if row["severity"] == "none" else Severity(row["severity"])
        for table in row["tables"].split():
            one = FieldException(
                table=table,
                tag=row["tag"],
                code=row["code"],
                valid_from=_day(row["valid_from"]),
                valid_to=_day(row["valid_to"]),
                severity=severity,
                basis=row["basis"],
            )
            found[table, row["tag"]] = (*found.get((table, row["tag"]), ()), one)
    return found


@cache
def change_days() -> tuple[dt.date, ...]:
    """Every day on which a rule, an exception or a code begins or has just ended, sorted."""
    from vnhealth import spec

    days: set[dt.date | None] = set()
    after = dt.timedelta(days=1)
    for rule in rules().values():
        days |= {rule.valid_from, rule.valid_to and rule.valid_to + after}
        days |= {day for day, _ in rule.severity_from}
    for exceptions in field_exceptions().values():
        for one in exceptions:
            days |= {one.valid_from, one.valid_to and one.valid_to + after}
    for name in spec.code_sets():
        for version in spec.code_set_versions(name):
            days |= {version.valid_from, version.valid_to and version.valid_to + after}
            for code in version.codes.values():
                days |= {code.valid_from, code.valid_to and code.valid_to + after}
    return tuple(sorted(day for day in days if day is not None))
