"""Chooses the rules of an edition and a period, once, and keeps them compiled."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from vnhealth.findings import Severity
from vnhealth.rules._load import change_days
from vnhealth.rules._model import ClaimCheck, ClaimGate, Era, Gate, Rule
from vnhealth.rules._outside import OutsideRule
from vnhealth.rules._plan import RowPlan, RowRule
from vnhealth.rules._registry import (
    CATALOGUE,
    CLAIM_CHECKS,
    CLAIM_GATES,
    DEADLINES,
    GATES,
    ROW_CHECKS,
    registry,
)
from vnhealth.rules._totals import SUMMED, columns
from vnhealth.spec import Edition, Family, edition_at, edition_info, table, tables

__all__ = ["Plan", "era_of", "period_of", "plan_on"]

ClaimRule = tuple[Rule, Severity, ClaimCheck]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is run on encounters of one edition and period."""

    rows: Mapping[str, RowPlan]
    claims: tuple[ClaimRule, ...]
    gated: tuple[tuple[ClaimGate, tuple[ClaimRule, ...]], ...]
    deadlines: tuple[ClaimRule, ...]
    catalogue: tuple[ClaimRule, ...]


@lru_cache(maxsize=4096)
def plan_on(
    day: dt.date,
    old: bool,
    edition: Edition | None,
    off: frozenset[str],
    drafts: bool,
    outside: tuple[OutsideRule, ...],
) -> tuple[Edition, Plan]:
    """The edition and the plan for an encounter of the 4210 (old) or 130 family that ends then.

    An edition of the other family is not taken.
    """
    family = Family.F4210 if old else Family.F130
    if edition is None or edition_info(edition).family is not family:
        edition = edition_at(day, family)
    guests = tuple(
        (one, one.rule.severity(day))
        for one in outside
        if one.rule.code not in off and one.rule.holds(edition, day)
    )
    return edition, _plan(edition, period_of(day), off, drafts, guests)


def period_of(day: dt.date) -> int:
    """The number of the period in which the same rules and codes are in force."""
    return bisect_right(change_days(), day)


def era_of(edition: Edition, period: int) -> Era:
    """The edition and the first day of a period."""
    days = change_days()
    return Era(edition, days[period - 1] if period else days[0] - dt.timedelta(days=1))


@lru_cache(maxsize=64)
def _plan(
    edition: Edition,
    period: int,
    off: frozenset[str],
    drafts: bool,
    guests: tuple[tuple[OutsideRule, Severity], ...],
) -> Plan:
    """The plan of an edition in the period between two change days."""
    era = era_of(edition, period)
    on = era.on
    rows: dict[str, list[RowRule]] = {name: [] for name in tables(edition)}
    claims: list[ClaimRule] = []
    held = [
        (rule, rule.severity(on))
        for rule in registry().values()
        if rule.code not in off and rule.holds(edition, on) and (drafts or not rule.draft)
    ]
    for rule, severity in held:
        if rule.code in ROW_CHECKS:
            _into(rows, rule.tables, (rule, severity, ROW_CHECKS[rule.code]))
        elif rule.code in CLAIM_CHECKS:
            claims.append((rule, severity, CLAIM_CHECKS[rule.code]))
    for one, severity in guests:
        if one.rule.scope == "row":
            _into(rows, one.rule.tables, (one.rule, severity, one.check_row))
        else:
            claims.append((one.rule, severity, one.check_claim))
    current = edition_info(edition).family is Family.F130
    gated = {code for gate in CLAIM_GATES if current for code in gate.codes}
    return Plan(
        rows={
            name: RowPlan(
                table(edition, name),
                era,
                checks,
                _gates(name) if current else (),
                off,
                columns(not current) if name in SUMMED else (),
            )
            for name, checks in rows.items()
        },
        claims=tuple(one for one in claims if one[0].code not in gated),
        gated=tuple(
            (gate, tuple(one for one in claims if one[0].code in gate.codes))
            for gate in CLAIM_GATES
            if current
        ),
        deadlines=_chosen(held, DEADLINES),
        catalogue=_chosen(held, CATALOGUE),
    )


def _into(rows: dict[str, list[RowRule]], names: Iterable[str], rule: RowRule) -> None:
    for name in names:
        if name in rows:
            rows[name].append(rule)


def _gates(name: str) -> tuple[Gate, ...]:
    return tuple(gate for gate in GATES if gate.table == name)


def _chosen(
    held: Iterable[tuple[Rule, Severity]], checks: Mapping[str, ClaimCheck]
) -> tuple[ClaimRule, ...]:
    return tuple((rule, level, checks[rule.code]) for rule, level in held if rule.code in checks)
