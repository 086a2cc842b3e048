"""Applies the rules in force to encounters and documents."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import localcontext
from functools import lru_cache

from vnhealth.findings import Finding, Findings, Severity
from vnhealth.records import Claim, Document, DocumentKind
from vnhealth.rules._amounts import ARITHMETIC
from vnhealth.rules._calendar import Calendar, calendar
from vnhealth.rules._case import Case
from vnhealth.rules._catalogue import unjudged
from vnhealth.rules._fields import FieldPlan
from vnhealth.rules._load import change_days
from vnhealth.rules._model import ClaimCheck, CodeCatalog, Found, Hit, RowCheck, Rule, Tolerance
from vnhealth.rules._outside import Failed, OutsideRule, announce
from vnhealth.rules._registry import CLAIM_CHECKS, DOCUMENT_CHECKS, ROW_CHECKS, registry
from vnhealth.spec import Edition, Family, edition_at, edition_info, table, tables

__all__ = ["check"]

_PLANS = 64


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is run on encounters of one edition and period."""

    fields: Mapping[str, FieldPlan]
    rows: Mapping[str, tuple[tuple[Rule, Severity, RowCheck], ...]]
    claims: tuple[tuple[Rule, Severity, ClaimCheck], ...]


def check(
    target: Document | Claim,
    *,
    edition: Edition | str | None = None,
    on: dt.date | None = None,
    tolerance: Tolerance = Tolerance(),  # noqa: B008
    disabled: Collection[str] = (),
    sent_at: dt.datetime | None = None,
    drafts: bool = False,
    catalog: CodeCatalog | None = None,
    working_days: Calendar | None = None,
    outside: Iterable[OutsideRule] = (),
    encounter: int = 0,
) -> Findings:
    """Everything a gateway or an assessor would refuse, by the texts in force.

    Edition and day follow from the end of each encounter unless given; an encounter without any
    date is judged by the newest rules held. ``sent_at`` (Viet Nam time, or aware) adds deadlines.
    ``disabled`` are exact codes. ``drafts`` adds rules of drafts of law. ``catalog`` looks up codes
    of the large lists. ``outside`` are rules of other packages, see `vnhealth.rules.installed`.
    ``encounter`` is the index to report when a single claim is checked.

    Never raises for what stands in a record; raises `vnhealth.errors.SpecError` for an edition that
    does not exist.

    >>> from vnhealth.records.bhyt130 import Xml1
    >>> found = check(Claim(xml1=Xml1(ma_lk="A1", ngay_ra="202603150930")))
    >>> found.by_code("BHYT-FLD-01")[0].path
    'XML1[0].CAN_NANG'
    """
    wanted = Edition.parse(edition) if edition is not None else None
    off = frozenset(disabled)
    run = _Run(wanted, on, tolerance, off, sent_at, drafts, catalog, working_days, tuple(outside))
    with localcontext(ARITHMETIC):
        if isinstance(target, Document):
            bare = target.kind is DocumentKind.TABLE
            for index, claim in enumerate(target.claims):
                run.claim(claim, index, bare)
            run.document(target)
        else:
            run.claim(target, encounter, False)
    run.close()
    return Findings(run.found)


class _Run:
    """One call of `check`."""

    def __init__(
        self,
        edition: Edition | None,
        on: dt.date | None,
        tolerance: Tolerance,
        off: frozenset[str],
        sent_at: dt.datetime | None,
        drafts: bool,
        catalog: CodeCatalog | None,
        working_days: Calendar | None,
        outside: tuple[OutsideRule, ...],
    ) -> None:
        self.edition = edition
        self.on = on
        self.tolerance = tolerance
        self.off = off
        self.sent_at = sent_at
        self.drafts = drafts
        self.catalog = catalog
        self.calendar = working_days or calendar()
        self.outside = outside
        self.found: list[Finding] = []
        self.days: set[dt.date] = set()
        for one in outside:
            announce(one)

    def claim(self, claim: Claim, index: int, bare: bool) -> None:
        """Check one encounter."""
        day = self.on or claim.ended_on or _newest(claim.family)
        edition = self.edition
        if edition is None or edition_info(edition).family != claim.family:
            if edition is not None:
                params = {"edition": edition.value, "family": claim.family.value}
                self._own("BHYT-CLAIM-020", index, Hit(params=params))
            edition = edition_at(day, claim.family)
        self.days.add(day)
        case = Case(
            claim,
            edition,
            day,
            tolerance=self.tolerance,
            calendar=self.calendar,
            sent_at=self.sent_at,
            catalog=self.catalog,
            bare=bare,
        )
        plan = _plan(edition, bisect_right(change_days(), day), self.off, self.drafts, self.outside)
        for name, rows in claim.tables.items():
            fields = plan.fields.get(name)
            if fields is None:
                continue
            checks = plan.rows.get(name, ())
            for number, row in enumerate(rows):
                wrong = fields.check(row)
                if wrong is not None:
                    for code, severity, hit in wrong:
                        self._add(code, severity, index, hit, name, number)
                for rule, severity, check_row in checks:
                    hit_ = check_row(row, case)
                    if hit_ is not None:
                        self._report(rule, severity, index, hit_, name, number)
        for rule, severity, check_claim in plan.claims:
            hit_ = check_claim(case)
            if hit_ is not None:
                self._report(rule, severity, index, hit_, None, None)

    def document(self, document: Document) -> None:
        """The checks on a document as a whole."""
        for code, check_document in DOCUMENT_CHECKS.items():
            for index, hit in check_document(document):
                self._own(code, index, hit)

    def close(self) -> None:
        """What is said once per call: which catalogues nobody could look into."""
        if "BHYT-CLAIM-090" in self.off:
            return
        systems = {name for day in self.days for name in unjudged(self.catalog, day)}
        if systems:
            self._own("BHYT-CLAIM-090", None, Hit(params={"systems": ", ".join(sorted(systems))}))

    def _own(self, code: str, index: int | None, hit: Hit) -> None:
        if code not in self.off:
            severity = registry()[code].severity(self.on)
            self._add(code, severity, index, hit, hit.table, hit.row)

    def _report(
        self,
        rule: Rule,
        severity: Severity,
        index: int,
        found: Found,
        table_: str | None,
        row: int | None,
    ) -> None:
        for hit in (found,) if isinstance(found, Hit) else found or ():
            if isinstance(hit, Failed):
                self._own("BHYT-CLAIM-099", index, hit)
                continue
            worst = severity
            if hit.severity is not None and hit.severity.rank < severity.rank:
                worst = hit.severity
            place = hit.table or table_, hit.row if hit.row is not None else row
            self._add(rule.code, worst, index, hit, *place)

    def _add(
        self,
        code: str,
        severity: Severity,
        index: int | None,
        hit: Hit,
        table_: str | None,
        row: int | None,
    ) -> None:
        self.found.append(
            Finding(code, severity, index, table_, row, hit.tag, hit.params, hit.values)
        )


def _newest(family: Family) -> dt.date:
    ended = edition_info(Edition.QD4210).ended
    return ended if family is Family.F4210 and ended else change_days()[-1]


@lru_cache(maxsize=_PLANS)
def _plan(
    edition: Edition,
    period: int,
    off: frozenset[str],
    drafts: bool,
    outside: tuple[OutsideRule, ...],
) -> _Plan:
    """The plan of an edition in a period between two change days."""
    days = change_days()
    on = days[period - 1] if period else days[0] - dt.timedelta(days=1)
    held = [
        rule
        for rule in registry().values()
        if rule.code not in off and rule.holds(edition, on) and (drafts or not rule.draft)
    ]
    rows: dict[str, list[tuple[Rule, Severity, RowCheck]]] = {}
    claims: list[tuple[Rule, Severity, ClaimCheck]] = []
    for rule in held:
        severity = rule.severity(on)
        if rule.code in ROW_CHECKS:
            for name in rule.tables:
                rows.setdefault(name, []).append((rule, severity, ROW_CHECKS[rule.code]))
        elif rule.code in CLAIM_CHECKS:
            claims.append((rule, severity, CLAIM_CHECKS[rule.code]))
    for one in outside:
        if one.rule.code not in off and one.rule.holds(edition, on):
            severity = one.rule.severity(on)
            if one.rule.scope == "row":
                for name in one.rule.tables:
                    rows.setdefault(name, []).append((one.rule, severity, one.check_row))
            else:
                claims.append((one.rule, severity, one.check_claim))
    return _Plan(
        fields={name: FieldPlan(table(edition, name), on, off) for name in tables(edition)},
        rows={name: tuple(checks) for name, checks in rows.items()},
        claims=tuple(claims),
    )
