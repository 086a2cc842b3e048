"""The words of the pages in both languages, one row per text in ``data/texts.csv``."""

from __future__ import annotations

import csv
from collections.abc import Callable
from functools import cache
from importlib.resources import files

__all__ = ["LANGUAGES", "texts"]

LANGUAGES = ("vi", "en")


@cache
def _rows() -> dict[str, dict[str, str]]:
    text = (files("vnhealth.console") / "data" / "texts.csv").read_text("utf-8")
    return {row["key"]: row for row in csv.DictReader(text.splitlines())}


def texts(language: str) -> Callable[[str], str]:
    """A function from the key of a text to its words; a missing key is a `KeyError`.

    >>> texts("vi")("journal"), texts("en")("journal")
    ('Nhật ký', 'Journal')
    """
    rows = _rows()
    return lambda key: rows[key][language]
