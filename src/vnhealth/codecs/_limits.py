"""How much a reader takes from a stranger before it refuses."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DEFAULT_LIMITS", "Limits"]

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Safety limits of a reader, in bytes and counts.

    ``document`` bounds what is read into memory at once (a stream of encounters is not bounded by
    it), ``part`` one decoded table file, ``rows`` the rows of one part, ``archive_ratio`` and
    ``archive_files`` a zip. XML nesting, entity and attribute limits are those of libxml2 with
    ``huge_tree`` off.
    """

    document: int = 1024 * MIB
    part: int = 64 * MIB
    rows: int = 1_000_000
    archive_files: int = 100_000
    archive_bytes: int = 4096 * MIB
    archive_ratio: int = 200


DEFAULT_LIMITS = Limits()
