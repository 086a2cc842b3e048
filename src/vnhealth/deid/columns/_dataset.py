"""Parquet folders: one folder per table, parted by period and province, written in flat memory."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vnhealth.deid._tables import Label
from vnhealth.deid.columns._need import need, need_arrow
from vnhealth.deid.columns._schema import Described, read_meta
from vnhealth.errors import DeidError

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]

__all__ = ["SIDECAR", "Dataset", "DatasetWriter", "manifest_hash", "open_dataset", "sidecar"]

SIDECAR = "_vnhealth.json"
"""Stands beside the tables; engines skip files whose name begins with an underscore."""

PARTITIONS = ("period", "province")
BUFFERED = 131_072
"""Rows held back over all partitions before they are written."""

OPEN = 48
"""Files that are open at once."""


def manifest_hash(path: str | os.PathLike[str]) -> str:
    """The SHA-256 of a manifest as it stands in its file."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


@dataclass(slots=True)
class _Part:
    """One partition of one table while it is written."""

    folder: Path
    schema: pa.Schema
    batches: list[pa.RecordBatch] = field(default_factory=list)
    held: int = 0
    files: int = 0
    writer: Any = None


class DatasetWriter:
    """Writes sets of batches to a folder; use it as a context manager.

    Layout ``FOLDER/XML1/period=2026-08/province=01/part-00000.parquet``, which DuckDB, Polars,
    Spark and pyarrow read as it is. The schema metadata of every file carry label, hash of the
    manifest and whether dates are true; ``_vnhealth.json`` beside the tables says the same and
    counts rows. All batches must carry one label (else `DeidError` ERR-COL-07). Tables without the
    two columns (facts) are not parted. The same batches in the same order give the same bytes.
    """

    def __init__(self, folder: str | os.PathLike[str], *, buffered: int = BUFFERED) -> None:
        self.folder = Path(folder)
        self.rows: dict[str, int] = {}
        self._buffered = buffered
        self._parts: dict[tuple[str, ...], _Part] = {}
        self._open: dict[tuple[str, ...], None] = {}
        self._held = 0
        self._about: Described | None = None
        self._pq = need("pyarrow.parquet", "frames")

    def __enter__(self) -> DatasetWriter:
        self.folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, kind: Any, *rest: object) -> None:
        self.close(complete=kind is None)

    def write(self, batches: Mapping[str, pa.RecordBatch]) -> None:
        """One batch of each of some tables (or facts), by name."""
        for name, batch in batches.items():
            self._check(batch)
            self.rows[name] = self.rows.get(name, 0) + batch.num_rows
            for place, part in _split(batch):
                self._put((name, *place), part)
        if self._held >= self._buffered:
            self.flush()

    def _check(self, batch: pa.RecordBatch) -> None:
        about = read_meta(batch.schema)
        if about is None:
            raise DeidError("ERR-COL-06")
        if self._about is None:
            self._about = about
        if (about.label, about.manifest_sha256) != (
            self._about.label,
            self._about.manifest_sha256,
        ):
            raise DeidError("ERR-COL-07")

    def _put(self, key: tuple[str, ...], batch: pa.RecordBatch) -> None:
        part = self._parts.get(key)
        if part is None:
            part = self._parts[key] = _Part(self.folder.joinpath(*key), batch.schema)
        part.batches.append(batch)
        part.held += batch.num_rows
        self._held += batch.num_rows

    def flush(self) -> None:
        """Write what is held back, as one group of rows per partition."""
        pa = need_arrow()
        for key, part in self._parts.items():
            if not part.held:
                continue
            if part.writer is None:
                self._start(key, part)
            self._open.pop(key, None)
            self._open[key] = None
            part.writer.write_table(pa.Table.from_batches(part.batches, part.schema))
            part.batches, part.held = [], 0
        self._held = 0

    def _start(self, key: tuple[str, ...], part: _Part) -> None:
        while len(self._open) >= OPEN:
            oldest = next(iter(self._open))
            del self._open[oldest]
            self._end(self._parts[oldest])
        part.folder.mkdir(parents=True, exist_ok=True)
        path = part.folder / f"part-{part.files:05}.parquet"
        part.writer = self._pq.ParquetWriter(path, part.schema, compression="zstd")
        part.files += 1

    @staticmethod
    def _end(part: _Part) -> None:
        if part.writer is not None:
            part.writer.close()
            part.writer = None

    def close(self, *, complete: bool = True) -> None:
        """Finish all files; the description is written only when everything is there."""
        if complete:
            self.flush()
        for part in self._parts.values():
            self._end(part)
        if complete:
            self._describe()

    def _describe(self) -> None:
        sidecar(self.folder, self._about or Described(Label.IDENTIFIED), self.rows)


def sidecar(folder: Path, about: Described, rows: Mapping[str, int]) -> None:
    """Write the description of a folder of tables beside them."""
    found = {
        "format": 1,
        "label": about.label.value,
        "dates": about.dates,
        "manifest_sha256": about.manifest_sha256,
        "policy_sha256": about.policy_sha256,
        "rows": dict(sorted(rows.items())),
    }
    text = json.dumps(found, ensure_ascii=False, indent=2) + "\n"
    (folder / SIDECAR).write_text(text, "utf-8")


def _split(batch: pa.RecordBatch) -> Iterator[tuple[tuple[str, ...], pa.RecordBatch]]:
    """The batch by partition, in the order in which partitions first appear."""
    if not set(PARTITIONS) <= set(batch.schema.names) or "_encounter" not in batch.schema.names:
        yield (), batch
        return
    pairs = list(zip(*(batch.column(name).to_pylist() for name in PARTITIONS), strict=True))
    kept = [name for name in batch.schema.names if name not in PARTITIONS]
    bare = batch.select(kept).replace_schema_metadata(batch.schema.metadata)
    places: dict[tuple[str, str], list[int]] = {}
    for i, pair in enumerate(pairs):
        places.setdefault(pair, []).append(i)
    for pair, where in places.items():
        path = tuple(f"{name}={value}" for name, value in zip(PARTITIONS, pair, strict=True))
        yield path, bare if len(places) == 1 else bare.take(need_arrow().array(where))


@dataclass(frozen=True, slots=True)
class Dataset:
    """A folder of tables (or facts) with what its description says."""

    folder: Path
    about: Described | None
    tables: tuple[str, ...]

    def batches(self, table: str, rows: int = 65_536) -> Iterator[pa.RecordBatch]:
        """The rows of a table in batches, with the columns of its partitions."""
        pa = need_arrow()
        ds = need("pyarrow.dataset", "frames")
        flavor = ds.partitioning(
            pa.schema([pa.field(name, pa.string()) for name in PARTITIONS]), flavor="hive"
        )
        found = ds.dataset(self.folder / table, format="parquet", partitioning=flavor)
        meta = found.schema.metadata
        for batch in found.to_batches(batch_size=rows):
            if batch.num_rows:
                yield batch.replace_schema_metadata(meta)


def open_dataset(folder: str | os.PathLike[str]) -> Dataset:
    """A folder written by `DatasetWriter`, or by another engine in the same layout.

    Raises `DeidError` (ERR-COL-08) when it holds no Parquet file.
    """
    root = Path(folder)
    names = sorted(
        path.name
        for path in (root.iterdir() if root.is_dir() else ())
        if path.is_dir() and next(path.rglob("*.parquet"), None)
    )
    if not names:
        raise DeidError("ERR-COL-08", name=root.name[:60])
    about = None
    sidecar = root / SIDECAR
    if sidecar.is_file():
        held = json.loads(sidecar.read_text("utf-8"))
        about = Described(
            Label(held["label"]),
            dates=held["dates"],
            manifest_sha256=held["manifest_sha256"],
            policy_sha256=held["policy_sha256"],
        )
    return Dataset(root, about, tuple(names))


def write_all(folder: str | os.PathLike[str], sets: Iterable[Mapping[str, pa.RecordBatch]]) -> None:
    """Write all sets and close."""
    with DatasetWriter(folder) as writer:
        for batches in sets:
            writer.write(batches)
