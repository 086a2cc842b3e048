"""The words of the pages in both languages, one row per text in ``data/*.csv``."""

from __future__ import annotations

import csv
from collections.abc import Callable
from functools import cache
from importlib.resources import files

__all__ = ["LANGUAGES", "texts", "word"]

LANGUAGES = ("vi", "en")
FILES = ("texts.csv", "guided.csv")


@cache
def _rows() -> dict[str, dict[str, str]]:
    folder = files("vnhealth.console") / "data"
    lines = [(folder / name).read_text("utf-8").splitlines() for name in FILES]
    return {row["key"]: row for rows in lines for row in csv.DictReader(rows)}


def texts(language: str) -> Callable[[str], str]:
    """A function from the key of a text to its words; a missing key is a `KeyError`.

    >>> texts("vi")("journal"), texts("en")("journal")
    ('Nhật ký', 'Journal')
    """
    rows = _rows()
    return lambda key: rows[key][language]


def word(key: str, language: str) -> str:
    """The words for a key that comes from elsewhere, such as a role; the key when it has none.

    >>> word("clinic", "en"), word("r-9", "en")
    ('clinic', 'r-9')
    """
    row = _rows().get(key)
    return row[language] if row else key
