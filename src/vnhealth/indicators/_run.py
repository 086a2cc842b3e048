"""The two things to do: compute indicators, and turn documents into Parquet tables."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from vnhealth.deid.columns import DatasetWriter
from vnhealth.indicators._catalogue import Indicator, catalogue, not_computed
from vnhealth.indicators._engine import Filters, Session
from vnhealth.indicators._intake import columns_of, gather, sources
from vnhealth.indicators._result import Report, Result, Skipped

__all__ = ["compute", "write_columns"]

Progress = Callable[[str, int, int], None]
"""Called with the stage (``read`` or ``compute``), what is done and what there is to do."""


def _quiet(stage: str, done: int, total: int) -> None:
    return None


def _chosen(ids: Iterable[str] | None) -> list[Indicator]:
    held = catalogue()
    return list(held.values()) if ids is None else [held[name] for name in ids]


def compute(
    source: str | os.PathLike[str],
    *,
    ids: Iterable[str] | None = None,
    filters: Filters | None = None,
    audience: str = "public",
    threshold: int = 0,
    lists: Mapping[str, str | os.PathLike[str]] | None = None,
    receipts: str | os.PathLike[str] | None = None,
    exceptions: Mapping[str, str] | None = None,
    jobs: int = 1,
    work: str | os.PathLike[str] | None = None,
    progress: Progress = _quiet,
) -> Report:
    """Compute indicators over documents, tables or facts; all of the catalogue by default.

    ``source``: a file or folder of documents of the standard or of de-identified files, a folder of
    Parquet tables, or a folder of facts. ``audience`` is ``public`` or ``internal`` and sets the
    threshold of small cells; ``threshold`` can raise it, never lower it. ``lists`` replaces lists
    of the catalogue by CSV files, ``receipts`` is a CSV file of gateway answers, ``exceptions``
    names a restricted topic and its legal basis. Facts are kept in ``work`` while the run lasts (a
    temporary folder by default), so memory does not grow with the input.

    Raises `vnhealth.errors.VnHealthError` (ERR-IND-…) for bad arguments,
    `vnhealth.errors.CodecError` for a document that cannot be read, `vnhealth.errors.DeidError`
    (ERR-COL-01) without the extra ``frames``.
    """
    from vnhealth import __version__

    wanted = _chosen(ids)
    with tempfile.TemporaryDirectory(dir=work, prefix="vnhealth-") as folder:
        place = Path(folder)
        intake = gather(
            source,
            place / "facts",
            jobs=jobs,
            progress=lambda done, total: progress("read", done, total),
        )
        with Session(
            intake,
            place,
            filters=filters,
            lists=lists,
            receipts=receipts,
            exceptions=exceptions,
            audience=audience,
            threshold=threshold,
        ) as session:
            found = session.run(wanted, lambda done: progress("compute", done, len(wanted)))
        results = [item for item in found if isinstance(item, Result)]
        skipped = [item for item in found if isinstance(item, Skipped)]
        return Report(
            library=f"vnhealth {__version__}",
            input_label=intake.label,
            dates=intake.dates,
            files=intake.files,
            rows={name: n for name, n in sorted(intake.rows.items()) if name != "quality"},
            manifests=intake.manifests,
            audience=audience,
            threshold=session.threshold,
            filters=session.filters.to_dict(),
            lists=session.lists,
            exceptions=session.exceptions,
            results=tuple(results),
            skipped=tuple(skipped),
            missing=not_computed(),
        )


def write_columns(
    source: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    progress: Progress = _quiet,
) -> dict[str, int]:
    """Documents as Parquet tables parted by month and province; gives the rows by table.

    Claims become identified tables, de-identified files pseudonymised ones with the hash of the
    manifest beside them (same name, ``.json``). Memory stays flat.
    """
    files = sources(Path(source))
    total = sum(file.stat().st_size for file in files)
    done = 0
    with DatasetWriter(folder) as writer:
        for file in files:
            for tables in columns_of(file):
                writer.write(tables)
            done += file.stat().st_size
            progress("read", done, total)
    return writer.rows
