"""One example for each row that sends something, and proof that the others send nothing."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from vnhealth.deid import Policy
from vnhealth.deid._policy import ENVELOPE
from vnhealth.protocol.deid_inspect import inspect

VECTORS = list(
    csv.DictReader((Path(__file__).parent / "linked_vectors.csv").read_text("utf-8").splitlines())
)
SENT = [
    row
    for row in Policy.load("linked")
    if row.table != ENVELOPE
    and row.sent
    and "at" not in row.params
    and row.action.value not in ("withhold", "renumber")
]
SILENT = [
    row
    for row in Policy.load("linked")
    if row.table != ENVELOPE and (not row.sent or row.action.value == "withhold")
]
CONTEXT = {"GT_THE_TU", "MA_LK"}
"""Fields that are not sent but decide about others; tested on their own."""

TRIES = ["1", "2", "01901", "K02", "J18.9", "40.154", "20260805", "202608050930", "VN", "A"]


def test_every_row_that_sends_has_an_example() -> None:
    assert [(v["family"], v["table"], v["tag"]) for v in VECTORS] == [
        (r.family, r.table, r.tag) for r in SENT
    ]


def rows_of(text: str, table: str) -> str:
    found = re.search(rf"<{table}>.*?</{table}>", text, re.DOTALL)
    return found[0] if found else ""


@pytest.mark.parametrize("table", sorted({(v["family"], v["table"]) for v in VECTORS}))
def test_examples(kit, table) -> None:
    for v in VECTORS:
        if (v["family"], v["table"]) != table:
            continue
        given = {v["tag"].lower(): v["value"]}
        if v["tag"] == "GT_THE_DEN":
            given["gt_the_tu"] = "20260101"
        if v["tag"] in ("NAM_QT", "THANG_QT"):
            given["ngay_ttoan"] = "202608050930"
        claim = kit.claim(v["family"], **{v["table"].lower(): given})
        result = kit.apply(claim, recipient="r", purpose="p")
        text = rows_of(result.data.decode(), v["table"])
        out = re.search(rf"<{v['out']}>([^<]*)</{v['out']}>", text)
        assert out is not None, v["tag"]
        expected = v["text"] if v["text"] != "token" else out[1]
        assert out[1] == expected, v["tag"]
        if v["text"] == "token":
            assert re.fullmatch("A[A-Z2-7]{26}", out[1])
        assert inspect(result.data).ok, v["tag"]


@pytest.mark.parametrize("table", sorted({(r.family, r.table) for r in SILENT}))
def test_fields_that_are_not_sent_change_nothing(kit, table) -> None:
    """Whatever stands in them: the result is the same as without them."""
    family, name = table
    for row in SILENT:
        if (row.family, row.table) != table or row.tag in CONTEXT:
            continue
        for text in TRIES:
            if row.action.value == "withhold" and row.params.get("mark"):
                continue
            with_it = kit.claim(family, **{name.lower(): {row.tag.lower(): text}})
            without = kit.claim(family, **{name.lower(): {}})
            assert kit.apply(with_it).data == kit.apply(without).data, row.place


def test_refusals_are_counted_with_their_reason(kit) -> None:
    claim = kit.claim(
        xml1={
            "gioi_tinh": "x",
            "ma_bn": "B" * 300,
            "ngay_ra": "31/12/2026",
            "so_cccd": "000000000000",
            "ma_benh_kt": "A00;A01;A02;A03;A04;A05",
            "ma_khoa": "K01;K02;K03;K04;K05;K06",
        },
        xml3=[
            {"ma_xang_dau": "X01", "so_luong": "12.5", "don_gia_bv": "23500", "ma_nhom": "12"},
            {"so_luong": "2"},
        ],
    )
    result = kit.apply(claim)
    found = {(d.code, d.table, d.tag): d.count for d in result.manifest.dropped}
    assert found == {
        ("DEID-01", "XML1", "GIOI_TINH"): 1,
        ("DEID-01", "XML1", "SO_CCCD"): 1,
        ("DEID-01", "XML1", "MA_BN"): 1,
        ("DEID-03", "XML1", "NGAY_RA"): 1,
        ("DEID-06", "XML1", "MA_BENH_KT"): 1,
        ("DEID-06", "XML1", "MA_KHOA"): 1,
        ("DEID-14", "XML3", "SO_LUONG"): 1,
        ("DEID-14", "XML3", "DON_GIA_BV"): 1,
    }
    assert result.data.count(b"<SO_LUONG>") == 2
    assert len(result.manifest.findings()) == len(found)
    for finding in result.manifest.findings():
        assert "1" in finding.text("vi")
        assert "1" in finding.text("en")


def test_values_longer_than_the_standard_allows_are_dropped(kit) -> None:
    result = kit.apply(kit.claim(xml2=[{"ma_bac_si": "x" * 300}, {"ma_bac_si": "x" * 255}]))
    assert result.manifest.count("DEID-02") == 1
    assert result.data.count(b"<MA_BAC_SI>") == 1


def test_what_no_edition_knows_is_dropped_and_counted(kit) -> None:
    claim = kit.claim(xml2=[{"ma_thuoc": "40.154"}])
    row = claim.xml2[0]
    odd = type(row)._trusted(dict(row.__dict__), {}, (("TEN_BENH_NHAN", "Trần Thị Mẫu"),))
    result = kit.apply(claim.replace(xml2=[odd]))
    assert result.manifest.count("DEID-04") == 1
    assert result.data == kit.apply(claim).data
    assert "TEN_BENH_NHAN" not in result.manifest.to_json()


def test_rows_beyond_the_limit_and_second_summaries_are_dropped(kit) -> None:
    claim = kit.claim(xml2=[{"ma_thuoc": "40.154"}] * 10_001)
    claim = claim.replace(xml1=[claim.xml1, claim.xml1])
    result = kit.apply(claim)
    assert {(d.table, d.count) for d in result.manifest.dropped} == {("XML1", 1), ("XML2", 2)}
    assert inspect(result.data).ok
    assert b"<STT>9999</STT>" in result.data


def test_the_newer_tag_fills_in_for_the_older_one_only_when_that_is_empty(kit) -> None:
    both = {"ma_noi_di": "01901", "ma_cskcb_di": "02007"}
    assert b"<XML13><MA_NOI_DI>01</MA_NOI_DI></XML13>" in kit.apply(kit.claim(xml13=both)).data
    broken = {"ma_noi_di": "xx", "ma_cskcb_di": "02007"}
    assert b"<XML13><MA_NOI_DI>08</MA_NOI_DI></XML13>" in kit.apply(kit.claim(xml13=broken)).data
