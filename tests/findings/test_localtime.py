from __future__ import annotations

import datetime as dt
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vnhealth.localtime import ICT, LocalTime, Precision


@pytest.mark.parametrize(
    ("text", "precision"),
    [
        ("202608010930", Precision.MINUTE),
        ("20260801", Precision.DAY),
        ("202608000000", Precision.MONTH),
        ("20260800", Precision.MONTH),
        ("198600000000", Precision.YEAR),
        ("19860000", Precision.YEAR),
    ],
)
def test_precision_is_kept(text: str, precision: Precision) -> None:
    assert LocalTime.parse(text).precision is precision
    assert LocalTime.parse(text).text == text


@pytest.mark.parametrize(
    "text",
    ["", "2026", "202613010000", "20260230", "202608012400", "202608010960", "00000101"]
    + ["２０２６０８０１", "20260801 ", "198600010000", "198613000000", "-2026080"],
)
def test_what_is_no_date_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(ValueError) as caught:
        LocalTime.parse(text)
    assert not text or text not in str(caught.value)


@given(st.datetimes(min_value=dt.datetime(1, 1, 1), timezones=st.none()))
def test_datetimes_round_trip_to_the_minute(moment: dt.datetime) -> None:
    value = LocalTime.of(moment)
    assert value == LocalTime.parse(value.text)
    assert value.datetime() == moment.replace(second=0, microsecond=0, tzinfo=ICT)


@given(st.datetimes(), st.datetimes())
def test_order_is_that_of_the_moments(a: dt.datetime, b: dt.datetime) -> None:
    a, b = (m.replace(second=0, microsecond=0) for m in (a, b))
    assert (LocalTime.of(a) < LocalTime.of(b)) == (a < b)
    assert (LocalTime.of(a) <= LocalTime.of(b)) == (a <= b)


def test_a_day_and_a_minute_of_it_compare_by_the_day() -> None:
    day, minute = LocalTime.parse("20260801"), LocalTime.parse("202608010930")
    assert day <= minute
    assert day >= minute
    assert day != minute
    assert not day < minute


def test_aware_times_move_to_viet_nam() -> None:
    assert LocalTime.of(dt.datetime(2026, 7, 31, 17, 0, tzinfo=dt.UTC)).text == "202608010000"


def test_unknown_parts_are_not_invented() -> None:
    with pytest.raises(ValueError):
        LocalTime.parse("198600000000").date()
    with pytest.raises(ValueError):
        LocalTime.parse("20260801").datetime()


def test_immutable_hashable_picklable_and_silent() -> None:
    value = LocalTime.parse("198602030405")
    with pytest.raises(AttributeError):
        value.text = "x"  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(value)) == value
    assert len({value, LocalTime.parse("198602030405")}) == 1
    assert "1986" not in repr(value)
