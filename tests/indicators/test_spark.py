"""Apache Spark gives what this process gives.

One small job runs with the other tests; the whole how-to page, as it stands, with the slow ones.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from vnhealth import deid, indicators, synth
from vnhealth.deid import Label, columns
from vnhealth.indicators._intake import columns_of

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.xdist_group("spark"),
    pytest.mark.skipif(
        not all(map(importlib.util.find_spec, ("pyspark", "pandas"))),
        reason="the extra spark is not installed",
    ),
    pytest.mark.skipif(shutil.which("java") is None, reason="Java is not installed"),
]
PAGES = Path(__file__).resolve().parents[2] / "docs"
BLOCK = re.compile(r"^```py\n(.*?)^```", re.MULTILINE | re.DOTALL)
IDS = [i for i in indicators.catalogue() if i not in ("Q3", "Q4", "Q6", "C3.1", "B6")]


def code(lang: str) -> str:
    found = BLOCK.findall((PAGES / lang / "how-to" / "spark-cluster.md").read_text("utf-8"))
    assert len(found) == 1
    return str(found[0])


def test_both_languages_show_the_same_code() -> None:
    assert code("vi") == code("en")


JOB = """
import sys
from functools import partial
from pyspark.sql import SparkSession
from vnhealth import deid
from vnhealth.deid import Label, columns

spark = (
    SparkSession.builder.master("local[1]")
    .config("spark.ui.enabled", "false")
    .config("spark.driver.bindAddress", "127.0.0.1")
    .config("spark.driver.host", "127.0.0.1")
    .config("spark.sql.execution.arrow.maxRecordsPerBatch", "2")
    .getOrCreate()
)
files = spark.read.format("binaryFile").load("in/*.xml").select("content")
step = columns.chain(
    columns.Deidentify(
        partial(deid.Key.from_file, "KEY"), recipient="r", purpose="p", facility="01901"
    ),
    columns.Table("XML1", Label.PSEUDONYMISED),
    columns.Facts("encounter", Label.PSEUDONYMISED),
)
found = files.mapInArrow(columns.each(step), columns.spark_schema(step.schema))
found.write.parquet("out/encounter")
spark.stop()
"""


def submit(folder: Path, text: str) -> None:
    script = folder / "job.py"
    script.write_text(text, "utf-8")
    env = {**os.environ, "PYSPARK_PYTHON": sys.executable, "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=540,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def test_a_step_runs_unchanged_in_map_in_arrow(tmp_path: Path) -> None:
    deid.Key.create_file(tmp_path / "key.txt", entropy=lambda n: bytes(range(n)))
    synth.write_files(tmp_path / "in", encounters=12, edition="3176", seed=5, per_file=3)
    for path in sorted((tmp_path / "in").rglob("*.xml")):
        path.rename(tmp_path / "in" / path.name)
    submit(tmp_path, JOB.replace("KEY", str(tmp_path / "key.txt")))
    found = [
        row
        for batch in columns.open_dataset(tmp_path / "out").batches("encounter")
        for row in batch.to_pylist()
    ]
    files = [path.read_bytes() for path in sorted((tmp_path / "in").glob("*.xml"))]
    step = columns.chain(
        columns.Deidentify(
            partial(deid.Key.from_file, tmp_path / "key.txt"),
            recipient="r",
            purpose="p",
            facility="01901",
        ),
        columns.Table("XML1", Label.PSEUDONYMISED),
        columns.Facts("encounter", Label.PSEUDONYMISED),
    )
    batch = pa.RecordBatch.from_pydict({"content": pa.array(files, pa.binary())})
    wanted = step(batch).to_pylist()
    assert len(wanted) > 6

    def key(row: dict[str, Any]) -> str:
        return str(row["enc"])

    assert sorted(found, key=key) == sorted(wanted, key=key)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the page was run."""
    folder = tmp_path_factory.mktemp("spark")
    key = deid.Key.create_file(folder / "key.txt", entropy=lambda n: bytes(range(n)))
    assert key.version == "A"
    for n in range(2):
        synth.write_files(folder / f"in{n}", encounters=20, edition="3176", seed=n, per_file=7)
    (folder / "in").mkdir()
    for n, path in enumerate(sorted(folder.glob("in?/**/*.xml"))):
        path.rename(folder / "in" / f"{n}.xml")
    submit(folder, code("vi"))
    return folder


def plain(report: indicators.Report) -> dict[str, Any]:
    """Everything but what differs by the way in: how many files were read."""
    told = report.to_dict()
    told["input"].pop("files")
    told["input"].pop("manifests")
    return told


@pytest.mark.slow
def test_identified_indicators_are_those_of_this_process(place: Path) -> None:
    here = indicators.compute(place / "in", ids=IDS, audience="internal")
    there = indicators.compute(
        place / "spark" / "identified" / "facts", ids=IDS, audience="internal"
    )
    left_out = {"Q3.1"}  # the day of the envelope is not in the encounters of Decode
    a, b = plain(here), plain(there)
    for told in (a, b):
        told["indicators"] = [i for i in told["indicators"] if i["id"] not in left_out]
    assert len(a["indicators"]) > 20
    assert a == b


@pytest.mark.slow
def test_pseudonymised_indicators_are_those_of_the_file(place: Path, tmp_path: Path) -> None:
    key = deid.Key.from_file(place / "key.txt")
    from vnhealth.codecs import iter_claims

    claims = [c for path in sorted((place / "in").glob("*.xml")) for c in iter_claims(path)]
    data = deid.apply(
        claims, key=key, recipient="kho tỉnh", purpose="thống kê", facility="01901"
    ).data
    (tmp_path / "linked.xml").write_bytes(data)
    here = indicators.compute(tmp_path, ids=IDS, audience="internal")
    there = indicators.compute(
        place / "spark" / "pseudonymised" / "facts", ids=IDS, audience="internal"
    )
    assert plain(here) == plain(there)


@pytest.mark.slow
def test_the_store_of_spark_is_the_table_of_this_process(place: Path) -> None:
    held = columns.open_dataset(place / "spark" / "identified" / "kho")
    rows = [row for batch in held.batches("XML1") for row in batch.to_pylist()]
    wanted = [
        row
        for path in sorted((place / "in").glob("*.xml"))
        for tables in columns_of(path)
        for row in tables["XML1"].to_pylist()
    ]

    def key(row: dict[str, Any]) -> tuple[str, int]:
        row.pop("_sent")
        return row["_encounter"], row["_row"]

    assert sorted(rows, key=key) == sorted(wanted, key=key)
