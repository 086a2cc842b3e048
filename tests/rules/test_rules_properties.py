"""Whatever stands in a record: no exception, no order, no short cut that changes a verdict."""

from __future__ import annotations

import datetime as dt
import random
from decimal import localcontext

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vnhealth import rules
from vnhealth.records import Claim, Document, DocumentKind, Part, PartForm, record_class
from vnhealth.rules import _plans, _registry
from vnhealth.rules._amounts import ARITHMETIC
from vnhealth.rules._case import Case
from vnhealth.rules._fields import Judge
from vnhealth.rules._model import Era, Hit, On
from vnhealth.spec import Edition, edition_info, table

BASES = (
    "outpatient 2026-03-16",
    "inpatient 2026-03-14",
    "papers 2026-03-14",
    "papers 2024-12-31",
    "inpatient 2024-03-15",
    "outpatient 2026-08-03",
    "outpatient4210 2024-03-15",
    "inpatient4210 2024-03-15",
    "checkin 2026-03-16",
    "assessment 2026-03-16",
)
TEXTS = (
    "",
    "0",
    "1",
    "2",
    "3",
    "12",
    "15",
    "100",
    "-1",
    "0.005",
    "99999999999999.999",
    "9" * 24,
    "1.0000000001",
    "20260316",
    "202603160000",
    "202603161000",
    "000100000000",
    "202600000000",
    "99991231",
    "undefined",
    ";",
    ";;",
    "A;B",
    "K01",
    "K0102.3",
    "G01*",
    "J06.9",
    "QD;G1;N1;2025",
    "03.1234.0000_TT",
    "23.0058.1487.K.79048",
    "QN5010000012345",
    "9",
    "03",
    "14",
    "x" * 2000,
    "\u0e3f\u0301 đ",
    " 5 ",
)
ROOMY = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@st.composite
def broken(draw, make):
    """A clean claim with some values replaced and some rows gone, doubled or moved."""
    maker = make(draw(st.sampled_from(BASES)))
    tables = maker.tables
    for _ in range(draw(st.integers(1, 12))):
        name = draw(st.sampled_from(sorted(tables)))
        rows = tables[name]
        if not rows:
            continue
        at = draw(st.integers(0, len(rows) - 1))
        deed = draw(st.sampled_from(("set", "set", "set", "set", "drop", "double", "empty")))
        if deed == "set":
            fields = record_class(maker.family, name).fields()
            tag = draw(st.sampled_from([f.tag for f in fields]))
            rows[at] = {**rows[at], tag: draw(st.sampled_from(TEXTS))}
        elif deed == "drop":
            del rows[at]
        elif deed == "double":
            rows.append(dict(rows[at]))
        else:
            tables[name] = []
    return maker.claim()


def _key(found):
    return (found.code, found.severity.value, found.table, found.row, found.tag)


@ROOMY
@given(data=st.data())
def test_no_exception_whatever_a_record_holds(data, maker):
    claim = data.draw(broken(maker))
    for edition in (None, data.draw(st.sampled_from(["4210", "130", "4750", "3176", "1931"]))):
        found = rules.check(
            claim,
            edition=edition,
            on=data.draw(st.sampled_from([None, dt.date(2017, 1, 1), dt.date(2030, 1, 1)])),
            sent_at=data.draw(st.sampled_from([None, dt.datetime(2026, 3, 20, 8, 0)])),
            drafts=True,
        )
        for finding in found:
            assert finding.text("vi", values=True)
            assert finding.text("en")


@ROOMY
@given(data=st.data())
def test_order_of_rows_does_not_matter(data, maker):
    claim = data.draw(broken(maker))
    shuffle = random.Random(data.draw(st.integers(0, 1000)))
    moved, back = {}, {}
    for name, rows in claim.tables.items():
        order = list(range(len(rows)))
        if name != "XML1":
            shuffle.shuffle(order)
        moved[name.lower()] = [rows[i] for i in order]
        back[name] = order
    again = rules.check(Claim(family=claim.family, **moved))
    placed = sorted(
        (f.code, f.severity.value, f.table or "", f.tag or "", _original(f, back)) for f in again
    )
    first = sorted(
        (f.code, f.severity.value, f.table or "", f.tag or "", -1 if f.row is None else f.row)
        for f in rules.check(claim)
    )
    assert placed == first


def _original(finding, back):
    if finding.row is None:
        return -1
    return back[finding.table][finding.row]


@ROOMY
@given(data=st.data())
def test_gates_triggers_and_memory_change_no_verdict(data, maker):
    claim = data.draw(broken(maker))
    quick = sorted(map(repr, map(_key, rules.check(claim, disabled=["BHYT-CLAIM-090"]))))
    assert quick == sorted(map(repr, _plainly(claim)))


def _plainly(claim):
    """The same verdicts by running every predicate on every row."""
    day = claim.ended_on or rules._engine._newest(claim.family.value == "4210")
    edition, _ = _plans.plan_on(day, claim.family.value == "4210", None, frozenset(), False, ())
    case = Case(
        claim,
        edition,
        day,
        tolerance=rules.Tolerance(),
        calendar=rules.calendar(),
    )
    found = []

    def report(rule, said, name, row):
        for hit in (said,) if isinstance(said, Hit) else said or ():
            worst = rule.severity(day)
            if hit.severity is not None and hit.severity.rank < worst.rank:
                worst = hit.severity
            place = hit.table or name, None if hit.whole else row if hit.row is None else hit.row
            found.append((rule.code, worst.value, *place, hit.tag))

    era = Era(edition, day)
    held = [r for r in rules.registry().values() if r.holds(edition, day) and not r.draft]
    with localcontext(ARITHMETIC):
        for name, rows in claim.tables.items():
            try:
                judge = Judge(table(edition, name), era)
            except LookupError:
                continue
            for index, row in enumerate(rows):
                for field in judge.spec.fields:
                    for code, severity, hit in judge.field(row, field):
                        found.append((code, severity.value, name, index, hit.tag))
                for code, severity, hit in judge.foreigners(row):
                    found.append((code, severity.value, name, index, hit.tag))
                for rule in held:
                    check = _registry.ROW_CHECKS.get(rule.code)
                    if check is None or name not in rule.tables:
                        continue
                    if isinstance(check, On):
                        if not _woken(check, row, era, case):
                            continue
                        check = check.check
                    report(rule, check(row, case), name, index)
        for rule in held:
            if rule.code in _registry.CLAIM_CHECKS:
                report(rule, _registry.CLAIM_CHECKS[rule.code](case), None, None)
    return found


def _woken(on, row, era, case):
    value = getattr(row, on.attr, None)
    if on.absent:
        return value is None and (on.groups is None or row.ma_nhom in on.groups)
    if value is None:
        return False
    if on.values:
        return value in on.values
    if on.doubt is not None:
        return on.doubt(value, case)
    return on.when is None or on.when(value, era)


def test_unreadable_part_silences_totals_only(maker):
    built = maker("outpatient 2026-03-16")
    built.tables["XML1"][0]["T_THUOC"] = "1"
    claim = built.claim()
    torn = Claim(
        family=claim.family,
        parts=[Part("XML3", PartForm.UNREADABLE, b"")],
        xml1=claim.rows("XML1"),
        xml2=claim.rows("XML2"),
    )
    codes = rules.check(torn).codes
    assert not {code for code in codes if code.startswith("BHYT-CLAIM-1")} - {"BHYT-CLAIM-142"}
    assert "BHYT-CLAIM-101" in rules.check(claim).codes


def test_document_of_nothing_and_of_an_empty_claim():
    empty = Document(
        kind=DocumentKind.ENVELOPE, family=edition_info(Edition.QD3176).family, claims=()
    )
    assert not rules.check(empty)
    found = rules.check(Claim(family="130"))
    assert found.codes == {"BHYT-CLAIM-090"}
