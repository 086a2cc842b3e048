"""The facts of de-identification, read once from ``deid/data``: forms, kept-back values, labels."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files

__all__ = [
    "Label",
    "Withheld",
    "forms",
    "is_rare",
    "meanings",
    "policy_actions",
    "topics",
    "withheld",
]


_NAMED = re.compile("@([a-z]+)")
"""A closed list of ``words.csv`` inside a pattern."""


class Label(StrEnum):
    """What a set of records may be called. Never more than was proven.

    >>> Label.PSEUDONYMISED.value, Label.PSEUDONYMISED.name_vi
    ('pseudonymised', 'giả danh')
    """

    IDENTIFIED = "identified"
    PSEUDONYMISED = "pseudonymised"
    DEIDENTIFIED = "de-identified"
    AGGREGATE = "aggregate"

    @property
    def name_vi(self) -> str:
        """The word in Vietnamese."""
        return _labels()[self.value]["name_vi"]

    def meaning(self, lang: str = "vi") -> str:
        """One sentence, in ``vi`` or ``en``: what such data still are."""
        return _labels()[self.value]["meaning_en" if lang == "en" else "meaning_vi"]


@dataclass(frozen=True, slots=True)
class Withheld:
    """Beginnings of codes that do not leave, and what else stays at home with them.

    ``effect`` of a beginning is ``value``, ``row`` or ``encounter``.
    """

    topic: str
    kind: str
    effects: Mapping[str, str]

    def effect(self, code: str) -> str:
        """The effect of a code; empty when it may leave.

        >>> withheld("hiv", "icd").effect("B20.1"), withheld("hiv", "icd").effect("J18.9")
        ('encounter', '')
        """
        for start, effect in self.effects.items():
            if code.startswith(start):
                rest = code[len(start) :]
                if self.kind != "object" or not rest:
                    return effect
        return ""


def _read(name: str) -> list[dict[str, str]]:
    path = files("vnhealth.deid") / "data" / f"{name}.csv"
    return list(csv.DictReader(path.read_text("utf-8").splitlines()))


@cache
def _labels() -> Mapping[str, dict[str, str]]:
    return {row["label"]: row for row in _read("labels")}


@cache
def forms() -> Mapping[str, re.Pattern[str]]:
    """The only forms in which a value may leave; none of them fits a name or a personal number.

    >>> bool(forms()["digit"].fullmatch("1")), bool(forms()["digit"].fullmatch("12"))
    (True, False)
    """
    lists: dict[str, list[str]] = {}
    for row in _read("words"):
        lists.setdefault(row["list"], []).append(re.escape(row["word"]))
    return {
        row["form"]: re.compile(
            _NAMED.sub(lambda m: "|".join(lists[m[1]]), row["pattern"]), re.ASCII
        )
        for row in _read("forms")
    }


@cache
def policy_actions(lang: str = "vi") -> Mapping[str, str]:
    """What a manifest counts values under, in words (``vi`` or ``en``).

    >>> policy_actions("en")["shift"]
    'days shifted by whole weeks'
    """
    name = "name_en" if lang == "en" else "name_vi"
    return {row["action"]: row[name] for row in _read("actions")}


@cache
def meanings() -> Mapping[str, str]:
    """What each form means, in English."""
    return {row["form"]: row["meaning"] for row in _read("forms")}


@cache
def withheld(topic: str, kind: str) -> Withheld:
    """The list of a topic and a kind of code (``icd``, ``object``, ``service``)."""
    found = {
        row["value"]: row["effect"]
        for row in _read("withheld")
        if (row["topic"], row["kind"]) == (topic, kind)
    }
    return Withheld(topic, kind, found)


@cache
def topics() -> Mapping[str, frozenset[str]]:
    """The kinds of code held for each topic."""
    found: dict[str, set[str]] = {}
    for row in _read("withheld"):
        found.setdefault(row["topic"], set()).add(row["kind"])
    return {topic: frozenset(kinds) for topic, kinds in found.items()}


@cache
def _rare() -> tuple[tuple[str, str], ...]:
    return tuple((row["first"], row["last"]) for row in _read("rare_icd"))


def is_rare(code: str) -> bool:
    """True when the category of an ICD-10 code stands in the list of rare groups.

    >>> is_rare("Q90.9"), is_rare("J18.9")
    (True, False)
    """
    return any(first <= code[:3] <= last for first, last in _rare())
