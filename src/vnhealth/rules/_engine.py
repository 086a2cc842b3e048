"""Applies the rules in force to encounters and documents."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from decimal import localcontext
from functools import cache
from typing import Any

from vnhealth.findings import Finding, Findings, Severity
from vnhealth.records import Claim, Document, DocumentKind
from vnhealth.rules._amounts import ARITHMETIC
from vnhealth.rules._calendar import Calendar, calendar
from vnhealth.rules._case import Case, day_of
from vnhealth.rules._catalogue import unjudged
from vnhealth.rules._icd import ICD_TT06_FROM
from vnhealth.rules._load import change_days
from vnhealth.rules._model import CodeCatalog, Found, Hit, Tolerance
from vnhealth.rules._outside import Failed, OutsideRule, announce
from vnhealth.rules._plan import Meaning, RowPlan
from vnhealth.rules._plans import Plan, plan_on
from vnhealth.rules._registry import DOCUMENT_CHECKS, registry
from vnhealth.spec import Edition, Family, Field, edition_info

__all__ = ["check"]


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
        old = claim.family is Family.F4210
        day = self.on or _ended(claim) or _newest(old)
        edition, plan = plan_on(day, old, self.edition, self.off, self.drafts, self.outside)
        if self.edition is not None and edition is not self.edition:
            wrong = {"edition": self.edition.value, "family": claim.family.value}
            self._own("BHYT-CLAIM-020", index, Hit(params=wrong))
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
        hits: list[tuple[int, Meaning, Found]] = []
        bad: list[tuple[int, Field | None]] = []
        fitting = claim.fitting
        for name, rows in case.tables.items():
            on_rows = plan.rows.get(name)
            if on_rows is None:
                continue
            scan = on_rows.scan_fitting if name in fitting else on_rows.scan
            scan(rows, case, hits, bad)
            if bad:
                self._doubtful(on_rows, rows, index, name, bad)
                bad.clear()
            if hits:
                self._hits(index, name, hits)
                hits.clear()
        self._whole(plan, case, index)

    def _doubtful(
        self,
        plan: RowPlan,
        rows: tuple[Any, ...],
        index: int,
        name: str,
        bad: list[tuple[int, Field | None]],
    ) -> None:
        """Explain the doubtful fields of a table."""
        for number, f in bad:
            for code, severity, hit in plan.explain(rows[number], f):
                self.found.append(hit.report(code, severity, index, name, number))

    def _hits(self, index: int, name: str, hits: list[tuple[int, Meaning, Found]]) -> None:
        """Report what the rules on the rows of a table saw."""
        add = self.found.append
        for number, (code, severity), found in hits:
            if type(found) is Hit:
                add(found.report(code, severity, index, name, number))
            else:
                self._report(code, severity, index, found, name, number)

    def _whole(self, plan: Plan, case: Case, index: int) -> None:
        """The rules on an encounter as a whole."""
        checks = plan.claims
        for gate, gated in plan.gated:
            if not gate.test(case):
                checks += gated
        if self.sent_at is not None:
            checks += plan.deadlines
        if self.catalog is not None:
            checks += plan.catalogue
        for rule, severity, check_claim in checks:
            found = check_claim(case)
            if found is not None:
                self._report(rule.code, severity, index, found, None, None)

    def document(self, document: Document) -> None:
        """The checks on a document as a whole."""
        for code, check_document in DOCUMENT_CHECKS.items():
            for index, hit in check_document(document):
                self._own(code, index, hit)

    def close(self) -> None:
        """What is said once per call: which catalogues nobody could look into."""
        if not self.days or "BHYT-CLAIM-090" in self.off:
            return
        if self.catalog is None:
            self.found.append(_nothing_installed(max(self.days) >= ICD_TT06_FROM))
            return
        held = {name for day in self.days for name in unjudged(self.catalog, day)}
        if held:
            params = {"systems": ", ".join(sorted(held))}
            self._own("BHYT-CLAIM-090", None, Hit(params=params))

    def _own(self, code: str, index: int | None, hit: Hit) -> None:
        if code not in self.off:
            severity = registry()[code].severity(self.on)
            self.found.append(hit.report(code, severity, index, None, None))

    def _report(
        self,
        code: str,
        severity: Severity,
        index: int,
        found: Found,
        table_: str | None,
        row: int | None,
    ) -> None:
        for hit in (found,) if isinstance(found, Hit) else found or ():
            if isinstance(hit, Failed):
                self._own("BHYT-CLAIM-099", index, hit)
            else:
                self.found.append(hit.report(code, severity, index, table_, row))


def _ended(claim: Claim) -> dt.date | None:
    rows: tuple[Any, ...] = claim.tables.get("XML1", ())
    return (day_of(rows[0].ngay_ra) if rows else None) or claim.ended_on


@cache
def _nothing_installed(with_icd: bool) -> Finding:
    day = ICD_TT06_FROM if with_icd else ICD_TT06_FROM - dt.timedelta(days=1)
    params = {"systems": ", ".join(unjudged(None, day))}
    return Finding("BHYT-CLAIM-090", registry()["BHYT-CLAIM-090"].severity(), params=params)


@cache
def _newest(old: bool) -> dt.date:
    ended = edition_info(Edition.QD4210).ended
    return ended if old and ended else change_days()[-1]
