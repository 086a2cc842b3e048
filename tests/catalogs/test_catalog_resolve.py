"""One question for every kind of set: an entry, or a miss that says precisely why."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vnhealth import catalogs, spec
from vnhealth.catalogs import Pack, State
from vnhealth.errors import CatalogError, SpecError

DAYS = st.dates(dt.date(2016, 1, 1), dt.date(2030, 1, 1))


@pytest.mark.parametrize(
    ("name", "code", "day", "state"),
    [
        ("ma_loai_kcb", "14", "2026-07-31", State.FUTURE),
        ("ma_loai_kcb", "14", "2026-08-01", State.VALID),
        ("ma_loai_kcb", "01", "2026-07-31", State.VALID),
        ("ma_loai_kcb", "99", "2026-08-01", State.UNKNOWN),
        ("ma_loai_kcb_824", "01", "2023-02-14", State.NOT_COVERED),
        ("ma_khoa", "K77", "2026-03-01", State.PARTIAL),
        ("gioi_tinh", "1", "2026-03-01", State.VALID),
        ("ma_xang_dau", "1", "2025-01-01", State.NOT_COVERED),
        ("province", "02", "2025-06-30", State.VALID),
        ("province", "02", "2025-07-01", State.ENDED),
        ("icd10", "J18.9", "2026-06-30", State.VALID),
        ("icd10", "J18.9", "2026-07-01", State.NOT_COVERED),
        ("icd10", "U98.7", "2026-06-30", State.UNKNOWN),
        ("icd9", "88.73", "2026-06-30", State.NOT_INSTALLED),
        ("commune", "00001", "2026-06-30", State.NOT_INSTALLED),
        ("drug", "VM.01901", "2026-06-30", State.OUTSIDE),
    ],
)
def test_what_the_package_knows_by_itself(name, code, day, state):
    found = catalogs.resolve(name, code, on=dt.date.fromisoformat(day))
    assert found.state is state
    assert found.found is (state is State.VALID)
    assert found.set == name


def test_every_answer_names_its_source():
    found = catalogs.resolve("ma_loai_kcb", "01", on=dt.date(2026, 8, 1))
    assert "1804" in found.source.decision
    miss = catalogs.resolve("ma_loai_kcb", "14", on=dt.date(2026, 7, 31))
    assert miss.valid_from == dt.date(2026, 8, 1)
    assert "2026-08-01" in miss.text("vi")


@given(st.sampled_from(spec.code_sets()), st.data(), DAYS)
def test_code_sets_agree_with_the_specification(name, data, day):
    version = spec.code_set(name, day)
    code = data.draw(st.sampled_from(sorted(version.codes)))
    inside = (version.valid_from is None or version.valid_from <= day) and (
        version.valid_to is None or day <= version.valid_to
    )
    found = catalogs.resolve(name, code, on=day)
    if inside and version.codes[code].valid_on(day):
        assert found.found
        assert found.name_vi == version.codes[code].meaning_vi
        assert found.valid_from is None or found.valid_from <= day
        assert found.valid_to is None or day <= found.valid_to
    else:
        assert not found.found


@given(st.sampled_from([one.name for one in catalogs.sets()]), st.text(max_size=12), DAYS)
def test_no_text_is_too_odd_to_be_asked(name, text, day):
    found = Pack(None).resolve(name, text, on=day)
    if found.found:
        assert found.source.covers(day)
        return
    for lang in ("vi", "en"):
        said = found.text(lang)
        assert said
        assert "…" not in said
        assert "{" not in said
    assert found.finding().code == found.code
    json.dumps(found.to_dict(), ensure_ascii=False)


def test_a_miss_does_not_show_what_was_asked():
    miss = Pack(None).resolve("icd10", "B20.9", on=dt.date(2026, 8, 1))
    assert "B20" not in repr(miss) + miss.text("vi") + miss.text("en") + str(miss.finding())
    found = Pack(None).resolve("icd10", "B20", on=dt.date(2026, 3, 1))
    assert "B20" not in repr(found)
    assert miss.finding().text("vi", values=True)


def test_misses_and_entries_have_the_same_keys():
    day = dt.date(2026, 3, 1)
    entry = catalogs.resolve("icd10", "G01", on=day).to_dict()
    miss = catalogs.resolve("icd10", "U98.7", on=day).to_dict()
    assert entry.keys() == miss.keys()
    assert entry["effects"][0]["effect"] == "NOT_AS_MAIN"
    assert miss["finding"] == "CAT-05"


def test_unknown_sets_are_errors_not_misses():
    with pytest.raises(SpecError) as caught:
        catalogs.resolve("khong_co", "1", on=dt.date(2026, 1, 1))
    assert caught.value.code == "ERR-SPEC-04"
    with pytest.raises(CatalogError) as wrong:
        Pack(None).sources("khong_co")
    assert wrong.value.code == "ERR-CAT-04"
    assert not Pack(None).has("khong_co", dt.date(2026, 1, 1))


def test_sets_lists_catalogues_and_code_sets():
    found = {one.name: one for one in catalogs.sets()}
    assert set(spec.code_sets()) <= found.keys()
    assert found["icd10"].kind == "catalogue"
    assert not found["drug"].sources
    assert len(found["province"].sources) == 2


@given(DAYS)
def test_some_edition_of_each_chain_ends_where_the_next_begins(day):
    for name in ("ma_loai_kcb", "ma_xu_tri", "nhom_doi_tuong", "province", "phacdo_dtri_lao"):
        sources = {one.name: one for one in catalogs.sets()}[name].sources
        assert sum(source.covers(day) for source in sources) <= 1
