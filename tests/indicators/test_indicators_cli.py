"""The commands, and the report that people read."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from lxml import etree, html

from vnhealth import deid, indicators, synth
from vnhealth.cli import run as vnhealth
from vnhealth.deid import columns
from vnhealth.indicators._svg import Bar, bars, lines


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("records")
    synth.write_files(folder, encounters=60, edition="3176", seed=7, per_file=10)
    return folder


@pytest.fixture(scope="module")
def report(records: Path) -> indicators.Report:
    return indicators.compute(records)


def page(report: indicators.Report, **options: Any) -> str:
    stream = io.StringIO()
    indicators.write_html(report, stream, **options)
    return stream.getvalue()


def test_run_writes_all_formats(records: Path, tmp_path: Path, capsys: Any) -> None:
    out = tmp_path / "out"
    formats = [word for name in ("html", "json", "csv") for word in ("--format", name)]
    assert vnhealth(["indicators", "run", "--in", str(records), "--out", str(out), *formats]) == 0
    told = capsys.readouterr().out
    assert "chi-so.html" in told
    assert "B6" in told
    data = json.loads((out / "chi-so.json").read_text("utf-8"))
    assert data["label"] == "aggregate"
    ids = [i["id"] for i in data["indicators"]]
    assert {f"{i}.csv" for i in ids} == {p.name for p in out.glob("*.csv")}
    rows = list(csv.DictReader((out / "A1.csv").read_text("utf-8").splitlines()))
    assert rows[0] == {
        "period": "*", "province": "*", "facility": "*", "care": "*", "insured": "*",
        "n": "60", "hidden": "",
    }  # fmt: skip
    hidden = [row for row in rows if row["hidden"]]
    assert hidden
    assert {row["n"] for row in hidden} == {""}


def test_the_same_input_gives_the_same_bytes(records: Path, report: indicators.Report) -> None:
    again = indicators.compute(records, jobs=2)
    assert again.to_json() == report.to_json()
    assert page(again) == page(report)


def test_tables_give_the_same_report_as_documents(
    records: Path, report: indicators.Report, tmp_path: Path
) -> None:
    assert vnhealth(["indicators", "columns", "--in", str(records), "--out", str(tmp_path)]) == 0
    from_tables = indicators.compute(tmp_path).to_dict()
    assert from_tables["indicators"] == report.to_dict()["indicators"]
    assert (tmp_path / columns.SIDECAR).is_file()


def test_the_manifest_of_a_deidentified_file_is_named(
    records: Path, tmp_path: Path, bench: Any
) -> None:
    source = next(records.rglob("*.xml"))
    deid.deidentify_file(source, tmp_path / "a.xml", key=bench.key, manifest=tmp_path / "a.json")
    found = indicators.compute(tmp_path / "a.xml", ids=["A3"])
    assert found.manifests == (columns.manifest_hash(tmp_path / "a.json"),)
    assert found.input_label.value == "pseudonymised"
    assert found.manifests[0][:16] in page(found)


def test_list_and_explain(capsys: Any) -> None:
    assert vnhealth(["indicators", "list", "--format", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert [i["id"] for i in data["indicators"]] == list(indicators.catalogue())
    assert all(m["reason_vi"] for m in data["not_computed"])
    assert vnhealth(["indicators", "list"]) == 0
    assert "Chưa tính được" in capsys.readouterr().out
    for name in indicators.catalogue():
        assert vnhealth(["indicators", "explain", name.lower()]) == 0
        told = capsys.readouterr().out
        assert "Căn cứ" in told
        assert "SELECT" in told
        assert "{groups}" not in told
    assert vnhealth(["--lang", "en", "indicators", "explain", "A1"]) == 0
    assert "Basis" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (["explain", "Z9"], 2, "ERR-IND-03"),
        (["run", "--in", "{in}", "--out", "{out}", "--id", "Z9"], 2, "ERR-IND-03"),
        (["run", "--in", "{out}", "--out", "{out}"], 2, "ERR-IND-02"),
        (["run", "--in", "{in}", "--out", "{out}", "--format", "pdf"], 2, ""),
        (["run", "--in", "{in}", "--out", "{out}", "--restricted", "hiv="], 2, "ERR-IND-05"),
        (["run", "--in", "{in}", "--out", "{out}", "--restricted", "hiv"], 2, ""),
        (["run", "--in", "{in}", "--out", "{out}", "--audience", "x"], 2, "ERR-IND-09"),
        (["run", "--in", "{bad}", "--out", "{out}"], 3, "ERR-XML"),
    ],
)
def test_wrong_calls(
    records: Path, tmp_path: Path, capsys: Any, words: list[str], status: int, code: str
) -> None:
    (tmp_path / "bad.xml").write_bytes(b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>")
    (tmp_path / "out").mkdir()
    places = {"in": records, "out": tmp_path / "out", "bad": tmp_path / "bad.xml"}
    assert vnhealth(["indicators", *(word.format(**places) for word in words)]) == status
    shown = capsys.readouterr()
    assert code in shown.err
    assert "Traceback" not in shown.err + shown.out


def test_the_page_stands_alone_and_speaks_both_languages(report: indicators.Report) -> None:
    text = page(report, made="04/08/2026")
    root = html.document_fromstring(text)
    assert root.get("lang") == "vi"
    assert not [e for e in root.iter() if e.get("src") or (e.get("href") or "#")[:1] != "#"]
    assert "url(" not in text
    vi, en = (len(root.xpath(f'//span[@lang="{lang}"]')) for lang in ("vi", "en"))
    assert vi == en > 100
    for result in report.results:
        assert root.get_element_by_id(result.indicator.id) is not None
    for plot in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
        etree.fromstring(plot)
    assert len(re.findall("<svg", text)) > 15
    assert "ẩn danh" not in text
    assert "anonymous" not in text.lower()


def test_hidden_figures_are_not_on_the_page(records: Path) -> None:
    report = indicators.compute(records, ids=["A3"])
    kinds = report["A3"]
    gone = [row for row in kinds.rows if row.hidden]
    assert gone
    cells = html.document_fromstring(page(report)).xpath('//td[@class="n"]/text()')
    assert cells.count("✱") == sum(len(row.hidden) for row in gone)


def test_no_identifier_is_in_any_output(records: Path, report: indicators.Report) -> None:
    from vnhealth.codecs import iter_claims

    told = report.to_json() + page(report) + "".join(r.to_csv() for r in report.results)
    for path in records.rglob("*.xml"):
        for claim in iter_claims(path):
            row = claim.xml1
            for value in (row.ho_ten, row.so_cccd, row.ma_the_bhyt, row.ma_lk, row.ma_bn):
                assert not value or value not in told


def test_labels_are_escaped_in_plots() -> None:
    for plot in (
        bars([Bar("<b>&", 3), Bar("y", None)], 'a"b'),
        lines(["w1", "w2"], {"<x>": [1, None], "y": [2, 3]}, "<t>"),
        lines([], {}, "empty"),
    ):
        etree.fromstring(plot)


def test_every_value_has_words_in_both_languages(report: indicators.Report) -> None:
    coded = {
        "care",
        "setting",
        "discharge",
        "sex",
        "age3",
        "insured",
        "chapter",
        "block",
        "disease",
    }
    for result in report.results:
        for row in result.rows:
            for dim, value in zip(result.indicator.dims, row.cell, strict=True):
                if dim in coded and value:
                    for lang in ("vi", "en"):
                        assert indicators.value_title(dim, value, lang) != value
