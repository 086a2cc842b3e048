"""How much a reader takes from a stranger before it refuses."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DEFAULT_LIMITS", "MIB", "Limits"]

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Safety limits of a reader, in bytes and counts.

    ``document`` bounds what is read into memory at once (of a stream: one encounter), ``part`` one
    decoded table file, ``markup`` the tags and attributes that may become one tree, ``rows`` the
    rows of one part. Of a zip, ``archive_files`` bounds the members, ``archive_bytes`` what all of
    them may unpack to in a stream, ``archive_ratio`` how much larger a member may be than packed.
    XML nesting, names and text nodes are bounded by libxml2 with ``huge_tree`` off.
    """

    document: int = 1024 * MIB
    part: int = 64 * MIB
    markup: int = 10_000_000
    rows: int = 1_000_000
    archive_files: int = 100_000
    archive_bytes: int = 4096 * MIB
    archive_ratio: int = 200


DEFAULT_LIMITS = Limits()
