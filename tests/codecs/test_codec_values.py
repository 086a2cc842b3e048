"""Values that are not in canonical form: recovered, kept or refused to be guessed."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vnhealth import codecs
from vnhealth.codecs._values import explain, legacy_name
from vnhealth.records import NotCanonical, cache_of, to_text
from vnhealth.records.bhyt130 import Xml1, Xml2
from vnhealth.spec import Kind

NUMBERS = [
    ("123456,00", "123456.00", "BHYT-VAL-02"),
    ("0,123", "0.123", "BHYT-VAL-02"),
    ("1234,567", "1234.567", "BHYT-VAL-02"),
    ("1,23", "1.23", "BHYT-VAL-02"),
    ("-1,5", "-1.5", "BHYT-VAL-02"),
    ("1.2345678E7", "12345678", "BHYT-VAL-03"),
    ("5e-2", "0.05", "BHYT-VAL-03"),
    ("12.345.678,00", "12345678.00", "BHYT-VAL-04"),
    ("1.234.567", "1234567", "BHYT-VAL-04"),
    ("1.234,5", "1234.5", "BHYT-VAL-04"),
    ("1,234,567", "1234567", "BHYT-VAL-04"),
    ("1,234.50", "1234.50", "BHYT-VAL-04"),
    ("1,234", None, "BHYT-VAL-05"),
    ("999,000", None, "BHYT-VAL-05"),
    ("12x", None, "BHYT-VAL-01"),
    ("1 000", None, "BHYT-VAL-01"),
    ("1_000", None, "BHYT-VAL-01"),
    ("+5", None, "BHYT-VAL-01"),
    (".5", None, "BHYT-VAL-01"),
    ("5.", None, "BHYT-VAL-01"),
    ("١٢", None, "BHYT-VAL-01"),
    ("1,2,3", None, "BHYT-VAL-01"),
    ("1.23.456", None, "BHYT-VAL-01"),
    ("NaN", None, "BHYT-VAL-09"),
    ("Infinity", None, "BHYT-VAL-01"),
    ("undefined", None, "BHYT-VAL-09"),
    (" 1000.00 ", "1000.00", "BHYT-VAL-08"),
    ("\u00a01,5", "1.5", "BHYT-VAL-02"),
    ("007.50", "7.50", ""),
    (" 05", "5", "BHYT-VAL-08"),
]


@pytest.mark.parametrize(("text", "value", "code"), NUMBERS)
def test_numbers(text: str, value: str | None, code: str) -> None:
    with pytest.raises(NotCanonical):
        cache_of(Kind.DECIMAL)[text]
    found = explain(Kind.DECIMAL, text)
    assert found.code == code
    assert found.value == (None if value is None else Decimal(value))
    assert found.value is None or to_text(found.value) == value
    row = codecs.read(f"<TONG_HOP><T_THUOC>{text}</T_THUOC></TONG_HOP>".encode()).claims[0].xml1
    assert row.t_thuoc == found.value
    assert row.raw("T_THUOC") == text


@pytest.mark.parametrize(
    ("text", "value", "code"),
    [
        ("05", 5, ""),
        ("-0", 0, ""),
        ("3.0", 3, "BHYT-VAL-10"),
        ("3.5", None, "BHYT-VAL-10"),
        ("3,0", 3, "BHYT-VAL-02"),
        ("1E1", 10, "BHYT-VAL-03"),
        ("3.00000000001", None, "BHYT-VAL-01"),
        ("x", None, "BHYT-VAL-01"),
        ("9" * 30, None, "BHYT-VAL-01"),
    ],
)
def test_whole_numbers(text: str, value: int | None, code: str) -> None:
    if code:
        found = explain(Kind.INTEGER, text)
        assert (found.value, found.code) == (value, code)
    row = codecs.read(f"<TONG_HOP><THANG_QT>{text}</THANG_QT></TONG_HOP>".encode()).claims[0].xml1
    assert (row.thang_qt, row.raw("THANG_QT")) == (value, text)


@pytest.mark.parametrize(
    ("text", "value", "code"),
    [
        ("20260230", None, "BHYT-VAL-06"),
        ("202603012460", None, "BHYT-VAL-06"),
        ("2026-03-01", None, "BHYT-VAL-06"),
        ("1986", None, "BHYT-VAL-06"),
        (" 20260301", "20260301", "BHYT-VAL-08"),
        ("null", None, "BHYT-VAL-09"),
    ],
)
def test_times(text: str, value: str | None, code: str) -> None:
    found = explain(Kind.TIME, text)
    assert (found.value and found.value.text, found.code) == (value, code)


@pytest.mark.parametrize(
    ("text", "value", "code"),
    [
        (" Uống ", "Uống", "BHYT-VAL-08"),
        ("\u200bx\ufeff", "x", "BHYT-VAL-08"),
        ("  ", None, "BHYT-VAL-08"),
        ("undefined", None, "BHYT-VAL-09"),
        (" null ", None, "BHYT-VAL-09"),
        ("Ho\u0300a", "Ho\u0300a", "BHYT-VAL-11"),
    ],
)
def test_texts(text: str, value: str | None, code: str) -> None:
    for kind in (Kind.TEXT, Kind.CODE):
        assert explain(kind, text) == (value, code)


@given(st.sampled_from(list(Kind)), st.text(min_size=1, max_size=30))
@example(Kind.TEXT, "\uf900")
@example(Kind.CODE, " \uf900")
def test_a_canonical_text_is_written_as_it_was_read(kind: Kind, text: str) -> None:
    try:
        value = cache_of(kind)[text]
    except NotCanonical:
        value, _ = explain(kind, text)
        if kind in (Kind.TEXT, Kind.CODE):  # trimmed at most, also when it is decomposed
            assert value is None or value in text
            return
    else:
        assert to_text(value) == text
    assert value is None or cache_of(kind)[to_text(value)] == value


@given(st.from_regex(r"-?[0-9]{1,10}([.,][0-9]{1,4}){0,3}", fullmatch=True))
def test_a_number_is_never_read_in_one_of_two_ways(text: str) -> None:
    """With one separator and three digits behind it, only a point may be a decimal point."""
    found = explain(Kind.DECIMAL, text) if _odd(text) else None
    if found is None or found.value is None:
        return
    digits = text.replace(".", "").replace(",", "").lstrip("-0").rstrip("0")
    assert to_text(found.value).replace(".", "").lstrip("-0").rstrip("0") == digits
    whole, comma, part = text.lstrip("-").partition(",")
    if comma and len(part) == 3 and "." not in whole and len(whole) <= 3:
        assert whole.startswith("0")


def _odd(text: str) -> bool:
    try:
        cache_of(Kind.DECIMAL)[text]
    except NotCanonical:
        return True
    return False


def test_rows_of_a_database_are_read_like_files() -> None:
    row = Xml1.from_row(
        {"THANG_QT": "05", "HO_TEN": "\u200bThử ", "MA_BN": "null", "T_THUOC": "1,5"}
    )
    assert (row.thang_qt, row.ho_ten, row.ma_bn, row.t_thuoc) == (5, "Thử", None, None)
    assert row.raw("THANG_QT") == "05"
    assert row.raw_texts == {
        "HO_TEN": "\u200bThử ",
        "MA_BN": "null",
        "T_THUOC": "1,5",
    }
    assert Xml2(so_luong=Decimal("2.50")).text("SO_LUONG") == "2.50"


@pytest.mark.parametrize("name", ["Lê Hà", "Trần Thị Ánh", "Bùi Tú", "An", "Müller", "O'Brien", ""])
def test_names_in_order_raise_no_suspicion(name: str) -> None:
    assert legacy_name(name) == ""
