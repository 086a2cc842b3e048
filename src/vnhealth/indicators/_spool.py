"""Facts on disk: one Parquet folder per fact, appended batch by batch in flat memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vnhealth.deid import Label
from vnhealth.deid.columns import FACTS, Described, fact_schema, read_meta
from vnhealth.errors import VnHealthError

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]

__all__ = ["NAMES", "FactSpool"]

NAMES = (*FACTS, "quality")
"""All fact tables."""

ROWS = 65_536
"""Rows of one fact that are held back before they are written."""


class FactSpool:
    """Appends facts to ``FOLDER/<fact>/part-<number>.parquet``.

    Several spools with different numbers may write into one folder. All facts must carry one label:
    identified and pseudonymised rows count differently (`VnHealthError` ERR-IND-06).
    """

    def __init__(self, folder: Path, number: int = 0) -> None:
        import pyarrow.parquet as pq  # type: ignore[import-untyped]

        self.folder = folder
        self.number = number
        self.label: Label | None = None
        self.dates = "true"
        self.rows: dict[str, int] = {}
        self.manifests: set[str] = set()
        self._pq = pq
        self._writers: dict[str, Any] = {}
        self._held: dict[str, list[pa.RecordBatch]] = {}

    def add(self, facts: Mapping[str, Iterable[pa.RecordBatch]]) -> None:
        """Batches of facts by name."""
        for name, batches in facts.items():
            for batch in batches:
                self._check(read_meta(batch.schema))
                self.rows[name] = self.rows.get(name, 0) + batch.num_rows
                self._held.setdefault(name, []).append(batch.replace_schema_metadata(None))
            if sum(b.num_rows for b in self._held.get(name, ())) >= ROWS:
                self._write(name)

    def _check(self, about: Described | None) -> None:
        if about is None:
            return
        if self.label is None:
            self.label, self.dates = about.label, about.dates
        if about.label is not self.label:
            raise VnHealthError("ERR-IND-06")
        if about.manifest_sha256:
            self.manifests.add(about.manifest_sha256)

    def _write(self, name: str) -> None:
        import pyarrow as pa

        held = self._held.pop(name, [])
        if not held:
            return
        schema = fact_schema(name).remove_metadata()
        if name not in self._writers:
            path = self.folder / name / f"part-{self.number:05}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writers[name] = self._pq.ParquetWriter(path, schema, compression="zstd")
        self._writers[name].write_table(pa.Table.from_batches(held).cast(schema))

    def close(self) -> None:
        """Write what is held back and finish the files."""
        for name in list(self._held):
            self._write(name)
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()
