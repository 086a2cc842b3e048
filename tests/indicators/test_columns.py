"""Tables as columns: nothing lost, nothing invented, the label never lost."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vnhealth import deid, spec, synth
from vnhealth.deid import Label, columns
from vnhealth.deid.columns._dataset import write_all
from vnhealth.deid.columns._facts import about_of
from vnhealth.errors import DeidError
from vnhealth.localtime import LocalTime
from vnhealth.records import Claim, record_class
from vnhealth.spec import Family

DAY = list(synth.Day(encounters=40, edition="3176", seed=11))


@pytest.mark.parametrize("family", ["130", "4210"])
def test_every_field_of_every_edition_has_one_typed_column(family: str) -> None:
    for edition in spec.Edition:
        if spec.edition_info(edition).family != family:
            continue
        for name in spec.tables(edition):
            if name == "XML0":
                continue
            held = columns.schema(name, family=family).names
            assert len(held) == len(set(held))
            for f in spec.table(edition, name):
                assert f.tag in held


def test_values_come_back_as_they_were() -> None:
    tables = columns.to_arrow(DAY)
    for name, batch in tables.items():
        expected = [row for claim in DAY for row in claim.rows(name)]
        assert batch.num_rows == len(expected)
        for record, line in zip(expected, batch.to_pylist(), strict=True):
            for tag, value in record.to_dict().items():
                found = line[tag]
                if isinstance(value, LocalTime):
                    assert line[f"{tag}__P"] == value.precision
                    found = found.strftime("%Y%m%d%H%M")
                    assert found[: value.precision] == value.text[: value.precision]
                elif isinstance(value, Decimal):
                    assert found == value
                else:
                    assert found == value


def test_unknown_parts_of_a_date_stay_unknown(bench: Any) -> None:
    batch = columns.to_arrow(bench.claim(xml1={"ngay_sinh": "198600000000"}))["XML1"]
    line = batch.to_pylist()[0]
    assert line["NGAY_SINH"] == dt.datetime(1986, 1, 1)
    assert line["NGAY_SINH__P"] == 4


def test_what_is_no_value_is_null_and_named(bench: Any) -> None:
    batch = columns.to_arrow(
        bench.claim(xml1={"ngay_ttoan": "31/12/2026", "t_thuoc": Decimal("0.12345")})
    )["XML1"]
    line = batch.to_pylist()[0]
    assert line["NGAY_TTOAN"] is None
    assert line["T_THUOC"] is None
    assert line["_unread"] == ["NGAY_TTOAN", "T_THUOC"]


@given(st.integers(0, 10**22), st.integers(0, 6), st.booleans())
def test_decimals_are_exact_or_null(digits: int, places: int, negative: bool) -> None:
    value = Decimal(digits).scaleb(-places) * (-1 if negative else 1)
    row = record_class("130", "XML2")(so_luong=value)
    claim = Claim(xml1=record_class("130", "XML1")(ma_lk="A"), xml2=[row])
    line = columns.to_arrow(claim)["XML2"].to_pylist()[0]
    assert line["SO_LUONG"] == value or (
        line["SO_LUONG"] is None and line["_unread"] == ["SO_LUONG"]
    )


def test_any_split_gives_the_same_rows() -> None:
    whole = columns.to_arrow(DAY)
    parts: dict[str, list[Any]] = {}
    for batches in columns.iter_arrow(iter(DAY), rows=50):
        for name, batch in batches.items():
            parts.setdefault(name, []).append(batch)
    for name, batch in whole.items():
        assert pa.Table.from_batches(parts[name]).to_pylist() == batch.to_pylist()


def test_families_are_not_mixed() -> None:
    old = next(synth.generate(encounters=1, edition="4210", seed=1))
    assert columns.to_arrow(old)["XML1"].column("MA_BENH")[0].as_py()
    with pytest.raises(DeidError) as caught:
        columns.to_arrow([*DAY[:1], old])
    assert caught.value.code == "ERR-COL-03"


def test_the_label_and_the_manifest_are_in_the_metadata(bench: Any, tmp_path: Path) -> None:
    target, manifest = tmp_path / "a.xml", tmp_path / "m.json"
    source = tmp_path / "in.xml"
    from vnhealth.codecs import write

    source.write_bytes(write(DAY, edition="3176", facility="01901", created=dt.date(2026, 3, 19)))
    deid.deidentify_file(
        source, target, key=bench.key, recipient="kho", purpose="x", manifest=manifest
    )
    digest = columns.manifest_hash(manifest)
    out = tmp_path / "out"
    with columns.DatasetWriter(out) as writer:
        for batches in columns.deid_arrow(target, manifest_sha256=digest):
            writer.write(batches)
    held = columns.open_dataset(out)
    assert held.about is not None
    assert (held.about.label, held.about.manifest_sha256) == (Label.PSEUDONYMISED, digest)
    for path in out.rglob("*.parquet"):
        meta = pq.read_schema(path).metadata
        assert meta[b"vnhealth.label"] == b"pseudonymised"
        assert meta[b"vnhealth.manifest_sha256"].decode() == digest
        assert meta[b"vnhealth.dates"] == b"shifted"
        assert "period=shifted" in path.parts


def test_no_identifier_of_a_patient_is_in_pseudonymised_columns(bench: Any) -> None:
    identifiers = set()
    for claim in DAY:
        for tag in ("ho_ten", "so_cccd", "ma_the_bhyt", "dien_thoai", "ma_bn", "ma_lk", "dia_chi"):
            identifiers |= {v for v in [getattr(claim.xml1, tag)] if v and len(v) >= 6}
    assert len(identifiers) > 100
    for batches in bench.linked(DAY):
        for batch in batches.values():
            text = repr(batch.to_pylist())
            assert not [v for v in identifiers if v in text]


def test_a_file_of_another_kind_is_refused() -> None:
    from vnhealth.codecs import write

    data = write(DAY[:1], edition="3176", facility="01901", created=dt.date(2026, 3, 19))
    for wrong in (data, b"<x/>", b"no xml", data[:100]):
        with pytest.raises(DeidError) as caught:
            list(columns.deid_arrow(wrong))
        assert caught.value.code == "ERR-COL-04"


def test_a_record_of_another_label_is_refused(bench: Any) -> None:
    data = deid.apply(DAY[:2], key=bench.key, **bench.names).data
    changed = data.replace(b"<NHAN>pseudonymised", b"<NHAN>aggregate")
    with pytest.raises(DeidError) as caught:
        list(columns.deid_arrow(changed))
    assert caught.value.code == "ERR-COL-04"


def test_unknown_tags_of_a_record_do_not_become_columns(bench: Any) -> None:
    data = deid.apply(DAY[:2], key=bench.key, **bench.names).data
    changed = data.replace(b"<XML1>", b"<XML1><HO_TEN>X</HO_TEN>", 1)
    batches = list(columns.deid_arrow(changed))
    assert "HO_TEN" not in batches[0]["XML1"].schema.names
    assert batches[0]["XML1"].column("_unread").to_pylist()[0] == ["HO_TEN"]


def test_parquet_folders_come_back_whole(tmp_path: Path) -> None:
    days = [
        claim
        for day in (dt.date(2026, 3, 18), dt.date(2026, 4, 2))
        for facility in ("01991", "79991")
        for claim in synth.generate(encounters=10, seed=3, day=day, facility=facility)
    ]
    with columns.DatasetWriter(tmp_path / "a", buffered=100) as writer:
        for batches in columns.iter_arrow(days, rows=60):
            writer.write(batches)
    held = columns.open_dataset(tmp_path / "a")
    places = {
        path.relative_to(tmp_path / "a" / "XML1").parts[:2]
        for path in (tmp_path / "a" / "XML1").rglob("*.parquet")
    }
    assert places == {
        (f"period={period}", f"province={province}")
        for period in ("2026-03", "2026-04")
        for province in ("01", "79")
    }
    for name, batch in columns.to_arrow(days).items():
        found = [row for part in held.batches(name) for row in part.to_pylist()]
        key = lambda row: (row["_encounter"], row["_row"])  # noqa: E731
        assert sorted(found, key=key) == sorted(batch.to_pylist(), key=key)


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        with columns.DatasetWriter(tmp_path / name) as writer:
            for batches in columns.iter_arrow(DAY, rows=60):
                writer.write(batches)
    a, b = (
        {p.relative_to(tmp_path / name): p.read_bytes() for p in (tmp_path / name).rglob("*.*")}
        for name in ("a", "b")
    )
    assert a
    assert a == b


def test_many_partitions_are_written_with_few_open_files(
    tmp_path: Path, bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vnhealth.deid.columns._dataset.OPEN", 3)
    claims = [
        bench.claim(n, xml1={"ngay_vao": f"2025{n:02}150900", "ngay_ra": f"2025{n:02}151000"})
        for n in range(1, 11)
    ]
    with columns.DatasetWriter(tmp_path, buffered=1) as writer:
        for _ in range(2):
            for batches in columns.iter_arrow(claims, rows=4):
                writer.write(batches)
                assert len(writer._open) <= 3
    held = columns.open_dataset(tmp_path)
    assert sum(part.num_rows for part in held.batches("XML1")) == 20
    assert len(list((tmp_path / "XML1").rglob("part-00001.parquet"))) == 10


def test_two_labels_do_not_go_into_one_folder(tmp_path: Path, bench: Any) -> None:
    both = [columns.to_arrow(DAY[:2]), bench.linked(DAY[:2])[0]]
    with pytest.raises(DeidError) as caught:
        write_all(tmp_path, both)
    assert caught.value.code == "ERR-COL-07"
    assert not (tmp_path / columns.SIDECAR).exists()


def test_unlabelled_batches_are_refused(tmp_path: Path) -> None:
    batch = pa.RecordBatch.from_pydict({"A": [1]})
    with pytest.raises(DeidError) as caught:
        write_all(tmp_path, [{"XML1": batch}])
    assert caught.value.code == "ERR-COL-06"
    with pytest.raises(DeidError):
        columns.derive(batch, "encounter")
    with pytest.raises(DeidError):
        columns.open_dataset(tmp_path / "nothing")


def test_importing_the_package_does_not_load_arrow() -> None:
    code = "import sys, vnhealth.deid.columns; print('pyarrow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_without_pyarrow_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(DeidError) as caught:
        columns.schema("XML1")
    assert "frames" in caught.value.hint("vi")


def test_every_table_is_read_by_other_engines(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    polars = pytest.importorskip("polars")
    with columns.DatasetWriter(tmp_path) as writer:
        writer.write(columns.to_arrow(DAY))
    pattern = str(tmp_path / "XML3" / "**" / "*.parquet")
    wanted = sum(row.thanh_tien_bv for claim in DAY for row in claim.rows("XML3"))
    sql = f"SELECT sum(THANH_TIEN_BV), any_value(province) FROM read_parquet('{pattern}', hive_partitioning=true, hive_types_autocast=false)"
    assert duckdb.connect().execute(sql).fetchall() == [(wanted, "01")]
    frame = polars.scan_parquet(pattern, hive_partitioning=True).select("THANH_TIEN_BV").sum()
    assert frame.collect().item() == wanted


def test_all_tables_of_the_family_are_known() -> None:
    assert set(columns.FACTS.values()) <= set(columns._schema.table_names(Family.F130))


@pytest.fixture(scope="module")
def released() -> deid.Result:
    day = list(synth.Day(encounters=600, edition="3176", seed=7))
    return deid.release(day, key=deid.Key(bytes(range(32))), facility="01901", max_suppressed=0.9)


def test_released_rows_become_a_table_without_anything_to_join_by(
    released: deid.Result, tmp_path: Path
) -> None:
    with columns.DatasetWriter(tmp_path) as writer:
        for batches in columns.deid_arrow(released.data):
            assert list(batches) == ["XML1"]
            writer.write(batches)
    held = columns.open_dataset(tmp_path)
    assert held.about is not None
    assert held.about.label is Label.DEIDENTIFIED
    rows = [row for batch in held.batches("XML1") for row in batch.to_pylist()]
    assert len(rows) == released.data.count(b"<HOSO>") > 100
    assert {row["_encounter"] for row in rows} == {""}
    assert not [name for name in rows[0] if name.startswith("TOKEN") or name == "MA_LK"]
    assert isinstance(rows[0]["T_TONGCHI_BV"], Decimal)
    text = released.data.decode()
    assert sum(row["GIOI_TINH"] == "2" for row in rows) == text.count("<GIOI_TINH>2<")
    assert {row["_unread"] == [] for row in rows} == {True}


def test_indicators_are_not_computed_from_released_rows(
    released: deid.Result, tmp_path: Path
) -> None:
    from vnhealth import indicators

    (tmp_path / "r.xml").write_bytes(released.data)
    with pytest.raises(DeidError) as caught:
        indicators.compute(tmp_path)
    assert caught.value.code == "ERR-COL-09"


def test_a_lost_label_is_told_from_the_columns(released: deid.Result, bench: Any) -> None:
    sets = {
        Label.IDENTIFIED: columns.to_arrow(DAY),
        Label.PSEUDONYMISED: bench.linked(DAY)[0],
        Label.DEIDENTIFIED: next(columns.deid_arrow(released.data)),
    }
    for label, tables in sets.items():
        for batch in tables.values():
            assert about_of(batch.replace_schema_metadata(None)).label is label
    for name in columns.table_names():
        for label in (Label.IDENTIFIED, Label.PSEUDONYMISED):
            empty = pa.RecordBatch.from_pylist([], schema=columns.schema(name, label))
            if "MA_LK" in empty.schema.names:
                assert about_of(empty.replace_schema_metadata(None)).label is label
