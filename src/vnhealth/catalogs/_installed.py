"""Where the pack of a machine is, what is installed in it, and whether it is still as written."""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vnhealth.catalogs import _store
from vnhealth.catalogs._layouts import known_files, layout
from vnhealth.catalogs._model import Source, finding
from vnhealth.findings import Finding, Findings

__all__ = ["ENV", "Installed", "check_stored", "default_path", "read_installed"]

ENV = "VNHEALTH_CATALOGS"
"""The environment variable that names the pack of this machine."""


def default_path(environ: Mapping[str, str] | None = None, platform: str = sys.platform) -> Path:
    """Where the pack is by default: ``$VNHEALTH_CATALOGS``, else the user's data folder.

    >>> default_path({"VNHEALTH_CATALOGS": "lists.sqlite"}).name
    'lists.sqlite'
    """
    given = os.environ if environ is None else environ
    if given.get(ENV):
        return Path(given[ENV])
    home = Path(given.get("HOME") or given.get("USERPROFILE") or Path.home())
    if platform == "win32":
        folder = Path(given.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif platform == "darwin":
        folder = home / "Library" / "Application Support"
    else:
        folder = Path(given.get("XDG_DATA_HOME") or home / ".local" / "share")
    return folder / "vnhealth" / "catalogs.sqlite"


@dataclass(frozen=True, slots=True)
class Installed:
    """One imported file: its editions by catalogue and what was read from it."""

    name: str
    layout: str
    file: str
    file_sha256: str
    rows_read: int
    rows_kept: int
    rows_rejected: int
    content_sha256: str
    imported: str
    systems: tuple[Source, ...]
    id: int

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready object."""
        first = self.systems[0]
        return {
            "name": self.name,
            "layout": self.layout,
            "decision": first.decision,
            "file": self.file,
            "file_sha256": self.file_sha256,
            "rows_read": self.rows_read,
            "rows_kept": self.rows_kept,
            "rows_rejected": self.rows_rejected,
            "content_sha256": self.content_sha256,
            "imported": self.imported,
            "systems": {
                one.system: {
                    "entries": one.entries,
                    "complete": one.complete,
                    "valid_from": one.valid_from and one.valid_from.isoformat(),
                    "valid_to": one.valid_to and one.valid_to.isoformat(),
                    "as_of": one.as_of and one.as_of.isoformat(),
                }
                for one in self.systems
            },
        }


def read_installed(connection: sqlite3.Connection) -> tuple[Installed, ...]:
    """The imported files of a pack, in the order of import."""
    held: dict[int, list[tuple[Any, ...]]] = {}
    for row in connection.execute("SELECT * FROM source_system ORDER BY source, system"):
        held.setdefault(row[0], []).append(row)
    found = []
    for (
        number,
        name,
        kind,
        file,
        digest,
        read,
        kept,
        rejected,
        content,
        imported,
    ) in connection.execute("SELECT * FROM source ORDER BY id"):
        given = layout(kind).sources(name)
        sources = tuple(
            replace(
                given[system],
                complete=complete,
                valid_from=_day(start),
                valid_to=_day(end),
                as_of=_day(as_of),
                entries=entries,
                id=number,
            )
            for _, system, complete, start, end, as_of, entries, _ in held.get(number, ())
        )
        one = Installed(
            name, kind, file, digest, read, kept, rejected, content, imported, sources, number
        )
        found.append(one)
    return tuple(found)


def check_stored(connection: sqlite3.Connection, installed: Iterable[Installed]) -> Findings:
    """What differs between a pack and what was written into it."""
    found: list[Finding] = []
    try:
        if connection.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
            found.append(finding("CAT-72"))
        for one in installed:
            found += _check_one(connection, one)
    except sqlite3.DatabaseError:
        found.append(finding("CAT-72"))
    return Findings(found)


def _check_one(connection: sqlite3.Connection, one: Installed) -> list[Finding]:
    found = []
    for source in one.systems:
        held = connection.execute(
            "SELECT COUNT(*) FROM entry WHERE source = ? AND system = ?", (one.id, source.system)
        ).fetchone()[0]
        if held != source.entries:
            found.append(
                finding("CAT-71", name=one.name, held=str(held), written=str(source.entries))
            )
    if _store.stored_hash(connection, one.id) != one.content_sha256:
        found.append(finding("CAT-70", name=one.name))
    known = known_files(one.layout)
    if known and one.file_sha256 not in known:
        found.append(finding("CAT-51", layout=one.layout))
    return found


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None
