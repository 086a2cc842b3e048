"""The matching ladder: every vector in both directions, blocking, silence about values."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vnhealth.findings import catalogue
from vnhealth.identity._base import CATALOGUE_PREFIX
from vnhealth.identity.matching import (
    PersonRecord,
    Scope,
    compare,
    compare_prepared,
    pairs,
    plainly_different,
    prepare,
)

VECTORS = Path(__file__).parent / "vectors" / "vectors_link_pairs.csv"
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")


def _rows() -> list[dict[str, str]]:
    text = VECTORS.read_text("utf-8")
    text = _ESCAPE.sub(lambda m: chr(int(m.group(1), 16)), text)
    return list(csv.DictReader(text.splitlines()))


ROWS = _rows()


def _two(row: dict[str, str]) -> tuple[PersonRecord, PersonRecord]:
    return PersonRecord.from_row(row, "a_"), PersonRecord.from_row(row, "b_")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["pair"])
def test_pair(row: dict[str, str]) -> None:
    a, b = _two(row)
    found = compare(a, b, row["scope"])
    assert (found.outcome, found.rule) == (row["expected"], row["rule"])
    assert compare(b, a, row["scope"]) == found


def test_no_pair_was_lost() -> None:
    assert len(ROWS) == 54


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["pair"])
def test_reasons_are_sentences_without_values(row: dict[str, str]) -> None:
    a, b = _two(row)
    found = compare(a, b, row["scope"])
    assert all(CATALOGUE_PREFIX + code in catalogue for code in (found.rule, *found.evidence))
    for lang in ("vi", "en"):
        text = " ".join(found.reasons(lang))
        assert "{" not in text
        assert "…" not in text
    shown = repr(found) + repr(a) + repr(prepare(a))
    for value in (a.name, a.cccd, a.bhxh, a.phone, b.cccd):
        assert not value or value not in shown


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["pair"])
def test_what_is_not_plainly_different_shares_a_block(row: dict[str, str]) -> None:
    a, b = map(prepare, _two(row))
    if row["expected"] != "no" and not (a.anonymous and b.anonymous):
        assert set(a.blocks) & set(b.blocks)


def test_province_behaves_like_nation_with_its_own_reason() -> None:
    a = PersonRecord("Trần Thị Mẫu", "1901-03-05", "2")
    assert compare(a, a, "province").rule == "R4_PROVINCE"
    near = PersonRecord("Trần Thị Mẫu", "1901-03-05", "2", ward="00001")
    assert compare(near, near, Scope.PROVINCE).outcome == "match"


def test_a_mistyped_number_that_misfits_its_own_record_is_no_conflict() -> None:
    right = PersonRecord("Nguyễn Văn Thử", "1901-03-05", "1", cccd="001001000123")
    wrong_sex_digit = PersonRecord("Nguyễn Văn Thử", "1901-03-05", "1", cccd="001101000123")
    other = PersonRecord("Nguyễn Văn Thử", "1901-03-05", "1", cccd="001002777777")
    assert compare(right, wrong_sex_digit).outcome == "match"
    assert compare(right, other).rule == "R6_TWO_IDS"


def test_two_numbers_together_outweigh_one_slip_of_the_date() -> None:
    a = PersonRecord("Nguyễn Văn Thử", "1901-03-05", "1", "001001000123", bhxh="0000012345")
    b = PersonRecord("Nguyễn Văn Thử", "1901-05-03", "1", "001001000123", bhxh="0000012345")
    assert compare(a, b, "nation").outcome == "match"
    assert "DOB_SLIP" in compare(a, b, "nation").evidence


def test_more_agreement_in_one_facility_settles_a_gap_that_alone_asks_for_review() -> None:
    full = PersonRecord(
        "Nguyễn Văn Thử", "1901-03-05", "1", phone="0900000001", ward="00001", bhxh="0000012345"
    )
    year = PersonRecord("Nguyễn Văn Thử", "1901", "1", phone="0900000001", ward="00001")
    other_marks = PersonRecord("Nguyễn Văn Thư", "1901", "1", phone="0900000001", ward="00001")
    short = PersonRecord("Nguyễn Thử", "1901-03-05", "1", phone="0900000001")
    other_end = PersonRecord("Văn Thử", "1901-03-05", "1", phone="0900000001")
    slip = PersonRecord("Nguyễn Văn Thử", "1901-03-05", "1", bhxh="0000012346", phone="0900000001")
    assert compare(full, year).rule == "R4_YEAR_PLACE"
    assert compare(full, year, "province").rule == "R5_YEAR"
    assert compare(full, other_marks).rule == "R5_YEAR"
    near = PersonRecord("Nguyễn Thử", "1901-03-05", "1", ward="00001")
    assert compare(full, near).rule == compare(full, short).rule == "R4_SHORT_NAME"
    assert compare(full, short, "nation").rule == "R5_SHORT_NAME"
    assert compare(full, other_end).rule == "R5_SHORT_NAME"
    assert compare(full, slip).outcome == "match"
    assert "OTHER_BHXH" in compare(full, slip).evidence


def test_a_misspelt_syllable_is_a_slip_and_another_syllable_may_be_another_person() -> None:
    right = PersonRecord("Nguyễn Văn Thử", "1901-03-05", "1", phone="0900000001")
    slip = PersonRecord("Nguyễn Vwn Thử", "1901-03-05", "1", phone="0900000001")
    twin = PersonRecord("Nguyễn Văn Thự", "1901-03-05", "1", phone="0900000001")
    other = PersonRecord("Nguyễn Van Thua", "1901-03-05", "1", phone="0900000001")
    assert compare(right, slip).rule == "R4_TYPO"
    assert compare(right, slip, "province").rule == "R5_TYPO"
    assert compare(right, twin).rule == "R4_MARKS_DIFFER"
    assert compare(right, other).rule == "R5_TYPO"


def test_a_namesake_from_elsewhere_with_another_phone_is_looked_at() -> None:
    here = PersonRecord("Trần Thị Mẫu", "1901-03-05", "2", phone="0900000001", ward="00001")
    there = PersonRecord("Trần Thị Mẫu", "1901-03-05", "2", phone="0900000002", ward="00004")
    unknown = PersonRecord("Trần Thị Mẫu", "1901-03-05", "2", phone="0900000002")
    assert compare(here, there).rule == "R4_ELSEWHERE"
    assert compare(here, unknown).outcome == "match"


def test_a_swapped_date_needs_phone_and_ward_to_merge() -> None:
    both = ("0900000001", "00001")
    a = PersonRecord("Trần Thị Mẫu", "1901-03-05", "2", "", "", "", *both)
    b = PersonRecord("Trần Thị Mẫu", "1901-05-03", "2", "", "", "", *both)
    phone_only = PersonRecord("Trần Thị Mẫu", "1901-05-03", "2", phone=both[0])
    assert compare(a, b).rule == "R4_DOB_SLIP"
    assert compare(a, phone_only).rule == "R5_DOB_SLIP"
    assert compare(a, b, "nation").outcome == "review"


def test_the_same_insurance_code_outweighs_a_sex_that_differs() -> None:
    a = PersonRecord("Trần Thị Mẫu", "1901-03-05", "2", bhxh="0000012345")
    b = PersonRecord("Trần Thị Mẫu", "1901-03-05", "1", bhxh="0000012345")
    assert compare(a, b, "nation").outcome == "match"
    assert "SEX_DIFFERS" in compare(a, b, "nation").evidence


def test_numbers_one_digit_apart_need_code_and_phone_to_be_one() -> None:
    a = PersonRecord("Trần Thị Mẫu", "1901-03-05", "2", "001101000123", bhxh="0000012345")
    b = PersonRecord("Trần Thị Mẫu", "1901-03-05", "2", "001101000124", bhxh="0000012345")
    near = [
        PersonRecord(r.name, r.birth_date, r.sex, r.cccd, "", r.bhxh, "0900000001") for r in (a, b)
    ]
    assert compare(a, b).rule == "R3_BHXH_ID_CONFLICT"
    assert compare(*near).rule == "R3_BHXH"


def test_a_list_against_itself_and_against_another() -> None:
    records = [
        PersonRecord("Trần Thị Mẫu", "1901-03-05", "2", cccd="001101000123"),
        PersonRecord("TRAN THI MAU", "1901", "2", cccd="001101000123"),
        PersonRecord("Lê Văn Thử", "1902-02-02", "1"),
    ]
    assert [(i, j) for i, j, _ in pairs(records)] == [(0, 1)]
    assert [(i, j) for i, j, _ in pairs(records[:1], records)] == [(0, 0), (0, 1)]


_FIELDS = st.sampled_from(
    ["", "1901", "1901-03-05", "001001000123", "001234567", "0000012345", "1", "2", "Vô danh", "x"]
)
_NAMES = st.sampled_from(
    ["", "Nguyễn Văn Thử", "NGUYEN VAN THU", "Trần Thị Mẫu", "CB Trần Thị Mẫu", "Vô danh", "Thử"]
)
RECORDS = st.builds(
    PersonRecord,
    st.one_of(_NAMES, st.text(max_size=8)),
    st.one_of(_FIELDS, st.text(max_size=8)),
    _FIELDS,
    _FIELDS,
    _FIELDS,
    _FIELDS,
    st.one_of(_FIELDS, st.just("0900000001")),
    _FIELDS,
)


@given(a=RECORDS, b=RECORDS, scope=st.sampled_from(list(Scope)))
def test_any_two_records_are_judged_alike_in_both_orders(
    a: PersonRecord, b: PersonRecord, scope: Scope
) -> None:
    one, other = prepare(a), prepare(b)
    found = compare_prepared(one, other, scope)
    assert compare_prepared(other, one, scope) == found
    if plainly_different(one, other):
        assert found.outcome == "no"
    if found.outcome != "no" and not (one.anonymous and other.anonymous):
        assert set(one.blocks) & set(other.blocks)
    if found.outcome == "match":
        wider = compare_prepared(one, other, Scope.FACILITY)
        assert wider.outcome == "match"
