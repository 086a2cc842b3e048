"""The small data files of catalogues, and those of its sibling that hold facts it needs too."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

__all__ = ["rows", "shared"]


@cache
def rows(name: str) -> tuple[dict[str, str], ...]:
    """The rows of a CSV file in ``catalogs/data``."""
    path = files("vnhealth.catalogs") / "data" / f"{name}.csv"
    return tuple(csv.DictReader(path.read_text("utf-8").splitlines()))


@cache
def shared(name: str) -> tuple[dict[str, str], ...]:
    """The rows of a CSV file in ``identity/data``: a fact stands in one place only.

    The file is read as data; no code of `vnhealth.identity` is used.
    """
    path = files("vnhealth.identity") / "data" / f"{name}.csv"
    return tuple(csv.DictReader(path.read_text("utf-8").splitlines()))
