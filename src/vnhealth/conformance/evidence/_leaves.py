"""Leaves that lie in a file of their own: too many to stand in the evidence."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Any

from vnhealth.conformance.evidence._merkle import MerkleStream, leaf_hash

__all__ = ["leaves_belong"]

LONGEST = 4096
"""Bytes of a leaf; a longer line is none."""


def leaves_belong(path: Path, load: dict[str, Any] | None) -> bool:
    """True when a file of leaves (one canonical JSON a line, gzip) is a lane of a load section.

    The file is read once, in memory that does not grow with it. Raises `OSError` only for a file
    that cannot be read.
    """
    stream = MerkleStream()
    try:
        with gzip.open(path) as packed:
            while line := packed.readline(LONGEST):
                stream.add(leaf_hash(line.removesuffix(b"\n")))
    except (gzip.BadGzipFile, EOFError, zlib.error):
        return False
    head = (stream.count, stream.root().hex())
    return head in [(lane["count"], lane["root"]) for lane in (load or {}).get("lanes", ())]
