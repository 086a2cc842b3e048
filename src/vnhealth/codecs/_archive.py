"""Zip files of documents, opened with limits so that a small file cannot become a huge one."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from lzma import LZMAError
from typing import BinaryIO

from vnhealth.codecs._limits import MIB, Limits
from vnhealth.errors import LimitExceeded, MalformedXml

__all__ = ["archive_members", "is_archive"]

_ENTRY = b"PK\x01\x02"
_BLOCK = MIB
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    LZMAError,
    RuntimeError,
    NotImplementedError,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
)


def is_archive(data: bytes) -> bool:
    """True when the bytes start like a zip file."""
    return data[:4] in (b"PK\x03\x04", b"PK\x05\x06")


def _refuse_many(stream: BinaryIO, limits: Limits) -> None:
    """Count the entries before the directory is read into memory."""
    count, tail = 0, b""
    while block := stream.read(_BLOCK):
        block = tail + block
        count += block.count(_ENTRY)
        tail = block[-3:]
        if count > limits.archive_files:
            raise LimitExceeded("ERR-XML-04", limit=f"{limits.archive_files} files (zip)")
    stream.seek(0)


def archive_members(
    source: bytes | BinaryIO, limits: Limits, largest: int
) -> Iterator[bytes | None]:
    """The XML files of a zip in the order of its directory; None for a file that is no XML.

    ``largest`` bounds what all of them unpack to. Raises `LimitExceeded` on too many files, too
    many bytes or a compression ratio that only an attack has; `MalformedXml` when the zip is
    damaged or encrypted.
    """
    stream = BytesIO(source) if isinstance(source, bytes) else source
    total = 0
    try:
        _refuse_many(stream, limits)
        with zipfile.ZipFile(stream) as archive:
            for member in archive.infolist():
                if member.is_dir():
                    continue
                if not member.filename.lower().endswith(".xml"):
                    yield None
                    continue
                allowed = min(limits.document, max(member.compress_size, 1) * limits.archive_ratio)
                if member.file_size > allowed:
                    raise LimitExceeded("ERR-XML-04", limit=f"{allowed} bytes (zip)")
                with archive.open(member) as packed:
                    content = packed.read(allowed + 1)
                total += len(content)
                if len(content) > allowed or total > largest:
                    raise LimitExceeded("ERR-XML-04", limit=f"{largest // MIB} MiB (zip)")
                yield content
    except _DAMAGED:
        raise MalformedXml("ERR-XML-01", where="zip") from None
