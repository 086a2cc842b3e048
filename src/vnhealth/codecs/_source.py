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
        with opened(source, limits) as stream:
            return _read_up_to(stream, limits.document)
    if len(data) > limits.document:
        raise _too_large(limits.document)
    return data


def _read_up_to(stream: BinaryIO, largest: int) -> bytes:
    """The rest of a stream, block by block, so that a limit asks for no memory in advance."""
    blocks, size = [], 0
    while block := stream.read(_BLOCK):
        blocks.append(block)
        size += len(block)
        if size > largest:
            raise _too_large(largest)
    return b"".join(blocks)


def _too_large(largest: int) -> LimitExceeded:
    return LimitExceeded("ERR-XML-04", limit=f"{largest // MIB} MiB")


@contextmanager
def opened(source: Source, limits: Limits) -> Iterator[BinaryIO]:
    """A seekable binary stream; closed at the end unless it is the caller's.

    What cannot be sought (a pipe) is read whole, within the limit of a document.
    """
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
            yield BytesIO(_read_up_to(source, limits.document))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CodecError("ERR-XML-06", path=name, reason=reason) from None
