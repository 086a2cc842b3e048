"""From a folder of documents or of Parquet tables to facts, in flat memory."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from vnhealth.codecs import iter_claims
from vnhealth.codecs.convert import convert_claim
from vnhealth.deid import Label
from vnhealth.deid.columns import (
    FACTS,
    deid_arrow,
    derive,
    facts_of,
    iter_arrow,
    manifest_hash,
    measure,
    open_dataset,
)
from vnhealth.errors import VnHealthError
from vnhealth.indicators._spool import NAMES, FactSpool
from vnhealth.records import Claim
from vnhealth.spec import Family

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]

__all__ = ["Intake", "Progress", "columns_of", "gather", "sources"]

HEAD = 65_536
_MADE = re.compile(rb"<NGAYLAP>\s*([0-9]{8})")
_LINKED = b"<VNHEALTH_DEID"
SUFFIXES = frozenset({".xml", ".zip", ".gz"})
LINES = 16_384

Progress = Callable[[int, int], None]
"""Called with what is done and what there is to do (bytes of documents, or tables)."""


@dataclass(slots=True)
class Intake:
    """What was gathered: where the facts are, and what may be said about them."""

    folder: Path
    label: Label = Label.IDENTIFIED
    dates: str = "true"
    files: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    manifests: tuple[str, ...] = ()

    def has(self, fact: str) -> bool:
        """True when there are rows of this fact."""
        return bool(self.rows.get(fact))


def sources(path: Path) -> list[Path]:
    """The documents of a file or folder, in a fixed order.

    Raises `VnHealthError` (ERR-IND-02) when there are none.
    """
    if path.is_file():
        return [path]
    found = sorted(
        p for p in path.rglob("*") if p.is_file() and p.suffix.lower() in SUFFIXES
    ) if path.is_dir() else []  # fmt: skip
    if not found:
        raise VnHealthError("ERR-IND-02", name=path.name[:60])
    return found


def _modern(claim: Claim) -> Claim:
    return claim if claim.family is Family.F130 else convert_claim(claim, "3176")[0]


def _made(head: bytes) -> dt.date | None:
    found = _MADE.search(head)
    try:
        return dt.datetime.strptime(found[1].decode(), "%Y%m%d").date() if found else None
    except ValueError:
        return None


def columns_of(path: Path, *, rows: int = LINES) -> Iterator[dict[str, pa.RecordBatch]]:
    """One document as sets of tables: de-identified files pseudonymised, claims identified.

    The manifest of a de-identified file is looked for beside it (same name, ``.json``).
    """
    with open(path, "rb") as file:
        head = file.read(HEAD)
    if _LINKED in head[:1024]:
        manifest = path.with_suffix(".json")
        digest = manifest_hash(manifest) if manifest.is_file() else ""
        yield from deid_arrow(path, manifest_sha256=digest, rows=rows)
        return
    claims = (_modern(claim) for claim in iter_claims(path))
    yield from iter_arrow(claims, sent=_made(head), rows=rows)


def _convert(paths: list[Path], folder: Path, number: int) -> FactSpool:
    spool = FactSpool(folder, number)
    for path in paths:
        for tables in columns_of(path):
            spool.add(facts_of(tables))
    spool.close()
    return spool


def _convert_remote(
    paths: list[Path], folder: Path, number: int
) -> tuple[Label | None, str, dict[str, int], list[str], int]:
    spool = _convert(paths, folder, number)
    size = sum(path.stat().st_size for path in paths)
    return spool.label, spool.dates, spool.rows, sorted(spool.manifests), size


def _nothing(done: int, total: int) -> None:
    return None


def gather(
    path: str | os.PathLike[str],
    folder: Path,
    *,
    jobs: int = 1,
    progress: Progress = _nothing,
) -> Intake:
    """Facts of a file or folder, written to ``folder``.

    Takes documents of the standard (4210 is converted), de-identified files, folders of tables as
    `vnhealth.deid.columns.DatasetWriter` or Spark writes them, or folders of facts. ``jobs``
    processes share the documents; the result does not depend on their number.
    """
    source = Path(path)
    if source.is_dir() and next(source.rglob("*.parquet"), None):
        return _from_parquet(source, folder, progress)
    files = sources(source)
    total = sum(file.stat().st_size for file in files)
    found = Intake(folder, files=len(files))
    if jobs <= 1 or len(files) == 1:
        spool = FactSpool(folder)
        done = 0
        for file in files:
            for tables in columns_of(file):
                spool.add(facts_of(tables))
            done += file.stat().st_size
            progress(done, total)
        spool.close()
        parts = [(spool.label, spool.dates, spool.rows, sorted(spool.manifests), 0)]
    else:
        parts = _in_parallel(files, folder, jobs, progress, total)
    return _joined(found, parts)


def _in_parallel(
    files: list[Path], folder: Path, jobs: int, progress: Progress, total: int
) -> list[tuple[Label | None, str, dict[str, int], list[str], int]]:
    size = max(1, min(64, len(files) // (jobs * 4) or 1))
    chunks = [files[i : i + size] for i in range(0, len(files), size)]
    done = 0
    parts = []
    with ProcessPoolExecutor(jobs) as pool:
        waiting = [
            pool.submit(_convert_remote, chunk, folder, number)
            for number, chunk in enumerate(chunks)
        ]
        for future in as_completed(waiting):
            parts.append(future.result())
            done += parts[-1][4]
            progress(done, total)
    return parts


def _joined(
    found: Intake, parts: list[tuple[Label | None, str, dict[str, int], list[str], int]]
) -> Intake:
    labels = {label for label, *_ in parts if label is not None}
    if len(labels) > 1:
        raise VnHealthError("ERR-IND-06")
    if labels:
        found.label = next(iter(labels))
        found.dates = "true" if found.label is Label.IDENTIFIED else "shifted"
    manifests: set[str] = set()
    for _, _, rows, held, _ in parts:
        manifests |= set(held)
        for name, count in rows.items():
            found.rows[name] = found.rows.get(name, 0) + count
    found.manifests = tuple(sorted(manifests))
    return found


def _from_parquet(source: Path, folder: Path, progress: Progress) -> Intake:
    held = open_dataset(source)
    if set(held.tables) & set(NAMES):
        return _facts_in_place(source, held.tables)
    spool = FactSpool(folder)
    facts = {table: fact for fact, table in FACTS.items()}
    for number, table in enumerate(held.tables, 1):
        for batch in held.batches(table):
            found: Mapping[str, list[pa.RecordBatch]] = {"quality": [measure(batch, table)]}
            if table in facts:
                found = {**found, facts[table]: [derive(batch, facts[table])]}
            spool.add(found)
        progress(number, len(held.tables))
    spool.close()
    parts = [(spool.label, spool.dates, spool.rows, sorted(spool.manifests), 0)]
    return _joined(Intake(folder, files=len(held.tables)), parts)


def _facts_in_place(source: Path, names: tuple[str, ...]) -> Intake:
    """A folder of facts is read where it lies. Its label shows in what it knows of people."""
    import pyarrow.compute as pc  # type: ignore[import-untyped]
    import pyarrow.dataset as ds  # type: ignore[import-untyped]

    found = Intake(source, files=len(names))
    for name in names:
        count = ds.dataset(source / name, format="parquet").count_rows() if name in NAMES else 0
        if count:
            found.rows[name] = count
    if found.has("encounter"):
        table = ds.dataset(source / "encounter", format="parquet")
        known = table.count_rows(filter=pc.field("id_kind").is_valid())
        if not known:
            found.label, found.dates = Label.PSEUDONYMISED, "shifted"
    return found
