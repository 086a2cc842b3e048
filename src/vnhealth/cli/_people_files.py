"""Lists of people from files: CSV (UTF-8, any usual separator) and the XML of table 1."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from vnhealth.errors import CodecError, IdentityError, VnHealthError

__all__ = ["UnreadableFile", "people", "rows_of", "texts_of"]

_NAMES = frozenset(("name", "HO_TEN"))


class UnreadableFile(Exception):
    """A file that could not be read; ``cause`` has the texts."""

    def __init__(self, path: Path, cause: VnHealthError) -> None:
        super().__init__(cause.code)
        self.path, self.cause = path, cause


def people(path: Path) -> list[dict[str, str]]:
    """Read a CSV list of people; it must have a column ``name`` or ``HO_TEN``."""
    rows = texts_of(path)
    if rows and not _NAMES & rows[0].keys():
        raise UnreadableFile(path, IdentityError("ID-CSV_COLUMNS"))
    return rows


def texts_of(path: Path) -> list[dict[str, str]]:
    """Read a CSV file with a header row as rows of text."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise UnreadableFile(path, IdentityError("ID-CSV_UNREADABLE")) from None
    header = text.split("\n", 1)[0]
    separator = max(",;\t", key=header.count)
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        names = reader.fieldnames or ()
        if len({name.strip() for name in names}) < max(1, len(names)):
            raise UnreadableFile(path, IdentityError("ID-CSV_COLUMNS"))
        return [
            {
                key.strip(): value
                for key, value in row.items()
                if isinstance(key, str) and isinstance(value, str)
            }
            for row in reader
        ]
    except csv.Error:
        raise UnreadableFile(path, IdentityError("ID-CSV_UNREADABLE")) from None


def rows_of(paths: Sequence[Path], tags: Sequence[str]) -> Iterator[dict[str, str]]:
    """Yield the rows of CSV files, and table 1 of each encounter of XML files and folders."""
    from vnhealth import bhyt

    for path in paths:
        files = sorted(x for x in path.rglob("*") if x.is_file()) if path.is_dir() else [path]
        for file in files:
            if file.suffix.lower() == ".csv":
                yield from texts_of(file)
                continue
            if path.is_dir() and file.suffix.lower() != ".xml":
                continue
            try:
                for claim in bhyt.iter_encounters(file):
                    for record in claim.rows("XML1"):
                        yield {
                            tag: record.text(tag)
                            for tag in tags
                            if hasattr(type(record), tag.lower())
                        }
            except (CodecError, OSError) as error:
                cause = error if isinstance(error, CodecError) else None
                raise UnreadableFile(file, cause or IdentityError("ID-CSV_UNREADABLE")) from None
