"""The words of a name of a record, as they may stand in a text."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from vnhealth.deid.text._lexicon import fold, listed, words_of
from vnhealth.deid.text._prepare import prepare
from vnhealth.identity import names as identity_names
from vnhealth.identity._syllables import read_rows

__all__ = ["LONGEST", "name_forms"]

LONGEST = 7
"""More words than any name has."""


@cache
def _prefixes() -> frozenset[str]:
    """First words of what stands for a newborn or for somebody unknown."""
    return frozenset(fold[words_of(row["words"])[0]] for row in read_rows("name_patterns.csv"))


def name_forms(text: str) -> Iterator[list[str]]:
    """The words of a name without titles; for a newborn the name of its mother too.

    >>> list(name_forms("BS. Trần Thị Mẫu")), list(name_forms("CB Trần Thị Mẫu"))[0]
    ([['Trần', 'Thị', 'Mẫu']], ['Trần', 'Thị', 'Mẫu'])
    """
    inside = prepare(text).view.partition("(")[0]
    found = [word for word in words_of(inside) if not word.isdigit()]
    if not found:
        return
    if fold[found[0]] in _prefixes():
        mother = identity_names.mother_of_newborn(inside)
        if mother:
            yield _without_titles(words_of(mother))
        if identity_names.comparable(inside)[2]:
            return
    short = _without_titles(found)
    yield short[:LONGEST]
    if len(short) < len(found) and fold[found[0]] == "ong":  # a family name too
        yield found[:LONGEST]


def _without_titles(found: list[str]) -> list[str]:
    titles = listed("title_of_name")
    while len(found) > 2 and found[0].lower() in titles:
        found = found[1:]
    return found
