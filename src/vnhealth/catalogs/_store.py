"""The SQLite file of a pack: its tables, how a source is written, how its hash is made."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vnhealth.catalogs._model import Source
from vnhealth.errors import CatalogError

if TYPE_CHECKING:
    from vnhealth.catalogs._content import Content
    from vnhealth.catalogs._layouts import Layout
    from vnhealth.catalogs._report import ImportReport

__all__ = ["VERSION", "connect", "content_hash", "create", "remove", "stored_hash", "write"]

VERSION = 1
_APPLICATION = 0x766E6863
_SCHEMA = """
CREATE TABLE IF NOT EXISTS source (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, layout TEXT NOT NULL, file TEXT NOT NULL,
    file_sha256 TEXT NOT NULL, rows_read INTEGER NOT NULL, rows_kept INTEGER NOT NULL,
    rows_rejected INTEGER NOT NULL, content_sha256 TEXT NOT NULL, imported TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS source_system (
    source INTEGER NOT NULL, system TEXT NOT NULL, complete TEXT NOT NULL, valid_from TEXT,
    valid_to TEXT, as_of TEXT, entries INTEGER NOT NULL, codes INTEGER NOT NULL,
    PRIMARY KEY (source, system)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS entry (
    system TEXT NOT NULL, key TEXT NOT NULL, source INTEGER NOT NULL, seq INTEGER NOT NULL,
    code TEXT NOT NULL, name_vi TEXT NOT NULL, name_en TEXT NOT NULL, parent TEXT NOT NULL,
    valid_from TEXT, valid_to TEXT, replaced_by TEXT NOT NULL, attrs TEXT NOT NULL,
    PRIMARY KEY (system, key, source, seq)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rule (
    system TEXT NOT NULL, key TEXT NOT NULL, source INTEGER NOT NULL, list TEXT NOT NULL,
    effect TEXT NOT NULL, min_days INTEGER NOT NULL, max_days INTEGER NOT NULL,
    PRIMARY KEY (system, key, source, list)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS link (
    kind TEXT NOT NULL, left_key TEXT NOT NULL, right_key TEXT NOT NULL, source INTEGER NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (kind, left_key, right_key, source)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS link_right ON link (kind, right_key);
CREATE TABLE IF NOT EXISTS filed (
    source INTEGER NOT NULL, facility TEXT NOT NULL, PRIMARY KEY (source, facility)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS history (
    name TEXT NOT NULL, content_sha256 TEXT NOT NULL, entries INTEGER NOT NULL,
    imported TEXT NOT NULL, replaced TEXT NOT NULL
);
"""
_ENTRY = (
    "SELECT system, key, code, name_vi, name_en, parent, COALESCE(valid_from, ''), "
    "COALESCE(valid_to, ''), replaced_by, attrs FROM entry WHERE source = ?"
)
_RULE = "SELECT system, key, list, effect, min_days, max_days FROM rule WHERE source = ?"
_LINK = "SELECT kind, left_key, right_key, note FROM link WHERE source = ?"


def connect(path: Path, *, writable: bool = False) -> sqlite3.Connection:
    """Open a pack. Raises `vnhealth.errors.CatalogError` (ERR-CAT-03) when it is none of ours."""
    mode = "rw" if writable else "ro"
    try:
        uri = f"{path.absolute().as_uri()}?mode={mode}"
        connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        application = connection.execute("PRAGMA application_id").fetchone()[0]
    except sqlite3.Error as error:
        raise CatalogError("ERR-CAT-03", path=path.name, reason=type(error).__name__) from None
    if application != _APPLICATION or version != VERSION:
        connection.close()
        raise CatalogError("ERR-CAT-03", path=path.name, reason=f"version {version} ≠ {VERSION}")
    return connection


def create(path: Path) -> None:
    """Make an empty pack where there is none yet."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    try:
        marks = f"PRAGMA application_id = {_APPLICATION}; PRAGMA user_version = {VERSION};"
        connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} {marks} COMMIT;")
    finally:
        connection.close()


def write(
    connection: sqlite3.Connection,
    layout: Layout,
    sources: dict[str, Source],
    content: Content,
    report: ImportReport,
    imported: str,
) -> None:
    """Write one source in one transaction; one of the same name is replaced and remembered."""
    with connection:
        remove(connection, report.name, imported)
        cursor = connection.execute(
            "INSERT INTO source (name, layout, file, file_sha256, rows_read, rows_kept, "
            "rows_rejected, content_sha256, imported) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                report.name,
                layout.name,
                report.file,
                report.sha256,
                report.rows_read,
                report.rows_kept,
                report.rows_rejected,
                content_hash(content),
                imported,
            ),
        )
        number = cursor.lastrowid
        connection.executemany(
            "INSERT INTO source_system VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    number,
                    system,
                    one.complete,
                    one.valid_from and one.valid_from.isoformat(),
                    one.valid_to and one.valid_to.isoformat(),
                    one.as_of and one.as_of.isoformat(),
                    report.entries.get(system, 0),
                    report.codes.get(system, 0),
                )
                for system, one in sources.items()
            ],
        )
        connection.executemany(
            "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    one.system,
                    one.key,
                    number,
                    seq,
                    one.code,
                    one.name_vi,
                    one.name_en,
                    one.parent,
                    one.valid_from or None,
                    one.valid_to or None,
                    one.replaced_by,
                    _attrs(one.attrs),
                )
                for seq, one in enumerate(content.entries)
            ),
        )
        if layout.is_form:
            filed = {one.attrs.get("MA_CSKCB", "") for one in content.entries}
            connection.executemany(
                "INSERT INTO filed VALUES (?, ?)", [(number, one) for one in sorted(filed)]
            )
        connection.executemany(
            "INSERT OR IGNORE INTO rule VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (one.system, one.key, number, one.list, one.effect, one.min_days, one.max_days)
                for one in content.rules
            ],
        )
        connection.executemany(
            "INSERT OR IGNORE INTO link VALUES (?, ?, ?, ?, ?)",
            [(one.kind, one.left, one.right, number, one.note) for one in content.links],
        )


def remove(connection: sqlite3.Connection, name: str, on: str) -> bool:
    """Take a source out and remember its hash; False when there is none of this name."""
    row = connection.execute(
        "SELECT id, content_sha256, imported FROM source WHERE name = ?", (name,)
    ).fetchone()
    if row is None:
        return False
    number, digest, imported = row
    entries = connection.execute(
        "SELECT COUNT(*) FROM entry WHERE source = ?", (number,)
    ).fetchone()[0]
    connection.execute(
        "INSERT INTO history VALUES (?, ?, ?, ?, ?)", (name, digest, entries, imported, on)
    )
    for table in ("entry", "rule", "link", "filed", "source_system"):
        connection.execute(f"DELETE FROM {table} WHERE source = ?", (number,))  # noqa: S608
    connection.execute("DELETE FROM source WHERE id = ?", (number,))
    return True


def _attrs(attrs: Any) -> str:
    return json.dumps(dict(attrs), ensure_ascii=False, sort_keys=True) if attrs else ""


def _digest(rows: Iterable[tuple[Any, ...]]) -> str:
    digest = hashlib.sha256()
    for text in sorted("\x1f".join(map(str, row)) for row in rows):
        digest.update(text.encode())
        digest.update(b"\x1e")
    return digest.hexdigest()


def content_hash(content: Content) -> str:
    """The SHA-256 of all rows in an order of their own: equal rows give equal hashes."""

    def every() -> Iterator[tuple[Any, ...]]:
        for one in content.entries:
            yield ("entry", *one[:9], _attrs(one.attrs))
        for rule in {(r.system, r.key, r.list): r for r in reversed(content.rules)}.values():
            yield ("rule", rule.system, rule.key, rule.list, rule.effect, *rule[4:])
        for link in {(k.kind, k.left, k.right): k for k in reversed(content.links)}.values():
            yield ("link", *link)

    return _digest(every())


def stored_hash(connection: sqlite3.Connection, number: int) -> str:
    """The same hash made from what the pack holds."""

    def every() -> Iterator[tuple[Any, ...]]:
        for kind, query in (("entry", _ENTRY), ("rule", _RULE), ("link", _LINK)):
            for row in connection.execute(query, (number,)):
                yield (kind, *row)

    return _digest(every())
