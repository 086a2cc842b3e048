"""Each indicator on a few encounters counted by hand, and the promises that hold for all."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("duckdb", reason="the extra frames is not installed")

from vnhealth import deid, indicators
from vnhealth.deid import columns
from vnhealth.errors import VnHealthError
from vnhealth.indicators import _engine
from vnhealth.records import Claim

Run = Callable[..., indicators.Report]
EVERY_ID = list(indicators.catalogue())
SPLIT = [name for name in EVERY_ID if name not in ("Q3", "Q4", "Q6", "C3.1", "B6")]
"""Those that need no other file and no basis."""


def stored(folder: Path, claims: list[Claim], sent: dt.date | None = None) -> Path:
    """The claims as Parquet tables."""
    with columns.DatasetWriter(folder) as writer:
        for batches in columns.iter_arrow(claims, sent=sent):
            writer.write(batches)
    return folder


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Compute one indicator over claims, without hiding unless asked."""

    def compute(claims: list[Claim], id_: str, **options: Any) -> indicators.Report:
        sent = options.pop("sent", None)
        if not options.pop("hide", False):
            limits = _engine.thresholds()
            bare = indicators._catalogue.Thresholds(1, 1, 1, limits.basis_vi, limits.basis_en)
            monkeypatch.setattr(_engine, "thresholds", lambda: bare)
        place = tmp_path / f"in{len(list(tmp_path.iterdir()))}"
        return indicators.compute(stored(place, claims, sent), ids=[id_], **options)

    return compute


def figures(report: indicators.Report, id_: str, **cell: str | None) -> Mapping[str, Any]:
    row = report[id_].at(**cell)
    assert row is not None, cell
    return row.values


def stay(day: int = 3, **more: Any) -> dict[str, Any]:
    """An inpatient stay that ends on a day of August 2026."""
    return {
        "ma_loai_kcb": "03",
        "ngay_vao": "202608010800",
        "ngay_ra": f"202608{day:02}1000",
        "so_ngay_dtri": str(day),
        **more,
    }


def test_a1(bench: Any, run: Run) -> None:
    claims = bench.claims(
        {},
        {},
        {"ma_doituong_kcb": "9"},
        stay(),
        {"ngay_vao": "202607310800", "ngay_ra": "202607310900"},
        {"ma_cskcb": "79901"},
    )
    report = run(claims, "A1")
    assert figures(report, "A1") == {"n": 6}
    assert figures(report, "A1", period="2026-08") == {"n": 5}
    august = {"period": "2026-08", "care": "examination"}
    assert figures(report, "A1", **august) == {"n": 4}
    assert figures(report, "A1", **august, insured="yes") == {"n": 3}
    assert figures(report, "A1", **august, insured="no") == {"n": 1}
    assert figures(report, "A1", period="2026-08", province="79", facility="79901") == {"n": 1}


def test_a2(bench: Any, run: Run) -> None:
    report = run(bench.claims(stay(2), stay(3), stay(10), stay(4, so_ngay_dtri=None), {}), "A2")
    found = figures(report, "A2", care="inpatient")
    assert (found["n"], found["declared"], found["days"]) == (4, 3, 15)
    assert (found["mean_days"], found["median_days"]) == (Decimal("5.00"), 3)


def test_a3(bench: Any, run: Run) -> None:
    report = run(bench.claims(stay(), stay(ma_loai_rv="2"), stay(ma_loai_rv="7"), {}), "A3")
    assert figures(report, "A3", setting="in", discharge="transferred_by_facility") == {"n": 1}
    assert figures(report, "A3", setting="in", discharge="?") == {"n": 1}
    assert figures(report, "A3", discharge="discharged") == {"n": 2}


def test_a4(bench: Any, run: Run) -> None:
    kinds = ("5", "5", "6", "8", "1", "1", "1", "1")
    report = run(bench.claims(*(stay(ket_qua_dtri=kind) for kind in kinds)), "A4")
    found = figures(report, "A4", setting="in")
    assert (found["n"], found["died"], found["taken_home"], found["outside"]) == (8, 2, 1, 1)
    assert found["mortality"] == Decimal("25.00")


def test_a5(bench: Any, run: Run) -> None:
    claims = bench.claims({"ma_noi_di": "01902"}, {"ma_noi_di": "01902"}, {"ma_noi_den": "01903"})
    report = run(claims, "A5")
    assert figures(report, "A5", direction="in", facility="01901", place="01902") == {"n": 2}
    assert figures(report, "A5", direction="out") == {"n": 1}


def test_b1(bench: Any, run: Run) -> None:
    young = {"ngay_sinh": "202401010000", "gioi_tinh": "2"}
    claims = bench.claims({}, young, stay(ket_qua_dtri="5"), {"ma_benh_chinh": "B20.1"})
    report = run(claims, "B1")
    block = {"setting": "out", "chapter": "X", "block": "J09-J18"}
    assert figures(report, "B1", **block) == {"n": 2, "died": 0}
    assert figures(report, "B1", **block, sex="female", age3="<5") == {"n": 1, "died": 0}
    assert figures(report, "B1", setting="in", chapter="X") == {"n": 1, "died": 1}
    assert figures(report, "B1", setting="out", chapter="", block="") == {"n": 1, "died": 0}
    assert report["B1"].at(setting="out", chapter="I") is None


def test_b2(bench: Any, run: Run) -> None:
    other = {"ma_the_bhyt": "DN4010123456788"}
    report = run(bench.claims({}, {}, other, {"ma_benh_chinh": "Z21"}), "B2")
    assert figures(report, "B2", icd3="J18") == {"n": 3, "persons": 2}
    assert figures(report, "B2", icd3="") == {"n": 1, "persons": 1}
    assert figures(report, "B2") == {"n": 4, "persons": 2}


def test_b2_1(bench: Any, run: Run) -> None:
    claims = bench.claims(
        {"ma_benh_chinh": "E11.9", "ma_benh_kt": "I10;E10.1"},
        {"ma_benh_chinh": "J44.1", "gioi_tinh": "2"},
        {"ma_benh_chinh": "C97"},
        {},
    )
    report = run(claims, "B2.1")
    assert figures(report, "B2.1", condition="diabetes") == {"n": 1, "persons": 1}
    assert figures(report, "B2.1", condition="hypertension") == {"n": 1, "persons": 1}
    assert figures(report, "B2.1", condition="copd", sex="female") == {"n": 1, "persons": 1}
    assert figures(report, "B2.1", condition="cancer")["n"] == 1


def weekly(bench: Any, counts: list[int], code: str = "A97.1") -> list[Claim]:
    """So many cases in each week from Monday 5 January 2026."""
    days = [
        dt.date(2026, 1, 5) + dt.timedelta(weeks=w) for w, n in enumerate(counts) for _ in range(n)
    ]
    return bench.claims(
        *(
            {"ma_benh_chinh": code, "ngay_vao": f"{d:%Y%m%d}0800", "ngay_ra": f"{d:%Y%m%d}0900"}
            for d in days
        )
    )


def test_b3_counts_and_flags(bench: Any, run: Run) -> None:
    report = run(weekly(bench, [2, 1, 3, 2, 1, 2, 3, 2, 9, 9]), "B3")

    def at(week: str, **more: str) -> Mapping[str, Any]:
        return figures(report, "B3", group="B", disease="dengue", week=week, **more)

    assert figures(report, "B3", group="B", disease="dengue") == {"n": 34, "cluster": None}
    assert at("2026-W02") == {"n": 2, "cluster": None}
    assert at("2026-W09")["cluster"] is None
    # Mean of the eight weeks before: 2; their deviation is below 1 and counts as 1: 9 > 2 + 3.
    assert at("2026-W10") == {"n": 9, "cluster": True}
    assert at("2026-W10", province="01") == {"n": 9, "cluster": True}
    # Before the last week: 1 3 2 1 2 3 2 9, mean 2.875, variance 5.859, 2.875 + 3 * 2.42 = 10.1.
    assert at("2026-W11") == {"n": 9, "cluster": False}


def test_b3_counts_weeks_without_a_case_as_zero(bench: Any, run: Run) -> None:
    quiet = weekly(bench, [1, 0, 0, 0, 0, 0, 0, 0, 5])
    assert figures(run(quiet, "B3"), "B3", group="B", disease="dengue", week="2026-W10")["cluster"]
    few = weekly(bench, [1, 0, 0, 0, 0, 0, 0, 0, 4])
    found = figures(run(few, "B3"), "B3", group="B", disease="dengue", week="2026-W10")
    assert found["cluster"] is False


def test_b3_looks_at_whole_codes_where_the_list_has_them(bench: Any, run: Run) -> None:
    claims = bench.claims({"ma_benh_chinh": "B08.4"}, {"ma_benh_chinh": "B08.1"})
    report = run(claims, "B3")
    assert figures(report, "B3", group="B", disease="hand_foot_mouth")["n"] == 1


def test_b3_takes_the_list_of_the_user(bench: Any, run: Run, tmp_path: Path) -> None:
    own = tmp_path / "list.csv"
    own.write_text("key,grp,first,last,codes\nmine,A,J18,J18,\n", "utf-8")
    report = run(bench.claims({}, {}), "B3", lists={"infectious": own})
    assert figures(report, "B3", group="A", disease="mine")["n"] == 2


def test_b4(bench: Any, run: Run) -> None:
    claims = bench.claims(
        {"ma_tai_nan": "1"}, stay(ma_tai_nan="1", ket_qua_dtri="5"), {"ma_tai_nan": "0"}, {}
    )
    report = run(claims, "B4")
    assert figures(report, "B4", injury="1") == {"n": 2, "admitted": 1, "died": 1}
    assert figures(report, "B4")["n"] == 2


def test_b4_1(bench: Any, run: Run) -> None:
    claims = bench.claims({"ma_benh_chinh": "S06.0", "ma_benh_kt": "V23.4"}, {"ma_benh_kt": "W54"})
    report = run(claims, "B4.1")
    assert figures(report, "B4.1", external="V01-V99") == {"n": 1}
    assert figures(report, "B4.1", external="W00-X59", sex="male") == {"n": 1}


def child(
    number: int, grams: str, sex: str, surgery: str = "0", early: str = "0"
) -> dict[str, Any]:
    return {
        "xml9": {
            "gioi_tinh_con": sex,
            "can_nang_con": grams,
            "sinhcon_phauthuat": surgery,
            "sinhcon_duoi32tuan": early,
            "so_con": "1",
        }
    }


def test_b5(bench: Any, run: Run) -> None:
    claims = [
        bench.claim(n, **child(n, *rest))
        for n, rest in enumerate(
            [("3200", "1"), ("2400", "2", "1"), ("1400", "2", "1", "1"), ("3000", "1")], 1
        )
    ]
    found = figures(run(claims, "B5"), "B5", period="2026-08", province="01")
    assert {k: found[k] for k in ("n", "weighed", "low", "very_low", "preterm32", "caesarean")} == {
        "n": 4, "weighed": 4, "low": 2, "very_low": 1, "preterm32": 1, "caesarean": 2
    }  # fmt: skip
    assert found["low_share"] == Decimal("50.0")
    assert figures(run(claims, "B5"), "B5", child_sex="female")["low"] == 2


def test_b5_1(bench: Any, run: Run) -> None:
    rows = [{"phanloai_lao_vitri": s, "loai_dtri_lao": "2", "ket_qua_dtri_lao": "1"} for s in "121"]
    claims = [bench.claim(n, xml15=row) for n, row in enumerate(rows, 1)]
    report = run(claims, "B5.1")
    assert figures(report, "B5.1", tb_site="1") == {"n": 2}
    assert figures(report, "B5.1", tb_kind="2", tb_result="1") == {"n": 3}


def test_b6_needs_a_basis(bench: Any, run: Run) -> None:
    claims = bench.claims({"ma_benh_chinh": "B20.1"}, {"ma_benh_kt": "Z21", "gioi_tinh": "2"}, {})
    report = run(claims, "B6")
    assert [s.id for s in report.skipped] == ["B6"]
    with pytest.raises(VnHealthError) as caught:
        run(claims, "B6", exceptions={"hiv": " "})
    assert caught.value.code == "ERR-IND-05"
    report = run(claims, "B6", exceptions={"hiv": "Luật 64/2006/QH11 Đ30"})
    assert figures(report, "B6") == {"n": 2, "persons": 1}
    assert figures(report, "B6", sex="female") == {"n": 1, "persons": 1}
    assert report.exceptions == {"hiv": "Luật 64/2006/QH11 Đ30"}


def test_b6_is_hidden_below_the_public_threshold_for_every_audience(bench: Any, run: Run) -> None:
    claims = bench.claims(*({"ma_benh_chinh": "B20.1"} for _ in range(10)))
    report = run(
        claims, "B6", hide=True, audience="internal", exceptions={"hiv": "Luật 64/2006/QH11 Đ30"}
    )
    assert report["B6"].threshold == 11
    assert all("n" in row.hidden for row in report["B6"].rows)


def test_c1(bench: Any, run: Run) -> None:
    report = run(bench.claims({"ma_pttt_qt": "47.01;54.91"}, stay(ma_pttt_qt="47.01"), {}), "C1")
    assert figures(report, "C1", icd9="47.01") == {"n": 2}
    assert figures(report, "C1", icd9="47.01", setting="in") == {"n": 1}
    assert figures(report, "C1", icd9="54.91") == {"n": 1}


def test_c1_1(bench: Any, run: Run) -> None:
    line = {"ma_dich_vu": "18.0020.0001", "ma_nhom": "2", "so_luong": "1", "thanh_tien_bv": "50.50"}
    claims = [
        bench.claim(1, xml3=[{**line, "stt": "1"}, {**line, "stt": "2"}]),
        bench.claim(2, xml3=[{**line, "stt": "1"}, {"ma_vat_tu": "N03.05.010", "ma_nhom": "10"}]),
    ]
    report = run(claims, "C1.1")
    found = figures(report, "C1.1", cost_group="2", chapter2="18", service="18.0020.0001")
    assert found == {"lines": 3, "encounters": 2, "quantity": 3, "amount": Decimal("151.5")}
    assert report["C1.1"].at(cost_group="10") is None


def test_c2(bench: Any, run: Run) -> None:
    rows = [
        {"stt": "1", "ma_chi_so": "2302005", "gia_tri": "5.4", "don_vi_do": "mmol/L"},
        {"stt": "2", "ma_chi_so": "2302005", "gia_tri": "cao"},
        {"stt": "3", "gia_tri": "1"},
    ]
    report = run([bench.claim(1, xml4=rows)], "C2")
    assert figures(report, "C2", test="2302005") == {
        "lines": 2, "encounters": 1, "numeric_results": 1, "with_unit": 1
    }  # fmt: skip
    assert figures(report, "C2")["lines"] == 2


def test_c3(bench: Any, run: Run) -> None:
    drugs = [
        {"stt": "1", "ma_thuoc": "40.154", "thanh_tien_bv": "100.00", "t_bhtt": "80.00"},
        {"stt": "2", "ma_thuoc": "40.154.1", "thanh_tien_bv": "50.00", "t_bhtt": "0.00"},
        {"stt": "3", "ma_thuoc": "05V.12", "thanh_tien_bv": "10.00"},
    ]
    report = run([bench.claim(1, xml2=drugs), bench.claim(2, xml2=drugs[:1])], "C3")
    assert figures(report, "C3", substance="40.154") == {
        "lines": 3, "encounters": 2, "amount": 250, "fund": 160
    }  # fmt: skip
    assert figures(report, "C3", substance="05V.12")["amount"] == 10


def test_c3_1(bench: Any, run: Run, tmp_path: Path) -> None:
    own = tmp_path / "ab.csv"
    own.write_text("key,name\n40.154,x\n", "utf-8")
    given = [["40.154", "40.48"], ["40.48"], ["40.154.2"], []]
    claims = [
        bench.claim(n, **({"xml2": [{"ma_thuoc": code} for code in codes]} if codes else {}))
        for n, codes in enumerate(given, 1)
    ]
    assert [s.id for s in run(claims, "C3.1").skipped] == ["C3.1"]
    found = figures(run(claims, "C3.1", lists={"antibiotics": own}), "C3.1", setting="out")
    assert found == {"n": 3, "with_antibiotic": 2, "share": Decimal("66.7")}


def test_d1(bench: Any, run: Run) -> None:
    claims = bench.claims(
        {},
        {"t_tongchi_bv": "300000.50", "t_bhtt": "0.00", "t_bncct": "0.00", "t_bntt": "300000.50"},
        stay(),
    )
    report = run(claims, "D1")
    found = figures(report, "D1", period="2026-08", bh_block="I")
    assert (found["n"], found["total"], found["fund"]) == (2, Decimal("400000.5"), 80000)
    assert (found["pocket"], found["pocket_share"]) == (Decimal("320000.5"), Decimal("80.0"))
    assert figures(report, "D1", bh_block="IV")["n"] == 1


def test_d1_1(bench: Any, run: Run) -> None:
    claim = bench.claim(
        1,
        xml2=[{"ma_nhom": "4", "ma_thuoc": "40.1", "thanh_tien_bv": "10.00", "t_bhtt": "8.00"}],
        xml3=[
            {"ma_nhom": "1", "ma_dich_vu": "x", "thanh_tien_bv": "20.00", "t_bhtt": "20.00"},
            {"ma_nhom": "4", "ma_vat_tu": "y", "thanh_tien_bv": "1.00", "t_bhtt": "0.00"},
        ],
    )
    report = run([claim], "D1.1")
    assert figures(report, "D1.1", cost_group="4") == {
        "lines": 2, "encounters": 1, "amount": 11, "fund": 8
    }  # fmt: skip
    assert figures(report, "D1.1")["amount"] == 31


def test_e2(bench: Any, run: Run) -> None:
    report = run(bench.claims({"ma_loai_kcb": "14"}, {"ma_loai_kcb": "14"}, {}), "E2")
    assert figures(report, "E2", period="2026-08") == {"n": 2}


def test_q1(bench: Any, run: Run) -> None:
    claims = bench.claims(
        {"so_cccd": "001080000001"}, {"so_cccd": "012345678"}, {"so_cccd": "??"}, {}
    )
    report = run(claims, "Q1")
    assert figures(report, "Q1") == {"n": 4, "cccd": 1, "share": Decimal("25.0")}
    assert {row.cell[1]: row.values["n"] for row in report["Q1"].rows if row.cell[0] is None} == {
        None: 4, "CCCD": 1, "CMND": 1, "invalid": 1, "none": 1
    }  # fmt: skip


def test_q2(bench: Any, run: Run) -> None:
    first = bench.claim(1)
    again = bench.claim(1, xml1={"ket_qua_dtri": "2"})
    claims = [first, first, again, bench.claim(2, xml1={"gioi_tinh": "2"})]
    found = figures(run(claims, "Q2"), "Q2")
    assert found == {
        "copies": 4, "encounters": 2, "repeated": 1, "persons": 1, "two_sexes": 1, "two_births": 0
    }  # fmt: skip


@pytest.fixture
def receipts(tmp_path: Path) -> Path:
    path = tmp_path / "receipts.csv"
    path.write_text(
        "facility,ma_lk,received_at,status\n"
        "01901,LK000001,2026-08-03T12:00,accepted\n"  # two hours later
        "01901,LK000002,2026-08-03T11:00,rejected\n"
        "01901,LK000002,2026-08-03T21:30:00+07:00,accepted\n"  # 11.5 hours later
        "01901,LK000003,2026-08-03T11:00,rejected\n"
        "01901,LK000004,2026-08-03T11:00,pending\n",
        "utf-8",
    )
    return path


def test_q3(bench: Any, run: Run, receipts: Path) -> None:
    report = run(bench.claims({}, {}, {}, {}), "Q3", receipts=receipts, audience="internal")
    assert figures(report, "Q3", clock="3h") == {
        "n": 4, "received": 2, "inside": 1, "share": Decimal("25.0")
    }  # fmt: skip
    assert figures(report, "Q3", clock="24h", facility="01901")["inside"] == 2


def test_q3_1(bench: Any, run: Run) -> None:
    report = run(bench.claims({}, {}), "Q3.1", sent=dt.date(2026, 8, 4))
    assert figures(report, "Q3.1") == {"n": 2, "known": 2, "same_day": 0, "next_day": 2, "week": 2}


def test_q4(bench: Any, run: Run, receipts: Path) -> None:
    report = run(bench.claims({}, {}, {}, {"ma_doituong_kcb": "9"}), "Q4", receipts=receipts)
    assert figures(report, "Q4", care="examination", insured="yes") == {
        "n": 3, "shared": 2, "share": Decimal("66.7")
    }  # fmt: skip
    assert figures(report, "Q4", insured="no")["shared"] == 0


def test_q5(bench: Any, run: Run) -> None:
    claims = [
        bench.claim(1, xml1=stay(nhom_mau="A+", du_phong="160"), xml8={"ngay_ct": "20260803"}),
        bench.claim(2, xml1=stay(can_nang="55.00")),
    ]
    assert figures(run(claims, "Q5"), "Q5", care="inpatient") == {
        "n": 2, "with_summary": 1, "with_blood": 1, "with_weight": 1, "with_height": 1,
        "summary_share": Decimal("50.0"),
    }  # fmt: skip


def test_q6(bench: Any, run: Run, receipts: Path) -> None:
    report = run(bench.claims({}, {}, {}, {}, {}), "Q6", receipts=receipts, audience="internal")
    assert figures(report, "Q6", facility="01901", day="2026-08-03") == {
        "expected": 5, "accepted": 2, "rejected": 1, "outstanding": 2
    }  # fmt: skip


def test_q7(bench: Any, run: Run) -> None:
    report = run(bench.claims({}, {"ket_qua_dtri": "9"}, {"ket_qua_dtri": None}), "Q7")
    assert figures(report, "Q7", table="XML1", tag="KET_QUA_DTRI") == {
        "coded": 2, "valid": 1, "share": Decimal("50.00")
    }  # fmt: skip


def test_q7_1(bench: Any, run: Run) -> None:
    report = run(bench.claims({}, {"ket_qua_dtri": None}, {"so_ngay_dtri": "ba"}), "Q7.1")
    assert figures(report, "Q7.1", table="XML1", tag="KET_QUA_DTRI") == {
        "n": 3, "filled": 2, "unread": 0, "share": Decimal("66.67")
    }  # fmt: skip
    assert figures(report, "Q7.1", table="XML1", tag="SO_NGAY_DTRI")["unread"] == 1


def test_q7_2(bench: Any, run: Run) -> None:
    rows = [
        {"stt": "1", "ma_dich_vu": "23.1", "ma_chi_so": "1"},
        {"stt": "2", "ma_dich_vu": "23.2"},
    ]
    assert figures(run([bench.claim(1, xml4=rows)], "Q7.2"), "Q7.2") == {
        "lines": 2, "unmapped": 1, "share": Decimal("50.0")
    }  # fmt: skip


def test_every_indicator_has_a_case_here() -> None:
    text = Path(__file__).read_text("utf-8")
    assert [i for i in EVERY_ID if f"def test_{i.lower().replace('.', '_')}" not in text] == []


def test_of_two_versions_the_later_file_counts(bench: Any, tmp_path: Path) -> None:
    old, new = (
        bench.claim(1),
        bench.claim(1, xml1={"ket_qua_dtri": "5"}, xml2=[{"ma_thuoc": "40.1"}]),
    )
    for order in ((old, new), (new, old)):
        folder = tmp_path / f"o{order[0] is old}"
        with columns.DatasetWriter(folder) as writer:
            for claim in order:
                day = dt.date(2026, 8, 4 if claim is old else 9)
                writer.write(columns.to_arrow(claim, sent=day))
        report = indicators.compute(folder, ids=["A4", "C3", "Q2"], threshold=0)
        row = report["A4"].at()
        assert row is not None
        assert "died" in row.hidden
        assert figures(report, "Q2")["copies"] == 2


def test_what_cannot_be_computed_is_said(bench: Any, tmp_path: Path) -> None:
    folder = tmp_path / "linked"
    with columns.DatasetWriter(folder) as writer:
        for batches in bench.linked(bench.claims({}, {})):
            writer.write(batches)
    report = indicators.compute(folder)
    skipped = {s.id: s.reason_vi for s in report.skipped}
    assert {"B3", "Q1", "Q3", "Q3.1", "Q4", "Q6", "Q7.1", "B6", "C3.1"} == set(skipped)
    assert "dời" in skipped["B3"]
    assert all(m.reason_vi and m.reason_en for m in report.missing)
    assert report["A1"].at(period="?") is not None


def test_every_row_of_the_demand_is_answered() -> None:
    wanted = {*(f"A{n}" for n in range(1, 6)), *(f"B{n}" for n in range(1, 7)), "C1", "C2", "C3"}
    wanted |= {"D1", "D2", "E1", "E2", "E3", "E4", "K1", *(f"Q{n}" for n in range(1, 8))}
    computed = {i.policy for i in indicators.catalogue().values()}
    assert computed | {m.policy for m in indicators.not_computed()} == wanted


def test_small_cells_are_gone_from_every_output(bench: Any, run: Run) -> None:
    few = [{"ket_qua_dtri": "5"}] * 3 + [{}] * 40
    report = run(bench.claims(*(stay(**xml1) for xml1 in few)), "A4", hide=True)
    row = report["A4"].at(setting="in")
    assert row is not None
    assert row.hidden == {"died", "mortality"}
    assert "died" not in row.values
    told = json.loads(report.to_json())["indicators"][0]
    assert all("died" not in r["values"] for r in told["rows"])
    assert ",3," not in report["A4"].to_csv()


def test_a_threshold_can_be_raised_but_not_lowered(bench: Any, run: Run) -> None:
    claims = bench.claims(*[{} for _ in range(12)])
    assert run(claims, "A1", hide=True, threshold=1)["A1"].at() is not None
    low = run(claims, "A1", hide=True, threshold=1)
    assert low.threshold == 11
    assert figures(low, "A1") == {"n": 12}
    high = run(claims, "A1", hide=True, threshold=20)
    assert all(row.hidden for row in high["A1"].rows)
    assert run(claims, "A1", hide=True, audience="internal").threshold == 5


@pytest.mark.parametrize("label", ["identified", "pseudonymised"])
def test_any_split_gives_the_same_report(bench: Any, tmp_path: Path, label: str) -> None:
    from vnhealth import synth

    day = [
        claim
        for f in ("01991", "79991")
        for claim in synth.generate(encounters=15, seed=4, facility=f, edition="3176")
    ]
    sets = [columns.to_arrow(day)] if label == "identified" else bench.linked(day)
    reports = []
    for size in (10_000, 7):
        folder = tmp_path / f"s{size}"
        with columns.DatasetWriter(folder, buffered=size) as writer:
            for batches in reversed(sets):
                for name, batch in batches.items():
                    for start in reversed(range(0, batch.num_rows, size)):
                        writer.write({name: batch.slice(start, size)})
        report = indicators.compute(folder, audience="internal", ids=SPLIT)
        reports.append(report.to_dict())
    assert len(reports[0]["indicators"]) > 20
    assert reports[0] == reports[1]


def test_filters(bench: Any, run: Run) -> None:
    claims = bench.claims(
        {}, {"ma_cskcb": "79901"}, {"ngay_vao": "202607310800", "ngay_ra": "202607310900"}
    )
    one = {"first": "2026-08", "last": "2026-08", "province": "01", "facility": "01901"}
    for names, n in ((("first",), 2), (("last",), 3), (("province",), 2), (tuple(one), 1)):
        filters = indicators.Filters(**{name: one[name] for name in names})
        assert figures(run(claims, "A1", filters=filters), "A1") == {"n": n}


def test_mixed_labels_are_not_counted_together(bench: Any, tmp_path: Path) -> None:
    data = deid.apply([bench.claim(1)], key=bench.key, **bench.names).data
    (tmp_path / "a.xml").write_bytes(data)
    from vnhealth import synth

    synth.write_files(tmp_path / "b", encounters=2, edition="3176", seed=1)
    with pytest.raises(VnHealthError) as caught:
        indicators.compute(tmp_path)
    assert caught.value.code == "ERR-IND-06"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("facility,ma_lk\n", 1),
        ("facility,ma_lk,received_at,status\n01901,A,hôm qua,accepted\n", 2),
        ("facility,ma_lk,received_at,status\n01901,A,2026-08-03T10:00,ok\n", 2),
    ],
)
def test_bad_receipts(bench: Any, run: Run, tmp_path: Path, text: str, line: int) -> None:
    path = tmp_path / "r.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(VnHealthError) as caught:
        run(bench.claims({}), "Q4", receipts=path)
    assert (caught.value.code, caught.value.params["line"]) == ("ERR-IND-08", str(line))


def test_bad_arguments(bench: Any, run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n", "utf-8")
    for options, code in (
        ({"audience": "all"}, "ERR-IND-09"),
        ({"lists": {"chronic": tmp_path / "bad.csv"}}, "ERR-IND-07"),
        ({"lists": {"nothing": tmp_path / "bad.csv"}}, "ERR-IND-07"),
        ({"lists": {"chronic": tmp_path / "missing.csv"}}, "ERR-IND-07"),
    ):
        with pytest.raises(VnHealthError) as caught:
            run(bench.claims({}), "A1", **options)
        assert caught.value.code == code
    with pytest.raises(VnHealthError) as caught:
        indicators.compute(tmp_path / "nothing")
    assert caught.value.code == "ERR-IND-02"
    with pytest.raises(VnHealthError) as caught:
        indicators.compute(tmp_path, ids=["Z9"])
    assert caught.value.code == "ERR-IND-03"


def test_operational_tables_are_not_for_the_public(bench: Any, run: Run, receipts: Path) -> None:
    report = run(bench.claims({}), "Q6", receipts=receipts)
    assert [s.id for s in report.skipped] == ["Q6"]
    assert "internal" in report.skipped[0].reason_vi


def test_a_cell_hidden_in_one_table_is_hidden_in_all(bench: Any, tmp_path: Path) -> None:
    kinds = ["09"] * 3 + ["03"] * 30 + ["01"] * 40
    claims = bench.claims(*({"ma_loai_kcb": kind} for kind in kinds))
    report = indicators.compute(stored(tmp_path, claims), ids=["A2", "A4", "D1", "Q4", "Q5"])
    for name in ("A2", "Q5"):
        row = report[name].at(care="short_inpatient")
        assert row is not None
        assert "n" in row.hidden
    inside, stays = report["A4"].at(setting="in"), report["A2"].at(care="inpatient")
    assert inside is not None
    assert stays is not None
    assert "n" in inside.hidden | stays.hidden
