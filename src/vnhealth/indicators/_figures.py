"""From what DuckDB gives to the rows of a result: numbers made exact, small cells taken out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from vnhealth.indicators._catalogue import Indicator, MeasureKind
from vnhealth.indicators._result import Figure, Row
from vnhealth.indicators._suppress import Cell, equations, hide
from vnhealth.indicators._universe import UNIVERSES, Rules, Universe

__all__ = ["Raw", "figures_of", "hidden_together", "rows_of"]


@dataclass(frozen=True, slots=True)
class Raw:
    """The figures of one indicator before anything is hidden. Never leaves this module."""

    indicator: Indicator
    values: dict[Cell, dict[str, Figure]]
    threshold: int

    def __repr__(self) -> str:
        return f"<Raw {self.indicator.id}>"


def figures_of(
    indicator: Indicator, found: Sequence[Sequence[Any]]
) -> dict[Cell, dict[str, Figure]]:
    """Figures by cell, from the lines of a query."""
    width = len(indicator.dims)
    queried = indicator.queried
    values: dict[Cell, dict[str, Figure]] = {}
    for line in found:
        figures = {m.name: _figure(raw) for m, raw in zip(queried, line[width:], strict=True)}
        values[tuple(line[:width])] = figures
    return values


Together = Mapping[str, Mapping[str, frozenset[Cell]]]
"""Cells to hide, by indicator and measure."""


def hidden_together(found: Sequence[Raw], threshold: int, rules: Rules) -> Together:
    """Cells to hide of all counts that count the same things as others."""
    universes = {name: Universe(name, rules) for name in UNIVERSES}
    for raw in found:
        indicator = raw.indicator
        for m in indicator.measures:
            if m.universe and raw.threshold:
                universes[m.universe].add(
                    (indicator.id, m.name),
                    indicator.dims,
                    indicator.groupings,
                    _people(raw.values, m.name),
                    _people(raw.values, m.judged_by or m.name),
                    threshold,
                    {**indicator.fixed, **m.where},
                )
    gone: dict[str, dict[str, frozenset[Cell]]] = {}
    for universe in universes.values():
        for (name, measure), cells in universe.hide(threshold).items():
            gone.setdefault(name, {})[measure] = cells
    return gone


def rows_of(raw: Raw, together: Together) -> Iterable[Row]:
    """The rows in their order, hidden figures left out; ``together`` as `hidden_together` says."""
    indicator, values = raw.indicator, raw.values
    hidden = _hidden(indicator, values, raw.threshold, together.get(indicator.id, {}))
    for cell in sorted(values, key=_sort_key):
        figures = values[cell]
        gone = hidden.get(cell, frozenset())
        for m in indicator.measures:
            if m.kind is MeasureKind.RATIO:
                figures[m.name] = _ratio(figures[m.over], figures[m.divisor], m.percent, m.digits)
        shown = {m.name: figures[m.name] for m in indicator.measures if m.name not in gone}
        yield Row(cell, shown, gone)


def _sort_key(cell: Cell) -> tuple[Any, ...]:
    return tuple((value is not None, value or "") for value in cell)


def _figure(raw: Any) -> Figure:
    if isinstance(raw, Decimal):
        return int(raw) if raw == raw.to_integral_value() else raw.normalize()
    if isinstance(raw, float):
        return Decimal(str(raw))
    found: Figure = raw
    return found


def _ratio(over: Figure, under: Figure, percent: bool, digits: int) -> Figure:
    if over is None or not under:
        return None
    found = Decimal(over) / Decimal(under) * (100 if percent else 1)
    return found.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def _people(values: Mapping[Cell, Mapping[str, Figure]], name: str) -> dict[Cell, int]:
    return {cell: int(figures[name] or 0) for cell, figures in values.items()}


def _hidden(
    indicator: Indicator,
    values: Mapping[Cell, Mapping[str, Figure]],
    threshold: int,
    together: Mapping[str, frozenset[Cell]],
) -> dict[Cell, frozenset[str]]:
    """The names of hidden measures by cell; ``together`` are cells hidden for all indicators."""
    if not threshold or not values:
        return {}
    counted = _people(values, indicator.measures[0].name)
    table = equations(counted, indicator.dims, indicator.groupings)
    by_measure: dict[str, frozenset[Cell]] = {}
    main = indicator.measures[0].name
    for m in indicator.measures:
        forced = by_measure.get(main, frozenset())
        if m.name in together:
            by_measure[m.name] = together[m.name] | forced
        elif m.kind is MeasureKind.COUNT:
            people = _people(values, m.judged_by or m.name)
            by_measure[m.name] = hide(people, table, threshold, forced=forced)
    for m in indicator.measures:
        if m.kind in (MeasureKind.COUNT, MeasureKind.RATIO):
            continue
        gone = set(by_measure[m.base])
        if m.kind is MeasureKind.DISTINCT:
            gone |= {c for c, v in _people(values, m.name).items() if 0 < v < threshold}
        by_measure[m.name] = frozenset(gone)
    for m in indicator.measures:
        if m.kind is MeasureKind.RATIO:
            by_measure[m.name] = by_measure[m.over] | by_measure[m.base] | by_measure[m.divisor]
    return {
        cell: frozenset(name for name, cells in by_measure.items() if cell in cells)
        for cell in values
        if any(cell in cells for cells in by_measure.values())
    }
