"""Money balances to the dong, by formulas written here a third time."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from functools import cache

import pytest

from vnhealth import synth
from vnhealth.identity import bhyt_card
from vnhealth.records import Claim

ZERO = Decimal(0)
HUNDRED = Decimal(100)


def r2(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


def total(rows: list, attr: str) -> Decimal:
    return sum((getattr(row, attr) for row in rows), ZERO)


@cache
def claims(edition: str) -> list[Claim]:
    found: list[Claim] = []
    for facility in ("01991", "40991", "46991"):
        found += synth.generate(encounters=70, edition=edition, seed=7, facility=facility)
    return found


@pytest.mark.parametrize("edition", ["130", "4750", "3176", "1931"])
def test_lines_and_totals_balance(edition: str) -> None:
    for claim in claims(edition):
        x, lines = claim.xml1, [*claim.xml2, *claim.xml3]
        for row in lines:
            paid = row.t_bntt + row.t_bncct + row.t_bhtt + row.t_nguonkhac
            assert row.thanh_tien_bv == paid
            assert row.thanh_tien_bh >= row.t_bhtt >= 0
            assert min(row.t_bntt, row.t_bncct) >= 0
            assert row.pham_vi == "1" or row.thanh_tien_bh == 0
        for row in claim.xml2:
            assert row.thanh_tien_bv == r2(row.so_luong * row.don_gia)
        for row in claim.xml3:
            gross = row.so_luong * row.don_gia_bv
            share = ZERO + HUNDRED if edition == "130" else Decimal(row.tyle_tt_dv)
            assert row.thanh_tien_bv == r2(gross * share / HUNDRED)
        assert x.t_thuoc == total(claim.xml2, "thanh_tien_bv")
        assert x.t_vtyt == total([r for r in claim.xml3 if r.ma_vat_tu], "thanh_tien_bv")
        assert x.t_tongchi_bv == total(lines, "thanh_tien_bv")
        assert x.t_tongchi_bh == total(lines, "thanh_tien_bh")
        assert x.t_bhtt == total(lines, "t_bhtt") == x.t_tongchi_bh - x.t_bncct
        assert x.t_tongchi_bv == x.t_bntt + x.t_bncct + x.t_bhtt + x.t_nguonkhac
        assert x.t_bhtt_gdv == total([r for r in lines if r.ma_pttt == "1"], "t_bhtt")


def test_lines_and_totals_balance_in_4210() -> None:
    for claim in claims("4210"):
        x, lines = claim.xml1, [*claim.xml2, *claim.xml3]
        for row in lines:
            assert row.thanh_tien == r2(row.so_luong * row.don_gia)
            assert row.thanh_tien == row.t_bntt + row.t_bncct + row.t_bhtt + row.t_nguonkhac
            assert row.t_ngoaids == (row.t_bhtt if row.ma_pttt == "2" else 0)
        assert x.t_tongchi == total(lines, "thanh_tien")
        assert x.t_tongchi == x.t_bntt + x.t_bncct + x.t_bhtt + x.t_nguonkhac
        assert x.t_ngoaids == total(lines, "t_ngoaids")


@pytest.mark.parametrize("edition", ["4750", "3176", "1931"])
def test_the_rate_follows_card_category_and_date(edition: str) -> None:
    seen = set()
    for claim in claims(edition):
        x = claim.xml1
        if not x.ma_the_bhyt:
            assert x.t_bhtt == 0
            continue
        pays = bhyt_card.benefit(x.ma_the_bhyt[:2], x.ngay_ra.date())
        assert pays is not None
        for row in [*claim.xml2, *claim.xml3]:
            if row.pham_vi == "1":
                ratio = row.muc_huong / pays.percent
                seen.add((x.ma_doituong_kcb, ratio))
                assert row.muc_huong <= pays.percent
    assert {ratio for code, ratio in seen if code in ("1.1", "1.3", "1.5", "2")} == {1}
    assert {ratio for code, ratio in seen if code == "3.1"} <= {Decimal("0.4")}


def test_half_percents_occur_from_july_2026_only() -> None:
    def rates(edition: str) -> set[Decimal]:
        return {
            row.muc_huong
            for claim in synth.generate(
                encounters=150, edition=edition, seed=7, facility="40991", visits=["01"]
            )
            for row in claim.xml3
        }

    assert all(rate % 1 == 0 for rate in rates("3176"))
    assert rates("1931") & {Decimal("47.5"), Decimal(40)}


def test_all_ways_of_paying_occur() -> None:
    rows = [r for c in claims("3176") for r in [*c.xml2, *c.xml3]]
    assert {r.ma_pttt for r in rows} == {"1", "2"}
    assert {r.tyle_tt_bh for r in rows} >= {0, 50, 80, 100}
    assert any(r.t_nguonkhac > 0 for r in rows)
    assert any(getattr(r, "t_trantt", None) for r in rows)
    assert any(getattr(r, "tyle_tt_dv", 100) == 30 for r in rows)
    assert any(r.thanh_tien_bv > r.thanh_tien_bh > 0 for r in rows)
