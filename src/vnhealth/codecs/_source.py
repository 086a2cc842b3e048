"""Where documents come from: bytes, paths, binary files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from vnhealth.codecs._limits import MIB, Limits
from vnhealth.errors import CodecError, LimitExceeded

__all__ = ["Source", "opened", "read_bytes"]

_BLOCK = 4 * MIB

Source = bytes | str | os.PathLike[str] | BinaryIO


def read_bytes(source: Source, limits: Limits) -> bytes:
    """The whole content. Raises `CodecError` (unreadable) or `LimitExceeded` (too large)."""
    if isinstance(source, bytes):
        data = source
    else:
        with opened(source) as stream:
            data = _read_up_to(stream, limits.document)
    if len(data) > limits.document:
        raise LimitExceeded("ERR-XML-04", limit=f"{limits.document // MIB} MiB")
    return data


def _read_up_to(stream: BinaryIO, largest: int) -> bytes:
    """At most one block more than ``largest``; never asks for memory that the file cannot fill."""
    blocks, size = [], 0
    while size <= largest and (block := stream.read(_BLOCK)):
        blocks.append(block)
        size += len(block)
    return b"".join(blocks)


@contextmanager
def opened(source: Source) -> Iterator[BinaryIO]:
    """A seekable binary stream; closed at the end unless it is the caller's."""
    name = Path(source).name if isinstance(source, str | os.PathLike) else "stream"
    try:
        if isinstance(source, bytes):
            yield BytesIO(source)
        elif isinstance(source, str | os.PathLike):
            with open(source, "rb") as stream:
                yield stream
        elif source.seekable():
            yield source
        else:
            yield BytesIO(source.read())
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CodecError("ERR-XML-06", path=name, reason=reason) from None
