"""Zip files of documents, opened with limits so that a small file cannot become a huge one."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO

from vnhealth.codecs._limits import Limits
from vnhealth.errors import LimitExceeded, MalformedXml

__all__ = ["archive_members", "is_archive"]


def is_archive(data: bytes) -> bool:
    """True when the bytes start like a zip file."""
    return data[:4] in (b"PK\x03\x04", b"PK\x05\x06")


def archive_members(source: bytes | BinaryIO, limits: Limits) -> Iterator[bytes]:
    """The XML files of a zip, in the order of its directory.

    Raises `LimitExceeded` on too many files, too many bytes or a compression ratio that only an
    attack has; `MalformedXml` when the zip is damaged or encrypted.
    """
    try:
        archive = zipfile.ZipFile(BytesIO(source) if isinstance(source, bytes) else source)
        members = [m for m in archive.infolist() if not m.is_dir()]
        if len(members) > limits.archive_files:
            raise LimitExceeded("ERR-XML-04", limit=f"{limits.archive_files} files (zip)")
        total = 0
        for member in members:
            if not member.filename.lower().endswith(".xml"):
                continue
            with archive.open(member) as stream:
                allowed = min(limits.document, max(member.compress_size, 1) * limits.archive_ratio)
                content = stream.read(allowed + 1)
            total += len(content)
            if len(content) > allowed or total > limits.archive_bytes:
                raise LimitExceeded("ERR-XML-04", limit="zip")
            yield content
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError):
        raise MalformedXml("ERR-XML-01", where="zip") from None
