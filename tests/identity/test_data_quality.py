"""Đúng, đủ, sạch, sống: each measure moves for its own reason, and silence is not zero."""

from __future__ import annotations

import datetime as dt
import json

from hypothesis import given
from hypothesis import strategies as st

from vnhealth.identity import data_quality

AS_OF = dt.date(2026, 11, 22)
GOOD = {
    "MA_CSKCB": "01901",
    "MA_BN": "BN1",
    "HO_TEN": "Trần Thị Mẫu",
    "NGAY_SINH": "190103050000",
    "GIOI_TINH": "2",
    "SO_CCCD": "001101000123",
    "DIEN_THOAI": "0900000001",
    "MATINH_CU_TRU": "01",
    "MAXA_CU_TRU": "00004",
    "DIA_CHI": "Tổ 1",
    "NGAY_RA": "202611200930",
}
OTHER = {**GOOD, "MA_BN": "BN2", "HO_TEN": "Lê Văn Thử", "GIOI_TINH": "1",
         "NGAY_SINH": "195502020000", "SO_CCCD": "001055000456",
         "DIEN_THOAI": "0900000002"}  # fmt: skip


def measure(*rows: dict[str, str], **more: int) -> data_quality.Quality:
    return data_quality.measure(rows, as_of=AS_OF, **more).batch


def test_good_rows_are_good_and_what_cannot_be_known_is_not_said() -> None:
    found = measure(GOOD, OTHER)
    assert (found.correct, found.complete, found.clean, found.live) == (1.0, 1.0, 1.0, 1.0)
    assert found.verified is None
    assert found.age_days == (2.0, 2.0, 2.0)
    without = {name: value for name, value in GOOD.items() if name != "NGAY_RA"}
    assert measure(without).live is None
    assert measure(without).age_days is None


def test_each_measure_falls_for_its_own_reason() -> None:
    wrong = measure(GOOD, {**OTHER, "SO_CCCD": "1055000456"})
    assert wrong.correct < 1.0 == wrong.complete == wrong.clean
    empty = measure(GOOD, {**OTHER, "DIA_CHI": ""})
    assert empty.complete < 1.0 == empty.correct
    twice = measure(GOOD, OTHER, {**GOOD, "MA_BN": "BN9", "HO_TEN": "TRAN THI MAU"})
    assert (twice.duplicates, twice.clean) == (2, round(1 / 3, 4))
    assert twice.correct == 1.0
    old = measure(GOOD, {**OTHER, "NGAY_RA": "202601010000"})
    assert old.live == 0.5
    assert measure(GOOD, {**OTHER, "NGAY_RA": "202601010000"}, fresh_days=400).live == 1.0


def test_verification_counts_once_the_batch_speaks_of_it() -> None:
    found = measure({**GOOD, "provenance": "verified"}, {**OTHER, "provenance": "typed"})
    assert (found.verified, found.clean) == (0.5, 0.5)


def test_several_visits_of_one_person_are_one_person() -> None:
    found = measure(GOOD, {**GOOD, "NGAY_RA": "202611010000"}, OTHER)
    assert (found.rows, found.people, found.duplicates) == (3, 2, 0)


def test_facilities_stand_for_themselves_and_add_up() -> None:
    report = data_quality.measure(
        [GOOD, OTHER, {**GOOD, "MA_CSKCB": "79001", "SO_CCCD": "x"}], as_of=AS_OF
    )
    assert [one.facility for one in report.facilities] == ["01901", "79001"]
    assert [one.people for one in report.facilities] == [2, 1]
    assert report.batch.people == 3
    assert report.facilities[0].correct == 1.0
    assert report.facilities[1].correct < report.batch.correct < 1.0
    number = next(one for one in report.batch.fields if one.field == "SO_CCCD")
    assert (number.filled, number.invalid, sum(number.reasons.values())) == (3, 1, 1)
    assert report.absent == ("MA_BHXH", "MA_THE_BHYT")


def test_the_report_holds_no_value_of_a_person() -> None:
    report = data_quality.measure([GOOD, {**OTHER, "SO_CCCD": "77777"}], as_of=AS_OF)
    text = json.dumps(report.to_dict(), ensure_ascii=False) + repr(report)
    for value in ("Mẫu", "001101000123", "77777", "0900000001", "BN1"):
        assert value not in text
    assert set(report.to_dict()["batch"]["measures"]) == {"dung", "du", "sach", "song"}


def test_an_empty_batch_answers_nothing() -> None:
    found = data_quality.measure([], as_of=AS_OF)
    assert (found.batch.correct, found.batch.rows, found.facilities) == (None, 0, ())


@given(st.lists(st.dictionaries(st.sampled_from([*GOOD, "provenance"]), st.text(max_size=12)),
                max_size=4))  # fmt: skip
def test_any_rows_give_shares_between_zero_and_one(rows: list[dict[str, str]]) -> None:
    found = data_quality.measure(rows, as_of=AS_OF).batch
    for share in (found.correct, found.complete, found.clean, found.live, found.verified):
        assert share is None or 0.0 <= share <= 1.0
    assert found.people <= found.rows == len(rows)
