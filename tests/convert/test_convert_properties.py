"""Conversion loses only what its reports name, whatever the claim."""

from __future__ import annotations

import importlib.util
import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vnhealth import spec
from vnhealth.codecs._convert_plan import hops, plan
from vnhealth.codecs.convert import ConvertOptions, Loss, LossReport, convert_claim
from vnhealth.records import Claim, Record

_PATH = Path(__file__).parents[1] / "strategies_records.py"
_SPEC = importlib.util.spec_from_file_location("strategies_records", _PATH)
assert _SPEC is not None
assert _SPEC.loader is not None
records = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(records)

calm = settings(
    deadline=None,
    max_examples=20,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

SILENT = {Loss.MISSING_REQUIRED, Loss.MISSING_OPTIONAL, Loss.SOURCE_EMPTY, Loss.KEPT}
"""Kinds of entries that do not say that a value was changed or lost."""


def differences(source: Claim, result: Claim) -> Counter[tuple[str, str]]:
    """How many rows differ, by table and tag; rows that vanished differ in all their values."""
    found: Counter[tuple[str, str]] = Counter()
    for name in {*source.tables, *result.tables}:
        before, after = source.rows(name), result.rows(name)
        for i in range(max(len(before), len(after))):
            old = before[i] if i < len(before) else None
            new = after[i] if i < len(after) else None
            for row in (r for r in (old, new) if r is not None):
                for tag in row.to_dict():
                    if not same(old, new, tag):
                        found[name, tag] += 1
                break
    return found


def same(old: Record | None, new: Record | None, tag: str) -> bool:
    texts = [row.text(tag) if row is not None else "" for row in (old, new)]
    if texts[0] == texts[1]:
        return True
    return old is not None and new is not None and old[tag] is not None and old[tag] == new[tag]


def covered(*reports: LossReport) -> Counter[tuple[str, str]]:
    rows: Counter[tuple[str, str]] = Counter()
    for report in reports:
        for entry in report.entries:
            if entry.loss not in SILENT:
                for field in {(entry.table, entry.tag), (entry.to_table, entry.to_tag)}:
                    rows[field] += entry.rows
    return rows


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("4210", "3176"),
        ("4210", "130"),
        ("4210", "4750"),
        ("4210", "1931"),
        ("3176", "4210"),
        ("130", "4210"),
        ("1931", "4210"),
        ("130", "4750"),
        ("130", "3176"),
        ("4750", "3176"),
        ("4750", "130"),
        ("3176", "4750"),
        ("3176", "130"),
        ("1931", "4750"),
    ],
)
@given(data=st.data())
@calm
def test_there_and_back_changes_only_what_the_reports_name(
    source: str, target: str, data: st.DataObject
) -> None:
    claim = data.draw(records.claims(source, messy=True))
    there, lost = convert_claim(claim, target, source=source)
    back, lost_again = convert_claim(there, source, source=target)
    named = covered(lost, lost_again)
    silent = {
        field: rows for field, rows in differences(claim, back).items() if named[field] < rows
    }
    assert silent == {}


@pytest.mark.parametrize(
    ("source", "target"),
    [("4210", "3176"), ("4210", "130"), ("3176", "4210"), ("4750", "3176"), ("3176", "4750")],
)
@given(data=st.data())
@calm
def test_nothing_is_filled_in_silently(source: str, target: str, data: st.DataObject) -> None:
    claim = data.draw(records.claims(source, messy=True))
    there, report = convert_claim(claim, target, source=source)
    rules = plan(hops(spec.Edition(source), spec.Edition(target))[0], frozenset()).rules
    named = covered(report)
    filled: Counter[tuple[str, str]] = Counter()
    for name, rows in there.tables.items():
        for row, own in zip(rows, claim.rows(name), strict=True):
            for rule in rules[name]:
                fed = own.text(rule.tag) if rule.table == name else ""
                if row.text(rule.to_tag) and not fed:
                    filled[name, rule.to_tag] += 1
    assert {field: rows for field, rows in filled.items() if named[field] < rows} == {}


@pytest.mark.parametrize(
    ("source", "target"),
    [("4210", "3176"), ("3176", "4210"), ("130", "3176"), ("3176", "130")],
)
@given(data=st.data())
@calm
def test_the_result_fits_the_target_edition(source: str, target: str, data: st.DataObject) -> None:
    claim = data.draw(records.claims(source))
    there, report = convert_claim(claim, target, source=source)
    assert there.family is spec.edition_info(spec.Edition(target)).family
    for row in there:
        fields = spec.table(target, row.TABLE)
        for tag, value in row.items():
            assert tag in fields
            size = fields[tag].max_length
            if isinstance(value, str) and size is not None and tag != "MA_LK":
                assert len(value) <= size, tag
    for entry in report.entries:
        assert entry.rows > 0
        assert not entry.to_tag or entry.to_tag in spec.table(target, entry.to_table)
        assert not entry.tag or entry.tag in spec.table(source, entry.table)


@given(data=st.data())
@calm
def test_every_empty_required_field_is_named(data: st.DataObject) -> None:
    claim = data.draw(records.claims("4210"))
    there, report = convert_claim(claim, "3176", source="4210")
    named: Counter[tuple[str, str]] = Counter()
    for entry in report.missing_required:
        named[entry.to_table, entry.to_tag] += entry.rows
    for name, rows in there.tables.items():
        for f in spec.table("3176", name):
            empty = sum(1 for row in rows if not row.text(f.tag))
            if f.required == "yes" and empty:
                assert named[name, f.tag] >= empty, f.tag
            if not empty:
                assert named[name, f.tag] == 0, f.tag


@given(data=st.data())
@calm
def test_reports_hold_no_value_and_add_up(data: st.DataObject) -> None:
    claim = data.draw(records.claims("4210"))
    marked = claim.replace(xml5=[records.record_class("4210", "XML5")(dien_bien="Q7-BI-MAT")])
    _, first = convert_claim(marked, "3176", source="4210")
    _, second = convert_claim(claim, "3176", source="4210")
    assert "Q7-BI-MAT" not in repr(first)
    whole = first + second
    assert whole.encounters == 2
    assert sum(e.rows for e in whole.entries) == sum(
        e.rows for r in (first, second) for e in r.entries
    )
    assert json.loads(json.dumps([e.rows for e in whole.entries]))


@given(data=st.data())
@calm
def test_options_only_fill_what_was_empty(data: st.DataObject) -> None:
    claim = data.draw(records.claims("4210"))
    plain, _ = convert_claim(claim, "3176", source="4210")
    asked, report = convert_claim(
        claim, "3176", source="4210", options=ConvertOptions(copy_times=True)
    )
    named = covered(report)
    for field, rows in differences(plain, asked).items():
        assert field in {("XML3", "NGAY_YL"), ("XML2", "NGAY_TH_YL")}
        assert named[field] >= rows


@given(data=st.data())
@calm
def test_the_same_layout_is_left_alone(data: st.DataObject) -> None:
    claim = data.draw(records.claims("1931", messy=True))
    same_claim, report = convert_claim(claim, "3176", source="1931")
    assert same_claim == claim
    assert report.is_lossless
    assert report.entries == ()
