"""Documents to Arrow tables in several processes: handed back in order, or as Parquet files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vnhealth.deid import Label
from vnhealth.deid.columns import Described, modern, sidecar
from vnhealth.deid.columns._identified import Claims, created_day
from vnhealth.deid.columns._need import need, need_arrow
from vnhealth.errors import VnHealthError
from vnhealth.pipelines._chunks import Trouble, chunks, trouble_of
from vnhealth.pipelines._files import placed
from vnhealth.pipelines._journal import Outcome
from vnhealth.pipelines._ranges import Work, documents, portions
from vnhealth.pipelines._run import RANGE, Progress, Report, outcomes, run, workers_for

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]

__all__ = ["arrow", "to_parquet"]

ROWS = 65_536
"""Rows of all tables that are gathered before they are written."""

ARROW_RANGE = 8 * 1024 * 1024
"""Bytes of a huge file whose tables travel together from a worker to the caller."""


class _Tables:
    """What both steps do: read, convert to the 130 family, gather."""

    options: dict[str, Any] = {}  # noqa: RUF012

    def batches(self, work: Work, outcome: Outcome) -> Iterator[dict[str, pa.RecordBatch]]:
        """Sets of batches by table name; counts go to ``outcome``."""
        gathered = Claims()
        for span in work:
            number = 0
            for document in chunks(span, outcome.troubles):
                sent = created_day(document)
                for claim in document.claims:
                    try:
                        gathered.add(modern(claim), sent)
                    except VnHealthError as error:
                        outcome.troubles.append(trouble_of(span.path, error, number))
                    number += 1
                if gathered.builder.rows >= ROWS:
                    yield self._counted(gathered, outcome)
            outcome.encounters += number
        if gathered.builder.rows:
            yield self._counted(gathered, outcome)

    @staticmethod
    def _counted(gathered: Claims, outcome: Outcome) -> dict[str, pa.RecordBatch]:
        found = gathered.take()
        for name, batch in found.items():
            outcome.rows[name] = outcome.rows.get(name, 0) + batch.num_rows
        return found


class _ToArrow(_Tables):
    kind = "arrow"

    def __call__(self, number: int, work: Work) -> Outcome:
        pa = need_arrow()
        outcome = Outcome()
        held: dict[str, list[Any]] = {}
        for batches in self.batches(work, outcome):
            for name, batch in batches.items():
                held.setdefault(name, []).append(batch)
        for name, found in held.items():
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, found[0].schema) as writer:
                for batch in found:
                    writer.write_batch(batch)
            outcome.data[name] = sink.getvalue().to_pybytes()
        return outcome


class _ToParquet(_Tables):
    kind = "to_parquet"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, number: int, work: Work) -> Outcome:
        pq = need("pyarrow.parquet", "frames")
        outcome = Outcome()
        writers: dict[str, Any] = {}
        with placed(self._folder) as files:
            try:
                for batches in self.batches(work, outcome):
                    for name, batch in batches.items():
                        if name not in writers:
                            path = files.open(self._folder / name / f"part-{number:05}.parquet")
                            writers[name] = pq.ParquetWriter(path, batch.schema, compression="zstd")
                        writers[name].write_batch(batch)
            finally:
                for writer in writers.values():
                    writer.close()
        return outcome


def arrow(
    source: str | os.PathLike[str],
    *,
    workers: int = 0,
    troubles: list[Trouble] | None = None,
    progress: Progress | None = None,
    size: int = ARROW_RANGE,
) -> Iterator[dict[str, pa.Table]]:
    """The tables of a file or folder of any size, a set at a time, in order, in flat memory.

    Worker processes read and hand back Arrow. Tables are labelled *identified*; claims of 4210 are
    converted. What cannot be read is left out and goes to ``troubles``. ``workers`` 0 stands for
    one for each core. Where a set ends depends on ``size`` alone, not on the number of workers.

    A script that calls this with several workers needs the usual ``if __name__ == "__main__":``.
    """
    pa = need_arrow()
    paths = documents(source)
    total = sum(path.stat().st_size for path in paths)
    base = passed = 0
    found = outcomes(_ToArrow(), enumerate(portions(paths, size)), workers_for(workers))
    for _, work, outcome in found:
        base = 0 if work[0].first else base
        if troubles is not None:
            troubles += [trouble.moved(base) for trouble in outcome.troubles]
        base += outcome.encounters
        if outcome.data:
            yield {n: pa.ipc.open_stream(data).read_all() for n, data in outcome.data.items()}
        passed += sum(span.size for span in work)
        if progress is not None:
            progress(min(passed, total), total)


def to_parquet(
    source: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    workers: int = 0,
    progress: Progress | None = None,
    size: int = RANGE,
) -> Report:
    """Documents of any size as Parquet files, ``FOLDER/XML1/part-00000.parquet`` and so on.

    The schema of each table is derived from the standard (`vnhealth.deid.columns.schema`), with the
    label *identified* in its metadata; claims of 4210 are converted. Each worker writes whole files
    of its own, so memory is flat and nothing is sent around. The same source and ``size`` give the
    same files for any number of ``workers`` (0: one for each core).

    A run that was killed goes on where it stopped when it is called again. Raises `VnHealthError`
    (ERR-PIPE-01) when the folder holds the results of another source or another version.
    """
    need("pyarrow.parquet", "frames")
    root = Path(folder)
    report = Report()
    run(
        _ToParquet(root),
        source,
        root,
        workers=workers_for(workers),
        size=size,
        progress=progress,
        report=report,
    )
    sidecar(root, Described(Label.IDENTIFIED), report.rows)
    return report
