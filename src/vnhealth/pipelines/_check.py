"""Findings of whole archives as Parquet files."""

from __future__ import annotations

import datetime as dt
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from vnhealth import bhyt, rules
from vnhealth.deid.columns._need import need, need_arrow
from vnhealth.findings import Finding
from vnhealth.pipelines._chunks import chunks
from vnhealth.pipelines._files import placed
from vnhealth.pipelines._journal import Outcome
from vnhealth.pipelines._ranges import Span, Work
from vnhealth.pipelines._run import RANGE, Progress, Report, run, workers_for
from vnhealth.records import Document
from vnhealth.spec import Edition

__all__ = ["Checked", "check"]

FOLDER = "findings"
COLUMNS = {
    "file": "string",
    "encounter": "int64",
    "code": "string",
    "severity": "string",
    "table": "string",
    "row": "int64",
    "tag": "string",
    "message": "string",
}
"""Name and Arrow type; encounters and rows count from 0, messages hold no values."""


@dataclass(slots=True)
class Checked(Report):
    """What a check came to; ``severities`` and ``codes`` count findings."""

    severities: dict[str, int] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)

    def count(self, outcome: Outcome) -> None:
        """Count the findings of a portion."""
        for name, mine in (("severities", self.severities), ("codes", self.codes)):
            for key, count in outcome.facts[name].items():
                mine[key] = mine.get(key, 0) + count


@cache
def _of_documents() -> frozenset[str]:
    """The rules that look at a document as a whole."""
    return frozenset(rule["code"] for rule in rules.export() if rule["scope"] == "document")


class _Check:
    kind = "check"

    def __init__(self, edition: str | None, on: dt.date | None, lang: str) -> None:
        self._edition, self._on, self._lang = edition, on, lang

    @property
    def options(self) -> dict[str, Any]:
        return {"edition": self._edition, "on": str(self._on), "lang": self._lang}

    def __call__(self, number: int, work: Work) -> Outcome:
        outcome = Outcome()
        found: list[tuple[Any, ...]] = []
        for span in work:
            base, told = 0, len(outcome.troubles)
            for document in chunks(span, outcome.troubles, whole=True):
                found += (self._row(span, f, base) for f in self._judged(span, document))
                base += len(document)
            found += (self._row(span, t.finding, 0) for t in outcome.troubles[told:])
            outcome.encounters += base
        for name, place in (("codes", 2), ("severities", 3)):
            outcome.facts[name] = dict(Counter(row[place] for row in found))
        outcome.data[FOLDER] = _packed(found)
        return outcome

    def _judged(self, span: Span, document: Document) -> Iterable[Finding]:
        whole = span.edges is None and document.source is not None
        off = frozenset() if whole else _of_documents()
        found = bhyt.check(document, edition=self._edition, on=self._on, disabled=off)
        return found if whole else (f for f in found if f.encounter is not None)

    def _row(self, span: Span, f: Finding, base: int) -> tuple[Any, ...]:
        number = None if f.encounter is None else f.encounter + base
        place = f.table, f.row, f.tag
        return (span.path, number, f.code, f.severity.value, *place, f.text(self._lang))


def _packed(found: list[tuple[Any, ...]]) -> bytes:
    pa = need_arrow()
    columns = zip(*found, strict=True) if found else ((),) * len(COLUMNS)
    kinds = [pa.type_for_alias(kind) for kind in COLUMNS.values()]
    arrays = [pa.array(column, kind) for column, kind in zip(columns, kinds, strict=True)]
    batch = pa.RecordBatch.from_arrays(arrays, names=list(COLUMNS))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def check(
    source: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    workers: int = 0,
    edition: Edition | str | None = None,
    on: dt.date | None = None,
    lang: str = "vi",
    progress: Progress | None = None,
    size: int = RANGE,
) -> Checked:
    """Check a file or folder of any size; findings go to ``FOLDER/findings/part-00000.parquet``.

    One row for each finding: file, number of the encounter in its file (from 0), code, severity,
    table, row, tag and message, without values of the documents. Files that cannot be read have
    their error as a finding. What concerns a huge file as a whole (its declared count, the same
    MA_LK twice, its signature) is not judged here but by ``vnhealth check``.

    Runs on where it was killed, like `to_parquet`, and raises like it.
    """
    pa, pq = need_arrow(), need("pyarrow.parquet", "frames")
    import pyarrow.compute as pc  # type: ignore[import-untyped]

    root = Path(folder)
    found = Checked()

    def take(number: int, work: Work, outcome: Outcome, base: int, *, old: bool) -> None:
        found.count(outcome)
        if old:
            return
        table = pa.ipc.open_stream(outcome.data[FOLDER]).read_all()
        at = table.schema.get_field_index("encounter")
        table = table.set_column(at, "encounter", pc.add(table["encounter"], base))
        with placed(root) as files:
            pq.write_table(table, files.open(root / FOLDER / f"part-{number:05}.parquet"))

    chosen = Edition.parse(edition).value if edition else None
    run(
        _Check(chosen, on, lang),
        source,
        root,
        workers=workers_for(workers),
        size=size,
        progress=progress,
        take=take,
        report=found,
    )
    return found
