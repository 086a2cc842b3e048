"""The catalogue of indicators: read from ``data/catalogue``, checked, never written in code."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, NoReturn

from vnhealth.deid.columns import FACTS
from vnhealth.errors import VnHealthError
from vnhealth.indicators._universe import UNIVERSES

__all__ = [
    "Catalogue",
    "Indicator",
    "Measure",
    "MeasureKind",
    "NotComputed",
    "Thresholds",
    "catalogue",
    "load",
    "thresholds",
]

_DATA = files("vnhealth.indicators") / "data"
GROUPS = "{groups}"


class MeasureKind(StrEnum):
    """What a figure is, which decides how it is added up and hidden.

    ``count`` people or events, added up over cells; ``distinct`` people counted once, not added up;
    ``sum`` and ``part`` belong to the cell of their base; ``ratio`` is divided from two others;
    ``order`` a median; ``flag`` yes or no.
    """

    COUNT = "count"
    DISTINCT = "distinct"
    SUM = "sum"
    PART = "part"
    RATIO = "ratio"
    ORDER = "order"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure of an indicator.

    ``base`` is the count on which it hangs, ``over`` and ``under`` the two sides of a ratio
    (``under`` defaults to the base), ``judged_by`` the figure that decides whether a count is small
    (people instead of rows), ``universe`` what it counts together with other counts, so that their
    cells are hidden together, and ``where`` what those have in common that it counts.
    """

    name: str
    kind: MeasureKind
    title_vi: str
    title_en: str
    base: str = ""
    over: str = ""
    under: str = ""
    judged_by: str = ""
    percent: bool = False
    digits: int = 0
    universe: str = ""
    where: Mapping[str, str] = field(default_factory=dict)

    @property
    def divisor(self) -> str:
        """What a ratio is divided by."""
        return self.under or self.base


@dataclass(frozen=True, slots=True)
class Indicator:
    """One row of the catalogue.

    ``id`` is permanent, ``version`` grows when a figure could change for the same data. ``policy``
    names the row of the ministry-side list it answers. ``groupings`` are the sets of dimensions
    over which the SQL adds up; a dimension that is left out is null in the result. ``dates`` is
    ``true`` when shifted dates would give a wrong answer; ``label`` is the label the data must
    have, when only one will do. ``audience`` is ``internal`` for tables that are not published,
    ``fixed`` what all counted encounters have in common.
    """

    id: str
    version: str
    policy: str
    name_vi: str
    name_en: str
    unit_vi: str
    unit_en: str
    basis: str
    confidence: str
    formula_vi: str
    formula_en: str
    facts: tuple[str, ...]
    dims: tuple[str, ...]
    groupings: tuple[tuple[str, ...], ...]
    measures: tuple[Measure, ...]
    sql: str
    lists: tuple[str, ...] = ()
    dates: str = "any"
    label: str = ""
    restricted: str = ""
    receipts: bool = False
    suppress: str = "people"
    suppress_reason: str = ""
    audience: str = ""
    fixed: Mapping[str, str] = field(default_factory=dict)
    chart: Mapping[str, Any] = field(default_factory=dict)

    def measure(self, name: str) -> Measure:
        """A measure by its name."""
        return next(m for m in self.measures if m.name == name)

    @property
    def queried(self) -> tuple[Measure, ...]:
        """The measures that the SQL gives, in its order; ratios are divided afterwards."""
        return tuple(m for m in self.measures if m.kind is not MeasureKind.RATIO)

    def query(self) -> str:
        """The SQL with its groupings written out, as DuckDB runs it."""
        sets = ", ".join(
            "(" + ", ".join(f'"{name}"' for name in names) + ")" for names in self.groupings
        )
        return self.sql.replace(GROUPS, f"GROUPING SETS ({sets})").strip()


@dataclass(frozen=True, slots=True)
class NotComputed:
    """A figure that policy asks for and the current tables cannot give, and why."""

    policy: str
    what_vi: str
    what_en: str
    reason_vi: str
    reason_en: str


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Below how many people a cell is hidden, by audience."""

    public: int
    internal: int
    restricted: int
    basis_vi: str
    basis_en: str


def _refuse(place: str, problem: str) -> NoReturn:
    raise VnHealthError("ERR-IND-04", place=place[:40], problem=problem)


def _measures(place: str, rows: list[dict[str, Any]]) -> tuple[Measure, ...]:
    found: list[Measure] = []
    for row in rows:
        try:
            found.append(Measure(**{**row, "kind": MeasureKind(row["kind"])}))
        except (KeyError, TypeError, ValueError):
            _refuse(place, f"measure {str(row.get('name', '?'))[:20]}")
    names = [m.name for m in found]
    if len(names) != len(set(names)) or not found:
        _refuse(place, "measures need one name each")
    for m in found:
        wanted = {m.base, m.over, m.under, m.judged_by} - {""}
        if wanted - set(names):
            _refuse(place, f"measure {m.name} hangs on an unknown one")
        if m.kind is MeasureKind.RATIO and not (m.over and m.divisor):
            _refuse(place, f"ratio {m.name} needs over and base")
        if m.kind not in (MeasureKind.COUNT, MeasureKind.RATIO) and not m.base:
            _refuse(place, f"measure {m.name} needs a base")
    if found[0].kind is not MeasureKind.COUNT:
        _refuse(place, "the first measure must be a count")
    return tuple(found)


def _indicator(raw: dict[str, Any]) -> Indicator:
    place = str(raw.get("id", "?"))
    held = dict(raw)
    measures = _measures(place, held.pop("measure", []))
    groupings = tuple(tuple(names) for names in held.pop("groupings", [[]]))
    rest: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in held.items()}
    try:
        found = Indicator(measures=measures, groupings=groupings, **rest)
    except TypeError:
        _refuse(place, "unknown or missing key")
    _check(found)
    return found


def _check(found: Indicator) -> None:
    place = found.id
    if set(found.facts) - {*FACTS, "quality"}:
        _refuse(place, "unknown fact")
    if any(set(names) - set(found.dims) for names in found.groupings):
        _refuse(place, "a grouping names an unknown dimension")
    if len(set(found.groupings)) != len(found.groupings):
        _refuse(place, "a grouping stands twice")
    if found.dims and GROUPS not in found.sql:
        _refuse(place, "the SQL has no {groups}")
    if set(found.dims) - dims().keys():
        _refuse(place, "a dimension has no title")
    if found.dates not in ("any", "true") or found.suppress not in ("people", "none"):
        _refuse(place, "dates or suppress")
    for m in found.measures:
        if m.universe and (m.kind is not MeasureKind.COUNT or found.suppress == "none"):
            _refuse(place, "only a count that is hidden belongs to a universe")
        held = {*found.dims, *found.fixed, *m.where} if m.universe else set()
        if held - set(UNIVERSES.get(m.universe, ())):
            _refuse(place, "a dimension is not of its universe")
    if found.audience not in ("", "internal"):
        _refuse(place, "audience is internal or absent")
    if found.suppress == "none" and not found.suppress_reason:
        _refuse(place, "suppress = none needs a reason")
    for word in (";", "--", "attach", "copy ", "install", "pragma", "read_"):
        if word in found.sql.lower():
            _refuse(place, "the SQL may only select")


class Catalogue(Mapping[str, Indicator]):
    """Indicators by their id, in order."""

    def __init__(self, found: Iterator[Indicator] | list[Indicator]) -> None:
        self._held: dict[str, Indicator] = {}
        for indicator in found:
            if indicator.id in self._held:
                _refuse(indicator.id, "the id stands twice")
            self._held[indicator.id] = indicator

    def __getitem__(self, key: str) -> Indicator:
        try:
            return self._held[key.upper()]
        except KeyError:
            raise VnHealthError("ERR-IND-03", id=key[:20]) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)


def load(text: str) -> list[Indicator]:
    """Indicators from the text of a catalogue file. Raises `VnHealthError` (ERR-IND-04)."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        _refuse("file", str(error)[:80])
    return [_indicator(row) for row in raw.get("indicator", [])]


@cache
def catalogue() -> Catalogue:
    """The catalogue of this library.

    >>> catalogue()["b1"].name_en
    'Morbidity and mortality by ICD-10 block, sex, age and setting'
    """
    names = sorted(p.name for p in (_DATA / "catalogue").iterdir() if p.name.endswith(".toml"))
    return Catalogue(
        [found for name in names for found in load((_DATA / "catalogue" / name).read_text("utf-8"))]
    )


@cache
def not_computed() -> tuple[NotComputed, ...]:
    """What policy asks for and the tables cannot give."""
    raw = tomllib.loads((_DATA / "not_computed.toml").read_text("utf-8"))
    return tuple(NotComputed(**row) for row in raw["row"])


@cache
def thresholds() -> Thresholds:
    """The thresholds of small cells.

    >>> thresholds().public >= thresholds().internal > 1
    True
    """
    return Thresholds(**tomllib.loads((_DATA / "suppression.toml").read_text("utf-8")))


def read_csv(*path: str) -> list[dict[str, str]]:
    """The rows of a CSV file of the catalogue; empty when there is none."""
    source = _DATA.joinpath(*path)
    if not source.is_file():
        return []
    return list(csv.DictReader(source.read_text("utf-8").splitlines()))


@cache
def dims() -> Mapping[str, dict[str, str]]:
    """The dimensions by name."""
    return {row["dim"]: row for row in read_csv("dims.csv")}
