"""The registry: counts of the annexes, dated patches, code sets by date."""

from __future__ import annotations

import datetime as dt

import pytest

from vnhealth import spec
from vnhealth.errors import SpecError


@pytest.mark.parametrize(
    ("edition", "tables", "fields"),
    [("4210", 5, 112), ("130", 13, 370), ("4750", 16, 481), ("3176", 16, 479), ("1931", 16, 479)],
)
def test_counts_are_those_of_the_annexes(edition: str, tables: int, fields: int) -> None:
    assert len(spec.tables(edition)) == tables
    assert sum(len(spec.table(edition, t).fields) for t in spec.tables(edition)) == fields


@pytest.mark.parametrize(
    ("day", "edition"),
    [
        ("2017-11-04", "4210"),
        ("2024-06-30", "4210"),
        ("2024-07-01", "4750"),
        ("2024-12-31", "4750"),
        ("2025-01-01", "3176"),
        ("2026-06-30", "3176"),
        ("2026-07-01", "1931"),
    ],
)
def test_edition_in_force(day: str, edition: str) -> None:
    assert spec.edition_at(dt.date.fromisoformat(day)).value == edition


def test_before_the_first_edition_is_an_error() -> None:
    with pytest.raises(SpecError) as caught:
        spec.edition_at(dt.date(2017, 1, 1))
    assert caught.value.code == "ERR-SPEC-02"


def test_a_pilot_document_keeps_its_family() -> None:
    assert spec.edition_at(dt.date(2024, 5, 1), "130").value == "130"
    assert spec.edition_at(dt.date(2026, 5, 1), "4210").value == "4210"


@pytest.mark.parametrize("edition", list(spec.Edition))
def test_every_field_is_whole(edition: spec.Edition) -> None:
    for name in spec.tables(edition):
        held = spec.table(edition, name)
        assert [f.order for f in held.fields] == list(range(1, len(held.fields) + 1))
        assert len(set(held.tags)) == len(held.tags)
        for f in held.fields:
            assert f.type in {"string", "text", "number", "date8", "datetime12"}
            assert f.required in {"yes", "no", "conditional", "unknown"}
            assert f.title_vi != f.tag or f.tag.isupper() is False
            assert f.basis.startswith(("4210", "130", "4750", "3176", "1931"))
            assert f.confidence
            if f.code_set:
                assert spec.code_set_versions(f.code_set)


def test_patches_change_what_they_say() -> None:
    assert spec.table("3176", "XML2")["MUC_HUONG"].max_length == 3
    wide = spec.effective(dt.date(2026, 7, 1), "XML2")["MUC_HUONG"]
    assert (wide.max_length, wide.decimals, wide.edition.value) == (4, 1, "1931")
    assert "MA_CSKCB_DI" in spec.table("3176", "XML13")
    assert "MA_NOI_DI" not in spec.table("3176", "XML13")
    assert "NHOM_MAU" not in spec.table("130", "XML1")
    assert spec.table("4750", "XML1")["NHOM_MAU"].order == 8


def test_unknown_names_say_so() -> None:
    for call in (
        lambda: spec.table("3176", "XML99"),
        lambda: spec.table("130", "XML15"),
        lambda: spec.table("3176", "XML1")["NO_SUCH"],
        lambda: spec.Edition.parse("9999"),
        lambda: spec.code_set("no_such", dt.date(2026, 1, 1)),
    ):
        with pytest.raises(SpecError):
            call()


def test_code_sets_switch_on_their_day() -> None:
    before = spec.code_set("ma_loai_kcb_824", dt.date(2026, 7, 31))
    after = spec.code_set("ma_loai_kcb_824", dt.date(2026, 8, 1))
    assert (before.version, after.version) == ("ma_loai_kcb_824", "ma_loai_kcb_1804")
    assert "01" in before
    assert before.get("01") is not None
    assert before.get("no such code") is None


def test_diff_is_symmetric_in_what_it_adds_and_removes() -> None:
    there = {(c.table, c.tag) for c in spec.diff("4750", "3176") if c.kind == "added"}
    back = {(c.table, c.tag) for c in spec.diff("3176", "4750") if c.kind == "removed"}
    assert there == back
    assert {"MA_CSKCB_DI", "MA_CSKCB_DEN", "TINH_TRANG_CT"} == {tag for _, tag in there}


def test_record_kinds_serve_every_edition() -> None:
    assert spec.record_kind("130", "XML1", "SO_CCCD") is spec.Kind.TEXT
    assert spec.record_kind("130", "XML2", "MUC_HUONG") is spec.Kind.DECIMAL
    assert spec.record_kind("130", "XML1", "GIOI_TINH") is spec.Kind.CODE
    assert spec.record_kind("130", "XML14", "NGAY_HEN_KL") is spec.Kind.TIME
    assert spec.record_kind("130", "XML3", "TYLE_TT_DV") is spec.Kind.INTEGER
