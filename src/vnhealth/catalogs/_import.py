"""Imports a file into a pack: read, judge, and only then write, all or nothing."""

from __future__ import annotations

import datetime as dt
import os
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from vnhealth.catalogs import _store
from vnhealth.catalogs._content import Content, Progress, Reading
from vnhealth.catalogs._forms import read_form
from vnhealth.catalogs._installed import default_path
from vnhealth.catalogs._layouts import Layout, known_files, layout
from vnhealth.catalogs._model import Source
from vnhealth.catalogs._read_icd10 import read_2020, read_2026
from vnhealth.catalogs._read_lists import (
    read_codes,
    read_icd9,
    read_units_2024,
    read_units_2025,
    read_units_map,
)
from vnhealth.catalogs._report import ImportReport, Log, Refused, Reject
from vnhealth.catalogs._workbook import Limits, open_book
from vnhealth.errors import CatalogError

__all__ = ["import_file"]

_READERS: Mapping[str, Callable[[Reading], Content]] = {
    "icd10_2020": read_2020,
    "icd10_2026": read_2026,
    "icd9_2020": read_icd9,
    "units_2024": read_units_2024,
    "units_2025": read_units_2025,
    "units_map": read_units_map,
    "codes": read_codes,
    "form": read_form,
}
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}", re.ASCII)


def import_file(
    path: str | os.PathLike[str],
    layout_name: str,
    *,
    pack: str | os.PathLike[str] | None = None,
    name: str | None = None,
    valid_from: dt.date | None = None,
    valid_to: dt.date | None = None,
    complete: bool | None = None,
    replace_existing: bool = False,
    imported: dt.date | None = None,
    limits: Limits = Limits(),  # noqa: B008
    progress: Progress | None = None,
) -> ImportReport:
    """Read an official file and install it as one dated edition of its catalogues.

    ``name`` (default: the layout's) tells editions of one layout apart. The days and ``complete``
    override what the layout says; without ``complete`` a file with rejected rows counts as partial,
    since a missing code may be among them. The same rows again change nothing. ``pack`` is the file
    to write, by default `default_path`. ``imported`` is only written down.

    Raises `Refused` (with the report) when nothing may be installed: numbers in code columns,
    formulas without a value, columns missing, no rows, too large, another edition of that name;
    `vnhealth.errors.CatalogError` for an unknown layout or name, or a file that cannot be opened.
    """
    chosen = layout(layout_name)
    file = Path(path)
    title = name or chosen.name
    if not _NAME.fullmatch(title):
        raise CatalogError("ERR-CAT-06", path=title[:60], reason="[a-z0-9._-]")
    log = Log()
    digest = ""
    content = Content()
    try:
        book, digest = open_book(file, limits)
        content = _READERS[chosen.reader](Reading(book, chosen, log, progress))
    except Refused as refused:
        report = _report(chosen, title, file, digest, log, content)
        report = replace(report, findings=report.findings + refused.findings)
        raise Refused(report.findings, report) from None
    _expectations(chosen, log, content, digest)
    report = _report(chosen, title, file, digest, log, content)
    if not report.findings.ok:
        raise Refused(report.findings, report)
    sources = chosen.sources(
        title,
        valid_from=valid_from,
        valid_to=valid_to,
        complete=None if complete is None else "yes" if complete else "partial",
    )
    if complete is None and _doubtful(report.rejects):
        sources = {system: replace(one, complete="partial") for system, one in sources.items()}
    target = Path(pack) if pack is not None else default_path()
    return _install(target, chosen, sources, content, report, replace_existing, imported)


def _doubtful(rejects: Iterable[Reject]) -> int:
    """How many rejected rows may hide a code; one that repeats a held code (CAT-33) does not."""
    return sum(one.finding != "CAT-33" for one in rejects)


def _expectations(chosen: Layout, log: Log, content: Content, digest: str) -> None:
    main = next(iter(log.sheets.values()), None)
    read = main.read if main else 0
    if not content.entries and not content.links:
        log.say("CAT-24", layout=chosen.name)
    elif chosen.rows is not None and read != chosen.rows:
        log.say("CAT-50", layout=chosen.name, read=read, of=chosen.rows)
    known = known_files(chosen.name)
    if known and digest not in known:
        log.say("CAT-51", layout=chosen.name)
    doubtful = _doubtful(log.rejects)
    if doubtful:
        log.say("CAT-46", count=doubtful)


def _report(
    chosen: Layout, title: str, file: Path, digest: str, log: Log, content: Content
) -> ImportReport:
    entries: Counter[str] = Counter(one.system for one in content.entries)
    codes: Counter[str] = Counter(
        system for system, _ in {(one.system, one.key) for one in content.entries}
    )
    return ImportReport(
        layout=chosen.name,
        name=title,
        file=file.name,
        sha256=digest,
        sheets=tuple(log.sheets.values()),
        entries=dict(entries),
        codes=dict(codes),
        rules=len(content.rules),
        links=len(content.links),
        findings=log.findings(),
        rejects=tuple(log.rejects),
    )


def _install(
    target: Path,
    chosen: Layout,
    sources: dict[str, Source],
    content: Content,
    report: ImportReport,
    replace_existing: bool,
    imported: dt.date | None,
) -> ImportReport:
    _store.create(target)
    with closing(_store.connect(target, writable=True)) as connection:
        held = connection.execute(
            "SELECT id, content_sha256 FROM source WHERE name = ?", (report.name,)
        ).fetchone()
        if (
            held is not None
            and held[1] == _store.content_hash(content)
            and not _moved(connection, held[0], sources)
        ):
            return replace(report, unchanged=True)
        if held is not None and not replace_existing:
            log = Log()
            log.say("CAT-26", name=report.name)
            findings = report.findings + log.findings()
            raise Refused(findings, replace(report, findings=findings))
        when = imported.isoformat() if imported else ""
        _store.write(connection, chosen, sources, content, report, when)
    return replace(report, installed=True)


def _moved(connection: sqlite3.Connection, number: int, sources: dict[str, Source]) -> bool:
    """True when an edition with the same rows is installed with other days or completeness."""
    held = {
        row[0]: row[1:]
        for row in connection.execute(
            "SELECT system, complete, valid_from, valid_to FROM source_system WHERE source = ?",
            (number,),
        )
    }
    wanted = {
        system: (
            one.complete,
            one.valid_from and one.valid_from.isoformat(),
            one.valid_to and one.valid_to.isoformat(),
        )
        for system, one in sources.items()
    }
    return held != wanted
