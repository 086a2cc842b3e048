"""Opens a workbook or a CSV file, after making sure that reading it is safe and complete.

A sheet is scanned before it is handed to python-calamine, which lays it out in full: one far cell
of a crafted file would ask for more memory than there is. The same scan finds formulas without a
stored value, which a reader cannot tell from empty cells.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import html
import re
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vnhealth.catalogs._model import finding
from vnhealth.catalogs._report import Refused
from vnhealth.catalogs._scan import scan
from vnhealth.errors import CatalogError

__all__ = ["Book", "Cell", "Limits", "Sheet", "open_book"]

Cell = str | float | int | bool | dt.date | dt.time | dt.timedelta
"""What a cell holds; empty cells and error values are an empty text."""

_SHEET = re.compile(rb"<(?:\w+:)?sheet\s[^>]*>")
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\s[^>]*>")
_CHUNK = 1 << 20
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    KeyError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a file may be: bytes as stored and unpacked, rows, columns and cells of a sheet."""

    file_bytes: int = 64 << 20
    unpacked_bytes: int = 512 << 20
    rows: int = 200_000
    columns: int = 256
    cells: int = 12_000_000


@dataclass(slots=True)
class Sheet:
    """The cells of a sheet; ``rows[i]`` is row i + 1 of the spreadsheet.

    ``typed`` is False for CSV, where a number cannot be told from a text. ``formulas`` are columns
    (from 0) that hold formulas, ``unvalued`` are (row from 1, column from 0) of formulas without a
    stored value.
    """

    name: str
    rows: list[list[Cell]]
    typed: bool = True
    formulas: set[int] = field(default_factory=set)
    unvalued: list[tuple[int, int]] = field(default_factory=list)


class Book:
    """An opened file: its sheets by name, in order."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.path = path
        self.limits = limits
        self.sheets: tuple[str, ...] = ()

    def sheet(self, name: str) -> Sheet:
        """Read one sheet. Raises `Refused` when it is too large."""
        raise NotImplementedError


def open_book(path: Path, limits: Limits) -> tuple[Book, str]:
    """Open a ``.xlsx``, ``.xlsm`` or ``.csv`` file; gives the book and the SHA-256 of the file.

    Raises `Refused` (CAT-21, CAT-25) for a file that is too large or is none of these, and
    `vnhealth.errors.CatalogError` (ERR-CAT-06, ERR-CAT-07) when it cannot be opened or
    python-calamine is missing.
    """
    try:
        size = path.stat().st_size
        if size > limits.file_bytes:
            raise _too_large("", f"{size:,} bytes > {limits.file_bytes:,}")
        digest = hashlib.sha256()
        with path.open("rb") as file:
            start = file.read(4)
            file.seek(0)
            while block := file.read(_CHUNK):
                digest.update(block)
    except OSError as error:
        raise CatalogError("ERR-CAT-06", path=path.name, reason=error.strerror or "") from None
    if path.suffix.lower() == ".csv":
        return _CsvBook(path, limits), digest.hexdigest()
    if not start.startswith(b"PK") or path.suffix.lower() not in (".xlsx", ".xlsm"):
        raise Refused([finding("CAT-25")])
    try:
        return _XlsxBook(path, limits), digest.hexdigest()
    except _BROKEN:
        raise Refused([finding("CAT-25")]) from None


def _too_large(sheet: str, limit: str) -> Refused:
    return Refused([finding("CAT-21", sheet=sheet, limit=limit)])


class _CsvBook(Book):
    def __init__(self, path: Path, limits: Limits) -> None:
        super().__init__(path, limits)
        self.sheets = (path.stem,)

    def sheet(self, name: str) -> Sheet:
        rows: list[list[Cell]] = []
        try:
            with self.path.open(encoding="utf-8-sig", newline="") as file:
                head = file.readline()
                file.seek(0)
                separator = ";" if head.count(";") > head.count(",") else ","
                for row in csv.reader(file, delimiter=separator, strict=True):
                    rows.append([*row])
                    if len(rows) > self.limits.rows or len(row) > self.limits.columns:
                        raise _too_large(name, f"{self.limits.rows:,} × {self.limits.columns:,}")
        except (UnicodeDecodeError, csv.Error):
            raise Refused([finding("CAT-25")]) from None
        return Sheet(name, rows, typed=False)


class _XlsxBook(Book):
    def __init__(self, path: Path, limits: Limits) -> None:
        super().__init__(path, limits)
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
            if unpacked > limits.unpacked_bytes:
                raise _too_large("", f"{unpacked:,} bytes > {limits.unpacked_bytes:,}")
            self._members = _members(archive)
        self.sheets = tuple(self._members)
        self._workbook: Any = None

    def sheet(self, name: str) -> Sheet:
        try:
            with (
                zipfile.ZipFile(self.path) as archive,
                archive.open(self._members[name]) as file,
            ):
                extent = scan(file, self.limits.unpacked_bytes)
        except _BROKEN:
            raise Refused([finding("CAT-25")]) from None
        limits = self.limits
        for held, most, what in (
            (extent.rows, limits.rows, "rows"),
            (extent.columns, limits.columns, "columns"),
            (extent.rows * extent.columns, limits.cells, "cells"),
        ):
            if held > most:
                raise _too_large(name, f"{held:,} {what} > {most:,}")
        rows = self._laid_out(name)
        return Sheet(name, rows, True, extent.formulas, extent.unvalued)

    def _laid_out(self, name: str) -> list[list[Cell]]:
        try:
            import python_calamine
        except ImportError:
            raise CatalogError("ERR-CAT-07") from None
        try:
            if self._workbook is None:
                self._workbook = python_calamine.CalamineWorkbook.from_path(str(self.path))
            sheet: Any = self._workbook.get_sheet_by_name(name)
            rows: list[list[Cell]] = sheet.to_python(skip_empty_area=False)
        except (python_calamine.CalamineError, OSError):
            raise Refused([finding("CAT-25")]) from None
        return rows


def _attribute(tag: bytes, name: str) -> str:
    found = re.search(rb"\b(?:\w+:)?" + name.encode() + rb'="([^"]*)"', tag)
    return html.unescape(found[1].decode("utf-8", "replace")) if found else ""


def _members(archive: zipfile.ZipFile) -> dict[str, str]:
    """The member that holds each worksheet."""
    book = archive.read("xl/workbook.xml")
    links = archive.read("xl/_rels/workbook.xml.rels")
    if b"<!DOCTYPE" in book or b"<!DOCTYPE" in links:
        raise ValueError("a workbook has no DOCTYPE")
    targets = {}
    for tag in _RELATION.findall(links):
        if _attribute(tag, "Type").endswith("/worksheet"):
            target = _attribute(tag, "Target")
            targets[_attribute(tag, "Id")] = (
                target[1:] if target.startswith("/") else f"xl/{target}"
            )
    found = {}
    for tag in _SHEET.findall(book):
        identity = re.search(rb'\b\w+:id="([^"]*)"', tag)
        if identity and identity[1].decode() in targets:
            found[_attribute(tag, "name")] = targets[identity[1].decode()]
    return found
