"""Filling amounts: the worked examples of the decisions, and the generator's money, independently."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from vnhealth import bhyt, rules, synth
from vnhealth.errors import SpecError
from vnhealth.records import Claim
from vnhealth.records.bhyt130 import Xml1, Xml2, Xml3
from vnhealth.rules.pricing import price, reused_price

LINE = ("thanh_tien_bv", "thanh_tien_bh", "t_bntt", "t_bncct", "t_bhtt")
TOTALS = [
    "t_thuoc",
    "t_vtyt",
    "t_tongchi_bv",
    "t_tongchi_bh",
    "t_bntt",
    "t_bncct",
    "t_bhtt",
    "t_nguonkhac",
    "t_bhtt_gdv",
]


@pytest.mark.parametrize("edition", ["130", "4750", "3176", "1931"])
def test_what_is_stripped_from_an_encounter_comes_back(edition: str) -> None:
    empty = dict.fromkeys(LINE)
    for claim in synth.generate(encounters=40, edition=edition, seed=11):
        bare = claim.replace(
            xml1=claim.xml1.replace(**dict.fromkeys(TOTALS)),
            xml2=[row.replace(**empty) for row in claim.rows("XML2")],
            xml3=[row.replace(**empty) for row in claim.rows("XML3")],
        )
        priced = bhyt.price(bare)
        assert priced.findings.ok
        assert priced.claim == claim
        assert rules.check(priced.claim).ok


def x1(edition_day: str, **more: object) -> Xml1:
    values = {
        "ma_lk": "A1",
        "ngay_vao": edition_day + "0800",
        "ngay_ra": edition_day + "0930",
        "ma_loai_kcb": "01",
        "ma_doituong_kcb": "1.1",
        "ma_the_bhyt": "GD4010000012345",
    }
    return Xml1(**{**values, **more})


def test_pooled_support_of_decision_130() -> None:
    row = Xml2(
        ma_lk="A1", pham_vi="1", so_luong=Decimal(1), don_gia=Decimal(10_000_000), tyle_tt_bh=50,
        muc_huong=Decimal(80), t_nguonkhac_cl=Decimal(3_000_000), ma_pttt="1",
    )  # fmt: skip
    out = price(Claim(xml1=x1("20240710"), xml2=[row]), pooled=True).claim.rows("XML2")[0]
    assert (out.thanh_tien_bh, out.t_bhtt) == (3_500_000, 2_800_000)
    assert (out.t_bncct, out.t_bntt, out.t_nguonkhac) == (700_000, 3_500_000, 3_000_000)


def test_difference_that_is_not_collected() -> None:
    row = Xml3(
        ma_lk="A1", ma_dich_vu="02.1896", ma_nhom="13", pham_vi="1", so_luong=Decimal(1),
        don_gia_bv=Decimal(100_000), don_gia_bh=Decimal(40_000), tyle_tt_dv=30, tyle_tt_bh=100,
        muc_huong=Decimal(80), ma_pttt="1",
    )  # fmt: skip
    claim = Claim(xml1=x1("20260302"), xml3=[row])
    assert price(claim, collect_difference=False).claim.rows("XML3")[0].thanh_tien_bv == 72_000
    assert price(claim).claim.rows("XML3")[0].thanh_tien_bv == 30_000


def test_reused_supply() -> None:
    assert reused_price(Decimal(100_000), Decimal(10_000), 2) == 55_000


@pytest.mark.parametrize(
    ("day", "category", "exempt", "percent"),
    [
        ("20260302", "1.1", False, "80"),
        ("20260302", "1.1", True, "100"),
        ("20260302", "9", False, "0"),
        ("20260715", "1.13", False, "40"),
    ],
)
def test_rate_comes_from_card_category_and_day(
    day: str, category: str, exempt: bool, percent: str
) -> None:
    row = Xml2(ma_lk="A1", pham_vi="1", so_luong=Decimal(2), don_gia=Decimal(1000), tyle_tt_bh=100)
    summary = x1(day, ma_doituong_kcb=category)
    out = price(Claim(xml1=summary, xml2=[row]), exempt=exempt).claim.rows("XML2")[0]
    assert out.muc_huong == Decimal(percent)
    assert out.t_bhtt == 2000 * Decimal(percent) / 100
    assert out.t_bhtt + out.t_bncct + out.t_bntt == 2000


def test_what_cannot_be_computed_is_said_and_left_alone() -> None:
    row = Xml2(ma_lk="A1", pham_vi="1", don_gia=Decimal(1000), tyle_tt_bh=100)
    priced = price(Claim(xml1=x1("20260302"), xml2=[row]))
    assert [(f.code, f.path) for f in priced.findings] == [("PRICE-01", "XML2[0].SO_LUONG")]
    assert priced.claim.rows("XML2")[0] == row
    assert priced.claim.xml1.t_thuoc is None
    short = x1("20260302", ma_the_bhyt="0123456789")
    full = row.replace(so_luong=Decimal(1))
    assert price(Claim(xml1=short, xml2=[full])).findings.codes == {"PRICE-02"}


def test_outside_the_scope_the_patient_pays_all() -> None:
    row = Xml2(ma_lk="A1", pham_vi="2", so_luong=Decimal(3), don_gia=Decimal("333.333"))
    out = price(Claim(xml1=x1("20260302"), xml2=[row])).claim.rows("XML2")[0]
    assert (out.thanh_tien_bv, out.thanh_tien_bh, out.t_bntt) == (
        Decimal("1000.00"),
        0,
        Decimal("1000.00"),
    )
    assert (out.tyle_tt_bh, out.muc_huong, out.t_bhtt) == (0, 0, 0)


def test_the_old_family_is_refused() -> None:
    old = next(iter(synth.generate(encounters=1, edition="4210", seed=1)))
    with pytest.raises(SpecError) as caught:
        price(old, on=dt.date(2024, 5, 1))
    assert caught.value.code == "ERR-PRICE-01"
