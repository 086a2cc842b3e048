"""The codes of this layer: each is used, each has its texts, each fills its placeholders."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from vnhealth import catalogs
from vnhealth.catalogs import _data
from vnhealth.catalogs._keys import systems
from vnhealth.findings import catalogue

SRC = Path(catalogs.__file__).parent
OWN = {info.code for info in catalogue if info.source == "catalogs"}
USED = set().union(
    *(re.findall(r"\b(?:ERR-CAT|CAT)-\d{2}\b", p.read_text("utf-8")) for p in SRC.glob("*.py"))
)


def test_every_code_is_used_and_every_used_code_has_texts():
    assert USED - {"ERR-CAT-01"} == OWN


@pytest.mark.parametrize("code", sorted(OWN))
def test_texts_are_complete_and_name_the_same_things(code):
    info = catalogue.info(code)
    assert info.message_vi
    assert info.message_en
    assert info.message_vi != info.message_en
    assert info.confidence in {"official", "gateway", "practice", "draft", "own"}
    names = [
        {name for _, name, _, _ in string.Formatter().parse(text) if name}
        for text in (info.message_vi, info.message_en)
    ]
    assert names[0] ^ names[1] <= {"on", "reason_vi", "reason_en"}


def test_layouts_hold_together():
    for layout in catalogs.layouts():
        assert set(layout.systems) <= set(systems())
        assert layout.partial <= set(layout.systems)
        assert layout.columns
        assert layout.decision
        names = [column.attribute for column in layout.columns]
        assert len(names) == len(set(names))
        if layout.is_form:
            assert {"TU_NGAY", "DEN_NGAY", "MA_CSKCB"} <= set(names)
            assert sum("code" in column.roles for column in layout.columns) == 1
        for column in layout.columns:
            assert column.headings or column.position
            assert column.kind in {"code", "text", "number", "date", "flag"}


def test_known_files_and_fixes_refer_to_layouts():
    known = {layout.name for layout in catalogs.layouts()}
    assert {row["layout"] for row in _data.rows("known_files")} <= known
    assert len({row["printed"] for row in _data.rows("icd10_2026_fixes")}) == 3


def test_provinces_of_the_two_eras_agree():
    new = {row["code"] for row in _data.rows("provinces_34")}
    assert len(new) == 34
    assert {row["successor"] for row in _data.shared("provinces_63")} == new
