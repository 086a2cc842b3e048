from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import pickle
import sqlite3
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from vnhealth import spec
from vnhealth.errors import EncodeError
from vnhealth.localtime import LocalTime
from vnhealth.records import Claim, Record, record_class
from vnhealth.records.bhyt130 import Xml1, Xml2, Xml3, Xml12
from vnhealth.records.bhyt4210 import Xml1 as OldXml1

ALL = [
    (family, name)
    for family in spec.Family
    for edition in spec.Edition
    if spec.edition_info(edition).family == family
    for name in spec.tables(edition)
]


def test_generated_classes_are_fresh(repo: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(repo / "tools" / "gen_records.py"), "--check"], capture_output=True
    )
    assert done.returncode == 0, done.stdout.decode()


@pytest.mark.parametrize(("family", "name"), sorted(set(ALL)))
def test_every_field_of_every_edition_has_an_attribute(family: spec.Family, name: str) -> None:
    cls = record_class(family, name)
    for edition in spec.Edition:
        if spec.edition_info(edition).family == family and name in spec.tables(edition):
            for f in spec.table(edition, name).fields:
                assert f.attr in cls.ATTRS
                assert f.attr in cls.__annotations__
    assert set(cls.kinds()) == set(cls.ATTRS)


ROW = {
    "MA_LK": "LK01",
    "so_luong": Decimal("2.5"),
    "NGAY_YL": dt.datetime(2026, 8, 1, 9, 30),
    "X": 1,
}


def test_from_dict_in_any_case_with_columns_to_spare() -> None:
    row = Xml2.from_row(ROW)
    assert (row.ma_lk, row.so_luong, row.ngay_yl) == (
        "LK01",
        Decimal("2.5"),
        LocalTime.parse("202608010930"),
    )
    assert row.ma_thuoc is None
    with pytest.raises(EncodeError) as caught:
        Xml2.from_row(ROW, strict=True)
    assert caught.value.code == "ERR-REC-02"


def test_from_a_database_row_a_tuple_a_dataclass_and_an_object() -> None:
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    cursor = connection.execute("SELECT 'LK01' AS MA_LK, 3 AS stt, 12.5 AS don_gia")
    expected = Xml2(ma_lk="LK01", stt=3, don_gia=Decimal("12.5"))
    assert Xml2.from_row(cursor.fetchone()) == expected
    connection.close()
    Named = collections.namedtuple("Named", "ma_lk stt don_gia")
    assert Xml2.from_row(Named("LK01", 3, 12.5)) == expected
    made = dataclasses.make_dataclass("Made", ["ma_lk", "stt", "don_gia"])
    assert Xml2.from_row(made("LK01", 3, "12.5")) == expected

    class Plain:
        def __init__(self) -> None:
            self.ma_lk, self.stt, self.don_gia, self._x = "LK01", 3, Decimal("12.5"), 1

    assert Xml2.from_row(Plain()) == expected
    assert Xml2.from_row(expected) == expected


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("MA_LK", 12),
        ("SO_CCCD", 1099012345),
        ("MA_LOAI_KCB", 3),
        ("HO_TEN", 1.5),
        ("NGAY_VAO", 20260801),
    ],
)
def test_identifiers_from_numbers_are_refused_without_showing_them(
    column: str, value: object
) -> None:
    with pytest.raises(EncodeError) as caught:
        Xml1.from_row({column: value})
    assert caught.value.code == "ERR-REC-01"
    assert column in str(caught.value)
    assert str(value) not in str(caught.value)


def test_number_codes_may_be_numbers() -> None:
    assert Xml1.from_row({"GIOI_TINH": 1}).gioi_tinh == "1"
    assert Xml3.from_row({"MA_NHOM": 10}).ma_nhom == "10"


def test_text_that_is_no_number_is_kept_and_not_guessed() -> None:
    row = Xml2.from_row({"SO_LUONG": "1,234", "TEN_THUOC": "  Thuốc  "})
    assert row.so_luong is None
    assert row.raw("SO_LUONG") == row.text("SO_LUONG") == "1,234"
    assert (row.ten_thuoc, row.raw("TEN_THUOC"), row.text("TEN_THUOC")) == (
        "Thuốc",
        "  Thuốc  ",
        "Thuốc",
    )
    repaired = row.replace(so_luong="1.234")
    assert repaired.so_luong == Decimal("1.234")
    assert "SO_LUONG" not in repaired.raw_texts


def test_records_are_immutable_silent_and_picklable() -> None:
    row = Xml1(ma_lk="LK01", ho_ten="Nguyễn Văn Giả")
    with pytest.raises(AttributeError):
        row.ho_ten = "x"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        del row.ho_ten
    assert "Giả" not in repr(row)
    assert pickle.loads(pickle.dumps(row)) == row
    assert row != Xml1(ma_lk="LK01")
    assert len({row, Xml1(ma_lk="LK01", ho_ten="Nguyễn Văn Giả")}) == 1
    with pytest.raises(TypeError):
        Xml1(no_such_field="x")  # type: ignore[call-arg]


def test_a_claim_keeps_families_and_tables_apart() -> None:
    claim = Claim(xml1=Xml1(ma_lk="A"), xml2=[Xml2(ma_lk="A", stt=1)])
    assert claim.counts() == {"XML1": 1, "XML2": 1}
    assert claim.xml3 == ()
    assert claim.ma_lk == "A"
    for wrong in (
        {"xml2": Xml1(ma_lk="A")},
        {"xml1": OldXml1(ma_lk="A"), "xml2": [Xml2(ma_lk="A")]},
    ):
        with pytest.raises(TypeError):
            Claim(**wrong)
    with pytest.raises(AttributeError):
        claim.family = "x"  # type: ignore[misc, assignment]
    assert pickle.loads(pickle.dumps(claim)) == claim
    assert claim.replace(xml2=[]).counts() == {"XML1": 1}


def test_the_day_of_a_claim_is_the_end_of_the_encounter() -> None:
    ended = Claim(xml1=Xml1(ngay_vao="202607010800", ngay_ra="202608010930"))
    assert ended.ended_on == dt.date(2026, 8, 1)
    assert ended.edition().value == "1931"
    assert Claim(xml1=Xml1(ngay_vao="202412310800")).edition().value == "4750"
    assert Claim(xml1=Xml1(ma_lk="A")).edition().value == "3176"
    assert Claim(xml1=OldXml1(ngay_ra="202601010000")).edition().value == "4210"


def test_a_pilot_file_with_fields_of_4750_is_of_4750() -> None:
    assert Claim(xml1=Xml1(ngay_ra="202405010930")).edition().value == "130"
    assert Claim(xml1=Xml1(ngay_ra="202405010930", nhom_mau="A")).edition().value == "4750"


def test_every_class_is_a_record() -> None:
    assert all(issubclass(record_class(f, n), Record) for f, n in ALL)


def test_assessment_minutes_have_no_link_id() -> None:
    assert Claim(xml12=[Xml12(so_bien_ban="1/BB")]).ma_lk is None
