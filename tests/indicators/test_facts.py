"""Facts: the same from every source, row by row."""

from __future__ import annotations

import datetime as dt
import pickle
from collections import Counter
from functools import partial
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vnhealth import deid, synth
from vnhealth.codecs import write
from vnhealth.deid import Label, columns
from vnhealth.errors import DeidError
from vnhealth.identity import icd10

DAY = list(synth.Day(encounters=120, edition="3176", seed=5))
SAME = ("sex", "age_band", "age3", "icd_block", "care", "setting", "insured", "outcome",
        "discharge", "days", "span", "injury", "external", "bh_block", "icd9", "others")  # fmt: skip


def fact(claims: Any, name: str = "encounter") -> list[dict[str, Any]]:
    return columns.derive(columns.to_arrow(claims)[columns.FACTS[name]], name).to_pylist()


def test_one_encounter_by_hand(bench: Any) -> None:
    xml1 = {
        "gioi_tinh": "2",
        "ngay_sinh": "202301150000",
        "ngay_vao": "202608300800",
        "ngay_ra": "202609021000",
        "ma_loai_kcb": "03",
        "ma_benh_chinh": "a97.1",
        "ma_benh_kt": "J18.9;W54;B20.1",
        "ket_qua_dtri": "5",
        "ma_loai_rv": "2",
        "so_ngay_dtri": "4",
        "ma_tai_nan": "3",
        "ma_pttt_qt": "96.04;54.91;96.04",
        "ma_noi_den": "01902",
        "so_cccd": "001023000001",
        "du_phong": "98",
    }
    found = fact(bench.claim(xml1=xml1))[0]
    wanted = {
        "enc": "01901|LK000001",
        "facility": "01901",
        "province": "01",
        "period": "2026-09",
        "week": "2026-W35",
        "ended": dt.date(2026, 9, 2),
        "care": "inpatient",
        "setting": "in",
        "bh_block": "IV",
        "insured": "yes",
        "sex": "female",
        "age_band": "Y02-04",
        "age3": "<5",
        "icd": "A97.1",
        "icd3": "A97",
        "icd_block": "A90-A99",
        "icd_chapter": "I",
        "others": ["J18", "W54"],
        "injury": "3",
        "external": "W00-X59",
        "outcome": "died",
        "discharge": "transferred_by_facility",
        "days": 4,
        "span": 3,
        "icd9": ["54.91", "96.04"],
        "from_place": "",
        "to_place": "01902",
        "person": "0123456789",
        "id_kind": "CCCD",
        "birth_year": 2023,
        "hiv": True,
        "height": True,
    }
    assert {name: found[name] for name in wanted} == wanted


@pytest.mark.parametrize(
    ("xml1", "insured"),
    [
        ({}, "yes"),
        ({"ma_doituong_kcb": "9"}, "no"),
        ({"ma_the_bhyt": None, "t_bhtt": "0.00"}, "no"),
        ({"ma_the_bhyt": None}, "yes"),
    ],
)
def test_who_counts_as_insured(bench: Any, xml1: dict[str, Any], insured: str) -> None:
    assert fact(bench.claim(xml1=xml1))[0]["insured"] == insured


def test_a_restricted_diagnosis_is_in_no_column_of_diagnoses(bench: Any) -> None:
    found = fact(bench.claim(xml1={"ma_benh_chinh": "B20.1", "ma_benh_kt": "Z21;I10"}))[0]
    assert (found["icd"], found["icd3"], found["icd_block"], found["others"]) == (
        "",
        "",
        "",
        ["I10"],
    )
    assert found["hiv"]


def test_pseudonymised_facts_say_the_same_except_for_times(bench: Any) -> None:
    open_rows = [row for row in fact(DAY) if not row["hiv"]]
    linked = [
        row
        for batches in bench.linked(DAY)
        for row in columns.derive(batches["XML1"], "encounter").to_pylist()
    ]
    assert len(linked) > 100
    for name in SAME:
        if name in ("icd9", "others"):
            continue
        a, b = (Counter(row[name] for row in rows) for rows in (open_rows, linked))
        if len(open_rows) == len(linked):
            assert a == b, name
        else:
            assert b <= a, name
    assert {(row["period"], row["week"]) for row in linked} == {("?", "?")}


@pytest.mark.parametrize("name", sorted(columns.FACTS))
@pytest.mark.parametrize("label", ["identified", "pseudonymised"])
def test_facts_of_parts_are_the_facts_of_the_whole(bench: Any, name: str, label: str) -> None:
    day = [*DAY, bench.claim(xml15={"phanloai_lao_vitri": "1", "loai_dtri_lao": "2"})]
    sets = [columns.to_arrow(day)] if label == "identified" else bench.linked(day)
    table = columns.FACTS[name]
    batches = [batches[table] for batches in sets if table in batches]
    assert batches or label == "pseudonymised"
    for batch in batches:
        whole = columns.derive(batch, name).to_pylist()
        for size in (1, 7):
            parts = [
                row
                for start in range(0, batch.num_rows, size)
                for row in columns.derive(batch.slice(start, size), name).to_pylist()
            ]
            assert parts == whole


def test_counts_of_parts_add_up_to_the_counts_of_the_whole() -> None:
    batch = columns.to_arrow(DAY)["XML1"]

    def total(parts: list[Any]) -> Counter[tuple[str, str]]:
        found: Counter[tuple[str, str]] = Counter()
        for part in parts:
            for row in columns.measure(part).to_pylist():
                for what in ("n", "filled", "unread", "coded", "valid"):
                    found[row["tag"], what] += row[what]
        return found

    assert total([batch]) == total([batch.slice(i, 9) for i in range(0, batch.num_rows, 9)])


def test_quality_by_hand(bench: Any) -> None:
    claims = bench.claims(
        {"ket_qua_dtri": "1", "ngay_ttoan": "nonsense"},
        {"ket_qua_dtri": "99"},
        {"ket_qua_dtri": None},
    )
    rows = {
        row["tag"]: row for row in columns.measure(columns.to_arrow(claims)["XML1"]).to_pylist()
    }
    result = rows["KET_QUA_DTRI"]
    assert (result["n"], result["filled"], result["coded"], result["valid"]) == (3, 2, 2, 1)
    assert result["required"] is True
    assert (rows["NGAY_TTOAN"]["filled"], rows["NGAY_TTOAN"]["unread"]) == (0, 1)


def test_a_code_is_judged_on_the_day_of_the_end(bench: Any) -> None:
    def valid(day: str) -> int:
        claim = bench.claim(
            xml1={"ma_loai_kcb": "14", "ngay_vao": f"{day}0800", "ngay_ra": f"{day}0900"}
        )
        rows = columns.measure(columns.to_arrow(claim)["XML1"]).to_pylist()
        return next(row["valid"] for row in rows if row["tag"] == "MA_LOAI_KCB")

    assert (valid("20260731"), valid("20260801")) == (0, 1)


def test_details_by_hand(bench: Any) -> None:
    claim = bench.claim(
        xml2=[
            {
                "stt": "1",
                "ma_thuoc": "40.154.2+40.155",
                "ma_nhom": "4",
                "so_luong": "2",
                "thanh_tien_bv": "10.00",
            }
        ],
        xml3=[
            {"stt": "1", "ma_dich_vu": "18.0020.0001", "ma_nhom": "2", "ma_pttt_qt": "88.76"},
            {"stt": "2", "ma_vat_tu": "N03.05.010.1234", "ma_nhom": "10"},
            {"stt": "3", "ma_dich_vu": "24.0169.1616", "ma_nhom": "1"},
        ],
        xml4=[
            {
                "stt": "1",
                "ma_dich_vu": "23.0058.1487",
                "ma_chi_so": "2302005",
                "gia_tri": "5,4",
                "don_vi_do": "mmol/L",
            },
            {"stt": "2", "ma_dich_vu": "24.0169.1616", "ma_chi_so": "X1", "gia_tri": "âm tính"},
        ],
        xml9=[
            {
                "gioi_tinh_con": "2",
                "can_nang_con": "2400",
                "sinhcon_phauthuat": "1",
                "sinhcon_duoi32tuan": "0",
                "so_con": "1",
            }
        ],
    )
    assert fact(claim, "drug")[0]["substance"] == "40.154"
    services = fact(claim, "service")
    assert [row["code"] for row in services] == ["18.0020.0001", "", ""]
    assert [row["supply"] for row in services] == ["", "N03.05.010", ""]
    tests = fact(claim, "test")
    assert [(row["indicator"], row["numeric"], row["unit"]) for row in tests] == [
        ("2302005", True, True),
        ("", False, False),
    ]
    born = fact(claim, "birth")[0]
    assert (born["sex"], born["grams"], born["caesarean"], born["preterm32"]) == (
        "female",
        2400,
        True,
        False,
    )


@given(st.from_regex(r"[A-Z][0-9]{2}", fullmatch=True))
def test_blocks_do_not_overlap(code: str) -> None:
    holding = [b for b in columns.blocks() if b.first <= code <= b.last]
    assert len(holding) <= 1
    assert columns.block_of(code) == (holding[0] if holding else None)


def test_every_category_of_the_official_list_is_in_a_block() -> None:
    codes = icd10.lists_4469().codes
    assert codes is not None
    assert not {code[:3] for code in codes if columns.block_of(code) is None}


def documents(*days: list[Any]) -> pa.RecordBatch:
    files = [
        write(day, edition="3176", facility="01901", created=dt.date(2026, 3, 19)) for day in days
    ]
    return pa.RecordBatch.from_pydict({"content": pa.array(files, pa.binary())})


def test_steps_give_what_the_functions_give(bench: Any) -> None:
    batch = documents(DAY[:60], DAY[60:])
    step = columns.chain(
        columns.Decode(),
        columns.Table("XML1", Label.IDENTIFIED),
        columns.Facts("encounter", Label.IDENTIFIED),
    )
    found = step(batch)
    assert found.schema.equals(step.schema)
    drop = ("version",)
    plain = [{k: v for k, v in row.items() if k not in drop} for row in fact(DAY)]
    assert [{k: v for k, v in row.items() if k not in drop} for row in found.to_pylist()] == plain


def test_the_deidentifying_step_gives_what_the_file_gives(bench: Any) -> None:
    step = columns.Deidentify(partial(deid.Key, bytes(range(32))), **bench.names)
    nested = pickle.loads(pickle.dumps(step))(documents(DAY[:60], DAY[60:]))
    assert nested.schema.equals(step.schema)
    for name in ("XML1", "XML3"):
        table = columns.Table(name, Label.PSEUDONYMISED)(nested)
        wanted = [row for batches in bench.linked(DAY) for row in batches[name].to_pylist()]
        key = lambda row: (row["_encounter"], row["_row"])  # noqa: E731
        assert sorted(table.to_pylist(), key=key) == sorted(wanted, key=key)


def test_a_step_carries_no_key(bench: Any) -> None:
    step = columns.Deidentify(
        partial(deid.Key.from_env, "VNHEALTH_TEST_KEY_OF_NOBODY"), **bench.names
    )
    with pytest.raises(DeidError):
        step(documents(DAY[:1]))
    assert b"VNHEALTH_TEST_KEY_OF_NOBODY" in pickle.dumps(step)


def test_old_documents_become_new_tables() -> None:
    old = list(synth.generate(encounters=5, edition="4210", seed=2))
    data = write(old, edition="4210", facility="01901", created=dt.date(2024, 1, 5))
    batch = pa.RecordBatch.from_pydict({"content": pa.array([data], pa.binary())})
    table = columns.Table("XML1", Label.IDENTIFIED)(columns.Decode()(batch))
    assert [v.as_py() for v in table.column("MA_BENH_CHINH")] == [
        claim.xml1.ma_benh.split(";")[0] for claim in old
    ]


def test_polars_runs_the_same_step() -> None:
    polars = pytest.importorskip("polars")
    batch = columns.to_arrow(DAY)["XML1"]
    frame = polars.from_arrow(pa.Table.from_batches([batch]))
    again = frame.to_arrow().cast(columns.schema("XML1")).combine_chunks().to_batches()[0]
    a, b = columns.derive(again, "encounter"), columns.derive(batch, "encounter")
    assert a.to_pylist() == b.to_pylist()
