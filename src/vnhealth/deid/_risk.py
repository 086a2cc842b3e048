"""Measured risk: how large the groups are that share the same quasi-identifiers."""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, ClassVar

from vnhealth.deid._hierarchy import HIDDEN
from vnhealth.errors import DeidError

__all__ = [
    "RiskMeasure",
    "RiskSet",
    "RiskTooHigh",
    "diversity_of_candidates",
    "hidden_share",
    "measure",
    "risk_sets",
]


class RiskTooHigh(DeidError):
    """The release tier cannot be reached with these data, so nothing is given out."""

    default_code: ClassVar[str] = "ERR-DEID-10"


@dataclass(frozen=True, slots=True)
class RiskMeasure:
    """Risk of re-identification by one set of quasi-identifiers.

    ``k`` is the number of rows in the smallest group, ``persons`` that of distinct persons in the
    group with the fewest (None when rows do not say whose they are). ``maximum`` is the chance that
    a guess within the worst group is right (the largest share of one person in a group, else one
    in ``k``); ``average`` the mean of that over all rows. ``unique`` rows are alone in their group;
    ``below_5`` and ``below_11`` share of rows in smaller groups. ``diversity`` is the least number
    of distinct sensitive values in a group, ``entropy`` the exponential of the least entropy,
    ``uniform`` the share of rows in groups that hold one sensitive value only.
    """

    fields: tuple[str, ...]
    rows: int
    groups: int
    k: int
    persons: int | None
    maximum: float
    average: float
    unique: float
    below_5: float
    below_11: float
    sensitive: str = ""
    diversity: int | None = None
    entropy: float | None = None
    uniform: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready object, figures rounded to six places."""
        found = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {
            name: round(value, 6) if isinstance(value, float) else value
            for name, value in found.items()
            if value is not None and value != ""
        } | {"fields": list(self.fields)}


def measure(
    rows: Sequence[Sequence[str]],
    fields: Sequence[str],
    *,
    persons: Sequence[Any] | None = None,
    sensitive: Sequence[str] | None = None,
    sensitive_name: str = "",
) -> RiskMeasure:
    """Measure rows of quasi-identifier values, given in the order of ``fields``.

    >>> found = measure([("1", "A"), ("1", "A"), ("2", "A")], ["sex", "age"])
    >>> found.k, found.unique, round(found.average, 2)
    (1, 0.3333333333333333, 0.67)
    >>> measure([("1",)] * 4, ["sex"], persons=[1, 1, 2, 3]).maximum
    0.5
    """
    total = len(rows)
    keys = [tuple(row) for row in rows]
    sizes = Counter(keys)
    if not total:
        return RiskMeasure(tuple(fields), 0, 0, 0, None, 0.0, 0.0, 0.0, 0.0, 0.0)
    worst, fewest, summed = 0.0, None, 0.0
    if persons is None:
        worst, summed = 1 / min(sizes.values()), float(len(sizes))
    else:
        owned: dict[tuple[str, ...], Counter[Any]] = {}
        for key, person in zip(keys, persons, strict=True):
            owned.setdefault(key, Counter())[person] += 1
        fewest = min(map(len, owned.values()))
        for key, held in owned.items():
            share = max(held.values()) / sizes[key]
            worst = max(worst, share)
            summed += sum(n * n for n in held.values()) / sizes[key]
    least, entropy, uniform = _diversity(keys, sensitive) if sensitive else (None, None, None)
    return RiskMeasure(
        fields=tuple(fields),
        rows=total,
        groups=len(sizes),
        k=min(sizes.values()),
        persons=fewest,
        maximum=worst,
        average=summed / total,
        unique=sum(1 for n in sizes.values() if n == 1) / total,
        below_5=sum(n for n in sizes.values() if n < 5) / total,
        below_11=sum(n for n in sizes.values() if n < 11) / total,
        sensitive=sensitive_name,
        diversity=least,
        entropy=entropy,
        uniform=uniform,
    )


def _diversity(
    keys: Sequence[tuple[str, ...]], sensitive: Sequence[str]
) -> tuple[int, float, float]:
    held: dict[tuple[str, ...], Counter[str]] = {}
    for key, value in zip(keys, sensitive, strict=True):
        held.setdefault(key, Counter())[value] += 1
    least = min(map(len, held.values()))
    entropy = math.inf
    uniform = 0
    for counts in held.values():
        size = counts.total()
        entropy = min(entropy, -sum(n / size * math.log(n / size) for n in counts.values()))
        uniform += size if len(counts) == 1 else 0
    return least, math.exp(entropy), uniform / len(keys)


@dataclass(frozen=True, slots=True)
class RiskSet:
    """A set of quasi-identifiers that somebody may know, as columns of the released records.

    A field may name how many characters of the value are known (``MA_BENH_CHINH:3``).
    """

    name: str
    fields: tuple[str, ...]
    meaning_vi: str
    meaning_en: str

    def values(self, record: Mapping[str, str]) -> tuple[str, ...]:
        """What is known of a record.

        >>> known = RiskSet("x", ("GIOI_TINH", "MA_BENH_CHINH:3"), "", "")
        >>> known.values({"MA_BENH_CHINH": "J18.9"})
        ('', 'J18')
        """
        found = []
        for field in self.fields:
            tag, _, length = field.partition(":")
            value = record.get(tag, "")
            found.append(value[: int(length)] if length else value)
        return tuple(found)


@cache
def risk_sets(tier: str) -> tuple[RiskSet, ...]:
    """The sets of quasi-identifiers that the risk table of a tier shows.

    >>> [s.name for s in risk_sets("linked")][0]
    'age-sex'
    """
    path = files("vnhealth.deid") / "data" / "risk_sets.csv"
    return tuple(
        RiskSet(row["set"], tuple(row["fields"].split()), row["meaning_vi"], row["meaning_en"])
        for row in csv.DictReader(path.read_text("utf-8").splitlines())
        if row["tier"] == tier
    )


_TARGETS = 300


def diversity_of_candidates(
    rows: Sequence[tuple[str, ...]], known: Sequence[Sequence[tuple[str, ...]]], sensitive: int
) -> dict[str, Any]:
    """How many diagnoses are left to somebody who knows all the other features of a person exactly.

    With local recoding a person can stand in every group whose released values cover the true ones,
    not only in one. ``known[i]`` holds the paths of row ``i``; up to 300 persons are looked at,
    evenly spread. ``least`` distinct values of column ``sensitive``, ``uniform`` share of persons
    about whom the value would be learned for certain.
    """
    groups: dict[tuple[str, ...], set[str]] = {}
    for row in rows:
        others = row[:sensitive] + row[sensitive + 1 :]
        groups.setdefault(others, set()).add(row[sensitive])
    order = sorted(range(len(rows)), key=lambda i: (known[i], rows[i]))
    step = max(len(order) // _TARGETS, 1)
    found = []
    for i in order[::step]:
        paths = [frozenset(path) for n, path in enumerate(known[i]) if n != sensitive]
        values: set[str] = set()
        for others, held in groups.items():
            if all(value in path for value, path in zip(others, paths, strict=True)):
                values |= held
        found.append(len(values))
    found.sort()
    return {
        "persons": len(found),
        "least": found[0] if found else 0,
        "median": found[len(found) // 2] if found else 0,
        "uniform": round(sum(n == 1 for n in found) / len(found), 6) if found else 0.0,
    }


def hidden_share(rows: Iterable[Sequence[str]], width: int) -> list[float]:
    """Share of hidden values by column."""
    counts, total = [0] * width, 0
    for row in rows:
        total += 1
        for n, value in enumerate(row):
            counts[n] += value == HIDDEN
    return [n / total if total else 0.0 for n in counts]
