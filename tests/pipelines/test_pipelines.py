"""Pipelines give what the same work in one piece gives, whatever the number of workers."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vnhealth import bhyt, codecs, deid, pipelines, synth
from vnhealth.deid import columns
from vnhealth.errors import VnHealthError
from vnhealth.pipelines._chunks import chunks
from vnhealth.pipelines._ranges import CHUNK, Span, cuts, portions

SIZE = 200_000
COUNT = 40
KEY = partial(deid.Key, bytes(range(32)))
NAMES = {"recipient": "kho", "purpose": "thống kê"}


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    claims = list(synth.generate(encounters=COUNT, edition="3176", seed=3, facility="01991"))
    path = tmp_path_factory.mktemp("in") / "big.xml"
    path.write_bytes(codecs.write(claims, edition="3176", facility="01991"))
    assert path.stat().st_size > 4 * SIZE
    return path


@pytest.fixture(scope="module")
def folder(big: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve small files, a huge one, one that is no document."""
    place = tmp_path_factory.mktemp("folder")
    claims = list(synth.generate(encounters=12, edition="4210", seed=5, facility="01991"))
    for n, claim in enumerate(claims):
        data = codecs.write([claim], edition="4210", facility="01991")
        (place / f"a{n:02}.xml").write_bytes(data)
    (place / "big.xml").write_bytes(big.read_bytes())
    (place / "broken.xml").write_bytes(b"<X>no document</X>")
    return place


def tables_of(parts: list[dict[str, pa.Table]]) -> dict[str, pa.Table]:
    names = sorted({name for part in parts for name in part})
    return {n: pa.concat_tables(part[n] for part in parts if n in part) for n in names}


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("workers", [1, 2])
def test_arrow_is_what_all_claims_at_once_give(big: Path, workers: int) -> None:
    found = tables_of(list(pipelines.arrow(big, workers=workers, size=SIZE)))
    expected = columns.to_arrow(codecs.read(big))
    assert found.keys() == expected.keys()
    for name, batch in expected.items():
        assert found[name].equals(pa.Table.from_batches([batch]), check_metadata=True)


@pytest.mark.e2e
def test_parquet_files_do_not_depend_on_the_number_of_workers(folder: Path, tmp_path: Path) -> None:
    reports = [
        pipelines.to_parquet(folder, tmp_path / str(n), workers=n, size=SIZE) for n in (1, 2)
    ]
    one, two = (content(tmp_path / str(n)) for n in (1, 2))
    assert one == two
    assert reports[0] == reports[1]
    assert reports[0].encounters == COUNT + 12
    assert [(Path(t.path).name, t.finding.code) for t in reports[0].troubles] == [
        ("broken.xml", "ERR-XML-03")
    ]
    held = columns.open_dataset(tmp_path / "2")
    assert held.about is not None
    assert held.about.label is deid.Label.IDENTIFIED
    rows = {name: sum(b.num_rows for b in held.batches(name)) for name in held.tables}
    assert rows == reports[1].rows
    schema = pq.read_schema(next((tmp_path / "2" / "XML1").iterdir()))
    assert schema.equals(columns.schema("XML1"))
    assert schema.metadata == columns.schema("XML1").metadata


def test_indicators_count_the_same_from_parquet_files(big: Path, tmp_path: Path) -> None:
    from vnhealth import indicators

    pipelines.to_parquet(big, tmp_path / "tables", workers=1, size=SIZE)
    ids = ["A1", "B1", "Q7"]
    found = indicators.compute(tmp_path / "tables", ids=ids)
    expected = indicators.compute(big, ids=ids)
    for indicator in ids:
        assert found[indicator].to_csv() == expected[indicator].to_csv()


@pytest.mark.e2e
def test_conversion_gives_the_bytes_of_each_file_as_a_whole(folder: Path, tmp_path: Path) -> None:
    for workers in (1, 2):
        out = tmp_path / str(workers)
        report = pipelines.convert(folder, out, to="3176", workers=workers, size=SIZE)
        losses = []
        for path in sorted(folder.glob("*.xml")):
            if path.name == "broken.xml":
                assert not (out / path.name).exists()
                continue
            document = codecs.read(path)
            converted, lost = bhyt.convert(document, "3176")
            losses.append(lost)
            created = document.created.date() if document.created else None
            expected = bhyt.write(
                converted, edition="3176", facility=document.facility, created=created
            )
            assert (out / path.name).read_bytes() == expected
        assert report.losses == type(losses[0]).total(losses)
        assert report.written == COUNT + 12
        assert [t.finding.code for t in report.troubles] == ["ERR-XML-03"]
        assert not (tmp_path / f"{workers}.parts").exists()


def test_an_encounter_that_cannot_be_written_costs_only_itself(big: Path, tmp_path: Path) -> None:
    claims = list(codecs.read(big).claims)[:9]
    odd = claims[4].replace(xml1=claims[4].xml1.replace(ma_nghe_nghiep="9" * 60))
    texts = []
    for claim in [*claims[:4], odd, *claims[5:]]:
        inner = codecs.encode_table("XML1", [claims[0].xml1], "3176")
        inner = inner.replace(b"<MA_LK>", b"<MA_LK>" + str(len(texts)).encode())
        if claim is odd:
            inner = inner.replace(b"<MA_NGHE_NGHIEP>", b"<MA_NGHE_NGHIEP>" + b"9" * 60)
        texts.append(inner)
    source = tmp_path / "odd.xml"
    bodies = [
        "<HOSO><FILEHOSO><LOAIHOSO>XML1</LOAIHOSO><NOIDUNGFILE>"
        + text.decode().partition("?>")[2].strip()
        + "</NOIDUNGFILE></FILEHOSO></HOSO>"
        for text in texts
    ]
    head = (
        "<GIAMDINHHS><THONGTINDONVI><MACSKCB>01991</MACSKCB></THONGTINDONVI><THONGTINHOSO>"
        "<NGAYLAP>20260801</NGAYLAP><SOLUONGHOSO>9</SOLUONGHOSO><DANHSACHHOSO>"
    )
    tail = "</DANHSACHHOSO></THONGTINHOSO><CHUKYDONVI/></GIAMDINHHS>"
    source.write_text(head + "".join(bodies) + tail, "utf-8")
    size = source.stat().st_size // 3
    report = pipelines.convert(source, tmp_path / "out.xml", to="3176", workers=1, size=size)
    assert report.portions > 1
    assert report.encounters == 9
    assert report.written == 8
    assert report.losses is not None
    assert report.losses.encounters == 8
    assert {t.finding.encounter for t in report.troubles} == {4}
    written = codecs.read(tmp_path / "out.xml")
    assert written.declared == len(written) == 8


@pytest.mark.e2e
@pytest.mark.parametrize("workers", [1, 2])
def test_deidentification_gives_the_bytes_and_the_manifest_of_one_file(
    big: Path, tmp_path: Path, workers: int
) -> None:
    expected = deid.deidentify_file(big, tmp_path / "one.xml", key=KEY(), risk=True, **NAMES)
    found = pipelines.deid(
        big, tmp_path / "two.xml", key=KEY, workers=workers, size=SIZE, risk=True, **NAMES
    )
    assert (tmp_path / "two.xml").read_bytes() == (tmp_path / "one.xml").read_bytes()
    assert found.manifest == expected
    assert sorted(p.name for p in tmp_path.iterdir()) == ["one.xml", "two.xml"]


@pytest.mark.e2e
def test_findings_have_the_numbers_of_their_encounters(folder: Path, tmp_path: Path) -> None:
    reports = [pipelines.check(folder, tmp_path / str(n), workers=n, size=SIZE) for n in (1, 2)]
    assert content(tmp_path / "1") == content(tmp_path / "2")
    assert reports[0] == reports[1]
    found = pq.read_table(tmp_path / "2" / "findings").to_pylist()
    assert sum(reports[1].codes.values()) == sum(reports[1].severities.values()) == len(found)
    for path in (folder / "a03.xml", folder / "big.xml"):
        of_file = [f for f in found if f["file"] == str(path)]
        mine = [
            (f["encounter"], f["code"], f["table"], f["row"], f["tag"], f["message"])
            for f in of_file
            if f["encounter"] is not None
        ]
        expected = [
            (f.encounter, f.code, f.table, f.row, f.tag, f.message_vi)
            for f in bhyt.check(codecs.read(path))
            if f.encounter is not None
        ]
        key = lambda item: tuple(map(str, item))  # noqa: E731
        assert sorted(mine, key=key) == sorted(expected, key=key)
    assert [f["code"] for f in found if f["file"].endswith("broken.xml")] == ["ERR-XML-03"]


def test_a_broken_encounter_in_a_huge_file_costs_only_itself(big: Path, tmp_path: Path) -> None:
    data = big.read_bytes()
    places = [i for i in range(len(data)) if data.startswith(b"<NOIDUNGFILE>", i)]
    at = places[len(places) // 2] + len(b"<NOIDUNGFILE>")
    path = tmp_path / "broken.xml"
    path.write_bytes(data[:at] + b"<<<" + data[at + 3 :])
    found = tables_of(list(pipelines.arrow(path, workers=1, size=SIZE)))
    expected = columns.to_arrow(codecs.read(path))
    assert found["XML1"]["MA_LK"].to_pylist() == expected["XML1"]["MA_LK"].to_pylist()
    assert found["XML1"].num_rows >= COUNT - 1


def test_progress_grows_to_all_there_is(folder: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    pipelines.check(
        folder, tmp_path, workers=1, size=SIZE, progress=lambda done, of: seen.append((done, of))
    )
    total = sum(p.stat().st_size for p in folder.iterdir())
    assert [of for _, of in seen] == [total] * len(seen)
    assert sorted(seen) == seen
    assert total - seen[-1][0] < 4096


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=12),
    st.integers(1, 200),
    st.sampled_from(["HOSO", "hoso", "x:HOSO"]),
    st.booleans(),
)
def test_cuts_stand_behind_encounters_only(
    sizes: list[int], size: int, tag: str, commented: bool
) -> None:
    cases = [f"<{tag}>{'x' * n}</{tag} >".encode() for n in sizes]
    comment = f"<!-- <{tag}></{tag}> <{tag}></{tag}> -->".encode() if commented else b" "
    data = comment.join(cases)
    found = list(cuts(io.BytesIO(data), 0, len(data), size))
    assert b"".join(data[a:b] for a, b in found) == data
    for start, end in found:
        piece = data[start:end]
        assert piece.count(b"<!--") == piece.count(b"-->")
        assert piece.rstrip().endswith(f"</{tag} >".encode())


def test_small_files_are_worked_on_together_and_huge_ones_apart(folder: Path) -> None:
    paths = sorted(folder.iterdir())
    found = list(portions(paths, SIZE))
    assert [s.path for work in found for s in work if s.first] == list(map(str, paths))
    assert max(len(work) for work in found) > 1
    cut = [work for work in found if work[0].edges]
    assert len(cut) > 3
    assert all(len(work) == 1 for work in cut)
    assert [work[0].last for work in cut] == [False] * (len(cut) - 1) + [True]


def test_a_file_below_the_range_is_read_in_pieces_too(big: Path, tmp_path: Path) -> None:
    source = tmp_path / "day.xml"
    claims = list(codecs.read(big).claims) * 3
    source.write_bytes(codecs.write(claims, edition="3176", facility="01991"))
    span = Span(str(source), 0, source.stat().st_size)
    assert span.size > 2 * CHUNK
    lengths = [len(document) for document in chunks(span, [])]
    assert len(lengths) > 2
    assert sum(lengths) == 3 * COUNT
    assert [len(document) for document in chunks(span, [], whole=True)] == [3 * COUNT]
    report = pipelines.convert(source, tmp_path / "out.xml", to="130", workers=1)
    assert report.portions == 1
    document = codecs.read(source)
    converted, _ = bhyt.convert(document, "130")
    created = document.created.date() if document.created else None
    expected = bhyt.write(converted, edition="130", facility="01991", created=created)
    assert (tmp_path / "out.xml").read_bytes() == expected
    checked: Any = pipelines.check(source, tmp_path / "checked", workers=1)
    assert checked.codes == Counter(f.code for f in bhyt.check(document))


def test_what_cannot_be_cut_stays_whole(tmp_path: Path, big: Path) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(big, "big.xml")
    (tmp_path / "b.xml").write_bytes(b"<X>" + b" " * 500 + b"</X>")
    found = [span for work in portions(sorted(tmp_path.iterdir()), 100) for span in work]
    assert found == [
        Span(str(p), 0, p.stat().st_size) for p in (tmp_path / "a.zip", tmp_path / "b.xml")
    ]
    report = pipelines.to_parquet(tmp_path, tmp_path / "out", workers=1, size=100)
    assert report.encounters == COUNT
    assert [t.finding.code for t in report.troubles] == ["ERR-XML-03"]


def test_an_empty_folder_and_the_folder_of_another_job_are_refused(
    big: Path, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(VnHealthError) as caught:
        pipelines.to_parquet(tmp_path / "in", tmp_path / "out")
    assert caught.value.code == "ERR-PIPE-03"
    pipelines.to_parquet(big, tmp_path / "out", workers=1)
    other = tmp_path / "other.xml"
    other.write_bytes(big.read_bytes())
    with pytest.raises(VnHealthError) as caught:
        pipelines.to_parquet(other, tmp_path / "out", workers=1)
    assert caught.value.code == "ERR-PIPE-01"


def test_the_journal_holds_no_value_of_the_documents(big: Path, tmp_path: Path) -> None:
    pipelines.check(big, tmp_path, workers=1, size=SIZE)
    text = (tmp_path / "_vnhealth_run.jsonl").read_text("utf-8")
    for claim in codecs.read(big).claims:
        for value in (claim.ma_lk, claim.xml1.ho_ten, claim.xml1.so_cccd, claim.xml1.ma_the_bhyt):
            assert not value or value not in text
    assert all(isinstance(json.loads(line), dict) for line in text.splitlines())


def test_findings_of_another_day(big: Path, tmp_path: Path) -> None:
    day = dt.date(2024, 2, 1)
    report: Any = pipelines.check(big, tmp_path, workers=1, edition="130", on=day)
    expected = bhyt.check(codecs.read(big), edition="130", on=day)
    assert sum(report.codes.values()) == len(expected)
